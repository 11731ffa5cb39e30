//! Staged changes of rows: what the user wants changed, what was seen before, undo and redo. Nothing here has been
//! sent to a server; `sql/edit` turns it into statements.

mod apply;
mod common;
mod differ;
mod json;
mod staged;

pub use apply::{apply, apply_to, patch};
pub use differ::{Comparing, Shared};
pub use json::{ArraySeen, JsonAct, JsonEdit, JsonOp, diff, path_text};
pub use staged::Staged;

use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A cell's text as the server printed it; `None` is NULL.
pub type Text = Option<String>;

/// The exact values of a row's key columns, in the order of `Detail::row_key`.
pub type RowKey = Vec<Text>;

/// A relation as changes name it: the OID finds it, the names find it again when it was made anew.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TableRef {
    /// `pg_class.oid`.
    pub oid: u32,
    /// Schema name.
    pub schema: Arc<str>,
    /// Relation name, unquoted.
    pub name: Arc<str>,
}

/// What a column is to become.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// The column's default.
    Default,
    /// The time of the transaction, `now()`.
    Now,
    /// A text in the type's input form; the empty text is a text.
    Text(String),
    /// Changes inside a jsonb document.
    Json(Box<JsonEdit>),
}

impl Value {
    /// From a cell's text.
    #[must_use]
    pub fn of(text: Text) -> Self {
        text.map_or(Self::Null, Self::Text)
    }

    /// Does it leave a cell that holds `seen` as it is?
    #[must_use]
    pub fn is(&self, seen: &Text) -> bool {
        match (self, seen) {
            (Self::Null, None) => true,
            (Self::Text(a), Some(b)) => a == b,
            (Self::Json(edit), _) => edit.is_empty(),
            _ => false,
        }
    }
}

/// A changed column of a stored row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Column name, unquoted.
    pub column: String,
    /// What the user saw. Of a document edited by node only the touched parts count (`JsonOp`), and this is not kept.
    pub seen: Text,
    /// What it is to become.
    pub value: Value,
}

/// What an INSERT does when a row with the same key is there already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upsert {
    /// The columns of the key that may be there (`ON CONFLICT (…)`).
    pub target: Vec<String>,
    /// The columns that are then updated from the new row; none: `DO NOTHING`.
    pub update: Vec<String>,
}

/// A condition as SQL, for changes of all rows of a filter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Where {
    /// For people: `is_active = false`.
    pub text: String,
    /// `WHERE …`, its parameters numbered from `$1`; empty for all rows.
    pub sql: String,
    /// The parameters.
    pub params: Vec<Text>,
    /// Their types.
    pub types: Vec<u32>,
}

/// What is to happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// Some columns of a row.
    Update {
        /// The row.
        key: RowKey,
        /// The columns, each once.
        fields: Vec<Field>,
        /// Columns that tell whether the row was changed meanwhile (`updated_at`, a version), as seen.
        version: Vec<(String, Text)>,
    },
    /// A new row.
    Insert {
        /// Tells new rows apart.
        id: u64,
        /// The columns given; the others get their defaults.
        fields: Vec<(String, Value)>,
        /// Insert or update.
        upsert: Option<Upsert>,
    },
    /// A row goes.
    Delete {
        /// The row.
        key: RowKey,
        /// All columns that were seen whole.
        seen: Vec<(String, Text)>,
    },
    /// All rows of a filter are changed, or go (no fields).
    Bulk {
        /// Which rows.
        rows: Where,
        /// So many were counted when it was staged; another number rolls everything back.
        count: u64,
        /// What they get; none: they are deleted.
        set: Vec<(String, Value)>,
    },
}

/// One staged change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Of which relation.
    pub table: TableRef,
    /// What is to happen.
    pub what: What,
}

impl Change {
    /// The stored row it is about.
    #[must_use]
    pub fn key(&self) -> Option<&RowKey> {
        match &self.what {
            What::Update { key, .. } | What::Delete { key, .. } => Some(key),
            What::Insert { .. } | What::Bulk { .. } => None,
        }
    }

    /// What a column of this row becomes.
    #[must_use]
    pub fn value(&self, column: &str) -> Option<&Value> {
        match &self.what {
            What::Update { fields, .. } => fields.iter().find(|f| f.column == column).map(|f| &f.value),
            What::Insert { fields, .. } => fields.iter().find(|(c, _)| c == column).map(|(_, v)| v),
            What::Delete { .. } | What::Bulk { .. } => None,
        }
    }
}

/// A step of staging, as panes ask for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Changes a column of a stored row; back to what was seen: takes the change back.
    Set {
        /// Of which relation.
        table: TableRef,
        /// The row.
        key: RowKey,
        /// The column.
        field: Field,
        /// See `What::Update`.
        version: Vec<(String, Text)>,
    },
    /// Rows go; staged updates of them go with them.
    Delete {
        /// Of which relation.
        table: TableRef,
        /// Each row's key, and its columns that were seen whole.
        rows: Vec<(RowKey, Vec<(String, Text)>)>,
    },
    /// New rows.
    Insert {
        /// Of which relation.
        table: TableRef,
        /// Per row the columns given.
        rows: Vec<Vec<(String, Value)>>,
    },
    /// Changes a column of a new row; `None`: its default.
    SetNew {
        /// The new row.
        id: u64,
        /// The column.
        column: String,
        /// The value.
        value: Option<Value>,
    },
    /// Insert or update, or plain insert.
    SetUpsert {
        /// The new row.
        id: u64,
        /// What to do on conflict.
        upsert: Option<Upsert>,
    },
    /// A change of all rows of a filter.
    Bulk {
        /// Of which relation.
        table: TableRef,
        /// See `What::Bulk`.
        what: What,
    },
    /// Takes the change with this number out (`Staged::changes`).
    Drop(usize),
    /// Takes the change of one column of a stored row back.
    Revert {
        /// Of which relation.
        oid: u32,
        /// The row.
        key: RowKey,
        /// The column.
        column: String,
    },
    /// Takes the last step back.
    Undo,
    /// Does it again.
    Redo,
    /// Takes everything out.
    Clear,
    /// These changes instead, as one step: a draft of last time, what a conflict was settled to, the inverse of
    /// what was applied.
    Replace(Vec<Change>),
    /// All was applied: nothing is staged, and there is nothing to take back.
    Applied,
}
