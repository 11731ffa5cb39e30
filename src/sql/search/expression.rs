//! What a tsvector expression is made of, read from the text in which the server prints it.

use crate::{
    data::search::{Config, Part},
    sql::{
        lex::{Options, Token, TokenKind, significant},
        quote::unquoted,
    },
};

/// The parts of a vector.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// The configuration of its first part; none: the session's, or it is within a function.
    pub config: Option<Config>,
    /// The texts.
    pub parts: Vec<Part>,
}

/// Reads `to_tsvector('english'::regconfig, title)`, `setweight(…, 'A') || …`. What is not understood gives no part.
#[must_use]
pub fn parts(expression: &str) -> Made {
    let mut made = Made::default();
    let tokens = significant(expression, Options::default());
    walk(expression, &tokens, None, &mut made);
    made
}

fn walk(text: &str, tokens: &[Token], weight: Option<char>, made: &mut Made) {
    let tokens = bare(tokens);
    let terms = split(tokens, |t| t.kind == TokenKind::Operator && t.text(text) == "||");
    if terms.len() > 1 {
        return terms.into_iter().for_each(|term| walk(text, term, weight, made));
    }
    let Some((name, arguments)) = call(text, tokens) else { return };
    match (name.as_str(), arguments.as_slice()) {
        ("setweight", [vector, letter, ..]) => {
            let letter = source(text, letter).trim_start_matches('\'').chars().next();
            walk(text, vector, letter.filter(|c| *c != 'D'), made);
        }
        ("coalesce" | "strip", [vector, ..]) => walk(text, vector, weight, made),
        ("to_tsvector", [document]) => push(source(text, document), None, weight, made),
        ("to_tsvector", [config, document]) => {
            push(source(text, document), config_of(text, config), weight, made);
        }
        // A function of the user's own around to_tsvector.
        (_, [document]) => push(source(text, document), None, weight, made),
        _ => {}
    }
}

fn push(document: &str, config: Option<Config>, weight: Option<char>, made: &mut Made) {
    made.config = made.config.take().or(config);
    made.parts.push(Part { text: document.to_owned(), weight });
}

/// `'english'::regconfig`, or a column.
fn config_of(text: &str, tokens: &[Token]) -> Option<Config> {
    let tokens = bare(tokens);
    let first = tokens.first()?;
    let shown = first.text(text);
    match first.kind {
        TokenKind::String(_) => Some(Config::Fixed(shown.trim_matches('\'').replace("''", "'"))),
        TokenKind::Word if tokens.len() == 1 => Some(Config::Column(shown.to_owned())),
        TokenKind::QuotedIdent if tokens.len() == 1 => Some(Config::Column(unquoted(shown))),
        _ => None,
    }
}

fn source<'a>(text: &'a str, tokens: &[Token]) -> &'a str {
    match (tokens.first(), tokens.last()) {
        (Some(first), Some(last)) => text.get(first.start..last.range().end).unwrap_or_default(),
        _ => "",
    }
}

/// Without parentheses around all of it, and without a cast behind them.
fn bare(mut tokens: &[Token]) -> &[Token] {
    loop {
        let Some(first) = tokens.first() else { return tokens };
        if first.kind != TokenKind::LParen {
            return tokens;
        }
        let Some(end) = closing(tokens, 0) else { return tokens };
        let behind = &tokens[end + 1..];
        let cast = behind.first().is_some_and(|t| t.kind == TokenKind::Cast) && behind.len() == 2;
        if !behind.is_empty() && !cast {
            return tokens;
        }
        tokens = &tokens[1..end];
    }
}

/// The token that closes the parenthesis at `open`.
fn closing(tokens: &[Token], open: usize) -> Option<usize> {
    let mut depth = 0i32;
    for (n, token) in tokens.iter().enumerate().skip(open) {
        match token.kind {
            TokenKind::LParen | TokenKind::LBracket => depth += 1,
            TokenKind::RParen | TokenKind::RBracket => {
                depth -= 1;
                if depth == 0 {
                    return Some(n);
                }
            }
            _ => {}
        }
    }
    None
}

/// The pieces between separators that stand in no parentheses.
fn split(tokens: &[Token], separates: impl Fn(&Token) -> bool) -> Vec<&[Token]> {
    let (mut depth, mut from, mut out) = (0i32, 0, vec![]);
    for (n, token) in tokens.iter().enumerate() {
        match token.kind {
            TokenKind::LParen | TokenKind::LBracket => depth += 1,
            TokenKind::RParen | TokenKind::RBracket => depth -= 1,
            _ if depth == 0 && separates(token) => {
                out.push(&tokens[from..n]);
                from = n + 1;
            }
            _ => {}
        }
    }
    out.push(&tokens[from..]);
    out
}

/// A call: the function's name without its schema, and its arguments.
fn call<'t>(text: &str, tokens: &'t [Token]) -> Option<(String, Vec<&'t [Token]>)> {
    let open = tokens.iter().position(|t| t.kind == TokenKind::LParen)?;
    let named = |t: &Token| matches!(t.kind, TokenKind::Word | TokenKind::QuotedIdent | TokenKind::Dot);
    if open == 0 || !tokens[..open].iter().all(named) || closing(tokens, open) != Some(tokens.len() - 1) {
        return None;
    }
    let name = unquoted(tokens[open - 1].text(text));
    let inside = &tokens[open + 1..tokens.len() - 1];
    Some((name, split(inside, |t| t.kind == TokenKind::Comma)))
}

/// Which of these columns an expression names.
#[must_use]
pub fn columns_in<'a>(expression: &str, columns: &[&'a str]) -> Vec<&'a str> {
    let tokens = significant(expression, Options::default());
    let mut out: Vec<&str> = vec![];
    for (n, token) in tokens.iter().enumerate() {
        let name = match token.kind {
            TokenKind::Word => token.text(expression).to_owned(),
            TokenKind::QuotedIdent => unquoted(token.text(expression)),
            _ => continue,
        };
        // `text` behind `::` is a type, a word before `(` a function.
        let cast = n > 0 && tokens[n - 1].kind == TokenKind::Cast;
        let called = tokens.get(n + 1).is_some_and(|t| t.kind == TokenKind::LParen);
        if let Some(column) = columns.iter().find(|c| **c == name)
            && !cast
            && !called
            && !out.contains(column)
        {
            out.push(column);
        }
    }
    out
}

/// The configuration that the source of a function gives `to_tsvector`.
#[must_use]
pub fn config_in_function(body: &str) -> Option<Config> {
    let tokens = significant(body, Options::default());
    let at = tokens.windows(3).position(|w| {
        w[0].is_word(body, "to_tsvector")
            && w[1].kind == TokenKind::LParen
            && matches!(w[2].kind, TokenKind::String(_))
    })?;
    let literal = tokens[at + 2].text(body);
    let another = tokens.get(at + 3).is_some_and(|t| matches!(t.kind, TokenKind::Comma | TokenKind::Cast));
    another.then(|| Config::Fixed(literal.trim_matches('\'').replace("''", "'")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed(name: &str) -> Option<Config> {
        Some(Config::Fixed(name.into()))
    }

    fn read(expression: &str) -> (Option<Config>, Vec<(String, Option<char>)>) {
        let made = parts(expression);
        (made.config, made.parts.into_iter().map(|p| (p.text, p.weight)).collect())
    }

    #[test]
    fn what_vectors_are_made_of() {
        let own = |t: &str| t.to_owned();
        assert_eq!(
            read("to_tsvector('english'::regconfig, ((title || ' '::text) || content))"),
            (fixed("english"), vec![(own("((title || ' '::text) || content)"), None)])
        );
        assert_eq!(
            read(
                "(setweight(to_tsvector('german'::regconfig, COALESCE(title, ''::text)), 'A'::\"char\") || setweight(to_tsvector('german'::regconfig, body), 'B'::\"char\"))"
            ),
            (fixed("german"), vec![(own("COALESCE(title, ''::text)"), Some('A')), (own("body"), Some('B'))])
        );
        assert_eq!(
            read("to_tsvector(lang, body)"),
            (Some(Config::Column("lang".into())), vec![(own("body"), None)])
        );
        assert_eq!(
            read("musicbrainz.mb_simple_tsvector((name)::text)"),
            (None, vec![(own("(name)::text"), None)])
        );
        assert_eq!(read("to_tsvector('public.en_un'::regconfig, t)").0, fixed("public.en_un"));
        assert_eq!(read("to_tsvector(t)"), (None, vec![(own("t"), None)]));
        assert_eq!(read("fulltext"), (None, vec![]));
        assert_eq!(read("a || (b"), (None, vec![]));
    }

    #[test]
    fn columns_are_no_types_and_no_functions() {
        let columns = ["title", "text", "lower", "Größe", "id"];
        assert_eq!(columns_in("lower((title)::text) || \"Größe\" || 'id'", &columns), ["title", "Größe"]);
    }

    #[test]
    fn a_function_may_name_its_configuration() {
        let body = "-- the 'simple' one\nSELECT to_tsvector('musicbrainz.mb_simple', lower(input));";
        assert_eq!(config_in_function(body), fixed("musicbrainz.mb_simple"));
        assert_eq!(config_in_function("select to_tsvector('just a text')"), None);
        assert_eq!(config_in_function("new.v := to_tsvector(new.t)"), None);
    }
}
