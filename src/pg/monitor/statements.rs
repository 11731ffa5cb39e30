//! Statements: counters of `pg_stat_statements` without texts, and texts when they are looked at.

use super::{Monitor, q};
use crate::{
    core::error::DbError,
    data::live::{
        Sample,
        statements::{Counters, Entry, Key, Setup, Statements, Taken, Text},
    },
    pg::client::Client,
};
use std::sync::Arc;
use tokio_postgres::{
    Row,
    types::{ToSql, Type},
};

/// Characters of a text in a list; the whole is fetched when a statement is opened.
const BEGINNING: i32 = 500;

impl Monitor {
    /// The counters of all statements, or what is missing for them.
    pub(super) async fn statements(&mut self, client: &Client) -> Result<Statements, DbError> {
        let setup = self.statements_setup(client).await?;
        if setup.lacks().is_some() {
            return Ok(Statements { setup, taken: None });
        }
        let rows = self.of_extension(client, q::STATEMENTS, &setup, &[]).await?;
        let taken = Taken {
            at: rows.first().map_or(0, |row| row.get(0)),
            took: self.spent,
            entries: rows.iter().filter_map(entry).collect(),
            reset: rows.first().and_then(|row| row.get(24)),
            evicted: rows.first().and_then(|row| row.get(25)),
        };
        Ok(Statements { setup, taken: Some(taken) })
    }

    /// Tells texts of statements by database and id.
    pub(super) async fn texts(&mut self, ids: &[(u32, i64)], whole: bool) {
        let Some(client) = self.client().await else {
            // The pane asks again once samples come.
            let none = Err("the monitoring session is not connected".into());
            return self.tell(Sample::Texts(none, std::time::Duration::ZERO)).await;
        };
        self.spent = std::time::Duration::ZERO;
        let texts = self.read_texts(&client, ids, whole).await.map_err(|e| e.message);
        self.tell(Sample::Texts(texts, self.spent)).await;
    }

    async fn read_texts(
        &mut self,
        client: &Client,
        ids: &[(u32, i64)],
        whole: bool,
    ) -> Result<Vec<((u32, i64), Text)>, DbError> {
        let setup = self.statements_setup(client).await?;
        if setup.lacks().is_some() {
            // Nothing is known of the texts: they may be there once it can be read again.
            return Err(DbError::client("the extension cannot be read"));
        }
        let (databases, ids): (Vec<u32>, Vec<i64>) = ids.iter().copied().unzip();
        let most = if whole { i32::MAX } else { BEGINNING };
        let args: &[(&(dyn ToSql + Sync), Type)] =
            &[(&databases, Type::OID_ARRAY), (&ids, Type::INT8_ARRAY), (&most, Type::INT4)];
        let rows = self.of_extension(client, q::STATEMENT_TEXTS, &setup, args).await?;
        let text = |row: &Row| {
            let text = super::text(row, "query");
            ((row.get("database"), row.get("id")), Text { text, cut: row.get("cut") })
        };
        Ok(rows.iter().map(text).collect())
    }

    /// A query of the extension's. When it fails the extension is looked for anew next time: it may be gone, or changed.
    async fn of_extension(
        &mut self,
        client: &Client,
        sql: &'static str,
        setup: &Setup,
        args: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<Row>, DbError> {
        let schema = setup.schema.as_deref().unwrap_or_default();
        let Some(text) = q::of_extension(sql, &setup.version, schema) else { return Ok(vec![]) };
        let rows = self.rows_of(client, sql, &text, args).await;
        if rows.is_err() {
            self.setup = None;
            self.prepared.remove(sql);
        }
        rows
    }

    async fn statements_setup(&mut self, client: &Client) -> Result<Arc<Setup>, DbError> {
        if let Some(setup) = &self.setup {
            return Ok(Arc::clone(setup));
        }
        let rows = self.rows(client, q::STATEMENTS_SETUP, &[]).await?;
        let Some(row) = rows.first() else { return Ok(Arc::default()) };
        let setup = Arc::new(Setup {
            loaded: row.get("loaded"),
            schema: row.get("schema"),
            version: row.get::<_, Option<String>>("version").unwrap_or_default(),
            may_read: row.get("may_read"),
            all_texts: row.get("all_texts"),
            most: row.get("most"),
            track: row.get("track"),
            planning: row.get("planning"),
            io_timing: row.get("io_timing"),
            block: row.get("block"),
            available: row.get("available"),
        });
        if setup.lacks().is_none() {
            self.setup = Some(Arc::clone(&setup));
        }
        Ok(setup)
    }
}

/// By the places of the columns: there may be fifty thousand rows. `None`: the row that says there is no statement.
fn entry(row: &Row) -> Option<Entry> {
    let calls: i64 = row.get::<_, Option<i64>>(5)?;
    let whole = |column: usize| row.get::<_, i64>(column);
    let part = |column: usize| row.get::<_, f64>(column);
    let (exec_ms, deviation) = (part(8), part(12));
    let mean = if calls > 0 { exec_ms / calls as f64 } else { 0.0 };
    let counters = Counters {
        calls,
        rows: whole(6),
        plans: whole(7),
        exec_ms,
        plan_ms: part(9),
        min_ms: part(10),
        max_ms: Some(part(11)),
        squares: calls as f64 * (deviation * deviation + mean * mean),
        hit: whole(13),
        read: whole(14),
        dirtied: whole(15),
        written: whole(16),
        local: whole(17),
        temp_read: whole(18),
        temp_written: whole(19),
        io_ms: part(20),
        wal_bytes: part(21),
        jit_ms: part(22),
    };
    let key = Key { role: row.get(1), database: row.get(2), top: row.get(3), id: row.get(4) };
    Some(Entry { key, counters, since: row.get(23) })
}
