//! Servers that are not there, say no, or go away: the screen says what happened, what was lost and what to do; what was
//! typed and staged stays; what comes back by itself is used again.

use crate::{
    SHOP, ask,
    lab::Lab,
    live::Live,
    operations::{self, Writes, change, run},
    proxy::{Fault, How, Place, Proxy},
    robot::Robot,
    server,
};
use pgdeck::demo::cluster::{Cluster, Settings};
use std::{net::TcpListener, sync::OnceLock};
use tokio::runtime::Runtime;

/// A server on TCP that asks some for passwords.
fn guarded() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| {
        let hba = "local all all trust\n\
                   host all late 127.0.0.1/32 scram-sha-256\n\
                   host all known 127.0.0.1/32 scram-sha-256\n\
                   host all postgres 127.0.0.1/32 trust\n";
        let cluster = server::start(Settings {
            tcp: true,
            files: vec![("pg_hba.conf".into(), hba.into())],
            ..Settings::default()
        });
        server::execute(
            &cluster,
            "postgres",
            "create role late login password 'pw' valid until '2020-01-01'; create role known login password 'pw';
             create role nobody login",
        );
        server::execute(&cluster, "postgres", "create database warehouse");
        server::execute(&cluster, "postgres", SHOP);
        cluster
    })
}

fn at(more: &str) -> String {
    format!("host=127.0.0.1 port={} dbname=postgres sslmode=disable {more}", guarded().port())
}

/// Starts on this and waits until the screen says all of these, words being wrapped or not.
fn says(url: &str, parts: &[&str]) -> Live {
    let mut live = Live::begin(url, &[], 120, 40);
    for part in parts {
        let part = part.to_string();
        live.until(|r| flat(&r.screen()).contains(&part));
    }
    live
}

/// The screen in one line.
fn flat(screen: &str) -> String {
    screen
        .split(|c: char| c.is_whitespace() || c == '│')
        .filter(|w| !w.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn what_keeps_one_out_says_what_to_do() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    says(
        &format!("host=127.0.0.1 port={closed} user=u sslmode=disable"),
        &["Not connected", "Connection refused", "nothing listens on port", "Trying again in"],
    );
    says(&at("user=known"), &["Password", "known"]);
    says(&at("user=known password=wrong"), &["password authentication failed", "VALID UNTIL"]);
    says(&at("user=late password=pw"), &["password authentication failed", "VALID UNTIL"]);
    says(
        &at("user=nobody"),
        &["no pg_hba.conf entry", "must add one, or try another sslmode", "F5 tries again"],
    );
    says(&at("user=postgres dbname=warehose"), &["does not exist", "There is \"warehouse\""]);
    says(&at("user=postgres").replace("disable", "require"), &["does not support SSL", "sslmode=prefer"]);
    says("host=/nonexistent user=u", &["No such file or directory", "-h localhost"]);
    says("host=no.such.host.invalid user=u", &["could not translate host name"]);
}

#[test]
fn what_is_not_postgresql_is_told_as_what_it_is() {
    for (greeting, part) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "a web server"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "an SSH server"),
        (b"J\0\0\0\x0a8.0.36\0\x08\0\0\0", "a MySQL or MariaDB server"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            use std::io::{Read, Write};
            while let Ok((mut socket, _)) = listener.accept() {
                let _ = socket.write_all(greeting);
                let _ = socket.read(&mut [0; 64]);
            }
        });
        for mode in ["disable", "prefer", "require"] {
            let url = format!("host=127.0.0.1 port={port} user=u sslmode={mode}");
            says(&url, &[part, "check host and port"]);
        }
    }
}

#[test]
fn a_certificate_that_is_out_of_date_says_so() {
    let Some(lab) = Lab::make() else { return };
    let hba = "local all all trust\nhostssl all all 127.0.0.1/32 trust\n";
    let Some(cluster) = lab.server("expired", hba, &[]) else { return };
    let url = format!(
        "host=localhost hostaddr=127.0.0.1 port={} user=postgres dbname=postgres sslmode=verify-full sslrootcert={}",
        cluster.port(),
        lab.file("ca.crt")
    );
    let live =
        says(&url, &["has expired: it was good until 2020-01-02", "has to renew it", "F5 tries again"]);
    drop(live);
    // doctor says it too, and each thing once.
    let told = std::process::Command::new(env!("CARGO_BIN_EXE_pgdeck")).args(["doctor", &url, "-w"]).output();
    let told = told.expect("pgdeck runs");
    let text = String::from_utf8_lossy(&told.stdout);
    assert_eq!((told.status.code(), text.matches("renew").count()), (Some(3), 1), "{text}");
    assert!(text.contains("failed at TLS") && text.contains("until 2020-01-02"), "{text}");
    // And inside TLS with a good one everything works.
    let Some(cluster) = lab.server("server", hba, &[]) else { return };
    server::execute(&cluster, "postgres", SHOP);
    let url = format!(
        "host=localhost hostaddr=127.0.0.1 port={} user=postgres dbname=postgres sslmode=verify-full sslrootcert={}",
        cluster.port(),
        lab.file("ca.crt")
    );
    operations::all(&url, &cluster, Writes::Yes).see("TLS");
}

#[test]
fn a_place_that_comes_free_is_taken() {
    let options = vec![("max_connections".to_owned(), "8".to_owned())];
    let cluster = server::start(Settings { options, ..Settings::default() });
    server::execute(&cluster, "postgres", "create role guest login");
    let runtime = Runtime::new().unwrap();
    let mut held = vec![];
    let mut config = tokio_postgres::Config::new();
    config.host_path(cluster.folder()).port(cluster.port()).user("guest").dbname("postgres");
    while let Ok((client, connection)) = runtime.block_on(config.connect(tokio_postgres::NoTls)) {
        runtime.spawn(connection);
        held.push(client);
    }
    let url = cluster.url("postgres").replace("user=postgres", "user=guest");
    let mut live = says(&url, &["Not connected", "max_connections", "Trying again in"]);
    drop(held);
    live.until(|r| r.app.world().catalog().is_some_and(|c| c.complete));
    assert!(!live.robot.screen().contains("Not connected"), "{}", live.robot.screen());
}

#[test]
fn the_watching_session_is_lost_while_all_places_are_taken() {
    let options = vec![("max_connections".to_owned(), "14".to_owned())];
    let cluster = server::start(Settings { options, ..Settings::default() });
    server::execute(
        &cluster,
        "postgres",
        "create role guest login in role pg_monitor; create role crowd login",
    );
    let url = cluster.url("postgres").replace("user=postgres", "user=guest");
    let mut live = Live::at(&url, &[], 120, 40);
    live.keys("<alt-6>").until(|r| pulses(r) > 2);
    run(&mut live, "select 'typed' as word");
    live.settle().keys("<alt-6>");
    let runtime = Runtime::new().unwrap();
    let mut config = tokio_postgres::Config::new();
    config.host_path(cluster.folder()).port(cluster.port()).user("crowd").dbname("postgres");
    let enter = || {
        let (client, connection) = runtime.block_on(config.connect(tokio_postgres::NoTls)).ok()?;
        runtime.spawn(connection);
        Some(client)
    };
    let mut crowd: Vec<_> = std::iter::from_fn(enter).collect();
    let busy = crowd.pop().expect("there was a place");
    runtime.spawn(async move { busy.batch_execute("select pg_sleep(600)").await });
    let seen = pulses(&mut live.robot);
    live.until(|r| pulses(r) > seen + 1);
    // Its place is taken before it is back: until then its role may not come in.
    server::execute(&cluster, "postgres", "alter role guest connection limit 0");
    let watching = "query like '%as now%' and usename = 'guest' and application_name = 'live'";
    let end = format!("select count(pg_terminate_backend(pid)) from pg_stat_activity where {watching}");
    live.until(|_| ask(&cluster, &end) == "1");
    live.until(|_| enter().map(|client| crowd.push(client)).is_some());
    server::execute(&cluster, "postgres", "alter role guest connection limit -1");
    live.until(|r| {
        let screen = flat(&r.screen());
        screen.contains("No session to watch with: terminating connection due to administrator command")
            && screen.contains("Tried again: remaining connection slots are reserved")
            && screen.contains("→ All places are taken")
            && screen.contains("no answer for")
            && screen.contains("Trying again in")
    });
    // What was sampled is there, and can be stepped through; the other sessions work.
    let kept = pulses(&mut live.robot);
    live.keys(",").see("paused at");
    live.keys("p").until(|r| !r.screen().contains("paused at"));
    run(&mut live, "select 'other ' || 'session' as x");
    live.see("other session");
    // Nobody is there to send a signal; how else it can be sent is said.
    live.keys("<alt-5>").see("PgSleep").keys("C").see("Cancel the statement");
    live.keys("c")
        .until(|r| flat(&r.screen()).contains("nothing was sent. SQL has a session of its own: SELECT pg_"));
    live.keys("<alt-6>");
    assert_eq!(pulses(&mut live.robot), kept);
    // A place comes free: it is back by itself, with all it had.
    crowd.pop();
    live.until(|r| !r.screen().contains("no answer for") && pulses(r) > kept);
    assert!(!live.robot.screen().contains("to watch with"), "{}", live.robot.screen());
}

/// How many samples of sessions are kept.
fn pulses(robot: &mut Robot) -> usize {
    robot.app.world().server().map_or(0, |server| server.live.pulses.len())
}

/// The program through a proxy, with a change staged and something typed.
fn proxied(cluster: &Cluster) -> (Live, Proxy, Runtime) {
    let runtime = Runtime::new().unwrap();
    let socket = format!("{}/.s.PGSQL.{}", cluster.folder().display(), cluster.port());
    let proxy = runtime.block_on(Proxy::start(socket));
    let url = format!("host=127.0.0.1 port={} user=postgres dbname=postgres sslmode=disable", proxy.port);
    let mut live = Live::at(&url, &[change("2", "user 2", "mine")], 120, 40);
    live.keys("<esc>").settle();
    (live, proxy, runtime)
}

fn kept(live: &mut Live) {
    assert_eq!(live.robot.app.world().staged().map_or(0, |s| s.len()), 1, "the staged change is kept");
    live.keys("<alt-2>").until(|r| flat(&r.screen()).contains("typed"));
}

#[test]
fn a_session_that_is_ended_by_the_server_comes_back_by_itself() {
    let cluster = guarded();
    let (mut live, _proxy, _runtime) = proxied(cluster);
    run(&mut live, "begin");
    live.settle();
    run(&mut live, "select 'typed' as word");
    live.settle();
    let end = "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'live' and state = 'idle in transaction' and query like 'select ''typed''%'";
    live.until(|_| ask(cluster, end) == "1");
    live.until(|r| {
        let screen = flat(&r.screen());
        screen.contains("Connection lost")
            && screen.contains("the open transaction")
            && screen.contains("Nothing is sent again")
    });
    live.see("Connected again");
    kept(&mut live);
    run(&mut live, "select 'back ' || 'again' as x");
    live.see("back again").settle();
}

#[test]
fn a_session_idle_in_its_transaction_is_ended_with_a_reason() {
    let (mut live, _proxy, _runtime) = proxied(guarded());
    run(&mut live, "set idle_in_transaction_session_timeout = 50");
    live.settle();
    run(&mut live, "begin");
    live.until(|r| {
        flat(&r.screen()).contains("idle_in_transaction_session_timeout. The transaction was rolled back")
    });
    live.see("Connected again");
}

#[test]
fn a_statement_that_takes_too_long_says_which_setting_ended_it() {
    let (mut live, _proxy, _runtime) = proxied(guarded());
    run(&mut live, "set statement_timeout = 50");
    live.settle();
    run(&mut live, "select pg_sleep(600)");
    live.until(|r| flat(&r.screen()).contains("SET statement_timeout = 0 lifts it"));
    run(&mut live, "select pg_cancel_backend(pg_backend_pid()), pg_sleep(600)");
    live.until(|r| flat(&r.screen()).contains("cancelled by pg_cancel_backend"));
}

#[test]
fn a_line_that_is_cut_in_the_middle_of_an_answer() {
    let (mut live, proxy, _runtime) = proxied(guarded());
    run(&mut live, "select 'typed' as word");
    live.settle();
    proxy.refuse(true);
    proxy.fault(Some(Fault { place: Place::Down(60_000), how: How::Cut }));
    run(&mut live, "update posts set title = repeat('y', 4000) returning title");
    live.until(|r| flat(&r.screen()).contains("may or may not have completed"));
    live.until(|r| flat(&r.screen()).contains("Connection lost"));
    live.until(|r| flat(&r.screen()).contains("Trying again in"));
    proxy.refuse(false);
    live.see("Connected again");
    kept(&mut live);
}

#[test]
fn a_line_that_falls_silent_is_given_up_after_a_cancel() {
    let (mut live, proxy, _runtime) = proxied(guarded());
    proxy.silence(true);
    run(&mut live, "select 'typed' as word");
    live.until(|r| r.screen().contains("Ctrl+C cancels"));
    live.keys("<ctrl-c>");
    live.until(|r| flat(&r.screen()).contains("did not take the cancel request within 5 s"));
    live.until(|r| flat(&r.screen()).contains("Connection lost"));
    proxy.silence(false);
    live.see("Connected again");
    kept(&mut live);
}
