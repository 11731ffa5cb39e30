//! What a large plan costs: `cargo bench --bench plan`. Prints milliseconds; judges nothing.

use pgdeck::data::plan::read;
use std::{fmt::Write, time::Instant};

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
    ] {
        let mut best = f64::MAX;
        let mut nodes = 0;
        for _ in 0..5 {
            let at = Instant::now();
            let reading = read(&text).unwrap_or_else(|broken| panic!("{broken:?}"));
            best = best.min(at.elapsed().as_secs_f64() * 1e3);
            nodes = reading.plans[0].nodes.len();
        }
        println!("{what}: {nodes} nodes, {:.1} MB read in {best:.1} ms", text.len() as f64 / 1e6);
    }
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
