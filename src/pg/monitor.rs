//! The actor of the watching lane: samples for the live panes, on a session of its own.
//!
//! It is opened early and kept, because a server in trouble may let nobody in, and it reads functions instead of views,
//! because those lock no catalog. One question at a time; a sample that is late is left out, never queued.

mod names;
mod pulse;
mod signal;

use super::{client::Client, queries::monitor as q, server::Server};
use crate::{
    core::{effect::Signal, error::DbError, ids::JobId},
    data::live::{Names, Probe, Sample},
};
use std::{
    collections::{BTreeMap, BTreeSet},
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
/// What the lane can be asked.
#[derive(Debug)]
pub enum Ask {
    /// Open the session now, so that it is there when nobody gets in any more.
    Open,
    /// Sample this so often, or no more.
    Every(Probe, Option<Duration>),
    /// Cancel or terminate.
    Signal(JobId, Signal),
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
    names: Names,
    /// OIDs that were asked for and have no name.
    nameless: BTreeSet<(u32, u32)>,
    /// Planned once: a quarter of the cost. Not behind a pooler, where a statement's name is somebody else's, too.
    prepared: BTreeMap<&'static str, Statement>,
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
            names: Names::default(),
            nameless: BTreeSet::new(),
            prepared: BTreeMap::new(),
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
                    self.every.insert(probe, every);
                    self.due.insert(probe, Instant::now());
                }
                Some(Ask::Every(probe, None)) => {
                    self.every.remove(&probe);
                    self.due.remove(&probe);
                }
                Some(Ask::Signal(job, signal)) => self.signal(job, &signal).await,
            }
        }
    }

    /// When there is something to do next.
    fn next(&self) -> Option<Instant> {
        let due = self.due.values().min().copied();
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
        let due: Vec<Probe> =
            self.due.iter().filter(|(_, at)| **at <= now).map(|(probe, _)| *probe).collect();
        for probe in due {
            match self.take(probe, &client).await {
                Ok(sample) => self.tell(sample).await,
                Err(e) if client.is_closed() || e.fatal => return self.lost(&e).await,
                Err(e) => self.tell(Sample::Failed(probe, e.message)).await,
            }
            if let Some(every) = self.every.get(&probe) {
                self.due.insert(probe, Instant::now() + *every);
            }
        }
    }

    /// One sample. A new probe is a row here; its queries and what is read of them are a file of `monitor/`.
    async fn take(&mut self, probe: Probe, client: &Client) -> Result<Sample, DbError> {
        match probe {
            Probe::Pulse => self.pulse(client).await.map(Sample::Pulse),
        }
    }

    /// The session, opened anew when it was lost and the pause is over.
    async fn client(&mut self) -> Option<Arc<Client>> {
        if let Some(client) = self.client.as_ref().filter(|c| !c.is_closed()) {
            return Some(Arc::clone(client));
        }
        let before = self.client.take();
        if before.is_some() {
            self.lost(&DbError::client("the connection was closed")).await;
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

    async fn lost(&mut self, e: &DbError) {
        self.client = None;
        self.not_before = Instant::now() + self.pause;
        self.pause = (self.pause * 2).min(BACK_OFF.1);
        self.tell(Sample::Link(Err(e.message.clone()))).await;
    }

    async fn tell(&self, sample: Sample) {
        self.server.sampled(sample).await;
    }

    /// Runs one of our queries. Behind a pooler the settings are part of the transaction.
    async fn rows(
        &mut self,
        client: &Client,
        sql: &'static str,
        args: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<Row>, DbError> {
        let sql_client = client.sql();
        let (server, prepared) = (&self.server, &mut self.prepared);
        let work = async {
            let text = q::at(sql, server.version());
            if !server.behind_pooler() {
                if !prepared.contains_key(sql) {
                    let types: Vec<Type> = args.iter().map(|(_, kind)| kind.clone()).collect();
                    prepared.insert(sql, sql_client.prepare_typed(&text, &types).await?);
                }
                let values: Vec<&(dyn ToSql + Sync)> = args.iter().map(|(value, _)| *value).collect();
                return sql_client.query(&prepared[sql], &values).await;
            }
            let mut begin = String::from("begin read only");
            for (name, value) in SETTINGS {
                begin.push_str(&format!("; set local {name} = '{value}'"));
            }
            sql_client.batch_execute(&begin).await?;
            let rows = sql_client.query_typed(&text, args).await;
            sql_client.batch_execute("commit").await?;
            rows
        };
        match timeout(PATIENCE, work).await {
            Ok(rows) => rows.map_err(|e| client.error(&e)),
            Err(_) => {
                // Nothing can be said about a session that does not answer: it is left.
                let message = format!("the server did not answer within {} s", PATIENCE.as_secs());
                Err(DbError { fatal: true, ..DbError::client(&message) })
            }
        }
    }
}

/// Text in whatever encoding the session's database has.
fn text(row: &Row, name: &str) -> Arc<str> {
    String::from_utf8_lossy(row.get(name)).into()
}

/// A word of the server's own, which is always ASCII.
fn word(row: &Row, name: &str) -> Arc<str> {
    row.get::<_, &str>(name).into()
}
