//! The staged changes as lines: grouped by table, in the order in which they will be sent.

use crate::{
    data::{
        catalog::Detail,
        edits::{Change, JsonAct, JsonEdit, RowKey, Staged, Text, Value, What, path_text},
    },
    sql::edit::{Sent, order, statements},
    text::units,
};
use std::{collections::HashMap, sync::Arc};

/// Characters of a value shown in the list.
const SHOWN: usize = 60;

/// A staged change and what is sent for it.
#[derive(Clone, Debug)]
pub struct Planned {
    /// Its place in `Staged::changes`.
    pub number: usize,
    /// The change.
    pub change: Arc<Change>,
    /// Its statements; or why there are none (yet).
    pub sent: Result<Vec<Sent>, String>,
}

/// A line of the list; numbers are those of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// A table, and how many changes of it follow.
    Table(usize, usize),
    /// A change.
    Change(usize),
    /// One column of it.
    Field(usize, usize),
}

/// The changes in the order to be sent, with their statements.
#[must_use]
pub fn plan(staged: &Staged, details: &HashMap<u32, Result<Arc<Detail>, String>>) -> Vec<Planned> {
    let known: HashMap<u32, Arc<Detail>> =
        details.iter().filter_map(|(oid, d)| Some((*oid, d.as_ref().ok()?.clone()))).collect();
    let changes = staged.changes();
    order(changes, &known)
        .into_iter()
        .map(|number| {
            let change = changes[number].clone();
            let sent = match details.get(&change.table.oid) {
                Some(Ok(detail)) => statements(&change, detail),
                Some(Err(why)) => Err(why.clone()),
                None => Err("reading the table's description …".into()),
            };
            Planned { number, change, sent }
        })
        .collect()
}

/// The lines of a plan.
#[must_use]
pub fn lines(plan: &[Planned]) -> Vec<Line> {
    let mut out = vec![];
    let mut at = 0;
    while at < plan.len() {
        let oid = plan[at].change.table.oid;
        let count = plan[at..].iter().take_while(|p| p.change.table.oid == oid).count();
        out.push(Line::Table(at, count));
        for (n, planned) in plan.iter().enumerate().skip(at).take(count) {
            out.push(Line::Change(n));
            if let What::Update { fields, .. } = &planned.change.what
                && fields.len() > 1
            {
                out.extend((0..fields.len()).map(|f| Line::Field(n, f)));
            }
        }
        at += count;
    }
    out
}

/// The sign of a change and the theme's name for it.
#[must_use]
pub fn sign(change: &Change) -> (&'static str, &'static str) {
    match &change.what {
        What::Update { .. } => ("~", "grid.changed"),
        What::Insert { .. } => ("+", "grid.added"),
        What::Delete { .. } => ("-", "grid.deleted"),
        What::Bulk { set, .. } if set.is_empty() => ("-", "grid.deleted"),
        What::Bulk { .. } => ("~", "grid.changed"),
    }
}

/// Which row: `users 42`, `posts (new)`.
#[must_use]
pub fn row_name(change: &Change) -> String {
    let name = &change.table.name;
    match &change.what {
        What::Update { key, .. } | What::Delete { key, .. } => format!("{name} {}", key_text(key)),
        What::Insert { .. } => format!("{name} (new)"),
        What::Bulk { rows, count, .. } => {
            let which = if rows.text.is_empty() { "all rows" } else { &rows.text };
            format!("{name} where {which}: {}", units::counted(*count, "row", "rows"))
        }
    }
}

/// A key as people read it.
#[must_use]
pub fn key_text(key: &RowKey) -> String {
    let parts: Vec<&str> = key.iter().map(|k| k.as_deref().unwrap_or("NULL")).collect();
    parts.join(", ")
}

/// What becomes of the row, behind its name; empty when lines of columns follow.
#[must_use]
pub fn what_text(change: &Change) -> String {
    match &change.what {
        What::Update { fields, .. } if fields.len() == 1 => field_text(change, 0),
        What::Update { fields, .. } => units::counted(fields.len() as u64, "column", "columns"),
        What::Insert { fields, upsert, .. } => {
            let list: Vec<String> = fields.iter().map(|(c, v)| format!("{c}: {}", value_text(v))).collect();
            let list = if list.is_empty() { "all defaults".into() } else { list.join(", ") };
            match upsert {
                Some(u) if u.update.is_empty() => format!("{list} · if {} is new", u.target.join(", ")),
                Some(u) => format!("{list} · or update by {}", u.target.join(", ")),
                None => list,
            }
        }
        What::Delete { .. } => String::new(),
        What::Bulk { set, .. } => {
            let list: Vec<String> = set.iter().map(|(c, v)| format!("{c} → {}", value_text(v))).collect();
            list.join(", ")
        }
    }
}

/// `username: ada → eva`.
#[must_use]
pub fn field_text(change: &Change, field: usize) -> String {
    let What::Update { fields, .. } = &change.what else { return String::new() };
    let Some(f) = fields.get(field) else { return String::new() };
    match &f.value {
        Value::Json(edit) => format!("{} {}", f.column, json_text(edit)),
        value => format!("{}: {} → {}", f.column, text(&f.seen), value_text(value)),
    }
}

fn json_text(edit: &JsonEdit) -> String {
    let ops: Vec<String> = edit
        .ops
        .iter()
        .rev()
        .take(3)
        .map(|op| {
            let path = path_text(&op.path);
            match &op.act {
                JsonAct::Set { old, new } => format!("{path}: {} → {}", short(old), short(new)),
                JsonAct::Add { new } => format!("{path}: + {}", short(new)),
                JsonAct::Insert { new } => format!("{path}: + {}", short(new)),
                JsonAct::Remove { .. } => format!("{path}: −"),
                JsonAct::Rename { to, .. } => format!("{path} → {to}"),
            }
        })
        .collect();
    let more = if edit.ops.len() > 3 { format!(" … {} in all", edit.ops.len()) } else { String::new() };
    format!("{}{more}", ops.join(", "))
}

/// A value to be, for people.
#[must_use]
pub fn value_text(value: &Value) -> String {
    match value {
        Value::Null => "NULL".into(),
        Value::Default => "DEFAULT".into(),
        Value::Now => "now()".into(),
        Value::Text(t) => text(&Some(t.clone())),
        Value::Json(edit) => json_text(edit),
    }
}

/// A cell's text, for people.
#[must_use]
pub fn text(text: &Text) -> String {
    match text.as_deref() {
        None => "NULL".into(),
        Some("") => "''".into(),
        Some(t) => short(t),
    }
}

/// The beginning of a long text.
#[must_use]
pub fn short(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
