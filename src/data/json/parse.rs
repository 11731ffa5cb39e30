//! The parser: checks the whole text and notes where each value stands.

use super::{Json, JsonError, NONE, Node};

pub(super) fn place(text: &str, offset: usize, message: String) -> JsonError {
    let offset = (0..=offset.min(text.len())).rev().find(|o| text.is_char_boundary(*o)).unwrap_or(0);
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |n| n + 1);
    JsonError {
        offset,
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        message,
    }
}

/// The nodes of a document, or the offset and the reason why it is none.
pub(super) fn nodes(text: &str) -> Result<Vec<Node>, Fault> {
    let mut state = State::default();
    Parser { text: text.as_bytes(), state: &mut state }.run(usize::MAX)?;
    Ok(state.nodes)
}

pub(super) type Fault = (usize, String);

/// A document being parsed piece by piece, so that a large one does not hold up the keys.
#[derive(Debug)]
pub struct Parsing {
    text: String,
    state: State,
    ended: Option<Result<(), Fault>>,
}

impl Parsing {
    /// Nothing of the text is read yet.
    #[must_use]
    pub fn new(text: String) -> Self {
        let large = u32::try_from(text.len()).is_ok_and(|n| n < NONE);
        let ended = (!large).then(|| Err((0, "the document is too large".into())));
        Self { text, state: State::default(), ended }
    }

    /// Reads on over about so many bytes; true: to the end, or to what is wrong.
    pub fn step(&mut self, bytes: usize) -> bool {
        if self.ended.is_none() {
            let upto = self.state.at.saturating_add(bytes);
            let mut parser = Parser { text: self.text.as_bytes(), state: &mut self.state };
            self.ended = match parser.run(upto) {
                Ok(true) => Some(Ok(())),
                Ok(false) => None,
                Err(fault) => Some(Err(fault)),
            };
        }
        self.ended.is_some()
    }

    /// Bytes read, and bytes in all.
    #[must_use]
    pub fn progress(&self) -> (usize, usize) {
        (self.state.at, self.text.len())
    }

    /// The document; or what is wrong, and the text.
    ///
    /// # Errors
    /// The text is no JSON.
    pub fn finish(mut self) -> Result<Json, (JsonError, String)> {
        self.step(usize::MAX);
        match self.ended {
            Some(Err((offset, message))) => Err((place(&self.text, offset, message), self.text)),
            _ => Ok(Json { text: self.text, nodes: self.state.nodes }),
        }
    }

    /// See `Json::salvage`.
    pub(super) fn salvage(mut self) -> Option<(Json, Option<JsonError>)> {
        self.step(usize::MAX);
        let whole = self.state.open.is_empty() && !self.state.nodes.is_empty();
        let error = match self.ended {
            Some(Err((offset, message))) if !whole => Some(place(&self.text, offset, message)),
            _ => None,
        };
        // A number at the very end may have lost digits: better none than a wrong one.
        let cut = |node: &Node, byte: u8| {
            node.end as usize == self.text.len() && matches!(byte, b'-' | b'0'..=b'9')
        };
        if error.is_some()
            && self.state.nodes.last().is_some_and(|n| cut(n, self.text.as_bytes()[n.start as usize]))
            && let Some(node) = self.state.nodes.pop()
            && let Some(parent) = self.state.nodes.get_mut(node.parent as usize)
        {
            parent.count -= 1;
        }
        let mut parser = Parser { text: self.text.as_bytes(), state: &mut self.state };
        while !parser.open.is_empty() {
            parser.close();
        }
        (!self.state.nodes.is_empty()).then_some((Json { text: self.text, nodes: self.state.nodes }, error))
    }
}

#[derive(Debug)]
struct State {
    at: usize,
    nodes: Vec<Node>,
    /// Open objects and arrays: no recursion, so depth costs no stack.
    open: Vec<u32>,
    /// Where the key of the value to come stands.
    key: u32,
}

impl Default for State {
    fn default() -> Self {
        Self { at: 0, nodes: vec![], open: vec![], key: NONE }
    }
}

struct Parser<'a> {
    text: &'a [u8],
    state: &'a mut State,
}

impl std::ops::Deref for Parser<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        self.state
    }
}

impl std::ops::DerefMut for Parser<'_> {
    fn deref_mut(&mut self) -> &mut State {
        self.state
    }
}

impl Parser<'_> {
    /// Reads values up to about this offset; true: the document is complete.
    fn run(&mut self, upto: usize) -> Result<bool, Fault> {
        while self.at <= upto {
            self.blank();
            let key = self.key;
            if !self.value(key)? {
                // An object or array was opened: its first child, or its end.
                self.blank();
                if !self.take(self.closer()) {
                    self.key = self.key_start()?;
                    continue;
                }
                self.close();
            }
            loop {
                self.blank();
                if self.open.is_empty() {
                    return match self.text.get(self.at) {
                        None => Ok(true),
                        Some(_) => Err((self.at, "nothing may follow the document".into())),
                    };
                }
                if self.take(b',') {
                    self.blank();
                    self.key = self.key_start()?;
                    break;
                }
                if !self.take(self.closer()) {
                    let close = self.closer() as char;
                    return Err((self.at, format!("expected `,` or `{close}`{}", self.found())));
                }
                self.close();
            }
        }
        Ok(false)
    }

    fn found(&self) -> &'static str {
        if self.at >= self.text.len() { ", but the text ends" } else { "" }
    }

    fn blank(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.text.get(self.at) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let hit = self.text.get(self.at) == Some(&byte);
        self.at += usize::from(hit);
        hit
    }

    fn in_object(&self) -> bool {
        self.open.last().is_some_and(|n| self.text[self.nodes[*n as usize].start as usize] == b'{')
    }

    fn closer(&self) -> u8 {
        if self.in_object() { b'}' } else { b']' }
    }

    fn close(&mut self) {
        if let Some(n) = self.open.pop() {
            let (end, next) = (self.at as u32, self.nodes.len() as u32);
            let node = &mut self.nodes[n as usize];
            node.end = end;
            node.next = next;
        }
    }

    /// In an object: reads `"key" :` and tells where the key starts.
    fn key_start(&mut self) -> Result<u32, Fault> {
        if !self.in_object() {
            return Ok(NONE);
        }
        let start = self.at;
        if self.text.get(start) != Some(&b'"') {
            return Err((start, format!("expected a key in double quotes{}", self.found())));
        }
        self.string()?;
        self.blank();
        if !self.take(b':') {
            return Err((self.at, format!("expected `:` after the key{}", self.found())));
        }
        Ok(start as u32)
    }

    /// Reads a value; false when it opened an object or array that is still to be filled.
    fn value(&mut self, key: u32) -> Result<bool, Fault> {
        let start = self.at;
        let first = self.text.get(start).copied();
        match first {
            Some(b'{' | b'[') => self.at += 1,
            Some(b'"') => self.string()?,
            Some(b't') => self.word("true")?,
            Some(b'f') => self.word("false")?,
            Some(b'n') => self.word("null")?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(_) => return Err((start, "expected a value".into())),
            None => return Err((start, "expected a value, but the text ends".into())),
        }
        let index = self.nodes.len() as u32;
        let parent = self.open.last().copied().unwrap_or(NONE);
        if let Some(p) = self.open.last().copied() {
            self.nodes[p as usize].count += 1;
        }
        let node = Node { start: start as u32, end: self.at as u32, key, parent, next: index + 1, count: 0 };
        self.nodes.push(node);
        let opened = matches!(first, Some(b'{' | b'['));
        if opened {
            self.open.push(index);
        }
        Ok(!opened)
    }

    fn word(&mut self, word: &str) -> Result<(), Fault> {
        if self.text[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(());
        }
        Err((self.at, format!("expected a value (did you mean `{word}`?)")))
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        if self.at == start { Err((start, "expected a digit".into())) } else { Ok(()) }
    }

    fn number(&mut self) -> Result<(), Fault> {
        self.take(b'-');
        let start = self.at;
        self.digits()?;
        if self.text[start] == b'0' && self.at > start + 1 {
            return Err((start, "a number cannot start with 0".into()));
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _sign = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(())
    }

    fn string(&mut self) -> Result<(), Fault> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.text.get(self.at) {
                None => return Err((start, "this string is not closed".into())),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.escape()?,
                Some(0..=0x1f) => {
                    return Err((self.at, "a control character in a string must be escaped".into()));
                }
                Some(_) => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Result<(), Fault> {
        match self.text.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => {
                let hex = self.text.get(self.at + 2..self.at + 6).unwrap_or(&[]);
                if hex.len() < 4 || !hex.iter().all(u8::is_ascii_hexdigit) {
                    return Err((self.at, "`\\u` needs four hexadecimal digits".into()));
                }
                self.at += 6;
            }
            _ => return Err((self.at, "no such escape in JSON".into())),
        }
        Ok(())
    }
}
