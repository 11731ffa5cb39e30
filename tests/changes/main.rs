//! Staged changes as SQL on a real server: each kind does what it says, is refused after a conflict, and is taken back.

#[path = "../support/session.rs"]
mod connected;
#[path = "../support/server.rs"]
mod server;

mod documents;
mod kinds;
mod styles;
mod types;

use connected::{describe, session};
use pgdeck::{
    core::effect::Statement,
    data::{
        catalog::Detail,
        edits::{Change, Field, TableRef, Text, Value, What},
    },
    pg::wire::{Item, Session},
    sql::{edit, page::key_columns},
};

/// A row as text.
type Row = Vec<Text>;

/// Runs a statement to its end: the rows it returned and the rows it met.
async fn run(s: &mut Session, statement: &Statement) -> Result<(Vec<Row>, u64), String> {
    s.start(statement).expect("sent");
    let (mut out, mut met, mut error) = (vec![], 0, None);
    loop {
        match s.next().await.expect("an answer") {
            Item::Rows(batch) => out.extend((0..batch.len()).map(|r| {
                batch.row(r).map(|c| c.map(|b| String::from_utf8_lossy(b).into_owned())).collect::<Row>()
            })),
            Item::Complete { rows, .. } => met = rows,
            Item::Error(e) => error = Some(format!("{e}\n{}", statement.sql)),
            Item::Ready(_) => return error.map_or(Ok((out, met)), Err),
            _ => {}
        }
    }
}

async fn plain(s: &mut Session, sql: &str) -> Vec<Row> {
    let statement = Statement { sql: sql.into(), ..Statement::default() };
    run(s, &statement).await.unwrap_or_else(|e| panic!("{e}")).0
}

/// Sends a change as it is; `Err` says which statement met another number of rows, or the server's error. Gives what
/// takes it back.
async fn send(s: &mut Session, detail: &Detail, change: &Change) -> Result<Vec<Change>, String> {
    let all = edit::statements(change, detail)?;
    let mut answers = vec![];
    for sent in &all {
        let q = sent.query.clone();
        let statement = Statement { sql: q.sql, params: q.params, types: q.types, ..Statement::default() };
        let (rows, met) = run(s, &statement).await?;
        if sent.rows.is_some_and(|wanted| wanted != met) {
            return Err(format!("{met} rows, wanted {:?}: {}", sent.rows, sent.query.sql));
        }
        if let Some(row) = rows.first() {
            assert_eq!(row.len(), sent.returned.len(), "{}", sent.query.sql);
        }
        answers.push(rows);
    }
    Ok(edit::inverse(change, detail, &all, &answers))
}

/// Does a change, checks the rows it leaves, takes it back and checks that all is as before.
async fn there_and_back(s: &mut Session, detail: &Detail, what: What, look: &str, want: &str) {
    let before = plain(s, look).await;
    let back = send(s, detail, &change(detail, what.clone())).await.unwrap_or_else(|e| panic!("{e}"));
    let shown = |rows: &[Row]| {
        let row = |r: &Row| r.iter().map(|c| c.clone().unwrap_or("-".into())).collect::<Vec<_>>().join("|");
        rows.iter().map(row).collect::<Vec<_>>().join("; ")
    };
    let after = plain(s, look).await;
    assert_eq!(shown(&after), want, "{what:?}");
    assert!(!back.is_empty(), "no way back from {what:?}");
    for change in &back {
        send(s, detail, change).await.unwrap_or_else(|e| panic!("back from {what:?}: {e}"));
    }
    let again = plain(s, look).await;
    assert_eq!(shown(&again), shown(&before), "back from {what:?}");
}

fn change(detail: &Detail, what: What) -> Change {
    let r = &detail.relation;
    Change { table: TableRef { oid: r.oid, schema: r.schema.clone(), name: r.name.clone() }, what }
}

fn text(t: &str) -> Text {
    Some(t.into())
}

fn set(column: &str, seen: Text, value: Value) -> Field {
    Field { column: column.into(), seen, value }
}

fn update(key: &[&str], fields: Vec<Field>) -> What {
    What::Update { key: key.iter().map(|k| text(k)).collect(), fields, version: vec![] }
}

/// The exact key of the row a condition finds.
async fn key_of(s: &mut Session, detail: &Detail, table: &str, condition: &str) -> Row {
    let parts: Vec<String> = key_columns(detail)
        .iter()
        .map(|at| {
            let name = format!("\"{}\"", detail.columns[*at].name.replace('"', "\"\""));
            match detail.columns[*at].base_oid {
                1082 | 1114 | 1184 => format!("to_json({name})#>>'{{}}'"),
                _ => name,
            }
        })
        .collect();
    plain(s, &format!("select {} from {table} where {condition}", parts.join(", "))).await.remove(0)
}
