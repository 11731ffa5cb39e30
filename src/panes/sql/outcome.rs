//! What became of one statement: its columns and rows as far as they were read, and how it ended.

use super::edit::{Keyed, Shown};
use crate::{
    core::{
        error::DbError,
        event::{Cut, Summary},
        ids::JobId,
    },
    data::{
        edits::Staged,
        rows::{Column, RowStore},
        types,
    },
    sql::{
        lex::{Options, TokenKind, significant},
        quote::unquoted,
    },
    text::units,
    widgets::grid::{GridState, Rows},
};
use std::sync::Arc;

/// How far a statement is.
#[derive(Clone, Debug)]
pub(super) enum Stage {
    /// The server works on it, or its rows come in.
    Running,
    /// More rows wait on the server.
    Resting,
    /// It ended well, perhaps early.
    Done(Summary),
    /// It failed.
    Failed(Box<DbError>),
}

/// One statement's result with rows.
pub(super) struct Outcome {
    /// The job and the statement's number in it.
    pub job: JobId,
    pub number: usize,
    /// `SELECT posts`.
    pub title: String,
    pub columns: Arc<[Column]>,
    /// Which database it came from.
    pub place: Option<String>,
    pub details: Vec<String>,
    pub rows: RowStore,
    pub grid: GridState,
    pub stage: Stage,
    /// How the rows belong to a table, once somebody edited one.
    pub keyed: Option<Keyed>,
    /// What is staged on the connection.
    pub staged: Arc<Staged>,
}

impl Outcome {
    pub fn new(job: JobId, number: usize, title: String, columns: Arc<[Column]>, width: u16) -> Self {
        let details =
            columns.iter().map(|c| types::name(c.type_oid).unwrap_or_default().into_owned()).collect();
        Self {
            job,
            number,
            title,
            columns,
            place: None,
            details,
            rows: RowStore::default(),
            grid: GridState::new(width),
            stage: Stage::Running,
            keyed: None,
            staged: Arc::default(),
        }
    }

    /// Rows for the grid, apart from its state.
    pub fn parts(&mut self) -> (Shown<'_>, &mut GridState) {
        let more = matches!(self.stage, Stage::Running | Stage::Resting);
        let rows = Rows {
            columns: &self.columns,
            details: &self.details,
            store: &self.rows,
            more,
            when_empty: if more { "" } else { "no rows" },
        };
        (Shown { rows, keyed: self.keyed.as_ref(), staged: &self.staged }, &mut self.grid)
    }

    /// For the tab: `SELECT posts · 50 rows`.
    pub fn label(&self) -> String {
        format!("{} · {}", self.title, self.count())
    }

    fn count(&self) -> String {
        let read = self.rows.end();
        match &self.stage {
            Stage::Running if read == 0 => "…".into(),
            Stage::Running | Stage::Resting => format!("{}+ rows", units::count(read)),
            Stage::Done(s) if s.cut.is_some() => format!("{}+ rows", units::count(read)),
            Stage::Done(s) => units::counted(s.rows.max(read), "row", "rows"),
            Stage::Failed(_) => format!("{}, then it failed", units::counted(read, "row", "rows")),
        }
    }

    /// What is to be known beside the rows, in words.
    pub fn note(&self) -> String {
        let mut parts = vec![];
        match &self.stage {
            Stage::Running => parts.push("reading …".to_owned()),
            Stage::Resting => parts.push("more rows on the server".into()),
            Stage::Done(s) => {
                parts.push(units::duration(s.elapsed));
                if let Some(cut) = s.cut {
                    parts.push(cut_words(cut).into());
                } else if s.rows > self.rows.end() {
                    // Only the last statement of a run, if it just reads, waits to be read on.
                    let read = units::counted(self.rows.end(), "row", "rows");
                    parts.push(format!("the first {read} are here: run it alone to read on"));
                }
            }
            Stage::Failed(e) if e.is_own_cancel() => parts.push("cancelled: what was read stays".into()),
            Stage::Failed(_) => parts.push("it failed: see Messages".into()),
        }
        if self.rows.first() > 0 {
            let gone = units::counted(self.rows.first(), "row", "rows");
            parts.push(format!("{gone} in front dropped (budget)"));
        }
        parts.join(" · ")
    }
}

/// Why a stream ended early, and what helps.
fn cut_words(cut: Cut) -> &'static str {
    match cut {
        Cut::Idle => "ended after resting, so that the server need not hold its snapshot: run again for more",
        Cut::Replaced => "ended for the next statement: run again for more",
        Cut::Enough => "not read to the end: run it alone for more",
    }
}

/// A short name for a statement: its verb and what it is about.
pub(super) fn title(sql: &str) -> String {
    let toks = significant(sql, Options::default());
    let word = |n: usize| toks.get(n).filter(|t| t.kind == TokenKind::Word).map(|t| t.text(sql));
    let Some(verb) = word(0) else { return "statement".into() };
    let verb = verb.to_uppercase();
    let after: &[&str] = match verb.as_str() {
        "SELECT" | "WITH" | "DELETE" => &["from"],
        "INSERT" | "MERGE" => &["into"],
        "UPDATE" => &["update"],
        "TABLE" | "TRUNCATE" | "ANALYZE" | "COPY" | "SHOW" | "CALL" | "SAVEPOINT" => {
            return two(&verb, word(1));
        }
        "EXPLAIN" => return verb,
        "CREATE" | "ALTER" | "DROP" | "REFRESH" | "SET" => {
            return two(&verb, word(1).map(str::to_uppercase).as_deref());
        }
        _ => return verb,
    };
    let mut depth = 0;
    for (n, t) in toks.iter().enumerate() {
        match t.kind {
            TokenKind::LParen => depth += 1,
            TokenKind::RParen => depth -= 1,
            TokenKind::Word if depth == 0 && after.iter().any(|w| t.is_word(sql, w)) => {
                return two(&verb, name_at(sql, &toks[n + 1..]).as_deref());
            }
            _ => {}
        }
    }
    verb
}

/// The last part of the dotted name that begins here.
fn name_at(sql: &str, toks: &[crate::sql::lex::Token]) -> Option<String> {
    let is_name = |t: &crate::sql::lex::Token| matches!(t.kind, TokenKind::Word | TokenKind::QuotedIdent);
    let mut at = toks.iter().position(|t| !t.is_word(sql, "only") && !t.is_word(sql, "lateral"))?;
    let mut name = toks.get(at).filter(|t| is_name(t))?;
    while toks.get(at + 1).is_some_and(|t| t.kind == TokenKind::Dot) {
        at += 2;
        name = toks.get(at).filter(|t| is_name(t))?;
    }
    Some(unquoted(name.text(sql)))
}

fn two(a: &str, b: Option<&str>) -> String {
    b.map_or_else(|| a.to_owned(), |b| format!("{a} {b}"))
}

#[cfg(test)]
mod tests {
    use super::title;

    #[test]
    fn statements_have_short_names() {
        for (sql, want) in [
            ("select * from posts where id = 1", "SELECT posts"),
            ("select (select 1 from a) from public.\"My posts\" p", "SELECT My posts"),
            ("-- x\nupdate only users set a = 1", "UPDATE users"),
            ("insert into public.users values (1)", "INSERT users"),
            ("with x as (select 1 from a) select * from x", "WITH x"),
            ("create table t (a int)", "CREATE TABLE"),
            ("select 1", "SELECT"),
            ("vacuum", "VACUUM"),
            ("(select 1)", "statement"),
            ("show work_mem", "SHOW work_mem"),
            ("explain select 1 from x", "EXPLAIN"),
        ] {
            assert_eq!(title(sql), want, "{sql}");
        }
    }
}
