//! One statement: its figures in every span, a measure of it over time, and its text.

use super::columns::{figure, millis, percent};
use crate::{
    core::{
        command::Command,
        event::{Mouse, MouseKind},
        world::World,
    },
    data::live::statements::{Counters, Full, History, Key, Measure, Setup, Span},
    views::live::sql,
    widgets::{chart, paint, textview::TextView},
};
use ratatui::{buffer::Buffer, layout::Rect};
use std::sync::Arc;

/// Lines of text.
const LEAST_TEXT: u16 = 5;
/// Samples in the chart at most.
const CHART: usize = 300;
/// The spans, as they stand from left to right.
const SPANS: [(Span, &str); 3] =
    [(Span::Interval, "last interval"), (Span::Mark, "since mark"), (Span::Reset, "since reset")];

/// What a statement did in a span.
struct Part {
    counters: Counters,
    seconds: Option<f64>,
    /// Of the time of all statements, 0 to 1.
    share: Option<f64>,
}

/// A statement that is looked at by itself.
pub(super) struct Detail {
    pub key: Key,
    parts: [Option<Part>; 3],
    series: Vec<(f64, Counters)>,
    text: TextView,
    shown: Option<Arc<str>>,
}

impl Detail {
    pub(super) fn new(key: Key) -> Self {
        Self { key, parts: [None, None, None], series: vec![], text: TextView::new(""), shown: None }
    }

    /// The figures as of a sample.
    pub(super) fn settle(&mut self, history: &History, number: u64, mark: Option<&Full>) {
        self.parts = SPANS.map(|(span, _)| {
            let missing = match span {
                Span::Interval => history.intervals.at(number).is_none_or(|i| i.from.is_none()),
                Span::Mark => mark.is_none(),
                Span::Reset => false,
            };
            if missing {
                return None;
            }
            let figures = history.figures(number, span, mark);
            let row = figures.rows.iter().find(|(key, _)| *key == self.key);
            let counters = row.map_or_else(Counters::default, |(_, counters)| *counters);
            let all = figures.total.time_ms();
            let share = (all > 0.0).then(|| counters.time_ms() / all);
            Some(Part { counters, seconds: figures.seconds(), share })
        });
        self.series = history.series(self.key, number, CHART);
        self.text(history);
    }

    /// The text, when it came.
    pub(super) fn text(&mut self, history: &History) {
        if let Some(text) = history.text(self.key)
            && self.shown.as_ref() != Some(&text.text)
        {
            self.text = sql::view(&text.text);
            self.shown = Some(Arc::clone(&text.text));
        }
    }

    pub(super) fn command(&mut self, command: Command) -> bool {
        let by = match command {
            Command::Up => -1,
            Command::Down => 1,
            other => return self.text.command(other),
        };
        self.text.scroll(by);
        true
    }

    pub(super) fn mouse(&mut self, mouse: Mouse) {
        match mouse.kind {
            MouseKind::ScrollUp => self.text.scroll(-3),
            MouseKind::ScrollDown => self.text.scroll(3),
            _ => {}
        }
    }

    pub(super) fn draw(
        &mut self,
        buf: &mut Buffer,
        area: Rect,
        order: Measure,
        setup: &Setup,
        world: &World,
    ) {
        let theme = &world.theme;
        let key = self.key;
        let inside = if key.top { "" } else { " · run inside of functions" };
        let id =
            key.id.map_or_else(|| "statements that may not be seen".into(), |id| format!("query id {id}"));
        let head = format!("{id} · {}{inside}", super::whose(key, world));
        paint::put_clipped(
            buf,
            area.x + 1,
            area.y,
            area.width.saturating_sub(2),
            &head,
            theme.style("text.strong"),
        );
        let chart = (area.height / 6).clamp(2, 8);
        // Of the text some lines are seen at any size.
        let most = area.height.saturating_sub(chart + 3 + LEAST_TEXT);
        let rows = self.figures(buf, Rect { y: area.y + 1, height: most, ..area }, setup, world);
        let y = area.y + 1 + rows;
        self.chart(buf, Rect { y, height: chart + 1, ..area }.intersection(area), order, setup, world);
        let y = y + chart + 1;
        let rest = Rect { y, height: area.bottom().saturating_sub(y), ..area };
        paint::rule(buf, rest, theme.style("border"));
        let place = Rect {
            x: rest.x + 1,
            y: y + 1,
            width: rest.width.saturating_sub(2),
            height: rest.height.saturating_sub(1),
        };
        match &self.shown {
            Some(_) => self.text.draw(buf, place, theme),
            None => {
                let why = if key.id.is_none() {
                    "Its text may not be seen by this role."
                } else {
                    "Its text is fetched …"
                };
                paint::put_clipped(buf, place.x, place.y, place.width, why, theme.style("text.dim"));
            }
        }
    }

    /// A table: measures down, spans across, in as many columns as there is room for. Lines used.
    fn figures(&self, buf: &mut Buffer, area: Rect, setup: &Setup, world: &World) -> u16 {
        let theme = &world.theme;
        let wide = 15 + 3 * 15;
        let across = if area.width >= 2 * wide + 4 { 2 } else { 1 };
        let lines = Measure::ALL.len() as u16 + 1;
        let down = lines.div_ceil(across).min(area.height.saturating_sub(1));
        for block in 0..across {
            let x = area.x + 1 + block * (wide + 3);
            for (n, (_, title)) in SPANS.iter().enumerate() {
                let at = x + 15 + n as u16 * 15;
                let cells = 14.min(area.right().saturating_sub(at));
                paint::put_right(buf, at, area.y, cells, title, theme.style("text.dim"));
            }
            for line in 0..down {
                let Some((name, cell)) = self.line(usize::from(block * down + line), setup) else { continue };
                let y = area.y + 1 + line;
                paint::put_clipped(buf, x, y, 14, name, theme.style("text.dim"));
                for (n, text) in cell.iter().enumerate() {
                    let at = x + 15 + n as u16 * 15;
                    let cells = 14.min(area.right().saturating_sub(at));
                    paint::put_right(buf, at, y, cells, text, theme.style("grid.cell.number"));
                }
            }
        }
        down + 1
    }

    /// A line of the table: name, and a figure for each span.
    fn line(&self, n: usize, setup: &Setup) -> Option<(&'static str, [String; 3])> {
        let each = |f: &dyn Fn(&Part) -> String| {
            [0, 1, 2].map(|n| self.parts[n].as_ref().map_or_else(|| "-".into(), f))
        };
        if n == 1 {
            return Some(("share of time", each(&|p| p.share.map_or_else(String::new, percent))));
        }
        let measure = *Measure::ALL.get(if n == 0 { 0 } else { n - 1 })?;
        let total = |p: &Part| {
            let all = figure(measure, &p.counters, None, setup);
            // What ran in a known time is told as a rate, too, where there is room for one number only.
            match measure {
                Measure::Total if p.seconds.is_some() => {
                    let busy = p.counters.time_ms() / 1000.0 / p.seconds.unwrap_or(1.0);
                    if busy >= 0.05 { format!("{all} ({busy:.1}×)") } else { all }
                }
                _ => all,
            }
        };
        Some((name(measure), each(&total)))
    }

    /// A measure over time.
    fn chart(&self, buf: &mut Buffer, area: Rect, order: Measure, setup: &Setup, world: &World) {
        let theme = &world.theme;
        if area.height < 2 {
            return;
        }
        let values: Vec<f64> = self
            .series
            .iter()
            .map(|(seconds, c)| match order {
                Measure::Mean | Measure::Deviation | Measure::Max | Measure::RowsEach => {
                    order.rank(c).max(0.0)
                }
                Measure::Hit => c.hit_share().unwrap_or(0.0),
                _ => order.rank(c) / seconds.max(0.001),
            })
            .collect();
        let cells = usize::from(area.width.saturating_sub(2));
        let shown = &values[values.len().saturating_sub(cells)..];
        let (at, most) = shown
            .iter()
            .copied()
            .enumerate()
            .fold((0, 0.0), |best, one| if one.1 > best.1 { one } else { best });
        let skipped = values.len() - shown.len();
        let top = self.series.get(skipped + at).map(|(seconds, c)| figure(order, c, Some(*seconds), setup));
        let time: f64 = self.series[skipped..].iter().map(|(seconds, _)| seconds).sum();
        let title = format!(
            "{} over the last {} · highest {} · t T: another measure",
            rate_name(order),
            millis(time * 1000.0),
            top.unwrap_or_else(|| "0".into())
        );
        let title = if values.is_empty() { "A chart needs a second sample".into() } else { title };
        paint::put_clipped(
            buf,
            area.x + 1,
            area.y,
            area.width.saturating_sub(2),
            &title,
            theme.style("text.dim"),
        );
        let place = Rect {
            x: area.x + 1,
            y: area.y + 1,
            width: area.width.saturating_sub(2),
            height: area.height - 1,
        };
        chart::columns(buf, place, &values, most, theme.style("text.strong"));
    }
}

fn name(measure: Measure) -> &'static str {
    match measure {
        Measure::Total => "time",
        Measure::Calls => "calls",
        Measure::Mean => "mean",
        Measure::Deviation => "± deviation",
        Measure::Max => "slowest",
        Measure::Rows => "rows",
        Measure::RowsEach => "rows a call",
        Measure::Read => "read",
        Measure::Hit => "in cache",
        Measure::Dirtied => "dirtied",
        Measure::Temp => "temp files",
        Measure::Io => "I/O time",
        Measure::Wal => "WAL",
        Measure::Plan => "planning",
        Measure::Jit => "JIT",
    }
}

fn rate_name(measure: Measure) -> String {
    match measure {
        Measure::Mean | Measure::Deviation | Measure::Max | Measure::RowsEach | Measure::Hit => {
            name(measure).to_owned()
        }
        other => format!("{} a second", name(other)),
    }
}
