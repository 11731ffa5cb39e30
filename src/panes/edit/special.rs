//! The menu of values that are no text: NULL, the empty text, DEFAULT, now().

use super::{kind, kind::Shape};
use crate::{
    core::{command::Command, theme::Theme},
    data::{catalog::ColumnInfo, edits::Value},
    text::width,
    widgets::paint,
};
use ratatui::{buffer::Buffer, layout::Rect};

/// A line of the menu.
#[derive(Debug)]
struct Row {
    letter: char,
    label: &'static str,
    remark: String,
    /// `None`: it cannot be chosen, the remark says why.
    value: Option<Value>,
}

/// See the module.
#[derive(Debug)]
pub struct Special {
    rows: Vec<Row>,
    at: usize,
    area: Rect,
}

impl Special {
    /// What is possible for this column.
    #[must_use]
    pub fn new(column: &ColumnInfo, new: bool) -> Self {
        let mut rows = vec![];
        let mut add = |letter, label, remark: &str, value| {
            rows.push(Row { letter, label, remark: remark.into(), value });
        };
        if column.not_null {
            add('n', "NULL", &format!("{} is NOT NULL", column.name), None);
        } else {
            add('n', "NULL", "no value", Some(Value::Null));
        }
        if kind::takes_empty(column) {
            add('e', "empty text", "a text without characters", Some(Value::Text(String::new())));
        }
        if kind::has_default(column) {
            add('d', "DEFAULT", &kind::default_text(column), Some(Value::Default));
        } else if new {
            add('d', "not given", "the server takes NULL", Some(Value::Default));
        }
        if Shape::of(column) == Shape::Time {
            add('t', "now()", "the time of the transaction that applies it", Some(Value::Now));
        }
        let at = rows.iter().position(|r| r.value.is_some()).unwrap_or(0);
        Self { rows, at, area: Rect::default() }
    }

    /// Cells and lines it would like.
    #[must_use]
    pub fn wants(&self) -> (u16, u16) {
        let cells = self.rows.iter().map(|r| 20 + width::width(&r.remark)).max().unwrap_or(20);
        (cells.min(usize::from(u16::MAX)) as u16, self.rows.len() as u16)
    }

    /// Moves; `false`: none of its own.
    pub fn command(&mut self, command: Command) -> bool {
        let last = self.rows.len().saturating_sub(1);
        self.at = match command {
            Command::ListUp => self.at.checked_sub(1).unwrap_or(last),
            Command::ListDown if self.at >= last => 0,
            Command::ListDown => self.at + 1,
            _ => return false,
        };
        true
    }

    /// What a letter chooses; `Err`: why it cannot be chosen.
    ///
    /// # Errors
    /// See above.
    pub fn letter(&mut self, c: char) -> Option<Result<Value, String>> {
        self.at = self.rows.iter().position(|r| r.letter == c.to_ascii_lowercase())?;
        self.chosen()
    }

    /// What stands under the cursor.
    #[must_use]
    pub fn chosen(&self) -> Option<Result<Value, String>> {
        let row = self.rows.get(self.at)?;
        Some(row.value.clone().ok_or_else(|| row.remark.clone()))
    }

    /// The cursor to this line of the screen.
    pub fn click(&mut self, x: u16, y: u16) -> bool {
        let at = usize::from(y.saturating_sub(self.area.y));
        let hit = self.area.contains((x, y).into()) && at < self.rows.len();
        if hit {
            self.at = at;
        }
        hit
    }

    /// Draws the menu.
    pub fn draw(&mut self, buf: &mut Buffer, area: Rect, theme: &Theme) {
        self.area = area;
        for (n, row) in self.rows.iter().enumerate().take(usize::from(area.height)) {
            let line = Rect { y: area.y + n as u16, height: 1, ..area };
            let here = n == self.at;
            let base = theme.style(if here { "list.cursor" } else { "popup" });
            if here {
                paint::fill(buf, line, base);
            }
            let dim = if here { base } else { theme.style("text.dim") };
            let key = if here { base } else { theme.style("key") };
            paint::put(buf, line.x, line.y, 2, if here { "▸" } else { " " }, base);
            paint::put(buf, line.x + 2, line.y, 2, &row.letter.to_string(), key);
            let label = if row.value.is_some() { base } else { dim };
            paint::put(buf, line.x + 5, line.y, 12, row.label, label);
            let x = line.x + 17;
            paint::put_clipped(buf, x, line.y, line.right().saturating_sub(x), &row.remark, dim);
        }
    }
}
