//! A pulse: the sessions of a server at one moment, and who of them waits for whom.
//!
//! It holds absolute times and transaction ids, not ages: a session that did nothing since is equal to itself in the next
//! sample and kept once, and of one that changed the texts that were there before are. So an hour of samples of a mostly
//! idle server costs little, and so does a long queue.

use super::{Micros, Probe, Sampled, Weighed, activity, horizon::Heed, locks, ring::heap};
use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};

/// Sessions and locks at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pulse {
    /// The server's clock.
    pub at: Micros,
    /// How long the server took to answer.
    pub took: Duration,
    /// The transaction id that comes next: ages in transactions are told by it.
    pub next: u32,
    /// All sessions that may be seen, background processes too.
    pub sessions: Vec<Arc<Session>>,
    /// Who waits for whom.
    pub edges: Vec<Arc<Edge>>,
    /// How many sessions wait for another one, those that are only counted too: found once, when the pulse is kept.
    pub waiting: usize,
    /// Working sessions by what they wait for, in the order of `Class::ALL`: counted once, when the pulse is kept.
    pub profile: [usize; 6],
}

/// One session of the server.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Session {
    /// Process id.
    pub pid: i32,
    /// `backend_start`: with the pid the identity of a session.
    pub started: Option<Micros>,
    /// The leader of a parallel worker.
    pub leader: Option<i32>,
    /// OID of its database, 0 for none.
    pub database: u32,
    /// OID of its role, 0 for none.
    pub role: u32,
    /// `application_name`
    pub application: Arc<str>,
    /// Client address, `local` for a socket, empty for none.
    pub client: Arc<str>,
    /// `backend_type`, empty when it may not be seen.
    pub backend_type: Arc<str>,
    /// `state`, empty when it may not be seen or has none.
    pub state: Arc<str>,
    /// `wait_event_type`, empty for none.
    pub wait_type: Arc<str>,
    /// `wait_event`, empty for none.
    pub wait_event: Arc<str>,
    /// Start of the transaction.
    pub xact_start: Option<Micros>,
    /// Start of the present or last statement.
    pub query_start: Option<Micros>,
    /// Last change of `state`.
    pub state_change: Option<Micros>,
    /// Its transaction has an id, so it wrote or locked rows.
    pub has_xid: bool,
    /// The oldest transaction id of its snapshots and its own, which keeps vacuum from what is newer; `None`: there is none.
    pub oldest: Option<u32>,
    /// Whether vacuum heeds that.
    pub heed: Heed,
    /// `query_id` (14 and later, with `compute_query_id`).
    pub query_id: Option<i64>,
    /// The present or last statement, cut after some thousand characters.
    pub query: Arc<str>,
    /// `query` is not the whole text.
    pub query_cut: bool,
    /// The server itself keeps only the beginning of the text (`track_activity_query_size`).
    pub query_lost: bool,
    /// What it does may not be seen by this role.
    pub masked: bool,
}

impl Session {
    /// What the server says in place of a statement that may not be seen.
    pub const MASKED: &str = "<insufficient privilege>";

    /// Its texts.
    fn texts(&self) -> [&Arc<str>; 7] {
        [
            &self.application,
            &self.client,
            &self.backend_type,
            &self.state,
            &self.wait_type,
            &self.wait_event,
            &self.query,
        ]
    }

    /// The same, to be changed.
    fn texts_mut(&mut self) -> [&mut Arc<str>; 7] {
        [
            &mut self.application,
            &mut self.client,
            &mut self.backend_type,
            &mut self.state,
            &mut self.wait_type,
            &mut self.wait_event,
            &mut self.query,
        ]
    }

    /// A session that belongs to somebody, not to the server itself. Where its kind may not be seen, one with a database.
    #[must_use]
    pub fn is_client(&self) -> bool {
        match &*self.backend_type {
            "client backend" => true,
            kind => kind.is_empty() && self.database != 0,
        }
    }

    /// In a transaction and doing nothing: what it locked stays locked.
    #[must_use]
    pub fn idle_in_transaction(&self) -> bool {
        self.state.starts_with("idle in transaction")
    }

    /// Running a statement.
    #[must_use]
    pub fn active(&self) -> bool {
        matches!(&*self.state, "active" | "fastpath function call")
    }
}

/// One session waits for another one: `pg_blocking_pids`, explained from the lock table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Edge {
    /// Who waits; of a parallel query the leader.
    pub waiter: i32,
    /// The worker that waits, if it is not the leader.
    pub worker: Option<i32>,
    /// The lock mode it wants.
    pub wanted: Arc<str>,
    /// Since when (14 and later).
    pub since: Option<Micros>,
    /// Its place in the queue, from 1.
    pub place: i64,
    /// Length of the queue, which may be longer than the edges told.
    pub queue: i64,
    /// Who blocks it; 0: a prepared transaction.
    pub blocker: i32,
    /// The prepared transaction.
    pub prepared: Option<Prepared>,
    /// The blocker holds a lock that conflicts. `false`: it only stands ahead in the queue with a request that conflicts.
    pub hard: bool,
    /// Modes the blocker holds that conflict.
    pub held: Arc<str>,
    /// Modes the blocker itself waits for that conflict.
    pub ahead: Arc<str>,
    /// What is locked.
    pub object: LockObject,
}

/// A prepared transaction that blocks: nobody's session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prepared {
    /// Its name (`gid`).
    pub gid: String,
    /// OID of its owner.
    pub owner: u32,
    /// OID of its database.
    pub database: u32,
    /// Since when.
    pub since: Option<Micros>,
}

impl Edge {
    /// Who blocks: a session, or a prepared transaction.
    #[must_use]
    pub fn blocker(&self) -> locks::Who {
        match &self.prepared {
            Some(prepared) => locks::Who::Prepared(prepared.gid.clone()),
            None => locks::Who::Session(self.blocker),
        }
    }

    /// Who waits for whom: what it is known by from sample to sample.
    fn ends(&self) -> (i32, Option<i32>, i32, Option<&str>) {
        (self.waiter, self.worker, self.blocker, self.prepared.as_ref().map(|p| p.gid.as_str()))
    }

    /// Its texts.
    fn texts(&self) -> [&Arc<str>; 6] {
        let object = &self.object;
        [&self.wanted, &self.held, &self.ahead, &object.kind, &object.xid, &object.vxid]
    }

    /// The same, to be changed.
    fn texts_mut(&mut self) -> [&mut Arc<str>; 6] {
        let object = &mut self.object;
        [
            &mut self.wanted,
            &mut self.held,
            &mut self.ahead,
            &mut object.kind,
            &mut object.xid,
            &mut object.vxid,
        ]
    }
}

/// What a lock is on, as `pg_locks` says it; 0 and −1 stand for nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LockObject {
    /// `locktype`
    pub kind: Arc<str>,
    /// Database OID.
    pub database: u32,
    /// Relation OID; of a row lock the row's table.
    pub relation: u32,
    /// Page of a row or page lock.
    pub page: i32,
    /// Tuple number in the page.
    pub tuple: i32,
    /// Transaction id waited for.
    pub xid: Arc<str>,
    /// Virtual transaction waited for.
    pub vxid: Arc<str>,
    /// Catalog of an object lock, first half of an advisory key.
    pub class: u32,
    /// OID of an object, second half of an advisory key.
    pub object: u32,
    /// Part of an object; of an advisory lock 1: one bigint key, 2: two int keys.
    pub part: i32,
}

impl Pulse {
    /// A prepared transaction by its name, if somebody waits for it.
    #[must_use]
    pub fn prepared(&self, gid: &str) -> Option<&Prepared> {
        self.edges.iter().filter_map(|edge| edge.prepared.as_ref()).find(|p| p.gid == gid)
    }

    /// Made ready to be kept behind this one: what did not change is kept once, and equal texts are one.
    pub(super) fn kept(mut self, before: Option<&Self>) -> Self {
        let mut texts: HashSet<Arc<str>> = HashSet::new();
        let mut sessions: BTreeMap<i32, &Arc<Session>> = BTreeMap::new();
        let mut edges = BTreeMap::new();
        for old in before.into_iter().flat_map(|b| &b.sessions) {
            sessions.insert(old.pid, old);
            texts.extend(old.texts().map(Arc::clone));
        }
        for old in before.into_iter().flat_map(|b| &b.edges) {
            edges.insert(old.ends(), old);
            texts.extend(old.texts().map(Arc::clone));
        }
        let mut one = |text: &mut Arc<str>| match texts.get(text) {
            Some(known) => *text = Arc::clone(known),
            None => drop(texts.insert(Arc::clone(text))),
        };
        for session in &mut self.sessions {
            match sessions.get(&session.pid).filter(|old| **old == session) {
                Some(same) => *session = Arc::clone(same),
                None => {
                    Arc::get_mut(session).into_iter().flat_map(Session::texts_mut).for_each(&mut one);
                }
            }
        }
        for edge in &mut self.edges {
            match edges.get(&edge.ends()).filter(|old| **old == edge) {
                Some(same) => *edge = Arc::clone(same),
                None => Arc::get_mut(edge).into_iter().flat_map(Edge::texts_mut).for_each(&mut one),
            }
        }
        self.sessions.shrink_to_fit();
        self.edges.shrink_to_fit();
        self.waiting = locks::waiting(&self);
        self.profile = activity::profile(&self);
        self
    }

    /// A session by its pid.
    #[must_use]
    pub fn session(&self, pid: i32) -> Option<&Arc<Session>> {
        self.sessions.iter().find(|s| s.pid == pid)
    }

    /// All sessions by their pids, for who asks for many.
    #[must_use]
    pub fn by_pid(&self) -> BTreeMap<i32, &Arc<Session>> {
        self.sessions.iter().map(|s| (s.pid, s)).collect()
    }

    /// Age in transactions of the oldest snapshot of one of its sessions; `None`: it holds none.
    #[must_use]
    pub fn xmin_age(&self, session: &Session) -> Option<i64> {
        // Transaction ids go round: half of them are older than any.
        session.oldest.map(|oldest| i64::from(self.next.wrapping_sub(oldest).cast_signed()))
    }
}

impl Sampled for Pulse {
    fn at(&self) -> Micros {
        self.at
    }

    fn took(&self) -> Duration {
        self.took
    }
}

/// The two counters of an `Arc`.
const COUNTERS: usize = 2 * size_of::<usize>();

impl Weighed for Pulse {
    // Half an hour of samples a second of a server with some hundred sessions, a quarter of them at work.
    const BUDGET: usize = 32 << 20;
    const MOST: usize = super::kept(Probe::Pulse);

    fn weight(&self, before: Option<&Self>) -> usize {
        /// Adds the texts that are not known yet, and remembers them.
        fn texts<const N: usize>(known: &mut HashSet<*const u8>, texts: [&Arc<str>; N]) -> usize {
            let new = texts.into_iter().filter(|text| known.insert(text.as_ptr()));
            new.map(|text| heap(COUNTERS + text.len())).sum()
        }
        let mut known: HashSet<*const u8> = HashSet::new();
        for session in before.into_iter().flat_map(|b| &b.sessions) {
            known.insert(Arc::as_ptr(session).cast());
            known.extend(session.texts().map(|text| text.as_ptr()));
        }
        for edge in before.into_iter().flat_map(|b| &b.edges) {
            known.insert(Arc::as_ptr(edge).cast());
            known.extend(edge.texts().map(|text| text.as_ptr()));
        }
        let place = size_of::<usize>();
        let mut bytes = heap(self.sessions.capacity() * place) + heap(self.edges.capacity() * place);
        for session in &self.sessions {
            if known.insert(Arc::as_ptr(session).cast()) {
                bytes += heap(COUNTERS + size_of::<Session>()) + texts(&mut known, session.texts());
            }
        }
        for edge in &self.edges {
            if known.insert(Arc::as_ptr(edge).cast()) {
                let gid = edge.prepared.as_ref().map_or(0, |p| heap(p.gid.capacity()));
                bytes += heap(COUNTERS + size_of::<Edge>()) + gid + texts(&mut known, edge.texts());
            }
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::live::{Live, Ring, Sample};

    fn session(pid: i32, state: &str, query: &str) -> Arc<Session> {
        Arc::new(Session { pid, state: state.into(), query: query.into(), ..Session::default() })
    }

    #[test]
    fn what_did_not_change_is_kept_once_and_weighs_nothing() {
        let query = "select ".repeat(200);
        let edge =
            |held: &str| Arc::new(Edge { waiter: 1, blocker: 2, held: held.into(), ..Edge::default() });
        let mut live = Live::default();
        let mut bytes = vec![];
        for (state, held) in [("active", "a"), ("active", "a"), ("idle", "a"), ("idle", "b")] {
            let sessions = vec![session(1, state, &query), session(2, "idle", &query)];
            let pulse = Pulse { sessions, edges: vec![edge(held)], ..Pulse::default() };
            live.take(Sample::Pulse(pulse), Duration::ZERO);
            bytes.push(live.pulses.bytes());
        }
        let grown: Vec<usize> = bytes.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let one = |what: usize| heap(COUNTERS + what);
        assert_eq!(grown[1] - grown[0], one(size_of::<Session>()), "a session: all its texts were there");
        assert_eq!(grown[2] - grown[0], one(size_of::<Edge>()) + one(1), "an edge and a mode");
        assert_eq!(grown[0], live.pulses.each() + heap(16) + heap(8), "nothing changed: two lists");
        assert!((1400..3300).contains(&bytes[0]), "two sessions with one text: {bytes:?}");
        let texts: Vec<&Arc<str>> = live.pulses.iter().flat_map(|p| &p.sessions).map(|s| &s.query).collect();
        assert!(texts.iter().all(|text| Arc::ptr_eq(text, texts[0])), "one text in all samples");
    }

    #[test]
    fn the_oldest_sample_weighs_what_it_alone_holds() {
        let mut live = Live::default();
        let texts: Vec<String> = (0..3).map(|n| format!("{n}").repeat(1000)).collect();
        // The ring of the real size is too large for a test: one of a small one is filled with the same samples.
        live.pulses = Ring::with_budget(9000);
        for n in 0..40_usize {
            let sessions = texts.iter().zip(1..).map(|(text, pid)| session(pid, &n.to_string(), text));
            let pulse = Pulse { sessions: sessions.collect(), ..Pulse::default() };
            live.take(Sample::Pulse(pulse), Duration::ZERO);
        }
        assert!(live.pulses.numbers().start > 0, "the first ones went");
        let mut before = None;
        let mut whole = 0;
        for pulse in live.pulses.iter() {
            whole += pulse.weight(before) + live.pulses.each();
            before = Some(pulse);
        }
        assert_eq!(live.pulses.bytes(), whole, "the texts of those that went are counted still");
    }

    #[test]
    fn ages_in_transactions_go_round() {
        let pulse = Pulse { next: 5, ..Pulse::default() };
        let age = |oldest| pulse.xmin_age(&Session { oldest, ..Session::default() });
        assert_eq!((age(None), age(Some(5)), age(Some(3))), (None, Some(0), Some(2)));
        assert_eq!(age(Some(u32::MAX)), Some(6));
    }
}
