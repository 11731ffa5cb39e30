//! Completion at the cursor: what may stand there, from the tokens of the statement and the catalog.
//!
//! Works on half-typed text, looks only at the statement around the cursor, and never asks the
//! server: what the catalog snapshot does not hold yet is simply not offered.

mod fit;
mod joins;
mod offer;
mod place;
mod query;
mod tokens;
mod utility;
mod words;

#[cfg(test)]
mod tests;

use crate::data::catalog::Catalog;

/// What a completion is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ItemKind {
    /// Table, partitioned or foreign table, sequence.
    Table,
    /// View or materialised view.
    View,
    /// A query of WITH.
    Cte,
    /// Schema.
    Schema,
    /// Column.
    Column,
    /// A name in the FROM list.
    Alias,
    /// A join or its condition.
    Join,
    /// Function, aggregate or procedure.
    Function,
    /// Type.
    Type,
    /// Setting of the server.
    Setting,
    /// Key word.
    Keyword,
}

impl ItemKind {
    /// A word for the list.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::View => "view",
            Self::Cte => "with",
            Self::Schema => "schema",
            Self::Column => "column",
            Self::Alias => "alias",
            Self::Join => "join",
            Self::Function => "function",
            Self::Type => "type",
            Self::Setting => "setting",
            Self::Keyword => "",
        }
    }
}

/// One thing that may stand at the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The text that replaces the range, quoted where it must be.
    pub insert: String,
    /// What it is.
    pub kind: ItemKind,
    /// A remark: a column's type and table, a table's schema, a function's arguments.
    pub remark: String,
}

/// What may stand at the cursor, best first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// First byte that an item replaces.
    pub start: usize,
    /// One past the last byte that an item replaces.
    pub end: usize,
    /// The items; empty when nothing fits.
    pub items: Vec<Item>,
}

/// Items at most: nobody scrolls through more, and every one costs.
const MOST: usize = 300;

/// What may stand at byte `at` of the text.
#[must_use]
pub fn complete(text: &str, at: usize, catalog: &Catalog) -> Completion {
    let at = (0..=at.min(text.len())).rev().find(|n| text.is_char_boundary(*n)).unwrap_or(0);
    let mut from = 0;
    loop {
        match tokens::look(&text[from..], at - from) {
            tokens::Inside::Nothing => return Completion { start: at, end: at, items: vec![] },
            // Each body begins behind its own `$`, so this ends.
            tokens::Inside::Body(start) => from += start.max(1),
            tokens::Inside::Code(spot) => {
                let mut items = offer::offers(&spot, catalog);
                items.truncate(MOST);
                return Completion { start: from + spot.start, end: from + spot.end, items };
            }
        }
    }
}
