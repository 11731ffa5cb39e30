//! A text broken into screen lines, of any size: only line starts are kept, the text is whoever's it is.

use crate::text::width;
use std::ops::Range;

/// Lines longer than this are broken without looking for blanks.
const LONG: usize = 64 << 10;

/// See the module.
#[derive(Debug, Default)]
pub struct Lines {
    cells: usize,
    pieces: Vec<Range<usize>>,
}

impl Lines {
    /// The text is another one.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// Number of lines.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Nothing was set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// A line's text.
    #[must_use]
    pub fn get<'a>(&self, text: &'a str, row: usize) -> &'a str {
        self.pieces.get(row).and_then(|r| text.get(r.clone())).unwrap_or("")
    }

    /// Breaks the text for a screen so many cells wide.
    pub fn fit(&mut self, text: &str, cells: usize) {
        let cells = cells.max(8);
        if self.cells == cells {
            return;
        }
        self.cells = cells;
        self.pieces.clear();
        let mut at = 0;
        for line in text.split('\n') {
            if line.len() <= cells {
                self.pieces.push(at..at + line.len());
            } else if line.len() > LONG {
                chop(line, cells, |r| self.pieces.push(at + r.start..at + r.end));
            } else {
                self.pieces.extend(width::wrap(line, cells).into_iter().map(|r| at + r.start..at + r.end));
            }
            at += line.len() + 1;
        }
    }

    /// The next line (before or after, round the end) that holds the text, whatever its case.
    #[must_use]
    pub fn find(&self, whole: &str, text: &str, from: usize, forward: bool) -> Option<usize> {
        let needle = text.to_lowercase();
        let n = self.len();
        let ring = |i: usize| if forward { (from + i) % n } else { (from + n - i) % n };
        (1..=n).map(ring).find(|row| self.get(whole, *row).to_lowercase().contains(&needle))
    }
}

fn chop(line: &str, cells: usize, mut take: impl FnMut(Range<usize>)) {
    // Characters may be two cells wide.
    let room = if line.is_ascii() { cells } else { cells / 2 };
    let mut start = 0;
    while start < line.len() {
        let mut end = (start + room).min(line.len());
        while !line.is_char_boundary(end) {
            end += 1;
        }
        take(start..end);
        start = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_cover_the_text() {
        let text = format!("a\n\n{}\nlast", "ä".repeat(50_000));
        let mut l = Lines::default();
        l.fit(&text, 20);
        assert_eq!((l.get(&text, 0), l.get(&text, 1), l.get(&text, l.len() - 1)), ("a", "", "last"));
        let joined: usize = (0..l.len()).map(|i| l.get(&text, i).chars().count()).sum();
        assert_eq!(joined, 50_005);
        assert_eq!(l.find(&text, "LAST", 0, true), Some(l.len() - 1));
        assert_eq!(l.find(&text, "nothing", 0, true), None);
    }
}
