//! The pane on the screen: a line of views, a line that sums up, the view, the findings.

use super::{PlanPane, View, compare, findings, opened::Opened, row};
use crate::{
    core::{theme::Theme, world::World},
    text::{clean, units, width},
    widgets::{chrome, paint},
};
use ratatui::{Frame, buffer::Buffer, layout::Rect};

/// Least width at which the findings stand beside the tree.
const BESIDE: u16 = 160;

/// Where things were drawn last, for the mouse.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    pub views: Vec<(Rect, View)>,
    pub main: Rect,
    pub findings: Rect,
}

impl PlanPane {
    pub(super) fn draw_all(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        let theme = &world.theme;
        let buf = frame.buffer_mut();
        self.places = Places::default();
        if area.height < 4 {
            return;
        }
        if let Some(comparison) = &mut self.comparison {
            return compare::draw(buf, area, comparison, theme);
        }
        self.draw_views(buf, Rect { height: 1, ..area }, world);
        let mut rest = Rect { y: area.y + 1, height: area.height - 1, ..area };
        let said = self.said(world);
        let most = (rest.height / 3).max(2);
        let mut used = 0;
        for (text, style) in &said {
            // The sums are one line, what went wrong is read whole.
            let cells = if *style == "text" { u16::MAX } else { rest.width.saturating_sub(2) };
            for line in wrapped(text, cells) {
                if used < most {
                    let place = Rect { y: rest.y + used, height: 1, ..rest };
                    paint::put_clipped(buf, place.x + 1, place.y, place.width - 2, &line, theme.style(style));
                    used += 1;
                }
            }
        }
        rest = Rect { y: rest.y + used, height: rest.height - used, ..rest };
        let Some(open) = &mut self.open else {
            if said.is_empty() || self.trouble.is_none() {
                draw_empty(buf, rest, world);
            }
            return;
        };
        if let Some(details) = &mut self.details {
            self.places.main = rest;
            let inside = Rect { x: rest.x + 1, width: rest.width.saturating_sub(2), ..rest };
            details.draw(buf, inside, theme);
            return;
        }
        let opened = &*open.plan;
        let (main, beside) = split(rest, opened, self.zoomed, self.focus_findings);
        self.places.main = main;
        self.places.findings = beside;
        let focus = !self.focus_findings;
        if main.height > 0 {
            match open.view {
                View::Tree => open.tree.draw(buf, main, opened, theme, focus),
                View::Kinds | View::Relations => open.table.draw(buf, main, opened, theme, focus),
                View::Timeline => open.timeline.draw(buf, main, opened, theme, focus),
            }
        }
        if beside.height > 0 {
            let count = opened.findings.len() as u64;
            let label = if count == 0 {
                "Findings".to_owned()
            } else {
                format!("{}, by what they could save (ms)", units::counted(count, "finding", "findings"))
            };
            let inside = if beside.x > main.x {
                for y in beside.top()..beside.bottom() {
                    paint::put(buf, beside.x, y, 1, "│", theme.style("border"));
                }
                let style = theme.style(if focus { "title" } else { "title.focus" });
                paint::put_clipped(buf, beside.x + 2, beside.y, beside.width - 2, &label, style);
                Rect { x: beside.x + 1, y: beside.y + 1, width: beside.width - 1, height: beside.height - 1 }
            } else {
                rule(buf, Rect { height: 1, ..beside }, &label, !focus, theme);
                Rect { y: beside.y + 1, height: beside.height - 1, ..beside }
            };
            findings::draw(buf, inside, opened, &mut open.findings, theme, !focus);
        }
    }

    /// `Tree │ By kind │ By relation │ Timeline        EXPLAIN ANALYZE · 2 min ago`
    fn draw_views(&mut self, buf: &mut Buffer, area: Rect, world: &World) {
        let theme = &world.theme;
        paint::fill(buf, area, theme.style("grid.header"));
        let Some(open) = &self.open else {
            paint::put(buf, area.x + 1, area.y, area.width, "Plan", theme.style("grid.header"));
            return;
        };
        let mut x = area.x;
        for view in View::ALL {
            let on = open.view == view && self.details.is_none();
            let label = if on { format!("▌{} ", view.label()) } else { format!(" {} ", view.label()) };
            let style = theme.style(if on { "tab.active" } else { "tab" });
            let end = paint::put(buf, x, area.y, area.right().saturating_sub(x), &label, style);
            self.places.views.push((Rect { x, width: end - x, ..area }, view));
            x = end;
        }
        if self.details.is_some() {
            x = paint::put(
                buf,
                x,
                area.y,
                area.right().saturating_sub(x),
                "▌Details ",
                theme.style("tab.active"),
            );
        }
        let opened = &open.plan;
        let ago = world.now.saturating_sub(opened.at);
        let ago =
            if ago.as_secs() < 60 { String::new() } else { format!(" · {} ago", units::duration(ago)) };
        let part = match opened.part {
            (_, 1) => String::new(),
            (n, of) => format!(" · {n} of {of}"),
        };
        let text = format!("{}{part}{ago} ", clean::line(&opened.origin.words()));
        let room = area.right().saturating_sub(x + 1);
        paint::put_right(buf, x + 1, area.y, room, &text, theme.style("grid.header.type"));
    }

    /// What is to be said above the view: what runs, what went wrong, the sums.
    fn said(&self, world: &World) -> Vec<(String, &'static str)> {
        let mut out = vec![];
        if let Some(going) = &self.going {
            let since = world.now.saturating_sub(going.since);
            if since >= std::time::Duration::from_millis(150) {
                let spinner = chrome::spinner(world.now);
                out.push((
                    format!("{spinner} {} · {}", going.words(world), units::duration(since)),
                    "status.busy",
                ));
            }
        }
        if let Some(trouble) = &self.trouble {
            out.push((trouble.clone(), "message.error"));
        }
        if let Some(note) = &self.note {
            out.push((note.clone(), "message.warning"));
        }
        if let Some(open) = &self.open {
            if let Some(broken) = &open.plan.broken {
                let text = format!(
                    "The text breaks off at line {}, column {}: {}. What came before it is shown.",
                    broken.line, broken.column, broken.message
                );
                out.push((text, "message.warning"));
            }
            out.push((sums(&open.plan), "text"));
        }
        out
    }
}

/// `execution 812 ms · planning 0.6 ms · 14 nodes · JIT 40 ms · select …`
fn sums(opened: &Opened) -> String {
    let plan = &opened.plan;
    let mut parts = vec![];
    match (plan.execution_ms, opened.figures.root_ms) {
        (Some(ms), _) => parts.push(format!("execution {} ms", row::ms(ms))),
        (None, Some(ms)) => parts.push(format!("{} ms", row::ms(ms))),
        (None, None) => {
            if let Some(e) = plan.nodes.first().and_then(|n| n.estimate) {
                parts.push(format!("estimated cost {}", row::number(e.total_cost)));
            }
        }
    }
    if let Some(ms) = plan.planning_ms {
        parts.push(format!("planning {} ms", row::ms(ms)));
    }
    if opened.figures.analyzed && !opened.figures.timed {
        parts.push("no times were taken".into());
    }
    parts.push(units::counted(plan.nodes.len() as u64, "node", "nodes"));
    let triggers: f64 = plan.triggers.iter().filter_map(|t| t.ms).sum();
    if !plan.triggers.is_empty() {
        let count = units::counted(plan.triggers.len() as u64, "trigger", "triggers");
        parts.push(format!("{count} {} ms", row::ms(triggers)));
    }
    if let Some(ms) = plan.jit.as_ref().and_then(|j| j.total_ms) {
        parts.push(format!("JIT {} ms", row::ms(ms)));
    }
    if let Some(ms) = plan.serialization.as_ref().and_then(|s| s.ms) {
        parts.push(format!("sending {} ms", row::ms(ms)));
    }
    if !plan.settings.is_empty() {
        let set: Vec<String> = plan.settings.iter().take(3).map(|(k, v)| format!("{k}={v}")).collect();
        let more = if plan.settings.len() > 3 { " …" } else { "" };
        parts.push(format!("{}{more}", set.join(" ")));
    }
    if let Some(statement) = opened.statement() {
        let statement: String = statement.split_whitespace().collect::<Vec<_>>().join(" ");
        parts.push(width::clip(&statement, 200).into_owned());
    }
    // One line: what does not fit is in the details.
    parts.join(" · ")
}

/// Lines of a text: sums stay one, what went wrong is wrapped.
fn wrapped(text: &str, cells: u16) -> Vec<String> {
    let cells = usize::from(cells.max(10));
    let mut out = vec![];
    for line in clean::text(text).split('\n') {
        for range in width::wrap(line, cells) {
            out.push(line[range].trim_end().to_owned());
        }
    }
    out
}

/// The view and the findings: beside it where there is room, below it otherwise.
fn split(area: Rect, opened: &Opened, zoomed: bool, findings: bool) -> (Rect, Rect) {
    let none = Rect { height: 0, ..area };
    match (zoomed, findings) {
        _ if !opened.judged => return (area, none),
        (true, true) => return (none, area),
        (true, false) => return (area, none),
        _ => {}
    }
    if area.width >= BESIDE {
        let cells = (area.width / 3).min(80);
        let main = Rect { width: area.width - cells, ..area };
        return (main, Rect { x: main.right(), width: cells, ..area });
    }
    let wanted = match opened.findings.len() as u16 {
        0 => 2,
        count => count + 6,
    };
    let height = wanted.min(area.height * 2 / 5).max(2.min(area.height));
    let main = Rect { height: area.height - height, ..area };
    (main, Rect { y: main.bottom(), height, ..area })
}

/// A rule with a title; heavy with the focus, so that it is seen without colour too.
pub(super) fn rule(buf: &mut Buffer, area: Rect, title: &str, focus: bool, theme: &Theme) {
    let (sign, border, name) =
        if focus { ("━", "border.focus", "title.focus") } else { ("─", "border", "title") };
    paint::put(buf, area.x, area.y, area.width, &sign.repeat(area.width.into()), theme.style(border));
    if !title.is_empty() && area.width > 4 {
        let text = format!(" {} ", width::clip(title, usize::from(area.width) - 4));
        paint::put(buf, area.x + 1, area.y, area.width - 1, &text, theme.style(name));
    }
}

/// What can be done here while there is no plan.
fn draw_empty(buf: &mut Buffer, area: Rect, world: &World) {
    let theme = &world.theme;
    let keys =
        |scope, command| world.keymap.keys_of(&[scope], command).into_iter().next().unwrap_or_default();
    use crate::core::command::{Command, Scope};
    let lines = [
        ("No plan yet", "", "text.strong"),
        ("", "", "text"),
        (
            &*keys(Scope::Sql, Command::ExplainPlan),
            "in SQL: the plan of the statement at the cursor, without running it",
            "text",
        ),
        (
            &*keys(Scope::Sql, Command::AnalyzePlan),
            "in SQL: run it, measure each node, and roll it back",
            "text",
        ),
        (
            &*keys(Scope::Plan, Command::OpenPlan),
            "open a file: EXPLAIN as JSON, text, YAML or XML, or a log with auto_explain",
            "text",
        ),
        ("paste", "a plan into this pane: from psql, a ticket, a log", "text"),
        (&*keys(Scope::Plan, Command::SearchHistory), "the plans of this session", "text"),
        ("", "", "text"),
        ("", "From the shell: pgdeck explain FILE", "text.dim"),
    ];
    for (n, (key, text, style)) in lines.iter().enumerate() {
        let y = area.y + 1 + n as u16;
        if y >= area.bottom() {
            break;
        }
        let (lead, room) = (area.x + 2, area.width.saturating_sub(4));
        if text.is_empty() {
            paint::put_clipped(buf, lead, y, room, key, theme.style(style));
        } else {
            paint::put(buf, lead, y, 7, key, theme.style("key"));
            paint::put_clipped(buf, lead + 8, y, room.saturating_sub(8), text, theme.style(style));
        }
    }
}
