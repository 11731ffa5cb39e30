-- what: who can do what on a relation and its columns, and why: every role, with what it has through others (psql \dp)
-- since: 13
-- how often: on demand
-- parameters: $1 text, a regular expression for the name, or NULL; $2 text, one for the schema, or NULL
-- columns: relation, column (null: the whole relation), role, privileges (* may be passed on), because
with rel as (
  select c.oid, n.nspname || '.' || c.relname as relation, c.relowner, c.relkind,
    coalesce(c.relacl, pg_catalog.acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner)) as acl
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    and case
      when coalesce($1::text, $2::text) is null then n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
      when $2::text is null then pg_catalog.pg_table_is_visible(c.oid)
      else n.nspname ~ $2::text
    end
    and ($1::text is null or c.relname ~ $1::text)
), granted as (
  select rel.relation, rel.relowner, null::text as col, a.grantee, a.privilege_type, a.is_grantable
  from rel, lateral pg_catalog.aclexplode(rel.acl) a
  union all
  select rel.relation, rel.relowner, t.attname::text, a.grantee, a.privilege_type, a.is_grantable
  from rel
  join pg_catalog.pg_attribute t on t.attrelid = rel.oid and t.attnum > 0 and not t.attisdropped,
    lateral pg_catalog.aclexplode(t.attacl) a
), held as (
  select g.relation, g.col, r.rolname::text as role,
    g.privilege_type || case when g.is_grantable and g.grantee <> g.relowner then '*' else '' end as privilege,
    case
      when g.grantee = 0 then 'PUBLIC'
      when g.grantee = r.oid and r.oid = g.relowner then 'owner'
      when g.grantee = r.oid then 'granted'
      else 'member of ' || pg_catalog.pg_get_userbyid(g.grantee)
    end as because
  from granted g
  join pg_catalog.pg_roles r
    on g.grantee in (0, r.oid) or not r.rolsuper and pg_catalog.pg_has_role(r.oid, g.grantee, 'USAGE')
  where r.rolname !~ '^pg_'
  union all
  select rel.relation, null, r.rolname::text, 'everything', 'superuser'
  from rel, pg_catalog.pg_roles r
  where r.rolsuper
  union all
  select rel.relation, null, r.rolname::text, p.what, 'member of ' || p.role
  from rel, (values ('pg_read_all_data', 'SELECT'), ('pg_write_all_data', 'INSERT'), ('pg_write_all_data', 'UPDATE'),
      ('pg_write_all_data', 'DELETE'), ('pg_maintain', 'MAINTAIN')) p (role, what)
  join pg_catalog.pg_roles q on q.rolname = p.role
  join pg_catalog.pg_roles r on pg_catalog.pg_has_role(r.oid, q.oid, 'USAGE') and not r.rolsuper and r.oid <> q.oid
  where r.rolname !~ '^pg_'
)
select relation, col as "column", role, pg_catalog.string_agg(distinct privilege, ', ') as privileges,
  pg_catalog.string_agg(distinct because, ', ') as because
from held
group by relation, col, role
order by relation, col nulls first, role
