//! What a large plan costs: `cargo bench --bench plan`. Prints milliseconds; judges nothing.

use pgdeck::data::plan::{
    figures::figures,
    findings::{Known, KnownIndex, KnownRelation, findings},
    read,
};
use std::{fmt::Write, hint::black_box, time::Instant};

/// Nodes of the plans.
const NODES: usize = 20_000;

fn main() {
    // `cargo test --benches` runs this too; it is no test.
    if !std::env::args().any(|a| a == "--bench") {
        return;
    }
    for (what, text) in [
        ("text, wide", wide_text()),
        ("text, deep", deep_text()),
        ("JSON, wide", wide_json()),
        ("JSON, deep", deep_json()),
        ("JSON, much to say", much_to_say()),
    ] {
        let reading = || read(&text).unwrap_or_else(|broken| panic!("{broken:?}"));
        let plan = reading().plans.remove(0);
        let of_it = figures(&plan);
        let (unknown, known) = (Known::default(), known());
        println!(
            "{what}: {} nodes, {:.1} MB, {} findings: read in {:.1} ms, figures {:.1} ms, findings {:.1} ms, with the catalog {:.1} ms",
            plan.nodes.len(),
            text.len() as f64 / 1e6,
            findings(&plan, &of_it, &unknown).len(),
            best(|| drop(black_box(reading()))),
            best(|| drop(black_box(figures(&plan)))),
            best(|| drop(black_box(findings(&plan, &of_it, &unknown)))),
            best(|| drop(black_box(findings(&plan, &of_it, &known)))),
        );
    }
}

/// The best of some runs, ms.
fn best(run: impl Fn()) -> f64 {
    let once = || {
        let at = Instant::now();
        run();
        at.elapsed().as_secs_f64() * 1e3
    };
    (0..7).map(|_| once()).fold(f64::MAX, f64::min)
}

/// What a catalog knows of as many tables.
fn known() -> Known {
    let relation = |n: usize| KnownRelation {
        schema: "public".into(),
        name: format!("part_{n}"),
        indexes: vec![KnownIndex {
            name: format!("part_{n}_pkey"),
            method: "btree".into(),
            keys: vec!["id".into()],
            predicate: None,
            valid: true,
        }],
        ..KnownRelation::default()
    };
    Known { relations: (0..NODES).map(relation).collect(), ..Known::default() }
}

/// Scans of partitions that each throw away most of their rows, by conditions that an index would serve, below a Gather.
fn much_to_say() -> String {
    let scan = |n: usize| {
        let (filter, removed) = if n.is_multiple_of(3) {
            (format!("((p.region = 'north ({n})'::text) AND (p.at > '2024-01-01'::date) AND p.open)"), 20_000)
        } else {
            ("(p.id > 5)".into(), 0)
        };
        format!(
            r#"{{"Node Type": "Seq Scan", "Parent Relationship": "Member", "Parallel Aware": false, "Relation Name": "part_{n}",
            "Schema": "public", "Alias": "p", "Startup Cost": 0.29, "Total Cost": 8.31, "Plan Rows": 12, "Plan Width": 36,
            "Actual Startup Time": 0.010, "Actual Total Time": 3.5, "Actual Rows": 1100, "Actual Loops": 3,
            "Filter": "{filter}", "Rows Removed by Filter": {removed}, "Shared Hit Blocks": 12, "Shared Read Blocks": 3}}"#
        )
    };
    let scans = (2..NODES).map(scan).collect::<Vec<_>>().join(",\n");
    let node = |kind: &str, loops: u32, below: &str| {
        format!(
            r#"{{"Node Type": "{kind}", "Startup Cost": 1, "Total Cost": 9000, "Plan Rows": 12, "Plan Width": 36,
            "Actual Startup Time": 0.010, "Actual Total Time": 70000.5, "Actual Rows": 1100, "Actual Loops": {loops},
            "Plans": [{below}]}}"#
        )
    };
    format!("[{{\"Plan\": {}, \"Execution Time\": 71000.5}}]", node("Gather", 1, &node("Append", 3, &scans)))
}

const FIGURES: &str = "(cost=0.29..8.31 rows=12 width=36) (actual time=0.010..0.123 rows=11 loops=3)";

/// An Append of many scans.
fn wide_text() -> String {
    let mut out = format!("Append  {FIGURES}\n");
    for i in 1..NODES {
        let _ = write!(
            out,
            "  ->  Index Scan using part_{i}_pkey on public.part_{i} p  {FIGURES}\n        Output: p.id, p.name, p.at\n        \
             Index Cond: ((p.id > 1) AND (p.name = 'some (text)'::text))\n        Buffers: shared hit=12 read=3\n"
        );
    }
    out
}

/// A chain of nodes, each below the one before.
fn deep_text() -> String {
    let mut out = format!("Sort  {FIGURES}\n");
    // Real indentation would make it gigabytes: six columns a level, up to a hundred levels, then beside each other.
    for i in 1..NODES {
        let indent = " ".repeat(2 + 6 * (i % 100));
        let _ =
            write!(out, "{indent}->  Subquery Scan on s{i}  {FIGURES}\n{indent}      Filter: (s{i}.a > 1)\n");
    }
    out
}

const JSON: &str = r#""Node Type": "Index Scan", "Parent Relationship": "Member", "Relation Name": "part", "Alias": "p",
    "Startup Cost": 0.29, "Total Cost": 8.31, "Plan Rows": 12, "Plan Width": 36, "Actual Startup Time": 0.010,
    "Actual Total Time": 0.123, "Actual Rows": 11, "Actual Loops": 3, "Output": ["p.id", "p.name", "p.at"],
    "Index Cond": "((p.id > 1) AND (p.name = 'some (text)'::text))", "Shared Hit Blocks": 12, "Shared Read Blocks": 3,
    "Shared Dirtied Blocks": 0, "Shared Written Blocks": 0, "Temp Read Blocks": 0, "Temp Written Blocks": 0"#;

fn wide_json() -> String {
    let scans = vec![format!("{{{JSON}}}"); NODES - 1].join(",\n");
    format!("[{{\"Plan\": {{{JSON}, \"Plans\": [\n{scans}]}}, \"Execution Time\": 12.3}}]")
}

fn deep_json() -> String {
    let open = format!("{{{JSON}, \"Plans\": [").repeat(NODES - 1);
    format!("[{{\"Plan\": {open}{{{JSON}}}{}}}]", "]}".repeat(NODES - 1))
}
