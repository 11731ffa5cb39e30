//! Where the part of a statement up to the next `;` or `\;` ends, told token by token.

use super::lex::{Token, TokenKind};

/// What decides where the part up to the next `;` or `\;` ends, and what it does to the lexing.
#[derive(Default)]
pub(super) struct Part {
    pub(super) parens: usize,
    pub(super) begins: usize,
    /// First letters of the first four words where they may open a function definition.
    opening: [u8; 4],
    words: usize,
    /// The first few tokens, to recognise `SET`, `COPY`, `BEGIN` …
    pub(super) head: Vec<Token>,
    after_from: bool,
}

impl Part {
    /// What follows a `\\;`, in the same parentheses and bodies.
    pub(super) fn joined(&self) -> Self {
        Self { parens: self.parens, begins: self.begins, ..Self::default() }
    }

    /// Takes a token; true when it completes `COPY … FROM STDIN`.
    pub(super) fn take(&mut self, token: Token, text: &str) -> bool {
        if self.head.len() < 8 {
            self.head.push(token);
        }
        match token.kind {
            TokenKind::LParen => self.parens += 1,
            TokenKind::RParen => self.parens = self.parens.saturating_sub(1),
            TokenKind::Word => return self.word(token, text),
            _ => {}
        }
        self.after_from = false;
        false
    }

    fn word(&mut self, token: Token, text: &str) -> bool {
        let is = |w: &str| token.is_word(text, w);
        if let Some(slot) = self.opening.get_mut(self.words)
            && ["create", "function", "procedure", "or", "replace"].iter().any(|w| is(w))
        {
            *slot = text.as_bytes()[token.start].to_ascii_lowercase();
        }
        self.words += 1;
        if self.parens > 0 {
            self.after_from = false;
            return false;
        }
        if matches!(&self.opening, [b'c', b'f' | b'p', ..] | [b'c', b'o', b'r', b'f' | b'p']) {
            // CASE ends with END too, which matters only inside of a body.
            if is("begin") || (self.begins > 0 && is("case")) {
                self.begins += 1;
            } else if is("end") {
                self.begins = self.begins.saturating_sub(1);
            }
        }
        let copies = self.head[0].is_word(text, "copy")
            && self.head.get(1).is_none_or(|t| t.kind != TokenKind::LParen);
        let complete = copies && self.after_from && is("stdin");
        self.after_from = is("from");
        complete
    }
}
