//! An aligned table for people, with psql's looks, without holding the whole result.

use super::{End, Writer, shown};
use crate::data::{
    rows::{Batch, Column},
    value::Cell,
};
use std::{borrow::Cow, io};

/// Rows looked at before the columns' widths are fixed.
const SAMPLE_ROWS: usize = 1000;
/// Bytes looked at before the columns' widths are fixed.
const SAMPLE_BYTES: usize = 4 << 20;
/// No column is padded further than this: one huge value must not blow up every other row.
const WIDEST: usize = 200;

/// Columns are as wide as the first rows need. A later, wider value pushes its line out; nothing is ever cut off.
#[derive(Default)]
pub(super) struct Table {
    names: Vec<String>,
    right: Vec<bool>,
    widths: Vec<usize>,
    /// Rows waiting for the widths; `None` once they are fixed.
    sample: Option<Vec<Batch>>,
    buffer: String,
}

/// The lines of a cell as they are shown.
fn lines(cell: Cell<'_>) -> Vec<Cow<'_, str>> {
    match cell {
        None => vec![Cow::Borrowed(shown::NULL)],
        Some(bytes) => shown::lines(bytes),
    }
}

impl Table {
    fn fix_widths(&mut self, sample: &[Batch]) {
        self.widths = self.names.iter().map(|n| shown::width(n).min(WIDEST)).collect();
        for batch in sample {
            for row in 0..batch.len() {
                for (width, cell) in self.widths.iter_mut().zip(batch.row(row)) {
                    let widest = lines(cell).iter().map(|l| shown::width(l)).max().unwrap_or(0);
                    *width = (*width).max(widest.min(WIDEST));
                }
            }
        }
    }

    /// One table row; a value of several lines takes several lines, each but its last marked `+`.
    fn push_row(&mut self, cells: &[Vec<Cow<'_, str>>]) {
        let height = cells.iter().map(Vec::len).max().unwrap_or(1);
        for at in 0..height {
            for (i, cell) in cells.iter().enumerate() {
                if i > 0 {
                    self.buffer.push('|');
                }
                let text = cell.get(at).map_or("", |l| &**l);
                let goes_on = at + 1 < cell.len();
                let pad = self.widths[i].saturating_sub(shown::width(text));
                self.buffer.push(' ');
                if self.right[i] {
                    pad_by(&mut self.buffer, pad);
                }
                self.buffer.push_str(text);
                let last = i + 1 == cells.len();
                if !self.right[i] && (!last || goes_on) {
                    pad_by(&mut self.buffer, pad);
                }
                if goes_on {
                    self.buffer.push('+');
                } else if !last {
                    self.buffer.push(' ');
                }
            }
            self.buffer.push('\n');
        }
    }

    fn push_header(&mut self) {
        let names: Vec<Vec<Cow<'_, str>>> =
            std::mem::take(&mut self.names).into_iter().map(|n| vec![Cow::Owned(n)]).collect();
        self.push_row(&names);
        for (i, width) in self.widths.iter().enumerate() {
            if i > 0 {
                self.buffer.push('+');
            }
            self.buffer.extend(std::iter::repeat_n('-', width + 2));
        }
        self.buffer.push('\n');
    }

    fn push_batch(&mut self, batch: &Batch) {
        for row in 0..batch.len() {
            let cells: Vec<_> = batch.row(row).map(lines).collect();
            self.push_row(&cells);
        }
    }

    /// Fixes the widths and lets the waiting rows out.
    fn settle(&mut self) {
        if let Some(sample) = self.sample.take() {
            self.fix_widths(&sample);
            self.push_header();
            for batch in &sample {
                self.push_batch(batch);
            }
        }
    }

    fn flush(&mut self, out: &mut dyn io::Write) -> io::Result<()> {
        let written = out.write_all(self.buffer.as_bytes());
        self.buffer.clear();
        written
    }
}

fn pad_by(out: &mut String, n: usize) {
    out.extend(std::iter::repeat_n(' ', n));
}

impl Writer for Table {
    fn begin(&mut self, _: &mut dyn io::Write, columns: &[Column]) -> io::Result<()> {
        self.names = columns.iter().map(|c| shown::line(&c.name)).collect();
        self.right = columns.iter().map(|c| c.kind().right_aligned()).collect();
        self.sample = Some(Vec::new());
        self.buffer.clear();
        Ok(())
    }

    fn rows(&mut self, out: &mut dyn io::Write, batch: &Batch) -> io::Result<()> {
        match &mut self.sample {
            Some(sample) => {
                sample.push(batch.clone());
                let (rows, bytes) = sample.iter().fold((0, 0), |(r, b), x| (r + x.len(), b + x.size()));
                if rows >= SAMPLE_ROWS || bytes >= SAMPLE_BYTES {
                    self.settle();
                }
            }
            None => self.push_batch(batch),
        }
        self.flush(out)
    }

    fn end(&mut self, out: &mut dyn io::Write, end: &End) -> io::Result<()> {
        self.settle();
        self.buffer.push_str(&if end.rows == 1 {
            "(1 row)\n\n".to_owned()
        } else {
            format!("({} rows)\n\n", end.rows)
        });
        self.flush(out)
    }
}

#[cfg(test)]
mod tests {
    use crate::format::{
        End, find,
        testing::{batch, column, written},
    };

    #[test]
    fn numbers_right_and_null_apart_from_empty() {
        let out = written(
            "table",
            &[column("id", 23), column("name", 25), column("n", 1700)],
            &[
                &[Some("1"), Some("漢字"), Some("1.50")],
                &[Some("20"), None, None],
                &[Some("3"), Some(""), Some("NaN")],
            ],
        );
        assert_eq!(
            out,
            concat!(
                " id | name |    n\n",
                "----+------+------\n",
                "  1 | 漢字 | 1.50\n",
                " 20 | ∅    |    ∅\n",
                "  3 |      |  NaN\n",
                "(3 rows)\n\n"
            )
        );
    }

    #[test]
    fn lines_and_control_characters() {
        let out = written(
            "table",
            &[column("a", 25), column("b", 25)],
            &[&[Some("x\nlonger"), Some("y\nz")], &[Some("\u{1b}[2J"), Some("-")]],
        );
        assert_eq!(out, " a      | b\n--------+---\n x     +| y+\n longer | z\n ␛[2J   | -\n(2 rows)\n\n");
    }

    #[test]
    fn later_wider_values_are_not_cut() {
        let mut writer = find("table").unwrap().writer().unwrap();
        let columns = [column("a", 25), column("b", 25)];
        let mut out = Vec::new();
        writer.begin(&mut out, &columns).unwrap();
        for _ in 0..1000 {
            writer.rows(&mut out, &batch(&[&[Some("x"), Some("y")]])).unwrap();
        }
        assert!(!out.is_empty(), "after the sample rows flow");
        writer.rows(&mut out, &batch(&[&[Some("a much wider value"), Some("y")]])).unwrap();
        writer.end(&mut out, &End { rows: 1001, tag: String::new() }).unwrap();
        let out = String::from_utf8(out).unwrap();
        assert!(out.contains("\n a much wider value | y\n(1001 rows)\n"), "{}", &out[out.len() - 80..]);
    }

    #[test]
    fn a_result_without_rows_or_columns() {
        assert_eq!(written("table", &[column("a", 25)], &[]), " a\n---\n(0 rows)\n\n");
        assert_eq!(written("table", &[], &[&[]]), "\n\n\n(1 row)\n\n");
    }
}
