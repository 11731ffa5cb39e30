//! One session: everything known of it, and the whole text of its statement in colours.

use super::{age, sql, statement};
use crate::{
    core::{
        command::Command,
        event::{Mouse, MouseKind},
        theme::Theme,
    },
    data::live::{Live, Pulse, Session, horizon},
    widgets::{paint, textview::TextView},
};
use ratatui::{buffer::Buffer, layout::Rect};
use std::sync::Arc;

/// A session that is looked at by itself.
pub struct Opened {
    pid: i32,
    started: Option<i64>,
    facts: Vec<(&'static str, String)>,
    text: TextView,
    shown: Arc<str>,
    note: &'static str,
}

impl Opened {
    /// Opens a session of a pulse.
    #[must_use]
    pub fn new(session: &Session, pulse: &Pulse, live: &Live) -> Self {
        let mut opened = Self {
            pid: session.pid,
            started: session.started,
            facts: vec![],
            text: TextView::new(""),
            shown: "".into(),
            note: "",
        };
        opened.settle(pulse, live);
        opened
    }

    /// The session whose whole text is wanted: pid and start. `None`: it is here.
    #[must_use]
    pub fn lacks(&self, pulse: &Pulse, live: &Live) -> Option<(i32, Option<i64>)> {
        let session = self.session(pulse)?;
        (session.query_cut && whole(session, live).is_none()).then_some((self.pid, self.started))
    }

    fn session<'p>(&self, pulse: &'p Pulse) -> Option<&'p Arc<Session>> {
        pulse.session(self.pid).filter(|s| s.started == self.started)
    }

    /// What is known of it in this pulse; when it is gone the last of it stays.
    pub fn settle(&mut self, pulse: &Pulse, live: &Live) {
        let Some(session) = self.session(pulse).map(Arc::clone) else {
            if let Some((_, state)) = self.facts.iter_mut().find(|(name, _)| *name == "state") {
                *state = "not there at this moment".into();
            }
            return;
        };
        self.facts = facts(&session, pulse, live);
        let text = whole(&session, live).unwrap_or_else(|| Arc::clone(&session.query));
        self.note = match (session.query_lost, session.query_cut) {
            (true, _) => {
                "The server keeps only this beginning (track_activity_query_size; a restart changes it)."
            }
            (_, true) if text == session.query => {
                "The rest of the text is being fetched, or it ended meanwhile."
            }
            _ => "",
        };
        if self.shown != text {
            self.text = sql::view(&text);
            self.shown = text;
        }
    }

    /// The text as it stands, for copying.
    #[must_use]
    pub fn words(&self) -> String {
        let mut out: Vec<String> =
            self.facts.iter().map(|(name, value)| format!("{name:<16} {value}")).collect();
        out.push(String::new());
        out.push(self.shown.to_string());
        out.join("\n")
    }

    /// Scrolls; `false`: not its command.
    pub fn command(&mut self, command: Command) -> bool {
        match command {
            Command::Up => self.text.scroll(-1),
            Command::Down => self.text.scroll(1),
            other => return self.text.command(other),
        }
        true
    }

    /// The wheel.
    pub fn mouse(&mut self, mouse: Mouse) {
        match mouse.kind {
            MouseKind::ScrollUp => self.text.scroll(-3),
            MouseKind::ScrollDown => self.text.scroll(3),
            _ => {}
        }
    }

    /// Draws facts above and the text below.
    pub fn draw(&mut self, buf: &mut Buffer, area: Rect, theme: &Theme) {
        let across: u16 = if area.width >= 100 { 2 } else { 1 };
        let wide = area.width / across;
        let lines = (self.facts.len() as u16).div_ceil(across).min(area.height.saturating_sub(6).max(1));
        for (n, (name, value)) in self.facts.iter().enumerate() {
            let (block, line) = (n as u16 / lines, n as u16 % lines);
            if block >= across {
                break;
            }
            let (x, y) = (area.x + 1 + block * wide, area.y + line);
            paint::put_clipped(buf, x, y, 16, name, theme.style("text.dim"));
            paint::put_clipped(buf, x + 17, y, wide.saturating_sub(19), value, theme.style("text"));
        }
        let y = area.y + lines;
        paint::rule(buf, Rect { y, ..area }, theme.style("border"));
        let told = u16::from(!self.note.is_empty());
        let height = area.bottom().saturating_sub(y + 1 + told);
        let place = Rect { x: area.x + 1, y: y + 1, width: area.width.saturating_sub(2), height };
        self.text.draw(buf, place, theme);
        if told > 0 {
            let y = place.bottom();
            paint::put_clipped(buf, place.x, y, place.width, self.note, theme.style("message.warning"));
        }
    }
}

/// The whole text, when it was fetched for this very statement.
fn whole(session: &Session, live: &Live) -> Option<Arc<str>> {
    let query = live.query.as_ref()?;
    let same = query.pid == session.pid
        && query.started == session.started
        && query.query_start == session.query_start;
    same.then(|| Arc::clone(&query.text))
}

fn facts(s: &Session, pulse: &Pulse, live: &Live) -> Vec<(&'static str, String)> {
    let names = &live.names;
    let since = |at| age(at, pulse.at);
    let hidden = |text: String| if s.masked { "· may not be seen".into() } else { text };
    let mut facts = vec![
        ("pid", s.pid.to_string()),
        ("kind", s.backend_type.to_string()),
        ("role", names.role(s.role)),
        ("database", names.database(s.database)),
        ("application", s.application.to_string()),
        ("client", s.client.to_string()),
        ("state", hidden(format!("{} for {}", s.state, since(s.state_change)))),
        ("waits for", hidden(waits(s))),
        ("session for", hidden(since(s.started))),
        ("transaction for", since(s.xact_start)),
        statement(s, pulse.at),
        (
            "wrote",
            if s.has_xid {
                "yes: it has a transaction id".into()
            } else {
                "nothing in this transaction".into()
            },
        ),
    ];
    if let Some(leader) = s.leader.filter(|leader| *leader != s.pid) {
        facts.push(("works for", format!("pid {leader}")));
    }
    let workers: Vec<String> = pulse
        .sessions
        .iter()
        .filter(|w| w.leader == Some(s.pid) && w.pid != s.pid)
        .map(|w| w.pid.to_string())
        .collect();
    if !workers.is_empty() {
        facts.push(("workers", workers.join(", ")));
    }
    if let Some(old) = pulse.xmin_age(s) {
        let held = match horizon::reach(s, live.horizon.as_ref(), &live.names).words() {
            "" => "vacuum keeps every row version since",
            held => held,
        };
        facts.push(("snapshot", format!("{} old: {held}", horizon::age(old))));
    }
    if let Some(id) = s.query_id {
        facts.push(("query id", id.to_string()));
    }
    facts
}

fn waits(s: &Session) -> String {
    match (&*s.wait_type, s.active()) {
        ("", true) => "nothing: it computes".into(),
        ("", false) => String::new(),
        (kind, _) => format!("{kind} {}", s.wait_event),
    }
}
