//! Where the planner's expectation went wrong first.

use super::Draft;
use super::case::{Case, count};
use super::condition::{self, Condition, Kind, Own};
use super::names;
use crate::data::plan::figures::Direction;
use crate::data::plan::{Property, Relationship};

/// From ten times on (depesz, pgAdmin, pev2, pgexplain; then 100 and 1,000) …
const FACTOR: f64 = 10.0;
/// … where one of the numbers is a hundred (pgexplain): 1 expected and 12 come is no reason for a bad plan.
const ROWS: f64 = 100.0;

/// The deepest nodes whose number of rows was not foreseen; what stands above them only inherits the mistake.
pub(super) fn misestimate(case: &Case, out: &mut Vec<Draft>) {
    let bad: Vec<bool> = (0..case.plan.nodes.len()).map(|at| factor(case, at).is_some()).collect();
    let mut below = bad.clone();
    for at in (0..bad.len()).rev() {
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
        let reason = format!(
            "{} was expected to give {} rows and gave {}: {factor:.0} times {} (from {FACTOR:.0} times and {ROWS:.0} rows on)",
            case.label(at),
            count(planned),
            count(came),
            if came > planned { "more" } else { "fewer" }
        );
        let (next, sql) = mend(case, at);
        // What was chosen because of it: the work of this node and of the one above.
        let above = case.node(at).parent.map_or(0.0, |parent| case.own(parent));
        out.push(Draft::of(at, reason, next, case.timed(case.own(at) + above)).with_sql(sql));
    }
}

/// Factor, expected and real rows over all loops and processes.
fn factor(case: &Case, at: usize) -> Option<(f64, f64, f64)> {
    let estimate = case.figures(at).misestimate.filter(|estimate| estimate.comparable)?;
    let node = case.node(at);
    let (expected, actual) = (node.estimate?, node.actual?);
    // A node in several processes was expected to give its share of the rows; the leader counts for less than one.
    let processes = case.figures(at).processes;
    let divisor = if partial(case, at) { divisor(processes) } else { processes };
    let scale = actual.loops / processes.max(1.0);
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
    case.node(at).parallel_aware
        || (at + 1..case.shape.end(at)).any(|below| case.node(below).parallel_aware)
        || case.node(at).parent == Some(gather)
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
    match (&*node.node_type, node.relation.as_deref()) {
        ("Function Scan", _) => {
            return (
                "Tell the planner how many rows the function gives: ALTER FUNCTION … ROWS n".into(),
                None,
            );
        }
        ("CTE Scan" | "WorkTable Scan" | "Recursive Union", _) => {
            return (
                "The planner cannot foresee a recursive or materialised WITH query: keep its rows in a temporary table and \
                 ANALYZE that, or use NOT MATERIALIZED"
                    .into(),
                None,
            );
        }
        ("Aggregate", _) => {
            let keys = match node.property("Group Key") {
                Some(Property::List(keys)) => keys.len(),
                _ => 0,
            };
            let next = if keys > 1 {
                "CREATE STATISTICS (ndistinct) on the grouped columns, then ANALYZE: their values depend on each other"
            } else {
                "ANALYZE the table; if it stays, set its number of different values (ALTER TABLE … ALTER COLUMN … SET \
                 (n_distinct = …))"
            };
            return (next.into(), None);
        }
        (_, None) => {
            return (
                "ANALYZE the tables below; if it stays, the joined columns depend on each other in a way no statistics tell: \
                 join the more selective tables first"
                    .into(),
                None,
            );
        }
        _ => (),
    }
    let Some(relation) = node.relation.as_deref() else { return ("ANALYZE the tables below".into(), None) };
    let table = names::qualified(node.schema.as_deref(), relation);
    let known = case.known.relation(node.schema.as_deref(), relation);
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
    let columns = columns(case, at);
    let analysed = known.is_none_or(|known| known.last_analyze.is_some() && stale.is_none());
    if columns.len() > 1 && analysed {
        let name: String = format!("{}_{}", relation, columns.join("_").replace('"', ""));
        let name = names::name(&name.chars().take(58).collect::<String>());
        return (
            format!("Tell the planner that {} depend on each other{since}", columns.join(" and ")),
            Some(format!(
                "CREATE STATISTICS {name} ON {} FROM {table};\nANALYZE {table};",
                columns.join(", ")
            )),
        );
    }
    (
        format!("ANALYZE the table{since}; if it stays, raise the column's statistics target"),
        Some(format!("ANALYZE {table};")),
    )
}

/// The columns compared with values.
fn columns(case: &Case, at: usize) -> Vec<String> {
    let node = case.node(at);
    let Some(alias) = node.alias.as_deref().or(node.relation.as_deref()) else { return Vec::new() };
    let mut columns: Vec<String> = Vec::new();
    for name in ["Index Cond", "Recheck Cond", "Filter"] {
        let Some(text) = node.text(name) else { continue };
        let parts = match condition::read(text, Own { alias }) {
            Condition::And(parts) => parts,
            one => vec![one],
        };
        for part in parts {
            if let Condition::Part(part) = part
                && matches!(part.kind, Kind::Equal | Kind::Range | Kind::Flag)
                && !part.key.contains(['(', ' '])
                && !columns.contains(&part.key)
            {
                columns.push(part.key);
            }
        }
    }
    // As many as extended statistics take.
    columns.truncate(8);
    columns
}
