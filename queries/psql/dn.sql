-- what: schemas (psql \dn)
-- since: 13
-- how often: on demand
-- parameters: $1 text, a regular expression for the name, or NULL
-- columns: name, owner, description
select n.nspname as name, pg_catalog.pg_get_userbyid(n.nspowner) as owner,
  pg_catalog.obj_description(n.oid, 'pg_namespace') as description
from pg_catalog.pg_namespace n
where ($1::text is not null or (n.nspname !~ '^pg_' and n.nspname <> 'information_schema'))
  and ($1::text is null or n.nspname ~ $1::text)
order by 1
