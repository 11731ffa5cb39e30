-- title: Index use by table
-- description: How often tables are read through an index and how often from end to end, since the statistics
--   were last reset. Large tables with many sequential scans are worth a look.
-- param: limit int = 50  How many tables
-- read-only

select s.schemaname as schema,
       s.relname as "table",
       s.seq_scan as sequential_scans,
       s.idx_scan as index_scans,
       round(100.0 * s.idx_scan / nullif(s.seq_scan + s.idx_scan, 0), 1) as index_percent,
       s.seq_tup_read as rows_read_sequentially,
       s.seq_tup_read / nullif(s.seq_scan, 0) as rows_per_sequential_scan,
       s.n_live_tup as rows_estimated,
       pg_size_pretty(c.relpages::bigint * current_setting('block_size')::bigint) as heap
from pg_catalog.pg_stat_user_tables s
join pg_catalog.pg_class c on c.oid = s.relid
order by s.seq_tup_read desc, s.schemaname, s.relname
limit :limit;
