//! Small plans of each kind, with what is known of where their time went.

use super::{Direction, Figures, by_kind, by_relation, figures, timeline};
use crate::data::plan::{Actual, Estimate, Node, Plan, Property, Relationship, Worker};
use proptest::prelude::*;

/// A node: how deep, how it hangs on its parent (`>` input, `i` InitPlan, `c` CTE, `s` SubPlan, `n` inner), its type,
/// the average time and the loops, and what it says.
type Row<'a> = (usize, char, &'a str, f64, f64, &'a [(&'a str, &'a str)]);

fn plan(rows: &[Row]) -> Plan {
    let mut plan = Plan::default();
    let mut above: Vec<usize> = vec![];
    for (depth, how, kind, ms, loops, said) in rows {
        above.truncate(*depth);
        let mut node =
            Node { depth: *depth, node_type: (*kind).into(), heading: (*kind).into(), ..Node::default() };
        node.parent = above.last().copied();
        above.push(plan.nodes.len());
        node.relationship = match how {
            'i' => Relationship::InitPlan,
            'c' => Relationship::Cte,
            's' => Relationship::SubPlan,
            'n' => Relationship::Inner,
            _ => Relationship::Outer,
        };
        node.estimate = Some(Estimate { total_cost: 10.0, rows: 1.0, ..Estimate::default() });
        if *loops > 0.0 {
            node.actual =
                Some(Actual { startup_ms: Some(0.0), total_ms: Some(*ms), rows: 1.0, loops: *loops });
        } else {
            node.never_executed = true;
        }
        for (name, value) in *said {
            match *name {
                "Subplan Name" => node.subplan = Some((*value).into()),
                "CTE Name" => node.cte = Some((*value).into()),
                "rows" => node.estimate.as_mut().unwrap().rows = value.parse().unwrap(),
                "actual" => node.actual.as_mut().unwrap().rows = value.parse().unwrap(),
                "Output" => node.properties.push(((*name).into(), Property::List(vec![(*value).into()]))),
                "Hit" => node.blocks.shared_hit = value.parse().unwrap(),
                "Worker" => {
                    let actual =
                        Actual { total_ms: value.parse().ok(), rows: 1.0, loops: 1.0, startup_ms: None };
                    node.workers.push(Worker { actual: Some(actual), ..Worker::default() });
                }
                _ => match value.parse() {
                    Ok(number) => node.properties.push(((*name).into(), Property::Number(number))),
                    Err(_) => node.properties.push(((*name).into(), Property::Text((*value).into()))),
                },
            }
        }
        plan.nodes.push(node);
    }
    plan
}

/// Self times, with the sum compared to the root's time.
fn selves(figures: &Figures) -> Vec<f64> {
    let (sum, root) = (figures.sum_self_ms.unwrap(), figures.root_ms.unwrap());
    assert!((sum - root).abs() < 0.01, "{sum} is not {root}");
    parts(figures)
}

fn parts(figures: &Figures) -> Vec<f64> {
    figures.nodes.iter().map(|node| (node.self_ms.unwrap() * 1000.0).round() / 1000.0).collect()
}

#[test]
fn loops_multiply_the_average() {
    let plan = plan(&[
        (0, '>', "Nested Loop", 19.0, 1.0, &[]),
        (1, '>', "Seq Scan", 0.5, 1.0, &[]),
        (1, 'n', "Index Scan", 0.009, 2000.0, &[("Rows Removed by Filter", "3")]),
    ]);
    let figures = figures(&plan);
    assert_eq!(selves(&figures), [0.5, 0.5, 18.0]);
    assert_eq!(figures.slowest, Some(2));
    assert_eq!(figures.max_depth, 2);
    let inner = &figures.nodes[2];
    assert_eq!(inner.rows, Some(2000.0));
    assert_eq!(inner.removed, [("Rows Removed by Filter".to_owned(), 6000.0)]);
    assert!((inner.rounding_ms - 1.0).abs() < 1e-9);
}

#[test]
fn a_gather_adds_up_what_ran_side_by_side() {
    let plan = plan(&[
        (0, '>', "Gather", 110.0, 1.0, &[("Workers Launched", "2")]),
        (1, '>', "Aggregate", 100.0, 3.0, &[("Worker", "99"), ("Worker", "98")]),
        (2, '>', "Seq Scan", 60.0, 3.0, &[]),
    ]);
    let figures = figures(&plan);
    assert_eq!(selves(&figures), [10.0, 40.0, 60.0]);
    let below = &figures.nodes[1];
    assert_eq!((below.processes, below.inclusive_ms, below.self_all_ms), (3.0, Some(300.0), Some(120.0)));
    assert_eq!(below.leader, Some((103.0, 1.0)));
    assert_eq!((below.gather, figures.nodes[0].gather), (Some(0), None));
}

#[test]
fn the_leader_may_keep_out() {
    // parallel_leader_participation = off: two workers launched, two loops.
    let plan = plan(&[
        (0, '>', "Gather", 70.0, 1.0, &[("Workers Launched", "2")]),
        (1, '>', "Seq Scan", 65.0, 2.0, &[]),
    ]);
    assert_eq!(selves(&figures(&plan)), [5.0, 65.0]);
}

#[test]
fn a_gather_without_workers_and_one_that_is_run_again() {
    let alone = plan(&[(0, '>', "Gather", 70.0, 1.0, &[]), (1, '>', "Seq Scan", 65.0, 1.0, &[])]);
    assert_eq!(selves(&figures(&alone)), [5.0, 65.0]);
    let again = plan(&[
        (0, '>', "Nested Loop", 45.0, 1.0, &[]),
        (1, '>', "Result", 1.0, 1.0, &[]),
        (1, 'n', "Gather", 10.0, 4.0, &[]),
        (2, '>', "Seq Scan", 8.0, 10.0, &[]),
    ]);
    let figures = figures(&again);
    assert_eq!(figures.nodes[3].processes, 2.5);
    assert_eq!(selves(&figures), [4.0, 1.0, 8.0, 32.0]);
}

#[test]
fn a_process_that_never_came_to_a_node_still_ran() {
    // One index scan for three processes.
    let plan = plan(&[
        (0, '>', "Gather", 35.0, 1.0, &[]),
        (1, '>', "Bitmap Heap Scan", 30.0, 3.0, &[]),
        (2, '>', "Bitmap Index Scan", 9.0, 1.0, &[]),
    ]);
    assert_eq!(selves(&figures(&plan)), [5.0, 27.0, 3.0]);
}

#[test]
fn workers_that_went_on_in_the_background() {
    let plan = plan(&[(0, '>', "Gather", 1.5, 1.0, &[]), (1, '>', "Seq Scan", 31.5, 3.0, &[])]);
    let figures = figures(&plan);
    assert_eq!(parts(&figures), [0.0, 31.5]);
    assert_eq!(figures.sum_self_ms, Some(31.5));
}

#[test]
fn the_end_of_workers_before_13() {
    // The wait for the workers is in the Gather and the Limit, not in the Aggregate between them.
    let rows: &[Row] = &[
        (0, '>', "Limit", 500.0, 1.0, &[]),
        (1, '>', "Aggregate", 200.0, 1.0, &[]),
        (2, '>', "Gather", 499.0, 1.0, &[]),
        (3, '>', "Seq Scan", 190.0, 3.0, &[]),
    ];
    assert_eq!(selves(&figures(&plan(rows))), [1.0, 0.0, 309.0, 190.0]);
    // Nobody above has the time.
    assert_eq!(
        parts(&figures(&plan(
            &rows[1..].iter().map(|row| (row.0 - 1, row.1, row.2, row.3, row.4, row.5)).collect::<Vec<_>>()
        ))),
        [0.0, 309.0, 190.0]
    );
}

#[test]
fn an_initplan_is_paid_by_whoever_mentions_it() {
    for (name, mention) in
        [("InitPlan 1 (returns $0)", "(x > $0)"), ("InitPlan 1", "(x > (InitPlan 1).col1)")]
    {
        let plan = plan(&[
            (0, '>', "Aggregate", 210.0, 1.0, &[]),
            (1, 'i', "Result", 200.0, 1.0, &[("Subplan Name", name), ("Hit", "5")]),
            (1, '>', "Seq Scan", 209.0, 1.0, &[("Filter", mention), ("Hit", "12")]),
        ]);
        let figures = figures(&plan);
        assert_eq!(selves(&figures), [1.0, 200.0, 9.0]);
        assert_eq!((figures.nodes[1].paid_by, &*figures.nodes[2].pays_for), (Some(2), &[1][..]));
        let hit: Vec<u64> = figures.nodes.iter().map(|node| node.self_blocks.shared_hit).collect();
        assert_eq!(hit[1..], [5, 7]);
    }
}

#[test]
fn an_initplan_read_below_a_gather_is_paid_by_the_gather() {
    let plan = plan(&[
        (0, '>', "Aggregate", 310.0, 1.0, &[]),
        (1, 'i', "Result", 200.0, 1.0, &[("Subplan Name", "InitPlan 1 (returns $0)")]),
        (1, '>', "Gather", 309.0, 1.0, &[]),
        (2, '>', "Bitmap Heap Scan", 100.0, 3.0, &[("Recheck Cond", "(k < $0)")]),
        (3, '>', "Bitmap Index Scan", 12.0, 1.0, &[("Index Cond", "(k < $0)")]),
    ]);
    let figures = figures(&plan);
    assert_eq!(selves(&figures), [1.0, 200.0, 9.0, 96.0, 4.0]);
    assert_eq!(figures.nodes[1].paid_by, Some(2));
}

#[test]
fn twelve_initplans_are_told_apart() {
    for old in [true, false] {
        let names: Vec<String> = (1..=12)
            .map(|n| if old { format!("InitPlan {n} (returns ${n})") } else { format!("InitPlan {n}") })
            .collect();
        let mentions: Vec<String> = (1..=12)
            .map(|n| if old { format!("(a = ${n})") } else { format!("(a = (InitPlan {n}).col1)") })
            .collect();
        let said: Vec<[(&str, &str); 1]> = names.iter().map(|name| [("Subplan Name", &**name)]).collect();
        let filters: Vec<[(&str, &str); 1]> = mentions.iter().map(|text| [("Filter", &**text)]).collect();
        // The n-th takes n ms and is read by the n-th scan, which takes 20 ms itself.
        let mut rows: Vec<Row> = vec![(0, '>', "Append", 318.0, 1.0, &[])];
        rows.extend((0..12u8).map(|n| (1, 'i', "Result", f64::from(n + 1), 1.0, &said[usize::from(n)][..])));
        rows.extend(
            (0..12u8).map(|n| (1, '>', "Seq Scan", f64::from(n + 21), 1.0, &filters[usize::from(n)][..])),
        );
        rows[0].3 = 12.0 * 20.0 + 78.0;
        let figures = figures(&plan(&rows));
        let selves = selves(&figures);
        assert!(selves[13..].iter().all(|ms| *ms == 20.0), "{selves:?}");
        for n in 1..=12 {
            assert_eq!(figures.nodes[n].paid_by, Some(n + 12));
        }
    }
}

#[test]
fn what_an_output_list_a_limit_or_pruning_paid() {
    let output = plan(&[
        (0, '>', "Sort", 205.0, 1.0, &[]),
        (1, 'i', "Result", 200.0, 1.0, &[("Subplan Name", "InitPlan 1 (returns $0)")]),
        (1, '>', "Seq Scan", 204.0, 1.0, &[("Output", "(x + $0)")]),
    ]);
    assert_eq!(selves(&figures(&output)), [1.0, 200.0, 4.0]);
    // LIMIT (SELECT …) is not printed at all.
    let limit = plan(&[
        (0, '>', "Limit", 205.0, 1.0, &[]),
        (1, 'i', "Result", 200.0, 1.0, &[("Subplan Name", "InitPlan 1 (returns $0)")]),
        (1, '>', "Seq Scan", 4.0, 1.0, &[]),
    ]);
    assert_eq!(selves(&figures(&limit)), [1.0, 200.0, 4.0]);
    // The members mention it, but the Append asked for it to leave some out.
    let pruned = plan(&[
        (0, '>', "Append", 205.0, 1.0, &[]),
        (1, 'i', "Result", 200.0, 1.0, &[("Subplan Name", "InitPlan 1 (returns $0)")]),
        (1, '>', "Seq Scan", 4.0, 1.0, &[("Filter", "(k = $0)")]),
        (1, '>', "Seq Scan", 0.0, 0.0, &[("Filter", "(k = $0)")]),
    ]);
    let figures = figures(&pruned);
    assert_eq!(selves(&figures), [1.0, 200.0, 4.0, 0.0]);
    // Without VERBOSE a target list says nothing: whoever has the time.
    let silent = plan(&[
        (0, '>', "Limit", 205.0, 1.0, &[]),
        (1, 'i', "Result", 200.0, 1.0, &[("Subplan Name", "InitPlan 1 (returns $0)")]),
        (1, '>', "Seq Scan", 204.5, 1.0, &[]),
    ]);
    assert_eq!(selves(&super::figures(&silent)), [0.5, 200.0, 4.5]);
}

#[test]
fn an_initplan_nobody_ran() {
    let plan = plan(&[
        (0, '>', "Result", 1.0, 1.0, &[("Filter", "(a OR $0)")]),
        (1, 'i', "Result", 0.0, 0.0, &[("Subplan Name", "InitPlan 1 (returns $0)")]),
    ]);
    let figures = figures(&plan);
    assert_eq!(selves(&figures), [1.0, 0.0]);
    assert_eq!(figures.nodes[1].paid_by, None);
    assert_eq!(figures.nodes[1].misestimate, None);
}

#[test]
fn a_cte_read_once_twice_and_by_another_of_its_name() {
    let once = plan(&[
        (0, '>', "CTE Scan", 101.0, 1.0, &[("CTE Name", "a")]),
        (1, 'c', "Seq Scan", 99.0, 1.0, &[("Subplan Name", "CTE a")]),
    ]);
    assert_eq!(selves(&figures(&once)), [2.0, 99.0]);
    let twice = plan(&[
        (0, '>', "Hash Join", 110.0, 1.0, &[]),
        (1, 'c', "Seq Scan", 90.0, 1.0, &[("Subplan Name", "CTE a")]),
        (1, '>', "CTE Scan", 95.0, 1.0, &[("CTE Name", "a")]),
        (1, '>', "CTE Scan", 3.0, 1.0, &[("CTE Name", "a")]),
    ]);
    let shared = figures(&twice);
    assert_eq!(selves(&shared), [12.0, 90.0, 5.0, 3.0]);
    assert_eq!(shared.nodes[2].pays_for, [1]);
    assert_eq!(
        (shared.nodes[2].shares, shared.nodes[3].shares, shared.nodes[1].paid_by),
        (Some(1), Some(1), None)
    );
    // The inner a is made from the outer one.
    let same_name = plan(&[
        (0, '>', "Nested Loop", 300.0, 1.0, &[]),
        (1, 'c', "Result", 100.0, 1.0, &[("Subplan Name", "CTE a")]),
        (1, '>', "Limit", 299.0, 1.0, &[]),
        (2, 'c', "CTE Scan", 290.0, 1.0, &[("Subplan Name", "CTE a"), ("CTE Name", "a")]),
        (2, '>', "CTE Scan", 298.0, 1.0, &[("CTE Name", "a")]),
    ]);
    assert_eq!(selves(&figures(&same_name)), [1.0, 100.0, 1.0, 190.0, 8.0]);
}

#[test]
fn a_recursive_cte_reads_itself_by_its_work_table() {
    let plan = plan(&[
        (0, '>', "CTE Scan", 214.4, 1.0, &[("CTE Name", "r")]),
        (1, 'c', "Recursive Union", 214.3, 1.0, &[("Subplan Name", "CTE r")]),
        (2, '>', "Result", 1.0, 1.0, &[]),
        (2, 'n', "WorkTable Scan", 0.1, 3.0, &[("CTE Name", "r")]),
    ]);
    assert_eq!(selves(&figures(&plan)), [0.1, 213.0, 1.0, 0.3]);
}

#[test]
fn a_cte_nobody_reads() {
    // WITH d AS (DELETE …) SELECT 1: done after the query, in nobody's time.
    let plan = plan(&[
        (0, '>', "Result", 0.002, 1.0, &[]),
        (1, 'c', "ModifyTable", 232.0, 1.0, &[("Subplan Name", "CTE d")]),
        (2, '>', "Seq Scan", 30.0, 1.0, &[]),
    ]);
    assert_eq!(parts(&figures(&plan)), [0.002, 202.0, 30.0]);
}

#[test]
fn subplans_run_where_they_are_listed() {
    let plan = plan(&[
        (0, '>', "Seq Scan", 120.0, 1.0, &[("Filter", "((SubPlan 1) > (hashed SubPlan 2).col1)")]),
        (1, 's', "Aggregate", 0.1, 1000.0, &[("Subplan Name", "SubPlan 1")]),
        (2, '>', "Index Scan", 0.08, 1000.0, &[]),
        (1, 's', "Seq Scan", 5.0, 1.0, &[("Subplan Name", "SubPlan 2")]),
    ]);
    assert_eq!(selves(&figures(&plan)), [15.0, 20.0, 80.0, 5.0]);
    // Two nodes use it; it is printed below the first, and the second ran it.
    let shared = self::plan(&[
        (0, '>', "Nested Loop", 70.0, 1.0, &[]),
        (1, '>', "Index Scan", 2.0, 1.0, &[("Index Cond", "(a = (SubPlan 1))")]),
        (2, 's', "Result", 50.0, 1.0, &[("Subplan Name", "SubPlan 1")]),
        (1, 'n', "Seq Scan", 57.0, 1.0, &[("Filter", "(a = (SubPlan 1))")]),
    ]);
    assert_eq!(selves(&figures(&shared)), [11.0, 2.0, 50.0, 7.0]);
}

#[test]
fn estimates() {
    let case = |kind: &str, rows: &str, actual: &str| {
        figures(&plan(&[(0, '>', kind, 1.0, 1.0, &[("rows", rows), ("actual", actual)])])).nodes[0]
            .misestimate
            .unwrap()
    };
    assert_eq!(
        (case("Seq Scan", "10", "200").factor, case("Seq Scan", "10", "200").direction),
        (20.0, Direction::Under)
    );
    assert_eq!(
        (case("Seq Scan", "10", "0").factor, case("Seq Scan", "10", "0").direction),
        (10.0, Direction::Over)
    );
    assert_eq!(case("Seq Scan", "1", "0.25").direction, Direction::Exact);
    assert!(!case("BitmapAnd", "10", "0").comparable);
    assert!(!case("ModifyTable", "10", "0").comparable);
    let limited = figures(&plan(&[
        (0, '>', "Limit", 1.0, 1.0, &[]),
        (1, '>', "Nested Loop", 1.0, 1.0, &[("rows", "1000")]),
        (2, '>', "Sort", 1.0, 1.0, &[("rows", "1000")]),
        (3, '>', "Seq Scan", 1.0, 1.0, &[("rows", "1000")]),
    ]));
    let early: Vec<bool> = limited.nodes.iter().map(|node| node.misestimate.unwrap().stopped_early).collect();
    assert_eq!(early, [false, true, true, false]);
    // Ten rows said for each page.
    let brin = figures(&plan(&[
        (0, '>', "Bitmap Heap Scan", 1.0, 1.0, &[("Lossy Heap Blocks", "128"), ("Exact Heap Blocks", "0")]),
        (1, '>', "Bitmap Index Scan", 1.0, 1.0, &[("actual", "1280"), ("rows", "10000")]),
    ]));
    assert!(!brin.nodes[1].misestimate.unwrap().comparable);
}

#[test]
fn totals_by_kind_and_by_relation() {
    let mut plan = plan(&[
        (0, '>', "Append", 31.0, 1.0, &[("Hit", "42")]),
        (1, '>', "Bitmap Heap Scan", 10.0, 1.0, &[("Hit", "12")]),
        (2, '>', "Bitmap Index Scan", 4.0, 1.0, &[("Hit", "2")]),
        (1, '>', "Seq Scan", 10.0, 2.0, &[("Hit", "30")]),
    ]);
    plan.nodes[1].relation = Some("a".into());
    plan.nodes[3].relation = Some("a".into());
    plan.nodes[3].schema = Some("s".into());
    let figures = figures(&plan);
    let kinds = by_kind(&plan, &figures);
    let named: Vec<_> = kinds.iter().map(|total| (&*total.name, total.self_ms, total.loops)).collect();
    assert_eq!(named[..2], [("Seq Scan", 20.0, 2.0), ("Bitmap Heap Scan", 6.0, 1.0)]);
    assert!((kinds.iter().map(|total| total.share).sum::<f64>() - 1.0).abs() < 1e-9);
    let relations = by_relation(&plan, &figures);
    let named: Vec<_> = relations.iter().map(|total| (&*total.name, total.self_ms, total.nodes)).collect();
    assert_eq!(named, [("s.a", 20.0, 1), ("a", 10.0, 2)]);
    assert_eq!(relations[1].blocks.shared_hit, 12);
}

#[test]
fn when_nodes_ran() {
    let plan = plan(&[
        (0, '>', "Hash Join", 100.0, 1.0, &[]),
        (1, 'i', "Result", 20.0, 1.0, &[("Subplan Name", "InitPlan 1")]),
        (1, '>', "Append", 60.0, 1.0, &[]),
        (2, '>', "Seq Scan", 25.0, 1.0, &[("Filter", "(a = (InitPlan 1).col1)")]),
        (2, '>', "Seq Scan", 30.0, 1.0, &[]),
        (2, '>', "Seq Scan", 0.0, 0.0, &[]),
        (1, 'n', "Hash", 30.0, 1.0, &[]),
        (2, '>', "Sort", 28.0, 1.0, &[]),
    ]);
    let figures = figures(&plan);
    let spans: Vec<_> =
        timeline(&plan, &figures).iter().map(|span| span.map(|span| (span.start_ms, span.end_ms))).collect();
    let expected = [
        Some((0.0, 100.0)),
        // When the scan asked for it.
        Some((30.0, 50.0)),
        // After the hash table was filled.
        Some((30.0, 100.0)),
        Some((30.0, 55.0)),
        Some((55.0, 85.0)),
        None,
        Some((0.0, 30.0)),
        Some((0.0, 28.0)),
    ];
    assert_eq!(spans, expected);
}

#[test]
fn many_nodes() {
    // A chain, and as many InitPlans as fit: nothing recurses, and nothing is looked for all over again.
    let mut rows: Vec<Row> =
        (0..20_000).map(|depth| (depth, '>', "Materialize", 1.0, 1.0, &[][..])).collect();
    assert_eq!(figures(&plan(&rows)).max_depth, 20_000);
    rows.truncate(1);
    rows.extend((0..20_000).map(|_| (1, 'i', "Result", 1.0, 1.0, &[("Subplan Name", "InitPlan 1")][..])));
    assert_eq!(figures(&plan(&rows)).nodes.len(), 20_001);
}

proptest! {
    /// Whatever the tree and its numbers: no panic, and no node has less than nothing.
    #[test]
    fn any_tree(nodes in prop::collection::vec((0usize..6, 0u8..8, 0u8..9, 0u32..50_000, 0u8..5), 1..60)) {
        const KINDS: [&str; 9] = ["Gather", "Seq Scan", "Limit", "CTE Scan", "Append", "Hash", "Merge Join", "Aggregate", "Result"];
        let mut rows: Vec<Row> = vec![];
        for (at, (up, how, kind, us, loops)) in nodes.iter().enumerate() {
            let depth = if at == 0 { 0 } else { (rows[at - 1].0 + 1).saturating_sub(*up).max(1) };
            let said: &[(&str, &str)] = match how {
                0 => &[("Subplan Name", "InitPlan 1 (returns $1)")],
                1 => &[("Subplan Name", "CTE a")],
                2 => &[("Subplan Name", "SubPlan 1")],
                3 => &[("Filter", "(a = $1)"), ("CTE Name", "a")],
                4 => &[("Filter", "(SubPlan 1)"), ("CTE Name", "a")],
                _ => &[],
            };
            let how = ['i', 'c', 's', '>', '>', '>', 'n', '>'][usize::from(*how)];
            rows.push((depth, if at == 0 { '>' } else { how }, KINDS[usize::from(*kind)], f64::from(*us) / 1000.0, f64::from(*loops), said));
        }
        let figures = figures(&plan(&rows));
        prop_assert_eq!(timeline(&plan(&rows), &figures).len(), rows.len());
        for node in &figures.nodes {
            prop_assert!(node.self_ms.is_none_or(|ms| ms >= 0.0 && ms.is_finite()));
            prop_assert!(node.processes > 0.0);
            prop_assert!(node.misestimate.is_none_or(|m| m.factor >= 1.0));
        }
    }
}
