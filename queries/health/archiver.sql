-- what: does archiving work?
-- since: 13
-- how often: every 5 seconds while Health is in use
-- parameters: none
-- columns: mode, archived, last, last_age, failed, last_failed, failed_age, failing
select pg_catalog.current_setting('archive_mode') as mode, a.archived_count as archived, a.last_archived_wal as last,
  extract(epoch from pg_catalog.clock_timestamp() - a.last_archived_time)::float8 as last_age, a.failed_count as failed,
  a.last_failed_wal as last_failed,
  extract(epoch from pg_catalog.clock_timestamp() - a.last_failed_time)::float8 as failed_age,
  coalesce(a.last_failed_time > a.last_archived_time, a.failed_count > 0) as failing
from pg_catalog.pg_stat_archiver a
