//! Splits a script into the statements psql would send.
//!
//! A statement ends at a `;` outside of parentheses and of a function body in SQL (`BEGIN ATOMIC … END`),
//! or at a backslash command that sends it. Between statements stand backslash commands and the data
//! lines of `COPY … FROM STDIN`.

use super::copy_data::{copies_from_stdin, data_block};
use super::lex::{Lexer, Options, Token, TokenKind};
use super::meta::{self, Action, MetaCommand};
use super::part::Part;
use super::session::{Conditions, Strings};
use super::variables::Variables;
use std::borrow::Cow;
use std::ops::Range;

mod expand;
use expand::Expansion;
pub use expand::expand;

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
    /// The statement before it once more: a command sends and nothing new stands in front of it.
    pub repeated: bool,
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
    let mut splitter = Splitter::new(text, Reader::new(options, None));
    while splitter.step() {}
    splitter.finish()
}

/// The statement an editor means when the cursor is at a byte: the one around it; the one before when the
/// cursor stands behind its `;` on the same line; between statements the nearer one, and in a comment the
/// one that follows.
#[must_use]
pub fn statement_at(text: &str, cursor: usize, options: &SplitOptions) -> Option<Span> {
    let script = script(text, options);
    let mut spans: Vec<Span> = script.spans.into_iter().filter(|s| !s.empty && !s.repeated).collect();
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

/// Who takes the data lines that start on the next line.
enum Taker {
    Span(usize),
    Command(usize),
}

/// What reading a script up to some place has come to.
struct Reader {
    psql: bool,
    /// Where the next token starts.
    at: usize,
    script: Script,
    current: Option<Current>,
    /// The last statement sent, and how often it takes data lines.
    previous: Option<(usize, usize)>,
    part: Part,
    takers: Vec<Taker>,
    strings: Strings,
    /// What of `strings` is in force on this line.
    strings_on: bool,
    conditions: Conditions,
    variables: Variables,
    expansion: Option<Expansion>,
    /// Start of a branch that is not taken.
    skipped_from: usize,
    /// End of the line the last command was in.
    line_end: usize,
    quit: bool,
}

struct Splitter<'a> {
    text: &'a str,
    lexer: Lexer<'a>,
    reader: Reader,
}

impl Reader {
    fn new(options: &SplitOptions, expansion: Option<Expansion>) -> Self {
        Self {
            psql: options.psql,
            at: 0,
            script: Script::default(),
            current: None,
            previous: None,
            part: Part::default(),
            takers: Vec::new(),
            strings: Strings::new(options.standard_conforming_strings),
            strings_on: options.standard_conforming_strings,
            conditions: Conditions::default(),
            variables: Variables::new(expansion.is_some()),
            expansion,
            skipped_from: 0,
            line_end: 0,
            quit: false,
        }
    }
}

impl<'a> Splitter<'a> {
    fn new(text: &'a str, reader: Reader) -> Self {
        let lexing = Options { standard_conforming_strings: reader.strings_on, variables: reader.psql };
        let mut lexer = Lexer::new(text, lexing);
        let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        lexer.jump(reader.at.max(mark));
        Self { text, lexer, reader }
    }

    /// Takes one token; false at the end, or when the text is to be changed first.
    fn step(&mut self) -> bool {
        if self.reader.quit {
            return false;
        }
        let Some(mut token) = self.lexer.next() else { return false };
        self.end_at_value(&mut token);
        match token.kind {
            TokenKind::Space => self.space(token),
            TokenKind::Backslash if self.reader.psql => self.backslash(token.start),
            _ if !self.reader.conditions.active() => {}
            TokenKind::LineComment => {
                if let Some(current) = &mut self.reader.current {
                    current.last = token.end;
                }
            }
            TokenKind::BlockComment => self.current_at(token.start).last = token.end,
            TokenKind::Semicolon => self.semicolon(token),
            TokenKind::Variable if self.expand(token) => return false,
            _ => self.significant(token),
        }
        true
    }

    fn finish(mut self) -> Script {
        self.finish_text();
        self.reader.script
    }

    fn current_at(&mut self, start: usize) -> &mut Current {
        self.reader.current.get_or_insert_with(|| Current { start, ..Current::default() })
    }

    fn space(&mut self, token: Token) {
        // A line ends where the script's line ends, not in the value of a variable.
        if self.value_end().is_some() {
            return;
        }
        let Some(newline) = token.text(self.text).find('\n') else { return };
        // psql asks for the setting once a line.
        self.reader.strings_on = self.reader.strings.value();
        self.lexer.set_standard_conforming_strings(self.reader.strings_on);
        if !self.reader.takers.is_empty() {
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
        let reads_data = self.reader.part.take(token, text);
        if reads_data && self.reader.psql {
            self.current_at(token.start).copies += 1;
        }
    }

    fn semicolon(&mut self, token: Token) {
        let current = self.current_at(token.start);
        current.last = token.end;
        if self.reader.part.parens > 0 || self.reader.part.begins > 0 {
            return;
        }
        self.end_part();
        self.end_statement(token.end, Ending::Semicolon);
    }

    /// Applies what the finished part does to later lexing.
    fn end_part(&mut self) {
        let part = std::mem::take(&mut self.reader.part);
        self.reader.strings.follow(self.text, &part.head);
    }

    fn end_statement(&mut self, end: usize, ending: Ending) {
        self.reader.part = Part::default();
        let Some(mut current) = self.reader.current.take() else { return };
        current.cuts.retain(|c| c.start < end);
        if let Some(last) = current.cuts.last_mut() {
            last.end = last.end.min(end);
        }
        self.sends(current.copies);
        self.reader.script.spans.push(Span {
            start: current.start,
            end,
            ending,
            cuts: current.cuts,
            combined: current.combined,
            interpolated: current.interpolated,
            conditional: self.reader.conditions.uncertain(),
            empty: !current.significant,
            repeated: false,
            copy_data: Vec::new(),
        });
    }

    /// The next span is sent: data lines may follow, and a later command may send it again.
    fn sends(&mut self, copies: usize) {
        let index = self.reader.script.spans.len();
        self.reader.takers.extend((0..copies).map(|_| Taker::Span(index)));
        self.reader.previous = Some((index, copies));
    }

    /// A command sends, and nothing was written since the last statement: that one is sent again.
    fn repeat(&mut self, ending: Ending) {
        let Some((last, copies)) = self.reader.previous else { return };
        self.sends(copies);
        let conditional = self.reader.conditions.uncertain();
        let span = self.reader.script.spans[last].clone();
        self.reader.script.spans.push(Span {
            ending,
            conditional,
            repeated: true,
            copy_data: Vec::new(),
            ..span
        });
    }

    fn finish_text(&mut self) {
        let Some(last) = self.reader.current.as_ref().map(|c| c.last) else { return };
        if self.reader.expansion.is_none() {
            return self.end_statement(last, Ending::Text);
        }
        if !self.reader.conditions.active() {
            return;
        }
        let end = if self.reader.quit { self.reader.at } else { self.text.len() };
        // The last line's end counts for none, even where the last token never ends.
        let open = last == end && self.text[..end].ends_with('\n');
        let end = if open { end - 1 } else { self.end_before(end) };
        self.end_statement(end, Ending::Text);
    }

    fn backslash(&mut self, at: usize) {
        let active = self.reader.conditions.active();
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
        if let Some(current) = &mut self.reader.current {
            current.cuts.push(at..at + 1);
        }
        let current = self.current_at(at + 1);
        current.last = at + 2;
        current.combined |= semicolon;
        if semicolon {
            let joined = self.reader.part.joined();
            self.end_part();
            self.reader.part = joined;
        }
    }

    fn command(&mut self, at: usize) {
        if at >= self.reader.line_end {
            self.reader.line_end = meta::line_end(self.text, at);
        }
        let mut command = meta::parse_in(self.text, at, self.reader.line_end);
        let was_active = self.reader.conditions.active();
        if self.reader.conditions.refuses(&command) {
            command.end = self.reader.line_end;
        } else {
            self.reader.conditions.follow(self.text, &command, &self.reader.variables);
        }
        command.inactive = !was_active;
        command.conditional = self.reader.conditions.uncertain();
        self.lexer.jump(command.end);
        let index = self.reader.script.commands.len();
        if was_active && self.reader.conditions.active() {
            self.act(&command, index);
        } else if was_active {
            self.reader.skipped_from = at;
        } else if self.reader.conditions.active() {
            self.cut(self.reader.skipped_from..command.end);
        }
        self.reader.script.commands.push(command);
    }

    fn act(&mut self, command: &MetaCommand, index: usize) {
        match command.action {
            Action::Send => self.send(command, index),
            Action::Reset => {
                self.reader.current = None;
                self.reader.part = Part::default();
            }
            Action::Copy => {
                if copies_from_stdin(&self.text[command.arguments.clone()]) {
                    self.reader.takers.push(Taker::Command(index));
                }
                self.cut(command.start..command.end);
            }
            Action::Quit if !self.reader.conditions.uncertain() => {
                self.reader.quit = true;
                self.reader.at = command.start;
            }
            Action::Set => {
                let uncertain = self.reader.conditions.uncertain();
                let arguments = &self.text[command.arguments.clone()];
                self.reader.variables.follow(&self.text[command.name.clone()], arguments, uncertain);
                self.cut(command.start..command.end);
            }
            Action::Connect => {
                self.reader.strings.reconnect();
                self.cut(command.start..command.end);
            }
            _ => self.cut(command.start..command.end),
        }
    }

    fn send(&mut self, command: &MetaCommand, index: usize) {
        let ending = Ending::Command(index);
        let name = &self.text[command.name.clone()];
        let previous = self.reader.previous;
        if self.reader.current.is_some() {
            self.end_part();
            let end = self.end_before(command.start);
            self.end_statement(end, ending);
        } else {
            self.repeat(ending);
        }
        if name == "gset"
            && let Some(span) = self.reader.script.spans.last().filter(|s| s.ending == ending)
        {
            let prefix = self.text[command.arguments.clone()].split_whitespace().next();
            self.reader.variables.follow_result(&span.text(self.text), prefix.unwrap_or_default());
        }
        if name == "watch" {
            // What was watched is not what a later command sends again.
            self.reader.previous = previous;
        }
    }

    /// Where the statement being read ends when a command at a line start sends it: psql drops the line ends in
    /// front, which may be those of data lines that were cut out.
    fn end_before(&mut self, command: usize) -> usize {
        let mut end = self.text[..command].trim_end_matches('\n').len();
        let Some(current) = &mut self.reader.current else { return end };
        while let Some(cut) = current.cuts.pop_if(|c| c.end >= end) {
            end = self.text[..cut.start.min(end)].trim_end_matches('\n').len();
        }
        end.max(current.start)
    }

    /// Leaves bytes out of the statement being read; a branch not taken may hold data lines already left out.
    fn cut(&mut self, mut range: Range<usize>) {
        let Some(current) = &mut self.reader.current else { return };
        while let Some(inner) = current.cuts.pop_if(|c| c.end > range.start) {
            range = range.start.min(inner.start)..range.end.max(inner.end);
        }
        current.cuts.push(range);
    }

    /// The data lines from `at`, a line start, for those who wait for them.
    fn take_data(&mut self, mut at: usize) {
        for taker in std::mem::take(&mut self.reader.takers) {
            let Some((end, next)) = data_block(self.text, at) else { break };
            match taker {
                Taker::Span(i) => self.reader.script.spans[i].copy_data.push(at..end),
                Taker::Command(i) => self.reader.script.commands[i].copy_data = Some(at..end),
            }
            self.cut(at..next);
            at = next;
            self.lexer.jump(at);
        }
    }
}

#[cfg(test)]
#[path = "split_tests.rs"]
mod tests;
