-- what: tables, partitioned and foreign tables (psql \dt)
-- since: 13
-- how often: on demand
-- parameters: $1 text, a regular expression for the name, or NULL; $2 text, one for the schema, or NULL
-- columns: schema, name, type, owner, estimated_rows, size, description
select n.nspname as schema, c.relname as name,
  case c.relkind when 'r' then 'table' when 'p' then 'partitioned table' when 'f' then 'foreign table'
    when 'v' then 'view' when 'm' then 'materialized view' end as type,
  pg_catalog.pg_get_userbyid(c.relowner) as owner,
  nullif(c.reltuples, -1)::bigint as estimated_rows,
  pg_catalog.pg_size_pretty(pg_catalog.pg_table_size(c.oid)) as size,
  pg_catalog.obj_description(c.oid, 'pg_class') as description
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind = any (array['r','p','f']::"char"[])
  and (coalesce($1::text, $2::text) is not null or pg_catalog.pg_table_is_visible(c.oid))
  and n.nspname !~ '^pg_toast'
  and (coalesce($1::text, $2::text) is not null or n.nspname not in ('pg_catalog', 'information_schema'))
  and ($1::text is null or c.relname ~ $1::text)
  and ($2::text is null or n.nspname ~ $2::text)
order by 1, 2
