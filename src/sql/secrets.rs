//! Finds the passwords in a statement, so that histories, logs and titles can leave them out.
//!
//! Only clear cases are found: a literal behind `PASSWORD`, a connection string with a password, the options of
//! user mappings, the keys of pgcrypto. The rest of the text stays as it is.

use super::keywords::{Category, category};
use super::lex::{Options, Token, TokenKind, significant};
use std::borrow::Cow;
use std::ops::Range;

/// What stands in the place of a secret.
const MASK: &str = "'***'";

/// The literals of a text that hold a secret, quotes included, in order.
#[must_use]
pub fn secrets(sql: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    scan(sql, Options::default(), 0, 3, &mut found);
    if sql.contains('\\') {
        // With the old reading of backslashes literals end elsewhere; which one holds is the session's matter.
        scan(sql, Options { standard_conforming_strings: false, ..Options::default() }, 0, 3, &mut found);
    }
    merge(found)
}

/// The text with every secret replaced by `'***'`.
#[must_use]
pub fn redact(sql: &str) -> Cow<'_, str> {
    let found = secrets(sql);
    if found.is_empty() {
        return Cow::Borrowed(sql);
    }
    let mut out = String::with_capacity(sql.len());
    let mut at = 0;
    for range in found {
        out.push_str(&sql[at..range.start]);
        out.push_str(MASK);
        at = range.end;
    }
    out.push_str(&sql[at..]);
    Cow::Owned(out)
}

/// Which parameters (`$1` is 0) hold a secret: they stand where a literal would be one, or are a text that has one in it.
#[must_use]
pub fn secret_params(sql: &str, params: &[Option<String>]) -> Vec<usize> {
    let tokens = significant(sql, Options::default());
    let columns = Columns::of(sql, &tokens);
    let placed = tokens.iter().enumerate().filter(|(at, token)| {
        token.kind == TokenKind::Param && (columns.is_secret(*at) || is_secret_place(sql, &tokens, *at))
    });
    let placed = placed.filter_map(|(_, token)| token.text(sql)[1..].parse::<usize>().ok()?.checked_sub(1));
    let telling = params.iter().enumerate().filter(|(_, value)| value.as_deref().is_some_and(holds_password));
    let mut all: Vec<usize> = placed.chain(telling.map(|(n, _)| n)).filter(|n| *n < params.len()).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// True when a secret of the statement was left out: to run it would make `***` the password.
#[must_use]
pub fn is_redacted(sql: &str) -> bool {
    secrets(sql).into_iter().any(|range| &sql[range] == MASK)
}

fn merge(mut found: Vec<Range<usize>>) -> Vec<Range<usize>> {
    found.sort_by_key(|r| (r.start, r.end));
    let mut out: Vec<Range<usize>> = Vec::new();
    for range in found {
        match out.last_mut() {
            Some(last) if range.start < last.end => last.end = last.end.max(range.end),
            _ => out.push(range),
        }
    }
    out
}

/// Looks through a text that starts at byte `base` of the whole, and through dollar-quoted bodies in it.
fn scan(sql: &str, options: Options, base: usize, depth: usize, found: &mut Vec<Range<usize>>) {
    let tokens = significant(sql, options);
    let columns = Columns::of(sql, &tokens);
    for (at, token) in tokens.iter().enumerate() {
        let text = token.text(sql);
        if !is_literal(token) {
            continue;
        }
        let known = found.len();
        let named = columns.is_secret(at) || is_secret_place(sql, &tokens, at);
        if !named && token.kind == TokenKind::Dollar && depth > 0 {
            let (open, body) = dollar_body(text);
            scan(body, options, base + token.start + open, depth - 1, found);
        }
        if named || (found.len() == known && holds_password(text)) {
            found.push(base + token.start..base + token.end);
        }
    }
}

fn is_literal(token: &Token) -> bool {
    matches!(token.kind, TokenKind::String(_) | TokenKind::Dollar)
}

/// What stands here is a secret by what stands around it.
fn is_secret_place(sql: &str, tokens: &[Token], at: usize) -> bool {
    named_secret(sql, tokens, at) || argument_secret(sql, tokens, at) || joined_secret(sql, tokens, at)
}

/// A literal that is joined to one that ends where a password is to follow: `'… password=' || 'x'`, with quote_literal
/// or without.
fn joined_secret(sql: &str, tokens: &[Token], at: usize) -> bool {
    let before = |n: usize| at.checked_sub(n).map(|at| &tokens[at]);
    let joins = |token: Option<&Token>| token.is_some_and(|t| t.text(sql) == "||");
    let first = if joins(before(1)) {
        before(2)
    } else if joins(before(3)) && before(1).is_some_and(|t| t.kind == TokenKind::LParen) {
        before(4)
    } else {
        None
    };
    first.filter(|t| is_literal(t)).is_some_and(|t| {
        let text = t.text(sql).trim_end_matches(['\'', '$']);
        text.ends_with(|c: char| c.is_whitespace() || c == '=') && awaits_password(text)
    })
}

/// The text ends with the word and what may stand between it and the password.
fn awaits_password(literal: &str) -> bool {
    let text = literal.trim_end_matches(|c: char| c.is_whitespace() || "='$".contains(c));
    text.to_ascii_lowercase().ends_with("password")
}

/// The values of an INSERT that belong to columns named as secrets.
#[derive(Default)]
struct Columns(Vec<usize>);

impl Columns {
    /// The places of those values among the tokens.
    fn of(sql: &str, tokens: &[Token]) -> Self {
        let mut found = vec![];
        let word = |at: usize, word: &str| tokens.get(at).is_some_and(|t| t.is_word(sql, word));
        for start in (0..tokens.len()).filter(|at| word(*at, "insert") && word(at + 1, "into")) {
            let kind = |at: usize| tokens.get(at).map(|t| t.kind);
            let Some(open) =
                (start..tokens.len().min(start + 8)).find(|at| kind(*at) == Some(TokenKind::LParen))
            else {
                continue;
            };
            let Some(close) = (open..tokens.len()).find(|at| kind(*at) == Some(TokenKind::RParen)) else {
                continue;
            };
            if !word(close + 1, "values") {
                continue;
            }
            let names = tokens[open + 1..close].split(|t| t.kind == TokenKind::Comma);
            let secret: Vec<usize> = names
                .enumerate()
                .filter(|(_, name)| name.first().is_some_and(|t| names_secret(t.text(sql), false)))
                .map(|(n, _)| n)
                .collect();
            if secret.is_empty() {
                continue;
            }
            let (mut depth, mut column) = (0_usize, 0_usize);
            for (at, token) in tokens.iter().enumerate().skip(close + 2) {
                match token.kind {
                    TokenKind::LParen => depth += 1,
                    TokenKind::RParen => depth = depth.saturating_sub(1),
                    TokenKind::Comma if depth == 1 => column += 1,
                    TokenKind::Comma if depth == 0 => column = 0,
                    TokenKind::Semicolon => break,
                    _ if depth == 0 => break,
                    _ if secret.contains(&column)
                        && (is_literal(token) || token.kind == TokenKind::Param) =>
                    {
                        found.push(at);
                    }
                    _ => {}
                }
            }
        }
        Self(found)
    }

    fn is_secret(&self, at: usize) -> bool {
        self.0.binary_search(&at).is_ok()
    }
}

/// The offset of the body in a dollar-quoted string, and the body.
fn dollar_body(text: &str) -> (usize, &str) {
    let open = text[1..].find('$').map_or(text.len(), |at| at + 2);
    let body = &text[open..];
    (open, body.strip_suffix(&text[..open]).unwrap_or(body))
}

/// A literal (or its continuation) behind a word such as `PASSWORD`.
fn named_secret(sql: &str, tokens: &[Token], at: usize) -> bool {
    let mut before = at;
    while let Some(previous) = before.checked_sub(1).filter(|p| at - p < 64) {
        let token = &tokens[previous];
        match token.kind {
            TokenKind::String(_) => before = previous,
            // `password => 'x'`, `password = 'x'`
            TokenKind::Operator if matches!(token.text(sql), "=" | "=>") && before == at => before = previous,
            TokenKind::Assign if before == at => before = previous,
            TokenKind::Word | TokenKind::QuotedIdent => {
                let compared = before < at && !is_literal(&tokens[before]);
                return names_secret(token.text(sql), compared);
            }
            _ => return false,
        }
    }
    false
}

/// A name under which a secret is given.
fn names_secret(word: &str, compared: bool) -> bool {
    let word = word.trim_matches('"').to_ascii_lowercase();
    // A key word is a keyword argument's or option's name here only without an operator.
    let plain = category(&word) != Some(Category::Reserved);
    let options = [
        "password",
        "passwd",
        "sslpassword",
        "secret",
        "secret_key",
        "secret_access_key",
        "oauth_client_secret",
    ];
    plain && options.contains(&word.as_str()) && (!compared || word != "secret")
}

/// A connection string with a password, or SQL in a string that sets one.
fn holds_password(literal: &str) -> bool {
    let lower = literal.to_ascii_lowercase();
    let mut rest = lower.as_str();
    while let Some(at) = rest.find("password") {
        rest = &rest[at + "password".len()..];
        let value = rest.trim_start();
        let given =
            value.strip_prefix('=').is_some_and(|v| !v.trim_start().is_empty() && v.trim_start() != "'");
        if given || value.strip_prefix("''").is_some_and(|v| !v.is_empty()) {
            return true;
        }
    }
    holds_url_password(&lower)
}

/// `scheme://user:password@host`
fn holds_url_password(text: &str) -> bool {
    text.split("://").skip(1).any(|rest| {
        let authority = rest.split(['/', '?', '#', ' ', '\'']).next().unwrap_or_default();
        let user = authority.rsplit_once('@').map(|(user, _)| user);
        user.and_then(|u| u.split_once(':')).is_some_and(|(_, password)| !password.is_empty())
    })
}

/// An argument that is a secret by its function: the pass phrase of `pgp_sym_encrypt` and its relatives (the second), of
/// `crypt` (the first); what `set_config` sets where the setting is named so; what `format` puts behind the word.
fn argument_secret(sql: &str, tokens: &[Token], at: usize) -> bool {
    let (mut depth, mut argument) = (0_usize, 0_usize);
    for before in (0..at).rev() {
        match tokens[before].kind {
            TokenKind::RParen => depth += 1,
            TokenKind::LParen if depth > 0 => depth -= 1,
            TokenKind::LParen => {
                let Some(name) = before.checked_sub(1).map(|n| tokens[n].text(sql)) else { return false };
                let name = name.trim_matches('"').to_ascii_lowercase();
                let first = tokens.get(before + 1).filter(|t| is_literal(t)).map_or("", |t| t.text(sql));
                return match name.as_str() {
                    "crypt" => argument == 0,
                    "set_config" => argument == 1 && awaits_password(first),
                    "format" => argument > 0 && formats_password(first),
                    _ => name.starts_with("pgp_sym_") && argument == 1,
                };
            }
            TokenKind::Comma if depth == 0 => argument += 1,
            TokenKind::Semicolon => return false,
            _ => {}
        }
        // A long list of values has no key far behind its parenthesis.
        if argument > 8 || at - before > 200 {
            return false;
        }
    }
    false
}

/// A pattern of `format` with a place for a password.
fn formats_password(pattern: &str) -> bool {
    let lower = pattern.to_ascii_lowercase();
    lower.match_indices('%').any(|(at, _)| awaits_password(&lower[..at]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clear_secrets_are_masked() {
        for (sql, want) in [
            (
                "create role r login password 'geheim' valid until 'x'",
                "create role r login password '***' valid until 'x'",
            ),
            ("ALTER USER r WITH ENCRYPTED PASSWORD $$it's$$;", "ALTER USER r WITH ENCRYPTED PASSWORD '***';"),
            ("alter role r password 'a'\n'b'", "alter role r password '***'\n'***'"),
            ("alter role r password E'a\\'b'", "alter role r password '***'"),
            ("alter role r password 'half", "alter role r password '***'"),
            (
                "create user mapping for r server s options (user 'u', password 'p')",
                "create user mapping for r server s options (user 'u', password '***')",
            ),
            (
                "alter user mapping for r server s options (set \"password\" 'p')",
                "alter user mapping for r server s options (set \"password\" '***')",
            ),
            (
                "create subscription s connection 'host=h password=p' publication q",
                "create subscription s connection '***' publication q",
            ),
            ("select dblink('postgres://u:p@h/d', 'select 1')", "select dblink('***', 'select 1')"),
            (
                "do $x$ begin create role r password 'p'; end $x$",
                "do $x$ begin create role r password '***'; end $x$",
            ),
            (
                "do $$ begin execute 'alter role r password ''p'''; end $$",
                "do $$ begin execute '***'; end $$",
            ),
            (
                "select pgp_sym_encrypt('data', 'key', 'opts'), crypt('pw', gen_salt('bf'))",
                "select pgp_sym_encrypt('data', '***', 'opts'), crypt('***', gen_salt('bf'))",
            ),
            ("select pgp_sym_decrypt(f(a, b), 'key')", "select pgp_sym_decrypt(f(a, b), '***')"),
            (
                "update users set password = 'p' where id = 1",
                "update users set password = '***' where id = 1",
            ),
            ("select login(password => 'p')", "select login(password => '***')"),
            (
                "select dblink_connect('host=h password=' || 'p')",
                "select dblink_connect('host=h password=' || '***')",
            ),
            (
                "do $$ begin execute 'alter role r password ' || quote_literal('p'); end $$",
                "do $$ begin execute 'alter role r password ' || quote_literal('***'); end $$",
            ),
            (
                "select format('alter role %I password %L', 'r', 'p')",
                "select format('alter role %I password %L', '***', '***')",
            ),
            (
                "select set_config('app.password', 'p', false)",
                "select set_config('app.password', '***', false)",
            ),
            ("set app.password = 'p'", "set app.password = '***'"),
            (
                "insert into users (id, password, name) values (1, 'p', 'a'), (2, crypt('q', 's'), 'b')",
                "insert into users (id, password, name) values (1, '***', 'a'), (2, crypt('***', '***'), 'b')",
            ),
            (
                "insert into s.t (secret) values ('p') returning 'x'",
                "insert into s.t (secret) values ('***') returning 'x'",
            ),
            ("copy t from program 'PGPASSWORD=p psql -c x'", "copy t from program '***'"),
            (
                "create server s foreign data wrapper f options (host 'h', password 'p')",
                "create server s foreign data wrapper f options (host 'h', password '***')",
            ),
        ] {
            assert_eq!(redact(sql), want);
        }
    }

    #[test]
    fn the_rest_is_left_alone() {
        for sql in [
            "select 'password'",
            "alter role r password null",
            "select * from users where name = 'password' and hint = 'my password is'",
            "create user mapping for r server s options (user 'u')",
            "create subscription s connection 'host=h dbname=d' publication q",
            "select 'https://example.org/a@b:c'",
            "insert into t values ('a', 'b')",
            "insert into t (a, b) select 'password', 'b'",
            "select set_config('work_mem', '1MB', false)",
            "select format('the password of %s', 'r')",
            "select 'your password' || 'x', f('a')",
            "select secret = 'x' from t",
            "select '",
            "$$",
            "$a",
        ] {
            assert_eq!(redact(sql), sql);
            assert!(matches!(redact(sql), Cow::Borrowed(_)));
        }
    }

    #[test]
    fn parameters_that_are_secrets_are_found() {
        for (sql, params, want) in [
            ("update users set password = $1 where id = $2", vec!["p", "7"], vec![0]),
            ("insert into users (id, password) values ($1, $2)", vec!["7", "p"], vec![1]),
            ("select crypt($2, $1)", vec!["salt", "p"], vec![1]),
            ("select dblink_connect($1)", vec!["host=h password=p"], vec![0]),
            ("select dblink_connect('password=' || $1)", vec!["p"], vec![0]),
            ("select set_config('app.password', $1, true)", vec!["p"], vec![0]),
            ("select $1, $2", vec!["a", "postgres://u:p@h"], vec![1]),
            ("select $1, $3, $0", vec!["a", "password"], vec![]),
        ] {
            let params: Vec<Option<String>> = params.into_iter().map(|p| Some(p.to_owned())).collect();
            assert_eq!(secret_params(sql, &params), want, "{sql}");
        }
        assert_eq!(secret_params("select login(password => $1)", &[None]), [0]);
    }
}
