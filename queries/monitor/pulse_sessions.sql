-- what: every session, read from the functions below pg_stat_activity: no catalog table is touched, so it answers while pg_database or pg_authid is locked. Of one that has been idle since before $2 only what tells that it is the same is sent, of one that may not be seen only what everybody may
-- since: 13
-- how often: once a second while a live pane is in use
-- parameters: $1 characters of a query text (int4), $2 a session that has been idle for longer is known, null for none (timestamptz)
-- columns: now, pid, started, state_change, known, leader, database, role, application, client, backend_type, state, wait_type, wait_event, xact_start, query_start, has_xid, oldest, xmin_age, vacuums, query_id, query, query_cut, query_lost, masked
-- Points in time are sent as they are: making numbers of them took a third of the time.
select (select pg_catalog.clock_timestamp()) as now, s.pid, s.backend_start as started,
  s.state_change, s.known,
  case when s.loud then s.leader_pid end as leader,
  case when not s.known then coalesce(s.datid, 0)::oid end as database,
  case when not s.known then coalesce(s.usesysid, 0)::oid end as role,
  case when not s.known then pg_catalog.textsend(coalesce(s.application_name, '')) end as application,
  case when s.loud then case when s.client_addr is not null then pg_catalog.host(s.client_addr)
    when s.client_port = -1 then 'local' else '' end end as client,
  case when s.loud then coalesce(s.backend_type, '') end as backend_type,
  case when s.loud then coalesce(s.state, '') end as state,
  case when s.loud then coalesce(s.wait_event_type, '') end as wait_type,
  case when s.loud then coalesce(s.wait_event, '') end as wait_event,
  case when s.loud then s.xact_start end as xact_start,
  case when s.loud then s.query_start end as query_start,
  case when s.loud then s.backend_xid is not null end as has_xid,
  case when s.loud then o.xid::text::int8 end as oldest,
  case when s.loud then pg_catalog.age(o.xid)::int8 end as xmin_age,
  -- Lazy ones only: VACUUM FULL goes under the name of CLUSTER. It is asked for when somebody holds a snapshot, and once.
  case when s.loud and o.xid is not null
    then s.pid = any (array(select p.pid from pg_catalog.pg_stat_get_progress_info('VACUUM') p)) end as vacuums,
  /*>=14*/case when s.loud then s.query_id end/*else*/null::int8/*end*/ as query_id,
  case when s.loud then pg_catalog.textsend(case when pg_catalog.octet_length(s.query) <= $1::int4 then s.query
    else pg_catalog.left(coalesce(s.query, ''), $1::int4) end) end as query,
  case when s.loud then coalesce(pg_catalog.length(s.query) > $1::int4, false) end as query_cut,
  case when s.loud then coalesce(pg_catalog.octet_length(s.query) >= (
    -- A character of several bytes may not have fitted.
    select pg_catalog.pg_size_bytes(pg_catalog.current_setting('track_activity_query_size')) - 4), false) end as query_lost,
  s.masked
from (
  select k.*, not k.known and not k.masked as loud from (
    -- An idle session outside of a transaction changes in nothing while state_change stays: it looks at new settings, too,
    -- only with its next statement. (OFFSET has this computed once a row.)
    select a.*, a.backend_type is null as masked,
      (a.state_change < $2::timestamptz and a.state = 'idle' and a.wait_event = 'ClientRead'
        and a.xact_start is null and a.backend_xid is null and a.backend_xmin is null) is true as known
    from pg_catalog.pg_stat_get_activity(null) a offset 0
  ) k
) s,
  -- A transaction that wrote keeps vacuum from what is newer, too, whether or not it holds a snapshot.
  lateral (select case when s.backend_xmin is null or pg_catalog.age(s.backend_xid) > pg_catalog.age(s.backend_xmin)
    then s.backend_xid else s.backend_xmin end as xid) o
where s.pid <> pg_catalog.pg_backend_pid()
