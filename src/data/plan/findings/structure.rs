//! Statements whose form keeps the planner from a better plan.

use super::Draft;
use super::case::{Case, count, ms, percent};
use super::condition::{self, Own};
use super::drafts::Drafts;
use crate::data::plan::Relationship;

/// A WITH query of which its reader throws away so many rows would better be filtered inside.
const FENCE_REMOVED_SHARE: f64 = 0.5;

/// So many partitions scanned …
const PARTITIONS: usize = 10;
/// … and so many of them for nothing: their condition could have told.
const EMPTY_SHARE: f64 = 0.8;

/// Rows counted off for an OFFSET, for each row given …
const OFFSET_RATIO: f64 = 10.0;
/// … and in all.
const OFFSET_ROWS: f64 = 1000.0;

/// What a disabled node costs before 18, and by how much its other costs may blur that.
const DISABLED_COST: f64 = 1e10;
const DISABLED_BLUR: f64 = 0.3;

/// A WITH query that is computed whole, though its one reader wants a part.
pub(super) fn cte_fence(case: &Case, out: &mut Drafts) {
    for at in case.of(&["CTE Scan"]) {
        let &[cte] = &case.figures(at).pays_for[..] else { continue };
        let made = case.node(cte);
        if case.figures(at).shares.is_some()
            || made.relationship != Relationship::Cte
            || matches!(&*made.node_type, "Recursive Union" | "ModifyTable")
        {
            continue;
        }
        let (removed, kept) = (case.removed(at, "Filter"), case.rows(at));
        let share = removed / (removed + kept).max(1.0);
        let saves = case.timed((case.wall(cte) + case.own(at)) * share);
        if share < FENCE_REMOVED_SHARE || !out.wants(at, saves) {
            continue;
        }
        let name = case.node(at).cte.as_deref().unwrap_or_default();
        let reason = format!(
            "{} threw away {} of the {} rows that WITH {name} computed in {} ({}; from {} on)",
            case.label(at),
            count(removed),
            count(removed + kept),
            ms(case.wall(cte)),
            percent(share),
            percent(FENCE_REMOVED_SHARE)
        );
        let next = format!(
            "Write WITH {name} AS NOT MATERIALIZED (…), so that the condition reaches the tables (12 and later; before, make \
             it a subquery)"
        );
        out.push(Draft::of(at, reason, next, saves));
    }
}

/// Partitions read although their rows could not match.
pub(super) fn partitions_scanned(case: &Case, out: &mut Drafts) {
    for at in case.of(&["Append", "Merge Append"]) {
        if case.sum(at, "Subplans Removed") > 0.0 {
            continue;
        }
        let members: Vec<usize> = case.shape.inputs(case.plan, at).collect();
        let scanned: Vec<usize> =
            members.iter().copied().filter(|member| case.loops(*member) > 0.0).collect();
        if scanned.len() < PARTITIONS || scanned.len() < members.len() {
            continue;
        }
        let Some(filter) = case.node(scanned[0]).text("Filter") else { continue };
        let empty = scanned.iter().filter(|member| case.rows(**member) == 0.0).count();
        if ratio(empty, scanned.len()) < EMPTY_SHARE && !on_partition_key(case, scanned[0], filter) {
            continue;
        }
        let wasted: f64 =
            scanned.iter().filter(|member| case.rows(**member) == 0.0).map(|member| case.wall(*member)).sum();
        let reason = format!(
            "{} scanned all {} members, and {empty} of them gave no row (from {PARTITIONS} members and {} without a row on)",
            case.label(at),
            scanned.len(),
            percent(EMPTY_SHARE)
        );
        let next = "Compare the partition key itself with a value of its own type (no cast or function around the key, no join \
                    alone), so that the other partitions are left out";
        out.push(Draft::of(at, reason, next, case.timed(wasted)));
    }
}

/// Does the condition speak of the parent's partition key? Only the catalog knows the key.
fn on_partition_key(case: &Case, member: usize, filter: &str) -> bool {
    let node = case.node(member);
    let Some(alias) = node.alias.as_deref() else { return false };
    let Some(known) = case.relation(member) else { return false };
    known.partition_key.iter().any(|key| {
        filter.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == key)
            && condition::key(key, Own { alias }).is_some()
    })
}

/// Rows computed to be counted off.
pub(super) fn offset(case: &Case, out: &mut Drafts) {
    for at in case.of(&["Limit"]) {
        let Some(input) = case.shape.inputs(case.plan, at).next() else { continue };
        let (given, all) = (case.rows(at), case.rows(input));
        let thrown = all - given;
        let saves = case.timed(case.wall(input) * thrown / all.max(1.0));
        if thrown < given.max(1.0) * OFFSET_RATIO || thrown < OFFSET_ROWS || !out.wants(at, saves) {
            continue;
        }
        let reason = format!(
            "{} gave {} rows and counted off {} before them (from {OFFSET_RATIO:.0} for each row given and {} on)",
            case.label(at),
            count(given),
            count(thrown),
            count(OFFSET_ROWS)
        );
        let next = "Remember the last row of the page before and ask for what comes after it (WHERE (key) > (last key) ORDER BY \
                    key LIMIT n) instead of OFFSET";
        out.push(Draft::of(at, reason, next, saves));
    }
}

/// A node of a kind that was switched off, and used because there was no other way.
pub(super) fn disabled_node(case: &Case, out: &mut Drafts) {
    for (at, node) in case.plan.nodes.iter().enumerate() {
        let told = node.property("Disabled") == Some(&crate::data::plan::Property::Bool(true));
        // It is put on what a node costs before its first row, which holds what its inputs cost before theirs.
        let cost = |at: usize| case.node(at).estimate.map_or(0.0, |estimate| estimate.startup_cost);
        let below = || case.shape.inputs(case.plan, at).map(cost).sum::<f64>();
        let blur = DISABLED_COST * DISABLED_BLUR;
        let dear = cost(at) >= DISABLED_COST && (cost(at) - below() - DISABLED_COST).abs() <= blur;
        let saves = case.timed(case.own(at)).filter(|_| case.loops(at) > 0.0);
        if !told && !dear || !out.wants(at, saves) {
            continue;
        }
        let off: Vec<&str> = case
            .plan
            .settings
            .iter()
            .filter(|(name, value)| name.starts_with("enable_") && value == "off")
            .map(|(name, _)| name.as_str())
            .collect();
        let reason = if told {
            format!("{} was used although such nodes are disabled", case.label(at))
        } else {
            format!(
                "{} costs {:.1e}: from {DISABLED_COST:.0e} on a node was used although such nodes are disabled",
                case.label(at),
                cost(at)
            )
        };
        let (next, sql) = match off[..] {
            [] => (
                "See which enable_… setting is off in this session (EXPLAIN (SETTINGS) lists it)".to_owned(),
                None,
            ),
            _ => (
                format!("Switch on again what is off: {}", off.join(", ")),
                Some(off.iter().map(|name| format!("RESET {name};")).collect::<Vec<_>>().join("\n")),
            ),
        };
        out.push(Draft::of(at, reason, next, saves).with_sql(sql));
    }
}

fn ratio(part: usize, all: usize) -> f64 {
    part as f64 / all.max(1) as f64
}
