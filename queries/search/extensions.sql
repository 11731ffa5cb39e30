-- what: the extensions that help when nothing matches: similarity of words, texts without accents
-- since: 13
-- how often: when the Search pane is opened on a database, and on F5
-- parameters: none
-- columns: name, schema
select e.extname::text as name, n.nspname::text as schema
from pg_catalog.pg_extension e
join pg_catalog.pg_namespace n on n.oid = e.extnamespace
where e.extname in ('pg_trgm', 'unaccent') and pg_catalog.has_schema_privilege(n.oid, 'usage')
order by 1
