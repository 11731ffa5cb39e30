//! Plans as YAML, brought into the form of JSON.
//!
//! No library: EXPLAIN prints a small part of YAML (block maps and lists, strings and flow lists in JSON's own syntax),
//! that part is a page of code, and the libraries either are no longer kept or bring a whole second document model
//! that gives up at the first thing it does not like, where a plan cut off in the middle is to be shown.

use super::lines::Line;
use crate::data::json::quoted;

/// A map or a list that is open, and the column of what stands in it.
struct Open {
    column: usize,
    list: bool,
    filled: bool,
}

/// Begins a plan in YAML here?
pub(super) fn starts(lines: &[Line<'_>], at: usize) -> bool {
    let bare = |line: &Line<'_>| {
        line.text.trim_start().trim_start_matches("- ").trim_end_matches(['+', ' ']).to_owned()
    };
    match bare(&lines[at]).as_str() {
        "Plan:" => lines[at + 1..]
            .iter()
            .find(|l| !l.text.is_empty())
            .is_some_and(|l| bare(l).starts_with("Node Type: ")),
        text if text.starts_with("Query Text: \"") => lines[at + 1..]
            .iter()
            .filter(|line| !line.text.is_empty())
            .take(2)
            .any(|line| bare(line) == "Plan:"),
        _ => false,
    }
}

/// The plan that begins here as JSON, the line after it, and the line that could not be read.
pub(super) fn read(lines: &[Line<'_>], at: usize) -> (String, usize, Option<(usize, String)>) {
    let mut out = String::from("{");
    let first = lines[at].text.trim_start().starts_with("- ");
    let base = lines[at].indent();
    let mut open = vec![Open { column: base + 2 * usize::from(first), list: false, filled: false }];
    let mut next = at;
    while let Some(line) = lines.get(next) {
        let (mut text, mut column) = (line.text.trim_start().trim_end_matches(['+', ' ']), line.indent());
        if next == at && first {
            text = text[2..].trim_start();
            column += 2;
        }
        if line.ends || next > at && !text.is_empty() && (column < open[0].column || !is_part(text)) {
            break;
        }
        next += 1;
        if text.is_empty() {
            continue;
        }
        if let Some(item) = text.strip_prefix('-').filter(|rest| rest.is_empty() || rest.starts_with(' ')) {
            close(&mut open, &mut out, |open| open.column > column || open.column == column && !open.list);
            let Some(list) = open.last_mut().filter(|open| open.list) else {
                return (out, next, Some((line.number, "this item stands in no list".into())));
            };
            comma(list, &mut out);
            text = item.trim_start();
            column += 2;
            if pair(text).is_none() {
                match scalar(text, lines, &mut next) {
                    Some(value) => out.push_str(&value),
                    None => return (out, next, Some((line.number, "this text is not closed".into()))),
                }
                continue;
            }
            out.push('{');
            open.push(Open { column, list: false, filled: false });
        }
        close(&mut open, &mut out, |open| open.column > column);
        let (Some((key, value)), Some(map)) =
            (pair(text), open.last_mut().filter(|o| !o.list && o.column == column))
        else {
            return (out, next, Some((line.number, "this line does not fit into the plan".into())));
        };
        comma(map, &mut out);
        out.push_str(&quoted(key));
        out.push(':');
        if !value.is_empty() {
            match scalar(value, lines, &mut next) {
                Some(value) => out.push_str(&value),
                None => return (out, next, Some((line.number, "this text is not closed".into()))),
            }
            continue;
        }
        let below = lines[next..].iter().find(|line| !line.text.is_empty()).filter(|line| !line.ends);
        match below {
            Some(below) if below.indent() > column => {
                let list = below.text.trim_start().starts_with('-');
                out.push(if list { '[' } else { '{' });
                open.push(Open { column: below.indent(), list, filled: false });
            }
            _ => out.push_str("null"),
        }
    }
    close(&mut open, &mut out, |_| true);
    out.push('}');
    (out, next, None)
}

/// Closes what ends before this line; the statement itself stays open.
fn close(open: &mut Vec<Open>, out: &mut String, ends: impl Fn(&Open) -> bool) {
    while open.len() > 1 && open.last().is_some_and(&ends) {
        let list = open.pop().is_some_and(|open| open.list);
        out.push(if list { ']' } else { '}' });
    }
}

fn comma(open: &mut Open, out: &mut String) {
    if std::mem::replace(&mut open.filled, true) {
        out.push(',');
    }
}

/// Can a line be one of a plan?
fn is_part(text: &str) -> bool {
    text.starts_with('-') || pair(text).is_some()
}

/// `Key: value`
fn pair(text: &str) -> Option<(&str, &str)> {
    if text.starts_with(['"', '[']) {
        return None;
    }
    let (key, value) = text.split_once(": ").or_else(|| Some((text.strip_suffix(':')?, "")))?;
    Some((key, value.trim()))
}

/// A value as JSON; a text that a terminal wrapped is taken from the next lines.
fn scalar(value: &str, lines: &[Line<'_>], next: &mut usize) -> Option<String> {
    if value.starts_with('"') {
        let mut whole = value.to_owned();
        let mut state = Scan::default();
        state.over(&whole[1..]);
        while !state.closed {
            let line = lines.get(*next).filter(|line| !line.ends)?;
            state.over(&line.text);
            whole.push_str(&line.text);
            *next += 1;
        }
        return Some(whole);
    }
    let is_json = value.starts_with('[') && value.ends_with(']')
        || matches!(value, "true" | "false" | "null")
        || value.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit())
            && value.parse::<f64>().is_ok();
    Some(if is_json { value.to_owned() } else { quoted(value) })
}

/// Whether a string was closed.
#[derive(Default)]
struct Scan {
    closed: bool,
    escaped: bool,
}

impl Scan {
    fn over(&mut self, text: &str) {
        for byte in text.bytes() {
            if self.escaped {
                self.escaped = false;
            } else if byte == b'\\' {
                self.escaped = true;
            } else if byte == b'"' {
                self.closed = true;
            }
        }
    }
}
