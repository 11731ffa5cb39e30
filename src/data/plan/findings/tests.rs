//! Order, hiding, and what findings say when little or much is known.

use super::{Known, KnownForeignKey, KnownIndex, KnownRelation, Severity, all_findings, findings};
use crate::data::plan::{Node, Plan, Property, figures::figures, read};
use proptest::prelude::*;

/// A Seq Scan that throws away nearly all of what it reads, and a Sort that goes to disk with the rest.
fn plan(scan_ms: f64, extra: &str) -> Plan {
    let text = format!(
        r#"[{{"Plan": {{"Node Type": "Sort", "Actual Startup Time": 1, "Actual Total Time": {}, "Actual Rows": 100,
             "Actual Loops": 1, "Total Cost": 9, "Plan Rows": 100, "Sort Key": ["u.at DESC"],
             "Sort Space Type": "Disk", "Sort Space Used": 9000,
             "Plans": [{{"Node Type": "Seq Scan", "Parent Relationship": "Outer", "Relation Name": "users",
               "Schema": "public", "Alias": "u", "Actual Startup Time": 0, "Actual Total Time": {scan_ms},
               "Actual Rows": 100, "Actual Loops": 1, "Total Cost": 8, "Plan Rows": 100,
               "Filter": "(u.city = 'x'::text)", "Rows Removed by Filter": 200000}}]}}{extra},
             "Execution Time": {}}}]"#,
        scan_ms + 1.5,
        scan_ms + 2.0
    );
    read(&text).unwrap().plans.remove(0)
}

fn run(plan: &Plan, known: &Known) -> Vec<super::Finding> {
    findings(plan, &figures(plan), known)
}

#[test]
fn what_saves_most_comes_first_and_what_saves_little_is_hidden() {
    let large = plan(20.0, "");
    let found = run(&large, &Known::default());
    assert_eq!(
        found.iter().map(|finding| finding.kind).collect::<Vec<_>>(),
        ["seq_scan_filter", "sort_spill"]
    );
    assert_eq!((found[0].severity, found[1].severity), (Severity::Critical, Severity::Info));
    let reason = "200,000 of 200,100 rows (100 %; from 90 % and 10,000 rows on)";
    assert!(found[0].reason.contains(reason), "{}", found[0].reason);
    let sql = "CREATE INDEX CONCURRENTLY ON public.users USING btree (city, at DESC);";
    assert_eq!(found[0].sql.as_deref(), Some(sql));
    // Less than a millisecond, and less than a fiftieth.
    let mut small = plan(2000.0, "");
    small.nodes[0].actual.as_mut().unwrap().total_ms = Some(2000.4);
    assert_eq!(run(&small, &Known::default()).len(), 1);
    assert_eq!(all_findings(&small, &figures(&small), &Known::default()).len(), 2);
}

#[test]
fn an_index_that_is_there_is_named() {
    let plan = plan(20.0, r#", "Settings": {"enable_indexscan": "off"}"#);
    let index = KnownIndex {
        name: "users_city".into(),
        method: "btree".into(),
        keys: vec!["city".into(), "at".into()],
        predicate: None,
        valid: true,
    };
    let relation = KnownRelation {
        schema: "public".into(),
        name: "users".into(),
        indexes: vec![index],
        ..KnownRelation::default()
    };
    let mut known = Known { relations: vec![relation], ..Known::default() };
    let found = run(&plan, &known);
    assert_eq!(found[0].sql, None);
    let next = "index users_city already; it was not used because enable_indexscan is off";
    assert!(found[0].next_step.contains(next), "{}", found[0].next_step);
    known.relations[0].indexes[0].valid = false;
    assert_eq!(run(&plan, &known)[0].sql.as_deref(), Some("REINDEX INDEX CONCURRENTLY public.users_city;"));
    known.relations.clear();
    known.hypopg = true;
    assert!(run(&plan, &known)[0].next_step.contains("hypopg"));
}

#[test]
fn a_foreign_key_without_an_index_is_named() {
    let trigger = r#", "Triggers": [{"Trigger Name": "RI_1", "Constraint Name": "posts_fk", "Relation": "users",
        "Time": 15.5, "Calls": 4000}]"#;
    let key = KnownForeignKey {
        name: "posts_fk".into(),
        from: ("public".into(), "posts".into()),
        columns: vec!["user_id".into()],
        to: ("public".into(), "users".into()),
    };
    let known = Known { foreign_keys: vec![key], ..Known::default() };
    let found = run(&plan(20.0, trigger), &known);
    let finding = found.iter().find(|finding| finding.kind == "triggers").unwrap();
    let sql = "CREATE INDEX CONCURRENTLY ON public.posts USING btree (user_id);";
    assert_eq!((finding.sql.as_deref(), finding.node), (Some(sql), None));
}

#[test]
fn a_plan_that_was_not_run_has_nothing_to_say() {
    let mut plan = plan(20.0, "");
    plan.nodes.iter_mut().for_each(|node| node.actual = None);
    assert!(run(&plan, &Known::default()).is_empty());
}

#[test]
fn many_nodes() {
    let mut plan = plan(20.0, "");
    let (sort, scan) = (plan.nodes[0].clone(), plan.nodes[1].clone());
    plan.nodes.extend(std::iter::repeat_n(scan, 20_000));
    let of_it = figures(&plan);
    assert!(all_findings(&plan, &of_it, &Known::default()).len() > 20_000);
    // The same said of all of them is said of the dearest.
    plan.nodes[7_000].actual.as_mut().unwrap().total_ms = Some(21.9);
    let of_it = figures(&plan);
    let scans: Vec<_> = findings(&plan, &of_it, &Known::default())
        .into_iter()
        .filter(|finding| finding.kind == "seq_scan_filter")
        .collect();
    assert_eq!(scans.len(), super::MOST_OF_A_KIND + 1);
    assert_eq!(scans[0].node, Some(7_000));
    let rest = scans.last().unwrap();
    assert_eq!(rest.node, None);
    assert!(rest.reason.starts_with("The same holds of 19,801 other nodes"), "{}", rest.reason);
    plan.nodes.truncate(1);
    for depth in 1..20_000 {
        plan.nodes.push(Node { parent: Some(depth - 1), depth, ..sort.clone() });
    }
    assert!(all_findings(&plan, &figures(&plan), &Known::default()).len() > 1);
}

proptest! {
    /// Whatever numbers a plan claims: no panic, and nothing saves more than there is.
    #[test]
    fn any_numbers(
        numbers in prop::collection::vec(prop_oneof![Just(0.0), 0.0..1e3, 0.0..1e18], 8),
        kind in 0usize..12,
    ) {
        const KINDS: [&str; 12] = [
            "Seq Scan", "Hash", "Memoize", "Gather", "Limit", "Index Only Scan", "Bitmap Heap Scan", "Append", "CTE Scan",
            "Sort", "Aggregate", "Index Scan",
        ];
        const NAMES: [&str; 9] = [
            "Hash Batches", "Peak Memory Usage", "Original Hash Batches", "Cache Misses", "Heap Fetches",
            "Lossy Heap Blocks", "Workers Planned", "Disk Usage", "Index Searches",
        ];
        let mut plan = plan(20.0, "");
        let node = &mut plan.nodes[1];
        node.node_type = KINDS[kind].into();
        let actual = node.actual.as_mut().unwrap();
        (actual.total_ms, actual.rows, actual.loops) = (Some(numbers[0]), numbers[1], numbers[2]);
        for (at, name) in NAMES.iter().enumerate() {
            node.properties.push(((*name).into(), Property::Number(numbers[at % 8])));
        }
        let figures = figures(&plan);
        let total = plan.execution_ms.unwrap().max(figures.root_ms.unwrap());
        for finding in all_findings(&plan, &figures, &Known::default()) {
            prop_assert!(finding.saves_ms.is_none_or(|ms| (0.0..=total).contains(&ms)), "{:?}", finding);
        }
    }
}

/// Sixty-four gigabytes are no advice, and a twentieth of a millisecond is nothing critical.
#[test]
fn advice_stays_within_reason() {
    let text = "Hash Join  (cost=1.00..2.00 rows=10 width=4) (actual time=900.000..1000.000 rows=10 loops=1)
  Hash Cond: (a.x = b.x)
  ->  Seq Scan on a  (cost=0.00..1.00 rows=10 width=4) (actual time=0.010..1.000 rows=10 loops=1)
  ->  Hash  (cost=0.00..1.00 rows=10 width=4) (actual time=800.000..800.000 rows=10 loops=1)
        Buckets: 1024  Batches: BATCHES  Memory Usage: 34816kB
        ->  Seq Scan on b  (cost=0.00..1.00 rows=10 width=4) (actual time=0.010..1.000 rows=10 loops=1)
Execution Time: 1000.000 ms";
    let spill = |batches: &str| {
        let plan = read(&text.replace("BATCHES", batches)).unwrap().plans.remove(0);
        run(&plan, &Known::default()).into_iter().find(|finding| finding.kind == "hash_spill").unwrap()
    };
    assert_eq!(spill("16").sql.as_deref(), Some("SET LOCAL work_mem = '1024MB';"));
    let huge = spill("2048");
    assert!(huge.sql.is_none() && huge.next_step.contains("about 68 GB"), "{huge:?}");
    let small = "Seq Scan on a  (cost=0.00..1.00 rows=10 width=4) (actual time=0.010..0.050 rows=10 loops=1)
  Buffers: shared hit=1 read=2
Execution Time: 0.060 ms";
    let found = run(&read(small).unwrap().plans[0], &Known::default());
    assert_eq!(
        found.iter().map(|f| (f.kind, f.severity)).collect::<Vec<_>>(),
        [("slow_node", Severity::Info)]
    );
}

fn misestimates(text: &str, known: &Known) -> Vec<super::Finding> {
    let plan = read(text).unwrap().plans.remove(0);
    let all = all_findings(&plan, &figures(&plan), known);
    all.into_iter().filter(|finding| finding.kind == "misestimate").collect()
}

/// What was left out while it ran the planner could not foresee; a Sort expects what it is given.
#[test]
fn estimates_that_nobody_got_wrong() {
    let pruned = "Append  (cost=0.00..10.00 rows=340 width=4) (actual time=0.010..0.020 rows=1 loops=1)
  Subplans Removed: 11
  ->  Seq Scan on m1  (cost=0.00..1.00 rows=1 width=4) (actual time=0.010..0.020 rows=1 loops=1)";
    assert_eq!(misestimates(pruned, &Known::default()), []);
    let unpruned = pruned.replace("  Subplans Removed: 11\n", "");
    assert_eq!(misestimates(&unpruned, &Known::default()).len(), 1);
    let gate = "Result  (cost=0.00..10.00 rows=340 width=4) (actual time=0.010..0.010 rows=0 loops=1)
  One-Time Filter: $0
  ->  Seq Scan on m1  (cost=0.00..1.00 rows=340 width=4) (never executed)";
    assert_eq!(misestimates(gate, &Known::default()), []);
    let part = "Sort  (cost=0.00..10.00 rows=1 width=4) (actual time=0.010..0.010 rows=4000 loops=1)";
    assert_eq!(misestimates(part, &Known::default()), []);
}

/// Advice on an estimate names the table, and what of it the planner knows nothing of.
#[test]
fn what_mends_an_estimate() {
    let bitmap = "Bitmap Heap Scan on app.m1 m  (cost=0.00..10.00 rows=9000 width=4) (actual time=0.010..0.010 rows=9000 loops=1)
  Recheck Cond: (m.a = 5)
  ->  Bitmap Index Scan on m1_a  (cost=0.00..10.00 rows=10 width=4) (actual time=0.010..0.010 rows=9000 loops=1)
        Index Cond: (m.a = 5)";
    assert_eq!(misestimates(bitmap, &Known::default())[0].sql.as_deref(), Some("ANALYZE app.m1;"));
    let scan = |filter: &str| {
        format!(
            "Seq Scan on m1 m  (cost=0.00..10.00 rows=10 width=4) (actual time=0.010..0.010 rows=9000 loops=1)
  Filter: {filter}"
        )
    };
    let sql = |filter: &str, known: &Known| misestimates(&scan(filter), known).remove(0).sql.unwrap();
    let unknown = Known::default();
    assert_eq!(sql("((m.a % 3) = 0)", &unknown), "CREATE STATISTICS m1_a_3 ON (a % 3) FROM m1;\nANALYZE m1;");
    assert_eq!(
        sql("((m.a = 1) AND (m.b = 2))", &unknown),
        "CREATE STATISTICS m1_a_b ON a, b FROM m1;\nANALYZE m1;"
    );
    // Statistics of one table do not tell how it fits another.
    assert_eq!(sql("((m.a = 1) AND (m.b = o.id))", &unknown), "ANALYZE m1;");
    assert_eq!(sql("((m.a % 3) = 0)", &Known { version: Some(130_000), ..Known::default() }), "ANALYZE m1;");
    let recursive = "CTE Scan on r  (cost=0.00..10.00 rows=10 width=4) (actual time=0.010..5.010 rows=9000 loops=1)
  CTE r
    ->  Recursive Union  (cost=0.00..10.00 rows=9000 width=4) (actual time=0.010..4.010 rows=9000 loops=1)
          ->  Result  (cost=0.00..0.10 rows=1 width=4) (actual time=0.010..0.010 rows=1 loops=1)
          ->  WorkTable Scan on r r_1  (cost=0.00..0.10 rows=1 width=4) (actual time=0.010..0.010 rows=1 loops=9000)";
    let next = &misestimates(recursive, &unknown)[0].next_step;
    assert!(!next.contains("NOT MATERIALIZED") && next.contains("temporary table"), "{next}");
}

/// A cost that is large because there is much to do is no switch.
#[test]
fn dear_is_not_disabled() {
    let join = "Merge Join  (cost=5e15..3.8e18 rows=10 width=4)
  ->  Seq Scan on a  (cost=0.00..1.00 rows=10 width=4)
  ->  Seq Scan on b  (cost=0.00..1.00 rows=10 width=4)";
    let disabled = |text: &str| {
        let found = run(&read(text).unwrap().plans[0], &Known::default());
        found.iter().filter(|finding| finding.kind == "disabled_node").map(|f| f.node).collect::<Vec<_>>()
    };
    assert_eq!(disabled(join), []);
    let off = "Nested Loop  (cost=20000000000.00..20000000020.00 rows=10 width=4)
  ->  Seq Scan on a  (cost=10000000000.00..10000000001.00 rows=10 width=4)
  ->  Index Scan using b_pkey on b  (cost=0.29..1.00 rows=10 width=4)";
    assert_eq!(disabled(off), [Some(0), Some(1)]);
}

/// The processes of a Parallel Hash share their memory.
#[test]
fn a_parallel_hash_is_one_table() {
    let text = |hash: &str| {
        format!(
            "Gather  (cost=1.00..2.00 rows=10 width=4) (actual time=900.000..1000.000 rows=10 loops=1)
  Workers Planned: 3
  Workers Launched: 3
  ->  {hash} Join  (cost=1.00..2.00 rows=10 width=4) (actual time=900.000..1000.000 rows=3 loops=4)
        ->  Parallel Seq Scan on a  (cost=0.00..1.00 rows=10 width=4) (actual time=0.010..1.000 rows=10 loops=4)
        ->  {hash}  (cost=0.00..1.00 rows=10 width=4) (actual time=800.000..800.000 rows=10 loops=4)
              Buckets: 1024  Batches: 16  Memory Usage: 16384kB
              ->  Parallel Seq Scan on b  (cost=0.00..1.00 rows=10 width=4) (actual time=0.010..1.000 rows=10 loops=4)
Execution Time: 1000.000 ms"
        )
    };
    let sql = |hash: &str| {
        let found = run(&read(&text(hash)).unwrap().plans[0], &Known::default());
        found.into_iter().find(|finding| finding.kind == "hash_spill").unwrap().sql.unwrap()
    };
    assert_eq!(sql("Hash"), "SET LOCAL work_mem = '256MB';");
    assert_eq!(sql("Parallel Hash"), "SET LOCAL work_mem = '64MB';");
}
