//! What the catalog knows of a plan's relations: the question, and what its answer says.

use crate::data::plan::{
    Plan,
    findings::{Known, KnownForeignKey, KnownIndex, KnownRelation},
};
use serde_json::Value;

/// The question; its parameters are those of `parameters`, its answer is one text for `read`.
pub const QUERY: &str = include_str!("../../queries/plan/known.sql");

/// The relations of a plan, and those its triggers are on, as the question wants them; none when there are none.
#[must_use]
pub fn parameters(plan: &Plan) -> Option<Vec<Option<String>>> {
    let of_nodes = plan.nodes.iter().filter_map(|n| Some((n.schema.as_deref(), n.relation.as_deref()?)));
    let of_triggers = plan.triggers.iter().filter_map(|t| Some((None, t.relation.as_deref()?)));
    let mut wanted: Vec<(Option<&str>, &str)> = of_nodes.chain(of_triggers).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let schemas = wanted.iter().map(|(schema, _)| *schema);
    let names = wanted.iter().map(|(_, name)| Some(*name));
    (!wanted.is_empty()).then(|| vec![Some(array(schemas)), Some(array(names))])
}

/// An array of texts as the server reads it.
fn array<'a>(elements: impl Iterator<Item = Option<&'a str>>) -> String {
    let element = |e: Option<&str>| match e {
        Some(text) => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        None => "NULL".to_owned(),
    };
    format!("{{{}}}", elements.map(element).collect::<Vec<_>>().join(","))
}

/// What the answer says; nothing where it is none.
#[must_use]
pub fn read(answer: &str) -> Known {
    let Ok(all) = serde_json::from_str::<Value>(answer) else { return Known::default() };
    Known {
        version: all["version"].as_u64().and_then(|n| n.try_into().ok()),
        hypopg: all["hypopg"].as_bool().unwrap_or(false),
        relations: list(&all["relations"], relation),
        foreign_keys: list(&all["foreign_keys"], |key| KnownForeignKey {
            name: text(&key["name"]),
            from: (text(&key["from"][0]), text(&key["from"][1])),
            columns: list(&key["columns"], text),
            to: (text(&key["to"][0]), text(&key["to"][1])),
        }),
    }
}

fn relation(all: &Value) -> KnownRelation {
    KnownRelation {
        schema: text(&all["schema"]),
        name: text(&all["name"]),
        rows: all["rows"].as_f64(),
        last_analyze: all["last_analyze"].as_str().map(str::to_owned),
        changed_since_analyze: all["changed"].as_f64(),
        partition_key: list(&all["partition_key"], text),
        indexes: list(&all["indexes"], |index| KnownIndex {
            name: text(&index["name"]),
            method: text(&index["method"]),
            keys: list(&index["keys"], text),
            predicate: index["predicate"].as_str().map(str::to_owned),
            valid: index["valid"].as_bool().unwrap_or(false),
        }),
    }
}

fn list<T>(all: &Value, one: impl Fn(&Value) -> T) -> Vec<T> {
    all.as_array().map(|all| all.iter().map(one).collect()).unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::plan::Node;

    #[test]
    fn relations_are_asked_for_once_and_quoted() {
        let node = |schema: Option<&str>, name: &str| Node {
            schema: schema.map(str::to_owned),
            relation: Some(name.to_owned()),
            ..Node::default()
        };
        let nodes =
            vec![node(Some("s"), "a\"b\\"), node(None, "t"), node(Some("s"), "a\"b\\"), Node::default()];
        let plan = Plan { nodes, ..Plan::default() };
        let asked = parameters(&plan).expect("relations");
        assert_eq!(asked, [Some("{NULL,\"s\"}".into()), Some("{\"t\",\"a\\\"b\\\\\"}".into())]);
        assert_eq!(parameters(&Plan::default()), None);
        assert_eq!(read("no answer"), Known::default());
    }
}
