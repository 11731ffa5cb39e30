//! Which sessions are shown.

use crate::data::live::{Names, Session};

/// A transaction that is open so long is worth a look, in microseconds.
const LONG: i64 = 60_000_000;

/// Which sessions are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Show {
    /// Of clients, those that do nothing too.
    #[default]
    Clients,
    /// Only those that work or sit in a transaction.
    Busy,
    /// Those that hold something for long: idle in transaction, or in a transaction for more than a minute.
    Holding,
    /// The server's own processes, too.
    All,
}

impl Show {
    pub(super) fn next(self) -> Self {
        match self {
            Self::Clients => Self::Busy,
            Self::Busy => Self::Holding,
            Self::Holding => Self::All,
            Self::All => Self::Clients,
        }
    }

    /// Is this session of those? `now`: of the sample.
    pub(super) fn wants(self, s: &Session, now: i64) -> bool {
        let long = s.xact_start.is_some_and(|since| now - since > LONG);
        match self {
            Self::All => true,
            Self::Clients => s.is_client(),
            Self::Busy => s.is_client() && (s.active() || s.idle_in_transaction()),
            Self::Holding => s.idle_in_transaction() || long && &*s.state != "idle",
        }
    }

    /// In words, behind the number of sessions.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Clients => "",
            Self::Busy => " · only busy",
            Self::Holding => " · only idle in or long in transaction",
            Self::All => " · with the server's own",
        }
    }
}

/// Words that must be there, and words that must not.
pub(super) struct Filter {
    with: Vec<String>,
    without: Vec<String>,
}

impl Filter {
    /// `ada -idle`: with ada, without idle.
    pub(super) fn new(text: &str) -> Self {
        let words = text.to_lowercase();
        let (without, with): (Vec<&str>, Vec<&str>) =
            words.split_whitespace().partition(|w| w.len() > 1 && w.starts_with('-'));
        Self {
            with: with.into_iter().map(str::to_owned).collect(),
            without: without.into_iter().map(|w| w[1..].to_owned()).collect(),
        }
    }

    pub(super) fn wants(&self, s: &Session, names: &Names) -> bool {
        if self.with.is_empty() && self.without.is_empty() {
            return true;
        }
        let text = format!(
            "{} {}@{} {} {} {} {} {} {} {}",
            s.pid,
            names.role(s.role),
            names.database(s.database),
            s.application,
            s.client,
            s.backend_type,
            s.state,
            s.wait_type,
            s.wait_event,
            s.query
        )
        .to_lowercase();
        self.with.iter().all(|w| text.contains(w)) && !self.without.iter().any(|w| text.contains(w))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(state: &str, since: i64) -> Session {
        Session {
            state: state.into(),
            backend_type: "client backend".into(),
            application: "Shop".into(),
            query: "select now()".into(),
            xact_start: (state != "idle").then_some(-since * 1_000_000),
            ..Session::default()
        }
    }

    #[test]
    fn words_with_and_without() {
        let wants = |filter: &str| Filter::new(filter).wants(&session("active", 1), &Names::default());
        assert!(wants("") && wants("shop") && wants("NOW active") && wants("shop -idle"));
        assert!(!wants("shop idle") && !wants("-shop") && !wants("shop -select"));
    }

    #[test]
    fn what_holds_something_for_long() {
        let holds = |s: &Session| Show::Holding.wants(s, 0);
        assert!(holds(&session("idle in transaction", 1)) && holds(&session("active", 61)));
        assert!(!holds(&session("active", 59)) && !holds(&session("idle", 900)));
    }
}
