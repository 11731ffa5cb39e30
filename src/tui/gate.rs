//! The last gate before the terminal.
//!
//! A cell whose sign a terminal could obey, or hide, is written as a mark: widgets clean what they draw, this is for the
//! one that forgets. And terminals do not agree on how wide some signs are (emoji that are joined, flags, clusters of
//! Indic scripts): a row that has one is written anew whole, each such sign with the cursor put where it belongs, so that
//! what one terminal draws too wide is written over and nothing of it stays.

use crate::text::{clean, width};
use ratatui::{
    backend::{Backend, ClearType, WindowSize},
    buffer::Cell,
    layout::{Position, Size},
};
use std::{
    collections::BTreeSet,
    io::{self, Write},
};

/// What is written in the place of a sign that must not be.
const MARK: &str = "�";

/// A backend behind the gate.
#[derive(Debug)]
pub struct Gate<B> {
    /// What writes to the terminal.
    pub inner: B,
    /// What is on the screen, by row.
    rows: Vec<Vec<Cell>>,
    /// Rows that have a sign of uncertain width, or had one when they were written last.
    uncertain: BTreeSet<u16>,
}

impl<B> Gate<B> {
    /// In front of this backend.
    pub fn new(inner: B) -> Self {
        Self { inner, rows: vec![], uncertain: BTreeSet::new() }
    }

    fn forget(&mut self) {
        self.rows.clear();
        self.uncertain.clear();
    }

    fn keep(&mut self, x: u16, y: u16, cell: &Cell) {
        let (x, y) = (usize::from(x), usize::from(y));
        if self.rows.len() <= y {
            self.rows.resize_with(y + 1, Vec::new);
        }
        let row = &mut self.rows[y];
        if row.len() <= x {
            row.resize(x + 1, Cell::default());
        }
        row[x] = cell.clone();
    }

    /// The cells of a row that are drawn, left to right: those behind a wide sign are not.
    fn drawn(row: &[Cell], y: u16) -> Vec<(u16, u16, &Cell)> {
        let mut out = vec![];
        let mut x = 0;
        while let Some(cell) = row.get(x) {
            out.push((x as u16, y, cell));
            x += width::grapheme(cell.symbol()).max(1);
        }
        out
    }
}

/// Terminals may draw it in another number of cells than it is counted here. Of single characters the alphabets, the signs
/// that screens are made of, and the ideographs are certain.
fn is_uncertain(symbol: &str) -> bool {
    let mut chars = symbol.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) => !matches!(c as u32,
            0x20..=0x2ff | 0x370..=0x52f | 0x2010..=0x25ff | 0x2713..=0x2718 | 0x2800..=0x28ff
            | 0x3001..=0x303e | 0x3041..=0x3163 | 0x3165..=0x9fff | 0xac00..=0xd7a3 | 0xff01..=0xff60 | 0xfffd),
        (Some(_), Some(_)) => true,
        _ => false,
    }
}

impl<B: Backend> Backend for Gate<B> {
    type Error = B::Error;

    fn draw<'a, I>(&mut self, content: I) -> Result<(), Self::Error>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut cells: Vec<(u16, u16, Cell)> = content.map(|(x, y, cell)| (x, y, cell.clone())).collect();
        let mut touched = BTreeSet::new();
        for (x, y, cell) in &mut cells {
            if !clean::drawable(cell.symbol()) {
                cell.set_symbol(MARK);
            }
            if is_uncertain(cell.symbol()) {
                self.uncertain.insert(*y);
            }
            self.keep(*x, *y, cell);
            touched.insert(*y);
        }
        let whole: Vec<u16> = touched.intersection(&self.uncertain).copied().collect();
        let rest = cells.iter().filter(|(_, y, _)| whole.binary_search(y).is_err());
        self.inner.draw(rest.map(|(x, y, cell)| (*x, *y, cell)))?;
        for y in whole {
            let drawn = Self::drawn(&self.rows[usize::from(y)], y);
            // Each piece begins with the cursor being put to its place.
            let mut from = 0;
            let mut still = false;
            for at in 0..drawn.len() {
                if is_uncertain(drawn[at].2.symbol()) {
                    still = true;
                    self.inner.draw(drawn[from..=at].iter().copied())?;
                    from = at + 1;
                }
            }
            self.inner.draw(drawn[from..].iter().copied())?;
            if !still {
                self.uncertain.remove(&y);
            }
        }
        Ok(())
    }

    fn append_lines(&mut self, n: u16) -> Result<(), Self::Error> {
        self.inner.append_lines(n)
    }

    fn hide_cursor(&mut self) -> Result<(), Self::Error> {
        self.inner.hide_cursor()
    }

    fn show_cursor(&mut self) -> Result<(), Self::Error> {
        self.inner.show_cursor()
    }

    fn get_cursor_position(&mut self) -> Result<Position, Self::Error> {
        self.inner.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> Result<(), Self::Error> {
        self.inner.set_cursor_position(position)
    }

    fn clear(&mut self) -> Result<(), Self::Error> {
        self.forget();
        self.inner.clear()
    }

    fn clear_region(&mut self, region: ClearType) -> Result<(), Self::Error> {
        self.forget();
        self.inner.clear_region(region)
    }

    fn size(&self) -> Result<Size, Self::Error> {
        self.inner.size()
    }

    fn window_size(&mut self) -> Result<WindowSize, Self::Error> {
        self.inner.window_size()
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        Backend::flush(&mut self.inner)
    }
}

impl<B: Write> Write for Gate<B> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::{backend::CrosstermBackend, backend::TestBackend, buffer::Buffer, layout::Rect};

    #[test]
    fn a_forgotten_sign_becomes_a_mark_and_the_rest_stays() {
        let mut gate = Gate::new(TestBackend::new(6, 1));
        let cells = ["a", "\u{1b}", "\u{202e}", "e\u{301}", "b\u{7}", "é"].map(|symbol| {
            let mut cell = Cell::default();
            cell.set_symbol(symbol);
            cell
        });
        gate.draw(cells.iter().zip(0..).map(|(cell, x)| (x, 0, cell))).expect("drawn");
        gate.inner.assert_buffer_lines(["a��e\u{301}�é"]);
    }

    #[derive(Clone, Default)]
    struct Shared(std::rc::Rc<std::cell::RefCell<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// An emulator that counts a family as four wide people, as some terminals do: what follows stays in its column, and
    /// nothing is left when the family goes.
    #[test]
    fn columns_stay_aligned_where_a_terminal_counts_otherwise() {
        let mut parser = vt100::Parser::new(2, 30, 0);
        let area = Rect::new(0, 0, 30, 2);
        let mut before = Buffer::empty(area);
        let written = Shared::default();
        let mut gate = Gate::new(CrosstermBackend::new(written.clone()));
        let family = "👨\u{200d}👩\u{200d}👧\u{200d}👦";
        for (first, second) in [(family, "x│y"), ("नमस्ते ❤\u{fe0f}", "x│y"), ("plain", "x│y"), ("", "")]
        {
            let mut after = Buffer::empty(area);
            after.set_string(0, 0, first, ratatui::style::Style::default());
            after.set_string(20, 0, second, ratatui::style::Style::default());
            gate.draw(before.diff(&after).into_iter()).expect("drawn");
            parser.process(&written.0.take());
            let cell = |x| parser.screen().cell(0, x).map(|c| c.contents().to_owned()).unwrap_or_default();
            let mark = if second.is_empty() { "" } else { "│" };
            assert_eq!(cell(21).trim(), mark, "{first:?}");
            if first == "plain" {
                assert_eq!(parser.screen().contents().trim_end(), "plain               x│y");
            }
            before = after;
        }
        assert_eq!(parser.screen().contents().trim(), "");
    }
}
