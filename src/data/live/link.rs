//! The watching session: whether the server answers, and since when it does not.

use super::{Live, Probe, Sample, Sampled};
use std::time::Duration;

/// A probe that takes long is asked for less often: at most one part in so many of the time.
pub const SHARE: u32 = 50;
/// An answer may be so late before it is said.
const LATE: Duration = Duration::from_secs(3);
const SECOND: Duration = Duration::from_secs(1);

/// Why the watching session is gone, or could not be opened anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    /// In the server's words.
    pub why: String,
    /// What can be done about it.
    pub hint: Option<String>,
    /// It is tried again after so long.
    pub pause: Duration,
}

/// A watching session that is gone. Times are the console's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// What ended it, or why it was never opened.
    pub why: String,
    /// What came of opening it anew.
    pub tried: Option<String>,
    /// What can be done about the last of them.
    pub hint: Option<String>,
    /// When the server answered last.
    pub since: Duration,
    /// When it is tried again.
    pub next: Duration,
}

impl Live {
    /// For how long the server has not answered, when that is longer than a sample of this probe should take.
    #[must_use]
    pub fn silent(&self, probe: Probe, now: Duration) -> Option<Duration> {
        self.silent_from(probe).filter(|from| *from <= now)?;
        let since = self.lost.as_ref().map(|lost| lost.since).or(self.heard)?;
        Some(now.saturating_sub(since))
    }

    /// When what is said of that changes: the next whole second.
    #[must_use]
    pub fn silence_changes(&self, probe: Probe, now: Duration) -> Option<Duration> {
        let from = self.silent_from(probe)?;
        let Some(silent) = now.checked_sub(from) else { return Some(from) };
        Some(now + SECOND - Duration::from_nanos(silent.subsec_nanos().into()))
    }

    /// Takes in that the session is up, or gone.
    pub(super) fn linked(&mut self, link: Result<(), Gone>, now: Duration) {
        let Err(gone) = link else {
            self.heard = Some(now);
            self.answered.clear();
            self.lost = None;
            return;
        };
        self.own.clear();
        let next = now + gone.pause;
        self.lost = Some(match self.lost.take() {
            Some(lost) => Lost { tried: Some(gone.why), hint: gone.hint, next, ..lost },
            None => Lost {
                why: gone.why,
                tried: None,
                hint: gone.hint,
                // Since its last answer, not since it was given up.
                since: self.heard.unwrap_or(now),
                next,
            },
        });
    }

    /// Takes in that the server answered.
    pub(super) fn hear(&mut self, sample: &Sample, now: Duration) {
        let probe = match sample {
            Sample::Link(_) => return,
            Sample::Pulse(_) => Some(Probe::Pulse),
            Sample::Statements(_) => Some(Probe::Statements),
            Sample::Health(_) => Some(Probe::Health),
            Sample::Failed(probe, _) => Some(*probe),
            _ => None,
        };
        self.heard = Some(now);
        self.answered.extend(probe);
    }

    /// From when on it is said that there is no answer. What has never been answered may never have been asked for.
    fn silent_from(&self, probe: Probe) -> Option<Duration> {
        match &self.lost {
            Some(lost) => Some(lost.since),
            None => {
                let rest = probe.every().max(self.took(probe) * SHARE);
                let heard = self.heard.filter(|_| self.answered.contains(&probe))?;
                Some(heard + rest + LATE)
            }
        }
    }

    fn took(&self, probe: Probe) -> Duration {
        match probe {
            Probe::Pulse => self.pulses.last().map(Sampled::took),
            Probe::Statements => self.statements.intervals.last().map(Sampled::took),
            Probe::Health => self.checkups.last().map(Sampled::took),
            Probe::Horizon | Probe::Own | Probe::Advice => None,
        }
        .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::live::Pulse;

    fn seconds(n: f64) -> Duration {
        Duration::from_secs_f64(n)
    }

    #[test]
    fn an_answer_that_is_late_is_said_and_counted() {
        let mut live = Live::default();
        let (silent, changes) = (|live: &Live, at| live.silent(Probe::Pulse, seconds(at)), seconds(4.2));
        live.take(Sample::Link(Ok(())), seconds(0.1));
        assert_eq!(live.silence_changes(Probe::Pulse, seconds(9.0)), None, "nothing was asked for yet");
        live.take(Sample::Pulse(Pulse::default()), seconds(0.2));
        assert_eq!((silent(&live, 4.1), silent(&live, 4.2)), (None, Some(seconds(4.0))));
        assert_eq!(live.silence_changes(Probe::Pulse, seconds(1.0)), Some(changes));
        assert_eq!(live.silence_changes(Probe::Pulse, seconds(4.7)), Some(seconds(5.2)));
        // One that takes 200 ms is asked for every ten seconds.
        let slow = Pulse { took: Duration::from_millis(200), at: 1, ..Pulse::default() };
        live.take(Sample::Pulse(slow), seconds(5.0));
        assert_eq!((silent(&live, 17.9), silent(&live, 18.0)), (None, Some(seconds(13.0))));
    }

    #[test]
    fn a_session_that_is_gone_counts_from_the_last_answer() {
        let mut live = Live::default();
        let gone = |why: &str, pause| Gone { why: why.into(), hint: None, pause: seconds(pause) };
        live.take(Sample::Pulse(Pulse::default()), seconds(1.0));
        live.take(Sample::Link(Err(gone("ended", 1.0))), seconds(1.5));
        live.take(Sample::Link(Err(gone("full", 2.0))), seconds(2.5));
        let lost = live.lost.clone().expect("lost");
        assert_eq!((&*lost.why, lost.tried.as_deref()), ("ended", Some("full")));
        assert_eq!((lost.since, lost.next), (seconds(1.0), seconds(4.5)));
        assert_eq!(
            live.silent(Probe::Pulse, seconds(3.5)),
            Some(seconds(2.5)),
            "at once, not when it is late"
        );
        assert_eq!(live.silence_changes(Probe::Pulse, seconds(3.5)), Some(seconds(4.0)));
        live.take(Sample::Link(Ok(())), seconds(5.0));
        assert_eq!(live.silent(Probe::Pulse, seconds(5.5)), None, "the first sample is awaited");
    }
}
