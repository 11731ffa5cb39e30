//! A plan as the pane keeps it: read, computed and judged once, with what drawing needs of each node.

use crate::{
    core::pane::Home,
    data::plan::{
        Broken, Format, Plan,
        figures::{Figures, figures},
        findings::{Finding, Severity},
    },
    sql::normal::normal,
};
use std::time::Duration;

/// Where a plan came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// EXPLAIN of a statement on this server.
    Explain,
    /// EXPLAIN of a statement for any values of its parameters.
    Generic,
    /// EXPLAIN ANALYZE.
    Analyze,
    /// EXPLAIN with an index that does not exist.
    Hypothetical(String),
    /// A file.
    File(String),
    /// What was pasted.
    Pasted,
}

impl Origin {
    /// In words.
    pub fn words(&self) -> String {
        match self {
            Self::Explain => "EXPLAIN".into(),
            Self::Generic => "EXPLAIN for any values".into(),
            Self::Analyze => "EXPLAIN ANALYZE".into(),
            Self::Hypothetical(index) => format!("EXPLAIN with the hypothetical {index}"),
            Self::File(path) => path.clone(),
            Self::Pasted => "pasted".into(),
        }
    }
}

/// A statement as it was explained, so that it can be explained again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// As the user wrote it.
    pub text: String,
    /// What it became: `:name` turned into `$1` …
    pub sql: String,
    /// Values of the parameters, when they were given.
    pub values: Option<Vec<Option<String>>>,
    /// Another session sent it: where that is at home.
    pub home: Option<Home>,
}

/// One plan, opened.
#[derive(Clone, Debug)]
pub(super) struct Opened {
    /// Its number in the history.
    pub id: u64,
    pub plan: Plan,
    pub figures: Figures,
    /// Ranked; none until it was judged.
    pub findings: Vec<Finding>,
    pub judged: bool,
    /// … with what the catalog knows.
    pub looked_up: bool,
    pub origin: Origin,
    /// How it was asked for, when it came from this server.
    pub asked: Option<Asked>,
    /// The statement, normalised; empty when it is not known.
    pub key: String,
    /// As EXPLAIN printed it; empty when others stood in the same text.
    pub source: String,
    /// The format of that.
    pub format: Format,
    /// When, as `World::now`.
    pub at: Duration,
    pub broken: Option<Broken>,
    /// Which of how many plans of one text.
    pub part: (usize, usize),
    /// Per node the first one behind its subtree.
    pub ends: Vec<u32>,
    /// Per node: no sibling follows.
    pub last: Vec<bool>,
    /// Per node the worst of its findings.
    pub marks: Vec<Option<Severity>>,
    /// Per node its part of the whole, 0 to 1.
    pub shares: Vec<f64>,
    /// Per node its own part of the estimated cost.
    pub costs: Vec<f64>,
    /// `shares` summed up to each node.
    sums: Vec<f64>,
    /// `shares` are of estimated cost, as there are no times.
    pub by_cost: bool,
}

impl Opened {
    /// A plan with everything computed.
    pub fn new(plan: Plan, source: String, origin: Origin, asked: Option<Asked>, at: Duration) -> Self {
        let figures = figures(&plan);
        let statement = asked.as_ref().map(|a| a.text.as_str()).or(plan.query.as_deref());
        let key = statement.map(normal).unwrap_or_default();
        let (ends, last) = shape(&plan);
        let by_cost = !figures.timed;
        let costs = costs(&plan);
        let shares = if by_cost { parts(&costs) } else { times(&plan, &figures) };
        let mut sums = Vec::with_capacity(shares.len() + 1);
        let mut sum = 0.0;
        sums.push(sum);
        for share in &shares {
            sum += share;
            sums.push(sum);
        }
        let marks = vec![None; plan.nodes.len()];
        Self {
            id: 0,
            plan,
            figures,
            findings: vec![],
            judged: false,
            looked_up: false,
            origin,
            asked,
            key,
            source,
            format: Format::default(),
            at,
            broken: None,
            part: (1, 1),
            ends,
            last,
            marks,
            shares,
            costs,
            sums,
            by_cost,
        }
    }

    /// Takes over what was found.
    pub fn set_findings(&mut self, findings: Vec<Finding>) {
        self.marks.fill(None);
        for finding in &findings {
            if let Some(mark) = finding.node.and_then(|n| self.marks.get_mut(n)) {
                *mark = (*mark).max(Some(finding.severity));
            }
        }
        self.findings = findings;
        self.judged = true;
    }

    /// The node's part and that of everything below it.
    pub fn whole_share(&self, node: usize) -> f64 {
        let end = self.ends.get(node).map_or(node + 1, |e| *e as usize);
        let at = |n: usize| self.sums.get(n).copied().unwrap_or_default();
        at(end) - at(node)
    }

    /// Nodes below a node.
    pub fn below(&self, node: usize) -> usize {
        self.ends.get(node).map_or(0, |e| *e as usize - node - 1)
    }

    /// The statement as its user knows it.
    pub fn statement(&self) -> Option<&str> {
        self.asked.as_ref().map(|a| a.text.as_str()).or(self.plan.query.as_deref())
    }

    /// The time the statement took as far as the plan tells, ms.
    pub fn total_ms(&self) -> Option<f64> {
        self.plan.execution_ms.or(self.figures.root_ms)
    }

    /// Bytes it may take in memory, about.
    pub fn size(&self) -> usize {
        // A node with its properties takes a few times its text.
        self.source.len() * 4 + self.plan.nodes.len() * 600
    }
}

/// Per node the end of its subtree, and whether it is its parent's last child.
fn shape(plan: &Plan) -> (Vec<u32>, Vec<bool>) {
    let count = plan.nodes.len();
    let mut ends = vec![count as u32; count];
    let mut last = vec![true; count];
    // Nodes whose subtree has not ended, from the root down.
    let mut open: Vec<usize> = vec![];
    for (at, node) in plan.nodes.iter().enumerate() {
        while open.last().is_some_and(|o| plan.nodes[*o].depth >= node.depth) {
            if let Some(o) = open.pop() {
                ends[o] = at as u32;
                last[o] = plan.nodes[o].depth != node.depth;
            }
        }
        open.push(at);
    }
    (ends, last)
}

/// Each node's part of the time the statement took, triggers and all.
fn times(plan: &Plan, figures: &Figures) -> Vec<f64> {
    let all = [plan.execution_ms, figures.root_ms, figures.sum_self_ms];
    let whole = all.into_iter().flatten().fold(0.0, f64::max);
    let share =
        |ms: Option<f64>| if whole > 0.0 { (ms.unwrap_or_default() / whole).clamp(0.0, 1.0) } else { 0.0 };
    figures.nodes.iter().map(|n| share(n.self_ms)).collect()
}

/// Each one's part of the sum.
fn parts(of: &[f64]) -> Vec<f64> {
    let whole: f64 = of.iter().sum();
    of.iter().map(|c| if whole > 0.0 { c / whole } else { 0.0 }).collect()
}

/// Each node's own estimated cost: what its inputs do not cost.
fn costs(plan: &Plan) -> Vec<f64> {
    let cost = |n: usize| plan.nodes[n].estimate.map_or(0.0, |e| e.total_cost);
    let mut own: Vec<f64> = (0..plan.nodes.len()).map(cost).collect();
    for (at, node) in plan.nodes.iter().enumerate() {
        if let Some(parent) = node.parent.filter(|p| *p < at) {
            own[parent] -= cost(at);
        }
    }
    own.into_iter().map(|c| if c.is_finite() { c.max(0.0) } else { 0.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::plan::{Actual, Estimate, Node};

    fn plan(depths: &[usize]) -> Plan {
        let mut path: Vec<usize> = vec![];
        let mut nodes = vec![];
        for (at, depth) in depths.iter().enumerate() {
            path.truncate(*depth);
            nodes.push(Node {
                parent: path.last().copied(),
                depth: *depth,
                node_type: "Result".into(),
                heading: "Result".into(),
                estimate: Some(Estimate { total_cost: (10 - depth) as f64, ..Estimate::default() }),
                actual: Some(Actual { total_ms: None, loops: 1.0, ..Actual::default() }),
                ..Node::default()
            });
            path.push(at);
        }
        Plan { nodes, ..Plan::default() }
    }

    #[test]
    fn the_shape_of_the_tree() {
        let o = Opened::new(plan(&[0, 1, 2, 2, 1, 2]), String::new(), Origin::Pasted, None, Duration::ZERO);
        assert_eq!(o.ends, [6, 4, 3, 4, 6, 6]);
        assert_eq!(o.last, [true, false, false, true, true, true]);
        assert_eq!((o.below(0), o.below(1), o.below(5)), (5, 2, 0));
        assert!((o.whole_share(0) - 1.0).abs() < 1e-9);
        let empty = Opened::new(Plan::default(), String::new(), Origin::Pasted, None, Duration::ZERO);
        assert_eq!((empty.whole_share(0), empty.below(0)), (0.0, 0));
    }
}
