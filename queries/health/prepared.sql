-- what: prepared transactions, which hold their locks and row versions until somebody ends them
-- since: 13
-- how often: every 5 seconds while Health is in use
-- parameters: none
-- columns: name, database, role, age, fix
select p.gid as name, p.dbid as database, p.ownerid as role,
  extract(epoch from pg_catalog.clock_timestamp() - p.prepared)::float8 as age,
  'ROLLBACK PREPARED ' || pg_catalog.quote_literal(p.gid) || ';' as fix
from pg_catalog.pg_prepared_xact() p
order by p.prepared
