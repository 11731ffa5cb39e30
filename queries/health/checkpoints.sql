-- what: checkpoints since the statistics were reset (on a standby restartpoints)
-- since: 13
-- how often: every 5 seconds while Health is in use
-- parameters: none
-- columns: timed, requested, write_ms, sync_ms, buffers, by_backends, maxwritten, reset, max_wal_size, timeout
/*>=17*/select c.num_timed as timed, c.num_requested as requested, c.write_time as write_ms, c.sync_time as sync_ms,
  c.buffers_written as buffers, null::int8 as by_backends, b.maxwritten_clean as maxwritten, c.stats_reset as reset,
  pg_catalog.current_setting('max_wal_size') as max_wal_size, pg_catalog.current_setting('checkpoint_timeout') as timeout
from pg_catalog.pg_stat_checkpointer c, pg_catalog.pg_stat_bgwriter b/*else*/select b.checkpoints_timed as timed,
  b.checkpoints_req as requested, b.checkpoint_write_time as write_ms, b.checkpoint_sync_time as sync_ms,
  b.buffers_checkpoint as buffers, b.buffers_backend as by_backends, b.maxwritten_clean as maxwritten,
  b.stats_reset as reset, pg_catalog.current_setting('max_wal_size') as max_wal_size,
  pg_catalog.current_setting('checkpoint_timeout') as timeout
from pg_catalog.pg_stat_bgwriter b/*end*/
