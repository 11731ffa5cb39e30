//! From a target to a session: hosts in order, addresses, TLS, login, all under one timeout per address.

use super::{
    advice::{self, Step, advise},
    cancel::CancelHandle,
    client::{self, Client},
    error, log, pooling,
    socket::{self, Address, Keepalive},
    target::{Host, HostKind, Prompt, Target},
    tls::{self, Mode, Tls},
    wire::{Binding, Login, LoginError, Session, Socket, Stream},
};
use crate::core::{
    effect::{Secret, Statement},
    error::DbError,
};
use std::{
    future::Future,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

/// Time one address may take when `connect_timeout` is not given. libpq would wait for ever; a
/// console must say within a bearable time that a server does not answer. `connect_timeout=0` waits.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(15);

/// Seconds of silence before a server is asked for a sign of life, seconds between two such questions, and how many may
/// go unanswered, where the connection does not say. The system would take hours to find out that a server, or the way
/// to it, is gone without a word; a console must tell within a minute or so.
const KEEPALIVE: (u32, u32, u32) = (30, 10, 3);
/// Milliseconds that sent data may go without a sign that it arrived, where the connection does not say.
const USER_TIMEOUT: u32 = 60_000;

/// What the caller wants of a session beyond its target.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `application_name`, unless the target names one.
    pub application_name: String,
    /// Every transaction is read-only unless it says otherwise.
    pub read_only: bool,
    /// Settings the session starts with.
    pub settings: Vec<(String, String)>,
    /// A password typed by the user; it goes before all others.
    pub password: Option<Secret>,
    /// Only this host of the target (a further session on the server another one found).
    pub host: Option<usize>,
}

/// Why there is no session.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct ConnectError {
    /// Every host's trouble in one text; code and other fields are those of the last host's error.
    pub error: DbError,
    /// A password is wanted and none was given, or it was wrong: ask the user.
    pub needs_password: bool,
    /// The server wants a password: none was given, or it was wrong.
    pub wants_password: bool,
    /// For whom and where, for the question: `user "x" at host:port`.
    pub whom: String,
    /// It may be better in a moment: nobody answered, the server starts, all places are taken.
    pub passing: bool,
    /// Every try, in order, and how far each came.
    pub tries: Vec<Try>,
}

/// One try that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Try {
    /// Number of the host in the target.
    pub host: usize,
    /// How people name the place.
    pub place: String,
    /// What failed.
    pub step: Step,
    /// Why.
    pub error: DbError,
}

/// A session and where it was found.
#[derive(Debug)]
pub struct Opened {
    /// The session.
    pub session: Session,
    /// Number of the host in the target, for [`Options::host`].
    pub host: usize,
}

/// Opens a session.
///
/// # Errors
/// See [`ConnectError`].
pub async fn open(target: &Target, options: &Options) -> Result<Session, ConnectError> {
    open_at(target, options).await.map(|o| o.session)
}

/// Opens a session and tells which host it is on.
///
/// # Errors
/// See [`ConnectError`].
pub async fn open_at(target: &Target, options: &Options) -> Result<Opened, ConnectError> {
    let attrs =
        if options.host.is_some() { "any" } else { target.get("target_session_attrs").unwrap_or("any") };
    let door = |attrs: &str| WireDoor { attrs: attrs.to_owned(), startup: target.outside.startup.clone() };
    if attrs != "prefer-standby" {
        return commanded(target, options, &door(attrs)).await;
    }
    match commanded(target, options, &door("standby")).await {
        Err(e) if !e.needs_password => commanded(target, options, &door("any")).await,
        found => found,
    }
}

/// Where the server wants a password and the profile has a command for it, the command is asked; and once more when the
/// server refuses what it gave before, as such passwords may live for minutes only.
async fn commanded<D: Door>(target: &Target, options: &Options, door: &D) -> Result<D::Inside, ConnectError> {
    let mut options = options.clone();
    let mut given: Option<Secret> = None;
    for _ in 0..3 {
        let failed = match walk(target, &options, door).await {
            Err(e) if e.wants_password && (options.password.is_none() || options.password == given) => e,
            ended => return ended,
        };
        match target.outside.password(given.as_ref()).await {
            Ok(Some(password)) if given.as_ref() != Some(&password) => {
                given = Some(password.clone());
                options.password = Some(password);
            }
            Ok(_) => return Err(failed),
            Err(error) => return Err(ConnectError { error, needs_password: false, ..failed }),
        }
    }
    walk(target, &options, door).await
}

/// Opens a tokio-postgres client on the same path, for our own catalog SQL.
///
/// # Errors
/// See [`ConnectError`].
pub async fn open_client(target: &Target, options: &Options) -> Result<Client, ConnectError> {
    let door = ClientDoor { startup: target.outside.startup.clone() };
    commanded(target, options, &door).await
}

/// Why one try failed, and what that means for the next.
#[derive(Debug)]
enum Trouble {
    /// Something stands against it here: try the next.
    Next(DbError),
    /// Not to be reached just now: try the next, and later again.
    Away(DbError),
    /// The server is there but is not what `target_session_attrs` wants: try the next host.
    NotThis(DbError),
    /// The server refused in its own words: as libpq, no other host is tried.
    Refused(DbError),
    /// It wants a password and there is none.
    NoPassword,
    /// We are in, and the profile's SQL failed: nobody else is asked, and not in another way.
    Startup(DbError),
}

impl From<LoginError> for Trouble {
    fn from(e: LoginError) -> Self {
        match e {
            LoginError::NoPassword => Self::NoPassword,
            // "Cannot connect now" (starting up, shutting down): another host may.
            LoginError::Refused(e) if e.code == "57P03" => Self::Away(e),
            LoginError::Refused(e) => Self::Refused(e),
            LoginError::Broken(e) if e.fatal => Self::Away(e),
            LoginError::Broken(e) => Self::Next(e),
        }
    }
}

/// What is opened at the end of the way.
trait Door: Sync {
    type Inside: Send;

    /// Logs in on a connected stream.
    fn enter(
        &self,
        stream: Stream,
        login: &Login,
        way: CancelHandle,
        host: usize,
    ) -> impl Future<Output = Result<Self::Inside, Trouble>> + Send;
}

struct WireDoor {
    attrs: String,
    startup: Option<String>,
}

/// The profile's SQL, in one go.
async fn begin(session: &mut Session, startup: &Option<String>) -> Result<(), Trouble> {
    let Some(sql) = startup else { return Ok(()) };
    if let Some(refusal) = pooling::startup(sql) {
        // A pooler invents the number it gives a client for its backend; its own console answers no such question.
        let rows = session.ask("select pg_catalog.pg_backend_pid()").await.unwrap_or_default();
        let backend = rows.first().and_then(|r| r.first()?.as_ref()?.parse::<i32>().ok());
        if backend.is_some_and(|pid| pid != session.pid()) {
            return Err(Trouble::Startup(refusal));
        }
    }
    let statement = Statement { sql: sql.clone(), simple: true, ..Statement::default() };
    log::sent(session.pid(), &statement, &[], &[]);
    let done = match session.start(&statement) {
        Ok(()) => session.finish().await,
        Err(e) => Err(e),
    };
    done.map_err(startup_failed)
}

fn startup_failed(e: DbError) -> Trouble {
    Trouble::Startup(DbError { message: format!("the profile's startup SQL failed: {}", e.message), ..e })
}

impl Door for WireDoor {
    type Inside = Opened;

    async fn enter(
        &self,
        stream: Stream,
        login: &Login,
        way: CancelHandle,
        host: usize,
    ) -> Result<Opened, Trouble> {
        let mut session = login.enter(stream).await?;
        session.set_cancel(way);
        let tls = session.tls();
        log::opened(&login.place, &login.user, session.pid(), tls.as_deref(), session.method());
        begin(&mut session, &self.startup).await?;
        check_attrs(&mut session, &self.attrs).await?;
        Ok(Opened { session, host })
    }
}

struct ClientDoor {
    startup: Option<String>,
}

impl Door for ClientDoor {
    type Inside = Client;

    async fn enter(
        &self,
        stream: Stream,
        login: &Login,
        _: CancelHandle,
        _: usize,
    ) -> Result<Client, Trouble> {
        let client = client::enter(stream, login).await?;
        log::opened_for_questions(&login.place, &login.user);
        if let Some(sql) = &self.startup {
            log::asked(&login.place, sql);
            client.sql().batch_execute(sql).await.map_err(|e| startup_failed(client.error(&e)))?;
        }
        Ok(client)
    }
}

/// One address of one host.
struct Place<'a> {
    host: &'a Host,
    index: usize,
    address: Address,
    name: String,
}

async fn walk<D: Door>(target: &Target, options: &Options, door: &D) -> Result<D::Inside, ConnectError> {
    let refuse = |message: String| ConnectError {
        error: DbError::client(message),
        needs_password: false,
        wants_password: false,
        whom: String::new(),
        passing: false,
        tries: vec![],
    };
    target.check().map_err(|e| refuse(e.message))?;
    let tls = Arc::new(Tls::new(&|name| target.get(name).map(str::to_owned)).map_err(|e| refuse(e.message))?);
    let mut tries: Vec<Try> = vec![];
    let mut passing = false;
    for index in order(target, options) {
        let Some(host) = target.hosts.get(index) else { continue };
        let way = Way { target, options, tls: &tls, door, step: AtomicU8::new(0) };
        let places = way.places(host, index, &mut tries).await;
        passing |= places.is_empty();
        for place in places {
            let trouble = match way.try_place(&place).await {
                Ok(inside) => return Ok(inside),
                Err(trouble) => trouble,
            };
            let not_this = matches!(trouble, Trouble::NotThis(_));
            passing |= not_this || matches!(trouble, Trouble::Away(_));
            let mut failed = |step: Step, error: DbError| {
                let step = step.exactly(&error);
                tries.push(Try { host: index, place: place.name.clone(), step, error });
            };
            match trouble {
                Trouble::Next(e) | Trouble::Away(e) => failed(way.reached(), e),
                Trouble::NotThis(e) => failed(Step::Attributes, e),
                Trouble::Refused(e) => {
                    let needs_password = e.is_password() && target.prompt != Prompt::Never;
                    // Operator intervention and want of resources (classes 57 and 53) pass.
                    let passing = e.code.starts_with("57") || e.code.starts_with("53");
                    failed(way.reached(), e);
                    let refused = refused(target, tries, needs_password, way.whom(&place));
                    return Err(ConnectError { passing, ..refused });
                }
                Trouble::Startup(e) => {
                    failed(Step::Startup, e);
                    return Err(refused(target, tries, false, way.whom(&place)));
                }
                Trouble::NoPassword => {
                    failed(Step::Login, DbError::client(NO_PASSWORD));
                    let needs_password = target.prompt != Prompt::Never;
                    return Err(refused(target, tries, needs_password, way.whom(&place)));
                }
            }
            if not_this {
                break;
            }
        }
    }
    Err(ConnectError { passing, ..refused(target, tries, false, String::new()) })
}

fn refused(target: &Target, tries: Vec<Try>, needs_password: bool, whom: String) -> ConnectError {
    tries.iter().for_each(|t| log::lost(&t.place, &t.error));
    let mut error = joined(&tries);
    if let (None, Some(last)) = (&error.hint, tries.last()) {
        error.hint = last.advice(target);
    }
    let wants_password =
        tries.last().is_some_and(|t| t.error.is_password() || t.error.message == NO_PASSWORD);
    let error = advice::in_session(error);
    ConnectError { error, needs_password, wants_password, whom, passing: false, tries }
}

impl Try {
    /// What to do about it.
    #[must_use]
    pub fn advice(&self, target: &Target) -> Option<String> {
        advise(self.step, &self.error, target, target.hosts.get(self.host))
    }
}

fn order(target: &Target, options: &Options) -> Vec<usize> {
    if let Some(only) = options.host {
        return vec![only];
    }
    let mut order: Vec<usize> = (0..target.hosts.len()).collect();
    if target.get("load_balance_hosts") == Some("random") {
        shuffle(&mut order);
    }
    order
}

/// Fisher and Yates' shuffle. The randomness a hash map is seeded with is good enough to spread load.
fn shuffle<T>(list: &mut [T]) {
    use std::hash::{BuildHasher, RandomState};
    let random = RandomState::new();
    for at in (1..list.len()).rev() {
        let other = random.hash_one(at) % (at as u64 + 1);
        list.swap(at, other as usize);
    }
}

struct Way<'a, D> {
    target: &'a Target,
    options: &'a Options,
    tls: &'a Arc<Tls>,
    door: &'a D,
    /// How far the present try is: a [`Step`].
    step: AtomicU8,
}

impl<D: Door> Way<'_, D> {
    fn at(&self, step: Step) {
        self.step.store(step as u8, Ordering::Relaxed);
    }

    fn reached(&self) -> Step {
        Step::ALL.into_iter().find(|s| *s as u8 == self.step.load(Ordering::Relaxed)).unwrap_or(Step::Lookup)
    }

    fn whom(&self, place: &Place<'_>) -> String {
        format!("user \"{}\" at {}", self.target.user(), place.name)
    }

    fn timeout(&self) -> Option<Duration> {
        match self.target.integer("connect_timeout") {
            None => Some(DEFAULT_TIMEOUT),
            Some(_) => self.target.connect_timeout(),
        }
    }

    /// The addresses of a host; a name may have several.
    async fn places<'h>(&self, host: &'h Host, index: usize, tries: &mut Vec<Try>) -> Vec<Place<'h>> {
        self.at(Step::Lookup);
        let name = host.to_string();
        let at = |address| Place { host, index, address, name: name.clone() };
        let tunnel = match self.target.outside.way(self.target, index).await {
            Ok(way) => way,
            Err(error) => {
                tries.push(Try { host: index, place: name.clone(), step: Step::Tunnel, error });
                return vec![];
            }
        };
        if let (Some(way), HostKind::Socket) = (&tunnel, host.kind) {
            return vec![at(Address::Unix(way.clone()))];
        }
        if let Some(path) = host.socket_path() {
            let address = match path.strip_prefix('@') {
                Some(name) => Address::Abstract(name.to_owned()),
                None => Address::Unix(PathBuf::from(path)),
            };
            return vec![at(address)];
        }
        let port = host.port_number().unwrap_or(5432);
        if let Some(way) = tunnel {
            return vec![at(Address::Tunnel(way))];
        }
        let text = match host.kind {
            HostKind::Address => host.hostaddr.as_deref(),
            _ => host.host.as_deref(),
        }
        .unwrap_or_default();
        if let Some(ip) = super::target::ipv4(text) {
            return vec![at(Address::Tcp(SocketAddr::from((ip, port))))];
        }
        let looked_up = tokio::net::lookup_host((text, port));
        let found = match self.timeout() {
            Some(limit) => tokio::time::timeout(limit, looked_up).await,
            None => Ok(looked_up.await),
        };
        let mut failed = |message: String| {
            let error = DbError::client(message);
            tries.push(Try { host: index, place: name.clone(), step: Step::Lookup, error });
        };
        match found {
            Ok(Ok(addresses)) => {
                let mut places: Vec<_> = addresses.map(|a| at(Address::Tcp(a))).collect();
                if self.target.get("load_balance_hosts") == Some("random") {
                    shuffle(&mut places);
                }
                return places;
            }
            Ok(Err(e)) => {
                let e = e.to_string();
                let e = e.strip_prefix("failed to lookup address information: ").unwrap_or(&e);
                failed(format!("could not translate host name to address: {e}"));
            }
            Err(_) => failed("the name was not resolved in time".into()),
        }
        vec![]
    }

    async fn try_place(&self, place: &Place<'_>) -> Result<D::Inside, Trouble> {
        match self.timeout() {
            None => self.with_and_without_tls(place).await,
            Some(limit) => match tokio::time::timeout(limit, self.with_and_without_tls(place)).await {
                Ok(result) => result,
                Err(_) => Err(Trouble::Away(DbError {
                    hint: Some("Is it the right host and port, and does a firewall let it through? Who waits in vain is not refused.".into()),
                    ..DbError::client(format!("no answer within {} s (connect_timeout)", limit.as_secs()))
                })),
            },
        }
    }

    /// The order libpq tries them in: `prefer` TLS first, `allow` plain first, the others one way only.
    async fn with_and_without_tls(&self, place: &Place<'_>) -> Result<D::Inside, Trouble> {
        let address = match &place.address {
            Address::Tcp(address) => address.ip(),
            // Through a tunnel the certificate is the real host's.
            Address::Tunnel(_) => {
                let numeric = place.host.hostaddr.as_deref().and_then(|a| a.parse().ok());
                numeric.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
            }
            Address::Unix(_) | Address::Abstract(_) => return self.once(place, None).await,
        };
        let dressed = || self.tls.name(place.host.host.as_deref(), address).map_err(Trouble::Next);
        match self.tls.mode {
            Mode::Disable => self.once(place, None).await,
            Mode::Require => self.once(place, Some(dressed()?)).await,
            Mode::Prefer => match self.once(place, Some(dressed()?)).await {
                Err(trouble) if worth_another_way(&trouble) => {
                    self.once(place, None).await.map_err(|plain| clearer(trouble, plain))
                }
                result => result,
            },
            Mode::Allow => match self.once(place, None).await {
                Err(trouble) if worth_another_way(&trouble) => {
                    self.once(place, Some(dressed()?)).await.map_err(|other| clearer(trouble, other))
                }
                result => result,
            },
        }
    }

    async fn once(&self, place: &Place<'_>, name: Option<tls::Name>) -> Result<D::Inside, Trouble> {
        let keepalive = keepalive(self.target);
        self.at(Step::Socket);
        let socket = socket::connect(&place.address, keepalive)
            .await
            .map_err(|e| Trouble::Away(DbError::client(error::io(&e))))?;
        if let Some(wanted) = self.target.get("requirepeer").filter(|p| !p.is_empty()) {
            check_peer(&socket, wanted)?;
        }
        if name.is_none() && self.tls.wants_certificate_shown() {
            return Err(Trouble::Next(tls::not_asked()));
        }
        if name.is_some() {
            self.at(Step::Tls);
        }
        let stream = self.dress(socket, name.as_ref()).await?;
        self.at(Step::Login);
        let inside = matches!(stream, Stream::Tls(_));
        let tls = name.filter(|_| inside).map(|n| (Arc::clone(self.tls), n));
        let way = CancelHandle::new(place.address.clone(), keepalive, tls, place.name.clone());
        self.door.enter(stream, &self.login(place), way, place.index).await
    }

    async fn dress(&self, socket: Socket, name: Option<&tls::Name>) -> Result<Stream, Trouble> {
        let Some(name) = name else { return Ok(Stream::Plain(socket)) };
        match self.tls.negotiate(socket, name).await {
            Ok(Some(stream)) => Ok(stream),
            Ok(None) if self.tls.mode == Mode::Prefer => Err(Trouble::Next(DbError::client(NO_TLS))),
            Ok(None) => Err(Trouble::Next(DbError {
                hint: Some("sslmode=prefer does without TLS where there is none: then nobody checks who answers, and what is sent can be read on the way.".into()),
                ..DbError::client("the server does not support SSL, but SSL was required")
            })),
            Err(e) => Err(Trouble::Next(e)),
        }
    }

    fn login(&self, place: &Place<'_>) -> Login {
        let target = self.target;
        let typed = self.options.password.as_ref().map(|s| s.0.clone());
        Login {
            place: place.name.clone(),
            user: target.user().to_owned(),
            password: typed.or_else(|| target.password(place.host)),
            parameters: parameters(target, self.options),
            binding: match target.get("channel_binding") {
                Some("disable") => Binding::Disable,
                Some("require") => Binding::Require,
                _ => Binding::Prefer,
            },
            methods: target.get("require_auth").filter(|l| !l.is_empty()).map(methods),
        }
    }
}

const NO_PASSWORD: &str = "a password is needed and none was given";
const NO_TLS: &str = "the server has no TLS";

/// Another way (with or without TLS) makes sense unless a password has already been judged.
fn worth_another_way(trouble: &Trouble) -> bool {
    match trouble {
        Trouble::Next(_) => true,
        // What cannot be reached cannot be reached another way; who hung up may want it otherwise.
        Trouble::Away(e) => e.fatal,
        Trouble::Refused(e) => !e.is_password(),
        Trouble::NotThis(_) | Trouble::NoPassword | Trouble::Startup(_) => false,
    }
}

/// Of two ways that failed: the server's own words, or both texts when they differ.
fn clearer(first: Trouble, second: Trouble) -> Trouble {
    match (first, second) {
        (Trouble::Next(a), Trouble::Next(b)) if a.message != NO_TLS && a.message != b.message => {
            Trouble::Next(DbError {
                message: format!("{}; and the other way: {}", a.message, b.message),
                ..b
            })
        }
        (Trouble::Refused(a), Trouble::Next(_) | Trouble::Away(_)) => Trouble::Refused(a),
        (_, b) => b,
    }
}

fn parameters(target: &Target, options: &Options) -> Vec<(String, String)> {
    let given = |name: &str| target.get(name).filter(|v| !v.is_empty());
    let own = options.application_name.as_str();
    let ours = || (!own.is_empty()).then_some(own).or(given("fallback_application_name"));
    // One that is given as nothing is none, as in libpq.
    let name = target.get("application_name").or_else(ours).filter(|name| !name.is_empty());
    let mut all: Vec<(String, String)> = vec![];
    let mut add = |name: &str, value: &str| all.push((name.to_owned(), value.to_owned()));
    if !target.dbname().is_empty() {
        add("database", target.dbname());
    }
    if let Some(name) = name {
        add("application_name", name);
    }
    if let Some(options) = given("options") {
        add("options", options);
    }
    for (name, value) in &target.startup {
        add(name, value);
    }
    for (name, value) in &options.settings {
        add(name, value);
    }
    if options.read_only {
        add("default_transaction_read_only", "on");
    }
    all
}

fn methods(list: &str) -> (bool, Vec<String>) {
    let allowed = !list.starts_with('!');
    (allowed, list.split(',').map(|m| m.trim_start_matches('!').to_owned()).collect())
}

fn keepalive(target: &Target) -> Keepalive {
    let given = |name| target.integer(name).map(|n| u32::try_from(n).unwrap_or(0));
    // 0 is the system's own value, which may be hours.
    let or = |name, ours: u32| Some(given(name).unwrap_or(ours)).filter(|n| *n > 0);
    let seconds = |name, ours: u32| or(name, ours).map(|n| Duration::from_secs(n.into()));
    Keepalive {
        on: target.integer("keepalives") != Some(0),
        idle: seconds("keepalives_idle", KEEPALIVE.0),
        interval: seconds("keepalives_interval", KEEPALIVE.1),
        count: or("keepalives_count", KEEPALIVE.2),
        user_timeout: or("tcp_user_timeout", USER_TIMEOUT).map(|n| Duration::from_millis(n.into())),
    }
}

/// As libpq: the process behind a Unix-domain socket must be this user's; TCP does not tell.
fn check_peer(socket: &Socket, wanted: &str) -> Result<(), Trouble> {
    let Socket::Unix(socket) = socket else { return Ok(()) };
    let refuse = |text: String| Trouble::Next(DbError::client(text));
    let peer = socket.peer_cred().map_err(|e| {
        refuse(format!("requirepeer: the socket does not tell whose it is: {}", error::io(&e)))
    })?;
    let user = super::target::user_name(peer.uid()).map_err(|why| refuse(format!("requirepeer: {why}")))?;
    if user == wanted {
        return Ok(());
    }
    Err(refuse(format!("requirepeer specifies \"{wanted}\", but actual peer user name is \"{user}\"")))
}

/// All tries in one text; the other fields are the last one's.
fn joined(tries: &[Try]) -> DbError {
    let said = |t: &Try| format!("connection to {} failed: {}", t.place, t.error.message);
    let message = tries.iter().map(said).collect::<Vec<_>>().join("\n");
    match tries.last() {
        Some(last) => DbError { message, fatal: true, ..last.error.clone() },
        None => DbError::lost("there is no host to connect to"),
    }
}

async fn check_attrs(session: &mut Session, attrs: &str) -> Result<(), Trouble> {
    let standby = match attrs {
        "any" => return Ok(()),
        _ => is(session, "in_hot_standby", "select pg_catalog.pg_is_in_recovery()::text").await?,
    };
    let read_only = match attrs {
        "read-write" | "read-only" if !standby => {
            is(session, "default_transaction_read_only", "show default_transaction_read_only").await?
        }
        _ => standby,
    };
    let (fits, what) = match attrs {
        "read-write" => (!read_only, "session is read-only"),
        "read-only" => (read_only, "session is not read-only"),
        "primary" => (!standby, "server is in hot standby mode"),
        "standby" => (standby, "server is not in hot standby mode"),
        _ => (true, ""),
    };
    if fits { Ok(()) } else { Err(Trouble::NotThis(DbError::client(what))) }
}

/// A yes-or-no setting the server reports from version 14 on, or by asking.
async fn is(session: &mut Session, parameter: &str, sql: &str) -> Result<bool, Trouble> {
    if let Some(value) = session.parameter(parameter) {
        return Ok(value == "on");
    }
    let rows = session.ask(sql).await.map_err(Trouble::Away)?;
    Ok(matches!(rows.first().and_then(|r| r.first()), Some(Some(v)) if v == "on" || v == "true"))
}
