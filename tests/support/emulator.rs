//! A small terminal: what a program's bytes look like on one that does as it is told, and that counts cells in one of the
//! two ways in which terminals differ. It knows what drawing needs, the end of line wrapping too, and no more.
#![allow(dead_code, reason = "every test program uses its own part of this")]

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How wide a terminal draws what is made of several characters.
#[derive(Clone, Copy, PartialEq)]
pub enum Count {
    /// Each character by itself: a family of four is eight cells.
    Characters,
    /// What belongs together is one sign of two cells at most.
    Graphemes,
}

/// A screen.
pub struct Emulator {
    /// Signs; an empty one is the second half of the wide one before.
    rows: Vec<Vec<String>>,
    x: usize,
    y: usize,
    count: Count,
}

impl Emulator {
    pub fn new(width: u16, height: u16, count: Count) -> Self {
        let rows = vec![vec![String::from(" "); width.into()]; height.into()];
        Self { rows, x: 0, y: 0, count }
    }

    /// Whole sequences and characters only.
    pub fn write(&mut self, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        let mut rest = &*text;
        while let Some(at) = rest.find('\x1b') {
            self.print(&rest[..at]);
            rest = self.obey(&rest[at..]);
        }
        self.print(rest);
    }

    /// The screen, without blanks at the ends of lines.
    pub fn text(&self) -> String {
        let lines: Vec<String> = self.rows.iter().map(|r| r.concat().trim_end().to_owned()).collect();
        lines.join("\n")
    }

    /// One line of it.
    pub fn line(&self, row: usize) -> String {
        self.rows[row].concat()
    }

    /// In which column of a row a text begins.
    pub fn column(&self, row: usize, text: &str) -> Option<usize> {
        (0..self.rows[row].len()).find(|x| self.rows[row][*x..].concat().starts_with(text))
    }

    /// Number of rows.
    pub fn height(&self) -> usize {
        self.rows.len()
    }

    /// Does what a sequence says and gives what is behind it.
    fn obey<'a>(&mut self, text: &'a str) -> &'a str {
        let Some(body) = text.strip_prefix("\x1b[") else { return &text[1..] };
        let Some(end) = body.find(|c: char| ('\x40'..='\x7e').contains(&c)) else { return "" };
        let number = |n: &str| n.parse::<usize>().unwrap_or(1).max(1) - 1;
        match &body[end..=end] {
            "H" => {
                let (y, x) = body[..end].split_once(';').unwrap_or(("1", "1"));
                self.y = number(y).min(self.rows.len() - 1);
                self.x = number(x).min(self.rows[0].len() - 1);
            }
            "J" => self.rows.iter_mut().flatten().for_each(|cell| *cell = " ".into()),
            _ => {}
        }
        &body[end + 1..]
    }

    fn print(&mut self, text: &str) {
        let mut one = [0; 4];
        match self.count {
            Count::Graphemes => text.graphemes(true).for_each(|g| self.put(g, g.width().min(2))),
            Count::Characters => {
                text.chars().for_each(|c| self.put(c.encode_utf8(&mut one), c.width().unwrap_or(0)));
            }
        }
    }

    fn put(&mut self, sign: &str, cells: usize) {
        let (width, row) = (self.rows[0].len(), &mut self.rows[self.y]);
        if cells == 0 {
            let base = (0..self.x.min(width)).rev().find(|x| !row[*x].is_empty());
            if let Some(base) = base {
                row[base].push_str(sign);
            }
            return;
        }
        // Without wrapping what comes behind the last column is drawn in it.
        let x = self.x.min(width - cells);
        if row[x].is_empty() {
            row[x - 1] = " ".into();
        }
        if x + cells < width && row[x + cells].is_empty() {
            row[x + cells] = " ".into();
        }
        row[x] = sign.into();
        row[x + 1..x + cells].fill(String::new());
        self.x = x + cells;
    }
}
