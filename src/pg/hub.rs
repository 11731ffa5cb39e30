//! The hub: owns every session, routes wishes to them, and never makes the caller wait.

use super::{
    lookup::{self, Lookups},
    monitor::{self, Monitor},
    server::{Plan, Routes, Server},
    session::{Actor, After, Ask, Job},
    target::Target,
};
use crate::core::{
    effect::{Effect, Secret, Statement},
    error::DbError,
    event::{Event, Link, News, Tx},
    ids::{ConnId, JobId, Lane},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{OwnedMutexGuard, mpsc, watch},
    task::JoinHandle,
    time::timeout,
};

/// Events that may wait for the screen. When it is full, sessions stop reading their sockets.
pub const EVENTS: usize = 64;

/// How long the end of the program waits for sessions to end.
const GOODBYE: Duration = Duration::from_secs(1);

/// Turns what was typed after `:c` (nothing: where one is, the start at first) into where to connect. The first is where
/// one is, if anywhere.
pub type Resolver = Box<dyn FnMut(Option<&Target>, Option<&str>) -> Result<Plan, DbError> + Send>;

/// All sessions to all servers.
pub struct Hub {
    events: mpsc::Sender<Event>,
    resolve: Resolver,
    rest: Duration,
    patience: Option<Duration>,
    connections: HashMap<ConnId, Connection>,
    trials: HashMap<ConnId, Trial>,
    routes: Routes,
    closing: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

/// One connected server: its sessions, opened when first used.
struct Connection {
    server: Arc<Server>,
    lanes: HashMap<Lane, mpsc::UnboundedSender<Ask>>,
    catalog: Option<mpsc::UnboundedSender<lookup::Ask>>,
    watch: Option<mpsc::UnboundedSender<monitor::Ask>>,
    /// At most four sessions: the catalog and exact counts have one place together. Whoever comes asks the other to
    /// end and waits for the place.
    place: Arc<tokio::sync::Mutex<()>>,
}

/// A connection that is tried while another one is kept.
struct Trial {
    connection: Connection,
    /// What it took so that there are not five sessions on one server: the place of the other one's catalog.
    taken: Arc<Mutex<Option<OwnedMutexGuard<()>>>>,
}

impl Hub {
    /// A hub that reports into `events` (bounded: [`EVENTS`]); `rest`: how long a stream may rest
    /// (`Settings::rest_seconds`).
    #[must_use]
    pub fn new(events: mpsc::Sender<Event>, resolve: Resolver, rest: Duration) -> Self {
        Self {
            events,
            resolve,
            rest,
            patience: None,
            connections: HashMap::new(),
            trials: HashMap::new(),
            routes: Routes::default(),
            closing: watch::channel(false).0,
            tasks: vec![],
        }
    }

    /// With another time after which a session that is silent after a cancel request is given up.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = Some(patience);
        self
    }

    /// Does what concerns servers of an effect, at once and without waiting. Effects that concern
    /// something else are given back. Call it inside a tokio runtime.
    pub fn perform(&mut self, effect: Effect) -> Option<Effect> {
        match effect {
            Effect::Connect { conn, spec } => self.connect(conn, spec.as_deref()),
            Effect::Try { conn, spec } => self.try_elsewhere(conn, spec.as_deref()),
            Effect::Settle { conn, go } => self.settle(conn, go),
            Effect::Password { conn, password } => self.password(conn, password),
            Effect::Execute { job, lane, statements, credit } => {
                let job = Job { id: job, statements, credit, ..Job::default() };
                self.ask(job.id, readable(lane), Ask::Execute(job));
            }
            Effect::Rehearse { job, lane, statements, after, open } => {
                let after = Some(After { sql: after, open });
                let job = Job { id: job, statements, after, credit: u64::MAX, ..Job::default() };
                self.ask(job.id, readable(lane), Ask::Execute(job));
            }
            Effect::Transfer { job, lane, sql, file } => {
                let statements = vec![Statement { sql, ..Statement::default() }];
                let job = Job { id: job, statements, file: Some(file), ..Job::default() };
                self.ask(job.id, readable(lane), Ask::Execute(job));
            }
            Effect::LookAs { conn, who } => {
                if let Some(connection) = self.connections.get(&conn) {
                    connection.server.look_as(who);
                }
            }
            Effect::Apply { job, conn, .. } if self.is_looking(conn) => {
                let e = DbError::client(
                    "rows are looked at as another role, and nothing is written meanwhile: look as yourself first (look-as)",
                );
                self.later(Event::News(job, News::Failed(0, Box::new(e), Tx::Idle)));
            }
            Effect::Apply { job, conn, statements } => {
                let wanted = Some(statements.iter().map(|s| s.rows).collect());
                let statements = statements.into_iter().map(|s| s.statement).collect();
                let job = Job { id: job, statements, credit: u64::MAX, wanted, ..Job::default() };
                self.ask(job.id, Lane::Read(conn), Ask::Execute(job));
            }
            Effect::More { job, credit } => self.tell(job, Ask::More(job, credit)),
            Effect::Stop { job } => self.tell(job, Ask::Stop(job)),
            Effect::Cancel { job } => self.tell(job, Ask::Cancel(job)),
            Effect::Terminate { job } => self.terminate(job),
            Effect::LoadCatalog { job, conn } => {
                self.look_up(job, conn, lookup::Ask::Load(job));
                self.send_watch(conn, monitor::Ask::Open);
                // Rows are asked for next.
                self.send(Lane::Read(conn), Ask::Warm);
            }
            Effect::Describe { job, conn, relation } => {
                self.look_up(job, conn, lookup::Ask::Describe(job, relation));
            }
            Effect::Watch { conn, probe, every } => self.send_watch(conn, monitor::Ask::Every(probe, every)),
            Effect::WholeQuery { conn, pid, started } => {
                self.send_watch(conn, monitor::Ask::Query(pid, started));
            }
            Effect::Texts { conn, ids, whole } => self.send_watch(conn, monitor::Ask::Texts(ids, whole)),
            Effect::Signal { job, conn, signal } => {
                if !self.connections.contains_key(&conn) {
                    self.nowhere(job);
                } else {
                    self.routes().insert(job, Lane::Watch(conn));
                    self.send_watch(conn, monitor::Ask::Signal(job, signal));
                }
            }
            other => return Some(other),
        }
        None
    }

    /// Cancels what runs, says goodbye to the servers and ends all sessions, within about a second.
    pub async fn shutdown(mut self) {
        let _ = self.closing.send(true);
        for connection in self.connections.values().chain(self.trials.values().map(|t| &t.connection)) {
            connection.close();
        }
        self.connections.clear();
        self.trials.clear();
        let all = async {
            for task in &mut self.tasks {
                // A session that failed has nothing left to end.
                let _ = task.await;
            }
        };
        if timeout(GOODBYE, all).await.is_err() {
            self.tasks.iter().for_each(JoinHandle::abort);
        }
    }

    fn connect(&mut self, conn: ConnId, spec: Option<&str>) {
        self.tasks.retain(|t| !t.is_finished());
        self.give_up(conn);
        let here = self.connections.get(&conn).map(|c| Arc::clone(&c.server));
        match (self.resolve)(here.as_ref().map(|s| s.target()), spec) {
            Err(e) if self.connections.contains_key(&conn) => {
                self.later(Event::Link(conn, Link::Stayed(Box::new(e))));
            }
            Err(e) => self.later(Event::Link(conn, Link::Failed(Box::new(e)))),
            Ok(plan) => {
                if let Some(old) = self.connections.remove(&conn) {
                    old.close();
                }
                let connection = Connection::new(self.server(conn, plan));
                let hurry = connection.server.may_hurry();
                self.connections.insert(conn, connection);
                self.send(Lane::Own(conn), Ask::Open(None));
                if hurry {
                    self.send_catalog(conn, lookup::Ask::Warm);
                    self.send(Lane::Read(conn), Ask::Warm);
                }
            }
        }
    }

    fn server(&self, conn: ConnId, plan: Plan) -> Server {
        let (events, closing) = (self.events.clone(), self.closing.subscribe());
        let mut server = Server::new(conn, plan, self.rest, events, closing, Arc::clone(&self.routes));
        if let Some(patience) = self.patience {
            server.patience = patience;
        }
        server
    }

    /// Connects elsewhere with the user's own session alone, and keeps what there is.
    fn try_elsewhere(&mut self, conn: ConnId, spec: Option<&str>) {
        self.give_up(conn);
        let Some(old) = self.connections.get(&conn) else { return self.connect(conn, spec) };
        let here = Arc::clone(&old.server);
        let plan = match (self.resolve)(Some(here.target()), spec) {
            Ok(plan) => plan,
            Err(e) => return self.later(Event::Link(conn, Link::Stayed(Box::new(e)))),
        };
        let server = self.server(conn, plan);
        server.on_trial();
        let Some(old) = self.connections.get_mut(&conn) else { return };
        server.inherit(&old.server);
        let place = server.is_beside(&old.server).then(|| {
            // Both come back when they are asked for something.
            if let Some(catalog) = old.catalog.take() {
                let _ = catalog.send(lookup::Ask::Close);
            }
            if let Some(aside) = old.lanes.remove(&Lane::Aside(conn)) {
                let _ = aside.send(Ask::Close);
            }
            Arc::clone(&old.place)
        });
        let mut connection = Connection::new(server);
        let (mailbox, asks) = mpsc::unbounded_channel();
        let actor = Actor::new(Lane::Own(conn), Arc::clone(&connection.server), asks);
        let taken = Arc::new(Mutex::new(None));
        let take = Arc::clone(&taken);
        self.tasks.push(tokio::spawn(async move {
            if let Some(place) = place {
                *lock(&take) = Some(place.lock_owned().await);
            }
            drop(take);
            actor.run().await;
        }));
        let _ = mailbox.send(Ask::Open(None));
        connection.lanes.insert(Lane::Own(conn), mailbox);
        self.trials.insert(conn, Trial { connection, taken });
    }

    /// What was tried takes the place of what there is, or is closed.
    fn settle(&mut self, conn: ConnId, go: bool) {
        if !go {
            return self.give_up(conn);
        }
        // A word about one that was given up meanwhile says nothing of this one.
        if !self.trials.get(&conn).is_some_and(|t| t.connection.server.is_reached()) {
            return;
        }
        let Some(Trial { connection, taken }) = self.trials.remove(&conn) else { return };
        let hurry = connection.server.may_hurry();
        if let Some(old) = self.connections.insert(conn, connection) {
            old.close();
        }
        lock(&taken).take();
        self.send(Lane::Own(conn), Ask::Settle);
        if hurry {
            self.send_catalog(conn, lookup::Ask::Warm);
            self.send(Lane::Read(conn), Ask::Warm);
        }
    }

    fn give_up(&mut self, conn: ConnId) {
        if let Some(Trial { connection, taken }) = self.trials.remove(&conn) {
            connection.close();
            lock(&taken).take();
        }
    }

    fn password(&mut self, conn: ConnId, password: Option<Secret>) {
        if let Some(trial) = self.trials.get(&conn) {
            match password {
                Some(password) => trial.connection.tell(Lane::Own(conn), Ask::Open(Some(password))),
                None => {
                    let e = DbError::client("no password was given");
                    self.later(Event::Link(conn, Link::Stayed(Box::new(e))));
                }
            }
            return;
        }
        match password {
            Some(password) => self.send(Lane::Own(conn), Ask::Open(Some(password))),
            None => {
                let e = DbError::client("no password was given; connect again to be asked once more");
                self.later(Event::Link(conn, Link::Failed(Box::new(e))));
            }
        }
    }

    /// Sends a job to its lane and remembers where it went.
    fn ask(&mut self, job: JobId, lane: Lane, ask: Ask) {
        if !self.connections.contains_key(&lane.conn()) {
            return self.nowhere(job);
        }
        self.routes().insert(job, lane);
        self.send(lane, ask);
    }

    /// A word about a running job; nothing happens when it has ended.
    fn tell(&mut self, job: JobId, ask: Ask) {
        let lane = self.routes().get(&job).copied();
        match lane {
            Some(Lane::Catalog(_) | Lane::Watch(_)) | None => {}
            Some(lane) => self.send(lane, ask),
        }
    }

    fn send(&mut self, lane: Lane, ask: Ask) {
        let Some(connection) = self.connections.get_mut(&lane.conn()) else { return };
        let server = &connection.server;
        let tasks = &mut self.tasks;
        let aside = matches!(lane, Lane::Aside(_));
        if aside && let Some(catalog) = connection.catalog.take() {
            let _ = catalog.send(lookup::Ask::Close);
        }
        let place = aside.then(|| Arc::clone(&connection.place));
        let mailbox = connection.lanes.entry(lane).or_insert_with(|| {
            let (mailbox, asks) = mpsc::unbounded_channel();
            let actor = Actor::new(lane, Arc::clone(server), asks);
            tasks.push(tokio::spawn(async move {
                let _taken = match place {
                    Some(place) => Some(place.lock_owned().await),
                    None => None,
                };
                actor.run().await;
            }));
            mailbox
        });
        // Actors end only when their mailbox is closed.
        let _ = mailbox.send(ask);
    }

    fn look_up(&mut self, job: JobId, conn: ConnId, ask: lookup::Ask) {
        if !self.connections.contains_key(&conn) {
            return self.nowhere(job);
        }
        self.routes().insert(job, Lane::Catalog(conn));
        self.send_catalog(conn, ask);
    }

    fn send_catalog(&mut self, conn: ConnId, ask: lookup::Ask) {
        let Some(connection) = self.connections.get_mut(&conn) else { return };
        let server = &connection.server;
        let tasks = &mut self.tasks;
        if let Some(aside) = connection.lanes.remove(&Lane::Aside(conn)) {
            let _ = aside.send(Ask::Close);
        }
        let place = Arc::clone(&connection.place);
        let mailbox = connection.catalog.get_or_insert_with(|| {
            let (mailbox, asks) = mpsc::unbounded_channel();
            let lookups = Lookups::new(Arc::clone(server), asks);
            tasks.push(tokio::spawn(async move {
                let _taken = place.lock_owned().await;
                lookups.run().await;
            }));
            mailbox
        });
        let _ = mailbox.send(ask);
    }

    fn send_watch(&mut self, conn: ConnId, ask: monitor::Ask) {
        let Some(connection) = self.connections.get_mut(&conn) else { return };
        let server = &connection.server;
        let tasks = &mut self.tasks;
        let mailbox = connection.watch.get_or_insert_with(|| {
            let (mailbox, asks) = mpsc::unbounded_channel();
            tasks.push(tokio::spawn(Monitor::new(Arc::clone(server), asks).run()));
            mailbox
        });
        let _ = mailbox.send(ask);
    }

    /// Ends the backend of a job from another session.
    fn terminate(&mut self, job: JobId) {
        let lane = self.routes().get(&job).copied();
        let Some(lane) = lane.filter(|l| !matches!(l, Lane::Catalog(_))) else { return };
        let Some(connection) = self.connections.get(&lane.conn()) else { return };
        if connection.server.behind_pooler() {
            let e = DbError {
                hint: Some("Activity shows it, by the name of its application, and can terminate it.".into()),
                ..DbError::client(
                    "a pooler stands in between, so it is not known which backend this session is on: nothing was terminated",
                )
            };
            return self.later(Event::News(job, News::Notice(Box::new(e))));
        }
        let pid = connection.server.pid(lane);
        if pid != 0 {
            self.send_catalog(lane.conn(), lookup::Ask::Terminate(job, pid));
        }
    }

    fn is_looking(&self, conn: ConnId) -> bool {
        self.connections.get(&conn).is_some_and(|c| c.server.is_looking())
    }

    fn nowhere(&self, job: JobId) {
        let e = DbError::client("not connected: :c connects");
        self.later(Event::News(job, News::Failed(0, Box::new(e), Tx::Gone)));
    }

    /// Sends an event without waiting for room.
    fn later(&self, event: Event) {
        let events = self.events.clone();
        tokio::spawn(async move { events.send(event).await });
    }

    fn routes(&self) -> MutexGuard<'_, HashMap<JobId, Lane>> {
        lock(&self.routes)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The catalog lane has a client of its own kind; statements of panes go to the reading session.
fn readable(lane: Lane) -> Lane {
    match lane {
        Lane::Catalog(conn) => Lane::Read(conn),
        other => other,
    }
}

impl Connection {
    /// A server nobody is connected to yet.
    fn new(server: Server) -> Self {
        Self {
            server: Arc::new(server),
            lanes: HashMap::new(),
            catalog: None,
            watch: None,
            place: Arc::default(),
        }
    }

    fn tell(&self, lane: Lane, ask: Ask) {
        if let Some(mailbox) = self.lanes.get(&lane) {
            // Actors end only when their mailbox is closed.
            let _ = mailbox.send(ask);
        }
    }

    fn close(&self) {
        self.server.left_behind();
        for mailbox in self.lanes.values() {
            let _ = mailbox.send(Ask::Close);
        }
        if let Some(mailbox) = &self.catalog {
            let _ = mailbox.send(lookup::Ask::Close);
        }
        if let Some(mailbox) = &self.watch {
            let _ = mailbox.send(monitor::Ask::Close);
        }
    }
}
