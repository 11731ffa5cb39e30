-- what: the counters of every statement, without their texts: those are in a file the server would have to read whole
-- since: 13; the marks are about the version of the extension, as the version of the server it came with
-- how often: every five seconds while Statements is in use, less often where it costs much
-- parameters: {schema} of the extension
-- columns: now, role, database, top, id, calls, rows, plans, exec_ms, plan_ms, min_ms, max_ms, dev_ms, hit, read, dirtied, written, local, temp_read, temp_written, io_ms, wal_bytes, jit_ms, since, reset, evicted
select (extract(epoch from pg_catalog.statement_timestamp()) * 1000000)::int8 as now,
  s.userid as role, s.dbid as database, /*>=14*/s.toplevel/*else*/true/*end*/ as top,
  -- None for the statements of others, where the role may not see them.
  s.queryid as id, s.calls, s.rows, s.plans,
  s.total_exec_time as exec_ms, s.total_plan_time as plan_ms, s.min_exec_time as min_ms, s.max_exec_time as max_ms,
  s.stddev_exec_time as dev_ms,
  s.shared_blks_hit as hit, s.shared_blks_read as read, s.shared_blks_dirtied as dirtied,
  s.shared_blks_written as written, s.local_blks_read + s.local_blks_written as local,
  s.temp_blks_read as temp_read, s.temp_blks_written as temp_written,
  /*>=17*/s.shared_blk_read_time + s.shared_blk_write_time + s.local_blk_read_time + s.local_blk_write_time/*else*/s.blk_read_time + s.blk_write_time/*end*/
    /*>=15*/+ s.temp_blk_read_time + s.temp_blk_write_time/*end*/ as io_ms,
  s.wal_bytes::float8 as wal_bytes,
  /*>=15*/s.jit_generation_time + s.jit_inlining_time + s.jit_optimization_time + s.jit_emission_time/*else*/0::float8/*end*/ as jit_ms,
  /*>=17*/(extract(epoch from s.stats_since) * 1000000)::int8/*else*/null::int8/*end*/ as since,
  /*>=14*/(extract(epoch from i.stats_reset) * 1000000)::int8/*else*/null::int8/*end*/ as reset,
  /*>=14*/i.dealloc/*else*/null::int8/*end*/ as evicted
-- One row without calls when there is none.
from (select) one left join {schema}.pg_stat_statements(false) s on true
  /*>=14*/cross join {schema}.pg_stat_statements_info() i/*end*/
