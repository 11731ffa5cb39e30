//! What a session tells about itself and its server: asked in short read-only transactions, nothing is left behind.

use crate::{
    core::error::DbError,
    pg::{
        connect::{self, Options},
        queries::{doctor, monitor::at},
        target::Target,
        tls::{self, Tls},
        wire::Session,
    },
};
use std::collections::BTreeMap;

/// Everything that was found out.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Where the session is, as people name it.
    pub place: String,
    /// TLS, if there is any.
    pub tls: Option<TlsFacts>,
    /// The connection is a Unix socket, which needs no TLS.
    pub local: bool,
    /// See `Session::method`.
    pub method: String,
    /// Columns of `queries/doctor/server.sql`.
    pub server: BTreeMap<&'static str, String>,
    /// Attributes and roles: held, and whether it counts without SET ROLE.
    pub rights: BTreeMap<String, (bool, bool)>,
    /// Settings: value with its unit (`None`: hidden or unknown).
    pub settings: BTreeMap<String, Option<String>>,
    /// Extensions.
    pub extensions: Vec<Extension>,
    /// Columns of `queries/doctor/reach.sql`.
    pub reach: BTreeMap<&'static str, String>,
    /// What stands between us and the server.
    pub pooler: Pooler,
    /// Questions the server did not answer.
    pub unanswered: Vec<(&'static str, String)>,
}

/// How TLS is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsFacts {
    /// Protocol version.
    pub version: String,
    /// Cipher suite.
    pub cipher: String,
    /// How far the certificate was checked.
    pub checked: &'static str,
    /// The certificate's last day, as `YYYY-MM-DD`.
    pub until: Option<String>,
}

/// An extension our panes can use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extension {
    /// Its name.
    pub name: String,
    /// The version in this database.
    pub installed: Option<String>,
    /// The version the server has at hand.
    pub available: Option<String>,
    /// The schema it is in.
    pub schema: Option<String>,
    /// That schema is on the search path.
    pub reachable: bool,
}

/// What stands between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pooler {
    /// Nothing: the backend is the one that let us in.
    #[default]
    None,
    /// A pooler that hands a server session to the next client after each transaction.
    Transaction,
    /// A pooler; whether it keeps the server session for us was not seen.
    Some,
}

impl Facts {
    /// A column of `server`, empty when it is not known.
    #[must_use]
    pub fn server(&self, name: &str) -> &str {
        self.server.get(name).map_or("", String::as_str)
    }

    /// `server_version_num`.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.server("version_num").parse().unwrap_or(0)
    }

    /// An attribute or role counts for this session as it is.
    #[must_use]
    pub fn has(&self, right: &str) -> bool {
        self.rights.get(right).is_some_and(|(_, counts)| *counts)
            || self.rights.get("superuser").is_some_and(|(_, counts)| *counts)
    }

    /// The server knows this role.
    #[must_use]
    pub fn knows(&self, role: &str) -> bool {
        self.rights.contains_key(role)
    }

    /// A setting's value.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name)?.as_deref()
    }

    /// A number of `reach`.
    #[must_use]
    pub fn count(&self, name: &str) -> u64 {
        self.reach.get(name).and_then(|n| n.parse().ok()).unwrap_or(0)
    }
}

type Rows = Vec<Vec<Option<String>>>;

/// Asks everything.
///
/// # Errors
/// The connection broke.
pub async fn gather(session: &mut Session, target: &Target) -> Result<Facts, DbError> {
    let mut facts = Facts {
        place: session.place().to_owned(),
        local: session.place().starts_with(['/', '@']),
        method: session.method().to_owned(),
        tls: tls(session, target),
        ..Facts::default()
    };
    let version: u32 = {
        let rows = session.ask("select pg_catalog.current_setting('server_version_num')").await?;
        rows.first().and_then(|r| r.first()?.as_ref()?.parse().ok()).unwrap_or(0)
    };
    for (name, sql) in doctor::TABLE {
        match ask(session, &at(sql, version)).await {
            Ok(rows) => take(&mut facts, sql, rows),
            Err(e) if e.fatal => return Err(e),
            Err(e) => facts.unanswered.push((name.trim_end_matches(".sql"), e.to_string())),
        }
    }
    facts.pooler = pooler(session, target, &facts).await?;
    Ok(facts)
}

/// One question in a transaction of its own, with a limit that goes with it: nothing stays set behind a pooler.
async fn ask(session: &mut Session, sql: &str) -> Result<Rows, DbError> {
    session.ask("BEGIN READ ONLY").await?;
    let answer = async {
        session.ask("SET LOCAL statement_timeout = '15s'").await?;
        session.ask(sql).await
    };
    let answer = answer.await;
    if answer.as_ref().is_err_and(|e| e.fatal) {
        return answer;
    }
    session.ask("ROLLBACK").await?;
    answer
}

fn take(facts: &mut Facts, sql: &'static str, rows: Rows) {
    let text = |cell: Option<Option<String>>| cell.flatten();
    let truth = |cell: Option<Option<String>>| cell.flatten().as_deref() == Some("t");
    for row in rows {
        let mut cells = row.into_iter();
        let mut next = || cells.next();
        if sql == doctor::SERVER || sql == doctor::REACH {
            let place = if sql == doctor::SERVER { &mut facts.server } else { &mut facts.reach };
            for column in columns(sql) {
                if let Some(value) = text(next()) {
                    place.insert(column, value);
                }
            }
        } else if sql == doctor::RIGHTS {
            let (name, _kind) = (text(next()), next());
            facts.rights.insert(name.unwrap_or_default(), (truth(next()), truth(next())));
        } else if sql == doctor::SETTINGS {
            let (name, value, unit) = (text(next()), text(next()), text(next()));
            let bare = |v: &str| !v.is_empty() && v.bytes().all(|b| b.is_ascii_digit());
            let value = match (value, unit) {
                (Some(v), Some(unit)) if bare(&v) => Some(format!("{v} {unit}")),
                (value, _) => value,
            };
            facts.settings.insert(name.unwrap_or_default(), value);
        } else if sql == doctor::EXTENSIONS {
            facts.extensions.push(Extension {
                name: text(next()).unwrap_or_default(),
                installed: text(next()),
                available: text(next()),
                schema: text(next()),
                reachable: truth(next()),
            });
        }
    }
}

/// The names in a query's `columns:` line.
fn columns(sql: &'static str) -> impl Iterator<Item = &'static str> {
    let line = sql.lines().find_map(|l| l.strip_prefix("-- columns: ")).unwrap_or_default();
    line.split(", ")
}

fn tls(session: &Session, target: &Target) -> Option<TlsFacts> {
    let (cipher, certificate) = session.tls_details()?;
    // It was read the same way to connect.
    let checked = Tls::new(&|name| target.get(name).map(str::to_owned)).map_or("", |t| t.checks());
    let until = tls::valid_until(&certificate);
    Some(TlsFacts { version: session.tls().unwrap_or_default(), cipher, checked, until })
}

/// A pooler invents the number it gives a client for its backend, so it is not the one that answers.
async fn pooler(session: &mut Session, target: &Target, facts: &Facts) -> Result<Pooler, DbError> {
    let answered: i32 = facts.server("backend").parse().unwrap_or(0);
    if answered == 0 || answered == session.pid() {
        return Ok(Pooler::None);
    }
    // A second client that gets the first one's server session while that one is still here: it is handed round.
    let options = Options { application_name: "pgdeck".into(), ..Options::default() };
    // What a profile begins with is not run twice.
    let mut target = target.clone();
    target.outside.startup = None;
    let Ok(mut second) = connect::open(&target, &options).await else { return Ok(Pooler::Some) };
    let backend = second.ask("select pg_catalog.pg_backend_pid()").await.unwrap_or_default();
    let backend = backend.first().and_then(|r| r.first()?.as_ref()?.parse::<i32>().ok());
    second.close().await;
    Ok(if backend == Some(answered) { Pooler::Transaction } else { Pooler::Some })
}
