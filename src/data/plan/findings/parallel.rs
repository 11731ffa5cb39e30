//! Workers that did not come, or had nothing to do.

use super::Draft;
use super::case::{Case, ms, percent};
use super::drafts::Drafts;

/// A process that took so many times the mean keeps the others waiting …
const SKEW: f64 = 2.0;
/// … when it took longer than it takes to start the others.
const SKEW_MS: f64 = 10.0;

/// Fewer workers than planned.
pub(super) fn workers_missing(case: &Case, out: &mut Drafts) {
    for at in case.of(&["Gather", "Gather Merge"]) {
        let (planned, launched) = (case.sum(at, "Workers Planned"), case.sum(at, "Workers Launched"));
        // Launched is the sum over loops.
        let launched = launched / case.loops(at).max(1.0);
        if launched >= planned {
            continue;
        }
        let reason = format!(
            "{} was planned with {planned:.0} workers and got {launched:.0} (any missing one is too much)",
            case.label(at)
        );
        let below: f64 = case.shape.inputs(case.plan, at).map(|input| case.wall(input)).sum();
        let next = if launched < 1.0 {
            "See how many parallel workers run at the same time (max_parallel_workers, max_worker_processes), and whether the \
             statement was run through a cursor or in a way that forbids them"
        } else {
            "See how many parallel workers run at the same time: max_parallel_workers and max_worker_processes are shared by \
             all sessions"
        };
        let saves = below * (1.0 - (launched + 1.0) / (planned + 1.0));
        out.push(Draft::of(at, reason, next, case.timed(saves)));
    }
}

/// One process that did most of the work.
pub(super) fn worker_skew(case: &Case, out: &mut Drafts) {
    for gather in case.of(&["Gather", "Gather Merge"]) {
        let Some(at) = case.shape.inputs(case.plan, gather).next() else { continue };
        let workers = case.node(at).workers.iter().filter_map(|worker| worker.actual);
        let mut times: Vec<f64> =
            workers.filter_map(|actual| Some(actual.total_ms? * actual.loops)).collect();
        times.extend(case.figures(at).leader.filter(|(_, loops)| *loops > 0.0).map(|(ms, _)| ms));
        if times.len() < 2 {
            continue;
        }
        let slowest = times.iter().copied().fold(0.0, f64::max);
        let mean = times.iter().sum::<f64>() / processes(times.len());
        if slowest < mean * SKEW || slowest < SKEW_MS || mean <= 0.0 {
            continue;
        }
        let reason = format!(
            "{}: the slowest of {} processes took {}, {:.1} times the mean of {} (from {SKEW:.0} times and {} on, {} of \
             the time was spent waiting for it)",
            case.label(at),
            times.len(),
            ms(slowest),
            slowest / mean,
            ms(mean),
            ms(SKEW_MS),
            percent((slowest - mean) / case.total.unwrap_or(slowest).max(slowest))
        );
        let next = "The work cannot be divided evenly as it is: see which node below is not parallel aware, or whether a few \
                    values or partitions hold most of the rows";
        out.push(Draft::of(at, reason, next, case.timed(slowest - mean)));
    }
}

fn processes(number: usize) -> f64 {
    number as f64
}
