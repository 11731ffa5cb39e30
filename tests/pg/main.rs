//! The room that speaks to a server, against real servers and lying ones.
#[path = "../support/cut.rs"]
mod cut;
#[path = "../support/lab.rs"]
mod lab;
#[path = "../support/proxy.rs"]
mod proxy;
#[path = "../support/same.rs"]
mod same;
#[path = "../support/server.rs"]
mod server;

mod apply;
mod cancel;
mod explain;
mod faults;
mod frames;
mod guard;
mod health;
mod hub;
mod login;
mod lying;
mod monitor;
mod plans;
mod psql;
mod tls;
mod transfer;
mod types;
mod wire;

use pgdeck::{
    core::{effect::Statement, error::DbError, event::Tx},
    pg::{
        connect::{self, ConnectError, Options},
        target::{Input, Nothing, Target, resolve},
        wire::{Item, Session},
    },
};

/// What a connection string means here.
pub fn target(connection: &str) -> Target {
    try_target(connection).unwrap_or_else(|e| panic!("{connection}: {e}"))
}

/// What a connection string means, without a look at this machine.
pub fn try_target(connection: &str) -> Result<Target, DbError> {
    let input = Input { connection: Some(connection.into()), ..Input::default() };
    resolve(&input, &Nothing).map_err(|e| DbError::client(e.message))
}

/// Tries to open a session.
pub async fn try_open(connection: &str) -> Result<Session, ConnectError> {
    connect::open(&target(connection), &Options { application_name: "pgdeck".into(), ..Options::default() })
        .await
}

/// Opens a session that must open.
pub async fn open(connection: &str) -> Session {
    try_open(connection).await.unwrap_or_else(|e| panic!("{connection}: {e}"))
}

/// A statement without parameters.
pub fn sql(text: &str) -> Statement {
    Statement { sql: text.into(), ..Statement::default() }
}

/// Runs a statement to its end and gives everything that came.
pub async fn run(session: &mut Session, statement: &Statement) -> Result<Vec<Item>, DbError> {
    session.start(statement)?;
    let mut items = vec![];
    loop {
        let item = session.next().await?;
        let end = matches!(item, Item::Ready(_));
        items.push(item);
        if end {
            return Ok(items);
        }
    }
}

/// All rows among the items, as text.
pub fn rows(items: &[Item]) -> Vec<Vec<Option<String>>> {
    let mut out = vec![];
    for item in items {
        if let Item::Rows(batch) = item {
            for r in 0..batch.len() {
                out.push(batch.row(r).map(|c| c.map(|b| String::from_utf8_lossy(b).into_owned())).collect());
            }
        }
    }
    out
}

/// The tags among the items.
pub fn tags(items: &[Item]) -> Vec<String> {
    items
        .iter()
        .filter_map(|i| match i {
            Item::Complete { tag, .. } => Some(tag.clone()),
            _ => None,
        })
        .collect()
}

/// The first error among the items.
pub fn error(items: &[Item]) -> Option<&DbError> {
    items.iter().find_map(|i| match i {
        Item::Error(e) => Some(e),
        _ => None,
    })
}

/// The transaction state at the end.
pub fn tx(items: &[Item]) -> Tx {
    match items.last() {
        Some(Item::Ready(tx)) => *tx,
        other => panic!("no ReadyForQuery but {other:?}"),
    }
}
