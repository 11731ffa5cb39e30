//! Every plan of the cases `PGDECK_CASES` names: its structure is the expected one.

use crate::same;
use pgdeck::data::plan::{Format, Node, Plan, Relationship, read};
use serde_json::Value;
use std::{collections::BTreeMap, path::PathBuf};

fn folder() -> Option<PathBuf> {
    Some(PathBuf::from(std::env::var_os("PGDECK_CASES")?).join("plans"))
}

fn kind(node: &Node) -> &'static str {
    match node.relationship {
        Relationship::InitPlan => "initplan",
        Relationship::Cte => "cte",
        Relationship::SubPlan => "subplan",
        _ => "normal",
    }
}

/// What differs between a plan and what is expected of it.
fn differences(plan: &Plan, expected: &Value) -> Vec<String> {
    let mut out = vec![];
    let mut differ = |what: String, is: Value, should: &Value| {
        let near =
            matches!((is.as_f64(), should.as_f64()), (Some(a), Some(b)) if (a - b).abs() <= 1e-9 * b.abs());
        // What the reference did not find it says nothing about.
        let unknown = should.is_null() && what.ends_with("_ms");
        if is != *should && !near && !unknown {
            out.push(format!("{what}: {is}, not {should}"));
        }
    };
    differ("node_count".into(), plan.nodes.len().into(), &expected["node_count"]);
    let deepest = plan.nodes.iter().map(|n| n.depth + 1).max();
    differ("max_depth".into(), deepest.into(), &expected["max_depth"]);
    differ("analyzed".into(), plan.analyzed().into(), &expected["analyzed"]);
    differ("planning_ms".into(), plan.planning_ms.into(), &expected["planning_ms"]);
    differ("execution_ms".into(), plan.execution_ms.into(), &expected["execution_ms"]);
    if let Some(count) = expected.get("trigger_count") {
        differ("triggers".into(), plan.triggers.len().into(), count);
        let ms: f64 = plan.triggers.iter().filter_map(|t| t.ms).sum();
        differ("triggers_ms".into(), ((ms * 1e6).round() / 1e6).into(), &expected["triggers_ms"]);
    }
    for (i, should) in expected["nodes"].as_array().unwrap().iter().enumerate() {
        let Some(node) = plan.nodes.get(i) else { break };
        let mut differ = |what: &str, is: Value| differ(format!("node {}: {what}", i + 1), is, &should[what]);
        // Before 9.1 `Subquery Scan x` had no `on`: the reference takes the alias for a part of the type.
        let kind_of_node = should["type"].as_str().unwrap();
        let is_old = node.node_type == "Subquery Scan" && kind_of_node.starts_with("Subquery Scan ");
        differ("type", if is_old { kind_of_node.into() } else { node.node_type.as_str().into() });
        differ("depth", (node.depth + 1).into());
        differ("parent", node.parent.map(|p| p + 1).into());
        differ("kind", kind(node).into());
        differ("subplan", node.subplan.as_deref().into());
        if should.get("relation").is_some() {
            differ("relation", node.relation.as_deref().into());
        }
        if should.get("index").is_some() {
            differ("index", node.index.as_deref().into());
        }
        if should.get("loops").is_some() {
            differ("never_executed", node.never_executed.into());
            differ("loops", node.actual.map_or(0.0, |a| a.loops).into());
            let rows = node.actual.map_or(0.0, |a| a.rows * a.loops);
            differ("rows_total", ((rows * 1e6).round() / 1e6).into());
        }
        if should.get("inclusive_ms").is_some() && !node.never_executed {
            let ms = node.actual.and_then(|a| Some(a.total_ms? * a.loops));
            differ("inclusive_ms", ms.map(|ms| (ms * 1e6).round() / 1e6).into());
        }
    }
    out
}

#[test]
fn every_case_has_the_expected_structure() {
    let Some(folder) = folder() else { return };
    let expected = std::fs::read_to_string(folder.join("expected.json")).unwrap();
    let expected: BTreeMap<String, Value> = serde_json::from_str(&expected).unwrap();
    assert!(expected.len() > 300);
    let mut wrong = vec![];
    for (file, expected) in &expected {
        let text = String::from_utf8_lossy(&std::fs::read(folder.join(file)).unwrap()).into_owned();
        let reading = match read(&text) {
            Ok(reading) => reading,
            Err(broken) => {
                wrong.push(format!("{file}: {broken:?}"));
                continue;
            }
        };
        if reading.plans.len() != expected["plans"].as_array().unwrap().len() {
            wrong.push(format!("{file}: {} plans", reading.plans.len()));
        }
        let format = format!("{:?}", reading.format).to_lowercase();
        if expected["format"] != format {
            wrong.push(format!("{file}: format {format}"));
        }
        for (plan, expected) in reading.plans.iter().zip(expected["plans"].as_array().unwrap()) {
            wrong.extend(differences(plan, expected).into_iter().map(|d| format!("{file}: {d}")));
        }
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn text_and_json_of_a_statement_are_one_plan() {
    let Some(folder) = folder() else { return };
    let (mut pairs, mut wrong) = (0, vec![]);
    for entry in std::fs::read_dir(&folder).unwrap() {
        let json = entry.unwrap().path();
        let text = json.with_extension("text");
        if json.extension().is_none_or(|e| e != "json") || !text.exists() {
            continue;
        }
        pairs += 1;
        let [json, text] = [json, text].map(|path| (std::fs::read_to_string(&path).unwrap(), path));
        let file = text.1.display().to_string();
        let [json, text] = [json, text].map(|(text, _)| read(&text).unwrap());
        assert_eq!((json.format, text.format), (Format::Json, Format::Text));
        assert_eq!((&json.broken, &text.broken), (&None, &None), "{file}");
        assert_eq!(json.plans.len(), text.plans.len(), "{file}");
        for (json, text) in json.plans.iter().zip(&text.plans) {
            // Two runs: their times differ, and so may the work of each process.
            wrong.extend(same::differences(json, text, false).into_iter().map(|d| format!("{file}: {d}")));
        }
    }
    assert!(pairs > 10, "{pairs}");
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}
