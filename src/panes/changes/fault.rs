//! Why an apply failed: which change and which of its columns, in whose words, and what is known of the outcome.

use super::list::{Planned, row_name};
use crate::{
    core::error::{DbError, UNKNOWN_OUTCOME, WRONG_ROWS},
    data::{
        catalog::Detail,
        edits::{Change, Value, What},
    },
};
use std::{collections::HashMap, sync::Arc};

/// A failed apply.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The change it is about, as it was sent; none: all of them.
    pub change: Option<Arc<Change>>,
    /// The columns it is about.
    pub columns: Vec<String>,
    /// What is shown: the first line is the message.
    pub lines: Vec<String>,
}

/// What was described of the tables.
pub type Details = HashMap<u32, Result<Arc<Detail>, String>>;

impl Fault {
    /// Of a server's error. `at`: the change whose statement failed; none at COMMIT.
    #[must_use]
    pub fn new(error: &DbError, at: Option<usize>, plan: &[Planned], details: &Details) -> Self {
        let change = at.and_then(|n| plan.get(n)).or_else(|| about(error, plan)).map(|p| p.change.clone());
        let detail = change.as_ref().and_then(|c| details.get(&c.table.oid)?.as_ref().ok());
        let columns = match (&change, detail) {
            (Some(change), Some(detail)) => columns(error, change, detail),
            _ => vec![],
        };
        let mut lines = vec![];
        let place = match (&change, at) {
            (Some(c), Some(_)) => format!("{}: ", row_name(c)),
            (_, None) if error.code != UNKNOWN_OUTCOME && !error.fatal => "At COMMIT: ".into(),
            _ => String::new(),
        };
        lines.push(format!("{place}{}", error));
        if !columns.is_empty() {
            lines.push(format!("Column: {}", columns.join(", ")));
        }
        lines.extend(error.detail.iter().map(|d| format!("Detail: {d}")));
        lines.extend(error.hint.iter().map(|h| format!("Hint: {h}")));
        lines.push(outcome(error, at.is_none()).into());
        Self { change, columns, lines }
    }

    /// The constraint whose columns the description does not tell: of which relation, its name.
    #[must_use]
    pub fn unknown(&self, error: &DbError) -> Option<(u32, String)> {
        if !self.columns.is_empty() {
            return None;
        }
        Some((self.change.as_ref()?.table.oid, error.constraint.clone()?))
    }

    /// The columns came.
    pub fn set_columns(&mut self, columns: Vec<String>) {
        if !columns.is_empty() && self.columns.is_empty() {
            self.lines.insert(1.min(self.lines.len()), format!("Column: {}", columns.join(", ")));
            self.columns = columns;
        }
    }
}

/// What is known of the staged changes after it.
fn outcome(error: &DbError, at_commit: bool) -> &'static str {
    if error.code == UNKNOWN_OUTCOME {
        return "It is not known whether the changes were written: look at the rows before applying again. They are still staged.";
    }
    if error.is_own_cancel() {
        return "Cancelled: nothing was written, everything is still staged.";
    }
    if error.fatal {
        return if at_commit {
            "The connection was lost at COMMIT: nothing was written, everything is still staged."
        } else {
            "The connection was lost before COMMIT: nothing was written, everything is still staged."
        };
    }
    if error.code == WRONG_ROWS {
        return "Nothing was written, everything is still staged.";
    }
    "Nothing was written, everything is still staged. e edits the value, dd takes the change out."
}

/// The change whose table the error names (a deferred constraint speaks at COMMIT).
fn about<'a>(error: &DbError, plan: &'a [Planned]) -> Option<&'a Planned> {
    let table = error.table.as_deref()?;
    plan.iter().find(|p| {
        *p.change.table.name == *table && error.schema.as_deref().is_none_or(|s| *p.change.table.schema == *s)
    })
}

fn columns(error: &DbError, change: &Change, detail: &Detail) -> Vec<String> {
    if let Some(column) = error.column.as_deref().filter(|c| detail.columns.iter().any(|d| d.name == **c)) {
        return vec![column.to_owned()];
    }
    if let Some(name) = &error.constraint {
        let key = detail.keys.iter().find(|k| k.name == *name);
        if let Some(key) = key {
            return key.columns.iter().filter_map(|a| Some(detail.column(*a)?.name.clone())).collect();
        }
        let reference = detail.references.iter().find(|f| f.name == *name);
        return reference.map(|f| f.from_columns.clone()).unwrap_or_default();
    }
    // A value that its type does not take is named in the message.
    if !error.code.starts_with("22") {
        return vec![];
    }
    let quoted = |v: &Value| matches!(v, Value::Text(t) if error.message.contains(&format!("\"{t}\"")));
    match &change.what {
        What::Update { fields, .. } => {
            fields.iter().filter(|f| quoted(&f.value)).map(|f| f.column.clone()).collect()
        }
        What::Insert { fields: set, .. } | What::Bulk { set, .. } => {
            set.iter().filter(|(_, v)| quoted(v)).map(|(c, _)| c.clone()).collect()
        }
        What::Delete { .. } => vec![],
    }
}
