//! One server as the hub knows it: how to get there, and what its sessions share.

mod info;
mod stage;

use super::{
    advice::{self, STANDBY, in_session},
    client::Client,
    connect::{self, ConnectError, Options},
    guard::{self, Around},
    near::near,
    target::{Prompt, Target},
    wire::{GIVEN_UP, Session},
};
use crate::core::{
    effect::{LookAs, Secret, Statement},
    error::DbError,
    event::{Event, Link, News, Pooler, ServerInfo, Tx},
    ids::{ConnId, JobId, Lane},
};
use crate::data::live::Sample;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::sync::{mpsc, watch};

/// Where a connection leads, and on what terms.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The resolved target.
    pub target: Target,
    /// The user's own session is read-only, too.
    pub read_only: bool,
    /// `application_name` unless the target names one.
    pub application_name: String,
}

/// Which lane runs a job. Entries go when the job ends.
pub type Routes = Arc<Mutex<HashMap<JobId, Lane>>>;

/// What all sessions of one connection share.
#[derive(Debug)]
pub struct Server {
    conn: ConnId,
    plan: Plan,
    password: Mutex<Option<Secret>>,
    /// The host of the target the first session was found on: all others go there.
    host: Mutex<Option<usize>>,
    /// As whom rows are looked at.
    look: Mutex<Option<LookAs>>,
    /// A pooler that refuses start-up settings stands before the server.
    plain: AtomicBool,
    stage: Mutex<stage::Stage>,
    /// Which server connection each lane was seen on, and what follows from it.
    pooled: Mutex<Pooled>,
    /// It is a standby, by the last word of any session.
    standby: AtomicBool,
    /// What was told of the server last.
    told: Mutex<Option<ServerInfo>>,
    version: AtomicU32,
    /// It is the console of PgBouncer.
    bouncer: AtomicBool,
    /// Backend of the user's own session and of the other lanes, 0 when there is none.
    pids: [AtomicI32; 5],
    events: mpsc::Sender<Event>,
    closing: watch::Receiver<bool>,
    routes: Routes,
    /// How long a stream may rest.
    pub rest: Duration,
    /// How long a session may be silent after a cancel request.
    pub patience: Duration,
}

/// What was seen of a pooler.
#[derive(Debug, Default)]
struct Pooled {
    seen: Pooler,
    backends: [i32; 5],
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Server {
    /// A server not yet connected to.
    pub fn new(
        conn: ConnId,
        plan: Plan,
        rest: Duration,
        events: mpsc::Sender<Event>,
        closing: watch::Receiver<bool>,
        routes: Routes,
    ) -> Self {
        Self {
            conn,
            plan,
            password: Mutex::new(None),
            host: Mutex::new(None),
            look: Mutex::new(None),
            plain: AtomicBool::new(false),
            stage: Mutex::default(),
            pooled: Mutex::default(),
            standby: AtomicBool::new(false),
            told: Mutex::default(),
            version: AtomicU32::new(0),
            bouncer: AtomicBool::new(false),
            pids: [const { AtomicI32::new(0) }; 5],
            events,
            closing,
            routes,
            rest,
            patience: GIVEN_UP,
        }
    }

    /// Sends an event; waits while the screen is behind, gives up when everything is closing.
    pub async fn emit(&self, event: Event) {
        let Some(event) = self.as_told(event) else { return };
        let mut closing = self.closing.clone();
        tokio::select! {
            biased;
            // An error means that nobody listens any more: then nobody misses it.
            _ = self.events.send(event) => {}
            _ = closing.wait_for(|c| *c) => {}
        }
    }

    /// News of a job. Its last ones also end its route.
    pub async fn news(&self, job: JobId, news: News) {
        let ends = match &news {
            News::Failed(..) => true,
            News::Done(summary) => summary.last,
            News::Catalog(catalog) => catalog.complete,
            News::Detail(_) | News::Signalled(_) => true,
            _ => false,
        };
        if ends {
            lock(&self.routes).remove(&job);
        }
        self.emit(Event::News(job, news)).await;
    }

    /// Everything ends.
    pub fn closing(&self) -> bool {
        *self.closing.borrow()
    }

    /// Tells how the link is.
    pub async fn link(&self, link: Link) {
        self.emit(Event::Link(self.conn, link)).await;
    }

    /// A password the user typed; kept in memory only.
    pub fn set_password(&self, password: Secret) {
        *lock(&self.password) = Some(password);
    }

    /// Whose it is.
    pub fn conn(&self) -> ConnId {
        self.conn
    }

    /// Where it leads, for people.
    pub fn title(&self) -> String {
        self.plan.target.title()
    }

    /// Nothing may be written on this connection.
    pub fn read_only(&self) -> bool {
        self.plan.read_only
    }

    /// What goes around a statement: all sessions but the user's own only read, and on a read-only connection that
    /// one, too.
    pub fn around(&self, lane: Lane, tx: Tx, statement: &Statement) -> Result<Around, DbError> {
        let around = if self.guards(lane) { guard::around(tx, statement)? } else { Around::default() };
        match (lane, &*lock(&self.look)) {
            (Lane::Read(_) | Lane::Aside(_), Some(who)) => guard::looking(around, who),
            _ => Ok(around),
        }
    }

    /// As whom rows are looked at from now on.
    pub fn look_as(&self, who: Option<LookAs>) {
        *lock(&self.look) = who;
    }

    /// Rows are looked at as somebody else.
    pub fn is_looking(&self) -> bool {
        lock(&self.look).is_some()
    }

    fn guards(&self, lane: Lane) -> bool {
        self.plan.read_only || !matches!(lane, Lane::Own(_))
    }

    /// A session's error, with the way out where it is one of being read-only or of losing the session.
    pub fn explain(&self, lane: Lane, e: DbError) -> DbError {
        if e.code == "25006" && self.standby.load(Ordering::Relaxed) {
            let hint = e.hint.map_or_else(|| STANDBY.to_owned(), |h| format!("{h}\n{STANDBY}"));
            return DbError { hint: Some(hint), ..e };
        }
        let e = in_session(e);
        if !self.guards(lane) {
            return e;
        }
        guard::explain(e, &self.way_out())
    }

    /// How to write after all.
    pub fn way_out(&self) -> String {
        match (&self.plan.target.profile, self.plan.read_only, self.plan.target.read_only) {
            (Some(profile), true, true) => format!(
                "The profile {profile} is read-only: to write, connect without it or take read_only out of the config."
            ),
            (_, true, _) => {
                "This connection is read-only: to write, start pgdeck without --read-only.".into()
            }
            _ => "What is looked at here only reads: run it in SQL to write.".into(),
        }
    }

    /// The database's name.
    pub fn database(&self) -> &str {
        self.plan.target.dbname()
    }

    /// Remembers the backend of a lane; 0 forgets it.
    pub fn set_pid(&self, lane: Lane, pid: i32) {
        self.pids[slot(lane)].store(pid, Ordering::Relaxed);
    }

    /// The backend of a lane.
    pub fn pid(&self, lane: Lane) -> i32 {
        self.pids[slot(lane)].load(Ordering::Relaxed)
    }

    /// What stands between us and the server.
    pub fn pooler(&self) -> Pooler {
        lock(&self.pooled).seen
    }

    /// A lane's session, which has this number to us, was on this backend of the server just now. Another number means
    /// that somebody stands in between; one backend for two sessions, or two for one, that he shares it out by
    /// transaction.
    pub async fn seen_on(&self, lane: Lane, own: i32, backend: i32) {
        let changed = {
            let mut pooled = lock(&self.pooled);
            let before = pooled.seen;
            if own != 0 && own != backend && pooled.seen == Pooler::None {
                pooled.seen = Pooler::Session;
            }
            if pooled.seen != Pooler::None {
                let at = slot(lane);
                let moved = pooled.backends[at] != 0 && pooled.backends[at] != backend;
                let shared = pooled.backends.iter().enumerate().any(|(n, b)| n != at && *b == backend);
                if moved || shared {
                    pooled.seen = Pooler::Transaction;
                }
                pooled.backends[at] = backend;
            }
            (before != pooled.seen).then_some(pooled.seen)
        };
        if let Some(pooler) = changed {
            self.known(|info| info.pooler = pooler).await;
        }
    }

    /// A lane's session is gone, and with it what was seen of its backend.
    pub fn left(&self, lane: Lane) {
        self.set_pid(lane, 0);
        lock(&self.pooled).backends[slot(lane)] = 0;
    }

    /// More is known of the server, or something has changed.
    pub async fn known(&self, change: impl FnOnce(&mut ServerInfo)) {
        let news = {
            let mut told = lock(&self.told);
            let Some(info) = told.as_mut() else { return };
            let before = info.clone();
            change(info);
            (before != *info).then(|| info.clone())
        };
        if let Some(info) = news {
            self.standby.store(info.standby, Ordering::Relaxed);
            self.link(Link::Known(Box::new(info))).await;
        }
    }

    /// It is a standby, by the last word of any session.
    pub fn standby(&self) -> bool {
        self.standby.load(Ordering::Relaxed)
    }

    /// A session tells of a setting that changed by itself.
    pub async fn setting(&self, name: &str, value: &str) {
        if name == "in_hot_standby" {
            self.known(|info| info.standby = value == "on").await;
        }
    }

    /// Its sessions may be opened at the same time: all lead to one place whatever the first one finds there, and
    /// there is no password that could be refused three times instead of once.
    pub fn may_hurry(&self) -> bool {
        let target = &self.plan.target;
        let unset = |name: &str, usual: &str| target.get(name).is_none_or(|v| v.is_empty() || v == usual);
        let outside = &target.outside;
        let plain = outside.password_command.is_none() && outside.ssh.is_none() && outside.startup.is_none();
        plain
            && matches!(&target.hosts[..], [host] if target.password(host).is_none())
            && target.prompt != Prompt::Always
            && unset("target_session_attrs", "any")
            && unset("load_balance_hosts", "disable")
            && unset("require_auth", "")
    }

    /// Opens a session for a lane. The user's own session may go to any host of the target, the
    /// others go where it is.
    pub async fn open(&self, lane: Lane) -> Result<Session, ConnectError> {
        let own = matches!(lane, Lane::Own(_));
        let mut options = self.options(lane);
        let mut opened = connect::open_at(&self.plan.target, &options).await;
        if let Err(e) = &opened
            && self.refused_by_pooler(e, &options)
        {
            options = self.options(lane);
            opened = connect::open_at(&self.plan.target, &options).await;
        }
        let opened = match opened {
            Err(e) if own && e.error.code == "3D000" => return Err(self.with_near_names(e, &options).await),
            other => other?,
        };
        if own {
            *lock(&self.host) = Some(opened.host);
        }
        self.set_pid(lane, opened.session.pid());
        Ok(opened.session)
    }

    /// Adds the databases that may have been meant, where the server tells them within a moment.
    async fn with_near_names(&self, mut e: ConnectError, options: &Options) -> ConnectError {
        let asked = async {
            for other in ["postgres", "template1"] {
                let mut target = self.plan.target.clone();
                target.set("dbname", other);
                target.outside.startup = None;
                let Ok(mut session) = connect::open(&target, options).await else { continue };
                let sql = "select datname from pg_catalog.pg_database where datallowconn and not datistemplate order by 1 limit 1000";
                let rows = session.ask(sql).await.unwrap_or_default();
                session.close().await;
                return rows.into_iter().flatten().flatten().collect::<Vec<String>>();
            }
            vec![]
        };
        let all = tokio::time::timeout(NEAR, asked).await.unwrap_or_default();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let near = near(self.database(), &all);
        if !near.is_empty() {
            let names = near.iter().map(|n| format!("\"{n}\"")).collect::<Vec<_>>().join(", ");
            let hint = e.error.hint.take().unwrap_or_default();
            // That it is not there has been said.
            let hint = hint.strip_prefix(advice::NO_DATABASE).unwrap_or(&hint).trim_start();
            e.error.hint = Some(format!("There is {names}. {hint}").trim_end().to_owned());
        }
        e
    }

    /// Opens the client of the catalog lane.
    pub async fn open_client(&self) -> Result<Client, ConnectError> {
        let mut closing = self.closing.clone();
        let lane = Lane::Catalog(self.conn);
        let opening = async {
            let options = self.options(lane);
            match connect::open_client(&self.plan.target, &options).await {
                Err(e) if self.refused_by_pooler(&e, &options) => {
                    connect::open_client(&self.plan.target, &self.options(lane)).await
                }
                other => other,
            }
        };
        tokio::select! {
            opened = opening => opened,
            _ = closing.wait_for(|c| *c) => Err(ConnectError {
                error: cancelled_unsent(),
                needs_password: false,
                wants_password: false,
                whom: String::new(),
                passing: false,
                tries: vec![],
            }),
        }
    }

    /// Opens the client of the watching lane.
    pub async fn open_watch(&self, settings: &[(&str, &str)]) -> Result<Client, ConnectError> {
        let lane = Lane::Watch(self.conn);
        let options = |server: &Self| {
            let mut options = server.options(lane);
            if !server.behind_pooler() {
                let all = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
                options.settings.extend(all);
            }
            options
        };
        let first = options(self);
        match connect::open_client(&self.plan.target, &first).await {
            Err(e) if self.refused_by_pooler(&e, &first) => {
                connect::open_client(&self.plan.target, &options(self)).await
            }
            other => other,
        }
    }

    /// A pooler stands before the server: nothing of a session can be relied on.
    pub fn behind_pooler(&self) -> bool {
        self.plain.load(Ordering::Relaxed) || self.pooler() != Pooler::None
    }

    /// The console of PgBouncer, not a server.
    pub fn is_bouncer(&self) -> bool {
        self.bouncer.load(Ordering::Relaxed)
    }

    /// The backends of this console; behind a pooler nobody knows them.
    pub fn pids(&self) -> Vec<i32> {
        if self.behind_pooler() {
            return vec![];
        }
        self.pids.iter().map(|pid| pid.load(Ordering::Relaxed)).filter(|pid| *pid != 0).collect()
    }

    /// `server_version_num`, 0 before it is known.
    pub fn version(&self) -> u32 {
        self.version.load(Ordering::Relaxed)
    }

    /// Passes a sample on.
    pub async fn sampled(&self, sample: Sample) {
        self.emit(Event::Sample(self.conn, Box::new(sample))).await;
    }

    fn options(&self, lane: Lane) -> Options {
        let own = matches!(lane, Lane::Own(_));
        let plain = self.plain.load(Ordering::Relaxed);
        let setting = match lane {
            Lane::Catalog(_) => Some(("statement_timeout", "50s")),
            // A stream that is read again must give its rows in the same order, not from where another scan is.
            Lane::Read(_) => Some(("synchronize_seqscans", "off")),
            _ => None,
        };
        let settings = setting.filter(|_| !plain).map(|(name, value)| (name.to_owned(), value.to_owned()));
        Options {
            application_name: self.plan.application_name.clone(),
            // The sessions' statements are guarded one by one, and applying has to see whether the server's own
            // default is to write. This is for SQL of our own, and shows what holds to who asks the server. A
            // pooler's server session is shared with others: no SET may replace the start-up setting.
            read_only: (self.plan.read_only || matches!(lane, Lane::Catalog(_) | Lane::Watch(_))) && !plain,
            settings: settings.into_iter().collect(),
            password: lock(&self.password).clone(),
            host: if own { None } else { *lock(&self.host) },
        }
    }

    /// PgBouncer takes only the start-up settings it knows. We can do without: what must not write is guarded
    /// statement by statement. `sent`: what the try had that failed; another lane may have found out meanwhile.
    fn refused_by_pooler(&self, e: &ConnectError, sent: &Options) -> bool {
        let refused = e.error.code == "08P01" && e.error.message.contains("unsupported startup parameter");
        let again = refused && (sent.read_only || !sent.settings.is_empty());
        if again {
            self.plain.store(true, Ordering::Relaxed);
        }
        again
    }

    /// Looks which backend a session without a transaction is on, and whether that is a standby: what a pooler reports
    /// by itself may be old.
    pub async fn look(&self, lane: Lane, session: &mut Session) {
        if session.tx() != Tx::Idle || !session.is_idle() {
            return;
        }
        let sql = "select pg_catalog.pg_backend_pid()::text, pg_catalog.pg_is_in_recovery()::text";
        let rows = match tokio::time::timeout(LOOK, session.ask(sql)).await {
            Ok(Ok(rows)) => rows,
            // What refuses this is no pooler we know of.
            Ok(Err(_)) => return,
            Err(_) => {
                return session.abandon("the server let us in and then did not answer");
            }
        };
        let Some([Some(backend), Some(standby)]) = rows.first().map(Vec::as_slice) else { return };
        let Ok(backend) = backend.parse() else { return };
        self.seen_on(lane, session.pid(), backend).await;
        if self.pooler() != Pooler::None {
            self.known(|info| info.standby = standby == "true").await;
        }
    }
}

/// How long the question for the backend may take.
const LOOK: Duration = Duration::from_secs(10);
/// How long the names of other databases may take.
const NEAR: Duration = Duration::from_secs(3);

fn slot(lane: Lane) -> usize {
    match lane {
        Lane::Own(_) => 0,
        Lane::Read(_) => 1,
        Lane::Watch(_) => 2,
        Lane::Catalog(_) => 3,
        Lane::Aside(_) => 4,
    }
}

/// What was lost with a session, in plain words.
pub fn what_was_lost(in_transaction: bool) -> String {
    let session = "settings (SET), temporary tables, prepared statements and LISTEN of the session";
    if in_transaction {
        format!("lost: the open transaction (the server rolls it back), {session}")
    } else {
        format!("lost: {session}")
    }
}

/// An error that a cancelled job ends with although nothing of it had been sent.
pub fn cancelled_unsent() -> DbError {
    DbError {
        severity: "ERROR".into(),
        code: "57014".into(),
        ..DbError::client("cancelled before it was sent to the server")
    }
}
