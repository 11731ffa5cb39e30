//! EVERY CONNECTION PARAMETER, one row: keyword, variable, default, whether it is secret, how far it is supported.

/// Whether pgdeck can do what a parameter asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// It is honoured.
    Yes,
    /// It only tunes GSSAPI, which is never used: harmless, and the login says so if a server asks for GSSAPI.
    Harmless,
    /// Set to anything, it asks for something pgdeck cannot do (the text says what): connecting is refused.
    No(&'static str),
}

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keyword {
    /// The keyword in connection strings and service files.
    pub name: &'static str,
    /// The environment variable that gives it.
    pub env: Option<&'static str>,
    /// The value when nobody gives one.
    pub default: Option<&'static str>,
    /// Never shown unless the user asks for it.
    pub secret: bool,
    /// How far it is supported.
    pub support: Support,
}

const fn row(name: &'static str, env: &'static str, default: Option<&'static str>) -> Keyword {
    let env = if env.is_empty() { None } else { Some(env) };
    Keyword { name, env, default, secret: false, support: Support::Yes }
}

const fn secret(row: Keyword) -> Keyword {
    Keyword { secret: true, ..row }
}

const fn harmless(row: Keyword) -> Keyword {
    Keyword { support: Support::Harmless, ..row }
}

const fn refused(row: Keyword, why: &'static str) -> Keyword {
    Keyword { support: Support::No(why), ..row }
}

const OAUTH: &str = "pgdeck cannot log in with OAuth";
const SCRAM_KEYS: &str = "pgdeck cannot log in with SCRAM keys; give the password instead";

/// The keywords of libpq 18, in its order.
pub const KEYWORDS: &[Keyword] = &[
    row("service", "PGSERVICE", None),
    row("user", "PGUSER", None),
    secret(row("password", "PGPASSWORD", None)),
    row("passfile", "PGPASSFILE", None),
    row("channel_binding", "PGCHANNELBINDING", Some("prefer")),
    row("connect_timeout", "PGCONNECT_TIMEOUT", None),
    row("dbname", "PGDATABASE", None),
    row("host", "PGHOST", None),
    row("hostaddr", "PGHOSTADDR", None),
    row("port", "PGPORT", Some("5432")),
    row("client_encoding", "PGCLIENTENCODING", None),
    row("options", "PGOPTIONS", Some("")),
    row("application_name", "PGAPPNAME", None),
    row("fallback_application_name", "", None),
    row("keepalives", "", None),
    row("keepalives_idle", "", None),
    row("keepalives_interval", "", None),
    row("keepalives_count", "", None),
    row("tcp_user_timeout", "", None),
    row("sslmode", "PGSSLMODE", Some("prefer")),
    row("sslnegotiation", "PGSSLNEGOTIATION", Some("postgres")),
    row("sslcompression", "PGSSLCOMPRESSION", Some("0")),
    row("sslcert", "PGSSLCERT", None),
    row("sslkey", "PGSSLKEY", None),
    row("sslcertmode", "PGSSLCERTMODE", Some("allow")),
    secret(row("sslpassword", "", None)),
    row("sslrootcert", "PGSSLROOTCERT", None),
    row("sslcrl", "PGSSLCRL", None),
    row("sslcrldir", "PGSSLCRLDIR", None),
    row("sslsni", "PGSSLSNI", Some("1")),
    row("requirepeer", "PGREQUIREPEER", None),
    row("require_auth", "PGREQUIREAUTH", None),
    row("min_protocol_version", "PGMINPROTOCOLVERSION", None),
    row("max_protocol_version", "PGMAXPROTOCOLVERSION", None),
    row("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION", Some("TLSv1.2")),
    row("ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION", None),
    row("gssencmode", "PGGSSENCMODE", Some("disable")),
    harmless(row("krbsrvname", "PGKRBSRVNAME", Some("postgres"))),
    harmless(row("gsslib", "PGGSSLIB", None)),
    harmless(row("gssdelegation", "PGGSSDELEGATION", Some("0"))),
    refused(row("replication", "", None), "pgdeck opens ordinary sessions only, no replication connections"),
    row("target_session_attrs", "PGTARGETSESSIONATTRS", Some("any")),
    row("load_balance_hosts", "PGLOADBALANCEHOSTS", Some("disable")),
    refused(secret(row("scram_client_key", "", None)), SCRAM_KEYS),
    refused(secret(row("scram_server_key", "", None)), SCRAM_KEYS),
    refused(row("oauth_issuer", "", None), OAUTH),
    refused(row("oauth_client_id", "", None), OAUTH),
    refused(secret(row("oauth_client_secret", "", None)), OAUTH),
    refused(row("oauth_scope", "", None), OAUTH),
    row("sslkeylogfile", "", None),
];

/// The place of a keyword in the table.
#[must_use]
pub fn index(name: &str) -> Option<usize> {
    KEYWORDS.iter().position(|k| k.name == name)
}

/// Settings a session starts with that come from the environment alone: variable and run-time parameter.
pub const STARTUP: &[(&str, &str)] =
    &[("PGDATESTYLE", "datestyle"), ("PGTZ", "timezone"), ("PGGEQO", "geqo")];

/// Where a parameter's value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A command line flag of its own (`-h`, `-p`, `-U`, `-d` …).
    Flag,
    /// The connection string or URI.
    Connection,
    /// A profile of the config.
    Profile(String),
    /// A service file: the service and the file's path.
    Service(String, String),
    /// An environment variable.
    Environment(&'static str),
    /// The built-in default.
    Default,
    /// The name of the operating system's user.
    OsUser,
    /// The user name, because no database was named.
    UserName,
    /// The locale of the environment (`client_encoding=auto`).
    Locale,
    /// Set by pgdeck itself (another database chosen inside, for example).
    Program,
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flag => f.write_str("command line flag"),
            Self::Connection => f.write_str("connection string"),
            Self::Profile(name) => write!(f, "profile {name}"),
            Self::Service(name, file) => write!(f, "service {name} in {file}"),
            Self::Environment(var) => write!(f, "environment {var}"),
            Self::Default => f.write_str("default"),
            Self::OsUser => f.write_str("operating system user"),
            Self::UserName => f.write_str("same as user"),
            Self::Locale => f.write_str("locale"),
            Self::Program => f.write_str("pgdeck"),
        }
    }
}

/// The values gathered so far, a place per row of [`KEYWORDS`].
#[derive(Clone, Default)]
pub struct Values(Vec<Option<(String, Source)>>);

impl Values {
    /// The value of a keyword.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.entry(name).map(|(v, _)| v)
    }

    /// The value of a keyword with its source.
    #[must_use]
    pub fn entry(&self, name: &str) -> Option<(&str, &Source)> {
        self.0.get(index(name)?)?.as_ref().map(|(v, s)| (v.as_str(), s))
    }

    /// Sets a value; false when there is no such keyword.
    pub fn set(&mut self, name: &str, value: impl Into<String>, source: Source) -> bool {
        let Some(at) = index(name) else { return false };
        self.0.resize(KEYWORDS.len(), None);
        self.0[at] = Some((value.into(), source));
        true
    }

    /// Forgets a value.
    pub fn clear(&mut self, name: &str) {
        if let Some(place) = index(name).and_then(|at| self.0.get_mut(at)) {
            *place = None;
        }
    }

    /// Every value given, in the table's order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static Keyword, &str, &Source)> {
        KEYWORDS.iter().zip(&self.0).filter_map(|(k, v)| v.as_ref().map(|(v, s)| (k, v.as_str(), s)))
    }
}

impl std::fmt::Debug for Values {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.iter().map(|(k, v, _)| (k.name, if k.secret { "…" } else { v }))).finish()
    }
}
