//! Drawing: what working sessions wait for over time, the list, and the chosen statement below.

use super::{Activity, Show};
use crate::{
    core::world::World,
    data::live::{
        Names, Probe, Pulse, Session,
        activity::{Class, profile},
    },
    text::units,
    views::live::{self, list::Column, sql},
    widgets::{paint, spark},
};
use ratatui::{Frame, layout::Rect};

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
        let (names, top) = (server.live.names.clone(), Rect { height: 1, ..area });
        let pulses = (Probe::Pulse, &server.live.pulses);
        let Some(pulse) = self.pulse(world).cloned() else {
            return live::head(buf, top, "Activity", self.moment, pulses, world);
        };
        live::head(buf, top, &self.summary(&pulse), self.moment, pulses, world);
        let chart = u16::from(area.height > 12);
        if chart > 0 {
            self.chart(buf, Rect { y: area.y + 1, height: 1, ..area }, world, &pulse);
        }
        let below = (area.height / 4).clamp(2, 8);
        let list = Rect { y: area.y + 1 + chart, height: area.height - 1 - chart - below, ..area };
        let now = pulse.at;
        self.list.draw(buf, list, &COLUMNS, theme, |_, (pid, _), column| {
            pulse.session(*pid).map_or((String::new(), "text"), |s| cell(s, column, now, &names))
        });
        let foot = Rect { y: list.bottom(), height: below, ..area };
        for x in area.left()..area.right() {
            paint::put(buf, x, foot.y, 1, "─", theme.style("border"));
        }
        let role = world.server().and_then(|s| s.info.as_ref()).map_or("this role", |i| i.user.as_str());
        let hidden = live::hidden(&pulse, role);
        let room = foot.height - 1 - u16::from(hidden.is_some());
        if let Some(session) = self.session(world) {
            sql::draw(buf, Rect { y: foot.y + 1, height: room, ..foot }, &session.query, theme);
        }
        if let Some(hidden) = hidden {
            let last = Rect { y: foot.bottom() - 1, height: 1, ..foot };
            live::foot(buf, last, &[(hidden, "message.warning")], theme);
        }
    }

    fn summary(&self, pulse: &Pulse) -> String {
        let clients = pulse.sessions.iter().filter(|s| s.is_client());
        let active = clients.clone().filter(|s| s.active()).count();
        let idle = clients.clone().filter(|s| s.idle_in_transaction()).count();
        let show = match self.show {
            Show::Clients => "",
            Show::Busy => " · only busy",
            Show::All => " · with the server's own",
        };
        let filter =
            if self.filter.is_empty() { String::new() } else { format!(" · with “{}”", self.filter) };
        let idle = if idle > 0 { format!(", {idle} idle in transaction") } else { String::new() };
        format!(
            "{} sessions, {active} active{idle} · by {}{show}{filter}",
            clients.count(),
            self.order.name()
        )
    }

    /// What working sessions did and waited for in the last samples up to the one shown.
    fn chart(&self, buf: &mut ratatui::buffer::Buffer, area: Rect, world: &World, pulse: &Pulse) {
        let theme = &world.theme;
        let Some(server) = world.server() else { return };
        let before = server.live.pulses.iter().rev().skip_while(|p| p.at > pulse.at).take(CHART);
        let mut profiles: Vec<[usize; 6]> = before.map(profile).collect();
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
    }

    /// Everything about the chosen session, to read and to copy.
    pub(super) fn page(&self, world: &World) -> Option<String> {
        let (pulse, session) = (self.pulse(world)?, self.session(world)?);
        let names = &world.server()?.live.names;
        let age = |at| live::age(at, pulse.at);
        let mut lines = vec![
            format!("pid              {}", session.pid),
            format!("kind             {}", session.backend_type),
            format!("role             {}", names.role(session.role)),
            format!("database         {}", names.database(session.database)),
            format!("application      {}", session.application),
            format!("client           {}", session.client),
            format!("state            {} for {}", session.state, age(session.state_change)),
            format!("waits for        {} {}", session.wait_type, session.wait_event),
            format!("session for      {}", age(session.started)),
            format!("transaction for  {}", age(session.xact_start)),
            format!("statement for    {}", age(session.query_start)),
        ];
        if let Some(leader) = session.leader {
            lines.push(format!("works for        pid {leader}"));
        }
        if let Some(age) = session.xmin_age {
            let age = units::count(u64::try_from(age).unwrap_or(0));
            lines.push(format!(
                "oldest snapshot  {age} transactions old: vacuum keeps every row version since"
            ));
        }
        if let Some(id) = session.query_id {
            lines.push(format!("query id         {id}"));
        }
        lines.push(String::new());
        lines.push(session.query.to_string());
        if session.query_cut {
            lines.push("… (the text is longer)".into());
        }
        Some(lines.join("\n"))
    }
}

fn cell(s: &Session, column: usize, now: i64, names: &Names) -> (String, &'static str) {
    match column {
        0 => (
            if s.leader.is_some_and(|l| l != s.pid) { format!("└ {}", s.pid) } else { s.pid.to_string() },
            "text",
        ),
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
        8 => {
            (s.xmin_age.map(|a| units::count(u64::try_from(a).unwrap_or(0))).unwrap_or_default(), "text.dim")
        }
        9 => {
            let text = s.query.split_whitespace().take(60).collect::<Vec<_>>().join(" ");
            (text, if s.active() { "text" } else { "text.dim" })
        }
        _ => (String::new(), "text"),
    }
}
