//! A Markdown table (the GitHub kind): one line per row, `|` and line breaks escaped.

use super::{End, Writer};
use crate::data::{
    rows::{Batch, Column},
    value::{Cell, Kind},
};
use std::io;

/// Header, alignment line, rows.
#[derive(Default)]
pub(super) struct Markdown {
    buffer: Vec<u8>,
}

/// NULL stands in italics so that it differs from the word and from an empty string.
fn field(out: &mut Vec<u8>, cell: Cell<'_>) {
    let Some(bytes) = cell else {
        out.extend_from_slice(b"*NULL*");
        return;
    };
    let mut bytes = bytes.iter().peekable();
    while let Some(b) = bytes.next() {
        match b {
            b'|' => out.extend_from_slice(b"\\|"),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'\n' => out.extend_from_slice(b"<br>"),
            b'\r' if bytes.peek() == Some(&&b'\n') => {}
            b'\r' => out.extend_from_slice(b"<br>"),
            _ => out.push(*b),
        }
    }
}

fn line<'a>(out: &mut Vec<u8>, cells: impl Iterator<Item = Cell<'a>>) {
    out.push(b'|');
    for cell in cells {
        out.push(b' ');
        field(out, cell);
        out.extend_from_slice(b" |");
    }
    out.push(b'\n');
}

impl Writer for Markdown {
    fn begin(&mut self, out: &mut dyn io::Write, columns: &[Column]) -> io::Result<()> {
        self.buffer.clear();
        line(&mut self.buffer, columns.iter().map(|c| Some(c.name.as_bytes())));
        self.buffer.push(b'|');
        for c in columns {
            self.buffer.extend_from_slice(if Kind::right_aligned(c.kind()) { b" ---: |" } else { b" --- |" });
        }
        self.buffer.push(b'\n');
        out.write_all(&self.buffer)
    }

    fn rows(&mut self, out: &mut dyn io::Write, batch: &Batch) -> io::Result<()> {
        self.buffer.clear();
        for row in 0..batch.len() {
            line(&mut self.buffer, batch.row(row));
        }
        out.write_all(&self.buffer)
    }

    fn end(&mut self, out: &mut dyn io::Write, _: &End) -> io::Result<()> {
        // two tables need a blank line between them
        out.write_all(b"\n")
    }
}

#[cfg(test)]
mod tests {
    use crate::format::testing::{column, written};

    #[test]
    fn a_table() {
        assert_eq!(
            written(
                "markdown",
                &[column("id", 23), column("a|b", 25)],
                &[&[Some("1"), Some("x|y\\z\r\nnext<i>")], &[None, Some("")]]
            ),
            "| id | a\\|b |\n| ---: | --- |\n| 1 | x\\|y\\\\z<br>next&lt;i> |\n| *NULL* |  |\n\n"
        );
    }
}
