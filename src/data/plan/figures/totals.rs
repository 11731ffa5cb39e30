//! What all nodes of a kind took together, and all that read a relation.

use super::Figures;
use crate::data::plan::{Blocks, Plan};
use std::collections::HashMap;

/// Several nodes together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Total {
    /// The node type, or the relation with its schema where the plan tells it.
    pub name: String,
    /// How many nodes.
    pub nodes: usize,
    /// Their own time, ms.
    pub self_ms: f64,
    /// … as a share of all nodes' own time; nothing when times were not taken.
    pub share: f64,
    /// How often they ran.
    pub loops: f64,
    /// The rows they gave.
    pub rows: f64,
    /// Their own blocks.
    pub blocks: Blocks,
}

/// By node type, the dearest first.
#[must_use]
pub fn by_kind(plan: &Plan, figures: &Figures) -> Vec<Total> {
    totals(plan, figures, |at| Some(plan.nodes[at].node_type.clone()))
}

/// By relation, the dearest first. A Bitmap Index Scan names no relation; it works for the heap scan above it.
#[must_use]
pub fn by_relation(plan: &Plan, figures: &Figures) -> Vec<Total> {
    let mut names: Vec<Option<String>> = Vec::with_capacity(plan.nodes.len());
    for node in &plan.nodes {
        let own = node.relation.as_ref().map(|relation| match &node.schema {
            Some(schema) => format!("{schema}.{relation}"),
            None => relation.clone(),
        });
        let bitmap = matches!(&*node.node_type, "Bitmap Index Scan" | "BitmapAnd" | "BitmapOr");
        let above = node.parent.filter(|_| bitmap).and_then(|parent| names.get(parent).cloned().flatten());
        names.push(own.or(above));
    }
    totals(plan, figures, |at| names[at].clone())
}

fn totals(plan: &Plan, figures: &Figures, name: impl Fn(usize) -> Option<String>) -> Vec<Total> {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut all: Vec<Total> = Vec::new();
    for (at, node) in figures.nodes.iter().enumerate().take(plan.nodes.len()) {
        let Some(name) = name(at) else { continue };
        let place = *places.entry(name.clone()).or_insert_with(|| {
            all.push(Total { name, ..Total::default() });
            all.len() - 1
        });
        let total = &mut all[place];
        total.nodes += 1;
        total.self_ms += node.self_ms.unwrap_or(0.0);
        total.loops += plan.nodes[at].actual.map_or(0.0, |actual| actual.loops);
        total.rows += node.rows.unwrap_or(0.0);
        total.blocks += node.self_blocks;
    }
    let sum = figures.sum_self_ms.unwrap_or(0.0);
    for total in &mut all {
        total.share = if sum > 0.0 { total.self_ms / sum } else { 0.0 };
    }
    all.sort_by(|a, b| b.self_ms.total_cmp(&a.self_ms));
    all
}
