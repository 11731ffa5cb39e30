//! From everything a user can say about a connection to the hosts and parameters it means.
//!
//! No network here, and nothing of the machine but what an [`Environment`] gives. The rules are libpq 18's:
//! connection string > flags > profile > service file > environment > defaults; the password file fills
//! in a password per host at the end.

mod check;
mod env;
mod hosts;
mod keyword;
mod params;
mod passfile;
mod resolve;
mod service;
#[cfg(test)]
mod tests;
mod uri;

pub use check::ipv4;
pub use env::{Environment, Found, Machine, Nothing, SOCKET_DIRS, user_name};
pub use hosts::{Host, HostKind};
pub use params::{KEYWORDS, Keyword, STARTUP, Source, Support, Values};
pub use resolve::resolve;
pub use service::services;
pub use uri::masked;

pub use crate::core::settings::{Profile, Rehearse};

use super::outside::Outside;
use std::time::Duration;

/// Why a connection was refused before anything was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// What is wrong and what to do.
    pub message: String,
}

impl Refusal {
    /// With this message.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

/// When the password is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prompt {
    /// When the server wants one and none is known.
    #[default]
    Needed,
    /// Before connecting (`-W`).
    Always,
    /// Never (`-w`).
    Never,
}

/// All that was said about a connection.
#[derive(Clone, Default)]
pub struct Input {
    /// The `CONNECTION` argument: URI, pairs, a profile's name or a database's name.
    pub connection: Option<String>,
    /// Keyword and value of the flags that were given (`-h` is `host` …), in order.
    pub flags: Vec<(String, String)>,
    /// `--profile`.
    pub profile: Option<String>,
    /// The profiles of the config.
    pub profiles: Vec<Profile>,
    /// `-w`, `-W`.
    pub prompt: Prompt,
}

/// What a connection resolved to.
#[derive(Clone)]
pub struct Target {
    values: Values,
    /// The places to try, in order.
    pub hosts: Vec<Host>,
    /// What the user should know (password file not safe to use …), a line each.
    pub warnings: Vec<String>,
    /// The profile it came from.
    pub profile: Option<String>,
    /// What the profile is to be called.
    pub label: Option<String>,
    /// The profile wants every session to be read-only.
    pub read_only: bool,
    /// The profile is one of production: writes are confirmed.
    pub production: bool,
    /// Which changes of rows the profile wants rehearsed.
    pub rehearse: Option<Rehearse>,
    /// What the profile wants to be run: for the password, for the way, in every session.
    pub outside: Outside,
    /// When to ask for a password.
    pub prompt: Prompt,
    /// Run-time parameters the environment sets for every session (`PGTZ` …).
    pub startup: Vec<(&'static str, String)>,
}

impl Target {
    /// A parameter's value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name)
    }

    /// Where a parameter's value came from.
    #[must_use]
    pub fn source(&self, name: &str) -> Option<&Source> {
        self.values.entry(name).map(|(_, s)| s)
    }

    /// Every parameter that has a value, in the table's order.
    pub fn params(&self) -> impl Iterator<Item = (&'static Keyword, &str, &Source)> {
        self.values.iter()
    }

    /// What the user asked for that pgdeck does otherwise: the encoding, since it speaks UTF-8 with every server. libpq
    /// would hand values out in the one that was named.
    #[must_use]
    pub fn unheeded(&self) -> Option<String> {
        let (value, source) = self.values.entry("client_encoding")?;
        let utf8 = ["utf8", "utf-8", "unicode"].iter().any(|name| value.eq_ignore_ascii_case(name));
        let named = !matches!(source, Source::Default | Source::Locale) && !value.is_empty();
        (named && !utf8).then(|| {
            format!("client_encoding={value} ({source}) is not followed: pgdeck reads and writes UTF-8")
        })
    }

    /// Sets a parameter afterwards (another database, a password that was typed …); false for an unknown keyword.
    /// Hosts, addresses and ports are not worked out again.
    pub fn set(&mut self, name: &str, value: &str) -> bool {
        self.values.set(name, value, Source::Program)
    }

    /// The user to log in as.
    #[must_use]
    pub fn user(&self) -> &str {
        self.get("user").unwrap_or("")
    }

    /// The database to open.
    #[must_use]
    pub fn dbname(&self) -> &str {
        self.get("dbname").unwrap_or("")
    }

    /// The password for a host: the given one, else the password file's.
    #[must_use]
    pub fn password(&self, host: &Host) -> Option<String> {
        let given = self.get("password").filter(|p| !p.is_empty()).map(str::to_owned);
        given.or_else(|| host.password.as_ref().map(|s| s.0.clone()))
    }

    /// A whole number; `None` when it is not given or `check` was not passed.
    #[must_use]
    pub fn integer(&self, name: &str) -> Option<i32> {
        check::integer(name, self.get(name)?).ok()
    }

    /// How long one host may take, all in all; `None` waits for ever. As in libpq, 1 counts as 2.
    #[must_use]
    pub fn connect_timeout(&self) -> Option<Duration> {
        let seconds = self.integer("connect_timeout").filter(|s| *s > 0)?;
        Some(Duration::from_secs(u64::from(seconds.max(2).unsigned_abs())))
    }

    /// What libpq refuses when it begins to connect, and what pgdeck cannot do: pass this before the first packet.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), Refusal> {
        self.check_values()?;
        match self.unsupported().into_iter().next() {
            Some(what) => Err(Refusal::new(what)),
            None => Ok(()),
        }
    }

    /// Only what libpq refuses when it begins to connect.
    ///
    /// # Errors
    /// The first value that makes no sense.
    pub fn check_values(&self) -> Result<(), Refusal> {
        check::connecting(self)
    }

    /// What was asked for that pgdeck cannot do, by name.
    #[must_use]
    pub fn unsupported(&self) -> Vec<String> {
        check::unsupported(&self.values)
    }

    /// What was set that only tunes GSSAPI, by name: it does no harm and no good.
    #[must_use]
    pub fn idle(&self) -> Vec<String> {
        let set = self
            .params()
            .filter(|(row, _, source)| row.support == Support::Harmless && **source != Source::Default);
        set.map(|(row, ..)| {
            format!(
                "{} is not supported and does nothing: pgdeck has no GSSAPI, and a server that asks for it is refused",
                row.name
            )
        })
        .collect()
    }

    /// Where it leads, for titles: `user@host:port/database`, the first host of several.
    #[must_use]
    pub fn title(&self) -> String {
        let host = self.hosts.first().map(ToString::to_string).unwrap_or_default();
        let more = if self.hosts.len() > 1 { ",…" } else { "" };
        format!("{}@{host}{more}/{}", self.user(), self.dbname())
    }
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target")
            .field("values", &self.values)
            .field("hosts", &self.hosts)
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}
