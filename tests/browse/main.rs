//! The statements of browsing on a real server: pages join to exactly the order the server gives.

#[path = "../support/session.rs"]
mod connected;
#[path = "../support/live.rs"]
#[allow(dead_code, reason = "every test program uses its own part of this")]
mod live;
#[path = "../support/robot.rs"]
#[allow(dead_code, reason = "every test program uses its own part of this")]
mod robot;
#[path = "../support/server.rs"]
mod server;

mod edit;
mod every;
mod listed;
mod order;
mod values;

use connected::{describe, session};
use pgdeck::{
    core::effect::Statement,
    pg::wire::{Item, Session},
    sql::filter::Query,
};

/// A row as text.
type Row = Vec<Option<String>>;

/// Runs a statement of ours to its end.
async fn run(s: &mut Session, query: Query) -> Result<Vec<Row>, String> {
    let Query { sql, params, types, .. } = query;
    let text = sql.clone();
    s.start(&Statement::read(sql, params, types)).expect("sent");
    let mut rows = vec![];
    let mut error = None;
    loop {
        match s.next().await.expect("an answer") {
            Item::Rows(batch) => rows.extend((0..batch.len()).map(|r| {
                batch.row(r).map(|c| c.map(|b| String::from_utf8_lossy(b).into_owned())).collect::<Row>()
            })),
            Item::Error(e) => error = Some(format!("{e}\n{text}")),
            Item::Ready(_) => return error.map_or(Ok(rows), Err),
            _ => {}
        }
    }
}
