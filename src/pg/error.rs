//! Other people's errors as our own.

use crate::core::error::DbError;
use std::{error::Error, io};
use tokio_postgres::error::ErrorPosition;

/// A tokio-postgres error with all the server said. `place` is how people name the server.
#[must_use]
pub fn from_client(e: &tokio_postgres::Error, place: &str) -> DbError {
    if let Some(db) = e.as_db_error() {
        return from_server(db);
    }
    let mut text = e.to_string();
    let mut source = e.source();
    while let Some(s) = source {
        let more = s.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = s.source();
    }
    if e.is_closed() {
        return DbError::lost(format!("connection to {place} lost"));
    }
    DbError { fatal: e.source().is_some_and(|s| s.is::<io::Error>()), ..DbError::client(text) }
}

fn from_server(db: &tokio_postgres::error::DbError) -> DbError {
    let text = |t: Option<&str>| t.map(str::to_owned);
    let (position, internal) = match db.position() {
        Some(ErrorPosition::Original(n)) => (Some(*n), None),
        Some(ErrorPosition::Internal { position, query }) => (None, Some((*position, query.clone()))),
        None => (None, None),
    };
    DbError {
        severity: db.severity().to_owned(),
        code: db.code().code().to_owned(),
        message: db.message().to_owned(),
        detail: text(db.detail()),
        hint: text(db.hint()),
        context: text(db.where_()),
        position,
        internal_position: internal.as_ref().map(|(p, _)| *p),
        internal_query: internal.map(|(_, q)| q),
        schema: text(db.schema()),
        table: text(db.table()),
        column: text(db.column()),
        constraint: text(db.constraint()),
        fatal: matches!(db.severity(), "FATAL" | "PANIC"),
    }
}

/// A system error without its number.
#[must_use]
pub fn io(e: &io::Error) -> String {
    let text = e.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}
