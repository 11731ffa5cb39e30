-- what: all foreign keys, those of partitions left to their parents
-- since: 13
-- how often: at connect and on demand
-- parameters: none
-- columns: name, from_oid, from_schema, from_name, from_columns, to_oid, to_schema, to_name, to_columns, on_delete
select k.conname::text as name, k.conrelid as from_oid, fn.nspname::text as from_schema, f.relname::text as from_name,
  array(select a.attname::text from unnest(k.conkey) with ordinality u(n, i)
    join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.n order by u.i) as from_columns,
  k.confrelid as to_oid, tn.nspname::text as to_schema, t.relname::text as to_name,
  array(select a.attname::text from unnest(k.confkey) with ordinality u(n, i)
    join pg_catalog.pg_attribute a on a.attrelid = k.confrelid and a.attnum = u.n order by u.i) as to_columns,
  k.confdeltype::text as on_delete
from pg_catalog.pg_constraint k
join pg_catalog.pg_class f on f.oid = k.conrelid
join pg_catalog.pg_namespace fn on fn.oid = f.relnamespace
join pg_catalog.pg_class t on t.oid = k.confrelid
join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
where k.contype = 'f' and k.conparentid = 0
order by fn.nspname, f.relname, k.conname
