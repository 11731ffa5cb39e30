//! The lines of what was pasted, without what a client or a log put around them: psql's frames, quotes of CSV, the
//! prefixes of syslog, fences, Windows line ends.

use super::{frame::Frame, markup::Markup};
use std::borrow::Cow;

/// A line of a plan, and where it stood.
#[derive(Debug)]
pub(super) struct Line<'a> {
    /// What it says, without its frame and without space at its end.
    pub text: Cow<'a, str>,
    /// Its number in the source, from 1.
    pub number: usize,
    /// A frame, a fence, a count of rows: what was before is over.
    pub ends: bool,
    /// It may go on in the next line without a mark of it: the cells of space lost at its end if so.
    pub lost: Option<usize>,
}

impl Line<'_> {
    /// Puts its rest behind it.
    fn append(&mut self, rest: &str, lost: Option<usize>) {
        let text = self.text.to_mut();
        text.extend(std::iter::repeat_n(' ', self.lost.unwrap_or(0)));
        text.push_str(rest);
        self.lost = lost;
    }

    /// Columns of space at the start. Tabs at the start are eight columns each, as programs make them of spaces; one
    /// after spaces was put there by hand.
    pub fn indent(&self) -> usize {
        let mut column = 0;
        for c in self.text.chars() {
            column += match c {
                ' ' => 1,
                '\t' if column % 8 == 0 => 8,
                '\t' => 4,
                _ => break,
            };
        }
        column
    }
}

/// What a quoted field is followed by where it ends.
const AFTER_FIELD: [char; 4] = [',', ';', ' ', '\t'];

/// The lines of a text.
pub(super) fn lines(text: &str) -> Vec<Line<'_>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut markup = Markup::of(text);
    let marked = markup.any() || text.contains("QUERY PLAN");
    // Looked for once, because a large plan has many lines and none of this.
    let (spaces, syslogs, logs) =
        (text.contains('\u{a0}'), text.contains("]: ["), text.contains("duration: "));
    let mut out: Vec<Line<'_>> = vec![];
    let mut frame = Frame::default();
    let mut field = Field::default();
    let (mut entry, mut yaml) = (false, false);
    for (i, raw) in text.split('\n').enumerate() {
        let mut line = Cow::Borrowed(raw.trim_end_matches('\r'));
        if spaces && line.contains('\u{a0}') {
            line = line.replace('\u{a0}', " ").into();
        }
        if marked {
            let (cell, row) = markup.line(&line);
            line = cell.into_owned().into();
            field.rows |= row;
        }
        if syslogs && let Some(rest) = syslog(&line) {
            line = rest.into();
        }
        // The lines of an entry of a log begin with a tab.
        let rest = if entry { line.strip_prefix('\t').map(str::to_owned) } else { None };
        entry = rest.is_some() || logs && line.contains("duration: ") && line.trim_end().ends_with("plan:");
        line = rest.map_or(line, Cow::Owned);
        // pgAdmin III put its rows between these, and left those inside alone.
        if let Some(row) = line.strip_prefix('\'').and_then(|rest| rest.trim_end().strip_suffix('\'')) {
            line = row.to_owned().into();
        }
        let mut ends = false;
        if let Some(text) = field.take(&line) {
            out.push(Line { text: text.trim_end().to_owned().into(), number: i + 1, ends, lost: None });
            continue;
        }
        if !frame.strip(&mut line, &mut ends)
            && let Some(last) = out.last_mut()
        {
            // A wrapped line goes on where the former one ended.
            last.append(if frame.goes_on { &line } else { line.trim_end() }, frame.lost);
            continue;
        }
        yaml = !ends && (yaml || line.starts_with("- Plan:") || line.starts_with("- Query Text:"));
        if yaml && let Some(last) = out.last_mut().filter(|last| yaml_goes_on(last, &line)) {
            last.append(line.trim_end(), frame.lost);
            continue;
        }
        let text = match line {
            _ if frame.goes_on => line,
            Cow::Borrowed(text) => text.trim_end().into(),
            Cow::Owned(text) => text.trim_end().to_owned().into(),
        };
        out.push(Line { text, number: i + 1, ends, lost: frame.lost });
    }
    out
}

/// Is this the rest of a line of YAML? One that is whole has closed its quotes and has a name, or is of a list.
fn yaml_goes_on(last: &Line<'_>, rest: &str) -> bool {
    let Some(lost) = last.lost else { return false };
    let quotes = last.text.replace("\\\\", "").replace("\\\"", "").matches('"').count();
    let bare = rest.trim_start();
    let is_line = bare.starts_with("- ") || super::text::key(bare).is_some();
    quotes % 2 == 1 || lost == 0 && !is_line && !bare.is_empty()
}

/// A field of CSV in double quotes: a row of psql's or pgAdmin's, a message of a csvlog; it may go over many lines.
#[derive(Default)]
struct Field {
    open: bool,
    /// Rows of a result are quoted where they need it.
    rows: bool,
}

impl Field {
    /// The part of the field that stands on this line; none: the line is no part of one.
    fn take(&mut self, line: &str) -> Option<String> {
        let inner = if self.open {
            line
        } else if line.starts_with(|c: char| c.is_ascii_digit())
            && let Some(at) = line.find(",\"duration: ")
        {
            &line[at + 2..]
        } else {
            let inner = line.strip_prefix('"')?;
            if !self.rows {
                let start = inner.trim_start();
                let is_json =
                    (start.starts_with(['{', '[']) && !inner.contains("\\\"") && !inner.ends_with("\","))
                        || start.starts_with("- Plan:")
                        || start.starts_with("<explain");
                // A row of a plan in which there is a comma or a quote.
                let is_row = inner.starts_with("  ") && inner.ends_with('"');
                self.rows = is_json
                    || is_row
                    || inner.trim_end_matches(AFTER_FIELD).trim_end_matches('"') == "QUERY PLAN"
                    || super::text::has_figures(inner.trim_end_matches(AFTER_FIELD).trim_end_matches('"'));
            }
            if !self.rows {
                return None;
            }
            inner
        };
        let mut out = String::with_capacity(inner.len());
        let mut rest = inner;
        while let Some(at) = rest.find('"') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some(more) = rest.strip_prefix('"') {
                out.push('"');
                rest = more;
                continue;
            }
            // The field ends here. More on the line: columns of a log; or it is no such field at all.
            if !self.open && !rest.is_empty() && !rest.starts_with(AFTER_FIELD) {
                return None;
            }
            self.open = false;
            return Some(if out == "QUERY PLAN" { String::new() } else { out });
        }
        out.push_str(rest);
        self.open = true;
        Some(out)
    }
}

/// A line of syslog without `…[123]: [5-2] `, the tab it wrote as `#011` being one again.
fn syslog(line: &str) -> Option<String> {
    let at = line.find("]: [")?;
    let (numbers, rest) = line[at + 4..].split_once("] ")?;
    let (entry, part) = numbers.split_once('-')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (digits(entry) && digits(part)).then(|| rest.replace("#011", "\t"))
}
