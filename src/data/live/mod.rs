//! What live panes show: samples of the server, kept in a ring, and what they mean.
//!
//! A sample holds absolute times, not ages: a session that did nothing since is equal to itself in the next sample and
//! kept once, so that an hour of samples of a mostly idle server costs little.

pub mod activity;
pub mod export;
pub mod horizon;
pub mod locks;
mod ring;
pub mod statements;
pub mod told;
pub mod words;

pub use ring::{Ring, Weighed};

use super::health::{Checkup, Known, Vitals};
use horizon::Horizon;
use statements::{History, Statements, Texts};

use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// Microseconds since 1970 by the server's clock.
pub type Micros = i64;

/// What can be sampled. Each is asked for by itself, and one that fails does not stop the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Probe {
    /// Sessions and who blocks whom: Activity and Locks.
    Pulse,
    /// Counters of `pg_stat_statements`.
    Statements,
    /// What holds vacuum back besides sessions.
    Horizon,
    /// Whom the console's own sessions wait for: asked while something of ours takes long.
    Own,
    /// The server's own figures: Health.
    Health,
    /// What its tables and indexes want: the slow part of Health, asked for when it is opened.
    Advice,
}

impl Probe {
    /// How often it is asked for while a pane wants it.
    #[must_use]
    pub fn every(self) -> Duration {
        match self {
            Self::Pulse => Duration::from_secs(1),
            Self::Statements => Duration::from_secs(5),
            Self::Horizon => Duration::from_secs(10),
            Self::Own => Duration::from_secs(1),
            Self::Health => Duration::from_secs(5),
            // Reading all catalogs is not done by itself, only when somebody asks.
            Self::Advice => Duration::from_secs(86_400),
        }
    }
}

/// One answer of the monitoring session.
#[derive(Clone, Debug, PartialEq)]
pub enum Sample {
    /// Sessions and locks.
    Pulse(Pulse),
    /// Counters of statements.
    Statements(Statements),
    /// What holds vacuum back besides sessions.
    Horizon(Horizon),
    /// Whom the console's own sessions wait for.
    Own(Vec<Own>),
    /// The whole text of a session's statement, or why there is none.
    Query(Result<WholeQuery, String>),
    /// Texts of statements, or why there are none, and what the server took for them.
    Texts(Texts, Duration),
    /// Answers for Health, those whose time had come.
    Health(Vitals),
    /// Names of databases and roles, whenever an unknown one was seen.
    Names(Names),
    /// A probe failed, in the server's words; the others go on.
    Failed(Probe, String),
    /// The monitoring session is up, or gone since and why.
    Link(Result<(), String>),
    /// The server is a standby so far behind its primary (`None`: that cannot be told), or is no standby any more.
    Standby(bool, Option<Duration>),
}

/// A session of the console's own waits.
#[derive(Clone, Debug, PartialEq)]
pub struct Own {
    /// Its backend.
    pub pid: i32,
    /// What it waits for, as people would say it.
    pub object: String,
    /// The wait.
    pub edge: Arc<Edge>,
    /// Who stands in the way, if it is a session.
    pub blocker: Option<Arc<Session>>,
}

/// The whole text of a statement, as far as the server keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WholeQuery {
    /// Whose.
    pub pid: i32,
    /// Start of the session.
    pub started: Option<Micros>,
    /// Start of the statement; another one's text is not that of the sample.
    pub query_start: Option<Micros>,
    /// The text.
    pub text: Arc<str>,
}

/// Sessions and locks at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pulse {
    /// The server's clock.
    pub at: Micros,
    /// How long the server took to answer.
    pub took: Duration,
    /// All sessions that may be seen, background processes too.
    pub sessions: Vec<Arc<Session>>,
    /// Who waits for whom.
    pub edges: Vec<Arc<Edge>>,
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
    /// Age in transactions of the oldest snapshot it holds, `None` if it holds none.
    pub xmin_age: Option<i64>,
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

/// Names that samples give by OID.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Names {
    /// OID of the connected database.
    pub database: u32,
    /// Databases.
    pub databases: BTreeMap<u32, Arc<str>>,
    /// Roles.
    pub roles: BTreeMap<u32, Arc<str>>,
    /// Relations of the connected database, as they would be written.
    pub relations: BTreeMap<u32, Arc<str>>,
    /// Other objects of the connected database that were waited for: catalog, OID → how people call it.
    pub objects: BTreeMap<(u32, u32), Arc<str>>,
}

impl Names {
    /// A database's name, or its number.
    #[must_use]
    pub fn database(&self, oid: u32) -> String {
        name(&self.databases, oid)
    }

    /// A role's name, or its number.
    #[must_use]
    pub fn role(&self, oid: u32) -> String {
        name(&self.roles, oid)
    }
}

fn name(names: &BTreeMap<u32, Arc<str>>, oid: u32) -> String {
    match names.get(&oid) {
        Some(name) => name.to_string(),
        None if oid == 0 => String::new(),
        None => oid.to_string(),
    }
}

/// Everything known of a server's present and recent past.
#[derive(Clone, Debug, Default)]
pub struct Live {
    /// Sessions and locks, oldest first.
    pub pulses: Ring<Pulse>,
    /// Counters of statements.
    pub statements: History,
    /// The newest of what holds vacuum back.
    pub horizon: Option<Horizon>,
    /// Whom the console's own sessions wait for.
    pub own: Vec<Own>,
    /// The whole text that was fetched last.
    pub query: Option<WholeQuery>,
    /// Health, oldest first.
    pub checkups: Ring<Checkup>,
    /// What Health is made of, the newest.
    pub vitals: Known,
    /// Names for the OIDs in them.
    pub names: Names,
    /// Why a probe failed last time; cleared when it answers.
    pub failed: BTreeMap<Probe, String>,
    /// Why the monitoring session is gone, and since when by the console's clock.
    pub lost: Option<(String, Duration)>,
    /// When the server answered last, by the console's clock.
    heard: Option<Duration>,
    /// The load of the last minutes.
    pub load: Load,
}

impl Live {
    /// Takes a sample in. `now`: the console's clock.
    pub fn take(&mut self, sample: Sample, now: Duration) {
        if !matches!(sample, Sample::Link(_)) {
            self.heard = Some(now);
        }
        match sample {
            Sample::Pulse(pulse) => {
                self.failed.remove(&Probe::Pulse);
                self.load.add(now, pulse.took);
                let pulse = match self.pulses.last() {
                    Some(last) => pulse.sharing(last),
                    None => pulse,
                };
                self.pulses.push(pulse);
            }
            Sample::Statements(sample) => {
                self.failed.remove(&Probe::Statements);
                self.load.add(now, sample.taken.as_ref().map_or(Duration::ZERO, |t| t.took));
                self.statements.take(sample);
            }
            Sample::Horizon(horizon) => {
                self.failed.remove(&Probe::Horizon);
                self.load.add(now, horizon.took);
                self.horizon = Some(horizon);
            }
            Sample::Own(own) => {
                self.failed.remove(&Probe::Own);
                self.own = own;
            }
            Sample::Query(query) => self.query = query.ok(),
            Sample::Texts(texts, took) => {
                self.load.add(now, took);
                self.statements.take_texts(texts);
            }
            Sample::Health(vitals) => {
                self.failed.remove(&Probe::Health);
                self.load.add(now, vitals.took);
                let (at, took, more) = (vitals.at, vitals.took, vitals.more);
                self.vitals.take(vitals);
                let checkup = Checkup::of(&self.vitals, &self.names, at, took);
                match self.checkups.last() {
                    // What the advisor says belongs to the moment shown: it is no step in time.
                    Some(last) if more => {
                        let (at, took) = (last.at, last.took);
                        let checkup = Checkup { at, took, ..checkup.sharing(last) };
                        self.checkups.amend(checkup);
                    }
                    Some(last) => {
                        let checkup = checkup.sharing(last);
                        self.checkups.push(checkup);
                    }
                    None => self.checkups.push(checkup),
                }
            }
            Sample::Names(names) => self.names = names,
            Sample::Failed(probe, why) => {
                self.failed.insert(probe, why);
            }
            // Kept beside what else is known of the server.
            Sample::Standby(..) => {}
            Sample::Link(Ok(())) => self.lost = None,
            Sample::Link(Err(why)) => {
                self.own.clear();
                // Since its last answer, not since it was given up.
                let heard = self.heard.unwrap_or(now);
                let since = self.lost.take().map_or(heard, |(_, since)| since);
                self.lost = Some((why, since));
            }
        }
    }
}

impl Pulse {
    /// What did not change is kept once.
    fn sharing(mut self, before: &Self) -> Self {
        let known: BTreeMap<i32, &Arc<Session>> = before.sessions.iter().map(|s| (s.pid, s)).collect();
        for session in &mut self.sessions {
            if let Some(same) = known.get(&session.pid).filter(|same| same.as_ref() == session.as_ref()) {
                *session = Arc::clone(same);
            }
        }
        for edge in &mut self.edges {
            if let Some(same) = before.edges.iter().find(|same| *same == edge) {
                *edge = Arc::clone(same);
            }
        }
        self
    }

    /// A session by its pid.
    #[must_use]
    pub fn session(&self, pid: i32) -> Option<&Arc<Session>> {
        self.sessions.iter().find(|s| s.pid == pid)
    }
}

/// Something taken at a moment.
pub trait Sampled {
    /// The server's clock.
    fn at(&self) -> Micros;
    /// How long the server took to answer.
    fn took(&self) -> Duration;
}

impl Sampled for Pulse {
    fn at(&self) -> Micros {
        self.at
    }

    fn took(&self) -> Duration {
        self.took
    }
}

impl Weighed for Pulse {
    fn weight(&self, before: Option<&Self>) -> usize {
        let known = |session: &Arc<Session>| {
            before.is_some_and(|b| b.session(session.pid).is_some_and(|s| Arc::ptr_eq(s, session)))
        };
        let session = |s: &Arc<Session>| size_of::<Session>() + s.query.len() + s.application.len() + 64;
        let new: usize = self.sessions.iter().filter(|s| !known(s)).map(session).sum();
        let edges = self.edges.iter().filter(|e| Arc::strong_count(e) == 1).count();
        size_of::<Self>() + self.sessions.len() * 8 + new + self.edges.len() * 8 + edges * 256
    }
}

/// What the samples cost the server: the time it took to answer, without the way there and back, which is more than the
/// CPU time it used.
#[derive(Clone, Debug, Default)]
pub struct Load {
    taken: std::collections::VecDeque<(Duration, Duration)>,
    since: Option<Duration>,
}

impl Load {
    fn add(&mut self, now: Duration, took: Duration) {
        self.since.get_or_insert(now);
        self.taken.push_back((now, took));
        while self.taken.front().is_some_and(|(at, _)| *at + Duration::from_secs(60) < now) {
            self.taken.pop_front();
        }
    }

    /// Time the server spent on our samples in the last minute up to `now`. Of a console that has not watched for a
    /// minute: what a minute like this would cost.
    #[must_use]
    pub fn last_minute(&self, now: Duration) -> Duration {
        const MINUTE: Duration = Duration::from_secs(60);
        let recent = self.taken.iter().filter(|(at, _)| *at + MINUTE >= now);
        let sum: Duration = recent.map(|(_, took)| *took).sum();
        match self.since.map(|since| now.saturating_sub(since)) {
            // The first answers take longest: they do not stand for a minute.
            Some(watched) if watched < MINUTE => {
                sum.mul_f64(60.0 / watched.as_secs_f64().max(20.0)).min(MINUTE)
            }
            _ => sum,
        }
    }
}
