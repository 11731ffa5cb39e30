//! What takes an applied change back, made of what the server returned.

use super::{Returned, Sent, guard, json};
use crate::data::{
    catalog::Detail,
    edits::{Change, Field, RowKey, Text, Value, What},
};

/// A row of RETURNING with the meaning of its columns.
type Row = Vec<(Returned, Text)>;

/// The changes that take this one back, guarded by what the server returned; none: it cannot be taken back.
/// `answers`: per statement of the change the rows it returned.
#[must_use]
pub fn inverse(change: &Change, detail: &Detail, sent: &[Sent], answers: &[Vec<Vec<Text>>]) -> Vec<Change> {
    let rows: Vec<Row> = sent
        .iter()
        .zip(answers)
        .flat_map(|(s, rows)| {
            rows.iter().map(|r| s.returned.iter().cloned().zip(r.iter().cloned()).collect())
        })
        .collect();
    let made = |what| Change { table: change.table.clone(), what };
    match &change.what {
        What::Update { fields, .. } => {
            let Some(row) = rows.first() else { return vec![] };
            if !fields.iter().all(|f| reads_back(detail, &f.column, &f.seen)) {
                return vec![];
            }
            let fields = fields.iter().filter_map(|f| back(f, row)).collect();
            vec![made(What::Update { key: key(row), fields, version: vec![] })]
        }
        // What was there before an upsert is not known.
        What::Insert { upsert: Some(_), .. } => vec![],
        What::Insert { .. } => {
            let Some(row) = rows.first().filter(|r| !key(r).is_empty()) else { return vec![] };
            let keys = super::key_columns(detail);
            let is_key = |name: &str| keys.iter().any(|at| detail.columns[*at].name == name);
            let seen = columns(row).filter(|(c, _)| !is_key(c)).collect();
            vec![made(What::Delete { key: key(row), seen })]
        }
        What::Delete { .. } => again(&rows, detail).into_iter().map(made).collect(),
        What::Bulk { set, .. } if set.is_empty() => again(&rows, detail).into_iter().map(made).collect(),
        What::Bulk { set, .. } => rows
            .iter()
            .filter_map(|row| {
                let fields: Vec<Field> = columns(row)
                    .filter_map(|(column, old)| {
                        let (_, new) = set.iter().find(|(c, _)| *c == column)?;
                        let seen = match new {
                            Value::Null => None,
                            Value::Text(text) => Some(text.clone()),
                            // What the server made of it was not returned.
                            Value::Default | Value::Now | Value::Json(_) => return None,
                        };
                        Some(Field { column, seen, value: Value::of(old) })
                    })
                    .collect();
                let what = What::Update { key: key(row), fields, version: vec![] };
                (columns(row).count() > 0).then(|| made(what))
            })
            .filter(|c| matches!(&c.what, What::Update { fields, .. } if !fields.is_empty()))
            .collect(),
    }
}

fn back(field: &Field, row: &Row) -> Option<Field> {
    let column = field.column.clone();
    if let Value::Json(edit) = &field.value {
        let edit = json::inverse(edit, &column, row);
        return Some(Field { column, seen: None, value: Value::Json(Box::new(edit)) });
    }
    let (_, now) = columns(row).find(|(c, _)| *c == column)?;
    Some(Field { column, seen: now, value: Value::of(field.seen.clone()) })
}

/// A time that would be read as another one is not written.
fn reads_back(detail: &Detail, column: &str, text: &Text) -> bool {
    let info = detail.columns.iter().find(|c| c.name == column);
    info.is_some_and(|c| text.as_deref().is_none_or(|t| guard::reads_back(c, t)))
}

/// Deleted rows, to be made again: all of them or none.
fn again(rows: &[Row], detail: &Detail) -> Vec<What> {
    let all = |row: &Row| columns(row).all(|(c, text)| reads_back(detail, &c, &text));
    if !rows.iter().all(all) {
        return vec![];
    }
    let insert = |row: &Row| {
        let fields = columns(row).map(|(c, text)| (c, Value::of(text))).collect();
        What::Insert { id: 0, fields, upsert: None }
    };
    rows.iter().map(insert).collect()
}

fn key(row: &Row) -> RowKey {
    row.iter().filter(|(what, _)| matches!(what, Returned::Key(_))).map(|(_, text)| text.clone()).collect()
}

fn columns(row: &Row) -> impl Iterator<Item = (String, Text)> {
    row.iter().filter_map(|(what, text)| match what {
        Returned::Column(name) => Some((name.clone(), text.clone())),
        _ => None,
    })
}
