//! The completion list at the cursor.

use crate::{
    core::{command::Command, theme::Theme},
    sql::complete::{Completion, Item},
    text::width,
    widgets::paint,
};
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};

/// Lines shown at once.
const LINES: u16 = 10;
/// Widest list.
const WIDEST: u16 = 70;

/// An open list.
#[derive(Debug)]
pub(super) struct List {
    completion: Completion,
    at: usize,
    top: usize,
    area: Rect,
}

impl List {
    /// A list with something in it.
    pub fn new(completion: Completion) -> Option<Self> {
        (!completion.items.is_empty()).then(|| Self { completion, at: 0, top: 0, area: Rect::default() })
    }

    /// The chosen item and the bytes it replaces.
    pub fn chosen(&self) -> Option<(&Item, std::ops::Range<usize>)> {
        let item = self.completion.items.get(self.at)?;
        Some((item, self.completion.start..self.completion.end))
    }

    /// Moves; `false`: not the list's.
    pub fn command(&mut self, command: Command) -> bool {
        let last = self.completion.items.len().saturating_sub(1);
        let page = LINES as usize - 1;
        self.at = match command {
            Command::ListUp => self.at.checked_sub(1).unwrap_or(last),
            Command::ListDown if self.at >= last => 0,
            Command::ListDown => self.at + 1,
            Command::ListPageUp => self.at.saturating_sub(page),
            Command::ListPageDown => (self.at + page).min(last),
            _ => return false,
        };
        true
    }

    /// A click: true when it chose an item.
    pub fn click(&mut self, x: u16, y: u16) -> bool {
        let inside = self.area.contains(Position { x, y });
        if inside {
            self.at = (self.top + (y - self.area.y) as usize).min(self.completion.items.len() - 1);
        }
        inside
    }

    /// Draws below the cursor, or above where there is no room.
    pub fn draw(&mut self, buf: &mut Buffer, area: Rect, cursor: Position, theme: &Theme) {
        let items = &self.completion.items;
        let shown = (items.len() as u16).min(LINES);
        let Position { x, y } = cursor;
        let below = area.bottom().saturating_sub(y + 1);
        let above = y.saturating_sub(area.y);
        let (top, height) = if below >= shown || below >= above {
            (y + 1, shown.min(below))
        } else {
            let height = shown.min(above);
            (y - height, height)
        };
        if height == 0 {
            return;
        }
        self.top = self.top.clamp((self.at + 1).saturating_sub(height as usize), self.at);
        let visible = || items.iter().skip(self.top).take(height as usize);
        let name = visible().map(|i| width::width(&i.insert)).max().unwrap_or(0).min(44);
        let kind = visible().map(|i| i.kind.word().len()).max().unwrap_or(0);
        let remark = visible().map(|i| width::width(&i.remark)).max().unwrap_or(0).min(30);
        let cells = ((name + kind + remark + 6) as u16).min(WIDEST).min(area.width);
        let left = x.min(area.right().saturating_sub(cells)).max(area.x);
        self.area = Rect { x: left, y: top, width: cells, height };
        for (n, item) in visible().enumerate() {
            let y = top + n as u16;
            let current = self.top + n == self.at;
            let row = Rect { y, height: 1, ..self.area };
            let base = theme.style("popup");
            let base = if current { base.patch(theme.style("list.cursor")) } else { base };
            let dim = if current { base } else { base.patch(theme.style("text.dim")) };
            paint::fill(buf, row, base);
            let room = cells.saturating_sub(2);
            paint::put(buf, left, y, 1, if current { "▸" } else { " " }, base);
            let end = paint::put_clipped(buf, left + 1, y, room.min(name as u16), &item.insert, base);
            let column = (left + 1 + name as u16 + 1).max(end);
            let rest = row.right().saturating_sub(column + 1);
            paint::put(buf, column, y, rest, item.kind.word(), dim);
            let column = column + kind as u16 + 1;
            paint::put_clipped(buf, column, y, row.right().saturating_sub(column + 1), &item.remark, dim);
        }
        // More than fits: say so at the edge.
        if items.len() > height as usize {
            let more = format!("{}/{}", self.at + 1, items.len());
            let y = top + height - 1;
            let width = (more.len() as u16).min(cells);
            let style = theme.style("popup").patch(theme.style("text.dim"));
            paint::put(buf, self.area.right() - width, y, width, &more, style);
        }
    }
}
