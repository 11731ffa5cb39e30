//! How people read a node: what it does to what, under which conditions, and its figures in short.

use super::Analysis;
use crate::{
    data::plan::{
        Node, Property,
        figures::{Direction, NodeFigures},
        findings::Finding,
    },
    text::{clean, units},
};

/// A block of a server with the usual page size, bytes.
const BLOCK: u64 = 8192;

/// The node in words, as EXPLAIN heads it: `InitPlan 1: Index Scan using posts_pkey on posts p`. One line, control
/// characters made visible.
#[must_use]
pub fn label(node: &Node) -> String {
    let heading = if node.heading.is_empty() { &node.node_type } else { &node.heading };
    let mut text = match &node.subplan {
        Some(name) => format!("{name}: {heading}"),
        None => heading.clone(),
    };
    let index_only = node.node_type == "Bitmap Index Scan";
    if let Some(index) = &node.index {
        text.push_str(if index_only { " on " } else { " using " });
        text.push_str(index);
    }
    let object = node.relation.as_deref().or(node.cte.as_deref()).or_else(|| node.text("Function Name"));
    match (object, &node.alias) {
        (Some(object), alias) => {
            text.push_str(" on ");
            if let Some(schema) = node.schema.as_deref().filter(|s| !matches!(*s, "public" | "pg_catalog")) {
                text.push_str(schema);
                text.push('.');
            }
            text.push_str(object);
            if let Some(alias) = alias.as_ref().filter(|alias| *alias != object) {
                text.push(' ');
                text.push_str(alias);
            }
        }
        (None, Some(alias)) if !index_only => {
            text.push_str(" on ");
            text.push_str(alias);
        }
        _ => {}
    }
    clean::line(&text).into_owned()
}

/// What else the node's line says: that it was never executed, or how many processes ran it and all below.
pub(super) fn remark(all: &Analysis<'_>, at: usize) -> String {
    let (node, figures) = (&all.plan.nodes[at], &all.figures.nodes[at]);
    if node.never_executed {
        return " (never executed)".into();
    }
    if figures.gather.is_some() && figures.gather == node.parent && figures.processes > 1.0 {
        return format!(" ×{} processes", rows_text(figures.processes));
    }
    String::new()
}

/// What is worth a line below the node: its conditions, what they removed, where it spilled.
pub(super) fn details(all: &Analysis<'_>, at: usize) -> Vec<String> {
    const CONDITIONS: &[&str] = &[
        "Index Cond",
        "Recheck Cond",
        "TID Cond",
        "Hash Cond",
        "Merge Cond",
        "Join Filter",
        "One-Time Filter",
        "Filter",
        "Run Condition",
        "Order By",
        "Sort Key",
        "Presorted Key",
        "Group Key",
        "Cache Key",
        "Conflict Resolution",
    ];
    let (node, figures) = (&all.plan.nodes[at], &all.figures.nodes[at]);
    let mut lines = Vec::new();
    for name in CONDITIONS {
        match node.property(name) {
            Some(Property::Text(text)) => lines.push(format!("{name}: {}", clean::line(text))),
            Some(Property::List(parts)) => lines.push(format!("{name}: {}", clean::line(&parts.join(", ")))),
            _ => {}
        }
    }
    for (name, rows) in figures.removed.iter().filter(|(_, rows)| *rows > 0.0) {
        lines.push(format!("{name}: {}", rows_text(*rows)));
    }
    let kilobytes = |name| node.number(name).map(|kb| units::bytes((kb.max(0.0) * 1024.0) as u64));
    if let Some(method) = node.text("Sort Method") {
        let space = kilobytes("Sort Space Used").map(|used| format!(", {used}")).unwrap_or_default();
        let place =
            node.text("Sort Space Type").map(|t| format!(" ({})", t.to_lowercase())).unwrap_or_default();
        lines.push(format!("Sort Method: {method}{space}{place}"));
    }
    if let Some(batches) =
        node.number("Hash Batches").or_else(|| node.number("HashAgg Batches")).filter(|b| *b > 1.0)
    {
        let memory =
            kilobytes("Peak Memory Usage").map(|used| format!(", {used} of memory")).unwrap_or_default();
        let disk = kilobytes("Disk Usage").map(|used| format!(", {used} on disk")).unwrap_or_default();
        lines.push(format!("Batches: {batches}{memory}{disk}"));
    }
    for name in ["Heap Fetches", "Lossy Heap Blocks", "Subplans Removed"] {
        if let Some(number) = node.number(name).filter(|n| *n > 0.0) {
            lines.push(format!("{name}: {}", rows_text(number)));
        }
    }
    if let (Some(planned), Some(launched)) = (node.number("Workers Planned"), node.number("Workers Launched"))
    {
        lines.push(format!("Workers: {launched} of {planned} planned"));
    }
    lines
}

/// `1,656.313`
pub(super) fn ms(value: f64) -> String {
    let thousandths = (value.max(0.0) * 1000.0).round();
    if thousandths >= 9e15 {
        return format!("{value:.0}");
    }
    let thousandths = thousandths as u64;
    format!("{}.{:03}", units::count(thousandths / 1000), thousandths % 1000)
}

/// A number of rows: whole, but for less than ten, where a fraction tells.
pub(super) fn rows_text(value: f64) -> String {
    if value.fract() != 0.0 && value.abs() < 10.0 {
        return format!("{value:.2}");
    }
    units::count(value.max(0.0).round() as u64)
}

/// The share of the whole as a fraction, where times were taken: of the root's time, or of the sum of all nodes' own
/// times where that is more, because workers went on in the background.
pub(super) fn share(all: &Analysis<'_>, at: usize) -> Option<f64> {
    let whole = all.figures.root_ms?.max(all.figures.sum_self_ms.unwrap_or(0.0));
    let own = all.figures.nodes[at].self_ms?;
    (whole > 0.0).then(|| own / whole)
}

/// The node's part of the whole: of the time, or of the estimated cost where nothing was timed.
pub(super) fn weight(all: &Analysis<'_>, costs: &[f64], at: usize) -> f64 {
    if all.figures.timed {
        return share(all, at).unwrap_or(0.0);
    }
    let whole: f64 = costs.iter().sum();
    if whole > 0.0 { costs[at] / whole } else { 0.0 }
}

/// What the planner thinks each node itself costs: its total but for its inputs'.
pub(super) fn own_costs(all: &Analysis<'_>) -> Vec<f64> {
    let nodes = &all.plan.nodes;
    let total = |node: &Node| node.estimate.map_or(0.0, |e| e.total_cost);
    let mut own: Vec<f64> = nodes.iter().map(total).collect();
    for node in nodes {
        if let Some(parent) = node.parent {
            own[parent] -= total(node);
        }
    }
    // an input that is read once for many rows, or not to its end, costs its parent less than it says
    own.iter_mut().for_each(|cost| *cost = cost.max(0.0));
    own
}

/// How far the estimate was off: `12,447× more`, `3.2× fewer`; nothing where it was about right or says nothing.
pub(super) fn misestimate(figures: &NodeFigures) -> Option<String> {
    let m = figures.misestimate.filter(|m| m.comparable && m.factor >= 1.5)?;
    let factor =
        if m.factor < 10.0 { format!("{:.1}", m.factor) } else { units::count(m.factor.round() as u64) };
    let way = if m.direction == Direction::Under { "more" } else { "fewer" };
    // with more rows than expected it did not stop too early
    let stopped = if m.stopped_early && m.direction == Direction::Over { "*" } else { "" };
    Some(format!("{factor}× {way}{stopped}"))
}

/// The rows that came, and those that were expected, over all loops.
pub(super) fn estimated_rows(node: &Node) -> Option<f64> {
    let loops = node.actual.map_or(1.0, |actual| actual.loops);
    node.estimate.map(|estimate| estimate.rows * loops)
}

/// A node's own buffers, in bytes: found in memory, read, temporary ones written and read.
pub(super) fn buffers(figures: &NodeFigures) -> [u64; 3] {
    let b = &figures.self_blocks;
    [b.shared_hit + b.local_hit, b.shared_read + b.local_read, b.temp_read + b.temp_written]
        .map(|n| n.saturating_mul(BLOCK))
}

/// The whole statement in one line: `execution 1,938.457 ms, planning 1.555 ms, 5 nodes`.
pub(super) fn summary(all: &Analysis<'_>) -> String {
    let mut parts = Vec::new();
    match (all.plan.execution_ms, all.figures.root_ms) {
        (Some(took), _) => parts.push(format!("execution {} ms", ms(took))),
        (None, Some(took)) => parts.push(format!("{} ms", ms(took))),
        _ if !all.figures.analyzed => parts.push("estimated, not run".into()),
        _ => {}
    }
    if let Some(took) = all.plan.planning_ms {
        parts.push(format!("planning {} ms", ms(took)));
    }
    if let Some(took) = all.plan.jit.as_ref().and_then(|jit| jit.total_ms) {
        parts.push(format!("JIT {} ms", ms(took)));
    }
    if let Some(took) = all.figures.triggers_ms {
        parts.push(format!("triggers {} ms", ms(took)));
    }
    parts.push(units::counted(all.plan.nodes.len() as u64, "node", "nodes"));
    parts.join(", ")
}

/// What a finding says, with its node in front where it does not name it itself.
pub(super) fn reason(all: &Analysis<'_>, finding: &Finding) -> String {
    let reason = clean::line(&finding.reason);
    match finding.node.and_then(|at| Some((at + 1, all.plan.nodes.get(at)?))) {
        Some((number, node)) if !reason.contains(&format!("node {number})")) => {
            format!("node {number}, {}: {reason}", label(node))
        }
        _ => reason.into_owned(),
    }
}

/// The triggers, a line each.
pub(super) fn triggers(all: &Analysis<'_>) -> Vec<String> {
    let line = |t: &crate::data::plan::Trigger| {
        let name = match (&t.constraint, &t.name) {
            (Some(constraint), _) => format!("constraint {constraint}"),
            (None, name) => name.clone().unwrap_or_default(),
        };
        let on = t.relation.as_ref().map(|relation| format!(" on {relation}")).unwrap_or_default();
        let took = t.ms.map(|took| format!("{} ms, ", ms(took))).unwrap_or_default();
        let calls = units::counted(t.calls.max(0.0) as u64, "call", "calls");
        clean::line(&format!("trigger {name}{on}: {took}{calls}")).into_owned()
    };
    all.plan.triggers.iter().map(line).collect()
}
