-- what: ends a session, if it still is the one that was seen
-- since: 13
-- how often: when asked
-- parameters: $1 pid (int4), $2 its start in microseconds since 1970 (int8)
-- columns: sent; no row: it is gone
select pg_catalog.pg_terminate_backend(s.pid) as sent
from pg_catalog.pg_stat_get_activity($1::int4) s
where (extract(epoch from s.backend_start) * 1000000)::int8 is not distinct from $2::int8
