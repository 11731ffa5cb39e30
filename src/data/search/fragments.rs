//! The answer of `ts_headline` as pieces of text, hit or not.

use super::marks::{DELIMITER, START, STOP};

/// A run of text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// The text, blanks and line ends as single blanks. Not cleaned for the screen.
    pub text: String,
    /// It is a hit.
    pub hit: bool,
}

/// A stretch of the document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fragment {
    /// Its text in order; never two pieces of one kind beside each other.
    pub pieces: Vec<Piece>,
}

impl Fragment {
    /// The whole text.
    #[must_use]
    pub fn text(&self) -> String {
        self.pieces.iter().map(|p| p.text.as_str()).collect()
    }

    /// The texts marked as hits.
    pub fn hits(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter(|p| p.hit).map(|p| p.text.as_str())
    }

    fn push(&mut self, c: char, hit: bool) {
        match self.pieces.last_mut() {
            Some(piece) if piece.hit == hit => piece.text.push(c),
            _ => self.pieces.push(Piece { text: c.into(), hit }),
        }
    }
}

/// Reads a marked text. Fragments without any text are left out.
#[must_use]
pub fn fragments(marked: &str) -> Vec<Fragment> {
    let mut out = vec![];
    for part in marked.split(DELIMITER) {
        let mut fragment = Fragment::default();
        let (mut hit, mut blank) = (false, true);
        for c in part.chars() {
            match c {
                START => hit = true,
                STOP => hit = false,
                c if c.is_whitespace() => {
                    if !blank {
                        fragment.push(' ', hit);
                    }
                    blank = true;
                }
                c => {
                    fragment.push(c, hit);
                    blank = false;
                }
            }
        }
        if let Some(last) = fragment.pieces.last_mut().filter(|p| !p.hit) {
            last.text.truncate(last.text.trim_end().len());
        }
        fragment.pieces.retain(|p| !p.text.is_empty());
        if !fragment.pieces.is_empty() {
            out.push(fragment);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hits_and_stretches_are_told_apart() {
        let read = fragments("the \u{1}vacuum\u{2} process\n\n and\u{3}a \u{1}vacuumed\u{2}\u{3}  \u{3}");
        assert_eq!(read.len(), 2);
        assert_eq!(read[0].text(), "the vacuum process and");
        assert_eq!(read[0].hits().collect::<Vec<_>>(), ["vacuum"]);
        assert_eq!(read[1].pieces.last(), Some(&Piece { text: "vacuumed".into(), hit: true }));
    }

    #[test]
    fn marks_that_do_not_match_do_no_harm() {
        assert_eq!(fragments("\u{2}a\u{1}b")[0].hits().collect::<Vec<_>>(), ["b"]);
        assert_eq!(fragments(""), []);
        assert_eq!(fragments("\u{1}\u{2}"), []);
    }
}
