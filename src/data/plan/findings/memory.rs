//! What did not fit into memory.

use super::Draft;
use super::case::{self, Case, kilobytes, percent};
use super::drafts::Drafts;
use crate::data::plan::Property;

/// A sort on disk takes about a third of what it takes in memory: there every row has a header and a slot.
const SORT_IN_MEMORY: f64 = 3.0;

/// `hash_mem_multiplier` since 15; 1 before, and where the version is not known: too much is better than too little.
const HASH_MULTIPLIER: f64 = 2.0;

/// What one page takes in an exact bitmap, kB: an entry of the hash table with its bits, half of the table empty.
const BITMAP_PAGE_KB: f64 = 0.11;

/// Fewer of the rows thrown away by rechecking lossy pages than this cost little.
const RECHECK_SHARE: f64 = 0.1;

/// A block, kB.
const BLOCK_KB: f64 = 8.0;

/// More MB than this no query is advised to take: the memory is shared with everybody else.
const MOST_MB: u64 = 1024;

/// `work_mem` in a round number of MB that holds so much.
fn megabytes(kb: f64) -> u64 {
    // A float beyond u64 saturates; the server takes less than 2 TB.
    ((kb / 1024.0).ceil().max(1.0) as u64).min(1 << 20).next_power_of_two().max(8)
}

/// `SET LOCAL`, for this query only; none where that would be too much.
pub(super) fn set(kb: f64) -> Option<String> {
    let mb = megabytes(kb);
    (mb <= MOST_MB).then(|| format!("SET LOCAL work_mem = '{mb}MB';"))
}

/// What to do, in words.
pub(super) fn next(kb: f64, case: &Case, at: usize) -> String {
    let processes = case.figures(at).processes;
    let each =
        if processes > 1.0 { format!(", for each of {processes:.0} processes") } else { String::new() };
    match megabytes(kb) {
        mb if mb <= MOST_MB => format!("Give this query work_mem = {mb}MB{each}, in its transaction only"),
        _ => format!(
            "Bring fewer or narrower rows into it (a filter earlier, fewer columns, an index that gives the order): to stay \
             in memory it would need about {}{each}, more than the {} that are advised here",
            kilobytes(kb),
            kilobytes(MOST_MB as f64 * 1024.0)
        ),
    }
}

/// A sort that went to disk, in any process.
pub(super) fn sort_spill(case: &Case, out: &mut Drafts) {
    for at in case.of(&["Sort", "Incremental Sort"]) {
        let node = case.node(at);
        let disk = |space_type: Option<&Property>, space: Option<&Property>| {
            let on_disk = space_type.and_then(Property::text) == Some("Disk");
            space.and_then(Property::number).filter(|_| on_disk)
        };
        let own = disk(node.property("Sort Space Type"), node.property("Sort Space Used"));
        let workers = node.workers.iter().filter_map(|worker| {
            disk(worker.property("Sort Space Type"), worker.property("Sort Space Used"))
        });
        let groups = ["Full-sort Groups", "Pre-sorted Groups"]
            .into_iter()
            .filter_map(|name| peak_on_disk(node.property(name)?));
        let Some(kb) = own.into_iter().chain(workers).chain(groups).max_by(f64::total_cmp) else { continue };
        let saves = case.timed(case.own(at));
        if !out.wants(at, saves) {
            continue;
        }
        let need = kb * SORT_IN_MEMORY;
        let reason = format!("{} sorted on disk: {} there (any is too much)", case.label(at), kilobytes(kb));
        out.push(Draft::of(at, reason, next(need, case, at), saves).with_sql(set(need)));
    }
}

/// `{"Sort Space Disk": {"Peak Sort Space Used": n}}`
fn peak_on_disk(groups: &Property) -> Option<f64> {
    let get = |group: &Property, name: &str| match group {
        Property::Group(parts) => {
            parts.iter().find(|(part, _)| part == name).map(|(_, property)| property.clone())
        }
        _ => None,
    };
    get(&get(groups, "Sort Space Disk")?, "Peak Sort Space Used")?.number()
}

/// The part of `hash_mem` that is `work_mem`.
fn hash_multiplier(case: &Case) -> f64 {
    let told = case.setting("hash_mem_multiplier").and_then(|value| value.parse().ok());
    let default =
        if case.known.version.is_some_and(|version| version >= 150_000) { HASH_MULTIPLIER } else { 1.0 };
    told.unwrap_or(default)
}

/// A hash table in several batches.
pub(super) fn hash_spill(case: &Case, out: &mut Drafts) {
    for at in case.of(&["Hash"]) {
        let (batches, peak) = (case.most(at, "Hash Batches"), case.most(at, "Peak Memory Usage"));
        let join = case.node(at).parent.map_or(0.0, |join| case.own(join));
        let saves = case.timed(case.own(at) + join);
        if batches <= 1.0 || !out.wants(at, saves) {
            continue;
        }
        // The processes of a Parallel Hash fill one table, and what each may take is counted together.
        let shared = if case.node(at).parallel_aware { case.figures(at).processes.max(1.0) } else { 1.0 };
        let need = batches * peak / hash_multiplier(case) / shared;
        let reason = format!(
            "{} needed {batches:.0} batches of {} (more than one is written to disk and read again)",
            case.label(at),
            kilobytes(peak)
        );
        out.push(Draft::of(at, reason, next(need, case, at), saves).with_sql(set(need)));
    }
}

/// More batches than planned: the table was larger than expected.
pub(super) fn hash_grew(case: &Case, out: &mut Drafts) {
    for at in case.of(&["Hash"]) {
        let (batches, planned) = (case.most(at, "Hash Batches"), case.most(at, "Original Hash Batches"));
        let saves = case.timed(case.own(at));
        if planned < 1.0 || batches <= planned || !out.wants(at, saves) {
            continue;
        }
        let reason = format!(
            "{} was planned with {planned:.0} batches and grew to {batches:.0} while running (any growth is too much)",
            case.label(at)
        );
        let next = "Mend the estimate of what is hashed: see the misestimate below it, ANALYZE its tables";
        out.push(Draft::of(at, reason, next, saves));
    }
}

/// A hashed aggregate that went to disk.
pub(super) fn hashagg_spill(case: &Case, out: &mut Drafts) {
    for at in case.of(&["Aggregate", "SetOp"]) {
        let (batches, disk) = (case.most(at, "HashAgg Batches"), case.most(at, "Disk Usage"));
        let saves = case.timed(case.own(at));
        if batches <= 1.0 && disk <= 0.0 || !out.wants(at, saves) {
            continue;
        }
        let need = (case.most(at, "Peak Memory Usage") + disk) / hash_multiplier(case);
        let reason = format!(
            "{} wrote {} of its groups to disk in {batches:.0} batches (any is too much)",
            case.label(at),
            kilobytes(disk)
        );
        out.push(Draft::of(at, reason, next(need, case, at), saves).with_sql(set(need)));
    }
}

/// Temporary files of anything else: Materialize, CTE Scan, WindowAgg, functions.
pub(super) fn temp_files(case: &Case, out: &mut Drafts) {
    for at in case.ran() {
        let node = case.node(at);
        if matches!(&*node.node_type, "Sort" | "Incremental Sort" | "Hash" | "Aggregate" | "SetOp")
            || node.node_type.ends_with(" Join")
        {
            continue;
        }
        let written = blocks(case.figures(at).self_blocks.temp_written) * BLOCK_KB;
        let kept = if node.text("Storage") == Some("Disk") {
            node.number("Maximum Storage").unwrap_or(0.0)
        } else {
            0.0
        };
        let kb = written.max(kept);
        let saves = case.timed(case.own(at));
        if kb <= 0.0 || !out.wants(at, saves) {
            continue;
        }
        let reason =
            format!("{} kept {} in a temporary file (any is too much)", case.label(at), kilobytes(kb));
        // Rows are kept as they are, with a header each.
        let need = kb * 1.5;
        out.push(Draft::of(at, reason, next(need, case, at), saves).with_sql(set(need)));
    }
}

/// A bitmap that knew only pages, so that every row on them had to be looked at.
pub(super) fn lossy_bitmap(case: &Case, out: &mut Drafts) {
    for at in case.of(&["Bitmap Heap Scan"]) {
        let (lossy, exact) = (case.sum(at, "Lossy Heap Blocks"), case.sum(at, "Exact Heap Blocks"));
        let removed = case.removed(at, "Index Recheck");
        let share = removed / (removed + case.rows(at)).max(1.0);
        let saves = case.timed(case.own(at) * share);
        if lossy <= 0.0 || share < RECHECK_SHARE || !out.wants(at, saves) {
            continue;
        }
        let pages = lossy + exact;
        let reason = format!(
            "{} had {} of {} pages lossy and looked at {} rows to throw them away ({}; from {} on)",
            case.label(at),
            case::count(lossy),
            case::count(pages),
            case::count(removed),
            percent(share),
            percent(RECHECK_SHARE)
        );
        let brin = case.shape.inputs(case.plan, at).any(|input| {
            case.figures(input).misestimate.is_some_and(|estimate| !estimate.comparable)
                && case.node(input).node_type == "Bitmap Index Scan"
        });
        if brin {
            let next = "A BRIN index knows only ranges of pages: make it finer (pages_per_range), cluster the table by this \
                        column, or use a btree";
            out.push(Draft::of(at, reason, next, saves));
            continue;
        }
        let need = pages * BITMAP_PAGE_KB;
        out.push(Draft::of(at, reason, next(need, case, at), saves).with_sql(set(need)));
    }
}

fn blocks(number: u64) -> f64 {
    number as f64
}
