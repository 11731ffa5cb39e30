//! The tokens around the cursor: those of its statement before it, the word being typed, and what
//! follows, whatever the text lacks.

use super::words::{NOT_ALIAS, QUERY_HEADS};
use crate::sql::{
    lex::{Lexer, Options, Token, TokenKind},
    quote::unquoted,
};

/// What a token is to completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A key word or an unquoted name, folded to lower case.
    Word,
    /// A quoted name, without its quotes.
    Quoted,
    /// A literal or parameter.
    Text,
    /// `(` or `[`.
    Open,
    /// `)` or `]`.
    Close,
    /// `,`
    Comma,
    /// `.`
    Dot,
    /// Anything else.
    Op,
}

/// A token with its meaning spelt out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tok {
    pub kind: Kind,
    pub text: String,
}

impl Tok {
    /// A name of something, or a key word that might be one.
    pub fn is_name(&self) -> bool {
        matches!(self.kind, Kind::Word | Kind::Quoted)
    }

    /// This key word (lower case).
    pub fn is(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text == word
    }
}

/// The cursor in its statement.
#[derive(Debug, Default)]
pub(super) struct Spot {
    /// Tokens of the statement without the word being typed and its qualifiers.
    pub toks: Vec<Tok>,
    /// How many of them stand before the cursor.
    pub before: usize,
    /// `schema.table.` before the word, outermost first.
    pub qualifiers: Vec<String>,
    /// What was typed of the word.
    pub prefix: String,
    /// The word began with a quote.
    pub quoted: bool,
    /// Bytes that a chosen item replaces.
    pub start: usize,
    /// See `start`.
    pub end: usize,
    /// The character after the word.
    pub next: Option<char>,
    /// The user writes key words in capitals; `None`: no key word yet.
    pub capitals: Option<bool>,
}

/// Where the cursor is.
pub(super) enum Inside {
    /// In a statement.
    Code(Spot),
    /// In a dollar-quoted body: its first byte.
    Body(usize),
    /// In a comment, a string or a number: nothing fits.
    Nothing,
}

/// Looks at the text around the byte `at`.
pub(super) fn look(text: &str, at: usize) -> Inside {
    let left = &text[..at];
    let all: Vec<Token> = Lexer::new(left, Options::default()).collect();
    let quoted = match all.last() {
        Some(t) if t.kind == TokenKind::LineComment => return Inside::Nothing,
        Some(t) if t.open => match t.kind {
            TokenKind::QuotedIdent => true,
            TokenKind::Dollar => {
                let tag = left[t.start + 1..].find('$').map_or(at, |n| t.start + n + 2);
                return Inside::Body(tag.min(at));
            }
            _ => return Inside::Nothing,
        },
        _ => false,
    };
    let mut tokens: Vec<Token> = all.into_iter().filter(Token::is_significant).collect();
    let mut spot = Spot { start: at, end: at, quoted, ..Spot::default() };
    if let Some(t) = tokens.last().copied().filter(|t| t.end == at) {
        match t.kind {
            TokenKind::Word | TokenKind::QuotedIdent => {
                tokens.pop();
                let raw = t.text(left);
                spot.quoted = t.kind == TokenKind::QuotedIdent;
                spot.prefix = if spot.quoted { unquoted(raw) } else { raw.into() };
                spot.start = t.start;
            }
            TokenKind::Number | TokenKind::String(_) | TokenKind::Param | TokenKind::Dollar => {
                return Inside::Nothing;
            }
            _ => {}
        }
    }
    while let Some(dot) = tokens.last().filter(|t| t.kind == TokenKind::Dot) {
        let n = tokens.len();
        if n < 2 || !matches!(tokens[n - 2].kind, TokenKind::Word | TokenKind::QuotedIdent) {
            return Inside::Nothing;
        }
        let name = tok(&tokens[n - 2], left);
        if spot.qualifiers.is_empty() && dot.end != spot.start {
            break;
        }
        spot.qualifiers.insert(0, name.text);
        tokens.truncate(n - 2);
    }
    let first = begin(&tokens, left);
    let mine = &tokens[first..];
    spot.capitals = mine.iter().rev().find_map(|t| capitals(t, left));
    spot.toks = mine.iter().map(|t| tok(t, left)).collect();
    spot.before = spot.toks.len();
    rest(&mut spot, text, at);
    Inside::Code(spot)
}

/// What follows the cursor up to the end of the statement.
fn rest(spot: &mut Spot, text: &str, at: usize) {
    let right = &text[at..];
    let word = right.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(right.len());
    let mut skip = if spot.prefix.is_empty() && !spot.quoted && spot.start == at { 0 } else { word };
    if spot.quoted {
        // The closing quote belongs to the word when it stands right behind it.
        if right[skip..].starts_with('"') && !text[..at].ends_with('"') {
            skip += 1;
        } else if !text[spot.start..at].ends_with('"') || at - spot.start == 1 {
            skip = 0;
        }
    }
    spot.end = at + skip;
    let right = &text[spot.end..];
    spot.next = right.chars().next();
    let mut line_start = false;
    let mut depth = 0i32;
    for t in Lexer::new(right, Options::default()) {
        if !t.is_significant() {
            line_start |= t.kind == TokenKind::Space && t.text(right).contains('\n');
            continue;
        }
        match t.kind {
            TokenKind::Semicolon | TokenKind::Backslash => break,
            TokenKind::LParen => depth += 1,
            TokenKind::RParen => depth -= 1,
            _ => {}
        }
        let column = line_start && right[..t.start].ends_with('\n');
        if column && depth <= 0 && begins(&t, right, spot.toks.last().map_or("", |t| &t.text)) {
            break;
        }
        line_start = false;
        spot.toks.push(tok(&t, right));
    }
}

/// The first token of the statement whose last token is the last of `tokens`.
fn begin(tokens: &[Token], text: &str) -> usize {
    let mut depth = 0i32;
    for (i, t) in tokens.iter().enumerate().rev() {
        match t.kind {
            TokenKind::Semicolon => return i + 1,
            TokenKind::RParen => depth += 1,
            TokenKind::LParen => depth -= 1,
            TokenKind::Word if depth == 0 && i > 0 && text[..t.start].ends_with('\n') => {
                let before = tok(&tokens[i - 1], text);
                if begins(t, text, &before.text) {
                    return i;
                }
            }
            _ => {}
        }
    }
    0
}

/// A statement that begins at the start of a line although the one before lacks its semicolon.
fn begins(t: &Token, text: &str, before: &str) -> bool {
    const GOES_ON: [&str; 18] = [
        "union",
        "all",
        "distinct",
        "intersect",
        "except",
        "as",
        "explain",
        "analyze",
        "verbose",
        "(",
        ")",
        "for",
        "do",
        "on",
        "or",
        "grant",
        "revoke",
        "then",
    ];
    const MORE: [&str; 12] = [
        "create", "alter", "drop", "begin", "commit", "rollback", "explain", "truncate", "vacuum", "show",
        "copy", "grant",
    ];
    let word = t.text(text).to_ascii_lowercase();
    let head = QUERY_HEADS.contains(&word.as_str()) && word != "values" && word != "table";
    t.kind == TokenKind::Word
        && (head || MORE.contains(&word.as_str()))
        && !GOES_ON.contains(&before)
        && before != ","
}

fn tok(t: &Token, text: &str) -> Tok {
    let raw = t.text(text);
    let (kind, text) = match t.kind {
        TokenKind::Word => (Kind::Word, raw.to_lowercase()),
        TokenKind::QuotedIdent => (Kind::Quoted, unquoted(raw)),
        TokenKind::LParen | TokenKind::LBracket => (Kind::Open, raw.into()),
        TokenKind::RParen | TokenKind::RBracket => (Kind::Close, raw.into()),
        TokenKind::Comma => (Kind::Comma, raw.into()),
        TokenKind::Dot => (Kind::Dot, raw.into()),
        TokenKind::Number
        | TokenKind::String(_)
        | TokenKind::Dollar
        | TokenKind::Param
        | TokenKind::Variable => (Kind::Text, "0".into()),
        _ => (Kind::Op, raw.into()),
    };
    Tok { kind, text }
}

/// Is this key word written in capitals?
fn capitals(t: &Token, text: &str) -> Option<bool> {
    let raw = t.text(text);
    let lower = raw.to_ascii_lowercase();
    let word = t.kind == TokenKind::Word;
    (word && (QUERY_HEADS.contains(&lower.as_str()) || NOT_ALIAS.contains(&lower.as_str())))
        .then(|| raw == raw.to_ascii_uppercase())
}
