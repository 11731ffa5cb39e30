//! What sessions wait for, counted by class: the profile of a moment, and of the moments before it.

use super::{Pulse, Session};
use std::collections::BTreeMap;

/// What a working session does or waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// No wait event: it computes (or waits where the server does not say so).
    Cpu,
    /// Reading and writing files.
    Io,
    /// A lock of the user's: rows, tables.
    Lock,
    /// Locks inside the server.
    Lightweight,
    /// Its client, while a statement runs.
    Client,
    /// Everything else.
    Other,
}

impl Class {
    /// All, in the order of the chart.
    pub const ALL: [Self; 6] =
        [Self::Cpu, Self::Io, Self::Lock, Self::Lightweight, Self::Client, Self::Other];

    /// Its name on the screen.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "CPU",
            Self::Io => "I/O",
            Self::Lock => "lock",
            Self::Lightweight => "lwlock",
            Self::Client => "client",
            Self::Other => "other",
        }
    }

    /// Of a session; `None` when it does nothing (idle, or a process of the server that sleeps), or nothing that may be seen.
    #[must_use]
    pub fn of(session: &Session) -> Option<Self> {
        let works =
            session.active() || !session.masked && !session.is_client() && &*session.wait_type != "Activity";
        works.then(|| match &*session.wait_type {
            "" => Self::Cpu,
            "IO" => Self::Io,
            "Lock" => Self::Lock,
            // Before 19 the pins of buffers had a type of their own.
            "LWLock" | "BufferPin" | "Buffer" => Self::Lightweight,
            "Client" => Self::Client,
            _ => Self::Other,
        })
    }
}

/// Working sessions by class at one moment, in the order of `Class::ALL`.
#[must_use]
pub fn profile(pulse: &Pulse) -> [usize; 6] {
    let mut counts = [0; 6];
    for class in pulse.sessions.iter().filter_map(|s| Class::of(s)) {
        counts[class as usize] += 1;
    }
    counts
}

/// What a session list is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Those that work or do nothing in their transaction first, the longest first: who holds others up began before them.
    #[default]
    Work,
    /// The longest transaction first.
    Transaction,
    /// The oldest snapshot first: what holds vacuum back.
    Snapshot,
    /// The oldest session first.
    Session,
    /// By what they wait for.
    Wait,
    /// By role and database.
    Role,
    /// By pid.
    Pid,
}

impl Order {
    /// All, in the order they are gone through.
    const ALL: [Self; 7] =
        [Self::Work, Self::Transaction, Self::Snapshot, Self::Session, Self::Wait, Self::Role, Self::Pid];

    /// The next one, or the one before.
    #[must_use]
    pub fn step(self, back: bool) -> Self {
        let at = Self::ALL.iter().position(|o| *o == self).unwrap_or(0);
        let by = if back { Self::ALL.len() - 1 } else { 1 };
        Self::ALL[(at + by) % Self::ALL.len()]
    }

    /// In words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Work => "statement time",
            Self::Transaction => "transaction age",
            Self::Snapshot => "snapshot age",
            Self::Session => "session age",
            Self::Wait => "what they wait for",
            Self::Role => "role and database",
            Self::Pid => "pid",
        }
    }
}

/// The sessions to show, by number in the pulse: parallel workers below their leader. `wanted`: which ones.
#[must_use]
pub fn sorted(pulse: &Pulse, order: Order, wanted: impl Fn(&Session) -> bool) -> Vec<usize> {
    let sessions = &pulse.sessions;
    let mut heads: Vec<usize> = (0..sessions.len())
        .filter(|n| {
            let leader = sessions[*n].leader.filter(|leader| *leader != sessions[*n].pid);
            wanted(&sessions[*n]) && leader.is_none_or(|leader| pulse.session(leader).is_none())
        })
        .collect();
    let oldest = |at: Option<i64>| at.unwrap_or(i64::MAX);
    heads.sort_by_key(|n| {
        let s = &sessions[*n];
        let rank = match order {
            Order::Work => match (s.active(), s.idle_in_transaction()) {
                (true, _) => (0, oldest(s.query_start)),
                (_, true) => (0, oldest(s.state_change)),
                _ if s.is_client() => (2, -oldest(s.state_change).min(i64::MAX - 1)),
                _ => (3, 0),
            },
            Order::Transaction => (0, oldest(s.xact_start)),
            Order::Snapshot => (0, -pulse.xmin_age(s).unwrap_or(-1)),
            Order::Session => (0, oldest(s.started)),
            // Those that wait first, in order of the names below.
            Order::Wait => (i64::from(s.wait_type.is_empty()), 0),
            Order::Role => (i64::from(s.role), i64::from(s.database)),
            Order::Pid => (0, 0),
        };
        let wait = if order == Order::Wait { (&*s.wait_type, &*s.wait_event) } else { ("", "") };
        (rank, wait, s.pid)
    });
    let mut workers: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
    for (n, session) in sessions.iter().enumerate() {
        if let Some(leader) = session.leader.filter(|leader| *leader != session.pid) {
            workers.entry(leader).or_default().push(n);
        }
    }
    let with_workers = |head: usize| {
        let below = workers.get(&sessions[head].pid).into_iter().flatten().copied();
        std::iter::once(head).chain(below)
    };
    heads.into_iter().flat_map(with_workers).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn session(pid: i32, state: &str, wait: &str, since: i64) -> Session {
        Session {
            pid,
            state: state.into(),
            wait_type: wait.into(),
            backend_type: "client backend".into(),
            query_start: Some(since),
            xact_start: (state != "idle").then_some(since),
            state_change: Some(since),
            ..Session::default()
        }
    }

    #[test]
    fn what_may_not_be_seen_is_not_counted_as_working() {
        let hidden = Session { masked: true, pid: 5, ..Session::default() };
        assert_eq!(Class::of(&hidden), None, "a process of the server, for a role that may not see it");
        let writer = Session { backend_type: "background writer".into(), ..Session::default() };
        assert_eq!(Class::of(&writer), Some(Class::Cpu));
    }

    fn pulse() -> Pulse {
        let worker = Session {
            leader: Some(2),
            backend_type: "parallel worker".into(),
            ..session(9, "active", "IO", 5)
        };
        let checkpointer = Session {
            backend_type: "checkpointer".into(),
            wait_type: "Activity".into(),
            pid: 4,
            ..Session::default()
        };
        let sessions = [
            session(1, "idle", "Client", 70),
            session(2, "active", "", 50),
            session(3, "active", "Lock", 10),
            checkpointer,
            session(5, "idle in transaction", "Client", 1),
            worker,
        ];
        Pulse { sessions: sessions.into_iter().map(Arc::new).collect(), ..Pulse::default() }
    }

    #[test]
    fn only_those_who_work_are_counted() {
        assert_eq!(profile(&pulse()), [1, 1, 1, 0, 0, 0]);
    }

    #[test]
    fn the_longest_work_first_and_workers_below_their_leader() {
        let pulse = pulse();
        let pids = |order| -> Vec<i32> {
            sorted(&pulse, order, |_| true).into_iter().map(|n| pulse.sessions[n].pid).collect()
        };
        assert_eq!(pids(Order::Work), [5, 3, 2, 9, 1, 4], "it may hold up who began after it");
        assert_eq!(pids(Order::Transaction), [5, 3, 2, 9, 1, 4]);
        assert_eq!(pids(Order::Pid), [1, 2, 9, 3, 4, 5]);
        let clients = sorted(&pulse, Order::Pid, Session::is_client);
        assert_eq!(clients.len(), 5, "a worker comes with its leader");
    }
}
