//! Every figure as JSON, for programs. The names are documented in the README and do not change.

use super::Analysis;
use crate::data::plan::{
    Blocks, Broken, Relationship,
    figures::{Direction, NodeFigures},
    findings::{Finding, Severity},
};
use serde_json::{Map, Value, json};

/// `{"plans": […]}`.
pub(super) fn text(plans: &[Analysis<'_>], broken: Option<&Broken>) -> String {
    let mut all = Object::default();
    all.put("plans", plans.iter().map(plan).collect::<Vec<_>>());
    all.some("broken", broken.map(|b| json!({"line": b.line, "column": b.column, "message": b.message})));
    // values made here have only texts for keys and only finite numbers
    let text = serde_json::to_string_pretty(&all.0).unwrap_or_default();
    text + "\n"
}

#[derive(Default)]
struct Object(Map<String, Value>);

impl Object {
    fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// A field that is left out when there is nothing.
    fn some(&mut self, name: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }
}

/// A number with this many decimals; a whole one without a point.
fn number(value: f64, decimals: u32) -> Value {
    let unit = 10_f64.powi(decimals.cast_signed());
    let rounded = (value * unit).round() / unit;
    let rounded = if rounded.is_finite() { rounded } else { value };
    if rounded.fract() == 0.0 && rounded.abs() < 9e15 {
        return Value::from(rounded as i64);
    }
    Value::from(rounded)
}

fn ms(value: f64) -> Value {
    number(value, 3)
}

fn plan(all: &Analysis<'_>) -> Value {
    let (plan, figures) = (all.plan, all.figures);
    let mut out = Object::default();
    out.put("node_count", plan.nodes.len());
    out.put("max_depth", figures.max_depth);
    out.put("analyzed", figures.analyzed);
    out.put("timed", figures.timed);
    out.some("query", plan.query.as_deref());
    out.some("query_id", plan.query_id.as_deref());
    out.some("planning_ms", plan.planning_ms.map(ms));
    out.some("execution_ms", plan.execution_ms.map(ms));
    out.some("root_inclusive_ms", figures.root_ms.map(ms));
    out.some("sum_self_ms", figures.sum_self_ms.map(ms));
    let named = |at: usize| (at + 1, plan.nodes[at].node_type.as_str());
    out.some(
        "slowest",
        figures.slowest.map(|at| {
            let (i, name) = named(at);
            json!({"i": i, "type": name, "self_ms": figures.nodes[at].self_ms.map(ms)})
        }),
    );
    out.some(
        "worst_estimate",
        figures.worst_estimate.and_then(|at| Some((at, figures.nodes[at].misestimate?))).map(|(at, m)| {
            let (i, name) = named(at);
            json!({"i": i, "type": name, "factor": number(m.factor, 6), "direction": direction(m.direction)})
        }),
    );
    if !plan.triggers.is_empty() {
        out.some("triggers_ms", figures.triggers_ms.map(ms));
        out.put("trigger_count", plan.triggers.len());
    }
    out.put("triggers", plan.triggers.iter().map(trigger).collect::<Vec<_>>());
    let buffers = plan.buffers || plan.nodes.iter().any(|node| node.blocks != Blocks::default());
    out.put("nodes", (0..plan.nodes.len()).map(|at| node(all, at, buffers)).collect::<Vec<_>>());
    out.put("findings", all.findings.iter().map(finding).collect::<Vec<_>>());
    Value::Object(out.0)
}

fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Exact => "exact",
        Direction::Over => "over",
        Direction::Under => "under",
    }
}

fn trigger(trigger: &crate::data::plan::Trigger) -> Value {
    let mut out = Object::default();
    out.some("name", trigger.name.as_deref());
    out.some("constraint", trigger.constraint.as_deref());
    out.some("relation", trigger.relation.as_deref());
    out.some("ms", trigger.ms.map(ms));
    out.put("calls", number(trigger.calls, 3));
    Value::Object(out.0)
}

fn node(all: &Analysis<'_>, at: usize, buffers: bool) -> Value {
    let (node, figures) = (&all.plan.nodes[at], &all.figures.nodes[at]);
    let mut out = Object::default();
    out.put("i", at + 1);
    out.put("type", node.node_type.as_str());
    out.put("depth", node.depth + 1);
    out.put("parent", node.parent.map_or(Value::Null, |parent| Value::from(parent + 1)));
    let kind = match node.relationship {
        Relationship::InitPlan => "initplan",
        Relationship::Cte => "cte",
        Relationship::SubPlan => "subplan",
        _ => "normal",
    };
    out.put("kind", kind);
    out.some("subplan", node.subplan.as_deref());
    out.some("relation", node.relation.as_deref());
    out.some("index", node.index.as_deref());
    if all.figures.analyzed {
        out.put("loops", number(node.actual.map_or(0.0, |actual| actual.loops), 3));
        out.put("never_executed", node.never_executed);
    }
    times(&mut out, all, at);
    out.some("rows_total", figures.rows.map(|rows| number(rows, 3)));
    if let Some(m) = figures.misestimate {
        out.put("estimate_factor", number(m.factor, 6));
        out.put("estimate", direction(m.direction));
        out.some("estimate_comparable", (!m.comparable).then_some(false));
        out.some("stopped_early", m.stopped_early.then_some(true));
    }
    for (name, rows) in &figures.removed {
        if *rows > 0.0 {
            out.put(&format!("{name} (total)"), number(*rows, 3));
        }
    }
    if buffers {
        let counters = figures.self_blocks.counters().into_iter().filter(|(_, n)| *n > 0);
        out.put("self_blocks", counters.map(|(name, n)| (name.to_owned(), n.into())).collect::<Map<_, _>>());
    }
    Value::Object(out.0)
}

/// The times of a node: its own, of its processes, and whose it holds.
fn times(out: &mut Object, all: &Analysis<'_>, at: usize) {
    let (plan, figures) = (all.plan, &all.figures.nodes[at]);
    if !all.figures.timed {
        return;
    }
    out.some("inclusive_ms", figures.inclusive_ms.map(ms));
    if is_parallel(figures) {
        out.put("processes", number(figures.processes, 3));
        out.some("inclusive_wall_ms", figures.wall_ms.map(ms));
    }
    out.some("self_ms", figures.self_ms.map(ms));
    if is_parallel(figures) {
        out.some("self_all_processes_ms", figures.self_all_ms.map(ms));
    }
    let name = |at: &usize| Value::from(plan.nodes[*at].subplan.as_deref().unwrap_or_default());
    if !figures.pays_for.is_empty() {
        out.put("pays_for", figures.pays_for.iter().map(name).collect::<Vec<_>>());
    }
    out.some("cte_readers_group", figures.shares.as_ref().map(name));
    out.some("paid_by", figures.paid_by.map(|at| at + 1));
    let workers = plan.nodes[at].workers.iter();
    let ms_of = |worker: &crate::data::plan::Worker| {
        let actual = worker.actual?;
        Some((worker.number.to_string(), ms(actual.total_ms? * actual.loops)))
    };
    let workers: Map<String, Value> = workers.filter_map(ms_of).collect();
    if !workers.is_empty() {
        out.put("workers_inclusive_ms", workers);
        if let Some((leader, loops)) = figures.leader {
            out.put("leader_inclusive_ms", ms(leader));
            out.put("leader_loops", number(loops, 3));
        }
    }
}

/// Several processes ran it, so that its time by the clock is not the time of all.
fn is_parallel(figures: &NodeFigures) -> bool {
    figures.gather.is_some() && figures.processes != 1.0
}

fn finding(finding: &Finding) -> Value {
    let severity = match finding.severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    };
    let mut out = Object::default();
    out.put("kind", finding.kind);
    out.put("node", finding.node.map_or(Value::Null, |at| Value::from(at + 1)));
    out.put("severity", severity);
    out.put("reason", finding.reason.as_str());
    out.put("next_step", finding.next_step.as_str());
    out.some("sql", finding.sql.as_deref());
    out.some("saves_ms", finding.saves_ms.map(ms));
    Value::Object(out.0)
}
