-- what: cancels a statement, if the session still is the one that was seen and runs the statement that was seen
-- since: 13
-- how often: when asked
-- parameters: $1 pid (int4), $2 its start in microseconds since 1970 (int8), $3 the statement's start (int8)
-- columns: sent; no row: it is gone, or its statement has ended
select pg_catalog.pg_cancel_backend(s.pid) as sent
from pg_catalog.pg_stat_get_activity($1::int4) s
where (extract(epoch from s.backend_start) * 1000000)::int8 is not distinct from $2::int8
  and (extract(epoch from s.query_start) * 1000000)::int8 is not distinct from $3::int8
  -- Its statement has ended: a cancel that comes now would be for the next one. (Null: what may not be seen.)
  and coalesce(s.state, '') not like 'idle%'
