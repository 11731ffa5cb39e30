//! Lines below a node, as the properties they are in the JSON format.

use super::super::super::Property;
use super::super::fields::typed;

/// Properties that are lists.
const LISTS: [&str; 8] = [
    "Output",
    "Sort Key",
    "Presorted Key",
    "Group Key",
    "Hash Key",
    "Conflict Arbiter Indexes",
    "Params Evaluated",
    "Sampling Parameters",
];

fn text(text: &str) -> Property {
    Property::Text(text.into())
}

/// The number at the start of `123kB`.
pub(super) fn number(value: &str) -> Option<f64> {
    let value = value.trim();
    let end = value.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-')).unwrap_or(value.len());
    value[..end].parse().ok()
}

fn figure(value: &str) -> Property {
    number(value).map_or_else(|| text(value), Property::Number)
}

/// Says what a line says: each property under its name in the JSON format.
pub(super) fn each(key: &str, value: &str, node_type: &str, to: &mut dyn FnMut(&str, Property)) {
    match key {
        "Buffers" => counters(value, "Blocks", to),
        "I/O Timings" => counters(value, "Time", to),
        "WAL" => {
            for (name, value) in pairs(value) {
                let name = match name {
                    "records" => "WAL Records",
                    "fpi" => "WAL FPI",
                    "bytes" => "WAL Bytes",
                    "full" => "WAL Buffers Full",
                    _ => continue,
                };
                to(name, figure(value));
            }
        }
        "Sort Method" => sort(value, to),
        "Full-sort Groups" | "Pre-sorted Groups" | "Presorted Groups" => groups(key, value, to),
        "Buckets" | "Batches" | "Planned Partitions" | "Hits" | "Storage" | "Estimates" => {
            together(key, value, node_type, to);
        }
        "Heap Blocks" => {
            for (name, value) in pairs(value) {
                to(if name == "exact" { "Exact Heap Blocks" } else { "Lossy Heap Blocks" }, figure(value));
            }
        }
        "Tuples" => {
            for (name, value) in pairs(value) {
                let (first, rest) = name.split_at(name.len().min(1));
                to(&format!("Tuples {}{rest}", first.to_uppercase()), figure(value));
            }
        }
        "Sampling" => {
            let (method, rest) = value.split_once(" (").unwrap_or((value, ""));
            let (parameters, seed) = rest.split_once(" REPEATABLE (").unwrap_or((rest, ""));
            to("Sampling Method", text(method));
            to(
                "Sampling Parameters",
                Property::List(list(parameters.strip_suffix(')').unwrap_or(parameters))),
            );
            if !seed.is_empty() {
                to("Repeatable Seed", text(seed.strip_suffix(')').unwrap_or(seed)));
            }
        }
        _ if LISTS.contains(&key) => to(key, Property::List(list(value))),
        _ => to(key, typed(key, value)),
    }
}

/// `a=1 b=2`
fn pairs(value: &str) -> impl Iterator<Item = (&str, &str)> {
    value.split([' ', ',']).filter_map(|part| part.split_once('='))
}

/// `shared hit=1 read=2, temp read=3`: `Shared Hit Blocks`, `Shared I/O Read Time` …
fn counters(value: &str, what: &str, to: &mut dyn FnMut(&str, Property)) {
    let mut of = "";
    for part in value.split([' ', ',']) {
        let Some((verb, value)) = part.split_once('=') else {
            of = if part.is_empty() { of } else { part };
            continue;
        };
        let verb = match verb {
            "hit" => "Hit",
            "read" => "Read",
            "dirtied" => "Dirtied",
            "written" => "Written",
            "write" => "Write",
            _ => continue,
        };
        let of = match of {
            "local" => "Local ",
            "temp" => "Temp ",
            // Shared and local times were one until 16.
            "shared/local" | "" if what == "Time" => "",
            _ => "Shared ",
        };
        let name = if what == "Time" { format!("{of}I/O {verb} Time") } else { format!("{of}{verb} Blocks") };
        to(&name, figure(value));
    }
}

/// `external merge  Disk: 123kB`
fn sort(value: &str, to: &mut dyn FnMut(&str, Property)) {
    for part in value.trim().split("  ").filter(|part| !part.is_empty()) {
        match part.split_once(':') {
            Some((kind, used)) => {
                to("Sort Space Used", figure(used.trim()));
                to("Sort Space Type", text(kind));
            }
            None => to("Sort Method", text(part)),
        }
    }
}

/// `Full-sort Groups: 1  Sort Method: quicksort  Average Memory: 27kB  Peak Memory: 27kB`
fn groups(key: &str, value: &str, to: &mut dyn FnMut(&str, Property)) {
    let mut name = if key == "Full-sort Groups" { key } else { "Pre-sorted Groups" };
    let mut group: Vec<(String, Property)> = vec![("Group Count".into(), figure(value))];
    let mut average = None;
    for part in value.split("  ").skip(1) {
        let Some((key, value)) = part.split_once(':') else { continue };
        let value = value.trim();
        match key.trim() {
            "Sort Method" | "Sort Methods" => {
                group.push(("Sort Methods Used".into(), Property::List(list(value))))
            }
            // 13 put both on one line.
            key @ ("Pre-sorted Groups" | "Presorted Groups" | "Full-sort Groups") => {
                to(name, Property::Group(std::mem::take(&mut group)));
                name = if key == "Full-sort Groups" { key } else { "Pre-sorted Groups" };
                group.push(("Group Count".into(), figure(value)));
            }
            key => match key.split_once(' ') {
                Some(("Average", _)) => average = Some(figure(value)),
                Some(("Peak", space)) => {
                    let mut used = vec![];
                    if let Some(average) = average.take() {
                        used.push(("Average Sort Space Used".into(), average));
                    }
                    used.push(("Peak Sort Space Used".into(), figure(value)));
                    group.push((format!("Sort Space {space}"), Property::Group(used)));
                }
                _ => {}
            },
        }
    }
    to(name, Property::Group(group));
}

/// Several properties on a line, two spaces between them.
fn together(key: &str, value: &str, node_type: &str, to: &mut dyn FnMut(&str, Property)) {
    let mut key = key;
    for part in value.split("  ").filter(|part| !part.trim().is_empty()) {
        let value = match part.split_once(':') {
            Some((next, value)) => {
                key = next.trim();
                value.trim()
            }
            None => part.trim(),
        };
        let name = match (key, node_type) {
            ("Buckets", _) => "Hash Buckets",
            ("Batches", "Aggregate") => "HashAgg Batches",
            ("Batches", _) => "Hash Batches",
            ("Memory Usage", _) => "Peak Memory Usage",
            ("Hits", _) => "Cache Hits",
            ("Misses", _) => "Cache Misses",
            ("Evictions", _) => "Cache Evictions",
            ("Overflows", _) => "Cache Overflows",
            (other, _) => other,
        };
        to(name, figure(value));
        let original = match name {
            "Hash Buckets" => "Original Hash Buckets",
            "Hash Batches" => "Original Hash Batches",
            _ => continue,
        };
        let first = value.split_once("(originally ").map_or(value, |(_, first)| first);
        to(original, figure(first));
    }
}

/// A list, parted at the commas that stand in no parentheses and no quotes.
pub(super) fn list(value: &str) -> Vec<String> {
    let mut parts = vec![];
    let (mut depth, mut quote, mut start) = (0_usize, None, 0);
    for (at, c) in value.char_indices() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                parts.push(value[start..at].trim().to_owned());
                start = at + 1;
            }
            _ => {}
        }
    }
    let last = value[start..].trim();
    if !last.is_empty() {
        parts.push(last.into());
    }
    parts
}
