//! Drawing: a line each with its trend, and in words below what the chosen one means and what to do.

use super::Health;
use crate::{
    core::world::World,
    data::{
        health::{Go, Level, Line},
        live::Probe,
    },
    views::live::{self, list::Column},
    widgets::{paint, spark},
};
use ratatui::{Frame, layout::Rect};
use std::cell::Cell;

const COLUMNS: [Column; 6] = [
    Column::new("", 1, false, 0),
    Column::new("about", 19, false, 100),
    Column::new("what", 26, false, 0),
    Column::new("value", 0, false, 0),
    Column::new("trend", 16, false, 70),
    Column::new("worth a look", 18, false, 110),
];
/// Samples in a trend.
const TREND: usize = 16;

impl Health {
    pub(super) fn draw_all(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        let theme = &world.theme;
        let buf = frame.buffer_mut();
        if area.height < 6 {
            return;
        }
        let Some(ring) = self.ring(world) else { return };
        let summary = self.summary(world);
        live::head(buf, Rect { height: 1, ..area }, &summary, self.moment, (Probe::Health, ring), world);
        let below = (area.height / 3).clamp(4, 13);
        let list = Rect { y: area.y + 1, height: area.height - 1 - below, ..area };
        let foot = Rect { y: list.bottom(), height: below, ..area };
        if self.lines.is_empty() {
            let text = match self.checkup(world) {
                None => "",
                Some(_) if self.filter.is_empty() => "Nothing calls for attention. a shows everything.",
                Some(_) => "No line has this text. Esc takes the filter away.",
            };
            paint::put_clipped(buf, area.x + 1, list.y + 1, area.width - 2, text, theme.style("message.ok"));
        }
        let until = self.moment.number(ring);
        let lines = std::mem::take(&mut self.lines);
        let worst = self.worst;
        let last = Cell::new(0);
        self.list.draw(buf, list, &COLUMNS, theme, |at, key, column| {
            last.set(at);
            let Some(line) = lines.get(at) else { return (String::new(), "text") };
            let first = worst || at == 0 || lines[at - 1].section != line.section;
            match column {
                0 => (line.level.mark().to_owned(), style(line.level)),
                1 if first => (line.section.name().to_owned(), "text.strong"),
                1 => (String::new(), "text"),
                2 => (line.name.clone(), "text"),
                3 => (line.value.clone(), if line.level.calls() { style(line.level) } else { "text" }),
                4 if line.figure.is_some() => {
                    let newer = until.map_or(0, |n| (ring.numbers().end - 1 - n) as usize);
                    let figures = ring.iter().rev().skip(newer).take(TREND);
                    let mut trend: Vec<f64> =
                        figures.map(|c| c.line(key).and_then(|l| l.figure).unwrap_or(f64::NAN)).collect();
                    trend.reverse();
                    (spark::sparkline(&trend, TREND, None), "chart")
                }
                5 => (line.limits.clone(), "text.dim"),
                _ => (String::new(), "text"),
            }
        });
        self.lines = lines;
        paint::rule(buf, foot, theme.style("border"));
        let (text, style) = self.more(last.get());
        paint::put_right(buf, foot.x, foot.y, foot.width.saturating_sub(2), &text, theme.style(style));
        let words = self.chosen().map(|line| words(line)).unwrap_or_default();
        live::foot(buf, Rect { y: foot.y + 1, height: foot.height - 1, ..foot }, &words, theme);
    }

    /// What stands below the last line that is drawn, the worst of it named.
    fn more(&self, last: usize) -> (String, &'static str) {
        let below = self.lines.get(last + 1..).unwrap_or_default();
        if below.is_empty() {
            return (String::new(), "border");
        }
        let count = |level: Level| below.iter().filter(|line| line.level == level).count();
        match (count(Level::Critical), count(Level::Warning)) {
            (0, 0) => (format!(" ↓ {} more ", below.len()), "text.dim"),
            (0, n) => (format!(" ↓ {} more, {n} worth a look ", below.len()), style(Level::Warning)),
            (n, _) => (format!(" ↓ {} more, {n} critical ", below.len()), style(Level::Critical)),
        }
    }

    /// The first thing to know.
    fn summary(&self, world: &World) -> String {
        let Some(checkup) = self.checkup(world) else { return "Health".into() };
        let counted = |level: Level, what: &str| {
            let n = checkup.count(level);
            (n > 0).then(|| format!("{n} {what}"))
        };
        let parts = [
            counted(Level::Critical, "critical"),
            counted(Level::Warning, "worth a look"),
            counted(Level::Hidden, "not visible"),
        ];
        let text = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
        let text = if text.is_empty() { "Nothing calls for attention".to_owned() } else { text };
        let only = if self.calls { " · only those (a: all)" } else { "" };
        let filter =
            if self.filter.is_empty() { String::new() } else { format!(" · with “{}”", self.filter) };
        format!("{text}{only}{filter}")
    }
}

fn style(level: Level) -> &'static str {
    match level {
        Level::Good => "message.ok",
        Level::Plain => "text.dim",
        Level::Hidden => "message.notice",
        Level::Warning => "message.warning",
        Level::Critical => "message.error",
    }
}

/// What can be done with a line.
fn next(line: &Line) -> String {
    let mut keys = vec![];
    if line.sql.is_some() {
        keys.push("y copies the SQL, i puts it into the editor".to_owned());
    }
    match &line.go {
        Some(Go::Activity) => keys.push("g d goes to Activity".into()),
        Some(Go::Locks) => keys.push("g d goes to Locks".into()),
        Some(Go::Statements) => keys.push("g d goes to Statements".into()),
        Some(Go::Relation(_)) => keys.push("g d opens the table".into()),
        Some(Go::Saved(name)) => keys.push(format!("g d opens the saved query {name}")),
        None => {}
    }
    keys.join(" · ")
}

fn words(line: &Line) -> Vec<(String, &'static str)> {
    let mut words = vec![(format!("{}: {}", line.name, line.value), "text.strong")];
    if !line.advice.is_empty() {
        words.push((line.advice.clone(), "text"));
    }
    words.extend(line.sql.as_ref().map(|sql| (sql.clone(), "text.mark")));
    let next = next(line);
    if !next.is_empty() {
        words.push((next, "text.dim"));
    }
    if !line.limits.is_empty() {
        words.push((format!("Worth a look {}: {}.", line.limits, line.reason), "text.dim"));
    }
    words.extend(line.details.iter().map(|detail| (detail.clone(), "text")));
    words
}

/// All of a line, to read and to copy.
pub(super) fn page(line: &Line) -> String {
    let mut text = format!("{}: {}\n", line.name, line.value);
    if !line.limits.is_empty() {
        text.push_str(&format!("\nWorth a look {}: {}.\n", line.limits, line.reason));
    }
    if !line.details.is_empty() {
        text.push_str(&format!("\n{}\n", line.details.join("\n")));
    }
    if !line.advice.is_empty() {
        text.push_str(&format!("\n{}\n", line.advice));
    }
    if let Some(sql) = &line.sql {
        text.push_str(&format!("\n{sql}\n"));
    }
    text
}
