-- what: how far the write-ahead log is, in bytes, and what was written into it
-- since: 13
-- how often: every 5 seconds while Health is in use
-- parameters: none
-- columns: position, records, full_pages, bytes, buffers_full
select pg_catalog.pg_wal_lsn_diff(case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn()
    else pg_catalog.pg_current_wal_lsn() end, '0/0') as position,
  /*>=14*/w.wal_records as records, w.wal_fpi as full_pages, w.wal_bytes as bytes, w.wal_buffers_full as buffers_full
from pg_catalog.pg_stat_wal w/*else*/null as records, null as full_pages, null as bytes, null as buffers_full/*end*/
