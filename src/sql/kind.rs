//! What a statement does, told from its tokens: enough to ask before it runs, never a parser.
//!
//! Where the tokens leave a doubt the answer is the careful one (a write, not a pure read).

use super::lex::{Options, Token, TokenKind, significant};
use super::volatile;

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Nothing but blanks and comments.
    Empty,
    /// Reads rows or settings.
    Read,
    /// Changes rows, or runs code that may (`DO`, `CALL`, `EXECUTE`).
    Write,
    /// Changes definitions or rights.
    Ddl,
    /// `BEGIN`.
    TxBegin,
    /// `COMMIT`, `ROLLBACK`, `PREPARE TRANSACTION` …
    TxEnd,
    /// `SAVEPOINT`, `RELEASE`, `ROLLBACK TO`.
    Savepoint,
    /// `SET`, `RESET`.
    Set,
    /// `COPY … FROM`.
    CopyIn,
    /// `COPY … TO`.
    CopyOut,
    /// `EXPLAIN`; with `ANALYZE` it runs the statement.
    Explain,
    /// Maintenance and the rest: `VACUUM`, `LISTEN`, `PREPARE` …
    Utility,
    /// Several statements in one text.
    Several,
}

/// A statement, described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// What it does.
    pub kind: Kind,
    /// Its verb for titles: `SELECT`, `CREATE TABLE`, `EXPLAIN ANALYZE UPDATE`.
    pub verb: String,
    /// `SELECT … FOR UPDATE` and its relatives: it locks rows.
    pub locks_rows: bool,
    /// `SELECT … INTO`: it makes a table.
    pub into: bool,
    /// `EXPLAIN (ANALYZE)`: the explained statement is run.
    pub analyze: bool,
    /// What the explained statement does.
    pub explained: Option<Kind>,
    /// An `UPDATE` or `DELETE` in it has no `WHERE`.
    pub missing_where: bool,
    /// It runs something that is not known to change nothing: a function of the user's, mostly.
    pub unknown: bool,
    /// The reading of its rows may be broken off outside of a transaction block, and no write is lost.
    pub pure_read: bool,
}

impl Facts {
    /// It may change data, definitions or rights.
    #[must_use]
    pub fn writes(&self) -> bool {
        let changes = |kind| matches!(kind, Kind::Write | Kind::Ddl | Kind::CopyIn | Kind::Several);
        changes(self.kind) || self.into || (self.analyze && self.explained.is_some_and(changes))
    }

    /// As far as the text tells it may change something; what is not known counts as a change.
    #[must_use]
    pub fn may_write(&self) -> bool {
        const QUIET: &[&str] =
            &["LISTEN", "UNLISTEN", "DECLARE", "CLOSE", "MOVE", "PREPARE", "DEALLOCATE", "DISCARD"];
        self.writes() || self.unknown || (self.kind == Kind::Utility && !QUIET.contains(&self.verb.as_str()))
    }
}

/// What a statement does.
#[must_use]
pub fn of(sql: &str) -> Kind {
    facts(sql).kind
}

/// May the reading of its rows be broken off without losing a write? Only outside of a transaction block:
/// inside, the cancel fails the block.
#[must_use]
pub fn pure_read(sql: &str) -> bool {
    facts(sql).pure_read
}

/// For an `UPDATE` or `DELETE`: has it (and every one in its `WITH`) a `WHERE`? `None` for anything else.
#[must_use]
pub fn has_where(sql: &str) -> Option<bool> {
    let tokens = significant(sql, Options::default());
    let view = View { sql, tokens: &tokens };
    let (found, missing) = view.changes_by_condition();
    found.then_some(!missing)
}

/// `COPY … TO STDOUT`, not to a file or program of the server: the word behind the `TO` that is in no parenthesis.
#[must_use]
pub fn copies_to_client(sql: &str) -> bool {
    let tokens = significant(sql, Options::default());
    let view = View { sql, tokens: &tokens };
    view.outside(|v, at| v.is(at, "to")).is_some_and(|at| view.any(at + 1, &["stdout", "stdin"]))
}

/// Describes a statement.
#[must_use]
pub fn facts(sql: &str) -> Facts {
    let mut tokens = significant(sql, Options::default());
    while tokens.last().is_some_and(|t| t.kind == TokenKind::Semicolon) {
        tokens.pop();
    }
    View { sql, tokens: &tokens }.facts()
}

/// A statement's significant tokens.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) sql: &'a str,
    pub(super) tokens: &'a [Token],
}

impl<'a> View<'a> {
    pub(super) fn text(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |t| t.text(self.sql))
    }

    pub(super) fn kind(&self, at: usize) -> Option<TokenKind> {
        self.tokens.get(at).map(|t| t.kind)
    }

    pub(super) fn is(&self, at: usize, word: &str) -> bool {
        self.tokens.get(at).is_some_and(|t| t.is_word(self.sql, word))
    }

    pub(super) fn any(&self, at: usize, words: &[&str]) -> bool {
        words.iter().any(|w| self.is(at, w))
    }

    pub(super) fn from(&self, at: usize) -> Self {
        Self { sql: self.sql, tokens: self.tokens.get(at..).unwrap_or_default() }
    }

    fn positions(&self) -> std::ops::Range<usize> {
        0..self.tokens.len()
    }

    /// The position behind the parenthesis that closes the one at `open`.
    pub(super) fn behind_paren(&self, open: usize) -> usize {
        let mut depth = 0_usize;
        for at in open..self.tokens.len() {
            match self.kind(at) {
                Some(TokenKind::LParen) => depth += 1,
                Some(TokenKind::RParen) if depth <= 1 => return at + 1,
                Some(TokenKind::RParen) => depth -= 1,
                _ => {}
            }
        }
        self.tokens.len()
    }

    /// The first position outside of parentheses that satisfies `test`.
    pub(super) fn outside(&self, test: impl Fn(&Self, usize) -> bool) -> Option<usize> {
        let mut at = 0;
        while at < self.tokens.len() {
            if self.kind(at) == Some(TokenKind::LParen) {
                at = self.behind_paren(at);
            } else if test(self, at) {
                return Some(at);
            } else {
                at += 1;
            }
        }
        None
    }

    pub(super) fn facts(&self) -> Facts {
        let (kind, verb) = self.kind_and_verb();
        let mut facts = Facts {
            kind,
            verb,
            locks_rows: false,
            into: false,
            analyze: false,
            explained: None,
            missing_where: false,
            unknown: false,
            pure_read: false,
        };
        match kind {
            Kind::Explain => self.explain(&mut facts),
            Kind::Read => self.read(&mut facts),
            Kind::CopyOut => {
                // a list of columns looks like a call
                let query = self.kind(1) == Some(TokenKind::LParen);
                facts.unknown = !copies_to_client(self.sql) || (query && volatile::calls_unknown(self));
            }
            Kind::TxEnd => {
                facts.unknown = self.any(1, &["prepared"]) || self.is(0, "prepare");
            }
            Kind::Utility => facts.unknown = self.is(0, "declare") && volatile::calls_unknown(self),
            Kind::Write => facts.missing_where = self.changes_by_condition().1,
            _ => {}
        }
        facts
    }

    fn explain(&self, facts: &mut Facts) {
        let (analyze, at) = self.explain_options();
        let inner = self.from(at);
        // EXPLAIN of an EXPLAIN is no statement, however deep.
        let inner = if inner.is(0, "explain") { inner.from(inner.tokens.len()) } else { inner }.facts();
        facts.analyze = analyze;
        facts.explained = Some(inner.kind);
        facts.missing_where = inner.missing_where;
        facts.unknown = analyze && inner.may_write();
        facts.pure_read = !analyze || inner.pure_read;
        facts.verb =
            format!("EXPLAIN {}{}", if analyze { "ANALYZE " } else { "" }, inner.verb).trim_end().into();
    }

    /// `EXPLAIN (option, …)`, and not `EXPLAIN (SELECT …)`.
    pub(super) fn has_explain_options(&self) -> bool {
        self.kind(1) == Some(TokenKind::LParen)
            && self.kind(2) != Some(TokenKind::LParen)
            && !self.any(2, &["select", "with", "values", "table"])
    }

    /// Whether `EXPLAIN` runs the statement, and where that starts.
    pub(super) fn explain_options(&self) -> (bool, usize) {
        if !self.has_explain_options() {
            let analyze = self.any(1, &["analyze", "analyse"]);
            let at = 1 + usize::from(analyze);
            return (analyze, at + usize::from(self.is(at, "verbose")));
        }
        let end = self.behind_paren(1);
        let mut analyze = false;
        for at in 2..end {
            if self.any(at, &["analyze", "analyse"]) {
                let off = self.any(at + 1, &["false", "off"])
                    || matches!(self.text(at + 1), "0" | "'false'" | "'off'" | "'0'");
                analyze = !off;
            }
        }
        (analyze, end)
    }

    fn read(&self, facts: &mut Facts) {
        facts.locks_rows = self.positions().any(|at| self.is(at, "for") && self.locking(at + 1));
        // FETCH only reads inside of a transaction block, or a held cursor: there is nothing to gain.
        let rows = !self.is(0, "fetch");
        facts.into = self.outside(|v, at| v.is(at, "into")).is_some();
        facts.unknown = volatile::calls_unknown(self);
        facts.pure_read = rows && !facts.locks_rows && !facts.into && !facts.unknown;
        if facts.into {
            facts.kind = Kind::Write;
        }
    }

    fn locking(&self, at: usize) -> bool {
        self.any(at, &["update", "share"])
            || (self.any(at, &["no", "key"]) && self.any(at + 1, &["key", "share"]))
    }

    fn kind_and_verb(&self) -> (Kind, String) {
        let several = self.outside(|v, at| v.kind(at) == Some(TokenKind::Semicolon));
        // The body of a function in SQL holds semicolons of its own.
        if several.is_some() && !(self.is(0, "create") && self.positions().any(|at| self.is(at, "atomic"))) {
            return (Kind::Several, self.from(0).first_verb());
        }
        (self.first_kind(), self.first_verb())
    }

    fn first_kind(&self) -> Kind {
        let Some(first) = self.tokens.first() else { return Kind::Empty };
        let word = first.text(self.sql).to_ascii_lowercase();
        match word.as_str() {
            "select" | "table" | "values" | "(" | "with" => self.query_kind(),
            "show" | "fetch" => Kind::Read,
            "insert" | "update" | "delete" | "merge" | "truncate" | "call" | "do" | "execute" | "refresh" => {
                Kind::Write
            }
            "create" | "alter" | "drop" | "grant" | "revoke" | "comment" | "security" | "reassign"
            | "import" => Kind::Ddl,
            "begin" | "start" => Kind::TxBegin,
            "rollback" if self.is(1, "to") || (self.any(1, &["work", "transaction"]) && self.is(2, "to")) => {
                Kind::Savepoint
            }
            "commit" | "end" | "rollback" | "abort" => Kind::TxEnd,
            "prepare" if self.is(1, "transaction") => Kind::TxEnd,
            "savepoint" | "release" => Kind::Savepoint,
            "set" | "reset" => Kind::Set,
            "copy" => self.copy_kind(),
            "explain" => Kind::Explain,
            _ => Kind::Utility,
        }
    }

    /// A statement that starts with `SELECT`, `WITH` or a parenthesis.
    fn query_kind(&self) -> Kind {
        let changes = ["insert", "update", "delete", "merge"];
        let in_with = self.is(0, "with")
            && self
                .positions()
                .any(|at| self.kind(at) == Some(TokenKind::LParen) && self.any(at + 1, &changes));
        let main = self.is(0, "with").then(|| self.outside(|v, at| v.any(at, &changes))).flatten();
        // FOR UPDATE behind the main SELECT is a lock, no change.
        let changed = main.is_some_and(|at| !(self.any(at - 1, &["for", "key"])));
        if in_with || changed { Kind::Write } else { Kind::Read }
    }

    fn copy_kind(&self) -> Kind {
        match self.outside(|v, at| v.any(at, &["from", "to"])) {
            Some(at) if self.is(at, "to") => Kind::CopyOut,
            _ => Kind::CopyIn,
        }
    }

    /// Whether an `UPDATE` or `DELETE` of rows is in it, and whether one of them has no `WHERE`.
    fn changes_by_condition(&self) -> (bool, bool) {
        let start = if self.is(0, "explain") { self.explain_options().1 } else { 0 };
        let main = self.from(start);
        let with = main.is(0, "with");
        let of_main =
            if with { main.outside(|v, at| v.any(at, &CONDITIONAL) && !v.follows_for(at)) } else { Some(0) };
        let (mut found, mut missing) = (false, false);
        // For each open parenthesis, and the statement around them: has it a condition to have, and has it one?
        let mut open = vec![(of_main.is_some_and(|at| main.any(at, &CONDITIONAL)), false)];
        for at in main.positions() {
            match main.kind(at) {
                Some(TokenKind::LParen) => open.push((with && main.any(at + 1, &CONDITIONAL), false)),
                Some(TokenKind::RParen) if open.len() > 1 => {
                    let (change, condition) = open.pop().unwrap_or_default();
                    found |= change;
                    missing |= change && !condition;
                }
                _ if main.is(at, "where") => {
                    if let Some((_, condition)) = open.last_mut() {
                        *condition = true;
                    }
                }
                _ => {}
            }
        }
        found |= open.iter().any(|(change, _)| *change);
        missing |= open.iter().any(|(change, condition)| *change && !condition);
        (found, missing)
    }

    /// The word belongs to `FOR UPDATE`, `DO UPDATE`, `THEN UPDATE` and the like.
    fn follows_for(&self, at: usize) -> bool {
        at.checked_sub(1).is_some_and(|before| self.any(before, &["for", "key", "do", "then", "on"]))
    }

    fn first_verb(&self) -> String {
        let upper = |at: usize| self.text(at).to_ascii_uppercase();
        let first = self.positions().find(|at| self.kind(*at) != Some(TokenKind::LParen)).unwrap_or(0);
        match upper(first).as_str() {
            verb @ ("CREATE" | "ALTER" | "DROP" | "COMMENT" | "REFRESH" | "IMPORT" | "SECURITY"
            | "REASSIGN") => self.object_verb(first, verb),
            "WITH" => {
                let verbs = ["select", "insert", "update", "delete", "merge", "values", "table"];
                let main = self.outside(|v, at| v.any(at, &verbs) && !v.follows_for(at));
                main.map_or_else(|| "WITH".into(), upper)
            }
            "START" | "PREPARE" if self.is(first + 1, "transaction") => {
                format!("{} TRANSACTION", upper(first))
            }
            "ROLLBACK" if self.first_kind() == Kind::Savepoint => "ROLLBACK TO".into(),
            verb if self.kind(first) == Some(TokenKind::Word) => verb.to_owned(),
            _ => String::new(),
        }
    }

    /// `CREATE TABLE`, `ALTER FOREIGN TABLE`, `DROP MATERIALIZED VIEW` …
    fn object_verb(&self, first: usize, verb: &str) -> String {
        const SKIPPED: &[&str] = &[
            "or",
            "replace",
            "temp",
            "temporary",
            "unlogged",
            "unique",
            "global",
            "local",
            "recursive",
            "trusted",
            "procedural",
            "constraint",
            "default",
            "on",
        ];
        const FIRST_OF_TWO: &[&str] =
            &["materialized", "foreign", "event", "access", "user", "operator", "large", "text", "data"];
        let mut at = first + 1;
        while self.any(at, SKIPPED) {
            at += 1;
        }
        let mut words = vec![verb.to_owned()];
        let object = |at: usize| {
            self.kind(at) == Some(TokenKind::Word) && super::keywords::category(self.text(at)).is_some()
        };
        if object(at) {
            words.push(self.text(at).to_ascii_uppercase());
            let second = [
                "view", "table", "data", "trigger", "method", "mapping", "class", "family", "object",
                "search",
            ];
            if self.any(at, FIRST_OF_TWO) && self.any(at + 1, &second) {
                words.push(self.text(at + 1).to_ascii_uppercase());
            }
        }
        words.join(" ")
    }
}

const CONDITIONAL: [&str; 2] = ["update", "delete"];

#[cfg(test)]
#[path = "kind_tests.rs"]
mod tests;
