//! Staged changes in one transaction: all or nothing, and what is told when the connection breaks.

use crate::{
    cut::{CUT, CUT_FOR_GOOD, PASS, SWALLOW, wire},
    hub::{CONN, Deck, ENDLESS, READ, count, done, failed, read},
    open, rows, run, server, sql,
};
use pgdeck::{
    core::{
        effect::{Checked, Effect, Statement},
        error::{UNKNOWN_OUTCOME, WRONG_ROWS},
        event::{Cut, News, Tx},
        ids::JobId,
    },
    pg::wire::Session,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::time::timeout;

const TABLE: &str = "create table t (id int primary key, name text);
    insert into t select g, 'n' || g from generate_series(1, 5) g";

fn rename(id: u32, name: &str) -> Checked {
    let params = vec![Some(name.to_owned()), Some(id.to_string())];
    let sql = "update t set name = $1 where id = $2 returning id, name".into();
    Checked { statement: Statement { sql, params, ..Statement::default() }, rows: Some(1) }
}

fn must(text: &str, rows: u64) -> Checked {
    Checked { statement: sql(text), rows: Some(rows) }
}

fn send(d: &mut Deck, job: u64, statements: Vec<Checked>) {
    d.hub.perform(Effect::Apply { job: JobId(job), conn: CONN, statements });
}

async fn apply(d: &mut Deck, job: u64, statements: Vec<Checked>) -> Vec<News> {
    send(d, job, statements);
    timeout(Duration::from_secs(60), d.all(job)).await.expect("it ends")
}

/// What another session sees of the table.
async fn names(w: &mut Session) -> String {
    let all = run(w, &sql("select string_agg(name, ',' order by id) from t")).await.unwrap();
    rows(&all)[0][0].clone().unwrap_or_default()
}

const BEFORE: &str = "n1,n2,n3,n4,n5";

async fn deck(db: &server::Database, more: &str) -> (Deck, Session) {
    db.execute(&format!("{TABLE}; {more}"));
    (Deck::up(&db.url()).await, open(&db.url()).await)
}

/// Kills the backend that runs something like this, once it does.
async fn kill(w: &mut Session, like: &str) {
    let text = format!(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'deck' and datname = \
         current_database() and state = 'active' and query like '{like}'"
    );
    while rows(&run(w, &sql(&text)).await.unwrap()).is_empty() {}
}

#[tokio::test]
async fn everything_is_applied_and_told() {
    let db = server::database();
    let (mut d, mut w) = deck(&db, "").await;
    let list = vec![
        rename(1, "Ada"),
        must("select id from t where id > 3 for update", 2),
        must("delete from t where id > 3", 2),
        Checked { statement: sql("insert into t values (1, 'x') on conflict do nothing"), rows: None },
    ];
    let all = apply(&mut d, 1, list).await;
    let ends: Vec<_> = all
        .iter()
        .filter_map(|n| match n {
            News::Done(s) => Some((s.statement, s.tag.as_str(), s.tx, s.last)),
            _ => None,
        })
        .collect();
    assert_eq!(
        ends,
        [
            (0, "UPDATE 1", Tx::Open, false),
            (1, "SELECT 2", Tx::Open, false),
            (2, "DELETE 2", Tx::Open, false),
            (3, "INSERT 0 0", Tx::Open, false),
            (4, "COMMIT", Tx::Idle, true)
        ]
    );
    assert_eq!(count(&all), 3);
    assert_eq!(all.iter().filter(|n| matches!(n, News::Started(_))).count(), 4);
    assert_eq!(names(&mut w).await, "Ada,n2,n3");
    // The rows of RETURNING come whole, however many.
    let many = "insert into t select g, repeat('x', 1000) from generate_series(10, 5009) g returning *";
    let all = apply(&mut d, 2, vec![must(many, 5000)]).await;
    assert_eq!((count(&all), done(&all).last), (5000, true));
    d.hub.shutdown().await;
}

#[tokio::test]
async fn any_failure_rolls_back_everything() {
    let db = server::database();
    let more = "create function nothing() returns trigger language plpgsql as 'begin return null; end';
        create table refused (id int primary key, v int); insert into refused values (1, 1);
        create trigger t before update on refused for each row execute function nothing();
        create table deferred (id int primary key, t int references t deferrable initially deferred);";
    let (mut d, mut w) = deck(&db, more).await;
    // another number of rows: none, and too many
    let all = apply(&mut d, 1, vec![rename(1, "Ada"), rename(9, "gone"), rename(2, "Bob")]).await;
    let (at, e, tx) = failed(&all);
    assert_eq!((at, e.code.as_str(), tx), (1, WRONG_ROWS, Tx::Idle));
    assert!(e.message.contains("statement 2 met no row") && e.message.contains("exactly 1"), "{e}");
    let all = apply(&mut d, 2, vec![must("update t set name = ''", 4)]).await;
    assert!(failed(&all).1.message.contains("met 5 rows, wanted 4"), "{}", failed(&all).1);
    let all = apply(&mut d, 3, vec![must("select 1 from t for update", 6), rename(1, "Ada")]).await;
    assert_eq!((failed(&all).0, failed(&all).1.code.as_str()), (0, WRONG_ROWS));
    // an error in the second of three
    let all =
        apply(&mut d, 4, vec![rename(1, "Ada"), must("insert into t values (1)", 1), rename(2, "Bob")]).await;
    let (at, e, tx) = failed(&all);
    assert_eq!((at, e.code.as_str(), tx), (1, "23505", Tx::Idle));
    assert_eq!(e.constraint.as_deref(), Some("t_pkey"));
    // a constraint that is checked at COMMIT
    let all = apply(&mut d, 5, vec![rename(1, "Ada"), must("insert into deferred values (1, 99)", 1)]).await;
    let (at, e, tx) = failed(&all);
    assert_eq!((at, e.code.as_str(), tx), (2, "23503", Tx::Idle));
    // a trigger that drops the change
    let all = apply(&mut d, 6, vec![rename(1, "Ada"), must("update refused set v = 2", 1)]).await;
    assert_eq!((failed(&all).0, failed(&all).1.code.as_str()), (1, WRONG_ROWS));
    assert_eq!(names(&mut w).await, BEFORE);
    // and the session goes on
    assert_eq!(done(&apply(&mut d, 7, vec![rename(1, "Ada")]).await).tag, "COMMIT");
    d.hub.shutdown().await;
}

#[tokio::test]
async fn rows_that_a_policy_hides_are_not_met() {
    let db = server::database();
    let role = format!("role_{}", db.name);
    db.execute(&format!(
        "{TABLE}; create role {role} login; grant all on t to {role}; alter table t enable row level security;
         create policy p on t using (id < 3)"
    ));
    let mut d = Deck::up(&format!(
        "host={} port={} user={role} dbname={}",
        db.host(),
        server::cluster().port(),
        db.name
    ))
    .await;
    let mut w = open(&db.url()).await;
    let all = apply(&mut d, 1, vec![rename(1, "Ada"), rename(4, "Eva")]).await;
    assert_eq!((failed(&all).0, failed(&all).1.code.as_str()), (1, WRONG_ROWS));
    assert_eq!(names(&mut w).await, BEFORE);
    assert!(done(&apply(&mut d, 2, vec![rename(1, "Ada")]).await).last);
    d.hub.shutdown().await;
    db.execute(&format!("drop owned by {role}; drop role {role}"));
}

#[tokio::test]
async fn waiting_for_a_lock_ends_by_timeout_or_cancel() {
    let db = server::database();
    let (mut d, mut w) = deck(&db, "").await;
    run(&mut w, &sql("begin")).await.unwrap();
    run(&mut w, &sql("update t set name = 'other' where id = 2")).await.unwrap();
    let limit = Checked { statement: sql("set local lock_timeout = '50ms'"), rows: None };
    let all = apply(&mut d, 1, vec![rename(1, "Ada"), limit, rename(2, "Bob")]).await;
    assert_eq!((failed(&all).0, failed(&all).1.code.as_str(), failed(&all).2), (2, "55P03", Tx::Idle));
    send(&mut d, 2, vec![rename(1, "Ada"), rename(2, "Bob")]);
    while !matches!(d.news(2).await, News::Started(1)) {}
    d.hub.perform(Effect::Cancel { job: JobId(2) });
    let all = d.all(2).await;
    assert_eq!((failed(&all).0, failed(&all).1.is_cancel(), failed(&all).2), (1, true, Tx::Idle));
    run(&mut w, &sql("rollback")).await.unwrap();
    assert_eq!(names(&mut w).await, BEFORE);
    // One that is cancelled before it began is not sent at all.
    d.execute(3, READ, &[sql("select pg_sleep(600)")], 1000);
    send(&mut d, 4, vec![rename(1, "Ada")]);
    d.hub.perform(Effect::Cancel { job: JobId(4) });
    assert!(failed(&d.all(4).await).1.is_cancel());
    d.hub.perform(Effect::Cancel { job: JobId(3) });
    assert!(failed(&d.all(3).await).1.is_cancel());
    assert_eq!(names(&mut w).await, BEFORE);
    d.hub.shutdown().await;
}

#[tokio::test]
async fn a_connection_lost_before_commit_wrote_nothing() {
    let db = server::database();
    let (mut d, mut w) = deck(&db, "").await;
    send(&mut d, 1, vec![rename(1, "Ada"), must("select pg_sleep(600)", 1)]);
    while !matches!(d.news(1).await, News::Started(1)) {}
    kill(&mut w, "%sleep%").await;
    let all = d.all(1).await;
    let (at, e, tx) = failed(&all);
    assert_eq!((at, e.code.as_str(), tx), (1, "57P01", Tx::Gone));
    let hint = e.hint.clone().unwrap_or_default();
    assert!(hint.contains("nothing was written") && !hint.contains("may or may not"), "{hint}");
    assert_eq!(names(&mut w).await, BEFORE);
    assert!(done(&apply(&mut d, 2, vec![rename(1, "Ada")]).await).last);
    d.hub.shutdown().await;
}

const SLOW_COMMIT: &str = "create table slow (id int);
    create function doze() returns trigger language plpgsql as 'begin perform pg_sleep(new.id); return null; end';
    create constraint trigger c after insert on slow deferrable initially deferred for each row execute function doze();";

#[tokio::test]
async fn killed_during_commit_and_rolled_back() {
    let db = server::database();
    let (mut d, mut w) = deck(&db, SLOW_COMMIT).await;
    send(&mut d, 1, vec![rename(1, "Ada"), must("insert into slow values (600)", 1)]);
    while !matches!(d.news(1).await, News::Done(s) if s.statement == 1) {}
    kill(&mut w, "COMMIT").await;
    let all = d.all(1).await;
    let (at, e, tx) = failed(&all);
    assert_eq!((at, e.code.as_str(), tx), (2, "57P01", Tx::Idle), "{e:?}");
    assert!(e.hint.as_deref().is_some_and(|h| h.contains("rolled back")), "{e:?}");
    assert_eq!(names(&mut w).await, BEFORE);
    // a cancel at COMMIT is one like any other
    send(&mut d, 2, vec![rename(1, "Ada"), must("insert into slow values (600)", 1)]);
    while !matches!(d.news(2).await, News::Done(s) if s.statement == 1) {}
    while rows(&run(&mut w, &sql("select 1 from pg_stat_activity where query = 'COMMIT' and state = 'active' and datname = current_database()")).await.unwrap()).is_empty() {}
    d.hub.perform(Effect::Cancel { job: JobId(2) });
    let all = d.all(2).await;
    assert_eq!((failed(&all).0, failed(&all).1.is_cancel(), failed(&all).2), (2, true, Tx::Idle));
    assert_eq!(names(&mut w).await, BEFORE);
    d.hub.shutdown().await;
}

async fn wired(db: &server::Database, mode: &Arc<AtomicU8>) -> Deck {
    let port = wire(db, Arc::clone(mode)).await;
    Deck::up(&format!("host=127.0.0.1 port={port} user=postgres dbname={} sslmode=disable", db.name)).await
}

#[tokio::test]
async fn cut_off_during_commit_the_server_is_asked() {
    let db = server::database();
    db.execute(&format!("{TABLE}; {SLOW_COMMIT}"));
    let mode = Arc::new(AtomicU8::new(PASS));
    let mut d = wired(&db, &mode).await;
    let mut w = open(&db.url()).await;
    mode.store(CUT, Ordering::SeqCst);
    // It is still in progress when it is first asked for.
    let all = apply(&mut d, 1, vec![rename(1, "Ada"), must("insert into slow values (1)", 1)]).await;
    assert_eq!((done(&all).statement, done(&all).tag.as_str()), (2, "COMMIT"));
    assert!(done(&all).elapsed >= Duration::from_secs(1), "{:?}", done(&all));
    let Some(News::Notice(note)) = all.iter().rev().nth(1) else { panic!("{all:?}") };
    assert!(note.message.contains("was committed"), "{note}");
    assert_eq!(names(&mut w).await, "Ada,n2,n3,n4,n5");
    // COMMIT never got there: rolled back
    mode.store(SWALLOW, Ordering::SeqCst);
    let all = apply(&mut d, 2, vec![rename(2, "Bob")]).await;
    assert!(failed(&all).1.hint.as_deref().is_some_and(|h| h.contains("rolled back")), "{all:?}");
    assert_eq!((failed(&all).0, failed(&all).2), (1, Tx::Idle));
    assert_eq!(names(&mut w).await, "Ada,n2,n3,n4,n5");
    d.hub.shutdown().await;
}

#[tokio::test]
async fn what_cannot_be_learnt_is_said() {
    let db = server::database();
    db.execute(TABLE);
    let mode = Arc::new(AtomicU8::new(PASS));
    let mut d = wired(&db, &mode).await;
    let mut w = open(&db.url()).await;
    mode.store(CUT_FOR_GOOD, Ordering::SeqCst);
    let began = Instant::now();
    let all = apply(&mut d, 1, vec![rename(1, "Ada")]).await;
    let (at, e, tx) = failed(&all);
    assert_eq!((at, e.code.as_str(), tx), (1, UNKNOWN_OUTCOME, Tx::Gone));
    assert!((8..20).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    let hint = e.hint.clone().unwrap_or_default();
    let question = hint.split("select ").nth(1).and_then(|t| t.split(';').next()).expect("a question");
    let answer = rows(&run(&mut w, &sql(&format!("select {question}"))).await.unwrap());
    assert_eq!(answer[0][0].as_deref(), Some("committed"));
    d.hub.shutdown().await;
    // The user need not wait for it.
    mode.store(PASS, Ordering::SeqCst);
    let mut d = wired(&db, &mode).await;
    mode.store(CUT_FOR_GOOD, Ordering::SeqCst);
    let began = Instant::now();
    send(&mut d, 1, vec![rename(1, "Eva")]);
    while mode.load(Ordering::SeqCst) == CUT_FOR_GOOD {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    d.hub.perform(Effect::Cancel { job: JobId(1) });
    let all = d.all(1).await;
    assert_eq!(failed(&all).1.code, UNKNOWN_OUTCOME);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    d.hub.shutdown().await;
}

#[tokio::test]
async fn read_only_connections_refuse() {
    let db = server::database();
    db.execute(TABLE);
    let mut w = open(&db.url()).await;
    let mut d = Deck::new(&db.url(), Duration::from_secs(600), true);
    d.until_up().await;
    let all = apply(&mut d, 1, vec![rename(1, "Ada")]).await;
    assert!(failed(&all).1.message.contains("read-only") && all.len() == 1, "{all:?}");
    assert_eq!(names(&mut w).await, BEFORE);
    d.hub.shutdown().await;
}

#[tokio::test]
async fn reads_before_and_after_stay_read_only() {
    let db = server::database();
    let (mut d, mut w) = deck(&db, "").await;
    d.execute(1, READ, &[read(ENDLESS)], 1000);
    d.until_resting(1).await;
    send(&mut d, 2, vec![rename(1, "Ada")]);
    d.execute(3, READ, &[read("select name from t where id = 1")], 1000);
    assert_eq!(done(&d.all(1).await).cut, Some(Cut::Replaced));
    assert_eq!(done(&d.all(2).await).tag, "COMMIT");
    let all = d.all(3).await;
    let News::Rows(batch) = &all[2] else { panic!("{all:?}") };
    assert_eq!(batch.cell(0, 0), Some(&b"Ada"[..]));
    for round in [4, 6] {
        d.execute(round, READ, &[sql("update t set name = 'no'")], 1000);
        assert_eq!(failed(&d.all(round).await).1.code, "25006");
        assert!(matches!(
            apply(&mut d, round + 1, vec![rename(9, "x")]).await.last(),
            Some(News::Failed(0, ..))
        ));
    }
    // The user's, the one for reading and the catalog's: applying opens none.
    d.hub.perform(Effect::LoadCatalog { job: JobId(9), conn: CONN });
    d.news(9).await;
    let sessions = "select count(*)::text from pg_stat_activity where application_name = 'deck' and datname = current_database()";
    assert_eq!(rows(&run(&mut w, &sql(sessions)).await.unwrap())[0][0].as_deref(), Some("3"));
    d.hub.shutdown().await;
}
