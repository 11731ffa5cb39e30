//! Where the columns and rows of a grid stand on the screen, and what is under the mouse.

use super::{columns::Columns, source::GridSource};
use ratatui::layout::Rect;
use std::ops::Range;

/// One column as drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Drawn {
    /// Number in the source.
    pub(super) column: usize,
    pub(super) x: u16,
    pub(super) width: u16,
}

/// A drawing's geometry; the last one is kept for the mouse and for page sizes.
#[derive(Clone, Debug, Default)]
pub(super) struct Layout {
    pub(super) area: Rect,
    /// Lines of heading.
    pub(super) head: u16,
    /// Cells left of the columns: row number and mark.
    pub(super) gutter: u16,
    pub(super) rows: Range<u64>,
    pub(super) columns: Vec<Drawn>,
    /// How many of them are frozen.
    pub(super) frozen: usize,
    /// Columns left of the scrolled part, or right of the screen, that are not drawn whole.
    pub(super) more_left: bool,
    pub(super) more_right: bool,
}

/// What is under a point of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hit {
    /// The heading of this column.
    Header(usize),
    /// A cell: absolute row, column of the source.
    Cell(u64, usize),
    /// Left of the columns, in this row.
    Gutter(u64),
}

impl Layout {
    /// Rows of data that fit.
    pub(super) fn room(&self) -> u16 {
        self.area.height.saturating_sub(self.head)
    }

    pub(super) fn hit(&self, x: u16, y: u16) -> Option<Hit> {
        if !self.area.contains((x, y).into()) {
            return None;
        }
        // The gap behind a column belongs to it.
        let column = self.columns.iter().rev().find(|c| x >= c.x).map(|c| c.column);
        let line = y - self.area.y;
        if line < self.head {
            return column.map(Hit::Header);
        }
        let row = self.rows.start + u64::from(line - self.head);
        if row >= self.rows.end {
            return None;
        }
        Some(column.map_or(Hit::Gutter(row), |c| Hit::Cell(row, c)))
    }
}

/// Lines of heading a pane of this height has.
pub(super) fn head_lines(height: u16) -> u16 {
    match height {
        0 | 1 => 0,
        2..=7 => 1,
        _ => 2,
    }
}

/// Places columns from left to right.
pub(super) struct Placing<'a> {
    pub(super) columns: &'a mut Columns,
    pub(super) source: &'a dyn GridSource,
    pub(super) rows: Range<u64>,
    pub(super) cap: u16,
    /// Blanks between columns.
    pub(super) gap: u16,
}

impl Placing<'_> {
    fn width(&mut self, position: usize) -> u16 {
        let column = self.columns.shown[position];
        self.columns.width(self.source, column, &self.rows, self.cap)
    }

    /// How many of the frozen columns fit into half of the room.
    pub(super) fn frozen(&mut self, room: u16) -> usize {
        let mut used = 0;
        for at in 0..self.columns.frozen {
            used += self.width(at) + self.gap;
            if used > room / 2 {
                return at;
            }
        }
        self.columns.frozen
    }

    /// The scroll position (a place among the shown columns) that shows the cursor's column.
    pub(super) fn scroll_to(&mut self, cursor: usize, left: usize, frozen: usize, room: u16) -> usize {
        if cursor < frozen {
            return left.max(frozen).min(self.columns.shown.len().saturating_sub(1).max(frozen));
        }
        let left = left.clamp(frozen, self.columns.shown.len().saturating_sub(1).max(frozen));
        if cursor < left {
            return cursor;
        }
        // Going back from the cursor: how far left may the first column be?
        let mut used = self.width(cursor);
        let mut first = cursor;
        while first > left {
            used += self.width(first - 1) + self.gap;
            if used > room {
                return first;
            }
            first -= 1;
        }
        left
    }

    /// When the last column stands on the screen with room behind it, the scroll goes back a bit.
    pub(super) fn fill_back(&mut self, left: usize, frozen: usize, room: u16) -> usize {
        let mut used = 0;
        for at in left..self.columns.shown.len() {
            used += self.width(at) + self.gap;
            if used > room + self.gap {
                return left;
            }
        }
        let mut left = left;
        while left > frozen {
            used += self.width(left - 1) + self.gap;
            if used > room + self.gap {
                break;
            }
            left -= 1;
        }
        left
    }

    /// Places the columns `range` from `x` on; the last may be cut at `end`.
    pub(super) fn place(
        &mut self,
        range: Range<usize>,
        x: u16,
        end: u16,
        out: &mut Vec<Drawn>,
    ) -> (u16, bool) {
        let mut x = x;
        for at in range {
            let room = end.saturating_sub(x);
            let wanted = self.width(at);
            if room < wanted.min(4) || room == 0 {
                return (x, true);
            }
            out.push(Drawn { column: self.columns.shown[at], x, width: wanted.min(room) });
            if wanted > room {
                return (end, true);
            }
            x += wanted + self.gap;
        }
        (x, false)
    }

    /// Gives room that is left to columns whose values were cut at the cap.
    pub(super) fn spread(&mut self, room: u16, drawn: &mut [Drawn]) {
        let mut room = room;
        let mut wishes: Vec<(usize, u16)> = vec![];
        for (at, d) in drawn.iter().enumerate() {
            if !self.columns.by_hand(d.column) {
                let natural = self.columns.measure(self.source, d.column, &self.rows);
                if natural > d.width {
                    wishes.push((at, natural - d.width));
                }
            }
        }
        wishes.sort_by_key(|(_, more)| *more);
        let mut grown = vec![0u16; drawn.len()];
        for (done, (at, more)) in wishes.iter().enumerate() {
            let share = room / (wishes.len() - done) as u16;
            grown[*at] = (*more).min(share);
            room -= grown[*at];
        }
        let mut moved = 0;
        for (d, more) in drawn.iter_mut().zip(grown) {
            d.x += moved;
            d.width += more;
            moved += more;
        }
    }
}
