-- what: texts of some statements; the server reads the texts of all for it, so it is asked once for many, and only for what is looked at
-- since: 13
-- how often: when statements without a known text are shown, and when one is opened
-- parameters: {schema} of the extension; $1 their databases (oid[]), $2 their ids (int8[]), $3 characters of each (int4)
-- columns: database, id, query, cut
select distinct on (s.dbid, s.queryid) s.dbid as database, s.queryid as id,
  pg_catalog.textsend(pg_catalog.left(s.query, $3::int4)) as query, pg_catalog.length(s.query) > $3::int4 as cut
from {schema}.pg_stat_statements(true) s
where (s.dbid, s.queryid) in (select * from unnest($1::oid[], $2::int8[])) and s.query is not null
