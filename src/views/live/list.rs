//! A list that lives: rows come and go between samples, and the cursor stays on the one it was on.

use crate::{
    core::{command::Command, theme::Theme},
    widgets::paint,
};
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};

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

/// Cursor and scrolling of a list whose rows are known by a key.
#[derive(Debug)]
pub struct List<K> {
    keys: Vec<K>,
    at: usize,
    top: usize,
    area: Rect,
}

impl<K> Default for List<K> {
    fn default() -> Self {
        Self { keys: vec![], at: 0, top: 0, area: Rect::default() }
    }
}

impl<K: PartialEq + Clone> List<K> {
    /// The rows are these now. The cursor stays on its row; when that is gone, at its place.
    pub fn settle(&mut self, keys: Vec<K>) {
        if let Some(key) = self.keys.get(self.at)
            && let Some(at) = keys.iter().position(|k| k == key)
        {
            self.at = at;
        }
        self.keys = keys;
        self.at = self.at.min(self.keys.len().saturating_sub(1));
    }

    /// The row under the cursor.
    #[must_use]
    pub fn chosen(&self) -> Option<&K> {
        self.keys.get(self.at)
    }

    /// Number of the row under the cursor.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// The cursor to a row; `false`: it is not there.
    pub fn go(&mut self, key: &K) -> bool {
        match self.keys.iter().position(|k| k == key) {
            Some(at) => {
                self.at = at;
                true
            }
            None => false,
        }
    }

    /// Moves the cursor; `false`: not a command of moving.
    pub fn command(&mut self, command: Command) -> bool {
        let page = usize::from(self.area.height.saturating_sub(1)).max(1);
        let last = self.keys.len().saturating_sub(1);
        self.at = match command {
            Command::Up => self.at.saturating_sub(1),
            Command::Down => self.at + 1,
            Command::HalfUp => self.at.saturating_sub(page / 2),
            Command::HalfDown => self.at + page / 2,
            Command::PageUp => self.at.saturating_sub(page),
            Command::PageDown => self.at + page,
            Command::First => 0,
            Command::Last => last,
            _ => return false,
        }
        .min(last);
        true
    }

    /// The wheel.
    pub fn wheel(&mut self, by: i64) {
        let last = self.keys.len().saturating_sub(1);
        self.at = self.at.saturating_add_signed(by as isize).min(last);
    }

    /// A click on a row puts the cursor there; `false` elsewhere.
    pub fn click(&mut self, x: u16, y: u16) -> bool {
        if !self.area.contains(Position { x, y }) || y == self.area.y {
            return false;
        }
        let at = self.top + usize::from(y - self.area.y - 1);
        if at < self.keys.len() {
            self.at = at;
        }
        at < self.keys.len()
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
        self.area = area;
        if area.height < 2 {
            return;
        }
        let lines = usize::from(area.height - 1);
        self.top = self.top.min(self.at).max((self.at + 1).saturating_sub(lines));
        self.top = self.top.min(self.keys.len().saturating_sub(lines));
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
        for (line, key) in self.keys.iter().skip(self.top).take(lines).enumerate() {
            let y = area.y + 1 + line as u16;
            let cursor = self.top + line == self.at;
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
            if cursor {
                paint::put(buf, area.x, y, 1, "▌", theme.style("border.focus"));
                paint::tint(buf, Rect { y, height: 1, ..area }, theme.style("list.cursor"));
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
