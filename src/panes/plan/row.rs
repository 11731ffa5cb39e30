//! A node in a line: its name, and its figures as short texts of the same width everywhere.

use super::opened::Opened;
use crate::{
    data::plan::{
        Blocks, Node,
        figures::{Direction, Misestimate},
        findings::Severity,
    },
    text::units,
};

/// Bytes of a block.
const BLOCK: u64 = 8192;

/// What a node is called, in pieces: text and style name.
pub(super) fn name(node: &Node) -> Vec<(String, &'static str)> {
    let mut out = vec![];
    if let Some(subplan) = &node.subplan {
        out.push((format!("{subplan}: "), "text.dim"));
    }
    let heading = if node.heading.is_empty() { &node.node_type } else { &node.heading };
    out.push((heading.clone(), "plan.node"));
    let alias = node.alias.as_deref();
    match (&node.relation, &node.cte, alias) {
        (Some(relation), _, alias) => {
            out.push((format!(" {relation}"), "plan.relation"));
            if let Some(alias) = alias.filter(|a| a != relation) {
                out.push((format!(" {alias}"), "text.dim"));
            }
        }
        (None, Some(cte), _) => out.push((format!(" {cte}"), "plan.relation")),
        (None, None, Some(alias)) => out.push((format!(" {alias}"), "text.dim")),
        (None, None, None) => {}
    }
    if let Some(index) = &node.index {
        out.push((format!(" · {index}"), "text.dim"));
    }
    out
}

/// The name as one text.
pub(super) fn name_text(node: &Node) -> String {
    name(node).into_iter().map(|(text, _)| text).collect()
}

/// Milliseconds: `0.012`, `1.25`, `812.4`, `12,345`.
pub(super) fn ms(value: f64) -> String {
    if !value.is_finite() {
        return "?".into();
    }
    let value = value.max(0.0);
    match value {
        v if v < 0.0005 => "0".into(),
        v if v < 0.9995 => format!("{v:.3}"),
        v if v < 99.95 => format!("{v:.2}"),
        v if v < 999.95 => format!("{v:.1}"),
        v => units::count(v.round() as u64),
    }
}

/// A number of rows: exact while it is short.
pub(super) fn number(value: f64) -> String {
    if !value.is_finite() {
        return "?".into();
    }
    let value = value.max(0.0);
    if value < 99_999.5 {
        return units::count(value.round() as u64);
    }
    units::about(value.round() as u64).trim_start_matches('~').into()
}

/// `94 %`.
pub(super) fn percent(share: f64) -> String {
    match share * 100.0 {
        p if p <= 0.0 => String::new(),
        p if p < 0.1 => "<0.1%".into(),
        p if p < 9.95 => format!("{p:.1}%"),
        p => format!("{p:.0}%"),
    }
}

/// The mark of an estimate that was off and its style: `▲12×`, more came than expected; `▼12×`, fewer.
pub(super) fn factor(of: Option<Misestimate>) -> (String, &'static str) {
    let Some(m) = of.filter(|m| m.comparable) else { return (String::new(), "text.dim") };
    let sign = match m.direction {
        Direction::Exact => return ("=".into(), "text.dim"),
        _ if m.factor < 1.5 => return ("≈".into(), "text.dim"),
        Direction::Under => '▲',
        Direction::Over => '▼',
    };
    let times = match m.factor {
        f if f < 9.95 => format!("{f:.1}"),
        // `20,000` and its signs are wider than the column.
        f if (9_999.5..99_999.5).contains(&f) => {
            units::about(f.round() as u64).trim_start_matches('~').into()
        }
        f => number(f),
    };
    if m.stopped_early {
        return (format!("({sign}{times}×)"), "text.dim");
    }
    let style = match m.factor {
        f if f >= 100.0 => "plan.worse",
        f if f >= 10.0 => "plan.bad",
        _ => "text",
    };
    (format!("{sign}{times}×"), style)
}

/// Bytes of buffers a node touched itself.
pub(super) fn touched(blocks: &Blocks) -> u64 {
    let count = blocks.shared_hit
        + blocks.shared_read
        + blocks.local_hit
        + blocks.local_read
        + blocks.temp_read
        + blocks.temp_written;
    count * BLOCK
}

/// Blocks as bytes.
pub(super) fn blocks(count: u64) -> String {
    units::bytes(count.saturating_mul(BLOCK))
}

/// The processes that ran a node: `2/2` launched of planned at a Gather, `×3` below it.
pub(super) fn processes(opened: &Opened, node: usize) -> (String, &'static str) {
    let n = &opened.plan.nodes[node];
    if let Some(planned) = n.number("Workers Planned") {
        let launched = n.number("Workers Launched");
        let style = if launched.is_some_and(|l| l < planned) { "plan.bad" } else { "text" };
        let launched = launched.map_or("–".into(), |l| format!("{l:.0}"));
        return (format!("{launched}/{planned:.0}"), style);
    }
    let p = opened.figures.nodes.get(node).map_or(1.0, |f| f.processes);
    if p > 1.0 {
        let whole = (p - p.round()).abs() < 0.05;
        return (if whole { format!("×{p:.0}") } else { format!("×{p:.1}") }, "text.dim");
    }
    (String::new(), "text")
}

/// The sign and the style of a finding.
pub(super) fn severity(of: Severity) -> (&'static str, &'static str) {
    match of {
        Severity::Info => ("i", "message.notice"),
        Severity::Warning => ("!", "message.warning"),
        Severity::Critical => ("‼", "message.error"),
    }
}

/// How hot a share is.
pub(super) fn heat(share: f64) -> &'static str {
    match share {
        s if s >= 0.4 => "plan.worse",
        s if s >= 0.1 => "plan.bad",
        _ => "plan.bar",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short() {
        assert_eq!(
            [0.0, 0.0124, 1.254, 812.44, 12345.6, f64::NAN].map(ms),
            ["0", "0.012", "1.25", "812.4", "12,346", "?"]
        );
        assert_eq!([0.0, 12_345.0, 123_456.0, 1e7].map(number), ["0", "12,345", "123 k", "10 M"]);
        assert_eq!([0.0, 0.0004, 0.012, 0.94].map(percent), ["", "<0.1%", "1.2%", "94%"]);
        let m = |factor, direction, stopped_early| {
            factor_text(Misestimate { factor, direction, comparable: true, stopped_early })
        };
        assert_eq!(m(1.0, Direction::Exact, false), "=");
        assert_eq!(m(1.2, Direction::Over, false), "≈");
        assert_eq!(m(2.5, Direction::Over, false), "▼2.5×");
        assert_eq!(m(1234.0, Direction::Under, false), "▲1,234×");
        assert_eq!(m(20_000.0, Direction::Under, false), "▲20 k×");
        assert_eq!(m(40.0, Direction::Over, true), "(▼40×)");
        assert_eq!(factor(None).0, "");
    }

    fn factor_text(m: Misestimate) -> String {
        factor(Some(m)).0
    }
}
