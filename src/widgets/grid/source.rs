//! What a grid shows: columns, a window of loaded rows, cells.

use crate::data::{
    rows::{Column, RowStore},
    value::Kind,
};
use std::borrow::Cow;

/// A cell to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GridCell<'a> {
    /// SQL NULL.
    Null,
    /// The whole value.
    Text(&'a [u8]),
    /// The beginning of a value, and how long the whole is (in the source's own unit).
    Cut(&'a [u8], u64),
    /// Not here yet.
    Loading,
    /// A word that stands for a value the server will make: `DEFAULT`, `now()`.
    Word(&'a str),
}

/// How a row or a cell differs from what the server holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Touch {
    /// Not at all.
    #[default]
    None,
    /// It is to become another.
    Changed,
    /// It is to come.
    Added,
    /// It is to go.
    Deleted,
}

impl Touch {
    /// Of a staged change of a row.
    #[must_use]
    pub fn of(change: &crate::data::edits::Change) -> Self {
        use crate::data::edits::What;
        match change.what {
            What::Update { .. } | What::Bulk { .. } => Self::Changed,
            What::Insert { .. } => Self::Added,
            What::Delete { .. } => Self::Deleted,
        }
    }

    /// The sign in the gutter: colour never says it alone.
    #[must_use]
    pub fn sign(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Changed => Some("~"),
            Self::Added => Some("+"),
            Self::Deleted => Some("-"),
        }
    }

    /// The style's name in the theme.
    #[must_use]
    pub fn style(self) -> &'static str {
        match self {
            Self::None => "grid.cell",
            Self::Changed => "grid.changed",
            Self::Added => "grid.added",
            Self::Deleted => "grid.deleted",
        }
    }
}

impl<'a> GridCell<'a> {
    /// A whole cell as rows hold it.
    #[must_use]
    pub fn of(cell: crate::data::value::Cell<'a>) -> Self {
        cell.map_or(Self::Null, Self::Text)
    }

    /// A staged value.
    #[must_use]
    pub fn staged(value: &'a crate::data::edits::Value) -> Self {
        use crate::data::edits::Value;
        match value {
            Value::Null => Self::Null,
            Value::Text(text) => Self::Text(text.as_bytes()),
            Value::Default => Self::Word("‹default›"),
            Value::Now => Self::Word("‹now()›"),
            Value::Json(edit) => Self::Text(edit.shown.as_bytes()),
        }
    }

    /// The bytes there are, none for NULL and for what is not here yet.
    #[must_use]
    pub fn bytes(self) -> Option<&'a [u8]> {
        match self {
            Self::Text(b) | Self::Cut(b, _) => Some(b),
            Self::Null | Self::Loading | Self::Word(_) => None,
        }
    }
}

/// How a column takes part in the sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sorted {
    /// 1 for the first sort column; 0 when it is the only one (no number is drawn).
    pub rank: u8,
    /// Descending.
    pub descending: bool,
}

/// A column's heading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GridColumn<'a> {
    /// Its name as the server has it.
    pub name: &'a str,
    /// The second line: type, `pk`, `→ users`; may be empty.
    pub detail: Cow<'a, str>,
    /// What the type means, for alignment and style.
    pub kind: Kind,
    /// Part of the key: drawn as such.
    pub key: bool,
    /// Its place in the sort.
    pub sort: Option<Sorted>,
}

impl<'a> GridColumn<'a> {
    /// A plain column.
    #[must_use]
    pub fn new(name: &'a str, kind: Kind) -> Self {
        Self { name, detail: Cow::Borrowed(""), kind, key: false, sort: None }
    }
}

/// The rows a grid shows. Rows have absolute numbers; a window `first()..end()` of them is loaded.
pub trait GridSource {
    /// Number of columns.
    fn columns(&self) -> usize;

    /// A column's heading.
    fn column(&self, column: usize) -> GridColumn<'_>;

    /// Absolute number of the first loaded row.
    fn first(&self) -> u64;

    /// Absolute number after the last loaded row.
    fn end(&self) -> u64;

    /// A cell of a loaded row.
    fn cell(&self, row: u64, column: usize) -> GridCell<'_>;

    /// What is to happen to a loaded row.
    fn row_touch(&self, row: u64) -> Touch {
        let _ = row;
        Touch::None
    }

    /// What is to happen to a cell of a loaded row.
    fn touch(&self, row: u64, column: usize) -> Touch {
        let _ = (row, column);
        Touch::None
    }

    /// There are rows before the loaded ones.
    fn more_before(&self) -> bool {
        false
    }

    /// There are, or may be, rows behind the loaded ones.
    fn more_after(&self) -> bool {
        false
    }

    /// What is written in place of rows when there are none.
    fn when_empty(&self) -> Cow<'_, str> {
        Cow::Borrowed("no rows")
    }
}

/// A result's columns and kept rows as a source.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// The columns.
    pub columns: &'a [Column],
    /// The second line of each heading (type names); may be shorter or empty.
    pub details: &'a [String],
    /// The rows.
    pub store: &'a RowStore,
    /// More rows may follow.
    pub more: bool,
    /// What is written when there are no rows.
    pub when_empty: &'a str,
}

impl GridSource for Rows<'_> {
    fn columns(&self) -> usize {
        self.columns.len()
    }

    fn column(&self, column: usize) -> GridColumn<'_> {
        let c = &self.columns[column];
        let detail = self.details.get(column).map_or("", String::as_str);
        GridColumn { detail: Cow::Borrowed(detail), ..GridColumn::new(&c.name, c.kind()) }
    }

    fn first(&self) -> u64 {
        self.store.first()
    }

    fn end(&self) -> u64 {
        self.store.end()
    }

    fn cell(&self, row: u64, column: usize) -> GridCell<'_> {
        GridCell::of(self.store.cell(row, column))
    }

    fn more_after(&self) -> bool {
        self.more
    }

    fn when_empty(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.when_empty)
    }
}
