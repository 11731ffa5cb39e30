-- what: how far this standby is behind, and whether it still receives
-- since: 13
-- how often: every 5 seconds while Health is in use
-- parameters: none
-- columns: received, to_replay, delay, paused, receiver, from_host; no row on a primary
select pg_catalog.pg_last_wal_receive_lsn() as received,
  pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_last_wal_receive_lsn(), pg_catalog.pg_last_wal_replay_lsn()) as to_replay,
  case when pg_catalog.pg_last_wal_receive_lsn() = pg_catalog.pg_last_wal_replay_lsn() then 0
    else extract(epoch from pg_catalog.clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp()) end::float8 as delay,
  pg_catalog.pg_is_wal_replay_paused() as paused, w.status as receiver, w.sender_host as from_host
from (select) x left join pg_catalog.pg_stat_get_wal_receiver() w on w.pid is not null
where pg_catalog.pg_is_in_recovery()
