-- what: databases and the age of their oldest transaction and multixact ids, oldest first
-- since: 13
-- how often: once a minute while Health is in use
-- parameters: none
-- columns: database, here, xid_age, mxid_age, freeze_max, mxid_freeze_max
select d.datname as database, d.datname = pg_catalog.current_database() as here, pg_catalog.age(d.datfrozenxid) as xid_age,
  pg_catalog.mxid_age(d.datminmxid) as mxid_age,
  pg_catalog.current_setting('autovacuum_freeze_max_age')::int8 as freeze_max,
  pg_catalog.current_setting('autovacuum_multixact_freeze_max_age')::int8 as mxid_freeze_max
from pg_catalog.pg_database d
order by greatest(pg_catalog.age(d.datfrozenxid), pg_catalog.mxid_age(d.datminmxid)) desc
limit 20
