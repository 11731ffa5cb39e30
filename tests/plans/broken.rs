//! Texts that are cut off, changed or no plan at all: never a panic, never a hang, and what can be read is kept.
//!
//! `PGDECK_FUZZ_CASES=1000000 cargo test --release --test plans -- fuzz` runs as many.

use pgdeck::{
    data::plan::{
        Format, Reading,
        compare::{compare, verdict},
        figures::{by_kind, by_relation, figures, timeline},
        findings::{Known, all_findings},
        read,
    },
    format::plan::{Analysis, FORMATS, explain_json},
};
use proptest::prelude::*;
use std::time::{Duration, Instant};

/// One plan in each format, and framed ones.
const SEEDS: [&str; 7] = [
    include_str!("samples/join.txt"),
    include_str!("samples/join.json"),
    include_str!("samples/join.yaml"),
    include_str!("samples/join.xml"),
    include_str!("samples/framed.txt"),
    include_str!("samples/log.txt"),
    include_str!("samples/csv.txt"),
];

/// Short ones, so that every byte of them can be an end.
const SHORT: [&str; 7] = [
    include_str!("samples/log.txt"),
    include_str!("samples/small.txt"),
    include_str!("samples/small_box.txt"),
    include_str!("samples/small_framed.txt"),
    include_str!("samples/small.json"),
    include_str!("samples/small.yaml"),
    include_str!("samples/small.xml"),
];

fn cases(usual: u32) -> u32 {
    std::env::var("PGDECK_FUZZ_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

/// Reads; what was read holds together, and all that is made of a plan can be made of it.
fn whole(text: &str) {
    let began = Instant::now();
    if let Ok(reading) = read(text) {
        sound(&reading);
        meant(&reading);
    }
    // The texts are a few kilobytes: this is a hang, not a measure.
    assert!(began.elapsed() < Duration::from_secs(5), "{} bytes took {:?}", text.len(), began.elapsed());
}

fn sound(reading: &Reading) {
    assert!(!reading.plans.is_empty());
    for plan in &reading.plans {
        assert!(!plan.nodes.is_empty());
        for (i, node) in plan.nodes.iter().enumerate() {
            assert_eq!(node.parent.is_none(), i == 0, "one root, the first node");
            if let Some(parent) = node.parent {
                assert!(parent < i);
                assert_eq!(node.depth, plan.nodes[parent].depth + 1);
            }
        }
        let below: usize = (0..plan.nodes.len()).map(|i| plan.children(i).count()).sum();
        assert_eq!(below, plan.nodes.len() - 1, "every node but the root is somebody's child");
    }
}

fn meant(reading: &Reading) {
    let known = Known::default();
    let judged: Vec<_> = reading
        .plans
        .iter()
        .map(|plan| {
            let figures = figures(plan);
            assert_eq!(figures.nodes.len(), plan.nodes.len());
            let no_figure = |ms: f64| !ms.is_finite() || ms < 0.0;
            let wrong = figures.nodes.iter().filter_map(|node| node.self_ms).find(|ms| no_figure(*ms));
            assert_eq!(wrong, None, "a time of a node's own");
            assert_eq!(timeline(plan, &figures).len(), plan.nodes.len());
            let findings = all_findings(plan, &figures, &known);
            std::hint::black_box((by_kind(plan, &figures), by_relation(plan, &figures), explain_json(plan)));
            (plan, figures, findings)
        })
        .collect();
    if let ([(a, of_a, _), ..], [.., (b, of_b, _)]) = (&judged[..], &judged[..]) {
        std::hint::black_box((compare(a, of_a, b, of_b), verdict(a, of_a, b, of_b)));
    }
    let all: Vec<Analysis<'_>> =
        judged.iter().map(|(plan, figures, findings)| Analysis { plan, figures, findings }).collect();
    for format in FORMATS {
        assert!(!format.text(&all, reading.broken.as_ref()).is_empty(), "{}", format.name);
    }
}

/// Cuts a text at these places: what is read of it grows, and a document that lacks its end says where that is.
fn cut(text: &str, step: usize) {
    let full = read(text).unwrap();
    assert_eq!(full.broken, None);
    let nodes: usize = full.plans.iter().map(|plan| plan.nodes.len()).sum();
    let mut most = 0;
    for end in (0..text.len()).step_by(step).chain([text.len()]).filter(|end| text.is_char_boundary(*end)) {
        let begun = &text[..end];
        let reading = read(begun);
        if let Ok(reading) = &reading {
            sound(reading);
            // This takes longer, and what it makes changes with a node or a figure, not with each byte.
            if end % 211 == 0 {
                meant(reading);
            }
        }
        let got = reading.as_ref().map_or(0, |r| r.plans.iter().map(|plan| plan.nodes.len()).sum());
        assert!(got <= nodes);
        assert!(got + 1 >= most, "{end} bytes give {got} nodes, fewer bytes gave {most}");
        most = most.max(got);
        let Ok(Reading { broken, plans, .. }) = reading else { continue };
        // The last line of a text or of YAML may be whole by chance; JSON and XML have an end that is seen, also where
        // another plan follows.
        let ends = matches!(full.format, Format::Json | Format::Xml) && full.plans.len() == 1;
        if ends && plans != full.plans {
            let broken = broken.unwrap_or_else(|| panic!("cut after {end} bytes and not said:\n{begun}"));
            let (said, last) = (begun.trim_end().lines().count(), begun.split('\n').count());
            assert!((said..=last).contains(&broken.line), "{end} bytes, {last} lines: {broken:?}");
        }
    }
    assert_eq!(most, nodes);
}

#[test]
fn every_beginning_of_a_plan_is_read_as_far_as_it_goes() {
    for text in SHORT {
        cut(text, 1);
    }
    // The long ones by steps that meet every kind of place all the same.
    for text in SEEDS.into_iter().filter(|text| !SHORT.contains(text)) {
        cut(text, 89);
    }
}

#[test]
fn a_plan_that_is_cut_off_says_where() {
    for (seed, cut) in [
        (0, "->  Hash  (cost="),
        (0, "Hash Cond: (p.user_id"),
        (0, "Filter: (p.title <> 'it''s"),
        (0, "Batches: 1  Memory Usage: 321kB"),
        (1, "\"Plans\": ["),
        (1, "\"Actual Rows\": 1"),
        (2, "\"publ"),
        (3, "<Schema>pub"),
        (4, "\"Parent Relationship\": \"O"),
    ] {
        let text = SEEDS[seed];
        let at = text.find(cut).unwrap_or_else(|| panic!("{cut} in {seed}")) + cut.len();
        let reading = read(&text[..at]).unwrap();
        assert!(!reading.plans[0].nodes.is_empty());
        let cut_line = text[..at].matches('\n').count() + 1;
        let broken = reading.broken.unwrap_or_else(|| panic!("{cut} in {seed} is not broken"));
        assert_eq!(broken.line, cut_line, "{cut} in {seed}: {broken:?}");
    }
}

#[derive(Clone, Debug)]
enum Change {
    Remove(usize, usize),
    Insert(usize, String),
    Copy(usize, usize, usize),
    SwapLines(usize, usize),
}

fn change() -> impl Strategy<Value = Change> {
    let piece = prop_oneof![
        "[ -~\\n\\t\u{a0}é║│+…'\"{}()\\[\\]<>&:]{1,12}",
        Just("->  Seq Scan on x  (cost=0.00..1.00 rows=1 width=4)".to_owned()),
        Just("\n  ->  ".to_owned()),
        Just("'".to_owned()),
        Just("\"".to_owned()),
        Just("\n".to_owned()),
        Just("{\"Plan\": {\"Node Type\": \"Sort\"".to_owned()),
        Just("<explain xmlns=\"x\">".to_owned()),
        Just("- Plan: \n    Node Type: \"Sort\"".to_owned()),
        Just("QUERY PLAN\n----------\n".to_owned()),
        Just("rows=1e999999 loops=-0".to_owned()),
        Just("\",\"duration: 1 ms  plan:\n".to_owned()),
    ];
    prop_oneof![
        (any::<usize>(), 0..200_usize).prop_map(|(at, len)| Change::Remove(at, len)),
        (any::<usize>(), piece).prop_map(|(at, text)| Change::Insert(at, text)),
        (any::<usize>(), 0..300_usize, any::<usize>())
            .prop_map(|(from, len, to)| Change::Copy(from, len, to)),
        (any::<usize>(), any::<usize>()).prop_map(|(a, b)| Change::SwapLines(a, b)),
    ]
}

fn changed(text: &str, change: &Change) -> String {
    let place = |at: usize| {
        let at = at % (text.len() + 1);
        (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
    };
    match change {
        Change::Remove(at, len) => {
            let (a, b) = (place(*at), place(at % (text.len() + 1) + len));
            format!("{}{}", &text[..a.min(b)], &text[a.max(b)..])
        }
        Change::Insert(at, piece) => format!("{}{piece}{}", &text[..place(*at)], &text[place(*at)..]),
        Change::Copy(from, len, to) => {
            let (a, b) = (place(*from), place(from % (text.len() + 1) + len));
            format!("{}{}{}", &text[..place(*to)], &text[a.min(b)..a.max(b)], &text[place(*to)..])
        }
        Change::SwapLines(a, b) => {
            let mut lines: Vec<&str> = text.split('\n').collect();
            let n = lines.len();
            lines.swap(a % n, b % n);
            lines.join("\n")
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(300), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn fuzz_changed_plans(seed in 0..SEEDS.len(), changes in proptest::collection::vec(change(), 1..8)) {
        let text = changes.iter().fold(SEEDS[seed].to_owned(), |text, c| changed(&text, c));
        whole(&text);
    }

    #[test]
    fn fuzz_anything(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        whole(&String::from_utf8_lossy(&bytes));
    }
}

/// What reading costs grows with the text, whatever it is made of.
#[test]
fn nothing_takes_longer_than_its_length() {
    let size = if cfg!(debug_assertions) { 10_000 } else { 300_000 };
    for piece in [
        "{\"a\": ",
        "[",
        "[{",
        "'",
        "\"",
        "->  ",
        "(",
        "Filter: ('\n",
        "<explain>",
        "<a>",
        "- Plan: \n",
        "  ->  Seq Scan on x  (cost=0.00..1.00 rows=1 width=4)\n",
        "\"[\n",
        "QUERY PLAN\n---\n",
        "CTE x\n",
        "Sort Key: a,",
        "A",
        "A: ",
        "\n",
        "&",
        "<Plan>\n",
        "Result\n",
        "Result  (cost=\n",
        "{\"Plan\": {\"Node Type\": \"Sort\"}\n",
        "Hash Cond: (x = 'a\n",
        "InitPlan 1\n  ->  ",
        "(((((('",
        "x' ",
        "Worker 0:  actual time=1..2 rows=1 loops=1\n",
        "Group Key: a\n",
        "Update on x\n",
        "\t",
        "|",
        "Query Text: \"\n",
        "Plan:\n",
    ] {
        for begin in [
            "",
            "Result  (cost=0.00..1.00 rows=1 width=4)\n",
            "Update on x\n",
            "[{\"Plan\": {\"Node Type\": \"Sort\", \"Plans\": [",
            "- Plan: \n    Node Type: \"Sort\"\n",
        ] {
            let text = format!("{begin}{}", piece.repeat(size / piece.len()));
            let began = Instant::now();
            let _ = std::hint::black_box(read(&text));
            assert!(
                began.elapsed() < Duration::from_secs(20),
                "{begin:?} and {piece:?}: {:?}",
                began.elapsed()
            );
            if std::env::var_os("PGDECK_FUZZ_TIMES").is_some() {
                println!("{:8.1} ms {begin:?} {piece:?}", began.elapsed().as_secs_f64() * 1e3);
            }
        }
    }
}
