-- what: roles (psql \du)
-- since: 13
-- how often: on demand
-- parameters: $1 text, a regular expression for the name, or NULL
-- columns: name, attributes, member_of
select r.rolname as name,
  concat_ws(', ', case when r.rolsuper then 'superuser' end, case when r.rolcreaterole then 'create role' end,
    case when r.rolcreatedb then 'create db' end, case when r.rolreplication then 'replication' end,
    case when r.rolbypassrls then 'bypass RLS' end, case when not r.rolcanlogin then 'cannot login' end) as attributes,
  array(select b.rolname from pg_catalog.pg_auth_members m join pg_catalog.pg_roles b on b.oid = m.roleid
    where m.member = r.oid order by 1) as member_of
from pg_catalog.pg_roles r
where ($1::text is not null or r.rolname !~ '^pg_')
  and ($1::text is null or r.rolname ~ $1::text)
order by 1
