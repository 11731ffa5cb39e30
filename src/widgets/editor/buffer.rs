//! A text of many lines with undo. Knows bytes and lines, nothing of keys or the screen.
//!
//! The text is kept exactly as given, `\r` and all: what is written here is what a server gets.

use std::ops::Range;

/// A place between two characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line from 0.
    pub line: usize,
    /// Byte in the line, on a character boundary.
    pub byte: usize,
}

/// Changes kept for undo.
const CHANGES: usize = 2_000;
/// Bytes kept for undo.
const BYTES: usize = 32 << 20;

/// One change, as it is undone and done again.
#[derive(Clone, Debug)]
struct Change {
    at: Place,
    removed: String,
    inserted: String,
    /// The cursor before it.
    before: Place,
    /// May still grow by typing on.
    growing: bool,
}

/// Which lines a change touched: `first`, and how many line ends went and came behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Touched {
    pub(super) first: usize,
    pub(super) gone: usize,
    pub(super) come: usize,
}

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Buffer {
    lines: Vec<String>,
    done: Vec<Change>,
    undone: Vec<Change>,
    kept: usize,
}

impl Default for Buffer {
    fn default() -> Self {
        Self { lines: vec![String::new()], done: vec![], undone: vec![], kept: 0 }
    }
}

impl Buffer {
    pub(super) fn new(text: &str) -> Self {
        Self { lines: text.split('\n').map(str::to_owned).collect(), ..Self::default() }
    }

    pub(super) fn lines(&self) -> &[String] {
        &self.lines
    }

    pub(super) fn text(&self) -> String {
        self.lines.join("\n")
    }

    pub(super) fn len(&self) -> usize {
        self.lines.iter().map(|l| l.len() + 1).sum::<usize>() - 1
    }

    pub(super) fn end(&self) -> Place {
        let line = self.lines.len() - 1;
        Place { line, byte: self.lines[line].len() }
    }

    /// The end of a line as people see it: before a `\r` that belongs to its line end.
    pub(super) fn line_end(&self, line: usize) -> usize {
        let text = &self.lines[line];
        let last = line + 1 == self.lines.len();
        if !last && text.ends_with('\r') { text.len() - 1 } else { text.len() }
    }

    pub(super) fn offset(&self, at: Place) -> usize {
        self.lines[..at.line].iter().map(|l| l.len() + 1).sum::<usize>() + at.byte
    }

    /// The place of a byte offset; one inside a character is moved before it, one too far to the end.
    pub(super) fn place(&self, offset: usize) -> Place {
        let mut rest = offset;
        for (line, text) in self.lines.iter().enumerate() {
            if rest <= text.len() {
                let byte = (0..=rest).rev().find(|b| text.is_char_boundary(*b)).unwrap_or(0);
                return Place { line, byte };
            }
            rest -= text.len() + 1;
        }
        self.end()
    }

    pub(super) fn slice(&self, range: Range<Place>) -> String {
        let Range { start, end } = range;
        if start.line == end.line {
            return self.lines[start.line][start.byte..end.byte].to_owned();
        }
        let mut out = self.lines[start.line][start.byte..].to_owned();
        for line in &self.lines[start.line + 1..end.line] {
            out.push('\n');
            out.push_str(line);
        }
        out.push('\n');
        out.push_str(&self.lines[end.line][..end.byte]);
        out
    }

    /// Puts `text` in place of `range`; `join` lets it be one step of undo with the change before
    /// when it goes on where that one ended. Returns the place behind it.
    pub(super) fn replace(
        &mut self,
        range: Range<Place>,
        text: &str,
        cursor: Place,
        join: bool,
    ) -> (Place, Touched) {
        let removed = self.slice(range.clone());
        let at = range.start;
        let (end, touched) = self.splice(range, text);
        self.undone.clear();
        self.kept += removed.len() + text.len();
        if !(join && self.grow(at, &removed, text)) {
            let inserted = text.to_owned();
            self.done.push(Change { at, removed, inserted, before: cursor, growing: join });
        }
        while self.done.len() > CHANGES || (self.kept > BYTES && self.done.len() > 1) {
            let old = self.done.remove(0);
            self.kept -= (old.removed.len() + old.inserted.len()).min(self.kept);
        }
        (end, touched)
    }

    /// Joins a typed character, or a rubbed out one, to the last change.
    fn grow(&mut self, at: Place, removed: &str, inserted: &str) -> bool {
        let Some(last) = self.done.last_mut().filter(|c| c.growing) else { return false };
        if removed.is_empty() && last.removed.is_empty() && at == end_of(last.at, &last.inserted) {
            // A new word is a new step.
            let blank = |t: &str| t.chars().next_back().is_some_and(char::is_whitespace);
            if blank(&last.inserted) && !blank(inserted) {
                return false;
            }
            last.inserted.push_str(inserted);
            return true;
        }
        if inserted.is_empty() && last.inserted.is_empty() {
            if end_of(at, removed) == last.at {
                last.removed.insert_str(0, removed);
                last.at = at;
                return true;
            }
            if at == last.at {
                last.removed.push_str(removed);
                return true;
            }
        }
        false
    }

    /// The next change begins a new step of undo.
    pub(super) fn settle(&mut self) {
        if let Some(last) = self.done.last_mut() {
            last.growing = false;
        }
    }

    fn splice(&mut self, range: Range<Place>, text: &str) -> (Place, Touched) {
        let Range { start, end } = range;
        let tail = self.lines[end.line][end.byte..].to_owned();
        let mut pieces = text.split('\n');
        let head = pieces.next().unwrap_or_default();
        let line = &mut self.lines[start.line];
        line.truncate(start.byte);
        line.push_str(head);
        let mut new: Vec<String> = pieces.map(str::to_owned).collect();
        let come = new.len();
        let last = new.last_mut().unwrap_or(&mut self.lines[start.line]);
        let byte = last.len();
        last.push_str(&tail);
        self.lines.splice(start.line + 1..=end.line, new);
        let touched = Touched { first: start.line, gone: end.line - start.line, come };
        (Place { line: start.line + come, byte }, touched)
    }

    /// Takes the last change back; the cursor as it was before.
    pub(super) fn undo(&mut self) -> Option<(Place, Touched)> {
        let mut change = self.done.pop()?;
        change.growing = false;
        let (_, touched) = self.splice(change.at..end_of(change.at, &change.inserted), &change.removed);
        let before = change.before;
        self.undone.push(change);
        Some((before, touched))
    }

    /// Does the last change taken back again.
    pub(super) fn redo(&mut self) -> Option<(Place, Touched)> {
        let change = self.undone.pop()?;
        let done = self.splice(change.at..end_of(change.at, &change.removed), &change.inserted);
        self.done.push(change);
        Some(done)
    }
}

/// Where a text put at a place ends.
fn end_of(at: Place, text: &str) -> Place {
    match text.rfind('\n') {
        None => Place { line: at.line, byte: at.byte + text.len() },
        Some(n) => Place { line: at.line + text.matches('\n').count(), byte: text.len() - n - 1 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(line: usize, byte: usize) -> Place {
        Place { line, byte }
    }

    #[test]
    fn typing_is_undone_by_words() {
        let mut b = Buffer::default();
        let mut cursor = Place::default();
        for c in ["a", "b", " ", "c", "d"] {
            cursor = b.replace(cursor..cursor, c, cursor, true).0;
        }
        assert_eq!(b.text(), "ab cd");
        assert_eq!(b.undo().map(|u| u.0), Some(at(0, 3)));
        assert_eq!(b.text(), "ab ");
        assert!(b.undo().is_some() && b.undo().is_none());
        assert_eq!(b.text(), "");
        b.redo();
        b.redo();
        assert_eq!(b.text(), "ab cd");
    }

    #[test]
    fn line_ends_are_kept_as_they_are() {
        let b = Buffer::new("a\r\nb\n\nc");
        assert_eq!(b.text(), "a\r\nb\n\nc");
        assert_eq!((b.line_end(0), b.len()), (1, 7));
        assert_eq!(b.place(3), at(1, 0));
        assert_eq!(b.place(99), at(3, 1));
        assert_eq!(Buffer::new("ž").place(1), at(0, 0));
    }

    proptest! {
        #[test]
        fn any_edits_can_be_undone_and_done_again(
            edits in proptest::collection::vec((0usize..40, 0usize..40, "[ab\n ž]{0,6}", any::<bool>()), 1..20)
        ) {
            let mut b = Buffer::new("start\nof text");
            let mut model = b.text();
            for (x, y, text, join) in edits {
                let (x, y) = (b.place(x.min(y)), b.place(x.max(y)));
                let range = b.offset(x)..b.offset(y);
                prop_assert_eq!(b.slice(x..y), &model[range.clone()]);
                let (end, _) = b.replace(x..y, &text, x, join);
                model.replace_range(range.clone(), &text);
                prop_assert_eq!(b.offset(end), range.start + text.len());
                prop_assert_eq!(b.text(), &*model);
                prop_assert_eq!(b.len(), model.len());
            }
            while b.undo().is_some() {}
            prop_assert_eq!(b.text(), "start\nof text");
            while b.redo().is_some() {}
            prop_assert_eq!(b.text(), model);
        }
    }
}
