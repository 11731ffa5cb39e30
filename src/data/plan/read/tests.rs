//! Small plans of each kind.

use super::super::{Format, Plan, Property, Reading, Relationship};
use super::read;

fn one(text: &str) -> Plan {
    let mut reading = read(text).unwrap_or_else(|broken| panic!("{broken:?}\n{text}"));
    assert_eq!(reading.plans.len(), 1, "{text}");
    assert_eq!(reading.broken, None, "{text}");
    reading.plans.remove(0)
}

/// Headings, indented by depth.
fn outline(plan: &Plan) -> String {
    let line = |n: &super::super::Node| format!("{}{}", ".".repeat(n.depth), n.heading);
    plan.nodes.iter().map(line).collect::<Vec<_>>().join(" ")
}

fn all(reading: &Reading) -> Vec<String> {
    reading.plans.iter().map(outline).collect()
}

fn list(parts: &[&str]) -> Property {
    Property::List(parts.iter().map(|part| (*part).to_owned()).collect())
}

const SORT: &str = "Sort  (cost=1.00..2.00 rows=3 width=4) (actual time=0.10..0.20 rows=3 loops=1)
  Sort Key: t.a, lower(t.b, 'x, y'::text) DESC
  Sort Method: external merge  Disk: 123kB
  Buffers: shared hit=1 read=2, temp read=3 written=4
  ->  Seq Scan on public.t  (cost=0.00..1.00 rows=3 width=4) (never executed)
        Filter: (a > 1)
Planning Time: 0.100 ms
Execution Time: 0.300 ms
";

#[test]
fn a_document_broken_off_keeps_what_was_whole() {
    let text = r#"[{"Plan": {"Node Type": "Hash Join", "Join Type": "Left", "Plans": [
            {"Node Type": "Seq Scan", "Parent Relationship": "Outer", "Actual Rows": 12"#;
    let reading = read(text).unwrap();
    let nodes = &reading.plans[0].nodes;
    assert_eq!(nodes.iter().map(|n| &*n.heading).collect::<Vec<_>>(), ["Hash Left Join", "Seq Scan"]);
    assert_eq!(nodes[1].actual, None, "12 may be the beginning of 1234");
    assert_eq!(reading.broken.unwrap().line, 2);
}

#[test]
fn what_is_no_plan_is_said_to_be_none() {
    for (text, words) in [
        ("", "nothing to read"),
        ("  \n\n", "nothing to read"),
        ("nothing of the kind", "no plan"),
        ("Limit your hopes.\nSort of.", "no plan"),
        ("{\"a\": [1, 2]}", "no plan"),
        ("select 1;\nERROR:  syntax error", "no plan"),
        ("            QUERY PLAN\n---\n Utility statements have no plan structure\n(1 row)", "utility"),
    ] {
        let broken = read(text).unwrap_err();
        assert!(broken.message.contains(words), "{text}: {broken:?}");
    }
}

#[test]
fn properties_have_the_names_of_json() {
    let plan = one(SORT);
    let [sort, scan] = &plan.nodes[..] else { panic!("{plan:?}") };
    assert_eq!(sort.property("Sort Key"), Some(&list(&["t.a", "lower(t.b, 'x, y'::text) DESC"])));
    assert_eq!(sort.text("Sort Method"), Some("external merge"));
    assert_eq!((sort.number("Sort Space Used"), sort.text("Sort Space Type")), (Some(123.0), Some("Disk")));
    let blocks =
        (sort.blocks.shared_hit, sort.blocks.shared_read, sort.blocks.temp_read, sort.blocks.temp_written);
    assert_eq!(blocks, (1, 2, 3, 4));
    assert_eq!((scan.relation.as_deref(), scan.schema.as_deref()), (Some("t"), Some("public")));
    assert!(scan.never_executed && scan.actual.is_none());
    assert_eq!((plan.planning_ms, plan.execution_ms), (Some(0.1), Some(0.3)));
}

#[test]
fn headings_are_taken_apart_and_composed_again() {
    for (line, node_type, heading) in [
        ("Parallel Hash Right Anti Join", "Hash Join", "Parallel Hash Right Anti Join"),
        ("Nested Loop Left Join", "Nested Loop", "Nested Loop Left Join"),
        ("Merge Full Join", "Merge Join", "Merge Full Join"),
        ("Partial HashAggregate", "Aggregate", "Partial HashAggregate"),
        ("Finalize GroupAggregate", "Aggregate", "Finalize GroupAggregate"),
        ("HashSetOp Except All", "SetOp", "HashSetOp Except All"),
        ("Insert on public.t", "ModifyTable", "Insert"),
        ("Merge on t x", "ModifyTable", "Merge"),
        ("Merge Append", "Merge Append", "Merge Append"),
        ("Foreign Update on t", "Foreign Scan", "Foreign Update"),
        ("Async Foreign Scan on t", "Foreign Scan", "Async Foreign Scan"),
        ("Custom Scan (ChunkAppend) on t", "Custom Scan", "Custom Scan (ChunkAppend)"),
        ("Index Only Scan Backward using \"a \"\"b\" on t x", "Index Only Scan", "Index Only Scan Backward"),
        ("Parallel Bitmap Heap Scan on t", "Bitmap Heap Scan", "Parallel Bitmap Heap Scan"),
        ("Subquery Scan old_alias", "Subquery Scan", "Subquery Scan"),
        ("Gather Motion 3:1", "Gather Motion 3:1", "Gather Motion 3:1"),
    ] {
        // What lacks its input is said to be broken off.
        let plan = read(&format!("{line}  (cost=0.00..1.00 rows=1 width=4)")).unwrap().plans.remove(0);
        assert_eq!((&*plan.nodes[0].node_type, &*plan.nodes[0].heading), (node_type, heading), "{line}");
    }
    let plan = one(
        "Index Scan using \"a \"\"b\" on \"S\".\"t (cost=1..2 rows=1)\" x  (cost=0.00..1.00 rows=1 width=4)",
    );
    let node = &plan.nodes[0];
    assert_eq!((node.index.as_deref(), node.schema.as_deref()), (Some("a \"b"), Some("S")));
    assert_eq!((node.relation.as_deref(), node.alias.as_deref()), (Some("t (cost=1..2 rows=1)"), Some("x")));
}

#[test]
fn a_literal_may_hold_what_looks_like_a_plan() {
    let text = "Nested Loop  (cost=0.00..1.00 rows=1 width=4)
  Join Filter: (a.x = 'it''s
  ->  Seq Scan on b  (cost=0.00..1.00 rows=1 width=4)
Sort  (cost=1'::text)
  ->  Seq Scan on a  (cost=0.00..1.00 rows=1 width=4)
        Filter: (x <> '( -> Seq Scan on x (cost=0.00..1.00 rows=1 width=4)'::text)
  ->  Seq Scan on c  (cost=0.00..1.00 rows=1 width=4)";
    let plan = one(text);
    assert_eq!(outline(&plan), "Nested Loop .Seq Scan .Seq Scan");
    assert!(plan.nodes[0].text("Join Filter").unwrap().ends_with("\nSort  (cost=1'::text)"));
    // A line that was cut off: the quote that comes next opens another literal.
    let cut = text.replace(
        "'it''s\n  ->  Seq Scan on b  (cost=0.00..1.00 rows=1 width=4)\nSort  (cost=1'::text)",
        "'it",
    );
    assert_eq!(outline(&one(&cut)), "Nested Loop .Seq Scan .Seq Scan");
}

#[test]
fn subplans_hang_on_the_node_that_lists_them() {
    let plan = one("Result  (cost=0.00..1.00 rows=1 width=4)
  CTE my cte: x
    ->  Seq Scan on a  (cost=0.00..1.00 rows=1 width=4)
  InitPlan 2 (returns $0,$1)
    ->  Limit  (cost=0.00..1.00 rows=1 width=4)
          ->  Seq Scan on b  (cost=0.00..1.00 rows=1 width=4)
                SubPlan exists_1
                  ->  Seq Scan on c  (cost=0.00..1.00 rows=1 width=4)
  ->  CTE Scan on \"my cte: x\" y  (cost=0.00..1.00 rows=1 width=4)");
    assert_eq!(outline(&plan), "Result .Seq Scan .Limit ..Seq Scan ...Seq Scan .CTE Scan");
    let how: Vec<_> = plan.nodes.iter().map(|n| (n.relationship, n.subplan.as_deref())).collect();
    assert_eq!(how[1], (Relationship::Cte, Some("CTE my cte: x")));
    assert_eq!(how[2], (Relationship::InitPlan, Some("InitPlan 2 (returns $0,$1)")));
    assert_eq!(how[4], (Relationship::SubPlan, Some("SubPlan exists_1")));
    assert_eq!(how[5], (Relationship::Outer, None));
    assert_eq!(plan.nodes[5].cte.as_deref(), Some("my cte: x"));
}

#[test]
fn workers_groups_and_figures_of_many_kinds() {
    let plan = one("Gather  (cost=1.00..2.00 rows=3 width=4) (actual time=0.1..0.2 rows=3.00 loops=1)
  Workers Planned: 2
  Workers Launched: 1
  ->  Incremental Sort  (cost=1.00..2.00 rows=3 width=4) (actual time=0.1..0.2 rows=1.50 loops=2)
        Full-sort Groups: 1  Sort Methods: quicksort, top-N heapsort  Average Memory: 27kB  Peak Memory: 28kB
        Buffers: shared hit=7
        I/O Timings: shared/local read=1.5 write=2, temp read=3.25
        WAL: records=1 fpi=2 bytes=3 buffers full=4
        Worker 0:  actual time=0.1..0.2 rows=1.00 loops=1
          Sort Method: external merge  Disk: 9kB
          Buffers: shared hit=3
        ->  Parallel Hash Join  (cost=1.00..2.00 rows=3 width=4) (actual time=0.1..0.2 rows=1.50 loops=2)
              ->  Memoize  (cost=1.00..2.00 rows=3 width=4) (actual time=0.1..0.2 rows=1.50 loops=2)
                    Cache Key: a.b
                    Hits: 5  Misses: 6  Evictions: 0  Overflows: 0  Memory Usage: 7kB
                    ->  Bitmap Heap Scan on t  (cost=1.00..2.00 rows=3 width=4) (actual time=0.1..0.2 rows=1.50 loops=2)
                          Heap Blocks: exact=12 lossy=34
                          Rows Removed by Index Recheck: 56
                          ->  Bitmap Index Scan on i  (cost=1.00..2.00 rows=3 width=4) (actual time=0.1..0.2 rows=1.50 loops=2)
                                Index Searches: 8
              ->  Hash  (cost=1.00..2.00 rows=3 width=4) (actual time=0.1..0.2 rows=1.50 loops=2)
                    Buckets: 4096 (originally 1024)  Batches: 8 (originally 1)  Memory Usage: 9kB
                    ->  MixedAggregate  (cost=1.00..2.00 rows=3 width=4) (actual time=0.1..0.2 rows=1.50 loops=2)
                          Hash Key: a
                          Group Key: b
                          Group Key: ()
                          Planned Partitions: 4  Batches: 5  Memory Usage: 1kB  Disk Usage: 2kB
                          ->  WindowAgg  (cost=1.00..2.00 rows=3 width=4) (actual time=0.1..0.2 rows=1.50 loops=2)
                                Window: w1 AS (PARTITION BY a)
                                Storage: Disk  Maximum Storage: 17kB
                                ->  Sample Scan on t  (cost=1.00..2.00 rows=3 width=4) (actual time=0.1..0.2 rows=1.50 loops=2)
                                      Sampling: system ('10'::real) REPEATABLE ('1'::double precision)
Settings: search_path = 'a, ''b''', work_mem = '64kB'
Query Identifier: -5424821330993577306
Planning:
  Buffers: shared hit=11
  Memory: used=6kB  allocated=8kB
Planning Time: 0.1 ms
JIT:
  Functions: 3
  Options: Inlining false, Optimization false, Expressions true, Deforming true
  Timing: Generation 0.340 ms (Deform 0.1 ms), Inlining 0.000 ms, Optimization 0.168 ms, Emission 1.907 ms, Total 2.414 ms
Trigger a: b for constraint c on d: time=1.5 calls=20
Trigger for constraint fk: calls=3
Serialization: time=4.690 ms  output=31251kB  format=text
  Buffers: shared hit=200
Execution Time: 60.0 ms");
    let node = |heading: &str| plan.nodes.iter().find(|n| n.heading == heading).unwrap();
    assert_eq!(node("Gather").number("Workers Launched"), Some(1.0));
    let sort = node("Incremental Sort");
    let Some(Property::Group(group)) = sort.property("Full-sort Groups") else { panic!("{sort:?}") };
    assert_eq!(group[1], ("Sort Methods Used".into(), list(&["quicksort", "top-N heapsort"])));
    assert_eq!(
        (sort.blocks.shared_hit, sort.blocks.shared_read_ms, sort.blocks.temp_read_ms),
        (7, 1.5, 3.25)
    );
    assert_eq!((sort.number("WAL FPI"), sort.number("WAL Buffers Full")), (Some(2.0), Some(4.0)));
    assert_eq!((sort.workers[0].blocks.shared_hit, sort.workers[0].actual.unwrap().loops), (3, 1.0));
    assert_eq!(sort.workers[0].property("Sort Space Type"), Some(&Property::Text("Disk".into())));
    let memoize = node("Memoize");
    assert_eq!((memoize.number("Cache Misses"), memoize.number("Peak Memory Usage")), (Some(6.0), Some(7.0)));
    let heap = node("Bitmap Heap Scan");
    assert_eq!(
        (heap.number("Lossy Heap Blocks"), heap.number("Rows Removed by Index Recheck")),
        (Some(34.0), Some(56.0))
    );
    assert_eq!(node("Bitmap Index Scan").index.as_deref(), Some("i"));
    let hash = node("Hash");
    assert_eq!((hash.number("Hash Batches"), hash.number("Original Hash Batches")), (Some(8.0), Some(1.0)));
    let aggregate = node("MixedAggregate");
    assert_eq!((aggregate.number("HashAgg Batches"), aggregate.number("Disk Usage")), (Some(5.0), Some(2.0)));
    assert!(matches!(aggregate.property("Grouping Sets"), Some(Property::Group(sets)) if sets.len() == 2));
    assert_eq!(node("WindowAgg").text("Storage"), Some("Disk"));
    assert_eq!(node("Sample Scan").property("Sampling Parameters"), Some(&list(&["'10'::real"])));
    assert_eq!(plan.settings[0], ("search_path".into(), "a, 'b'".into()));
    assert_eq!(plan.query_id.as_deref(), Some("-5424821330993577306"));
    assert_eq!(plan.planning_blocks.shared_hit, 11);
    let jit = plan.jit.as_ref().unwrap();
    assert_eq!((jit.generation_ms, jit.total_ms, jit.options[2].1), (Some(0.34), Some(2.414), true));
    let [a, fk] = &plan.triggers[..] else { panic!("{:?}", plan.triggers) };
    assert_eq!(
        (a.name.as_deref(), a.constraint.as_deref(), a.relation.as_deref()),
        (Some("a: b"), Some("c"), Some("d"))
    );
    assert_eq!((a.ms, fk.ms, fk.calls), (Some(1.5), None, 3.0));
    let serialization = plan.serialization.as_ref().unwrap();
    assert_eq!((serialization.kilobytes, serialization.blocks.shared_hit), (31251.0, 200));
}

#[test]
fn plans_are_found_in_whatever_surrounds_them() {
    let mut wrong = vec![];
    let quoted: String = SORT.lines().map(|l| format!("\"{}\"\n", l.replace('"', "\"\""))).collect();
    let single: String = SORT.lines().map(|l| format!("'{l}'\n")).collect();
    let windows = SORT.replace('\n', "\r\n");
    let log: String = SORT.lines().map(|l| format!("\t{l}\n")).collect();
    let syslog: String = SORT
        .lines()
        .enumerate()
        .map(|(i, l)| format!("May  1 10:00:00 h postgres[7]: [5-{}] #011{l}\n", i + 2))
        .collect();
    let compose: String = SORT.lines().map(|l| format!("db_1  | {l}\n")).collect();
    let mail: String = SORT.lines().map(|l| format!("> {l}\n")).collect();
    let comment: String = SORT.lines().map(|l| format!("-- {l}\n")).collect();
    let csv = SORT.replace('"', "\"\"");
    let jsonlog = format!(
        "{{\"timestamp\":\"x\",\"message\":{}}}\n",
        crate::data::json::quoted(&format!("duration: 1 ms  plan:\n{SORT}"))
    );
    for text in [
        SORT.to_owned(),
        windows,
        format!("\u{feff}{SORT}"),
        format!(
            "db=# EXPLAIN ANALYZE SELECT 1;\n                QUERY PLAN\n-----------------\n{SORT}(8 rows)\n\nTime: 1 ms\n"
        ),
        format!("EXPLAIN (ANALYZE, BUFFERS)\nSELECT *\nFROM t;\n\n{SORT}"),
        format!("Here is my plan:\n```\n{SORT}```\nWhy is it slow?\n"),
        format!("\"QUERY PLAN\"\n{quoted}"),
        quoted,
        single,
        format!(
            "2024-05-01 10:00:00 [1]: u@d LOG:  duration: 1 ms  plan:\n\tQuery Text: select 1,\n\t  2\n{log}2024-05-01 10:00:01 [1]: u@d LOG:  statement: select 1\n"
        ),
        format!(
            "May  1 10:00:00 h postgres[7]: [5-1] LOG:  duration: 1 ms  plan:\n{syslog}May  1 10:00:01 h postgres[7]: [6-1] LOG:  x\n"
        ),
        compose,
        mail,
        comment,
        format!(
            "2024-05-01 10:00:00.1 UTC,\"u\",\"d\",1,\"[local]\",LOG,00000,\"duration: 1 ms  plan:\n{csv}\",,,\"psql\"\n2024-05-01 10:00:00.2 UTC,\"u\",LOG,\"x\",,\n"
        ),
        jsonlog,
        SORT.replace("  ", "\u{a0} "),
        SORT.replace("->", "-&gt;"),
        SORT.replace('\n', "\n\n"),
    ] {
        match read(&text) {
            Ok(reading) if reading.broken.is_none() => {
                let all = all(&reading);
                let plan = &reading.plans[0];
                if all != ["Sort .Seq Scan"]
                    || plan.execution_ms != Some(0.3)
                    || plan.nodes[1].text("Filter") != Some("(a > 1)")
                {
                    wrong.push(format!("{all:?} {plan:?}\n{text}"));
                }
            }
            other => wrong.push(format!("{other:?}\n{text}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn the_statement_of_a_log_goes_with_its_plan() {
    let text = format!(
        "x LOG:  duration: 1 ms  plan:\n\tQuery Text: select 1,\n\t  2\n\tQuery Parameters: $1 = 'a'\n\t{}",
        SORT.replace('\n', "\n\t")
    );
    let plan = one(&text);
    assert_eq!(plan.query.as_deref(), Some("select 1,\n  2"));
    assert_eq!(plan.other, [("Query Parameters".into(), Property::Text("$1 = 'a'".into()))]);
}

#[test]
fn lines_that_a_terminal_wrapped_are_put_together() {
    let plan =
        one(" Function Scan on generate_series b  (cost=0.00..2.50 rows=1 width=4) (actual time=0.260..0.26
1 rows=0 loops=1)
   Filter: ((b > 3) AND
 ((b)::numeric > '6'::numeric))
   Rows Removed by Filter: 100
   ->  Seq Scan on a_table_with_a_very_long_name_that_does_not_fit
 (cost=0.00..1.00 rows=1 width=4) (never executed)
 Execution Time: 0.355 ms
");
    assert_eq!(plan.nodes[0].actual.unwrap().total_ms, Some(0.261));
    assert_eq!(plan.nodes[0].text("Filter"), Some("((b > 3) AND ((b)::numeric > '6'::numeric))"));
    assert!(plan.nodes[1].never_executed && plan.nodes[1].estimate.is_some());
}

#[test]
fn a_line_that_was_wrapped_at_any_place_is_one() {
    let line = "Index Scan using t_pkey on public.t x  (cost=0.27..8.29 rows=17 width=4) (actual time=0.001..0.002 rows=13 loops=39)";
    let rest = "\n  Index Cond: (x.id = 5)\n  ->  Seq Scan on b  (cost=0.00..1.00 rows=1 width=4) (never executed)\n";
    let whole = one(&format!("{line}{rest}"));
    // No terminal is narrower; and what breaks inside a name reads as a name, whether there was a space or not.
    for at in 40..line.len() {
        let (before, after) = line.split_at(at);
        for text in [format!("{before}\n{after}{rest}"), format!("{}\n{after}{rest}", before.trim_end())] {
            let reading = read(&text).unwrap();
            assert_eq!((reading.broken.as_ref(), reading.plans.len()), (None, 1), "{text}");
            assert_eq!(reading.plans[0].nodes, whole.nodes, "{text}");
        }
    }
    let words = one(
        "Append  (cost=0.00..1.00 rows=1 width=4)\n  ->  Parallel Index Only\nScan using t_pkey on t  (cost=0.00..1.00 rows=1 width=4)\n",
    );
    assert_eq!(outline(&words), "Append .Parallel Index Only Scan");
}

#[test]
fn several_plans_stay_apart() {
    let scan = "Seq Scan on a  (cost=0.00..1.00 rows=1 width=4)\n  Filter: (x > 1)\n";
    for text in [
        format!("{scan}{scan}"),
        format!("{scan}\n{scan}"),
        format!("QUERY PLAN\n---\n {scan}(2 rows)\n\nQUERY PLAN\n---\n {scan}(2 rows)\n"),
        "Seq Scan on a\n  Filter: (x > 1)\nSeq Scan on b\n".to_owned(),
        r#"[{"Plan": {"Node Type": "Seq Scan"}}, "Notify", {"Plan": {"Node Type": "Seq Scan"}}]"#.to_owned(),
        format!("{{\"Plan\": {{\"Node Type\": \"Seq Scan\"}}}}\n{scan}"),
        "[{\"QUERY PLAN\": [{\"Plan\": {\"Node Type\": \"Seq Scan\"}}]}, {\"Node Type\": \"Seq Scan\"}]"
            .to_owned(),
    ] {
        assert_eq!(all(&read(&text).unwrap()), ["Seq Scan", "Seq Scan"], "{text}");
    }
}

#[test]
fn names_alone_are_a_plan_without_costs() {
    let text = "Update on t\n  Update on t_1\n  Update on t_2 x\n  ->  Append\n        ->  Seq Scan on t_1\n        ->  Seq Scan on t_2 x\n              Filter: (a > 1)\n";
    let plan = one(text);
    assert_eq!(outline(&plan), "Update .Append ..Seq Scan ..Seq Scan");
    assert_eq!(plan.nodes[2].relationship, Relationship::Member);
    assert_eq!(plan.nodes[3].estimate, None);
    assert!(
        matches!(plan.nodes[0].property("Target Tables"), Some(Property::Group(tables)) if tables.len() == 2)
    );
}

#[test]
fn yaml_and_xml_are_the_same_plan() {
    let json = r#"[{"Plan": {"Node Type": "Aggregate", "Strategy": "Hashed", "Actual Rows": 1.00, "Actual Loops": 1,
        "Output": ["a", "'x: y'"], "Grouping Sets": [{"Group Keys": [["a"], []]}],
        "Plans": [{"Node Type": "Seq Scan", "Parallel Aware": true, "Alias": "1", "Filter": "(a < 'x\n- b'::text)"}]},
        "Settings": {"work_mem": "64"}, "Query Identifier": 8046457493168556288, "Triggers": [], "Execution Time": 0.5}]"#;
    let yaml = "- Plan: \n    Node Type: \"Aggregate\"\n    Strategy: \"Hashed\"\n    Actual Rows: 1.00\n    Actual Loops: 1\n    Output: \n      - \"a\"\n      - \"'x: y'\"\n    Grouping Sets: \n      - Group Keys: \n          - [\"a\"]\n          - []\n    Plans: \n      - Node Type: \"Seq Scan\"\n        Parallel Aware: true\n        Alias: \"1\"\n        Filter: \"(a < 'x\\n- b'::text)\"\n  Settings: \n    work_mem: \"64\"\n  Query Identifier: 8046457493168556288\n  Triggers: \n  Execution Time: 0.5\n";
    let xml = "<explain xmlns=\"http://www.postgresql.org/2009/explain\">\n<Query>\n<Plan>\n<Node-Type>Aggregate</Node-Type>\n<Strategy>Hashed</Strategy>\n<Actual-Rows>1.00</Actual-Rows>\n<Actual-Loops>1</Actual-Loops>\n<Output>\n<Item>a</Item>\n<Item>'x: y'</Item>\n</Output>\n<Grouping-Sets>\n<Grouping-Set>\n<Group-Keys>\n<Group-Key>\n<Item>a</Item>\n</Group-Key>\n<Group-Key>\n</Group-Key>\n</Group-Keys>\n</Grouping-Set>\n</Grouping-Sets>\n<Plans>\n<Plan>\n<Node-Type>Seq Scan</Node-Type>\n<Parallel-Aware>true</Parallel-Aware>\n<Alias>1</Alias>\n<Filter>(a &lt; 'x\n- b'::text)</Filter>\n</Plan>\n</Plans>\n</Plan>\n<Settings>\n<work_mem>64</work_mem>\n</Settings>\n<Query-Identifier>8046457493168556288</Query-Identifier>\n<Triggers>\n</Triggers>\n<Execution-Time>0.5</Execution-Time>\n</Query>\n</explain>\n";
    let full = one(json);
    assert_eq!(full.query_id.as_deref(), Some("8046457493168556288"));
    for (text, format) in [(yaml, Format::Yaml), (xml, Format::Xml)] {
        assert_eq!(one(text), full, "{format:?}");
        assert_eq!(read(text).unwrap().format, format);
        // In psql's frame, and in a log.
        let framed: String = text.lines().map(|l| format!("| {l:<80}+|\n")).collect();
        assert_eq!(
            one(&format!("+-----+\n|  QUERY PLAN  |\n+-----+\n{framed}+-----+\n(1 row)\n")),
            full,
            "{format:?}"
        );
        let log: String = text.lines().map(|l| format!("\t{l}\n")).collect();
        assert_eq!(one(&format!("x LOG:  duration: 1 ms  plan:\n{log}x LOG:  y\n")), full, "{format:?}");
    }
}

#[test]
fn frames_of_psql_of_every_style() {
    let wrapped = "                        QUERY PLAN                         
------------------------------------------------------------
 Index Scan using posts_pkey on posts  (cost=0.29..8.31 row.
.s=1 width=539)
   Filter: (title > 'ffffffffffffffffffffffffffffffffffffff.
.ff'::text)
(2 rows)
";
    let boxed = "┌──────────────────────────────────────────────────────────┐
│                        QUERY PLAN                        │
├──────────────────────────────────────────────────────────┤
│ Index Scan using posts_pkey on posts  (cost=0.29..8.31 r…│
│…ows=1 width=539)                                         │
│   Filter: (title > 'ffffffffffffffffffffffffffffffffffff…│
│…ffff'::text)                                             │
└──────────────────────────────────────────────────────────┘
(2 rows)
";
    let expanded = "─[ RECORD 1 ]───────────────
QUERY PLAN │ Index Scan using posts_pkey on posts  (cost=0.29..8.31 rows=1 width=539)
─[ RECORD 2 ]───────────────
QUERY PLAN │   Filter: (title > 'ffffffffffffffffffffffffffffffffffffffff'::text)
";
    let dbeaver = "QUERY PLAN                                                                |
--------------------------------------------------------------------------+
Index Scan using posts_pkey on posts  (cost=0.29..8.31 rows=1 width=539)  |
  Filter: (title > 'ffffffffffffffffffffffffffffffffffffffff'::text)      |
";
    for text in [wrapped, boxed, expanded, dbeaver] {
        let plan = one(text);
        let estimate = plan.nodes[0].estimate.map(|e| (e.rows, e.width));
        assert_eq!(
            (plan.nodes[0].index.as_deref(), estimate),
            (Some("posts_pkey"), Some((1.0, 539))),
            "{text}"
        );
        let filter = format!("(title > '{}'::text)", "f".repeat(40));
        assert_eq!(plan.nodes[0].text("Filter"), Some(&*filter), "{text}");
    }
    let json = "┌─[ RECORD 1 ]────────────────────┐
│ QUERY PLAN │ [                 ↵│
│            │   {\"Plan\": {       ↵│
│            │     \"Node Type\": \"Result\" ↵│
│            │   }}               ↵│
│            │ ]                  │
└────────────┴────────────────────┘
";
    assert_eq!(outline(&one(json)), "Result");
}
