-- what: every session, read from the functions below pg_stat_activity: no catalog table is touched, so it answers while pg_database or pg_authid is locked
-- since: 13
-- how often: once a second while a live pane is in use
-- parameters: $1 pids of the console itself (int4[]), $2 characters of a query text (int4)
-- columns: now, pid, started, leader, database, role, application, client, backend_type, state, wait_type, wait_event, xact_start, query_start, state_change, has_xid, oldest, xmin_age, query_id, query, query_cut, query_lost, masked
select (extract(epoch from pg_catalog.clock_timestamp()) * 1000000)::int8 as now,
  s.pid, (extract(epoch from s.backend_start) * 1000000)::int8 as started, s.leader_pid as leader,
  coalesce(s.datid, 0)::oid as database, coalesce(s.usesysid, 0)::oid as role,
  pg_catalog.textsend(coalesce(s.application_name, '')) as application,
  case when s.client_addr is not null then pg_catalog.host(s.client_addr)
    when s.client_port = -1 then 'local' else '' end as client,
  coalesce(s.backend_type, '') as backend_type, coalesce(s.state, '') as state,
  coalesce(s.wait_event_type, '') as wait_type, coalesce(s.wait_event, '') as wait_event,
  (extract(epoch from s.xact_start) * 1000000)::int8 as xact_start,
  (extract(epoch from s.query_start) * 1000000)::int8 as query_start,
  (extract(epoch from s.state_change) * 1000000)::int8 as state_change,
  s.backend_xid is not null as has_xid,
  -- A transaction that wrote keeps vacuum from what is newer, too, whether or not it holds a snapshot.
  o.xid::text::int8 as oldest, pg_catalog.age(o.xid)::int8 as xmin_age,
  /*>=14*/s.query_id/*else*/null::int8/*end*/ as query_id,
  pg_catalog.textsend(pg_catalog.left(coalesce(s.query, ''), $2::int4)) as query,
  coalesce(pg_catalog.length(s.query) > $2::int4, false) as query_cut,
  coalesce(pg_catalog.octet_length(s.query) >= (
    -- A character of several bytes may not have fitted.
    select pg_catalog.pg_size_bytes(pg_catalog.current_setting('track_activity_query_size')) - 4), false) as query_lost,
  s.backend_type is null as masked
from pg_catalog.pg_stat_get_activity(null) s,
  lateral (select case when s.backend_xmin is null or pg_catalog.age(s.backend_xid) > pg_catalog.age(s.backend_xmin)
    then s.backend_xid else s.backend_xmin end as xid) o
where s.pid <> all ($1::int4[]) and s.pid <> pg_catalog.pg_backend_pid()
