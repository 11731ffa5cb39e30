//! Scans that read more than they give.

use super::Draft;
use super::case::{Case, count, percent};
use super::drafts::Drafts;
use super::index::{self, Advice};
use crate::data::plan::Property;

/// A Seq Scan that throws away nine rows of ten (pgexplain: ten for each kept; pev2 marks from 50 and 90 %) …
const SEQ_REMOVED_SHARE: f64 = 0.9;
/// … and ten thousand of them, below which a table is quickly read (QuerySense's size of a table worth an index) …
const SEQ_REMOVED_ROWS: f64 = 10_000.0;
/// … and takes a part of the time that is worth the cost of an index.
const SEQ_SHARE: f64 = 0.05;

/// A scan by index that throws away half of what the index found (pev2's first mark): the index lacks a column.
const INDEX_REMOVED_SHARE: f64 = 0.5;
/// Fewer are not worth a wider index.
const INDEX_REMOVED_ROWS: f64 = 1000.0;

/// One descent for each loop is right; so many mean that the server skips through values of a leading column.
const DESCENTS_PER_LOOP: f64 = 10.0;

/// An Index Only Scan that visits the table for one row of ten (pgexplain) …
const HEAP_FETCH_SHARE: f64 = 0.1;
/// … and for a thousand.
const HEAP_FETCHES: f64 = 1000.0;

/// Half of the buffers came from outside …
const COLD_READ_SHARE: f64 = 0.5;
/// … in a node that takes a fifth of the time.
const COLD_SHARE: f64 = 0.2;
/// … and it was more than a few blocks, which say nothing of the cache.
const COLD_BLOCKS: f64 = 100.0;

/// The conditions of a scan, which an index could serve.
pub(super) fn conditions<'a>(case: &Case<'a>, at: usize, names: &[&str]) -> Vec<&'a str> {
    names.iter().filter_map(|name| case.node(at).text(name)).collect()
}

/// The keys of a Sort right above, whose order an index could give.
pub(super) fn sort_above(case: &Case, at: usize) -> Vec<String> {
    let Some(parent) = case.node(at).parent.map(|parent| case.node(parent)) else { return Vec::new() };
    match (&*parent.node_type, parent.property("Sort Key")) {
        ("Sort", Some(Property::List(keys))) => keys.clone(),
        ("Sort", Some(Property::Text(keys))) => keys.split(", ").map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// What to do so that an index serves these conditions: the words and the SQL.
pub(super) fn index_step(
    case: &Case,
    at: usize,
    conditions: &[&str],
    sort: &[String],
) -> (String, Option<String>) {
    step(case, at, index::advise(case.node(at), conditions, sort, index::ONE_RANGE, case.relation(at)))
}

fn step(case: &Case, at: usize, advice: Option<Advice>) -> (String, Option<String>) {
    let table = index::table(case.node(at)).unwrap_or_default();
    match advice {
        Some(Advice::Create(indexes)) => {
            let sql: Vec<String> = indexes.iter().map(|index| index.sql(&table)).collect();
            let mut next = if sql.len() > 1 { "Make an index for each side of the OR" } else { "Make an index" }.to_owned();
            if indexes.iter().any(index::Index::needs_trigrams) {
                next.push_str(" (it needs CREATE EXTENSION pg_trgm)");
            }
            if case.known.hypopg && indexes.iter().all(index::Index::can_be_tried) {
                next.push_str("; hypopg is installed, so it can be tried without making it");
            }
            (next, Some(sql.join("\n")))
        }
        Some(Advice::Exists { name, valid: false }) => (
            format!("There is index {name} already, but it is invalid: build it anew"),
            Some(format!("REINDEX INDEX CONCURRENTLY {};", super::names::qualified(case.node(at).schema.as_deref(), &name))),
        ),
        Some(Advice::Exists { name, .. }) => (format!("There is index {name} already; {}", why_not(case, at)), None),
        Some(Advice::Rewrite { how, index }) => {
            let sql = index.map(|index| index.sql(&table));
            (format!("No index serves this as it is written: {how}"), sql)
        }
        None => (
            "No index serves this condition as it is written: compare a column with a value, or keep the result of the \
             expression in a column"
                .into(),
            None,
        ),
    }
}

/// Why an index that would serve was not used, as far as the plan tells.
fn why_not(case: &Case, at: usize) -> String {
    let off = case.plan.settings.iter().find(|(name, value)| {
        value == "off" && matches!(&**name, "enable_indexscan" | "enable_bitmapscan" | "enable_indexonlyscan")
    });
    if let Some((name, _)) = off {
        return format!("it was not used because {name} is off");
    }
    let over = case.figures(at).misestimate.filter(|estimate| {
        estimate.factor >= 10.0 && estimate.direction == crate::data::plan::figures::Direction::Over
    });
    if let Some(estimate) = over {
        return format!(
            "it was not used because {:.0} times as many rows were expected as came: ANALYZE the table",
            estimate.factor
        );
    }
    "it was not used because reading the table seemed cheaper: compare with SET LOCAL enable_seqscan = off, and lower \
     random_page_cost if that is faster (types or collations that differ also keep an index from being used)"
        .into()
}

/// A whole table read for few of its rows.
pub(super) fn seq_scan_filter(case: &Case, out: &mut Drafts) {
    for at in case.of(&["Seq Scan"]) {
        let (removed, kept) = (case.removed(at, "Filter"), case.rows(at));
        let share = removed / (removed + kept).max(1.0);
        let saves = case.timed(case.own(at) * share);
        if share < SEQ_REMOVED_SHARE
            || removed < SEQ_REMOVED_ROWS
            || !case.is_share(case.own(at), SEQ_SHARE)
            || !out.wants(at, saves)
        {
            continue;
        }
        let reason = format!(
            "{} threw away {} of {} rows ({}; from {} and {} rows on)",
            case.label(at),
            count(removed),
            count(removed + kept),
            percent(share),
            percent(SEQ_REMOVED_SHARE),
            count(SEQ_REMOVED_ROWS)
        );
        let (next, sql) = index_step(case, at, &conditions(case, at, &["Filter"]), &sort_above(case, at));
        out.push(Draft::of(at, reason, next, saves).with_sql(sql));
    }
}

/// An index that finds rows of which many are thrown away.
pub(super) fn index_filter(case: &Case, out: &mut Drafts) {
    for at in case.of(&["Index Scan", "Index Only Scan", "Bitmap Heap Scan"]) {
        let (removed, kept) = (case.removed(at, "Filter"), case.rows(at));
        let share = removed / (removed + kept).max(1.0);
        let saves = case.timed(case.own(at) * share);
        if share < INDEX_REMOVED_SHARE || removed < INDEX_REMOVED_ROWS || !out.wants(at, saves) {
            continue;
        }
        let reason = format!(
            "{} threw away {} of the {} rows its index found ({}; from {} and {} rows on)",
            case.label(at),
            count(removed),
            count(removed + kept),
            percent(share),
            percent(INDEX_REMOVED_SHARE),
            count(INDEX_REMOVED_ROWS)
        );
        let all = conditions(case, at, &["Index Cond", "Recheck Cond", "Filter"]);
        // What is filtered now is compared in the index then, behind the range that is there too.
        let advice =
            index::advise(case.node(at), &all, &sort_above(case, at), index::ALL_RANGES, case.relation(at));
        let (next, sql) = step(case, at, advice);
        let next = next.replace("Make an index", "Make an index with the filtered column in it");
        out.push(Draft::of(at, reason, next, saves).with_sql(sql));
    }
}

/// An index searched again and again because its leading column is not in the condition (18 and later say it).
pub(super) fn index_descents(case: &Case, out: &mut Drafts) {
    for at in case.of(&["Index Scan", "Index Only Scan", "Bitmap Index Scan"]) {
        let (searches, loops) = (case.sum(at, "Index Searches"), case.loops(at));
        let condition = case.node(at).text("Index Cond").unwrap_or_default();
        // One search for each value of a list is what was asked for.
        let saves = case.timed(case.own(at));
        let asked = condition.contains(" ANY (");
        if searches <= DESCENTS_PER_LOOP * loops || asked || !out.wants(at, saves) {
            continue;
        }
        let reason = format!(
            "{} searched its index {} times in {} loops (from {DESCENTS_PER_LOOP:.0} for each on): it skips through the \
             values of a column the condition leaves out",
            case.label(at),
            count(searches),
            count(loops)
        );
        let heap = case.node(at).parent.filter(|_| case.node(at).relation.is_none()).unwrap_or(at);
        let (next, sql) = index_step(case, heap, &[condition], &[]);
        let next =
            next.replace("Make an index", "Make an index that begins with the column of the condition");
        out.push(Draft::of(at, reason, next, saves).with_sql(sql));
    }
}

/// An Index Only Scan that had to look into the table, because its pages are not known to be all visible.
pub(super) fn heap_fetches(case: &Case, out: &mut Drafts) {
    for at in case.of(&["Index Only Scan"]) {
        let (fetches, rows) = (case.sum(at, "Heap Fetches"), case.rows(at));
        let share = fetches / rows.max(1.0);
        let saves = case.timed(case.own(at) * share.min(1.0));
        if share < HEAP_FETCH_SHARE || fetches < HEAP_FETCHES || !out.wants(at, saves) {
            continue;
        }
        let reason = format!(
            "{} looked into the table {} times for {} rows ({}; from {} and {} on)",
            case.label(at),
            count(fetches),
            count(rows),
            percent(share),
            percent(HEAP_FETCH_SHARE),
            count(HEAP_FETCHES)
        );
        let next = "VACUUM the table, so that its pages are known to be all visible; where this comes back, let autovacuum \
                    come more often (autovacuum_vacuum_insert_scale_factor, autovacuum_vacuum_scale_factor)";
        let sql = index::table(case.node(at)).map(|table| format!("VACUUM (ANALYZE) {table};"));
        out.push(Draft::of(at, reason, next, saves).with_sql(sql));
    }
}

/// Buffers that were not in memory.
pub(super) fn cold_cache(case: &Case, out: &mut Drafts) {
    for at in case.ran() {
        let blocks = &case.figures(at).self_blocks;
        let (hit, read) = (number(blocks.shared_hit), number(blocks.shared_read));
        let share = read / (hit + read).max(1.0);
        // Unlike elsewhere a share of unknown time says nothing here: reading is only then bad when it takes long.
        let long = case.self_share(at).is_some_and(|share| share >= COLD_SHARE);
        let measured = blocks.shared_read_ms / case.figures(at).processes;
        let saves = case.timed(if measured > 0.0 { measured } else { case.own(at) * share });
        if share <= COLD_READ_SHARE || read < COLD_BLOCKS || !long || !out.wants(at, saves) {
            continue;
        }
        let reason = format!(
            "{} read {} of {} buffers from outside ({}; over {} in a node with {} of the time)",
            case.label(at),
            count(read),
            count(hit + read),
            percent(share),
            percent(COLD_READ_SHARE),
            percent(COLD_SHARE)
        );
        let next = if measured > 0.0 {
            "Run it again and compare: if it stays so, the table does not fit into shared_buffers"
        } else {
            "Run it again and compare the warm time; track_io_timing = on tells how much of it is reading"
        };
        out.push(Draft::of(at, reason, next, saves));
    }
}

fn number(blocks: u64) -> f64 {
    blocks as f64
}
