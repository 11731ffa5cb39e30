//! The columns of a grid: order, hidden ones, frozen ones, widths.

use super::source::{GridCell, GridSource};
use crate::text::{clean, width};
use std::ops::Range;

/// Cells measured of one value: more is never shown in a grid unless asked for.
const MEASURED: usize = 200;
/// Cells of a heading's second line that may widen a column.
const DETAIL: usize = 10;
/// Narrowest column.
const NARROWEST: u16 = 3;

/// What the user did to the columns, to be remembered and put back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GridLayout {
    /// Column numbers in the order shown, hidden ones included.
    pub order: Vec<usize>,
    /// Hidden columns.
    pub hidden: Vec<usize>,
    /// Widths set by hand: column and width.
    pub widths: Vec<(usize, u16)>,
    /// How many of the shown columns are frozen.
    pub frozen: usize,
}

#[derive(Clone, Debug, Default)]
struct Width {
    by_hand: Option<u16>,
    /// Widest of heading and rows seen, at most `MEASURED`.
    natural: u16,
    seen: Range<u64>,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns {
    order: Vec<usize>,
    hidden: Vec<bool>,
    widths: Vec<Width>,
    /// The shown ones in order: made from the two above.
    pub(super) shown: Vec<usize>,
    pub(super) frozen: usize,
}

impl Columns {
    /// Takes over the source's number of columns; a new number starts afresh.
    pub(super) fn fit(&mut self, count: usize) {
        if self.order.len() != count {
            *self = Self {
                order: (0..count).collect(),
                hidden: vec![false; count],
                widths: vec![Width::default(); count],
                shown: (0..count).collect(),
                frozen: self.frozen.min(count),
            };
        }
    }

    fn rebuild(&mut self) {
        self.shown = self.order.iter().copied().filter(|c| !self.hidden[*c]).collect();
        self.frozen = self.frozen.min(self.shown.len());
    }

    pub(super) fn layout(&self) -> GridLayout {
        let hand = |(c, w): (usize, &Width)| w.by_hand.map(|n| (c, n));
        GridLayout {
            order: self.order.clone(),
            hidden: (0..self.hidden.len()).filter(|c| self.hidden[*c]).collect(),
            widths: self.widths.iter().enumerate().filter_map(hand).collect(),
            frozen: self.frozen,
        }
    }

    /// Puts a layout back; numbers that no longer exist are passed over, missing ones come last.
    pub(super) fn set_layout(&mut self, layout: &GridLayout) {
        let count = self.order.len();
        let mut placed = vec![false; count];
        self.order.clear();
        for c in layout.order.iter().copied().chain(0..count) {
            if c < count && !placed[c] {
                placed[c] = true;
                self.order.push(c);
            }
        }
        self.hidden = vec![false; count];
        for c in layout.hidden.iter().filter(|c| **c < count) {
            self.hidden[*c] = true;
        }
        if count > 0 && self.hidden.iter().all(|h| *h) {
            self.hidden[self.order[0]] = false;
        }
        for w in &mut self.widths {
            w.by_hand = None;
        }
        for (c, n) in layout.widths.iter().filter(|(c, _)| *c < count) {
            self.widths[*c].by_hand = Some((*n).max(NARROWEST));
        }
        self.frozen = layout.frozen;
        self.rebuild();
    }

    /// Hides or shows a column; the last shown one stays.
    pub(super) fn set_hidden(&mut self, column: usize, hidden: bool) -> bool {
        let Some(now) = self.hidden.get_mut(column) else { return false };
        if *now == hidden || (hidden && self.shown.len() <= 1) {
            return false;
        }
        *now = hidden;
        // What was frozen stays frozen: the line moves with a column hidden or shown before it.
        let order = |c: usize| self.order.iter().position(|o| *o == c);
        let last_frozen = self.frozen.checked_sub(1).and_then(|f| self.shown.get(f)).copied();
        if let Some(last) = last_frozen
            && order(column) <= order(last)
        {
            self.frozen = if hidden { self.frozen - 1 } else { self.frozen + 1 };
        }
        self.rebuild();
        true
    }

    /// Moves a shown column by one place.
    pub(super) fn shift(&mut self, column: usize, right: bool) -> bool {
        let Some(at) = self.shown.iter().position(|c| *c == column) else { return false };
        let other = if right { self.shown.get(at + 1) } else { at.checked_sub(1).map(|a| &self.shown[a]) };
        let Some(other) = other.copied() else { return false };
        let place = |c: usize| self.order.iter().position(|o| *o == c);
        if let (Some(a), Some(b)) = (place(column), place(other)) {
            self.order.swap(a, b);
            self.rebuild();
        }
        true
    }

    pub(super) fn is_hidden(&self, column: usize) -> bool {
        self.hidden.get(column).copied().unwrap_or(false)
    }

    pub(super) fn by_hand(&self, column: usize) -> bool {
        self.widths.get(column).is_some_and(|w| w.by_hand.is_some())
    }

    pub(super) fn set_width(&mut self, column: usize, cells: u16) {
        if let Some(w) = self.widths.get_mut(column) {
            w.by_hand = Some(cells.clamp(NARROWEST, 1000));
        }
    }

    /// Forgets what was measured (other rows of the same columns are shown now).
    pub(super) fn forget_widths(&mut self) {
        for w in &mut self.widths {
            w.natural = 0;
            w.seen = 0..0;
        }
    }

    /// Cells hold something else by now: they are measured again, and no column shrinks.
    pub(super) fn measure_again(&mut self) {
        for w in &mut self.widths {
            w.seen = 0..0;
        }
    }

    /// Absolute row numbers moved.
    pub(super) fn shift_rows(&mut self, rows: i64) {
        for w in &mut self.widths {
            let moved = |n: u64| n.saturating_add_signed(rows);
            w.seen = moved(w.seen.start)..moved(w.seen.end);
        }
    }

    /// How wide a column is drawn: by hand, or as measured up to the cap.
    pub(super) fn width(
        &mut self,
        source: &dyn GridSource,
        column: usize,
        rows: &Range<u64>,
        cap: u16,
    ) -> u16 {
        if let Some(n) = self.widths[column].by_hand {
            return n;
        }
        self.measure(source, column, rows).clamp(NARROWEST, cap.max(NARROWEST))
    }

    /// How wide it would like to be; looks only at rows not seen before.
    pub(super) fn measure(&mut self, source: &dyn GridSource, column: usize, rows: &Range<u64>) -> u16 {
        let w = &mut self.widths[column];
        let mut natural = w.natural as usize;
        if natural == 0 {
            let head = source.column(column);
            let mark = head.sort.map_or(0, |s| if s.rank == 0 { 2 } else { 3 });
            natural = width::width_to(&clean::line(head.name), MEASURED) + mark;
            natural = natural.max(width::width_to(&clean::line(&head.detail), MEASURED).min(DETAIL));
        }
        let joins = w.seen.start <= rows.end && rows.start <= w.seen.end && !w.seen.is_empty();
        let seen = if joins { w.seen.clone() } else { rows.start..rows.start };
        let mut all_here = true;
        for row in (rows.start..seen.start.min(rows.end)).chain(seen.end.max(rows.start)..rows.end) {
            let cells = match source.cell(row, column) {
                GridCell::Loading => {
                    all_here = false;
                    0
                }
                GridCell::Null => width::width(super::NULL),
                GridCell::Text([]) => width::width(super::EMPTY),
                GridCell::Text(b) => cells(b),
                GridCell::Cut(b, _) => cells(b) + 1,
                GridCell::Word(w) => cells(w.as_bytes()),
            };
            natural = natural.max(cells);
        }
        w.natural = natural.min(MEASURED) as u16;
        if all_here {
            w.seen = seen.start.min(rows.start)..seen.end.max(rows.end);
        }
        w.natural
    }
}

fn cells(bytes: &[u8]) -> usize {
    width::width_to(&clean::start(bytes, MEASURED).text, MEASURED)
}
