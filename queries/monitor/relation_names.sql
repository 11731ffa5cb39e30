-- what: names of relations of this database that somebody waits for; without a lock on them
-- since: 13
-- how often: when an unknown relation is waited for
-- parameters: $1 their OIDs (oid[])
-- columns: oid, name
select c.oid, case when pg_catalog.pg_table_is_visible(c.oid) then pg_catalog.quote_ident(c.relname)
  else pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) end as name
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.oid = any ($1::oid[])
