//! Pictures that stand by themselves, whatever is in the plan.

use super::super::{find, testing::with};
use crate::data::plan::findings::{Finding, Severity};
use std::fmt::Write;

fn drawn(json: &str, findings: &[Finding]) -> String {
    with(json, findings, |all| find("svg").expect("a format").text(all, None))
}

fn finding(node: Option<usize>) -> Finding {
    Finding {
        kind: "seq_scan_filter",
        node,
        severity: Severity::Critical,
        reason: "a reason with <tags> & \"quotes\" \u{1b}[31m ".repeat(8),
        next_step: "create the index".into(),
        sql: Some("CREATE INDEX CONCURRENTLY ON t (a)\n  WHERE b < 3;".into()),
        saves_ms: Some(3.0),
    }
}

/// Every element is closed, text is escaped, and nothing is there that XML forbids.
fn assert_well_formed(svg: &str) {
    let mut open: Vec<&str> = vec![];
    for part in svg.split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap_or_else(|| panic!("an open tag: {part}"));
        assert!(!text.contains('>'), "{part}");
        assert!(
            text.split('&')
                .skip(1)
                .all(|t| t.starts_with("amp;") || t.starts_with("lt;") || t.starts_with("gt;")),
            "{part}"
        );
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{part}");
        } else if !tag.ends_with('/') {
            open.push(tag.split(' ').next().unwrap_or_default());
        }
    }
    assert!(open.is_empty(), "{open:?}");
    assert!(!svg.chars().any(|c| c.is_control() && c != '\n'), "{svg}");
}

fn height(svg: &str) -> f64 {
    let at = svg.find("height=\"").expect("a height") + 8;
    svg[at..].split('"').next().and_then(|h| h.parse().ok()).expect("a number")
}

#[test]
fn names_and_findings_are_text_whatever_they_hold() {
    let json = r#"[{"Query Text": "select '<a>' & \u0007\nfrom t", "Plan": {"Node Type": "Seq Scan",
        "Relation Name": "</text><script>\u0000\uffff\u202e", "Alias": "t", "Total Cost": 3, "Startup Cost": 0, "Plan Rows": 1,
        "Plan Width": 4, "Actual Total Time": 2.0, "Actual Startup Time": 0.1, "Actual Rows": 500, "Actual Loops": 1,
        "Filter": "(a <> '\u001b]0;x')"}, "Execution Time": 2.5}]"#;
    let svg = drawn(json, &[finding(Some(0)), finding(None), finding(Some(7))]);
    assert_well_formed(&svg);
    for words in
        ["&lt;/text&gt;&lt;script&gt;", "500× more", "CREATE INDEX CONCURRENTLY", "critical", "a &lt;&gt; "]
    {
        assert!(svg.contains(words), "no {words} in {svg}");
    }
    assert!(!svg.contains('\u{202e}') && !svg.contains("<script"), "{svg}");
}

#[test]
fn a_big_plan_is_folded_around_what_counts() {
    let mut json = String::from(
        r#"[{"Plan": {"Node Type": "Append", "Actual Total Time": 300.0, "Actual Startup Time": 0.0, "Actual Rows": 1, "Actual Loops": 1, "Plans": ["#,
    );
    for n in 0..20_000 {
        let ms = if n == 15_000 { 90.0 } else { 0.01 };
        let comma = if n > 0 { "," } else { "" };
        let _ = write!(
            json,
            r#"{comma}{{"Node Type": "Seq Scan", "Parent Relationship": "Member", "Relation Name": "t{n}", "Actual Startup Time": 0.0, "Actual Total Time": {ms}, "Actual Rows": 1, "Actual Loops": 1}}"#
        );
    }
    json.push_str("]}}]");
    let svg = drawn(&json, &[finding(Some(12_345))]);
    assert_well_formed(&svg);
    assert!(svg.contains("Seq Scan on t15000<") && svg.contains("Seq Scan on t12344<"), "{svg}");
    assert!(svg.contains(" nodes, ") && height(&svg) < 2500.0, "{}", height(&svg));
    let small = drawn(
        r#"[{"Plan": {"Node Type": "Result", "Startup Cost": 0.0, "Total Cost": 0.0, "Plan Rows": 1, "Plan Width": 4}}]"#,
        &[],
    );
    assert_well_formed(&small);
    assert!(height(&small) < 200.0);
}
