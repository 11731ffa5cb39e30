-- what: how many of the database's own tables this role can read and change
-- since: 13
-- how often: once, by pgdeck doctor
-- parameters: none
-- columns: relations, readable, writable, keyless, row_security, first_unreadable
select
    pg_catalog.count(*) as relations,
    pg_catalog.count(*) filter (where x.readable) as readable,
    pg_catalog.count(*) filter (where x.writable) as writable,
    pg_catalog.count(*) filter (where x.relkind in ('r', 'p') and not x.keyed) as keyless,
    pg_catalog.count(*) filter (where x.relrowsecurity and pg_catalog.row_security_active(x.oid)) as row_security,
    pg_catalog.min(x.nspname::text) filter (where not x.readable) as first_unreadable
from (
    select c.oid, c.relkind, c.relrowsecurity, n.nspname,
        pg_catalog.has_schema_privilege(n.oid, 'USAGE')
            and (pg_catalog.has_table_privilege(c.oid, 'SELECT') or pg_catalog.has_any_column_privilege(c.oid, 'SELECT'))
            as readable,
        pg_catalog.has_schema_privilege(n.oid, 'USAGE')
            and pg_catalog.has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE') as writable,
        exists (
            select from pg_catalog.pg_index i
            where i.indrelid = c.oid and i.indisunique and i.indpred is null and i.indexprs is null) as keyed
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
        and n.nspname <> 'information_schema' and n.nspname !~ '^pg_') x
