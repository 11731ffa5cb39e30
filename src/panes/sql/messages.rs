//! The messages of a run: errors with all they say, notices, notifications, command tags, in order.

use crate::{
    core::{command::Command, error::DbError, pane::Tone, theme::Theme},
    text::{clean, width},
    widgets::paint,
};
use ratatui::{buffer::Buffer, layout::Rect};

/// Messages kept.
const MOST: usize = 2_000;

/// One message.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub tone: Tone,
    /// May have several lines; as the server sent it.
    pub text: String,
    /// A place in the editor it is about.
    pub jump: Option<usize>,
}

/// All messages since the last run began, and how far they are scrolled.
#[derive(Debug, Default)]
pub(super) struct Messages {
    list: Vec<Message>,
    /// Lines scrolled up from the end.
    up: usize,
    /// Lines and height of the last drawing.
    drawn: (usize, usize),
}

impl Messages {
    pub fn clear(&mut self) {
        self.list.clear();
        self.up = 0;
    }

    pub fn add(&mut self, tone: Tone, text: impl Into<String>, jump: Option<usize>) {
        if self.list.len() >= MOST {
            self.list.drain(..MOST / 10);
        }
        self.list.push(Message { tone, text: text.into(), jump });
        self.up = 0;
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// The latest place in the editor that a message is about.
    pub fn place(&self) -> Option<usize> {
        self.list.iter().rev().find_map(|m| m.jump)
    }

    /// The latest message.
    pub fn last(&self) -> Option<&Message> {
        self.list.last()
    }

    /// All of it as text, for copying.
    pub fn text(&self) -> String {
        self.list.iter().map(|m| m.text.as_str()).collect::<Vec<_>>().join("\n")
    }

    /// Scrolls.
    pub fn command(&mut self, command: Command) -> bool {
        let (lines, height) = self.drawn;
        let most = lines.saturating_sub(height);
        let page = height.max(2) - 1;
        self.up = match command {
            Command::Up => self.up + 1,
            Command::Down => self.up.saturating_sub(1),
            Command::HalfUp => self.up + page.div_ceil(2),
            Command::HalfDown => self.up.saturating_sub(page.div_ceil(2)),
            Command::PageUp => self.up + page,
            Command::PageDown => self.up.saturating_sub(page),
            Command::First => most,
            Command::Last => 0,
            _ => return false,
        }
        .min(most);
        true
    }

    /// The wheel.
    pub fn wheel(&mut self, up: bool) {
        for _ in 0..3 {
            self.command(if up { Command::Up } else { Command::Down });
        }
    }

    pub fn draw(&mut self, buf: &mut Buffer, area: Rect, theme: &Theme) {
        let cells = area.width.saturating_sub(2) as usize;
        if cells == 0 || area.height == 0 {
            return;
        }
        let mut lines = vec![];
        for m in &self.list {
            let style = theme.style(match m.tone {
                Tone::Ok => "message.ok",
                Tone::Note => "message.notice",
                Tone::Warning => "message.warning",
                Tone::Error => "message.error",
            });
            let text = clean::text(&m.text).into_owned();
            for (n, line) in text.lines().enumerate() {
                let style = if n == 0 { style } else { theme.style("text") };
                for part in width::wrap(line, cells) {
                    lines.push((line[part].to_owned(), style));
                }
            }
        }
        let height = area.height as usize;
        self.drawn = (lines.len(), height);
        self.up = self.up.min(lines.len().saturating_sub(height));
        let first = lines.len().saturating_sub(height + self.up);
        for (y, (line, style)) in lines.iter().skip(first).take(height).enumerate() {
            paint::put(buf, area.x + 1, area.y + y as u16, cells as u16, line, *style);
        }
        if self.list.is_empty() {
            paint::put(buf, area.x + 1, area.y, cells as u16, "no messages", theme.style("text.dim"));
        }
    }
}

/// An error or notice with everything it says. `place`: line and column in the editor.
pub(super) fn whole(error: &DbError, place: Option<(usize, usize)>) -> String {
    let mut out = error.to_string();
    if let Some((line, column)) = place {
        out.push_str(&format!("\nLINE: {line}, column {column}"));
    }
    let parts = [
        ("DETAIL", &error.detail),
        ("HINT", &error.hint),
        ("INTERNAL QUERY", &error.internal_query),
        ("CONTEXT", &error.context),
        ("SCHEMA", &error.schema),
        ("TABLE", &error.table),
        ("COLUMN", &error.column),
        ("CONSTRAINT", &error.constraint),
    ];
    for (name, value) in parts {
        if let Some(value) = value.as_deref().filter(|v| !v.is_empty()) {
            out.push_str(&format!("\n{name}: {value}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_all_it_has() {
        let e = DbError {
            severity: "ERROR".into(),
            code: "23505".into(),
            message: "duplicate key".into(),
            detail: Some("Key (id)=(1) already exists.".into()),
            constraint: Some("users_pkey".into()),
            ..DbError::default()
        };
        assert_eq!(
            whole(&e, Some((3, 8))),
            "ERROR: duplicate key (23505)\nLINE: 3, column 8\nDETAIL: Key (id)=(1) already exists.\nCONSTRAINT: users_pkey"
        );
    }
}
