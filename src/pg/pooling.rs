//! What a pooler in transaction mode (PgBouncer and its like) cannot keep: whatever outlives a transaction stays on a
//! server connection that somebody else gets next, and that the next statement here may not get.

use crate::{
    core::{error::DbError, event::Tx},
    sql::{
        lex::{Options, Token, significant},
        split::{SplitOptions, split},
    },
};

/// What a statement would leave behind for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaves {
    Setting,
    Role,
    Table,
    Prepared,
    Listening,
    Cursor,
    Lock,
    Library,
}

/// Settings that PgBouncer keeps for each client.
const TRACKED: [&str; 6] =
    ["client_encoding", "datestyle", "timezone", "standard_conforming_strings", "application_name", "names"];

/// What is sent of a statement through a pooler in transaction mode.
///
/// # Errors
/// Outside of a transaction: why it is not sent.
pub fn check(tx: Tx, sql: &str) -> Result<(), DbError> {
    match leaves(sql) {
        Some(what) if tx == Tx::Idle => Err(refusal(what)),
        _ => Ok(()),
    }
}

/// Why a profile's startup SQL is not sent through a pooler, whose mode nobody tells: what it leaves would be left for
/// others. None when it leaves nothing.
#[must_use]
pub fn startup(sql: &str) -> Option<DbError> {
    let spans = split(sql, &SplitOptions { psql: false, ..SplitOptions::default() });
    let what = spans.iter().find_map(|span| leaves(sql.get(span.start..span.end)?))?;
    Some(DbError {
        hint: Some(
            "Set it for the role or the database (ALTER ROLE … SET), in the pooler's connect_query, or connect to the server itself."
                .into(),
        ),
        ..DbError::client(format!(
            "the profile's startup SQL is not sent: a pooler stands in between, so {} could be left for whoever gets the server connection next",
            thing(what)
        ))
    })
}

/// What to say of a statement that was run inside a transaction and outlives it.
#[must_use]
pub fn warning(tx: Tx, sql: &str) -> Option<DbError> {
    let what = leaves(sql).filter(|_| tx == Tx::Open)?;
    Some(DbError {
        severity: "WARNING".into(),
        hint: Some(way_out(what).into()),
        ..DbError::client(format!(
            "{} stays on the pooler's connection after COMMIT, where others meet it",
            thing(what)
        ))
    })
}

fn leaves(sql: &str) -> Option<Leaves> {
    let tokens = significant(sql, Options::default());
    let word = |at: usize, word: &str| tokens.get(at).is_some_and(|t| t.is_word(sql, word));
    let any = |w: &str| tokens.iter().any(|t| t.is_word(sql, w));
    if word(0, "set") {
        let at = usize::from(word(1, "session")) + 1;
        return match () {
            () if word(1, "local") || word(1, "transaction") || word(1, "constraints") => None,
            () if word(1, "session") && word(2, "characteristics") => Some(Leaves::Setting),
            () if word(at, "role") || word(at, "authorization") => Some(Leaves::Role),
            () if word(at, "time") && word(at + 1, "zone") => None,
            () if TRACKED.iter().any(|t| word(at, t)) => None,
            () => Some(Leaves::Setting),
        };
    }
    if word(0, "create") {
        let temporary = |at: usize| word(at, "temp") || word(at, "temporary");
        let at = if word(1, "or") && word(2, "replace") { 3 } else { 1 };
        let here = temporary(at) || ((word(at, "local") || word(at, "global")) && temporary(at + 1));
        return (here && !(any("commit") && any("drop"))).then_some(Leaves::Table);
    }
    if word(0, "prepare") && !word(1, "transaction") {
        return Some(Leaves::Prepared);
    }
    if word(0, "listen") {
        return Some(Leaves::Listening);
    }
    if word(0, "load") {
        return Some(Leaves::Library);
    }
    if word(0, "declare") && any("hold") && !any("without") {
        return Some(Leaves::Cursor);
    }
    let calls = |name: &str| {
        let at = tokens.iter().position(|t: &Token| t.is_word(sql, name));
        at.is_some_and(|at| tokens.get(at + 1).is_some_and(|t| t.text(sql) == "("))
    };
    let locks = [
        "pg_advisory_lock",
        "pg_advisory_lock_shared",
        "pg_try_advisory_lock",
        "pg_try_advisory_lock_shared",
    ];
    if locks.into_iter().any(calls) {
        return Some(Leaves::Lock);
    }
    None
}

fn thing(what: Leaves) -> &'static str {
    match what {
        Leaves::Setting => "this setting",
        Leaves::Role => "this role",
        Leaves::Table => "this temporary table",
        Leaves::Prepared => "this prepared statement",
        Leaves::Listening => "this LISTEN",
        Leaves::Cursor => "this cursor WITH HOLD",
        Leaves::Lock => "this advisory lock",
        Leaves::Library => "this library",
    }
}

fn way_out(what: Leaves) -> &'static str {
    match what {
        Leaves::Setting | Leaves::Role => {
            "Use SET LOCAL between BEGIN and COMMIT, or connect to the server itself (or a pool in session mode)."
        }
        Leaves::Table => {
            "Make it between BEGIN and COMMIT with ON COMMIT DROP, or connect to the server itself (or a pool in session mode)."
        }
        Leaves::Lock => {
            "Use pg_advisory_xact_lock between BEGIN and COMMIT, or connect to the server itself (or a pool in session mode)."
        }
        Leaves::Prepared | Leaves::Listening | Leaves::Cursor | Leaves::Library => {
            "Connect to the server itself (or a pool in session mode)."
        }
    }
}

fn refusal(what: Leaves) -> DbError {
    DbError {
        hint: Some(way_out(what).into()),
        ..DbError::client(format!(
            "not sent: a pooler in transaction mode stands in between, so {} would be left for whoever gets the server connection next, and the next statement here might not find it",
            thing(what)
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_outlives_a_transaction_is_not_sent() {
        for sql in [
            "set search_path = x",
            "SET SESSION work_mem = '1GB'",
            "/* c */ set role admin",
            "set session authorization x",
            "set session characteristics as transaction read only",
            "create temp table t (a int)",
            "create temporary view v as select 1",
            "create or replace temp view v as select 1",
            "create local temp table t ()",
            "prepare p as select 1",
            "listen jobs",
            "load 'auto_explain'",
            "declare c cursor with hold for select 1",
            "select pg_advisory_lock(1)",
        ] {
            let e = check(Tx::Idle, sql).expect_err(sql);
            assert!(e.message.starts_with("not sent") && e.hint.is_some(), "{sql}: {e}");
            assert!(check(Tx::Open, sql).is_ok() && warning(Tx::Open, sql).is_some(), "{sql}");
        }
        for sql in [
            "set local search_path = x",
            "set transaction read only",
            "set datestyle = 'ISO'",
            "set time zone 'UTC'",
            "set timezone = 'UTC'",
            "set names 'utf8'",
            "create temp table t (a int) on commit drop",
            "create table t (temp int)",
            "prepare transaction 'x'",
            "select pg_advisory_xact_lock(1)",
            "select 'listen'",
            "reset all",
        ] {
            assert!(check(Tx::Idle, sql).is_ok() && warning(Tx::Open, sql).is_none(), "{sql}");
        }
    }
}
