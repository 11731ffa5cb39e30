//! What a delete takes along: rows that refer to the rows that go, counted up to a bound.

use super::key_columns;
use crate::{
    data::{
        catalog::{Detail, ForeignKey},
        edits::RowKey,
    },
    sql::{
        filter::Query,
        quote::{ident, qualified},
    },
};

/// Rows counted of a referring table at most.
pub const MOST_COUNTED: u64 = 10_000;
/// Rows to delete that are asked about at most; of more the first ones are.
pub const MOST_ASKED: usize = 1_000;

/// Counts the rows at the end of a way of foreign keys, each referring to the table before it, the first one to
/// `detail`: at most `MOST_COUNTED` + 1.
///
/// # Errors
/// The relation has no key, or another one by now.
pub fn referring(detail: &Detail, rows: &[RowKey], way: &[&ForeignKey]) -> Result<Query, String> {
    let mut query = Query::default();
    let columns = key_columns(detail);
    let mut list = vec![];
    for key in rows.iter().take(MOST_ASKED) {
        if columns.is_empty() || columns.len() != key.len() {
            return Err(format!("the key of {} is another one by now", detail.relation.name));
        }
        let values: Vec<String> = columns
            .iter()
            .zip(key)
            .map(|(at, value)| query.bind(value.clone(), detail.columns[*at].base_oid))
            .collect();
        list.push(format!("({})", values.join(", ")));
    }
    let names: Vec<String> = columns.iter().map(|at| ident(&detail.columns[*at].name).to_string()).collect();
    let mut condition = format!("({}) IN ({})", names.join(", "), list.join(", "));
    let Some((last, above)) = way.split_last() else { return Err("there is no way to count along".into()) };
    for fk in above.iter().chain([last]) {
        let to = qualified(&fk.to.0, &fk.to.1);
        condition = format!(
            "({}) IN (SELECT {} FROM {to} WHERE {condition})",
            names_of(&fk.from_columns),
            names_of(&fk.to_columns)
        );
    }
    let table = qualified(&last.from.0, &last.from.1);
    let most = MOST_COUNTED + 1;
    query.sql =
        format!("SELECT count(*)\nFROM (SELECT FROM {table}\nWHERE {condition}\nLIMIT {most}) AS referring");
    Ok(query)
}

fn names_of(columns: &[String]) -> String {
    let names: Vec<String> = columns.iter().map(|c| ident(c).to_string()).collect();
    names.join(", ")
}
