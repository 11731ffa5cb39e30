//! What the server says, for people on standard error: in the user's own text, control characters made visible.

use crate::{
    core::error::DbError,
    text::{clean, width},
};
use std::fmt::Write as _;

/// An excerpt is about this wide.
const EXCERPT: usize = 100;

/// Where something is in the user's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::headless) struct Place {
    /// Line from 1.
    pub line: usize,
    /// Character in the line from 1.
    pub column: usize,
}

/// The line and column of a byte.
pub(in crate::headless) fn place(source: &str, offset: usize) -> Place {
    let before = source.get(..offset).unwrap_or(source);
    let start = before.rfind('\n').map_or(0, |i| i + 1);
    Place { line: before.matches('\n').count() + 1, column: before[start..].chars().count() + 1 }
}

/// An error of a statement. `at`: where it points to in the source, `start`: where the statement begins there.
pub(in crate::headless) fn error(
    label: &str,
    source: &str,
    start: usize,
    at: Option<usize>,
    e: &DbError,
) -> String {
    let here = place(source, at.unwrap_or(start));
    let mut text = match at {
        Some(_) => format!("{}:{}:{}: ", clean::line(label), here.line, here.column),
        None => format!("{}:{}: ", clean::line(label), here.line),
    };
    text.push_str(&head(e));
    if let Some(at) = at {
        text.push_str(&excerpt(source, at));
    }
    text.push_str(&fields(e));
    text
}

/// A notice, or an error that has no place in the user's text.
pub(in crate::headless) fn notice(e: &DbError) -> String {
    format!("{}{}", head(e), fields(e))
}

/// `ERROR: message (code)`; the code only where it says more than "a notice".
fn head(e: &DbError) -> String {
    let mut text = String::new();
    if !e.severity.is_empty() {
        let _ = write!(text, "{}: ", clean::line(&e.severity));
    }
    text.push_str(&clean::text(&e.message));
    if !e.code.is_empty() && !matches!(&*e.code, "00000" | "01000") {
        let _ = write!(text, " ({})", clean::line(&e.code));
    }
    text.push('\n');
    text
}

fn fields(e: &DbError) -> String {
    let mut text = String::new();
    for (name, value) in
        [("DETAIL", &e.detail), ("HINT", &e.hint), ("QUERY", &e.internal_query), ("CONTEXT", &e.context)]
    {
        if let Some(value) = value {
            let _ = writeln!(text, "{name}: {}", clean::text(value));
        }
    }
    text
}

/// The line around a byte with a caret under it.
fn excerpt(source: &str, at: usize) -> String {
    let start = source[..at].rfind('\n').map_or(0, |i| i + 1);
    let line = source[start..].split('\n').next().unwrap_or("");
    let before = clean::line(&source[start..at]).into_owned();
    let after = clean::line(line.get(at - start..).unwrap_or("")).into_owned();
    let mut shown = before.as_str();
    let mut mark = "";
    if width::width(shown) > EXCERPT / 2 {
        shown = width::skip(shown, width::width(shown) - EXCERPT / 2).0;
        mark = width::MORE;
    }
    let lead = width::width(mark) + width::width(shown);
    format!("  {mark}{shown}{}\n  {:lead$}^\n", width::clip(&after, EXCERPT - lead.min(EXCERPT - 1)), "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn db(message: &str) -> DbError {
        DbError {
            severity: "ERROR".into(),
            code: "42703".into(),
            message: message.into(),
            hint: Some("Try\u{1b}[2J this".into()),
            ..DbError::default()
        }
    }

    #[test]
    fn the_users_own_line_with_a_caret() {
        let source = "-- title: x\nselect 1;\nselect\té, foo\nfrom t";
        let at = source.find("foo").unwrap();
        let start = source.rfind("select").unwrap();
        assert_eq!(
            error("q.sql", source, start, Some(at), &db("no foo")),
            "q.sql:3:11: ERROR: no foo (42703)\n  select⇥é, foo\n            ^\nHINT: Try␛[2J this\n"
        );
        assert_eq!(
            error("q.sql", source, start, None, &db("no foo")),
            "q.sql:3: ERROR: no foo (42703)\nHINT: Try␛[2J this\n"
        );
    }

    #[test]
    fn long_lines_are_cut_around_the_caret() {
        let source = format!("select '{}', foo, '{}'", "x".repeat(300), "y".repeat(300));
        let at = source.find("foo").unwrap();
        let text = error("q", &source, 0, Some(at), &db("m"));
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].chars().count() < 110, "{text}");
        let caret = lines[2].chars().position(|c| c == '^').unwrap();
        assert_eq!(lines[1].chars().skip(caret).take(3).collect::<String>(), "foo", "{text}");
    }

    #[test]
    fn notices_without_their_dull_code() {
        let n = DbError {
            severity: "NOTICE".into(),
            code: "00000".into(),
            message: "hi".into(),
            ..DbError::default()
        };
        assert_eq!(notice(&n), "NOTICE: hi\n");
    }
}
