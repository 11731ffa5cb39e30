//! Which node of one plan is which of another: children of nodes that belong together are matched by what they are.

use crate::data::plan::{Node, Plan, figures::Shape};

/// Nodes that belong together; one is missing where a plan has no such node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub a: Option<usize>,
    pub b: Option<usize>,
}

/// The pairs, in the order of the trees.
pub(super) fn pairs(a: &Plan, b: &Plan) -> Vec<Pair> {
    let (shape_a, shape_b) = (Shape::of(a), Shape::of(b));
    let mut out = vec![];
    let mut open =
        vec![Pair { a: (!a.nodes.is_empty()).then_some(0), b: (!b.nodes.is_empty()).then_some(0) }];
    while let Some(pair) = open.pop() {
        if pair.a.is_none() && pair.b.is_none() {
            continue;
        }
        out.push(pair);
        let left = pair.a.map_or(&[][..], |n| shape_a.children(n));
        let right = pair.b.map_or(&[][..], |n| shape_b.children(n));
        let matched = match_children(a, left, b, right);
        let mut below = vec![];
        let mut next = 0;
        for (at, node) in left.iter().enumerate() {
            if let Some(to) = matched[at] {
                // What is new stands in front of what followed it.
                while next < to {
                    if !matched.contains(&Some(next)) {
                        below.push(Pair { a: None, b: Some(right[next]) });
                    }
                    next += 1;
                }
                next = next.max(to + 1);
            }
            below.push(Pair { a: Some(*node), b: matched[at].map(|to| right[to]) });
        }
        for (at, node) in right.iter().enumerate().skip(next) {
            if !matched.contains(&Some(at)) {
                below.push(Pair { a: None, b: Some(*node) });
            }
        }
        open.extend(below.into_iter().rev());
    }
    out
}

/// Per child on the left its partner on the right: first those that are the same, then those about the same relation,
/// then those of the same kind, at last whatever stands at the same place below the same node.
fn match_children(a: &Plan, left: &[usize], b: &Plan, right: &[usize]) -> Vec<Option<usize>> {
    let tests: [fn(&Node, &Node) -> bool; 4] = [
        |x, y| x.node_type == y.node_type && about(x) == about(y) && x.index == y.index,
        |x, y| about(x).is_some() && about(x) == about(y),
        |x, y| x.node_type == y.node_type && x.relationship == y.relationship,
        |x, y| x.relationship == y.relationship && x.relationship.is_input(),
    ];
    let mut out = vec![None; left.len()];
    let mut taken = vec![false; right.len()];
    for test in tests {
        // Wide plans (partitions) are matched in order, so that this stays one pass.
        let mut from = 0;
        for (at, x) in left.iter().enumerate() {
            if out[at].is_some() {
                continue;
            }
            let fits = |n: &usize| !taken[*n] && test(&a.nodes[*x], &b.nodes[right[*n]]);
            let near = from..right.len().min(from + 64);
            if let Some(to) = near.into_iter().find(fits).or_else(|| (0..from.min(64)).find(fits)) {
                out[at] = Some(to);
                taken[to] = true;
                from = to + 1;
            }
        }
    }
    out
}

/// What a node reads.
fn about(node: &Node) -> Option<(&str, &str)> {
    let what = node.relation.as_deref().or(node.cte.as_deref())?;
    Some((what, node.alias.as_deref().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(nodes: &[(usize, &str, &str)]) -> Plan {
        let mut path: Vec<usize> = vec![];
        let mut out = Plan::default();
        for (at, (depth, kind, relation)) in nodes.iter().enumerate() {
            path.truncate(*depth);
            out.nodes.push(Node {
                parent: path.last().copied(),
                depth: *depth,
                node_type: (*kind).into(),
                relation: (!relation.is_empty()).then(|| (*relation).into()),
                ..Node::default()
            });
            path.push(at);
        }
        out
    }

    #[test]
    fn an_index_scan_takes_the_place_of_a_seq_scan() {
        let a = plan(&[
            (0, "Hash Join", ""),
            (1, "Seq Scan", "posts"),
            (1, "Hash", ""),
            (2, "Seq Scan", "users"),
        ]);
        let b = plan(&[(0, "Nested Loop", ""), (1, "Seq Scan", "users"), (1, "Index Scan", "posts")]);
        let found: Vec<_> = pairs(&a, &b).into_iter().map(|p| (p.a, p.b)).collect();
        assert_eq!(found, [(Some(0), Some(0)), (Some(1), Some(2)), (Some(2), Some(1)), (Some(3), None)]);
        let same: Vec<_> = pairs(&a, &a).into_iter().map(|p| (p.a, p.b)).collect();
        assert_eq!(same, (0..4).map(|n| (Some(n), Some(n))).collect::<Vec<_>>());
        assert!(pairs(&Plan::default(), &Plan::default()).is_empty());
        assert_eq!(pairs(&a, &Plan::default()).len(), 4);
    }
}
