//! Staged changes laid over the rows of a table, and the new rows that stand above them.

use super::table::Table;
use crate::{
    data::edits::{Change, Staged, TableRef, Text, Value, What},
    sql::edit::version_columns,
    widgets::grid::{GridCell, GridColumn, GridSource, GridState, Touch},
};
use std::{borrow::Cow, sync::Arc};

/// What is staged for a table, as it is drawn.
#[derive(Debug, Default)]
pub struct Overlay {
    staged: Arc<Staged>,
    /// Something is staged for this very table.
    here: bool,
    /// Its new rows, in order.
    new: Vec<(u64, Arc<Change>)>,
    /// All rows are to go by a change of a filter.
    bulk: usize,
    /// The grid of the new rows.
    pub grid: GridState,
    /// The cursor is among the new rows.
    pub focused: bool,
    /// A new row is on its way: the cursor goes there.
    pub to_row: Option<u64>,
}

impl Overlay {
    /// Nothing staged; this grid is to show new rows.
    #[must_use]
    pub fn new(grid: GridState) -> Self {
        Self { grid, ..Self::default() }
    }

    /// Takes what is staged for the relation.
    fn set(&mut self, oid: u32, staged: &Arc<Staged>) {
        self.here = staged.changes().iter().any(|c| c.table.oid == oid);
        self.new = staged.inserts(oid).map(|(id, c)| (id, Arc::clone(c))).collect();
        let bulk = |c: &&Arc<Change>| c.table.oid == oid && matches!(c.what, What::Bulk { .. });
        self.bulk = staged.changes().iter().filter(bulk).count();
        self.staged = Arc::clone(staged);
        if let Some(row) = self.to_row.take().filter(|r| *r < self.new.len() as u64) {
            self.focused = true;
            self.grid.go_row(row);
        }
        self.focused &= !self.new.is_empty();
    }

    /// The new rows.
    #[must_use]
    pub fn new_rows(&self) -> &[(u64, Arc<Change>)] {
        &self.new
    }

    /// The new row under the cursor.
    #[must_use]
    pub fn new_row(&self) -> Option<(u64, &Arc<Change>)> {
        let at = usize::try_from(self.grid.row()).ok()?;
        self.new.get(at).filter(|_| self.focused).map(|(id, c)| (*id, c))
    }

    /// The number of a staged change among all.
    #[must_use]
    pub fn number(&self, change: &Arc<Change>) -> Option<usize> {
        self.staged.changes().iter().position(|c| Arc::ptr_eq(c, change))
    }

    /// `2 new, 1 by filter`, for the title.
    #[must_use]
    pub fn describe(&self) -> String {
        match (self.new.len(), self.bulk) {
            (0, 0) => String::new(),
            (n, 0) => format!("{n} new"),
            (0, b) => format!("{b} by filter staged"),
            (n, b) => format!("{n} new, {b} by filter staged"),
        }
    }
}

impl Table {
    /// Takes what is staged for it now.
    pub fn take_staged(&mut self, staged: &Arc<Staged>) {
        if Arc::ptr_eq(&self.overlay.staged, staged) && self.overlay.to_row.is_none() {
            return;
        }
        self.overlay.set(self.oid, staged);
        self.grid.measure_again();
        self.overlay.grid.measure_again();
    }

    /// The relation as staged changes name it.
    #[must_use]
    pub fn reference(&self) -> Option<TableRef> {
        let r = &self.detail.as_ref()?.relation;
        Some(TableRef { oid: r.oid, schema: Arc::clone(&r.schema), name: Arc::clone(&r.name) })
    }

    /// The staged change of a stored row.
    #[must_use]
    pub fn change_of(&self, row: u64) -> Option<&Arc<Change>> {
        if !self.overlay.here {
            return None;
        }
        self.overlay.staged.row(self.oid, &self.key_of(row)?)
    }

    /// What is staged for a cell of a stored row.
    #[must_use]
    pub fn staged_value(&self, row: u64, column: usize) -> Option<&Value> {
        let name = &self.detail.as_ref()?.columns.get(column)?.name;
        self.change_of(row)?.value(name)
    }

    /// A staged value in place of the stored one.
    #[must_use]
    pub fn staged_cell(&self, row: u64, column: usize) -> Option<GridCell<'_>> {
        self.staged_value(row, column).map(GridCell::staged)
    }

    /// What is stored in a cell, as far as it was seen whole.
    #[must_use]
    pub fn seen(&self, row: u64, column: usize) -> Option<Text> {
        match self.stored_cell(row, column) {
            GridCell::Null => Some(None),
            GridCell::Text(b) => Some(Some(std::str::from_utf8(b).ok()?.to_owned())),
            GridCell::Cut(..) | GridCell::Loading | GridCell::Word(_) => None,
        }
    }

    /// The columns that tell whether the row was changed meanwhile, as seen.
    #[must_use]
    pub fn version(&self, row: u64) -> Vec<(String, Text)> {
        let Some(detail) = &self.detail else { return vec![] };
        version_columns(detail)
            .into_iter()
            .filter_map(|c| {
                let at = detail.columns.iter().position(|d| d.attnum == c.attnum)?;
                Some((c.name.clone(), self.seen(row, at)?))
            })
            .collect()
    }

    /// All columns of a row that were seen whole.
    #[must_use]
    pub fn seen_whole(&self, row: u64) -> Vec<(String, Text)> {
        let Some(detail) = &self.detail else { return vec![] };
        let columns = detail.columns.iter().enumerate();
        columns.filter_map(|(at, c)| Some((c.name.clone(), self.seen(row, at)?))).collect()
    }

    /// What is to happen to a stored row.
    #[must_use]
    pub fn touch_of(&self, row: u64) -> Touch {
        self.change_of(row).map_or(Touch::None, |c| Touch::of(c))
    }

    /// Lends the grid of the new rows out together with its source.
    pub fn with_new<R>(&mut self, f: impl FnOnce(&mut GridState, &NewRows<'_>) -> R) -> R {
        let mut grid = std::mem::take(&mut self.overlay.grid);
        let out = f(&mut grid, &NewRows(self));
        self.overlay.grid = grid;
        out
    }
}

/// The new rows of a table as a source of their own.
pub struct NewRows<'a>(pub &'a Table);

impl GridSource for NewRows<'_> {
    fn columns(&self) -> usize {
        GridSource::columns(self.0)
    }

    fn column(&self, column: usize) -> GridColumn<'_> {
        let mut head = self.0.column(column);
        let required =
            self.0.detail.as_ref().and_then(|d| d.columns.get(column)).is_some_and(|c| c.is_required());
        if required {
            head.detail = Cow::Owned(format!("{} !", head.detail));
        }
        GridColumn { sort: None, ..head }
    }

    fn first(&self) -> u64 {
        0
    }

    fn end(&self) -> u64 {
        self.0.overlay.new.len() as u64
    }

    fn cell(&self, row: u64, column: usize) -> GridCell<'_> {
        let table = self.0;
        let Some(info) = table.detail.as_ref().and_then(|d| d.columns.get(column)) else {
            return GridCell::Null;
        };
        let change = usize::try_from(row).ok().and_then(|r| table.overlay.new.get(r));
        match change.and_then(|(_, c)| c.value(&info.name)) {
            Some(value) => GridCell::staged(value),
            None if info.generated => GridCell::Word("‹generated›"),
            None if info.default.is_some() || info.is_identity() => GridCell::Word("‹default›"),
            None if info.is_required() => GridCell::Word("‹required›"),
            None => GridCell::Null,
        }
    }

    fn row_touch(&self, _: u64) -> Touch {
        Touch::Added
    }

    fn touch(&self, row: u64, column: usize) -> Touch {
        let info = self.0.detail.as_ref().and_then(|d| d.columns.get(column));
        let change = usize::try_from(row).ok().and_then(|r| self.0.overlay.new.get(r));
        let given = info.zip(change).is_some_and(|(i, (_, c))| c.value(&i.name).is_some());
        if given { Touch::Added } else { Touch::None }
    }
}
