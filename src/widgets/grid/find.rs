//! Finding a text in the loaded rows, a bounded number of cells at a time.

use super::source::GridSource;

/// Cells looked at in one step.
const CELLS: usize = 20_000;
/// Bytes looked at in one step.
const BYTES: usize = 8 << 20;

/// What is looked for: capitals in it make the search care about case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needle {
    text: String,
    exact: bool,
}

impl Needle {
    /// Looks for this text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let exact = text.chars().any(char::is_uppercase);
        Self { text: text.to_owned(), exact }
    }

    /// The text as typed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// True when nothing is looked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Does it occur in these bytes?
    #[must_use]
    pub fn occurs(&self, bytes: &[u8]) -> bool {
        if self.exact || self.text.is_ascii() {
            return self.ascii(bytes, 0).is_some();
        }
        String::from_utf8_lossy(bytes).to_lowercase().contains(&self.text)
    }

    /// All places in a text, as byte ranges.
    #[must_use]
    pub fn places(&self, text: &str) -> Vec<std::ops::Range<usize>> {
        let mut out = vec![];
        if self.is_empty() {
            return out;
        }
        let mut from = 0;
        while let Some(range) = self.next_place(text, from) {
            from = range.end.max(from + 1);
            out.push(range);
        }
        out
    }

    fn next_place(&self, text: &str, from: usize) -> Option<std::ops::Range<usize>> {
        if self.exact || self.text.is_ascii() {
            let at = self.ascii(text.as_bytes(), from)?;
            return Some(at..at + self.text.len());
        }
        // Lower-casing may change lengths, so it is done character by character.
        let rest = text.get(from..)?;
        rest.char_indices().find_map(|(i, _)| {
            let mut wanted = self.text.chars();
            let mut want = wanted.next();
            for (j, c) in rest[i..].char_indices() {
                for l in c.to_lowercase() {
                    if want != Some(l) {
                        return None;
                    }
                    want = wanted.next();
                }
                if want.is_none() {
                    return Some(from + i..from + i + j + c.len_utf8());
                }
            }
            None
        })
    }

    fn ascii(&self, bytes: &[u8], from: usize) -> Option<usize> {
        let want = self.text.as_bytes();
        let (first, rest) = want.split_first()?;
        let other = if self.exact { *first } else { first.to_ascii_uppercase() };
        let last = bytes.len().checked_sub(want.len())?;
        let mut at = from;
        while at <= last {
            at += bytes[at..=last].iter().position(|b| b == first || *b == other)?;
            let tail = &bytes[at + 1..at + want.len()];
            if if self.exact { tail == rest } else { tail.eq_ignore_ascii_case(rest) } {
                return Some(at);
            }
            at += 1;
        }
        None
    }
}

/// How a step of a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Here: absolute row, column of the source.
    At(u64, usize),
    /// Nowhere in the loaded rows.
    Nowhere,
    /// Not found yet; the search goes on with the next step.
    Searching,
}

/// A search under way.
#[derive(Clone, Debug)]
pub(super) struct Search {
    forward: bool,
    row: u64,
    /// Position among the shown columns.
    position: usize,
    /// Rows left to look at, the first one (twice, for its two halves) included.
    rows: u64,
    pub(super) wrapped: bool,
}

impl Search {
    /// From behind (before) this cell, around the loaded rows, back to it.
    pub(super) fn new(row: u64, position: usize, forward: bool, rows: u64) -> Self {
        Self { forward, row, position, rows: rows + 1, wrapped: false }
    }

    /// Looks at the next cells.
    pub(super) fn step(&mut self, needle: &Needle, source: &dyn GridSource, shown: &[usize]) -> Found {
        let (first, end) = (source.first(), source.end());
        if needle.is_empty() || shown.is_empty() || first >= end {
            return Found::Nowhere;
        }
        let (mut cells, mut bytes) = (CELLS, BYTES);
        while cells > 0 && bytes > 0 {
            if !self.advance(first, end, shown.len()) {
                return Found::Nowhere;
            }
            cells -= 1;
            let column = shown[self.position];
            if let Some(b) = source.cell(self.row, column).bytes() {
                bytes = bytes.saturating_sub(b.len());
                if needle.occurs(b) {
                    return Found::At(self.row, column);
                }
            }
        }
        Found::Searching
    }

    fn advance(&mut self, first: u64, end: u64, columns: usize) -> bool {
        // Rows may have been dropped or columns hidden between two steps.
        self.row = self.row.clamp(first, end - 1);
        self.position = self.position.min(columns - 1);
        if self.forward {
            if self.position + 1 < columns {
                self.position += 1;
                return true;
            }
            self.position = 0;
            self.row += 1;
            if self.row == end {
                self.row = first;
                self.wrapped = true;
            }
        } else {
            if self.position > 0 {
                self.position -= 1;
                return true;
            }
            self.position = columns - 1;
            if self.row == first {
                self.row = end;
                self.wrapped = true;
            }
            self.row -= 1;
        }
        self.rows = self.rows.saturating_sub(1);
        self.rows > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_matters_only_when_typed() {
        assert!(Needle::new("abc").occurs(b"xABCx"));
        assert!(!Needle::new("Abc").occurs(b"xABCx"));
        assert!(Needle::new("žluť").occurs("ŽLUŤ".as_bytes()));
        assert!(!Needle::new("x").occurs(b""));
        assert!(!Needle::new("").occurs(b"abc"));
        assert!(Needle::new("aab").occurs(b"aaab"));
    }

    #[test]
    fn places_are_byte_ranges() {
        assert_eq!(Needle::new("an").places("BANANA"), [1..3, 3..5]);
        assert_eq!(Needle::new("ž").places("aŽbž"), [1..3, 4..6]);
        assert_eq!(Needle::new("").places("abc"), []);
    }
}
