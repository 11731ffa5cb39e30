//! A text editor of many lines: what was typed stays byte for byte, and typing costs only the lines it changes.
//!
//! It has its own text instead of a ready-made text area because those drop `\r`, count the
//! width of every line at each change, and cannot colour parts of a line.

mod buffer;
mod draw;
mod keys;
mod states;
#[cfg(test)]
mod tests;

pub use buffer::Place;
pub use states::{Colour, Spans};

use crate::sql::lex::LineState;
use buffer::{Buffer, Touched};
use ratatui::layout::{Position, Rect};
use states::States;
use std::ops::Range;

/// What a key did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edited {
    /// Not a key of the editor.
    No,
    /// Cursor or selection moved.
    Moved,
    /// The text changed.
    Text,
}

/// The state of an editor.
#[derive(Clone, Debug)]
pub struct Editor {
    buffer: Buffer,
    states: States,
    cursor: Place,
    /// Where a selection began.
    anchor: Option<Place>,
    /// The column Up and Down aim at.
    goal: Option<usize>,
    top: usize,
    left: usize,
    /// Bytes underlined as wrong.
    error: Option<Range<usize>>,
    /// Bytes whose lines carry the mark of the current statement.
    current: Option<Range<usize>>,
    version: u64,
    area: Rect,
    gutter: u16,
    caret: Option<Position>,
    /// Blanks that Tab inserts, and the distance of tab stops.
    pub tab: usize,
    /// Shown dim while there is no text.
    pub placeholder: String,
    /// The text is a value, not code: Enter and Backspace do only what they say, line ends and tabs are seen.
    pub exact: bool,
    /// Line numbers, where there is room for them.
    pub numbers: bool,
}

impl Default for Editor {
    fn default() -> Self {
        Self {
            buffer: Buffer::default(),
            states: States::new(1),
            cursor: Place::default(),
            anchor: None,
            goal: None,
            top: 0,
            left: 0,
            error: None,
            current: None,
            version: 0,
            area: Rect::default(),
            gutter: 0,
            caret: None,
            tab: 2,
            placeholder: String::new(),
            exact: false,
            numbers: true,
        }
    }
}

/// Colours nothing; for texts in no language.
pub fn plain(_: &str, _: &LineState, _: &mut Spans) -> LineState {
    LineState::Normal
}

impl Editor {
    /// An editor of this text, the cursor at its start.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let buffer = Buffer::new(text);
        Self { states: States::new(buffer.lines().len()), buffer, ..Self::default() }
    }

    /// Another text: nothing of the old one can be undone.
    pub fn set_text(&mut self, text: &str) {
        let version = self.version + 1;
        let old = std::mem::take(self);
        *self = Self {
            version,
            tab: old.tab,
            placeholder: old.placeholder,
            exact: old.exact,
            numbers: old.numbers,
            area: old.area,
            ..Self::new(text)
        };
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> String {
        self.buffer.text()
    }

    /// The lines without their `\n`.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        self.buffer.lines()
    }

    /// Bytes of the text.
    #[must_use]
    pub fn len(&self) -> usize {
        self.buffer.len()
    }

    /// True when there is no text.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.buffer.len() == 0
    }

    /// Grows with every change of the text: for caches of what was made from it.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Where the cursor is.
    #[must_use]
    pub fn cursor(&self) -> Place {
        self.cursor
    }

    /// Where the cursor is, in bytes from the start of the text.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.buffer.offset(self.cursor)
    }

    /// The place of a byte offset (clamped to a character boundary and to the end).
    #[must_use]
    pub fn place(&self, offset: usize) -> Place {
        self.buffer.place(offset)
    }

    /// The byte offset of a place.
    #[must_use]
    pub fn offset_of(&self, place: Place) -> usize {
        self.buffer.offset(self.clamped(place))
    }

    /// The cursor to a byte offset; the selection ends.
    pub fn go(&mut self, offset: usize) {
        self.go_place(self.buffer.place(offset));
    }

    /// The cursor to a place; the selection ends.
    pub fn go_place(&mut self, place: Place) {
        self.anchor = None;
        self.cursor = self.clamped(place);
        self.goal = None;
        self.buffer.settle();
    }

    fn clamped(&self, place: Place) -> Place {
        let line = place.line.min(self.lines().len() - 1);
        let text = &self.lines()[line];
        let byte = (0..=place.byte.min(text.len())).rev().find(|b| text.is_char_boundary(*b));
        Place { line, byte: byte.unwrap_or(0) }
    }

    fn selected_places(&self) -> Option<Range<Place>> {
        let anchor = self.anchor.filter(|a| *a != self.cursor)?;
        Some(anchor.min(self.cursor)..anchor.max(self.cursor))
    }

    /// The selection in bytes, if anything is selected.
    #[must_use]
    pub fn selection(&self) -> Option<Range<usize>> {
        let r = self.selected_places()?;
        Some(self.buffer.offset(r.start)..self.buffer.offset(r.end))
    }

    /// The selected text.
    #[must_use]
    pub fn selected(&self) -> Option<String> {
        Some(self.buffer.slice(self.selected_places()?))
    }

    /// Selects bytes; the cursor goes to their end.
    pub fn select(&mut self, range: Range<usize>) {
        self.go(range.end);
        self.anchor = Some(self.buffer.place(range.start));
    }

    /// Selects everything.
    pub fn select_all(&mut self) {
        self.select(0..self.len());
    }

    /// Selects nothing.
    pub fn unselect(&mut self) {
        self.anchor = None;
    }

    /// Puts text in place of the selection or at the cursor. For pasted text see `paste`.
    pub fn insert(&mut self, text: &str) {
        self.put(text, false);
    }

    /// Inserts what the terminal pasted, whose line ends may be `\r` or `\r\n`.
    pub fn paste(&mut self, text: &str) {
        self.put(&text.replace("\r\n", "\n").replace('\r', "\n"), false);
    }

    /// Replaces bytes (a completion, a formatted statement); the cursor goes behind the new text.
    pub fn replace(&mut self, range: Range<usize>, text: &str) {
        let range = self.buffer.place(range.start)..self.buffer.place(range.end.max(range.start));
        self.change(range, text, false);
    }

    fn put(&mut self, text: &str, typed: bool) {
        let range = self.selected_places().unwrap_or(self.cursor..self.cursor);
        let join = typed && range.is_empty() && !text.contains('\n');
        self.change(range, text, join);
    }

    fn change(&mut self, range: Range<Place>, text: &str, join: bool) {
        if range.is_empty() && text.is_empty() {
            return;
        }
        let (end, touched) = self.buffer.replace(range, text, self.cursor, join);
        self.changed(end, touched);
    }

    fn changed(&mut self, cursor: Place, touched: Touched) {
        self.cursor = cursor;
        self.anchor = None;
        self.goal = None;
        self.version += 1;
        // Both belong to the text as it was; the pane sets them anew.
        self.error = None;
        self.current = None;
        self.states.touched(touched);
    }

    /// Takes the last change back; `false` when there is none.
    pub fn undo(&mut self) -> bool {
        let Some((cursor, touched)) = self.buffer.undo() else { return false };
        self.changed(cursor, touched);
        true
    }

    /// Does what was taken back again; `false` when there is nothing.
    pub fn redo(&mut self) -> bool {
        let Some((cursor, touched)) = self.buffer.redo() else { return false };
        self.changed(cursor, touched);
        true
    }

    /// Underlines bytes as wrong until the text changes.
    pub fn set_error(&mut self, range: Option<Range<usize>>) {
        self.error = range;
    }

    /// Marks the lines of the current statement in the gutter until the text changes.
    pub fn set_current(&mut self, range: Option<Range<usize>>) {
        self.current = range;
    }

    /// Colours must be made anew: something beside the text matters for them and changed.
    pub fn recolour(&mut self) {
        self.states.forget();
    }

    /// Where the cursor was last drawn; popups hang on it.
    #[must_use]
    pub fn caret(&self) -> Option<Position> {
        self.caret
    }
}
