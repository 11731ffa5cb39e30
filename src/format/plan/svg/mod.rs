//! A picture of a plan that stands by itself: the tree with bars of self time, marks where the estimate was off, and
//! the findings, on a light ground. Of a big plan the expensive nodes are drawn and the cheap ones between them folded.

mod draw;
mod fold;

use super::{
    Analysis,
    label::{self, ms, rows_text},
    tree::{broken_text, capital, severity},
};
use crate::{
    data::plan::{Broken, findings::Severity},
    text::{clean, units, width},
};
use draw::{CHAR, Canvas, Font, SMALL_CHAR};
use fold::Row;

/// Everything is this wide.
const WIDTH: f64 = 1200.0;
/// Room at the sides.
const PAD: f64 = 24.0;
/// Where the columns are: the end of the node's words, the bar, and the right ends of the figures.
const WORDS: f64 = 610.0;
const BAR: (f64, f64) = (624.0, 130.0);
const FIGURE: f64 = 846.0;
const SHARE: f64 = 906.0;
const ROWS: f64 = 1010.0;
/// Where the mark of a wrong estimate begins.
const MARK: f64 = 1026.0;
/// Heights of lines.
const LINE: f64 = 24.0;
const DETAIL: f64 = 16.0;
/// Most plans in one picture.
const PLANS: usize = 8;
/// A node with this part of the whole gets a line with what it did.
const TELLING: f64 = 0.05;

/// All plans, one below the other.
pub(super) fn text(plans: &[Analysis<'_>], broken: Option<&Broken>) -> String {
    let mut canvas = Canvas::default();
    let mut y = PAD;
    for (n, all) in plans.iter().take(PLANS).enumerate() {
        if n > 0 {
            y += 12.0;
            canvas.rule(PAD, WIDTH - PAD, y);
            y += 20.0;
        }
        let title =
            if plans.len() > 1 { format!("Plan {} of {}: ", n + 1, plans.len()) } else { String::new() };
        y = plan(&mut canvas, all, &title, y);
    }
    let mut ends = Vec::new();
    if plans.len() > PLANS {
        ends.push(format!(
            "… and {}",
            units::counted((plans.len() - PLANS) as u64, "more plan", "more plans")
        ));
    }
    ends.extend(broken.map(|broken| format!("The text breaks off at {}", broken_text(broken))));
    for end in ends {
        y += LINE;
        canvas.text((PAD, y), Font::Note, &width::clip(&end, 150));
    }
    canvas.finish(WIDTH, y + PAD)
}

/// One plan from this height on; the height below it.
fn plan(canvas: &mut Canvas, all: &Analysis<'_>, title: &str, top: f64) -> f64 {
    let mut y = top + 14.0;
    canvas.text((PAD, y), Font::Title, &capital(&format!("{title}{}", label::summary(all))));
    y += 8.0;
    if let Some(query) = &all.plan.query {
        y = statement(canvas, query, y);
    }
    y += LINE;
    canvas.text((PAD, y), Font::Head, "node");
    let (own, share) = if all.figures.timed { ("self ms", "share") } else { ("own cost", "share") };
    for (x, words) in [(FIGURE, own), (SHARE, share), (ROWS, "rows")] {
        canvas.right((x, y), Font::Head, words);
    }
    if all.figures.analyzed {
        canvas.text((MARK, y), Font::Head, "than estimated");
    }
    canvas.rule(PAD, WIDTH - PAD, y + 7.0);
    y += 9.0;
    y = rows(canvas, all, y);
    for line in label::triggers(all).iter().take(10) {
        y += DETAIL;
        canvas.text((PAD, y), Font::Note, &width::clip(line, 160));
    }
    findings(canvas, all, y)
}

/// The beginning of the statement.
fn statement(canvas: &mut Canvas, query: &str, mut y: f64) -> f64 {
    const LINES: usize = 10;
    let cells = ((WIDTH - 2.0 * PAD) / SMALL_CHAR) as usize;
    let lines: Vec<&str> = query.lines().filter(|line| !line.trim().is_empty()).collect();
    for (n, line) in lines.iter().take(LINES).enumerate() {
        y += DETAIL;
        let mut words = width::clip(&clean::line(line), cells - 2).into_owned();
        if n + 1 == LINES && lines.len() > LINES {
            words.push_str(" …");
        }
        canvas.text((PAD, y), Font::Code, &words);
    }
    y + 6.0
}

fn rows(canvas: &mut Canvas, all: &Analysis<'_>, mut y: f64) -> f64 {
    let costs = label::own_costs(all);
    let weights: Vec<f64> = (0..all.plan.nodes.len()).map(|at| label::weight(all, &costs, at)).collect();
    let most = weights.iter().copied().fold(0.0, f64::max);
    let step = (240.0 / all.figures.max_depth.max(1) as f64).min(18.0);
    // where each drawn node's line is, for the lines of the tree
    let mut places: Vec<Option<(f64, f64)>> = vec![None; all.plan.nodes.len()];
    for row in fold::rows(all, &weights) {
        let top = y;
        y += LINE;
        let base = top + 17.0;
        match row {
            Row::Node(at) => {
                let node = &all.plan.nodes[at];
                let x = PAD + node.depth as f64 * step;
                // where levels stand too close the lines would run through the numbers
                if step >= 10.0 {
                    elbow(canvas, all, &places, at, (x, top + LINE / 2.0));
                }
                places[at] = Some((x, top + LINE / 2.0));
                y += one(canvas, all, at, (x, base), (weights[at], most, costs[at]));
            }
            Row::Folded { from, to, depth } => {
                let folded = (from..to).map(|at| weights[at]).sum::<f64>();
                let words = format!(
                    "… {}, {:.1} % together",
                    units::counted((to - from) as u64, "node", "nodes"),
                    folded * 100.0
                );
                canvas.text((PAD + depth as f64 * step + 30.0, base), Font::Note, &words);
            }
        }
    }
    y
}

/// The line from the nearest node above that is drawn.
fn elbow(canvas: &mut Canvas, all: &Analysis<'_>, places: &[Option<(f64, f64)>], at: usize, to: (f64, f64)) {
    let mut above = all.plan.nodes[at].parent;
    while let Some(node) = above {
        if let Some((x, y)) = places[node] {
            canvas.elbow((x + 4.0, y + 8.0), (to.0 - 3.0, to.1));
            return;
        }
        above = all.plan.nodes[node].parent;
    }
}

/// A node's line, and the one below it where there is something to tell; how much more room it took.
fn one(
    canvas: &mut Canvas,
    all: &Analysis<'_>,
    at: usize,
    (x, base): (f64, f64),
    (weight, most, cost): (f64, f64, f64),
) -> f64 {
    let (node, figures) = (&all.plan.nodes[at], &all.figures.nodes[at]);
    let number = format!("{} ", at + 1);
    let left = x + number.len() as f64 * CHAR;
    let found = all.findings.iter().filter(|f| f.node == Some(at)).map(|f| f.severity).max();
    let words = format!("{}{}", label::label(node), label::remark(all, at));
    let cells = ((WORDS - left) / CHAR).max(8.0) as usize;
    canvas.text((x, base), Font::Number, number.trim_end());
    let font = if node.never_executed { Font::Dead } else { Font::Node };
    canvas.text((left, base), font, &width::clip(&words, cells));
    if let Some(severity) = found {
        canvas.flag((PAD - 12.0, base - 5.0), colour(severity));
    }
    if most > 0.0 && !node.never_executed {
        canvas.bar((BAR.0, base - 12.0), BAR.1, weight / most, weight);
        canvas.right((SHARE, base), Font::Figure, &format!("{:.1} %", weight * 100.0));
    }
    let own = if all.figures.timed {
        figures.self_ms.map(ms).unwrap_or_default()
    } else if node.estimate.is_some() && !all.figures.analyzed {
        format!("{cost:.1}")
    } else {
        String::new()
    };
    if !node.never_executed {
        canvas.right((FIGURE, base), Font::Figure, &own);
        let rows = figures.rows.or_else(|| label::estimated_rows(node)).map(rows_text).unwrap_or_default();
        canvas.right((ROWS, base), Font::Figure, &rows);
    }
    if let Some(words) = label::misestimate(figures) {
        let harmless = words.ends_with('*');
        let factor = figures.misestimate.map_or(1.0, |m| if harmless { 1.0 } else { m.factor });
        canvas.mark((MARK, base), &words, factor);
    }
    if weight < TELLING && found.is_none() {
        return 0.0;
    }
    let mut details = label::details(all, at);
    let [hit, read, temporary] = label::buffers(figures);
    for (bytes, what) in [(hit, "in memory"), (read, "read"), (temporary, "temporary")] {
        if bytes > 0 {
            details.push(format!("{} {what}", units::bytes(bytes)));
        }
    }
    if details.is_empty() {
        return 0.0;
    }
    let cells = ((WIDTH - PAD - left) / SMALL_CHAR) as usize;
    canvas.text((left, base + DETAIL - 1.0), Font::Detail, &width::clip(&details.join(" · "), cells));
    DETAIL
}

fn colour(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "#3b78b5",
        Severity::Warning => "#c77700",
        Severity::Critical => "#c2313a",
    }
}

fn findings(canvas: &mut Canvas, all: &Analysis<'_>, mut y: f64) -> f64 {
    /// Most findings that are drawn.
    const MOST: usize = 8;
    if all.findings.is_empty() {
        return y;
    }
    y += LINE + 10.0;
    canvas.text((PAD, y), Font::Title, "Findings");
    y += 4.0;
    let left = PAD + 84.0;
    let cells = ((WIDTH - PAD - left) / CHAR) as usize;
    for finding in all.findings.iter().take(MOST) {
        y += LINE;
        canvas.badge((PAD, y), severity(finding.severity), colour(finding.severity));
        let reason = label::reason(all, finding);
        let lines = |text: &str, font: Font, canvas: &mut Canvas, mut y: f64| {
            for (n, range) in width::wrap(text, cells).into_iter().enumerate() {
                if n > 0 {
                    y += DETAIL + 2.0;
                }
                canvas.text((left, y), font, text[range].trim_end());
            }
            y
        };
        y = lines(&reason, Font::Node, canvas, y);
        if !finding.next_step.is_empty() {
            let step = format!("→ {}", clean::line(&finding.next_step));
            y = lines(&step, Font::Step, canvas, y + DETAIL + 2.0);
        }
        for line in finding.sql.iter().flat_map(|sql| sql.lines()).take(6) {
            y = lines(&clean::line(line), Font::Code, canvas, y + DETAIL + 2.0);
        }
    }
    if all.findings.len() > MOST {
        y += LINE;
        let more = units::counted((all.findings.len() - MOST) as u64, "more finding", "more findings");
        canvas.text((left, y), Font::Note, &format!("… and {more}"));
    }
    y
}

#[cfg(test)]
mod tests;
