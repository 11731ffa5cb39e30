//! The pulse: sessions, and who waits for whom.

use super::{Monitor, q, text, word};
use crate::{
    core::error::DbError,
    data::live::{Edge, LockObject, Prepared, Pulse, Session},
    pg::client::Client,
};
use std::sync::Arc;
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

impl Monitor {
    /// A pulse, and names for what has none yet.
    pub(super) async fn pulse(&mut self, client: &Client) -> Result<Pulse, DbError> {
        let begun = Instant::now();
        let own = self.server.pids();
        let args: &[(&(dyn ToSql + Sync), Type)] = &[(&own, Type::INT4_ARRAY), (&TEXT, Type::INT4)];
        let sessions = self.rows(client, q::SESSIONS, args).await?;
        let args: &[(&(dyn ToSql + Sync), Type)] = &[(&PER_QUEUE, Type::INT4), (&ASKED, Type::INT4)];
        let edges = self.rows(client, q::EDGES, args).await?;
        let pulse = Pulse {
            at: sessions.first().map_or(0, |row| row.get("now")),
            took: begun.elapsed(),
            sessions: sessions.iter().map(|row| Arc::new(session(row))).collect(),
            edges: edges.iter().map(|row| Arc::new(edge(row))).collect(),
        };
        if self.unknown(&pulse)
            && let Err(e) = self.name(client, &pulse).await
        {
            // Names are a comfort: their catalogs may be locked just now.
            tracing::debug!("names: {}", e.message);
        }
        Ok(pulse)
    }
}

fn session(row: &Row) -> Session {
    Session {
        pid: row.get("pid"),
        started: row.get("started"),
        leader: row.get("leader"),
        database: row.get("database"),
        role: row.get("role"),
        application: text(row, "application"),
        client: word(row, "client"),
        backend_type: word(row, "backend_type"),
        state: word(row, "state"),
        wait_type: word(row, "wait_type"),
        wait_event: word(row, "wait_event"),
        xact_start: row.get("xact_start"),
        query_start: row.get("query_start"),
        state_change: row.get("state_change"),
        has_xid: row.get("has_xid"),
        xmin_age: row.get("xmin_age"),
        query_id: row.get("query_id"),
        query: text(row, "query"),
        query_cut: row.get("query_cut"),
        masked: row.get("masked"),
    }
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
