//! How far a connection came, what to do about what stopped it, and about what ends a statement or a session later.

use super::target::{Host, HostKind, Source, Target};
use crate::{core::error::DbError, sql::quote::ident};

/// The steps to a session, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Step {
    /// The SSH tunnel of the profile.
    Tunnel,
    /// The host's name becomes addresses.
    Lookup,
    /// A socket to the address.
    Socket,
    /// TLS.
    Tls,
    /// Who we are: start-up and authentication.
    Login,
    /// The database, and a place in it.
    Database,
    /// What `target_session_attrs` wants.
    Attributes,
    /// The SQL that the profile begins with.
    Startup,
}

impl Step {
    /// All, in order.
    pub const ALL: [Self; 8] = [
        Self::Tunnel,
        Self::Lookup,
        Self::Socket,
        Self::Tls,
        Self::Login,
        Self::Database,
        Self::Attributes,
        Self::Startup,
    ];

    /// For people and for JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Tunnel => "SSH tunnel",
            Self::Lookup => "name lookup",
            Self::Socket => "connection",
            Self::Tls => "TLS",
            Self::Login => "authentication",
            Self::Database => "database",
            Self::Attributes => "session attributes",
            Self::Startup => "startup SQL",
        }
    }

    /// The server checks user and database in one go: its error tells them apart.
    #[must_use]
    pub fn exactly(self, e: &DbError) -> Self {
        match (self, &*e.code) {
            (Self::Login, "3D000" | "42501" | "53300" | "55000" | "57P03") => Self::Database,
            (step, _) => step,
        }
    }
}

/// What to do, when there is something that usually helps.
#[must_use]
pub fn advise(step: Step, e: &DbError, target: &Target, host: Option<&Host>) -> Option<String> {
    let port = host.map_or("5432", |h| &h.port);
    let name = host.and_then(|h| h.host.as_deref()).unwrap_or_default();
    let says = |part: &str| e.message.contains(part);
    let advice = match step {
        Step::Tunnel => {
            let destination = target.outside.ssh.as_deref().unwrap_or_default();
            format!("Try it in a shell: ssh {destination}. It may want to ask something (an unknown host's key, a passphrase).")
        }
        Step::Lookup => format!(
            "Check how \"{name}\" is spelled, and whether it is known here (getent hosts {name}): a VPN or another name server may be needed."
        ),
        Step::Socket if host.is_some_and(|h| h.kind == HostKind::Socket) => {
            if says("ermission denied") {
                "The socket's folder is not open to you (unix_socket_permissions): use TCP with -h localhost.".into()
            } else {
                "Start the server, name the folder of its socket (unix_socket_directories) with -h, or use TCP with -h localhost.".into()
            }
        }
        Step::Socket if says("refused") => format!(
            "The machine answers, but nothing listens on port {port}: check the port, that PostgreSQL runs, and that listen_addresses lets others in."
        ),
        Step::Socket | Step::Login if says("no answer within") => {
            "Nothing comes back: a firewall, a VPN that is off, or a wrong address; connect_timeout sets how long to wait.".into()
        }
        Step::Socket => "Check the address and the way there (VPN, route, firewall).".into(),
        Step::Tls => tls(e)?,
        Step::Login => login(e, target, host)?,
        Step::Database => database(e, target)?,
        // It is the user's own SQL; the server said what is wrong with it.
        Step::Startup => return None,
        Step::Attributes => {
            let wanted = target.get("target_session_attrs").unwrap_or("any");
            format!("No host that answered is what target_session_attrs={wanted} asks for: add the right one, or ask for \"any\".")
        }
    };
    Some(advice)
}

/// What is wrong with certificates says by itself what to do: `pg/tls`.
fn tls(e: &DbError) -> Option<String> {
    let says = |part: &str| e.message.contains(part);
    let advice = if says("does not support SSL") {
        "The server has no TLS (ssl = off): turn it on there; sslmode=prefer would connect without it, readable by everybody on the way."
    } else if says("no answer within") {
        "The socket opened, but TLS was not answered: is this PostgreSQL's own port, with no other service or proxy on it?"
    } else if says("not PostgreSQL") {
        "Another service listens on this port."
    } else {
        return None;
    };
    Some(advice.to_owned())
}

fn login(e: &DbError, target: &Target, host: Option<&Host>) -> Option<String> {
    let says = |part: &str| e.message.contains(part);
    let user = target.user();
    let advice = match &*e.code {
        "28P01" => match password_source(target, host) {
            Some(source) => format!(
                "The user's name, the password (from {source}), or both are wrong, or the password has expired (VALID UNTIL)."
            ),
            None => "The user's name or the password is wrong, or the password has expired (VALID UNTIL).".into(),
        },
        "28000" if says("pg_hba.conf rejects") => {
            "A line of the server's pg_hba.conf refuses this user, database, address and kind of encryption: whoever runs it must change that, or try another sslmode.".into()
        }
        "28000" if says("pg_hba.conf") => {
            "The server's pg_hba.conf has no line for this user, database, address and kind of encryption: whoever runs it must add one, or try another sslmode.".into()
        }
        "28000" if says("not permitted to log in") => format!("ALTER ROLE {} LOGIN;", ident(user)),
        "28000" if says("does not exist") => match target.source("user") {
            Some(Source::OsUser) => "No user was named, so it is the one of this machine: give one with -U.".into(),
            _ => "There is no such role on this server: check -U, or make it with CREATE ROLE … LOGIN.".into(),
        },
        "28000" if says("Peer") || says("Ident") => {
            "The server asks the operating system who you are: name that user (-U), or connect by TCP with a password (-h localhost).".into()
        }
        "28000" if says("certificate") => {
            "The server wants a client certificate: sslcert=FILE and sslkey=FILE, signed by an authority it knows.".into()
        }
        "" if says("password is needed") => {
            "Give it in ~/.pgpass, PGPASSWORD or a profile's password_command, or leave -w away to be asked.".into()
        }
        _ => return None,
    };
    Some(advice)
}

/// Where the password that was used came from.
fn password_source(target: &Target, host: Option<&Host>) -> Option<String> {
    if target.get("password").is_some_and(|p| !p.is_empty()) {
        return target.source("password").map(ToString::to_string);
    }
    host.filter(|h| h.password.is_some()).map(|_| "the password file".to_owned())
}

/// The advice about a database that does not exist begins so.
pub const NO_DATABASE: &str = "There is no database of this name here;";

fn database(e: &DbError, target: &Target) -> Option<String> {
    let (user, dbname) = (target.user(), target.dbname());
    let advice = match &*e.code {
        // Nobody named it: libpq takes the user's name.
        "3D000" if matches!(target.source("dbname"), Some(Source::UserName)) => {
            "No database was named, so it is the user's name: give one with -d (postgres is nearly always there).".into()
        }
        "3D000" => format!("{NO_DATABASE} psql -l, or :c postgres and \\l, lists all."),
        "42501" => format!("GRANT CONNECT ON DATABASE {} TO {};", ident(dbname), ident(user)),
        "53300" => "All places are taken: end idle sessions, raise max_connections or the role's or database's CONNECTION LIMIT, or put a pooler before the server.".into(),
        "57P03" => "The server is starting, stopping or recovering: try again in a moment.".into(),
        "55000" => format!("ALTER DATABASE {} ALLOW_CONNECTIONS true;", ident(dbname)),
        _ => return None,
    };
    Some(advice)
}

/// Adds what to do about an error of an open session, or of a pooler, where the server gives no hint, or only that one
/// may connect anew: one row for each SQLSTATE of being thrown out, cancelled, or on a standby. The code decides; words
/// of the message only tell cases of one code apart, because they may be in any language.
#[must_use]
pub fn in_session(mut e: DbError) -> DbError {
    if e.hint.is_none() || is_recovery_conflict(&e) {
        e.hint = hint(&e).map(Into::into).or(e.hint);
    }
    e
}

fn hint(e: &DbError) -> Option<&'static str> {
    let says = |part: &str| e.message.contains(part);
    Some(match e.code.as_str() {
        "53200" | "53100" | "53400" => {
            "The server is short of memory, disk or another resource: see its log."
        }
        "57P01" => {
            "Somebody ended this session (pg_terminate_backend), or the server was stopped or restarted. What was under way was rolled back."
        }
        "57P02" => {
            "Another backend crashed, and the server ended all sessions to keep the data whole. Its log says more."
        }
        "57P04" => "The database was dropped.",
        "22021" if says("UTF8") => {
            "What is stored is not UTF-8: an SQL_ASCII database takes any bytes. pgdeck run writes them as they are after SET client_encoding = 'SQL_ASCII'."
        }
        "22P05" => "The database's encoding (SHOW server_encoding) has no such character.",
        "57P05" => "The server ends sessions that are idle for longer than idle_session_timeout.",
        "25P03" => {
            "The server ends sessions that are idle in a transaction for longer than idle_in_transaction_session_timeout. The transaction was rolled back."
        }
        "25P04" => "The server ends transactions that last longer than transaction_timeout.",
        "57014" if says("statement timeout") => {
            "It ran longer than statement_timeout: SHOW statement_timeout tells it, SET statement_timeout = 0 lifts it for this session."
        }
        "57014" if says("user request") => {
            "It was cancelled by pg_cancel_backend, by an administrator, or by a proxy in between."
        }
        "57014" => {
            "A time limit of the server or somebody else ended it (statement_timeout, pg_cancel_backend)."
        }
        "55P03" if says("lock timeout") => {
            "It waited for a lock longer than lock_timeout. The Locks pane shows who holds it."
        }
        "40001" | "40P01" if is_recovery_conflict(e) => {
            "This is a standby: it had to go on replaying what the primary did (max_standby_streaming_delay). Run it again; for long queries hot_standby_feedback = on, a longer delay, or the primary help."
        }
        "25006" if says("recovery") => STANDBY,
        "08P01" if says("no such database") => {
            "The pooler has no entry for this database: see [databases] in its configuration."
        }
        "08P01" if says("unsupported startup parameter") => {
            "The pooler takes only the settings it knows: ignore_startup_parameters in its configuration lets others pass."
        }
        "08P01" if says("query_wait_timeout") => {
            "All of the pooler's connections to the server were in use for too long (query_wait_timeout, default_pool_size)."
        }
        "08P01" if says("login") || says("server") => {
            "The pooler did not reach the server behind it, or was not let in: its log says why."
        }
        _ => return None,
    })
}

/// The way out of every error that comes of writing on a standby.
pub const STANDBY: &str = "This server is a standby and takes no writes: connect to the primary (with several hosts target_session_attrs=primary finds it).";

/// A standby ended a statement or session because replaying could not wait for it.
#[must_use]
pub fn is_recovery_conflict(e: &DbError) -> bool {
    e.message.contains("conflict with recovery")
        || e.detail.as_deref().is_some_and(|d| d.contains("recovery"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: &str, message: &str) -> Option<String> {
        let e = DbError { severity: "FATAL".into(), code: code.into(), ..DbError::client(message) };
        in_session(e).hint
    }

    #[test]
    fn errors_of_getting_in_and_being_thrown_out_say_what_to_do() {
        for (code, message, part) in [
            ("57P01", "terminating connection due to administrator command", "rolled back"),
            ("25P03", "terminating connection due to idle-in-transaction timeout", "rolled back"),
            ("57014", "canceling statement due to statement timeout", "SET statement_timeout = 0"),
            ("57014", "canceling statement due to user request", "pg_cancel_backend"),
            ("40001", "canceling statement due to conflict with recovery", "standby"),
            ("08P01", "unsupported startup parameter: extra_float_digits", "ignore_startup_parameters"),
        ] {
            let hint = of(code, message).unwrap_or_default();
            assert!(hint.contains(part), "{code} {message}: {hint}");
        }
        let ended = "terminating connection due to conflict with recovery";
        let theirs = Some("In a moment you should be able to reconnect.".into());
        let hinted = DbError { code: "40001".into(), hint: theirs, ..DbError::client(ended) };
        assert!(in_session(hinted).hint.is_some_and(|hint| hint.contains("Run it again")));
        assert_eq!(of("40001", "could not serialize access"), None);
        assert_eq!(of("42601", "syntax error"), None);
        let hinted =
            DbError { hint: Some("theirs".into()), ..DbError { code: "57P01".into(), ..DbError::default() } };
        assert_eq!(in_session(hinted).hint.as_deref(), Some("theirs"));
    }
}
