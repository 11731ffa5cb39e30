//! Rehearsing a change of rows: which table it is about, and how the rows it changed are found.

use super::{
    kind::{self, Kind},
    lex::{Options, Token, TokenKind, significant},
};

/// How a change is looked at before COMMIT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// `UPDATE`, `DELETE`, `MERGE`.
    pub verb: String,
    /// It, or a change in its `WITH`, has no `WHERE`; a `MERGE` has none.
    pub without_where: bool,
    /// Its table as it is written, if it can be told.
    pub table: Option<String>,
}

/// The change that a statement is, if it is one to rehearse.
#[must_use]
pub fn change(sql: &str) -> Option<Change> {
    let facts = kind::facts(sql);
    if facts.kind != Kind::Write || !matches!(facts.verb.as_str(), "UPDATE" | "DELETE" | "MERGE") {
        return None;
    }
    let without_where = facts.missing_where || facts.verb == "MERGE";
    Some(Change { table: table(sql, &facts.verb), verb: facts.verb, without_where })
}

/// The table's name behind the verb that is in no parenthesis.
fn table(sql: &str, verb: &str) -> Option<String> {
    let tokens = significant(sql, Options::default());
    let mut depth = 0_usize;
    let at = tokens.iter().position(|t| {
        match t.kind {
            TokenKind::LParen => depth += 1,
            TokenKind::RParen => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && t.is_word(sql, verb)
    })?;
    let mut at = at + 1;
    for word in ["from", "into", "only"] {
        at += usize::from(tokens.get(at).is_some_and(|t| t.is_word(sql, word)));
    }
    let name = |t: &Token| matches!(t.kind, TokenKind::Word | TokenKind::QuotedIdent);
    let first = tokens.get(at).filter(|t| name(t))?;
    let mut last = first;
    while tokens.get(at + 1).is_some_and(|t| t.kind == TokenKind::Dot) {
        at += 2;
        last = tokens.get(at).filter(|t| name(t))?;
    }
    sql.get(first.start..last.end).map(str::to_owned)
}

/// Rows of the table that this transaction has written, as they are now: the first so many.
#[must_use]
pub fn written(table: &str, rows: u32) -> String {
    format!(
        "SELECT t.* FROM {table} AS t WHERE t.xmin = pg_catalog.pg_current_xact_id()::pg_catalog.xid LIMIT {rows}"
    )
}

/// Rows of the table that the open transaction of a backend has changed or deleted, as all others still see them.
#[must_use]
pub fn doomed(table: &str, backend: i32, rows: u32) -> String {
    format!(
        "SELECT t.* FROM {table} AS t WHERE t.xmax = (SELECT backend_xid FROM pg_catalog.pg_stat_activity WHERE pid = {backend}) LIMIT {rows}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_rehearsed() {
        for (sql, want) in [
            ("delete from posts", Some(("DELETE", true, Some("posts")))),
            (
                "update only public.\"My posts\" p set a = 1 where b",
                Some(("UPDATE", false, Some("public.\"My posts\""))),
            ),
            ("-- x\nDELETE FROM a . b USING c WHERE true", Some(("DELETE", false, Some("a . b")))),
            (
                "with x as (update y set a = 1) delete from posts where true",
                Some(("DELETE", true, Some("posts"))),
            ),
            ("merge into t using u on true when matched then delete", Some(("MERGE", true, Some("t")))),
            ("with x as (delete from y) select 1", None),
            ("insert into t values (1) on conflict (a) do update set b = 1", None),
            ("select 1 for update", None),
            ("explain analyze delete from posts", None),
            ("truncate posts", None),
        ] {
            let got = change(sql);
            let got = got.as_ref().map(|c| (c.verb.as_str(), c.without_where, c.table.as_deref()));
            assert_eq!(got, want, "{sql}");
        }
    }
}
