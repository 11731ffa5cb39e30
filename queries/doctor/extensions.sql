-- what: the extensions our panes can use: installed here, or at hand on the server
-- since: 13
-- how often: once, by pgdeck doctor
-- parameters: none
-- columns: name, installed (version), available (version), schema, reachable (its schema is on the search path)
select n.name, e.extversion as installed, a.default_version as available, s.nspname::text as schema,
    s.nspname = any (pg_catalog.current_schemas(true)) as reachable
from (values ('pg_stat_statements'), ('pg_trgm'), ('unaccent'), ('hypopg'), ('pgstattuple'), ('pg_buffercache')) n (name)
left join pg_catalog.pg_extension e on e.extname = n.name
left join pg_catalog.pg_namespace s on s.oid = e.extnamespace
left join pg_catalog.pg_available_extensions() a on a.name = n.name
order by n.name
