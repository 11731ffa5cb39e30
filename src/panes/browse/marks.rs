//! Marked rows. They are known by their keys, so that they stay marked when rows are read anew, and when they leave
//! the loaded rows and come back.

use super::table::Table;
use crate::data::edits::RowKey;
use std::collections::HashSet;

/// What stands marked before rows are read anew.
#[derive(Debug)]
pub struct Before {
    /// The loaded rows with marks, by number.
    rows: Vec<(u64, RowKey)>,
    /// The row at which the selection begins.
    anchor: Option<RowKey>,
}

impl Table {
    /// After a row was marked or its mark taken away.
    pub(super) fn note_mark(&mut self, row: u64) {
        if let Some(key) = self.key_of(row) {
            if self.grid.is_marked(row) {
                self.marked.insert(key);
            } else {
                self.marked.remove(&key);
            }
        }
    }

    /// Takes all marks away; `false` when there were none.
    pub(super) fn clear_marks(&mut self) -> bool {
        let any = !self.marked.is_empty() | (self.grid.marked() > 0);
        self.marked.clear();
        self.grid.clear_marks();
        any
    }

    /// Takes away what Esc takes away: the text found, then the selection, then the marks; `false`: nothing is there.
    pub(super) fn clear(&mut self) -> bool {
        self.grid.hide_found() || self.clear_chosen()
    }

    /// The same without the text found.
    pub(super) fn clear_chosen(&mut self) -> bool {
        self.grid.clear_selection() || self.clear_marks()
    }

    /// The loaded rows that a command means: the selected ones, else the marked ones, else the cursor's.
    #[must_use]
    pub(super) fn rows_chosen(&self) -> Vec<u64> {
        if self.grid.selecting() || self.marked.is_empty() {
            return self.grid.rows_selected(self);
        }
        self.grid.marks(self)
    }

    /// Rows that are selected, or else marked, loaded or not.
    #[must_use]
    pub(super) fn chosen(&self) -> u64 {
        if self.grid.selecting() || self.marked.is_empty() {
            let any = self.grid.selecting() || self.grid.marked() > 0;
            return if any { self.grid.rows_selected(self).len() as u64 + self.missing() } else { 0 };
        }
        self.marked.len() as u64
    }

    /// Rows that are selected, or else marked, and not loaded.
    #[must_use]
    pub(super) fn missing(&self) -> u64 {
        if self.grid.selecting() || self.marked.is_empty() {
            return self.grid.rows_missing(self);
        }
        let here = self.grid.marks(self).len() as u64;
        (self.marked.len() as u64).saturating_sub(here)
    }

    /// Marks the loaded rows whose keys are marked: rows came.
    pub(super) fn mark_again(&mut self) {
        if self.marked.is_empty() {
            return;
        }
        for row in self.window.first()..self.window.end() {
            if self.key_of(row).is_some_and(|key| self.marked.contains(&key)) {
                self.grid.mark(row);
            }
        }
    }

    /// What is marked now, to be found again in rows read anew.
    pub(super) fn marks_before(&self) -> Before {
        let rows = if self.marked.is_empty() { vec![] } else { self.grid.marks(self) };
        Before {
            rows: rows.into_iter().filter_map(|row| Some((row, self.key_of(row)?))).collect(),
            anchor: self.grid.anchor().and_then(|row| self.key_of(row)),
        }
    }

    /// The same rows were read anew, from the one of this number on: those that are not among them are gone.
    pub(super) fn marks_after(&mut self, before: Before, from: u64) {
        self.grid.clear_marks();
        let end = if self.window.at_end { u64::MAX } else { self.window.end() };
        let numbered: Vec<(u64, RowKey)> = if self.marked.is_empty() && before.anchor.is_none() {
            vec![]
        } else {
            (self.window.first()..self.window.end()).filter_map(|r| Some((r, self.key_of(r)?))).collect()
        };
        let here: HashSet<&RowKey> = numbered.iter().map(|(_, key)| key).collect();
        for (row, key) in before.rows {
            if (from..end).contains(&row) && !here.contains(&key) {
                self.marked.remove(&key);
            }
        }
        for (row, key) in &numbered {
            if self.marked.contains(key) {
                self.grid.mark(*row);
            }
            if before.anchor.as_ref() == Some(key) {
                self.grid.select_from(*row);
            }
        }
    }
}
