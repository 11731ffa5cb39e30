-- title: Long transactions
-- description: Transactions open for longer than this, oldest first, and how many transactions old the rows are that
--   vacuum must keep because of them (xmin_age).
-- param: older_than interval = '1 minute'  How long at least
-- read-only

select a.pid,
       a.usename as "user",
       a.datname as database,
       a.application_name as application,
       a.client_addr as client,
       a.state,
       date_trunc('milliseconds', clock_timestamp() - a.xact_start) as transaction_age,
       date_trunc('milliseconds', clock_timestamp() - a.state_change) as in_state_for,
       concat_ws(': ', a.wait_event_type, a.wait_event) as waits_for,
       greatest(age(a.backend_xmin), age(a.backend_xid)) as xmin_age,
       a.query
from pg_catalog.pg_stat_activity a
where a.xact_start < clock_timestamp() - :older_than
  and a.pid <> pg_backend_pid()
order by a.xact_start;
