-- what: standbys of this server and how far they are behind, by functions: no catalog is read
-- since: 13
-- how often: every 5 seconds while Health is in use
-- parameters: none
-- columns: pid, application, client, state, sync, sent, written, flushed, replayed, replay_lag, hidden
select r.pid, a.application_name as application, coalesce(pg_catalog.host(a.client_addr), 'local') as client, r.state,
  r.sync_state as sync, pg_catalog.pg_wal_lsn_diff(l.lsn, r.sent_lsn) as sent,
  pg_catalog.pg_wal_lsn_diff(l.lsn, r.write_lsn) as written, pg_catalog.pg_wal_lsn_diff(l.lsn, r.flush_lsn) as flushed,
  pg_catalog.pg_wal_lsn_diff(l.lsn, r.replay_lsn) as replayed, extract(epoch from r.replay_lag)::float8 as replay_lag,
  r.state is null as hidden
from pg_catalog.pg_stat_get_wal_senders() r
-- With a pid the function gives one row instead of all sessions.
left join lateral pg_catalog.pg_stat_get_activity(r.pid) a on true
cross join (select case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_receive_lsn()
  else pg_catalog.pg_current_wal_lsn() end as lsn) l
where r.state is distinct from 'backup'
order by 2, 1
