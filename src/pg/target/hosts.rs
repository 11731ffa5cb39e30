//! The lists of hosts, addresses and ports, put together one by one.

use super::{
    Refusal,
    env::{Environment, socket_dir},
    params::Values,
    passfile::{Wanted, password},
};
use crate::core::effect::Secret;

/// What kind of place a host is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostKind {
    /// A name (or an address in its place) for the resolver.
    Name,
    /// A numeric address given by `hostaddr`.
    Address,
    /// A folder with a Unix socket, or an abstract socket (`@…`).
    Socket,
}

impl HostKind {
    /// The word in `conninfo`'s JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Address => "address",
            Self::Socket => "socket",
        }
    }
}

/// One place to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// What kind of place.
    pub kind: HostKind,
    /// Host name, or socket folder; certificates are checked against it.
    pub host: Option<String>,
    /// Numeric address to connect to.
    pub hostaddr: Option<String>,
    /// Port as written; `Target::check` has seen that it is a number.
    pub port: String,
    /// The password file's password for this place, when no password was given otherwise.
    pub password: Option<Secret>,
}

impl Host {
    /// The port's number; `None` only when `Target::check` was not passed.
    #[must_use]
    pub fn port_number(&self) -> Option<u16> {
        self.port.trim().parse().ok().filter(|p| *p != 0)
    }

    /// The path of the socket; an abstract socket's begins with `@`.
    #[must_use]
    pub fn socket_path(&self) -> Option<String> {
        let dir = self.host.as_deref().filter(|_| self.kind == HostKind::Socket)?;
        Some(format!("{dir}/.s.PGSQL.{}", self.port.trim()))
    }
}

impl std::fmt::Display for Host {
    /// `host:port`, `[address]:port`, or the socket's path.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(path) = self.socket_path() {
            return f.write_str(&path);
        }
        let (host, port) = (self.host.as_deref().unwrap_or(""), self.port.trim());
        match self.hostaddr.as_deref().unwrap_or("") {
            "" if host.contains(':') => write!(f, "[{host}]:{port}"),
            "" => write!(f, "{host}:{port}"),
            address if host.is_empty() && address.contains(':') => write!(f, "[{address}]:{port}"),
            address if host.is_empty() => write!(f, "{address}:{port}"),
            address => write!(f, "{host}:{port} ({address})"),
        }
    }
}

/// Puts the lists together.
///
/// # Errors
/// The lists have different lengths.
pub fn list(values: &Values, env: &dyn Environment) -> Result<Vec<Host>, Refusal> {
    let items = |name| values.get(name).filter(|v| !v.is_empty()).map(|v| v.split(',').collect::<Vec<_>>());
    let (names, addresses) = (items("host"), items("hostaddr"));
    // Of the ports an empty list is one empty entry: the default for all.
    let ports: Vec<_> = values.get("port").unwrap_or("").split(',').collect();
    let count = addresses.as_ref().or(names.as_ref()).map_or(1, Vec::len);
    if let Some(names) = names.as_ref().filter(|n| n.len() != count) {
        return Err(Refusal::new(format!(
            "could not match {} host names to {count} hostaddr values",
            names.len()
        )));
    }
    if ports.len() != 1 && ports.len() != count {
        return Err(Refusal::new(format!("could not match {} port numbers to {count} hosts", ports.len())));
    }
    Ok((0..count)
        .map(|i| {
            let port = *ports.get(i).unwrap_or(&ports[0]);
            let of = |list: &Option<Vec<&str>>| list.as_ref().map(|l| l[i].to_owned());
            one(of(&names), of(&addresses), if port.is_empty() { "5432" } else { port }, env)
        })
        .collect())
}

fn one(host: Option<String>, hostaddr: Option<String>, port: &str, env: &dyn Environment) -> Host {
    let given = |v: &Option<String>| v.as_ref().is_some_and(|v| !v.is_empty());
    let (kind, host) = if given(&hostaddr) {
        (HostKind::Address, host)
    } else if !given(&host) {
        (HostKind::Socket, Some(socket_dir(env, port)))
    } else if host.as_ref().is_some_and(|h| h.starts_with(['/', '@'])) {
        (HostKind::Socket, host)
    } else {
        (HostKind::Name, host)
    };
    Host { kind, host, hostaddr, port: port.into(), password: None }
}

/// Looks every host up in the password file.
pub fn passwords(hosts: &mut [Host], file: &[u8], dbname: &str, user: &str, warnings: &mut Vec<String>) {
    for host in hosts {
        let name = host.host.as_deref().filter(|h| !h.is_empty()).or(host.hostaddr.as_deref()).unwrap_or("");
        let Some(found) = password(file, &Wanted { host: name, port: &host.port, dbname, user }) else {
            continue;
        };
        match String::from_utf8(found) {
            Ok(text) => host.password = Some(Secret(text)),
            Err(_) => warnings.push(format!("WARNING: the password file's password for {host} is not UTF-8")),
        }
    }
}
