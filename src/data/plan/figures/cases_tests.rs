//! Every plan of the cases `PGDECK_CASES` names: its figures are the expected ones.

use super::{Direction, Figures, NodeFigures, figures};
use crate::data::plan::{Plan, read};
use serde_json::Value;
use std::{collections::BTreeMap, path::PathBuf};

/// The rounding of the expected figures, and as much of their size.
fn near(is: f64, should: f64) -> bool {
    (is - should).abs() <= 0.002 + should.abs() * 0.0001
}

struct Differences {
    at: String,
    found: Vec<String>,
}

impl Differences {
    fn number(&mut self, what: &str, is: Option<f64>, should: &Value) {
        if !matches!((is, should.as_f64()), (Some(is), Some(should)) if near(is, should))
            && (is.is_some() || !should.is_null())
        {
            self.found.push(format!("{}: {what} is {is:?}, not {should}", self.at));
        }
    }

    fn equal(&mut self, what: &str, is: Value, should: &Value) {
        if is != *should {
            self.found.push(format!("{}: {what} is {is}, not {should}", self.at));
        }
    }
}

fn differences(file: &str, plan: &Plan, expected: &Value) -> Vec<String> {
    let figures = figures(plan);
    let mut all = Differences { at: file.to_owned(), found: vec![] };
    all.equal("max_depth", figures.max_depth.into(), &expected["max_depth"]);
    all.equal("analyzed", figures.analyzed.into(), &expected["analyzed"]);
    all.equal("timed", figures.timed.into(), &expected["timed"]);
    all.number("root_inclusive_ms", figures.root_ms, &expected["root_inclusive_ms"]);
    all.number("sum_self_ms", figures.sum_self_ms, &expected["sum_self_ms"]);
    if expected.get("trigger_count").is_some() {
        all.equal("trigger_count", figures.trigger_count.into(), &expected["trigger_count"]);
        all.number("triggers_ms", figures.triggers_ms, &expected["triggers_ms"]);
    }
    // Nodes may tie, so the figure is compared.
    let slowest = figures.slowest.map(|at| figures.nodes[at].self_ms.unwrap());
    all.number("slowest", slowest, expected.pointer("/slowest/self_ms").unwrap_or(&Value::Null));
    let worst = figures.worst_estimate.map(|at| figures.nodes[at].misestimate.unwrap().factor);
    all.number("worst_estimate", worst, expected.pointer("/worst_estimate/factor").unwrap_or(&Value::Null));
    let mut groups: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for (i, should) in expected["nodes"].as_array().unwrap().iter().enumerate() {
        let Some(is) = figures.nodes.get(i) else { break };
        all.at = format!("{file} node {}", i + 1);
        node(&mut all, plan, &figures, i, should);
        if let Some(group) = should.get("cte_readers_group") {
            let sums = groups.entry(format!("{} {:?}", group.as_str().unwrap(), is.shares)).or_default();
            sums.0 += is.self_ms.unwrap();
            sums.1 += should["self_ms"].as_f64().unwrap();
        } else {
            all.number("self_ms", is.self_ms, &should["self_ms"]);
            payers(&mut all, plan, is, should);
        }
    }
    for (group, (is, should)) in groups {
        if !near(is, should) {
            all.found.push(format!("{file}: readers of {group} have {is}, not {should}"));
        }
    }
    all.found
}

fn node(all: &mut Differences, plan: &Plan, figures: &Figures, i: usize, should: &Value) {
    let is = &figures.nodes[i];
    all.number("inclusive_ms", is.inclusive_ms, &should["inclusive_ms"]);
    let below = |value: Option<f64>| value.filter(|_| is.gather.is_some() && is.processes != 1.0);
    if figures.timed {
        all.number("processes", below(Some(is.processes)), &should["processes"]);
        all.number("inclusive_wall_ms", below(is.wall_ms), &should["inclusive_wall_ms"]);
        all.number("self_all_processes_ms", below(is.self_all_ms), &should["self_all_processes_ms"]);
    }
    all.number("rows_total", is.rows, &should["rows_total"]);
    all.number("leader_inclusive_ms", is.leader.map(|(ms, _)| ms), &should["leader_inclusive_ms"]);
    all.number("leader_loops", is.leader.map(|(_, loops)| loops), &should["leader_loops"]);
    for what in ["Filter", "Join Filter", "Index Recheck"] {
        let name = format!("Rows Removed by {what}");
        let removed = is.removed.iter().find(|(removed, _)| *removed == name).map(|(_, rows)| *rows);
        // The reference lost some where a terminal had wrapped the lines.
        if let Some(should) = should.get(format!("{name} (total)")) {
            all.number(&name, removed, should);
        }
    }
    let misestimate = is.misestimate;
    all.number("estimate_factor", misestimate.map(|m| m.factor), &should["estimate_factor"]);
    let direction = misestimate.map(|m| match m.direction {
        Direction::Exact => "exact",
        Direction::Over => "over",
        Direction::Under => "under",
    });
    all.equal("estimate", direction.into(), &should["estimate"]);
    let comparable = misestimate.is_none_or(|m| m.comparable);
    all.equal("comparable", comparable.into(), &Value::Bool(should.get("estimate_comparable").is_none()));
    if let Some(blocks) = should.get("self_blocks")
        && is.shares.is_none()
    {
        for (name, blocks_of) in is.self_blocks.counters() {
            all.equal(name, blocks_of.into(), blocks.get(name).unwrap_or(&Value::from(0)));
        }
    }
    if let Some(workers) = should.get("workers_inclusive_ms") {
        for worker in &plan.nodes[i].workers {
            let ms = worker.actual.map(|actual| actual.total_ms.unwrap() * actual.loops);
            all.number("worker", ms, &workers[worker.number.to_string()]);
        }
    }
}

/// Where the time fits in several nodes the choice is free, if the self times come out: here they are all the same.
fn payers(all: &mut Differences, plan: &Plan, is: &NodeFigures, should: &Value) {
    let names: Vec<&str> = is.pays_for.iter().filter_map(|at| plan.nodes[*at].subplan.as_deref()).collect();
    let names = if names.is_empty() { Value::Null } else { names.into() };
    all.equal("pays_for", names, &should["pays_for"]);
}

#[test]
fn every_case_has_the_expected_figures() {
    let Some(folder) = std::env::var_os("PGDECK_CASES") else { return };
    let folder = PathBuf::from(folder).join("plans");
    let expected = std::fs::read_to_string(folder.join("expected.json")).unwrap();
    let expected: BTreeMap<String, Value> = serde_json::from_str(&expected).unwrap();
    assert!(expected.len() > 300);
    let (mut wrong, mut plans) = (vec![], 0);
    for (file, expected) in &expected {
        let text = String::from_utf8_lossy(&std::fs::read(folder.join(file)).unwrap()).into_owned();
        // That every file can be read is the readers' test.
        let Ok(reading) = read(&text) else { continue };
        for (plan, expected) in reading.plans.iter().zip(expected["plans"].as_array().unwrap()) {
            plans += 1;
            wrong.extend(differences(file, plan, expected));
        }
    }
    assert!(plans >= expected.len(), "{plans} plans");
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}
