-- title: Cache hit ratio
-- description: How many block reads were served from shared buffers since the statistics were last reset: the whole
--   database first, then the tables that read most from outside (which may still be the operating system's cache).
-- param: limit int = 30  How many tables
-- read-only

(
  select '' as schema,
         'whole database' as "table",
         d.blks_hit as blocks_hit,
         d.blks_read as blocks_read,
         round(100.0 * d.blks_hit / nullif(d.blks_hit + d.blks_read, 0), 2) as hit_percent,
         null::numeric as index_hit_percent,
         pg_size_pretty(d.blks_read * current_setting('block_size')::bigint) as read
  from pg_catalog.pg_stat_database d
  where d.datname = current_database()
)
union all
(
  select t.schemaname,
         t.relname,
         t.heap_blks_hit + coalesce(t.idx_blks_hit, 0),
         r.blocks,
         round(100.0 * (t.heap_blks_hit + coalesce(t.idx_blks_hit, 0))
               / nullif(t.heap_blks_hit + coalesce(t.idx_blks_hit, 0) + r.blocks, 0), 2),
         round(100.0 * t.idx_blks_hit / nullif(t.idx_blks_hit + t.idx_blks_read, 0), 2),
         pg_size_pretty(r.blocks * current_setting('block_size')::bigint)
  from pg_catalog.pg_statio_user_tables t
  cross join lateral (select t.heap_blks_read + coalesce(t.idx_blks_read, 0) as blocks) r
  order by r.blocks desc, t.schemaname, t.relname
  limit :limit
);
