-- what: what keeps vacuum from removing old row versions besides the snapshots of sessions, which a pulse has: replication slots and prepared transactions
-- since: 13
-- how often: every ten seconds while Activity is in use
-- parameters: none
-- columns: now, here, standby, kind, name, pid, role, database, active, age, since
select (extract(epoch from pg_catalog.statement_timestamp()) * 1000000)::int8 as now,
  (select a.datid from pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid()) a) as here,
  pg_catalog.pg_is_in_recovery() as standby, h.*
from (select) one left join (
  select x.kind, r.slot_name::text as name, r.active_pid as pid, 0::oid as role, coalesce(r.datoid, 0)::oid as database,
    r.active, pg_catalog.age(x.xmin)::int8 as age, null::int8 as since
  from pg_catalog.pg_get_replication_slots() r,
    lateral (values ('slot', r.xmin), ('catalog', r.catalog_xmin)) x (kind, xmin)
  where x.xmin is not null
  union all
  select 'prepared', p.gid, null, p.ownerid, p.dbid, false, pg_catalog.age(p.transaction)::int8,
    (extract(epoch from p.prepared) * 1000000)::int8
  from pg_catalog.pg_prepared_xact() p
) h on true
