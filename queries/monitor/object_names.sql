-- what: names of other objects of this database that somebody waits for; by outer joins, since pg_describe_object fails on objects just gone
-- since: 13
-- how often: when an unknown object is waited for
-- parameters: $1 their catalogs (oid[]), $2 their OIDs (oid[])
-- columns: class, object, name
select o.class, o.object,
  coalesce(c.relname::text, '') || ' ' || coalesce(n.nspname::text, r.rolname::text, d.datname::text,
    e.extname::text, t.typname::text, f.proname::text, o.object::text) as name
from unnest($1::oid[], $2::oid[]) o(class, object)
left join pg_catalog.pg_class c on c.oid = o.class
left join pg_catalog.pg_namespace n on o.class = 'pg_catalog.pg_namespace'::regclass and n.oid = o.object
left join pg_catalog.pg_roles r on o.class = 'pg_catalog.pg_authid'::regclass and r.oid = o.object
left join pg_catalog.pg_database d on o.class = 'pg_catalog.pg_database'::regclass and d.oid = o.object
left join pg_catalog.pg_extension e on o.class = 'pg_catalog.pg_extension'::regclass and e.oid = o.object
left join pg_catalog.pg_type t on o.class = 'pg_catalog.pg_type'::regclass and t.oid = o.object
left join pg_catalog.pg_proc f on o.class = 'pg_catalog.pg_proc'::regclass and f.oid = o.object
