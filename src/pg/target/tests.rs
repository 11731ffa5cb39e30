//! Whole resolutions against what libpq does with the same words.

use super::{env::fake::Fake, *};
use serde_json::Value;
use std::{collections::BTreeMap, path::Path};

fn input(connection: &str) -> Input {
    Input { connection: Some(connection.into()), ..Input::default() }
}

fn flags(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect()
}

fn ok(input: &Input, env: &Fake) -> Target {
    resolve(input, env).expect("resolves")
}

/// The parameters named, as `key=value` words.
fn shown(target: &Target, names: &[&str]) -> String {
    let words: Vec<_> = names.iter().map(|n| format!("{n}={}", target.get(n).unwrap_or("-"))).collect();
    words.join(" ")
}

#[test]
fn strings_resolve_to_their_parts() {
    for (text, expected) in [
        ("", "user=osuser password=- host=- hostaddr=- port=5432 dbname=osuser sslmode=prefer"),
        ("mydb", "user=osuser password=- host=- hostaddr=- port=5432 dbname=mydb sslmode=prefer"),
        ("postgres://", "user=osuser password=- host=- hostaddr=- port=5432 dbname=osuser sslmode=prefer"),
        (
            "postgresql://me:p%40ss@h%2d1:1,[::1]:2,:3/a/b@c?sslmode=allow",
            "user=me password=p@ss host=h-1,::1, hostaddr=- port=1,2,3 dbname=a/b@c sslmode=allow",
        ),
        (
            "postgres://host/db@x?hostaddr=10.0.0.1&ssl=true",
            "user=osuser password=- host=host hostaddr=10.0.0.1 port=5432 dbname=db@x sslmode=require",
        ),
        (
            "postgres:///?host=/run/pg& port = 7 ",
            "user=osuser password=- host=/run/pg hostaddr=- port=7 dbname=osuser sslmode=prefer",
        ),
        (
            "host = h user='a \\'b\\\\' password='' dbname=it\\'s",
            "user=a 'b\\ password= host=h hostaddr=- port=5432 dbname=it's sslmode=prefer",
        ),
        (
            "user= password=x",
            "user=password=x password=- host=- hostaddr=- port=5432 dbname=password=x sslmode=prefer",
        ),
        (
            "sslrootcert=system",
            "user=osuser password=- host=- hostaddr=- port=5432 dbname=osuser sslmode=verify-full",
        ),
        ("requiressl=1", "user=osuser password=- host=- hostaddr=- port=5432 dbname=osuser sslmode=require"),
    ] {
        let target = ok(&input(text), &Fake::default());
        let names = ["user", "password", "host", "hostaddr", "port", "dbname", "sslmode"];
        assert_eq!(shown(&target, &names), expected, "{text}");
    }
}

#[test]
fn what_libpq_refuses_is_refused_and_secrets_stay_hidden() {
    for (text, expected) in [
        ("foo=bar", "invalid connection option \"foo\""),
        ("database=x", "invalid connection option \"database\" (did you mean \"dbname\"?)"),
        ("dbname=a b", "missing \"=\" after \"b\" in connection info string"),
        ("password=a secret", "missing \"=\" after the value of password in connection info string"),
        (
            "password='secret",
            "unterminated quoted string in connection info string (the value of \"password\")",
        ),
        ("postgres://[::1", "end of string reached when looking for matching \"]\""),
        ("postgres://u:secret@[]", "IPv6 host address may not be empty in URI: \"postgres://u:…@[]\""),
        ("postgres://[::1]z", "unexpected character \"z\" at position 17 in URI"),
        ("postgres://h?zzz", "missing key/value separator \"=\" in URI query parameter: \"zzz\""),
        ("postgres://h?a=b=c", "extra key/value separator \"=\" in URI query parameter: \"a\""),
        ("postgres://h?&", "missing key/value separator \"=\" in URI query parameter: \"\""),
        ("postgres://h?uzer=x", "invalid URI query parameter: \"uzer\""),
        ("postgres://u:sec%zzret@h", "invalid percent-encoded token: the value of password"),
        ("postgres://h/a%00b", "forbidden value %00 in percent-encoded value: \"a%00b\""),
        ("postgres://h/a b", "unexpected spaces found in \"a b\""),
        ("postgres://h/%ff", "percent-encoded bytes that are not UTF-8"),
        ("host=a,b port=1,2,3", "could not match 3 port numbers to 2 hosts"),
        ("host=a,b hostaddr=1.1.1.1", "could not match 2 host names to 1 hostaddr values"),
        ("sslmode=hard", "invalid sslmode value: \"hard\""),
        ("sslmode=", "invalid sslmode value: \"\""),
        ("sslmode=require sslrootcert=system", "weak sslmode \"require\" may not be used"),
        ("sslnegotiation=direct", "weak sslmode \"prefer\" may not be used with sslnegotiation=direct"),
        ("ssl_min_protocol_version=SSLv3", "invalid \"ssl_min_protocol_version\" value: \"SSLv3\""),
        ("ssl_max_protocol_version=tlsv1.1", "invalid SSL protocol version range"),
        ("require_auth=md5,!none", "negative require_auth method \"!none\" cannot be mixed"),
        ("require_auth=md5,md5", "require_auth method \"md5\" is specified more than once"),
        ("gssencmode=require", "gssencmode value \"require\" invalid"),
        ("target_session_attrs=best", "invalid target_session_attrs value: \"best\""),
        ("load_balance_hosts=yes", "invalid load_balance_hosts value: \"yes\""),
        ("min_protocol_version=latest max_protocol_version=3.0", "\"min_protocol_version\" is greater"),
        ("service=none", "definition of service \"none\" not found"),
    ] {
        let refusal = resolve(&input(text), &Fake::default()).expect_err(text);
        assert!(refusal.message.starts_with(expected), "{text}: {refusal}");
        assert!(!refusal.message.contains("secret"), "{text}: {refusal}");
    }
}

#[test]
fn what_libpq_refuses_while_connecting_fails_the_check() {
    for (text, expected) in [
        ("port=5s", "invalid integer value \"5s\" for connection option \"port\""),
        ("port=0", "invalid port number: \"0\""),
        ("host=a,b port=1,99999", "invalid port number: \"99999\""),
        ("connect_timeout=5.0", "invalid integer value \"5.0\" for connection option \"connect_timeout\""),
        ("hostaddr=lol", "could not parse network address \"lol\""),
        (
            "postgres://a@user:supersecret:more@host/db",
            "invalid integer value for connection option \"port\" (in a URI",
        ),
        ("oauth_issuer=https://x", "oauth_issuer is set, but pgdeck cannot log in with OAuth"),
        ("min_protocol_version=3.2", "min_protocol_version asks for protocol 3.2"),
        ("require_auth=gss,oauth", "require_auth=gss,oauth allows no way"),
        ("replication=database", "replication is set, but"),
    ] {
        let refusal = ok(&input(text), &Fake::default()).check().expect_err(text);
        assert!(refusal.message.starts_with(expected), "{text}: {refusal}");
        assert!(!refusal.message.contains("secret"), "{text}: {refusal}");
    }
    for text in ["port=' 5432 '", "krbsrvname=x", "gssencmode=prefer", "hostaddr=127.1", "connect_timeout=-1"]
    {
        assert_eq!(ok(&input(text), &Fake::default()).check(), Ok(()), "{text}");
    }
}

#[test]
fn another_encoding_is_said_not_to_be_followed() {
    let unheeded = |text: &str| resolve(&input(text), &Nothing).expect("resolved").unheeded();
    assert_eq!(unheeded("host=h"), None);
    assert_eq!(unheeded("host=h client_encoding=UTF8"), None);
    assert_eq!(unheeded("host=h client_encoding=auto"), None);
    let said = "client_encoding=latin1 (connection string) is not followed: pgdeck reads and writes UTF-8";
    assert_eq!(unheeded("host=h client_encoding=latin1").as_deref(), Some(said));
}

#[test]
fn the_string_wins_over_flags_service_and_environment_in_this_order() {
    let env = Fake::default()
        .var("PGUSER", "env")
        .var("PGDATABASE", "env=x")
        .var("PGAPPNAME", "env")
        .var("PGSERVICEFILE", "/svc")
        .file(
            "/svc",
            0o644,
            "# c\n[other]\nhost=no\n [s]\n user=svc \napplication_name=svc\nport=9\n[s]\nhost=2\n",
        );
    let mut said = input("service=s user=string");
    said.flags = flags(&[("user", "flag"), ("host", "flag")]);
    let target = ok(&said, &env);
    assert_eq!(
        shown(&target, &["user", "host", "application_name", "port", "dbname"]),
        "user=string host=flag application_name=svc port=9 dbname=env=x"
    );
    assert_eq!(target.source("user"), Some(&Source::Connection));
    assert_eq!(target.source("host"), Some(&Source::Flag));
    assert_eq!(target.source("port"), Some(&Source::Service("s".into(), "/svc".into())));
    assert_eq!(target.source("dbname"), Some(&Source::Environment("PGDATABASE")));
}

#[test]
fn a_database_flag_may_be_a_string_and_then_a_second_one_is_a_name() {
    let mut said = Input { flags: flags(&[("user", "u"), ("dbname", "host=h user=v")]), ..Input::default() };
    assert_eq!(shown(&ok(&said, &Fake::default()), &["user", "host", "dbname"]), "user=v host=h dbname=v");
    said = Input { flags: flags(&[("dbname", "a")]), ..input("host=x") };
    let target = ok(&said, &Fake::default());
    assert_eq!(shown(&target, &["host", "dbname"]), "host=- dbname=host=x");
    assert_eq!(target.warnings.len(), 1);
}

#[test]
fn service_files_are_looked_for_in_order_and_mistakes_in_them_named() {
    let env = |vars: &[(&str, &str)], files: &[(&str, &str)]| {
        let env = vars.iter().fold(Fake::default(), |e, (k, v)| e.var(k, v));
        files.iter().fold(env, |e, (p, t)| e.file(p, 0o600, t))
    };
    let home = "/home/osuser/.pg_service.conf";
    for (vars, files, expected) in [
        (&[][..], &[(home, "[s]\nhost=h")][..], Ok("h")),
        (&[("PGSERVICE", "s")], &[(home, "[s]\nhost=h")], Ok("h")),
        (&[("PGSYSCONFDIR", "/sys")], &[("/sys/pg_service.conf", "[s]\nhost=h")], Ok("h")),
        (
            &[("PGSERVICEFILE", "/f"), ("PGSYSCONFDIR", "/sys")],
            &[("/f", "[x]\n"), ("/sys/pg_service.conf", "[s]\nhost=h")],
            Ok("h"),
        ),
        (&[("PGSERVICEFILE", "/f")], &[(home, "[s]\nhost=h")], Err("service file \"/f\" not found")),
        (&[], &[(home, "[s]\nhost =h")], Err("line 2 (no blank may stand before the \"=\")")),
        (&[], &[(home, "[s]\n\nnope=h")], Err("line 3 (\"nope\" is not a connection parameter)")),
        (&[], &[(home, "[s]\nservice=h")], Err("nested \"service\" specifications not supported")),
        (&[], &[(home, "[s]\nldap://x")], Err("LDAP look-ups are not supported")),
    ] {
        match (resolve(&input("service=s"), &env(vars, files)), expected) {
            (Ok(target), Ok(host)) => assert_eq!(target.get("host"), Some(host)),
            (Err(refusal), Err(text)) => assert!(refusal.message.contains(text), "{refusal}"),
            (got, _) => panic!("{files:?}: {got:?}"),
        }
    }
}

#[test]
fn the_password_file_is_asked_per_host_and_must_be_private() {
    let text = "h1:5432:*:*:uno\nh2:7:*:*:two\n1.2.3.4:*:*:*:four\nlocalhost:*:*:*:here\n";
    let env = Fake::default().file("/home/osuser/.pgpass", 0o600, text);
    let target = ok(&input("postgres://u@h1,h2:7,h3,/d"), &env);
    let got: Vec<_> = target.hosts.iter().map(|h| target.password(h)).collect();
    assert_eq!(got, [Some("uno".into()), Some("two".into()), None, Some("here".into())]);
    assert_eq!(
        target.hosts.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        "h1:5432 h2:7 h3:5432 /tmp/.s.PGSQL.5432"
    );
    let target = ok(&input("hostaddr=1.2.3.4 password=given"), &env);
    assert_eq!(target.password(&target.hosts[0]).as_deref(), Some("given"));
    assert_eq!(target.hosts[0].password, None);
    let debug = format!("{target:?}");
    assert!(!debug.contains("given") && !format!("{:?}", ok(&input("host=h1"), &env)).contains("uno"));

    let env = Fake::default().var("PGPASSFILE", "/p").file("/p", 0o640, text);
    let target = ok(&input("host=h1"), &env);
    assert_eq!(target.hosts[0].password, None);
    assert!(target.warnings[0].contains("\"/p\" has group or world access"));
}

#[test]
fn a_profile_lies_between_the_command_line_and_the_environment() {
    let profile = Profile {
        name: "prod".into(),
        connection: Some("postgres://app:pw@db.prod:6000/shop".into()),
        params: vec![("sslmode".into(), "require".into())],
        read_only: true,
        production: true,
        rehearse: Some(Rehearse::Always),
        ..Profile::default()
    };
    let env = Fake::default().var("PGUSER", "env").var("PGSSLMODE", "disable");
    let mut said = Input { profiles: vec![profile], ..input("prod") };
    said.flags = flags(&[("user", "me")]);
    let target = ok(&said, &env);
    assert_eq!(
        shown(&target, &["user", "password", "host", "port", "dbname", "sslmode"]),
        "user=me password=pw host=db.prod port=6000 dbname=shop sslmode=require"
    );
    assert_eq!((target.profile.as_deref(), target.read_only), (Some("prod"), true));
    assert_eq!((target.production, target.rehearse), (true, Some(Rehearse::Always)));
    // Another host must not get the profile's password.
    said.flags = flags(&[("host", "elsewhere")]);
    let target = ok(&said, &env);
    assert_eq!(shown(&target, &["password", "host", "port"]), "password=- host=elsewhere port=5432");
    said.profile = Some("none".into());
    let refusal = resolve(&said, &env).expect_err("unknown");
    assert_eq!(refusal.message, "no profile \"none\"; the config has: prod");
    // A profile with a mistake is refused, not taken for the name of a database.
    said = Input { profiles: said.profiles, ..input("prod") };
    said.profiles[0].problem = Some("read_only is true or false".into());
    let refusal = resolve(&said, &env).expect_err("broken");
    assert_eq!(refusal.message, "profile \"prod\" cannot be used: read_only is true or false");
}

#[test]
fn sockets_are_where_the_packages_put_them() {
    let env = Fake::default().file("/tmp/.s.PGSQL.6000", 0o600, "").file("/var/run/postgresql", 0o755, "");
    assert_eq!(ok(&input("port=6000"), &env).hosts[0].to_string(), "/tmp/.s.PGSQL.6000");
    assert_eq!(ok(&input("port=6001"), &env).hosts[0].to_string(), "/var/run/postgresql/.s.PGSQL.6001");
}

/// Every case of a folder of recorded libpq behaviour, when one is named.
#[test]
fn recorded_cases() {
    let Some(folder) = std::env::var_os("PGDECK_CASES") else { return };
    let text = std::fs::read_to_string(Path::new(&folder).join("connection/cases.json")).expect("cases");
    let all: Value = serde_json::from_str(&text).expect("JSON");
    let (mut wrong, mut count) = (vec![], 0);
    for case in all["cases"].as_array().expect("array") {
        count += 1;
        if let Err(why) = one_case(case, &all["defaults"]) {
            wrong.push(format!("{} {}: {why}", case["id"], case["dsn"]));
        }
    }
    assert!(count > 0);
    assert!(wrong.is_empty(), "{} of {count} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// A case's text with the places of its files put in.
fn placed(text: &str) -> String {
    let mut text = text.to_owned();
    for (mark, path) in [
        ("{passfile}", "/case/pass"),
        ("{servicefile}", "/case/svc"),
        ("{sysconfdir}", "/case/sys"),
        ("{home}", "/home/osuser"),
        ("{dir}", "/case/dir"),
    ] {
        text = text.replace(mark, path);
    }
    text
}

fn machine(case: &Value) -> Fake {
    let mut env = Fake::default();
    for (k, v) in case["env"].as_object().into_iter().flatten() {
        env = env.var(k, &placed(v.as_str().unwrap_or("")));
    }
    let add = |env: Fake, path: &str, file: &Value| {
        let mode = u32::from_str_radix(file["mode"].as_str().unwrap_or("0600"), 8).expect("mode");
        env.file(path, mode, file["content"].as_str().unwrap_or(""))
    };
    for (name, file) in case["files"].as_object().into_iter().flatten() {
        let place = placed(&format!("{{{name}}}"));
        if name == "dir" {
            env.files.insert(place.into(), Found::NotPlain);
        } else if file.get("content").is_some() {
            env = add(env, &place, file);
        } else {
            for (name, file) in file.as_object().into_iter().flatten() {
                env = add(env, &format!("{place}/{name}"), file);
            }
        }
    }
    env
}

fn one_case(case: &Value, defaults: &Value) -> Result<(), String> {
    let mut said = Input { connection: case["dsn"].as_str().map(placed), ..Input::default() };
    for (k, v) in case["flags"].as_object().into_iter().flatten() {
        said.flags.push((k.clone(), placed(v.as_str().unwrap_or(""))));
    }
    let expect = &case["expect"];
    let result = resolve(&said, &machine(case));
    let target = match (result, expect["error"].as_str()) {
        (Ok(target), None) => target,
        (Err(refusal), Some(text)) => return same_refusal(&refusal.message, &placed(text)),
        (Ok(_), Some(text)) => return Err(format!("accepted, libpq: {text}")),
        (Err(refusal), None) => return Err(format!("refused: {refusal}")),
    };
    match (target.check_values(), expect["connect_error"].as_str()) {
        (Ok(()), None) => {}
        (Err(refusal), Some(text)) => {
            same_refusal(&refusal.message, text.split(": Name").next().unwrap_or(text))?
        }
        (got, want) => return Err(format!("check {got:?}, libpq: {want:?}")),
    }
    if let Some(warning) = expect["warning"].as_str()
        && target.warnings != [placed(warning)]
    {
        return Err(format!("warnings {:?}", target.warnings));
    }
    let name = |v: &str| v.replace("<OS_USER>", "osuser");
    let mut want: BTreeMap<String, String> = BTreeMap::new();
    for (k, v) in expect["params"].as_object().into_iter().flatten() {
        want.insert(k.clone(), name(&placed(v.as_str().unwrap_or(""))));
    }
    let mut got: BTreeMap<String, String> = BTreeMap::new();
    for (row, value, _) in target.params() {
        let default = defaults[row.name].as_str().map(name);
        if want.contains_key(row.name) || default.as_deref() != Some(value) {
            got.insert(row.name.into(), value.into());
        }
    }
    if want != got {
        return Err(format!("params\n  want {want:?}\n  got  {got:?}"));
    }
    same_hosts(&target, &expect["hosts"])
}

/// The same words, where ours do not hide a secret; a hint may follow.
fn same_refusal(ours: &str, libpq: &str) -> Result<(), String> {
    let hides = ours.contains("the value of") || ours.contains("inside user and password");
    if hides || ours.starts_with(libpq) { Ok(()) } else { Err(format!("says {ours:?}, libpq: {libpq:?}")) }
}

fn same_hosts(target: &Target, want: &Value) -> Result<(), String> {
    let got: Vec<_> = target
        .hosts
        .iter()
        .map(|h| {
            let kind = if h.kind == HostKind::Socket { "unix" } else { h.kind.word() };
            (
                Some(kind.to_owned()),
                h.host.clone(),
                h.hostaddr.clone(),
                Some(h.port.clone()),
                h.password.clone().map(|s| s.0),
            )
        })
        .collect();
    let text = |v: &Value| v.as_str().map(|s| s.replace("<DEFAULT_SOCKET_DIR>", "/tmp"));
    let hosts = want.as_array().into_iter().flatten();
    let want: Vec<_> = hosts
        .map(|h| {
            (
                text(&h["type"]),
                text(&h["host"]),
                text(&h["hostaddr"]),
                text(&h["port"]),
                text(&h["passfile_password"]),
            )
        })
        .collect();
    if got == want { Ok(()) } else { Err(format!("hosts\n  want {want:?}\n  got  {got:?}")) }
}
