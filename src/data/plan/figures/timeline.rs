//! When each node ran, as far as a plan tells.
//!
//! EXPLAIN prints how long a node was inside itself, not when. But who waits for whom is known: a Sort reads all its
//! input before its first row, a Hash is filled before the other side is read, the members of an Append run one after
//! the other, an InitPlan runs when its payer asks. Nodes that give a row, wait and go on share their parent's span.

use super::{Figures, Shape};
use crate::data::plan::{Plan, Relationship};
use std::collections::HashMap;

/// When a node ran, in ms from the start of the execution.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Span {
    /// From when at the earliest.
    pub start_ms: f64,
    /// Until when at the latest.
    pub end_ms: f64,
    /// How much of it the node and what is below it were at work.
    pub busy_ms: f64,
}

/// One span for each node; none for nodes that never ran or whose place in time is not known.
#[must_use]
pub fn timeline(plan: &Plan, figures: &Figures) -> Vec<Option<Span>> {
    let shape = Shape::of(plan);
    let len = plan.nodes.len().min(figures.nodes.len());
    let mut spans: Vec<Option<Span>> = vec![None; len];
    let mut seen = vec![false; len];
    let before = before(plan, figures, &shape);
    let readers = readers(figures);
    for at in 0..len {
        // From here up to a node that is placed already, then down again.
        let mut path = vec![at];
        while let Some(&last) = path.last()
            && !seen[last]
        {
            seen[last] = true;
            match waits(plan, figures, &readers, last) {
                Some(next) if next < len && !seen[next] => path.push(next),
                _ => break,
            }
        }
        while let Some(node) = path.pop() {
            if spans[node].is_none() {
                let host = waits(plan, figures, &readers, node);
                spans[node] = place(plan, figures, &shape, (node, host, before[node]), &spans);
            }
        }
    }
    spans
}

/// Whose time a node's time is in: its payer's, else its parent's.
fn waits(plan: &Plan, figures: &Figures, readers: &HashMap<usize, usize>, at: usize) -> Option<usize> {
    let figure = &figures.nodes[at];
    match plan.nodes[at].relationship {
        Relationship::InitPlan => figure.paid_by,
        Relationship::Cte => figure.paid_by.or_else(|| readers.get(&at).copied()),
        _ => plan.nodes[at].parent,
    }
}

/// The first of several readers of each CTE.
fn readers(figures: &Figures) -> HashMap<usize, usize> {
    let mut first = HashMap::new();
    for (at, node) in figures.nodes.iter().enumerate() {
        if let Some(cte) = node.shares {
            first.entry(cte).or_insert(at);
        }
    }
    first
}

/// What the members of an Append before each one took.
fn before(plan: &Plan, figures: &Figures, shape: &Shape) -> Vec<f64> {
    let mut before = vec![0.0; plan.nodes.len()];
    for append in (0..plan.nodes.len()).filter(|at| plan.nodes[*at].node_type == "Append") {
        let mut sum = 0.0;
        for member in shape.inputs(plan, append) {
            before[member] = sum;
            sum += figures.nodes.get(member).and_then(|node| node.wall_ms).unwrap_or(0.0);
        }
    }
    before
}

/// `node` is the node, whose time it is in, and what went before it there.
fn place(
    plan: &Plan,
    figures: &Figures,
    shape: &Shape,
    node: (usize, Option<usize>, f64),
    spans: &[Option<Span>],
) -> Option<Span> {
    let (at, host, before) = node;
    let busy_ms = figures.nodes[at].wall_ms?;
    if plan.nodes[at].actual.is_none_or(|actual| actual.loops <= 0.0) {
        return None;
    }
    let Some(host) = host else {
        // Only the root waits for nobody.
        return (at == 0).then_some(Span { start_ms: 0.0, end_ms: busy_ms, busy_ms });
    };
    let host_span = spans[host]?;
    let at_once =
        |start: f64| Span { start_ms: start, end_ms: (start + busy_ms).min(host_span.end_ms), busy_ms };
    let shared =
        |start: f64| Span { start_ms: start.min(host_span.end_ms), end_ms: host_span.end_ms, busy_ms };
    let once = plan.nodes[host].actual.is_some_and(|actual| actual.loops <= figures.nodes[host].processes);
    let relationship = plan.nodes[at].relationship;
    if relationship == Relationship::InitPlan {
        return Some(at_once(host_span.start_ms));
    }
    if !relationship.is_input() || !once {
        return Some(shared(host_span.start_ms));
    }
    let wall = |node: usize| figures.nodes[node].wall_ms.unwrap_or(0.0);
    let inner = || shape.input(plan, host, Relationship::Inner);
    Some(match &*plan.nodes[host].node_type {
        "Sort" | "Hash" | "Bitmap Heap Scan" | "BitmapAnd" | "BitmapOr" => at_once(host_span.start_ms),
        "Aggregate" if !plan.nodes[host].heading.contains("GroupAggregate") => at_once(host_span.start_ms),
        "Append" => at_once(host_span.start_ms + before),
        "Hash Join" if relationship == Relationship::Inner => at_once(host_span.start_ms),
        "Hash Join" => shared(host_span.start_ms + inner().map_or(0.0, wall)),
        _ => shared(host_span.start_ms),
    })
}
