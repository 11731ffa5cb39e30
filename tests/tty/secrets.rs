//! Passwords in every way of giving one: none of them is found in anything that is written, shown or to be read of the
//! process.

use crate::{F5, Home, server};
use pgdeck::demo::cluster::Settings;
use std::path::Path;

/// Every file below a folder with its mode and contents.
fn files(folder: &Path) -> Vec<(String, u32, Vec<u8>)> {
    use std::os::unix::fs::PermissionsExt;
    let mut all = vec![];
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            all.extend(files(&path));
        } else if let (Ok(meta), Ok(bytes)) = (path.metadata(), std::fs::read(&path)) {
            all.push((path.display().to_string(), meta.permissions().mode() & 0o777, bytes));
        }
    }
    all
}

fn holds(bytes: &[u8], secret: &str) -> bool {
    bytes.windows(secret.len()).any(|w| w == secret.as_bytes())
}

/// A word that nothing else is called; they differ in their ends.
const TYPED: &str = "zaphod-typed-1";
const FILED: &str = "zaphod-filed-2";
const ROLE: &str = "zaphod-role-3";
const MAPPED: &str = "zaphod-mapped-4";
const SUBSCRIBED: &str = "zaphod-subscribed-5";
const LINKED: &str = "zaphod-linked-6";
const BROKEN: &str = "zaphod-broken-7";
const SET: &str = "zaphod-set-8";

#[test]
fn no_password_is_kept_shown_or_logged() {
    let hba = b"local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n".to_vec();
    let cluster = server::start(Settings {
        tcp: true,
        files: vec![("pg_hba.conf".into(), hba)],
        ..Settings::default()
    });
    let roles = format!(
        "create role typer superuser login password '{TYPED}'; create role filer superuser login password '{FILED}'"
    );
    server::execute(&cluster, "postgres", &roles);
    let home = Home::new();
    let log = home.0.path().join("the.log");
    let pass = home.0.path().join(".pgpass");
    std::fs::write(&pass, format!("*:*:*:filer:{FILED}\n")).expect("a file");
    std::fs::set_permissions(&pass, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("private");
    let log_name = log.display().to_string();
    for (user, typed) in [("typer", true), ("filer", false)] {
        let place = format!("host=127.0.0.1 port={} user={user} dbname=postgres", cluster.port());
        let mut t = home.start(&[&place, "--log", &log_name, "--log-values"], 120, 40);
        if typed {
            // Wrong first: what was typed is not in the error either.
            t.see("user \"typer\"")
                .send("zaphod-wrong\r")
                .see("authentication failed")
                .send(TYPED)
                .send("\r");
        }
        t.see(&format!("{user} @ "));
        let cmdline = std::fs::read(format!("/proc/{}/cmdline", t.pid())).unwrap_or_default();
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", t.pid())).unwrap_or_default();
        if let Some(core) = limits.lines().find(|l| l.starts_with("Max core file size")) {
            assert!(core.split_whitespace().nth(4) == Some("0"), "{core}");
        }
        t.send("\x1b2").see("Statement");
        // What was on the screen up to here was not typed into it.
        let raw = t.raw();
        for secret in [TYPED, FILED, "zaphod-wrong"] {
            assert!(!holds(&raw, secret) && !holds(&cmdline, secret), "{secret}");
        }
        for (sql, answer) in [
            (format!("create role victim_{user} password '{ROLE}'"), "CREATE ROLE"),
            (format!("alter user victim_{user} with encrypted password $x${ROLE}$x$"), "ALTER ROLE"),
            (
                format!(
                    "create user mapping for current_user server nowhere options (user 'x', password '{MAPPED}')"
                ),
                "42704",
            ),
            (
                format!(
                    "create subscription s connection 'host=/nonexistent password={SUBSCRIBED}' publication p"
                ),
                "08006",
            ),
            (format!("select dblink_connect('host=x password={LINKED}')"), "42883"),
            (format!("alter role victim_{user} password '{BROKEN}' nonsense"), "42601"),
            (format!("select 1 as done_{user} /* password = '{SET}' */"), &format!("done_{user}")),
        ] {
            t.send("\x1b").send("i").send("\x1b[1;5F").send(&format!("\x1b[200~;\n{sql}\x1b[201~"));
            t.send(F5).see(answer);
        }
        // Left in the midst of writing: the draft is kept.
        t.send("\x1bi").send(&format!("\x1b[200~;\nalter role x password '{ROLE}'\x1b[201~"));
        t.send("\x11").send("q").signal("TERM");
        t.end();
    }
    let logged = std::fs::read_to_string(&log).expect("a log");
    assert!(logged.contains("opened \"127.0.0.1:") && logged.contains("alter user victim_typer"), "{logged}");
    assert!(logged.contains("authentication scram-sha-256"), "{logged}");
    let mut kept = files(home.0.path());
    kept.retain(|(name, ..)| *name != pass.display().to_string());
    let history = kept.iter().find(|(name, ..)| name.ends_with("history.jsonl")).expect("a history");
    assert!(holds(&history.2, "victim_typer"), "what was run is remembered");
    for (name, mode, bytes) in &kept {
        assert_eq!(*mode, 0o600, "{name}");
        for secret in [TYPED, FILED, "zaphod-wrong", ROLE, MAPPED, SUBSCRIBED, LINKED, BROKEN] {
            assert!(!holds(bytes, secret), "{secret} in {name}");
        }
    }
}
