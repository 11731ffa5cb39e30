//! CSV: RFC 4180 with `\n` line ends, quoted where psql quotes, the server's bytes untouched.

use super::{End, Writer};
use crate::data::{
    rows::{Batch, Column},
    value::Cell,
};
use std::io;

/// A header line, then one record per row.
#[derive(Default)]
pub(super) struct Csv {
    buffer: Vec<u8>,
}

/// NULL is nothing and the empty string is `""`, so that they differ although a plain reader takes both for empty.
fn field(out: &mut Vec<u8>, cell: Cell<'_>) {
    let Some(bytes) = cell else { return };
    let quoted =
        bytes.is_empty() || bytes == b"\\." || bytes.iter().any(|b| matches!(b, b',' | b'"' | b'\n' | b'\r'));
    if !quoted {
        out.extend_from_slice(bytes);
        return;
    }
    out.push(b'"');
    for part in bytes.split_inclusive(|b| *b == b'"') {
        out.extend_from_slice(part);
        if part.ends_with(b"\"") {
            out.push(b'"');
        }
    }
    out.push(b'"');
}

fn record<'a>(out: &mut Vec<u8>, cells: impl Iterator<Item = Cell<'a>>) {
    for (i, cell) in cells.enumerate() {
        if i > 0 {
            out.push(b',');
        }
        field(out, cell);
    }
    out.push(b'\n');
}

impl Writer for Csv {
    fn begin(&mut self, out: &mut dyn io::Write, columns: &[Column]) -> io::Result<()> {
        self.buffer.clear();
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
    use crate::format::{
        find,
        testing::{column, written},
        text,
    };

    #[test]
    fn quoting() {
        for (value, expected) in [
            (None, ""),
            (Some(""), "\"\""),
            (Some("NULL"), "NULL"),
            (Some(" a "), " a "),
            (Some("a,b"), "\"a,b\""),
            (Some("say \"hi\""), "\"say \"\"hi\"\"\""),
            (Some("\""), "\"\"\"\""),
            (Some("a\nb"), "\"a\nb\""),
            (Some("a\rb"), "\"a\rb\""),
            (Some("\\."), "\"\\.\""),
            (Some("\u{1b}[31m"), "\u{1b}[31m"),
            (Some("漢字"), "漢字"),
        ] {
            let out = written("csv", &[column("a", 25), column("b", 25)], &[&[value, Some("x")]]);
            assert_eq!(out, format!("a,b\n{expected},x\n"));
        }
    }

    #[test]
    fn header_is_quoted_too_and_bytes_are_kept() {
        assert_eq!(written("csv", &[column("a,\"b", 25)], &[]), "\"a,\"\"b\"\n");
        let mut batch = crate::data::rows::Batch::new(1);
        batch.push([Some(&b"\xff\xfe"[..])]);
        let mut writer = find("csv").unwrap().writer().unwrap();
        let mut out = Vec::new();
        writer.rows(&mut out, &batch).unwrap();
        assert_eq!(out, b"\xff\xfe\n");
        assert_eq!(text(writer, &[column("a", 25)], &batch), "a\n\u{fffd}\u{fffd}\n");
    }
}
