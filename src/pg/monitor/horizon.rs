//! What holds vacuum back besides sessions.

use super::{Monitor, q};
use crate::{
    core::error::DbError,
    data::{
        health::Table,
        live::horizon::{Heed, Horizon, Other},
    },
    pg::client::Client,
    sql::heed::heed,
};
use tokio_postgres::Row;

impl Monitor {
    /// Slots and prepared transactions with old snapshots.
    pub(super) async fn horizon(&mut self, client: &Client) -> Result<Horizon, DbError> {
        let rows = self.rows(client, q::HORIZON, &[]).await?;
        let first = rows.first();
        Ok(Horizon {
            at: first.map_or(0, |row| row.get("now")),
            database: first.and_then(|row| row.get::<_, Option<u32>>("here")).unwrap_or(0),
            standby: first.is_some_and(|row| row.get("standby")),
            took: self.spent,
            others: rows.iter().filter_map(other).collect(),
        })
    }
}

/// Whether vacuum heeds a session's snapshot. `vacuums`: a lazy VACUUM reports its progress just now, which is sure; its
/// text tells while it waits for its table. `worker`: it works for another process, whose text it shows.
pub(super) fn heeded(
    vacuums: bool,
    active: bool,
    worker: bool,
    version: u32,
    text: &str,
    whole: bool,
) -> Heed {
    // Before 14 no worker took over what its leader is exempt from, and builders of indexes were not.
    let young = version >= 140_000;
    if vacuums {
        return Heed::No;
    }
    if !active || worker && !young {
        return Heed::Yes;
    }
    match heed(text, whole) {
        // Only vacuuming is shared among workers, not what comes after it.
        Heed::Analyzing if worker => Heed::No,
        Heed::OfCatalogs if !young => Heed::Yes,
        heed => heed,
    }
}

/// In Health's answer the statements of those who hold snapshots stand only to tell whether vacuum heeds these: that
/// takes their place.
pub(super) fn heed_told(table: Table, version: u32) -> Table {
    let heeds = table.rows().map(|row| {
        let (active, whole) = (row.text("state") == "active", row.is("whole"));
        heeded(row.is("vacuums"), active, row.is("worker"), version, row.text("query"), whole)
    });
    let heeds: Vec<Heed> = heeds.collect();
    let Table { mut columns, mut rows } = table;
    if let Some(at) = columns.iter().position(|c| c == "query") {
        columns[at] = "heed".into();
        for (row, heed) in rows.iter_mut().zip(heeds) {
            row[at] = Some(heed.name().into());
        }
    }
    Table { columns, rows }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_surer_than_a_text() {
        let of =
            |vacuums, active, worker, version, text| heeded(vacuums, active, worker, version, text, true);
        let (both, index) = ("vacuum analyze t", "create index concurrently on t (a)");
        assert_eq!(of(true, true, false, 130_000, both), Heed::No);
        assert_eq!(of(false, true, false, 180_000, both), Heed::Analyzing);
        assert_eq!(of(false, true, true, 140_000, both), Heed::No);
        assert_eq!(of(false, true, true, 130_000, "vacuum t"), Heed::Yes);
        assert_eq!(of(false, true, false, 130_000, "vacuum t"), Heed::No);
        assert_eq!(of(false, false, false, 180_000, "vacuum t"), Heed::Yes, "it is over");
        assert_eq!(of(false, true, false, 130_000, index), Heed::Yes);
        assert_eq!(of(false, true, false, 140_000, index), Heed::OfCatalogs);
    }
}
