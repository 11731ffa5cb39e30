-- what: the roles one can be by SET ROLE
-- since: 13
-- how often: when one wants to look as somebody
-- parameters: none
-- columns: role
select r.rolname::text as role
from pg_catalog.pg_roles r
where pg_catalog.pg_has_role(session_user, r.oid, 'MEMBER')
order by r.rolname ~ '^pg_', 1
