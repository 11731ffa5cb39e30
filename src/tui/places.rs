//! Servers one may want to go to: those that were named in files, those of before, and those that are found here.

use crate::{
    core::settings::Profile,
    pg::target::{Machine, SOCKET_DIRS, services},
};
use std::{
    collections::HashSet,
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::Duration,
};

/// Ports on this machine that are knocked at.
const PORTS: std::ops::RangeInclusive<u16> = 5432..=5437;
/// A port of this machine answers at once or not at all.
const KNOCK: Duration = Duration::from_millis(100);

/// What connects there, and what it is.
pub fn find(profiles: &[Profile], recent: &[String]) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = vec![];
    let mut known = HashSet::new();
    let mut add = |spec: String, remark: String| {
        if known.insert(spec.clone()) {
            found.push((spec, remark));
        }
    };
    for p in profiles {
        let label = p.label.as_deref().map(|l| format!(": {l}")).unwrap_or_default();
        let marks =
            [(p.production, "production"), (p.read_only, "read-only"), (p.ssh.is_some(), "through ssh")];
        let marks: Vec<&str> = marks.iter().filter(|(on, _)| *on).map(|(_, mark)| *mark).collect();
        let marks = if marks.is_empty() { String::new() } else { format!(" ({})", marks.join(", ")) };
        let problem = p.problem.as_deref().map(|w| format!(", cannot be used: {w}")).unwrap_or_default();
        add(p.name.clone(), format!("profile{label}{marks}{problem}"));
    }
    for place in recent {
        add(place.clone(), "used before".into());
    }
    for (name, file) in services(&Machine) {
        add(format!("service={name}"), format!("service of {file}"));
    }
    for folder in SOCKET_DIRS {
        let mut ports: Vec<u16> = std::fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|e| e.file_name().to_str()?.strip_prefix(".s.PGSQL.")?.parse().ok())
            .collect();
        ports.sort_unstable();
        for port in ports {
            add(format!("host={folder} port={port} dbname=postgres"), "socket on this machine".into());
        }
    }
    for port in PORTS {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpStream::connect_timeout(&address, KNOCK).is_ok() {
            add(
                format!("host=localhost port={port} dbname=postgres"),
                "something listens on this machine".into(),
            );
        }
    }
    found
}
