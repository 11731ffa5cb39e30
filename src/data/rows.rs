//! Columns, batches of rows, and the bounded store a result is kept in.

use super::value::{Cell, Kind};
use std::{collections::VecDeque, sync::Arc};

/// A column of a result as `RowDescription` gives it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// The name as the server sent it (may hold anything: clean it before drawing).
    pub name: String,
    /// `pg_type.oid`; a domain arrives as its base type.
    pub type_oid: u32,
    /// Type modifier, -1 when there is none.
    pub typmod: i32,
    /// `pg_class.oid` of the table the column comes from, 0 when it is computed.
    pub table_oid: u32,
    /// `pg_attribute.attnum` in that table, 0 when it is computed.
    pub attnum: i16,
}

impl Column {
    /// What the column's type means.
    #[must_use]
    pub fn kind(&self) -> Kind {
        Kind::of(self.type_oid)
    }

    /// A computed column of type text; for tests and for results made by the console itself.
    #[must_use]
    pub fn text(name: &str) -> Self {
        Self { name: name.into(), type_oid: 25, typmod: -1, ..Self::default() }
    }
}

const NULL: u32 = 1 << 31;

/// Some rows of one result, packed: all cell bytes in one buffer.
///
/// A `DataRow` message is shorter than 2 GiB and batches are cut at 64 KiB, so offsets fit 31 bits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    width: usize,
    rows: usize,
    bytes: Vec<u8>,
    /// End offset of each cell; the top bit marks NULL.
    ends: Vec<u32>,
}

impl Batch {
    /// An empty batch of `width` columns.
    #[must_use]
    pub fn new(width: usize) -> Self {
        Self { width, ..Self::default() }
    }

    /// Appends a row. Missing cells become NULL, surplus ones are dropped.
    pub fn push<'a>(&mut self, cells: impl IntoIterator<Item = Cell<'a>>) {
        let mut cells = cells.into_iter();
        for _ in 0..self.width {
            match cells.next().flatten() {
                Some(b) => {
                    self.bytes.extend_from_slice(b);
                    self.ends.push(self.bytes.len() as u32);
                }
                None => self.ends.push(self.bytes.len() as u32 | NULL),
            }
        }
        self.rows += 1;
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows
    }

    /// True when there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Number of columns.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// One cell; NULL when out of range.
    #[must_use]
    pub fn cell(&self, row: usize, column: usize) -> Cell<'_> {
        if row >= self.rows || column >= self.width {
            return None;
        }
        let at = row * self.width + column;
        let end = self.ends[at];
        if end & NULL != 0 {
            return None;
        }
        let start = if at == 0 { 0 } else { self.ends[at - 1] & !NULL };
        Some(&self.bytes[start as usize..end as usize])
    }

    /// The cells of a row, left to right.
    pub fn row(&self, row: usize) -> impl Iterator<Item = Cell<'_>> {
        (0..self.width).map(move |c| self.cell(row, c))
    }

    /// Bytes this batch occupies, for budgets.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes.capacity() + self.ends.capacity() * 4 + size_of::<Self>()
    }

    /// Bytes of text in it.
    #[must_use]
    pub fn text_len(&self) -> usize {
        self.bytes.len()
    }
}

/// The rows of one result that are kept: a window over the whole, bounded by its owner.
///
/// Rows have absolute numbers from 0; dropping old batches moves `first` up.
#[derive(Clone, Debug, Default)]
pub struct RowStore {
    batches: VecDeque<(u64, Arc<Batch>)>,
    first: u64,
    end: u64,
    size: usize,
}

impl RowStore {
    /// Appends a batch.
    pub fn push(&mut self, batch: Arc<Batch>) {
        if batch.is_empty() {
            return;
        }
        self.size += batch.size();
        let start = self.end;
        self.end += batch.len() as u64;
        self.batches.push_back((start, batch));
    }

    /// Absolute number of the first row kept.
    #[must_use]
    pub fn first(&self) -> u64 {
        self.first
    }

    /// Absolute number after the last row kept.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Rows kept.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.end - self.first
    }

    /// True when no row is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes kept.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// Drops whole batches from the front until at most `budget` bytes remain; returns rows dropped.
    /// The last batch is never dropped.
    pub fn trim(&mut self, budget: usize) -> u64 {
        let before = self.first;
        while self.size > budget && self.batches.len() > 1 {
            if let Some((_, old)) = self.batches.pop_front() {
                self.size -= old.size();
                self.first += old.len() as u64;
            }
        }
        self.first - before
    }

    /// Where a row stands: its batch and its number in it.
    #[must_use]
    pub fn find(&self, row: u64) -> Option<(&Arc<Batch>, usize)> {
        if row < self.first || row >= self.end {
            return None;
        }
        let at = self.batches.partition_point(|(start, _)| *start <= row).checked_sub(1)?;
        let (start, batch) = &self.batches[at];
        Some((batch, (row - start) as usize))
    }

    /// One cell by absolute row number; NULL when the row is not kept.
    #[must_use]
    pub fn cell(&self, row: u64, column: usize) -> Cell<'_> {
        let (batch, at) = self.find(row)?;
        batch.cell(at, column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(rows: &[&[Option<&str>]]) -> Arc<Batch> {
        let mut b = Batch::new(rows[0].len());
        for r in rows {
            b.push(r.iter().map(|c| c.map(str::as_bytes)));
        }
        Arc::new(b)
    }

    #[test]
    fn null_empty_and_text_differ() {
        let b = batch(&[&[None, Some(""), Some("NULL")], &[Some("x"), None, None]]);
        assert_eq!(b.cell(0, 0), None);
        assert_eq!(b.cell(0, 1), Some(&b""[..]));
        assert_eq!(b.cell(0, 2), Some(&b"NULL"[..]));
        assert_eq!(b.cell(1, 0), Some(&b"x"[..]));
        assert_eq!(b.cell(1, 2), None);
        assert_eq!(b.cell(2, 0), None);
    }

    #[test]
    fn a_store_keeps_absolute_numbers_when_trimmed() {
        let mut s = RowStore::default();
        for n in 0..100 {
            s.push(batch(&[&[Some(&format!("a{n}"))], &[Some(&format!("b{n}"))]]));
        }
        assert_eq!((s.first(), s.end()), (0, 200));
        let one = s.size() / 100;
        s.trim(one * 10);
        assert_eq!(s.end(), 200);
        assert!(s.first() >= 178, "{}", s.first());
        assert_eq!(s.cell(199, 0), Some(&b"b99"[..]));
        assert_eq!(s.cell(0, 0), None);
    }
}
