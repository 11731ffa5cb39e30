//! All that is known of a node, as a text to read.

use super::{opened::Opened, row};
use crate::{
    data::plan::{
        Actual, Blocks, Property, Trigger,
        figures::{Direction, NodeFigures},
    },
    text::units,
    widgets::textview::{LineSpans, TextView},
};

/// Lines of a list (`Output` of a wide table) that are shown.
const MOST_LINES: usize = 60;
/// Bytes of a line that the view takes as one.
const PIECE: usize = 4000;

/// Lines with the pieces that are coloured.
#[derive(Default)]
struct Page {
    lines: Vec<String>,
    spans: Vec<LineSpans>,
}

impl Page {
    fn line(&mut self, text: &str, style: Option<&'static str>) {
        for line in crate::text::clean::text(text).split('\n') {
            self.add(line, style, line.len());
        }
    }

    /// A line whose first bytes are coloured; a long one in pieces, as the view would cut it otherwise.
    fn add(&mut self, line: &str, style: Option<&'static str>, coloured: usize) {
        let mut rest = line;
        let mut coloured = coloured;
        loop {
            let cut = (0..=rest.len().min(PIECE)).rev().find(|n| rest.is_char_boundary(*n)).unwrap_or(0);
            let (piece, behind) = rest.split_at(if cut == 0 { rest.len() } else { cut });
            let span = style.filter(|_| coloured > 0).map(|s| (0..coloured.min(piece.len()), s));
            self.spans.push(span.into_iter().collect());
            self.lines.push(piece.to_owned());
            coloured = coloured.saturating_sub(piece.len());
            rest = behind;
            if rest.is_empty() {
                return;
            }
        }
    }

    fn head(&mut self, text: &str) {
        if !self.lines.is_empty() {
            self.line("", None);
        }
        self.line(text, Some("text.strong"));
    }

    fn fact(&mut self, name: &str, value: &str) {
        let value = crate::text::clean::line(value);
        let name = crate::text::clean::line(name);
        self.add(&format!("  {name}: {value}"), Some("text.dim"), name.len() + 3);
    }
}

/// The text of a node.
pub(super) fn view(opened: &Opened, node: usize) -> TextView {
    let mut page = Page::default();
    let (Some(n), Some(f)) = (opened.plan.nodes.get(node), opened.figures.nodes.get(node)) else {
        return TextView::new("");
    };
    page.line(&row::name_text(n), Some("text.strong"));
    if let Some(schema) = &n.schema {
        page.fact("Schema", schema);
    }
    for (number, finding) in opened.findings.iter().filter(|f| f.node == Some(node)).enumerate() {
        if number == 0 {
            page.head("Findings");
        }
        let (sign, style) = row::severity(finding.severity);
        page.line(&format!("  {sign} {}", finding.reason), Some(style));
        page.line(&format!("    → {}", finding.next_step), None);
        if let Some(sql) = &finding.sql {
            page.line(&format!("    {sql}"), Some("sql.keyword"));
        }
    }
    if n.never_executed {
        page.head("Never executed: nothing asked it for rows");
    }
    if node == 0 {
        statement(&mut page, opened);
    }
    time(&mut page, opened, node, f);
    rows(&mut page, opened, node, f);
    if let Some(e) = n.estimate {
        page.head("Estimate, per loop");
        page.fact("Cost", &format!("{:.2} to {:.2}", e.startup_cost, e.total_cost));
        page.fact("Rows", &row::number(e.rows));
        page.fact("Bytes a row", &units::count(e.width));
    }
    buffers(&mut page, &f.self_blocks, &n.blocks);
    if !n.properties.is_empty() {
        page.head("Properties");
        for (name, property) in &n.properties {
            tell(&mut page, name, property, 1);
        }
    }
    for worker in &n.workers {
        page.head(&format!("Worker {}", worker.number));
        if let Some(a) = worker.actual {
            page.fact("Measured", &measured(a));
        }
        for (name, property) in &worker.properties {
            tell(&mut page, name, property, 1);
        }
        let touched = row::touched(&worker.blocks);
        if touched > 0 {
            page.fact("Buffers", &units::bytes(touched));
        }
    }
    let mut view = TextView::new(&page.lines.join("\n"));
    view.colour(page.spans);
    view
}

/// What concerns the statement as a whole stands with its root.
fn statement(page: &mut Page, opened: &Opened) {
    let plan = &opened.plan;
    if let Some(text) = opened.statement() {
        page.head("Statement");
        for line in text.lines().take(MOST_LINES) {
            page.line(&format!("  {line}"), None);
        }
    }
    if !plan.triggers.is_empty() {
        page.head("Triggers");
        for trigger in &plan.triggers {
            let (name, what) = trigger_words(trigger);
            page.fact(&name, &what);
        }
    }
    if let Some(jit) = &plan.jit {
        page.head("Just-in-time compilation, all processes together");
        page.fact("Functions", &row::number(jit.functions));
        let parts = [
            ("Generation", jit.generation_ms),
            ("Inlining", jit.inlining_ms),
            ("Optimization", jit.optimization_ms),
            ("Emission", jit.emission_ms),
            ("Total", jit.total_ms),
        ];
        for (name, ms) in parts {
            if let Some(ms) = ms {
                page.fact(name, &format!("{} ms", row::ms(ms)));
            }
        }
    }
    if !plan.settings.is_empty() {
        page.head("Settings that are not the default");
        for (name, value) in &plan.settings {
            page.fact(name, value);
        }
    }
    for (name, property) in &plan.other {
        tell(page, name, property, 1);
    }
}

/// A trigger's name, and what it took.
pub(super) fn trigger_words(trigger: &Trigger) -> (String, String) {
    let name = match (&trigger.constraint, &trigger.name) {
        (Some(constraint), _) => format!("Trigger of the constraint {constraint}"),
        (None, Some(name)) => format!("Trigger {name}"),
        (None, None) => "Trigger".into(),
    };
    let name = match &trigger.relation {
        Some(relation) => format!("{name} on {relation}"),
        None => name,
    };
    let ms = trigger.ms.map_or(String::new(), |ms| format!("{} ms, ", row::ms(ms)));
    (name, format!("{ms}{}", units::counted(trigger.calls.max(0.0) as u64, "call", "calls")))
}

/// `12.5 ms for 30 rows, in 4 loops`.
fn measured(a: Actual) -> String {
    let loops =
        if a.loops > 1.0 { format!(" a loop, in {} loops", row::number(a.loops)) } else { String::new() };
    let ms = a.total_ms.map_or(String::new(), |ms| format!("{} ms for ", row::ms(ms)));
    format!("{ms}{} rows{loops}", row::number(a.rows))
}

fn time(page: &mut Page, opened: &Opened, node: usize, f: &NodeFigures) {
    let n = &opened.plan.nodes[node];
    let (Some(own), Some(a)) = (f.self_ms, n.actual) else { return };
    page.head("Time");
    let share = row::percent(opened.shares[node]);
    let share = if share.is_empty() { String::new() } else { format!(", {share} of the whole") };
    page.fact("Its own", &format!("{} ms{share}", row::ms(own)));
    if let Some(wall) = f.wall_ms {
        let unsure = if f.rounding_ms > wall * 0.05 && f.rounding_ms >= 0.01 {
            format!(" (± {} ms: EXPLAIN rounds each loop)", row::ms(f.rounding_ms))
        } else {
            String::new()
        };
        page.fact("With everything below it", &format!("{} ms{unsure}", row::ms(wall)));
    }
    if f.processes > 1.0 {
        let all = f.self_all_ms.map_or(String::new(), row::ms);
        let what = format!("{all} ms over {:.1} processes that ran at the same time", f.processes);
        page.fact("Its own in all processes", &what);
    }
    if let Some(startup) = a.startup_ms {
        page.fact("Until its first row", &format!("{} ms", row::ms(startup)));
    }
    if a.loops > 1.0 {
        page.fact("Loops", &row::number(a.loops));
        page.fact("A loop", &measured(a));
    }
    for paid in &f.pays_for {
        if let Some(other) = opened.plan.nodes.get(*paid) {
            page.fact("Waited for", &format!("{} (taken off its own time)", row::name_text(other)));
        }
    }
    if let Some(payer) = f.paid_by.and_then(|p| opened.plan.nodes.get(p)) {
        page.fact("Was waited for by", &row::name_text(payer));
    }
    if let Some(cte) = f.shares.and_then(|c| opened.plan.nodes.get(c)) {
        page.fact("Shares the cost of", &format!("{} with its other readers", row::name_text(cte)));
    }
    if let Some((ms, loops)) = f.leader {
        page.fact("The leader's part", &format!("{} ms in {} loops", row::ms(ms), row::number(loops)));
    }
}

fn rows(page: &mut Page, opened: &Opened, node: usize, f: &NodeFigures) {
    let n = &opened.plan.nodes[node];
    let Some(rows) = f.rows.filter(|_| !n.never_executed) else { return };
    page.head("Rows");
    page.fact("In all", &row::number(rows));
    for (name, removed) in &f.removed {
        let of = removed / (removed + rows).max(1.0);
        page.fact(name, &format!("{} ({} of those looked at)", row::number(*removed), row::percent(of)));
    }
    if let Some(m) = f.misestimate {
        let way = match m.direction {
            Direction::Exact => "right".into(),
            _ if m.factor < 1.05 => "right, near enough".into(),
            Direction::Over if m.factor < 9.95 => format!("{:.1} times too many expected", m.factor),
            Direction::Under if m.factor < 9.95 => format!("{:.1} times more came than expected", m.factor),
            Direction::Over => format!("{} times too many expected", row::number(m.factor)),
            Direction::Under => format!("{} times more came than expected", row::number(m.factor)),
        };
        let but = match (m.comparable, m.stopped_early) {
            (false, _) => ": both numbers mean different things here, it is no error",
            (true, true) => ": it was stopped before its end, so fewer rows are no error",
            _ => "",
        };
        page.fact("The estimate was", &format!("{way}{but}"));
    }
}

fn buffers(page: &mut Page, own: &Blocks, all: &Blocks) {
    let mut some = false;
    for ((name, own), (_, all)) in own.counters().into_iter().zip(all.counters()) {
        if all == 0 {
            continue;
        }
        if !std::mem::replace(&mut some, true) {
            page.head("Buffers: its own, and with everything below it");
        }
        let name = name.trim_end_matches(" Blocks");
        page.fact(name, &format!("{}, {}", row::blocks(own), row::blocks(all)));
    }
    let times = [
        ("Reading", all.shared_read_ms + all.local_read_ms + all.temp_read_ms),
        ("Writing", all.shared_write_ms + all.local_write_ms + all.temp_write_ms),
    ];
    for (name, ms) in times.into_iter().filter(|(_, ms)| *ms > 0.0) {
        page.fact(name, &format!("{} ms over all processes, with everything below it", row::ms(ms)));
    }
}

/// A property, its parts in lines of their own.
fn tell(page: &mut Page, name: &str, property: &Property, depth: usize) {
    let pad = "  ".repeat(depth.min(8) - 1);
    let named = format!("{pad}{name}");
    match property {
        Property::Number(number) => {
            let whole = number.fract() == 0.0 && number.abs() < 1e15;
            let text =
                if whole && *number >= 0.0 { units::count(*number as u64) } else { number.to_string() };
            page.fact(&named, &text);
        }
        Property::Bool(on) => page.fact(&named, if *on { "yes" } else { "no" }),
        Property::Text(text) => page.fact(&named, text),
        Property::List(items) if items.len() <= 4 => page.fact(&named, &items.join(", ")),
        Property::List(items) => {
            page.fact(&named, &units::counted(items.len() as u64, "item", "items"));
            for item in items.iter().take(MOST_LINES) {
                page.line(&format!("  {pad}  {}", crate::text::clean::line(item)), None);
            }
            if items.len() > MOST_LINES {
                page.line(&format!("  {pad}  … and {} more", items.len() - MOST_LINES), Some("text.dim"));
            }
        }
        Property::Group(parts) => {
            page.fact(&named, "");
            for (name, part) in parts {
                if depth < 8 {
                    tell(page, name, part, depth + 1);
                }
            }
        }
    }
}
