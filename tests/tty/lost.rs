//! Servers that are not there, say no or go away, through the real binary.

use crate::{F5, Home, server, tty::Tty};
use pgdeck::demo::cluster::Settings;

/// Leaves the question where else to connect, if there is somewhere else, and the program.
fn leave(t: &mut Tty) {
    t.until("where else to go", |s| s.contains("Connect to") || s.contains("No profile, service or server"));
    // Escape and a letter in one go would be another key.
    if t.screen().contains("Connect to") {
        t.send("\x1b").gone("Connect to");
    }
    t.send("q");
}

#[test]
fn nobody_listens_a_password_is_wrong_and_a_database_is_missing() {
    let closed =
        std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("one").port();
    let home = Home::new();
    let mut t = home.start(&[&format!("postgres://u@127.0.0.1:{closed}/d")], 120, 40);
    t.see("Not connected").see("Connection refused").see("Trying again in").see("F5 tries now");
    leave(&mut t);
    assert_eq!(t.end(), 0);

    let hba = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n";
    let files = vec![("pg_hba.conf".into(), hba.into())];
    let cluster = server::start(Settings { tcp: true, files, ..Settings::default() });
    server::execute(&cluster, "postgres", "create role ada login password 'right'");
    let at = format!("postgres://ada@127.0.0.1:{}/postgres", cluster.port());
    let mut t = home.start(&[&at], 120, 40);
    t.see("Password").send("hush7hush\r").see("password authentication failed").see("VALID UNTIL");
    t.send("right\r").see("ada @ 127.0.0.1").gone("Password");
    t.send("q");
    assert_eq!(t.end(), 0);
    assert!(!String::from_utf8_lossy(&t.raw()).contains("hush7hush"), "what was typed is not shown");

    let missing = cluster.url("postgras");
    let mut t = home.start(&[&missing], 80, 24);
    t.see("does not exist").see("There is \"postgres\"");
    leave(&mut t);
    assert_eq!(t.end(), 0);
}

#[test]
fn a_killed_backend_loses_its_transaction_and_nothing_that_was_typed() {
    let db = server::database();
    let home = Home::new();
    let mut t = home.start(&[&db.url()], 120, 40);
    t.see("@").send("\x1b2").see("Statement").send("begin").see("begin").send(F5).see("in transaction");
    db.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and state = 'idle in transaction'");
    t.see("Connection lost").see("the open transaction").see("Connected again");
    t.gone("Nothing is sent again").see("begin");
    t.send(F5).see("in transaction").send("\n;\nrollback").see("rollback").send(F5).gone("in transaction");
    t.send("\x1b1").see("1 Browse").send("q");
    assert_eq!(t.end(), 0);
}
