//! The actor of the watching lane: samples for the live panes, on a session of its own.
//!
//! It is opened early and kept, because a server in trouble may let nobody in, and it reads functions instead of views,
//! because those lock no catalog. One question at a time; a sample that is late is left out, never queued.

use super::{client::Client, queries::monitor as q, server::Server};
use crate::{
    core::{
        effect::{Signal, SignalKind},
        error::DbError,
        event::{News, Signalled},
        ids::JobId,
    },
    data::live::{Edge, LockObject, Names, Prepared, Probe, Pulse, Sample, Session},
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

/// Characters of a statement's text in a sample; the whole is fetched when it is opened.
const TEXT: i32 = 2000;
/// `pg_blocking_pids` is asked for so many sessions of one queue, and in all: n waiters of one row are n²/2 edges.
const PER_QUEUE: i32 = 20;
const ASKED: i32 = 200;

/// First and longest pause before a lost session is opened anew.
const BACK_OFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// The session is opened early, but not in the way of the first rows on the screen.
const OPENED_AFTER: Duration = Duration::from_secs(1);
/// How often a standby is asked whether it still is one, and how far behind.
const STANDBY: Duration = Duration::from_secs(5);
/// How long a signal may take to be seen.
const EFFECT: Duration = Duration::from_secs(5);

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
    /// When a standby is asked next.
    standby: Instant,
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
            standby: Instant::now(),
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
            let sampled = match probe {
                Probe::Pulse => self.pulse(&client).await,
            };
            if let Err(e) = sampled {
                if client.is_closed() || e.fatal {
                    self.lost(&e).await;
                    return;
                }
                self.tell(Sample::Failed(probe, e.message)).await;
            }
            if let Some(every) = self.every.get(&probe) {
                self.due.insert(probe, Instant::now() + *every);
            }
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
        self.not_before = Instant::now() + self.pause;
        self.pause = (self.pause * 2).min(BACK_OFF.1);
        self.tell(Sample::Link(Err(e.message.clone()))).await;
    }

    async fn tell(&self, sample: Sample) {
        self.server.sampled(sample).await;
    }

    async fn pulse(&mut self, client: &Client) -> Result<(), DbError> {
        let begun = Instant::now();
        let own = self.server.pids();
        let args: &[(&(dyn ToSql + Sync), Type)] = &[(&own, Type::INT4_ARRAY), (&TEXT, Type::INT4)];
        let sessions = self.rows(client, q::SESSIONS, args).await?;
        let args: &[(&(dyn ToSql + Sync), Type)] = &[(&PER_QUEUE, Type::INT4), (&ASKED, Type::INT4)];
        let edges = self.rows(client, q::EDGES, args).await?;
        let pulse = Pulse {
            at: sessions.first().map_or(0, |row| row.get("now")),
            took: begun.elapsed(),
            sessions: sessions.iter().map(|row| Arc::new(session(row))).collect(),
            edges: edges.iter().map(|row| Arc::new(edge(row))).collect(),
        };
        if self.unknown(&pulse)
            && let Err(e) = self.name(client, &pulse).await
        {
            // Names are a comfort: their catalogs may be locked just now.
            tracing::debug!("names: {}", e.message);
        }
        self.tell(Sample::Pulse(pulse)).await;
        Ok(())
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

    /// Does a pulse speak of something without a name?
    fn unknown(&self, pulse: &Pulse) -> bool {
        let names = &self.names;
        let asked = |class: u32, oid: u32| self.nameless.contains(&(class, oid));
        let session = |s: &Arc<Session>| {
            s.database != 0 && !names.databases.contains_key(&s.database) && !asked(1, s.database)
                || s.role != 0 && !names.roles.contains_key(&s.role) && !asked(1, s.role)
        };
        let edge = |e: &Arc<Edge>| {
            let o = &e.object;
            o.database == names.database
                && (o.relation != 0 && !names.relations.contains_key(&o.relation) && !asked(0, o.relation))
                || is_object(o)
                    && !names.objects.contains_key(&(o.class, o.object))
                    && !asked(o.class, o.object)
        };
        pulse.sessions.iter().any(session) || pulse.edges.iter().any(edge)
    }

    async fn name(&mut self, client: &Client, pulse: &Pulse) -> Result<(), DbError> {
        let sessions = pulse.sessions.iter();
        let unknown = |s: &&Arc<Session>| {
            s.database != 0 && !self.names.databases.contains_key(&s.database)
                || s.role != 0 && !self.names.roles.contains_key(&s.role)
        };
        if sessions.clone().any(|s| unknown(&s)) {
            self.read_names(client).await?;
            let names = &self.names;
            let gone = pulse.sessions.iter().flat_map(|s| {
                let database = (!names.databases.contains_key(&s.database)).then_some((1, s.database));
                let role = (!names.roles.contains_key(&s.role)).then_some((1, s.role));
                [database, role].into_iter().flatten()
            });
            self.nameless.extend(gone.collect::<Vec<_>>());
        }
        let here = |e: &&Arc<Edge>| e.object.database == self.names.database;
        let relations: BTreeSet<u32> =
            pulse.edges.iter().filter(here).map(|e| e.object.relation).filter(|oid| *oid != 0).collect();
        let relations: Vec<u32> =
            relations.into_iter().filter(|oid| !self.names.relations.contains_key(oid)).collect();
        if !relations.is_empty() {
            let args: &[(&(dyn ToSql + Sync), Type)] = &[(&relations, Type::OID_ARRAY)];
            for row in self.rows(client, q::RELATION_NAMES, args).await? {
                self.names.relations.insert(row.get("oid"), row.get::<_, &str>("name").into());
            }
            self.nameless.extend(relations.into_iter().map(|oid| (0, oid)));
        }
        let objects: BTreeSet<(u32, u32)> = pulse
            .edges
            .iter()
            .filter(|e| is_object(&e.object))
            .map(|e| (e.object.class, e.object.object))
            .filter(|o| !self.names.objects.contains_key(o))
            .collect();
        if !objects.is_empty() {
            let (classes, oids): (Vec<u32>, Vec<u32>) = objects.iter().copied().unzip();
            let args: &[(&(dyn ToSql + Sync), Type)] =
                &[(&classes, Type::OID_ARRAY), (&oids, Type::OID_ARRAY)];
            for row in self.rows(client, q::OBJECT_NAMES, args).await? {
                let key = (row.get("class"), row.get("object"));
                self.names.objects.insert(key, row.get::<_, &str>("name").into());
            }
            self.nameless.extend(objects);
        }
        self.tell(Sample::Names(self.names.clone())).await;
        Ok(())
    }

    async fn read_names(&mut self, client: &Client) -> Result<(), DbError> {
        for row in self.rows(client, q::NAMES, &[]).await? {
            let (oid, name): (u32, Arc<str>) = (row.get("oid"), row.get::<_, &str>("name").into());
            if row.get::<_, bool>("here") {
                self.names.database = oid;
            }
            let names = match row.get::<_, &str>("kind") {
                "d" => &mut self.names.databases,
                _ => &mut self.names.roles,
            };
            names.insert(oid, name);
        }
        self.tell(Sample::Names(self.names.clone())).await;
        Ok(())
    }

    /// Sends a signal and looks what became of it.
    async fn signal(&mut self, job: JobId, signal: &Signal) {
        let outcome = match self.client().await {
            Some(client) => self.try_signal(&client, signal).await,
            None => Err(DbError::client("no monitoring session: nothing was sent")),
        };
        let news = match outcome {
            Ok(outcome) => News::Signalled(outcome),
            Err(e) => News::Signalled(Signalled::Refused(Box::new(e))),
        };
        self.server.news(job, news).await;
    }

    async fn try_signal(&mut self, client: &Client, signal: &Signal) -> Result<Signalled, DbError> {
        let who: [(&(dyn ToSql + Sync), Type); 2] =
            [(&signal.pid, Type::INT4), (&signal.started, Type::INT8)];
        let rows = match signal.kind {
            SignalKind::Cancel => {
                let [pid, started] = who.clone();
                let args = [pid, started, (&signal.query_start as &(dyn ToSql + Sync), Type::INT8)];
                self.rows(client, q::CANCEL, &args).await?
            }
            SignalKind::Terminate => self.rows(client, q::TERMINATE, &who).await?,
        };
        match rows.first().map(|row| row.get::<_, bool>("sent")) {
            None => return Ok(Signalled::Gone),
            Some(false) => return Ok(Signalled::NotSent),
            Some(true) => {}
        }
        let until = Instant::now() + EFFECT;
        while Instant::now() < until {
            let row = self.rows(client, q::STILL, &who).await?.into_iter().next();
            let ended = match (&row, signal.kind) {
                (None, _) => true,
                (Some(_), SignalKind::Terminate) => false,
                (Some(row), SignalKind::Cancel) => {
                    row.get::<_, &str>("state") != "active"
                        || row.get::<_, Option<i64>>("query_start") != signal.query_start
                }
            };
            if ended {
                return Ok(Signalled::Done);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(Signalled::Still(EFFECT))
    }
}

/// A lock on something that a catalog names by class and OID, rather than a relation or a key of the user's own.
fn is_object(object: &LockObject) -> bool {
    &*object.kind == "object"
}

/// Text in whatever encoding the session's database has.
fn text(row: &Row, name: &str) -> Arc<str> {
    String::from_utf8_lossy(row.get(name)).into()
}

fn word(row: &Row, name: &str) -> Arc<str> {
    row.get::<_, &str>(name).into()
}

fn session(row: &Row) -> Session {
    Session {
        pid: row.get("pid"),
        started: row.get("started"),
        leader: row.get("leader"),
        database: row.get("database"),
        role: row.get("role"),
        application: text(row, "application"),
        client: word(row, "client"),
        backend_type: word(row, "backend_type"),
        state: word(row, "state"),
        wait_type: word(row, "wait_type"),
        wait_event: word(row, "wait_event"),
        xact_start: row.get("xact_start"),
        query_start: row.get("query_start"),
        state_change: row.get("state_change"),
        has_xid: row.get("has_xid"),
        xmin_age: row.get("xmin_age"),
        query_id: row.get("query_id"),
        query: text(row, "query"),
        query_cut: row.get("query_cut"),
        masked: row.get("masked"),
    }
}

fn edge(row: &Row) -> Edge {
    let prepared = row.get::<_, Option<String>>("gid").map(|gid| Prepared {
        gid,
        owner: row.get("gid_owner"),
        database: row.get("gid_database"),
        since: row.get("gid_since"),
    });
    Edge {
        waiter: row.get("waiter"),
        worker: row.get("worker"),
        wanted: word(row, "wanted"),
        since: row.get("since"),
        place: row.get("place"),
        queue: row.get("queue"),
        blocker: row.get("blocker"),
        prepared,
        hard: row.get("hard"),
        held: word(row, "held"),
        ahead: word(row, "ahead"),
        object: LockObject {
            kind: word(row, "kind"),
            database: row.get("database"),
            relation: row.get("relation"),
            page: row.get("page"),
            tuple: row.get("tuple"),
            xid: word(row, "xid"),
            vxid: word(row, "vxid"),
            class: row.get("class"),
            object: row.get("object"),
            part: row.get("part"),
        },
    }
}
