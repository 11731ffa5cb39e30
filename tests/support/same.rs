//! Is a plan the same when it was printed in another format?
#![allow(dead_code, reason = "every test program uses its own part of this")]

use pgdeck::data::plan::{Blocks, Node, Plan, Property};

/// What differs between a plan read from JSON (or YAML, XML) and one read from text, but for what text leaves out. The
/// figures of both are compared when they are of one run.
pub fn differences(full: &Plan, text: &Plan, one_run: bool) -> Vec<String> {
    let mut out = vec![];
    let mut differ = |what: String, a: String, b: String| {
        if a != b {
            out.push(format!("{what}: {a} and {b}"));
        }
    };
    differ("nodes".into(), full.nodes.len().to_string(), text.nodes.len().to_string());
    differ("settings".into(), format!("{:?}", full.settings), format!("{:?}", text.settings));
    differ("query id".into(), format!("{:?}", full.query_id), format!("{:?}", text.query_id));
    differ("triggers".into(), names(full), names(text));
    let jit = |plan: &Plan| {
        plan.jit.as_ref().map(|jit| (jit.functions, jit.options.clone(), jit.total_ms.is_some()))
    };
    differ("jit".into(), format!("{:?}", jit(full)), format!("{:?}", jit(text)));
    let serialization =
        |plan: &Plan| plan.serialization.as_ref().map(|s| (s.kilobytes, s.format.clone(), s.ms.is_some()));
    differ(
        "serialization".into(),
        format!("{:?}", serialization(full)),
        format!("{:?}", serialization(text)),
    );
    let timed = |plan: &Plan| (plan.planning_ms.is_some(), plan.execution_ms.is_some(), plan.other.len());
    differ("statement".into(), format!("{:?}", timed(full)), format!("{:?}", timed(text)));
    for (i, (a, b)) in full.nodes.iter().zip(&text.nodes).enumerate() {
        let mut differ = |what: &str, a: String, b: String| differ(format!("node {} {what}", i + 1), a, b);
        differ("heading", a.heading.clone(), b.heading.clone());
        differ("place", place(a), place(b));
        differ("names", of(a), of(b));
        // A statement that changed rows found other statistics.
        let estimate = |node: &Node| {
            if one_run { format!("{:?}", node.estimate) } else { node.estimate.is_some().to_string() }
        };
        differ("estimate", estimate(a), estimate(b));
        differ("never executed", a.never_executed.to_string(), b.never_executed.to_string());
        differ("actual", a.actual.is_some().to_string(), b.actual.is_some().to_string());
        differ("properties", properties(&a.properties, one_run), properties(&b.properties, one_run));
        if one_run {
            differ("figures", format!("{:?}", a.actual), format!("{:?}", b.actual));
            differ("buffers", format!("{:?}", a.blocks), format!("{:?}", b.blocks));
            let workers = |node: &Node| {
                let workers = node
                    .workers
                    .iter()
                    .map(|w| (w.number, w.actual, w.blocks, properties(&w.properties, one_run)));
                // Text has no line for a worker of which there is nothing to say.
                let said = workers.filter(|w| w.1.is_some() || w.2 != Blocks::default() || !w.3.is_empty());
                format!("{:?}", said.collect::<Vec<_>>())
            };
            differ("workers", workers(a), workers(b));
        }
    }
    out
}

fn place(node: &Node) -> String {
    // Text cannot tell the one member of a ModifyTable before 14 from the input of a later one.
    let relationship = format!("{:?}", node.relationship).replace("Member", "Outer");
    format!("{:?} {} {relationship} {:?}", node.parent, node.depth, node.subplan)
}

fn of(node: &Node) -> String {
    let Node { node_type, relation, schema, alias, index, cte, parallel_aware, .. } = node;
    format!("{node_type} {relation:?} {schema:?} {alias:?} {index:?} {cte:?} {parallel_aware}")
}

fn names(plan: &Plan) -> String {
    // Without VERBOSE text tells the constraint alone, and the relation only where there are several.
    let name = |t: &pgdeck::data::plan::Trigger| t.constraint.clone().or(t.name.clone());
    format!("{:?}", plan.triggers.iter().map(|t| (name(t), t.ms.is_some())).collect::<Vec<_>>())
}

/// Sorted, without what text does not print: what is none, false or of no length.
fn properties(properties: &[(String, Property)], figures: bool) -> String {
    let nothing = |property: &Property| match property {
        Property::Number(n) => *n == 0.0,
        Property::Bool(yes) => !yes,
        Property::Text(text) => text.is_empty(),
        Property::List(list) => list.is_empty(),
        Property::Group(group) => group.is_empty(),
    };
    let left_out = |name: &str| {
        matches!(
            name,
            "Custom Plan Provider" | "Operation" | "Target Tables" | "Async Capable" | "Inner Unique"
        )
    };
    let kept = properties.iter().filter(|(name, p)| !nothing(p) && !left_out(name));
    let mut kept: Vec<_> = kept
        .map(|(name, p)| match p {
            Property::Number(_) if !figures => name.clone(),
            Property::Group(_) if !figures && name.contains("sort") => name.clone(),
            _ => format!("{name}={p:?}"),
        })
        .collect();
    kept.sort();
    kept.join("; ")
}
