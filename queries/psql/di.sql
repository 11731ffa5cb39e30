-- what: indexes (psql \di)
-- since: 13
-- how often: on demand
-- parameters: $1 text, a regular expression for the name, or NULL; $2 text, one for the schema, or NULL
-- columns: schema, name, table_name, owner, size, definition
select n.nspname as schema, c.relname as name, t.relname as table_name,
  pg_catalog.pg_get_userbyid(c.relowner) as owner,
  pg_catalog.pg_size_pretty(pg_catalog.pg_relation_size(c.oid)) as size,
  pg_catalog.pg_get_indexdef(c.oid) as definition
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_index i on i.indexrelid = c.oid
join pg_catalog.pg_class t on t.oid = i.indrelid
where c.relkind in ('i', 'I')
  and n.nspname !~ '^pg_toast'
  and (coalesce($1::text, $2::text) is not null or n.nspname not in ('pg_catalog', 'information_schema'))
  and ($1::text is null or c.relname ~ $1::text)
  and ($2::text is null or n.nspname ~ $2::text)
order by 1, 3, 2
