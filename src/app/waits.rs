//! When the server does not answer, why: whom our own sessions wait for.

use super::App;
use crate::{
    core::effect::Effect,
    data::live::{Own, Probe, words},
};
use std::time::Duration;

/// What takes longer without any answer may wait for somebody.
const LONG: Duration = Duration::from_secs(1);

impl App {
    /// Asks the watching session whom we wait for while something has had no answer for long, and no more afterwards.
    pub(super) fn look_for_waits(&mut self) {
        let since = self.jobs.waits_since();
        let long = since.is_some_and(|since| since + LONG <= self.world.now);
        let conn = self.world.active;
        match self.watched {
            None if long => {
                self.watched = Some(conn);
                self.out.push(Effect::Watch { conn, probe: Probe::Own, every: Some(Probe::Own.every()) });
            }
            Some(watched) if !long || watched != conn => {
                self.watched = None;
                self.out.push(Effect::Watch { conn: watched, probe: Probe::Own, every: None });
                if let Some(server) = self.world.conns.get_mut(&watched) {
                    server.live.own.clear();
                }
            }
            _ => {}
        }
    }

    /// When to look again.
    pub(super) fn waits_tick(&self) -> Option<Duration> {
        let since = self.jobs.waits_since().filter(|_| self.watched.is_none())?;
        Some(since + LONG)
    }

    /// Whom we wait for, in words.
    pub(super) fn waits(&self) -> Option<String> {
        let live = &self.world.server()?.live;
        // Who holds it rather than who only stands ahead.
        let own = live.own.iter().max_by_key(|own| own.edge.hard)?;
        Some(in_words(own, &live.names.role(own.blocker.as_ref().map_or(0, |s| s.role))))
    }
}

fn in_words(own: &Own, role: &str) -> String {
    let edge = &own.edge;
    let who = match (&edge.prepared, &own.blocker) {
        (Some(prepared), _) => format!("the prepared transaction {}", prepared.gid),
        (None, Some(s)) if s.application.is_empty() => format!("pid {} ({role})", s.pid),
        (None, Some(s)) => format!("pid {} ({} of {role})", s.pid, s.application),
        (None, None) => format!("pid {}", edge.blocker),
    };
    let idle = own.blocker.as_ref().is_some_and(|s| s.idle_in_transaction());
    let idle = if idle { ", which is idle in its transaction and" } else { ", which" };
    let (verb, mode) = if edge.hard {
        ("holds", words::strongest(&edge.held))
    } else {
        ("waits before us for", words::strongest(&edge.ahead))
    };
    format!(
        "Waits for {who}{idle} {verb} {} on {} · Alt+6 Locks, Ctrl+C gives up",
        words::short(mode),
        own.object
    )
}
