//! PostgreSQL's lexical rules: text into tokens that join back to the text, whatever the text is.
//!
//! The rules are those of the server's scanner (PostgreSQL 18): what it would refuse (an unterminated
//! string, a stray `$`) becomes a token here too, so an editor can lex half-typed text.

use std::ops::Range;

/// How a string literal is written; it decides where the literal ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StringKind {
    /// `'…'` where a backslash is an ordinary character.
    Plain,
    /// `E'…'`, and `'…'` while `standard_conforming_strings` is off.
    Escape,
    /// `U&'…'`.
    Unicode,
    /// `B'…'` or `X'…'`.
    Bits,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// Blanks and line ends.
    Space,
    /// `-- …` without its line end.
    LineComment,
    /// `/* … */`, nested ones included.
    BlockComment,
    /// A quoted string, prefix included. A continuation on a later line is a token of its own.
    String(StringKind),
    /// `$tag$ … $tag$`.
    Dollar,
    /// `"…"` or `U&"…"`.
    QuotedIdent,
    /// A key word or a name.
    Word,
    /// A number without sign.
    Number,
    /// `$1`.
    Param,
    /// `:name`, `:'name'`, `:"name"`, `:{?name}`; only with [`Options::variables`].
    Variable,
    /// An operator, one or more characters.
    Operator,
    /// `(`
    LParen,
    /// `)`
    RParen,
    /// `[`
    LBracket,
    /// `]`
    RBracket,
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// `.`
    Dot,
    /// `..`
    DotDot,
    /// `:`
    Colon,
    /// `::`
    Cast,
    /// `:=`
    Assign,
    /// `\`, which starts a psql command.
    Backslash,
    /// A character without meaning in SQL.
    Other,
}

/// A piece of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// The text ended inside: no closing quote, tag or `*/`.
    pub open: bool,
}

impl Token {
    /// Its text.
    #[must_use]
    pub fn text<'a>(&self, source: &'a str) -> &'a str {
        &source[self.start..self.end]
    }

    /// Its bytes in the source.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.start..self.end
    }

    /// Neither blank nor comment.
    #[must_use]
    pub fn is_significant(&self) -> bool {
        !matches!(self.kind, TokenKind::Space | TokenKind::LineComment | TokenKind::BlockComment)
    }

    /// A word spelt like `word` (lower case) in any case.
    #[must_use]
    pub fn is_word(&self, source: &str, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text(source).eq_ignore_ascii_case(word)
    }
}

/// What the session and the caller decide about lexing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The server setting: off makes `'…'` read like `E'…'`.
    pub standard_conforming_strings: bool,
    /// `:name` and its relatives are [`TokenKind::Variable`].
    pub variables: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { standard_conforming_strings: true, variables: false }
    }
}

/// Where a line ends, so that the next one can be lexed alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LineState {
    /// Between tokens.
    #[default]
    Normal,
    /// In a block comment, nested this deep (1 is the outermost).
    Comment(u32),
    /// In a string.
    String(StringKind),
    /// Behind a string that a quote on the next line would continue.
    AfterString(StringKind),
    /// In a quoted identifier.
    Ident,
    /// In a dollar-quoted string with this delimiter (`$tag$`).
    Dollar(Box<str>),
}

/// An iterator over the tokens of a text.
#[derive(Clone, Debug)]
pub struct Lexer<'a> {
    text: &'a str,
    pos: usize,
    options: Options,
    /// The state at `pos`; anything but `Normal` is consumed by the next token.
    state: LineState,
    /// A string just ended; a newline was seen since.
    continues: Option<(StringKind, bool)>,
    /// End of the last run of operator characters, and of that run without trailing signs.
    operators: (usize, usize),
}

/// All tokens of a text.
#[must_use]
pub fn tokens(text: &str, options: Options) -> Vec<Token> {
    Lexer::new(text, options).collect()
}

/// All tokens but blanks and comments.
#[must_use]
pub fn significant(text: &str, options: Options) -> Vec<Token> {
    Lexer::new(text, options).filter(Token::is_significant).collect()
}

impl<'a> Lexer<'a> {
    /// Lexes a whole text.
    #[must_use]
    pub fn new(text: &'a str, options: Options) -> Self {
        Self::resume(text, LineState::Normal, options)
    }

    /// Lexes a text that follows a line which ended in `state`.
    #[must_use]
    pub fn resume(text: &'a str, state: LineState, options: Options) -> Self {
        let (state, continues) = match state {
            LineState::AfterString(kind) => (LineState::Normal, Some((kind, true))),
            other => (other, None),
        };
        Self { text, pos: 0, options, state, continues, operators: (0, 0) }
    }

    /// The state at the end, once the iterator is used up: the next line starts with it.
    #[must_use]
    pub fn into_state(self) -> LineState {
        match (self.state, self.continues) {
            (LineState::Normal, Some((kind, _))) => LineState::AfterString(kind),
            (state, _) => state,
        }
    }

    /// The byte the next token starts at.
    #[must_use]
    pub fn position(&self) -> usize {
        self.pos
    }

    /// Goes on at another byte, outside of any token. `at` must be a character boundary.
    pub fn jump(&mut self, at: usize) {
        self.pos = at;
        self.state = LineState::Normal;
        self.continues = None;
        self.operators = (0, 0);
    }

    /// Changes how `'…'` is read from here on.
    pub fn set_standard_conforming_strings(&mut self, on: bool) {
        self.options.standard_conforming_strings = on;
    }

    fn byte(&self, at: usize) -> u8 {
        self.text.as_bytes().get(at).copied().unwrap_or(0)
    }

    fn rest(&self, at: usize) -> &'a [u8] {
        self.text.as_bytes().get(at..).unwrap_or_default()
    }

    /// The end of the run of bytes that satisfy `test`, from `at`.
    fn run(&self, at: usize, test: impl Fn(u8) -> bool) -> usize {
        let end = self.text.len().max(at);
        self.rest(at).iter().position(|b| !test(*b)).map_or(end, |n| at + n)
    }

    /// The token that starts at `pos`: its kind and end.
    fn scan(&mut self) -> (TokenKind, usize) {
        let at = self.pos;
        match (self.byte(at), self.byte(at + 1)) {
            (b, _) if is_space(b) => (TokenKind::Space, self.run(at, is_space)),
            (b'-', b'-') => (TokenKind::LineComment, self.run(at, |b| b != b'\n' && b != b'\r')),
            (b'/', b'*') => (TokenKind::BlockComment, self.comment(at + 2, 1)),
            (b'\'', _) => self.plain_string(at + 1),
            (b'e' | b'E', b'\'') => self.string(at + 2, StringKind::Escape),
            (b'b' | b'B' | b'x' | b'X', b'\'') => self.string(at + 2, StringKind::Bits),
            (b'n' | b'N', b'\'') => self.plain_string(at + 2),
            (b'u' | b'U', b'&') if self.byte(at + 2) == b'\'' => self.string(at + 3, StringKind::Unicode),
            (b'u' | b'U', b'&') if self.byte(at + 2) == b'"' => self.ident(at + 3),
            (b'"', _) => self.ident(at + 1),
            (b, _) if is_ident_start(b) => (TokenKind::Word, self.run(at, is_ident)),
            (b'0'..=b'9', _) | (b'.', b'0'..=b'9') => (TokenKind::Number, self.number(at)),
            (b'$', _) => self.dollar(at),
            (b':', _) => self.colon(at),
            (b'.', b'.') => (TokenKind::DotDot, at + 2),
            (b, _) if is_operator(b) => (TokenKind::Operator, self.operator(at)),
            (b, _) => (single(b), at + 1),
        }
    }

    fn plain_string(&mut self, at: usize) -> (TokenKind, usize) {
        let kind =
            if self.options.standard_conforming_strings { StringKind::Plain } else { StringKind::Escape };
        self.string(at, kind)
    }

    /// The rest of a string from inside of it.
    fn string(&mut self, mut at: usize, kind: StringKind) -> (TokenKind, usize) {
        loop {
            at = self.run(at, |b| b != b'\'' && (b != b'\\' || kind != StringKind::Escape));
            match (self.byte(at), self.byte(at + 1)) {
                _ if at >= self.text.len() => {
                    self.state = LineState::String(kind);
                    return (TokenKind::String(kind), self.text.len());
                }
                (b'\\', _) => at += 2,
                (_, b'\'') if kind != StringKind::Bits => at += 2,
                _ => {
                    self.continues = Some((kind, false));
                    return (TokenKind::String(kind), at + 1);
                }
            }
        }
    }

    /// The rest of a quoted identifier.
    fn ident(&mut self, mut at: usize) -> (TokenKind, usize) {
        loop {
            at = self.run(at, |b| b != b'"');
            if at >= self.text.len() {
                self.state = LineState::Ident;
                return (TokenKind::QuotedIdent, self.text.len());
            }
            if self.byte(at + 1) != b'"' {
                return (TokenKind::QuotedIdent, at + 1);
            }
            at += 2;
        }
    }

    /// The rest of a block comment that is `depth` deep.
    fn comment(&mut self, mut at: usize, mut depth: u32) -> usize {
        loop {
            at = self.run(at, |b| b != b'*' && b != b'/');
            match (self.byte(at), self.byte(at + 1)) {
                _ if at >= self.text.len() => {
                    self.state = LineState::Comment(depth);
                    return self.text.len();
                }
                (b'/', b'*') => {
                    depth = depth.saturating_add(1);
                    at += 2;
                }
                (b'*', b'/') if depth == 1 => return at + 2,
                (b'*', b'/') => {
                    depth -= 1;
                    at += 2;
                }
                _ => at += 1,
            }
        }
    }

    /// `$1`, `$tag$…$tag$`, or a stray `$`.
    fn dollar(&mut self, at: usize) -> (TokenKind, usize) {
        if self.byte(at + 1).is_ascii_digit() {
            return (TokenKind::Param, self.run(at + 1, |b| b.is_ascii_digit()));
        }
        let tag_end = match self.byte(at + 1) {
            b if is_ident_start(b) => self.run(at + 1, |b| is_ident(b) && b != b'$'),
            _ => at + 1,
        };
        if self.byte(tag_end) != b'$' {
            return (TokenKind::Other, at + 1);
        }
        let tag = &self.text[at..=tag_end];
        (TokenKind::Dollar, self.dollar_body(tag_end + 1, tag))
    }

    /// The end of a dollar-quoted string from inside of it.
    fn dollar_body(&mut self, at: usize, tag: &str) -> usize {
        if let Some(found) = self.text[at..].find(tag) {
            return at + found + tag.len();
        }
        self.state = LineState::Dollar(tag.into());
        self.text.len()
    }

    /// `::`, `:=`, a variable or `:`.
    fn colon(&self, at: usize) -> (TokenKind, usize) {
        match self.byte(at + 1) {
            b':' => (TokenKind::Cast, at + 2),
            b'=' => (TokenKind::Assign, at + 2),
            _ => match self.variable(at) {
                Some(end) => (TokenKind::Variable, end),
                None => (TokenKind::Colon, at + 1),
            },
        }
    }

    fn variable(&self, at: usize) -> Option<usize> {
        if !self.options.variables {
            return None;
        }
        let (name, close): (usize, &[u8]) = match (self.byte(at + 1), self.byte(at + 2)) {
            (b'\'', _) => (at + 2, b"'"),
            (b'"', _) => (at + 2, b"\""),
            (b'{', b'?') => (at + 3, b"}"),
            _ => (at + 1, b""),
        };
        let end = self.run(name, is_variable);
        (end > name && self.rest(end).starts_with(close)).then(|| end + close.len())
    }

    fn number(&self, at: usize) -> usize {
        if self.byte(at) == b'0' {
            let digit: Option<fn(u8) -> bool> = match self.byte(at + 1) {
                b'x' | b'X' => Some(|b| b.is_ascii_hexdigit()),
                b'o' | b'O' => Some(|b| (b'0'..=b'7').contains(&b)),
                b'b' | b'B' => Some(|b| b == b'0' || b == b'1'),
                _ => None,
            };
            if let Some(digit) = digit {
                let end = self.digits(at + 2, digit, true);
                if end > at + 2 {
                    return end;
                }
            }
        }
        let decimal = |b: u8| b.is_ascii_digit();
        let mut end = self.digits(at, decimal, false);
        // `1..2` is a range of two numbers, not `1.` and `.2`.
        if self.byte(end) == b'.' && self.byte(end + 1) != b'.' {
            end = self.digits(end + 1, decimal, false);
        }
        if matches!(self.byte(end), b'e' | b'E') {
            let sign = usize::from(matches!(self.byte(end + 1), b'+' | b'-'));
            let exponent = self.digits(end + 1 + sign, decimal, false);
            if exponent > end + 1 + sign {
                end = exponent;
            }
        }
        end
    }

    /// The end of digits that single underscores may separate.
    fn digits(&self, at: usize, digit: fn(u8) -> bool, leading_underscore: bool) -> usize {
        let mut end = at;
        loop {
            let separated = self.byte(end) == b'_' && (end > at || leading_underscore);
            let next = end + usize::from(separated);
            if !digit(self.byte(next)) {
                return end;
            }
            end = self.run(next, digit);
        }
    }

    /// The end of an operator: the run of operator characters up to a comment, without trailing signs
    /// unless a character is in it that no standard operator has (so that `=-1` is `=` and `-1`).
    fn operator(&mut self, at: usize) -> usize {
        if at >= self.operators.0 {
            let mut end = self.run(at, is_operator);
            let run = &self.rest(at)[..end - at];
            if let Some(comment) = run.windows(2).position(|w| w == b"--" || w == b"/*") {
                end = at + comment;
            }
            let run = &run[..end - at];
            let core = if run.iter().any(|b| b"~!@#^&|`?%".contains(b)) {
                end
            } else {
                at + run.iter().rposition(|b| *b != b'+' && *b != b'-').map_or(0, |last| last + 1)
            };
            self.operators = (end, core);
        }
        if self.operators.1 > at { self.operators.1 } else { at + 1 }
    }

    /// Notes whether a string may still be continued behind this token.
    fn note(&mut self, kind: TokenKind, end: usize) {
        match kind {
            TokenKind::String(_) | TokenKind::LineComment => {}
            TokenKind::Space => {
                if let Some((_, newline)) = &mut self.continues {
                    *newline |=
                        self.text.as_bytes()[self.pos..end].iter().any(|b| matches!(b, b'\n' | b'\r'));
                }
            }
            _ => self.continues = None,
        }
    }
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let start = self.pos;
        if start >= self.text.len() {
            return None;
        }
        let (kind, end) = match std::mem::take(&mut self.state) {
            LineState::Comment(depth) => (TokenKind::BlockComment, self.comment(start, depth)),
            LineState::String(kind) => self.string(start, kind),
            LineState::Ident => self.ident(start),
            LineState::Dollar(tag) => (TokenKind::Dollar, self.dollar_body(start, &tag)),
            LineState::Normal | LineState::AfterString(_) => match self.continues {
                Some((kind, true)) if self.byte(start) == b'\'' => self.string(start + 1, kind),
                _ => self.scan(),
            },
        };
        let end = end.min(self.text.len());
        self.note(kind, end);
        self.pos = end;
        Some(Token { kind, start, end, open: self.state != LineState::Normal })
    }
}

/// Blanks and line ends as the server sees them.
#[must_use]
pub fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

fn is_ident_start(b: u8) -> bool {
    b.is_ascii_alphabetic() || b == b'_' || b >= 0x80
}

fn is_ident(b: u8) -> bool {
    is_ident_start(b) || b.is_ascii_digit() || b == b'$'
}

fn is_variable(b: u8) -> bool {
    is_ident_start(b) || b.is_ascii_digit()
}

fn is_operator(b: u8) -> bool {
    b"~!@#^&|`?+-*/%<>=".contains(&b)
}

fn single(b: u8) -> TokenKind {
    match b {
        b'(' => TokenKind::LParen,
        b')' => TokenKind::RParen,
        b'[' => TokenKind::LBracket,
        b']' => TokenKind::RBracket,
        b',' => TokenKind::Comma,
        b';' => TokenKind::Semicolon,
        b'.' => TokenKind::Dot,
        b'\\' => TokenKind::Backslash,
        _ => TokenKind::Other,
    }
}

#[cfg(test)]
#[path = "lex_tests.rs"]
mod tests;
