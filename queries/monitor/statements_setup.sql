-- what: where pg_stat_statements is in this database, what it counts, and whether this role may read it
-- since: 13
-- how often: at the start of the monitoring session while Statements is in use, and again while something is missing
-- parameters: none
-- columns: loaded, schema, version, may_read, all_texts, most, track, planning, io_timing, block, available
select
  -- The library defines its settings only when the server loaded it at its start.
  pg_catalog.current_setting('pg_stat_statements.max', true) is not null as loaded,
  n.nspname::text as schema, e.extversion as version,
  coalesce(pg_catalog.has_schema_privilege(n.oid, 'usage') and pg_catalog.has_function_privilege(p.oid, 'execute'), false) as may_read,
  pg_catalog.pg_has_role('pg_read_all_stats', 'usage') as all_texts,
  pg_catalog.current_setting('pg_stat_statements.max', true)::int8 as most,
  pg_catalog.current_setting('block_size')::int8 as block,
  coalesce(pg_catalog.current_setting('pg_stat_statements.track', true), '') as track,
  coalesce(pg_catalog.current_setting('pg_stat_statements.track_planning', true) = 'on', false) as planning,
  pg_catalog.current_setting('track_io_timing') = 'on' as io_timing,
  -- Lists the server's files: only while it is not made.
  case when e.oid is null then exists (
    select from pg_catalog.pg_available_extensions() a where a.name = 'pg_stat_statements') else true end as available
from (select) one
left join pg_catalog.pg_extension e on e.extname = 'pg_stat_statements'
left join pg_catalog.pg_namespace n on n.oid = e.extnamespace
left join pg_catalog.pg_proc p on p.pronamespace = n.oid and p.proname = 'pg_stat_statements'
