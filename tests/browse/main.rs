//! The statements of browsing on a real server: pages join to exactly the order the server gives.

#[path = "../support/server.rs"]
mod server;

mod edit;
mod order;
mod values;

use pgdeck::{
    core::effect::Statement,
    data::catalog::Detail,
    pg::{
        catalog,
        connect::{Options, open, open_client},
        target::{Environment, Found, Input, Target, resolve},
        wire::{Item, Session},
    },
    sql::filter::Query,
};
use server::Database;
use std::path::{Path, PathBuf};

/// A row as text.
type Row = Vec<Option<String>>;

/// A machine without variables, files or home.
struct Bare;

impl Environment for Bare {
    fn var(&self, _: &str) -> Option<String> {
        None
    }
    fn file(&self, _: &Path) -> Found {
        Found::Missing
    }
    fn exists(&self, _: &Path) -> bool {
        false
    }
    fn user(&self) -> Result<String, String> {
        Ok("postgres".into())
    }
    fn home(&self) -> Option<PathBuf> {
        None
    }
}

fn target(db: &Database) -> Target {
    let input = Input { connection: Some(db.url()), ..Input::default() };
    resolve(&input, &Bare).expect("a target")
}

async fn session(db: &Database) -> Session {
    open(&target(db), &Options::default()).await.expect("a session")
}

async fn describe(db: &Database, table: &str) -> Detail {
    let client = open_client(&target(db), &Options::default()).await.expect("a client");
    let oid = client
        .sql()
        .query_typed("select $1::text::regclass::oid", &[(&table, tokio_postgres::types::Type::TEXT)])
        .await
        .expect("an oid")[0]
        .get(0);
    catalog::describe(&client, oid).await.expect("described").expect("there")
}

/// Runs a statement of ours to its end.
async fn run(s: &mut Session, query: Query) -> Result<Vec<Row>, String> {
    let Query { sql, params, types, .. } = query;
    let text = sql.clone();
    s.start(&Statement { sql, params, types, pure_read: true, simple: false }).expect("sent");
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
