-- what: names of databases and roles for the OIDs in samples
-- since: 13
-- how often: at the start of the monitoring session, and when an unknown OID is seen
-- parameters: none
-- columns: kind, oid, name, here
select 'd' as kind, d.oid, d.datname::text as name, d.datname = pg_catalog.current_database() as here
from pg_catalog.pg_database d
union all
select 'r', r.oid, r.rolname::text, false from pg_catalog.pg_roles r
