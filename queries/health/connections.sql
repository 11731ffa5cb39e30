-- what: sessions by database, role and state, from the function below pg_stat_activity: no catalog is read
-- since: 13
-- how often: every 5 seconds while Health is in use and no pulse has just read the sessions
-- parameters: none
-- columns: database, role, kind, state, sessions, masked, lock_waits, oldest_xact, oldest_state, oldest_query
select coalesce(s.datid, 0) as database, coalesce(s.usesysid, 0) as role, coalesce(s.backend_type, '') as kind,
  coalesce(s.state, '') as state, count(*) as sessions, count(*) filter (where s.backend_type is null) as masked,
  count(*) filter (where s.wait_event_type = 'Lock') as lock_waits,
  -- Others vacuum what a lazy VACUUM could still see.
  extract(epoch from pg_catalog.clock_timestamp() - min(s.xact_start) filter (where s.pid <> all (array(
    select p.pid from pg_catalog.pg_stat_get_progress_info('VACUUM') p))))::float8 as oldest_xact,
  extract(epoch from pg_catalog.clock_timestamp() - min(s.state_change))::float8 as oldest_state,
  extract(epoch from pg_catalog.clock_timestamp() - min(s.query_start) filter (where s.state = 'active'))::float8 as oldest_query
from pg_catalog.pg_stat_get_activity(null) s
where s.pid <> pg_catalog.pg_backend_pid()
group by 1, 2, 3, 4
order by 5 desc, 1, 2, 3, 4
