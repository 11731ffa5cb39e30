//! Named parameters of saved queries: `:name` in the text becomes `$n` for the server.

use super::lex::{Options, Token, TokenKind, significant};
use crate::data::saved::Parameter;
use std::collections::HashSet;
use std::ops::Range;

/// A statement whose parameters the server binds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bound {
    /// The text to send, with `$1`, `$2` …
    pub sql: String,
    /// The name behind `$1`, `$2` … in this order.
    pub names: Vec<String>,
    replaced: Vec<Replaced>,
}

/// A parameter in the new and in the old text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Replaced {
    new: Range<usize>,
    old: Range<usize>,
}

impl Bound {
    /// The byte of the original text that a byte of [`Bound::sql`] comes from; inside of a parameter, its start.
    #[must_use]
    pub fn source_offset(&self, offset: usize) -> usize {
        let before = self.replaced.partition_point(|r| r.new.start <= offset);
        match before.checked_sub(1).map(|i| &self.replaced[i]) {
            None => offset,
            Some(r) if offset < r.new.end => r.old.start,
            Some(r) => r.old.end + (offset - r.new.end),
        }
    }

    /// The byte of the original text for a server's error position (characters of [`Bound::sql`] from 1).
    #[must_use]
    pub fn source_position(&self, position: u32) -> usize {
        let characters = (position as usize).saturating_sub(1);
        let byte = self.sql.char_indices().nth(characters).map_or(self.sql.len(), |(at, _)| at);
        self.source_offset(byte)
    }
}

impl Bound {
    /// An error's CONTEXT with the parameters by name: `unnamed portal parameter $1 = ''` is `parameter :who = ''`.
    #[must_use]
    pub fn context(&self, text: &str) -> String {
        let Some((before, rest)) = text.split_once("unnamed portal parameter $") else {
            return text.to_owned();
        };
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: usize = rest[..digits].parse().unwrap_or(0);
        match number.checked_sub(1).and_then(|n| self.names.get(n)) {
            Some(name) => format!("{before}parameter :{name}{}", &rest[digits..]),
            None => text.to_owned(),
        }
    }
}

/// Why parameters cannot be bound.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParamError {
    /// What is wrong and what to write instead.
    pub message: String,
    /// The byte of the text it is about.
    pub offset: usize,
}

/// The parameter names in a text, each once, in order of appearance.
#[must_use]
pub fn names(text: &str) -> Vec<String> {
    let mut seen = HashSet::new();
    let found = uses(text).into_iter().filter_map(|u| u.name);
    found.filter(|name| seen.insert(*name)).map(str::to_owned).collect()
}

/// The highest number of a `$1` … in a text; 0: there is none.
#[must_use]
pub fn numbers(text: &str) -> usize {
    let tokens = significant(text, Options::default());
    let params = tokens.iter().filter(|t| t.kind == TokenKind::Param);
    let number = |t: &Token| t.text(text).get(1..)?.parse::<usize>().ok().filter(|n| *n <= 65_535);
    params.filter_map(number).max().unwrap_or(0)
}

/// Replaces every `:name` of a statement by `$n`, the same name always by the same one, and casts it to the
/// declared type where there is one.
///
/// # Errors
/// When the statement uses psql's quoting forms (`:'name'`), mixes `:name` with `$1`, or a declared type is
/// no type name.
pub fn bind(statement: &str, declared: &[Parameter]) -> Result<Bound, ParamError> {
    let mut bound = Bound { sql: String::with_capacity(statement.len() + 16), ..Bound::default() };
    let uses = uses(statement);
    if uses.iter().any(|u| u.name.is_some()) {
        refuse_numbers(statement)?;
    }
    let mut at = 0;
    for found in uses {
        let token = found.token;
        let Some(name) = found.name else { return Err(psql_form(token.text(statement), token.start)) };
        bound.sql.push_str(&statement[at..token.start]);
        let number = match bound.names.iter().position(|n| n == name) {
            Some(known) => known + 1,
            None => {
                bound.names.push(name.to_owned());
                bound.names.len()
            }
        };
        // `a:x` would become the name `a$1`.
        if bound.sql.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
            bound.sql.push(' ');
        }
        let start = bound.sql.len();
        let type_name = declared.iter().find(|p| p.name == name).map_or("", |p| p.type_name.trim());
        if type_name.is_empty() {
            bound.sql.push_str(&format!("${number}"));
        } else {
            check_type(name, type_name, token.start)?;
            // In parentheses, so that `:ids[1]` takes an element instead of changing the type.
            bound.sql.push_str(&format!("(${number}::{type_name})"));
        }
        bound.replaced.push(Replaced { new: start..bound.sql.len(), old: token.range() });
        at = token.end;
    }
    bound.sql.push_str(&statement[at..]);
    Ok(bound)
}

/// A variable in the text; `name` is empty for psql's quoting forms.
struct Use<'a> {
    token: Token,
    name: Option<&'a str>,
}

fn uses(text: &str) -> Vec<Use<'_>> {
    let options = Options { variables: true, ..Options::default() };
    let mut out = Vec::new();
    let mut brackets: Vec<TokenKind> = Vec::new();
    let mut before: Option<TokenKind> = None;
    for token in significant(text, options) {
        match token.kind {
            TokenKind::LParen | TokenKind::LBracket => brackets.push(token.kind),
            TokenKind::RParen | TokenKind::RBracket => {
                brackets.pop();
            }
            TokenKind::Variable => {
                let name = &token.text(text)[1..];
                let slice = brackets.last() == Some(&TokenKind::LBracket) && before.is_some_and(is_operand);
                match name.as_bytes().first() {
                    Some(b'0'..=b'9') => {}
                    _ if slice => {}
                    Some(b'\'' | b'"' | b'{') => out.push(Use { token, name: None }),
                    _ => out.push(Use { token, name: Some(name) }),
                }
            }
            _ => {}
        }
        before = Some(token.kind);
    }
    out
}

/// Behind one of these a colon in brackets separates the bounds of a slice.
fn is_operand(kind: TokenKind) -> bool {
    use TokenKind::{Dollar, Number, Param, QuotedIdent, RBracket, RParen, String, Variable, Word};
    matches!(kind, Word | QuotedIdent | Number | Param | String(_) | Dollar | RParen | RBracket | Variable)
}

fn refuse_numbers(statement: &str) -> Result<(), ParamError> {
    let mut tokens = significant(statement, Options::default()).into_iter();
    match tokens.find(|t| t.kind == TokenKind::Param) {
        None => Ok(()),
        Some(t) => Err(ParamError {
            message: format!("{} stands beside named parameters: give it a :name too", t.text(statement)),
            offset: t.start,
        }),
    }
}

fn psql_form(text: &str, offset: usize) -> ParamError {
    let name: String = text.chars().filter(|c| c.is_alphanumeric() || *c == '_').collect();
    let message = match text.as_bytes().get(1) {
        Some(b'\'') => {
            format!(
                "{text} is psql's way to quote a value: write :{name}, the server binds it without quotes"
            )
        }
        Some(b'"') => format!(
            "{text} stands for a name, and the server binds only values: write the name itself, or :{name} \
             where a value is meant"
        ),
        _ => format!("{text} is a psql test: a saved query knows only :{name}"),
    };
    ParamError { message, offset }
}

/// A declared type goes into the text, so it must be nothing but a type name.
fn check_type(name: &str, type_name: &str, offset: usize) -> Result<(), ParamError> {
    use TokenKind::{Comma, Dot, LBracket, LParen, Number, QuotedIdent, RBracket, RParen, Word};
    let tokens = super::lex::tokens(type_name, Options::default());
    let allowed = |t: &Token| {
        !t.open
            && matches!(
                t.kind,
                Word | QuotedIdent
                    | Dot
                    | Comma
                    | Number
                    | LParen
                    | RParen
                    | LBracket
                    | RBracket
                    | TokenKind::Space
            )
    };
    let mut depth = 0_i32;
    let mut balanced = true;
    for t in &tokens {
        depth += i32::from(t.kind == LParen) - i32::from(t.kind == RParen);
        balanced &= depth >= 0;
    }
    let starts = tokens.first().is_some_and(|t| matches!(t.kind, Word | QuotedIdent));
    if starts && balanced && depth == 0 && tokens.iter().all(allowed) {
        return Ok(());
    }
    let message = format!("the declared type of :{name} is no type name: {type_name}");
    Err(ParamError { message, offset })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn typed(name: &str, type_name: &str) -> Parameter {
        Parameter { name: name.into(), type_name: type_name.into(), ..Parameter::default() }
    }

    #[test]
    fn errors_name_parameters() {
        let bound = bind("select :a, :b", &[]).unwrap();
        assert_eq!(bound.context("unnamed portal parameter $2 = 'x'"), "parameter :b = 'x'");
        assert_eq!(bound.context("unnamed portal parameter $9"), "unnamed portal parameter $9");
        assert_eq!(bound.context("line 1"), "line 1");
    }

    #[test]
    fn names_become_numbers() {
        let cases: &[(&str, &str, &[&str])] = &[
            ("select :a, :b, :a", "select $1, $2, $1", &["a", "b"]),
            (
                "select ':a', \":a\", $$:a$$, /* :a */ 1 -- :a",
                "select ':a', \":a\", $$:a$$, /* :a */ 1 -- :a",
                &[],
            ),
            ("select x::int, f(y:=:a), z:::a", "select x::int, f(y:=$1), z::$1", &["a"]),
            (
                "a[1:2] a[x:y] a[f(:p):q] a[:lo : :hi]",
                "a[1:2] a[x:y] a[f($1):q] a[$2 : $3]",
                &["p", "lo", "hi"],
            ),
            ("array[:a, (:b)]", "array[$1, ($2)]", &["a", "b"]),
            ("where x=:a and y:b", "where x=$1 and y $2", &["a", "b"]),
            ("limit :größe;", "limit $1;", &["größe"]),
            ("select $1", "select $1", &[]),
            ("", "", &[]),
        ];
        for (text, sql, want) in cases {
            let bound = bind(text, &[]).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(
                (bound.sql.as_str(), bound.names.as_slice()),
                (*sql, want.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>().as_slice())
            );
            assert_eq!(names(text), bound.names);
        }
    }

    #[test]
    fn declared_types_become_casts() {
        let declared =
            [typed("ids", "int[]"), typed("who", "\"My Schema\".\"Mood\""), typed("n", "numeric(10, 2)")];
        let bound = bind("select :ids[1], :who, -:n, :other", &declared).expect("binds");
        assert_eq!(
            bound.sql,
            "select ($1::int[])[1], ($2::\"My Schema\".\"Mood\"), -($3::numeric(10, 2)), $4"
        );
        for bad in ["int); drop table t; --", "int --", "int /*", "'x'", "int)", ")int(", "\"open", "$1"] {
            let error = bind("select :a", &[typed("a", bad)]).expect_err(bad);
            assert!(error.message.contains(":a"), "{error}");
        }
    }

    #[test]
    fn what_the_server_cannot_bind_is_refused() {
        for (text, says, offset) in [
            ("select :'a'", "write :a", 7),
            ("select * from :\"t\"", ":t", 14),
            ("select :{?a}", ":a", 7),
            ("select :a, $1", "$1", 11),
        ] {
            let error = bind(text, &[]).expect_err(text);
            assert!(error.message.contains(says), "{error}");
            assert_eq!(error.offset, offset, "{text}");
        }
    }

    #[test]
    fn an_error_position_is_found_in_the_original() {
        let text = "select 'ä', :aa, :bb, oops from t";
        let bound = bind(text, &[typed("bb", "timestamptz")]).expect("binds");
        let position = bound.sql.chars().take_while(|c| *c != 'o').count() as u32 + 1;
        assert_eq!(Some(bound.source_position(position)), text.find("oops"));
        let inside = bound.sql.find("timestamptz").expect("the cast");
        assert_eq!(Some(bound.source_offset(inside)), text.find(":bb"));
        assert_eq!(bound.source_position(1), 0);
        assert_eq!(bound.source_position(u32::MAX), text.len());
    }

    proptest! {
        #[test]
        fn every_offset_maps_into_the_original(text in "[a:\\[\\]'\"$ é;0-2()-]{0,30}") {
            if let Ok(bound) = bind(&text, &[typed("a", "int")]) {
                let mut last = 0;
                for offset in 0..=bound.sql.len() {
                    let at = bound.source_offset(offset);
                    prop_assert!(at >= last && at <= text.len());
                    last = at;
                }
                prop_assert_eq!(last, text.len());
            }
        }
    }
}
