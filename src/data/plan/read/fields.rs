//! What a plan says of itself, routed by its name in the JSON format to its place in the model: all readers speak these
//! names.

use super::super::{
    Actual, Blocks, Estimate, Jit, Node, Plan, Property, Relationship, Serialization, Trigger, Worker,
};

/// Figures of EXPLAIN that a node and a worker have alike.
#[derive(Default)]
pub(super) struct Measured {
    startup: Option<f64>,
    total: Option<f64>,
    rows: Option<f64>,
    loops: Option<f64>,
}

impl Measured {
    /// Takes a figure; false: it is none of these.
    fn put(&mut self, name: &str, property: &Property) -> bool {
        let place = match name {
            "Actual Startup Time" => &mut self.startup,
            "Actual Total Time" => &mut self.total,
            "Actual Rows" => &mut self.rows,
            "Actual Loops" => &mut self.loops,
            _ => return false,
        };
        *place = number(property);
        true
    }

    /// What was measured, and whether ANALYZE ran without coming here.
    fn finish(&self) -> (Option<Actual>, bool) {
        if self.loops == Some(0.0) {
            return (None, true);
        }
        let any = self.total.is_some() || self.rows.is_some();
        let actual = Actual {
            startup_ms: self.startup.or(self.total.map(|_| 0.0)),
            total_ms: self.total,
            rows: self.rows.unwrap_or(0.0),
            // Very old and hand-written plans leave it out.
            loops: self.loops.unwrap_or(1.0),
        };
        (any.then_some(actual), false)
    }
}

/// A node while it is being read.
#[derive(Default)]
pub(super) struct Draft {
    pub node: Node,
    pub measured: Measured,
    cost: [Option<f64>; 4],
}

impl Draft {
    /// Takes what is said under this name.
    pub fn put(&mut self, name: &str, property: Property) {
        let node = &mut self.node;
        let place = match name {
            "Node Type" => {
                node.node_type = words(property);
                return;
            }
            "Subplan Name" => &mut node.subplan,
            "Relation Name" => &mut node.relation,
            "Schema" => &mut node.schema,
            "Alias" => &mut node.alias,
            "Index Name" => &mut node.index,
            "CTE Name" => &mut node.cte,
            "Parent Relationship" => {
                node.relationship = relationship(&words(property));
                return;
            }
            "Parallel Aware" => {
                node.parallel_aware = property == Property::Bool(true);
                return;
            }
            _ => {
                let cost =
                    ["Startup Cost", "Total Cost", "Plan Rows", "Plan Width"].iter().position(|n| *n == name);
                if let Some(at) = cost {
                    self.cost[at] = number(&property);
                } else if !self.measured.put(name, &property) && !block(&mut node.blocks, name, &property) {
                    node.properties.push((name.into(), property));
                }
                return;
            }
        };
        *place = Some(words(property));
    }

    /// The node, whole but for its heading.
    pub fn finish(mut self) -> Node {
        if self.cost[1].is_some() || self.cost[2].is_some() {
            let [startup, total, rows, width] = self.cost.map(|n| n.unwrap_or(0.0));
            // A float beyond u64 saturates.
            self.node.estimate =
                Some(Estimate { startup_cost: startup, total_cost: total, rows, width: width as u64 });
        }
        (self.node.actual, self.node.never_executed) = self.measured.finish();
        if self.node.relationship == Relationship::InitPlan
            && self.node.subplan.as_deref().is_some_and(|name| name.starts_with("CTE "))
        {
            self.node.relationship = Relationship::Cte;
        }
        self.node
    }
}

/// A worker while it is being read.
#[derive(Default)]
pub(super) struct WorkerDraft {
    pub worker: Worker,
    pub measured: Measured,
}

impl WorkerDraft {
    /// Takes what is said under this name.
    pub fn put(&mut self, name: &str, property: Property) {
        if name == "Worker Number" {
            self.worker.number = number(&property).unwrap_or(0.0) as u64;
        } else if !self.measured.put(name, &property) && !block(&mut self.worker.blocks, name, &property) {
            self.worker.properties.push((name.into(), property));
        }
    }

    /// The worker.
    pub fn finish(mut self) -> Worker {
        self.worker.actual = self.measured.finish().0;
        self.worker
    }
}

/// Takes what is said of the statement.
pub(super) fn put(plan: &mut Plan, name: &str, property: Property) {
    match name {
        "Query Text" => plan.query = Some(words(property)),
        "Query Identifier" => plan.query_id = Some(words(property)),
        "Planning Time" => plan.planning_ms = number(&property),
        "Execution Time" | "Total Runtime" => plan.execution_ms = number(&property),
        _ => plan.other.push((name.into(), property)),
    }
}

/// Takes what is said of planning.
pub(super) fn put_planning(plan: &mut Plan, name: &str, property: Property) {
    if !block(&mut plan.planning_blocks, name, &property) {
        plan.other.push((format!("Planning.{name}"), property));
    }
}

/// Takes what is said of a trigger.
pub(super) fn put_trigger(trigger: &mut Trigger, name: &str, property: Property) {
    match name {
        "Trigger Name" => trigger.name = Some(words(property)),
        "Constraint Name" => trigger.constraint = Some(words(property)),
        "Relation" => trigger.relation = Some(words(property)),
        "Time" => trigger.ms = number(&property),
        "Calls" => trigger.calls = number(&property).unwrap_or(0.0),
        _ => {}
    }
}

/// Takes what is said of just-in-time compilation; the names of times are those inside `Timing`.
pub(super) fn put_jit(jit: &mut Jit, name: &str, property: &Property) {
    match name {
        "Functions" => jit.functions = number(property).unwrap_or(0.0),
        "Generation" => jit.generation_ms = number(property),
        "Inlining" => jit.inlining_ms = number(property),
        "Optimization" => jit.optimization_ms = number(property),
        "Emission" => jit.emission_ms = number(property),
        "Total" => jit.total_ms = number(property),
        _ => {}
    }
}

/// Takes what is said of serialization.
pub(super) fn put_serialization(to: &mut Serialization, name: &str, property: Property) {
    match name {
        "Time" => to.ms = number(&property),
        "Output Volume" => to.kilobytes = number(&property).unwrap_or(0.0),
        "Format" => to.format = words(property),
        _ => {
            block(&mut to.blocks, name, &property);
        }
    }
}

/// Takes a block counter or an I/O time; false: it is none.
fn block(blocks: &mut Blocks, name: &str, property: &Property) -> bool {
    if let Some(place) = blocks.counter_mut(name) {
        *place = number(property).unwrap_or(0.0) as u64;
    } else if let Some(place) = blocks.time_mut(name) {
        *place = number(property).unwrap_or(0.0);
    } else {
        return false;
    }
    true
}

/// A finite number, also one in quotes.
fn number(property: &Property) -> Option<f64> {
    match property {
        Property::Number(number) => Some(*number),
        Property::Text(text) => text.trim().parse().ok(),
        _ => None,
    }
    .filter(|n: &f64| n.is_finite())
}

fn words(property: Property) -> String {
    match property {
        Property::Text(text) => text,
        Property::Number(number) => number.to_string(),
        Property::Bool(yes) => yes.to_string(),
        Property::List(list) => list.join(", "),
        Property::Group(_) => String::new(),
    }
}

fn relationship(word: &str) -> Relationship {
    match word {
        "Inner" => Relationship::Inner,
        "Member" => Relationship::Member,
        "Subquery" => Relationship::Subquery,
        "InitPlan" => Relationship::InitPlan,
        "SubPlan" => Relationship::SubPlan,
        "child" | "children" => Relationship::Custom,
        _ => Relationship::Outer,
    }
}

/// What is true or false in JSON; elsewhere these words are text (`One-Time Filter: false`).
const BOOLEANS: [&str; 12] = [
    "Parallel Aware",
    "Async Capable",
    "Inner Unique",
    "Single Copy",
    "Disabled",
    "Inlining",
    "Optimization",
    "Expressions",
    "Deforming",
    "Hashed",
    "Distributed",
    "Tuple Routing",
];

/// Names under which a number is a text all the same: an alias may be `1`, a filter `0`.
fn is_text(name: &str) -> bool {
    const ENDS: [&str; 14] = [
        "Name",
        "Cond",
        "Filter",
        "Key",
        "Alias",
        "Schema",
        "SQL",
        "Text",
        "Relation",
        "Method",
        "Seed",
        "Call",
        "Query",
        "Condition",
    ];
    ENDS.iter().any(|end| name.ends_with(end) && !name.starts_with("Rows Removed by "))
        || matches!(name, "Window" | "Order By" | "Item" | "Query Identifier")
}

/// A property whose type the format did not tell, as JSON has it.
pub(super) fn typed(name: &str, value: &str) -> Property {
    let number = || value.parse().ok().filter(|n: &f64| n.is_finite() && !is_text(name) && is_number(value));
    match value {
        "true" | "false" if BOOLEANS.contains(&name) => Property::Bool(value == "true"),
        _ => number().map_or_else(|| Property::Text(value.into()), Property::Number),
    }
}

/// Is it a number as JSON writes it?
fn is_number(value: &str) -> bool {
    let digits = value.strip_prefix('-').unwrap_or(value);
    digits.starts_with(|c: char| c.is_ascii_digit()) && digits.ends_with(|c: char| c.is_ascii_digit())
}
