-- what: who keeps old row versions from being vacuumed, oldest first: sessions, standbys, slots, prepared transactions
-- since: 13
-- how often: every 5 seconds while Health is in use
-- parameters: none
-- columns: kind, pid, database, role, name, xid_age, since, state, fix
select 'session' as kind, s.pid, coalesce(s.datid, 0) as database, coalesce(s.usesysid, 0) as role,
  s.application_name as name, greatest(pg_catalog.age(s.backend_xmin), pg_catalog.age(s.backend_xid)) as xid_age,
  extract(epoch from pg_catalog.clock_timestamp() - s.xact_start)::float8 as since, s.state, null as fix
from pg_catalog.pg_stat_get_activity(null) s
where (s.backend_xmin is not null or s.backend_xid is not null) and s.pid <> pg_catalog.pg_backend_pid()
  and s.backend_type is distinct from 'walsender'
union all
select 'standby with hot_standby_feedback', s.pid, 0, coalesce(s.usesysid, 0), s.application_name,
  pg_catalog.age(s.backend_xmin), null, null, null
from pg_catalog.pg_stat_get_activity(null) s where s.backend_xmin is not null and s.backend_type = 'walsender'
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
