-- what: types that are neither a table's row type nor an array's
-- since: 13
-- how often: at connect and on demand
-- parameters: none
-- columns: oid, schema, name, kind
select t.oid, n.nspname::text as schema, t.typname::text as name, t.typtype::text as kind
from pg_catalog.pg_type t
join pg_catalog.pg_namespace n on n.oid = t.typnamespace
left join pg_catalog.pg_class c on c.oid = t.typrelid
where n.nspname !~ '^pg_(toast|temp_)' and n.nspname <> 'information_schema'
  and t.typtype <> 'p' and t.typelem = 0 and (t.typrelid = 0 or c.relkind = 'c')
order by 2, 3
