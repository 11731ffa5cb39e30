//! From facts to what works and what is missing. Pure.

use super::{
    facts::{Extension, Facts, Pooler},
    panes,
};
use crate::sql::quote::ident;

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It works.
    Good,
    /// A fact, neither good nor bad.
    Fact,
    /// It works in part, or could be better.
    Limited,
    /// It does not work.
    No,
}

impl State {
    /// The word people and programs read.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Fact => "-",
            Self::Limited => "limited",
            Self::No => "no",
        }
    }
}

/// One line of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub what: String,
    /// How it is.
    pub state: State,
    /// In words.
    pub says: String,
    /// What is missing, and what would bring it.
    pub lacks: Vec<Lack>,
}

/// Something missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lack {
    /// What does not work without it.
    pub what: String,
    /// The statement that enables it, to be run by somebody who may.
    pub statement: Option<String>,
    /// What else there is to do or to know.
    pub note: Option<String>,
}

/// A heading and its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The heading.
    pub title: &'static str,
    /// The lines.
    pub findings: Vec<Finding>,
}

impl Finding {
    pub(super) fn new(what: impl Into<String>, state: State, says: impl Into<String>) -> Self {
        Self { what: what.into(), state, says: says.into(), lacks: vec![] }
    }

    pub(super) fn lacking(mut self, lack: Lack) -> Self {
        self.state = self.state.max(State::Limited);
        self.lacks.push(lack);
        self
    }
}

impl Lack {
    pub(super) fn by(what: impl Into<String>, statement: impl Into<String>) -> Self {
        Self { what: what.into(), statement: Some(statement.into()), note: None }
    }

    pub(super) fn noted(what: impl Into<String>, note: impl Into<String>) -> Self {
        Self { what: what.into(), statement: None, note: Some(note.into()) }
    }

    pub(super) fn and(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }
}

/// The whole report.
#[must_use]
pub fn judge(facts: &Facts) -> Vec<Section> {
    let mut sections = vec![
        Section { title: "Connection", findings: connection(facts) },
        Section { title: "Server", findings: server(facts) },
        Section { title: "Role", findings: role(facts) },
        Section { title: "Extensions", findings: extensions(facts) },
        Section { title: "Settings", findings: settings(facts) },
        Section { title: "Panes", findings: panes::all(facts) },
    ];
    if !facts.unanswered.is_empty() {
        let line = |(name, why): &(&str, String)| Finding::new(*name, State::No, why.clone());
        sections
            .push(Section { title: "Not answered", findings: facts.unanswered.iter().map(line).collect() });
    }
    sections
}

fn connection(facts: &Facts) -> Vec<Finding> {
    let tls = match &facts.tls {
        Some(tls) => {
            let until = tls.until.as_ref().map(|day| format!(", valid until {day}")).unwrap_or_default();
            let says = format!("{} {}; certificate {}{until}", tls.version, tls.cipher, tls.checked);
            let checked = tls.checked != "not checked";
            let line = Finding::new("TLS", if checked { State::Good } else { State::Fact }, says);
            if checked {
                line
            } else {
                let note = "sslmode=verify-full, with sslrootcert=FILE or sslrootcert=system";
                line.lacking(Lack::noted("nothing proves that this is the right server", note))
            }
        }
        None if facts.local => Finding::new("TLS", State::Fact, "none is needed on a Unix socket"),
        None => Finding::new("TLS", State::Fact, "none: everybody on the way can read along")
            .lacking(Lack::noted("no encryption", "ssl = on in the server, and sslmode=verify-full here")),
    };
    let by = facts.server("system_user").split_once(':').map(|(method, _)| method);
    let how = match (&*facts.method, by) {
        ("none", Some(method)) => format!("{method}: no password was asked for"),
        ("none", None) => "no password was asked for (trust, peer or a certificate)".into(),
        ("scram-sha-256-plus", _) => "scram-sha-256 with channel binding".into(),
        (method, _) => method.to_owned(),
    };
    let login = match &*facts.method {
        "password" | "md5" => {
            Finding::new("authentication", State::Fact, how).lacking(Lack::noted("a weak method", WEAK))
        }
        _ => Finding::new("authentication", State::Good, how),
    };
    let pooler = match facts.pooler {
        Pooler::None => Finding::new("pooler", State::Good, "none seen: the server is spoken to directly"),
        Pooler::Transaction => {
            Finding::new("pooler", State::Fact, "one in transaction mode").lacking(Lack::noted(
                "SET, temporary tables, LISTEN and session locks do not outlive a transaction",
                "connect to the server directly for these",
            ))
        }
        Pooler::Some => Finding::new(
            "pooler",
            State::Fact,
            "one is between; whether in session or transaction mode was not seen",
        ),
    };
    vec![Finding::new("place", State::Good, facts.place.clone()), tls, login, pooler]
}

const WEAK: &str =
    "password_encryption = 'scram-sha-256', the password set anew, and scram-sha-256 in pg_hba.conf";

fn server(facts: &Facts) -> Vec<Finding> {
    let version = facts.version() / 10_000;
    let supported = (13..=18).contains(&version);
    let mut found = vec![Finding::new(
        "version",
        if supported { State::Good } else { State::Limited },
        match version {
            0..13 => format!("{}: older than 13, much will not work", facts.server("version")),
            13..=18 => facts.server("version").to_owned(),
            _ => format!("{}: newer than this pgdeck knows (18)", facts.server("version")),
        },
    )];
    found.push(if facts.server("standby") == "t" {
        let lag = facts.server("replay_lag");
        let lag = if lag.is_empty() { String::new() } else { format!(", last replayed change {lag} old") };
        Finding::new("role of the server", State::Fact, format!("standby: it only reads{lag}"))
    } else {
        Finding::new("role of the server", State::Good, "primary")
    });
    let encoding = facts.server("encoding");
    let says = format!("{encoding}, collation {}", facts.server("collate"));
    found.push(match encoding {
        "SQL_ASCII" => Finding::new("encoding", State::Fact, says).lacking(Lack::noted(
            "bytes may be in any encoding: those that are not UTF-8 are shown as marks",
            "exports hold the true bytes",
        )),
        _ => Finding::new("encoding", State::Good, says),
    });
    let (used, most) = (facts.server("connections"), facts.server("max_connections"));
    let full = matches!((used.parse::<u32>(), most.parse::<u32>()), (Ok(u), Ok(m)) if u + 6 > m);
    let says = format!("{used} of {most}; pgdeck uses at most four");
    let line = Finding::new("connections", if full { State::Limited } else { State::Good }, says);
    found.push(line);
    found
}

fn role(facts: &Facts) -> Vec<Finding> {
    let (session, current) = (facts.server("session_user"), facts.server("current_user"));
    let who =
        if session == current { current.to_owned() } else { format!("{current} (logged in as {session})") };
    let attributes = ["superuser", "createdb", "createrole", "replication", "bypassrls"];
    let held: Vec<&str> =
        attributes.into_iter().filter(|a| facts.rights.get(*a).is_some_and(|r| r.1)).collect();
    let says = if held.is_empty() { "none: an ordinary role".into() } else { held.join(", ") };
    let superuser = held.contains(&"superuser");
    let mut found =
        vec![Finding::new("user", State::Good, who), Finding::new("attributes", State::Fact, says)];
    let roles = facts.rights.iter().filter(|(name, _)| name.starts_with("pg_"));
    let mut counts = vec![];
    let mut asleep = vec![];
    for (name, (member, usage)) in roles {
        match (member, usage) {
            (_, true) => counts.push(name.as_str()),
            (true, false) => asleep.push(name.as_str()),
            _ => {}
        }
    }
    let says = match counts[..] {
        _ if superuser => "all, being superuser".to_owned(),
        [] => "none".to_owned(),
        _ => counts.join(", "),
    };
    found.push(Finding::new("predefined roles", State::Fact, says));
    if !asleep.is_empty() && !superuser {
        let says = format!("{} (NOINHERIT: only after SET ROLE)", asleep.join(", "));
        let grant = format!("ALTER ROLE {} INHERIT;", ident(current));
        found.push(
            Finding::new("not inherited", State::Fact, says)
                .lacking(Lack::by("rights that do not count by themselves", grant)),
        );
    }
    found
}

/// What an extension is good for here.
const USES: &[(&str, &str)] = &[
    ("pg_stat_statements", "slow statements"),
    ("pg_trgm", "search that forgives typos"),
    ("unaccent", "search without accents"),
    ("hypopg", "trying an index without making it"),
    ("pgstattuple", "measured bloat"),
    ("pg_buffercache", "what is in the buffers"),
];

fn extensions(facts: &Facts) -> Vec<Finding> {
    let mut found: Vec<Finding> = facts.extensions.iter().map(|e| extension(facts, e)).collect();
    let auto = facts.setting("auto_explain.log_min_duration");
    found.push(match auto {
        Some("-1") => Finding::new("auto_explain", State::Fact, "loaded, logs nothing").lacking(
            Lack::by(
                "plans of slow statements in the log",
                "ALTER SYSTEM SET auto_explain.log_min_duration = '1s';",
            )
            .and("then: SELECT pg_reload_conf();"),
        ),
        Some(after) => {
            Finding::new("auto_explain", State::Good, format!("logs plans of statements over {after}"))
        }
        None => Finding::new("auto_explain", State::Fact, "not loaded").lacking(preload(
            facts,
            "auto_explain",
            "plans of slow statements in the log",
        )),
    });
    found
}

fn extension(facts: &Facts, e: &Extension) -> Finding {
    let use_ = USES.iter().find(|(name, _)| *name == e.name).map_or("", |(_, what)| what);
    let name = e.name.as_str();
    match (&e.installed, &e.available) {
        (Some(version), _) if name == "pg_stat_statements" && !loaded(facts) => {
            Finding::new(name, State::No, format!("{version}, but its library is not loaded"))
                .lacking(preload(facts, name, use_))
        }
        (Some(version), available) => {
            let schema = e.schema.as_deref().unwrap_or_default();
            let at =
                if e.reachable { String::new() } else { format!(" in schema {schema}, off the search path") };
            let line = Finding::new(name, State::Good, format!("{version}{at}: {use_}"));
            match available {
                Some(newer) if newer != version => line.lacking(Lack::by(
                    format!("the server has {newer}"),
                    format!("ALTER EXTENSION {name} UPDATE;"),
                )),
                _ => line,
            }
        }
        (None, Some(version)) => {
            let line = Finding::new(name, State::Fact, format!("not installed here ({version} is at hand)"))
                .lacking(Lack::by(use_, format!("CREATE EXTENSION {name};")));
            if name == "pg_stat_statements" && !loaded(facts) {
                line.lacking(preload(facts, name, use_))
            } else {
                line
            }
        }
        (None, None) => {
            let package = format!(
                "install its package on the server (postgresql-contrib, postgresql-{}-{name})",
                facts.version() / 10_000
            );
            Finding::new(name, State::Fact, "not on the server").lacking(Lack::noted(use_, package))
        }
    }
}

/// The library of `pg_stat_statements` is loaded: its settings are known.
pub(super) fn loaded(facts: &Facts) -> bool {
    facts.setting("pg_stat_statements.max").is_some()
}

/// How a library comes to be loaded at the start, beside those that are.
pub(super) fn preload(facts: &Facts, library: &str, use_: &str) -> Lack {
    let restart = "then restart the server (in a cloud: in its parameter group)";
    match facts.setting("shared_preload_libraries") {
        Some(list) => {
            let mut all: Vec<&str> = list.split(',').map(str::trim).filter(|l| !l.is_empty()).collect();
            all.push(library);
            let quoted: Vec<String> = all.iter().map(|l| crate::sql::quote::literal(l)).collect();
            Lack::by(use_, format!("ALTER SYSTEM SET shared_preload_libraries = {};", quoted.join(", ")))
                .and(restart)
        }
        None => Lack::noted(
            use_,
            format!(
                "add {library} to shared_preload_libraries (this role may not see what is there already), {restart}"
            ),
        ),
    }
}

/// Name, what is good, what another value costs, the statement.
type Wish = (&'static str, fn(&str) -> bool, &'static str, &'static str);

/// Settings worth another value.
const WISHES: &[Wish] = &[
    (
        "track_activities",
        |v| v == "on",
        "Activity and Locks show no statements",
        "ALTER SYSTEM SET track_activities = on;",
    ),
    (
        "track_counts",
        |v| v == "on",
        "no figures of tables, and no autovacuum",
        "ALTER SYSTEM SET track_counts = on;",
    ),
    (
        "track_io_timing",
        |v| v == "on",
        "plans and statements have no I/O times",
        "ALTER SYSTEM SET track_io_timing = on;",
    ),
    (
        "compute_query_id",
        |v| matches!(v, "on" | "auto" | "regress"),
        "statements cannot be matched with what runs",
        "ALTER SYSTEM SET compute_query_id = 'auto';",
    ),
    (
        "log_lock_waits",
        |v| v == "on",
        "long waits for locks are not in the server's log",
        "ALTER SYSTEM SET log_lock_waits = on;",
    ),
];

fn settings(facts: &Facts) -> Vec<Finding> {
    let mut found = vec![];
    for (name, good, cost, statement) in WISHES {
        let Some(value) = facts.setting(name) else { continue };
        found.push(if good(value) {
            Finding::new(*name, State::Good, value)
        } else {
            let lack = Lack::by(*cost, *statement).and("then: SELECT pg_reload_conf();");
            Finding::new(*name, State::Fact, value).lacking(lack)
        });
    }
    if let Some(size) = facts.setting("track_activity_query_size") {
        // It comes with its unit: as bytes, or as kB when it is whole ones.
        let bytes = size.split_once("kB").and_then(|(n, _)| n.trim().parse::<u64>().ok()).map(|n| n * 1024);
        let bytes = bytes.or_else(|| size.trim_end_matches([' ', 'B']).parse().ok()).unwrap_or(0);
        let line = Finding::new("track_activity_query_size", State::Good, size);
        found.push(if bytes >= 4096 {
            line
        } else {
            line.lacking(
                Lack::by(
                    "longer statements of others are cut off in Activity",
                    "ALTER SYSTEM SET track_activity_query_size = '16kB';",
                )
                .and("then restart the server"),
            )
        });
    }
    for name in [
        "default_transaction_read_only",
        "statement_timeout",
        "idle_in_transaction_session_timeout",
        "row_security",
        "search_path",
        "TimeZone",
    ] {
        if let Some(value) = facts.setting(name) {
            found.push(Finding::new(name, State::Fact, value));
        }
    }
    found
}
