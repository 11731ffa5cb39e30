//! What each node took: the time and the buffers that are its own, its rows, how far the estimate was off.
//!
//! EXPLAIN prints averages per loop, rounded to a microsecond, that hold everything below a node. So a node's own part
//! is what is left when the parts of those it waited for are taken away, and the work is to find out who waited for
//! whom (`payers`). Every step is one pass over the nodes or over who mentions what, none recurses.

mod estimate;
mod payers;
mod shape;

use super::{Blocks, Plan, Relationship};
pub use shape::Shape;

/// The figures of a plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// One per node.
    pub nodes: Vec<NodeFigures>,
    /// Levels; a single node is one.
    pub max_depth: usize,
    /// ANALYZE ran.
    pub analyzed: bool,
    /// … and took times, or some node is known to have taken none because it never ran.
    pub timed: bool,
    /// The root's time with everything below it, ms.
    pub root_ms: Option<f64>,
    /// The sum of all self times, ms.
    pub sum_self_ms: Option<f64>,
    /// The node with most self time.
    pub slowest: Option<usize>,
    /// The node whose estimate was furthest off.
    pub worst_estimate: Option<usize>,
    /// The time of all triggers, ms; none when none fired or times were not taken.
    pub triggers_ms: Option<f64>,
    /// The triggers listed.
    pub trigger_count: usize,
}

/// The figures of a node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeFigures {
    /// Time with everything below it, summed over loops and processes, ms.
    pub inclusive_ms: Option<f64>,
    /// Half the rounding of the printed average times the loops: `inclusive_ms` may be off by this much.
    pub rounding_ms: f64,
    /// The Gather or Gather Merge it runs below.
    pub gather: Option<usize>,
    /// The processes that ran it under its Gather; 1 outside one. A mean over the Gather's loops, so not always whole.
    pub processes: f64,
    /// `inclusive_ms` by the clock on the wall: divided by the processes.
    pub wall_ms: Option<f64>,
    /// The node's own part of `wall_ms`.
    pub self_ms: Option<f64>,
    /// The node's own part of the time of all processes.
    pub self_all_ms: Option<f64>,
    /// Rows over all loops and processes.
    pub rows: Option<f64>,
    /// `Rows Removed by …` over all loops: the name in the JSON format and the number.
    pub removed: Vec<(String, f64)>,
    /// The estimate against the measured, where they can be compared.
    pub misestimate: Option<Misestimate>,
    /// The node's own part of the buffers.
    pub self_blocks: Blocks,
    /// The InitPlans and CTEs whose time this node's inclusive time holds, by node number.
    pub pays_for: Vec<usize>,
    /// For an InitPlan or CTE: the node that pays for it, if one alone does.
    pub paid_by: Option<usize>,
    /// A reader of a CTE with several readers, which share its cost: the CTE's node number.
    pub shares: Option<usize>,
    /// The leader's part, where the workers' figures are printed: inclusive ms and loops.
    pub leader: Option<(f64, f64)>,
}

/// How far an estimate was off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Misestimate {
    /// 1 or more: the larger of estimated and measured rows per loop through the smaller.
    pub factor: f64,
    /// Which way.
    pub direction: Direction,
    /// False where both numbers mean different things (ModifyTable, BitmapAnd, BRIN): the factor is no error.
    pub comparable: bool,
    /// The node was stopped before its end (below a LIMIT, semi join …): fewer rows are no error.
    pub stopped_early: bool,
}

/// Which way an estimate was off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Right.
    Exact,
    /// More rows were expected than came.
    Over,
    /// Fewer rows were expected than came.
    Under,
}

/// The figures of a plan.
#[must_use]
pub fn figures(plan: &Plan) -> Figures {
    let shape = Shape::of(plan);
    // A node that never ran is known to have taken no time, also with TIMING OFF.
    let timed = plan
        .nodes
        .iter()
        .any(|node| node.never_executed || node.actual.is_some_and(|actual| actual.total_ms.is_some()));
    let mut nodes: Vec<NodeFigures> = (0..plan.nodes.len()).map(|node| whole(plan, node, timed)).collect();
    processes(plan, &shape, &mut nodes);
    for (at, figures) in nodes.iter_mut().enumerate() {
        figures.wall_ms = figures.inclusive_ms.map(|ms| ms / figures.processes);
        figures.leader = leader(plan, at, figures.inclusive_ms);
    }
    payers::settle(plan, &shape, &mut nodes);
    estimate::measure(plan, &shape, &mut nodes);
    summary(plan, timed, nodes)
}

/// What is a node's with everything below it.
fn whole(plan: &Plan, node: usize, timed: bool) -> NodeFigures {
    let node = &plan.nodes[node];
    let mut figures = NodeFigures { processes: 1.0, ..NodeFigures::default() };
    let Some(actual) = &node.actual else {
        if node.never_executed {
            figures.rows = Some(0.0);
            figures.inclusive_ms = timed.then_some(0.0);
        }
        return figures;
    };
    figures.inclusive_ms = actual.total_ms.map(|ms| ms * actual.loops);
    figures.rounding_ms = ROUNDING_MS * actual.loops;
    figures.rows = Some(actual.rows * actual.loops);
    figures.removed = node
        .properties
        .iter()
        .filter(|(name, _)| name.starts_with("Rows Removed by "))
        .filter_map(|(name, property)| Some((name.clone(), property.number()? * actual.loops)))
        .collect();
    figures
}

/// Half of the last printed digit of a time.
const ROUNDING_MS: f64 = 0.0005;

/// How many processes ran each node: the Gather's child was started once in each of them, whether the leader took part
/// or not, so its loops tell. InitPlans are computed by one process before the others start.
fn processes(plan: &Plan, shape: &Shape, nodes: &mut [NodeFigures]) {
    let loops = |node: usize| plan.nodes[node].actual.map_or(0.0, |actual| actual.loops);
    for at in 0..nodes.len() {
        let Some(parent) = plan.nodes[at].parent.filter(|parent| *parent < at) else { continue };
        if matches!(plan.nodes[at].relationship, Relationship::InitPlan | Relationship::Cte) {
            continue;
        }
        (nodes[at].gather, nodes[at].processes) = if shape.is_gather(parent) {
            let each = loops(at) / loops(parent);
            (Some(parent), if each.is_finite() && each > 0.0 { each } else { 1.0 })
        } else {
            (nodes[parent].gather, nodes[parent].processes)
        };
    }
}

/// What remains for the leader when the workers' parts are taken off.
fn leader(plan: &Plan, node: usize, inclusive_ms: Option<f64>) -> Option<(f64, f64)> {
    let node = &plan.nodes[node];
    let (mut ms, mut loops) = (inclusive_ms?, node.actual?.loops);
    let mut any = false;
    for actual in node.workers.iter().filter_map(|worker| worker.actual) {
        ms -= actual.total_ms? * actual.loops;
        loops -= actual.loops;
        any = true;
    }
    // Loops below nothing are kept: the plan contradicts itself, and this shows it.
    any.then_some((ms.max(0.0), loops))
}

fn summary(plan: &Plan, timed: bool, nodes: Vec<NodeFigures>) -> Figures {
    let triggers: Vec<f64> = plan.triggers.iter().filter_map(|trigger| trigger.ms).collect();
    Figures {
        max_depth: plan.nodes.iter().map(|node| node.depth + 1).max().unwrap_or(0),
        analyzed: plan.analyzed(),
        timed,
        root_ms: timed.then(|| nodes.first().and_then(|root| root.inclusive_ms).unwrap_or(0.0)),
        sum_self_ms: timed.then(|| nodes.iter().filter_map(|node| node.self_ms).sum()),
        slowest: first_most(nodes.iter().map(|node| node.self_ms)),
        worst_estimate: first_most(nodes.iter().map(|node| {
            let misestimate = node.misestimate.filter(|misestimate| misestimate.comparable)?;
            Some(misestimate.factor)
        })),
        triggers_ms: (!triggers.is_empty()).then(|| triggers.iter().sum()),
        trigger_count: plan.triggers.len(),
        nodes,
    }
}

/// The first of the largest.
fn first_most(values: impl Iterator<Item = Option<f64>>) -> Option<usize> {
    let mut most: Option<(usize, f64)> = None;
    for (at, value) in values.enumerate() {
        if let Some(value) = value
            && most.is_none_or(|(_, other)| value > other)
        {
            most = Some((at, value));
        }
    }
    most.map(|(at, _)| at)
}

#[cfg(test)]
mod cases_tests;
#[cfg(test)]
mod tests;
