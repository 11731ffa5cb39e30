-- title: Table sizes
-- description: The largest tables with their indexes and out-of-line values (TOAST), and estimated rows.
--   Partitions stand for themselves. Asking for a size waits while a table is locked exclusively.
-- param: limit int = 50  How many tables
-- read-only

select n.nspname as schema,
       c.relname as "table",
       case c.relkind when 'r' then 'table' when 'm' then 'materialized view' when 't' then 'toast' end as kind,
       case when c.reltuples >= 0 then c.reltuples::bigint end as rows_estimated,
       pg_size_pretty(s.total) as total,
       pg_size_pretty(s.heap) as heap,
       pg_size_pretty(s.indexes) as indexes,
       pg_size_pretty(s.total - s.heap - s.indexes) as toast,
       s.total as total_bytes
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join lateral (
  select pg_total_relation_size(c.oid) as total, pg_relation_size(c.oid) as heap, pg_indexes_size(c.oid) as indexes
) s
where c.relkind in ('r', 'm')
  and n.nspname not in ('pg_catalog', 'information_schema')
  and n.nspname !~ '^pg_(toast|temp)'
order by s.total desc, n.nspname, c.relname
limit :limit;
