-- title: Slow statements
-- description: Where the time goes, from pg_stat_statements since its last reset. The extension must be in
--   shared_preload_libraries and created in this database (CREATE EXTENSION pg_stat_statements), in version 1.8
--   or later (ALTER EXTENSION pg_stat_statements UPDATE).
-- param: order text = total choices(total|mean|calls|reads)  By total time, time per call, calls, or blocks read
-- param: limit int = 20  How many statements
-- read-only

select round(s.total_exec_time::numeric, 1) as total_ms,
       round((100 * s.total_exec_time / nullif(sum(s.total_exec_time) over (), 0))::numeric, 1) as time_percent,
       s.calls,
       round(s.mean_exec_time::numeric, 2) as mean_ms,
       round(s.max_exec_time::numeric, 1) as max_ms,
       s.rows,
       round(100.0 * s.shared_blks_hit / nullif(s.shared_blks_hit + s.shared_blks_read, 0), 1) as hit_percent,
       s.shared_blks_read as blocks_read,
       pg_size_pretty(s.temp_blks_written * current_setting('block_size')::bigint) as temp_written,
       r.rolname as "user",
       d.datname as database,
       s.query
from pg_stat_statements s
left join pg_catalog.pg_roles r on r.oid = s.userid
left join pg_catalog.pg_database d on d.oid = s.dbid
order by case :order
           when 'mean' then s.mean_exec_time
           when 'calls' then s.calls
           when 'reads' then s.shared_blks_read
           else s.total_exec_time
         end desc
limit :limit;
