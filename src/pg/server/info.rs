//! What is told of a server once somebody is let in.

use super::{Server, lock};
use crate::{
    core::event::ServerInfo,
    pg::{
        target::{Source, Target},
        wire::Session,
    },
};
use std::sync::atomic::Ordering;

impl Server {
    /// What is known of the server from an open session.
    pub async fn info(&self, session: &mut Session) -> ServerInfo {
        let get = |s: &Session, name: &str| s.parameter(name).unwrap_or_default().to_owned();
        let version = get(session, "server_version");
        self.bouncer.store(version.contains("bouncer"), Ordering::Relaxed);
        let mut standby = session.parameter("in_hot_standby").map(|v| v == "on");
        let mut read_only = session.parameter("default_transaction_read_only").map(|v| v == "on");
        if standby.is_none() || read_only.is_none() {
            // Before version 14 the server does not report these by itself; some poolers never do.
            let asked = session
                .ask("select pg_catalog.pg_is_in_recovery()::text, pg_catalog.current_setting('default_transaction_read_only')")
                .await
                .unwrap_or_default();
            let yes = |column: usize| {
                let cell = asked.first().and_then(|row| row.get(column)).and_then(Option::as_deref);
                matches!(cell, Some("on" | "true"))
            };
            standby = standby.or(Some(yes(0)));
            read_only = read_only.or(Some(yes(1)));
        }
        self.version.store(version_number(&version), Ordering::Relaxed);
        self.standby.store(standby.unwrap_or_default(), Ordering::Relaxed);
        let user = match get(session, "session_authorization") {
            user if user.is_empty() => self.plan.target.user().to_owned(),
            user => user,
        };
        let info = ServerInfo {
            version_num: version_number(&version),
            version,
            address: session.place().to_owned(),
            user,
            database: self.plan.target.dbname().to_owned(),
            pid: session.pid(),
            tls: session.tls(),
            superuser: session.parameter("is_superuser") == Some("on"),
            standby: standby.unwrap_or_default(),
            pooler: self.pooler(),
            read_only: read_only.unwrap_or_default(),
            held_read_only: self.plan.read_only,
            production: self.plan.target.production,
            rehearse: self.plan.target.rehearse,
            time_zone: get(session, "TimeZone"),
            profile: self.plan.target.profile.clone(),
            more: more(&self.plan.target),
            label: self.plan.target.label.clone(),
        };
        *lock(&self.told) = Some(info.clone());
        info
    }
}

/// What leads to the same server in the same way, beside place, user and database.
fn more(target: &Target) -> Vec<(&'static str, String)> {
    const NAMED: [&str; 5] = ["host", "hostaddr", "port", "user", "dbname"];
    let said = |source: &Source| matches!(source, Source::Connection | Source::Flag | Source::Service(..));
    (target.params())
        .filter(|(row, _, source)| !row.secret && !NAMED.contains(&row.name) && said(source))
        .map(|(row, value, _)| (row.name, value.to_owned()))
        .collect()
}

/// `server_version_num` from `server_version` (`15.4 (Debian …)`, `18beta1`, `14devel`).
fn version_number(text: &str) -> u32 {
    let number = |t: &str| -> u32 {
        let end = t.find(|c: char| !c.is_ascii_digit()).unwrap_or(t.len());
        t[..end].parse().unwrap_or(0)
    };
    let major = number(text);
    let minor = match text.split_once('.') {
        Some((before, after)) if before.bytes().all(|b| b.is_ascii_digit()) => number(after),
        _ => 0,
    };
    major * 10_000 + minor
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_numbers() {
        for (text, number) in [
            ("15.18 (Debian 15.18-0+deb12u1)", 150_018),
            ("13.0", 130_000),
            ("18beta1", 180_000),
            ("19devel", 190_000),
            ("", 0),
            ("16rc2 (x 1.5)", 160_000),
        ] {
            assert_eq!(version_number(text), number, "{text}");
        }
    }
}
