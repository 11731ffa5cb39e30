//! What the live panes have in common: the moment they show, the list they show it in, and asking before a signal.

pub mod export;
pub mod list;
pub mod session;
pub mod signal;
pub mod sql;

pub use crate::text::units::clock;
use crate::{
    core::{command::Command, effect::Effect, theme::Theme, world::World},
    data::live::{Live, Micros, Probe, Pulse, Ring, Sampled, Session, export::Export},
    text::units,
    widgets::paint,
};
use ratatui::{buffer::Buffer, layout::Rect};
use std::time::Duration;

/// Which sample is shown: the newest as they come, or one that was stopped at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment(Option<u64>);

/// The wish that the active server is sampled for a pane; none while it is not connected. Asked again whenever the
/// connection came up: a new one samples nothing by itself.
#[must_use]
pub fn watch(world: &World, probe: Probe) -> Option<Effect> {
    world.server()?.info.as_ref()?;
    Some(Effect::Watch { conn: world.active, probe, every: Some(probe.every()) })
}

impl Moment {
    /// Stops, follows again or steps; `None`: not its command. The error: what to say instead.
    pub fn command<T>(&mut self, command: Command, ring: &Ring<T>) -> Option<Result<(), &'static str>> {
        let (by, none) = match command {
            Command::Pause => {
                self.pause(ring);
                return Some(Ok(()));
            }
            Command::StepBack => (-1, "No older sample is kept"),
            Command::StepForward => (1, "This is the newest sample"),
            _ => return None,
        };
        Some(if self.step(by, ring) { Ok(()) } else { Err(none) })
    }

    /// Stops at the newest sample, or follows again.
    pub fn pause<T>(&mut self, ring: &Ring<T>) {
        self.0 = match self.0 {
            Some(_) => None,
            None => ring.numbers().next_back(),
        };
    }

    /// A sample back or forth; a step back from the newest stops there. `false`: there is none.
    pub fn step<T>(&mut self, by: i64, ring: &Ring<T>) -> bool {
        let numbers = ring.numbers();
        let Some(last) = numbers.end.checked_sub(1) else { return false };
        let to = self.0.unwrap_or(last).saturating_add_signed(by);
        if !numbers.contains(&to) {
            return false;
        }
        self.0 = Some(to);
        true
    }

    /// Stops at this sample.
    pub fn stop_at(&mut self, number: u64) {
        self.0 = Some(number);
    }

    /// The moment of this sample; `None`: the newest as they come.
    #[must_use]
    pub fn of(stopped: Option<u64>) -> Self {
        Self(stopped)
    }

    /// The sample it is stopped at.
    #[must_use]
    pub fn stopped(self) -> Option<u64> {
        self.0
    }

    /// Stopped?
    #[must_use]
    pub fn paused(self) -> bool {
        self.0.is_some()
    }

    /// Number of the sample shown.
    #[must_use]
    pub fn number<T>(self, ring: &Ring<T>) -> Option<u64> {
        let (_, newer) = self.shown(ring)?;
        ring.numbers().end.checked_sub(newer + 1)
    }

    /// The sample shown, and how many newer ones there are.
    #[must_use]
    pub fn shown<T>(self, ring: &Ring<T>) -> Option<(&T, u64)> {
        let numbers = ring.numbers();
        let last = numbers.end.checked_sub(1)?;
        let number = self.0.unwrap_or(last).clamp(numbers.start, last);
        Some((ring.at(number)?, last - number))
    }
}

/// `1.2 s` between two moments of the server's clock; nothing when the first is unknown.
#[must_use]
pub fn age(since: Option<Micros>, now: Micros) -> String {
    let Some(since) = since else { return String::new() };
    let micros = u64::try_from(now - since).unwrap_or(0);
    let age = Duration::from_micros(micros);
    // Tenths of milliseconds say nothing about a session.
    if age < Duration::from_secs(1) { format!("{} ms", age.as_millis()) } else { units::duration(age) }
}

/// How long its statement runs at a moment; of a session that runs none when its last one began and ended.
#[must_use]
pub fn statement(session: &Session, now: Micros) -> (&'static str, String) {
    let began = age(session.query_start, now);
    match (session.state_change, began.is_empty()) {
        (Some(_), false) if !session.active() => {
            ("last statement", format!("began {began} ago, ended {} ago", age(session.state_change, now)))
        }
        _ => ("statement for", began),
    }
}

/// The line above a live pane: what is shown, how old it is, what it costs, and what is wrong. `ring`: the samples of
/// `probe`, which the pane shows.
pub fn head<T: Sampled>(
    buf: &mut Buffer,
    area: Rect,
    what: &str,
    moment: Moment,
    (probe, ring): (Probe, &Ring<T>),
    world: &World,
) {
    let theme = &world.theme;
    let Some(live) = world.server().map(|s| &s.live) else { return };
    let (parts, style) = state(live, moment, (probe, ring), world.now);
    // How fresh it is is said whole, however much there is to say of what is shown.
    let first = parts.first().map_or(0, |part| crate::text::width::width(part) as u16);
    let room = area.width.saturating_sub(first.saturating_add(4)).max(area.width / 3);
    let x = paint::put_clipped(buf, area.x + 1, area.y, room, what, theme.style("text.strong"));
    let rest = area.right().saturating_sub(x + 3);
    // The first says most; what does not fit is left out from the end.
    let mut text = String::new();
    for (n, part) in parts.into_iter().enumerate() {
        let more = if n == 0 { part } else { format!("{text} · {part}") };
        if n > 0 && crate::text::width::width(&more) > usize::from(rest) {
            break;
        }
        text = more;
    }
    paint::put_right(buf, x + 2, area.y, rest, &text, theme.style(style));
}

/// How fresh the sample is, in words, and the style to say it in.
fn state<T: Sampled>(
    live: &Live,
    moment: Moment,
    (probe, ring): (Probe, &Ring<T>),
    now: Duration,
) -> (Vec<String>, &'static str) {
    let shown = moment.shown(ring);
    let at = shown.map(|(sample, _)| clock(sample.at())).unwrap_or_default();
    let kept = kept(ring);
    if let Some(silent) = live.silent(probe, now) {
        let mut parts = vec![format!("no answer for {}", units::seconds(silent))];
        if !at.is_empty() {
            let what = if moment.paused() { "paused at" } else { "shown:" };
            parts.extend([format!("{what} {at}"), kept]);
        }
        return (parts, if live.lost.is_some() { "message.error" } else { "message.warning" });
    }
    if moment.paused() {
        let newer = shown.map_or(0, |(_, newer)| newer);
        let newer = if newer == 0 { String::new() } else { format!(", {newer} newer") };
        let paused = format!("paused at {at}{newer}");
        return (vec![paused, ", . step".into(), "p follows".into(), kept], "message.warning");
    }
    if let Some(why) = live.failed.get(&probe) {
        return (vec![format!("the last sample failed ({why}); shown: {at}")], "message.error");
    }
    let Some((sample, _)) = shown else { return (vec!["waiting for the first sample".into()], "text.dim") };
    let load = live.load.last_minute(now).as_millis();
    (vec![at, units::duration(sample.took()), format!("load {load} ms/min"), kept], "text.dim")
}

/// The samples of sessions and locks that are kept, to be written.
#[must_use]
pub fn export(world: &World) -> Option<Export> {
    let server = world.server()?;
    let role = server.info.as_ref().map_or("", |i| i.user.as_str());
    Some(Export::pulses(server.live.pulses.all(), server.live.names.clone(), grant(role)))
}

/// What will be written, under the question for the file's name.
#[must_use]
pub fn export_hint<T: Sampled>(ring: &Ring<T>) -> String {
    format!(
        "{} samples of {}; as JSON, a sample a line; a file that is there is not replaced",
        ring.len(),
        units::duration(span(ring))
    )
}

/// The statement that shows a role what it does not see of others.
#[must_use]
pub fn grant(role: &str) -> String {
    format!("GRANT pg_read_all_stats TO {}", crate::sql::quote::ident(role))
}

/// `12 min 05 s kept, 3.1 MB`.
fn kept<T: Sampled>(ring: &Ring<T>) -> String {
    let time = span(ring);
    let bytes = units::bytes(ring.bytes() as u64);
    if time.is_zero() { format!("{bytes} kept") } else { format!("{} kept, {bytes}", units::duration(time)) }
}

/// From the first sample kept to the last.
fn span<T: Sampled>(ring: &Ring<T>) -> Duration {
    let first = ring.iter().next().map_or(0, Sampled::at);
    let last = ring.last().map_or(0, Sampled::at);
    Duration::from_micros(u64::try_from(last - first).unwrap_or(0))
}

/// What this role may not see, and what would show it. Nothing when it sees everything.
#[must_use]
pub fn hidden(pulse: &Pulse, role: &str) -> Option<String> {
    let masked = pulse.sessions.iter().filter(|s| s.masked).count();
    (masked > 0).then(|| {
        format!(
            "{masked} of {} sessions are shown without state and text: {} shows them",
            pulse.sessions.len(),
            grant(role)
        )
    })
}

/// Lines of a text at the bottom of a pane, wrapped, the first ones that fit.
pub fn foot(buf: &mut Buffer, area: Rect, lines: &[(String, &'static str)], theme: &Theme) {
    let mut y = area.y;
    for (text, style) in lines {
        let text = crate::text::clean::line(text);
        let parts = crate::text::width::wrap(&text, usize::from(area.width.saturating_sub(2)));
        for (n, part) in parts.into_iter().enumerate() {
            if y >= area.bottom() {
                return;
            }
            let part = if n == 0 { &text[part] } else { text[part].trim_start() };
            paint::put(buf, area.x + 1, y, area.width.saturating_sub(2), part, theme.style(style));
            y += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::live::Weighed;

    struct Number;

    impl Weighed for Number {
        const MOST: usize = usize::MAX;
        const BUDGET: usize = 3;

        fn weight(&self, _: Option<&Self>) -> usize {
            1
        }
    }

    #[test]
    fn stepping_stops_and_pausing_follows_again() {
        let mut ring = Ring::with_budget(3 * (1 + Ring::<Number>::default().each()));
        let mut moment = Moment::default();
        assert!(!moment.step(-1, &ring) && moment.shown(&ring).is_none());
        for _ in 0..3 {
            ring.push(Number);
        }
        assert!(!moment.step(1, &ring), "nothing is newer than the newest");
        assert!(moment.step(-1, &ring) && moment.paused());
        assert_eq!(moment.shown(&ring).map(|(_, newer)| newer), Some(1));
        ring.push(Number);
        assert_eq!(moment.shown(&ring).map(|(_, newer)| newer), Some(2), "time goes on, it stays");
        ring.push(Number);
        ring.push(Number);
        assert_eq!(moment.shown(&ring).map(|(_, newer)| newer), Some(2), "gone: the oldest at hand");
        moment.pause(&ring);
        assert!(!moment.paused());
    }

    #[test]
    fn a_statement_that_ended_does_not_run() {
        let mut session = Session {
            state: "idle in transaction".into(),
            query_start: Some(0),
            state_change: Some(3_000_000),
            ..Session::default()
        };
        let say = |s: &Session| statement(s, 5_000_000);
        assert_eq!(say(&session), ("last statement", "began 5.0 s ago, ended 2.0 s ago".into()));
        session.state = "active".into();
        assert_eq!(say(&session), ("statement for", "5.0 s".into()));
        assert_eq!(
            say(&Session::default()),
            ("statement for", String::new()),
            "it may not be seen, or ran none"
        );
    }

    #[test]
    fn ages_and_clocks() {
        assert_eq!(age(None, 5), "");
        assert_eq!(age(Some(0), 1_500_000), "1.5 s");
        assert_eq!(age(Some(0), 1_500), "1 ms");
        assert_eq!(age(Some(10), 0), "0 ms", "clocks of two moments may differ");
        assert_eq!(clock(1_700_000_000_000_000), "22:13:20 UTC");
    }
}
