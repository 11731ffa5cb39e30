//! A plan as `EXPLAIN (FORMAT JSON)` prints it, whatever it was read from: what other tools import.
//!
//! Written piece by piece: a plan may be deeper than a stack.

use crate::data::{
    json::quoted,
    plan::{Actual, Blocks, Node, Plan, Property, Relationship},
};

/// The plan as JSON, in an array as the server has it.
#[must_use]
pub fn explain_json(plan: &Plan) -> String {
    let mut out = Out { text: "[\n  {".into(), indent: 4, first: true };
    if let Some(query) = &plan.query {
        out.text_of("Query Text", query);
    }
    out.open("Plan", '{');
    nodes(plan, &mut out);
    out.close('}');
    if let Some(id) = &plan.query_id {
        let number = id.parse::<i64>().is_ok();
        out.raw("Query Identifier", &if number { id.clone() } else { quoted(id) });
    }
    if !plan.settings.is_empty() {
        out.open("Settings", '{');
        plan.settings.iter().for_each(|(name, value)| out.text_of(name, value));
        out.close('}');
    }
    let planning: Vec<_> = plan
        .other
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix("Planning.")?, value)))
        .collect();
    if plan.planning_blocks != Blocks::default() || !planning.is_empty() {
        out.open("Planning", '{');
        out.blocks(&plan.planning_blocks, true);
        planning.into_iter().for_each(|(name, value)| out.property(name, value));
        out.close('}');
    }
    out.number_if("Planning Time", plan.planning_ms);
    if !plan.triggers.is_empty() {
        out.open("Triggers", '[');
        for trigger in &plan.triggers {
            out.item('{');
            let names = [
                ("Trigger Name", &trigger.name),
                ("Constraint Name", &trigger.constraint),
                ("Relation", &trigger.relation),
            ];
            for (name, value) in names {
                if let Some(value) = value {
                    out.text_of(name, value);
                }
            }
            out.number_if("Time", trigger.ms);
            out.number("Calls", trigger.calls);
            out.close('}');
        }
        out.close(']');
    }
    if let Some(jit) = &plan.jit {
        out.open("JIT", '{');
        out.number("Functions", jit.functions);
        out.open("Options", '{');
        jit.options.iter().for_each(|(name, on)| out.raw(name, &on.to_string()));
        out.close('}');
        out.open("Timing", '{');
        for (name, ms) in [
            ("Generation", jit.generation_ms),
            ("Inlining", jit.inlining_ms),
            ("Optimization", jit.optimization_ms),
            ("Emission", jit.emission_ms),
            ("Total", jit.total_ms),
        ] {
            out.number_if(name, ms);
        }
        out.close('}');
        out.close('}');
    }
    if let Some(serialization) = &plan.serialization {
        out.open("Serialization", '{');
        out.number_if("Time", serialization.ms);
        out.number("Output Volume", serialization.kilobytes);
        out.text_of("Format", &serialization.format);
        out.blocks(&serialization.blocks, serialization.blocks != Blocks::default());
        out.close('}');
    }
    out.number_if("Execution Time", plan.execution_ms);
    for (name, value) in plan.other.iter().filter(|(name, _)| !name.starts_with("Planning.")) {
        out.property(name, value);
    }
    out.text.push_str("\n  }\n]\n");
    out.text
}

/// All nodes: the first one's object is open already.
fn nodes(plan: &Plan, out: &mut Out) {
    let timed = plan.nodes.iter().any(|node| node.actual.is_some_and(|actual| actual.total_ms.is_some()));
    // The text format leaves zeros out: there the counters of all nodes are known from those of one.
    let buffers = plan.buffers || plan.nodes.iter().any(|node| node.blocks != Blocks::default());
    for (at, node) in plan.nodes.iter().enumerate() {
        if at > 0 {
            out.item('{');
        }
        one(node, at == 0, buffers, timed, out);
        let next = plan.nodes.get(at + 1).map_or(0, |next| next.depth);
        if next > node.depth {
            out.open("Plans", '[');
            continue;
        }
        // This one ends, and with it those of which it was the last one below. The root is ended by who began it.
        for level in (next..=node.depth).rev().filter(|level| *level > 0) {
            out.close('}');
            if level > next {
                out.close(']');
            }
        }
    }
}

fn one(node: &Node, root: bool, buffers: bool, timed: bool, out: &mut Out) {
    out.text_of("Node Type", &node.node_type);
    if !root {
        let word = match node.relationship {
            Relationship::Outer => "Outer",
            Relationship::Inner => "Inner",
            Relationship::Member => "Member",
            Relationship::Subquery => "Subquery",
            Relationship::InitPlan | Relationship::Cte => "InitPlan",
            Relationship::SubPlan => "SubPlan",
            Relationship::Custom => "child",
        };
        out.text_of("Parent Relationship", word);
    }
    if let Some(name) = &node.subplan {
        out.text_of("Subplan Name", name);
    }
    out.raw("Parallel Aware", &node.parallel_aware.to_string());
    for (name, value) in [
        ("Index Name", &node.index),
        ("Relation Name", &node.relation),
        ("Schema", &node.schema),
        ("CTE Name", &node.cte),
        ("Alias", &node.alias),
    ] {
        if let Some(value) = value {
            out.text_of(name, value);
        }
    }
    if let Some(estimate) = &node.estimate {
        out.number("Startup Cost", estimate.startup_cost);
        out.number("Total Cost", estimate.total_cost);
        out.number("Plan Rows", estimate.rows);
        out.number("Plan Width", estimate.width as f64);
    }
    match (&node.actual, node.never_executed) {
        (Some(actual), _) => out.actual(actual),
        (None, true) => {
            let ms = timed.then_some(0.0);
            out.actual(&Actual { startup_ms: ms, total_ms: ms, rows: 0.0, loops: 0.0 });
        }
        (None, false) => {}
    }
    node.properties.iter().for_each(|(name, value)| out.property(name, value));
    out.blocks(&node.blocks, buffers);
    if !node.workers.is_empty() {
        out.open("Workers", '[');
        for worker in &node.workers {
            out.item('{');
            out.number("Worker Number", worker.number as f64);
            if let Some(actual) = &worker.actual {
                out.actual(actual);
            }
            worker.properties.iter().for_each(|(name, value)| out.property(name, value));
            out.blocks(&worker.blocks, worker.blocks != Blocks::default());
            out.close('}');
        }
        out.close(']');
    }
}

/// The text so far.
struct Out {
    text: String,
    indent: usize,
    /// Nothing stands in what is open yet.
    first: bool,
}

impl Out {
    fn line(&mut self) {
        if !self.first {
            self.text.push(',');
        }
        self.first = false;
        self.text.push('\n');
        self.text.extend(std::iter::repeat_n(' ', self.indent.min(200)));
    }

    fn raw(&mut self, name: &str, value: &str) {
        self.line();
        self.text.push_str(&quoted(name));
        self.text.push_str(": ");
        self.text.push_str(value);
    }

    fn text_of(&mut self, name: &str, value: &str) {
        self.raw(name, &quoted(value));
    }

    fn number(&mut self, name: &str, value: f64) {
        self.raw(name, &number(value));
    }

    fn number_if(&mut self, name: &str, value: Option<f64>) {
        if let Some(value) = value {
            self.number(name, value);
        }
    }

    fn open(&mut self, name: &str, bracket: char) {
        self.raw(name, bracket.encode_utf8(&mut [0; 4]));
        self.indent += 2;
        self.first = true;
    }

    fn item(&mut self, bracket: char) {
        self.line();
        self.text.push(bracket);
        self.indent += 2;
        self.first = true;
    }

    fn close(&mut self, bracket: char) {
        self.indent -= 2;
        if !self.first {
            self.text.push('\n');
            self.text.extend(std::iter::repeat_n(' ', self.indent.min(200)));
        }
        self.first = false;
        self.text.push(bracket);
    }

    fn actual(&mut self, actual: &Actual) {
        self.number_if("Actual Startup Time", actual.startup_ms);
        self.number_if("Actual Total Time", actual.total_ms);
        self.number("Actual Rows", actual.rows);
        self.number("Actual Loops", actual.loops);
    }

    fn blocks(&mut self, blocks: &Blocks, counters: bool) {
        if counters {
            blocks.counters().into_iter().for_each(|(name, count)| self.number(name, count as f64));
        }
        let times = [
            ("Shared I/O Read Time", blocks.shared_read_ms),
            ("Shared I/O Write Time", blocks.shared_write_ms),
            ("Local I/O Read Time", blocks.local_read_ms),
            ("Local I/O Write Time", blocks.local_write_ms),
            ("Temp I/O Read Time", blocks.temp_read_ms),
            ("Temp I/O Write Time", blocks.temp_write_ms),
        ];
        times.into_iter().filter(|(_, ms)| *ms > 0.0).for_each(|(name, ms)| self.number(name, ms));
    }

    fn property(&mut self, name: &str, value: &Property) {
        let value = property(value);
        self.raw(name, &value);
    }
}

fn number(value: f64) -> String {
    if value.is_finite() { format!("{value}") } else { "0".into() }
}

/// A value on one line; groups are at most a few levels deep.
fn property(value: &Property) -> String {
    match value {
        Property::Number(value) => number(*value),
        Property::Bool(value) => value.to_string(),
        Property::Text(text) => quoted(text),
        Property::List(list) => {
            format!("[{}]", list.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", "))
        }
        Property::Group(parts) => {
            // What was an array has numbers for names.
            let array = parts.iter().enumerate().all(|(i, (name, _))| *name == (i + 1).to_string());
            let parts = parts.iter().map(|(name, value)| match array {
                true => property(value),
                false => format!("{}: {}", quoted(name), property(value)),
            });
            let parts = parts.collect::<Vec<_>>().join(", ");
            if array { format!("[{parts}]") } else { format!("{{{parts}}}") }
        }
    }
}
