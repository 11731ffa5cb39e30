//! The pieces of a condition as the server prints it.

use std::ops::Range;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kindled {
    Word,
    Quoted,
    Literal,
    Other,
    Operator,
    Open,
    Close,
    Dot,
    Cast,
}

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: Kindled,
    pub(super) at: Range<usize>,
}

/// The pieces of a condition, without the space between them.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let bytes = text.as_bytes();
    let mut all = Vec::new();
    let mut at = 0;
    let run = |from: usize, part: &dyn Fn(u8) -> bool| {
        from + bytes[from..].iter().position(|byte| !part(*byte)).unwrap_or(bytes.len() - from)
    };
    while at < bytes.len() {
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80;
        let (kind, end) = match bytes[at] {
            byte if byte.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            b'(' | b'[' => (Kindled::Open, at + 1),
            b')' | b']' => (Kindled::Close, at + 1),
            b'.' => (Kindled::Dot, at + 1),
            b':' if bytes.get(at + 1) == Some(&b':') => (Kindled::Cast, at + 2),
            b'\'' => (Kindled::Literal, quoted(bytes, at, b'\'')),
            b'"' => (Kindled::Quoted, quoted(bytes, at, b'"')),
            b'E' if bytes.get(at + 1) == Some(&b'\'') => (Kindled::Literal, quoted(bytes, at + 1, b'\'')),
            byte if byte.is_ascii_digit() || byte == b'$' => {
                (Kindled::Other, run(at + 1, &|b| word(b) || b == b'.'))
            }
            byte if word(byte) => (Kindled::Word, run(at, &word)),
            byte if b"+-*/<>=~!@#%^&|`?".contains(&byte) => {
                (Kindled::Operator, run(at, &|b| b"+-*/<>=~!@#%^&|`?".contains(&b)))
            }
            _ => (Kindled::Other, at + 1),
        };
        all.push(Token { kind, at: at..end });
        at = end;
    }
    all
}

/// The end of what is quoted here; a doubled quote does not end it.
fn quoted(bytes: &[u8], from: usize, quote: u8) -> usize {
    let mut at = from + 1;
    while at < bytes.len() {
        if bytes[at] == quote {
            if bytes.get(at + 1) != Some(&quote) {
                return at + 1;
            }
            at += 1;
        }
        at += 1;
    }
    bytes.len()
}
