-- what: databases (psql \l)
-- since: 13
-- how often: on demand
-- parameters: $1 text, a regular expression for the name, or NULL
-- columns: name, owner, encoding, collate, size, description
select d.datname as name, pg_catalog.pg_get_userbyid(d.datdba) as owner,
  pg_catalog.pg_encoding_to_char(d.encoding) as encoding, d.datcollate as "collate",
  case when pg_catalog.has_database_privilege(d.oid, 'CONNECT')
    then pg_catalog.pg_size_pretty(pg_catalog.pg_database_size(d.oid)) end as size,
  pg_catalog.shobj_description(d.oid, 'pg_database') as description
from pg_catalog.pg_database d
where ($1::text is null or d.datname ~ $1::text)
order by 1
