//! Plans as text, line by line.
//!
//! A line of EXPLAIN may be several of the source (wrapped by a terminal, a literal that holds line breaks) and none of
//! it can be told by its words alone: a literal may hold whatever a plan is made of. So lines are put together first
//! (`Lines`), then each says what it is by how it begins, and what it hangs on by its indentation.

mod figures;
mod join;
mod property;
mod tree;

use super::heading;
use super::lines::Line;
use tree::Tree;

/// What reading a plan gave.
pub(super) struct Read {
    /// The plan; none when its lines held no node.
    pub plan: Option<super::super::Plan>,
    /// The line after it.
    pub next: usize,
    /// The line that breaks off, and what it is.
    pub broken: Option<(usize, String)>,
}

/// What a line of a plan is, by how it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `->  Seq Scan on x  (cost=…)`
    Arrow,
    /// A node without an arrow.
    Root,
    /// `InitPlan 1`, `SubPlan 2`, `CTE x`
    Heading,
    /// `Update on part_1` below a ModifyTable.
    Target,
    /// `Filter: …`
    Property,
    /// The rest of the line before, or nothing of a plan.
    Other,
}

/// Does a line end with the figures of a node?
pub(super) fn has_figures(line: &str) -> bool {
    figures::split(line).is_some()
}

/// Begins a plan here? Then what stands before the root's words.
pub(super) fn root<'a>(lines: &'a [Line<'_>], at: usize) -> Option<&'a str> {
    let text = lines[at].text.as_ref();
    let bare = text.trim_start();
    if bare.starts_with(['{', '[', '<']) {
        return None;
    }
    if bare.starts_with("->") {
        // A part of a plan.
        return has_figures(bare).then_some(&text[..text.len() - bare.len()]);
    }
    if let Some((words, _)) = figures::split(text) {
        // `db=# Seq Scan on x  (cost=…)`, `> Seq Scan …`, `web_1  | Seq Scan …`
        let starts = words.char_indices().filter(|(at, c)| {
            c.is_ascii_uppercase()
                && !words[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '"')
        });
        let start = starts.map(|(at, _)| at).take(16).find(|at| heading::is_known(&words[*at..]));
        return Some(start.map_or(&text[..text.len() - bare.len()], |at| &text[..at]));
    }
    if !bare.starts_with(|c: char| c.is_ascii_uppercase()) {
        return None;
    }
    let margin = &text[..text.len() - bare.len()];
    let next = lines.get(at + 1..).unwrap_or_default().iter().find(|line| !line.text.is_empty());
    // Broken off or wrapped inside the figures.
    let head = bare.split("  (cost=").next().unwrap_or(bare).split(" (actual ").next().unwrap_or(bare);
    if head.len() < bare.len() {
        return heading::is_known(head).then_some(margin);
    }
    if key(bare).is_some() {
        return None;
    }
    if bare.len() > 20 && bare.len() < 400 && next.is_some_and(|next| next.text.len() < 400) {
        let joined = format!("{bare}{}", next.map_or("", |next| &next.text));
        let words = figures::split(&joined).map(|(words, _)| words);
        if words.is_some_and(|words| heading::is_known(words) && !words.contains("->")) {
            return Some(margin);
        }
    }
    // COSTS OFF: a name alone, so what follows must be of a plan, or nothing.
    let follows = next.is_none_or(|next| {
        let next_bare = next.text.trim_start();
        next.ends
            || next_bare.starts_with("->")
            || key(next_bare).is_some()
            || subplan(next_bare).is_some()
            || is_target(next_bare)
    });
    (follows && heading::is_known(bare)).then_some(margin)
}

/// Reads the plan whose root stands at this line behind a margin.
pub(super) fn read(lines: &[Line<'_>], at: usize, margin: &str) -> Read {
    let mut tree = Tree::default();
    let mut join = join::Join::new(lines, at, margin);
    while let Some(line) = join.next(&tree) {
        tree.put(&line);
    }
    let (next, cut) = (join.at(), join.at_end());
    let (plan, broken) = tree.finish(cut);
    Read { plan, next, broken }
}

/// One of the tables that a node changes.
pub(super) fn is_target(text: &str) -> bool {
    let text = text.strip_prefix("Foreign ").unwrap_or(text);
    ["Insert on ", "Update on ", "Delete on ", "Merge on "].iter().any(|word| text.starts_with(word))
}

/// The name of a property and its value.
pub(super) fn key(text: &str) -> Option<(&str, &str)> {
    let plain = |key: &str| {
        key.len() <= 64
            && key.starts_with(|c: char| c.is_ascii_uppercase())
            && key.chars().all(|c| c.is_alphanumeric() || " _-/.".contains(c))
    };
    // A trigger's name may hold anything; its figures are at the end.
    if text.starts_with("Trigger ")
        && let Some((key, value)) = text.rsplit_once(": ")
        && (value.starts_with("time=") || value.starts_with("calls="))
    {
        return Some((key, value));
    }
    let at = text.find(':')?;
    let value = &text[at + 1..];
    let ends = value.is_empty() || value.starts_with(' ');
    (ends && plain(&text[..at])).then(|| (&text[..at], value.trim_start_matches(' ')))
}

/// The name of a subplan that a line heads.
pub(super) fn subplan(text: &str) -> Option<&str> {
    if let Some(name) = text.strip_prefix("CTE ") {
        let scan = name.starts_with("Scan on ") && has_figures(text);
        return (!scan && !name.is_empty()).then_some(text);
    }
    let rest = text.strip_prefix("InitPlan").or_else(|| text.strip_prefix("SubPlan"))?;
    let name = rest.split(" (returns ").next().unwrap_or(rest);
    let is_name = name.is_empty()
        || name
            .strip_prefix(' ')
            .is_some_and(|n| !n.is_empty() && n.chars().all(|c| c.is_alphanumeric() || c == '_'));
    (is_name && (name.len() == rest.len() || rest.ends_with(')'))).then_some(text)
}
