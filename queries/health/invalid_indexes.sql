-- what: indexes that are not used because building them failed, and what makes them whole or takes them away
-- since: 13
-- how often: when Health is opened, and when asked
-- parameters: none
-- columns: schema, table, index, relid, bytes, remedy
select n.nspname as schema, t.relname as "table", x.relname as "index", t.oid as relid,
  x.relpages::int8 * pg_catalog.current_setting('block_size')::int8 as bytes,
  case when x.relname ~ '_cc(new|old)\d*$' then 'DROP INDEX CONCURRENTLY ' else 'REINDEX INDEX CONCURRENTLY ' end
    || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(x.relname) || ';' as remedy
from pg_catalog.pg_index i
join pg_catalog.pg_class x on x.oid = i.indexrelid and x.relkind = 'i'
join pg_catalog.pg_class t on t.oid = i.indrelid
join pg_catalog.pg_namespace n on n.oid = t.relnamespace
where not i.indisvalid
  and not exists (select from pg_catalog.pg_stat_progress_create_index p where p.index_relid = i.indexrelid)
order by x.relpages desc, 1, 2, 3
limit 20
