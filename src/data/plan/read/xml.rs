//! Plans as XML, brought into the form of JSON.
//!
//! No library, for the reasons given for YAML: EXPLAIN prints elements and text alone, and a broken document is to be
//! read as far as it goes.

use super::super::Property;
use super::fields::typed;
use crate::data::json::quoted;

/// Elements that hold others of one kind; in JSON they are lists.
const LISTS: [&str; 8] = [
    "Plans",
    "Workers",
    "Triggers",
    "Target-Tables",
    "Grouping-Sets",
    "Group-Keys",
    "Hash-Keys",
    "Sort-Methods-Used",
];

/// What an open element is in JSON.
#[derive(Clone, Copy, PartialEq)]
enum Shape {
    Map,
    List,
    Text,
}

struct Open<'a> {
    name: &'a str,
    shape: Shape,
    filled: bool,
    /// Where it begins in what was written.
    start: usize,
    /// Groups of an incremental sort, or spaces of such a group, inside it so far.
    groups: usize,
}

/// The document that begins at `<explain` as JSON, where it ends, and where and why it could not be read on.
pub(super) fn read(text: &str) -> (String, usize, Option<(usize, String)>) {
    let mut out = String::new();
    let mut open: Vec<Open<'_>> = vec![];
    let mut at = 0;
    loop {
        let Some(start) = text[at..].find('<').map(|n| at + n) else {
            return (
                out,
                text.len(),
                Some((text.len(), "the document ends before its last element is closed".into())),
            );
        };
        if let Some(element) = open.last_mut().filter(|element| element.shape == Shape::Text) {
            // Only once: an element inside text is an error below.
            let value = unescape(&text[at..start]);
            element.filled = true;
            let name = name(element.name);
            let settings = open.iter().rev().nth(1).is_some_and(|parent| parent.name == "Settings");
            match typed(&name, value.trim()) {
                // As it stands, with all its digits.
                Property::Number(_) if !settings => out.push_str(value.trim()),
                Property::Bool(yes) if !settings => out.push_str(if yes { "true" } else { "false" }),
                _ => out.push_str(&quoted(&value)),
            }
        }
        let Some(end) = text[start..].find('>').map(|n| start + n) else {
            return (out, text.len(), Some((start, "this element is not closed".into())));
        };
        let tag = &text[start + 1..end];
        at = end + 1;
        if tag.starts_with(['?', '!']) {
            continue;
        }
        if let Some(closed) = tag.strip_prefix('/') {
            let Some(element) = open.pop().filter(|element| element.name == closed.trim()) else {
                return (out, at, Some((start, format!("`</{closed}>` closes nothing that is open"))));
            };
            match element.shape {
                Shape::Map => out.push('}'),
                Shape::List => out.push(']'),
                Shape::Text => {}
            }
            if open.is_empty() {
                return (out, at, None);
            }
            continue;
        }
        let empty = tag.ends_with('/');
        let element = tag.split([' ', '/', '\n', '\t']).next().unwrap_or_default();
        match open.last_mut() {
            Some(parent) if parent.shape == Shape::Text => {
                return (out, at, Some((start, format!("`<{element}>` stands inside a text"))));
            }
            Some(parent) => {
                if std::mem::replace(&mut parent.filled, true) {
                    out.push(',');
                }
                if parent.shape == Shape::Map {
                    out.push_str(&quoted(&label(element, parent, &out)));
                    out.push(':');
                }
            }
            None => {}
        }
        let shape = if empty { Shape::List } else { shape(element, &text[at..]) };
        match shape {
            Shape::Map => out.push('{'),
            Shape::List => out.push('['),
            Shape::Text => {}
        }
        if empty {
            out.push(']');
        } else {
            open.push(Open { name: element, shape, filled: false, start: out.len(), groups: 0 });
        }
    }
}

/// What an element is, by its name and by what follows its beginning.
fn shape(element: &str, rest: &str) -> Shape {
    let inside = rest.trim_start();
    let child = inside.strip_prefix('<').unwrap_or_default();
    let is_list = LISTS.contains(&element) || element == "explain" && child.starts_with("Query>");
    if is_list || child.starts_with("Item>") {
        Shape::List
    } else if !inside.starts_with('<') {
        Shape::Text
    } else if child.starts_with('/') {
        // Nothing, or an empty list, which EXPLAIN closes on the next line.
        if rest.starts_with('<') { Shape::Text } else { Shape::List }
    } else {
        Shape::Map
    }
}

/// The name of an element in JSON. Those of an incremental sort are told by their order: XML prints the type of a group
/// where the other formats print its name.
fn label(element: &str, parent: &mut Open<'_>, out: &str) -> String {
    let first = parent.groups == 0;
    let label = match element {
        "Incremental-Sort-Groups" => {
            if first {
                "Full-sort Groups"
            } else {
                "Pre-sorted Groups"
            }
        }
        "Sort-Space" => {
            let methods = &out[parent.start..];
            let in_memory = methods.contains("quicksort\"") || methods.contains("heapsort\"");
            if first && in_memory { "Sort Space Memory" } else { "Sort Space Disk" }
        }
        _ => return name(element),
    };
    parent.groups += 1;
    label.into()
}

/// The name of an element in JSON, where it may have any character.
fn name(element: &str) -> String {
    let name = element.replace('-', " ").replace("I O ", "I/O ");
    for (xml, json) in
        [("Full sort ", "Full-sort "), ("Pre sorted ", "Pre-sorted "), ("One Time ", "One-Time ")]
    {
        if let Some(rest) = name.strip_prefix(xml) {
            return format!("{json}{rest}");
        }
    }
    name
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        // The longest one is `&#1114111;`.
        let end = rest.bytes().take(10).position(|byte| byte == b';');
        let entity = end.map_or("", |end| &rest[..end]);
        let code = entity.strip_prefix("#x").and_then(|hex| u32::from_str_radix(hex, 16).ok());
        let code = code.or_else(|| entity.strip_prefix('#').and_then(|digits| digits.parse().ok()));
        let c = match entity {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => code.and_then(char::from_u32),
        };
        match c {
            Some(c) => {
                out.push(c);
                rest = &rest[entity.len() + 1..];
            }
            None => out.push('&'),
        }
    }
    out.push_str(rest);
    out
}
