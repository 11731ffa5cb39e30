//! One column per line, for people and for wide rows.

use super::{End, Writer, shown};
use crate::data::rows::{Batch, Column};
use std::{fmt::Write as _, io};

/// `-[ RECORD 1 ]-` and then `name | value`, as psql's `\x`.
#[derive(Default)]
pub(super) struct Expanded {
    names: Vec<String>,
    width: usize,
    row: u64,
    buffer: String,
}

impl Expanded {
    fn push_value(&mut self, column: usize, cell: Option<&[u8]>) {
        let lines = cell.map_or_else(|| vec![shown::NULL.into()], shown::lines);
        for (i, line) in lines.iter().enumerate() {
            let name = if i == 0 { self.names[column].as_str() } else { "" };
            let pad = self.width - shown::width(name);
            let _ = write!(self.buffer, "{name}{:pad$} |", "");
            if !line.is_empty() {
                self.buffer.push(' ');
                self.buffer.push_str(line);
            }
            self.buffer.push('\n');
        }
    }
}

impl Writer for Expanded {
    fn begin(&mut self, _: &mut dyn io::Write, columns: &[Column]) -> io::Result<()> {
        self.names = columns.iter().map(|c| shown::line(&c.name)).collect();
        self.width = self.names.iter().map(|n| shown::width(n)).max().unwrap_or(0);
        self.row = 0;
        Ok(())
    }

    fn rows(&mut self, out: &mut dyn io::Write, batch: &Batch) -> io::Result<()> {
        self.buffer.clear();
        for row in 0..batch.len() {
            self.row += 1;
            // writing to a String cannot fail
            let _ = writeln!(self.buffer, "-[ RECORD {} ]{}", self.row, "-".repeat(self.width));
            for column in 0..self.names.len() {
                self.push_value(column, batch.cell(row, column));
            }
        }
        out.write_all(self.buffer.as_bytes())
    }

    fn end(&mut self, out: &mut dyn io::Write, end: &End) -> io::Result<()> {
        out.write_all(if end.rows == 0 { b"(0 rows)\n\n" } else { b"\n" })
    }
}

#[cfg(test)]
mod tests {
    use crate::format::testing::{column, written};

    #[test]
    fn records() {
        let out = written(
            "expanded",
            &[column("id", 23), column("title", 25)],
            &[&[Some("1"), Some("two\nlines")], &[Some("2"), None], &[Some("3"), Some("")]],
        );
        assert_eq!(
            out,
            concat!(
                "-[ RECORD 1 ]-----\nid    | 1\ntitle | two\n      | lines\n",
                "-[ RECORD 2 ]-----\nid    | 2\ntitle | ∅\n",
                "-[ RECORD 3 ]-----\nid    | 3\ntitle |\n\n"
            )
        );
        assert_eq!(written("expanded", &[column("id", 23)], &[]), "(0 rows)\n\n");
    }
}
