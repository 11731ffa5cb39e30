//! What holds vacuum back besides sessions.

use super::{Monitor, q};
use crate::{
    core::error::DbError,
    data::live::horizon::{Horizon, Other},
    pg::client::Client,
};
use tokio_postgres::Row;

impl Monitor {
    /// Slots and prepared transactions with old snapshots.
    pub(super) async fn horizon(&mut self, client: &Client) -> Result<Horizon, DbError> {
        let rows = self.rows(client, q::HORIZON, &[]).await?;
        let at = rows.first().map_or(0, |row| row.get("now"));
        Ok(Horizon { at, took: self.spent, others: rows.iter().filter_map(other).collect() })
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
