//! Splits a script into the statements psql would send.
//!
//! A statement ends at a `;` outside of parentheses and of a function body in SQL (`BEGIN ATOMIC … END`),
//! or at a backslash command that sends it. Between statements stand backslash commands and the data
//! lines of `COPY … FROM STDIN`.

use super::lex::{Lexer, Options, Token, TokenKind};
use super::meta::{self, Action, MetaCommand};
use super::session::{Conditions, Strings};
use std::borrow::Cow;
use std::ops::Range;

/// How to read a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SplitOptions {
    /// The session's setting when the script starts; a `SET` in the script is followed.
    pub standard_conforming_strings: bool,
    /// Backslash commands, `\;`, `:variables` and COPY data have the meaning psql gives them.
    pub psql: bool,
}

impl Default for SplitOptions {
    fn default() -> Self {
        Self { standard_conforming_strings: true, psql: true }
    }
}

/// What ended a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// A semicolon, the last byte of the span.
    Semicolon,
    /// A backslash command: its index in [`Script::commands`].
    Command(usize),
    /// The end of the text.
    Text,
}

/// A statement in a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// First byte, behind blanks and `--` comments. A block comment in front belongs to the statement.
    pub start: usize,
    /// One past the last byte; the `;` is inside. A statement ended by a command reaches up to its backslash.
    pub end: usize,
    /// What ended it.
    pub ending: Ending,
    /// Bytes inside that are not sent: the `\` of `\;` and whole backslash commands.
    pub cuts: Vec<Range<usize>>,
    /// Several statements joined by `\;`, sent as one.
    pub combined: bool,
    /// A psql variable stands in it; it is left as written.
    pub interpolated: bool,
    /// It stands in an `\if` branch of which only the run tells whether it is taken; both branches are given.
    pub conditional: bool,
    /// Nothing but comments and a semicolon.
    pub empty: bool,
    /// The data lines that follow it, one block for each `COPY … FROM STDIN` in it.
    pub copy_data: Vec<Range<usize>>,
}

impl Span {
    /// The text to send, the `;` included.
    #[must_use]
    pub fn text<'a>(&self, source: &'a str) -> Cow<'a, str> {
        if self.cuts.is_empty() {
            return Cow::Borrowed(&source[self.start..self.end]);
        }
        let mut out = String::with_capacity(self.end - self.start);
        let mut at = self.start;
        for cut in &self.cuts {
            out.push_str(&source[at..cut.start]);
            at = cut.end;
        }
        out.push_str(&source[at..self.end]);
        Cow::Owned(out)
    }

    /// The byte in the source that byte `sent` of [`Span::text`] comes from.
    #[must_use]
    pub fn source_offset(&self, sent: usize) -> usize {
        let mut at = self.start + sent;
        for cut in &self.cuts {
            if at < cut.start {
                break;
            }
            at += cut.len();
        }
        at.min(self.end)
    }
}

/// A script, split.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// The statements in order.
    pub spans: Vec<Span>,
    /// The backslash commands in order.
    pub commands: Vec<MetaCommand>,
}

/// The statements of a script.
#[must_use]
pub fn split(text: &str, options: &SplitOptions) -> Vec<Span> {
    script(text, options).spans
}

/// The statements and backslash commands of a script.
#[must_use]
pub fn script(text: &str, options: &SplitOptions) -> Script {
    let mut splitter = Splitter::new(text, options);
    while !splitter.quit && splitter.step() {}
    splitter.finish_text();
    splitter.script
}

/// The statement an editor means when the cursor is at a byte: the one around it; the one before when the
/// cursor stands behind its `;` on the same line; between statements the nearer one, and in a comment the
/// one that follows.
#[must_use]
pub fn statement_at(text: &str, cursor: usize, options: &SplitOptions) -> Option<Span> {
    let script = script(text, options);
    let mut spans: Vec<Span> = script.spans.into_iter().filter(|s| !s.empty).collect();
    let cursor = cursor.min(text.len());
    let reach = |s: &Span| match s.ending {
        Ending::Command(at) => script.commands[at].end,
        _ => s.end,
    };
    let next = spans.partition_point(|s| s.start < cursor || (s.start == cursor && cursor == 0));
    let chosen = match (next.checked_sub(1), (next < spans.len()).then_some(next)) {
        (None, after) => after?,
        (Some(before), None) => before,
        (Some(before), Some(after)) => {
            let gap = text.get(reach(&spans[before])..cursor);
            if gap.is_none_or(|g| !g.contains('\n')) {
                // A statement that starts right here wins over one that ended further left.
                if spans[after].start == cursor && gap.is_some_and(|g| !g.is_empty()) {
                    after
                } else {
                    before
                }
            } else {
                nearer(text, reach(&spans[before]), cursor, spans[after].start, before, after)
            }
        }
    };
    Some(spans.swap_remove(chosen))
}

/// Between two statements: a comment belongs to what follows, a blank line to the nearer one.
fn nearer(text: &str, end: usize, cursor: usize, start: usize, before: usize, after: usize) -> usize {
    let line_start = text.as_bytes()[..cursor].iter().rposition(|b| *b == b'\n').map_or(0, |n| n + 1);
    let line = &text[line_start..meta::line_end(text, cursor)];
    let lines = |from: usize, to: usize| text.as_bytes()[from..to].iter().filter(|b| **b == b'\n').count();
    let blank = line.trim().is_empty();
    if blank && lines(end, cursor) <= lines(cursor, start) { before } else { after }
}

/// The statement being read.
#[derive(Default)]
struct Current {
    start: usize,
    cuts: Vec<Range<usize>>,
    combined: bool,
    interpolated: bool,
    significant: bool,
    copies: usize,
    /// End of the last token that is not blank.
    last: usize,
}

/// What decides where the part up to the next `;` or `\;` ends, and what it does to the lexing.
#[derive(Default)]
struct Part {
    parens: usize,
    begins: usize,
    /// First letters of the first four words where they may open a function definition.
    opening: [u8; 4],
    words: usize,
    /// The first few tokens, to recognise `SET`, `COPY`, `BEGIN` …
    head: Vec<Token>,
    after_from: bool,
}

/// Who takes the data lines that start on the next line.
enum Taker {
    Span(usize),
    Command(usize),
}

struct Splitter<'a> {
    text: &'a str,
    psql: bool,
    lexer: Lexer<'a>,
    script: Script,
    current: Option<Current>,
    part: Part,
    takers: Vec<Taker>,
    strings: Strings,
    conditions: Conditions,
    /// Start of a branch that is not taken.
    skipped_from: usize,
    /// End of the line the last command was in.
    line_end: usize,
    quit: bool,
}

impl<'a> Splitter<'a> {
    fn new(text: &'a str, options: &SplitOptions) -> Self {
        let lexing = Options {
            standard_conforming_strings: options.standard_conforming_strings,
            variables: options.psql,
        };
        let mut lexer = Lexer::new(text, lexing);
        if text.starts_with('\u{feff}') {
            lexer.jump('\u{feff}'.len_utf8());
        }
        Self {
            text,
            psql: options.psql,
            lexer,
            script: Script::default(),
            current: None,
            part: Part::default(),
            takers: Vec::new(),
            strings: Strings::new(options.standard_conforming_strings),
            conditions: Conditions::default(),
            skipped_from: 0,
            line_end: 0,
            quit: false,
        }
    }

    /// Takes one token; false at the end.
    fn step(&mut self) -> bool {
        let Some(token) = self.lexer.next() else { return false };
        match token.kind {
            TokenKind::Space => self.space(token),
            TokenKind::Backslash if self.psql => self.backslash(token.start),
            _ if !self.conditions.active() => {}
            TokenKind::LineComment => {
                if let Some(current) = &mut self.current {
                    current.last = token.end;
                }
            }
            TokenKind::BlockComment => self.current_at(token.start).last = token.end,
            TokenKind::Semicolon => self.semicolon(token),
            _ => self.significant(token),
        }
        true
    }

    fn current_at(&mut self, start: usize) -> &mut Current {
        self.current.get_or_insert_with(|| Current { start, ..Current::default() })
    }

    fn space(&mut self, token: Token) {
        let Some(newline) = token.text(self.text).find('\n') else { return };
        // psql asks for the setting once a line.
        self.lexer.set_standard_conforming_strings(self.strings.value());
        if !self.takers.is_empty() {
            self.take_data(token.start + newline + 1);
        }
    }

    fn significant(&mut self, token: Token) {
        let text = self.text;
        let named = token.kind == TokenKind::Variable
            && !token.text(text).as_bytes().get(1).is_some_and(u8::is_ascii_digit);
        let current = self.current_at(token.start);
        current.significant = true;
        current.last = token.end;
        current.interpolated |= named;
        let reads_data = self.part.take(token, text);
        if reads_data && self.psql {
            self.current_at(token.start).copies += 1;
        }
    }

    fn semicolon(&mut self, token: Token) {
        let current = self.current_at(token.start);
        current.last = token.end;
        if self.part.parens > 0 || self.part.begins > 0 {
            return;
        }
        self.end_part();
        self.end_statement(token.end, Ending::Semicolon);
    }

    /// Applies what the finished part does to later lexing.
    fn end_part(&mut self) {
        let part = std::mem::take(&mut self.part);
        self.strings.follow(self.text, &part.head);
    }

    fn end_statement(&mut self, end: usize, ending: Ending) {
        self.part = Part::default();
        let Some(mut current) = self.current.take() else { return };
        current.cuts.retain(|c| c.start < end);
        if let Some(last) = current.cuts.last_mut() {
            last.end = last.end.min(end);
        }
        self.takers.extend((0..current.copies).map(|_| Taker::Span(self.script.spans.len())));
        self.script.spans.push(Span {
            start: current.start,
            end,
            ending,
            cuts: current.cuts,
            combined: current.combined,
            interpolated: current.interpolated,
            conditional: self.conditions.uncertain(),
            empty: !current.significant,
            copy_data: Vec::new(),
        });
    }

    fn finish_text(&mut self) {
        if let Some(last) = self.current.as_ref().map(|c| c.last) {
            self.end_statement(last, Ending::Text);
        }
    }

    fn backslash(&mut self, at: usize) {
        let active = self.conditions.active();
        match self.text.as_bytes().get(at + 1) {
            Some(b @ (b';' | b':')) => {
                self.lexer.jump(at + 2);
                if active {
                    self.escaped(at, *b == b';');
                }
            }
            _ => self.command(at),
        }
    }

    /// `\;` joins statements, `\:` is a colon that starts no variable.
    fn escaped(&mut self, at: usize, semicolon: bool) {
        if let Some(current) = &mut self.current {
            current.cuts.push(at..at + 1);
        }
        let current = self.current_at(at + 1);
        current.last = at + 2;
        current.combined |= semicolon;
        if semicolon {
            let (parens, begins) = (self.part.parens, self.part.begins);
            self.end_part();
            self.part = Part { parens, begins, ..Part::default() };
        }
    }

    fn command(&mut self, at: usize) {
        if at >= self.line_end {
            self.line_end = meta::line_end(self.text, at);
        }
        let mut command = meta::parse_in(self.text, at, self.line_end);
        let was_active = self.conditions.active();
        self.conditions.follow(self.text, &command);
        command.inactive = !was_active;
        command.conditional = self.conditions.uncertain();
        self.lexer.jump(command.end);
        let index = self.script.commands.len();
        if was_active && self.conditions.active() {
            self.act(&command, index);
        } else if was_active {
            self.skipped_from = at;
        } else if self.conditions.active() {
            self.cut(self.skipped_from..command.end);
        }
        self.script.commands.push(command);
    }

    fn act(&mut self, command: &MetaCommand, index: usize) {
        match command.action {
            Action::Send => {
                self.end_part();
                let end = self.end_before(command.start);
                self.end_statement(end, Ending::Command(index));
            }
            Action::Reset => {
                self.current = None;
                self.part = Part::default();
            }
            Action::Copy => {
                if copies_from_stdin(&self.text[command.arguments.clone()]) {
                    self.takers.push(Taker::Command(index));
                }
                self.cut(command.start..command.end);
            }
            Action::Quit if !self.conditions.uncertain() => self.quit = true,
            Action::Connect => {
                self.strings.reconnect();
                self.cut(command.start..command.end);
            }
            _ => self.cut(command.start..command.end),
        }
    }

    /// Where the statement being read ends when a command at a line start sends it: psql drops the line ends in
    /// front, which may be those of data lines that were cut out.
    fn end_before(&mut self, command: usize) -> usize {
        let mut end = self.text[..command].trim_end_matches('\n').len();
        let Some(current) = &mut self.current else { return end };
        while let Some(cut) = current.cuts.pop_if(|c| c.end > end) {
            end = self.text[..cut.start.min(end)].trim_end_matches('\n').len();
        }
        end.max(current.start)
    }

    /// Leaves bytes out of the statement being read; a branch not taken may hold data lines already left out.
    fn cut(&mut self, mut range: Range<usize>) {
        let Some(current) = &mut self.current else { return };
        while let Some(inner) = current.cuts.pop_if(|c| c.end > range.start) {
            range = range.start.min(inner.start)..range.end.max(inner.end);
        }
        current.cuts.push(range);
    }

    /// The data lines from `at`, a line start, for those who wait for them.
    fn take_data(&mut self, mut at: usize) {
        for taker in std::mem::take(&mut self.takers) {
            let Some((end, next)) = data_block(self.text, at) else { break };
            match taker {
                Taker::Span(i) => self.script.spans[i].copy_data.push(at..end),
                Taker::Command(i) => self.script.commands[i].copy_data = Some(at..end),
            }
            self.cut(at..next);
            at = next;
            self.lexer.jump(at);
        }
    }
}

impl Part {
    /// Takes a token; true when it completes `COPY … FROM STDIN`.
    fn take(&mut self, token: Token, text: &str) -> bool {
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

/// The data from `at` up to a line `\.`: its end, and where the text goes on. `None` when another
/// `COPY … FROM STDIN` comes first: then the first one is one that fails, and no data was written for it.
fn data_block(text: &str, at: usize) -> Option<(usize, usize)> {
    let mut start = at;
    while start < text.len() {
        let end = meta::line_end(text, start);
        let next =
            text.as_bytes()[end..].iter().position(|b| *b == b'\n').map_or(text.len(), |n| end + n + 1);
        let line = &text[start..end];
        if line == "\\." {
            return Some((start, next));
        }
        if starts_copy(line) {
            return None;
        }
        start = next;
    }
    None
}

/// A line in which a `COPY … FROM STDIN` statement starts or ends, as opposed to data that mentions one.
fn starts_copy(line: &str) -> bool {
    let mentions = line.as_bytes().windows(5).any(|w| w.eq_ignore_ascii_case(b"stdin"));
    if !mentions || line.len() > 10_000 {
        return false;
    }
    let tokens = super::lex::significant(line, Options::default());
    let word = |i: usize, w: &str| tokens.get(i).is_some_and(|t| t.is_word(line, w));
    let opens = |i: usize| {
        let after = i.checked_sub(1).map(|before| tokens[before].kind);
        matches!(after, None | Some(TokenKind::Semicolon | TokenKind::Backslash))
    };
    let mut copying = word(0, "from");
    for i in 0..tokens.len() {
        copying |= word(i, "copy") && opens(i);
        if copying && word(i, "from") && word(i + 1, "stdin") {
            return line.contains(';') || line.contains('\\');
        }
    }
    false
}

/// The arguments of `\copy` read data lines of the script.
fn copies_from_stdin(arguments: &str) -> bool {
    let tokens = super::lex::significant(arguments, Options::default());
    tokens.windows(2).any(|w| w[0].is_word(arguments, "from") && w[1].is_word(arguments, "stdin"))
}

#[cfg(test)]
#[path = "split_tests.rs"]
mod tests;
