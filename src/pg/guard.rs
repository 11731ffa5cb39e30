//! Read-only that no statement can switch off, for the console's sessions and for `run` alike.
//!
//! `default_transaction_read_only` is only a default: `SET`, `BEGIN READ WRITE` and `set_config` undo it. A transaction
//! that is read-only and has seen a snapshot stays read-only, the server says so itself. So every statement goes into
//! such a transaction, one of ours where none is open: `BEGIN READ ONLY`, the statement and `COMMIT` are sent in one
//! go, and a block keeps code on the server from ending it. Some things write even there (`EXPLAIN ANALYZE CREATE
//! TABLE AS`, large objects before version 16); but who writes has a transaction number, and before every COMMIT the
//! server is made to fail when there is one.

use crate::{
    core::{
        effect::{LookAs, Statement},
        error::DbError,
        event::Tx,
    },
    sql::{
        kind::{self, Kind},
        lex::{Options, significant},
        quote::{literal, quoted},
        split::{SplitOptions, split},
    },
};

/// What is sent in one go with a statement. None of it returns rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Around {
    /// In front of it.
    pub before: &'static [&'static str],
    /// Between these and the statement.
    pub within: Vec<String>,
    /// Behind it.
    pub after: &'static [&'static str],
    /// Whose transaction it runs in.
    pub block: Block,
    /// The statement is a COPY that goes like all others, so that no second one can hide in its text.
    pub extended: bool,
}

/// Whose transaction a statement runs in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Block {
    /// That of the user, or none.
    #[default]
    Theirs,
    /// One of ours: nothing of it stays open.
    Ours,
    /// It begins the user's: one that fails is ended.
    Begun,
}

const BEGIN: &str = "BEGIN READ ONLY";
/// Sees a snapshot: from here on the transaction cannot become one that writes.
const LOOK: &str = "SELECT WHERE false";
/// For [`Statement::short`], gone with the transaction. The planner's costs of `to_tsvector` let it compile for longer
/// than the search takes; a bitmap that does not fit into memory has whole pages of texts parsed anew.
const SHORT: &[&str] = &[
    BEGIN,
    LOOK,
    "SET LOCAL jit = off",
    "SET LOCAL work_mem = '64MB'",
    // Workers would read ahead of what is taken, and share a bitmap, which takes longer to make.
    "SET LOCAL max_parallel_workers_per_gather = 0",
    "SET LOCAL statement_timeout = '5s'",
];
const LOCK: &str = "SET TRANSACTION READ ONLY";
/// Fails when something was written, and when a cursor would run at COMMIT, behind this very look. It sees a snapshot.
const CHECK: &str = "SELECT WHERE (CASE \
    WHEN pg_catalog.txid_current_if_assigned() IS NOT NULL THEN 'pgdeck: written' \
    WHEN EXISTS (SELECT FROM pg_catalog.pg_cursor() WHERE is_holdable) THEN 'pgdeck: held' \
    END)::pg_catalog.int4 IS NOT NULL";

/// How a statement is sent in a session that must not write.
///
/// # Errors
/// When it can do harm that the server does not keep it from: it is not sent.
pub fn around(tx: Tx, statement: &Statement) -> Result<Around, DbError> {
    if statement.simple {
        // between its statements there is no place to stand guard
        return Err(refusal("statements joined by \\; cannot be held read-only: end each with ; alone"));
    }
    let sql = &statement.sql;
    let kind = kind::of(sql);
    harm(kind, sql)?;
    let extended = Around { extended: true, ..Around::default() };
    Ok(match (tx, kind) {
        (Tx::Failed | Tx::Gone, _) => extended,
        (Tx::Idle, Kind::TxBegin) => {
            Around { before: &[BEGIN], after: &[LOCK], block: Block::Begun, ..extended }
        }
        (Tx::Idle, _) if is_discard_all(sql) => extended,
        (Tx::Idle, _) => {
            outside(sql)?;
            let before: &[&str] = if statement.short { SHORT } else { &[BEGIN, LOOK] };
            Around { before, after: &[CHECK, "COMMIT"], block: Block::Ours, ..extended }
        }
        // These run nothing, and what is set here must not be seen to come behind a query.
        (Tx::Open, Kind::Set | Kind::Savepoint | Kind::TxBegin) => extended,
        (Tx::Open, Kind::TxEnd) if rolls_back(sql) => extended,
        (Tx::Open, Kind::TxEnd) => Around { before: &[CHECK], ..extended },
        (Tx::Open, _) => Around { before: &[LOCK, CHECK], ..extended },
    })
}

/// The same as another role would have it: its transaction is rolled back, and with it role and settings.
///
/// # Errors
/// When the statement would not run in a transaction of ours.
pub fn looking(around: Around, who: &LookAs) -> Result<Around, DbError> {
    if around.block != Block::Ours {
        return Err(refusal("rows are looked at as another role: nothing but reading is done meanwhile"));
    }
    let role = who.role.iter().map(|role| format!("SET LOCAL ROLE {}", quoted(role)));
    let settings = who.settings.iter().map(|(name, value)| {
        let name: Vec<String> = name.split('.').map(quoted).collect();
        format!("SET LOCAL {} = {}", name.join("."), literal(value))
    });
    Ok(Around { within: role.chain(settings).collect(), after: &["ROLLBACK"], ..around })
}

/// Refuses what the server would do in a transaction that only reads.
fn harm(kind: Kind, sql: &str) -> Result<(), DbError> {
    let tokens = significant(sql, Options::default());
    let word = |at: usize, word: &str| tokens.get(at).is_some_and(|t| t.is_word(sql, word));
    let any = |w: &str| tokens.iter().any(|t| t.is_word(sql, w));
    if word(0, "prepare") && word(1, "transaction") {
        return Err(refusal("PREPARE TRANSACTION leaves a transaction behind on the server"));
    }
    if (word(0, "commit") || word(0, "rollback")) && word(1, "prepared") {
        return Err(refusal("a prepared transaction is not ended on a read-only connection"));
    }
    if kind == Kind::CopyOut && !kind::copies_to_client(sql) {
        return Err(refusal(
            "COPY to a file or program writes on the server: use COPY … TO STDOUT, or \\copy",
        ));
    }
    if word(0, "declare") && any("hold") && !any("without") {
        return Err(refusal(
            "a cursor WITH HOLD runs at COMMIT, where nothing can be held read-only: declare it without, between BEGIN and COMMIT",
        ));
    }
    if let Some(name) = reaches_out(sql) {
        return Err(refusal(&format!(
            "{name} acts outside of the transaction, where nothing holds it read-only"
        )));
    }
    Ok(())
}

/// The startup SQL of a read-only profile is sent as one text, where no guard can stand: it may only set.
///
/// # Errors
/// It does something else.
pub fn startup(sql: &str) -> Result<(), DbError> {
    let spans = split(sql, &SplitOptions { psql: false, ..SplitOptions::default() });
    let kinds = spans.iter().filter_map(|span| sql.get(span.start..span.end)).map(kind::of);
    match kinds.into_iter().find(|kind| !matches!(kind, Kind::Set | Kind::Empty)) {
        None => Ok(()),
        Some(_) => Err(DbError {
            hint: Some("Write it as SET and RESET, or take it out of the profile.".into()),
            ..DbError::client(
                "the startup SQL of a read-only profile may only SET: nothing holds anything else read-only",
            )
        }),
    }
}

/// Functions whose work no transaction undoes and READ ONLY does not stop: sessions of their own, files of the server,
/// replication slots and origins, WAL, statistics. Only plain calls are found, in strings and bodies too; one that is
/// hidden in a function or put together from pieces is not, and for that there are rights.
const OUTSIDE: &[&str] = &[
    "dblink",
    "dblink_exec",
    "dblink_open",
    "dblink_send_query",
    "lo_export",
    "pg_file_write",
    "pg_file_rename",
    "pg_file_unlink",
    "pg_create_physical_replication_slot",
    "pg_create_logical_replication_slot",
    "pg_copy_physical_replication_slot",
    "pg_copy_logical_replication_slot",
    "pg_drop_replication_slot",
    "pg_replication_slot_advance",
    "pg_logical_slot_get_changes",
    "pg_logical_slot_get_binary_changes",
    "pg_replication_origin_advance",
    "pg_logical_emit_message",
    "pg_create_restore_point",
    "pg_switch_wal",
    "pg_promote",
    "pg_wal_replay_pause",
    "pg_wal_replay_resume",
    "pg_reload_conf",
    "pg_rotate_logfile",
    "pg_stat_reset",
    "pg_stat_reset_shared",
    "pg_stat_reset_slru",
    "pg_stat_reset_single_table_counters",
    "pg_stat_reset_single_function_counters",
    "pg_stat_statements_reset",
];

/// The first of these that is called, comments being no calls.
fn reaches_out(sql: &str) -> Option<&'static str> {
    let in_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'$' || b >= 0x80;
    let called = |text: &str, name: &str| {
        text.match_indices(name).any(|(at, _)| {
            let bytes = text.as_bytes();
            let starts = at == 0 || !in_word(bytes[at - 1]);
            let rest = text[at + name.len()..].trim_start_matches('"').trim_start();
            starts && rest.starts_with('(')
        })
    };
    // Most statements hold none of the beginnings.
    let text = sql.to_ascii_lowercase();
    if !["dblink", "lo_export", "pg_"].iter().any(|begin| text.contains(begin)) {
        return None;
    }
    // What stands between a name and its parenthesis goes, so that `f /* */ (x)` is one call.
    let mut bare = String::with_capacity(text.len());
    for token in significant(&text, Options::default()) {
        bare.push_str(token.text(&text));
        bare.push(' ');
    }
    OUTSIDE.iter().find(|name| called(&bare, name)).copied()
}

/// In our transaction these would seem to work and be gone at once.
fn outside(sql: &str) -> Result<(), DbError> {
    let tokens = significant(sql, Options::default());
    let first = tokens.first().map_or("", |t| t.text(sql)).to_ascii_uppercase();
    let what = match first.as_str() {
        "SAVEPOINT" | "RELEASE" => first.as_str(),
        "DECLARE" => "DECLARE CURSOR",
        "LOCK" => "LOCK TABLE",
        "ROLLBACK" if kind::of(sql) == Kind::Savepoint => "ROLLBACK TO SAVEPOINT",
        _ => return Ok(()),
    };
    Err(DbError {
        severity: "ERROR".into(),
        code: "25P01".into(),
        message: format!("{what} can only be used in transaction blocks"),
        hint: Some("BEGIN first.".into()),
        ..DbError::default()
    })
}

fn rolls_back(sql: &str) -> bool {
    let tokens = significant(sql, Options::default());
    tokens.first().is_some_and(|t| t.is_word(sql, "rollback") || t.is_word(sql, "abort"))
}

/// `DISCARD ALL` alone cannot be in a transaction, and changes nothing but the session. To the letter, as it is sent
/// without a guard.
fn is_discard_all(sql: &str) -> bool {
    let text = sql.trim_ascii().trim_end_matches(';').trim_ascii();
    let mut words = text.split_ascii_whitespace();
    let mut next = |word: &str| words.next().is_some_and(|w| w.eq_ignore_ascii_case(word));
    next("discard") && next("all") && words.next().is_none()
}

/// The error of a statement of ours, as people are told it.
pub(super) fn translate(e: DbError) -> DbError {
    if e.code == "22P02" && e.message.contains("pgdeck: written") {
        return refusal("a write on a read-only connection was rolled back");
    }
    if e.code == "22P02" && e.message.contains("pgdeck: held") {
        return refusal(
            "a cursor WITH HOLD would run at COMMIT, where nothing can be held read-only: rolled back",
        );
    }
    e
}

/// An error of a guarded session, with the way out where being read-only is its reason.
#[must_use]
pub fn explain(mut e: DbError, way_out: &str) -> DbError {
    let why = match e.code.as_str() {
        "25006" => way_out.to_owned(),
        "25001" | "2D000" => {
            format!("What only reads runs in a READ ONLY transaction of pgdeck's. {way_out}")
        }
        _ => return e,
    };
    e.hint = Some(e.hint.map_or_else(|| why.clone(), |h| format!("{h}\n{why}")));
    e
}

/// The error of a server that refuses a write.
fn refusal(message: &str) -> DbError {
    DbError { severity: "ERROR".into(), code: "25006".into(), message: message.into(), ..DbError::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(tx: Tx, sql: &str) -> Result<Around, DbError> {
        around(tx, &Statement { sql: sql.into(), ..Statement::default() })
    }

    #[test]
    fn what_goes_around_a_statement() {
        let shape = |tx, sql: &str| sent(tx, sql).map(|a| (a.before.len(), a.after.len(), a.block));
        for sql in
            ["select 1", "insert into t values (1)", "set a = 1", "commit", "do $$ $$", "", "discard all x"]
        {
            assert_eq!(shape(Tx::Idle, sql), Ok((2, 2, Block::Ours)), "{sql}");
        }
        assert_eq!(shape(Tx::Idle, "begin read write"), Ok((1, 1, Block::Begun)));
        assert_eq!(shape(Tx::Idle, " DISCARD  all ; "), Ok((0, 0, Block::Theirs)));
        assert_eq!(shape(Tx::Idle, "discard /* */ all"), Ok((2, 2, Block::Ours)));
        assert_eq!(shape(Tx::Open, "select 1"), Ok((2, 0, Block::Theirs)));
        assert_eq!(shape(Tx::Open, "commit and chain"), Ok((1, 0, Block::Theirs)));
        assert_eq!(shape(Tx::Open, "end"), Ok((1, 0, Block::Theirs)));
        for sql in ["rollback", "abort", "rollback to a", "set transaction isolation level serializable"] {
            assert_eq!(shape(Tx::Open, sql), Ok((0, 0, Block::Theirs)), "{sql}");
        }
        assert_eq!(shape(Tx::Failed, "select 1"), Ok((0, 0, Block::Theirs)));
    }

    #[test]
    fn as_another_role_nothing_stays() {
        let who = LookAs::read("Ann's", "app.user = 7; work_mem = '1MB'").expect("reads").expect("somebody");
        let around = sent(Tx::Idle, "select 1").and_then(|a| looking(a, &who)).expect("may look");
        let set = [
            "SET LOCAL ROLE \"Ann's\"",
            "SET LOCAL \"app\".\"user\" = '7'",
            "SET LOCAL \"work_mem\" = '1MB'",
        ];
        assert_eq!(around.within, set);
        assert_eq!((around.before.len(), around.after), (2, &["ROLLBACK"][..]));
        assert!(sent(Tx::Open, "select 1").and_then(|a| looking(a, &who)).is_err());
        assert_eq!(LookAs::read(" ", " ; "), Ok(None));
        assert!(LookAs::read("r", "nonsense").is_err() && LookAs::read("r", "a b = 1").is_err());
    }

    #[test]
    fn startup_sql_only_sets() {
        for sql in
            ["set work_mem = '1MB'; reset role;", "", " ; -- nothing", "SET SESSION AUTHORIZATION DEFAULT"]
        {
            assert!(startup(sql).is_ok(), "{sql}");
        }
        for sql in [
            "begin read write; insert into t values (1); commit",
            "set default_transaction_read_only = off; select writes()",
            "do $$ begin commit; end $$",
            "select set_config('a.b', 'c', false)",
            "set a.b = 'x\\'; insert into t values (1); --'",
        ] {
            assert!(startup(sql).is_err(), "{sql}");
        }
    }

    #[test]
    fn what_is_not_sent() {
        for (sql, why) in [
            ("prepare transaction 'x'", "leaves a transaction behind"),
            ("commit prepared 'x'", "prepared"),
            ("rollback /* */ prepared 'x'", "prepared"),
            ("copy t to '/tmp/x'", "STDOUT"),
            ("copy (select 'to stdout') to program 'x'", "STDOUT"),
            ("copy t(\"to\") to 'stdout'", "STDOUT"),
            ("declare c cursor with hold for select 1", "WITH HOLD"),
            ("select dblink_exec('dbname=x', 'insert into t values (1)')", "dblink_exec acts outside"),
            (
                "select * from public.\"dblink\" /* here */ ('dbname=x', 'select 1') d(a int)",
                "dblink acts outside",
            ),
            ("do $$ begin perform LO_EXPORT(1, '/tmp/x'); end $$", "lo_export acts outside"),
            (
                "select pg_drop_replication_slot(slot_name) from pg_replication_slots",
                "pg_drop_replication_slot",
            ),
            ("with a as (select pg_stat_reset ()) select 1", "pg_stat_reset acts"),
            ("savepoint a", "transaction blocks"),
            ("declare c cursor for select 1", "transaction blocks"),
            ("rollback to a", "transaction blocks"),
        ] {
            let e = sent(Tx::Idle, sql).expect_err(sql);
            assert!(e.message.contains(why), "{sql}: {e}");
        }
        let joined = Statement { sql: "a; b".into(), simple: true, ..Statement::default() };
        assert!(around(Tx::Idle, &joined).is_err());
        for sql in ["copy (select 1) to stdout", "copy t to stdout with csv", "copy t(a) to STDIN"] {
            assert!(sent(Tx::Idle, sql).is_ok(), "{sql}");
        }
        assert!(sent(Tx::Open, "declare c cursor without hold for select 1").is_ok());
    }
}
