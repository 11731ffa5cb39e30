-- what: how far VACUUM, ANALYZE, index builds, CLUSTER, COPY and base backups are
-- since: 13
-- how often: every 5 seconds while Health is in use
-- parameters: none
-- columns: pid, command, database, relid, relation, phase, done, total, unit, detail
select p.pid, p.command, p.datid as database, p.relid,
  case when d.datid = p.datid then (select c.relname from pg_catalog.pg_class c where c.oid = p.relid) end as relation,
  p.phase, p.done, p.total, p.unit, p.detail
from (
  select v.pid, 'VACUUM' as command, v.datid, v.relid, v.phase, v.heap_blks_scanned as done, v.heap_blks_total as total,
    'blocks' as unit, 'index passes ' || v.index_vacuum_count || /*>=17*/', dead items ' || v.num_dead_item_ids
      || ', indexes ' || v.indexes_processed || '/' || v.indexes_total/*else*/', dead rows ' || v.num_dead_tuples || '/'
      || v.max_dead_tuples/*end*/ as detail
  from pg_catalog.pg_stat_progress_vacuum v
  union all
  select pid, 'ANALYZE', datid, relid, phase, sample_blks_scanned, sample_blks_total, 'blocks',
    'partitions ' || child_tables_done || '/' || child_tables_total
  from pg_catalog.pg_stat_progress_analyze
  union all
  select pid, command, datid, relid, phase, case when tuples_total > 0 then tuples_done else blocks_done end,
    case when tuples_total > 0 then tuples_total else blocks_total end,
    case when tuples_total > 0 then 'rows' else 'blocks' end,
    case when lockers_total > 0 then 'waits for ' || lockers_done || '/' || lockers_total || ', now for pid '
      || current_locker_pid else 'partitions ' || partitions_done || '/' || partitions_total end
  from pg_catalog.pg_stat_progress_create_index
  union all
  select pid, command, datid, relid, phase, heap_blks_scanned, heap_blks_total, 'blocks',
    'rows written ' || heap_tuples_written || ', indexes rebuilt ' || index_rebuild_count
  from pg_catalog.pg_stat_progress_cluster
  union all
  /*>=14*/select pid, command || ' ' || type, datid, relid, 'copying', bytes_processed, nullif(bytes_total, 0), 'bytes',
    'rows ' || tuples_processed || ', excluded ' || tuples_excluded
  from pg_catalog.pg_stat_progress_copy
  union all
  /*end*/select pid, 'BASE BACKUP', null, null, phase, backup_streamed, backup_total, 'bytes',
    'tablespaces ' || tablespaces_streamed || '/' || tablespaces_total
  from pg_catalog.pg_stat_progress_basebackup
) p
cross join (select s.datid from pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid()) s) d
order by 2, 1
