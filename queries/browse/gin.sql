-- what: the GIN indexes on one jsonb column that can serve @>
-- since: 13
-- how often: on demand, once a path is filtered by
-- parameters: $1 oid of the relation, $2 name of the column
-- columns: name, operator class, partial
select i.relname as name, o.opcname as class, x.indpred is not null as partial
from pg_catalog.pg_index x
join pg_catalog.pg_class i on i.oid = x.indexrelid
join pg_catalog.pg_am m on m.oid = i.relam and m.amname = 'gin'
join pg_catalog.pg_attribute a on a.attrelid = x.indrelid and a.attname = $2
cross join lateral rows from (
  pg_catalog.unnest(x.indkey::pg_catalog.int2[]), pg_catalog.unnest(x.indclass::pg_catalog.oid[])
) as k (attnum, class)
join pg_catalog.pg_opclass o on o.oid = k.class
where x.indrelid = $1 and k.attnum = a.attnum and x.indisvalid
  and o.opcname in ('jsonb_ops', 'jsonb_path_ops')
order by x.indpred is not null, o.opcname desc, i.relname
