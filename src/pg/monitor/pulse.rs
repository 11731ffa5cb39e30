//! The pulse: sessions, who waits for whom, and the whole text of a session's statement.

use super::{Monitor, Stamp, horizon::heeded, q, text, word};
use crate::{
    core::error::DbError,
    data::live::{
        Edge, LockObject, Micros, Prepared, Pulse, Sample, Session, WholeQuery, horizon::Heed, locks,
    },
    pg::client::Client,
};
use std::{collections::HashMap, sync::Arc};
use tokio::time::Instant;
use tokio_postgres::{
    Row,
    types::{ToSql, Type},
};

/// Characters of a statement's text in a sample; the whole is fetched when it is opened.
const TEXT: i32 = 2000;
/// `pg_blocking_pids` is asked for so many sessions of one queue, and in all: n waiters of one row are n²/2 edges.
const PER_QUEUE: i32 = 20;
const ASKED: i32 = 200;
/// A session that became idle so shortly before a sample may not have been seen so by it, in microseconds.
const SETTLED: Micros = 1_000_000;

impl Monitor {
    /// A pulse, and names for what has none yet.
    pub(super) async fn pulse(&mut self, client: &Client) -> Result<Pulse, DbError> {
        let own = self.server.pids();
        let mut sessions = self.sessions(client).await?;
        // The lock table is read when somebody waits, ours too, or when that may not be seen. Whoever looks for a
        // deadlock just now shows another wait event.
        let waits = |s: &Arc<Session>| s.masked || &*s.wait_type == "Lock" || &*s.wait_event == "LockManager";
        let edges = if sessions.iter().any(waits) { self.edges(client).await? } else { vec![] };
        sessions.retain(|s| !own.contains(&s.pid));
        let (at, next, took) = (self.at, self.next_xid, self.spent);
        let pulse = Pulse { at, took, next, sessions, edges, ..Pulse::default() };
        self.waiting = Some(locks::waiting(&pulse));
        if self.unknown(&pulse)
            && let Err(e) = self.name(client, &pulse).await
        {
            // Names are a comfort: their catalogs may be locked just now.
            tracing::debug!("names: {}", e.message);
        }
        Ok(pulse)
    }

    /// All sessions but this one; the server's clock goes into `at`, the transaction id that comes next into `next_xid`.
    pub(super) async fn sessions(&mut self, client: &Client) -> Result<Vec<Arc<Session>>, DbError> {
        let settled = Some(Stamp(self.at - SETTLED)).filter(|_| !self.known.is_empty());
        let sessions = match self.sessions_since(client, settled).await? {
            Some(sessions) => sessions,
            // One that should be known is not: all are asked for.
            None => self.sessions_since(client, None).await?.unwrap_or_default(),
        };
        (self.read, self.waiting) = (Some(Instant::now()), None);
        self.known = sessions.iter().map(|s| (s.pid, s.clone())).collect();
        // Ours are copies, so that who keeps a sample can share its texts with the one before.
        Ok(sessions.into_iter().map(Arc::new).collect())
    }

    /// The same; those that were idle before this and are known are not read whole. `None`: one of them is not known.
    async fn sessions_since(
        &mut self,
        client: &Client,
        settled: Option<Stamp>,
    ) -> Result<Option<Vec<Session>>, DbError> {
        let args: &[(&(dyn ToSql + Sync), Type)] = &[(&TEXT, Type::INT4), (&settled, Type::TIMESTAMPTZ)];
        let rows = self.rows(client, q::SESSIONS, args).await?;
        let sessions: Option<Vec<Session>> =
            rows.iter().map(|row| session(row, &self.known, self.server.version())).collect();
        if sessions.is_some() {
            self.at = rows.first().and_then(|row| stamp(row, "now")).unwrap_or(self.at);
            // The same for all of them: the ages are told by it.
            self.next_xid = rows.iter().find_map(next_xid).unwrap_or(self.next_xid);
        }
        Ok(sessions)
    }

    /// Who waits for whom.
    pub(super) async fn edges(&mut self, client: &Client) -> Result<Vec<Arc<Edge>>, DbError> {
        let args: &[(&(dyn ToSql + Sync), Type)] = &[(&PER_QUEUE, Type::INT4), (&ASKED, Type::INT4)];
        let rows = self.rows(client, q::EDGES, args).await?;
        Ok(rows.iter().map(|row| Arc::new(edge(row))).collect())
    }

    /// Tells the whole text of a session's statement.
    pub(super) async fn query(&mut self, pid: i32, started: Option<i64>) {
        let told = match self.client().await {
            Some(client) => self.read_query(&client, pid, started).await.map_err(|e| e.message),
            None => Err("the monitoring session is not connected".into()),
        };
        self.tell(Sample::Query(told)).await;
    }

    async fn read_query(
        &mut self,
        client: &Client,
        pid: i32,
        started: Option<i64>,
    ) -> Result<WholeQuery, DbError> {
        let args: &[(&(dyn ToSql + Sync), Type)] = &[(&pid, Type::INT4), (&started, Type::INT8)];
        let rows = self.rows(client, q::QUERY, args).await?;
        let row = rows.first().ok_or_else(|| DbError::client("the session is gone"))?;
        Ok(WholeQuery { pid, started, query_start: row.get("query_start"), text: super::text(row, "query") })
    }
}

/// The transaction id that comes next, by the age of one that a session holds.
fn next_xid(row: &Row) -> Option<u32> {
    let age = u32::try_from(row.get::<_, Option<i64>>("xmin_age")?).ok()?;
    Some(oldest(row)?.wrapping_add(age))
}

fn oldest(row: &Row) -> Option<u32> {
    row.get::<_, Option<i64>>("oldest").and_then(|xid| u32::try_from(xid).ok())
}

/// A point in time by the server's clock.
fn stamp(row: &Row, name: &str) -> Option<Micros> {
    row.get::<_, Option<Stamp>>(name).map(|stamp| stamp.0)
}

/// A session as it was read, or as it was known where it only says that it is the same. `None`: it is not known.
fn session(row: &Row, known: &HashMap<i32, Session>, version: u32) -> Option<Session> {
    let (pid, started, state_change) = (row.get("pid"), stamp(row, "started"), stamp(row, "state_change"));
    if row.get("known") {
        let same = known.get(&pid).filter(|s| {
            s.started == started
                && s.state_change == state_change
                && &*s.state == "idle"
                && &*s.wait_event == "ClientRead"
                && s.xact_start.is_none()
                && s.oldest.is_none()
        });
        return same.cloned();
    }
    let (database, role, application) = (row.get("database"), row.get("role"), text(row, "application"));
    if row.get("masked") {
        let query = Session::MASKED.into();
        return Some(Session { pid, database, role, application, query, masked: true, ..Session::default() });
    }
    let (oldest, state, query) = (oldest(row), word(row, "state"), text(row, "query"));
    let (leader, query_cut): (Option<i32>, bool) = (row.get("leader"), row.get("query_cut"));
    let heed = match oldest {
        None => Heed::Yes,
        Some(_) => heeded(
            row.get::<_, Option<bool>>("vacuums") == Some(true),
            &*state == "active",
            leader.is_some_and(|leader| leader != pid),
            version,
            &query,
            !query_cut && !row.get::<_, bool>("query_lost"),
        ),
    };
    Some(Session {
        pid,
        started,
        leader,
        database,
        role,
        application,
        client: word(row, "client"),
        backend_type: word(row, "backend_type"),
        state,
        wait_type: word(row, "wait_type"),
        wait_event: word(row, "wait_event"),
        xact_start: stamp(row, "xact_start"),
        query_start: stamp(row, "query_start"),
        state_change,
        has_xid: row.get("has_xid"),
        oldest,
        heed,
        query_id: row.get("query_id"),
        query,
        query_cut,
        query_lost: row.get("query_lost"),
        masked: false,
    })
}

fn edge(row: &Row) -> Edge {
    let prepared = row.get::<_, Option<String>>("gid").map(|gid| Prepared {
        gid,
        owner: row.get("gid_owner"),
        database: row.get("gid_database"),
        since: row.get("gid_since"),
    });
    Edge {
        waiter: row.get("waiter"),
        worker: row.get("worker"),
        wanted: word(row, "wanted"),
        since: row.get("since"),
        place: row.get("place"),
        queue: row.get("queue"),
        blocker: row.get("blocker"),
        prepared,
        hard: row.get("hard"),
        held: word(row, "held"),
        ahead: word(row, "ahead"),
        object: LockObject {
            kind: word(row, "kind"),
            database: row.get("database"),
            relation: row.get("relation"),
            page: row.get("page"),
            tuple: row.get("tuple"),
            xid: word(row, "xid"),
            vxid: word(row, "vxid"),
            class: row.get("class"),
            object: row.get("object"),
            part: row.get("part"),
        },
    }
}
