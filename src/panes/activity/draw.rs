//! Drawing: what working sessions wait for over time, the list, and the chosen statement below.

use super::Activity;
use crate::{
    core::world::World,
    data::live::{
        Names, Probe, Pulse, Session,
        activity::{Class, Order},
        horizon,
    },
    text::units,
    views::live::{self, list::Column, sql},
    widgets::{chart, paint, spark},
};
use ratatui::{Frame, buffer::Buffer, layout::Rect};
use std::collections::BTreeSet;

const COLUMNS: [Column; 10] = [
    Column::new("pid", 8, true, 0),
    Column::new("role@database", 18, false, 90),
    Column::new("application", 16, false, 140),
    Column::new("client", 15, false, 180),
    Column::new("state", 19, false, 0),
    Column::new("waits for", 18, false, 0),
    Column::new("running", 10, true, 0),
    Column::new("in transaction", 14, true, 110),
    Column::new("snapshot", 9, true, 160),
    Column::new("statement", 0, false, 0),
];

/// Samples in a chart.
const CHART: usize = 60;

impl Activity {
    pub(super) fn draw_all(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        let theme = &world.theme;
        let buf = frame.buffer_mut();
        if area.height < 5 {
            return;
        }
        let Some(server) = world.server() else { return };
        let (names, top) = (&server.live.names, Rect { height: 1, ..area });
        let pulses = (Probe::Pulse, &server.live.pulses);
        let Some(pulse) = self.pulse(world) else {
            return live::head(buf, top, "Activity", self.moment, pulses, world);
        };
        live::head(buf, top, &self.summary(pulse), self.moment, pulses, world);
        if let Some(open) = &mut self.open {
            let below = Rect { y: area.y + 1, height: area.height - 1, ..area };
            return open.draw(buf, below, theme);
        }
        let chart = match area.height {
            0..=12 => 0,
            13..=27 => 1,
            height => (height / 6).min(9),
        };
        let top = Rect { y: area.y + 1, height: chart, ..area };
        match chart {
            0 => {}
            1 => self.chart(buf, top, world, pulse),
            _ => self.tall_chart(buf, top, world, pulse),
        }
        let below = (area.height / 4).clamp(2, 8);
        let list = Rect { y: area.y + 1 + chart, height: area.height - 1 - chart - below, ..area };
        let columns = sorted_by(COLUMNS, self.order);
        let (rows, mark) = (&self.rows, self.mark.as_ref().filter(|mark| mark.at <= pulse.at));
        self.list.draw(buf, list, &columns, theme, |line, _, column| {
            let session = rows.get(line).and_then(|n| pulse.sessions.get(*n));
            session.map_or((String::new(), "text"), |s| cell(s, column, pulse, names, mark))
        });
        let foot = Rect { y: list.bottom(), height: below, ..area };
        paint::rule(buf, foot, theme.style("border"));
        let role = world.server().and_then(|s| s.info.as_ref()).map_or("this role", |i| i.user.as_str());
        let mut notes: Vec<String> = vec![];
        notes.extend(
            self.holder
                .as_ref()
                .map(|h| format!("Vacuum is held back {} by {}: v says more", horizon::age(h.age), h.who)),
        );
        notes.extend(live::hidden(pulse, role));
        let room = foot.height.saturating_sub(1 + notes.len() as u16);
        if let Some(session) = self.session(world) {
            sql::draw(buf, Rect { y: foot.y + 1, height: room, ..foot }, &session.query, theme);
        }
        for (note, y) in notes.iter().zip(foot.y + 1 + room..foot.bottom()) {
            paint::put_clipped(
                buf,
                foot.x + 1,
                y,
                foot.width.saturating_sub(2),
                note,
                theme.style("message.warning"),
            );
        }
    }

    fn summary(&self, pulse: &Pulse) -> String {
        let clients = pulse.sessions.iter().filter(|s| s.is_client());
        let active = clients.clone().filter(|s| s.active()).count();
        let idle = clients.clone().filter(|s| s.idle_in_transaction()).count();
        let filter =
            if self.filter.is_empty() { String::new() } else { format!(" · with “{}”", self.filter) };
        let idle = if idle > 0 { format!(", {idle} idle in transaction") } else { String::new() };
        // Nobody seen to work is not nobody at work; who waits is known by the lock table.
        let hidden = match clients.clone().filter(|s| s.masked).count() {
            0 => String::new(),
            hidden if pulse.waiting == 0 => format!(", {hidden} not visible"),
            hidden => format!(", {hidden} not visible ({} wait for a lock)", pulse.waiting),
        };
        let mark = self.mark.as_ref().map(|mark| changed(mark, pulse)).unwrap_or_default();
        format!(
            "{} sessions, {active} active{idle}{hidden} · by {}{}{filter}{mark}",
            clients.count(),
            self.order.name(),
            self.show.name()
        )
    }

    /// What working sessions did and waited for over time, as a chart of the height there is: a column a sample, a sign
    /// and a colour a class.
    fn tall_chart(&self, buf: &mut Buffer, area: Rect, world: &World, pulse: &Pulse) {
        let theme = &world.theme;
        let Some(live) = self.live(world) else { return };
        let cells = usize::from(area.width.saturating_sub(2));
        let before = live.pulses.iter().rev().skip_while(|p| p.at > pulse.at).take(cells);
        let mut stacks: Vec<Vec<f64>> =
            before.map(|p| p.profile.iter().map(|n| *n as f64).collect()).collect();
        stacks.reverse();
        let most = stacks.iter().map(|s| s.iter().sum::<f64>()).fold(1.0, f64::max);
        let inks = Class::ALL.map(|class| (sign(class), theme.style(ink(class))));
        let mut x = area.x + 1;
        let now = stacks.last().cloned().unwrap_or_default();
        for (class, n) in Class::ALL.iter().zip(now) {
            if stacks.iter().all(|s| s[*class as usize] == 0.0) {
                continue;
            }
            let text = format!("{} {} {n}  ", sign(*class), class.name());
            x = paint::put(buf, x, area.y, area.right().saturating_sub(x), &text, theme.style(ink(*class)));
        }
        let unseen = unseen(pulse);
        if x == area.x + 1 && !unseen.is_empty() {
            paint::put_clipped(
                buf,
                x,
                area.y,
                area.width.saturating_sub(2),
                &unseen,
                theme.style("text.dim"),
            );
            return;
        }
        let most_text = format!("working sessions, {most} at most");
        paint::put_right(
            buf,
            x,
            area.y,
            area.right().saturating_sub(x + 1),
            &most_text,
            theme.style("text.dim"),
        );
        let place = Rect {
            x: area.x + 1,
            y: area.y + 1,
            width: area.width.saturating_sub(2),
            height: area.height - 1,
        };
        chart::stacks(buf, place, &stacks, most.max(f64::from(place.height)), &inks);
    }

    /// What working sessions did and waited for in the last samples up to the one shown.
    fn chart(&self, buf: &mut Buffer, area: Rect, world: &World, pulse: &Pulse) {
        let theme = &world.theme;
        let Some(server) = world.server() else { return };
        let before = server.live.pulses.iter().rev().skip_while(|p| p.at > pulse.at).take(CHART);
        let mut profiles: Vec<[usize; 6]> = before.map(|p| p.profile).collect();
        profiles.reverse();
        let most = profiles.iter().flatten().copied().max().unwrap_or(0) as f64;
        let cells = usize::from(area.width / 6).saturating_sub(10).clamp(3, 20);
        let mut x = area.x + 1;
        for class in Class::ALL {
            let values: Vec<f64> = profiles.iter().map(|p| p[class as usize] as f64).collect();
            let now = values.last().copied().unwrap_or(0.0);
            if values.iter().all(|v| *v == 0.0) {
                continue;
            }
            let text =
                format!("{} {now} {}  ", class.name(), spark::sparkline(&values, cells, Some(most.max(1.0))));
            let style = match class {
                Class::Lock => "message.warning",
                Class::Cpu => "message.ok",
                _ => "text",
            };
            x = paint::put(buf, x, area.y, area.right().saturating_sub(x), &text, theme.style(style));
        }
        if x == area.x + 1 {
            let (width, style) = (area.width.saturating_sub(2), theme.style("text.dim"));
            paint::put_clipped(buf, x, area.y, width, &unseen(pulse), style);
        }
    }
}

/// In place of a chart that is empty because nothing may be seen.
fn unseen(pulse: &Pulse) -> String {
    match pulse.sessions.iter().filter(|s| s.is_client() && s.masked).count() {
        0 => String::new(),
        n => format!("? What {n} of the sessions do is not visible: no chart of it"),
    }
}

/// What came and went since the mark.
fn changed(mark: &Pulse, now: &Pulse) -> String {
    if now.at < mark.at {
        // What came and what ended is told of moments behind it.
        return " · before the mark".into();
    }
    let id = |s: &Session| (s.pid, s.started);
    let ids = |pulse: &Pulse| pulse.sessions.iter().filter(|s| s.is_client()).map(|s| id(s)).collect();
    let (then, now): (BTreeSet<_>, BTreeSet<_>) = (ids(mark), ids(now));
    format!(
        " · since {}: +{} −{}",
        live::clock(mark.at),
        now.difference(&then).count(),
        then.difference(&now).count()
    )
}

/// `+`: came since the mark, `=`: runs the very statement it ran then.
fn since_mark(s: &Session, mark: Option<&Pulse>) -> &'static str {
    let Some(mark) = mark else { return "" };
    match mark.session(s.pid).filter(|then| then.started == s.started) {
        None => "+",
        Some(then) if s.active() && then.active() && then.query_start == s.query_start => "=",
        Some(_) => "",
    }
}

/// The sign of a class in the chart: what it is can be seen without colours.
fn sign(class: Class) -> &'static str {
    match class {
        Class::Cpu => "█",
        Class::Io => "▓",
        Class::Lock => "▒",
        Class::Lightweight => "░",
        Class::Client => "·",
        Class::Other => "+",
    }
}

fn ink(class: Class) -> &'static str {
    match class {
        Class::Lock => "message.warning",
        Class::Cpu => "message.ok",
        Class::Io => "message.notice",
        Class::Lightweight => "message.error",
        Class::Client | Class::Other => "text.dim",
    }
}

/// The order a column stands for.
pub(super) fn order(column: usize) -> Option<Order> {
    match column {
        0 => Some(Order::Pid),
        1 => Some(Order::Role),
        4 | 6 => Some(Order::Work),
        5 => Some(Order::Wait),
        7 => Some(Order::Transaction),
        8 => Some(Order::Snapshot),
        _ => None,
    }
}

/// The columns, the one that is sorted by marked and shown at any width.
fn sorted_by(mut columns: [Column; 10], by: Order) -> [Column; 10] {
    let wanted = (0..columns.len()).rev().find(|n| order(*n) == Some(by));
    if let Some(column) = wanted.and_then(|n| columns.get_mut(n)) {
        (column.sorted, column.from) = (true, 0);
    }
    columns
}

fn cell(
    s: &Session,
    column: usize,
    pulse: &Pulse,
    names: &Names,
    mark: Option<&Pulse>,
) -> (String, &'static str) {
    let now = pulse.at;
    match column {
        0 => {
            let sign = since_mark(s, mark);
            let pid = if s.leader.is_some_and(|l| l != s.pid) {
                format!("└ {}", s.pid)
            } else {
                s.pid.to_string()
            };
            (format!("{sign}{pid}"), if sign.is_empty() { "text" } else { "text.strong" })
        }
        1 if s.role != 0 => (format!("{}@{}", names.role(s.role), names.database(s.database)), "text"),
        2 if s.application.is_empty() => (s.backend_type.to_string(), "text.dim"),
        2 => (s.application.to_string(), "text"),
        3 => (s.client.to_string(), "text.dim"),
        4 if s.masked => ("·".into(), "text.dim"),
        4 if s.state.is_empty() => (s.backend_type.to_string(), "text.dim"),
        4 => {
            let style = match s.idle_in_transaction() {
                true => "message.warning",
                false if s.active() => "message.ok",
                false => "text.dim",
            };
            (s.state.to_string(), style)
        }
        5 if s.wait_type.is_empty() => (if s.active() { "CPU".into() } else { String::new() }, "text.dim"),
        5 => {
            let style = if &*s.wait_type == "Lock" { "message.warning" } else { "text.dim" };
            (format!("{} {}", s.wait_type, s.wait_event), style)
        }
        6 if s.active() => (live::age(s.query_start, now), "grid.cell.time"),
        7 => (live::age(s.xact_start, now), "grid.cell.time"),
        8 => (
            pulse.xmin_age(s).map(|a| units::count(u64::try_from(a).unwrap_or(0))).unwrap_or_default(),
            "text.dim",
        ),
        9 => {
            let text = s.query.split_whitespace().take(60).collect::<Vec<_>>().join(" ");
            (text, if s.active() { "text" } else { "text.dim" })
        }
        _ => (String::new(), "text"),
    }
}
