//! A plan written as EXPLAIN's JSON is the plan that was read, whatever it was read from.

use pgdeck::{
    data::plan::{Plan, read},
    format::plan::explain_json,
};

fn again(plan: &Plan) -> Plan {
    let text = explain_json(plan);
    let whole: serde_json::Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    assert!(whole.as_array().is_some_and(|all| all.len() == 1 && all[0]["Plan"].is_object()));
    let mut reading = read(&text).unwrap();
    assert_eq!((reading.plans.len(), reading.broken), (1, None));
    // Text does not tell that counters of zero were counted.
    Plan { buffers: plan.buffers, ..reading.plans.remove(0) }
}

#[test]
fn samples_of_every_format() {
    for text in [
        include_str!("samples/join.txt"),
        include_str!("samples/join.json"),
        include_str!("samples/join.yaml"),
        include_str!("samples/join.xml"),
        include_str!("samples/framed.txt"),
        include_str!("samples/log.txt"),
        include_str!("samples/csv.txt"),
    ] {
        for plan in read(text).unwrap().plans {
            assert_eq!(again(&plan), plan, "{}", explain_json(&plan));
        }
    }
}

#[test]
fn every_case() {
    let Some(folder) = std::env::var_os("PGDECK_CASES") else { return };
    let mut wrong = vec![];
    for entry in std::fs::read_dir(std::path::Path::new(&folder).join("plans")).unwrap() {
        let path = entry.unwrap().path();
        let Ok(reading) = read(&String::from_utf8_lossy(&std::fs::read(&path).unwrap())) else { continue };
        for plan in reading.plans.iter().filter(|plan| plan.nodes.iter().all(|node| node.depth < 40)) {
            let same = again(plan);
            if same != *plan {
                let at = same.nodes.iter().zip(&plan.nodes).position(|(a, b)| a != b);
                let nodes = at.map(|at| format!("\n{:?}\n{:?}", same.nodes[at], plan.nodes[at]));
                wrong.push(format!("{}: {}", path.display(), nodes.unwrap_or_default()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}
