//! Moving over more rows than are loaded: what a movement did not get is owed until its rows are here.

use super::{
    fetch::{Goal, STREAM_BYTES},
    table::Table,
};
use crate::{
    core::{command::Command, effect::Effect, pane::Cx},
    widgets::grid::Want,
};

/// Rows still to be moved that are remembered while pages are under way.
const MOST_OWED: i64 = 10_000;

impl Table {
    /// After a movement: fetches what will be wanted next.
    pub fn look_ahead(&mut self, cx: &mut Cx<'_>) {
        if self.detail.is_none() || self.trouble.is_some() || self.describing.is_some() {
            return;
        }
        if self.fetch.is_none() && (self.view != self.good || self.stale.is_some()) {
            return self.begin(Goal::First, cx); // it was pushed aside by another read
        }
        let want = if self.to_end && !self.window.at_end { Some(Want::After) } else { self.grid.wants(self) };
        let Some(want) = want else { return };
        match &mut self.fetch {
            Some(f) if f.resting => {
                f.resting = false;
                f.since = cx.world.now;
                cx.ask(Effect::More { job: f.job, credit: STREAM_BYTES });
            }
            Some(_) => {}
            None => self.begin(if want == Want::Before { Goal::Before } else { Goal::After }, cx),
        }
    }

    /// Cursor movement, with what lies beyond the loaded rows.
    pub fn travel(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        match command {
            Command::First if !self.window.at_start && self.detail.is_some() => {
                self.trouble = None;
                self.begin(Goal::First, cx);
                return true;
            }
            Command::Last if !self.window.at_end && self.detail.is_some() => {
                self.trouble = None;
                if self.keyed {
                    self.begin(Goal::Last, cx);
                } else {
                    self.to_end = true;
                    self.look_ahead(cx);
                }
                return true;
            }
            _ => {}
        }
        if !matches!(command, Command::Last) {
            self.to_end = false;
        }
        let at = self.grid.row();
        let rows = self.grid.rows_of(command);
        if !self.grid_command(command) {
            return false;
        }
        if command == Command::MarkRow {
            self.note_mark(at);
        }
        if let Some(rows) = rows {
            self.owe(rows, at);
            self.owed = self.owed.clamp(-MOST_OWED, MOST_OWED);
        } else if matches!(command, Command::First | Command::Last) {
            self.owed = 0;
        }
        self.look_ahead(cx);
        true
    }

    /// Remembers what a movement from row `at` by so many rows did not get, because it ran into the end of the
    /// loaded rows. A movement the other way forgets what was owed.
    fn owe(&mut self, rows: i64, at: u64) {
        if self.owed.signum() == -rows.signum() {
            self.owed = 0;
        }
        let more = if rows > 0 { !self.window.at_end } else { !self.window.at_start && self.keyed };
        if more && !self.window.is_empty() && self.trouble.is_none() {
            self.owed += rows - at.abs_diff(self.grid.row()) as i64 * rows.signum();
        }
    }

    /// Movements that waited for these rows.
    pub(super) fn pay(&mut self, cx: &mut Cx<'_>) {
        let rows = std::mem::take(&mut self.owed);
        if rows != 0 {
            let at = self.grid.row();
            self.with_grid(|grid, source| grid.scroll_rows(rows, source));
            self.owe(rows, at);
        }
        self.look_ahead(cx);
    }
}
