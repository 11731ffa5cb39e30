-- what: replication slots: what they keep, and which nobody uses
-- since: 13
-- how often: every 5 seconds while Health is in use
-- parameters: none
-- columns: name, kind, database, active, wal_status, retained, safe, xmin_age, catalog_xmin_age, inactive_for, invalid, fix
select s.slot_name as name, s.slot_type as kind, coalesce(s.datoid, 0) as database, s.active, s.wal_status,
  pg_catalog.pg_wal_lsn_diff(l.lsn, s.restart_lsn) as retained, s.safe_wal_size as safe, pg_catalog.age(s.xmin) as xmin_age,
  pg_catalog.age(s.catalog_xmin) as catalog_xmin_age,
  /*>=17*/extract(epoch from pg_catalog.clock_timestamp() - s.inactive_since)::float8/*else*/null/*end*/ as inactive_for,
  /*>=17*/s.invalidation_reason/*else*/null/*end*/ as invalid,
  'SELECT pg_drop_replication_slot(' || pg_catalog.quote_literal(s.slot_name) || ');' as fix
from pg_catalog.pg_get_replication_slots() s
cross join (select case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_receive_lsn()
  else pg_catalog.pg_current_wal_lsn() end as lsn) l
where not s.temporary
order by 6 desc nulls last, 1
