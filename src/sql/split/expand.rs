//! A script as psql reads it: the values of its variables stand in the place of their names.

use super::{Reader, Script, SplitOptions, Splitter};
use crate::sql::lex::{Token, TokenKind};
use crate::sql::slash::Reference;
use crate::sql::variables::Lookup;
use std::borrow::Cow;
use std::ops::Range;

/// A script with the values of its variables written into it wherever psql does that, and what it is then.
/// Nobody but the script sets variables; what only a run tells is left as written.
#[must_use]
pub fn expand(text: &str) -> (Cow<'_, str>, Script) {
    let mut text = Cow::Borrowed(text);
    let mut reader = Reader::new(&SplitOptions::default(), Some(Expansion::default()));
    loop {
        let mut splitter = Splitter::new(&text, reader);
        while splitter.step() {}
        match splitter.reader.expansion.as_mut().and_then(|e| e.next.take()) {
            None => {
                let script = splitter.finish();
                return (text, script);
            }
            Some((range, value)) => {
                reader = splitter.reader;
                text.to_mut().replace_range(range, &value);
            }
        }
    }
}

/// Values of variables written into the text.
#[derive(Default)]
pub(super) struct Expansion {
    /// The variables whose value is being read, the outermost first, and where it ends.
    open: Vec<(String, usize)>,
    /// The next one to write, and where.
    next: Option<(Range<usize>, String)>,
    /// Bytes written so far.
    written: usize,
}

/// More than this is not written into a text: values that name each other twice grow without end.
const MOST_WRITTEN: usize = 16 << 20;

impl Splitter<'_> {
    /// Where the value of a variable that is being read ends.
    pub(super) fn value_end(&self) -> Option<usize> {
        self.reader.expansion.as_ref()?.open.last().map(|(_, end)| *end)
    }

    /// Nothing but strings, names in quotes and block comments goes on behind the value it starts in.
    pub(super) fn end_at_value(&mut self, token: &mut Token) {
        let Some(expansion) = &mut self.reader.expansion else { return };
        while expansion.open.pop_if(|(_, end)| *end <= token.start).is_some() {}
        let Some((_, end)) = expansion.open.last() else { return };
        let goes_on = matches!(
            token.kind,
            TokenKind::String(_) | TokenKind::Dollar | TokenKind::QuotedIdent | TokenKind::BlockComment
        );
        if token.end > *end && !goes_on {
            token.end = *end;
            self.lexer.jump(*end);
        }
    }

    /// Asks for a variable's value in its place, where there is one.
    pub(super) fn expand(&mut self, token: Token) -> bool {
        let Some(expansion) = &mut self.reader.expansion else { return false };
        let Some(reference) = Reference::at(self.text, token.start) else { return false };
        let within = |(name, _): &(String, usize)| reference.is_bare() && name == reference.name;
        let Lookup::Known(value) = reference.value(&self.reader.variables) else { return false };
        if expansion.open.iter().any(within) || expansion.written + value.len() > MOST_WRITTEN {
            return false;
        }
        expansion.written += value.len();
        for (_, end) in &mut expansion.open {
            *end = *end - token.range().len() + value.len();
        }
        expansion.open.push((reference.name.to_owned(), token.start + value.len()));
        expansion.next = Some((token.range(), value));
        self.reader.at = token.start;
        self.reader.line_end = 0;
        true
    }
}
