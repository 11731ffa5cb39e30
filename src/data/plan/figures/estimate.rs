//! How far the planner's estimates were off, and where the numbers cannot be compared.

use super::{Direction, Misestimate, NodeFigures, Shape};
use crate::data::plan::{Plan, Relationship};

/// Fills in the misestimates.
pub(super) fn measure(plan: &Plan, shape: &Shape, nodes: &mut [NodeFigures]) {
    let early = stopped_early(plan);
    for (at, figures) in nodes.iter_mut().enumerate() {
        let node = &plan.nodes[at];
        let (Some(estimate), Some(actual)) = (&node.estimate, &node.actual) else { continue };
        if actual.loops <= 0.0 {
            continue;
        }
        // Per loop on both sides; below one row there is nothing to be wrong about.
        let (planned, came) = (estimate.rows.max(1.0), actual.rows.max(1.0));
        let direction = match planned.total_cmp(&came) {
            std::cmp::Ordering::Less => Direction::Under,
            std::cmp::Ordering::Equal => Direction::Exact,
            std::cmp::Ordering::Greater => Direction::Over,
        };
        figures.misestimate = Some(Misestimate {
            factor: planned.max(came) / planned.min(came),
            direction,
            comparable: !not_rows(plan, shape, at),
            stopped_early: early[at],
        });
    }
}

/// Nodes whose two numbers don't both count the rows they return: ModifyTable without RETURNING returns none, BitmapAnd
/// and BitmapOr count nothing, and a BRIN index says ten rows for each page it marks.
fn not_rows(plan: &Plan, shape: &Shape, at: usize) -> bool {
    let node = &plan.nodes[at];
    match &*node.node_type {
        "ModifyTable" | "BitmapAnd" | "BitmapOr" => true,
        "Bitmap Index Scan" => brin(plan, shape, at),
        _ => false,
    }
}

/// The plan doesn't name the access method: a BRIN scan says a multiple of ten rows, ten for each page the heap scan
/// above then reads whole.
fn brin(plan: &Plan, shape: &Shape, at: usize) -> bool {
    let node = &plan.nodes[at];
    let Some(heap) = node.parent.filter(|parent| plan.nodes[*parent].node_type == "Bitmap Heap Scan") else {
        return false;
    };
    let lossy = plan.nodes[heap].number("Lossy Heap Blocks").unwrap_or(0.0);
    let exact = plan.nodes[heap].number("Exact Heap Blocks").unwrap_or(0.0);
    let said = node.actual.map_or(0.0, |actual| actual.rows * actual.loops);
    lossy > 0.0 && exact == 0.0 && (said - lossy * 10.0).abs() < 0.5 && shape.inputs(plan, heap).count() == 1
}

/// Nodes that may have been left before their end, so that fewer rows than expected are no error.
fn stopped_early(plan: &Plan) -> Vec<bool> {
    let mut early = vec![false; plan.nodes.len()];
    for at in 0..plan.nodes.len() {
        let node = &plan.nodes[at];
        let Some(parent) = node.parent.filter(|parent| *parent < at) else { continue };
        if !node.relationship.is_input() {
            // EXISTS and the like stop at their first row.
            early[at] = node.relationship == Relationship::SubPlan;
            continue;
        }
        let above = &plan.nodes[parent];
        let join = above.text("Join Type").unwrap_or_default();
        early[at] = match &*above.node_type {
            "Limit" | "Merge Join" => true,
            "Nested Loop" | "Hash Join"
                if matches!(join, "Semi" | "Anti") || above.heading.contains(" Semi ") =>
            {
                early[parent] || node.relationship == Relationship::Inner
            }
            // These read everything before they give the first row.
            "Sort" | "Hash" => false,
            "Aggregate"
                if above.heading.contains("HashAggregate") || above.heading.ends_with("Aggregate") =>
            {
                above.heading.contains("GroupAggregate") && early[parent]
            }
            _ => early[parent],
        };
    }
    early
}
