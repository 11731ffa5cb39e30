//! A live pane whose server does not answer: since when, why, and when it is asked again.

use super::{App, trouble::Said};
use std::time::Duration;

impl App {
    /// What is said below a live pane while the watching session is gone.
    pub(super) fn silence(&self, cells: u16) -> Vec<(String, &'static str)> {
        let Some(live) = self.world.server().map(|s| &s.live) else { return vec![] };
        let Some(lost) = live.lost.as_ref().filter(|_| self.slots[self.current].pane.probe().is_some())
        else {
            return vec![];
        };
        let mut said = Said::new(cells);
        said.add("✗", &format!("No session to watch with: {}", lost.why), "message.error");
        if let Some(tried) = &lost.tried {
            said.add_tried(tried);
        }
        for hint in lost.hint.iter().flat_map(|h| h.lines()) {
            said.add("→", hint, "message.notice");
        }
        let left = lost.next.saturating_sub(self.world.now).as_secs_f64().ceil();
        let again =
            if left > 0.0 { format!("Trying again in {left:.0} s") } else { "Trying again …".into() };
        let key = self.retry_key();
        said.add("·", &format!("What was seen stays. {again} · {key} tries now"), "message.notice");
        said.fit(self.world.size.1, true)
    }

    /// When what a live pane says of a server that does not answer changes.
    pub(super) fn silence_tick(&self) -> Option<Duration> {
        let probe = self.slots[self.current].pane.probe()?;
        let server = self.world.server().filter(|s| s.info.is_some())?;
        server.live.silence_changes(probe, self.world.now)
    }
}
