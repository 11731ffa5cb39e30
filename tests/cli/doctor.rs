//! `pgdeck doctor` on real servers: what it says is missing is missing, and the statement it names brings it.

use crate::{
    Ran, pgdeck,
    server::{self, Database},
};
use pgdeck::demo::cluster::Settings;
use serde_json::Value;
use std::{io::Read, net::TcpListener, process::Command};

fn look(connection: &str, env: &[(&str, &str)]) -> (i32, Value) {
    let mut command = pgdeck(&["doctor", connection, "--format", "json", "-w"]);
    command.envs(env.iter().copied());
    let ran: Ran = command.output().expect("the binary runs").into();
    let value = serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {}{}", ran.out, ran.err));
    (ran.code, value)
}

fn at(db: &Database, user: &str) -> String {
    format!("host={} port={} user={user} dbname={}", db.host(), server::cluster().port(), db.name)
}

fn pane<'a>(report: &'a Value, name: &str) -> &'a Value {
    let panes = report["panes"].as_array().expect("panes");
    panes.iter().find(|p| p["what"] == name).unwrap_or_else(|| panic!("no {name} in {report:#}"))
}

fn statements(finding: &Value) -> Vec<String> {
    let lacks = finding["lacks"].as_array().expect("lacks");
    lacks.iter().filter_map(|l| l["statement"].as_str().map(str::to_owned)).collect()
}

#[test]
fn what_a_superuser_finds() {
    let db = server::database_with_posts();
    let (code, report) = look(&at(&db, "postgres"), &[]);
    assert_eq!(code, 0);
    let version = server::ask(server::cluster(), &db.name, "show server_version_num");
    assert_eq!(report["facts"]["version_num"].to_string(), version);
    assert_eq!(report["facts"]["encoding"], "UTF8");
    assert_eq!(report["facts"]["database"], *db.name);
    assert_eq!(report["facts"]["standby"], false);
    assert_eq!(report["facts"]["pooler"], Value::Null);
    assert_eq!(report["facts"]["rights"]["superuser"], true);
    assert_eq!(report["not_answered"], Value::Null, "{report:#}");
    assert_eq!(report["panes"].as_array().map(Vec::len), Some(9));
    assert_eq!(pane(&report, "Locks")["lacks"], serde_json::json!([]));
    let count = "select count(*) from pg_class c where relkind in ('r', 'p', 'v', 'm', 'f') and not relispartition \
        and relnamespace::regnamespace::text !~ '^(pg_|information_schema)'";
    let count = server::ask(server::cluster(), &db.name, count);
    let says = pane(&report, "Browse")["says"].as_str().expect("words").to_owned();
    assert!(says.starts_with(&format!("{count} of {count} ")), "{says}");
    // For people the same is a page.
    let ran: Ran = pgdeck(&["doctor", &at(&db, "postgres")]).output().expect("runs").into();
    assert_eq!((ran.code, &*ran.err), (0, ""));
    for heading in ["Connection", "Server", "Role", "Extensions", "Settings", "Panes"] {
        assert!(ran.out.contains(&format!("\n{heading}\n")), "{}", ran.out);
    }
    assert!(ran.out.contains("superuser"), "{}", ran.out);
}

#[test]
fn the_statements_it_names_bring_what_is_missing() {
    let db = server::database();
    db.execute(
        "create role \"Doc's\" login; create schema \"Own\"; create table \"Own\".t (a int); \
         create table u (a int); create materialized view v as select 1",
    );
    let who = at(&db, "'Doc\\'s'");
    let (_, before) = look(&who, &[]);
    assert_eq!(before["facts"]["user"], "Doc's");
    // Hidden, and said so: this role may not know which libraries are loaded.
    assert_eq!(before["facts"]["settings"]["shared_preload_libraries"], Value::Null);
    let names = ["Browse", "Activity", "Locks", "Health"];
    let mut all: Vec<String> = names.iter().flat_map(|n| statements(pane(&before, n))).collect();
    all.sort();
    all.dedup();
    assert!(all.len() >= 3 && all.iter().all(|s| s.contains("\"Doc's\"")), "{all:?}");
    for statement in &all {
        db.execute(statement);
    }
    let (code, after) = look(&who, &[]);
    assert_eq!(code, 0);
    for name in names {
        assert_eq!(statements(pane(&after, name)), Vec::<String>::new(), "{after:#}");
    }
    db.execute("drop owned by \"Doc's\"; drop role \"Doc's\"");
}

#[test]
fn the_step_that_failed_is_named_with_what_to_do() {
    let db = server::database();
    let step = |connection: &str| {
        let (code, report) = look(connection, &[]);
        assert_eq!((code, &report["connected"]), (3, &Value::Bool(false)), "{report:#}");
        let tries = report["tries"].as_array().expect("tries").clone();
        let last = tries.last().unwrap_or_else(|| panic!("no try: {report:#}")).clone();
        let advice = last["advice"].as_str().unwrap_or_else(|| panic!("no advice: {report:#}")).to_owned();
        (last["step"].as_str().expect("a step").to_owned(), last["code"].clone(), advice)
    };
    let (name, _, advice) = step("host=no.such.host.invalid user=u");
    assert!(name == "name lookup" && advice.contains("no.such.host.invalid"), "{name}: {advice}");
    // A port on which nothing listens, for sure.
    let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound").port();
    let (name, _, advice) = step(&format!("host=127.0.0.1 port={free} user=u"));
    assert!(name == "connection" && advice.contains(&free.to_string()), "{name}: {advice}");
    let (name, _, advice) = step("host=/nonexistent user=u");
    assert!(name == "connection" && advice.contains("socket"), "{name}: {advice}");
    let missing = at(&db, "postgres").replace(&db.name, "no_such_database");
    let (name, code, advice) = step(&missing);
    assert_eq!((&*name, &code), ("database", &Value::from("3D000")));
    assert!(advice.contains("\\l"), "{advice}");
    let (name, code, advice) = step(&at(&db, "nobody_here"));
    assert_eq!((&*name, &code), ("authentication", &Value::from("28000")));
    assert!(advice.contains("CREATE ROLE"), "{advice}");
    db.execute(&format!("create role barred login; revoke connect on database {} from public", db.name));
    let (name, _, advice) = step(&at(&db, "barred"));
    assert_eq!(
        (&*name, &*advice),
        ("database", &*format!("GRANT CONNECT ON DATABASE {} TO barred;", db.name))
    );
    db.execute(&advice);
    assert_eq!(look(&at(&db, "barred"), &[]).0, 0);
    db.execute("drop owned by barred; drop role barred");
}

#[test]
fn a_server_that_says_nothing_is_told_from_one_that_is_none() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let silent = std::thread::spawn(move || {
        let mut held = vec![];
        // Reads what comes and never answers, until the client gives up.
        if let Ok((mut socket, _)) = listener.accept() {
            let mut bytes = [0; 1024];
            while socket.read(&mut bytes).is_ok_and(|n| n > 0) {}
            held.push(socket);
        }
    });
    let (code, report) =
        look(&format!("host=127.0.0.1 port={port} user=u sslmode=require connect_timeout=2"), &[]);
    assert_eq!((code, report["tries"][0]["step"].as_str()), (3, Some("TLS")), "{report:#}");
    assert!(report["tries"][0]["advice"].as_str().is_some_and(|a| a.contains("own port")), "{report:#}");
    silent.join().expect("ends");
}

/// A server with a password and, where openssl is at hand, a certificate of its own.
#[test]
fn login_and_tls_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let certificate = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost", "-keyout", "server.key", "-out", "server.crt"])
        .current_dir(folder.path())
        .output()
        .is_ok_and(|o| o.status.success());
    let read = |name: &str| std::fs::read(folder.path().join(name)).expect("a file");
    let hba = b"local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n".to_vec();
    let mut settings =
        Settings { tcp: true, files: vec![("pg_hba.conf".into(), hba)], ..Settings::default() };
    if certificate {
        settings.options = ["ssl=on", "ssl_cert_file=server.crt", "ssl_key_file=server.key"]
            .iter()
            .filter_map(|o| o.split_once('='))
            .map(|(n, v)| (n.to_owned(), v.to_owned()))
            .collect();
        settings.files.extend(["server.crt", "server.key"].map(|n| (n.to_owned(), read(n))));
    }
    let cluster = match server::try_start(settings.clone()) {
        Ok(cluster) => cluster,
        // This build of the server has no TLS.
        Err(_) => {
            settings.options.clear();
            server::start(settings)
        }
    };
    server::execute(&cluster, "postgres", "create role scrammed login password 'well-kept'");
    let place =
        format!("host=localhost hostaddr=127.0.0.1 port={} dbname=postgres user=scrammed", cluster.port());
    let (code, report) = look(&place, &[("PGPASSWORD", "wrong")]);
    let failed = &report["tries"][0];
    assert_eq!(
        (code, failed["step"].as_str(), failed["code"].as_str()),
        (3, Some("authentication"), Some("28P01"))
    );
    assert!(failed["advice"].as_str().is_some_and(|a| a.contains("PGPASSWORD")), "{report:#}");
    let (code, report) = look(&place, &[]);
    assert!(
        code == 3 && report["tries"][0]["advice"].as_str().is_some_and(|a| a.contains(".pgpass")),
        "{report:#}"
    );
    let (code, report) = look(&place, &[("PGPASSWORD", "well-kept")]);
    assert_eq!(code, 0, "{report:#}");
    assert!(!report.to_string().contains("well-kept"));
    let method = report["facts"]["authentication"].as_str().expect("a method").to_owned();
    if report["facts"]["tls"].is_null() {
        assert_eq!(method, "scram-sha-256");
        let (_, report) = look(&format!("{place} sslmode=require"), &[("PGPASSWORD", "well-kept")]);
        assert_eq!(report["tries"][0]["step"], "TLS", "{report:#}");
        return;
    }
    assert_eq!(method, "scram-sha-256-plus");
    let tls = &report["facts"]["tls"];
    assert!(tls["version"].as_str().is_some_and(|v| v.starts_with("TLSv1.")), "{report:#}");
    assert!(tls["cipher"].as_str().is_some_and(|c| c.starts_with("TLS")), "{report:#}");
    assert_eq!(tls["checked"], "not checked");
    let root = folder.path().join("server.crt").display().to_string();
    let (_, report) =
        look(&format!("{place} sslmode=verify-full sslrootcert={root}"), &[("PGPASSWORD", "well-kept")]);
    assert_eq!(report["facts"]["tls"]["checked"], "signed by a trusted authority, for this host's name");
    let elsewhere = place.replace("host=localhost", "host=elsewhere.example");
    let (_, report) =
        look(&format!("{elsewhere} sslmode=verify-full sslrootcert={root}"), &[("PGPASSWORD", "well-kept")]);
    let failed = &report["tries"][0];
    assert_eq!(failed["step"], "TLS", "{report:#}");
    assert!(failed["advice"].as_str().is_some_and(|a| a.contains("verify-ca")), "{report:#}");
}
