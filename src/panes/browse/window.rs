//! The rows of a relation that are in memory: a window of pages that moves with the cursor.

use crate::data::{rows::Batch, value::Cell};
use std::{collections::VecDeque, sync::Arc};

/// Rows kept around the cursor.
const MOST_ROWS: u64 = 2_000;
/// Bytes kept around the cursor.
const MOST_BYTES: usize = 8 << 20;
/// Where numbering begins when the first row's true number is unknown; far from both ends.
const UNKNOWN: u64 = 1 << 40;

/// From where rows are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Anchor {
    /// Row 0 is the first row.
    #[default]
    Start,
    /// The first row was not seen: numbers only tell rows apart.
    Unknown,
}

/// A window over all rows of a view, numbered from its anchor.
#[derive(Clone, Debug, Default)]
pub struct Window {
    pages: VecDeque<(u64, Arc<Batch>)>,
    first: u64,
    end: u64,
    size: usize,
    /// How rows are numbered.
    pub anchor: Anchor,
    /// No row comes before the window.
    pub at_start: bool,
    /// No row comes after the window.
    pub at_end: bool,
    /// With an unknown anchor: the number after the very last row, as it was seen.
    tail: u64,
}

impl Window {
    /// Rows read from the first one on.
    #[must_use]
    pub fn from_start() -> Self {
        Self { at_start: true, ..Self::default() }
    }

    fn unknown() -> Self {
        Self { first: UNKNOWN, end: UNKNOWN, anchor: Anchor::Unknown, ..Self::default() }
    }

    /// The last rows of all, given in their proper order. `total`: the number of all rows, when known.
    #[must_use]
    pub fn from_end(rows: Arc<Batch>, total: Option<u64>) -> Self {
        let count = rows.len() as u64;
        let mut this = match total.and_then(|t| t.checked_sub(count)) {
            Some(first) => Self { first, end: first, ..Self::default() },
            None => Self::unknown(),
        };
        this.push_back(rows);
        this.at_end = true;
        this.tail = this.end;
        this
    }

    /// Rows read anew from one whose number is taken over.
    #[must_use]
    pub fn at(old: &Self, number: u64) -> Self {
        Self { first: number, end: number, anchor: old.anchor, tail: old.tail, ..Self::default() }
    }

    /// How far a row is from the very end (1 is the last row), when rows are counted from there.
    #[must_use]
    pub fn before_end(&self, row: u64) -> Option<u64> {
        (self.anchor == Anchor::Unknown).then(|| self.tail.saturating_sub(row))
    }

    /// Number of the first row kept.
    #[must_use]
    pub fn first(&self) -> u64 {
        self.first
    }

    /// Number after the last row kept.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.end
    }

    /// No row is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.end == self.first
    }

    /// All rows are counted: the whole number of rows is known.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        (self.at_end && self.anchor == Anchor::Start).then_some(self.end)
    }

    /// Appends rows behind the window.
    pub fn push_back(&mut self, batch: Arc<Batch>) {
        if !batch.is_empty() {
            self.size += batch.size();
            let start = self.end;
            self.end += batch.len() as u64;
            self.pages.push_back((start, batch));
        }
    }

    /// Puts rows before the window, given in their proper order. Returns by how much the numbers of the
    /// rows already there grew: more than 0 only when there were more rows than the numbers left room for.
    pub fn push_front(&mut self, batch: Arc<Batch>) -> u64 {
        let rows = batch.len() as u64;
        if rows == 0 {
            return 0;
        }
        let by = rows.saturating_sub(self.first);
        self.shift(by);
        self.size += batch.size();
        self.first -= rows;
        self.pages.push_front((self.first, batch));
        by
    }

    fn shift(&mut self, by: u64) {
        self.first += by;
        self.end += by;
        for (start, _) in &mut self.pages {
            *start += by;
        }
    }

    /// The first row of all was reached: numbers rows from 0 and returns how much each number sank.
    pub fn number_from_start(&mut self) -> u64 {
        self.at_start = true;
        self.anchor = Anchor::Start;
        let by = self.first;
        self.first = 0;
        self.end -= by;
        for (start, _) in &mut self.pages {
            *start -= by;
        }
        by
    }

    /// Drops whole pages far from the cursor until the window is within its bounds.
    pub fn trim(&mut self, cursor: u64) {
        self.trim_to(cursor, MOST_ROWS, MOST_BYTES);
    }

    /// Drops whole pages far from the cursor until so many rows and bytes are left.
    pub fn trim_to(&mut self, cursor: u64, rows: u64, bytes: usize) {
        while self.pages.len() > 1 && (self.end - self.first > rows || self.size > bytes) {
            let before = cursor.saturating_sub(self.first);
            let after = self.end.saturating_sub(cursor);
            let gone = if before > after { self.pages.pop_front() } else { self.pages.pop_back() };
            let Some((start, batch)) = gone else { return };
            self.size -= batch.size();
            if start == self.first {
                self.first += batch.len() as u64;
                self.at_start = false;
            } else {
                self.end = start;
                self.at_end = false;
            }
        }
    }

    /// Keeps only the page of the cursor and its neighbours.
    pub fn shrink(&mut self, cursor: u64) {
        while let Some((start, batch)) = self.pages.back().filter(|(s, b)| *s > cursor + b.len() as u64) {
            self.size -= batch.size();
            self.end = *start;
            self.at_end = false;
            self.pages.pop_back();
        }
        while let Some((_, batch)) = self.pages.front().filter(|(s, b)| s + 2 * (b.len() as u64) < cursor) {
            self.size -= batch.size();
            self.first += batch.len() as u64;
            self.at_start = false;
            self.pages.pop_front();
        }
    }

    /// Where a row stands: its batch and its number in it.
    #[must_use]
    pub fn find(&self, row: u64) -> Option<(&Batch, usize)> {
        if row < self.first || row >= self.end {
            return None;
        }
        let at = self.pages.partition_point(|(start, _)| *start <= row).checked_sub(1)?;
        let (start, batch) = &self.pages[at];
        Some((batch, (row - start) as usize))
    }

    /// One cell; NULL when the row is not kept.
    #[must_use]
    pub fn cell(&self, row: u64, column: usize) -> Cell<'_> {
        let (batch, at) = self.find(row)?;
        batch.cell(at, column)
    }

    /// Texts of some columns of a row.
    #[must_use]
    pub fn texts(&self, row: u64, columns: &[usize]) -> Option<Vec<Option<String>>> {
        let (batch, at) = self.find(row)?;
        let text = |c: &usize| batch.cell(at, *c).map(|b| String::from_utf8_lossy(b).into_owned());
        Some(columns.iter().map(text).collect())
    }
}

/// The same rows in the opposite order.
#[must_use]
pub fn reversed(batch: &Batch) -> Batch {
    let mut out = Batch::new(batch.width());
    for row in (0..batch.len()).rev() {
        out.push(batch.row(row));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(from: i32, rows: i32) -> Arc<Batch> {
        let mut b = Batch::new(1);
        for n in from..from + rows {
            b.push([Some(n.to_string().as_bytes())]);
        }
        Arc::new(b)
    }

    fn text(w: &Window, row: u64) -> String {
        w.cell(row, 0).map(|b| String::from_utf8_lossy(b).into_owned()).unwrap_or_default()
    }

    #[test]
    fn pages_join_and_far_ones_go() {
        let mut w = Window::from_start();
        for n in 0..30 {
            w.push_back(page(n * 100, 100));
            w.trim(w.end() - 1);
        }
        assert_eq!((w.end(), w.first()), (3_000, 1_000));
        assert!(!w.at_start);
        assert_eq!(text(&w, 2_999), "2999");
        assert_eq!(text(&w, 1_000), "1000");
        assert_eq!(w.cell(999, 0), None);
        for n in (0..10).rev() {
            w.push_front(page(n * 100, 100));
            w.trim(w.first());
        }
        assert_eq!((w.first(), w.end()), (0, 2_000));
        assert_eq!(text(&w, 0), "0");
        assert_eq!(text(&w, 1_999), "1999");
    }

    #[test]
    fn numbers_are_found_when_the_start_is_reached() {
        let mut w = Window::from_end(page(50, 50), None);
        assert_eq!(w.before_end(UNKNOWN + 49), Some(1));
        assert_eq!(w.total(), None);
        w.push_front(page(0, 50));
        let by = w.number_from_start();
        assert_eq!(by, UNKNOWN - 50);
        assert_eq!((w.first(), w.end(), w.total()), (0, 100, Some(100)));
        assert_eq!(text(&w, 49), "49");
    }

    #[test]
    fn rows_inserted_before_the_start_do_not_wrap() {
        let mut w = Window::from_start();
        w.push_back(page(10, 5));
        assert_eq!(w.push_front(page(0, 3)), 3);
        assert_eq!((w.first(), w.end()), (0, 8));
        assert_eq!(text(&w, 0), "0");
        assert_eq!(text(&w, 3), "10");
    }

    #[test]
    fn shrinking_keeps_the_cursor() {
        let mut w = Window::from_start();
        for n in 0..15 {
            w.push_back(page(n * 100, 100));
        }
        w.shrink(730);
        assert!(
            w.first() <= 700 && w.end() >= 800 && w.end() - w.first() <= 400,
            "{} {}",
            w.first(),
            w.end()
        );
        assert_eq!(text(&w, 730), "730");
    }

    #[test]
    fn upside_down() {
        let r = reversed(&page(0, 3));
        assert_eq!((r.cell(0, 0), r.cell(2, 0)), (Some(&b"2"[..]), Some(&b"0"[..])));
    }
}
