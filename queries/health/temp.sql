-- what: temporary files there are just now
-- since: 13
-- how often: once a minute while Health is in use
-- parameters: none
-- columns: files, bytes
select count(*) as files, coalesce(sum(f.size), 0) as bytes
from pg_catalog.pg_tablespace t cross join lateral pg_catalog.pg_ls_tmpdir(t.oid) f
where t.spcname <> 'pg_global'
