-- what: who keeps old row versions from being vacuumed, oldest first: sessions, standbys, slots, prepared transactions. Those of other databases, which hold back nothing here but in shared catalogs, come behind those of this one, and running VACUUMs, which do not at all, behind both
-- since: 13
-- how often: every 10 seconds while Health is in use
-- parameters: none
-- columns: kind, pid, database, role, name, xid_age, since, state, fix, here, vacuums, worker, query, whole
select w.kind, w.pid, w.database, w.role, w.name, w.xid_age, w.since, w.state, w.fix, p.here, w.vacuums, w.worker, w.query,
  w.whole
from (
  select case when s.standby then 'standby with hot_standby_feedback' else 'session' end as kind, s.pid,
    coalesce(s.datid, 0) as database, coalesce(s.usesysid, 0) as role, s.application_name as name,
    case when s.standby then pg_catalog.age(s.backend_xmin)
      else greatest(pg_catalog.age(s.backend_xmin), pg_catalog.age(s.backend_xid)) end as xid_age,
    case when not s.standby then extract(epoch from pg_catalog.clock_timestamp() - s.xact_start)::float8 end as since,
    case when not s.standby then s.state end as state, null as fix, coalesce(s.datid, 0) as counts_in,
    -- Lazy ones only: VACUUM FULL goes under the name of CLUSTER.
    s.pid = any (array(select p.pid from pg_catalog.pg_stat_get_progress_info('VACUUM') p)) as vacuums,
    s.leader_pid is distinct from s.pid and s.leader_pid is not null as worker,
    pg_catalog.left(s.query, 1000) as query,
    pg_catalog.length(s.query) <= 1000 and pg_catalog.octet_length(s.query)
      < pg_catalog.pg_size_bytes(pg_catalog.current_setting('track_activity_query_size')) - 4 as whole
  from (
    select a.*, coalesce(a.backend_type = 'walsender' and coalesce(a.datid, 0) = 0, false) as standby
    from pg_catalog.pg_stat_get_activity(null) a
  ) s
  where (s.backend_xmin is not null or s.backend_xid is not null and not s.standby)
    and s.pid <> pg_catalog.pg_backend_pid()
  union all
  select case when x.catalog then 'slot (catalogs only)' else 'slot' end, r.active_pid, coalesce(r.datoid, 0), 0,
    r.slot_name, pg_catalog.age(x.xmin), null, case when r.active then 'active' else 'inactive' end,
    'SELECT pg_drop_replication_slot(' || pg_catalog.quote_literal(r.slot_name) || ');', 0, false, false, null, null
  from pg_catalog.pg_get_replication_slots() r
  cross join lateral (values (r.xmin, false), (r.catalog_xmin, true)) x (xmin, catalog) where x.xmin is not null
  union all
  select 'prepared transaction', 0, p.dbid, p.ownerid, p.gid, pg_catalog.age(p.transaction),
    extract(epoch from pg_catalog.clock_timestamp() - p.prepared)::float8, null,
    'ROLLBACK PREPARED ' || pg_catalog.quote_literal(p.gid) || ';', p.dbid, false, false, null, null
  from pg_catalog.pg_prepared_xact() p
) w
cross join lateral (
  -- What a standby keeps for its primary, it keeps whatever the database.
  select w.counts_in = 0 or w.counts_in = me.datid or pg_catalog.pg_is_in_recovery() as here
  from pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid()) me
) p
order by w.vacuums, p.here desc, w.xid_age desc nulls last
limit 30
