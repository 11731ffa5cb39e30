//! Plans out of whatever text holds them.
//!
//! `lines` takes off what clients and logs put around a plan; then the plans are found one after another, each read by
//! the reader of its format. YAML and XML are brought into the form of JSON, and every reader names what it found as
//! the JSON format does (`fields`), so that a plan is the same in whatever format it came.

mod fields;
mod frame;
mod heading;
mod json;
mod lines;
mod markup;
mod text;
mod xml;
mod yaml;

use super::{Broken, Format, Plan, Reading};
use crate::data::json::Json;
use json::Held;
use lines::Line;

/// Texts within texts (a message in a log in JSON) are read to this depth.
const WITHIN: usize = 3;

/// Documents in JSON that never end are looked into so often: each costs the rest of the text.
const UNENDED: usize = 16;

/// Reads every plan in a text.
///
/// # Errors
/// There is no plan in it, not even the beginning of one.
pub fn read(text: &str) -> Result<Reading, Broken> {
    let mut reader = Reader { within: WITHIN, ..Reader::default() };
    reader.read(text);
    if reader.plans.is_empty() {
        let none = || Broken { line: 1, column: 1, message: no_plan(text).into() };
        return Err(reader.broken.unwrap_or_else(none));
    }
    Ok(Reading { format: reader.format.unwrap_or_default(), plans: reader.plans, broken: reader.broken })
}

fn no_plan(text: &str) -> &'static str {
    if text.trim().is_empty() {
        "there is nothing to read"
    } else if text.contains("Utility statements have no plan structure") {
        "a utility statement has no plan"
    } else {
        "no plan of EXPLAIN was found in this text"
    }
}

#[derive(Default)]
struct Reader {
    plans: Vec<Plan>,
    format: Option<Format>,
    broken: Option<Broken>,
    within: usize,
    unended: usize,
}

impl Reader {
    fn read(&mut self, source: &str) {
        // A document and nothing else, as FORMAT JSON gives it: nothing to be taken off.
        let document = source.trim();
        if document.starts_with(['{', '['])
            && let Some((json, None)) = Json::salvage(document.to_owned())
            && json.place(0).1 == document.len()
        {
            return self.held(&json, Format::Json);
        }
        let lines = lines::lines(source);
        let mut at = 0;
        // The statement that auto_explain prints before the plan: its first line.
        let mut query = None;
        while at < lines.len() {
            let bare = lines[at].text.trim_start();
            if bare.is_empty() {
                at += 1;
            } else if starts_json(&lines, at) {
                at = self.json(&lines, at);
            } else if bare.contains("<explain") {
                at = self.xml(&lines, at);
            } else if yaml::starts(&lines, at) {
                let (json, next, broken) = yaml::read(&lines, at);
                self.converted(json, Format::Yaml);
                self.broke(broken.map(|(line, message)| Broken { line, column: 1, message }));
                at = next;
            } else if let Some(margin) = text::root(&lines, at) {
                let read = text::read(&lines, at, margin);
                self.broke(read.broken.map(|(line, message)| Broken { line, column: 1, message }));
                if let Some(mut plan) = read.plan {
                    if let Some(first) = query.take() {
                        plan.query = Some(statement(&lines[first..at], &mut plan));
                    }
                    self.found(plan, Format::Text);
                }
                at = read.next.max(at + 1);
            } else {
                if bare.starts_with("Query Text: ") {
                    query = Some(at);
                } else if lines[at].ends || bare.contains("LOG:  ") {
                    query = None;
                }
                at += 1;
            }
        }
    }

    fn found(&mut self, plan: Plan, format: Format) {
        self.format.get_or_insert(format);
        self.plans.push(plan);
    }

    fn broke(&mut self, broken: Option<Broken>) {
        if self.broken.is_none() {
            self.broken = broken;
        }
    }

    /// Reads the document in JSON that begins here; the line after it.
    fn json(&mut self, lines: &[Line<'_>], at: usize) -> usize {
        if self.unended >= UNENDED {
            return at + 1;
        }
        let Some(document) = Document::collect(lines, at) else { return at + 1 };
        self.unended += usize::from(!document.ended);
        let next = document.next;
        let Some((json, error)) = Json::salvage(document.text) else { return at + 1 };
        let before = self.plans.len();
        self.held(&json, Format::Json);
        if self.plans.len() == before {
            // No plan in it: it was something else, and a plan may stand in what it swallowed.
            return if error.is_some() { at + 1 } else { next };
        }
        self.broke(error.map(|error| {
            let line = document.starts.partition_point(|(start, _)| *start <= error.offset).saturating_sub(1);
            let (start, number) = document.starts[line];
            let column = json.text()[start..error.offset.clamp(start, json.text().len())].chars().count() + 1;
            Broken { line: number, column, message: error.message }
        }));
        next
    }

    fn held(&mut self, json: &Json, format: Format) {
        for held in json::plans(json) {
            match held {
                Held::Plan(plan) => self.found(*plan, format),
                Held::Text(text) if self.within > 0 => {
                    self.within -= 1;
                    self.read(&text);
                    self.within += 1;
                }
                Held::Text(_) => {}
            }
        }
    }

    fn xml(&mut self, lines: &[Line<'_>], at: usize) -> usize {
        let mut text = String::new();
        let mut starts = vec![];
        let mut next = at;
        for line in &lines[at..] {
            if line.ends {
                break;
            }
            starts.push((text.len(), line.number));
            let part = line.text.trim_end_matches(['+', '↵', ' ']);
            text.push_str(if next == at { &part[part.find("<explain").unwrap_or(0)..] } else { part });
            next += 1;
            let follows = lines.get(next).map_or("", |line| line.text.trim_start());
            match line.lost {
                Some(lost) if !part.ends_with('>') || !(follows.starts_with('<') || follows.is_empty()) => {
                    text.extend(std::iter::repeat_n(' ', lost));
                }
                _ => text.push('\n'),
            }
            if part.contains("</explain>") {
                break;
            }
        }
        let (json, _, broken) = xml::read(&text);
        let before = self.plans.len();
        self.converted(json, Format::Xml);
        if self.plans.len() > before {
            self.broke(broken.map(|(offset, message)| {
                let line = starts.partition_point(|(start, _)| *start <= offset).saturating_sub(1);
                let (start, number) = starts[line];
                Broken { line: number, column: text[start..offset].chars().count() + 1, message }
            }));
        }
        next.max(at + 1)
    }

    fn converted(&mut self, json: String, format: Format) {
        if let Some((json, _)) = Json::salvage(json) {
            self.held(&json, format);
        }
    }
}

/// The statement auto_explain printed over a plan; its parameters go to the plan.
fn statement(lines: &[Line<'_>], plan: &mut Plan) -> String {
    let mut out = String::new();
    for line in lines {
        let bare = line.text.trim_start();
        if let Some(parameters) = bare.strip_prefix("Query Parameters: ") {
            plan.other.push(("Query Parameters".into(), super::Property::Text(parameters.into())));
            break;
        }
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(
            bare.strip_prefix("Query Text: ").filter(|_| out.is_empty()).unwrap_or(line.text.as_ref()),
        );
    }
    out
}

/// Begins a plan of another format than text here?
fn starts_other(lines: &[Line<'_>], at: usize) -> bool {
    starts_json(lines, at) || lines[at].text.contains("<explain xmlns") || yaml::starts(lines, at)
}

fn starts_json(lines: &[Line<'_>], at: usize) -> bool {
    let bare = lines[at].text.trim_start();
    if !bare.starts_with(['{', '[']) {
        return bare.starts_with("\"[") && bare.contains("\\\"")
            || bare.starts_with("\"{") && bare.contains("\\\"");
    }
    let rest = bare[1..].trim_matches([' ', '\t', '+', '↵']);
    let next = || lines[at + 1..].iter().map(|line| line.text.trim_start()).find(|text| !text.is_empty());
    let follows = if rest.is_empty() { next().unwrap_or_default() } else { rest };
    if bare.starts_with('{') { follows.starts_with('"') } else { follows.starts_with(['{', '"', '[']) }
}

/// A document in JSON out of lines.
struct Document {
    text: String,
    /// Where each line begins in the text, and its number.
    starts: Vec<(usize, usize)>,
    /// The line after it.
    next: usize,
    ended: bool,
}

impl Document {
    /// Takes lines until what the first one opens is closed. A line that a terminal wrapped inside a string is put
    /// together again.
    fn collect(lines: &[Line<'_>], at: usize) -> Option<Self> {
        let mut document = Self { text: String::new(), starts: vec![], next: at, ended: false };
        let (mut depth, mut string, mut escaped) = (0_usize, false, false);
        for line in &lines[at..] {
            if line.ends && document.next > at {
                break;
            }
            document.next += 1;
            document.starts.push((document.text.len(), line.number));
            let mut from = 0;
            let bytes = line.text.as_bytes();
            for (i, byte) in bytes.iter().enumerate() {
                match byte {
                    _ if escaped => escaped = false,
                    b'\\' if string => escaped = true,
                    b'"' => string = !string,
                    0..=31 if string => {
                        document.text.push_str(&line.text[from..i]);
                        document.text.push_str(if *byte == b'\t' { "\\t" } else { " " });
                        from = i + 1;
                    }
                    b'{' | b'[' if !string => depth += 1,
                    b'}' | b']' if !string => depth = depth.saturating_sub(1),
                    _ => {}
                }
                document.ended = depth == 0 && !string && matches!(byte, b'}' | b']' | b'"');
                if document.ended {
                    document.text.push_str(&line.text[from..=i]);
                    return Some(document);
                }
            }
            let rest = &line.text[from..];
            if string {
                document.text.push_str(rest);
                document.text.extend(std::iter::repeat_n(' ', line.lost.unwrap_or(0)));
            } else if line.lost == Some(0) {
                // It fills its frame: a number or a word may go on in the next line.
                document.text.push_str(rest);
            } else {
                document.text.push_str(rest.trim_end_matches(['+', '↵', ' ']));
                document.text.push('\n');
            }
        }
        // The text may have been cut inside its last line.
        document.text.truncate(document.text.len() - usize::from(document.text.ends_with('\n')));
        (!document.text.is_empty()).then_some(document)
    }
}

#[cfg(test)]
mod tests;
