-- title: Unused indexes
-- description: Indexes that were scanned at most so often since the statistics were last reset, largest first.
--   Left out are those that do other work: unique, primary key and exclusion constraints, targets of foreign keys,
--   replica identities, and partitioned ones. A standby keeps its own count: look there too before dropping any.
-- param: scans bigint = 0  Scans at most
-- read-only

select n.nspname as schema,
       t.relname as "table",
       x.relname as "index",
       s.idx_scan as scans,
       pg_size_pretty(x.relpages::bigint * current_setting('block_size')::bigint) as size,
       x.relpages::bigint * current_setting('block_size')::bigint as bytes,
       d.stats_reset as counted_since,
       i.indisvalid as valid,
       t.oid as relid,
       -- a partition's part goes with the whole index
       case when not x.relispartition then format('DROP INDEX CONCURRENTLY %I.%I;', n.nspname, x.relname) end as remedy
from pg_catalog.pg_index i
join pg_catalog.pg_class x on x.oid = i.indexrelid and x.relkind = 'i'
join pg_catalog.pg_class t on t.oid = i.indrelid
join pg_catalog.pg_namespace n on n.oid = t.relnamespace
join pg_catalog.pg_stat_user_indexes s on s.indexrelid = i.indexrelid
left join pg_catalog.pg_stat_database d on d.datname = current_database()
where s.idx_scan <= :scans
  and not i.indisunique
  and not i.indisreplident
  and not exists (select from pg_catalog.pg_constraint k where k.conindid = i.indexrelid)
order by x.relpages desc, n.nspname, x.relname;
