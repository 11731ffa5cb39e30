//! The actor of the watching lane: samples for the live panes, on a session of its own.
//!
//! It is opened early and kept, because a server in trouble may let nobody in, and it reads functions instead of views,
//! because those lock no catalog. One question at a time; a sample that is late is left out, never queued.

mod crowd;
mod health;
mod horizon;
mod names;
mod own;
mod pulse;
mod signal;
mod stamp;
mod statements;

use stamp::Stamp;

use super::{client::Client, log, queries::monitor as q, server::Server};
use crate::{
    core::{effect::Signal, error::DbError, ids::JobId},
    data::live::{Gone, Micros, Names, Probe, SHARE, Sample, Session, statements::Setup},
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until, timeout},
};
use tokio_postgres::{
    Row, Statement,
    types::{ToSql, Type},
};

/// What the server may take for a sample, by its own clock (`statement_timeout`, `lock_timeout`) and by ours.
const SETTINGS: [(&str, &str); 4] = [
    ("statement_timeout", "5s"),
    ("lock_timeout", "500ms"),
    // Planned once by a cost of millions: compiling would take seconds, running takes a millisecond.
    ("jit", "off"),
    ("plan_cache_mode", "force_generic_plan"),
];
const PATIENCE: Duration = Duration::from_secs(8);

/// First and longest pause before a lost session is opened anew.
const BACK_OFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// The session is opened early, but not in the way of the first rows on the screen.
const OPENED_AFTER: Duration = Duration::from_secs(1);
/// How often a standby is asked whether it still is one, and how far behind.
const STANDBY: Duration = Duration::from_secs(5);

/// What the lane can be asked.
#[derive(Debug)]
pub enum Ask {
    /// Open the session now, so that it is there when nobody gets in any more.
    Open,
    /// Sample this so often, or no more.
    Every(Probe, Option<Duration>),
    /// Cancel or terminate.
    Signal(JobId, Signal),
    /// Fetch the whole text of a session's statement, by pid and start.
    Query(i32, Option<i64>),
    /// Fetch texts of statements, by database and id; whole ones or their beginnings.
    Texts(Vec<(u32, i64)>, bool),
    /// End.
    Close,
}

/// The watching lane.
pub struct Monitor {
    server: Arc<Server>,
    mailbox: mpsc::UnboundedReceiver<Ask>,
    client: Option<Arc<Client>>,
    every: BTreeMap<Probe, Duration>,
    due: BTreeMap<Probe, Instant>,
    /// No try to connect before this.
    not_before: Instant,
    pause: Duration,
    wanted: bool,
    /// When a standby is asked next.
    standby: Instant,
    names: Names,
    /// OIDs that were asked for and have no name.
    nameless: BTreeSet<(u32, u32)>,
    /// Planned once: a quarter of the cost. Not behind a pooler, where a statement's name is somebody else's, too.
    prepared: BTreeMap<&'static str, Statement>,
    /// The way to the server and back, which is no load.
    ping: Duration,
    /// The server's clock when sessions were read last.
    at: Micros,
    /// The sessions read then, by pid: what did nothing since is not sent again.
    known: HashMap<i32, Session>,
    /// The same by our clock, where this session read them.
    read: Option<Instant>,
    /// How many of them wait by the lock table, where a pulse read that, too.
    waiting: Option<usize>,
    /// The transaction id that came next then.
    next_xid: u32,
    /// What the server took for the present sample.
    spent: Duration,
    /// Where `pg_stat_statements` is, while it can be read.
    setup: Option<Arc<Setup>>,
    /// When each question of Health is due.
    pace: health::Pace,
    /// The server's clock less ours, in microseconds.
    skew: i64,
}

impl Monitor {
    /// A lane without a session yet.
    pub fn new(server: Arc<Server>, mailbox: mpsc::UnboundedReceiver<Ask>) -> Self {
        Self {
            server,
            mailbox,
            client: None,
            every: BTreeMap::new(),
            due: BTreeMap::new(),
            not_before: Instant::now(),
            pause: BACK_OFF.0,
            wanted: false,
            standby: Instant::now(),
            names: Names::default(),
            nameless: BTreeSet::new(),
            prepared: BTreeMap::new(),
            at: 0,
            known: HashMap::new(),
            read: None,
            waiting: None,
            next_xid: 0,
            ping: Duration::ZERO,
            spent: Duration::ZERO,
            setup: None,
            pace: health::Pace::default(),
            skew: 0,
        }
    }

    /// Works until it is told to close or nobody can ask any more.
    pub async fn run(mut self) {
        loop {
            let next = self.next();
            let ask = tokio::select! {
                biased;
                ask = self.mailbox.recv() => ask,
                () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {
                    self.sample().await;
                    continue;
                }
            };
            match ask {
                None | Some(Ask::Close) => return,
                Some(Ask::Open) if self.wanted => {}
                Some(Ask::Open) => {
                    self.wanted = true;
                    self.not_before = Instant::now() + OPENED_AFTER;
                }
                Some(Ask::Every(probe, Some(every))) => {
                    self.wanted = true;
                    self.not_before = self.not_before.min(Instant::now());
                    self.pace.anew(probe);
                    self.every.insert(probe, every);
                    self.due.insert(probe, Instant::now());
                }
                Some(Ask::Every(probe, None)) => {
                    self.every.remove(&probe);
                    self.due.remove(&probe);
                }
                Some(Ask::Signal(job, signal)) => self.signal(job, &signal).await,
                Some(Ask::Query(pid, started)) => self.query(pid, started).await,
                Some(Ask::Texts(ids, whole)) => self.texts(&ids, whole).await,
            }
        }
    }

    /// When there is something to do next.
    fn next(&self) -> Option<Instant> {
        let due = self.due.values().min().copied();
        let standby = (self.wanted && self.server.standby()).then_some(self.standby);
        let due = due.into_iter().chain(standby).min();
        let open = (self.wanted && self.client.is_none()).then_some(self.not_before);
        match (due, open) {
            (Some(due), Some(open)) => Some(due.min(open)),
            (due, open) => due.or(open),
        }
        .map(|at| if self.client.is_none() { at.max(self.not_before) } else { at })
    }

    /// Does what is due. The next time is counted from now: what was missed is missed.
    async fn sample(&mut self) {
        let Some(client) = self.client().await else { return };
        let now = Instant::now();
        if self.server.standby() && self.standby <= now {
            self.standby = now + STANDBY;
            if let Err(e) = self.ask_standby(&client).await
                && (client.is_closed() || e.fatal)
            {
                self.lost(&e).await;
                return;
            }
        }
        let due: Vec<Probe> =
            self.due.iter().filter(|(_, at)| **at <= now).map(|(probe, _)| *probe).collect();
        for probe in due {
            self.spent = Duration::ZERO;
            match self.take(probe, &client).await {
                Ok(sample) => self.tell(sample).await,
                Err(e) if client.is_closed() || e.fatal => return self.lost(&e).await,
                Err(e) => self.tell(Sample::Failed(probe, e.message)).await,
            }
            if self.pace.unfinished(probe) {
                self.due.insert(probe, Instant::now());
            } else if let Some(every) = self.every.get(&probe) {
                self.due.insert(probe, Instant::now() + (*every).max(self.spent * SHARE));
            }
        }
    }

    /// One sample. A new probe is a row here; its queries and what is read of them are a file of `monitor/`.
    async fn take(&mut self, probe: Probe, client: &Client) -> Result<Sample, DbError> {
        match probe {
            Probe::Pulse => self.pulse(client).await.map(Sample::Pulse),
            Probe::Horizon => self.horizon(client).await.map(Sample::Horizon),
            Probe::Own => self.own(client).await.map(Sample::Own),
            Probe::Statements => self.statements(client).await.map(Sample::Statements),
            Probe::Health => self.health(client).await.map(Sample::Health),
            Probe::Advice => self.advice(client).await.map(Sample::Health),
        }
    }

    /// The session, opened anew when it was lost and the pause is over.
    async fn client(&mut self) -> Option<Arc<Client>> {
        if let Some(client) = self.client.as_ref().filter(|c| !c.is_closed()) {
            return Some(Arc::clone(client));
        }
        if let Some(before) = self.client.take() {
            self.lost(&before.end()).await;
            return None;
        }
        match self.server.open_watch(&SETTINGS).await {
            Ok(client) => {
                let client = Arc::new(client);
                self.client = Some(Arc::clone(&client));
                self.pause = BACK_OFF.0;
                self.names = Names::default();
                self.nameless.clear();
                self.prepared.clear();
                self.setup = None;
                // A server that was started anew counts pids from the beginning.
                self.known.clear();
                self.read = None;
                self.ping = ping(&client).await;
                self.pace.elsewhere();
                // What tables want is as old as the session it was asked in: a crash may have left an index half built.
                if let Some(due) = self.due.get_mut(&Probe::Advice) {
                    self.pace.anew(Probe::Advice);
                    *due = Instant::now();
                }
                self.tell(Sample::Link(Ok(()))).await;
                if let Err(e) = self.read_names(&client).await {
                    tracing::debug!("names: {}", e.message);
                }
                Some(client)
            }
            Err(e) => {
                self.lost(&e.error).await;
                None
            }
        }
    }

    async fn ask_standby(&mut self, client: &Client) -> Result<(), DbError> {
        let rows = self.rows(client, q::STANDBY, &[]).await?;
        let Some(row) = rows.first() else { return Ok(()) };
        let standby: bool = row.get("standby");
        let behind =
            row.get::<_, Option<f64>>("behind").and_then(|s| Duration::try_from_secs_f64(s.max(0.0)).ok());
        self.server.known(|info| info.standby = standby).await;
        self.tell(Sample::Standby(standby, behind)).await;
        Ok(())
    }

    async fn lost(&mut self, e: &DbError) {
        self.client = None;
        let pause = self.pause;
        self.not_before = Instant::now() + pause;
        self.pause = (pause * 2).min(BACK_OFF.1);
        let gone = Gone { why: e.message.clone(), hint: e.hint.clone(), pause };
        self.tell(Sample::Link(Err(gone))).await;
    }

    async fn tell(&self, sample: Sample) {
        self.server.sampled(sample).await;
    }

    /// Runs one of our queries.
    async fn rows(
        &mut self,
        client: &Client,
        sql: &'static str,
        args: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<Row>, DbError> {
        let text = q::at(sql, self.server.version());
        self.rows_of(client, sql, &text, args).await
    }

    /// Runs a query made of one of ours. Behind a pooler the settings are part of the transaction.
    async fn rows_of(
        &mut self,
        client: &Client,
        sql: &'static str,
        text: &str,
        args: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<Row>, DbError> {
        let sql_client = client.sql();
        let (server, prepared) = (&self.server, &mut self.prepared);
        let begun = Instant::now();
        let work = async {
            log::asked(client.place(), text);
            if !server.behind_pooler() {
                if !prepared.contains_key(sql) {
                    let types: Vec<Type> = args.iter().map(|(_, kind)| kind.clone()).collect();
                    prepared.insert(sql, sql_client.prepare_typed(text, &types).await?);
                }
                let values: Vec<&(dyn ToSql + Sync)> = args.iter().map(|(value, _)| *value).collect();
                return sql_client.query(&prepared[sql], &values).await;
            }
            sql_client.batch_execute(&begin()).await?;
            let rows = sql_client.query_typed(text, args).await;
            sql_client.batch_execute("commit").await?;
            rows
        };
        let done = timeout(PATIENCE, work).await;
        let took = begun.elapsed();
        self.ping = way(self.ping, took);
        self.spent += took.saturating_sub(self.ping);
        match done {
            Ok(rows) => rows.map_err(|e| client.error(&e)),
            Err(_) => Err(silent()),
        }
    }
}

/// Begins a transaction with the settings in it, for behind a pooler.
fn begin() -> String {
    let settings = SETTINGS.iter().map(|(name, value)| format!("; set local {name} = '{value}'"));
    format!("begin read only{}", settings.collect::<String>())
}

/// Nothing can be said about a session that does not answer: it is left.
fn silent() -> DbError {
    let message = format!("the server did not answer within {} s", PATIENCE.as_secs());
    DbError { fatal: true, ..DbError::client(&message) }
}

/// A way to the server and back that is shorter cannot be told from the server's own work.
const NEAR: Duration = Duration::from_millis(2);

/// The way to the server and back: the shorter of two empty questions. None when it is near.
async fn ping(client: &Client) -> Duration {
    let mut best = Duration::MAX;
    for _ in 0..2 {
        let begun = Instant::now();
        match timeout(PATIENCE, client.sql().batch_execute("")).await {
            Ok(Ok(())) => best = best.min(begun.elapsed()),
            // The first question that matters will say what is wrong.
            _ => return Duration::ZERO,
        }
    }
    way(best, best)
}

/// The way there and back, as an answer took so long: it cannot be longer, however busy the machine was at first.
fn way(known: Duration, took: Duration) -> Duration {
    let shorter = known.min(took);
    if shorter < NEAR { Duration::ZERO } else { shorter }
}

/// Text in whatever encoding the session's database has.
fn text(row: &Row, name: &str) -> Arc<str> {
    String::from_utf8_lossy(row.get(name)).into()
}

/// A word of the server's own, which is always ASCII.
fn word(row: &Row, name: &str) -> Arc<str> {
    row.get::<_, &str>(name).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_is_no_longer_than_the_quickest_answer() {
        let ms = Duration::from_millis;
        assert_eq!(way(ms(40), ms(50)), ms(40));
        assert_eq!(way(ms(40), ms(30)), ms(30), "it was measured while something else took the time");
        assert_eq!(way(ms(40), ms(1)), Duration::ZERO, "near");
        assert_eq!(way(Duration::ZERO, ms(50)), Duration::ZERO);
    }
}
