-- title: Blocking sessions
-- description: Who waits for a lock and for whom, longest first. A blocker may itself be blocked: then it stands in
--   the first columns too. Blocker 0 is a prepared transaction. The texts of other users' sessions need the role
--   pg_read_all_stats.
-- read-only

select w.pid as blocked_pid,
       w.usename as blocked_user,
       w.application_name as blocked_application,
       l.mode as wants,
       coalesce(l.relation::regclass::text, l.locktype) as "on",
       -- waitstart came with 14
       date_trunc('milliseconds', clock_timestamp()
         - coalesce((to_jsonb(l) ->> 'waitstart')::timestamptz, w.query_start)) as waiting,
       w.query as blocked_query,
       b.pid as blocker_pid,
       s.usename as blocker_user,
       s.application_name as blocker_application,
       s.state as blocker_state,
       date_trunc('milliseconds', clock_timestamp() - s.xact_start) as blocker_transaction,
       s.query as blocker_query
from pg_catalog.pg_stat_activity w
join pg_catalog.pg_locks l on l.pid = w.pid and not l.granted
cross join lateral (select distinct unnest(pg_blocking_pids(w.pid)) as pid) b
left join pg_catalog.pg_stat_activity s on s.pid = b.pid
order by waiting desc nulls last, w.pid, b.pid;
