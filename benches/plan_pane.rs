//! What the pane makes of a plan of 20,000 nodes costs: `cargo bench --bench plan_pane`. Prints milliseconds; judges nothing.

#[path = "../tests/support/robot.rs"]
#[allow(dead_code, reason = "the bench uses a part of it")]
mod robot;

use pgdeck::core::event::Event;
use robot::Robot;
use std::time::Instant;

fn main() {
    // `cargo test --benches` runs this too; it is no test.
    if !std::env::args().any(|a| a == "--bench") {
        return;
    }
    for (what, deep) in [("wide", 4), ("120 levels deep", 120)] {
        let text = plan(20_000, deep);
        let mut r = Robot::new(120, 40);
        r.keys("<alt-4>").screen();
        let at = Instant::now();
        r.event(Event::Paste(text.clone())).screen();
        println!("{what}, {} MB: opened and drawn in {:.0} ms", text.len() >> 20, ms(at));
        for (what, keys) in [
            ("unfold all", "E"),
            ("to the end", "G"),
            ("up", "k"),
            ("a page up", "<pageup>"),
            ("to the start", "gg"),
            ("find", "/t19990<enter>"),
            ("fold the cheap", "c"),
            ("by kind", "t"),
            ("by relation", "t"),
            ("timeline", "t"),
            ("down", "j"),
            ("tree", "t"),
            ("details", "<enter>"),
        ] {
            let at = Instant::now();
            r.keys(keys);
            let keyed = ms(at);
            let at = Instant::now();
            r.buffer();
            println!("  {what}: {keyed:.2} ms and {:.2} ms to draw", ms(at));
        }
    }
}

fn ms(at: Instant) -> f64 {
    at.elapsed().as_secs_f64() * 1e3
}

/// EXPLAIN ANALYZE as JSON: chains of `deep` nodes below an Append.
fn plan(nodes: usize, deep: usize) -> String {
    let node = |n: usize, rest: &str| {
        format!(
            r#"{{"Node Type": "Index Scan", "Parent Relationship": "Member", "Relation Name": "t{n}", "Schema": "public",
            "Alias": "t{n}", "Index Name": "t{n}_pkey", "Index Cond": "(id = {n})", "Startup Cost": 0.15,
            "Total Cost": 8.17, "Plan Rows": 1, "Plan Width": 36, "Actual Startup Time": 0.004,
            "Actual Total Time": 0.{:03}, "Actual Rows": 1, "Actual Loops": 1, "Shared Hit Blocks": 3{rest}}}"#,
            n % 900
        )
    };
    let chains: Vec<String> = (0..nodes / deep)
        .map(|chain| {
            let mut out = String::new();
            for level in 0..deep {
                let rest = if level == 0 { String::new() } else { format!(r#", "Plans": [{out}]"#) };
                out = node(chain * deep + level, &rest);
            }
            out
        })
        .collect();
    format!(
        r#"[{{"Plan": {{"Node Type": "Append", "Startup Cost": 0, "Total Cost": 9999, "Plan Rows": 1, "Plan Width": 4,
        "Actual Startup Time": 0.1, "Actual Total Time": 9000.0, "Actual Rows": 1, "Actual Loops": 1,
        "Plans": [{}]}}, "Execution Time": 9001.0}}]"#,
        chains.join(",")
    )
}
