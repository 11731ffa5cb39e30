//! What runs again and again.

use super::Draft;
use super::case::{Case, count, ms, percent};
use super::drafts::Drafts;
use super::memory;
use super::scans::{conditions, index_step};
use crate::data::plan::Relationship;

/// From so many loops on a Seq Scan below a join is a missing index …
const SEQ_LOOPS: f64 = 100.0;
/// … when the loops together take a tenth of the time.
const SEQ_SHARE: f64 = 0.1;

/// So many loops of anything (pgexplain names 1,000, whatever they take) …
const MANY_LOOPS: f64 = 10_000.0;
/// … that take a fifth of the time: reading the table once may be cheaper.
const MANY_LOOPS_SHARE: f64 = 0.2;

/// A SubPlan evaluated so often …
const SUBPLAN_LOOPS: f64 = 1000.0;
/// … and taking so much of the time.
const SUBPLAN_SHARE: f64 = 0.1;

/// So few hits …
const MEMOIZE_HITS: f64 = 0.1;
/// … of so many lookups cost more than they save.
const MEMOIZE_LOOKUPS: f64 = 1000.0;

/// A whole table read for each row of the other side.
pub(super) fn inner_seq_scan(case: &Case, out: &mut Drafts) {
    for at in case.of(&["Seq Scan"]) {
        let Some(join) = inner_of(case, at) else { continue };
        let (loops, wall) = (case.loops(at), case.wall(at));
        let saves = case.timed(wall);
        if loops < SEQ_LOOPS || !case.is_share(wall, SEQ_SHARE) || !out.wants(at, saves) {
            continue;
        }
        let reason = format!(
            "{} read the table {} times, once for each row of the other side, in {} (from {} loops and {} of the time on)",
            case.label(at),
            count(loops),
            ms(wall),
            count(SEQ_LOOPS),
            percent(SEQ_SHARE)
        );
        let mut all = conditions(case, at, &["Filter"]);
        all.extend(case.node(join).text("Join Filter"));
        let (next, sql) = index_step(case, at, &all, &[]);
        out.push(Draft::of(at, reason, next, saves).with_sql(sql));
    }
}

/// The Nested Loop this is the inner side of.
fn inner_of(case: &Case, at: usize) -> Option<usize> {
    let join = case.node(at).parent?;
    (case.node(at).relationship == Relationship::Inner && case.node(join).node_type == "Nested Loop")
        .then_some(join)
}

/// Very many loops, each of them cheap.
pub(super) fn many_loops(case: &Case, out: &mut Drafts) {
    for at in case.ran() {
        let Some(join) = inner_of(case, at) else { continue };
        let (loops, wall) = (case.loops(at), case.wall(at));
        // A fast loop is printed as 0.000 ms: over so many loops what rounding hides is most of the time.
        let hidden = case.figures(at).rounding_ms / case.figures(at).processes;
        if case.node(at).node_type == "Seq Scan"
            || loops < MANY_LOOPS
            || !case.is_share(wall + hidden, MANY_LOOPS_SHARE)
            || !out.wants(at, case.timed(wall + hidden))
        {
            continue;
        }
        let outer = case.shape.input(case.plan, join, Relationship::Outer);
        let wrong = outer
            .and_then(|outer| case.figures(outer).misestimate)
            .filter(|estimate| estimate.factor >= 10.0);
        let reason = format!(
            "{} ran {} times in {} (± {}, because the average is rounded; from {} loops and {} of the time on)",
            case.label(at),
            count(loops),
            ms(wall),
            ms(hidden),
            count(MANY_LOOPS),
            percent(MANY_LOOPS_SHARE)
        );
        let next = match (wrong, outer) {
            (Some(estimate), Some(outer)) => format!(
                "The other side, {}, gave {:.0} times as many or few rows as expected: mend that estimate first (ANALYZE), \
                 then a hash join may be chosen",
                case.label(outer),
                estimate.factor
            ),
            _ => "Compare with a hash join (SET LOCAL enable_nestloop = off for this query): it goes through this side once"
                .to_owned(),
        };
        out.push(Draft::of(at, reason, next, case.timed(wall + hidden)));
    }
}

/// A subquery evaluated for each row.
pub(super) fn correlated_subplan(case: &Case, out: &mut Drafts) {
    for at in case.ran() {
        if case.node(at).relationship != Relationship::SubPlan {
            continue;
        }
        let (loops, wall) = (case.loops(at), case.wall(at));
        let saves = case.timed(wall);
        if loops < SUBPLAN_LOOPS || !case.is_share(wall, SUBPLAN_SHARE) || !out.wants(at, saves) {
            continue;
        }
        let name = case.node(at).subplan.as_deref().unwrap_or("A SubPlan");
        let reason = format!(
            "{name}, {}, was evaluated {} times in {} (from {} times and {} of the time on)",
            case.label(at),
            count(loops),
            ms(wall),
            count(SUBPLAN_LOOPS),
            percent(SUBPLAN_SHARE)
        );
        let next = "Write the subquery as a join with a grouped subquery, or as LEFT JOIN LATERAL: it is then computed for \
                    all rows together";
        out.push(Draft::of(at, reason, next, saves));
    }
}

/// A cache that does not help.
pub(super) fn memoize_misses(case: &Case, out: &mut Drafts) {
    for at in case.of(&["Memoize"]) {
        let (hits, misses) = (case.sum(at, "Cache Hits"), case.sum(at, "Cache Misses"));
        let evictions = case.sum(at, "Cache Evictions");
        let (lookups, ratio) = (hits + misses, hits / (hits + misses).max(1.0));
        let useless = ratio < MEMOIZE_HITS && lookups >= MEMOIZE_LOOKUPS;
        let saves = case.timed(if evictions > 0.0 { case.wall(at) } else { case.own(at) });
        if !useless && evictions <= 0.0 || !out.wants(at, saves) {
            continue;
        }
        let reason = format!(
            "{} found {} of {} lookups ({}; under {} of {} lookups is too few) and dropped {} entries for want of memory \
             (any is too much)",
            case.label(at),
            count(hits),
            count(lookups),
            percent(ratio),
            percent(MEMOIZE_HITS),
            count(MEMOIZE_LOOKUPS),
            count(evictions)
        );
        let draft = if evictions > 0.0 {
            // What is there filled it once; so many times more would have kept everything.
            let peak = case.most(at, "Peak Memory Usage");
            let need = peak * (misses / (misses - evictions).max(1.0)).max(2.0) / 2.0;
            Draft::of(at, reason, memory::next(need, case, at), saves).with_sql(memory::set(need))
        } else {
            let next = "Compare without it (SET LOCAL enable_memoize = off); ANALYZE the other side of the join, whose number of \
                        different values was underestimated";
            Draft::of(at, reason, next, saves)
        };
        out.push(draft);
    }
}
