-- what: who waits for whom, one row per waiting and blocking session; pg_blocking_pids is asked only for sessions that wait; the other sessions are looked at only when there are such
-- since: 13
-- how often: once a second while a live pane is in use and a session waits, or may not be seen
-- parameters: $1 sessions asked per queue (int4), $2 sessions asked in all (int4)
-- columns: waiter, worker, wanted, since, place, queue, blocker, gid, gid_owner, gid_database, gid_since, hard, held, ahead, kind, database, relation, page, tuple, xid, vxid, class, object, part
with seen as materialized (
  select s.pid, coalesce(s.leader_pid, s.pid) as leader from pg_catalog.pg_stat_get_activity(null) s
), locks as materialized (
  -- A fast-path lock stands in nobody's way: who wants a lock that conflicts moves it into the lock table first.
  select k.locktype, coalesce(k.database, 0) as db, coalesce(k.relation, 0) as rel, coalesce(k.page, -1) as page,
    coalesce(k.tuple, -1::int2) as tup, coalesce(k.virtualxid, '') as vxid, coalesce(k.transactionid, '0'::xid) as xid,
    coalesce(k.classid, 0) as classid, coalesce(k.objid, 0) as objid, coalesce(k.objsubid, -1::int2) as objsub,
    k.virtualtransaction as owner, k.pid, k.mode, k.granted,
    /*>=14*/k.waitstart/*else*/null::timestamptz/*end*/ as waitstart
  from pg_catalog.pg_lock_status() k
  where not k.fastpath
), wanted as materialized (
  select row_number() over () as id, grouped.* from (
    select locktype, db, rel, page, tup, vxid, xid, classid, objid, objsub, count(*) as queue
    from locks where not granted group by locktype, db, rel, page, tup, vxid, xid, classid, objid, objsub) grouped
), around as materialized (
  select wanted.id, wanted.queue, coalesce(seen.leader, locks.pid, 0) as leader, locks.pid, locks.owner, locks.mode,
    locks.granted, locks.waitstart
  from locks join wanted using (locktype, db, rel, page, tup, vxid, xid, classid, objid, objsub)
  left join seen on seen.pid = locks.pid
), waiting as materialized (
  -- A process waits for at most one lock.
  select around.*, row_number() over (partition by id order by waitstart nulls last, pid) as place
  from around where not granted
), asked as materialized (
  select * from waiting where place <= $1::int4 order by place, waitstart nulls last limit $2::int4
), blocked as materialized (
  select distinct asked.pid as waiter, asked.id, asked.mode, by as blocker
  from asked, unnest(pg_catalog.pg_blocking_pids(asked.pid)) as by
), conflicts (mode, bit, mask) as (values
  -- The table of conflicting lock modes in "Explicit Locking", as bits.
  ('AccessShareLock', 1, 128), ('RowShareLock', 2, 192), ('RowExclusiveLock', 4, 240),
  ('ShareUpdateExclusiveLock', 8, 248), ('ShareLock', 16, 236), ('ShareRowExclusiveLock', 32, 252),
  ('ExclusiveLock', 64, 254), ('AccessExclusiveLock', 128, 255)
), explained as materialized (
  -- Which locks of the blocker stand in the way.
  select b.waiter, b.blocker, case when b.blocker = 0 then a.owner end as owner,
    coalesce(bool_or(a.granted), false) as hard,
    coalesce(string_agg(distinct a.mode, ',') filter (where a.granted), '') as held,
    coalesce(string_agg(distinct a.mode, ',') filter (where not a.granted), '') as ahead
  from blocked b join conflicts c on c.mode = b.mode
  left join (around a join conflicts has on has.mode = a.mode)
    on a.id = b.id and a.leader = b.blocker and has.bit & c.mask <> 0
  group by 1, 2, 3
), rowlock as materialized (
  -- Who waits for a row sleeps on its holder's transaction, and holds the row's tuple lock meanwhile.
  select distinct on (pid) pid, db, rel, page, tup from locks
  where locktype = 'tuple' and granted order by pid
)
select w.leader as waiter, nullif(w.pid, w.leader) as worker, w.mode as wanted,
  (extract(epoch from w.waitstart) * 1000000)::int8 as since, w.place, w.queue,
  e.blocker, p.gid, p.ownerid as gid_owner, p.dbid as gid_database,
  (extract(epoch from p.prepared) * 1000000)::int8 as gid_since, e.hard, e.held, e.ahead, o.locktype as kind,
  coalesce(nullif(o.db, 0), r.db, 0)::oid as database, coalesce(nullif(o.rel, 0), r.rel, 0)::oid as relation,
  coalesce(nullif(o.page, -1), r.page, -1)::int4 as page, coalesce(nullif(o.tup, -1), r.tup, -1)::int4 as tuple,
  case when o.xid <> '0'::xid then o.xid::text else '' end as xid, o.vxid,
  o.classid::oid as class, o.objid::oid as object, o.objsub::int4 as part
from explained e join asked w on w.pid = e.waiter join wanted o on o.id = w.id
left join rowlock r on r.pid = w.pid and o.locktype = 'transactionid'
-- The lock of a prepared transaction is its old session's until a restart: its transaction id says whose it is.
left join pg_catalog.pg_prepared_xact() p on e.blocker = 0 and p.transaction in (
  select own.xid from locks own
  where own.pid is null and own.locktype = 'transactionid' and own.granted and own.owner = e.owner)
order by w.waitstart nulls last, w.leader, e.hard desc, e.blocker
