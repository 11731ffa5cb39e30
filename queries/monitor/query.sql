-- what: the whole text of a session's statement, as far as the server keeps it
-- since: 13
-- how often: when a session is opened whose text is longer than a sample holds
-- parameters: $1 pid (int4), $2 its start in microseconds since 1970 (int8)
-- columns: query, query_start; no row: it is gone
select pg_catalog.textsend(coalesce(s.query, '')) as query,
  (extract(epoch from s.query_start) * 1000000)::int8 as query_start
from pg_catalog.pg_stat_get_activity($1::int4) s
where (extract(epoch from s.backend_start) * 1000000)::int8 is not distinct from $2::int8
