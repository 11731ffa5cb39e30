-- what: counters of the connected database, by functions: no catalog is read
-- since: 13
-- how often: every 5 seconds while Health is in use
-- parameters: none
-- columns: commits, rollbacks, read, hit, temp_files, temp_bytes, deadlocks, conflicts, checksum_failures, inserted, updated, deleted, abandoned, fatal, killed, reset
select pg_catalog.pg_stat_get_db_xact_commit(o.oid) as commits, pg_catalog.pg_stat_get_db_xact_rollback(o.oid) as rollbacks,
  pg_catalog.pg_stat_get_db_blocks_fetched(o.oid) - pg_catalog.pg_stat_get_db_blocks_hit(o.oid) as read,
  pg_catalog.pg_stat_get_db_blocks_hit(o.oid) as hit, pg_catalog.pg_stat_get_db_temp_files(o.oid) as temp_files,
  pg_catalog.pg_stat_get_db_temp_bytes(o.oid) as temp_bytes, pg_catalog.pg_stat_get_db_deadlocks(o.oid) as deadlocks,
  pg_catalog.pg_stat_get_db_conflict_all(o.oid) as conflicts,
  pg_catalog.pg_stat_get_db_checksum_failures(o.oid) as checksum_failures,
  pg_catalog.pg_stat_get_db_tuples_inserted(o.oid) as inserted, pg_catalog.pg_stat_get_db_tuples_updated(o.oid) as updated,
  pg_catalog.pg_stat_get_db_tuples_deleted(o.oid) as deleted,
  /*>=14*/pg_catalog.pg_stat_get_db_sessions_abandoned(o.oid)/*else*/null/*end*/ as abandoned,
  /*>=14*/pg_catalog.pg_stat_get_db_sessions_fatal(o.oid)/*else*/null/*end*/ as fatal,
  /*>=14*/pg_catalog.pg_stat_get_db_sessions_killed(o.oid)/*else*/null/*end*/ as killed,
  pg_catalog.pg_stat_get_db_stat_reset_time(o.oid) as reset
from (select s.datid as oid from pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid()) s) o
