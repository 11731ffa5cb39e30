//! The words a node is headed with in text format, composed of and taken apart into what the other formats say.

use super::super::{Node, Property};
use super::fields::Draft;

/// Composes the heading from the node's type and properties, as EXPLAIN does for text.
pub(super) fn compose(node: &Node) -> String {
    let mut name = match node.node_type.as_str() {
        "Aggregate" => match node.text("Strategy") {
            Some("Sorted") => "GroupAggregate",
            Some("Hashed") => "HashAggregate",
            Some("Mixed") => "MixedAggregate",
            _ => "Aggregate",
        },
        "SetOp" if node.text("Strategy") == Some("Hashed") => "HashSetOp",
        "ModifyTable" => node.text("Operation").unwrap_or("ModifyTable"),
        other => other,
    }
    .to_owned();
    match node.node_type.as_str() {
        "Nested Loop" | "Hash Join" | "Merge Join" => {
            if let Some(join) = node.text("Join Type").filter(|join| *join != "Inner") {
                name = format!("{} {join} Join", name.trim_end_matches(" Join"));
            }
        }
        "Aggregate" => {
            if let Some(mode) = node.text("Partial Mode").filter(|mode| *mode != "Simple") {
                name = format!("{mode} {name}");
            }
        }
        "SetOp" => {
            if let Some(command) = node.text("Command") {
                name = format!("{name} {command}");
            }
        }
        "Foreign Scan" => {
            if let Some(operation) = node.text("Operation").filter(|operation| *operation != "Select") {
                name = format!("Foreign {operation}");
            }
        }
        "Custom Scan" => {
            if let Some(provider) = node.text("Custom Plan Provider") {
                name = format!("Custom Scan ({provider})");
            }
        }
        _ => {}
    }
    if node.text("Scan Direction") == Some("Backward") {
        name.push_str(" Backward");
    }
    if node.property("Async Capable") == Some(&Property::Bool(true)) {
        name.insert_str(0, "Async ");
    }
    if node.parallel_aware {
        name.insert_str(0, "Parallel ");
    }
    name
}

/// Node types that are headed by their name alone; longer ones before their beginnings.
const TYPES: [&str; 38] = [
    "Result",
    "ProjectSet",
    "ModifyTable",
    "Append",
    "Merge Append",
    "Recursive Union",
    "BitmapAnd",
    "BitmapOr",
    "Seq Scan",
    "Sample Scan",
    "Gather Merge",
    "Gather",
    "Index Scan",
    "Index Only Scan",
    "Bitmap Index Scan",
    "Bitmap Heap Scan",
    "Tid Scan",
    "Tid Range Scan",
    "Subquery Scan",
    "Function Scan",
    "Table Function Scan",
    "Values Scan",
    "CTE Scan",
    "Named Tuplestore Scan",
    "WorkTable Scan",
    "Foreign Scan",
    "Custom Scan",
    "Materialize",
    "Memoize",
    "Sort",
    "Incremental Sort",
    "Group",
    "WindowAgg",
    "Unique",
    "LockRows",
    "Limit",
    "Hash",
    "Result Cache",
];

const JOINS: [&str; 8] = ["Left", "Right", "Full", "Semi", "Anti", "Right Semi", "Right Anti", "Unique"];

fn text(text: &str) -> Property {
    Property::Text(text.into())
}

/// What follows a word, when the word ends there.
fn after<'a>(from: &'a str, word: &str) -> Option<&'a str> {
    // Most words are told apart by their first letter.
    if from.as_bytes().first() != word.as_bytes().first() {
        return None;
    }
    from.strip_prefix(word).filter(|rest| rest.is_empty() || rest.starts_with(' '))
}

/// Does a text begin with the words that head a node?
pub(super) fn is_known(heading: &str) -> bool {
    decompose(heading, &mut Draft::default())
}

/// Takes a heading apart; false: no node of PostgreSQL is headed so, and its words are taken for its type.
pub(super) fn decompose(heading: &str, draft: &mut Draft) -> bool {
    let mut rest = heading.trim();
    if let Some(more) = rest.strip_prefix("Parallel ") {
        draft.node.parallel_aware = true;
        rest = more;
    }
    if let Some(more) = rest.strip_prefix("Async ") {
        draft.put("Async Capable", Property::Bool(true));
        rest = more;
    }
    let tail = kind(rest, draft).map(str::trim_start);
    // `Gather Motion 3:1` is no Gather.
    let tail = tail.filter(|tail| {
        tail.is_empty()
            || ["on ", "using ", "Backward"].iter().any(|w| tail.starts_with(w))
            || draft.node.node_type == "Subquery Scan"
    });
    let Some(tail) = tail else {
        draft.node.parallel_aware = false;
        draft.node.properties.clear();
        let words = heading.trim().split(" on ").next().unwrap_or_default();
        draft.node.node_type = words.into();
        draft.node.heading = words.into();
        return false;
    };
    let node_type = draft.node.node_type.clone();
    let known = target(tail, &node_type, draft);
    draft.node.heading = compose(&draft.node);
    known
}

/// The words before the relation.
fn kind<'a>(rest: &'a str, draft: &mut Draft) -> Option<&'a str> {
    let mut set = |node_type: &str, properties: &[(&str, &str)]| {
        draft.node.node_type = node_type.into();
        for (name, value) in properties {
            draft.put(name, text(value));
        }
    };
    let partial =
        ["Partial", "Finalize"].into_iter().find_map(|mode| Some((mode, after(rest, mode)?.trim_start())));
    let (mode, inner) = partial.unwrap_or(("Simple", rest));
    for (words, strategy) in [
        ("Aggregate", "Plain"),
        ("GroupAggregate", "Sorted"),
        ("HashAggregate", "Hashed"),
        ("MixedAggregate", "Mixed"),
    ] {
        if let Some(tail) = after(inner, words) {
            set("Aggregate", &[("Strategy", strategy), ("Partial Mode", mode)]);
            return Some(tail);
        }
    }
    for (words, node_type) in [("Nested Loop", "Nested Loop"), ("Hash", "Hash Join"), ("Merge", "Merge Join")]
    {
        let Some(tail) = after(rest, words) else { continue };
        let plain = if node_type == "Nested Loop" { Some(tail) } else { after(tail.trim_start(), "Join") };
        for join in JOINS {
            let tail = after(tail.trim_start(), join).and_then(|tail| after(tail.trim_start(), "Join"));
            if let Some(tail) = tail {
                set(node_type, &[("Join Type", join)]);
                return Some(tail);
            }
        }
        if let Some(tail) = plain {
            set(node_type, &[("Join Type", "Inner")]);
            return Some(tail);
        }
    }
    for (words, strategy) in [("SetOp", "Sorted"), ("HashSetOp", "Hashed")] {
        if let Some(tail) = after(rest, words) {
            let tail = tail.trim_start();
            for command in ["Intersect All", "Intersect", "Except All", "Except"] {
                if let Some(tail) = after(tail, command) {
                    set("SetOp", &[("Strategy", strategy), ("Command", command)]);
                    return Some(tail);
                }
            }
            set("SetOp", &[("Strategy", strategy)]);
            return Some(tail);
        }
    }
    for operation in ["Insert", "Update", "Delete", "Merge"] {
        if let Some(tail) = after(rest, operation).filter(|tail| tail.is_empty() || tail.starts_with(" on "))
        {
            set("ModifyTable", &[("Operation", operation)]);
            return Some(tail);
        }
        if let Some(tail) = rest.strip_prefix("Foreign ").and_then(|rest| after(rest, operation)) {
            set("Foreign Scan", &[("Operation", operation)]);
            return Some(tail);
        }
    }
    if let Some((provider, tail)) = rest.strip_prefix("Custom Scan (").and_then(|rest| rest.split_once(')')) {
        set("Custom Scan", &[("Custom Plan Provider", provider)]);
        return Some(tail);
    }
    let node_type = TYPES.into_iter().filter(|t| after(rest, t).is_some()).max_by_key(|t| t.len())?;
    // `Result Cache` was what 14's betas called Memoize.
    set(if node_type == "Result Cache" { "Memoize" } else { node_type }, &[]);
    after(rest, node_type)
}

/// `Backward using index on schema.relation alias`; false: it is something else.
fn target(mut rest: &str, node_type: &str, draft: &mut Draft) -> bool {
    if matches!(node_type, "Index Scan" | "Index Only Scan") {
        let backward = after(rest, "Backward");
        draft.put("Scan Direction", text(if backward.is_some() { "Backward" } else { "Forward" }));
        rest = backward.unwrap_or(rest).trim_start();
    }
    if let Some(more) = rest.strip_prefix("using ") {
        let (index, more) = identifier(more);
        draft.node.index = Some(index);
        rest = more.trim_start();
    }
    if rest.is_empty() {
        return true;
    }
    // Before 9.1 there was no `on` before the alias of a subquery.
    let on = rest.strip_prefix("on ").or((node_type == "Subquery Scan").then_some(rest));
    let Some(on) = on else { return false };
    let (mut name, mut more) = identifier(on);
    if node_type == "Bitmap Index Scan" {
        draft.node.index = Some(name);
        return more.trim().is_empty();
    }
    if let Some(inner) = more.strip_prefix('.') {
        draft.node.schema = Some(name);
        (name, more) = identifier(inner);
    }
    let alias = Some(identifier(more.trim_start()).0).filter(|alias| !alias.is_empty());
    let known = identifier(more.trim_start()).1.trim().is_empty();
    draft.node.alias = Some(alias.unwrap_or_else(|| name.clone()));
    match node_type {
        "Subquery Scan" | "Values Scan" | "Result" => draft.node.alias = Some(name),
        "CTE Scan" | "WorkTable Scan" => draft.node.cte = Some(name),
        "Function Scan" => draft.put("Function Name", Property::Text(name)),
        "Table Function Scan" => draft.put("Table Function Name", Property::Text(name)),
        "Named Tuplestore Scan" => draft.put("Tuplestore Name", Property::Text(name)),
        _ => draft.node.relation = Some(name),
    }
    known
}

/// An identifier at the start of a text, without its quotes, and what follows it.
pub(super) fn identifier(from: &str) -> (String, &str) {
    let Some(mut rest) = from.strip_prefix('"') else {
        let end = from.find([' ', '.']).unwrap_or(from.len());
        return (from[..end].into(), &from[end..]);
    };
    let mut name = String::new();
    while let Some(at) = rest.find('"') {
        name.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        match rest.strip_prefix('"') {
            Some(more) => {
                name.push('"');
                rest = more;
            }
            None => return (name, rest),
        }
    }
    name.push_str(rest);
    (name, "")
}
