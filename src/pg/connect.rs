//! From a target to a session: hosts in order, addresses, TLS, login, all under one timeout per address.

mod door;
mod way;

use self::{
    door::{ClientDoor, Door, Trouble, WireDoor},
    way::{NO_PASSWORD, Way},
};
use super::{
    advice::{self, Step, advise},
    client::Client,
    guard, log,
    target::{Prompt, Target},
    tls::Tls,
    wire::Session,
};
use crate::core::{effect::Secret, error::DbError};
use std::{
    sync::{Arc, atomic::AtomicU8},
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
    if let Some(sql) = target.outside.startup.as_ref().filter(|_| target.read_only) {
        guard::startup(sql).map_err(|error| ConnectError { error, ..refuse(String::new()) })?;
    }
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
                    // What was lost on the way may be there the next time; what is wrong with the SQL stays.
                    let passing = e.fatal;
                    failed(Step::Startup, e);
                    return Err(ConnectError { passing, ..refused(target, tries, false, way.whom(&place)) });
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
        let advice = advise(self.step, &self.error, target, target.hosts.get(self.host));
        // What is wrong with TLS mostly says by itself what to do.
        advice.or_else(|| self.error.hint.clone().filter(|_| self.step == Step::Tls))
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

/// All tries in one text; the other fields are the last one's.
fn joined(tries: &[Try]) -> DbError {
    let said = |t: &Try| format!("connection to {} failed: {}", t.place, t.error.message);
    let message = tries.iter().map(said).collect::<Vec<_>>().join("\n");
    match tries.last() {
        Some(last) => DbError { message, fatal: true, ..last.error.clone() },
        None => DbError::lost("there is no host to connect to"),
    }
}
