//! A change of rows typed in SQL is rehearsed on a real server: shown, then kept or undone.

use crate::{live::Live, server};

const TABLE: &str = "create table t (id int primary key, name text);
    insert into t select n, 'name ' || n from generate_series(1, 30) n";

fn live(db: &server::Database) -> Live {
    db.execute(TABLE);
    let mut live = Live::new(db, &[], 120, 40);
    live.keys("<alt-2>");
    live
}

fn left(db: &server::Database) -> String {
    let sql = "select count(*) || ' ' || count(*) filter (where name = 'x') from t";
    server::ask(server::cluster(), &db.name, sql)
}

#[test]
fn an_update_shows_its_rows_and_is_kept_or_undone() {
    let db = server::database();
    let mut live = live(&db);
    live.keys("update t set name = 'x'<f5>")
        .see("UPDATE t: 30 rows. Nothing is committed yet. It has no WHERE.");
    live.see("holds its locks");
    live.see("Rows as they become");
    assert!(live.robot.screen().contains("x"), "{}", live.robot.screen());
    assert_eq!(left(&db), "30 0");
    live.keys("r").until(|r| !r.screen().contains("in transaction")).see("Rows as they become, rolled back");
    assert_eq!(left(&db), "30 0");
    live.keys("<f5>").see("Nothing is committed yet").keys("c");
    live.until(|r| !r.screen().contains("in transaction"));
    assert_eq!(left(&db), "30 30");
}

#[test]
fn a_delete_shows_the_rows_as_others_still_see_them() {
    let db = server::database();
    let mut live = live(&db);
    live.keys("delete from public.t<f5>").see("DELETE public.t: 30 rows").see("Rows that go");
    assert!(live.robot.screen().contains("name 7"), "{}", live.robot.screen());
    // looking leaves it open, and Ctrl+T asks again
    live.keys("s").see("Ctrl+T asks again").keys("<ctrl-t>").see("Rehearsed: commit?").keys("<esc>");
    live.until(|r| !r.screen().contains("in transaction"));
    assert_eq!(left(&db), "30 0");
}

#[test]
fn what_is_not_to_be_rehearsed_is_not() {
    let db = server::database();
    let mut live = live(&db);
    live.keys("update t set name = 'x' where id = 1<f5>").see("UPDATE 1");
    assert_eq!(left(&db), "30 1");
    assert!(!live.robot.screen().contains("Rehearsed"));
}

#[test]
fn a_run_goes_on_behind_a_rehearsal_and_stops_when_it_is_undone() {
    let db = server::database();
    let mut live = live(&db);
    let text = "insert into t values (31, 'a'); update t set name = 'x'; insert into t values (32, 'b');";
    live.keys(text).keys("<f6>").see("UPDATE t: 31 rows").keys("r");
    live.see("Rolled back: 1 statement after it not run");
    assert_eq!(left(&db), "31 0");
}

#[test]
fn a_rehearsal_that_fails_leaves_no_transaction() {
    let db = server::database();
    let mut live = live(&db);
    live.keys("update t set id = 1<f5>").see("its transaction is rolled back");
    live.until(|r| !r.screen().contains("in transaction") && !r.screen().contains("transaction FAILED"));
    assert_eq!(left(&db), "30 0");
}

#[test]
fn a_merge_is_rehearsed_and_a_run_in_a_transaction_is_not() {
    let db = server::database();
    let mut live = live(&db);
    live.keys("begin; delete from t; rollback;").keys("<f6>");
    live.see("ROLLBACK ·");
    assert!(!live.robot.screen().contains("Rehearsed"), "{}", live.robot.screen());
    assert_eq!(left(&db), "30 0");
}
