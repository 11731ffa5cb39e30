//! Pairs, settings and verdicts.

use super::*;
use crate::data::plan::{Actual, figures};

fn plan(rows: &[(usize, &str, &str, f64, u64)]) -> Plan {
    let mut plan = Plan::default();
    let mut above: Vec<usize> = vec![];
    for (depth, kind, relation, ms, hit) in rows {
        above.truncate(*depth);
        let mut node = Node {
            parent: above.last().copied(),
            depth: *depth,
            node_type: (*kind).into(),
            relation: (!relation.is_empty()).then(|| (*relation).to_owned()),
            actual: Some(Actual { startup_ms: Some(0.0), total_ms: Some(*ms), rows: 1.0, loops: 1.0 }),
            ..Node::default()
        };
        node.blocks.shared_hit = *hit;
        above.push(plan.nodes.len());
        plan.nodes.push(node);
    }
    plan
}

fn pairs(before: &Plan, after: &Plan) -> Vec<(Option<usize>, Option<usize>)> {
    let pairs = compare(before, &figures::figures(before), after, &figures::figures(after));
    pairs.into_iter().map(|pair| (pair.before, pair.after)).collect()
}

#[test]
fn a_plan_and_itself() {
    let one = plan(&[(0, "Hash Join", "", 9.0, 5), (1, "Seq Scan", "a", 3.0, 3), (1, "Hash", "", 2.0, 2)]);
    assert_eq!(pairs(&one, &one), [(Some(0), Some(0)), (Some(1), Some(1)), (Some(2), Some(2))]);
    let figures = figures::figures(&one);
    let first = &compare(&one, &figures, &one, &figures)[0];
    assert_eq!(
        (first.self_ms.change(), first.blocks.change(), first.rows.change()),
        (Some(0.0), Some(0.0), Some(0.0))
    );
    assert_eq!(verdict(&one, &figures, &one, &figures).outcome, Outcome::Same);
}

#[test]
fn an_index_scan_takes_the_place_of_a_seq_scan() {
    let before = plan(&[(0, "Sort", "", 20.0, 900), (1, "Seq Scan", "users", 19.0, 900)]);
    let after = plan(&[(0, "Sort", "", 1.0, 12), (1, "Index Scan", "users", 0.5, 12)]);
    assert_eq!(pairs(&before, &after), [(Some(0), Some(0)), (Some(1), Some(1))]);
    let (b, a) = (figures::figures(&before), figures::figures(&after));
    let scan = &compare(&before, &b, &after, &a)[1];
    assert_eq!((scan.self_ms.change(), scan.blocks.change()), (Some(-18.5), Some(-888.0)));
    let better = verdict(&before, &b, &after, &a);
    assert_eq!(better.outcome, Outcome::Better);
    assert_eq!(
        better.reason,
        "20.00 ms became 1.00 (20× less) in one run each, 900 blocks became 12 (75× less)"
    );
    assert_eq!(verdict(&after, &a, &before, &b).outcome, Outcome::Worse);
}

#[test]
fn joins_in_another_order() {
    let before = plan(&[
        (0, "Hash Join", "", 9.0, 0),
        (1, "Seq Scan", "posts", 3.0, 0),
        (1, "Hash", "", 2.0, 0),
        (2, "Seq Scan", "users", 1.0, 0),
    ]);
    let after = plan(&[
        (0, "Nested Loop", "", 9.0, 0),
        (1, "Seq Scan", "users", 3.0, 0),
        (1, "Index Scan", "posts", 2.0, 0),
    ]);
    let found = pairs(&before, &after);
    assert!(found.contains(&(Some(1), Some(2))), "{found:?}");
    assert!(found.contains(&(Some(3), Some(1))), "{found:?}");
    assert!(found.contains(&(Some(2), None)), "{found:?}");
}

#[test]
fn what_only_one_has() {
    let before =
        plan(&[(0, "Append", "", 9.0, 0), (1, "Seq Scan", "a", 1.0, 0), (1, "Seq Scan", "c", 1.0, 0)]);
    let after = plan(&[
        (0, "Append", "", 9.0, 0),
        (1, "Seq Scan", "a", 1.0, 0),
        (1, "Seq Scan", "b", 1.0, 0),
        (1, "Seq Scan", "c", 1.0, 0),
    ]);
    assert_eq!(
        pairs(&before, &after),
        [(Some(0), Some(0)), (Some(1), Some(1)), (None, Some(2)), (Some(2), Some(3))]
    );
    assert_eq!(pairs(&after, &before)[2], (Some(2), None));
    assert_eq!(pairs(&Plan::default(), &before).len(), 3);
}

#[test]
fn costs_alone_are_no_verdict() {
    let mut before = plan(&[(0, "Result", "", 1.0, 1)]);
    let after = before.clone();
    before.nodes[0].actual = None;
    let (b, a) = (figures::figures(&before), figures::figures(&after));
    assert_eq!(verdict(&before, &b, &after, &a).outcome, Outcome::Unknown);
    // Fewer blocks in more time: neither.
    let slow = plan(&[(0, "Result", "", 3.0, 10)]);
    let wide = plan(&[(0, "Result", "", 1.0, 100)]);
    let (s, w) = (figures::figures(&slow), figures::figures(&wide));
    assert_eq!(verdict(&wide, &w, &slow, &s).outcome, Outcome::Mixed);
}

#[test]
fn settings_that_differ() {
    let set = |settings: &[(&str, &str)]| Plan {
        settings: settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        ..Plan::default()
    };
    let found = settings(
        &set(&[("work_mem", "64kB"), ("jit", "off")]),
        &set(&[("jit", "off"), ("enable_seqscan", "off")]),
    );
    let off = ("enable_seqscan".to_owned(), None, Some("off".to_owned()));
    assert_eq!(found, [off, ("work_mem".to_owned(), Some("64kB".to_owned()), None)]);
}

#[test]
fn wide_and_deep() {
    let mut wide = vec![(0, "Append", "", 9.0, 0)];
    wide.extend((0..5000).map(|_| (1, "Seq Scan", "p", 1.0, 0)));
    assert_eq!(pairs(&plan(&wide), &plan(&wide)).len(), 5001);
    let deep: Vec<_> = (0..5000).map(|depth| (depth, "Materialize", "", 1.0, 0)).collect();
    assert_eq!(pairs(&plan(&deep), &plan(&deep)).len(), 5000);
}

fn said(before: &Plan, after: &Plan) -> Vec<String> {
    changes(before, after, &compare(before, &figures::figures(before), after, &figures::figures(after)))
}

#[test]
fn what_changed_is_said() {
    let before = plan(&[(0, "Sort", "", 20.0, 900), (1, "Seq Scan", "users", 19.0, 900)]);
    let mut after = plan(&[(0, "Sort", "", 1.0, 12), (1, "Index Scan", "users", 0.5, 12)]);
    after.nodes[1].index = Some("users_pkey".into());
    after.nodes[1].alias = Some("u".into());
    let mut one = before.clone();
    one.nodes[1].alias = Some("u".into());
    assert_eq!(said(&one, &after), ["Seq Scan on users u became Index Scan using users_pkey on users u"]);
    assert_eq!(said(&before, &before), ["the same nodes"]);
    // Another index is another way.
    let mut other = after.clone();
    other.nodes[1].index = Some("users_name".into());
    assert_eq!(
        said(&after, &other),
        ["Index Scan using users_pkey on users u became Index Scan using users_name on users u"]
    );
    let mut other = after.clone();
    other.nodes[1].properties =
        vec![("Index Cond".into(), crate::data::plan::Property::Text("(id = 1)".into()))];
    assert_eq!(said(&after, &other), ["1 node with other conditions"]);
    // A figure is no condition.
    other.nodes[1].properties = vec![("Heap Fetches".into(), crate::data::plan::Property::Number(3.0))];
    assert_eq!(said(&after, &other), ["the same nodes"]);
}

#[test]
fn what_moved_went_and_came_is_counted() {
    let before = plan(&[
        (0, "Hash Join", "", 9.0, 0),
        (1, "Seq Scan", "posts", 3.0, 0),
        (1, "Hash", "", 2.0, 0),
        (2, "Seq Scan", "users", 1.0, 0),
    ]);
    let after = plan(&[
        (0, "Hash Join", "", 9.0, 0),
        (1, "Seq Scan", "users", 3.0, 0),
        (1, "Seq Scan", "posts", 2.0, 0),
    ]);
    assert_eq!(said(&before, &after), ["1 node moved", "1 node gone"]);
    assert_eq!(said(&after, &before), ["1 node moved", "1 node new"]);
    let rows: Vec<(usize, String)> = (0..6).map(|n| (1, format!("t{n}"))).collect();
    let wide = |kind: &'static str| {
        let mut all = vec![(0, "Append", "", 1.0, 0)];
        all.extend(rows.iter().map(|(depth, name)| (*depth, kind, name.as_str(), 1.0, 0)));
        plan(&all)
    };
    let many = said(&wide("Seq Scan"), &wide("Index Scan"));
    assert_eq!((many.len(), many[0].as_str()), (4, "Seq Scan on t0 became Index Scan on t0"));
    assert_eq!(many[3], "3 nodes more became others");
}
