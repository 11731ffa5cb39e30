//! EXPLAIN of what the user wrote: the text to send to a server of a version, and what it is sent within.
//!
//! EXPLAIN alone runs nothing. With ANALYZE the statement runs, so it runs in a transaction that is rolled back, or
//! between a savepoint and the return to it when the user is in a transaction. The user's bytes are never re-printed:
//! options are put in front of them, or into the parentheses that are there, where the user's own come later and win.

use super::kind::{Kind, View};
use super::lex::{Options, Token, TokenKind, significant};
use super::quote;
use std::time::Duration;

/// The savepoint around what is explained inside a transaction.
const SAVEPOINT: &str = "pgdeck_explain";

/// The name a statement with parameters is prepared under where there is no `GENERIC_PLAN` (before 16).
const PREPARED: &str = "pgdeck_explain";

/// The version that knows `GENERIC_PLAN`.
const GENERIC_PLAN: u32 = 160_000;

const SEVERAL: &str = "these are several statements, and EXPLAIN takes one: explain them one by one";

/// How a statement shall be explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// `server_version_num`: 150004 is 15.4.
    pub version: u32,
    /// Run it (`ANALYZE`).
    pub analyze: bool,
    /// With ANALYZE: measure each node's time. Without, rows and buffers are counted at a fraction of the cost.
    pub timing: bool,
    /// Its `$1` … are bound to values. Without values the plan is the one for any value.
    pub values: bool,
    /// The session is inside a transaction of the user's.
    pub in_transaction: bool,
    /// Nothing may be written, not even inside a transaction that is rolled back.
    pub read_only: bool,
    /// The `search_path` it is explained with, as the setting has it; otherwise the session's.
    pub search_path: Option<String>,
    /// With ANALYZE: longest time it may run. A shorter one that is set stays, of this and the next two.
    pub statement_timeout: Option<Duration>,
    /// With ANALYZE: longest time it may wait for a lock.
    pub lock_timeout: Option<Duration>,
    /// With ANALYZE: how long the transaction may idle should we not come back to end it.
    pub idle_timeout: Option<Duration>,
}

impl Wish {
    /// A plain EXPLAIN on this version (`server_version_num`).
    #[must_use]
    pub fn plain(version: u32) -> Self {
        Self {
            version,
            analyze: false,
            timing: true,
            values: false,
            in_transaction: false,
            read_only: false,
            search_path: None,
            statement_timeout: None,
            lock_timeout: None,
            idle_timeout: None,
        }
    }
}

/// What is sent, in order: `before`, `explain`, `after`. Each goes alone, by the extended protocol unless `simple` says
/// otherwise, because that takes no second statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// What has to succeed first: the transaction or savepoint, timeouts, a PREPARE.
    pub before: Vec<Sent>,
    /// The EXPLAIN; its answer is the plan as JSON, one text. Values of parameters go with it.
    pub explain: Sent,
    /// The EXPLAIN goes by the simple protocol: in the extended one the server wants values for `GENERIC_PLAN` too.
    pub simple: bool,
    /// What puts everything back. All of it is sent, however far the rest came, whatever each answers.
    pub after: Vec<String>,
    /// The statement is run.
    pub analyze: bool,
    /// The plan is that for any values of the parameters.
    pub generic: bool,
    /// What running it does.
    pub touch: Touch,
    /// The statement's verb: `SELECT`, `CREATE TABLE`.
    pub verb: String,
}

/// What the run of an explained statement may change before it is rolled back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Touch {
    /// Nothing: it is not run, or only reads.
    Nothing,
    /// It reads, but locks rows or calls functions that may write.
    Perhaps,
    /// It writes.
    Writes,
}

impl Touch {
    /// What the rollback does not undo, each a line for the user.
    #[must_use]
    pub fn remains(self) -> &'static [&'static str] {
        const REMAINS: [&str; 4] = [
            "numbers drawn from sequences: serial and identity columns will skip them",
            "what functions and triggers do outside of this transaction: dblink, files, programs, other servers",
            "advisory locks of the session, held until it ends",
            "dead rows in tables and indexes: they stay larger until a VACUUM",
        ];
        match self {
            Self::Nothing => &[],
            Self::Perhaps => &[REMAINS[0], REMAINS[1], REMAINS[2]],
            Self::Writes => &REMAINS,
        }
    }
}

/// A text to send, and where its parts stand in the user's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// The text.
    pub sql: String,
    /// Parts of the user's text in it: first byte here, first byte there, length.
    parts: Vec<(usize, usize, usize)>,
}

impl Sent {
    fn ours(sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), parts: Vec::new() }
    }

    fn and(mut self, ours: &str) -> Self {
        self.sql.push_str(ours);
        self
    }

    fn user(mut self, text: &str, from: usize, to: usize) -> Self {
        self.parts.push((self.sql.len(), from, to - from));
        self.sql.push_str(&text[from..to]);
        self
    }

    /// The byte of the user's text that a server's error position (characters from 1) points to; none where it points
    /// to what was added.
    #[must_use]
    pub fn source_position(&self, position: u32) -> Option<usize> {
        let characters = (position as usize).saturating_sub(1);
        let byte = self.sql.char_indices().nth(characters).map_or(self.sql.len(), |(at, _)| at);
        let inside = |(here, _, length): &&(usize, usize, usize)| (*here..=here + length).contains(&byte);
        // at a seam what follows counts
        self.parts.iter().rev().find(inside).map(|(here, there, _)| there + (byte - here))
    }
}

/// Why a statement cannot be explained, and what can be done instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);

/// How a statement is explained.
///
/// # Errors
/// It has no plan, or it may not be run as wished; the refusal says why.
pub fn recipe(statement: &str, wish: &Wish) -> Result<Recipe, Refusal> {
    let mut tokens = significant(statement, Options::default());
    while tokens.last().is_some_and(|t| t.kind == TokenKind::Semicolon) {
        tokens.pop();
    }
    let view = View { sql: statement, tokens: &tokens };
    let own = Own::of(&view);
    let inner = view.from(own.behind);
    let what = What::of(&inner)?;
    let analyze = wish.analyze || own.analyze;
    let parameters = parameters(&inner);
    let unbound = parameters > 0 && !wish.values;
    if analyze && unbound && !own.generic {
        let words = "ANALYZE runs the statement, but its parameters ($1 …) have no values: give them, or ask for the plan without ANALYZE";
        return Err(Refusal(words.into()));
    }
    if analyze && wish.read_only && what.makes_table {
        let words = "ANALYZE would make the table even in a read-only transaction (PostgreSQL does not refuse it): explain it without ANALYZE, or its query alone";
        return Err(Refusal(words.into()));
    }
    let touch = if analyze { what.touch } else { Touch::Nothing };
    let start = inner.tokens.first().map_or(statement.len(), |t| t.start);
    // The simple protocol, which GENERIC_PLAN needs, leaves no place to hold a session read-only.
    let prepared = unbound && (wish.version < GENERIC_PLAN || wish.read_only);
    let options = options(wish, analyze, unbound && !prepared && !own.generic, what.sends_rows);
    let explain = own.explain(statement, (!prepared).then_some(start), &options, wish.analyze);
    let (explain, prepare) = if prepared {
        let execute = format!("EXECUTE {PREPARED}({})", vec!["NULL"; parameters].join(", "));
        let prepare = Sent::ours(format!("PREPARE {PREPARED} AS ")).user(statement, start, statement.len());
        (explain.and(&execute), Some(prepare))
    } else {
        (explain, None)
    };
    let simple = unbound && !prepared;
    if simple && !is_one(statement) {
        return Err(Refusal(SEVERAL.into()));
    }
    let (before, after) = around(wish, analyze, touch, prepare);
    let generic = unbound || own.generic;
    Ok(Recipe { before, explain, simple, after, analyze, generic, touch, verb: what.verb })
}

/// One statement, also to a server that reads a backslash in a string in the old way.
fn is_one(statement: &str) -> bool {
    let tokens = significant(statement, Options { standard_conforming_strings: false, ..Options::default() });
    tokens.iter().skip_while(|t| t.kind != TokenKind::Semicolon).all(|t| t.kind == TokenKind::Semicolon)
}

/// What goes before and after the EXPLAIN.
fn around(wish: &Wish, analyze: bool, touch: Touch, prepare: Option<Sent>) -> (Vec<Sent>, Vec<String>) {
    // in a transaction even the error of a plain EXPLAIN would be the end of it
    if !analyze && prepare.is_none() && !wish.in_transaction && wish.search_path.is_none() {
        return (Vec::new(), Vec::new());
    }
    let reads = wish.read_only || touch == Touch::Nothing;
    let mut before = Vec::new();
    if wish.in_transaction {
        before.push(format!("SAVEPOINT {SAVEPOINT}"));
        if reads {
            // holds until the return to the savepoint
            before.push("SET TRANSACTION READ ONLY".into());
        }
    } else {
        // never READ WRITE: whoever made read-only the default of the session meant it
        before.push(if reads { "BEGIN READ ONLY" } else { "BEGIN" }.into());
        if prepare.is_some() {
            before.push(format!("SAVEPOINT {SAVEPOINT}"));
        }
    }
    if let Some(path) = &wish.search_path {
        let path = quote::literal(path);
        before.push(format!("SELECT pg_catalog.set_config('search_path', {path}, true)"));
    }
    if analyze {
        let limits = [
            ("statement_timeout", wish.statement_timeout),
            ("lock_timeout", wish.lock_timeout),
            ("idle_in_transaction_session_timeout", wish.idle_timeout),
        ];
        for (name, limit) in limits {
            if let Some(limit) = limit {
                before.push(lower(name, limit));
            }
        }
    }
    let mut after = Vec::new();
    if prepare.is_some() {
        before.push("SET LOCAL plan_cache_mode = force_generic_plan".into());
        // a prepared statement outlives a rollback; and when there is none to drop, the failure is taken back too
        after.extend([format!("ROLLBACK TO SAVEPOINT {SAVEPOINT}"), format!("DEALLOCATE {PREPARED}")]);
    }
    if wish.in_transaction {
        after
            .extend([format!("ROLLBACK TO SAVEPOINT {SAVEPOINT}"), format!("RELEASE SAVEPOINT {SAVEPOINT}")]);
    } else {
        after.push("ROLLBACK".into());
    }
    (before.into_iter().map(Sent::ours).chain(prepare).collect(), after)
}

/// Sets a timeout for this transaction, unless a shorter one is set.
fn lower(name: &str, limit: Duration) -> String {
    // 0 would mean no limit
    let limit = limit.as_millis().clamp(1, 2_147_483_647);
    format!(
        "SELECT pg_catalog.set_config(name, '{limit}', true) FROM pg_catalog.pg_settings \
         WHERE name = '{name}' AND setting::pg_catalog.int8 NOT BETWEEN 1 AND {limit}"
    )
}

/// The options for this version, without the format.
fn options(wish: &Wish, analyze: bool, generic: bool, sends_rows: bool) -> String {
    let since = |version: u32| wish.version >= version;
    let rows = [
        ("ANALYZE", analyze),
        ("VERBOSE", true),
        ("SETTINGS", since(120_000)),
        ("BUFFERS", analyze),
        ("WAL", analyze && since(130_000)),
        ("TIMING OFF", analyze && !wish.timing),
        ("MEMORY", analyze && since(170_000)),
        ("SERIALIZE", analyze && sends_rows && since(170_000)),
        ("SUMMARY", !analyze),
        ("GENERIC_PLAN", generic),
    ];
    rows.into_iter().filter_map(|(name, on)| on.then_some(name)).collect::<Vec<_>>().join(", ")
}

/// The number of parameters: the highest `$n`.
fn parameters(view: &View<'_>) -> usize {
    let numbers = view.tokens.iter().filter(|t| t.kind == TokenKind::Param);
    let number = |t: &Token| t.text(view.sql)[1..].parse::<usize>().ok().filter(|n| *n <= 65_535);
    numbers.filter_map(number).max().unwrap_or(0)
}

/// What the statement says itself when it is an EXPLAIN already.
struct Own {
    /// The token the explained statement begins with.
    behind: usize,
    /// It is an EXPLAIN: one past the word.
    word: Option<usize>,
    /// The bytes between the parentheses of its options.
    options: Option<(usize, usize)>,
    analyze: bool,
    generic: bool,
}

impl Own {
    fn of(view: &View<'_>) -> Self {
        if !view.is(0, "explain") {
            return Self { behind: 0, word: None, options: None, analyze: false, generic: false };
        }
        let (analyze, behind) = view.explain_options();
        let place = |at: usize| view.tokens.get(at).map_or(view.sql.len(), |t| t.start);
        let options = view.has_explain_options().then(|| (place(1) + 1, place(behind - 1)));
        let generic = options.is_some() && (2..behind).any(|at| view.is(at, "generic_plan"));
        Self { behind, word: view.tokens.first().map(|t| t.end), options, analyze, generic }
    }

    /// The EXPLAIN. The user's own options stand behind ours, where they win; but who asks for ANALYZE now gets it.
    /// `start` is where the explained statement begins; without it the text ends there.
    fn explain(&self, text: &str, start: Option<usize>, ours: &str, analyze: bool) -> Sent {
        let Some(word) = self.word else {
            let sent = Sent::ours(format!("EXPLAIN ({ours}, FORMAT JSON) "));
            // comments in front of the statement may be hints: they go with it
            return if start.is_some() { sent.user(text, 0, text.len()) } else { sent };
        };
        let mut sent = Sent::default().user(text, 0, word).and(&format!(" ({ours}"));
        if let Some((from, to)) = self.options {
            sent = sent.and(", ").user(text, from, to);
            if analyze {
                sent = sent.and(", ANALYZE");
            }
        }
        sent = sent.and(", FORMAT JSON) ");
        match start {
            Some(start) => sent.user(text, start, text.len()),
            None => sent,
        }
    }
}

/// What a statement that has a plan does when it is run.
struct What {
    verb: String,
    touch: Touch,
    /// It makes a table of its rows, which READ ONLY does not stop under ANALYZE.
    makes_table: bool,
    /// Its rows would be sent to the client.
    sends_rows: bool,
}

impl What {
    fn of(view: &View<'_>) -> Result<Self, Refusal> {
        let facts = view.facts();
        let refuse = |words: String| Err(Refusal(words));
        let verb = facts.verb.clone();
        match (facts.kind, first(view).as_str()) {
            (Kind::Empty, _) => return refuse("there is no statement to explain".into()),
            (Kind::Several, _) => {
                return refuse(SEVERAL.into());
            }
            (Kind::Explain, _) => return refuse("EXPLAIN takes no second EXPLAIN".into()),
            (Kind::Read, "show" | "fetch") => return refuse(no_plan(&verb, "")),
            (Kind::Read | Kind::Write, "call" | "do") => {
                let instead = "explain the statements in it one by one, or have auto_explain log their plans (auto_explain.log_nested_statements)";
                return refuse(no_plan(&verb, instead));
            }
            (Kind::Write, "truncate") => {
                return refuse(no_plan(&verb, "it empties a table without reading its rows"));
            }
            (Kind::Write, "refresh") => {
                return refuse(no_plan(&verb, "explain the view's own query"));
            }
            (Kind::Read | Kind::Write, _) => {}
            (Kind::Ddl, "create") if makes_table(view) => {}
            (Kind::Utility, "declare") => {}
            (Kind::CopyIn | Kind::CopyOut, _) => {
                let query = view.kind(1) == Some(TokenKind::LParen);
                let instead = if query { "explain the query in its parentheses" } else { "" };
                return refuse(no_plan(&verb, instead));
            }
            (Kind::Ddl, "create") if verb.ends_with(" VIEW") => {
                return refuse(no_plan(&verb, "explain the query behind AS"));
            }
            (Kind::Ddl, "create") if verb.ends_with(" INDEX") => {
                let instead = "explain a query that it shall serve, before and after";
                return refuse(no_plan(&verb, instead));
            }
            _ => return refuse(no_plan(&verb, "")),
        }
        let ddl = facts.kind == Kind::Ddl;
        let writes = facts.writes();
        let touch = match (writes, facts.pure_read) {
            (true, _) => Touch::Writes,
            (false, true) => Touch::Nothing,
            // a cursor's query is not looked into
            (false, false) => Touch::Perhaps,
        };
        let sends_rows = facts.kind == Kind::Read;
        Ok(Self { verb, touch, makes_table: ddl || facts.into, sends_rows })
    }
}

/// The first word, lower case; empty in front of a parenthesis.
fn first(view: &View<'_>) -> String {
    view.text(0).to_ascii_lowercase()
}

/// `CREATE TABLE … AS query`, `CREATE MATERIALIZED VIEW … AS query`.
fn makes_table(view: &View<'_>) -> bool {
    let object = (1..5).find(|at| view.any(*at, &["table", "view"]));
    object.is_some_and(|at| view.is(at, "table") || view.is(at - 1, "materialized"))
        && view
            .outside(|v, at| {
                v.is(at, "as")
                    && (v.any(at + 1, &["select", "with", "values", "table", "execute"])
                        || v.kind(at + 1) == Some(TokenKind::LParen))
            })
            .is_some()
}

fn no_plan(verb: &str, instead: &str) -> String {
    const EXPLAINABLE: &str = "SELECT, VALUES, TABLE, INSERT, UPDATE, DELETE, MERGE, EXECUTE, DECLARE, CREATE TABLE AS and CREATE MATERIALIZED VIEW have one";
    let verb = if verb.is_empty() { "this" } else { verb };
    format!("{verb} has no plan: {}", if instead.is_empty() { EXPLAINABLE } else { instead })
}

#[cfg(test)]
#[path = "explain_tests.rs"]
mod tests;
