//! Statements on the wire: columns, rows, tags, transactions, COPY, notices, notifications.

use crate::{error, open, rows, run, server, sql, tags, tx};
use pgdeck::{
    core::{effect::Statement, event::Tx},
    pg::wire::{Item, Session},
};

async fn fresh() -> (server::Database, Session) {
    let database = server::database();
    let session = open(&database.url()).await;
    (database, session)
}

#[tokio::test]
async fn parameters_columns_and_tags() {
    let (_db, mut s) = fresh().await;
    let made =
        run(&mut s, &sql("create table t (id int primary key, name varchar(7), tags text[])")).await.unwrap();
    assert_eq!((tags(&made), tx(&made)), (vec!["CREATE TABLE".to_owned()], Tx::Idle));
    let insert = Statement {
        sql: "insert into t values ($1, $2, $3), (2, null, '{}')".into(),
        params: vec![Some("1".into()), Some("é".into()), Some("{a,NULL}".into())],
        ..Statement::default()
    };
    let done = run(&mut s, &insert).await.unwrap();
    assert_eq!(done[0], Item::Complete { tag: "INSERT 0 2".into(), rows: 2 });
    let none = run(&mut s, &sql("select id, name, 1 + 1 as two from t where false")).await.unwrap();
    let Item::Columns(columns) = &none[0] else { panic!("{none:?}") };
    assert_eq!(columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["id", "name", "two"]);
    assert_eq!((columns[0].type_oid, columns[0].attnum), (23, 1));
    assert_eq!((columns[1].type_oid, columns[1].typmod, columns[1].attnum), (1043, 11, 2));
    assert!(columns[0].table_oid > 0 && columns[2].table_oid == 0);
    let got = run(&mut s, &sql("select name, tags, relacl from t, pg_class where relname = 't' order by id"))
        .await
        .unwrap();
    let text = |t: &str| Some(t.to_owned());
    assert_eq!(rows(&got), [[text("é"), text("{a,NULL}"), None], [None, text("{}"), None]]);
}

#[tokio::test]
async fn transaction_state_follows() {
    let (_db, mut s) = fresh().await;
    for (text, state) in [
        ("begin", Tx::Open),
        ("select 1", Tx::Open),
        ("select 1/0", Tx::Failed),
        ("select 1", Tx::Failed),
        ("rollback", Tx::Idle),
        ("", Tx::Idle),
        ("-- only a comment", Tx::Idle),
    ] {
        let items = run(&mut s, &sql(text)).await.unwrap();
        assert_eq!((tx(&items), s.tx()), (state, state), "{text}");
    }
}

#[tokio::test]
async fn errors_carry_their_fields() {
    let (_db, mut s) = fresh().await;
    let items = run(&mut s, &sql("select é from nowhere")).await.unwrap();
    let e = error(&items).unwrap();
    assert_eq!((e.code.as_str(), e.position, e.severity.as_str()), ("42P01", Some(15), "ERROR"));
    run(&mut s, &sql("create table k (a int constraint positive check (a > 0))")).await.unwrap();
    let items = run(&mut s, &sql("insert into k values (-1)")).await.unwrap();
    let e = error(&items).unwrap();
    assert_eq!((e.table.as_deref(), e.constraint.as_deref()), (Some("k"), Some("positive")));
    assert!(e.detail.is_some());
    // many errors later the session still answers the right question
    for n in 0..50 {
        run(&mut s, &sql("select nonsense")).await.unwrap();
        let items = run(&mut s, &sql(&format!("select {n}"))).await.unwrap();
        assert_eq!(rows(&items), [[Some(n.to_string())]]);
    }
}

#[tokio::test]
async fn a_simple_query_has_several_results() {
    let (_db, mut s) = fresh().await;
    let both = Statement {
        sql: "select 1 as a; create table x(); select 2 as b".into(),
        simple: true,
        ..Statement::default()
    };
    let items = run(&mut s, &both).await.unwrap();
    assert_eq!(tags(&items), ["SELECT 1", "CREATE TABLE", "SELECT 1"]);
    assert_eq!(rows(&items), [[Some("1".to_owned())], [Some("2".to_owned())]]);
    // the extended protocol refuses them in the server's words
    let items = run(&mut s, &sql("select 1; select 2")).await.unwrap();
    assert_eq!(error(&items).unwrap().code, "42601");
}

#[tokio::test]
async fn rows_come_in_small_batches_and_large_values_whole() {
    let (_db, mut s) = fresh().await;
    let items =
        run(&mut s, &sql("select g, repeat('x', 100) from generate_series(1, 20000) g")).await.unwrap();
    assert_eq!(rows(&items).len(), 20_000);
    for item in &items {
        if let Item::Rows(b) = item {
            assert!(
                b.len() <= 256 && b.text_len() <= (64 << 10) + 110,
                "{} rows {} bytes",
                b.len(),
                b.text_len()
            );
        }
    }
    let items = run(&mut s, &sql("select repeat('y', 20000000), 'end'")).await.unwrap();
    assert_eq!(rows(&items)[0][0].as_ref().map(String::len), Some(20_000_000));
    // a large parameter goes up as well
    let up = Statement {
        sql: "select length($1)".into(),
        params: vec![Some("z".repeat(8 << 20))],
        ..Statement::default()
    };
    let items = run(&mut s, &up).await.unwrap();
    assert_eq!(rows(&items), [[Some((8 << 20).to_string())]]);
}

#[tokio::test]
async fn tables_without_columns_and_with_many() {
    let (_db, mut s) = fresh().await;
    run(&mut s, &sql("create table nothing ()")).await.unwrap();
    run(&mut s, &sql("insert into nothing default values")).await.unwrap();
    let items = run(&mut s, &sql("select * from nothing")).await.unwrap();
    assert_eq!(rows(&items), [Vec::<Option<String>>::new()]);
    let wide: Vec<String> = (0..1600).map(|n| format!("{n} as c{n}")).collect();
    let items = run(&mut s, &sql(&format!("select {}", wide.join(",")))).await.unwrap();
    assert_eq!(rows(&items)[0].len(), 1600);
}

#[tokio::test]
async fn notices_settings_and_notifications() {
    let (_db, mut s) = fresh().await;
    let items =
        run(&mut s, &sql("do $$ begin raise notice 'hello' using hint = 'wave'; end $$")).await.unwrap();
    let Item::Notice(n) = &items[0] else { panic!("{items:?}") };
    assert_eq!(
        (n.message.as_str(), n.hint.as_deref(), n.severity.as_str()),
        ("hello", Some("wave"), "NOTICE")
    );
    let items = run(&mut s, &sql("set timezone = 'Asia/Tokyo'")).await.unwrap();
    assert!(items.contains(&Item::Setting("TimeZone".into(), "Asia/Tokyo".into())), "{items:?}");
    assert_eq!(s.parameter("TimeZone"), Some("Asia/Tokyo"));
    run(&mut s, &sql("listen news")).await.unwrap();
    let mut other = open(&_db.url()).await;
    run(&mut other, &sql("notify news, 'while idle'")).await.unwrap();
    assert_eq!(s.next().await.unwrap(), Item::Notification("news".into(), "while idle".into(), other.pid()));
}

#[tokio::test]
async fn copy_both_ways() {
    let (_db, mut s) = fresh().await;
    run(&mut s, &sql("create table c (id int, v text)")).await.unwrap();
    s.start(&sql("/* in */ copy c from stdin")).unwrap();
    assert_eq!(s.next().await.unwrap(), Item::CopyIn);
    for n in 0..50_000 {
        s.copy_data(format!("{n}\tvalue {n}\n").as_bytes()).await.unwrap();
    }
    s.copy_done().unwrap();
    assert_eq!(s.next().await.unwrap(), Item::Complete { tag: "COPY 50000".into(), rows: 50_000 });
    assert_eq!(s.next().await.unwrap(), Item::Ready(Tx::Idle));
    let items = run(&mut s, &sql("copy (select id from c order by id limit 3) to stdout")).await.unwrap();
    let out: Vec<u8> = items
        .iter()
        .filter_map(|i| if let Item::CopyOut(b) = i { Some(b.to_vec()) } else { None })
        .flatten()
        .collect();
    assert_eq!(out, b"0\n1\n2\n");
    assert_eq!(tags(&items), ["COPY 3"]);
}

#[tokio::test]
async fn a_copy_that_fails_leaves_the_session_in_step() {
    let (_db, mut s) = fresh().await;
    run(&mut s, &sql("create table c (id int)")).await.unwrap();
    for round in 0..30 {
        s.start(&sql("copy c from stdin")).unwrap();
        assert_eq!(s.next().await.unwrap(), Item::CopyIn);
        if round % 2 == 0 {
            s.copy_fail("changed my mind").unwrap();
        } else {
            // the error comes while data is still being sent
            for _ in 0..2000 {
                if s.copy_data(b"not a number\n").await.is_err() {
                    break;
                }
            }
            let _ = s.copy_done();
        }
        let e = s.finish().await.unwrap_err();
        assert_eq!(e.code, if round % 2 == 0 { "57014" } else { "22P02" });
        let items = run(&mut s, &sql(&format!("select {round}"))).await.unwrap();
        assert_eq!(rows(&items), [[Some(round.to_string())]]);
    }
}

#[tokio::test]
async fn bytes_that_are_not_utf_8_survive() {
    let database = server::database();
    database.execute(
        "create database ascii_bytes template template0 encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C'",
    );
    let mut s = open(&format!(
        "host={} port={} user=postgres dbname=ascii_bytes",
        database.host(),
        server::cluster().port()
    ))
    .await;
    run(&mut s, &sql("set client_encoding = 'SQL_ASCII'")).await.unwrap();
    let items = run(&mut s, &sql(r"select convert_from('\xff41'::bytea, 'SQL_ASCII') as v")).await.unwrap();
    let batch = items.iter().find_map(|i| if let Item::Rows(b) = i { Some(b) } else { None }).unwrap();
    assert_eq!(batch.cell(0, 0), Some(&b"\xffA"[..]));
    s.close().await;
    database.execute("drop database ascii_bytes");
}

#[tokio::test]
async fn a_lost_server_says_what_happened() {
    let (db, mut s) = fresh().await;
    let mut other = open(&db.url()).await;
    s.start(&sql("select pg_sleep(600)")).unwrap();
    let kill = format!("select pg_terminate_backend({})", s.pid());
    let killed = async {
        // wait until it runs: a backend that is killed before says nothing different
        while rows(&run(&mut other, &sql("select 1 from pg_stat_activity where query like '%sleep(600)' and pid <> pg_backend_pid()")).await.unwrap()).is_empty() {}
        run(&mut other, &sql(&kill)).await.unwrap();
    };
    let dying = async {
        loop {
            if let Err(e) = s.next().await {
                return e;
            }
        }
    };
    let (e, ()) = tokio::join!(dying, killed);
    assert!(e.fatal && e.code == "57P01" && e.message.contains("terminating connection"), "{e:?}");
    assert!(e.message.contains(&db.host()), "{e:?}");
    assert_eq!(s.tx(), Tx::Gone);
    assert_eq!(s.start(&sql("select 1")).unwrap_err(), e);
    // the same while nothing runs
    let mut idle = open(&db.url()).await;
    run(&mut other, &sql(&format!("select pg_terminate_backend({})", idle.pid()))).await.unwrap();
    assert_eq!(idle.next().await.unwrap_err().code, "57P01");
}

#[tokio::test]
async fn a_nul_is_refused_before_it_is_sent() {
    let (_db, mut s) = fresh().await;
    assert!(s.start(&sql("select 'a\0b'")).unwrap_err().message.contains("NUL"));
    assert_eq!(rows(&run(&mut s, &sql("select 1")).await.unwrap()), [[Some("1".to_owned())]]);
}
