-- what: which attributes and predefined roles we have, and whether they count without SET ROLE
-- since: 13
-- how often: once, by pgdeck doctor
-- parameters: none
-- columns: name, kind (attribute or role), held, counts
select v.name, 'attribute' as kind, v.held, v.held as counts
from pg_catalog.pg_roles r,
    lateral (values
        ('superuser', r.rolsuper), ('createdb', r.rolcreatedb), ('createrole', r.rolcreaterole),
        ('replication', r.rolreplication), ('bypassrls', r.rolbypassrls)) v (name, held)
where r.rolname = current_user
union all
select p.rolname::text, 'role', pg_catalog.pg_has_role(p.oid, 'MEMBER'), pg_catalog.pg_has_role(p.oid, 'USAGE')
from pg_catalog.pg_roles p
where p.oid < 16384 and p.rolname ~ '^pg_' and p.rolname <> 'pg_database_owner'
order by 2, 1
