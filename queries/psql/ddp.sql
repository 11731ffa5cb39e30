-- what: privileges that new objects get (psql \ddp)
-- since: 13
-- how often: on demand
-- parameters: $1 text, a regular expression for the schema, or NULL
-- columns: made_by, schema (null: any), objects, role, privileges
select pg_catalog.pg_get_userbyid(d.defaclrole)::text as made_by, n.nspname::text as schema,
  case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' when 'T' then 'types'
    when 'n' then 'schemas' when 'L' then 'large objects' end as objects,
  case a.grantee when 0 then 'PUBLIC' else pg_catalog.pg_get_userbyid(a.grantee)::text end as role,
  pg_catalog.string_agg(a.privilege_type || case when a.is_grantable then '*' else '' end, ', ' order by a.privilege_type)
    as privileges
from pg_catalog.pg_default_acl d
left join pg_catalog.pg_namespace n on n.oid = d.defaclnamespace,
  lateral pg_catalog.aclexplode(d.defaclacl) a
where $1::text is null or n.nspname ~ $1::text
group by 1, 2, 3, 4
order by 1, 2, 3, 4
