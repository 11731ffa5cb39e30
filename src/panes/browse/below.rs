//! Master and detail: a lower grid with the rows that refer to the row under the upper cursor.

use super::{fetch::Goal, table::Table};
use crate::{
    core::pane::Cx,
    data::catalog::{Detail, ForeignKey},
    sql::filter::Condition,
};
use std::time::Duration;

/// How long the cursor must rest before the lower grid is read.
const REST: Duration = Duration::from_millis(80);

/// The lower grid.
#[derive(Debug)]
pub struct Below {
    /// By which reference.
    pub key: ForeignKey,
    /// The rows.
    pub table: Table,
    /// The values of the upper row it shows or is about to show.
    of: Option<Vec<Option<String>>>,
    /// When to read.
    due: Option<Duration>,
    /// Why there is nothing to read.
    pub nothing: Option<&'static str>,
}

impl Below {
    /// The rows that refer by this key.
    #[must_use]
    pub fn new(key: ForeignKey, cx: &mut Cx<'_>) -> Self {
        let mut table = Table::new(cx.world, key.from_oid);
        table.given = true;
        table.pinned = key.from_columns.len();
        table.name = format!("{}.{}", key.from.0, key.from.1);
        Self { key, table, of: None, due: None, nothing: Some("no row above") }
    }

    /// The upper cursor may stand on another row: takes note, reads once it rests.
    pub fn follow(&mut self, upper: &Table, cx: &mut Cx<'_>) {
        let values = self.values_of(upper);
        if values == self.of {
            return;
        }
        self.nothing = match &values {
            None if upper.window.is_empty() => Some("no row above"),
            None => Some("the value above cannot be looked up by: too long, or a time with a zone's name"),
            Some(v) if v.iter().any(Option::is_none) => Some("NULL above: nothing can refer to it"),
            Some(_) => None,
        };
        let first = self.of.is_none();
        self.of = values;
        if self.nothing.is_some() {
            self.due = None;
            self.table.stop(cx);
            return;
        }
        self.table.stale.get_or_insert(cx.world.now);
        self.due = Some(if first { cx.world.now } else { cx.world.now + REST });
        if first {
            self.tick(cx);
        }
    }

    fn values_of(&self, upper: &Table) -> Option<Vec<Option<String>>> {
        let row = upper.grid.row();
        upper.window.find(row)?;
        self.key.to_columns.iter().map(|c| upper.here(row, upper.column_named(c)?)).collect()
    }

    /// When it wants to be woken.
    #[must_use]
    pub fn wants_tick(&self) -> Option<Duration> {
        self.due
    }

    /// Reads, if the cursor has rested long enough.
    pub fn tick(&mut self, cx: &mut Cx<'_>) {
        if self.due.is_none_or(|due| due > cx.world.now) {
            return;
        }
        self.due = None;
        let Some(values) = &self.of else { return };
        let linked = self.key.from_columns.iter().zip(values).map(|(c, v)| Condition::equal(c, v.clone()));
        let own = self
            .table
            .view
            .filter
            .conditions
            .split_off(self.table.pinned.min(self.table.view.filter.conditions.len()));
        self.table.view.filter.conditions = linked.chain(own).collect();
        self.table.trouble = None;
        self.table.stale.get_or_insert(cx.world.now);
        if self.table.detail.is_some() {
            self.table.begin(Goal::First, cx);
        } else if self.table.describing.is_none() {
            self.table.open(cx);
        }
    }

    /// Reads anew.
    pub fn refresh(&mut self, cx: &mut Cx<'_>) {
        if self.nothing.is_none() {
            self.table.refresh(cx);
        }
    }

    /// `user_id = 17`.
    #[must_use]
    pub fn link(&self) -> String {
        let values = self.of.iter().flatten();
        let pairs: Vec<String> = (self.key.from_columns.iter().zip(values))
            .map(|(c, v)| format!("{c} = {}", v.as_deref().unwrap_or("NULL")))
            .collect();
        pairs.join(" and ")
    }
}

/// The reference to show below a table by itself: a choice made before, or the first example of all.
#[must_use]
pub fn by_itself(detail: &Detail, chosen: Option<&str>) -> Option<ForeignKey> {
    let mut keys = detail.referenced_by.iter();
    match chosen {
        Some(name) => keys.find(|k| k.name == name).cloned(),
        None if &*detail.relation.name == "users" => keys.find(|k| k.from.1 == "posts").cloned(),
        None => None,
    }
}

/// The reference after this one, round to none.
#[must_use]
pub fn next_key(detail: &Detail, now: Option<&ForeignKey>) -> Option<ForeignKey> {
    let at = now.and_then(|n| detail.referenced_by.iter().position(|k| k == n));
    detail.referenced_by.get(at.map_or(0, |i| i + 1)).cloned()
}
