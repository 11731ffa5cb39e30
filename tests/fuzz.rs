//! Random texts for every parser of what people and files say about connections and saved queries: never a panic, never
//! a secret in a refusal, and what was read means the same when it is read again.
//!
//! `PGDECK_FUZZ_CASES=1000000 cargo test --release --test fuzz` runs as many.

use pgdeck::{
    data::saved::Origin,
    pg::target::{Environment, Found, Input, Target, masked, resolve},
    settings::saved,
};
use proptest::{prelude::*, test_runner::Config};
use std::path::{Path, PathBuf};

fn config(usual: u32) -> Config {
    let cases = std::env::var("PGDECK_FUZZ_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(usual);
    Config { cases, failure_persistence: None, ..Config::default() }
}

/// A machine with one password file and one service file.
#[derive(Default)]
struct Bare {
    passwords: Vec<u8>,
    services: Vec<u8>,
}

impl Environment for Bare {
    fn var(&self, name: &str) -> Option<String> {
        match name {
            "PGPASSFILE" => Some("/p".into()),
            "PGSERVICEFILE" => Some("/s".into()),
            _ => None,
        }
    }
    fn file(&self, path: &Path) -> Found {
        match path.to_str() {
            Some("/p") => Found::File(0o600, self.passwords.clone()),
            Some("/s") => Found::File(0o600, self.services.clone()),
            _ => Found::Missing,
        }
    }
    fn exists(&self, _: &Path) -> bool {
        false
    }
    fn user(&self) -> Result<String, String> {
        Ok("osuser".into())
    }
    fn home(&self) -> Option<PathBuf> {
        None
    }
}

fn said(text: &str) -> Input {
    Input { connection: Some(text.into()), ..Input::default() }
}

/// Pieces of which texts are made: what means something somewhere, and what means nothing.
fn pieces(of: &'static [&'static str]) -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => prop::sample::select(of).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
        1 => "[ -~]{0,6}",
    ];
    prop::collection::vec(piece, 0..14).prop_map(|all| all.concat())
}

const CONNECTION: &[&str] = &[
    "postgresql://",
    "postgres://",
    "host",
    "hostaddr",
    "port",
    "user",
    "password",
    "dbname",
    "sslmode",
    "service",
    "options",
    "target_session_attrs",
    "require_auth",
    "connect_timeout",
    "ssl",
    "true",
    "=",
    "=",
    "'",
    "\\",
    " ",
    "\t",
    "\n",
    ",",
    ":",
    "@",
    "/",
    "?",
    "&",
    "#",
    "%",
    "%20",
    "%00",
    "%zz",
    "[",
    "]",
    "::1",
    "127.0.0.1",
    "localhost",
    "5432",
    "0",
    "65536",
    "-1",
    "any",
    "prefer",
    "require",
    "verify-full",
    "disable",
    "ü",
    "\u{0}",
    "\u{feff}",
];

/// What is resolved holds together.
fn whole(target: &Target) {
    assert!(!target.hosts.is_empty());
    assert!(!target.user().is_empty() && !target.dbname().is_empty());
    let _ = (target.title(), target.unsupported(), target.idle(), target.connect_timeout());
    for host in &target.hosts {
        let _ = (host.to_string(), host.socket_path(), host.port_number(), target.password(host));
    }
    if target.check().is_ok() {
        assert!(target.hosts.iter().all(|h| h.port_number().is_some()), "{target:?}");
    }
}

/// A value as it is written between quotes.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

proptest! {
    #![proptest_config(config(4000))]

    #[test]
    fn connection_strings(text in pieces(CONNECTION)) {
        let _ = masked(&text);
        if let Ok(target) = resolve(&said(&text), &Bare::default()) {
            whole(&target);
            // Written as pairs it is the same.
            let pairs: Vec<_> = target.params().map(|(row, value, _)| format!("{}={}", row.name, quoted(value))).collect();
            let again = resolve(&said(&pairs.join(" ")), &Bare::default());
            let values = |t: &Target| t.params().map(|(r, v, _)| (r.name, v.to_owned())).collect::<Vec<_>>();
            if let Ok(again) = again {
                prop_assert_eq!(values(&target), values(&again), "{}", text);
            }
        }
    }

    #[test]
    fn values_survive_being_quoted(user in "\\PC{1,20}", name in "\\PC{1,20}", password in "\\PC{0,20}") {
        let text = format!("user={} dbname = {} password={}", quoted(&user), quoted(&name), quoted(&password));
        let target = resolve(&said(&text), &Bare::default()).expect("reads");
        prop_assert_eq!(target.user(), &user);
        prop_assert_eq!(target.dbname(), &name);
        prop_assert_eq!(target.get("password"), Some(&*password));
    }

    #[test]
    fn values_survive_being_percent_encoded(user in "\\PC{1,20}", name in "\\PC{1,20}", password in "\\PC{1,20}") {
        let coded = |text: &str| text.bytes().map(|b| format!("%{b:02x}")).collect::<String>();
        let text = format!("postgresql://{}:{}@h/{}", coded(&user), coded(&password), coded(&name));
        let target = resolve(&said(&text), &Bare::default()).expect("reads");
        prop_assert_eq!(target.user(), &user);
        prop_assert_eq!(target.dbname(), &name);
        prop_assert_eq!(target.get("password"), Some(&*password));
    }

    #[test]
    fn refusals_keep_secrets(before in pieces(CONNECTION), after in pieces(CONNECTION)) {
        const SECRET: &str = "hush7hush";
        for text in [
            format!("password={SECRET} {before}"),
            format!("password='{SECRET}' {before}{after}"),
            format!("postgres://u:{SECRET}@h/{before}{after}"),
            format!("postgres://u:{SECRET}@h:{before}"),
        ] {
            let shown = match resolve(&said(&text), &Bare::default()) {
                Ok(target) => {
                    let debug = format!("{target:?}");
                    // A value that holds the secret is no secret of ours when it was given as another one.
                    let only = target.params().all(|(row, v, _)| row.secret || !v.contains(SECRET));
                    if only { debug } else { String::new() }
                }
                Err(refusal) => refusal.message,
            };
            prop_assert!(!shown.contains(SECRET), "{}: {}", text, shown);
        }
    }

    #[test]
    fn password_files(
        file in pieces(&["h", "*", "5432", "d", "u", "localhost", "/tmp", ":", ":", ":", "\\:", "\\\\", "\\", "#", "\n", "\r\n", "::1", " ", "pw"]),
        bytes in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        for passwords in [file.clone().into_bytes(), bytes.clone(), [bytes, file.into_bytes()].concat()] {
            let machine = Bare { passwords, ..Bare::default() };
            for text in ["host=h user=u dbname=d", "host=/tmp user=u dbname=d", "host=::1,h user=u dbname=d", "user=u"] {
                if let Ok(target) = resolve(&said(text), &machine) {
                    whole(&target);
                }
            }
        }
    }

    #[test]
    fn a_password_comes_out_as_it_went_in(password in "\\PC{1,20}", user in "\\PC{1,12}") {
        let escaped = |text: &str| text.replace('\\', "\\\\").replace(':', "\\:");
        let line = format!("h:5432:d:{}:{}\n", escaped(&user), escaped(&password));
        let machine = Bare { passwords: line.into_bytes(), ..Bare::default() };
        let text = format!("host=h dbname=d user={}", quoted(&user));
        let target = resolve(&said(&text), &machine).expect("reads");
        prop_assert_eq!(target.password(&target.hosts[0]), Some(password));
    }

    #[test]
    fn service_files(
        file in pieces(&["[s]", "[t]", "[", "]", "host", "port", "user", "password", "service", "ldap://", "=", "=", "\n", "\n", "\r", "#", " ", "\t", "h", "5432"]),
        bytes in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        for services in [file.clone().into_bytes(), bytes, format!("[s]\n{file}").into_bytes()] {
            let machine = Bare { services, ..Bare::default() };
            if let Ok(target) = resolve(&said("service=s"), &machine) {
                whole(&target);
            }
        }
    }

    #[test]
    fn headers_of_saved_queries(
        text in pieces(&["--", "-- ", "title", "description", "param", "read-only", "since", ":", ": ", "int", "text", "=", "choices(", "from (", ")", "|", "select ", ":a", "::int", "'", "$$", ";", "\n", "\n", "  ", "/*", "*/", "14"]),
    ) {
        if let Ok(query) = saved::parse("x", &text, Origin::BuiltIn, "") {
            prop_assert_eq!(&query.text, &text);
            prop_assert!(!query.title.is_empty());
            let mut names: Vec<_> = query.parameters.iter().map(|p| &p.name).collect();
            names.sort();
            names.dedup();
            prop_assert_eq!(names.len(), query.parameters.len(), "a parameter twice");
        }
    }
}
