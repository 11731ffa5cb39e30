//! A line of text being typed: moves by grapheme and word, scrolls sideways, may hide what is typed.

use crate::{
    core::{
        key::{Chord, Key},
        theme::Theme,
    },
    text::{clean, width},
};
use ratatui::{
    Frame,
    buffer::Buffer,
    layout::Rect,
    style::{Modifier, Style},
};
use unicode_segmentation::UnicodeSegmentation;

/// The state of an input line.
#[derive(Clone, Default)]
pub struct Input {
    text: String,
    /// Byte offset of the cursor, on a grapheme boundary.
    at: usize,
    masked: bool,
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = if self.masked { "…" } else { &self.text };
        f.debug_struct("Input").field("text", &text).field("at", &self.at).finish()
    }
}

impl Input {
    /// A line with the cursor at its end.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let text = one_line(text);
        Self { at: text.len(), text, masked: false }
    }

    /// An empty line that shows a dot per character.
    #[must_use]
    pub fn masked() -> Self {
        Self { masked: true, ..Self::default() }
    }

    /// What was typed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Replaces the text; the cursor goes to its end.
    pub fn set(&mut self, text: &str) {
        self.text = one_line(text);
        self.at = self.text.len();
    }

    /// Empties the line.
    pub fn clear(&mut self) {
        self.text.clear();
        self.at = 0;
    }

    /// Inserts text at the cursor; line ends become blanks.
    pub fn paste(&mut self, text: &str) {
        let text = one_line(text);
        self.text.insert_str(self.at, &text);
        self.at += text.len();
    }

    /// Takes a key; true when the text changed.
    pub fn key(&mut self, chord: Chord) -> bool {
        let before = self.text.len();
        match (chord.key, chord.ctrl, chord.alt) {
            (Key::Char(c), false, false) => {
                self.text.insert(self.at, c);
                self.at += c.len_utf8();
            }
            (Key::Left, true, _) | (Key::Char('b'), false, true) => self.at = self.word_left(),
            (Key::Right, true, _) | (Key::Char('f'), false, true) => self.at = self.word_right(),
            (Key::Left, ..) | (Key::Char('b'), true, false) => self.at = self.left(),
            (Key::Right, ..) | (Key::Char('f'), true, false) => self.at = self.right(),
            (Key::Home, ..) | (Key::Char('a'), true, false) => self.at = 0,
            (Key::End, ..) | (Key::Char('e'), true, false) => self.at = self.text.len(),
            (Key::Backspace, false, true) | (Key::Backspace, true, _) | (Key::Char('w'), true, false) => {
                let from = self.word_left();
                self.cut(from, self.at);
            }
            (Key::Backspace, ..) => {
                let from = self.left();
                self.cut(from, self.at);
            }
            (Key::Delete, ..) | (Key::Char('d'), true, false) => {
                let to = self.right();
                self.cut(self.at, to);
            }
            (Key::Char('u'), true, false) => self.cut(0, self.at),
            (Key::Char('k'), true, false) => self.cut(self.at, self.text.len()),
            _ => return false,
        }
        before != self.text.len()
    }

    fn cut(&mut self, from: usize, to: usize) {
        self.text.replace_range(from..to, "");
        self.at = from;
    }

    fn left(&self) -> usize {
        self.text[..self.at].grapheme_indices(true).next_back().map_or(0, |(at, _)| at)
    }

    fn right(&self) -> usize {
        self.text[self.at..].graphemes(true).next().map_or(self.at, |g| self.at + g.len())
    }

    fn word_left(&self) -> usize {
        self.text[..self.at].unicode_word_indices().next_back().map_or(0, |(at, _)| at)
    }

    fn word_right(&self) -> usize {
        let rest = &self.text[self.at..];
        rest.unicode_word_indices().next().map_or(self.text.len(), |(at, word)| self.at + at + word.len())
    }

    /// Draws the line; the cursor is a reversed cell, so that it is seen without colour.
    pub fn draw(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme, focused: bool) {
        self.draw_on(frame.buffer_mut(), area, theme, focused, None);
    }

    /// As `draw`; the character at the byte offset `wrong` is underlined as wrong.
    pub fn draw_on(&self, buf: &mut Buffer, area: Rect, theme: &Theme, focused: bool, wrong: Option<usize>) {
        let area = area.intersection(buf.area);
        if area.width == 0 || area.height == 0 {
            return;
        }
        let style = theme.style("input");
        let show = |text: &str| -> String {
            if self.masked {
                "•".repeat(text.graphemes(true).count())
            } else {
                clean::line(text).into_owned()
            }
        };
        let before = show(&self.text[..self.at]);
        let under = show(&self.text[self.at..self.right()]);
        let after = show(&self.text[self.right()..]);
        // One cell is kept for the cursor behind the end.
        let room = (area.width as usize).saturating_sub(width::width(&under).max(1));
        let skipped = width::width(&before).saturating_sub(room);
        let (before, _) = width::skip(&before, skipped);
        buf.set_style(area, style);
        let mut x = area.x;
        let mut put = |text: &str, style: Style| {
            let room = area.right().saturating_sub(x);
            if room > 0 {
                x = buf.set_stringn(x, area.y, text, room as usize, style).0;
            }
        };
        put(before, style);
        if focused {
            put(if under.is_empty() { " " } else { &under }, theme.style("input.cursor"));
        } else {
            put(&under, style);
        }
        put(&after, style);
        let wrong = wrong.and_then(|at| self.text.get(..at));
        if let Some(cells) = wrong.and_then(|t| width::width(&show(t)).checked_sub(skipped))
            && cells < area.width as usize
        {
            let style = theme.style("sql.error").add_modifier(Modifier::UNDERLINED);
            buf.set_style(Rect::new(area.x + cells as u16, area.y, 1, 1), style);
        }
    }
}

fn one_line(text: &str) -> String {
    text.trim_end_matches(['\n', '\r']).replace(['\n', '\r', '\t'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(input: &mut Input, keys: &[&str]) {
        for k in keys {
            input.key(Chord::parse(k).expect(k));
        }
    }

    #[test]
    fn edits_by_grapheme_and_word() {
        let mut i = Input::new("select e\u{301}clair");
        keys(&mut i, &["ctrl-left"]);
        keys(&mut i, &["delete"]);
        assert_eq!(i.text(), "select clair");
        keys(&mut i, &["ctrl-w"]);
        assert_eq!(i.text(), "clair");
        keys(&mut i, &["end", "!", "home", "?"]);
        assert_eq!(i.text(), "?clair!");
        keys(&mut i, &["ctrl-k"]);
        assert_eq!(i.text(), "?");
        keys(&mut i, &["backspace", "backspace"]);
        assert_eq!(i.text(), "");
    }

    #[test]
    fn a_masked_line_shows_nothing_in_debug() {
        let mut i = Input::masked();
        i.paste("geheim\n");
        assert_eq!(i.text(), "geheim");
        assert!(!format!("{i:?}").contains("geheim"));
    }
}
