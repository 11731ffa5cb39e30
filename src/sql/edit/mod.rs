//! Staged changes as SQL: guarded statements, their order, what takes them back.
//!
//! Every value is a bound parameter. An UPDATE or DELETE names its row by key and asks that every changed column
//! (and a column such as `updated_at`) still holds what the user saw; a statement that meets another number of rows
//! than one rolls everything back. So nothing of somebody else's is overwritten.

mod again;
mod foresee;
mod guard;
mod inverse;
mod json;
mod order;
mod show;
#[cfg(test)]
mod tests;

pub use again::{left_out, like};
pub use foresee::{MOST_ASKED, MOST_COUNTED, referring};
pub use inverse::inverse;
pub use order::order;
pub use show::{parameter_types, runnable, script};

use super::{
    filter::Query,
    page::{exact_text, key_columns, table},
    quote::ident,
};
use crate::data::{
    catalog::{ColumnInfo, Detail, RelKind},
    edits::{Change, Field, Text, Upsert, Value, What, Where},
};
use guard::Guards;

/// Rows changed by a filter whose old values are kept, so that it can be taken back.
pub const MOST_KEPT: u64 = 5_000;

/// One statement of an apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The statement with its parameters: what the preview shows and the server gets.
    pub query: Query,
    /// So many rows it must meet, otherwise everything is rolled back; `None`: any number.
    pub rows: Option<u64>,
    /// What the columns of its answer are.
    pub returned: Vec<Returned>,
}

/// A column of RETURNING.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Returned {
    /// A key column of the row, exactly, by its place in the key.
    Key(usize),
    /// A column's new value (its old one after a DELETE and before a change by filter).
    Column(String),
    /// Of a document edited by node: the text at the path of this operation of the inverse.
    Op(String, usize),
    /// Of a document edited by node: the text of this guarded array of the inverse.
    Array(String, usize),
    /// Of such an array: the text of this guarded element.
    Element(String, usize, usize),
}

/// Column names that tell whether a row was changed, when it is there: times and counters of versions.
const VERSIONS: &[&str] = &[
    "updated_at",
    "modified_at",
    "changed_at",
    "last_modified",
    "updated_on",
    "modified_on",
    "lock_version",
    "row_version",
    "rowversion",
];

/// The columns of `What::Update::version`.
#[must_use]
pub fn version_columns(detail: &Detail) -> Vec<&ColumnInfo> {
    detail.columns.iter().filter(|c| VERSIONS.contains(&c.name.to_lowercase().as_str())).collect()
}

/// Why rows of this relation cannot be changed, for people; `None`: they can.
#[must_use]
pub fn why_not_rows(detail: &Detail) -> Option<String> {
    let name = &detail.relation.name;
    match detail.relation.kind {
        RelKind::Table | RelKind::Partitioned | RelKind::Foreign => {}
        RelKind::View => return Some(format!("{name} is a view: edit the table it reads")),
        other => return Some(format!("{name} is a {}: its rows cannot be edited", other.noun())),
    }
    if detail.row_key().is_none() {
        return Some(format!(
            "{name} has no key (no primary key, no unique index on NOT NULL columns): a row cannot be told from another"
        ));
    }
    None
}

/// Why this column of a stored row cannot be changed; `None`: it can.
#[must_use]
pub fn why_not(detail: &Detail, column: &ColumnInfo) -> Option<String> {
    if let Some(why) = why_not_rows(detail) {
        return Some(why);
    }
    if column.generated {
        return Some(format!("{} is generated: the server computes it", column.name));
    }
    if column.identity == 'a' {
        return Some(format!("{} is an identity column GENERATED ALWAYS: the server gives it", column.name));
    }
    if column.no_update {
        let grant = format!("GRANT UPDATE ({}) ON {} TO …", ident(&column.name), table(detail));
        return Some(format!("your role may not update {}: {grant}", column.name));
    }
    None
}

/// Why rows cannot be added; `None`: they can.
#[must_use]
pub fn why_no_insert(detail: &Detail) -> Option<String> {
    let name = &detail.relation.name;
    match detail.relation.kind {
        RelKind::Table | RelKind::Partitioned | RelKind::Foreign => {}
        other => return Some(format!("{name} is a {}: rows are added to tables", other.noun())),
    }
    if !detail.columns.is_empty() && detail.columns.iter().all(|c| c.no_insert) {
        return Some(format!("your role may not add rows: GRANT INSERT ON {} TO …", table(detail)));
    }
    None
}

/// Why rows cannot be deleted; `None`: they can.
#[must_use]
pub fn why_no_delete(detail: &Detail) -> Option<String> {
    why_not_rows(detail).or_else(|| {
        detail
            .no_delete
            .then(|| format!("your role may not delete rows: GRANT DELETE ON {} TO …", table(detail)))
    })
}

/// The statements of one change: mostly one; a change by filter reads the old values first.
///
/// # Errors
/// The table has changed: a column or its key is not there any more.
pub fn statements(change: &Change, detail: &Detail) -> Result<Vec<Sent>, String> {
    let one = |sent: Result<Sent, String>| sent.map(|s| vec![s]);
    match &change.what {
        What::Update { key, fields, version } => one(update(detail, key, fields, version)),
        What::Insert { fields, upsert, .. } => one(insert(detail, fields, upsert.as_ref())),
        What::Delete { key, seen } => one(delete(detail, key, seen)),
        What::Bulk { rows, count, set } => bulk(detail, rows, *count, set),
    }
}

/// A column by name.
fn column<'a>(detail: &'a Detail, name: &str) -> Result<&'a ColumnInfo, String> {
    (detail.columns.iter().find(|c| c.name == name))
        .ok_or_else(|| format!("there is no column \"{name}\" in {} (any more)", table(detail)))
}

/// The SQL of a plain value.
fn value_sql(query: &mut Query, value: &Value) -> String {
    match value {
        Value::Null => "NULL".into(),
        Value::Default => "DEFAULT".into(),
        Value::Now => "now()".into(),
        // The server gives a bare parameter the type of the column it is put into.
        Value::Text(text) => query.bind(Some(text.clone()), 0),
        Value::Json(_) => "NULL".into(),
    }
}

/// RETURNING: the key, then columns; what they are is noted.
struct Returning {
    list: Vec<String>,
    what: Vec<Returned>,
}

impl Returning {
    fn key(detail: &Detail) -> Self {
        let columns = key_columns(detail);
        Self {
            list: columns.iter().map(|at| exact_text(&detail.columns[*at])).collect(),
            what: (0..columns.len()).map(Returned::Key).collect(),
        }
    }

    fn push(&mut self, sql: String, what: Returned) {
        self.list.push(sql);
        self.what.push(what);
    }

    fn column(&mut self, name: &str) {
        self.push(ident(name), Returned::Column(name.to_owned()));
    }

    /// A column as text that is read back as the same value, whatever `DateStyle` says.
    fn exact(&mut self, column: &ColumnInfo) {
        self.push(exact_text(column), Returned::Column(column.name.clone()));
    }

    fn onto(self, mut query: Query, rows: Option<u64>) -> Sent {
        if !self.list.is_empty() {
            query.sql.push_str(&format!("\nRETURNING {}", self.list.join(", ")));
        }
        Sent { query, rows, returned: self.what }
    }
}

fn update(
    detail: &Detail,
    key: &[Text],
    fields: &[Field],
    version: &[(String, Text)],
) -> Result<Sent, String> {
    let mut query = Query::default();
    let mut sets = vec![];
    for field in fields {
        let info = column(detail, &field.column)?;
        let value = match &field.value {
            Value::Json(edit) => json::expression(&mut query, info, edit),
            plain => value_sql(&mut query, plain),
        };
        sets.push(format!("{} = {value}", ident(&info.name)));
    }
    let mut guards = Guards::key(detail, key, &mut query)?;
    for field in fields {
        let info = column(detail, &field.column)?;
        match &field.value {
            Value::Json(edit) => json::guards(&mut query, info, edit, &mut guards),
            _ => guards.seen(&mut query, info, &field.seen),
        }
    }
    for (name, seen) in version {
        if !fields.iter().any(|f| f.column == *name) {
            guards.seen(&mut query, column(detail, name)?, seen);
        }
    }
    query.sql = format!("UPDATE {}\nSET {}\n{}", table(detail), sets.join(",\n    "), guards.sql());
    let mut returning = Returning::key(detail);
    for field in fields {
        match &field.value {
            Value::Json(edit) => json::returning(&mut query, &field.column, edit, &mut returning),
            _ => returning.column(&field.column),
        }
    }
    Ok(returning.onto(query, Some(1)))
}

fn insert(detail: &Detail, fields: &[(String, Value)], upsert: Option<&Upsert>) -> Result<Sent, String> {
    let mut query = Query::default();
    let (mut names, mut values, mut always) = (vec![], vec![], false);
    for (name, value) in fields {
        let info = column(detail, name)?;
        always |= info.identity == 'a' && *value != Value::Default;
        names.push(ident(name));
        values.push(value_sql(&mut query, value));
    }
    let mut sql = format!("INSERT INTO {}", table(detail));
    if names.is_empty() {
        sql.push_str("\nDEFAULT VALUES");
    } else {
        let overriding = if always { "\nOVERRIDING SYSTEM VALUE" } else { "" };
        sql.push_str(&format!(" ({}){overriding}\nVALUES ({})", names.join(", "), values.join(", ")));
    }
    if let Some(Upsert { target, update }) = upsert {
        let target: Vec<String> = target.iter().map(|c| ident(c)).collect();
        let sets: Vec<String> = update.iter().map(|c| format!("{0} = EXCLUDED.{0}", ident(c))).collect();
        let act =
            if sets.is_empty() { "NOTHING".into() } else { format!("UPDATE\nSET {}", sets.join(",\n    ")) };
        sql.push_str(&format!("\nON CONFLICT ({}) DO {act}", target.join(", ")));
    }
    query.sql = sql;
    let mut returning = Returning::key(detail);
    for (name, _) in fields {
        returning.column(name);
    }
    let may_do_nothing = upsert.is_some_and(|u| u.update.is_empty());
    Ok(returning.onto(query, (!may_do_nothing).then_some(1)))
}

/// The columns whose values make a deleted row again.
fn stored(detail: &Detail) -> impl Iterator<Item = &ColumnInfo> {
    detail.columns.iter().filter(|c| !c.generated)
}

fn delete(detail: &Detail, key: &[Text], seen: &[(String, Text)]) -> Result<Sent, String> {
    let mut query = Query::default();
    let mut guards = Guards::key(detail, key, &mut query)?;
    let keys = key_columns(detail);
    for (name, text) in seen {
        let info = column(detail, name)?;
        if !keys.iter().any(|at| detail.columns[*at].name == *name) {
            guards.seen(&mut query, info, text);
        }
    }
    query.sql = format!("DELETE FROM {}\n{}", table(detail), guards.sql());
    let mut returning = Returning { list: vec![], what: vec![] };
    stored(detail).for_each(|c| returning.exact(c));
    Ok(returning.onto(query, Some(1)))
}

fn bulk(detail: &Detail, rows: &Where, count: u64, set: &[(String, Value)]) -> Result<Vec<Sent>, String> {
    let base = Query { params: rows.params.clone(), types: rows.types.clone(), ..Query::default() };
    let tail = if rows.sql.is_empty() { String::new() } else { format!("\n{}", rows.sql) };
    let mut out = vec![];
    let keep = count <= MOST_KEPT;
    if set.is_empty() {
        let query = Query { sql: format!("DELETE FROM {}{tail}", table(detail)), ..base };
        let mut returning = Returning { list: vec![], what: vec![] };
        if keep {
            stored(detail).for_each(|c| returning.exact(c));
        }
        out.push(returning.onto(query, Some(count)));
        return Ok(out);
    }
    if keep && detail.row_key().is_some() {
        let mut before = Returning::key(detail);
        for (name, _) in set {
            before.exact(column(detail, name)?);
        }
        let list = before.list.join(", ");
        let sql = format!("SELECT {list}\nFROM {}{tail}\nFOR UPDATE", table(detail));
        out.push(Sent { query: Query { sql, ..base.clone() }, rows: Some(count), returned: before.what });
    }
    let mut query = base;
    let mut sets = vec![];
    for (name, value) in set {
        column(detail, name)?;
        sets.push(format!("{} = {}", ident(name), value_sql(&mut query, value)));
    }
    query.sql = format!("UPDATE {}\nSET {}{tail}", table(detail), sets.join(",\n    "));
    out.push(Sent { query, rows: Some(count), returned: vec![] });
    Ok(out)
}
