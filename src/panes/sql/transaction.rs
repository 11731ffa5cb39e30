//! The transaction menu: what can be done in this state, and the savepoints of the open transaction.

use crate::{
    core::event::Tx,
    sql::{
        lex::{Options, TokenKind, significant},
        quote::{ident, unquoted},
    },
};

/// What choosing an entry does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// Runs this.
    Run(String),
    /// Asks for the name of a savepoint.
    NameSavepoint,
}

/// An entry: text, remark, what it does.
pub(super) type Entry = (String, String, Choice);

/// What can be begun: words of BEGIN, and what they mean.
const BEGIN: &[(&str, &str)] = &[
    ("BEGIN", "as the session's defaults say"),
    ("BEGIN READ ONLY", "writes are refused"),
    ("BEGIN ISOLATION LEVEL REPEATABLE READ", "one snapshot for all statements"),
    ("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "one snapshot, writes are refused"),
    ("BEGIN ISOLATION LEVEL SERIALIZABLE", "as if nobody else were there; may have to be tried again"),
    (
        "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE",
        "waits for a safe snapshot, then never fails; for long reports",
    ),
];

/// The menu for a state of the session.
pub(super) fn menu(tx: Tx, savepoints: &[String]) -> Vec<Entry> {
    let run = |sql: String, remark: &str| (sql.clone(), remark.to_owned(), Choice::Run(sql));
    let back = || {
        savepoints
            .iter()
            .rev()
            .map(|s| run(format!("ROLLBACK TO SAVEPOINT {}", ident(s)), "undoes what came after it"))
    };
    match tx {
        Tx::Idle => BEGIN.iter().map(|(sql, remark)| run((*sql).to_owned(), remark)).collect(),
        Tx::Open => {
            let mut out = vec![
                run("COMMIT".into(), "keeps everything since BEGIN"),
                run("ROLLBACK".into(), "undoes everything since BEGIN"),
                ("SAVEPOINT …".into(), "a place to come back to".into(), Choice::NameSavepoint),
            ];
            out.extend(back());
            out.extend(savepoints.iter().rev().map(|s| {
                run(format!("RELEASE SAVEPOINT {}", ident(s)), "forgets it and keeps what was done")
            }));
            out
        }
        Tx::Failed => {
            let mut out: Vec<Entry> = back().collect();
            out.push(run("ROLLBACK".into(), "undoes everything since BEGIN"));
            out
        }
        Tx::Gone => vec![],
    }
}

/// Follows the savepoints over a statement that ended well with this state after it.
pub(super) fn follow(savepoints: &mut Vec<String>, sql: &str, tx: Tx) {
    if matches!(tx, Tx::Idle | Tx::Gone) {
        return savepoints.clear();
    }
    let words: Vec<String> = significant(sql, Options::default())
        .iter()
        .take(5)
        .filter_map(|t| match t.kind {
            TokenKind::Word => Some(t.text(sql).to_lowercase()),
            TokenKind::QuotedIdent => Some(unquoted(t.text(sql))),
            _ => None,
        })
        .collect();
    let words: Vec<&str> =
        words.iter().map(String::as_str).filter(|w| !["work", "transaction"].contains(w)).collect();
    let last_of = |list: &[String], name: &str| list.iter().rposition(|s| s == name);
    match words.as_slice() {
        ["savepoint", name, ..] => savepoints.push((*name).to_owned()),
        ["release", "savepoint", name, ..] | ["release", name, ..] => {
            if let Some(at) = last_of(savepoints, name) {
                savepoints.truncate(at);
            }
        }
        ["rollback", "to", "savepoint", name, ..] | ["rollback", "to", name, ..] => {
            if let Some(at) = last_of(savepoints, name) {
                savepoints.truncate(at + 1);
            }
        }
        // A new transaction was chained.
        ["commit" | "rollback" | "begin" | "start", ..] => savepoints.clear(),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn savepoints_are_followed() {
        let mut s = vec![];
        for sql in ["begin", "savepoint a", "SAVEPOINT \"B c\";", "savepoint d"] {
            follow(&mut s, sql, Tx::Open);
        }
        assert_eq!(s, ["a", "B c", "d"]);
        follow(&mut s, "rollback to savepoint \"B c\"", Tx::Open);
        assert_eq!(s, ["a", "B c"]);
        follow(&mut s, "release a", Tx::Open);
        assert!(s.is_empty());
        follow(&mut s, "savepoint x", Tx::Open);
        follow(&mut s, "commit", Tx::Idle);
        assert!(s.is_empty());
    }

    #[test]
    fn the_menu_fits_the_state() {
        let text = |tx, s: &[String]| menu(tx, s).into_iter().map(|e| e.0).collect::<Vec<_>>();
        assert!(text(Tx::Idle, &[]).iter().all(|t| t.starts_with("BEGIN")));
        assert_eq!(
            text(Tx::Open, &["a".into()]),
            ["COMMIT", "ROLLBACK", "SAVEPOINT …", "ROLLBACK TO SAVEPOINT a", "RELEASE SAVEPOINT a"]
        );
        assert_eq!(text(Tx::Failed, &["a".into()]), ["ROLLBACK TO SAVEPOINT a", "ROLLBACK"]);
    }
}
