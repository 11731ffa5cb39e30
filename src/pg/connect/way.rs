//! One host tried: its addresses, the socket, TLS with and without, the login's parameters.

use super::{
    DEFAULT_TIMEOUT, Options, Try,
    door::{Door, Trouble},
    shuffle,
};
use crate::{
    core::error::DbError,
    pg::{
        advice::Step,
        cancel::CancelHandle,
        error,
        socket::{self, Address, Keepalive},
        target::{Host, HostKind, Target, ipv4, user_name},
        tls::{self, Mode, Tls},
        wire::{Binding, Login, Socket, Stream},
    },
};
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

/// Seconds of silence before a server is asked for a sign of life, seconds between two such questions, and how many may
/// go unanswered, where the connection does not say. The system would take hours to find out that a server, or the way
/// to it, is gone without a word; a console must tell within a minute or so.
const KEEPALIVE: (u32, u32, u32) = (30, 10, 3);
/// Milliseconds that sent data may go without a sign that it arrived, where the connection does not say.
const USER_TIMEOUT: u32 = 60_000;

/// One address of one host.
pub(super) struct Place<'a> {
    pub host: &'a Host,
    pub index: usize,
    pub address: Address,
    pub name: String,
}

/// One way to a host: how it is tried.
pub(super) struct Way<'a, D> {
    pub target: &'a Target,
    pub options: &'a Options,
    pub tls: &'a Arc<Tls>,
    pub door: &'a D,
    /// How far the present try is: a [`Step`].
    pub step: AtomicU8,
}

impl<D: Door> Way<'_, D> {
    fn at(&self, step: Step) {
        self.step.store(step as u8, Ordering::Relaxed);
    }

    pub fn reached(&self) -> Step {
        Step::ALL.into_iter().find(|s| *s as u8 == self.step.load(Ordering::Relaxed)).unwrap_or(Step::Lookup)
    }

    pub fn whom(&self, place: &Place<'_>) -> String {
        format!("user \"{}\" at {}", self.target.user(), place.name)
    }

    fn timeout(&self) -> Option<Duration> {
        match self.target.integer("connect_timeout") {
            None => Some(DEFAULT_TIMEOUT),
            Some(_) => self.target.connect_timeout(),
        }
    }

    /// The addresses of a host; a name may have several.
    pub async fn places<'h>(&self, host: &'h Host, index: usize, tries: &mut Vec<Try>) -> Vec<Place<'h>> {
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
        if let Some(ip) = ipv4(text) {
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

    pub async fn try_place(&self, place: &Place<'_>) -> Result<D::Inside, Trouble> {
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

/// A login that wants a password has none.
pub(super) const NO_PASSWORD: &str = "a password is needed and none was given";
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
    let user = user_name(peer.uid()).map_err(|why| refuse(format!("requirepeer: {why}")))?;
    if user == wanted {
        return Ok(());
    }
    Err(refuse(format!("requirepeer specifies \"{wanted}\", but actual peer user name is \"{user}\"")))
}
