//! Asking before a session is cancelled or terminated, and saying what became of it.

use crate::{
    core::{
        effect::{Signal, SignalKind},
        event::Signalled,
        pane::{Popup, Tone},
        world::World,
    },
    data::live::Session,
    text::units,
};

/// The question's name.
pub const QUESTION: &str = "signal";

/// A signal about to be sent, and whom people would say it goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// What is sent.
    pub signal: Signal,
    /// `pid 4711 (app of alice)`.
    pub whom: String,
}

impl Ask {
    /// For a session as it was seen. A parallel worker's statement is its leader's.
    ///
    /// # Errors
    /// Why it makes no sense.
    pub fn new(kind: SignalKind, session: &Session, whom: String) -> Result<Self, String> {
        if kind == SignalKind::Cancel && session.idle_in_transaction() {
            return Err(format!(
                "{whom} is idle in its transaction: there is no statement to cancel. K terminates the session, which rolls the transaction back"
            ));
        }
        if kind == SignalKind::Cancel && !session.active() && !session.state.is_empty() {
            return Err(format!("{whom} is {}: there is no statement to cancel", session.state));
        }
        let (pid, started, query_start) = (session.pid, session.started, session.query_start);
        Ok(Self { signal: Signal { kind, pid, started, query_start }, whom })
    }

    /// The question. Terminating wants the pid typed: it is not undone by a second thought.
    #[must_use]
    pub fn popup(&self, frees: Option<&str>) -> Popup {
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
            SignalKind::Terminate => Popup::Line {
                question: QUESTION,
                title: format!("Terminate {}?", self.whom),
                text: String::new(),
                hint: format!(
                    "pg_terminate_backend: the session ends, its transaction is rolled back. Type {} to do it.{}",
                    self.signal.pid,
                    frees.replace('\n', " ")
                ),
            },
        }
    }

    /// Is what was typed the confirmation?
    #[must_use]
    pub fn confirmed_by(&self, typed: &str) -> bool {
        typed.trim() == self.signal.pid.to_string()
    }

    /// What became of it.
    #[must_use]
    pub fn said(&self, outcome: &Signalled) -> (Tone, String) {
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
            Signalled::Refused(e) => (Tone::Error, format!("{whom}: {}", e.message)),
        }
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
        let terminate = ask(SignalKind::Terminate, &session).expect("can be terminated");
        assert!(terminate.confirmed_by(" 7 ") && !terminate.confirmed_by("y") && !terminate.confirmed_by(""));
        session.state = "idle".into();
        assert!(ask(SignalKind::Cancel, &session).is_err());
        session.state = "".into();
        assert!(ask(SignalKind::Cancel, &session).is_ok(), "hidden from this role: the server decides");
    }
}
