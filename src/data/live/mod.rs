//! What live panes show: samples of the server, kept in a ring, and what they mean.
//!
//! All of it is bounded: `Live::BUDGET` bytes at most, whatever the server does and for however long.

pub mod activity;
pub mod export;
pub mod horizon;
mod link;
pub mod locks;
mod names;
mod pulse;
mod ring;
pub mod statements;
pub mod told;
pub mod words;

pub use link::{Gone, Lost, SHARE};
pub use names::Names;
pub use pulse::{Edge, LockObject, Prepared, Pulse, Session};
pub use ring::{Ring, Weighed, heap};

use super::health::{Checkup, Known, Vitals};
use horizon::Horizon;
use statements::{History, Interval, Statements, Texts};

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

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
    pub const fn every(self) -> Duration {
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

/// Samples of a kind that are kept at most: half an hour of them, at the rate they are asked for.
const HISTORY: Duration = Duration::from_secs(1800);

/// How many that are.
pub(super) const fn kept(probe: Probe) -> usize {
    (HISTORY.as_secs() / probe.every().as_secs()) as usize
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
    /// The watching session is up, or gone.
    Link(Result<(), Gone>),
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
    /// Set while the watching session is gone.
    pub lost: Option<Lost>,
    /// When the server answered last, by the console's clock.
    heard: Option<Duration>,
    /// What this session has answered.
    answered: BTreeSet<Probe>,
    /// The load of the last minutes.
    pub load: Load,
}

impl Live {
    /// Bytes that samples and texts may take, besides the newest of each kind: however long the console runs.
    pub const BUDGET: usize = Pulse::BUDGET + Checkup::BUDGET + Interval::BUDGET + statements::TEXTS;

    /// Takes a sample in. `now`: the console's clock.
    pub fn take(&mut self, sample: Sample, now: Duration) {
        self.hear(&sample, now);
        match sample {
            Sample::Pulse(pulse) => {
                self.failed.remove(&Probe::Pulse);
                self.load.add(now, pulse.took);
                let pulse = pulse.kept(self.pulses.last());
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
            Sample::Names(names) => self.names.learn(names),
            Sample::Failed(probe, why) => {
                self.failed.insert(probe, why);
            }
            // Kept beside what else is known of the server.
            Sample::Standby(..) => {}
            Sample::Link(link) => self.linked(link, now),
        }
    }
}

/// Something taken at a moment.
pub trait Sampled {
    /// The server's clock.
    fn at(&self) -> Micros;
    /// How long the server took to answer.
    fn took(&self) -> Duration;
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
