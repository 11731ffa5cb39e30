//! Keys and mouse of the editor.

use super::{Edited, Editor, Place};
use crate::core::key::{Chord, Key};
use unicode_segmentation::UnicodeSegmentation;

impl Editor {
    /// Takes a key that is no command of the pane.
    pub fn key(&mut self, chord: Chord) -> Edited {
        let version = self.version;
        let Chord { key, ctrl, alt, shift } = chord;
        let word = ctrl || alt;
        match key {
            Key::Char(c) if !word => self.put(c.encode_utf8(&mut [0; 4]), true),
            Key::Enter if !word => self.new_line(),
            Key::Tab if !word => self.indent(),
            Key::BackTab => self.unindent(),
            Key::Backspace if word => self.rub(Self::word_left),
            Key::Backspace => self.rub(Self::left_or_stop),
            Key::Delete if word => self.rub(Self::word_right),
            Key::Delete => self.rub(Self::right),
            Key::Left if word => self.go_to(shift, Self::word_left),
            Key::Right if word => self.go_to(shift, Self::word_right),
            Key::Left => self.go_to(shift, Self::left),
            Key::Right => self.go_to(shift, Self::right),
            Key::Up if !word => self.go_lines(shift, -1),
            Key::Down if !word => self.go_lines(shift, 1),
            Key::PageUp => self.go_lines(shift, -self.page()),
            Key::PageDown => self.go_lines(shift, self.page()),
            Key::Home if ctrl => self.go_to(shift, |_| Place::default()),
            Key::End if ctrl => self.go_to(shift, |e| e.buffer.end()),
            Key::Home => self.go_to(shift, Self::line_start),
            Key::End => self.go_to(shift, Self::line_end),
            Key::Char(c) if ctrl && !alt => return self.control(c),
            Key::Char(c) if alt && !ctrl => return self.meta(c),
            _ => return Edited::No,
        }
        if self.version == version { Edited::Moved } else { Edited::Text }
    }

    fn control(&mut self, c: char) -> Edited {
        let version = self.version;
        match c {
            'a' => self.go_to(false, |e| Place { byte: 0, ..e.cursor }),
            'e' => self.go_to(false, Self::line_end),
            'b' => self.go_to(false, Self::left),
            'f' => self.go_to(false, Self::right),
            'w' => self.rub(Self::word_left),
            'u' => self.rub(|e| Place { byte: 0, ..e.cursor }),
            'k' => self.rub(|e| {
                let end = e.line_end();
                if end == e.cursor { e.right() } else { end }
            }),
            'd' => self.rub(Self::right),
            // On many terminals these are what Enter and Backspace send.
            'j' => self.new_line(),
            'h' => self.rub(Self::left_or_stop),
            // Ctrl+_ arrives as one of these.
            '_' | '7' | '/' => {
                self.undo();
            }
            'y' => {
                self.redo();
            }
            _ => return Edited::No,
        }
        if self.version == version { Edited::Moved } else { Edited::Text }
    }

    fn meta(&mut self, c: char) -> Edited {
        let version = self.version;
        match c {
            'b' => self.go_to(false, Self::word_left),
            'f' => self.go_to(false, Self::word_right),
            'd' => self.rub(Self::word_right),
            'z' => {
                self.undo();
            }
            'Z' => {
                self.redo();
            }
            'a' => self.select_all(),
            _ => return Edited::No,
        }
        if self.version == version { Edited::Moved } else { Edited::Text }
    }

    fn page(&self) -> isize {
        (self.area.height.max(2) - 1) as isize
    }

    fn go_to(&mut self, select: bool, to: impl FnOnce(&Self) -> Place) {
        self.anchor = if select { self.anchor.or(Some(self.cursor)) } else { None };
        self.cursor = to(self);
        self.goal = None;
        self.buffer.settle();
    }

    /// Moves by lines, aiming at the column the movement began in.
    fn go_lines(&mut self, select: bool, by: isize) {
        let goal = self.goal.unwrap_or_else(|| self.column(self.cursor));
        let last = self.lines().len() - 1;
        let line = self.cursor.line.saturating_add_signed(by).min(last);
        let to = if line == self.cursor.line {
            if by < 0 { Place { line, byte: 0 } } else { Place { line, byte: self.buffer.line_end(line) } }
        } else {
            Place { line, byte: self.byte_at(line, goal) }
        };
        self.go_to(select, |_| to);
        self.goal = Some(goal);
    }

    /// The screen column of a place, counted from the start of its line.
    pub(super) fn column(&self, at: Place) -> usize {
        let mut column = 0;
        for g in self.lines()[at.line][..at.byte].graphemes(true) {
            column += super::draw::shown(g, column, self.tab).1;
        }
        column
    }

    /// The byte of a line that stands at a screen column.
    pub(super) fn byte_at(&self, line: usize, column: usize) -> usize {
        let end = self.buffer.line_end(line);
        let mut at = 0;
        for (byte, g) in self.lines()[line][..end].grapheme_indices(true) {
            let cells = super::draw::shown(g, at, self.tab).1;
            if at + cells.max(1) > column {
                return byte;
            }
            at += cells;
        }
        end
    }

    fn line_end(&self) -> Place {
        Place { byte: self.buffer.line_end(self.cursor.line), ..self.cursor }
    }

    /// The first sign of the line, or its very start when there already.
    fn line_start(&self) -> Place {
        let text = &self.lines()[self.cursor.line];
        let first = text.len() - text.trim_start_matches([' ', '\t']).len();
        Place { byte: if self.cursor.byte == first { 0 } else { first }, ..self.cursor }
    }

    fn left(&self) -> Place {
        let Place { line, byte } = self.cursor;
        match self.lines()[line][..byte].grapheme_indices(true).next_back() {
            Some((byte, _)) => Place { line, byte },
            None if line > 0 => Place { line: line - 1, byte: self.buffer.line_end(line - 1) },
            None => self.cursor,
        }
    }

    /// In the indentation Backspace takes what Tab would give.
    fn left_or_stop(&self) -> Place {
        let Place { line, byte } = self.cursor;
        let before = &self.lines()[line][..byte];
        if self.exact || byte == 0 || !before.bytes().all(|b| b == b' ') {
            return self.left();
        }
        Place { line, byte: (byte - 1) / self.tab.max(1) * self.tab.max(1) }
    }

    fn right(&self) -> Place {
        let Place { line, byte } = self.cursor;
        let end = self.buffer.line_end(line);
        if byte >= end {
            let last = line + 1 == self.lines().len();
            return if last { self.cursor } else { Place { line: line + 1, byte: 0 } };
        }
        let next = self.lines()[line][byte..end].graphemes(true).next().map_or(0, str::len);
        Place { line, byte: byte + next }
    }

    fn word_left(&self) -> Place {
        let Place { line, byte } = self.cursor;
        if byte == 0 {
            return self.left();
        }
        let before = &self.lines()[line][..byte];
        Place { line, byte: before.unicode_word_indices().next_back().map_or(0, |(at, _)| at) }
    }

    fn word_right(&self) -> Place {
        let Place { line, byte } = self.cursor;
        let end = self.buffer.line_end(line);
        if byte >= end {
            return self.right();
        }
        let rest = &self.lines()[line][byte..end];
        let word = rest.unicode_word_indices().next();
        Place { line, byte: word.map_or(end, |(at, w)| byte + at + w.len()) }
    }

    /// Deletes the selection, or from the cursor to that place.
    fn rub(&mut self, to: impl FnOnce(&Self) -> Place) {
        if let Some(range) = self.selected_places() {
            self.change(range, "", false);
            return;
        }
        let to = to(self);
        let range = to.min(self.cursor)..to.max(self.cursor);
        self.change(range, "", true);
    }

    /// A new line begins under the first sign of this one.
    fn new_line(&mut self) {
        let at = self.selected_places().map_or(self.cursor, |r| r.start);
        let before = &self.lines()[at.line][..at.byte];
        let blanks = if self.exact { 0 } else { before.len() - before.trim_start_matches([' ', '\t']).len() };
        let text = format!("\n{}", &before[..blanks]);
        self.put(&text, false);
    }

    /// Blanks up to the next stop; with a selection over lines, these move right.
    fn indent(&mut self) {
        let Some(lines) = self.selected_lines() else {
            let stop = self.tab.max(1) - self.column(self.cursor) % self.tab.max(1);
            self.put(&" ".repeat(stop), false);
            return;
        };
        let blanks = " ".repeat(self.tab);
        self.rewrite(lines, |line| if line.is_empty() { String::new() } else { format!("{blanks}{line}") });
    }

    /// The lines of the selection, or the cursor's, move left by one stop.
    fn unindent(&mut self) {
        let tab = self.tab;
        let lines = self.selected_lines().unwrap_or((self.cursor.line, self.cursor.line));
        let out = |line: &str| {
            let blanks = line.bytes().take(tab).take_while(|b| *b == b' ').count();
            line[blanks..].to_owned()
        };
        self.rewrite(lines, out);
    }

    fn selected_lines(&self) -> Option<(usize, usize)> {
        let r = self.selected_places().filter(|r| r.start.line < r.end.line)?;
        let last = if r.end.byte == 0 { r.end.line - 1 } else { r.end.line };
        Some((r.start.line, last))
    }

    /// Changes whole lines; they are selected afterwards if there was a selection.
    fn rewrite(&mut self, (first, last): (usize, usize), with: impl Fn(&str) -> String) {
        let old = &self.lines()[first..=last];
        let new = old.iter().map(|l| with(l)).collect::<Vec<_>>().join("\n");
        let was = self.cursor;
        let from_end = self.lines()[was.line].len() - was.byte;
        let selected = self.anchor.is_some();
        let range = Place { line: first, byte: 0 }..Place { line: last, byte: self.lines()[last].len() };
        if self.buffer.slice(range.clone()) == new {
            return;
        }
        self.change(range, &new, false);
        if selected {
            self.anchor = Some(Place { line: first, byte: 0 });
        } else {
            let byte = self.lines()[was.line].len().saturating_sub(from_end);
            self.cursor = Place { line: was.line, byte };
        }
    }

    /// The mouse wheel: scrolls by lines, the cursor stays on the screen.
    pub fn wheel(&mut self, by: isize) {
        let height = self.area.height.max(1) as usize;
        let last_top = self.lines().len().saturating_sub(height);
        self.top = self.top.saturating_add_signed(by).min(last_top);
        let line = self.cursor.line.clamp(self.top, self.top + height - 1);
        if line != self.cursor.line {
            let line = line.min(self.lines().len() - 1);
            let goal = self.goal.unwrap_or_else(|| self.column(self.cursor));
            let to = Place { line, byte: self.byte_at(line, goal) };
            self.go_to(false, |_| to);
            self.goal = Some(goal);
        }
    }

    /// A click (or, with `select`, a drag) at this point of the screen; `false` when outside.
    pub fn click(&mut self, x: u16, y: u16, select: bool) -> bool {
        let inside = self.area.contains((x, y).into());
        if !inside && !select {
            return false;
        }
        let down = y.saturating_sub(self.area.y).min(self.area.height.saturating_sub(1));
        let line = (self.top + down as usize).min(self.lines().len() - 1);
        let column = self.left + x.saturating_sub(self.area.x + self.gutter) as usize;
        let to = Place { line, byte: self.byte_at(line, column) };
        self.go_to(select, |_| to);
        true
    }

    /// Selects the word at this point of the screen (a double click).
    pub fn click_word(&mut self, x: u16, y: u16) -> bool {
        if !self.click(x, y, false) {
            return false;
        }
        let Place { line, byte } = self.cursor;
        let words = self.lines()[line].unicode_word_indices();
        let word = words.map(|(at, w)| at..at + w.len()).find(|w| w.contains(&byte));
        if let Some(word) = word {
            self.anchor = Some(Place { line, byte: word.start });
            self.cursor = Place { line, byte: word.end };
        }
        true
    }
}
