//! Statements for people: with their values written in, to be read and run elsewhere.

use super::Sent;
use crate::{
    data::{
        catalog::Detail,
        edits::{Change, Value, What},
    },
    sql::{
        filter::Query,
        lex::{Lexer, Options, TokenKind},
        quote::literal,
    },
};

/// The statement with literals instead of parameters. The server gives a bare literal the type that it gives the
/// parameter in the same place.
#[must_use]
pub fn runnable(query: &Query) -> String {
    let mut out = String::with_capacity(query.sql.len() + 64);
    let mut from = 0;
    for token in Lexer::new(&query.sql, Options::default()) {
        let text = token.text(&query.sql);
        let number = text.strip_prefix('$').and_then(|n| n.parse::<usize>().ok());
        let (TokenKind::Param, Some(value)) =
            (token.kind, number.and_then(|n| query.params.get(n.checked_sub(1)?)))
        else {
            continue;
        };
        let range = token.range();
        out.push_str(&query.sql[from..range.start]);
        out.push_str(&value.as_deref().map_or_else(|| "NULL".into(), |v| literal(v).to_string()));
        from = range.end;
    }
    out.push_str(&query.sql[from..]);
    out.push(';');
    out
}

/// Per parameter the name of its type, as far as it is known here.
#[must_use]
pub fn parameter_types(change: &Change, detail: &Detail, sent: &Sent) -> Vec<String> {
    let mut given = given(change).into_iter();
    let types = sent.query.types.iter();
    types
        .map(|oid| match oid {
            // What is put into a column has the column's type.
            0 => {
                let column = given.next().and_then(|name| detail.columns.iter().find(|c| c.name == name));
                column.map(|c| c.type_name.clone()).unwrap_or_default()
            }
            oid => type_name(detail, *oid),
        })
        .collect()
}

/// The whole apply as a script for psql: one transaction, and what each statement must meet.
#[must_use]
pub fn script<'a>(all: impl IntoIterator<Item = &'a Sent>) -> String {
    let mut out = String::from("BEGIN;\n");
    for sent in all {
        out.push('\n');
        if let Some(rows) = sent.rows {
            let rows = if rows == 1 { "exactly one row".into() } else { format!("exactly {rows} rows") };
            out.push_str(&format!("-- must meet {rows}, otherwise ROLLBACK\n"));
        }
        out.push_str(&runnable(&sent.query));
        out.push('\n');
    }
    out.push_str("\nCOMMIT;\n");
    out
}

/// The columns that are given a bare parameter, in order.
fn given(change: &Change) -> Vec<&str> {
    let text = |v: &Value| matches!(v, Value::Text(_));
    match &change.what {
        What::Update { fields, .. } => fields.iter().filter(|f| text(&f.value)).map(|f| &*f.column).collect(),
        What::Insert { fields: set, .. } | What::Bulk { set, .. } => {
            set.iter().filter(|(_, v)| text(v)).map(|(c, _)| &**c).collect()
        }
        What::Delete { .. } => vec![],
    }
}

fn type_name(detail: &Detail, oid: u32) -> String {
    let known = match oid {
        25 => "text",
        20 => "bigint",
        23 => "integer",
        1009 => "text[]",
        3802 => "jsonb",
        _ => "",
    };
    if known.is_empty() {
        let column = detail.columns.iter().find(|c| c.base_oid == oid);
        return column.map(|c| c.type_name.clone()).unwrap_or_default();
    }
    known.to_owned()
}
