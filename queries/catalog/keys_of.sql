-- what: unique indexes of one relation that can address its rows: valid, whole, on plain columns, not shared with children by inheritance
-- since: 13
-- how often: when a relation is opened
-- parameters: $1 oid
-- columns: name, is_primary, columns
select c.relname::text as name, i.indisprimary as is_primary,
  (array(select unnest(i.indkey)::int2))[1:i.indnkeyatts] as columns
from pg_catalog.pg_index i
join pg_catalog.pg_class c on c.oid = i.indexrelid
where i.indrelid = $1 and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
  and not exists (
    select from pg_catalog.pg_inherits h join pg_catalog.pg_class p on p.oid = h.inhparent
    where h.inhparent = i.indrelid and p.relkind = 'r')
order by i.indisprimary desc, i.indnkeyatts, c.relname
