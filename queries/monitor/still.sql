-- what: is a session still there, and does it still run what it ran?
-- since: 13
-- how often: after a signal, until it took effect
-- parameters: $1 pid (int4), $2 its start in microseconds since 1970 (int8)
-- columns: state, query_start
select coalesce(s.state, '') as state, (extract(epoch from s.query_start) * 1000000)::int8 as query_start
from pg_catalog.pg_stat_get_activity($1::int4) s
where (extract(epoch from s.backend_start) * 1000000)::int8 is not distinct from $2::int8
