//! `pgdeck conninfo`: what a connection resolves to, and where each setting came from. Nothing is sent.

use crate::{
    pg::target::{Environment, Host, Input, Keyword, Source, Target, masked, resolve},
    text::{clean, width},
};
use serde_json::{Map, Value, json};
use std::{
    borrow::Cow,
    io::{self, Write},
};

/// What is shown in place of a secret.
const MASK: &str = "********";

/// How it is printed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Passwords as they are.
    pub show_password: bool,
    /// JSON instead of text.
    pub json: bool,
}

/// Resolves and prints; the exit code is 0, or 2 for what libpq refuses.
///
/// # Errors
/// Writing failed.
pub fn conninfo(
    input: &Input,
    env: &dyn Environment,
    options: Options,
    out: &mut dyn Write,
    narration: &mut dyn Write,
) -> io::Result<u8> {
    let target = match resolve(input, env) {
        Ok(target) => target,
        Err(refusal) => {
            writeln!(narration, "pgdeck: {}", clean::line(&refusal.message))?;
            return Ok(2);
        }
    };
    for warning in &target.warnings {
        writeln!(narration, "{}", clean::line(warning))?;
    }
    // Even what cannot be connected to is printed: it shows where the wrong value came from.
    if options.json {
        writeln!(out, "{:#}", as_json(&target, options.show_password))?;
    } else {
        as_text(&target, options.show_password, out)?;
    }
    if let Err(refusal) = target.check_values() {
        writeln!(narration, "pgdeck: {}", clean::line(&refusal.message))?;
        return Ok(2);
    }
    for what in target.idle() {
        writeln!(narration, "WARNING: {}", clean::line(&what))?;
    }
    for what in target.unsupported() {
        writeln!(narration, "WARNING: connecting will be refused: {}", clean::line(&what))?;
    }
    Ok(0)
}

/// A value as it may be shown. A password can stray: a URI taken as a database's name holds one, and an
/// `@` in a port is the rest of one that was not percent-encoded.
fn shown(value: &str, secret: bool, show: bool) -> Cow<'_, str> {
    match value {
        _ if show || value.is_empty() => value.into(),
        _ if secret => MASK.into(),
        _ => masked(value).into(),
    }
}

fn shown_port(port: &str, show: bool) -> &str {
    if port.contains('@') && !show { MASK } else { port }
}

fn param<'a>(row: &Keyword, value: &'a str, show: bool) -> Cow<'a, str> {
    let value = if row.name == "port" { shown_port(value, show) } else { value };
    shown(value, row.secret, show)
}

fn host_password(host: &Host, show: bool) -> Option<Cow<'_, str>> {
    host.password.as_ref().map(|p| shown(&p.0, true, show))
}

fn as_json(target: &Target, show: bool) -> Value {
    let hosts: Vec<_> = target
        .hosts
        .iter()
        .map(|h| {
            json!({
                "type": h.kind.word(),
                "host": h.host,
                "hostaddr": h.hostaddr,
                "port": shown_port(&h.port, show),
                "password": host_password(h, show),
            })
        })
        .collect();
    json!({"hosts": hosts, "params": params(target, show)})
}

fn params(target: &Target, show: bool) -> Map<String, Value> {
    let pair = |(row, value, source): (&Keyword, &str, &Source)| {
        let value = param(row, value, show);
        (row.name.into(), json!({"value": value, "source": source.to_string()}))
    };
    target.params().map(pair).collect()
}

/// Parameter, value and where it came from, of what was said and not left at its default; no secrets.
pub(super) fn said(target: &Target) -> Vec<(&'static str, String, String)> {
    let rows = target.params().filter(|(_, _, source)| **source != Source::Default);
    let rows =
        rows.map(|(row, value, source)| (row.name, param(row, value, false).into(), source.to_string()));
    let profile = target.profile.as_ref().map_or_else(String::new, |name| format!("profile {name}"));
    let tunnel = target.outside.ssh.as_ref().map(|destination| ("ssh", destination.clone(), profile));
    rows.chain(tunnel).collect()
}

fn as_text(target: &Target, show: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut rows = vec![];
    for (i, host) in target.hosts.iter().enumerate() {
        let name = if target.hosts.len() == 1 { "→".to_owned() } else { format!("→ {}", i + 1) };
        let source = match host_password(host, show) {
            Some(password) => format!("{}, password {password} from the password file", host.kind.word()),
            None => host.kind.word().to_owned(),
        };
        let place = Host { port: shown_port(&host.port, show).into(), ..host.clone() };
        rows.push([name, place.to_string(), source]);
    }
    for (row, value, source) in target.params() {
        rows.push([row.name.into(), param(row, value, show).into(), source.to_string()]);
    }
    let rows: Vec<_> = rows.iter().map(|row| row.each_ref().map(|cell| clean::line(cell))).collect();
    // One long value must not push the sources of all others off the screen.
    let widest = |i: usize| rows.iter().map(|r| width::width(&r[i])).filter(|w| *w <= 48).max().unwrap_or(0);
    let (first, second) = (widest(0), widest(1));
    for [name, value, source] in &rows {
        let pad = |text: &str, to: usize| " ".repeat(to.saturating_sub(width::width(text)));
        writeln!(out, "{name}{}  {value}{}  {source}", pad(name, first), pad(value, second))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pg::target::Found;
    use std::path::{Path, PathBuf};

    struct Bare;

    impl Environment for Bare {
        fn var(&self, name: &str) -> Option<String> {
            (name == "PGPASSFILE").then(|| "/p".into())
        }
        fn file(&self, path: &Path) -> Found {
            let text = b"h2:*:*:*:filed\n".to_vec();
            if path == Path::new("/p") { Found::File(0o600, text) } else { Found::Missing }
        }
        fn exists(&self, _: &Path) -> bool {
            false
        }
        fn user(&self) -> Result<String, String> {
            Ok("me".into())
        }
        fn home(&self) -> Option<PathBuf> {
            None
        }
    }

    fn run(connection: &str, show_password: bool, json: bool) -> (u8, String, String) {
        let input = Input { connection: Some(connection.into()), ..Input::default() };
        let (mut out, mut narration) = (vec![], vec![]);
        let options = Options { show_password, json };
        let code = conninfo(&input, &Bare, options, &mut out, &mut narration).expect("writes");
        (code, String::from_utf8(out).expect("text"), String::from_utf8(narration).expect("text"))
    }

    #[test]
    fn json_has_hosts_and_params_with_sources() {
        let (code, out, _) = run("postgres://u@h1,h2:7,/d?sslmode=require", true, true);
        let got: Value = serde_json::from_str(&out).expect("JSON");
        assert_eq!(code, 0);
        assert_eq!(
            got["hosts"],
            json!([
                {"type": "name", "host": "h1", "hostaddr": null, "port": "5432", "password": null},
                {"type": "name", "host": "h2", "hostaddr": null, "port": "7", "password": "filed"},
                {"type": "socket", "host": "/tmp", "hostaddr": null, "port": "5432", "password": null},
            ])
        );
        assert_eq!(got["params"]["sslmode"], json!({"value": "require", "source": "connection string"}));
        assert_eq!(got["params"]["passfile"], json!({"value": "/p", "source": "environment PGPASSFILE"}));
        assert_eq!(got["params"]["sslsni"], json!({"value": "1", "source": "default"}));
        assert_eq!(got.as_object().map(Map::len), Some(2));
    }

    #[test]
    fn secrets_are_masked_unless_asked_for() {
        for text in ["postgres://u:hush@h2/d", "host=h2 sslpassword=hush", "postgres://a@x:1:hush@h/d"] {
            for json in [false, true] {
                let (_, out, narration) = run(text, false, json);
                assert!(!out.contains("hush") && !out.contains("filed"), "{out}");
                assert!(!narration.contains("hush"), "{narration}");
                let (_, out, _) = run(text, true, json);
                assert!(out.contains("hush"), "{out}");
            }
        }
    }

    #[test]
    fn refusals_have_code_2_and_say_why() {
        let (code, out, narration) = run("hots=x", false, true);
        assert_eq!((code, out.as_str()), (2, ""));
        assert_eq!(narration, "pgdeck: invalid connection option \"hots\"\n");
        let (code, out, narration) = run("port=5s", false, false);
        assert!(
            code == 2 && out.contains("5s") && narration.contains("invalid integer value"),
            "{narration}"
        );
        let (code, _, narration) = run("oauth_scope=x", false, false);
        assert!(code == 0 && narration.contains("will be refused: oauth_scope"), "{narration}");
    }
}
