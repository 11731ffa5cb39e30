//! Colours for SQL, line by line: an editor recolours only what changed.

use super::keywords::{Category, category};
use super::lex::{Lexer, Options, Token, TokenKind};
use super::meta;
use std::ops::Range;

pub use super::lex::LineState;

/// What a stretch of SQL is, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// A key word.
    Keyword,
    /// A string, dollar-quoted ones included.
    String,
    /// A number.
    Number,
    /// A comment.
    Comment,
    /// An operator or punctuation with a meaning of its own (`::`, `:=`, `..`).
    Operator,
    /// A name.
    Identifier,
    /// A name that is called.
    Function,
    /// The name of a built-in type, or what follows `::`.
    Type,
    /// `$1`, `:name`.
    Parameter,
    /// A psql command.
    Meta,
}

impl Class {
    /// The theme's name for it.
    #[must_use]
    pub fn style(self) -> &'static str {
        match self {
            Self::Keyword => "sql.keyword",
            Self::String => "sql.string",
            Self::Number => "sql.number",
            Self::Comment => "sql.comment",
            Self::Operator => "sql.operator",
            Self::Identifier => "sql.identifier",
            Self::Function => "sql.function",
            Self::Type => "sql.type",
            Self::Parameter => "sql.parameter",
            Self::Meta => "sql.meta",
        }
    }
}

/// The coloured stretches of a line (without its line end), in order, and the state the next line starts in.
/// Blanks, commas and brackets have no class.
#[must_use]
pub fn highlight_line(text: &str, state: &LineState) -> (Vec<(Range<usize>, Class)>, LineState) {
    highlight_line_with(text, state, Options { variables: true, ..Options::default() })
}

/// The same under other lexing options.
#[must_use]
pub fn highlight_line_with(
    text: &str,
    state: &LineState,
    options: Options,
) -> (Vec<(Range<usize>, Class)>, LineState) {
    let mut spans = Vec::new();
    let mut lexer = Lexer::resume(text, state.clone(), options);
    // Words wait for the token behind them: it tells a call from a name.
    let mut word: Option<(Token, Before)> = None;
    let mut before = Before::default();
    while let Some(token) = lexer.next() {
        if token.is_significant()
            && let Some((w, context)) = word.take()
        {
            spans.push((w.range(), classify(w.text(text), context, token.kind)));
        }
        match token.kind {
            TokenKind::Word => word = Some((token, before)),
            TokenKind::Backslash => {
                let end = command_end(text, token.start);
                spans.push((token.start..end, Class::Meta));
                lexer.jump(end);
            }
            kind => spans.extend(class(kind).map(|c| (token.range(), c))),
        }
        if token.is_significant() {
            before = Before::of(token, text);
        }
    }
    if let Some((w, context)) = word {
        spans.push((w.range(), classify(w.text(text), context, TokenKind::Other)));
    }
    // A comment may have been coloured while the word in front of it waited.
    spans.sort_by_key(|(range, _)| range.start);
    (spans, lexer.into_state())
}

fn command_end(text: &str, at: usize) -> usize {
    match text.as_bytes().get(at + 1) {
        Some(b';' | b':') => at + 2,
        _ => meta::parse_in(text, at, text.len()).end,
    }
}

fn class(kind: TokenKind) -> Option<Class> {
    Some(match kind {
        TokenKind::LineComment | TokenKind::BlockComment => Class::Comment,
        TokenKind::String(_) | TokenKind::Dollar => Class::String,
        TokenKind::QuotedIdent => Class::Identifier,
        TokenKind::Number => Class::Number,
        TokenKind::Param | TokenKind::Variable => Class::Parameter,
        TokenKind::Operator | TokenKind::Cast | TokenKind::Assign | TokenKind::DotDot | TokenKind::Colon => {
            Class::Operator
        }
        _ => return None,
    })
}

/// What stands in front of a word on its line.
#[derive(Clone, Copy, Default, PartialEq)]
enum Before {
    #[default]
    Nothing,
    Dot,
    Cast,
    /// A key word behind which a name with a column list may stand (`insert into t (a)`).
    NamesTable,
}

impl Before {
    fn of(token: Token, text: &str) -> Self {
        match token.kind {
            TokenKind::Dot => Self::Dot,
            TokenKind::Cast => Self::Cast,
            TokenKind::Word
                if ["into", "table", "on", "references", "index", "view", "as", "exists"]
                    .iter()
                    .any(|w| token.is_word(text, w)) =>
            {
                Self::NamesTable
            }
            _ => Self::Nothing,
        }
    }
}

fn classify(word: &str, before: Before, after: TokenKind) -> Class {
    let called = after == TokenKind::LParen;
    match (before, category(word)) {
        (Before::Dot, _) if called => Class::Function,
        (Before::Dot, _) => Class::Identifier,
        (Before::Cast, _) => Class::Type,
        (_, Some(Category::Reserved)) => Class::Keyword,
        (_, Some(_)) if after == TokenKind::Dot => Class::Identifier,
        (_, Some(Category::ColumnName)) if is_type(word) => Class::Type,
        (_, Some(Category::ColumnName)) if called && !is_clause(word) => Class::Function,
        (_, Some(Category::TypeOrFunction)) if called && before == Before::Nothing && !is_clause(word) => {
            Class::Function
        }
        (_, Some(Category::Unreserved)) if is_common_name(word) && before == Before::Nothing => {
            if called {
                Class::Function
            } else {
                Class::Identifier
            }
        }
        (_, Some(_)) => Class::Keyword,
        (Before::Nothing, None) if called => Class::Function,
        (_, None) if is_type(word) && after != TokenKind::Dot => Class::Type,
        (_, None) => Class::Identifier,
    }
}

/// Key words that open a clause although a parenthesis follows.
fn is_clause(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "values",
        "exists",
        "between",
        "row",
        "setof",
        "out",
        "inout",
        "none",
        "is",
        "join",
        "like",
        "ilike",
        "similar",
        "natural",
        "cross",
        "inner",
        "outer",
        "full",
        "authorization",
        "verbose",
    ];
    WORDS.iter().any(|w| word.eq_ignore_ascii_case(w))
}

/// Unreserved key words that are names far more often.
fn is_common_name(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "name", "names", "data", "value", "version", "location", "path", "source", "target", "content",
        "label", "year", "month", "day", "hour", "minute", "second", "status", "title", "state", "replace",
        "format", "error", "lower", "upper", "position", "string", "period", "plan", "parent",
    ];
    WORDS.iter().any(|w| word.eq_ignore_ascii_case(w))
}

fn is_type(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "bigint",
        "bigserial",
        "bit",
        "bool",
        "boolean",
        "bpchar",
        "bytea",
        "char",
        "character",
        "cidr",
        "citext",
        "date",
        "daterange",
        "dec",
        "decimal",
        "float",
        "float4",
        "float8",
        "hstore",
        "inet",
        "int",
        "int2",
        "int4",
        "int4range",
        "int8",
        "int8range",
        "integer",
        "interval",
        "json",
        "jsonb",
        "jsonpath",
        "macaddr",
        "money",
        "nchar",
        "numeric",
        "numrange",
        "oid",
        "real",
        "record",
        "regclass",
        "regproc",
        "regprocedure",
        "regrole",
        "regtype",
        "serial",
        "smallint",
        "smallserial",
        "text",
        "time",
        "timestamp",
        "timestamptz",
        "timetz",
        "tsquery",
        "tsrange",
        "tstzrange",
        "tsvector",
        "uuid",
        "varbit",
        "varchar",
        "void",
        "xml",
    ];
    WORDS.iter().any(|w| word.eq_ignore_ascii_case(w))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each coloured stretch as `text:class`, over several lines.
    fn colours(text: &str) -> Vec<String> {
        let mut state = LineState::default();
        let mut out = Vec::new();
        for line in text.lines() {
            let (spans, next) = highlight_line(line, &state);
            let class = |c: Class| c.style().trim_start_matches("sql.");
            out.extend(spans.into_iter().map(|(r, c)| format!("{}:{}", &line[r], class(c))));
            state = next;
        }
        out
    }

    #[test]
    fn words_are_classed_by_their_neighbours() {
        let cases: &[(&str, &str)] = &[
            (
                "select count(*), p.name",
                "select:keyword count:function *:operator p:identifier name:identifier",
            ),
            ("x::numeric(10,2)", "x:identifier :::operator numeric:type 10:number 2:number"),
            ("x::mood", "x:identifier :::operator mood:type"),
            (
                "insert into t (a) values (1)",
                "insert:keyword into:keyword t:identifier a:identifier values:keyword 1:number",
            ),
            (
                "left(a, 1) left join b",
                "left:function a:identifier 1:number left:keyword join:keyword b:identifier",
            ),
            ("\"A b\" = $1 and :x", "\"A b\":identifier =:operator $1:parameter and:keyword :x:parameter"),
            (
                "create table t (id bigint, at timestamptz)",
                "create:keyword table:keyword t:identifier id:identifier bigint:type at:keyword timestamptz:type",
            ),
            ("\\d posts", "\\d posts:meta"),
            ("select 1 \\; x \\g", "select:keyword 1:number \\;:meta x:identifier \\g:meta"),
            ("a /* c */ (b)", "a:function /* c */:comment b:identifier"),
            ("a -- c", "a:identifier -- c:comment"),
        ];
        for (text, want) in cases {
            assert_eq!(colours(text).join(" "), *want, "{text}");
        }
    }

    #[test]
    fn the_state_goes_from_line_to_line() {
        assert_eq!(colours("'a\nb' c").join("|"), "'a:string|b':string|c:identifier");
        assert_eq!(
            colours("/* a /* b\n*/ c\n*/ d").join("|"),
            "/* a /* b:comment|*/ c:comment|*/:comment|d:identifier"
        );
        assert_eq!(colours("$f$ begin\nend $f$ e").join("|"), "$f$ begin:string|end $f$:string|e:identifier");
        assert_eq!(colours("\"a\n b\" c").join("|"), "\"a:identifier| b\":identifier|c:identifier");
        assert_eq!(colours("E'a' -- x\n\n'b\\'c' d").last().map(String::as_str), Some("d:identifier"));
    }
}
