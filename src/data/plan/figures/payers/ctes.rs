//! CTEs: their time is in the time of those who read them.

use super::{Ledger, NodeFigures, Shape, counters, ran};
use crate::data::plan::{Plan, Relationship};
use std::collections::HashMap;

/// The readers of each CTE, by the CTE's node number, in order.
pub(super) fn readers(plan: &Plan, shape: &Shape) -> Vec<(usize, Vec<usize>)> {
    let mut scopes: HashMap<&str, Vec<(usize, usize)>> = HashMap::new();
    let mut readers: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut ctes = Vec::new();
    for (at, node) in plan.nodes.iter().enumerate() {
        // The top of a query level may itself be the reader, so what it lists comes first.
        for &child in shape.children(at) {
            if plan.nodes[child].relationship == Relationship::Cte {
                ctes.push(child);
                scopes.entry(name(plan, child)).or_default().push((child, shape.end(at)));
            }
        }
        // A WorkTable Scan carries the name too, but reads what its own recursion made.
        if node.node_type == "CTE Scan"
            && let Some(name) = &node.cte
            && let Some(scope) = scopes.get_mut(name.as_str())
        {
            while scope.last().is_some_and(|(_, end)| *end <= at) {
                scope.pop();
            }
            // A name may be given again further in; inside its own definition it means one further out.
            let cte = scope.iter().rev().map(|(cte, _)| *cte).find(|cte| !shape.within(at, *cte));
            if let Some(cte) = cte {
                readers.entry(cte).or_default().push(at);
            }
        }
    }
    ctes.into_iter().map(|cte| (cte, readers.remove(&cte).unwrap_or_default())).collect()
}

fn name(plan: &Plan, cte: usize) -> &str {
    let name = plan.nodes[cte].subplan.as_deref().unwrap_or_default();
    name.strip_prefix("CTE ").unwrap_or(name)
}

/// A single reader paid all of it.
pub(super) fn one_reader(
    plan: &Plan,
    nodes: &mut [NodeFigures],
    all: &[(usize, Vec<usize>)],
    ledger: &mut Ledger,
) {
    for (cte, readers) in all {
        if let [reader] = readers[..]
            && ran(plan, *cte)
        {
            let (ms, blocks) = (nodes[*cte].wall_ms.unwrap_or(0.0), counters(&plan.nodes[*cte].blocks));
            if ms <= 0.0 && blocks.iter().all(|count| *count == 0) {
                continue;
            }
            ledger.take(reader, ms, &blocks);
            nodes[reader].pays_for.push(*cte);
            nodes[*cte].paid_by = Some(reader);
        }
    }
}

/// Several readers share it. Whoever reads a row first computes it, and nobody wrote down who that was: their own work
/// together is what is left of them, and the planner's costs say how it is spread.
pub(super) fn several_readers(
    plan: &Plan,
    nodes: &mut [NodeFigures],
    all: &[(usize, Vec<usize>)],
    ledger: &mut Ledger,
) {
    for (cte, readers) in all {
        if readers.len() < 2 {
            continue;
        }
        for reader in readers {
            nodes[*reader].shares = Some(*cte);
        }
        if !ran(plan, *cte) {
            continue;
        }
        let cost = nodes[*cte].wall_ms.unwrap_or(0.0);
        let raw: Vec<f64> = readers.iter().map(|reader| ledger.ms[*reader].max(0.0)).collect();
        let own = spread((raw.iter().sum::<f64>() - cost).max(0.0), &raw, &weights(plan, readers));
        let mut paid: Vec<(usize, f64)> =
            readers.iter().zip(&raw).zip(&own).map(|((reader, raw), own)| (*reader, raw - own)).collect();
        paid.sort_by(|a, b| b.1.total_cmp(&a.1));
        let mut blocks = counters(&plan.nodes[*cte].blocks);
        for (reader, ms) in paid {
            if ms < TRACE_MS && ledger.timed {
                continue;
            }
            ledger.ms[reader] -= ms;
            for (left, part) in ledger.blocks[reader].iter_mut().zip(&mut blocks) {
                let taken = (*left).min(*part).max(0);
                *left -= taken;
                *part -= taken;
            }
            if ms >= TRACE_MS {
                nodes[reader].pays_for.push(*cte);
            }
        }
    }
    for node in nodes {
        node.pays_for.sort_unstable();
    }
}

/// Less than the last printed digit.
const TRACE_MS: f64 = 0.0005;

/// What the planner thought each reader costs over all its loops.
fn weights(plan: &Plan, readers: &[usize]) -> Vec<f64> {
    let weight = |reader: &usize| {
        let node = &plan.nodes[*reader];
        let loops = node.actual.map_or(0.0, |actual| actual.loops);
        node.estimate.map_or(1.0, |estimate| estimate.total_cost) * loops
    };
    readers.iter().map(weight).collect()
}

/// Spreads `total` by weight, but gives nobody more than their limit; what that leaves over goes to the others.
fn spread(total: f64, limits: &[f64], weights: &[f64]) -> Vec<f64> {
    let mut shares = vec![0.0; limits.len()];
    // By limit per weight: who is full first comes first.
    let mut order: Vec<usize> = (0..limits.len()).collect();
    let level = |at: usize| if weights[at] > 0.0 { limits[at] / weights[at] } else { f64::INFINITY };
    order.sort_by(|a, b| level(*a).total_cmp(&level(*b)));
    let (mut left, mut weight) = (total, weights.iter().sum::<f64>());
    for at in order {
        let share = if weight > 0.0 { left * weights[at] / weight } else { left };
        shares[at] = share.min(limits[at]).max(0.0);
        left -= shares[at];
        weight -= weights[at];
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn shares_stay_below_their_limits() {
        assert_eq!(spread(10.0, &[20.0, 20.0], &[1.0, 1.0]), [5.0, 5.0]);
        assert_eq!(spread(10.0, &[2.0, 20.0], &[1.0, 1.0]), [2.0, 8.0]);
        assert_eq!(spread(10.0, &[20.0, 2.0, 20.0], &[3.0, 1.0, 1.0]), [6.0, 2.0, 2.0]);
        assert_eq!(spread(0.0, &[20.0, 20.0], &[1.0, 1.0]), [0.0, 0.0]);
        assert_eq!(spread(3.0, &[2.0, 2.0], &[0.0, 0.0]), [2.0, 1.0]);
    }
}
