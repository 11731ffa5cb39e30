//! Lines of EXPLAIN out of lines of the source.

use super::super::lines::Line;
use super::tree::Tree;
use super::{Kind, figures, has_figures, heading, is_target, key, subplan};
use std::borrow::Cow;

/// A line as EXPLAIN printed it.
pub(super) struct Whole<'a> {
    pub kind: Kind,
    pub text: Cow<'a, str>,
    pub indent: usize,
    pub number: usize,
}

/// Puts lines together.
pub(super) struct Join<'a> {
    lines: &'a [Line<'a>],
    at: usize,
    margin: &'a str,
    /// The root was given.
    begun: bool,
    /// Empty lines stood since the last line: nothing continues it.
    gap: bool,
}

/// What may follow the quote that closes a literal: the expression goes on.
const AFTER_LITERAL: [char; 6] = [':', ')', ',', ' ', ']', ';'];

/// Words before an entry of a log.
const SEVERITIES: [&str; 9] = [
    "LOG:  ",
    "DEBUG:  ",
    "NOTICE:  ",
    "WARNING:  ",
    "ERROR:  ",
    "STATEMENT:  ",
    "DETAIL:  ",
    "HINT:  ",
    "CONTEXT:  ",
];

impl<'a> Join<'a> {
    pub fn new(lines: &'a [Line<'a>], at: usize, margin: &'a str) -> Self {
        Self { lines, at, margin, begun: false, gap: false }
    }

    /// The line to be read next.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Nothing but empty lines follows: the text may have been cut here.
    pub fn at_end(&self) -> bool {
        self.lines[self.at.min(self.lines.len())..].iter().all(|line| line.text.is_empty() && !line.ends)
    }

    /// A line of the source without the margin, and its indentation.
    fn bare(&self, at: usize) -> (&'a str, usize) {
        let line = &self.lines[at];
        let text = line.text.as_ref();
        if self.margin.trim().is_empty() {
            return (text.trim_start(), line.indent());
        }
        let rest = text.strip_prefix(self.margin).or_else(|| text.strip_prefix(self.margin.trim_end()));
        match rest {
            Some(rest) => (rest.trim_start(), self.margin.len() + rest.len() - rest.trim_start().len()),
            None => (text.trim_start(), line.indent()),
        }
    }

    /// The next line of this plan.
    pub fn next(&mut self, tree: &Tree) -> Option<Whole<'a>> {
        loop {
            let line = self.lines.get(self.at)?;
            let (text, indent) = self.bare(self.at);
            if line.ends && self.begun {
                return None;
            }
            if text.is_empty() {
                self.gap = true;
                self.at += 1;
                continue;
            }
            let kind = if self.begun { self.kind(self.at, text, indent, tree)? } else { Kind::Root };
            if kind == Kind::Other {
                // Nothing of a plan, and nothing goes before it that it could continue.
                self.gap = true;
                self.at += 1;
                continue;
            }
            self.begun = true;
            self.gap = false;
            let mut whole = Whole { kind, text: Cow::Borrowed(text), indent, number: line.number };
            self.at += 1;
            self.literals(&mut whole);
            self.wrapped(&mut whole, tree);
            return Some(whole);
        }
    }

    /// What a line is; none: it is of no plan, or of the next one.
    fn kind(&self, at: usize, text: &str, indent: usize, tree: &Tree) -> Option<Kind> {
        if text.starts_with("->") {
            // Part of a plan that began with an arrow ends where another one stands beside its root.
            return (!tree.is_part() || indent > tree.root_indent()).then_some(Kind::Arrow);
        }
        if is_log(text) || text.starts_with("Query Text: ") {
            return None;
        }
        if subplan(text).is_some() {
            return Some(Kind::Heading);
        }
        if key(text).is_some() {
            return Some(Kind::Property);
        }
        if has_figures(text) {
            return None;
        }
        if tree.modifies() && indent > tree.root_indent() && is_target(text) {
            return Some(Kind::Target);
        }
        if super::super::starts_other(self.lines, at) {
            return None;
        }
        // COSTS OFF: the root of the next plan.
        if !tree.has_costs() && indent <= tree.root_indent() && super::root(self.lines, at).is_some() {
            return None;
        }
        Some(Kind::Other)
    }

    /// Takes the lines over which a literal goes on.
    fn literals(&mut self, whole: &mut Whole<'a>) {
        if whole.kind != Kind::Property || key(&whole.text).is_none_or(|(key, _)| key == "Query Parameters") {
            return;
        }
        let mut scan = Scan::default();
        scan.over(&whole.text);
        while scan.literal {
            let Some(end) = self.closing() else { return };
            for at in self.at..=end {
                let text = self.lines[at].text.as_ref();
                let text = text.strip_prefix(self.margin).unwrap_or(text);
                match self.lines[at - 1].lost {
                    Some(lost) => whole.text.to_mut().extend(std::iter::repeat_n(' ', lost)),
                    None => whole.text.to_mut().push('\n'),
                }
                whole.text.to_mut().push_str(text);
                scan.over(text);
            }
            self.at = end + 1;
        }
    }

    /// The line in which the open literal is closed; none: it was cut off, and what looks like its end begins another.
    fn closing(&self) -> Option<usize> {
        for at in self.at..self.lines.len() {
            let line = &self.lines[at];
            if line.ends {
                return None;
            }
            let mut rest = line.text.as_ref();
            while let Some(quote) = rest.find('\'') {
                rest = &rest[quote + 1..];
                match rest.strip_prefix('\'') {
                    Some(more) => rest = more,
                    None => return (rest.is_empty() || rest.starts_with(AFTER_LITERAL)).then_some(at),
                }
            }
        }
        None
    }

    /// Takes the lines into which a terminal wrapped this one.
    fn wrapped(&mut self, whole: &mut Whole<'a>, tree: &Tree) {
        while let Some(line) = self.lines.get(self.at)
            && !line.ends
            && !line.text.is_empty()
        {
            let (text, indent) = self.bare(self.at);
            let is_node = matches!(whole.kind, Kind::Arrow | Kind::Root);
            let begun = ["(", "(c", "(co", "(cos"].iter().any(|begun| whole.text.ends_with(begun));
            let costs = tree.has_costs() || begun || whole.text.contains("(cost");
            // A node without its figures goes on, whatever the next line looks like.
            let incomplete = is_node && costs && !has_figures(&whole.text);
            let ended = is_node && !incomplete || whole.kind == Kind::Target || is_figure(&whole.text);
            let goes_on = match self.kind(self.at, text, indent, tree) {
                Some(Kind::Other) => !ended || is_node && text.starts_with('('),
                // What was measured, behind what was expected.
                None if is_node && text.starts_with('(') => true,
                // The root of the next plan, or the end of this node's line.
                None if incomplete && has_figures(text) && !is_log(text) => {
                    let joined = format!("{}{text}", whole.text);
                    let words =
                        figures::split(&joined).map_or("", |(words, _)| words.trim_start_matches("->"));
                    !heading::is_known(figures::split(text).map_or("", |(words, _)| words))
                        && !words.is_empty()
                }
                _ => false,
            };
            if !goes_on {
                return;
            }
            if let Some(lost) = self.lines[self.at - 1].lost {
                // Its frame tells exactly what was lost, and that the line begins where it does.
                whole.text.to_mut().extend(std::iter::repeat_n(' ', lost));
                whole.text.to_mut().push_str(&line.text);
                self.at += 1;
                continue;
            }
            // Space at the end of a line was lost with the wrapping; that at the start
            // is the frame's or the line's own: in an expression one more does no harm.
            let spaced = if is_node {
                text.starts_with('(')
                    || indent == 1 && self.margin.is_empty()
                    || incomplete && reads_apart(&whole.text, text)
            } else {
                text.len() < line.text.len()
            };
            if spaced && !whole.text.ends_with(' ') {
                whole.text.to_mut().push(' ');
            }
            whole.text.to_mut().push_str(text);
            self.at += 1;
        }
    }
}

/// A node's line that was wrapped at a space, which is gone: do both parts make sense with one between them only?
fn reads_apart(whole: &str, rest: &str) -> bool {
    // Inside the figures these never stand without one.
    let figure =
        ["rows=", "loops=", "width=", "time=", "executed)"].iter().any(|name| rest.starts_with(name));
    let known = |joined: &str| {
        let words = figures::split(joined).map_or("", |(words, _)| words.trim_start_matches("->"));
        !words.is_empty() && heading::is_known(words)
    };
    figure && !whole.ends_with('(') || !known(&format!("{whole}{rest}")) && known(&format!("{whole} {rest}"))
}

/// Is it an entry of a log?
fn is_log(text: &str) -> bool {
    text.contains(":  ") && SEVERITIES.iter().any(|word| text.contains(word))
}

/// Lines that end with a number go on nowhere: what follows `Execution Time: 1.2 ms` is no part of it.
fn is_figure(text: &str) -> bool {
    let Some((_, value)) = key(text) else { return false };
    value.ends_with(" ms") || value.ends_with("kB") || value.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// Where a piece of SQL stands: inside a literal or a quoted name.
#[derive(Default)]
pub(super) struct Scan {
    pub literal: bool,
    pub depth: i32,
    name: bool,
}

impl Scan {
    pub fn over(&mut self, text: &str) {
        // A quoted name holds no line break.
        self.name = false;
        for byte in text.bytes() {
            match byte {
                b'\'' if !self.name => self.literal = !self.literal,
                b'"' if !self.literal => self.name = !self.name,
                b'(' if !self.literal && !self.name => self.depth += 1,
                b')' if !self.literal && !self.name => self.depth -= 1,
                _ => {}
            }
        }
    }
}
