//! The server or the line to it goes while changes are applied: what the screen says of their fate, and what is kept.

use crate::{
    ask,
    cut::{CUT, CUT_FOR_GOOD, PASS, SWALLOW, wire},
    live::Live,
    server, shop, staged, update,
};
use pgdeck::{data::edits::Change, demo::cluster::Settings};
use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};
use tokio::runtime::Runtime;

fn names(db: &server::Database) -> String {
    ask(db, "select string_agg(name, ',' order by id) from users")
}

fn two() -> [Change; 2] {
    [update("users", "1", "name", "ada", "eva"), update("users", "2", "name", "bob", "ben")]
}

/// The SQL shown, on a line that will be cut at COMMIT.
fn wired(db: &server::Database, changes: &[Change], how: u8) -> (Live, Runtime) {
    let wires = Runtime::new().expect("a runtime");
    let mode = Arc::new(AtomicU8::new(PASS));
    let port = wires.block_on(wire(db, Arc::clone(&mode)));
    let url = format!("host=127.0.0.1 port={port} user=postgres dbname={} sslmode=disable", db.name);
    let mut live = Live::at(&url, changes, 120, 40);
    live.keys("<ctrl-s>").see("otherwise all is rolled back");
    mode.store(how, Ordering::SeqCst);
    live.keys("<ctrl-s>");
    (live, wires)
}

/// Still staged: a second apply writes them.
fn again(live: &mut Live, db: &server::Database) {
    assert_eq!(staged(live), 2);
    live.keys("<ctrl-s>").see("2 changes applied");
    assert_eq!((names(db), staged(live)), ("eva,ben".into(), 0));
}

#[test]
fn the_backend_is_killed_before_commit() {
    let db = shop();
    db.execute(
        "create function doze() returns trigger language plpgsql as 'begin if new.name = ''ben'' then perform pg_sleep(600); end if; return new; end';
         create trigger doze before update on users for each row execute function doze()",
    );
    let mut live = Live::new(&db, &two(), 120, 40);
    live.keys("<ctrl-s>").see("otherwise all is rolled back").keys("<ctrl-s>").see("applying 2 of 2");
    let kill = "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = current_database() and query like 'UPDATE%' and state = 'active' and wait_event = 'PgSleep'";
    live.until(|_| ask(&db, kill) == "1");
    live.see("before COMMIT: nothing was written, everything is still staged");
    assert_eq!(names(&db), "ada,bob");
    db.execute("drop trigger doze on users");
    again(&mut live, &db);
}

#[test]
fn the_server_is_killed_before_commit_and_stays_away() {
    let cluster = server::start(Settings::default());
    server::execute(
        &cluster,
        "postgres",
        "create table users (id int primary key, name text not null); insert into users values (1, 'ada'), (2, 'bob');
         create function doze() returns trigger language plpgsql as 'begin perform pg_sleep(600); return new; end';
         create trigger doze before update on users for each row execute function doze()",
    );
    let mut live = Live::at(&cluster.url("postgres"), &two(), 120, 40);
    live.keys("<ctrl-s>").see("otherwise all is rolled back").keys("<ctrl-s>").see("applying 1 of 2");
    drop(cluster);
    live.see("before COMMIT: nothing was written, everything is still staged");
    assert_eq!(staged(&live), 2);
    // Another try says so, too, and loses nothing.
    live.keys("<ctrl-s>").until(|r| r.screen().contains("nothing was written"));
    assert_eq!(staged(&live), 2);
}

#[test]
fn commit_never_reached_the_server() {
    let db = shop();
    let (mut live, _wires) = wired(&db, &two(), SWALLOW);
    live.see("was rolled back").see("nothing was written, everything is still staged");
    assert_eq!(names(&db), "ada,bob");
    again(&mut live, &db);
}

#[test]
fn commit_was_done_but_its_answer_never_came() {
    let db = shop();
    let (mut live, _wires) = wired(&db, &two(), CUT);
    live.see("the server says that the transaction was committed").see("2 changes applied");
    assert_eq!((names(&db), staged(&live)), ("eva,ben".into(), 0));
    // It can be taken back like any other.
    live.keys("<esc>U").see("take the last apply back").keys("<ctrl-s>").see("otherwise all is rolled back");
    live.keys("<ctrl-s>").see("2 changes applied");
    assert_eq!(names(&db), "ada,bob");
}

#[test]
fn nobody_knows_how_commit_ended() {
    let db = shop();
    let (mut live, _wires) = wired(&db, &two(), CUT_FOR_GOOD);
    live.see("it is not known how transaction").see("It is not known whether the changes were written");
    live.see("pg_xact_status(").see("They are still staged");
    assert_eq!((names(&db), staged(&live)), ("eva,ben".into(), 2));
}
