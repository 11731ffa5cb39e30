//! What is told to the log that `--log` asks for: sessions opened and lost, statements and how they ended.
//!
//! A statement is logged with its literals left out, unless values were asked for; passwords are left out always, and of an
//! error only its code is told, since servers put values into messages.

use crate::{
    core::{effect::Statement, error::DbError},
    sql::{
        normal::without_values,
        secrets::{redact, secret_params},
    },
};
use std::time::Duration;
use tracing::{Level, enabled, info};

/// The target of every line.
pub const TARGET: &str = "pgdeck::log";
/// Enabled where values may be written too.
pub const VALUES: &str = "pgdeck::values";

/// Where a log file is kept there is nothing to do for most.
fn on() -> bool {
    enabled!(target: TARGET, Level::INFO)
}

fn with_values() -> bool {
    enabled!(target: VALUES, Level::INFO)
}

/// A session was let in.
pub fn opened(place: &str, user: &str, pid: i32, tls: Option<&str>, method: &str) {
    info!(target: TARGET, "{pid} opened {place:?} as {user:?}, TLS {}, authentication {method}", tls.unwrap_or("none"));
}

/// A session for our own questions was let in: they are logged by place, see [`asked`].
pub fn opened_for_questions(place: &str, user: &str) {
    info!(target: TARGET, "opened {place:?} as {user:?} for questions of the console");
}

/// There is no session, or none any more.
pub fn lost(place: &str, e: &DbError) {
    if on() {
        info!(target: TARGET, "no session at {place:?}: {}", said(e));
    }
}

/// A statement is sent, between others of ours.
pub fn sent(pid: i32, statement: &Statement, before: &[&str], after: &[&str]) {
    if !on() {
        return;
    }
    let around =
        |list: &[&str]| if list.is_empty() { String::new() } else { format!(" {{{}}}", list.join("; ")) };
    info!(target: TARGET, "{pid} sent{} {:?}{}", around(before), text(&statement.sql), around(after));
    if with_values() && !statement.params.is_empty() {
        let mut params = statement.params.clone();
        for secret in secret_params(&statement.sql, &params) {
            params[secret] = Some("***".into());
        }
        info!(target: VALUES, "{pid} with {params:?}");
    }
}

/// One of our own questions, or what such a session begins with.
pub fn asked(place: &str, sql: &str) {
    if on() {
        info!(target: TARGET, "{place:?} asked {:?}", text(sql));
    }
}

/// A statement ended well.
pub fn done(pid: i32, tag: &str, elapsed: Duration) {
    info!(target: TARGET, "{pid} done {tag:?} in {:.1} ms", elapsed.as_secs_f64() * 1e3);
}

/// A statement failed.
pub fn failed(pid: i32, e: &DbError, elapsed: Duration) {
    if on() {
        info!(target: TARGET, "{pid} failed {} in {:.1} ms", said(e), elapsed.as_secs_f64() * 1e3);
    }
}

fn text(sql: &str) -> String {
    if with_values() { redact(sql).into_owned() } else { without_values(sql) }
}

fn said(e: &DbError) -> String {
    let code = if e.code.is_empty() { "-" } else { &e.code };
    if with_values() || e.code.is_empty() || e.code.starts_with("08") {
        // A failure of the connection itself, in our own words.
        return format!("{code} {:?}", redact(&e.message));
    }
    code.to_owned()
}
