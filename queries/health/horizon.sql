-- what: who keeps old row versions from being vacuumed, oldest first: sessions, standbys, slots, prepared transactions
-- since: 13
-- how often: every 10 seconds while Health is in use
-- parameters: none
-- columns: kind, pid, database, role, name, xid_age, since, state, fix
select case when s.walsender then 'standby with hot_standby_feedback' else 'session' end as kind, s.pid,
  case when s.walsender then 0 else coalesce(s.datid, 0) end as database, coalesce(s.usesysid, 0) as role,
  s.application_name as name,
  case when s.walsender then pg_catalog.age(s.backend_xmin)
    else greatest(pg_catalog.age(s.backend_xmin), pg_catalog.age(s.backend_xid)) end as xid_age,
  case when not s.walsender then extract(epoch from pg_catalog.clock_timestamp() - s.xact_start)::float8 end as since,
  case when not s.walsender then s.state end as state, null as fix
from (
  select a.*, coalesce(a.backend_type = 'walsender', false) as walsender from pg_catalog.pg_stat_get_activity(null) a
) s
where (s.backend_xmin is not null or s.backend_xid is not null and not s.walsender)
  and s.pid <> pg_catalog.pg_backend_pid()
union all
select case when x.catalog then 'slot (catalogs only)' else 'slot' end, r.active_pid, coalesce(r.datoid, 0), 0, r.slot_name,
  pg_catalog.age(x.xmin), null, case when r.active then 'active' else 'inactive' end,
  'SELECT pg_drop_replication_slot(' || pg_catalog.quote_literal(r.slot_name) || ');'
from pg_catalog.pg_get_replication_slots() r
cross join lateral (values (r.xmin, false), (r.catalog_xmin, true)) x (xmin, catalog) where x.xmin is not null
union all
select 'prepared transaction', 0, p.dbid, p.ownerid, p.gid, pg_catalog.age(p.transaction),
  extract(epoch from pg_catalog.clock_timestamp() - p.prepared)::float8, null,
  'ROLLBACK PREPARED ' || pg_catalog.quote_literal(p.gid) || ';'
from pg_catalog.pg_prepared_xact() p
order by xid_age desc nulls last
limit 20
