//! What holds vacuum back besides sessions, and the whole text of a session's statement.

use super::{Monitor, q};
use crate::{
    core::error::DbError,
    data::live::{
        Sample, WholeQuery,
        horizon::{Horizon, Other},
    },
    pg::client::Client,
};
use tokio_postgres::{
    Row,
    types::{ToSql, Type},
};

impl Monitor {
    /// Slots and prepared transactions with old snapshots.
    pub(super) async fn horizon(&mut self, client: &Client) -> Result<Horizon, DbError> {
        let rows = self.rows(client, q::HORIZON, &[]).await?;
        let at = rows.first().map_or(0, |row| row.get("now"));
        Ok(Horizon { at, took: self.spent, others: rows.iter().filter_map(other).collect() })
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

/// `None`: the row that says there is none.
fn other(row: &Row) -> Option<Other> {
    Some(Other {
        kind: row.get::<_, Option<String>>("kind")?,
        name: row.get("name"),
        pid: row.get("pid"),
        role: row.get("role"),
        database: row.get("database"),
        active: row.get("active"),
        age: row.get("age"),
        since: row.get("since"),
    })
}
