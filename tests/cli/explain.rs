//! `pgdeck explain`: plans from files and standard input, statements on a server, and how each ends.

use super::{Ran, fed, file, pgdeck, server};
use serde_json::Value;
use std::{collections::BTreeMap, fs, path::PathBuf};

/// A plan of two nodes; a name with what a terminal and XML have a meaning for.
const PLAN: &str = r#"[{"Plan": {"Node Type": "Aggregate", "Strategy": "Plain", "Startup Cost": 10.0, "Total Cost": 10.1,
  "Plan Rows": 1, "Plan Width": 8, "Actual Startup Time": 9.0, "Actual Total Time": 9.1, "Actual Rows": 1, "Actual Loops": 1,
  "Shared Hit Blocks": 3, "Shared Read Blocks": 1, "Plans": [{"Node Type": "Seq Scan", "Parent Relationship": "Outer",
  "Relation Name": "a<b>&\u001b[31m", "Alias": "a<b>&\u001b[31m", "Startup Cost": 0.0, "Total Cost": 9.0, "Plan Rows": 10,
  "Plan Width": 8, "Actual Startup Time": 0.1, "Actual Total Time": 8.0, "Actual Rows": 4000, "Actual Loops": 1,
  "Filter": "(x ~ '`|*')", "Rows Removed by Filter": 70000, "Shared Hit Blocks": 2, "Shared Read Blocks": 1}]},
  "Planning Time": 0.5, "Execution Time": 9.3}]"#;

fn explain(args: &[&str], input: &str) -> Ran {
    let all: Vec<&str> = ["explain"].into_iter().chain(args.iter().copied()).collect();
    fed(pgdeck(&all), input)
}

/// A statement on a database.
fn on(db: &server::Database, args: &[&str], sql: &str) -> Ran {
    let url = db.url();
    let all: Vec<&str> = ["-d", &url, "-"].into_iter().chain(args.iter().copied()).collect();
    explain(&all, sql)
}

fn json(ran: &Ran) -> Value {
    assert_eq!(ran.code, 0, "{}", ran.err);
    serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {}", ran.out))
}

#[test]
fn a_plan_in_every_format_from_a_file_or_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "plan.json", PLAN);
    for (format, signs) in [
        (
            "tree",
            &[
                "self ms",
                "8.000",
                "87.9 %",
                "400× more",
                "Seq Scan on a<b>&␛[31m",
                "Rows Removed by Filter: 70,000",
            ][..],
        ),
        ("json", &["\"self_ms\": 8", "\"estimate_factor\": 400", "\"Shared Hit Blocks\": 2"]),
        ("markdown", &["### Plan: execution 9.300 ms, planning 0.500 ms, 2 nodes", "```text\n"]),
        ("svg", &["<svg xmlns", "a&lt;b&gt;&amp;", "400× more", "</svg>"]),
    ] {
        let from_file = explain(&[&path, "--format", format], "");
        let from_stdin = explain(&["-f", format], PLAN);
        assert_eq!((from_file.code, from_file.err.as_str()), (0, ""), "{format}");
        assert_eq!(from_file.out, from_stdin.out, "{format}");
        for sign in signs {
            assert!(from_file.out.contains(sign), "{format}: no {sign} in {}", from_file.out);
        }
        assert!(format == "json" || !from_file.out.contains('\u{1b}'), "{format}: a raw escape sequence");
        let to_file = folder.path().join(format);
        let ran = explain(&[&path, "-f", format, "-o", &to_file.display().to_string()], "");
        assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{}", ran.err);
        assert_eq!(fs::read_to_string(to_file).unwrap(), from_file.out);
    }
    let tree = explain(&[&path], "").out;
    assert_eq!(explain(&[], PLAN).out, tree, "standard input is read when no file is named");
}

#[test]
fn a_broken_off_plan_gives_what_came_before() {
    let cut = &PLAN[..PLAN.find("\"Filter\"").unwrap()];
    let ran = explain(&["-f", "json"], cut);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.err.contains("standard input:6:") && ran.err.contains("was read"), "{}", ran.err);
    let said: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(said["plans"][0]["node_count"], 2);
    assert_eq!(said["broken"]["line"], 6);
    let tree = explain(&[], cut);
    assert!(tree.out.contains("breaks off here: line 6"), "{}", tree.out);
}

#[test]
fn what_cannot_be_explained_says_why_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let nothing = folder.path().join("nothing").display().to_string();
    let here = folder.path().display().to_string();
    for (args, input, why) in [
        (&[nothing.as_str()][..], "", "cannot be read"),
        (&[here.as_str()], "", "cannot be read"),
        (&[], "", "neither a plan nor SQL"),
        (&[], "-- nothing\n", "neither a plan nor SQL"),
        (&[], "[{\"Plan\": {", "standard input:1:"),
        (&[], "what is this", "has no plan"),
        (&[], "select 1; select 2", "holds 2 statements"),
        (&[], "\n\nvacuum", "standard input:3: VACUUM has no plan"),
        (&[], "select :a \\gset", "\\gset is a command of psql"),
        (&["--analyze"], "select $1::int", "have no values"),
        (&["--analyze"], "select :a::int", "a"),
        (&["--param", "b=1"], "select :a::int", "b"),
        (&["--read-only", "--analyze"], "create table t as select 1", "even in a read-only transaction"),
        (&["--analyze"], PLAN, "holds a plan"),
        (&["--generic"], PLAN, "holds a plan"),
    ] {
        // there is no server here: whoever asked one would end with 3
        let ran = explain(args, input);
        assert_eq!(ran.code, 2, "{args:?} {input}: {}", ran.err);
        assert!(ran.err.contains(why) && ran.out.is_empty(), "{args:?} {input}: {}", ran.err);
    }
    let ran = explain(&["-h", "/nonexistent", "-w"], "select 1");
    assert_eq!(ran.code, 3, "{}", ran.err);
}

#[test]
fn a_statement_is_explained_on_the_server() {
    let db = server::database();
    db.execute("create table t as select g as id from generate_series(1, 1000) g; analyze t");
    let plain = json(&on(&db, &["-f", "json"], "select * from t where id = 7;"));
    let plan = &plain["plans"][0];
    assert_eq!((&plan["analyzed"], &plan["nodes"][0]["relation"]), (&false.into(), &"t".into()));
    assert_eq!(plan["query"], "select * from t where id = 7;");
    let run = json(&on(&db, &["-f", "json", "--analyze"], "select * from t where id < 8"));
    let plan = &run["plans"][0];
    assert_eq!((&plan["analyzed"], &plan["timed"]), (&true.into(), &true.into()));
    assert_eq!(plan["nodes"][0]["rows_total"], 7);
    assert_eq!(plan["nodes"][0]["Rows Removed by Filter (total)"], 993);
    assert!(plan["nodes"][0]["self_blocks"]["Shared Hit Blocks"].as_u64() > Some(0));
    let counted = json(&on(&db, &["-f", "json", "--analyze", "--no-timing"], "table t"));
    assert_eq!(counted["plans"][0]["timed"], false);
    assert_eq!(counted["plans"][0]["nodes"][0]["rows_total"], 1000);
}

#[test]
fn the_analysis_of_a_write_leaves_the_rows_there() {
    let db = server::database();
    db.execute("create table t as select g as id from generate_series(1, 100) g");
    for sql in [
        "delete from t",
        "explain analyze delete from t",
        "with gone as (delete from t returning id) select count(*) from gone",
        "update t set id = 0",
        "insert into t values (0)",
        "create table made as table t",
    ] {
        let ran = on(&db, &["--analyze"], sql);
        assert_eq!(ran.code, 0, "{sql}: {}", ran.err);
        assert!(
            ran.err.contains("rolled back; a rollback does not undo\n  - numbers drawn"),
            "{sql}: {}",
            ran.err
        );
        let left = super::script(
            &db.url(),
            &["--format", "csv"],
            "select count(*), min(id), to_regclass('made') as made from t",
        );
        assert_eq!(left.out, "count,min,made\n100,1,\n", "{sql}");
    }
    let ran = on(&db, &["--analyze", "--read-only"], "delete from t");
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains("read-only transaction"), "{}", ran.err);
    // what only reads needs no warning
    assert_eq!(on(&db, &["--analyze"], "table t").err, "");
    assert_eq!(on(&db, &[], "delete from t").err, "");
}

#[test]
fn advice_knows_the_indexes_that_are_there() {
    let db = server::database();
    db.execute(
        "create table t as select g as id, g % 5000 as k, repeat('x', 200) as pad from generate_series(1, 200000) g; analyze t",
    );
    let sql = "select * from t where k = 7";
    let findings = |ran: &Ran| json(ran)["plans"][0]["findings"].as_array().cloned().unwrap();
    let found = findings(&on(&db, &["-f", "json", "--analyze"], sql));
    let advice = found.iter().find(|f| f["kind"] == "seq_scan_filter").unwrap_or_else(|| panic!("{found:?}"));
    assert!(
        advice["sql"].as_str().unwrap().contains("CREATE INDEX CONCURRENTLY ON public.t USING btree (k)"),
        "{advice}"
    );
    // the planner may not use it: what is there is not advised again
    db.execute("create index t_k on t (k)");
    for setting in ["enable_indexscan", "enable_bitmapscan"] {
        db.execute(&format!("alter database {} set {setting} = off", db.name));
    }
    let found = findings(&on(&db, &["-f", "json", "--analyze"], sql));
    assert!(
        found.iter().all(|f| f["sql"].as_str().is_none_or(|sql| !sql.contains("CREATE INDEX"))),
        "{found:?}"
    );
}

#[test]
fn parameters_have_values_or_the_plan_is_for_any() {
    let db = server::database();
    db.execute("create table t as select g as id from generate_series(1, 100) g");
    let sql = "select * from t where id = :id::int";
    let any = on(&db, &[], sql);
    assert_eq!(any.code, 0, "{}", any.err);
    assert!(
        any.out.contains("Filter: (t.id = $1)") && any.err.contains("for any values"),
        "{}{}",
        any.out,
        any.err
    );
    let one = on(&db, &["--param", "id=7", "--analyze"], sql);
    assert_eq!((one.code, one.err.as_str()), (0, ""));
    assert!(one.out.contains("Filter: (t.id = 7)"), "{}", one.out);
    let any = on(&db, &["--param", "id=7", "--generic"], sql);
    assert!(any.out.contains("= $1"), "{}", any.out);
    let raw = on(&db, &[], "select * from t where id = $1");
    assert!(raw.out.contains("= $1"), "{}{}", raw.out, raw.err);
    // As a log has it, with its values.
    for name in ["1=7", "$1=7"] {
        let raw = on(&db, &["--param", name, "--analyze"], "select * from t where id = $1::int");
        assert!(raw.out.contains("Filter: (t.id = 7)"), "{}{}", raw.out, raw.err);
    }
    let raw = on(&db, &["--param", "2=7"], "select * from t where id = $1");
    assert_eq!((raw.code, raw.out.as_str()), (2, ""));
    assert!(raw.err.contains("there is no parameter \"2\": this query takes 1"), "{}", raw.err);
}

#[test]
fn the_servers_no_points_into_the_users_text() {
    let db = server::database();
    for sql in ["-- first\nselect nope", "explain (costs off)\nselect nope", "explain\nselect nope, :a::int"]
    {
        let ran = on(&db, &[], sql);
        assert_eq!(ran.code, 1, "{}", ran.err);
        assert!(ran.err.contains("standard input:2:8: ERROR: column \"nope\""), "{}", ran.err);
    }
    let ran = on(&db, &["--analyze", "--timeout", "0.3"], "select pg_sleep(60)");
    assert_eq!((ran.code, ran.out.as_str()), (5, ""), "{}", ran.err);
}

/// The figures of every case through the binary, field by field.
#[test]
fn every_case_has_the_expected_fields() {
    let Some(folder) = std::env::var_os("PGDECK_CASES") else { return };
    let folder = PathBuf::from(folder).join("plans");
    let expected: BTreeMap<String, Value> =
        serde_json::from_slice(&fs::read(folder.join("expected.json")).unwrap()).unwrap();
    assert!(expected.len() > 300);
    let mut wrong = Vec::new();
    for (name, expected) in &expected {
        let path = folder.join(name).display().to_string();
        let ran: Ran = pgdeck(&["explain", &path, "-f", "json"]).output().unwrap().into();
        let Ok(said) = serde_json::from_str::<Value>(&ran.out) else {
            wrong.push(format!("{name}: {}", ran.err));
            continue;
        };
        // a few cases are cut off: that is said, and what is there counts
        if ran.code != 0 && !(ran.code == 2 && said["broken"].is_object()) {
            wrong.push(format!("{name}: {}", ran.err));
        }
        let (plans, should) = (said["plans"].as_array().unwrap(), expected["plans"].as_array().unwrap());
        if plans.len() != should.len() {
            wrong.push(format!("{name}: {} plans, not {}", plans.len(), should.len()));
        }
        for (is, should) in plans.iter().zip(should) {
            compare_plan(name, is, should, &mut wrong);
        }
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

/// Fields that the expected figures do not have, or not everywhere.
const MORE_OF_A_PLAN: &[&str] = &["query", "query_id", "execution_ms", "triggers", "findings"];
const MORE_OF_A_NODE: &[&str] = &[
    "relation",
    "index",
    "stopped_early",
    "Rows Removed by Filter (total)",
    "Rows Removed by Join Filter (total)",
    "Rows Removed by Conflict Filter (total)",
    "Rows Removed by Recheck (total)",
];

fn compare_plan(name: &str, is: &Value, should: &Value, wrong: &mut Vec<String>) {
    fields(name, is, should, MORE_OF_A_PLAN, &["nodes", "slowest", "worst_estimate"], wrong);
    // nodes may tie: the figure counts
    for (place, what) in [("slowest", "self_ms"), ("worst_estimate", "factor")] {
        same(&format!("{name} {place}"), &is[place][what], &should[place][what], wrong);
    }
    assert!(is["findings"].is_array() && is["triggers"].is_array(), "{name}");
    let mut groups: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    let (nodes, expected) = (is["nodes"].as_array().unwrap(), should["nodes"].as_array().unwrap());
    for (is, should) in nodes.iter().zip(expected) {
        let place = format!("{name} node {}", should["i"]);
        let group = should.get("cte_readers_group").and_then(Value::as_str);
        // how the cost of a CTE is split between its readers is an estimate; that it is all there is not
        let split: &[&str] = if group.is_some() {
            &["self_ms", "self_all_processes_ms", "self_blocks", "pays_for"]
        } else {
            // where the time fits in several nodes another payer is as right
            &["paid_by"]
        };
        // an alias that was printed without `on` is no part of the type
        let odd = should["type"].as_str().is_some_and(|t| t.starts_with("Subquery Scan "));
        let apart: Vec<&str> = split.iter().copied().chain(odd.then_some("type")).collect();
        fields(&place, is, should, MORE_OF_A_NODE, &apart, wrong);
        if let Some(group) = group {
            let sum = groups.entry(group).or_default();
            sum.0 += is["self_ms"].as_f64().unwrap_or(f64::NAN);
            sum.1 += should["self_ms"].as_f64().unwrap();
        }
    }
    for (group, (is, should)) in groups {
        if !near(is, should) {
            wrong.push(format!("{name}: readers of {group} have {is}, not {should}"));
        }
    }
}

/// The fields of two objects: the same names, the same values.
fn fields(place: &str, is: &Value, should: &Value, more: &[&str], apart: &[&str], wrong: &mut Vec<String>) {
    let (is, should) = (is.as_object().unwrap(), should.as_object().unwrap());
    for (field, value) in should.iter().filter(|(field, _)| !apart.contains(&field.as_str())) {
        match is.get(field) {
            Some(said) => same(&format!("{place} {field}"), said, value, wrong),
            None => wrong.push(format!("{place}: no {field}")),
        }
    }
    for field in is.keys().filter(|f| !should.contains_key(*f)) {
        if !more.contains(&field.as_str()) && !apart.contains(&field.as_str()) {
            wrong.push(format!("{place}: {field} is one too many: {}", is[field]));
        }
    }
}

fn same(place: &str, is: &Value, should: &Value, wrong: &mut Vec<String>) {
    let equal = match (is, should) {
        (Value::Number(a), Value::Number(b)) => near(a.as_f64().unwrap(), b.as_f64().unwrap()),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(k, v)| {
                    b.get(k).is_some_and(|w| {
                        matches!((v.as_f64(), w.as_f64()), (Some(v), Some(w)) if near(v, w)) || v == w
                    })
                })
        }
        _ => is == should,
    };
    if !equal {
        wrong.push(format!("{place} is {is}, not {should}"));
    }
}

fn near(is: f64, should: f64) -> bool {
    (is - should).abs() <= 0.002 + should.abs() * 0.0001
}
