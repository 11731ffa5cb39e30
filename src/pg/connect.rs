//! From a target to a session: hosts in order, addresses, TLS, login, all under one timeout per address.

use super::{
    advice::{Step, advise},
    cancel::CancelHandle,
    client::{self, Client},
    error,
    socket::{self, Address, Keepalive},
    target::{Host, HostKind, Prompt, Target},
    tls::{self, Mode, Tls},
    wire::{Binding, Login, LoginError, Session, Socket, Stream},
};
use crate::core::{effect::Secret, error::DbError};
use std::{
    future::Future,
    net::SocketAddr,
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
    /// For whom and where, for the question: `user "x" at host:port`.
    pub whom: String,
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
    if attrs != "prefer-standby" {
        let door = WireDoor { attrs: attrs.to_owned() };
        return walk(target, options, &door).await;
    }
    match walk(target, options, &WireDoor { attrs: "standby".into() }).await {
        Err(e) if !e.needs_password => walk(target, options, &WireDoor { attrs: "any".into() }).await,
        found => found,
    }
}

/// Opens a tokio-postgres client on the same path, for our own catalog SQL.
///
/// # Errors
/// See [`ConnectError`].
pub async fn open_client(target: &Target, options: &Options) -> Result<Client, ConnectError> {
    walk(target, options, &ClientDoor).await
}

/// Why one try failed, and what that means for the next.
#[derive(Debug)]
enum Trouble {
    /// No address, no socket, no TLS, hung up: try the next.
    Next(DbError),
    /// The server is there but is not what `target_session_attrs` wants: try the next host.
    NotThis(DbError),
    /// The server refused in its own words: as libpq, no other host is tried.
    Refused(DbError),
    /// It wants a password and there is none.
    NoPassword,
}

impl From<LoginError> for Trouble {
    fn from(e: LoginError) -> Self {
        match e {
            LoginError::NoPassword => Self::NoPassword,
            // "Cannot connect now" (starting up, shutting down): another host may.
            LoginError::Refused(e) if e.code == "57P03" => Self::Next(e),
            LoginError::Refused(e) => Self::Refused(e),
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
        check_attrs(&mut session, &self.attrs).await?;
        Ok(Opened { session, host })
    }
}

struct ClientDoor;

impl Door for ClientDoor {
    type Inside = Client;

    async fn enter(
        &self,
        stream: Stream,
        login: &Login,
        _: CancelHandle,
        _: usize,
    ) -> Result<Client, Trouble> {
        client::enter(stream, login).await.map_err(Into::into)
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
        whom: String::new(),
        tries: vec![],
    };
    target.check().map_err(|e| refuse(e.message))?;
    if let Some(peer) = target.get("requirepeer").filter(|p| !p.is_empty()) {
        return Err(refuse(format!(
            "requirepeer={peer} is not supported: leave it away or connect over TCP with TLS"
        )));
    }
    let tls = Arc::new(Tls::new(&|name| target.get(name).map(str::to_owned)).map_err(|e| refuse(e.message))?);
    let mut tries: Vec<Try> = vec![];
    for index in order(target, options) {
        let Some(host) = target.hosts.get(index) else { continue };
        let way = Way { target, options, tls: &tls, door, step: AtomicU8::new(0) };
        for place in way.places(host, index, &mut tries).await {
            let trouble = match way.try_place(&place).await {
                Ok(inside) => return Ok(inside),
                Err(trouble) => trouble,
            };
            let not_this = matches!(trouble, Trouble::NotThis(_));
            let mut failed = |step: Step, error: DbError| {
                let step = step.exactly(&error);
                tries.push(Try { host: index, place: place.name.clone(), step, error });
            };
            match trouble {
                Trouble::Next(e) => failed(way.reached(), e),
                Trouble::NotThis(e) => failed(Step::Attributes, e),
                Trouble::Refused(e) => {
                    let needs_password = e.is_password() && target.prompt != Prompt::Never;
                    failed(way.reached(), e);
                    return Err(refused(target, tries, needs_password, way.whom(&place)));
                }
                Trouble::NoPassword => {
                    failed(Step::Login, DbError::client("a password is needed and none was given"));
                    let needs_password = target.prompt != Prompt::Never;
                    return Err(refused(target, tries, needs_password, way.whom(&place)));
                }
            }
            if not_this {
                break;
            }
        }
    }
    Err(refused(target, tries, false, String::new()))
}

fn refused(target: &Target, tries: Vec<Try>, needs_password: bool, whom: String) -> ConnectError {
    let mut error = joined(&tries);
    if let (None, Some(last)) = (&error.hint, tries.last()) {
        error.hint = last.advice(target);
    }
    ConnectError { error, needs_password, whom, tries }
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
        if let Some(path) = host.socket_path() {
            let address = match path.strip_prefix('@') {
                Some(name) => Address::Abstract(name.to_owned()),
                None => Address::Unix(PathBuf::from(path)),
            };
            return vec![at(address)];
        }
        let port = host.port_number().unwrap_or(5432);
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
                Err(_) => Err(Trouble::Next(DbError::client(format!(
                    "no answer within {} s (connect_timeout)",
                    limit.as_secs()
                )))),
            },
        }
    }

    /// The order libpq tries them in: `prefer` TLS first, `allow` plain first, the others one way only.
    async fn with_and_without_tls(&self, place: &Place<'_>) -> Result<D::Inside, Trouble> {
        let Address::Tcp(address) = place.address else { return self.once(place, None).await };
        let dressed = || self.tls.name(place.host.host.as_deref(), address.ip()).map_err(Trouble::Next);
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
            .map_err(|e| Trouble::Next(DbError::client(unreachable(&e, place))))?;
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
            Ok(None) => {
                Err(Trouble::Next(DbError::client("the server does not support SSL, but SSL was required")))
            }
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

const NO_TLS: &str = "the server has no TLS";

/// Another way (with or without TLS) makes sense unless a password has already been judged.
fn worth_another_way(trouble: &Trouble) -> bool {
    match trouble {
        Trouble::Next(_) => true,
        Trouble::Refused(e) => !e.is_password(),
        Trouble::NotThis(_) | Trouble::NoPassword => false,
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
        (Trouble::Refused(a), Trouble::Next(_)) => Trouble::Refused(a),
        (_, b) => b,
    }
}

fn parameters(target: &Target, options: &Options) -> Vec<(String, String)> {
    let given = |name: &str| target.get(name).filter(|v| !v.is_empty());
    let own = options.application_name.as_str();
    let name =
        given("application_name").or((!own.is_empty()).then_some(own)).or(given("fallback_application_name"));
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
    let positive = |name| target.integer(name).filter(|n| *n > 0).map(i32::unsigned_abs);
    let seconds = |name| positive(name).map(|n| Duration::from_secs(n.into()));
    Keepalive {
        on: target.integer("keepalives") != Some(0),
        idle: seconds("keepalives_idle"),
        interval: seconds("keepalives_interval"),
        count: positive("keepalives_count"),
        user_timeout: positive("tcp_user_timeout").map(|n| Duration::from_millis(n.into())),
    }
}

/// The system's reason with a hint where there is a usual one.
fn unreachable(e: &std::io::Error, place: &Place<'_>) -> String {
    use std::io::ErrorKind;
    let reason = error::io(e);
    match (e.kind(), &place.address) {
        (ErrorKind::NotFound, Address::Unix(_)) => {
            format!(
                "{reason} (is a server running on this machine, with its socket there? Name a host to use TCP.)"
            )
        }
        (ErrorKind::ConnectionRefused, _) => {
            format!("{reason} (is the server running there and accepting connections?)")
        }
        _ => reason,
    }
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
    let rows = session.ask(sql).await.map_err(Trouble::Next)?;
    Ok(matches!(rows.first().and_then(|r| r.first()), Some(Some(v)) if v == "on" || v == "true"))
}
