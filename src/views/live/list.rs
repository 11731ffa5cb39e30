//! A list that lives: rows come and go between samples, and the cursor stays on the one it was on.

use crate::{
    core::{
        command::Command,
        event::{Mouse, MouseKind},
        theme::Theme,
    },
    widgets::{cursor::Cursor, paint},
};
use ratatui::{buffer::Buffer, layout::Rect};

/// A column of a list.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Heading.
    pub title: &'static str,
    /// Cells; 0: what is left.
    pub cells: u16,
    /// Numbers stand at the right.
    pub right: bool,
    /// The list's width from which on it is shown.
    pub from: u16,
}

impl Column {
    /// A column of so many cells, shown from this width of the list on.
    #[must_use]
    pub const fn new(title: &'static str, cells: u16, right: bool, from: u16) -> Self {
        Self { title, cells, right, from }
    }
}

/// What the mouse did to a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hit {
    /// Nothing that asks for more.
    Moved,
    /// The row under the cursor is to be opened.
    Open,
}

/// A list whose rows are known by a key.
#[derive(Debug)]
pub struct List<K> {
    keys: Vec<K>,
    cursor: Cursor,
}

impl<K> Default for List<K> {
    fn default() -> Self {
        Self { keys: vec![], cursor: Cursor::default() }
    }
}

impl<K: PartialEq + Clone> List<K> {
    /// The rows are these now. The cursor stays on its row; when that is gone, at its place.
    pub fn settle(&mut self, keys: Vec<K>) {
        if let Some(key) = self.chosen()
            && keys.get(self.cursor.at) != Some(key)
            && let Some(at) = keys.iter().position(|k| k == key)
        {
            self.cursor.at = at;
        }
        self.keys = keys;
        self.cursor.at = self.cursor.at.min(self.keys.len().saturating_sub(1));
    }

    /// The row under the cursor.
    #[must_use]
    pub fn chosen(&self) -> Option<&K> {
        self.keys.get(self.cursor.at)
    }

    /// Number of the row under the cursor.
    #[must_use]
    pub fn at(&self) -> usize {
        self.cursor.at
    }

    /// The cursor to a row; `false`: it is not there.
    pub fn go(&mut self, key: &K) -> bool {
        let place = self.keys.iter().position(|k| k == key);
        self.cursor.at = place.unwrap_or(self.cursor.at);
        place.is_some()
    }

    /// Moves the cursor; `false`: not a command of moving.
    pub fn command(&mut self, command: Command) -> bool {
        self.cursor.command(command, self.keys.len())
    }

    /// The wheel moves, a click chooses, a second one opens.
    pub fn mouse(&mut self, mouse: Mouse) -> Hit {
        let len = self.keys.len();
        match mouse.kind {
            MouseKind::ScrollUp => self.cursor.wheel(-3, len),
            MouseKind::ScrollDown => self.cursor.wheel(3, len),
            MouseKind::Press => drop(self.cursor.click(mouse.x, mouse.y, len)),
            MouseKind::Double if self.cursor.click(mouse.x, mouse.y, len) => return Hit::Open,
            MouseKind::Double | MouseKind::Drag => {}
        }
        Hit::Moved
    }

    /// Draws the heading and the rows in view; `cell` gives text and style of a row's column.
    pub fn draw(
        &mut self,
        buf: &mut Buffer,
        area: Rect,
        columns: &[Column],
        theme: &Theme,
        cell: impl Fn(&K, usize) -> (String, &'static str),
    ) {
        if area.height < 2 {
            return self.cursor.hide();
        }
        let shown: Vec<(usize, u16)> = places(columns, area.width);
        let head = Rect { height: 1, ..area };
        paint::fill(buf, head, theme.style("grid.header"));
        let mut x = area.x + 1;
        for (column, cells) in &shown {
            let row = &columns[*column];
            if row.right {
                paint::put_right(buf, x, area.y, *cells, row.title, theme.style("grid.header"));
            } else {
                paint::put_clipped(buf, x, area.y, *cells, row.title, theme.style("grid.header"));
            }
            x += cells + 1;
        }
        let body = Rect { y: area.y + 1, height: area.height - 1, ..area };
        for (line, place) in self.cursor.lines(body, self.keys.len()) {
            let (key, y) = (&self.keys[line], place.y);
            let mut x = area.x + 1;
            for (column, cells) in &shown {
                let (text, style) = cell(key, *column);
                if columns[*column].right {
                    paint::put_right(buf, x, y, *cells, &text, theme.style(style));
                } else {
                    paint::put_clipped(buf, x, y, *cells, &text, theme.style(style));
                }
                x += cells + 1;
            }
            if line == self.cursor.at {
                paint::put(buf, area.x, y, 1, "▌", theme.style("border.focus"));
                paint::tint(buf, place, theme.style("list.cursor"));
            }
        }
    }
}

/// Which columns are shown and how wide: one of width 0 takes what is left.
fn places(columns: &[Column], width: u16) -> Vec<(usize, u16)> {
    let shown: Vec<usize> = (0..columns.len()).filter(|n| columns[*n].from <= width).collect();
    let fixed: u16 = shown.iter().map(|n| columns[*n].cells + 1).sum();
    let left = width.saturating_sub(fixed + 1);
    let cells = |n: usize| if columns[n].cells == 0 { left } else { columns[n].cells };
    shown.into_iter().map(|n| (n, cells(n))).filter(|(_, cells)| *cells > 0).collect()
}
