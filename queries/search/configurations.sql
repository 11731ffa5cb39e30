-- what: the text search configurations of the server, and which one is the session's default
-- since: 13
-- how often: when the Search pane is opened on a database, and on F5
-- parameters: none
-- columns: name, is_default
select c.oid::pg_catalog.regconfig::text as name, c.oid = pg_catalog.get_current_ts_config() as is_default
from pg_catalog.pg_ts_config c
order by 2 desc, 1
