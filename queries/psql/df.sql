-- what: functions and procedures (psql \df)
-- since: 13
-- how often: on demand
-- parameters: $1 text, a regular expression for the name, or NULL; $2 text, one for the schema, or NULL
-- columns: schema, name, result, arguments, kind
select n.nspname as schema, p.proname as name,
  pg_catalog.pg_get_function_result(p.oid) as result,
  pg_catalog.pg_get_function_arguments(p.oid) as arguments,
  case p.prokind when 'a' then 'aggregate' when 'w' then 'window' when 'p' then 'procedure' else 'function' end as kind
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where (coalesce($1::text, $2::text) is not null or (pg_catalog.pg_function_is_visible(p.oid)
    and n.nspname not in ('pg_catalog', 'information_schema')))
  and ($1::text is null or p.proname ~ $1::text)
  and ($2::text is null or n.nspname ~ $2::text)
order by 1, 2, 4
