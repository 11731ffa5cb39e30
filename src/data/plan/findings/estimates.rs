//! Where the planner's expectation went wrong first.

use super::Draft;
use super::case::{Case, count};
use super::condition::{self, Condition, Kind, Own};
use super::drafts::Drafts;
use super::names;
use crate::data::plan::figures::Direction;
use crate::data::plan::{Node, Property, Relationship};
use crate::text::units;

/// From ten times on (depesz, pgAdmin, pev2, pgexplain; then 100 and 1,000) …
const FACTOR: f64 = 10.0;
/// … where one of the numbers is a hundred (pgexplain): 1 expected and 12 come is no reason for a bad plan.
const ROWS: f64 = 100.0;

/// The deepest nodes whose number of rows was not foreseen; what stands above them only inherits the mistake.
pub(super) fn misestimate(case: &Case, out: &mut Drafts) {
    let mut below: Vec<bool> = (0..case.plan.nodes.len()).map(|at| factor(case, at).is_some()).collect();
    let mut bad = below.clone();
    for (at, bad) in bad.iter_mut().enumerate().filter(|(_, bad)| **bad) {
        *bad = !passes_on(case, at) && !left_out(case, at);
    }
    for at in (0..below.len()).rev() {
        if below[at]
            && let Some(parent) = case.node(at).parent
            && case.node(at).relationship.is_input()
        {
            below[parent] = true;
        }
    }
    for (at, _) in bad.iter().enumerate().filter(|(_, bad)| **bad) {
        if case.shape.inputs(case.plan, at).any(|input| below[input]) {
            continue;
        }
        let Some((factor, planned, came)) = factor(case, at) else { continue };
        // What was chosen because of it: the work of this node and of the one above.
        let above = case.node(at).parent.map_or(0.0, |parent| case.own(parent));
        let saves = case.timed(case.own(at) + above);
        if !out.wants(at, saves) {
            continue;
        }
        let reason = format!(
            "{} was expected to give {} and gave {}: {factor:.0} times {} (from {FACTOR:.0} times and {ROWS:.0} rows on)",
            case.label(at),
            units::counted(planned.round() as u64, "row", "rows"),
            count(came),
            if came > planned { "more" } else { "fewer" }
        );
        let (next, sql) = mend(case, at);
        out.push(Draft::of(at, reason, next, saves).with_sql(sql));
    }
}

/// Does it give what it gets? Then the mistake is another node's, also where that is not in the plan.
fn passes_on(case: &Case, at: usize) -> bool {
    const PASS: [&str; 8] =
        ["Hash", "Sort", "Incremental Sort", "Materialize", "Memoize", "LockRows", "Gather", "Gather Merge"];
    PASS.contains(&&*case.node(at).node_type)
}

/// Was a part of it left out while it ran? The estimate could not know that: partitions pruned by a value that came
/// late, a condition that turned out to hold for no row.
fn left_out(case: &Case, at: usize) -> bool {
    let node = case.node(at);
    match &*node.node_type {
        "Append" | "Merge Append" => {
            case.sum(at, "Subplans Removed") > 0.0
                || case.shape.inputs(case.plan, at).any(|input| case.node(input).never_executed)
        }
        "Result" => node.text("One-Time Filter").is_some() && case.rows(at) == 0.0,
        _ => false,
    }
}

/// Factor, expected and real rows over all loops and processes.
fn factor(case: &Case, at: usize) -> Option<(f64, f64, f64)> {
    let estimate = case.figures(at).misestimate.filter(|estimate| estimate.comparable)?;
    let node = case.node(at);
    let (expected, actual) = (node.estimate?, node.actual?);
    // A node in several processes was expected to give its share of the rows; the leader counts for less than one.
    let processes = case.figures(at).processes;
    let (divisor, scale) = match (partial(case, at), actual.loops / processes.max(1.0)) {
        // Also where some of them never came to it, the rows are those of all.
        (true, scale) => (divisor(processes), scale.max(1.0)),
        (false, scale) => (processes, scale),
    };
    let (planned, came) = (expected.rows.max(1.0) * divisor * scale, (actual.rows * actual.loops).max(1.0));
    let factor = planned.max(came) / planned.min(came);
    if factor < FACTOR || planned.max(came) < ROWS {
        return None;
    }
    let per_loop = expected.rows.max(actual.rows);
    // Fewer rows than expected are no mistake where nobody asked for more; more are none where a merge join came back.
    let excused = match estimate.direction {
        Direction::Over => estimate.stopped_early,
        _ => merge_inner(case, at),
    };
    (!excused && per_loop >= ROWS.min(FACTOR)).then_some((factor, planned, came))
}

/// Does each process give a part of the rows? Below a parallel scan, yes; the inner side of a join may be whole in each.
fn partial(case: &Case, at: usize) -> bool {
    let Some(gather) = case.figures(at).gather else { return false };
    case.node(at).parallel_aware || case.parallel_within(at) || case.node(at).parent == Some(gather)
}

/// By what the server divides the rows: each worker counts one, the leader what the workers leave it.
fn divisor(processes: f64) -> f64 {
    let workers = (processes - 1.0).max(0.0);
    workers + (1.0 - 0.3 * workers).max(0.0)
}

fn merge_inner(case: &Case, at: usize) -> bool {
    case.node(at).relationship == Relationship::Inner
        && case.node(at).parent.is_some_and(|parent| case.node(parent).node_type == "Merge Join")
}

/// What would tell the planner better.
fn mend(case: &Case, at: usize) -> (String, Option<String>) {
    let node = case.node(at);
    let next = match &*node.node_type {
        "Function Scan" => {
            "Tell the planner how many rows the function gives: ALTER FUNCTION … ROWS n; of a built-in one keep the rows in a \
             temporary table and ANALYZE that"
        }
        "Table Function Scan" | "Named Tuplestore Scan" => {
            "The planner cannot foresee these rows: keep them in a temporary table and ANALYZE that"
        }
        "CTE Scan" if !recursive(case, at) => {
            "The planner cannot foresee a materialised WITH query: use NOT MATERIALIZED, or keep its rows in a temporary table \
             and ANALYZE that"
        }
        "CTE Scan" | "WorkTable Scan" | "Recursive Union" => {
            "The planner cannot foresee a recursive WITH query: keep its rows in a temporary table and ANALYZE that"
        }
        "Aggregate" => grouped(node),
        // Its heap scan above names the table.
        "Bitmap Index Scan" => {
            let mut heap = node.parent;
            while let Some(above) = heap.filter(|above| case.node(*above).node_type != "Bitmap Heap Scan") {
                heap = case.node(above).parent;
            }
            return match heap {
                Some(heap) => relation(case, heap, &[at]),
                None => ("ANALYZE the table of this index".into(), None),
            };
        }
        _ if node.relation.is_some() => return relation(case, at, &[at]),
        _ => {
            "ANALYZE the tables below; if it stays, the joined columns depend on each other in a way no statistics tell: join \
             the more selective tables first"
        }
    };
    (next.into(), None)
}

/// Does a CTE Scan read a recursive query?
fn recursive(case: &Case, at: usize) -> bool {
    let figures = case.figures(at);
    let read = figures.shares.or(figures.pays_for.first().copied());
    read.is_some_and(|cte| case.node(cte).node_type == "Recursive Union")
}

/// For groups: their number is that of the different values.
fn grouped(node: &Node) -> &'static str {
    let keys = match node.property("Group Key") {
        Some(Property::List(keys)) => &keys[..],
        _ => &[],
    };
    match keys {
        [key] if key.contains('(') => {
            "Tell the planner how many values the grouped expression has: CREATE STATISTICS on it (14 and later; an index on it \
             before), then ANALYZE"
        }
        [_] => {
            "ANALYZE the table; if it stays, set its number of different values (ALTER TABLE … ALTER COLUMN … SET \
             (n_distinct = …))"
        }
        _ => {
            "CREATE STATISTICS (ndistinct) on the grouped columns, then ANALYZE: their values depend on each other"
        }
    }
}

/// For the scan of a relation with the conditions of these nodes.
fn relation(case: &Case, at: usize, conditions: &[usize]) -> (String, Option<String>) {
    let node = case.node(at);
    let Some(relation) = node.relation.as_deref() else { return ("ANALYZE the tables below".into(), None) };
    let table = names::qualified(node.schema.as_deref(), relation);
    let known = case.relation(at);
    let stale = known.and_then(|known| known.changed_since_analyze).filter(|changed| *changed > 0.0);
    let since = match known {
        Some(known) => {
            let last = known
                .last_analyze
                .as_deref()
                .map_or("never analysed".into(), |at| format!("last analysed {at}"));
            format!(
                " ({last}{})",
                stale.map_or(String::new(), |rows| format!(", {} rows changed since", count(rows)))
            )
        }
        None => String::new(),
    };
    let compared = compared(case, at, conditions);
    let analysed = known.is_none_or(|known| known.last_analyze.is_some() && stale.is_none());
    let statistics = |on: &[&str]| {
        let words: Vec<String> = on
            .iter()
            .map(|key| {
                key.split(|c: char| !c.is_alphanumeric())
                    .filter(|w| !w.is_empty())
                    .collect::<Vec<_>>()
                    .join("_")
            })
            .collect();
        let name: String = format!("{relation}_{}", words.join("_")).chars().take(58).collect();
        let name = names::name(name.trim_end_matches('_'));
        format!("CREATE STATISTICS {name} ON {} FROM {table};\nANALYZE {table};", on.join(", "))
    };
    let old = case.known.version.is_some_and(|version| version < 140_000);
    let is_expression = |key: &str| key.contains(['(', ' ']);
    if let Some(expression) = compared.iter().find(|key| is_expression(key)).filter(|_| analysed && !old) {
        return (
            format!(
                "Nothing is known of what {expression} gives: make statistics on it (14 and later){since}"
            ),
            Some(statistics(&[expression])),
        );
    }
    let columns: Vec<&str> = compared.iter().map(String::as_str).filter(|key| !is_expression(key)).collect();
    if columns.len() > 1 && analysed {
        return (
            format!("Tell the planner that {} depend on each other{since}", columns.join(" and ")),
            Some(statistics(&columns)),
        );
    }
    (
        format!("ANALYZE the table{since}; if it stays, raise the column's statistics target"),
        Some(format!("ANALYZE {table};")),
    )
}

/// The columns, and the expressions of columns, that are compared with values.
fn compared(case: &Case, at: usize, conditions: &[usize]) -> Vec<String> {
    let node = case.node(at);
    let Some(alias) = node.alias.as_deref().or(node.relation.as_deref()) else { return Vec::new() };
    let mut keys: Vec<String> = Vec::new();
    let texts = conditions
        .iter()
        .flat_map(|at| ["Index Cond", "Recheck Cond", "Filter"].map(|name| case.node(*at).text(name)))
        .flatten();
    for text in texts {
        let parts = match condition::read(text, Own { alias }) {
            Condition::And(parts) => parts,
            one => vec![one],
        };
        for part in parts {
            if let Condition::Part(part) = part
                && matches!(part.kind, Kind::Equal | Kind::Range | Kind::Flag)
                // Statistics of one table say nothing of how it fits another.
                && !part.joins
                && !keys.contains(&part.key)
            {
                keys.push(part.key);
            }
        }
    }
    // As many as extended statistics take.
    keys.truncate(8);
    keys
}
