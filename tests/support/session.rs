//! Sessions of the product's own on a test's database, and what they say of a table.

use crate::server::Database;
use pgdeck::{
    data::catalog::Detail,
    pg::{
        catalog,
        connect::{Options, open, open_client},
        target::{Input, Nothing, Target, resolve},
        wire::Session,
    },
};

/// What the database's URL means by itself.
pub fn target(db: &Database) -> Target {
    let input = Input { connection: Some(db.url()), ..Input::default() };
    resolve(&input, &Nothing).expect("a target")
}

/// A session as panes have it.
pub async fn session(db: &Database) -> Session {
    open(&target(db), &Options::default()).await.expect("a session")
}

/// `table` as `regclass` reads it.
pub async fn describe(db: &Database, table: &str) -> Detail {
    let client = open_client(&target(db), &Options::default()).await.expect("a client");
    let oid = client
        .sql()
        .query_typed("select $1::text::regclass::oid", &[(&table, tokio_postgres::types::Type::TEXT)])
        .await
        .expect("an oid")[0]
        .get(0);
    catalog::describe(&client, oid).await.expect("described").expect("there")
}
