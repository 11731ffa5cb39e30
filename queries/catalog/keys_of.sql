-- what: unique indexes of one relation that can address its rows: valid, whole, on plain columns
-- since: 13
-- how often: when a relation is opened
-- parameters: $1 oid
-- columns: name, is_primary, columns
select c.relname::text as name, i.indisprimary as is_primary,
  (array(select unnest(i.indkey)::int2))[1:i.indnkeyatts] as columns
from pg_catalog.pg_index i
join pg_catalog.pg_class c on c.oid = i.indexrelid
where i.indrelid = $1 and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
order by i.indisprimary desc, i.indnkeyatts, c.relname
