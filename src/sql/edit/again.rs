//! A new row like one that is there.

use crate::{
    data::{
        catalog::Detail,
        check::{has_zone, zone_word},
        edits::{Text, Value},
    },
    sql::page::key_columns,
};

/// What a new row is given to be like one that `page::row_exact` read; and the columns that are left out, because the
/// server would read a time in them as another one. A key with a default, and what the server makes, is left to it.
#[must_use]
pub fn like(detail: &Detail, times: &[usize], mut row: Vec<Text>) -> (Vec<(String, Value)>, Vec<String>) {
    let mut left = vec![];
    for (at, column) in detail.columns.iter().enumerate().filter(|(_, c)| has_zone(c.base_oid)) {
        let misread = row.get(at).and_then(Option::as_deref).and_then(zone_word).is_some();
        let exact = times.iter().position(|t| *t == at).map(|n| detail.columns.len() + n);
        match exact.filter(|e| misread && *e < row.len()) {
            Some(exact) => row.swap(at, exact),
            None if misread => left.push(column.name.clone()),
            None => {}
        }
    }
    let keys = key_columns(detail);
    let columns = detail.columns.iter().enumerate().zip(row);
    let given = columns.filter(|((at, c), _)| {
        let by_itself = c.default.is_some() || c.is_identity();
        !(c.generated || c.no_insert || left.contains(&c.name) || keys.contains(at) && by_itself)
    });
    (given.map(|((_, c), text)| (c.name.clone(), Value::of(text))).collect(), left)
}

/// Says what `like` left out.
#[must_use]
pub fn left_out(left: &[String]) -> Option<String> {
    let names = left.join(", ");
    (!left.is_empty())
        .then(|| format!("Not copied: {names}. The server would read the zone in it as another one"))
}
