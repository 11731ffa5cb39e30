-- what: the columns of a constraint by its name, or of a unique index
-- since: 13
-- how often: after a failed apply, when the description of the table does not tell
-- parameters: $1 oid of the relation, $2 text name
-- columns: column
select a.attname
from (
  select c.conrelid as rel, unnest(c.conkey) as attnum
  from pg_catalog.pg_constraint c
  where c.conrelid = $1 and c.conname = $2
  union
  select i.indrelid, unnest(i.indkey)
  from pg_catalog.pg_index i
  join pg_catalog.pg_class x on x.oid = i.indexrelid
  where i.indrelid = $1 and x.relname = $2
) k
join pg_catalog.pg_attribute a on a.attrelid = k.rel and a.attnum = k.attnum
order by a.attnum
