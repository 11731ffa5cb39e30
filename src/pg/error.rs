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

/// Something else answers on this port: what it seems to be by its first bytes.
#[must_use]
pub fn not_postgres(said: &[u8]) -> DbError {
    let text = String::from_utf8_lossy(said);
    let mut line = text.lines().next().unwrap_or_default().trim().to_owned();
    let what = if said.starts_with(b"HTTP/") || said.starts_with(b"<!") || said.starts_with(b"<html") {
        "a web server"
    } else if said.starts_with(b"SSH-") {
        "an SSH server"
    } else if said.starts_with(b"220") {
        "a mail or FTP server"
    } else if said.starts_with(b"-ERR") || said.starts_with(b"-DENIED") {
        "a Redis server"
    } else if said.get(3) == Some(&0) && matches!(said.get(4), Some(10 | 0xff)) {
        // A greeting: length, sequence number 0, protocol 10 or an error.
        line.clear();
        "a MySQL or MariaDB server"
    } else if matches!(said.first(), Some(0x15 | 0x16)) && said.get(1) == Some(&3) {
        line.clear();
        "a server that speaks TLS at once (for PostgreSQL 17 and newer: sslnegotiation=direct)"
    } else {
        "something that does not speak PostgreSQL's protocol"
    };
    let quoted = line.chars().all(|c| !c.is_control() && c != '\u{fffd}') && !line.is_empty();
    let quoted =
        if quoted { format!(": \"{}\"", line.chars().take(60).collect::<String>()) } else { String::new() };
    DbError {
        hint: Some("PostgreSQL usually listens on 5432, PgBouncer on 6432: check host and port.".into()),
        ..DbError::lost(format!("this is not PostgreSQL but {what}{quoted}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_answers_instead_of_postgresql() {
        for (said, part) in [
            (&b"HTTP/1.1 400 Bad Request\r\n"[..], "a web server: \"HTTP/1.1 400 Bad Request\""),
            (b"SSH-2.0-OpenSSH_9.2\r\n", "an SSH server: \"SSH-2.0-OpenSSH_9.2\""),
            (b"220 mail.example ESMTP", "a mail or FTP server"),
            (b"-ERR unknown command", "a Redis server"),
            (b"J\0\0\0\x0a8.0.36\0", "a MySQL or MariaDB server"),
            (b"\x15\x03\x01\0\x02", "speaks TLS at once"),
            (b"\x1b]0;x\x07", "does not speak PostgreSQL's protocol"),
            (b"", "does not speak"),
        ] {
            let e = not_postgres(said);
            assert!(e.message.contains(part) && !e.message.contains('\x1b'), "{e}");
        }
    }
}
