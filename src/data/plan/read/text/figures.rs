//! The figures at the end of a node's line: `(cost=…) (actual time=…)`.

use super::super::super::Property;
use super::super::fields::Draft;

/// The words of a node's line and the groups of figures behind them.
pub(super) fn split(line: &str) -> Option<(&str, Vec<&str>)> {
    let mut groups = vec![];
    let mut rest = line.trim_end();
    // The groups hold no parentheses, so the last one opens the last group.
    while let Some(inner) = rest.strip_suffix(')') {
        let Some(at) = inner.rfind('(') else { break };
        let group = &inner[at + 1..];
        if !is_group(group) {
            break;
        }
        groups.push(group);
        rest = inner[..at].trim_end();
    }
    groups.reverse();
    (!groups.is_empty()).then_some((rest, groups))
}

fn is_group(group: &str) -> bool {
    // Whether each is a number is seen when it is taken: this is asked several times for a line.
    let is_value = |value: &str| {
        value.starts_with(|c: char| c.is_ascii_digit() || c == '-')
            && value.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E'))
    };
    let figures =
        |group: &str| group.split(' ').all(|part| part.split_once('=').is_some_and(|(_, v)| is_value(v)));
    match group {
        "never executed" => true,
        _ => match group.strip_prefix("actual ") {
            Some(rest) => figures(rest),
            None => group.starts_with("cost=") && figures(group),
        },
    }
}

/// `rows=1`, `time=0.1..0.2`.
fn pair(part: &str) -> Option<(&str, f64, Option<f64>)> {
    let (name, value) = part.split_once('=')?;
    let (first, second) = value.split_once("..").map_or((value, None), |(a, b)| (a, Some(b)));
    let number = |text: &str| text.parse().ok().filter(|n: &f64| n.is_finite());
    Some((name, number(first)?, second.map(number).unwrap_or(None)))
}

/// Gives the figures to the node, under their names in JSON.
pub(super) fn put(group: &str, mut to: impl FnMut(&'static str, Property)) {
    if group == "never executed" {
        to("Actual Loops", Property::Number(0.0));
        return;
    }
    let (actual, rest) = group.strip_prefix("actual ").map_or((false, group), |rest| (true, rest));
    for (name, first, second) in rest.split(' ').filter_map(pair) {
        let names = match (actual, name) {
            (true, "time") => ["Actual Startup Time", "Actual Total Time"],
            (true, "rows") => ["Actual Rows", ""],
            (true, "loops") => ["Actual Loops", ""],
            (false, "cost") => ["Startup Cost", "Total Cost"],
            (false, "rows") => ["Plan Rows", ""],
            (false, "width") => ["Plan Width", ""],
            _ => continue,
        };
        to(names[0], Property::Number(first));
        if let Some(second) = second {
            to(names[1], Property::Number(second));
        }
    }
}

/// The same for a node.
pub(super) fn put_all(groups: &[&str], draft: &mut Draft) {
    for group in groups {
        put(group, |name, property| draft.put(name, property));
    }
}
