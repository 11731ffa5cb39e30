//! A grid's state: cursor, scroll, marks, selection, search; and the commands on it.

use super::{
    columns::{Columns, GridLayout},
    find::{Found, Needle, Search},
    layout::{Hit, Layout},
    source::GridSource,
};
use crate::{core::command::Command, text::units};
use std::collections::BTreeSet;

/// Rows that would be good to have loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Rows before the loaded ones.
    Before,
    /// Rows behind the loaded ones.
    After,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct GridState {
    pub(super) row: u64,
    /// Position among the shown columns.
    pub(super) position: usize,
    pub(super) top: u64,
    pub(super) left: usize,
    pub(super) columns: Columns,
    pub(super) marks: BTreeSet<u64>,
    pub(super) anchor: Option<u64>,
    pub(super) needle: Needle,
    /// Matches are not shown.
    pub(super) quiet: bool,
    search: Option<Search>,
    found: Option<String>,
    pub(super) last: Layout,
    upward: bool,
    /// Widest column unless widened by hand (`Settings::column_width`).
    pub cap: u16,
    /// Draw row numbers.
    pub numbers: bool,
}

impl Default for GridState {
    fn default() -> Self {
        Self {
            row: 0,
            position: 0,
            top: 0,
            left: 0,
            columns: Columns::default(),
            marks: BTreeSet::new(),
            anchor: None,
            needle: Needle::default(),
            quiet: false,
            search: None,
            found: None,
            last: Layout::default(),
            upward: false,
            cap: 40,
            numbers: false,
        }
    }
}

impl GridState {
    /// A grid whose columns are at most `cap` wide.
    #[must_use]
    pub fn new(cap: u16) -> Self {
        Self { cap, ..Self::default() }
    }

    /// Another result with other columns: forgets all but the settings and the text searched for.
    pub fn reset(&mut self) {
        let old = std::mem::take(self);
        self.needle = old.needle;
        self.cap = old.cap;
        self.numbers = old.numbers;
        self.last = old.last;
    }

    /// Other rows of the same columns: to their first row; marks, selection and widths go.
    pub fn reset_rows(&mut self, first: u64) {
        self.row = first;
        self.top = first;
        self.marks.clear();
        self.anchor = None;
        self.search = None;
        self.found = None;
        self.columns.forget_widths();
    }

    /// Cells on the screen hold something else by now: columns grow to show it.
    pub fn measure_again(&mut self) {
        self.columns.measure_again();
    }

    /// Absolute number of the cursor's row.
    #[must_use]
    pub fn row(&self) -> u64 {
        self.row
    }

    /// Source number of the cursor's column.
    #[must_use]
    pub fn column(&self) -> usize {
        self.columns.shown.get(self.position).copied().unwrap_or(0)
    }

    /// Absolute number of the first row on the screen.
    #[must_use]
    pub fn top(&self) -> u64 {
        self.top
    }

    /// The cursor to this row (clamped to the loaded ones at the next use).
    pub fn go_row(&mut self, row: u64) {
        self.upward = row < self.row;
        self.row = row;
    }

    /// The cursor to this column, which is shown if it was hidden.
    pub fn go_column(&mut self, column: usize) {
        self.columns.set_hidden(column, false);
        if let Some(at) = self.columns.shown.iter().position(|c| *c == column) {
            self.position = at;
        }
    }

    /// Absolute row numbers changed by this much: cursor, scroll and marks go with their rows.
    pub fn shift(&mut self, rows: i64) {
        let moved = |n: u64| n.saturating_add_signed(rows);
        self.row = moved(self.row);
        self.top = moved(self.top);
        self.anchor = self.anchor.map(moved);
        self.marks = self.marks.iter().map(|n| moved(*n)).collect();
        self.last.rows = moved(self.last.rows.start)..moved(self.last.rows.end);
        self.columns.shift_rows(rows);
        self.search = None;
    }

    /// Takes over the source's present size; called by commands and drawing.
    pub fn fit(&mut self, source: &dyn GridSource) {
        self.columns.fit(source.columns());
        self.position = self.position.min(self.columns.shown.len().saturating_sub(1));
        let last = source.end().saturating_sub(1).max(source.first());
        self.row = self.row.clamp(source.first(), last);
    }

    /// Does a command of the grid; `false`: not the grid's.
    ///
    /// `Find`, `Columns`, copying and opening are the pane's: see `find`, `layout`, `rows_selected`.
    pub fn command(&mut self, command: Command, source: &dyn GridSource) -> bool {
        self.fit(source);
        match command {
            Command::Up => self.move_rows(-1, source),
            Command::Down => self.move_rows(1, source),
            Command::HalfUp | Command::HalfDown | Command::PageUp | Command::PageDown => {
                self.scroll_rows(self.rows_of(command).unwrap_or(0), source);
            }
            Command::First => self.go_row(source.first()),
            Command::Last => self.go_row(source.end().saturating_sub(1).max(source.first())),
            Command::Left | Command::PreviousColumn => self.position = self.position.saturating_sub(1),
            Command::Right | Command::NextColumn => {
                self.position = (self.position + 1).min(self.columns.shown.len().saturating_sub(1));
            }
            Command::FirstColumn => self.position = 0,
            Command::LastColumn => self.position = self.columns.shown.len().saturating_sub(1),
            Command::MarkRow => {
                self.toggle_mark(self.row);
                self.move_rows(1, source);
            }
            Command::SelectRows => {
                self.anchor = if self.anchor.is_some() { None } else { Some(self.row) };
            }
            Command::Freeze => {
                let wanted = self.position + 1;
                self.columns.frozen = if self.columns.frozen == wanted { 0 } else { wanted };
            }
            Command::HideColumn => self.hide(self.column(), true),
            Command::Wider => self.widen(source, 1),
            Command::Narrower => self.widen(source, -1),
            Command::FindNext => self.find_next(source, true),
            Command::FindPrevious => self.find_next(source, false),
            Command::Clear => return self.clear(),
            _ => return false,
        }
        true
    }

    /// How many rows down (or, below 0, up) a command means, loaded or not.
    #[must_use]
    pub fn rows_of(&self, command: Command) -> Option<i64> {
        let page = i64::from(self.last.room().max(2) - 1);
        Some(match command {
            Command::Up => -1,
            Command::Down => 1,
            Command::HalfUp => -(page + 1) / 2,
            Command::HalfDown => (page + 1) / 2,
            Command::PageUp => -page,
            Command::PageDown => page,
            _ => return None,
        })
    }

    fn move_rows(&mut self, by: i64, source: &dyn GridSource) {
        let row = self.row.saturating_add_signed(by);
        self.upward = by < 0;
        self.row = row;
        self.fit(source);
    }

    /// Moves the cursor and what is on the screen together, so that it stays at its height.
    pub fn scroll_rows(&mut self, by: i64, source: &dyn GridSource) {
        let last_top = source.end().saturating_sub(u64::from(self.last.room())).max(source.first());
        self.top = self.top.saturating_add_signed(by).clamp(source.first(), last_top);
        self.move_rows(by, source);
    }

    /// The mouse wheel: scrolls by rows, the cursor stays on the screen.
    pub fn wheel(&mut self, by: i64, source: &dyn GridSource) {
        self.fit(source);
        let room = u64::from(self.last.room().max(1));
        let last_top = source.end().saturating_sub(room).max(source.first());
        self.top = self.top.saturating_add_signed(by).clamp(source.first(), last_top);
        self.upward = by < 0;
        self.row = self.row.clamp(self.top, self.top + room - 1);
        self.fit(source);
    }

    /// What is at this point of the screen, as last drawn.
    #[must_use]
    pub fn hit(&self, x: u16, y: u16) -> Option<Hit> {
        self.last.hit(x, y)
    }

    /// A click: the cursor goes to the cell or row hit.
    pub fn click(&mut self, x: u16, y: u16) -> Option<Hit> {
        let hit = self.hit(x, y)?;
        match hit {
            Hit::Cell(row, column) => {
                self.go_row(row);
                self.go_column(column);
            }
            Hit::Gutter(row) => self.go_row(row),
            Hit::Header(column) => self.go_column(column),
        }
        Some(hit)
    }

    /// Which rows should be fetched, so that the next page is there before it is asked for.
    #[must_use]
    pub fn wants(&self, source: &dyn GridSource) -> Option<Want> {
        let ahead = u64::from(self.last.room().max(10)) * 2;
        let after = source.more_after() && self.row.max(self.top) + ahead >= source.end();
        let before = source.more_before() && self.row.min(self.top) < source.first() + ahead;
        match (before, after) {
            (true, true) => Some(if self.upward { Want::Before } else { Want::After }),
            (true, false) => Some(Want::Before),
            (false, true) => Some(Want::After),
            (false, false) => None,
        }
    }

    fn toggle_mark(&mut self, row: u64) {
        if !self.marks.remove(&row) {
            self.marks.insert(row);
        }
    }

    /// A selection of rows from an anchor to the cursor is on.
    #[must_use]
    pub fn selecting(&self) -> bool {
        self.anchor.is_some()
    }

    /// Rows marked one by one.
    #[must_use]
    pub fn marked(&self) -> usize {
        self.marks.len()
    }

    /// Is this row marked?
    #[must_use]
    pub fn is_marked(&self, row: u64) -> bool {
        self.marks.contains(&row)
    }

    /// Marks a row.
    pub fn mark(&mut self, row: u64) {
        self.marks.insert(row);
    }

    /// The loaded rows that are marked.
    #[must_use]
    pub fn marks(&self, source: &dyn GridSource) -> Vec<u64> {
        self.marks.range(source.first()..source.end()).copied().collect()
    }

    /// Where the selection of rows begins.
    #[must_use]
    pub fn anchor(&self) -> Option<u64> {
        self.anchor
    }

    /// Selects the rows from this one to the cursor.
    pub fn select_from(&mut self, row: u64) {
        self.anchor = Some(row);
    }

    /// Ends the selection and takes all marks away; `false` when there were none.
    pub fn clear_marks(&mut self) -> bool {
        let any = self.clear_selection() || !self.marks.is_empty();
        self.marks.clear();
        any
    }

    /// Ends the selection; `false` when there was none.
    pub fn clear_selection(&mut self) -> bool {
        self.anchor.take().is_some()
    }

    /// Ends a search and shows its matches no more, until one goes to the next of them; `false` when none were shown.
    pub fn hide_found(&mut self) -> bool {
        let any = self.found.take().is_some() | self.search.take().is_some();
        let shown = !self.needle.is_empty() && !std::mem::replace(&mut self.quiet, true);
        any || shown
    }

    /// Takes away the text found, else the selection, else the marks; `false`: there was nothing of it.
    pub fn clear(&mut self) -> bool {
        self.hide_found() || self.clear_marks()
    }

    pub(super) fn is_selected(&self, row: u64) -> bool {
        self.anchor.is_some_and(|a| (a.min(self.row)..=a.max(self.row)).contains(&row))
    }

    /// The loaded rows a copy means: the selection, else the marked ones, else the cursor's.
    #[must_use]
    pub fn rows_selected(&self, source: &dyn GridSource) -> Vec<u64> {
        let loaded = source.first()..source.end();
        if let Some(a) = self.anchor {
            return (a.min(self.row).max(loaded.start)..(a.max(self.row) + 1).min(loaded.end)).collect();
        }
        if !self.marks.is_empty() {
            return self.marks.range(loaded).copied().collect();
        }
        if loaded.contains(&self.row) { vec![self.row] } else { vec![] }
    }

    /// Marked or selected rows that are not loaded any more, so that a copy would lack them.
    #[must_use]
    pub fn rows_missing(&self, source: &dyn GridSource) -> u64 {
        let all = match self.anchor {
            Some(a) => a.abs_diff(self.row) + 1,
            None if self.marks.is_empty() => 1.min(source.end() - source.first()),
            None => self.marks.len() as u64,
        };
        all.saturating_sub(self.rows_selected(source).len() as u64)
    }

    /// Source numbers of the shown columns, in order.
    #[must_use]
    pub fn shown(&self) -> &[usize] {
        &self.columns.shown
    }

    /// Is this column hidden?
    #[must_use]
    pub fn is_hidden(&self, column: usize) -> bool {
        self.columns.is_hidden(column)
    }

    /// Hides or shows a column; the cursor stays on its own unless that is the one.
    pub fn hide(&mut self, column: usize, hidden: bool) {
        let here = self.column();
        if self.columns.set_hidden(column, hidden) {
            if let Some(at) = self.columns.shown.iter().position(|c| *c == here) {
                self.position = at;
            }
            self.position = self.position.min(self.columns.shown.len().saturating_sub(1));
        }
    }

    /// Moves a column one place left or right; the cursor goes with it.
    pub fn reorder(&mut self, column: usize, right: bool) {
        if self.columns.shift(column, right) {
            self.go_column(column);
        }
    }

    /// How many of the shown columns are frozen.
    #[must_use]
    pub fn frozen(&self) -> usize {
        self.columns.frozen
    }

    /// Freezes the first `count` shown columns (at most half of the pane is used by them).
    pub fn set_frozen(&mut self, count: usize) {
        self.columns.frozen = count;
    }

    /// What was done to the columns, to be remembered.
    #[must_use]
    pub fn layout(&self) -> GridLayout {
        self.columns.layout()
    }

    /// Puts a remembered layout back.
    pub fn set_layout(&mut self, layout: &GridLayout, source: &dyn GridSource) {
        self.fit(source);
        self.columns.set_layout(layout);
        self.fit(source);
    }

    fn widen(&mut self, source: &dyn GridSource, by: i32) {
        let column = self.column();
        if column >= source.columns() {
            return;
        }
        let rows = self.last.rows.start.max(source.first())..self.last.rows.end.min(source.end());
        let now = self.columns.width(source, column, &rows, self.cap);
        let step = i32::from((now / 8).max(2));
        self.columns.set_width(column, (i32::from(now) + by * step).clamp(0, 1000) as u16);
    }

    /// Sets the text to find; empty ends the search. Then `find_next` goes to a match.
    pub fn find(&mut self, text: &str) {
        self.needle = Needle::new(text);
        self.quiet = false;
        self.search = None;
        self.found = None;
    }

    /// The text looked for.
    #[must_use]
    pub fn finding(&self) -> &str {
        self.needle.text()
    }

    /// To the next or previous match after the cursor; see `searching` for what it left to do.
    pub fn find_next(&mut self, source: &dyn GridSource, forward: bool) {
        self.fit(source);
        if self.needle.is_empty() {
            self.found = Some("nothing to find: type / first".into());
            return;
        }
        let rows = source.end() - source.first();
        self.quiet = false;
        self.search = Some(Search::new(self.row, self.position, forward, rows));
        self.find_step(source);
    }

    /// True while a search has looked at a part of the rows only: call `find_step` at the next tick.
    #[must_use]
    pub fn searching(&self) -> bool {
        self.search.is_some()
    }

    /// Looks at the next part of the rows.
    pub fn find_step(&mut self, source: &dyn GridSource) -> Found {
        let Some(search) = &mut self.search else { return Found::Nowhere };
        let found = search.step(&self.needle, source, &self.columns.shown);
        let text = crate::text::clean::line(self.needle.text()).into_owned();
        self.found = match found {
            Found::At(row, column) => {
                let wrapped = search.wrapped;
                self.go_row(row);
                self.go_column(column);
                wrapped.then(|| format!("/{text} · from the other end of the loaded rows"))
            }
            Found::Nowhere => Some(format!("/{text} · not in the loaded rows")),
            Found::Searching => Some(format!("/{text} · searching …")),
        };
        if found != Found::Searching {
            self.search = None;
        }
        found
    }

    /// What the search has to say, if anything.
    #[must_use]
    pub fn find_message(&self) -> Option<&str> {
        self.found.as_deref()
    }

    /// Where the cursor is: `row 12 · column 3/8`, with marks and selection.
    #[must_use]
    pub fn position(&self, source: &dyn GridSource) -> String {
        if source.end() <= source.first() {
            return String::new();
        }
        let mut out = format!("row {}", units::count(self.row + 1));
        if self.columns.shown.len() > 1 {
            out.push_str(&format!(" · column {}/{}", self.position + 1, self.columns.shown.len()));
        }
        let hidden = source.columns().saturating_sub(self.columns.shown.len());
        if hidden > 0 && !self.columns.shown.is_empty() {
            out.push_str(&format!(" ({hidden} hidden)"));
        }
        if let Some(a) = self.anchor {
            let rows = a.abs_diff(self.row) + 1;
            out.push_str(&format!(" · {} selected", units::counted(rows, "row", "rows")));
        } else if !self.marks.is_empty() {
            out.push_str(&format!(" · {} marked", self.marks.len()));
        }
        out
    }
}
