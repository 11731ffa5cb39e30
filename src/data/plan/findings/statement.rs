//! What took time beside the nodes: planning, compiling, triggers, sending, logging.

use super::Draft;
use super::case::{Case, count, kilobytes, ms, percent};
use super::drafts::Drafts;
use super::names;

/// Compilation that takes a fifth of the execution did not pay.
const JIT_SHARE: f64 = 0.2;

/// Planning that takes longer than running …
const PLANNING_RATIO: f64 = 1.0;
/// … and ten milliseconds.
const PLANNING_MS: f64 = 10.0;

/// Triggers that take a tenth of the time …
const TRIGGER_SHARE: f64 = 0.1;
/// … or a foreign key checked so often.
const TRIGGER_CALLS: f64 = 1000.0;

/// A query that dirties so many of the pages it touches does somebody's clean-up …
const DIRTIED_SHARE: f64 = 0.05;
/// … when they are more than a few, which are everybody's.
const DIRTIED: u64 = 100;

/// Turning rows into text that takes a fifth of the time.
const SERIALIZE_SHARE: f64 = 0.2;

/// Half of the WAL records carry a whole page …
const IMAGE_SHARE: f64 = 0.5;
/// … and there are enough of them to matter.
const IMAGES: f64 = 100.0;

/// Just-in-time compilation.
pub(super) fn jit(case: &Case, out: &mut Drafts) {
    let (Some(jit), Some(total)) = (&case.plan.jit, case.total) else { return };
    let parts = [jit.generation_ms, jit.inlining_ms, jit.optimization_ms, jit.emission_ms];
    let all = jit.total_ms.unwrap_or_else(|| parts.into_iter().flatten().sum());
    // The times are sums over the processes, which compiled side by side.
    let processes = case.figures.nodes.iter().map(|node| node.processes).fold(1.0, f64::max);
    let wall = all / processes;
    if wall < total * JIT_SHARE {
        return;
    }
    let reason = format!(
        "Compiling {} functions took {}, {} of the execution (from {} on)",
        count(jit.functions),
        ms(wall),
        percent(wall / total),
        percent(JIT_SHARE)
    );
    let next = "Switch it off for this query, or raise jit_above_cost over its cost";
    out.push(Draft::statement(reason, next, case.timed(wall)).with_sql("SET LOCAL jit = off;".to_owned()));
}

/// Planning.
pub(super) fn planning(case: &Case, out: &mut Drafts) {
    let Some(planning) = case.plan.planning_ms else { return };
    let execution = case.total.unwrap_or(f64::INFINITY);
    let read = case.plan.planning_blocks.shared_read;
    if planning < PLANNING_MS || planning < execution * PLANNING_RATIO {
        return;
    }
    let reason = format!(
        "Planning took {}, running {} (from {} and as long as running on){}",
        ms(planning),
        case.total.map_or("unknown".into(), ms),
        ms(PLANNING_MS),
        if read > 0 {
            format!("; it read {} buffers of the catalog from outside", names::whole(read))
        } else {
            String::new()
        }
    );
    let next = if read > 0 {
        "Run it again in the same session: what the catalog said is then at hand"
    } else {
        "Prepare the statement and execute it often; with many partitions or joins see join_collapse_limit and how many \
         partitions it touches"
    };
    // It does not count to the execution, but to what the user waits for.
    out.push(Draft::statement(reason, next, Some(planning)));
}

/// Triggers, those of foreign keys above all.
pub(super) fn triggers(case: &Case, out: &mut Drafts) {
    let sum: f64 = case.plan.triggers.iter().filter_map(|trigger| trigger.ms).sum();
    let Some(dearest) = case.plan.triggers.iter().max_by(|a, b| {
        (a.ms.unwrap_or(0.0), a.calls)
            .partial_cmp(&(b.ms.unwrap_or(0.0), b.calls))
            .unwrap_or(std::cmp::Ordering::Equal)
    }) else {
        return;
    };
    let keys = dearest.constraint.is_some() && dearest.calls >= TRIGGER_CALLS;
    if !(case.total.is_some_and(|total| sum >= total * TRIGGER_SHARE) || keys) {
        return;
    }
    let name = dearest.constraint.as_deref().or(dearest.name.as_deref()).unwrap_or("?");
    let relation = dearest.relation.as_deref();
    let reason = format!(
        "Triggers took {}{}; most of it {name}{} with {} calls (from {} of the time or {} calls of a foreign key on)",
        ms(sum),
        case.total.map_or(String::new(), |total| format!(", {} of the execution", percent(sum / total))),
        relation.map_or(String::new(), |relation| format!(" on {relation}")),
        count(dearest.calls),
        percent(TRIGGER_SHARE),
        count(TRIGGER_CALLS)
    );
    let (next, sql) = match &dearest.constraint {
        Some(constraint) => referencing_index(case, constraint, relation),
        None => (
            "See what the trigger does for each row; a statement-level trigger with transition tables does it once".to_owned(),
            None,
        ),
    };
    out.push(Draft::statement(reason, next, case.timed(sum)).with_sql(sql));
}

/// Deleting a referenced row looks for rows that refer to it: without an index on the referencing columns, by reading the
/// whole table each time.
fn referencing_index(case: &Case, constraint: &str, relation: Option<&str>) -> (String, Option<String>) {
    let plain = || {
        (
            "If rows are deleted or their key changes: an index on the referencing columns of this foreign key lets each check \
             find its rows; if rows are inserted: load them before adding the constraint"
                .to_owned(),
            None,
        )
    };
    let Some(key) = case.known.foreign_keys.iter().find(|key| key.name == constraint) else { return plain() };
    let table = names::qualified(Some(&key.from.0), &key.from.1);
    if relation == Some(&key.from.1) && key.from != key.to {
        return (
            format!(
                "Each new row of {table} is looked up in {}: insert in larger statements, or add the constraint after \
                     loading",
                names::qualified(Some(&key.to.0), &key.to.1)
            ),
            None,
        );
    }
    let indexes = case
        .known
        .relation(Some(&key.from.0), &key.from.1)
        .map(|relation| &relation.indexes[..])
        .unwrap_or_default();
    let there = indexes.iter().find(|index| {
        index.valid
            && index.predicate.is_none()
            && key.columns.iter().all(|column| index.keys.iter().take(key.columns.len()).any(|k| k == column))
    });
    match there {
        Some(index) => (
            format!(
                "Index {} serves the check already: delete fewer rows at a time, or see what the cascade does",
                index.name
            ),
            None,
        ),
        None => (
            format!(
                "Make an index on the referencing columns of {table}: each check reads the whole table without it"
            ),
            Some(format!("CREATE INDEX CONCURRENTLY ON {table} USING btree ({});", key.columns.join(", "))),
        ),
    }
}

/// A query that writes.
pub(super) fn read_writes(case: &Case, out: &mut Drafts) {
    let Some(root) = case.plan.nodes.first() else { return };
    if case.plan.nodes.iter().any(|node| matches!(&*node.node_type, "ModifyTable" | "LockRows")) {
        return;
    }
    let blocks = &root.blocks;
    let touched = blocks.shared_hit + blocks.shared_read;
    let (dirtied, written) = (blocks.shared_dirtied, blocks.shared_written);
    let most = dirtied.max(written);
    let share = names::number(most) / names::number(touched).max(1.0);
    if most < DIRTIED || share < DIRTIED_SHARE {
        return;
    }
    let reason = format!(
        "This query changed {} pages and wrote {} itself, {} of the {} it touched (from {} and {DIRTIED} pages on): it sets hint bits or removes \
         dead rows that nobody has cleaned up",
        names::whole(dirtied),
        names::whole(written),
        percent(share),
        names::whole(touched),
        percent(DIRTIED_SHARE)
    );
    let dirtied_by =
        (0..case.plan.nodes.len()).filter(|at| case.node(*at).relation.is_some()).max_by_key(|at| {
            case.figures(*at).self_blocks.shared_dirtied + case.figures(*at).self_blocks.shared_written
        });
    let table = dirtied_by.and_then(|at| super::index::table(case.node(at)));
    let saves = blocks.shared_write_ms;
    let next = "VACUUM the table, so that no query has to; after a bulk load do it at once";
    let draft = Draft::statement(reason, next, (saves > 0.0).then(|| case.timed(saves)).flatten());
    out.push(draft.with_sql(table.map(|table| format!("VACUUM {table};"))));
}

/// What sending would take (SERIALIZE, 17 and later).
pub(super) fn serialization(case: &Case, out: &mut Drafts) {
    let (Some(serialization), Some(total)) = (&case.plan.serialization, case.total) else { return };
    let taken = serialization.ms.unwrap_or(0.0);
    if taken <= 0.0 || taken < total * SERIALIZE_SHARE {
        return;
    }
    let reason = format!(
        "Turning the rows into {} took {}, {} of the execution, for {} (from {} on)",
        if serialization.format.is_empty() { "text" } else { &serialization.format },
        ms(taken),
        percent(taken / total),
        kilobytes(serialization.kilobytes),
        percent(SERIALIZE_SHARE)
    );
    let next = "Select only the columns that are needed: wide values are fetched, unpacked and sent whole";
    out.push(Draft::statement(reason, next, case.timed(taken)));
}

/// Whole pages in the log, because a checkpoint was just before.
pub(super) fn full_page_images(case: &Case, out: &mut Drafts) {
    let Some(root) = case.plan.nodes.first() else { return };
    let number = |name: &str| root.number(name).unwrap_or(0.0);
    let (records, images, bytes) = (number("WAL Records"), number("WAL FPI"), number("WAL Bytes"));
    let share = images / records.max(1.0);
    if images < IMAGES || share < IMAGE_SHARE {
        return;
    }
    let reason = format!(
        "{} of {} WAL records carried a whole page ({}; from {} and {} on), {} in all",
        count(images),
        count(records),
        percent(share),
        percent(IMAGE_SHARE),
        count(IMAGES),
        kilobytes(bytes / 1024.0)
    );
    let next = "A checkpoint was just before: measure again. If it is always so, let checkpoints come less often (max_wal_size, \
                checkpoint_timeout) or compress the pages (wal_compression)";
    out.push(Draft::statement(reason, next, None));
}
