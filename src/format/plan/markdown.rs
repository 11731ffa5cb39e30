//! For a ticket: a line of figures, what was found, the tree as it stands in a terminal, the statement.

use super::{
    Analysis, label,
    tree::{self, severity},
};
use crate::{data::plan::Broken, text::clean};

/// All plans.
pub(super) fn text(plans: &[Analysis<'_>], broken: Option<&Broken>) -> String {
    let mut out = String::new();
    for (n, all) in plans.iter().enumerate() {
        if n > 0 {
            out.push('\n');
        }
        let title =
            if plans.len() > 1 { format!("Plan {} of {}", n + 1, plans.len()) } else { "Plan".into() };
        out.push_str(&format!("### {title}: {}\n\n", label::summary(all)));
        if let Some(query) = all.plan.query.as_deref().map(str::trim).filter(|query| !query.is_empty()) {
            out.push_str(&format!("{}\n", fenced("sql", &clean::text(query))));
        }
        if !all.findings.is_empty() {
            out.push_str(&findings(all));
        }
        let bare = Analysis { findings: &[], ..*all };
        let tree = tree::text(&[bare], None);
        // the first line is in the title already
        let tree = tree.split_once("\n\n").map_or(tree.as_str(), |(_, rest)| rest);
        out.push_str(&fenced("text", tree));
    }
    if let Some(broken) = broken {
        out.push_str(&format!("\nThe text breaks off: {}\n", escaped(&tree::broken_text(broken))));
    }
    out
}

fn findings(all: &Analysis<'_>) -> String {
    let mut out = String::new();
    for (n, finding) in all.findings.iter().enumerate() {
        let reason = escaped(&label::reason(all, finding));
        out.push_str(&format!("{}. **{}**: {reason}\n", n + 1, severity(finding.severity)));
        if !finding.next_step.is_empty() {
            out.push_str(&format!("   → {}\n", escaped(&clean::line(&finding.next_step))));
        }
        if let Some(sql) = &finding.sql {
            let block = fenced("sql", &clean::text(sql));
            out.push('\n');
            block.lines().for_each(|line| out.push_str(&format!("   {line}\n")));
        }
    }
    out.push('\n');
    out
}

/// A block of code, whatever stands in it.
fn fenced(language: &str, text: &str) -> String {
    let mut longest = 2;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest + 1);
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end())
}

/// Text in which Markdown has nothing to say.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '@' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}
