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
    assert!(all_findings(&plan, &figures(&plan), &Known::default()).len() > 20_000);
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
    assert_eq!(spill("16").sql.as_deref(), Some("SET LOCAL work_mem = '512MB';"));
    let huge = spill("2048");
    assert!(huge.sql.is_none() && huge.next_step.contains("about 64 GB"), "{huge:?}");
    let small = "Seq Scan on a  (cost=0.00..1.00 rows=10 width=4) (actual time=0.010..0.050 rows=10 loops=1)
  Buffers: shared hit=1 read=2
Execution Time: 0.060 ms";
    let found = run(&read(small).unwrap().plans[0], &Known::default());
    assert_eq!(
        found.iter().map(|f| (f.kind, f.severity)).collect::<Vec<_>>(),
        [("slow_node", Severity::Info)]
    );
}
