//! Two plans of one statement side by side: which node is which, what changed, and whether it is better.
//!
//! The verdict is about what was measured, blocks and times. Costs are what the planner thought, and that a plan is
//! cheaper was never a reason to run it.

use super::figures::{Figures, Shape};
use super::{Blocks, Node, Plan};
use crate::text::units;
use std::collections::HashMap;

/// A node of the one plan and its counterpart in the other; one is missing where the other plan has no such node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pair {
    /// The node of the first plan.
    pub before: Option<usize>,
    /// The node of the second.
    pub after: Option<usize>,
    /// Own time, ms.
    pub self_ms: Delta,
    /// Rows over all loops.
    pub rows: Delta,
    /// Own blocks, hit and read, of every kind.
    pub blocks: Delta,
    /// How far the estimate was off.
    pub factor: Delta,
}

/// A figure before and after; none where it is unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Delta {
    /// Before.
    pub before: Option<f64>,
    /// After.
    pub after: Option<f64>,
}

impl Delta {
    /// What was added; a node that is not there took nothing.
    #[must_use]
    pub fn change(&self) -> Option<f64> {
        (self.before.is_some() || self.after.is_some())
            .then(|| self.after.unwrap_or(0.0) - self.before.unwrap_or(0.0))
    }
}

/// A planner setting that differs: the name, and its values; none where it is the default.
pub type Setting = (String, Option<String>, Option<String>);

/// Which plan is better.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Which way it went.
    pub outcome: Outcome,
    /// The figures it stands on.
    pub reason: String,
}

/// Which way it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The second plan needs less.
    Better,
    /// It needs more.
    Worse,
    /// Neither by more than chance.
    Same,
    /// Less of one, more of the other.
    Mixed,
    /// One of them was not run.
    Unknown,
}

/// What became of the node of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    /// It is the same.
    Same,
    /// It does the same with other conditions or keys.
    Conditions,
    /// The same kind of node stands somewhere else in the tree.
    Moved,
    /// It does what it did in another way: another kind of scan or join, another index.
    Other,
    /// Only the first plan has it.
    Gone,
    /// Only the second one has it.
    New,
}

/// Changes that are named one by one; what is left is counted.
const NAMED: usize = 3;

/// Properties that say what a node does rather than how it went.
const CONDITIONS: [&str; 13] = [
    "Index Cond",
    "Recheck Cond",
    "TID Cond",
    "Hash Cond",
    "Merge Cond",
    "Join Filter",
    "Filter",
    "One-Time Filter",
    "Run Condition",
    "Order By",
    "Sort Key",
    "Group Key",
    "Cache Key",
];

/// Blocks are nearly the same from run to run.
const BLOCKS_DIFFER: f64 = 1.1;

/// Times are not: one run says little below this.
const TIMES_DIFFER: f64 = 1.25;

/// Children lists are compared each with each up to this many comparisons; wider ones (partitions) in order.
const COMPARISONS: usize = 100_000;

/// The pairs, in the order of the first plan; what only the second has stands behind what is before it there.
#[must_use]
pub fn compare(before: &Plan, of_before: &Figures, after: &Plan, of_after: &Figures) -> Vec<Pair> {
    let partners = partners(before, after);
    let mut taken = vec![None; after.nodes.len()];
    for (at, partner) in partners.iter().enumerate() {
        if let Some(partner) = partner {
            taken[*partner] = Some(at);
        }
    }
    let mut behind: Vec<Vec<usize>> = vec![Vec::new(); before.nodes.len() + 1];
    let mut anchor = 0;
    for (at, taken) in taken.iter().enumerate() {
        match taken {
            Some(at) => anchor = at + 1,
            None => behind[anchor].push(at),
        }
    }
    let pair = |left: Option<usize>, right: Option<usize>| Pair {
        before: left,
        after: right,
        ..figures(left.map(|at| (of_before, at)), right.map(|at| (of_after, at)))
    };
    let mut pairs = Vec::with_capacity(before.nodes.len());
    pairs.extend(behind[0].iter().map(|at| pair(None, Some(*at))));
    for (at, partner) in partners.iter().enumerate() {
        pairs.push(pair(Some(at), *partner));
        pairs.extend(behind[at + 1].iter().map(|at| pair(None, Some(*at))));
    }
    pairs
}

fn figures(left: Option<(&Figures, usize)>, right: Option<(&Figures, usize)>) -> Pair {
    let node =
        |side: Option<(&Figures, usize)>| side.and_then(|(figures, at)| figures.nodes.get(at).cloned());
    let (left, right) = (node(left), node(right));
    let delta = |value: fn(&super::figures::NodeFigures) -> Option<f64>| Delta {
        before: left.as_ref().and_then(value),
        after: right.as_ref().and_then(value),
    };
    Pair {
        self_ms: delta(|node| node.self_ms),
        rows: delta(|node| node.rows),
        blocks: delta(|node| Some(touched(&node.self_blocks))),
        factor: delta(|node| Some(node.misestimate?.factor)),
        ..Pair::default()
    }
}

/// Blocks that were looked at, wherever they came from.
fn touched(blocks: &Blocks) -> f64 {
    let all =
        blocks.shared_hit + blocks.shared_read + blocks.local_hit + blocks.local_read + blocks.temp_read;
    (all + blocks.temp_written) as f64
}

/// What became of each pair's node.
#[must_use]
pub fn became(before: &Plan, after: &Plan, pairs: &[Pair]) -> Vec<Became> {
    let mut partner = vec![None; before.nodes.len()];
    for pair in pairs {
        if let (Some(left), Some(right)) = (pair.before, pair.after) {
            partner[left] = Some(right);
        }
    }
    let one = |pair: &Pair| match (pair.before, pair.after) {
        (None, _) => Became::New,
        (_, None) => Became::Gone,
        (Some(left), Some(right)) => {
            let (l, r) = (&before.nodes[left], &after.nodes[right]);
            let stays = l.parent.map(|parent| partner[parent]) == r.parent.map(Some)
                && l.relationship == r.relationship;
            if heading(l) != heading(r) || l.index != r.index || l.relation != r.relation {
                Became::Other
            } else if !stays {
                Became::Moved
            } else if CONDITIONS.iter().any(|name| l.property(name) != r.property(name)) {
                Became::Conditions
            } else {
                Became::Same
            }
        }
    };
    pairs.iter().map(one).collect()
}

/// How the second plan goes about it in another way, in words: `Seq Scan on posts became Index Scan using posts_pkey on
/// posts`, `2 nodes gone`; that they are the same where they are.
#[must_use]
pub fn changes(before: &Plan, after: &Plan, pairs: &[Pair]) -> Vec<String> {
    let became = became(before, after, pairs);
    let count = |what: Became| became.iter().filter(|b| **b == what).count() as u64;
    let nodes = |n: u64| units::counted(n, "node", "nodes");
    let mut out: Vec<String> = vec![];
    // What reads a relation says more than what stands above it.
    let others = || pairs.iter().zip(&became).filter(|(_, b)| **b == Became::Other).map(|(p, _)| p);
    let reads = |pair: &&Pair| pair.before.is_some_and(|at| about(&before.nodes[at]).is_some());
    for pair in others().filter(reads).chain(others().filter(|p| !reads(p))).take(NAMED) {
        if let (Some(left), Some(right)) = (pair.before, pair.after) {
            out.push(format!("{} became {}", name(&before.nodes[left]), name(&after.nodes[right])));
        }
    }
    let more = count(Became::Other).saturating_sub(out.len() as u64);
    if more > 0 {
        out.push(format!("{} more became others", nodes(more)));
    }
    let rest = [
        (Became::Moved, "moved"),
        (Became::Gone, "gone"),
        (Became::New, "new"),
        (Became::Conditions, "with other conditions"),
    ];
    for (what, word) in rest {
        match count(what) {
            0 => {}
            n => out.push(format!("{} {word}", nodes(n))),
        }
    }
    if out.is_empty() {
        out.push("the same nodes".into());
    }
    out
}

fn heading(node: &Node) -> &str {
    if node.heading.is_empty() { &node.node_type } else { &node.heading }
}

/// A node as the text format heads it.
fn name(node: &Node) -> String {
    let mut out = heading(node).to_owned();
    if let Some(index) = &node.index {
        out.push_str(if node.relation.is_some() { " using " } else { " on " });
        out.push_str(index);
    }
    if let Some(what) = node.relation.as_deref().or(node.cte.as_deref()) {
        out.push_str(" on ");
        out.push_str(what);
        if let Some(alias) = node.alias.as_deref().filter(|alias| *alias != what) {
            out.push(' ');
            out.push_str(alias);
        }
    }
    out
}

/// For each node of the first plan its counterpart.
fn partners(before: &Plan, after: &Plan) -> Vec<Option<usize>> {
    let (left_shape, right_shape) = (Shape::of(before), Shape::of(after));
    let mut partners = vec![None; before.nodes.len()];
    let mut taken = vec![false; after.nodes.len()];
    let mut open = Vec::new();
    if !before.nodes.is_empty() && !after.nodes.is_empty() {
        partners[0] = Some(0);
        taken[0] = true;
        open.push((0, 0));
    }
    while let Some((left, right)) = open.pop() {
        for (l, r) in children(before, left_shape.children(left), after, right_shape.children(right)) {
            partners[l] = Some(r);
            taken[r] = true;
            open.push((l, r));
        }
    }
    // Where joins changed their order a relation is still itself.
    let mut elsewhere: HashMap<_, Vec<usize>> = HashMap::new();
    for at in (0..after.nodes.len()).rev().filter(|at| !taken[*at]) {
        if let Some(about) = about(&after.nodes[at]) {
            elsewhere.entry(about).or_default().push(at);
        }
    }
    for (node, partner) in before.nodes.iter().zip(&mut partners) {
        if partner.is_none()
            && let Some(about) = about(node)
        {
            *partner = elsewhere.get_mut(&about).and_then(Vec::pop);
        }
    }
    partners
}

/// Pairs of children: the longest common sequence of the same nodes, then the same relations and the same places among
/// what is left.
fn children(before: &Plan, left: &[usize], after: &Plan, right: &[usize]) -> Vec<(usize, usize)> {
    let same = |l: usize, r: usize| {
        let (l, r) = (&before.nodes[l], &after.nodes[r]);
        l.node_type == r.node_type
            && l.relationship == r.relationship
            && about(l) == about(r)
            && l.index == r.index
    };
    let mut pairs = if left.len().saturating_mul(right.len()) <= COMPARISONS {
        common(left, right, &same)
    } else {
        left.iter().copied().zip(right.iter().copied()).filter(|(l, r)| same(*l, *r)).collect()
    };
    let tests: [fn(&Node, &Node) -> bool; 2] = [
        |l, r| about(l).is_some() && about(l) == about(r),
        |l, r| l.relationship == r.relationship && about(l).is_none() && about(r).is_none(),
    ];
    for test in tests {
        let rest = |all: &[usize], side: fn(&(usize, usize)) -> usize| -> Vec<usize> {
            let used: std::collections::HashSet<usize> = pairs.iter().map(side).collect();
            all.iter().copied().filter(|node| !used.contains(node)).collect()
        };
        let (lefts, mut rights) = (rest(left, |pair| pair.0), rest(right, |pair| pair.1));
        if lefts.len().saturating_mul(rights.len()) > COMPARISONS {
            continue;
        }
        for l in lefts {
            let found = rights.iter().position(|r| test(&before.nodes[l], &after.nodes[*r]));
            if let Some(found) = found {
                pairs.push((l, rights.remove(found)));
            }
        }
    }
    pairs
}

fn common(left: &[usize], right: &[usize], same: &dyn Fn(usize, usize) -> bool) -> Vec<(usize, usize)> {
    let width = right.len() + 1;
    let mut longest = vec![0usize; (left.len() + 1) * width];
    for l in (0..left.len()).rev() {
        for r in (0..right.len()).rev() {
            longest[l * width + r] = if same(left[l], right[r]) {
                longest[(l + 1) * width + r + 1] + 1
            } else {
                longest[(l + 1) * width + r].max(longest[l * width + r + 1])
            };
        }
    }
    let (mut l, mut r, mut pairs) = (0, 0, Vec::new());
    while l < left.len() && r < right.len() {
        if same(left[l], right[r]) {
            pairs.push((left[l], right[r]));
            (l, r) = (l + 1, r + 1);
        } else if longest[(l + 1) * width + r] >= longest[l * width + r + 1] {
            l += 1;
        } else {
            r += 1;
        }
    }
    pairs
}

/// What a node reads.
fn about(node: &Node) -> Option<(&str, &str)> {
    let what = node.relation.as_deref().or(node.cte.as_deref())?;
    Some((what, node.alias.as_deref().unwrap_or_default()))
}

/// The planner settings that differ.
#[must_use]
pub fn settings(before: &Plan, after: &Plan) -> Vec<Setting> {
    let value = |plan: &Plan, name: &str| {
        plan.settings.iter().find(|(setting, _)| setting == name).map(|(_, value)| value.clone())
    };
    let mut names: Vec<&String> =
        before.settings.iter().chain(&after.settings).map(|(name, _)| name).collect();
    names.sort();
    names.dedup();
    let all = names.into_iter().map(|name| (name.clone(), value(before, name), value(after, name)));
    all.filter(|(_, before, after)| before != after).collect()
}

/// Is the second plan better?
#[must_use]
pub fn verdict(before: &Plan, of_before: &Figures, after: &Plan, of_after: &Figures) -> Verdict {
    let time = |plan: &Plan, figures: &Figures| plan.execution_ms.or(figures.root_ms).filter(|ms| *ms > 0.0);
    let blocks = |plan: &Plan| plan.nodes.first().map(|root| touched(&root.blocks)).filter(|all| *all > 0.0);
    let times =
        time(before, of_before).zip(time(after, of_after)).filter(|_| of_before.timed && of_after.timed);
    let pages = blocks(before).zip(blocks(after)).filter(|_| of_before.analyzed && of_after.analyzed);
    if times.is_none() && pages.is_none() {
        let reason = "one of the plans was not run with ANALYZE: costs alone say nothing of what is better";
        return Verdict { outcome: Outcome::Unknown, reason: reason.into() };
    }
    let sign = |pair: Option<(f64, f64)>, differ: f64| match pair {
        Some((before, after)) if after > before * differ => 1,
        Some((before, after)) if before > after * differ => -1,
        _ => 0,
    };
    let outcome = match (sign(pages, BLOCKS_DIFFER), sign(times, TIMES_DIFFER)) {
        (0, 0) => Outcome::Same,
        (-1, 1) | (1, -1) => Outcome::Mixed,
        (blocks, time) if blocks + time < 0 => Outcome::Better,
        _ => Outcome::Worse,
    };
    let count = |number: f64| units::count(number as u64);
    let mut parts = Vec::new();
    if let Some((before, after)) = times {
        let much = ratio(before, after, TIMES_DIFFER);
        parts.push(format!("{before:.2} ms became {after:.2}{much} in one run each"));
    }
    if let Some((before, after)) = pages {
        let much = ratio(before, after, BLOCKS_DIFFER);
        parts.push(format!("{} blocks became {}{much}", count(before), count(after)));
    }
    Verdict { outcome, reason: parts.join(", ") }
}

/// ` (20× less)`; nothing where the difference says nothing.
fn ratio(before: f64, after: f64, differ: f64) -> String {
    let (times, way) = if after > before { (after / before, "more") } else { (before / after, "less") };
    match times {
        t if !t.is_finite() || t <= differ => String::new(),
        t if t < 9.95 => format!(" ({t:.1}× {way})"),
        t => format!(" ({}× {way})", units::count(t.round() as u64)),
    }
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
