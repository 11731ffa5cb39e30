//! The tree for people in a terminal: aligned figures, the tree beside them, findings below. Without colour.

use super::{
    Analysis,
    label::{self, ms, rows_text},
};
use crate::{
    data::plan::{Broken, findings::Severity},
    text::{clean, units, width},
};

/// Levels that are indented; deeper ones say their level.
const LEVELS: usize = 40;

/// All plans.
pub(super) fn text(plans: &[Analysis<'_>], broken: Option<&Broken>) -> String {
    let mut out = String::new();
    for (n, all) in plans.iter().enumerate() {
        if n > 0 {
            out.push('\n');
        }
        if plans.len() > 1 {
            out.push_str(&format!("Plan {} of {}\n", n + 1, plans.len()));
        }
        out.push_str(&format!("{}\n\n", capital(&label::summary(all))));
        out.push_str(&table(all));
        let triggers = label::triggers(all);
        if !triggers.is_empty() {
            out.push_str(&format!("\n{}\n", triggers.join("\n")));
        }
        out.push_str(&findings(all));
    }
    if let Some(broken) = broken {
        out.push_str(&format!("\nThe text breaks off here: {}\n", broken_text(broken)));
    }
    out
}

/// Where reading ended.
pub(super) fn broken_text(broken: &Broken) -> String {
    format!("line {}, column {}: {}", broken.line, broken.column, clean::line(&broken.message))
}

/// With a capital letter first.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// A column: its header and a cell for each node.
type Column = (&'static str, Vec<String>);

/// The columns that say something about this plan.
fn columns(all: &Analysis<'_>) -> Vec<Column> {
    let nodes = &all.plan.nodes;
    let each = |cell: &dyn Fn(usize) -> Option<String>| -> Vec<String> {
        (0..nodes.len()).map(|at| cell(at).unwrap_or_default()).collect()
    };
    let figures = &all.figures.nodes;
    let ran = |at: usize| !nodes[at].never_executed;
    let bytes = |part: usize| {
        move |at: usize| Some(label::buffers(&figures[at])[part]).filter(|b| *b > 0).map(units::bytes)
    };
    let mut columns: Vec<Column> = vec![
        ("", each(&|at| Some((at + 1).to_string()))),
        ("self ms", each(&|at| figures[at].self_ms.filter(|_| ran(at)).map(ms))),
        (
            "share",
            each(&|at| label::share(all, at).filter(|_| ran(at)).map(|s| format!("{:.1} %", s * 100.0))),
        ),
        ("with below", each(&|at| figures[at].wall_ms.filter(|_| ran(at)).map(ms))),
        ("rows", each(&|at| figures[at].rows.filter(|_| ran(at)).map(rows_text))),
    ];
    if all.figures.analyzed {
        columns.push(("than estimated", each(&|at| label::misestimate(&figures[at]))));
        columns.push(("loops", each(&|at| nodes[at].actual.filter(|_| ran(at)).map(|a| rows_text(a.loops)))));
    } else {
        columns.push(("cost", each(&|at| nodes[at].estimate.map(|e| format!("{:.2}", e.total_cost)))));
        columns.push(("rows", each(&|at| nodes[at].estimate.map(|e| rows_text(e.rows)))));
    }
    columns.push(("in memory", each(&bytes(0))));
    columns.push(("read", each(&bytes(1))));
    columns.push(("temporary", each(&bytes(2))));
    columns.retain(|(_, cells)| cells.iter().any(|c| !c.is_empty()));
    columns
}

fn table(all: &Analysis<'_>) -> String {
    let columns = columns(all);
    let widths: Vec<usize> = columns
        .iter()
        .map(|(name, cells)| cells.iter().map(|c| width::width(c)).max().unwrap_or(0).max(width::width(name)))
        .collect();
    let row = |cell: &dyn Fn(&Column) -> String| -> String {
        let cells = columns.iter().zip(&widths);
        cells.map(|(column, w)| width::right(&cell(column), *w)).collect::<Vec<_>>().join("  ")
    };
    let mut out = format!("{}  node\n", row(&|(name, _)| (*name).to_owned()));
    let blank = row(&|_| String::new());
    let guides = Guides::of(all);
    let mut open: Vec<bool> = Vec::new();
    for at in 0..all.plan.nodes.len() {
        let node = &all.plan.nodes[at];
        let (lead, below) = guides.lines(at, node.depth, &mut open);
        let words = format!("{}{}", label::label(node), label::remark(all, at));
        out.push_str(&format!("{}  {lead}{words}\n", row(&|(_, cells)| cells[at].clone())));
        for line in label::details(all, at) {
            out.push_str(&format!("{blank}  {below}{line}\n"));
        }
    }
    if (0..all.plan.nodes.len())
        .any(|at| label::misestimate(&all.figures.nodes[at]).is_some_and(|m| m.ends_with('*')))
    {
        out.push_str("\n* stopped before its end, so fewer rows are no error\n");
    }
    out
}

/// The lines of the tree.
struct Guides {
    /// Is it the last of its parent's?
    last: Vec<bool>,
    /// Has it any below it?
    inner: Vec<bool>,
}

impl Guides {
    fn of(all: &Analysis<'_>) -> Self {
        let nodes = &all.plan.nodes;
        let mut inner = vec![false; nodes.len()];
        let mut last = vec![true; nodes.len()];
        for at in (0..nodes.len()).rev() {
            if let Some(parent) = nodes[at].parent {
                last[at] = !inner[parent];
                inner[parent] = true;
            }
        }
        Self { last, inner }
    }

    /// What stands in front of a node and in front of its details. `open` keeps, for each level above, whether more
    /// is to come there.
    fn lines(&self, at: usize, depth: usize, open: &mut Vec<bool>) -> (String, String) {
        open.truncate(depth);
        open.resize(depth, false);
        let mut lead = String::new();
        for level in open.iter().take(LEVELS).skip(1) {
            lead.push_str(if *level { "│  " } else { "   " });
        }
        let mut below = lead.clone();
        if depth > LEVELS {
            lead.push_str(&format!("… level {}: ", depth + 1));
        } else if depth > 0 {
            lead.push_str(if self.last[at] { "└─ " } else { "├─ " });
            below.push_str(if self.last[at] { "   " } else { "│  " });
        }
        below.push_str(if self.inner[at] { "│    " } else { "     " });
        open.push(!self.last[at]);
        (lead, below)
    }
}

/// What was found, the most important first; nothing when nothing was.
pub(super) fn findings(all: &Analysis<'_>) -> String {
    let mut out = String::new();
    for (n, finding) in all.findings.iter().enumerate() {
        if n == 0 {
            out.push_str("\nFindings\n");
        }
        let reason = label::reason(all, finding);
        out.push_str(&format!("{:3}. {}: {reason}\n", n + 1, severity(finding.severity)));
        if !finding.next_step.is_empty() {
            out.push_str(&format!("     → {}\n", clean::line(&finding.next_step)));
        }
        for line in finding.sql.iter().flat_map(|sql| sql.lines()) {
            out.push_str(&format!("       {}\n", clean::line(line)));
        }
    }
    out
}

/// In words.
pub(super) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "to know",
        Severity::Warning => "to mend",
        Severity::Critical => "critical",
    }
}
