//! A JSON document as it was written: number text, key order, duplicate keys and string text are kept.
//!
//! The document stays one string; nodes are 24 bytes each in one flat vector in document order, so that a
//! document of 50 MB opens. Nothing is converted: a node is a range of the text.

mod find;
mod parse;
mod rows;
mod splice;

pub use parse::Parsing;
pub use rows::JsonRows;
pub use splice::Patch;

use std::borrow::Cow;

const NONE: u32 = u32::MAX;

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonKind {
    /// `{…}`
    Object,
    /// `[…]`
    Array,
    /// `"…"`
    String,
    /// A number, as written.
    Number,
    /// `true` or `false`.
    Bool,
    /// `null`
    Null,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Node {
    start: u32,
    end: u32,
    /// Where the key's opening quote stands; `NONE` for array elements and the root.
    key: u32,
    parent: u32,
    /// The node after this one's subtree.
    next: u32,
    /// Number of children.
    count: u32,
}

/// A parsed document. Node 0 is the root.
#[derive(Clone, Debug)]
pub struct Json {
    text: String,
    nodes: Vec<Node>,
}

/// Why a text is no JSON document, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    /// Byte offset.
    pub offset: usize,
    /// Line from 1.
    pub line: usize,
    /// Column in characters from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

impl std::fmt::Display for JsonError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}

impl std::error::Error for JsonError {}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Step {
    /// The value of this key.
    Key(String),
    /// The element of this number, from 0.
    Index(usize),
}

/// Writes steps as a jsonpath goes on.
pub fn path_of(steps: &[Step], out: &mut String) {
    for step in steps {
        match step {
            Step::Index(i) => out.push_str(&format!("[{i}]")),
            Step::Key(k) if is_plain(k) => out.push_str(&format!(".{k}")),
            Step::Key(k) => {
                out.push('.');
                quote_into(k, out);
            }
        }
    }
}

impl Json {
    /// Reads a document.
    ///
    /// # Errors
    /// The text is no JSON, or longer than 4 GB.
    pub fn parse(text: String) -> Result<Self, JsonError> {
        let mut parsing = Parsing::new(text);
        parsing.step(usize::MAX);
        parsing.finish().map_err(|(error, _)| error)
    }

    /// Reads the document a text begins with, and of a broken one what comes before the break: what was open there
    /// ends there. What follows a whole document is not looked at; `place(0)` tells where it ends.
    #[must_use]
    pub fn salvage(text: String) -> Option<(Self, Option<JsonError>)> {
        Parsing::new(text).salvage()
    }

    /// Nothing yet: to be filled by `copy_on`.
    #[must_use]
    pub fn blank_for(&self) -> Self {
        Self { text: String::with_capacity(self.text.len()), nodes: Vec::with_capacity(self.nodes.len()) }
    }

    /// Copies on from another document, about so many bytes; true: the copy is complete.
    pub fn copy_on(&mut self, from: &Self, bytes: usize) -> bool {
        let (at, all) = (self.text.len(), from.text.len());
        let end = (at.saturating_add(bytes)..=all).find(|n| from.text.is_char_boundary(*n)).unwrap_or(all);
        self.text.push_str(&from.text[at..end]);
        let (at, all) = (self.nodes.len(), from.nodes.len());
        let end = at.saturating_add(bytes / size_of::<Node>()).min(all);
        self.nodes.extend_from_slice(&from.nodes[at..end]);
        self.nodes.len() == from.nodes.len() && self.text.len() == from.text.len()
    }

    /// The text, taken out.
    #[must_use]
    pub fn into_text(self) -> String {
        self.text
    }

    /// The text as it was given.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Number of nodes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Never true: a document has a root.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// What the node is.
    #[must_use]
    pub fn kind(&self, node: usize) -> JsonKind {
        match self.text.as_bytes()[self.nodes[node].start as usize] {
            b'{' => JsonKind::Object,
            b'[' => JsonKind::Array,
            b'"' => JsonKind::String,
            b't' | b'f' => JsonKind::Bool,
            b'n' => JsonKind::Null,
            _ => JsonKind::Number,
        }
    }

    /// The node's text as written.
    #[must_use]
    pub fn raw(&self, node: usize) -> &str {
        let n = &self.nodes[node];
        &self.text[n.start as usize..n.end as usize]
    }

    /// A string's value, or the raw text of anything else.
    #[must_use]
    pub fn value(&self, node: usize) -> Cow<'_, str> {
        let raw = self.raw(node);
        if raw.starts_with('"') { unescape(raw) } else { Cow::Borrowed(raw) }
    }

    /// The key under which the node stands in its object.
    #[must_use]
    pub fn key(&self, node: usize) -> Option<Cow<'_, str>> {
        Some(unescape(self.raw_key(node)?))
    }

    /// The key as written, with its quotes.
    #[must_use]
    pub fn raw_key(&self, node: usize) -> Option<&str> {
        let start = self.nodes[node].key;
        if start == NONE {
            return None;
        }
        let bytes = self.text.as_bytes();
        let mut at = start as usize + 1;
        while bytes[at] != b'"' {
            at += if bytes[at] == b'\\' { 2 } else { 1 };
        }
        Some(&self.text[start as usize..=at])
    }

    /// The object or array that holds the node.
    #[must_use]
    pub fn parent(&self, node: usize) -> Option<usize> {
        let parent = self.nodes[node].parent;
        (parent != NONE).then_some(parent as usize)
    }

    /// How many nodes stand above this one.
    #[must_use]
    pub fn depth(&self, node: usize) -> usize {
        std::iter::successors(self.parent(node), |n| self.parent(*n)).count()
    }

    /// Number of children.
    #[must_use]
    pub fn count(&self, node: usize) -> usize {
        self.nodes[node].count as usize
    }

    /// The children in document order.
    pub fn children(&self, node: usize) -> impl Iterator<Item = usize> {
        let end = self.next(node);
        let mut at = node + 1;
        std::iter::from_fn(move || {
            let child = (at < end).then_some(at)?;
            at = self.next(child);
            Some(child)
        })
    }

    /// The node after this one's subtree.
    #[must_use]
    pub fn next(&self, node: usize) -> usize {
        self.nodes[node].next as usize
    }

    /// Steps from the root to the node.
    #[must_use]
    pub fn path(&self, node: usize) -> Vec<Step> {
        let mut path = vec![];
        let mut at = node;
        while let Some(parent) = self.parent(at) {
            path.push(match self.key(at) {
                Some(key) => Step::Key(key.into_owned()),
                None => Step::Index(self.children(parent).take_while(|c| *c != at).count()),
            });
            at = parent;
        }
        path.reverse();
        path
    }

    /// The node at the end of a path. Of a key written twice the last one counts, as for the server.
    #[must_use]
    pub fn at(&self, path: &[Step]) -> Option<usize> {
        let mut node = 0;
        for step in path {
            node = match step {
                Step::Key(key) => {
                    self.children(node).filter(|c| self.key(*c).is_some_and(|k| k == *key)).last()?
                }
                Step::Index(i) if self.kind(node) == JsonKind::Array => self.children(node).nth(*i)?,
                Step::Index(_) => return None,
            };
        }
        Some(node)
    }

    /// Where the node's text begins and ends.
    #[must_use]
    pub fn place(&self, node: usize) -> (usize, usize) {
        (self.nodes[node].start as usize, self.nodes[node].end as usize)
    }

    /// Where the node's key begins, its quote included.
    #[must_use]
    pub fn key_place(&self, node: usize) -> Option<usize> {
        let start = self.nodes[node].key;
        (start != NONE).then_some(start as usize)
    }

    /// The path as `jsonpath` writes it: `$.tags[0]."odd key"`.
    #[must_use]
    pub fn path_text(&self, node: usize) -> String {
        let mut out = String::from("$");
        path_of(&self.path(node), &mut out);
        out
    }

    /// The document (or a part of it) on one line as `jsonb` prints it; every token is copied as written.
    #[must_use]
    pub fn compact(&self, node: usize) -> String {
        self.written(node, None)
    }

    /// The document (or a part of it) indented for reading; every token is copied as written.
    #[must_use]
    pub fn pretty(&self, node: usize) -> String {
        self.written(node, Some("  "))
    }

    fn written(&self, node: usize, indent: Option<&str>) -> String {
        let mut out = String::new();
        let line = |out: &mut String, depth: usize| {
            if let Some(indent) = indent {
                out.push('\n');
                out.extend(std::iter::repeat_n(indent, depth));
            }
        };
        let mut open: Vec<(usize, char)> = vec![];
        let end = self.next(node);
        let mut at = node;
        while at < end {
            if at != node {
                if !out.ends_with(['{', '[']) {
                    out.push_str(if indent.is_some() { "," } else { ", " });
                }
                line(&mut out, open.len());
            }
            if let Some(key) = self.raw_key(at).filter(|_| at != node) {
                out.push_str(key);
                out.push_str(": ");
            }
            match (self.kind(at), self.count(at)) {
                (JsonKind::Object, 0) => out.push_str("{}"),
                (JsonKind::Array, 0) => out.push_str("[]"),
                (JsonKind::Object, _) => {
                    out.push('{');
                    open.push((self.next(at), '}'));
                }
                (JsonKind::Array, _) => {
                    out.push('[');
                    open.push((self.next(at), ']'));
                }
                _ => out.push_str(self.raw(at)),
            }
            at += 1;
            while let Some((_, close)) = open.pop_if(|(until, _)| *until == at) {
                line(&mut out, open.len());
                out.push(close);
            }
        }
        out
    }
}

fn is_plain(key: &str) -> bool {
    let mut chars = key.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A text as a JSON string.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    quote_into(text, &mut out);
    out
}

/// Writes a text as a JSON string.
fn quote_into(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if (c as u32) < 0x20 => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// The value of a string literal with its quotes; the parser has checked it.
fn unescape(raw: &str) -> Cow<'_, str> {
    let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or("");
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('u') => out.push(unicode_escape(&mut chars)),
            Some(other) => out.push(other),
            None => {}
        }
    }
    Cow::Owned(out)
}

/// `\uXXXX` after its `\u`, with the low half of a pair if one follows; a lone half becomes U+FFFD.
fn unicode_escape(chars: &mut std::str::Chars<'_>) -> char {
    let Some(high) = hex4(chars) else { return char::REPLACEMENT_CHARACTER };
    if !(0xd800..0xdc00).contains(&high) {
        return char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER);
    }
    let mut ahead = chars.clone();
    if ahead.next() == Some('\\')
        && ahead.next() == Some('u')
        && let Some(low @ 0xdc00..0xe000) = hex4(&mut ahead)
    {
        *chars = ahead;
        let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
        return char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    }
    char::REPLACEMENT_CHARACTER
}

fn hex4(chars: &mut std::str::Chars<'_>) -> Option<u32> {
    let mut code = 0;
    for _ in 0..4 {
        code = code * 16 + chars.next()?.to_digit(16)?;
    }
    Some(code)
}

#[cfg(test)]
mod tests;
