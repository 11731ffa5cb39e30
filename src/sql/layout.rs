//! A statement laid out for reading: a line for each clause, subqueries and conditions indented. Only blanks change.

use super::lex::{Lexer, Options, Token, TokenKind};

/// What begins a line of its own.
const CLAUSES: [&str; 21] = [
    "select",
    "from",
    "where",
    "group",
    "having",
    "order",
    "limit",
    "offset",
    "union",
    "intersect",
    "except",
    "returning",
    "values",
    "window",
    "fetch",
    "set",
    "using",
    "when",
    "insert",
    "update",
    "delete",
];
/// What begins a line below a FROM.
const JOINS: [&str; 7] = ["join", "left", "right", "inner", "full", "cross", "natural"];
/// Blanks of a step.
const STEP: usize = 2;

/// Where an opening bracket stands, and what it holds.
#[derive(Clone, Copy)]
struct Level {
    /// Blanks in front of its lines.
    indent: usize,
    /// It holds a query, whose clauses begin lines.
    query: bool,
    /// The clause its tokens are in.
    clause: Clause,
}

#[derive(Clone, Copy, PartialEq)]
enum Clause {
    From,
    Condition,
    /// After BETWEEN, whose AND is none of the condition's.
    Between,
    Other,
}

/// Lays a statement out in lines of about `width` characters. Tokens and comments stay as they are.
#[must_use]
pub fn layout(sql: &str, width: usize) -> String {
    let tokens: Vec<Token> = lexed(sql);
    let mut out = String::with_capacity(sql.len() + sql.len() / 4);
    let mut levels = vec![Level { indent: 0, query: true, clause: Clause::Other }];
    let mut column = 0;
    let mut previous: Option<Token> = None;
    for (n, token) in tokens.iter().enumerate() {
        let text = token.text(sql);
        let next = tokens.get(n + 1);
        if token.kind == TokenKind::RParen && levels.len() > 1 {
            levels.pop();
        }
        let mut line = None;
        let Some(level) = levels.last_mut() else { break };
        if token.kind == TokenKind::Word && level.query {
            let word = text.to_ascii_lowercase();
            let word = word.as_str();
            let behind = |what: &str| previous.is_some_and(|p| p.is_word(sql, what));
            // DELETE FROM, FOR UPDATE, DO UPDATE, IS DISTINCT FROM, LEFT JOIN: parts of what stands before.
            let part = word == "from" && (behind("delete") || behind("distinct"))
                || word == "update" && (behind("for") || behind("do"))
                || JOINS.contains(&word) && JOINS.iter().chain(&["outer"]).any(|j| behind(j));
            let call = next.is_some_and(|next| next.kind == TokenKind::LParen && next.start == token.end);
            match (word, level.clause) {
                _ if part => {}
                ("between", Clause::Condition) => level.clause = Clause::Between,
                ("and", Clause::Between) => level.clause = Clause::Condition,
                ("and" | "or", Clause::Condition) => line = Some(level.indent + STEP),
                (word, Clause::From) if JOINS.contains(&word) && !call => line = Some(level.indent + STEP),
                (word, _) if CLAUSES.contains(&word) => {
                    line = Some(level.indent);
                    level.clause = match word {
                        "from" | "using" => Clause::From,
                        "where" | "having" => Clause::Condition,
                        _ => Clause::Other,
                    };
                }
                _ => {}
            }
        }
        let long = column + text.len() > width && previous.is_some_and(|p| p.kind == TokenKind::Comma);
        match (previous, line) {
            (None, _) => {}
            (Some(_), Some(indent)) => column = fresh(&mut out, indent),
            (Some(_), None) if long => column = fresh(&mut out, level.indent + 2 * STEP),
            // What follows a comment to the end of a line would be part of it.
            (Some(p), None) if p.kind == TokenKind::LineComment => column = fresh(&mut out, level.indent),
            // A string that goes on in the next line is one only while the line end stands between.
            (Some(p), None) if is_continued(sql, p, *token) => {
                column = fresh(&mut out, level.indent + 2 * STEP)
            }
            (Some(p), None) if p.end < token.start => {
                out.push(' ');
                column += 1;
            }
            _ => {}
        }
        out.push_str(text);
        column += text.chars().count();
        if token.kind == TokenKind::LParen {
            let first = tokens[n + 1..].iter().find(|t| t.is_significant());
            let query = first.is_some_and(|t| ["select", "with"].iter().any(|w| t.is_word(sql, w)));
            let indent = level.indent + 2 * STEP;
            levels.push(Level { indent, query, clause: Clause::Other });
        }
        previous = Some(*token);
    }
    out
}

/// Both are strings in different lines: two parts of one.
fn is_continued(sql: &str, first: Token, second: Token) -> bool {
    let both = [first, second].iter().all(|t| matches!(t.kind, TokenKind::String(_)));
    both && sql.get(first.end..second.start).is_some_and(|between| between.contains(['\n', '\r']))
}

fn fresh(out: &mut String, indent: usize) -> usize {
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
    indent
}

/// Everything but blanks.
fn lexed(sql: &str) -> Vec<Token> {
    Lexer::new(sql, Options::default()).filter(|token| token.kind != TokenKind::Space).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_for_each_clause() {
        let sql = "select u.username, count(*) from users u left outer join posts p on p.user_id = u.id and p.live where u.id between $1 and $2 and left(u.name,\n $3) = $4 or u.x in (select y from z where a and b) group by u.username order by 2 desc limit $5";
        assert_eq!(
            layout(sql, 80),
            "select u.username, count(*)
from users u
  left outer join posts p on p.user_id = u.id and p.live
where u.id between $1 and $2
  and left(u.name, $3) = $4
  or u.x in (
    select y
    from z
    where a
      and b)
group by u.username
order by 2 desc
limit $5"
        );
    }

    #[test]
    fn a_continued_string_stays_one() {
        assert_eq!(layout("select 'a'\n  'b',  'c'   from t", 80), "select 'a'\n    'b', 'c'\nfrom t");
    }

    #[test]
    fn nothing_but_blanks_changes() {
        for sql in [
            "",
            "  select 1  ",
            "select 'a  from b', \"from\", $$ where $$ -- from here\n, 2 /* and */ from t",
            "insert into t (a, b) values ($1, $2) on conflict (a) do update set b = excluded.b returning a",
            "delete from t where a is distinct from b) from",
            "select a,b,c from t -- the end",
            "select * from t for update",
        ] {
            let bare = |text: &str| lexed(text).iter().map(|t| t.text(text).to_owned()).collect::<Vec<_>>();
            assert_eq!(bare(&layout(sql, 20)), bare(sql), "{sql}");
        }
        let long = format!("select {} from t", vec!["a_column"; 40].join(", "));
        assert!(layout(&long, 60).lines().all(|line| line.len() <= 70));
    }
}
