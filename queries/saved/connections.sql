-- title: Connections
-- description: Who is connected and in which state, against the limit of the server. States of other users' sessions
--   need the role pg_read_all_stats.
-- read-only

select coalesce(a.datname, '') as database,
       coalesce(a.usename, '') as "user",
       a.application_name as application,
       coalesce(a.state, 'not visible') as state,
       count(*) as sessions,
       date_trunc('seconds', clock_timestamp() - min(a.state_change)) as longest_in_state,
       date_trunc('seconds', clock_timestamp() - min(a.backend_start)) as oldest_session,
       round(100.0 * sum(count(*)) over () / current_setting('max_connections')::int, 1) as of_limit_percent
from pg_catalog.pg_stat_activity a
where a.backend_type is null or a.backend_type = 'client backend'
group by a.datname, a.usename, a.application_name, a.state
order by sessions desc, 1, 2, 3, 4;
