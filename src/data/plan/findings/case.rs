//! What every rule asks of a plan.

use super::{CRITICAL_SHARE, Draft, Known, KnownRelation, Severity, WARNING_SHARE};
use crate::data::plan::figures::{Figures, NodeFigures, Shape};
use crate::data::plan::{Node, Plan};
use crate::text::units;
use std::collections::HashMap;

/// A plan with its figures and what is known besides.
pub(super) struct Case<'a> {
    pub(super) plan: &'a Plan,
    pub(super) figures: &'a Figures,
    pub(super) known: &'a Known,
    pub(super) shape: Shape,
    /// The time of the execution; none when times were not taken.
    pub(super) total: Option<f64>,
    /// The nodes of each type that ran, in order: most rules look for few of them.
    types: HashMap<&'a str, Vec<usize>>,
    /// What is known of relations, by name.
    relations: HashMap<&'a str, Vec<&'a KnownRelation>>,
    /// How many nodes before each one are parallel aware.
    parallel_aware: Vec<u32>,
}

/// What shares are shares of: the execution, or the root where a text ends before it.
pub(super) fn total_ms(plan: &Plan, figures: &Figures) -> Option<f64> {
    figures
        .timed
        .then(|| plan.execution_ms.unwrap_or(0.0).max(figures.root_ms.unwrap_or(0.0)))
        .filter(|ms| *ms > 0.0)
}

fn ran(node: &Node) -> bool {
    node.actual.is_some_and(|actual| actual.loops > 0.0)
}

impl<'a> Case<'a> {
    pub(super) fn new(plan: &'a Plan, figures: &'a Figures, known: &'a Known) -> Self {
        let mut relations: HashMap<&str, Vec<&KnownRelation>> = HashMap::new();
        for relation in &known.relations {
            relations.entry(&relation.name).or_default().push(relation);
        }
        let mut sum = 0;
        let aware = |node: &Node| {
            sum += u32::from(node.parallel_aware);
            sum
        };
        let parallel_aware = std::iter::once(0).chain(plan.nodes.iter().map(aware)).collect();
        let mut types: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, node) in plan.nodes.iter().enumerate().filter(|(_, node)| ran(node)) {
            types.entry(&node.node_type).or_default().push(at);
        }
        let (shape, total) = (Shape::of(plan), total_ms(plan, figures));
        Self { plan, figures, known, shape, total, types, relations, parallel_aware }
    }

    /// What is known of a node's relation; without a schema (a plan without VERBOSE) only when one alone has the name.
    pub(super) fn relation(&self, at: usize) -> Option<&'a KnownRelation> {
        let (schema, name) = (self.node(at).schema.as_deref(), self.node(at).relation.as_deref()?);
        let named = self.relations.get(name)?.iter().copied();
        let mut found = named.filter(|relation| schema.is_none_or(|schema| relation.schema == schema));
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }

    /// Is anything in the subtree of a node parallel aware?
    pub(super) fn parallel_within(&self, at: usize) -> bool {
        self.parallel_aware[self.shape.end(at)] > self.parallel_aware[at]
    }

    pub(super) fn node(&self, at: usize) -> &'a Node {
        &self.plan.nodes[at]
    }

    pub(super) fn figures(&self, at: usize) -> &'a NodeFigures {
        &self.figures.nodes[at]
    }

    /// The nodes that ran.
    pub(super) fn ran(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.plan.nodes.len()).filter(|at| ran(self.node(*at)))
    }

    /// The nodes of these types that ran.
    pub(super) fn of(&self, types: &[&str]) -> Vec<usize> {
        let nodes = types.iter().filter_map(|node_type| self.types.get(node_type));
        let mut nodes: Vec<usize> = nodes.flatten().copied().collect();
        nodes.sort_unstable();
        nodes
    }

    pub(super) fn loops(&self, at: usize) -> f64 {
        self.node(at).actual.map_or(0.0, |actual| actual.loops)
    }

    pub(super) fn rows(&self, at: usize) -> f64 {
        self.figures(at).rows.unwrap_or(0.0)
    }

    /// Its own time; nothing when times were not taken.
    pub(super) fn own(&self, at: usize) -> f64 {
        self.figures(at).self_ms.unwrap_or(0.0)
    }

    /// Its time with everything below it.
    pub(super) fn wall(&self, at: usize) -> f64 {
        self.figures(at).wall_ms.unwrap_or(0.0)
    }

    pub(super) fn self_share(&self, at: usize) -> Option<f64> {
        Some((self.figures(at).self_ms? / self.total?).min(1.0))
    }

    /// Is it this share of the execution? Unknown without times: then the other thresholds decide.
    pub(super) fn is_share(&self, ms: f64, share: f64) -> bool {
        self.total.is_none_or(|total| ms >= total * share)
    }

    /// A time, if times were taken.
    pub(super) fn timed(&self, ms: f64) -> Option<f64> {
        self.total.map(|total| ms.clamp(0.0, total))
    }

    pub(super) fn severity(&self, saves: Option<f64>) -> Severity {
        let share = saves.zip(self.total).map_or(0.0, |(saves, total)| saves / total);
        // Most of next to nothing is next to nothing.
        if saves.is_some_and(|saves| saves < super::HIDDEN_MS) {
            Severity::Info
        } else if share >= CRITICAL_SHARE {
            Severity::Critical
        } else if share >= WARNING_SHARE {
            Severity::Warning
        } else {
            Severity::Info
        }
    }

    /// `Rows Removed by …` over all loops.
    pub(super) fn removed(&self, at: usize, by: &str) -> f64 {
        let removed = &self.figures(at).removed;
        let mut named = removed.iter().filter(|(name, _)| name.strip_prefix("Rows Removed by ") == Some(by));
        named.next().map_or(0.0, |(_, rows)| *rows)
    }

    /// A number of the node, or the sum of its workers' where only they have it.
    pub(super) fn sum(&self, at: usize, name: &str) -> f64 {
        let workers = || {
            let numbers = self.node(at).workers.iter().filter_map(|worker| worker.property(name)?.number());
            numbers.sum()
        };
        self.node(at).number(name).unwrap_or_else(workers)
    }

    /// The largest of a number of the node and its workers: each process has its own memory.
    pub(super) fn most(&self, at: usize, name: &str) -> f64 {
        let workers = self.node(at).workers.iter().filter_map(|worker| worker.property(name)?.number());
        workers.fold(self.node(at).number(name).unwrap_or(0.0), f64::max)
    }

    /// `Seq Scan on users u (node 3)`
    pub(super) fn label(&self, at: usize) -> String {
        let node = self.node(at);
        let mut label = if node.heading.is_empty() { node.node_type.clone() } else { node.heading.clone() };
        if let Some(on) = node.relation.as_ref().or(node.cte.as_ref()).or(node.index.as_ref()) {
            label.push_str(" on ");
            label.push_str(on);
        }
        format!("{label} (node {})", at + 1)
    }

    /// A setting that is not the default.
    pub(super) fn setting(&self, name: &str) -> Option<&'a str> {
        self.plan.settings.iter().find(|(setting, _)| setting == name).map(|(_, value)| value.as_str())
    }
}

impl Draft {
    pub(super) fn of(
        node: usize,
        reason: String,
        next_step: impl Into<String>,
        saves_ms: Option<f64>,
    ) -> Self {
        Self { node: Some(node), reason, next_step: next_step.into(), sql: None, saves_ms }
    }

    pub(super) fn statement(reason: String, next_step: impl Into<String>, saves_ms: Option<f64>) -> Self {
        Self { node: None, reason, next_step: next_step.into(), sql: None, saves_ms }
    }

    pub(super) fn with_sql(mut self, sql: impl Into<Option<String>>) -> Self {
        self.sql = sql.into();
        self
    }
}

/// `0.4 ms`, `12.3 ms`, `1.2 s`
pub(super) fn ms(ms: f64) -> String {
    if ms < 10.0 {
        format!("{ms:.2} ms")
    } else if ms < 1000.0 {
        format!("{ms:.1} ms")
    } else {
        units::duration(std::time::Duration::from_secs_f64((ms / 1000.0).min(1e12)))
    }
}

/// `95 %`, `0.4 %`
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent < 1.0 && percent > 0.0 { format!("{percent:.1} %") } else { format!("{percent:.0} %") }
}

/// `12,345`
pub(super) fn count(number: f64) -> String {
    units::count(number.max(0.0).round() as u64)
}

/// `12 kB` of a number of kB.
pub(super) fn kilobytes(kb: f64) -> String {
    units::bytes((kb.max(0.0) * 1024.0).round() as u64)
}
