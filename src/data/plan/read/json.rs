//! Plans as JSON; the readers of YAML and XML bring theirs into this form.

use super::super::{Jit, Plan, Property, Serialization, Trigger};
use super::fields::{self, Draft, WorkerDraft};
use super::heading;
use crate::data::json::{Json, JsonKind};

/// Lists in lists are kept to this depth; what lies deeper stays JSON text. EXPLAIN prints two (`Grouping Sets`).
const DEPTH: usize = 8;

/// What a JSON document holds that is of use here.
pub(super) enum Held {
    /// A plan.
    Plan(Box<Plan>),
    /// A text that may hold plans: a message of a log, a column of a result.
    Text(String),
}

/// All plans of a document, wherever they stand in it.
pub(super) fn plans(json: &Json) -> Vec<Held> {
    let mut found = vec![];
    let mut at = 0;
    while at < json.len() {
        match json.kind(at) {
            JsonKind::Object => {
                if let Some(plan) = statement(json, at) {
                    found.push(Held::Plan(Box::new(plan)));
                    at = json.next(at);
                    continue;
                }
            }
            JsonKind::String
                if ["\\n", "\"Plan\\\"", "  (cost="].iter().any(|part| json.raw(at).contains(part)) =>
            {
                found.push(Held::Text(json.value(at).into_owned()));
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// The statement an object is: it has a `Plan`, or is a node itself.
fn statement(json: &Json, at: usize) -> Option<Plan> {
    let is_node = |at| json.children(at).any(|c| json.raw_key(c) == Some("\"Node Type\""));
    let root =
        json.children(at).find(|c| json.raw_key(*c) == Some("\"Plan\"") && json.kind(*c) == JsonKind::Object);
    let mut plan = Plan::default();
    let Some(root) = root else {
        if !is_node(at) {
            return None;
        }
        nodes(json, at, &mut plan);
        return Some(plan);
    };
    if !is_node(root) {
        return None;
    }
    nodes(json, root, &mut plan);
    for part in json.children(at).filter(|c| *c != root) {
        let name = json.key(part).unwrap_or_default();
        let inside = || json.children(part).map(|c| (json.key(c).unwrap_or_default(), c));
        match (&*name, json.kind(part)) {
            ("Planning", JsonKind::Object) => {
                inside().for_each(|(name, c)| fields::put_planning(&mut plan, &name, property(json, c)));
            }
            ("Triggers", JsonKind::Array) => {
                for object in json.children(part) {
                    let mut trigger = Trigger::default();
                    for c in json.children(object) {
                        fields::put_trigger(
                            &mut trigger,
                            &json.key(c).unwrap_or_default(),
                            property(json, c),
                        );
                    }
                    plan.triggers.push(trigger);
                }
            }
            ("JIT", JsonKind::Object) => plan.jit = Some(jit(json, part)),
            ("Serialization", JsonKind::Object) => {
                let mut serialization = Serialization::default();
                inside().for_each(|(name, c)| {
                    fields::put_serialization(&mut serialization, &name, property(json, c))
                });
                plan.serialization = Some(serialization);
            }
            ("Settings", JsonKind::Object) => {
                plan.settings
                    .extend(inside().map(|(name, c)| (name.into_owned(), json.value(c).into_owned())));
            }
            // YAML has nothing for an empty list.
            (_, JsonKind::Null) => {}
            // More digits than a float keeps.
            ("Query Identifier", _) => plan.query_id = Some(json.value(part).into_owned()),
            _ => fields::put(&mut plan, &name, property(json, part)),
        }
    }
    Some(plan)
}

/// The nodes below and with this one, in the order of the text.
fn nodes(json: &Json, root: usize, plan: &mut Plan) {
    let mut waiting = vec![(root, None)];
    while let Some((at, parent)) = waiting.pop() {
        let mut draft = Draft::default();
        let mut below = vec![];
        for part in json.children(at) {
            let name = json.key(part).unwrap_or_default();
            match (&*name, json.kind(part)) {
                ("Plans", JsonKind::Array) => below.extend(json.children(part)),
                // A converter may have made an object of a list with one element.
                ("Plans", JsonKind::Object) => below.push(part),
                ("Workers", JsonKind::Array) => {
                    for object in json.children(part) {
                        let mut worker = WorkerDraft::default();
                        for c in json.children(object) {
                            worker.put(&json.key(c).unwrap_or_default(), property(json, c));
                        }
                        draft.node.workers.push(worker.finish());
                    }
                }
                _ => {
                    plan.buffers |= &*name == "Shared Hit Blocks";
                    draft.put(&name, property(json, part));
                }
            }
        }
        let mut node = draft.finish();
        node.parent = parent;
        node.depth = parent.map_or(0, |parent: usize| plan.nodes[parent].depth + 1);
        node.heading = heading::compose(&node);
        let number = plan.nodes.len();
        plan.nodes.push(node);
        waiting.extend(
            below.into_iter().rev().filter(|c| json.kind(*c) == JsonKind::Object).map(|c| (c, Some(number))),
        );
    }
}

fn jit(json: &Json, at: usize) -> Jit {
    let mut jit = Jit::default();
    for part in json.children(at) {
        match json.raw_key(part) {
            Some("\"Options\"") => {
                let options =
                    json.children(part).map(|c| (json.key(c).unwrap_or_default().into_owned(), json.raw(c)));
                jit.options = options.map(|(name, raw)| (name, raw == "true")).collect();
            }
            Some("\"Timing\"") => {
                for time in json.children(part) {
                    let total = json.children(time).find(|c| json.raw_key(*c) == Some("\"Total\""));
                    let name = json.key(time).unwrap_or_default();
                    fields::put_jit(&mut jit, &name, &property(json, total.unwrap_or(time)));
                }
            }
            Some("\"Functions\"") => fields::put_jit(&mut jit, "Functions", &property(json, part)),
            _ => {}
        }
    }
    jit
}

fn property(json: &Json, at: usize) -> Property {
    property_to(json, at, DEPTH)
}

fn property_to(json: &Json, at: usize, depth: usize) -> Property {
    match json.kind(at) {
        JsonKind::Number => {
            json.raw(at).parse().map_or_else(|_| Property::Text(json.raw(at).into()), Property::Number)
        }
        JsonKind::Bool => Property::Bool(json.raw(at) == "true"),
        JsonKind::Null => Property::Text(String::new()),
        JsonKind::String => Property::Text(json.value(at).into_owned()),
        _ if depth == 0 => Property::Text(json.raw(at).into()),
        JsonKind::Array if json.children(at).all(|c| json.count(c) == 0) => {
            Property::List(json.children(at).map(|c| json.value(c).into_owned()).collect())
        }
        JsonKind::Array => Property::Group(
            json.children(at)
                .enumerate()
                .map(|(i, c)| ((i + 1).to_string(), property_to(json, c, depth - 1)))
                .collect(),
        ),
        JsonKind::Object => Property::Group(
            json.children(at)
                .map(|c| (json.key(c).unwrap_or_default().into_owned(), property_to(json, c, depth - 1)))
                .collect(),
        ),
    }
}
