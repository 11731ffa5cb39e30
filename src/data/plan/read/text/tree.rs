//! The tree out of the lines: what hangs on what is told by the indentation.

use super::super::super::{Jit, Node, Plan, Property, Relationship, Serialization, Trigger};
use super::super::fields::{self, Draft, WorkerDraft, typed};
use super::super::heading;
use super::join::{Scan, Whole};
use super::{Kind, figures, key, property, subplan};

/// What lines of properties belong to.
#[derive(Default)]
enum Context {
    #[default]
    Node,
    /// A worker of the last node, whose line has this indentation.
    Worker(usize),
    /// The JIT block inside a worker.
    WorkerJit(usize),
    Planning,
    Jit,
    Serialization,
}

/// A node that may get children, or the heading of a subplan of it.
struct Open {
    column: usize,
    node: usize,
    heading: Option<String>,
}

#[derive(Default)]
pub(super) struct Tree {
    plan: Plan,
    drafts: Vec<(Draft, Vec<WorkerDraft>)>,
    /// Inputs of each node.
    inputs: Vec<usize>,
    open: Vec<Open>,
    context: Context,
    root_indent: usize,
    part: bool,
    costs: bool,
    broken: Option<(usize, String)>,
    /// The last line read: its number, and whether it breaks off.
    last: Option<(usize, bool)>,
}

impl Tree {
    /// Is the last node one that changes rows?
    pub fn modifies(&self) -> bool {
        self.drafts.last().is_some_and(|(draft, _)| {
            draft.node.node_type == "ModifyTable" || draft.node.heading.starts_with("Foreign ")
        })
    }

    pub fn root_indent(&self) -> usize {
        self.root_indent
    }

    /// Did it begin with an arrow: is it part of a plan?
    pub fn is_part(&self) -> bool {
        self.part
    }

    pub fn has_costs(&self) -> bool {
        self.costs
    }

    /// Takes a line.
    pub fn put(&mut self, line: &Whole<'_>) {
        let mut cut = false;
        match line.kind {
            Kind::Root | Kind::Arrow => cut = self.node(line),
            Kind::Heading if !self.drafts.is_empty() => {
                self.pop(line.indent);
                let node = self.open.last().map_or(0, |open| open.node);
                let heading = subplan(&line.text).map(str::to_owned);
                self.open.push(Open { column: line.indent, node, heading });
            }
            Kind::Target => {
                if let Some((draft, _)) = self.drafts.last_mut() {
                    target(draft, &line.text);
                }
            }
            Kind::Property => {
                if let Some((key, value)) = key(&line.text) {
                    self.property(key, value, line.indent);
                    let mut scan = Scan::default();
                    scan.over(value);
                    cut = scan.literal || scan.depth > 0 && !key.starts_with("Query");
                }
            }
            Kind::Heading | Kind::Other => {}
        }
        self.last = Some((line.number, cut));
    }

    fn pop(&mut self, column: usize) {
        // The root stands left of everything.
        while self.open.len() > 1 && self.open.last().is_some_and(|open| open.column >= column) {
            self.open.pop();
        }
    }

    /// Takes a node's line; true: it breaks off.
    fn node(&mut self, line: &Whole<'_>) -> bool {
        let text = line.text.strip_prefix("->").unwrap_or(&line.text).trim_start();
        let mut draft = Draft::default();
        let (words, cut) = match figures::split(text) {
            Some((words, groups)) => {
                figures::put_all(&groups, &mut draft);
                self.costs |= groups.iter().any(|group| group.starts_with("cost="));
                (words, false)
            }
            None => {
                let head = text.split(" (cost=").next().unwrap_or(text);
                let head = head.split(" (actual ").next().unwrap_or(head);
                let head = if self.costs { head.split("  (").next().unwrap_or(head) } else { head };
                (head, head.len() < text.len())
            }
        };
        let known = heading::decompose(words.trim_end(), &mut draft);
        let whole = text.len() > words.trim_end().len();
        if cut {
            self.broken.get_or_insert((line.number, "the figures of this node cannot be read".into()));
        }
        // The beginning of a name is no name.
        let lost = words.trim().is_empty() || !known && !whole && self.costs;
        // Where the root itself was lost, the first node that was not stands for it.
        let parent = if self.drafts.is_empty() {
            self.root_indent = line.indent;
            self.part = line.text.starts_with("->");
            None
        } else {
            self.pop(line.indent);
            self.open.last()
        };
        if let Some(open) = parent {
            draft.node.parent = Some(open.node);
            draft.node.depth = self.drafts[open.node].0.node.depth + 1;
            match &open.heading {
                Some(name) => {
                    draft.put("Subplan Name", Property::Text(name.clone()));
                    draft.node.relationship = match name.as_str() {
                        name if name.starts_with("CTE ") => Relationship::Cte,
                        name if name.starts_with("InitPlan") => Relationship::InitPlan,
                        _ => Relationship::SubPlan,
                    };
                }
                None if lost => {}
                None => {
                    let nth = self.inputs[open.node];
                    self.inputs[open.node] += 1;
                    draft.node.relationship = input(&self.drafts[open.node].0.node, nth);
                }
            }
        }
        if lost {
            return true;
        }
        let node = self.drafts.len();
        self.open.push(Open { column: line.indent, node, heading: None });
        self.drafts.push((draft, vec![]));
        self.inputs.push(0);
        self.context = Context::Node;
        cut || self.costs && !whole
    }

    fn property(&mut self, key: &str, value: &str, indent: usize) {
        if self.statement(key, value) {
            return;
        }
        match self.context {
            Context::Planning if matches!(key, "Buffers" | "I/O Timings" | "Memory") => {
                let plan = &mut self.plan;
                if key == "Memory" {
                    for (name, value) in value.split_whitespace().filter_map(|part| part.split_once('=')) {
                        let name = if name == "used" { "Memory Used" } else { "Memory Allocated" };
                        let number = property::number(value).unwrap_or(0.0);
                        fields::put_planning(plan, name, Property::Number(number));
                    }
                } else {
                    property::each(key, value, "", &mut |name, p| fields::put_planning(plan, name, p));
                }
                return;
            }
            Context::Serialization if matches!(key, "Buffers" | "I/O Timings") => {
                let serialization = self.plan.serialization.get_or_insert_default();
                property::each(key, value, "", &mut |name, p| {
                    fields::put_serialization(serialization, name, p)
                });
                return;
            }
            Context::Jit if jit(self.plan.jit.get_or_insert_default(), key, value) => return,
            Context::Worker(at) | Context::WorkerJit(at) if indent <= at && !key.starts_with("Worker ") => {
                self.context = Context::Node;
            }
            _ => {}
        }
        let Some((draft, workers)) = self.drafts.last_mut() else { return };
        if let Some(number) = key.strip_prefix("Worker ").and_then(|n| n.parse::<u64>().ok()) {
            let at = workers.iter().position(|w| w.worker.number == number).unwrap_or_else(|| {
                workers.push(WorkerDraft::default());
                workers.len() - 1
            });
            // What stands on its line, too.
            let mut worker = workers.remove(at);
            worker.worker.number = number;
            if value.starts_with("actual ") {
                figures::put(value, |name, p| worker.put(name, p));
            } else if let Some((key, value)) = super::key(value) {
                property::each(key, value, &draft.node.node_type, &mut |name, p| worker.put(name, p));
            }
            workers.push(worker);
            self.context = Context::Worker(indent);
            return;
        }
        let node_type = &draft.node.node_type;
        match (&self.context, workers.last_mut()) {
            (Context::Worker(at), Some(worker)) if key == "JIT" => {
                worker.put("JIT", Property::Group(vec![]));
                self.context = Context::WorkerJit(*at);
            }
            (Context::WorkerJit(_), Some(worker)) if matches!(key, "Functions" | "Options" | "Timing") => {
                if let Some((_, Property::Group(group))) = worker.worker.properties.last_mut() {
                    group.push((key.into(), options(key, value)));
                }
            }
            (Context::Worker(_) | Context::WorkerJit(_), Some(worker)) => {
                property::each(key, value, node_type, &mut |name, p| worker.put(name, p));
            }
            _ => {
                let node_type = node_type.clone();
                property::each(key, value, &node_type, &mut |name, p| draft.put(name, p));
            }
        }
    }

    /// Takes what is said of the statement; false: it is said of a node.
    fn statement(&mut self, key: &str, value: &str) -> bool {
        let plan = &mut self.plan;
        let ms = || value.trim_end().strip_suffix("ms").and_then(property::number).map(Property::Number);
        match key {
            "Planning Time" | "Planning time" => {
                fields::put(plan, "Planning Time", ms().unwrap_or(typed("", value)))
            }
            "Execution Time" | "Execution time" | "Total runtime" | "Total Runtime" => {
                fields::put(plan, "Execution Time", ms().unwrap_or(typed("", value)));
            }
            "Query Identifier" | "Query Parameters" => fields::put(plan, key, Property::Text(value.into())),
            "Planning" if value.is_empty() => self.context = Context::Planning,
            "JIT" if value.is_empty() && !matches!(self.context, Context::Worker(_)) => {
                self.context = Context::Jit;
                plan.jit.get_or_insert_default();
            }
            "Settings" => {
                for setting in property::list(value) {
                    if let Some((name, value)) = setting.split_once(" = ") {
                        let value =
                            value.strip_prefix('\'').and_then(|v| v.strip_suffix('\'')).unwrap_or(value);
                        plan.settings.push((name.into(), value.replace("''", "'")));
                    }
                }
            }
            "Serialization" => {
                let mut serialization = Serialization::default();
                for (name, value) in value.split_whitespace().filter_map(|part| part.split_once('=')) {
                    let (name, property) = match name {
                        "time" => ("Time", property::number(value).map(Property::Number)),
                        "output" => ("Output Volume", property::number(value).map(Property::Number)),
                        _ => ("Format", Some(Property::Text(value.into()))),
                    };
                    if let Some(property) = property {
                        fields::put_serialization(&mut serialization, name, property);
                    }
                }
                plan.serialization = Some(serialization);
                self.context = Context::Serialization;
            }
            _ if key.starts_with("Trigger")
                && (value.starts_with("time=") || value.starts_with("calls=")) =>
            {
                plan.triggers.push(trigger(key, value));
            }
            _ => return false,
        }
        true
    }

    /// The plan, and where it breaks off; `cut`: the text ends with it.
    pub fn finish(mut self, cut: bool) -> (Option<Plan>, Option<(usize, String)>) {
        let last = self.last.unwrap_or_default();
        if cut && last.1 {
            self.broken.get_or_insert((last.0, "the plan breaks off in this line".into()));
        }
        let lacking = self.open.iter().map(|open| open.node).find(|node| {
            let node_type = &self.drafts[*node].0.node.node_type;
            self.inputs[*node] < needs(node_type)
        });
        if let Some(node) = lacking.filter(|_| cut && !self.drafts.is_empty()) {
            let message = format!(
                "the plan breaks off: the input of `{}` is missing",
                self.drafts[node].0.node.heading
            );
            self.broken.get_or_insert((last.0, message));
        }
        let mut plan = self.plan;
        for (draft, workers) in self.drafts {
            let mut node = draft.finish();
            node.workers = workers.into_iter().map(WorkerDraft::finish).collect();
            node.workers.sort_by_key(|worker| worker.number);
            grouping(&mut node);
            // One input is that of 14 and later, several are the members of before.
            let changes =
                |parent: usize| plan.nodes[parent].node_type == "ModifyTable" && self.inputs[parent] > 1;
            if node.relationship == Relationship::Outer && node.parent.is_some_and(changes) {
                node.relationship = Relationship::Member;
            }
            plan.nodes.push(node);
        }
        ((!plan.nodes.is_empty()).then_some(plan), self.broken)
    }
}

/// Inputs a node has in every plan.
fn needs(node_type: &str) -> usize {
    match node_type {
        "Nested Loop" | "Hash Join" | "Merge Join" | "Recursive Union" => 2,
        "Sort" | "Incremental Sort" | "Hash" | "Limit" | "Materialize" | "Memoize" | "Unique" | "Gather"
        | "Gather Merge" | "Aggregate" | "WindowAgg" | "Subquery Scan" | "LockRows" | "SetOp" | "Group"
        | "ProjectSet" | "Bitmap Heap Scan" => 1,
        _ => 0,
    }
}

/// How the nth input hangs on its parent: text does not say it.
fn input(parent: &Node, nth: usize) -> Relationship {
    match parent.node_type.as_str() {
        "Append" | "Merge Append" | "BitmapAnd" | "BitmapOr" => Relationship::Member,
        "ModifyTable" if nth > 0 => Relationship::Member, // and so is the first, see `finish`
        "Subquery Scan" => Relationship::Subquery,
        "Custom Scan" => Relationship::Custom,
        _ if nth == 1 => Relationship::Inner,
        _ => Relationship::Outer,
    }
}

/// `Update on part_1 p`, below a ModifyTable of several.
fn target(draft: &mut Draft, text: &str) {
    let mut of = Draft::default();
    heading::decompose(text, &mut of);
    let names = [("Schema", of.node.schema), ("Relation Name", of.node.relation), ("Alias", of.node.alias)];
    let names = names.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Property::Text(value?))));
    let tables = draft.node.properties.iter_mut().find(|(name, _)| name == "Target Tables");
    if let Some((_, Property::Group(tables))) = tables {
        tables.push(((tables.len() + 1).to_string(), Property::Group(names.collect())));
    } else {
        draft.put("Target Tables", Property::Group(vec![("1".into(), Property::Group(names.collect()))]));
    }
}

/// Several `Group Key` or `Hash Key` are the phases of grouping sets.
fn grouping(node: &mut Node) {
    let is_key = |name: &str| matches!(name, "Group Key" | "Hash Key" | "Sort Key");
    let keys = node.properties.iter().filter(|(name, _)| is_key(name)).count();
    let alone =
        node.properties.iter().all(|(name, _)| name != "Hash Key") && node.text("Strategy") != Some("Mixed");
    let empty = |p: &Property| *p == Property::List(vec!["()".into()]);
    if node.node_type != "Aggregate" || alone && keys < 2 && !node.property("Group Key").is_some_and(empty) {
        return;
    }
    let at = node.properties.iter().position(|(name, _)| is_key(name)).unwrap_or(0);
    let (keys, rest): (Vec<_>, Vec<_>) =
        std::mem::take(&mut node.properties).into_iter().partition(|(n, _)| is_key(n));
    let mut phases: Vec<Vec<(String, Property)>> = vec![];
    let mut sets: Vec<Property> = vec![];
    let close = |sets: &mut Vec<Property>, phases: &mut Vec<Vec<(String, Property)>>, name: &str| {
        if sets.is_empty() {
            return;
        }
        let none = |p: &Property| matches!(p, Property::List(list) if list.is_empty());
        let lists = if sets.iter().all(none) {
            Property::List(vec!["[]".into(); sets.len()])
        } else {
            Property::Group(sets.drain(..).enumerate().map(|(i, set)| ((i + 1).to_string(), set)).collect())
        };
        sets.clear();
        let key = (format!("{name}s"), lists);
        match phases.last_mut().filter(|phase| phase.len() == 1 && phase[0].0 == "Sort Key") {
            Some(phase) => phase.push(key),
            None => phases.push(vec![key]),
        }
    };
    let mut open = String::new();
    for (name, property) in keys {
        if name != open || name == "Hash Key" {
            close(&mut sets, &mut phases, &open);
        }
        if name == "Sort Key" {
            phases.push(vec![(name, property)]);
            open.clear();
            continue;
        }
        sets.push(if empty(&property) { Property::List(vec![]) } else { property });
        open = name;
    }
    close(&mut sets, &mut phases, &open);
    let phases =
        phases.into_iter().enumerate().map(|(i, phase)| ((i + 1).to_string(), Property::Group(phase)));
    node.properties = rest;
    node.properties
        .insert(at.min(node.properties.len()), ("Grouping Sets".into(), Property::Group(phases.collect())));
}

/// `Trigger t for constraint c on r`
fn trigger(key: &str, value: &str) -> Trigger {
    let mut trigger = Trigger::default();
    let mut name = key.strip_prefix("Trigger").unwrap_or(key);
    if let Some((before, relation)) = name.rsplit_once(" on ") {
        trigger.relation = Some(relation.into());
        name = before;
    }
    if let Some((before, constraint)) = name.split_once(" for constraint ") {
        trigger.constraint = Some(constraint.into());
        name = before;
    }
    let name = name.trim();
    trigger.name = (!name.is_empty()).then(|| name.to_owned());
    for (name, value) in value.split(' ').filter_map(|part| part.split_once('=')) {
        let name = if name == "time" { "Time" } else { "Calls" };
        fields::put_trigger(
            &mut trigger,
            name,
            property::number(value).map_or(typed("", value), Property::Number),
        );
    }
    trigger
}

/// A line of the JIT block; false: it is none.
fn jit(jit: &mut Jit, key: &str, value: &str) -> bool {
    match key {
        "Functions" => jit.functions = property::number(value).unwrap_or(0.0),
        "Options" => {
            let options = value.split(", ").filter_map(|part| part.rsplit_once(' '));
            jit.options = options.map(|(name, on)| (name.into(), on == "true")).collect();
        }
        "Timing" => {
            for part in property::list(value) {
                if let Some((name, rest)) = part.split_once(' ')
                    && let Some(ms) = property::number(rest)
                {
                    fields::put_jit(jit, name, &Property::Number(ms));
                }
            }
        }
        _ => return false,
    }
    true
}

/// The same inside a worker, as JSON has it.
fn options(key: &str, value: &str) -> Property {
    match key {
        "Options" => Property::Group(
            value
                .split(", ")
                .filter_map(|p| p.rsplit_once(' '))
                .map(|(n, on)| (n.into(), typed(n, on)))
                .collect(),
        ),
        "Timing" => Property::Group(
            property::list(value)
                .iter()
                .filter_map(|p| p.split_once(' '))
                .filter_map(|(n, ms)| Some((n.into(), Property::Number(property::number(ms)?))))
                .collect(),
        ),
        _ => property::number(value).map_or_else(|| Property::Text(value.into()), Property::Number),
    }
}
