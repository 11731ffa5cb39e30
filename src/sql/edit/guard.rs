//! Conditions that hold only while a row is as it was seen.

use crate::{
    data::{
        catalog::{ColumnInfo, Detail},
        check,
        edits::Text,
    },
    sql::{
        filter::{Query, TEXT},
        page::key_columns,
        quote::ident,
    },
};

/// The parts of a WHERE, all of which must hold.
pub(super) struct Guards(Vec<String>);

impl Guards {
    /// The row with this key.
    pub(super) fn key(detail: &Detail, key: &[Text], query: &mut Query) -> Result<Self, String> {
        let columns = key_columns(detail);
        if columns.is_empty() || columns.len() != key.len() {
            return Err(format!("the key of {} is another one by now", detail.relation.name));
        }
        let parts = columns.iter().zip(key).map(|(at, value)| {
            let column = &detail.columns[*at];
            format!("{} = {}", ident(&column.name), query.bind(value.clone(), column.base_oid))
        });
        Ok(Self(parts.collect()))
    }

    /// The column still holds what was seen, to the letter.
    pub(super) fn seen(&mut self, query: &mut Query, column: &ColumnInfo, seen: &Text) {
        let name = ident(&column.name);
        self.0.push(match seen {
            // A row of NULLs IS NULL too, but is no NULL.
            None if column.category == 'C' => format!("num_nulls({name}) = 1"),
            None => format!("{name} IS NULL"),
            Some(text) if exact(column, text) => {
                format!("{name} = {}", query.bind(Some(text.clone()), column.base_oid))
            }
            Some(text) => {
                let same = printed(&name, &query.bind(Some(text.clone()), TEXT));
                // format() writes NULL as the empty text.
                if text.is_empty() { format!("{name} IS NOT NULL AND {same}") } else { same }
            }
        });
    }

    /// Another condition, once.
    pub(super) fn push(&mut self, sql: String) {
        self.0.push(sql);
    }

    /// `WHERE … AND …`.
    pub(super) fn sql(&self) -> String {
        format!("WHERE {}", self.0.join("\n  AND "))
    }
}

/// The type's own output is this text: holds for every type, also where `=` is missing or takes 1.0 for 1.00.
fn printed(name: &str, parameter: &str) -> String {
    format!("format('%s', {name}) = {parameter}")
}

/// Equal values of these types print alike, so that `=` says it all.
fn exact(column: &ColumnInfo, text: &str) -> bool {
    // bool, int8, int2, int4, oid, time, date, timestamp, uuid; timestamptz; text and varchar
    match column.base_oid {
        16 | 20 | 21 | 23 | 26 | 1083 | 1082 | 1114 | 2950 => true,
        1184 => reads_back(column, text),
        25 | 1043 => !column.loose,
        _ => false,
    }
}

/// Does the server read this text of times as the times it printed? Only the ISO style writes the offset in digits.
pub(super) fn reads_back(column: &ColumnInfo, text: &str) -> bool {
    !check::has_zone(column.base_oid) || check::zone_word(text).is_none()
}
