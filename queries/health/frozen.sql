-- what: the tables of this database whose oldest transaction and multixact ids are oldest
-- since: 13
-- how often: when Health is opened, and when asked
-- parameters: none
-- columns: schema, table, relid, xid_age, mxid_age, remedy
select n.nspname as schema, c.relname as "table", c.oid as relid, pg_catalog.age(c.relfrozenxid) as xid_age,
  pg_catalog.mxid_age(c.relminmxid) as mxid_age,
  'VACUUM (FREEZE) ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) || ';' as remedy
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'm', 't') and c.relfrozenxid <> '0'
order by greatest(pg_catalog.age(c.relfrozenxid), pg_catalog.mxid_age(c.relminmxid)) desc
limit 10
