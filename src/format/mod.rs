//! Output formats: one row each in the table below, used by `--format`, by copy in the grid and by export alike.
//!
//! A writer never holds a whole result: it is fed batches and writes as it goes. What goes into a file or
//! a pipe is the server's own text, byte for byte; only `table` and `expanded`, which are made for people,
//! show control characters as visible marks.

mod cell;
mod csv;
mod expanded;
mod json;
mod markdown;
mod names;
pub mod plan;
mod relation;
mod shown;
mod statements;
mod table;
mod tsv;

pub use names::unique;
pub use relation::{Relation, RelationColumn};

use crate::data::rows::{Batch, Column};
use std::io;

/// How a result ended, for formats with a footer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct End {
    /// Rows written.
    pub rows: u64,
    /// The command tag (`SELECT 3`), may be empty.
    pub tag: String,
}

/// Writes results in one format. For each result `begin`, any number of `rows`, then `end`; several results may
/// follow one another through the same writer.
pub trait Writer: Send {
    /// A result begins.
    ///
    /// # Errors
    /// Those of `out`.
    fn begin(&mut self, out: &mut dyn io::Write, columns: &[Column]) -> io::Result<()>;

    /// Some more rows of it.
    ///
    /// # Errors
    /// Those of `out`.
    fn rows(&mut self, out: &mut dyn io::Write, batch: &Batch) -> io::Result<()>;

    /// The result is complete. A result that failed half-way is simply not ended.
    ///
    /// # Errors
    /// Those of `out`.
    fn end(&mut self, out: &mut dyn io::Write, end: &End) -> io::Result<()>;

    /// Values so far whose bytes the format cannot hold: others stand in their place.
    fn replaced(&self) -> u64 {
        0
    }
}

type Make = fn(Option<&Relation>) -> Result<Box<dyn Writer>, String>;

/// A format: one row of `FORMATS`.
#[derive(Clone, Copy)]
pub struct Format {
    /// The name `--format` takes and the menu shows.
    pub name: &'static str,
    /// File name ending without its dot.
    pub extension: &'static str,
    /// May be asked for on the command line; the others only make sense for rows of a known relation.
    pub headless: bool,
    /// Writes rows as they come. The others look at some rows first.
    pub streams: bool,
    /// The key after `y` in a grid, if it has one.
    pub key: Option<char>,
    /// One line of help.
    pub help: &'static str,
    make: Make,
}

impl Format {
    /// A writer for results that need not come from one relation.
    ///
    /// # Errors
    /// When the format needs to know the relation; the text says so.
    pub fn writer(&self) -> Result<Box<dyn Writer>, String> {
        (self.make)(None)
    }

    /// A writer for rows of a known relation.
    ///
    /// # Errors
    /// When the relation does not have what the format needs, such as a key for UPDATE; the text says what.
    pub fn writer_for(&self, relation: &Relation) -> Result<Box<dyn Writer>, String> {
        (self.make)(Some(relation))
    }
}

impl std::fmt::Debug for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Format").field("name", &self.name).finish_non_exhaustive()
    }
}

impl PartialEq for Format {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

const fn row(
    name: &'static str,
    extension: &'static str,
    key: Option<char>,
    help: &'static str,
    make: Make,
) -> Format {
    Format { name, extension, headless: true, streams: true, key, help, make }
}

const fn copy(name: &'static str, key: char, help: &'static str, make: Make) -> Format {
    Format { name, extension: "sql", headless: false, streams: true, key: Some(key), help, make }
}

/// Every format.
pub static FORMATS: &[Format] = &[
    Format {
        streams: false,
        ..row("table", "txt", None, "aligned columns for people", |_| Ok(Box::new(table::Table::default())))
    },
    row("csv", "csv", Some('c'), "RFC 4180 with a header; NULL is nothing, the empty string is \"\"", |_| {
        Ok(Box::new(csv::Csv::default()))
    }),
    row("tsv", "tsv", None, "COPY's text format with a header; NULL is \\N", |_| {
        Ok(Box::new(tsv::Tsv::default()))
    }),
    row("json", "json", Some('j'), "an array of objects, every digit kept", |_| {
        Ok(Box::new(json::Json::array()))
    }),
    row("ndjson", "ndjson", None, "one JSON object per line", |_| Ok(Box::new(json::Json::lines()))),
    row("markdown", "md", Some('m'), "a Markdown table", |_| Ok(Box::new(markdown::Markdown::default()))),
    row("expanded", "txt", None, "one column per line, for people", |_| {
        Ok(Box::new(expanded::Expanded::default()))
    }),
    Format {
        extension: "txt",
        ..copy("cell", 'y', "the value itself", |_| Ok(Box::new(cell::Plain::default())))
    },
    Format {
        extension: "txt",
        ..copy("row", 'r', "values separated by tabs", |_| Ok(Box::new(tsv::Tsv::without_header())))
    },
    copy("insert", 'i', "INSERT statements", statements::insert),
    copy("update", 'u', "UPDATE statements by key", statements::update),
    copy("in-list", 'n', "the first column's values as an IN list", |_| {
        Ok(Box::new(statements::InList::default()))
    }),
];

/// The format of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|f| f.name == name)
}

/// The format a grid copies in when this key follows `y`.
#[must_use]
pub fn by_key(key: char) -> Option<&'static Format> {
    FORMATS.iter().find(|f| f.key == Some(key))
}

/// Names `--format` takes, in order.
pub fn headless_names() -> impl Iterator<Item = &'static str> {
    FORMATS.iter().filter(|f| f.headless).map(|f| f.name)
}

/// Rows as text in one go, for the clipboard. Bytes that are not UTF-8 become U+FFFD, as a clipboard holds text.
#[must_use]
pub fn text(mut writer: Box<dyn Writer>, columns: &[Column], batch: &Batch) -> String {
    let mut out = Vec::new();
    let end = End { rows: batch.len() as u64, tag: String::new() };
    let written = writer
        .begin(&mut out, columns)
        .and_then(|()| writer.rows(&mut out, batch))
        .and_then(|()| writer.end(&mut out, &end));
    debug_assert!(written.is_ok(), "a Vec takes everything");
    String::from_utf8(out).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
}

#[cfg(test)]
pub(crate) mod testing {
    //! Small results for the tests of the formats.
    use super::*;

    /// A column of a type.
    pub fn column(name: &str, type_oid: u32) -> Column {
        Column { name: name.into(), type_oid, typmod: -1, ..Column::default() }
    }

    /// A batch of text cells.
    pub fn batch(rows: &[&[Option<&str>]]) -> Batch {
        let mut b = Batch::new(rows.first().map_or(0, |r| r.len()));
        for r in rows {
            b.push(r.iter().map(|c| c.map(str::as_bytes)));
        }
        b
    }

    /// What a format makes of a result.
    pub fn written(format: &str, columns: &[Column], rows: &[&[Option<&str>]]) -> String {
        let writer = find(format).expect("a format").writer().expect("a writer");
        text(writer, columns, &batch(rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_keys_are_unique() {
        for (i, a) in FORMATS.iter().enumerate() {
            for b in &FORMATS[i + 1..] {
                assert_ne!(a.name, b.name);
                assert!(a.key.is_none() || a.key != b.key, "{} and {}", a.name, b.name);
            }
            assert_eq!(find(a.name), Some(a));
        }
        assert_eq!(
            headless_names().collect::<Vec<_>>(),
            ["table", "csv", "tsv", "json", "ndjson", "markdown", "expanded"]
        );
    }
}
