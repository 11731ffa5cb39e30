-- title: Dead rows and vacuum
-- description: Tables with dead rows, how near they are to their autovacuum threshold, and when they were last
--   vacuumed and analysed.
-- param: limit int = 50  How many tables
-- read-only

select s.schemaname as schema,
       s.relname as "table",
       s.n_live_tup as live_rows,
       s.n_dead_tup as dead_rows,
       round(100.0 * s.n_dead_tup / nullif(s.n_live_tup + s.n_dead_tup, 0), 1) as dead_percent,
       t.threshold::bigint as autovacuum_at,
       case when o.enabled then round((100 * s.n_dead_tup / nullif(t.threshold, 0))::numeric, 1) end as of_threshold_percent,
       o.enabled as autovacuum,
       greatest(s.last_vacuum, s.last_autovacuum) as last_vacuum,
       greatest(s.last_analyze, s.last_autoanalyze) as last_analyze,
       s.n_mod_since_analyze as changed_since_analyze,
       age(c.relfrozenxid) as xid_age,
       c.oid as relid,
       format('VACUUM (VERBOSE, ANALYZE) %I.%I;', s.schemaname, s.relname) as remedy
from pg_catalog.pg_stat_user_tables s
join pg_catalog.pg_class c on c.oid = s.relid
cross join lateral (
  select coalesce(max(v.option_value) filter (where v.option_name = 'autovacuum_vacuum_threshold'),
                  current_setting('autovacuum_vacuum_threshold'))::float8 as base,
         coalesce(max(v.option_value) filter (where v.option_name = 'autovacuum_vacuum_scale_factor'),
                  current_setting('autovacuum_vacuum_scale_factor'))::float8 as factor,
         coalesce(max(v.option_value) filter (where v.option_name = 'autovacuum_enabled'),
                  current_setting('autovacuum'))::boolean as enabled
  from pg_options_to_table(c.reloptions) v
) o
cross join lateral (select o.base + o.factor * greatest(c.reltuples, 0) as threshold) t
where s.n_dead_tup > 0
order by s.n_dead_tup desc, s.schemaname, s.relname
limit :limit;
