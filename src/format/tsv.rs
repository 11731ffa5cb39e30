//! TSV: PostgreSQL's COPY text format, one row per line whatever the values hold.

use super::{End, Writer};
use crate::data::{
    rows::{Batch, Column},
    value::Cell,
};
use std::io;

/// A header line, then rows as `COPY … TO STDOUT` writes them: `\N` is NULL; tab, newline and backslash are escaped.
#[derive(Default)]
pub(super) struct Tsv {
    buffer: Vec<u8>,
    bare: bool,
}

impl Tsv {
    /// Rows alone, for copying; a single cell or row then has no line end.
    pub(super) fn without_header() -> Self {
        Self { bare: true, ..Self::default() }
    }
}

fn field(out: &mut Vec<u8>, cell: Cell<'_>) {
    let Some(bytes) = cell else {
        out.extend_from_slice(b"\\N");
        return;
    };
    for &b in bytes {
        let letter = match b {
            b'\\' => b'\\',
            b'\t' => b't',
            b'\n' => b'n',
            b'\r' => b'r',
            8 => b'b',
            11 => b'v',
            12 => b'f',
            _ => {
                out.push(b);
                continue;
            }
        };
        out.extend_from_slice(&[b'\\', letter]);
    }
}

fn record<'a>(out: &mut Vec<u8>, cells: impl Iterator<Item = Cell<'a>>) {
    for (i, cell) in cells.enumerate() {
        if i > 0 {
            out.push(b'\t');
        }
        field(out, cell);
    }
    out.push(b'\n');
}

impl Writer for Tsv {
    fn begin(&mut self, out: &mut dyn io::Write, columns: &[Column]) -> io::Result<()> {
        self.buffer.clear();
        if self.bare {
            return Ok(());
        }
        record(&mut self.buffer, columns.iter().map(|c| Some(c.name.as_bytes())));
        out.write_all(&self.buffer)
    }

    fn rows(&mut self, out: &mut dyn io::Write, batch: &Batch) -> io::Result<()> {
        self.buffer.clear();
        for row in 0..batch.len() {
            record(&mut self.buffer, batch.row(row));
        }
        out.write_all(&self.buffer)
    }

    fn end(&mut self, _: &mut dyn io::Write, _: &End) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::format::testing::{column, written};

    #[test]
    fn escapes_as_copy_does() {
        for (value, expected) in [
            (None, "\\N"),
            (Some(""), ""),
            (Some("\\N"), "\\\\N"),
            (Some("a\tb\nc\rd\\e"), "a\\tb\\nc\\rd\\\\e"),
            (Some("\u{8}\u{b}\u{c}\u{7}"), "\\b\\v\\f\u{7}"),
        ] {
            assert_eq!(
                written("tsv", &[column("a\tb", 25), column("c", 25)], &[&[value, None]]),
                format!("a\\tb\tc\n{expected}\t\\N\n")
            );
        }
    }

    #[test]
    fn a_copied_row_has_no_header() {
        assert_eq!(written("row", &[column("a", 25), column("b", 25)], &[&[Some("1"), Some("2")]]), "1\t2\n");
    }
}
