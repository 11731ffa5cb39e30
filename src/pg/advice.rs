//! How far a connection came, and what to do about what stopped it.

use super::target::{Host, HostKind, Source, Target};
use crate::{core::error::DbError, sql::quote::ident};

/// The steps to a session, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Step {
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
}

impl Step {
    /// All, in order.
    pub const ALL: [Self; 6] =
        [Self::Lookup, Self::Socket, Self::Tls, Self::Login, Self::Database, Self::Attributes];

    /// For people and for JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Lookup => "name lookup",
            Self::Socket => "connection",
            Self::Tls => "TLS",
            Self::Login => "authentication",
            Self::Database => "database",
            Self::Attributes => "session attributes",
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
        Step::Attributes => {
            let wanted = target.get("target_session_attrs").unwrap_or("any");
            format!("No host that answered is what target_session_attrs={wanted} asks for: add the right one, or ask for \"any\".")
        }
    };
    Some(advice)
}

fn tls(e: &DbError) -> Option<String> {
    let says = |part: &str| e.message.contains(part);
    let advice = if says("does not support SSL") {
        "The server has no TLS (ssl = off): turn it on there; sslmode=prefer would connect without it, readable by everybody on the way."
    } else if says("expired") {
        "Whoever runs the server must renew its certificate. Until then only sslmode=require without a root certificate connects, and proves nothing."
    } else if says("another host name") {
        "Connect by a name that stands in the certificate; sslmode=verify-ca would check who signed it, but no name."
    } else if says("not signed by a trusted root") {
        "Give the certificate of the authority that signed it: sslrootcert=FILE, or sslrootcert=system for one that browsers know."
    } else if says("revoked") {
        "The authority took the certificate back (sslcrl): ask whoever runs the server."
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
        "28000" if says("pg_hba.conf") => {
            "The server's pg_hba.conf has no line for this user, database, address and kind of encryption: whoever runs it must add one, or try another sslmode.".into()
        }
        "28000" if says("not permitted to log in") => format!("ALTER ROLE {} LOGIN;", ident(user)),
        "28000" if says("does not exist") => match target.source("user") {
            Some(Source::OsUser) => "No user was named, so it is the one of this machine: give one with -U.".into(),
            _ => "There is no such role on this server: check -U, or make it with CREATE ROLE … LOGIN.".into(),
        },
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

fn database(e: &DbError, target: &Target) -> Option<String> {
    let (user, dbname) = (target.user(), target.dbname());
    let advice = match &*e.code {
        "3D000" => match target.source("dbname") {
            Some(Source::Connection | Source::Flag | Source::Profile(_) | Source::Environment(_)) => {
                "There is no database of this name here; psql -l, or :c postgres and \\l, lists them.".into()
            }
            _ => "No database was named, so it is the user's name: give one with -d (postgres is nearly always there).".into(),
        },
        "42501" => format!("GRANT CONNECT ON DATABASE {} TO {};", ident(dbname), ident(user)),
        "53300" => "All places are taken: end idle sessions, raise max_connections or the role's or database's CONNECTION LIMIT, or put a pooler before the server.".into(),
        "57P03" => "The server is starting, stopping or recovering: try again in a moment.".into(),
        "55000" => format!("ALTER DATABASE {} ALLOW_CONNECTIONS true;", ident(dbname)),
        _ => return None,
    };
    Some(advice)
}
