//! Text formats of a plan with findings.

use super::{find, testing::with};
use crate::data::plan::findings::{Finding, Severity};

const PLAN: &str = r#"[{"Query Text": "select 1 -- ```", "Plan": {"Node Type": "Nested Loop", "Join Type": "Left", "Startup Cost": 0, "Total Cost": 20,
    "Plan Rows": 1, "Plan Width": 4, "Actual Startup Time": 0.0, "Actual Total Time": 30.0, "Actual Rows": 3, "Actual Loops": 1, "Plans": [
    {"Node Type": "Index Only Scan", "Parent Relationship": "Outer", "Index Name": "i", "Relation Name": "t", "Alias": "x", "Schema": "other",
     "Startup Cost": 0, "Total Cost": 9, "Plan Rows": 10, "Plan Width": 4, "Actual Startup Time": 0.0, "Actual Total Time": 20.0,
     "Actual Rows": 1200, "Actual Loops": 1, "Index Cond": "(a = 1)", "Heap Fetches": 1100},
    {"Node Type": "Seq Scan", "Parent Relationship": "Inner", "Relation Name": "u", "Alias": "u", "Startup Cost": 0, "Total Cost": 9,
     "Plan Rows": 10, "Plan Width": 4, "Actual Startup Time": 0, "Actual Total Time": 0, "Actual Rows": 0, "Actual Loops": 0}]},
    "Triggers": [{"Trigger Name": "audit", "Relation": "t", "Time": 1.5, "Calls": 3}], "Planning Time": 0.25, "Execution Time": 31.0}]"#;

fn text(format: &str) -> String {
    let finding = Finding {
        kind: "heap_fetches",
        node: Some(1),
        severity: Severity::Warning,
        reason: "1,100 of 1,200 rows (92 %) were looked up in the heap, more than 10 %".into(),
        next_step: "vacuum the table".into(),
        sql: Some("VACUUM other.t;".into()),
        saves_ms: Some(12.0),
    };
    with(PLAN, &[finding], |all| find(format).expect("a format").text(all, None))
}

#[test]
fn the_tree_is_aligned_and_says_what_was_found() {
    assert_eq!(
        text("tree"),
        "\
Execution 31.000 ms, planning 0.250 ms, triggers 1.500 ms, 3 nodes

   self ms   share  with below   rows  than estimated  loops  node
1   10.000  33.3 %      30.000      3       3.0× more      1  Nested Loop Left Join
2   20.000  66.7 %      20.000  1,200       120× more      1  ├─ Index Only Scan using i on other.t x
                                                              │       Index Cond: (a = 1)
                                                              │       Heap Fetches: 1,100
3                                                             └─ Seq Scan on u (never executed)

trigger audit on t: 1.500 ms, 3 calls

Findings
  1. to mend: node 2, Index Only Scan using i on other.t x: 1,100 of 1,200 rows (92 %) were looked up in the heap, more than 10 %
     → vacuum the table
       VACUUM other.t;
"
    );
}

#[test]
fn markdown_keeps_its_fences_closed() {
    let text = text("markdown");
    assert!(
        text.starts_with("### Plan: execution 31.000 ms, planning 0.250 ms, triggers 1.500 ms, 3 nodes\n"),
        "{text}"
    );
    // the statement has a fence of its own in it
    assert!(text.contains("````sql\nselect 1 -- ```\n````\n"), "{text}");
    assert!(text.contains("1. **to mend**: node 2, Index Only Scan"), "{text}");
    assert!(text.contains("   ```sql\n   VACUUM other.t;\n   ```\n"), "{text}");
    assert!(text.contains("```text\n   self ms"), "{text}");
}

#[test]
fn json_holds_findings_and_triggers() {
    let said: serde_json::Value = serde_json::from_str(&text("json")).expect("JSON");
    let plan = &said["plans"][0];
    assert_eq!(plan["findings"][0]["node"], 2);
    assert_eq!(plan["findings"][0]["severity"], "warning");
    assert_eq!(plan["findings"][0]["sql"], "VACUUM other.t;");
    assert_eq!(plan["triggers"][0]["ms"], 1.5);
    assert_eq!(plan["nodes"][2]["never_executed"], true);
    assert_eq!(plan["query"], "select 1 -- ```");
}

#[test]
fn every_name_is_a_row() {
    let names: Vec<&str> = super::FORMATS.iter().map(|f| f.name).collect();
    assert_eq!(names, ["tree", "json", "markdown", "svg"]);
}
