//! Asking before a session is cancelled or terminated, and saying what became of it.

use crate::{
    core::{
        effect::{Signal, SignalKind},
        event::{News, Signalled},
        ids::JobId,
        pane::{Popup, Running, Tell, Tone},
        world::World,
    },
    data::live::Session,
    text::units,
};
use std::time::Duration;

/// The question's name.
const QUESTION: &str = "signal";

/// A signal about to be sent, and whom people would say it goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Ask {
    /// What is sent.
    signal: Signal,
    /// `pid 4711 (app of alice)`.
    whom: String,
}

impl Ask {
    /// For a session as it was seen. A parallel worker's statement is its leader's.
    ///
    /// # Errors
    /// Why it makes no sense.
    fn new(kind: SignalKind, session: &Session, whom: String) -> Result<Self, String> {
        if kind == SignalKind::Cancel && session.idle_in_transaction() {
            return Err(format!(
                "{whom} is idle in its transaction: there is no statement to cancel. K terminates the session, which rolls the transaction back"
            ));
        }
        if kind == SignalKind::Cancel && !session.active() && !session.state.is_empty() {
            return Err(format!(
                "{whom} is {}: there is no statement to cancel. K terminates the session",
                session.state
            ));
        }
        let (pid, started, query_start) = (session.pid, session.started, session.query_start);
        Ok(Self { signal: Signal { kind, pid, started, query_start }, whom })
    }

    /// The question. Terminating wants the pid typed: it is not undone by a second thought.
    fn popup(&self, frees: Option<&str>) -> Popup {
        let frees = frees.map(|f| format!("\n{f}")).unwrap_or_default();
        match self.signal.kind {
            SignalKind::Cancel => Popup::Confirm {
                question: QUESTION,
                title: format!("Cancel the statement of {}?", self.whom),
                text: format!(
                    "select pg_cancel_backend({}): its statement fails, its session goes on.{frees}",
                    self.signal.pid
                ),
                buttons: vec!["Cancel the statement".into(), "Leave it".into()],
            },
            SignalKind::Terminate => Popup::Typed {
                question: QUESTION,
                title: format!("Terminate {}?", self.whom),
                text: format!(
                    "select pg_terminate_backend({}): the session ends, its transaction is rolled back.{frees}",
                    self.signal.pid
                ),
                word: self.signal.pid.to_string(),
            },
        }
    }

    /// What became of it.
    fn said(&self, outcome: &Signalled) -> (Tone, String) {
        let whom = &self.whom;
        let cancel = self.signal.kind == SignalKind::Cancel;
        match outcome {
            Signalled::Done if cancel => (Tone::Ok, format!("The statement of {whom} has ended")),
            Signalled::Done => (Tone::Ok, format!("{whom} is gone")),
            Signalled::Gone if cancel => {
                (Tone::Note, format!("The statement of {whom} had ended before: nothing was sent"))
            }
            Signalled::Gone => (Tone::Note, format!("{whom} was gone before: nothing was sent")),
            Signalled::NotSent => {
                (Tone::Warning, format!("The server sent no signal to {whom}: it is none of its sessions"))
            }
            Signalled::Still(after) => (
                Tone::Warning,
                format!(
                    "Sent, but {whom} is still there after {}: it may be in a wait that cannot be interrupted",
                    units::duration(*after)
                ),
            ),
            Signalled::Refused(e) if e.code == "42501" => (
                Tone::Error,
                format!(
                    "{whom}: {}. GRANT pg_signal_backend lets a role do it, except to superusers",
                    e.message
                ),
            ),
            Signalled::Refused(e) => {
                let hint = e.hint.as_ref().map(|hint| format!(". {hint}")).unwrap_or_default();
                (Tone::Error, format!("{whom}: {}{hint}", e.message))
            }
        }
    }
}

/// The signals of a pane: the one that is asked about, and the one that was sent and not answered.
#[derive(Debug, Default)]
pub struct Signals {
    asked: Option<Ask>,
    sent: Option<(JobId, Ask, Duration)>,
}

impl Signals {
    /// The question before a signal to a session as it was seen. `frees`: what it would do for others.
    ///
    /// # Errors
    /// Why it makes no sense, in words for the user.
    pub fn ask(
        &mut self,
        kind: SignalKind,
        session: &Session,
        frees: Option<&str>,
        world: &World,
    ) -> Result<Popup, String> {
        let ask = Ask::new(kind, session, whom(session, world))?;
        Ok(self.asked.insert(ask).popup(frees))
    }

    /// An answer to the question; the signal that is to be sent now, if it is one.
    pub fn told(&mut self, tell: &Tell) -> Option<Signal> {
        match tell {
            Tell::Answer { question: QUESTION, button: 0 } => self.asked.as_ref().map(|a| a.signal.clone()),
            Tell::Answer { question: QUESTION, .. } => {
                self.asked = None;
                None
            }
            _ => None,
        }
    }

    /// It was sent.
    pub fn sent(&mut self, job: JobId, now: Duration) {
        self.sent = self.asked.take().map(|ask| (job, ask, now));
    }

    /// News of it, to be said; `None`: not its job.
    pub fn news(&mut self, job: JobId, news: &News) -> Option<(Tone, String)> {
        let (_, ask, _) = self.sent.take_if(|(sent, _, _)| *sent == job)?;
        match news {
            News::Signalled(outcome) => Some(ask.said(outcome)),
            News::Failed(_, e, _) => Some((Tone::Error, e.message.clone())),
            _ => None,
        }
    }

    /// The signal whose effect is watched.
    #[must_use]
    pub fn running(&self) -> Option<Running> {
        let (job, ask, since) = self.sent.as_ref()?;
        Some(Running { job: *job, what: format!("ending {}", ask.whom), since: *since })
    }
}

/// `pid 4711 (app of alice)`.
#[must_use]
pub fn whom(session: &Session, world: &World) -> String {
    let names = world.server().map(|s| &s.live.names);
    let role = names.map(|n| n.role(session.role)).unwrap_or_default();
    match (session.application.is_empty(), role.is_empty()) {
        (false, _) => format!("pid {} ({} of {role})", session.pid, session.application),
        (true, false) => format!("pid {} ({role})", session.pid),
        (true, true) => format!("pid {} ({})", session.pid, session.backend_type),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_not_asked() {
        let mut session = Session { pid: 7, state: "idle in transaction".into(), ..Session::default() };
        let ask = |kind, session: &Session| Ask::new(kind, session, "pid 7".into());
        assert!(ask(SignalKind::Cancel, &session).is_err_and(|why| why.contains("no statement to cancel")));
        assert!(ask(SignalKind::Terminate, &session).is_ok(), "its transaction can be rolled back");
        session.state = "idle".into();
        assert!(ask(SignalKind::Cancel, &session).is_err());
        session.state = "".into();
        assert!(ask(SignalKind::Cancel, &session).is_ok(), "hidden from this role: the server decides");
    }
}
