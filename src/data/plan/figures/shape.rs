//! The tree of a plan, made once: children and ends of subtrees.

use crate::data::plan::{Plan, Relationship};

/// Who is whose child, and where subtrees end. `Plan::children` walks the subtree each time; this is for passes over
/// the whole plan.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    children: Vec<Vec<usize>>,
    ends: Vec<usize>,
    gathers: Vec<bool>,
}

impl Shape {
    /// The shape of a plan.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let len = plan.nodes.len();
        let mut children = vec![Vec::new(); len];
        let mut ends: Vec<usize> = (1..=len).collect();
        for at in (0..len).rev() {
            // A parent stands before its children; whatever else a broken text claims is no parent.
            if let Some(parent) = plan.nodes[at].parent.filter(|parent| *parent < at) {
                children[parent].push(at);
                ends[parent] = ends[parent].max(ends[at]);
            }
        }
        children.iter_mut().for_each(|children| children.reverse());
        let gathers =
            plan.nodes.iter().map(|node| matches!(&*node.node_type, "Gather" | "Gather Merge")).collect();
        Self { children, ends, gathers }
    }

    /// The direct children, inputs and subplans alike, in order.
    #[must_use]
    pub fn children(&self, node: usize) -> &[usize] {
        &self.children[node]
    }

    /// The direct children that are inputs.
    pub fn inputs<'a>(&'a self, plan: &'a Plan, node: usize) -> impl Iterator<Item = usize> + 'a {
        self.children[node].iter().copied().filter(|child| plan.nodes[*child].relationship.is_input())
    }

    /// The first input, or the inner one.
    pub fn input(&self, plan: &Plan, node: usize, relationship: Relationship) -> Option<usize> {
        self.children[node].iter().copied().find(|child| plan.nodes[*child].relationship == relationship)
    }

    /// The first node behind this one's subtree.
    #[must_use]
    pub fn end(&self, node: usize) -> usize {
        self.ends[node]
    }

    /// Is `node` in the subtree of `top` (or `top` itself)?
    #[must_use]
    pub fn within(&self, node: usize, top: usize) -> bool {
        (top..self.ends[top]).contains(&node)
    }

    /// Is it a Gather or a Gather Merge?
    #[must_use]
    pub fn is_gather(&self, node: usize) -> bool {
        self.gathers[node]
    }
}
