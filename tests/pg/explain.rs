//! What `sql::explain` writes, sent to a real server: a plan comes, and nothing of the run remains.

use crate::{error, open, rows, run, server, sql};
use pgdeck::{
    core::{effect::Statement, event::Tx},
    pg::wire::Session,
    sql::explain::{Recipe, Wish, recipe},
};
use std::time::Duration;

async fn fresh() -> (server::Database, Session) {
    let database = server::database();
    let mut session = open(&database.url()).await;
    session
        .ask("create table t as select g as id, 'x' || g as name from generate_series(1, 50) g")
        .await
        .unwrap();
    session.ask("create sequence s").await.unwrap();
    (database, session)
}

async fn version(session: &mut Session) -> u32 {
    session.ask("show server_version_num").await.unwrap()[0][0].as_ref().unwrap().parse().unwrap()
}

async fn count(session: &mut Session) -> String {
    session.ask("select count(*) from t").await.unwrap()[0][0].clone().unwrap()
}

/// Sends a recipe as its fields say: the plan, or the error.
async fn send(session: &mut Session, recipe: &Recipe) -> Result<String, String> {
    let mut said = Ok(String::new());
    for sent in recipe.before.iter().chain([&recipe.explain]) {
        let simple = recipe.simple && *sent == recipe.explain;
        let items = run(session, &Statement { simple, ..sql(&sent.sql) }).await.unwrap();
        if let Some(e) = error(&items) {
            said = Err(e.message.clone());
            break;
        }
        said = Ok(rows(&items).concat().into_iter().flatten().collect());
    }
    for sql in &recipe.after {
        let _ = session.ask(sql).await;
    }
    said
}

async fn explain(session: &mut Session, text: &str, wish: &Wish) -> Result<String, String> {
    send(session, &recipe(text, wish).unwrap()).await
}

#[tokio::test]
async fn every_kind_of_statement_gives_a_plan_and_leaves_nothing() {
    let (_db, mut s) = fresh().await;
    let version = version(&mut s).await;
    for text in [
        "select * from t where id = 7;",
        "/* a comment */ values (1), (2)",
        "table t",
        "(select 1) union all (select 2)",
        "with x as (insert into t values (51) returning id) select * from x",
        "insert into t values (51, 'y') -- one more",
        "update t set name = 'y'",
        "delete from t",
        "declare c cursor for select * from t",
        "create table made as select * from t",
        "create materialized view made as select * from t",
        "select * into made from t",
        "select * from t for update",
        "explain (costs off) delete from t",
        "explain analyze verbose delete from t",
    ] {
        for in_transaction in [false, true] {
            if in_transaction {
                s.ask("begin").await.unwrap();
            }
            for analyze in [false, true] {
                for timing in [true, false] {
                    let wish = Wish {
                        analyze,
                        timing,
                        in_transaction,
                        statement_timeout: Some(Duration::from_secs(60)),
                        lock_timeout: Some(Duration::from_secs(60)),
                        idle_timeout: Some(Duration::from_secs(60)),
                        ..Wish::plain(version)
                    };
                    let plan = explain(&mut s, text, &wish).await.unwrap_or_else(|e| panic!("{text}: {e}"));
                    assert!(
                        plan.trim_start().starts_with('[') && plan.contains("\"Node Type\""),
                        "{text}: {plan}"
                    );
                    let ran = analyze || text.contains("analyze");
                    assert_eq!(plan.contains("Execution Time"), ran, "{text}: {plan}");
                    assert_eq!(plan.contains("Actual Total Time"), ran && timing, "{text}: {plan}");
                }
            }
            assert_eq!(s.tx(), if in_transaction { Tx::Open } else { Tx::Idle }, "{text}");
            if in_transaction {
                let limit = s.ask("show statement_timeout").await.unwrap();
                assert_eq!(limit[0][0].as_deref(), Some("0"), "{text}");
                s.ask("commit").await.unwrap();
            }
            assert_eq!(count(&mut s).await, "50", "{text}");
            let made = s.ask("select to_regclass('made')").await.unwrap();
            assert_eq!(made[0][0], None, "{text}");
        }
    }
}

#[tokio::test]
async fn parameters_without_values_have_a_generic_plan() {
    let (_db, mut s) = fresh().await;
    let version = version(&mut s).await;
    // before 16 it takes a PREPARE, which every later version understands too
    for version in [version, 150_000] {
        for in_transaction in [false, true] {
            if in_transaction {
                s.ask("begin").await.unwrap();
            }
            let wish = Wish { in_transaction, ..Wish::plain(version) };
            for (text, read_only) in [
                "select * from t where id = $2 and name = $1;",
                "explain (costs off) delete from t where id = $1",
                "explain (generic_plan) select * from t where id = $1",
            ]
            .into_iter()
            .flat_map(|text| [(text, false), (text, true)])
            {
                if text.contains("generic_plan") && version < 160_000 {
                    continue;
                }
                let wish = Wish { read_only, ..wish.clone() };
                assert!(!read_only || !recipe(text, &wish).unwrap().simple, "{text} cannot be guarded");
                let plan = explain(&mut s, text, &wish)
                    .await
                    .unwrap_or_else(|e| panic!("{version} {in_transaction} {read_only} {text}: {e}"));
                assert!(plan.contains("id = $"), "{text}: {plan}");
            }
            // a failed one leaves the transaction as it was, and no prepared statement
            let e = explain(&mut s, "select nope from t where id = $1", &wish).await.unwrap_err();
            assert!(e.contains("nope"), "{e}");
            assert_eq!(s.tx(), if in_transaction { Tx::Open } else { Tx::Idle });
            let left = s.ask("select name from pg_prepared_statements").await.unwrap();
            assert!(left.is_empty(), "{left:?}");
            let mode = s.ask("show plan_cache_mode").await.unwrap();
            assert_eq!(mode[0][0].as_deref(), Some("auto"));
            if in_transaction {
                s.ask("commit").await.unwrap();
            }
        }
    }
    assert_eq!(count(&mut s).await, "50");
}

#[tokio::test]
async fn reads_are_held_read_only_and_limits_hold() {
    let (_db, mut s) = fresh().await;
    let version = version(&mut s).await;
    for in_transaction in [false, true] {
        if in_transaction {
            s.ask("begin").await.unwrap();
        }
        let wish = Wish { analyze: true, in_transaction, ..Wish::plain(version) };
        let e =
            explain(&mut s, "delete from t", &Wish { read_only: true, ..wish.clone() }).await.unwrap_err();
        assert!(e.contains("read-only transaction"), "{e}");
        // what is not known to be harmless may write, and is rolled back
        explain(&mut s, "select nextval('s')", &wish).await.unwrap();
        let soon = Wish { statement_timeout: Some(Duration::from_millis(50)), ..wish.clone() };
        let e = explain(&mut s, "select pg_sleep(60)", &soon).await.unwrap_err();
        assert!(e.contains("statement timeout"), "{e}");
        assert_eq!(s.tx(), if in_transaction { Tx::Open } else { Tx::Idle });
        if in_transaction {
            s.ask("insert into t values (51)").await.unwrap();
            s.ask("rollback").await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_shorter_limit_of_the_users_own_stays() {
    let (_db, mut s) = fresh().await;
    let version = version(&mut s).await;
    let names = ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"];
    let minute = Some(Duration::from_secs(60));
    let show = "select concat_ws(' ', current_setting('statement_timeout'), current_setting('lock_timeout'), \
                current_setting('idle_in_transaction_session_timeout')) as limits";
    for (set, within) in [("0", "1min"), ("50s", "50s"), ("2h", "1min"), ("60000", "1min")] {
        for in_transaction in [false, true] {
            for name in names {
                s.ask(&format!("set {name} = '{set}'")).await.unwrap();
            }
            let before = s.ask(show).await.unwrap();
            if in_transaction {
                s.ask("begin").await.unwrap();
            }
            let wish = Wish {
                analyze: true,
                in_transaction,
                statement_timeout: minute,
                lock_timeout: minute,
                idle_timeout: minute,
                ..Wish::plain(version)
            };
            // What holds while the statement runs is what holds in front of it.
            let made = recipe("select 1", &wish).unwrap();
            for sent in &made.before {
                s.ask(&sent.sql).await.unwrap();
            }
            let inside = s.ask(show).await.unwrap();
            assert_eq!(inside[0][0].as_deref(), Some([within; 3].join(" ").as_str()), "{set}");
            for sql in &made.after {
                s.ask(sql).await.unwrap();
            }
            assert_eq!(s.ask(show).await.unwrap(), before, "{set}");
            if in_transaction {
                s.ask("rollback").await.unwrap();
            }
        }
    }
    s.ask("set statement_timeout = '50ms'").await.unwrap();
    let wish = Wish { analyze: true, statement_timeout: minute, ..Wish::plain(version) };
    let e = explain(&mut s, "select pg_sleep(60)", &wish).await.unwrap_err();
    assert!(e.contains("statement timeout"), "{e}");
}

#[tokio::test]
async fn a_statement_is_explained_with_the_search_path_it_has_at_home() {
    let (_db, mut s) = fresh().await;
    let version = version(&mut s).await;
    s.ask("create schema \"it's\"").await.unwrap();
    s.ask("create table \"it's\".only_there (id int)").await.unwrap();
    for (read_only, in_transaction) in [(false, false), (true, false), (false, true), (true, true)] {
        if in_transaction {
            s.ask("begin").await.unwrap();
        }
        let here = Wish { read_only, in_transaction, ..Wish::plain(version) };
        let there = Wish { search_path: Some("\"it's\", public".into()), ..here.clone() };
        for text in ["select * from only_there", "select * from only_there where id = $1"] {
            let e = explain(&mut s, text, &here).await.unwrap_err();
            assert!(e.contains("only_there"), "{e}");
            let plan = explain(&mut s, text, &there).await.unwrap_or_else(|e| panic!("{text}: {e}"));
            assert!(plan.contains("\"it's\""), "{plan}");
        }
        let path = s.ask("show search_path").await.unwrap();
        assert_eq!(path[0][0].as_deref(), Some("\"$user\", public"));
        if in_transaction {
            s.ask("rollback").await.unwrap();
        }
        assert_eq!(s.tx(), Tx::Idle);
    }
}
