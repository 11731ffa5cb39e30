//! Values themselves, for copying cells: no quoting, no header; NULL is nothing.

use super::{End, Writer};
use crate::data::rows::{Batch, Column};
use std::io;

/// One cell as it is; several cells one a line (columns separated by tabs).
#[derive(Default)]
pub(super) struct Plain {
    any: bool,
}

impl Writer for Plain {
    fn begin(&mut self, _: &mut dyn io::Write, _: &[Column]) -> io::Result<()> {
        self.any = false;
        Ok(())
    }

    fn rows(&mut self, out: &mut dyn io::Write, batch: &Batch) -> io::Result<()> {
        for row in 0..batch.len() {
            if std::mem::replace(&mut self.any, true) {
                out.write_all(b"\n")?;
            }
            for (i, cell) in batch.row(row).enumerate() {
                if i > 0 {
                    out.write_all(b"\t")?;
                }
                out.write_all(cell.unwrap_or_default())?;
            }
        }
        Ok(())
    }

    fn end(&mut self, _: &mut dyn io::Write, _: &End) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::format::testing::{column, written};

    #[test]
    fn one_cell_is_copied_as_it_is() {
        assert_eq!(written("cell", &[column("a", 25)], &[&[Some("a\t\"b\n")]]), "a\t\"b\n");
        assert_eq!(written("cell", &[column("a", 25)], &[&[None]]), "");
        assert_eq!(written("cell", &[column("a", 25)], &[&[Some("1")], &[Some("2")]]), "1\n2");
    }
}
