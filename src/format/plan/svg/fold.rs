//! Which nodes of a plan are drawn.

use super::Analysis;

/// Most nodes that are drawn; a plan up to this size is drawn whole.
const MOST: usize = 36;

/// A line of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Row {
    /// A node.
    Node(usize),
    /// Nodes `from..to` that follow one another and are not drawn; the first one's depth.
    Folded { from: usize, to: usize, depth: usize },
}

/// The lines, in the order of the plan. Drawn are the root, the nodes with findings and the heaviest ones, with the
/// nodes above them as long as there is room.
pub(super) fn rows(all: &Analysis<'_>, weights: &[f64]) -> Vec<Row> {
    let nodes = &all.plan.nodes;
    let drawn = drawn(all, weights);
    let mut rows = Vec::new();
    let mut at = 0;
    while at < nodes.len() {
        // a fold of one would save nothing
        if drawn[at] || drawn.get(at + 1).is_none_or(|next| *next) {
            rows.push(Row::Node(at));
            at += 1;
            continue;
        }
        let to = (at..nodes.len()).find(|next| drawn[*next]).unwrap_or(nodes.len());
        rows.push(Row::Folded { from: at, to, depth: nodes[at].depth });
        at = to;
    }
    rows
}

fn drawn(all: &Analysis<'_>, weights: &[f64]) -> Vec<bool> {
    let nodes = &all.plan.nodes;
    if nodes.len() <= MOST {
        return vec![true; nodes.len()];
    }
    let mut drawn = vec![false; nodes.len()];
    drawn[0] = true;
    let mut room = MOST - 1;
    let mut order: Vec<usize> = (0..nodes.len()).collect();
    order.sort_by(|a, b| weights[*b].total_cmp(&weights[*a]));
    let found = all.findings.iter().filter_map(|f| f.node).filter(|at| *at < nodes.len());
    for at in found.take(MOST / 2).chain(order) {
        let mut path = Vec::new();
        let mut next = Some(at);
        while let Some(node) = next.filter(|node| !drawn[*node] && path.len() <= room) {
            path.push(node);
            next = nodes[node].parent;
        }
        if path.len() > room {
            path.truncate(1);
        }
        if path.len() > room {
            break;
        }
        room -= path.len();
        path.into_iter().for_each(|node| drawn[node] = true);
    }
    drawn
}
