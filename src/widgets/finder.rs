//! A list narrowed by typing: an input line above, the best matches below.

use super::input::Input;
use crate::{
    core::{
        command::Command,
        event::{Mouse, MouseKind},
        key::Chord,
        theme::Theme,
    },
    text::{clean, fuzzy::Fuzzy, width},
};
use ratatui::{
    Frame,
    layout::{Position, Rect},
    text::{Line, Span},
};

/// One thing to find.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Item {
    /// What is matched and shown.
    pub text: String,
    /// Shown dim behind it.
    pub remark: String,
    /// What sort of thing, shown at the left when not empty.
    pub tag: &'static str,
}

/// The state of the list.
#[derive(Debug)]
pub struct Finder {
    items: Vec<Item>,
    input: Input,
    fuzzy: Fuzzy,
    /// Numbers of the items that match, best first.
    hits: Vec<usize>,
    at: usize,
    top: usize,
    rows: Rect,
}

/// Widest tag.
const TAG: usize = 10;

impl Finder {
    /// A list of these items, all shown.
    #[must_use]
    pub fn new(items: Vec<Item>) -> Self {
        let mut finder = Self {
            items: vec![],
            input: Input::default(),
            fuzzy: Fuzzy::default(),
            hits: vec![],
            at: 0,
            top: 0,
            rows: Rect::default(),
        };
        finder.set(items);
        finder
    }

    /// Replaces the items and keeps what was typed.
    pub fn set(&mut self, items: Vec<Item>) {
        self.items = items;
        self.search();
    }

    /// Number of items, matching or not.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// True when there is nothing to find.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// What was typed.
    #[must_use]
    pub fn typed(&self) -> &str {
        self.input.text()
    }

    /// The item under the cursor and its number.
    #[must_use]
    pub fn chosen(&self) -> Option<(usize, &Item)> {
        let index = *self.hits.get(self.at)?;
        Some((index, self.items.get(index)?))
    }

    /// Takes a key of the input line.
    pub fn key(&mut self, chord: Chord) {
        if self.input.key(chord) {
            self.search();
        }
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str) {
        self.input.paste(text);
        self.search();
    }

    fn search(&mut self) {
        self.fuzzy.look_for(self.input.text());
        self.hits = self
            .fuzzy
            .best(self.items.iter().map(|i| i.text.as_str()))
            .into_iter()
            .map(|h| h.index)
            .collect();
        self.at = 0;
        self.top = 0;
    }

    /// Moves the cursor; false when the command is none of its own.
    pub fn command(&mut self, command: Command) -> bool {
        let page = self.rows.height.max(1) as usize;
        let last = self.hits.len().saturating_sub(1);
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

    /// Moves the cursor by the mouse; true when an item was hit.
    pub fn mouse(&mut self, mouse: Mouse) -> bool {
        match mouse.kind {
            MouseKind::ScrollUp => self.at = self.at.saturating_sub(3),
            MouseKind::ScrollDown => self.at = (self.at + 3).min(self.hits.len().saturating_sub(1)),
            _ if self.rows.contains(Position { x: mouse.x, y: mouse.y }) => {
                let at = self.top + (mouse.y - self.rows.y) as usize;
                if at < self.hits.len() {
                    self.at = at;
                    return true;
                }
            }
            _ => {}
        }
        false
    }

    /// Draws the line and the matches that fit.
    pub fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        if area.height == 0 {
            return;
        }
        let count = format!(" {}/{}", self.hits.len(), self.items.len());
        let cells = (count.len() as u16).min(area.width);
        self.input.draw(frame, Rect { height: 1, width: area.width - cells, ..area }, theme, true);
        let corner = Rect { x: area.right() - cells, width: cells, height: 1, ..area };
        frame.render_widget(Line::styled(count, theme.style("text.dim")), corner);
        self.rows = Rect { y: area.y + 1, height: area.height - 1, ..area };
        let height = self.rows.height as usize;
        if self.at < self.top {
            self.top = self.at;
        } else if height > 0 && self.at >= self.top + height {
            self.top = self.at + 1 - height;
        }
        let tagged = self.items.iter().any(|i| !i.tag.is_empty());
        for row in 0..height {
            let Some(index) = self.hits.get(self.top + row).copied() else { break };
            let current = self.top + row == self.at;
            let line = self.line(index, current, tagged, area.width as usize, theme);
            let place = Rect { y: self.rows.y + row as u16, height: 1, ..self.rows };
            if current {
                frame.buffer_mut().set_style(place, theme.style("list.cursor"));
            }
            frame.render_widget(line, place);
        }
        if self.hits.is_empty() && height > 0 {
            let none = if self.items.is_empty() { "nothing here" } else { "nothing matches" };
            frame.render_widget(Line::styled(none, theme.style("text.dim")), Rect { height: 1, ..self.rows });
        }
    }

    fn line(
        &mut self,
        index: usize,
        current: bool,
        tagged: bool,
        cells: usize,
        theme: &Theme,
    ) -> Line<'static> {
        let base = theme.style(if current { "list.cursor" } else { "popup" });
        let item = &self.items[index];
        let mut spans = vec![Span::styled(if current { "▸ " } else { "  " }, base)];
        if tagged {
            spans.push(Span::styled(width::left(item.tag, TAG), theme.style("text.dim")));
        }
        let room = cells.saturating_sub(2 + if tagged { TAG } else { 0 });
        let shown = clean::line(&item.text);
        let shown = width::clip(&shown, room);
        // Positions hold for the text as it is; a cleaned one is shown without marks.
        let marks = if *shown == *item.text { self.fuzzy.positions(&item.text) } else { vec![] };
        for (n, c) in shown.chars().enumerate() {
            let style =
                if marks.contains(&(n as u32)) { base.patch(theme.style("list.match")) } else { base };
            spans.push(Span::styled(c.to_string(), style));
        }
        let left = room.saturating_sub(width::width(&shown) + 2);
        if !item.remark.is_empty() && left > 4 {
            let remark = clean::line(&item.remark);
            let style = if current { base } else { theme.style("text.dim") };
            spans.push(Span::styled(format!("  {}", width::clip(&remark, left)), style));
        }
        Line::from(spans)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_narrows_and_the_cursor_wraps() {
        let item = |t: &str| Item { text: t.into(), ..Item::default() };
        let mut f = Finder::new(["users", "posts", "post_tags"].map(item).to_vec());
        f.paste("po");
        assert_eq!(f.chosen().map(|(n, _)| n), Some(1));
        f.command(Command::ListUp);
        assert_eq!(f.chosen().map(|(n, _)| n), Some(2));
        f.paste("zzz");
        assert_eq!(f.chosen(), None);
    }
}
