//! How a run ends: every exit code, and what is said.

use super::{file, pgdeck, query, script, server, signal, until};

#[test]
fn the_server_refuses() {
    let db = server::database();
    let ran = script(&db.url(), &[], "select 1 as a;\n\nselect é,\n  foo\nfrom (select 1 as é) x;\nselect 2");
    assert_eq!(ran.code, 1);
    assert_eq!(ran.out, " a\n---\n 1\n(1 row)\n\n");
    assert_eq!(ran.err, "standard input:4:3: ERROR: column \"foo\" does not exist (42703)\n    foo\n    ^\n");
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), "q.sql", "-- param: n int\nselect :n, :n, foo");
    let ran = query(&db.url(), &path, &["-p", "n=1"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.starts_with(&format!("{path}:2:16: ERROR: ")), "{}", ran.err);
    let ran = script(
        &db.url(),
        &[],
        "do $$ begin raise exception 'no' using detail = 'why', hint = 'do this'; end $$",
    );
    assert!(
        ran.err.contains("ERROR: no (P0001)\nDETAIL: why\nHINT: do this\nCONTEXT: PL/pgSQL"),
        "{}",
        ran.err
    );
    let ran = script(&db.url(), &["-p", "x=1"], "create table t (x int default :x)");
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("takes no parameters"), "{}", ran.err);
}

#[test]
fn usage() {
    for (args, what) in [
        (&["run", "no-such-query"][..], "no saved query and no file named \"no-such-query\""),
        (&["run", "tabel-sizes"], "did you mean table-sizes?"),
        (&["run", "./nothing.sql"], "nothing.sql: "),
        (&["run", "table-sizes", "-d", "host=a nonsense=b"], "nonsense"),
        (&["run", "table-sizes", "--format", "xml"], "xml"),
        (&["run", "table-sizes", "--timeout", "soon"], "seconds"),
        (&["frobnicate", "now"], "unexpected"),
    ] {
        let ran: super::Ran = pgdeck(args).output().unwrap().into();
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args:?}: {}", ran.err);
        assert!(ran.err.contains(what), "{args:?}: {}", ran.err);
    }
    let ran = super::fed(pgdeck(&["run", "-", "-d", "host=/nonexistent"]), "select 1;\n\\c other\n");
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("standard input:2: \\c is a command of psql"), "{}", ran.err);
    let ran =
        super::fed(pgdeck(&["run", "-", "-d", "host=/nonexistent"]), "-- title: x\n-- since: soon\nselect 1");
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("standard input:2: since is a PostgreSQL version"), "{}", ran.err);
    let ran = super::fed(pgdeck(&["run", "-"]), b"select '\xff'");
    assert_eq!(ran.code, 2);
}

#[test]
fn no_connection() {
    let ran = script("host=/nonexistent user=x dbname=y", &[], "select 1");
    assert_eq!((ran.code, ran.out.as_str()), (3, ""));
    assert!(ran.err.contains("/nonexistent"), "{}", ran.err);
    let db = server::database();
    let ran = script(&db.url(), &[], "select 1; select pg_terminate_backend(pg_backend_pid()); select 2");
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(ran.err.contains("57P01"), "{}", ran.err);
}

#[test]
fn expectations() {
    let db = server::database();
    for (flag, sql, code) in [
        ("--fail-if-rows", "select 1", 4),
        ("--fail-if-rows", "select 1 where false", 0),
        ("--fail-if-empty", "select 1 where false", 4),
        ("--fail-if-empty", "select 1", 0),
        ("--fail-if-empty", "create temp table t (x int)", 4),
        ("--fail-if-rows", "select 1/0", 1),
    ] {
        let ran = script(&db.url(), &[flag, "--format", "csv"], sql);
        assert_eq!(ran.code, code, "{flag} {sql}: {}", ran.err);
    }
    let ran = script(&db.url(), &["--fail-if-rows", "--format", "csv"], "select 1 as a");
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("a\n1\n", "pgdeck: 1 row found, none expected\n"));
}

fn active(db: &server::Database) -> String {
    let sql =
        format!("select count(*) from pg_stat_activity where datname = '{}' and state = 'active'", db.name);
    server::ask(server::cluster(), "postgres", &sql)
}

#[test]
fn a_timeout_and_an_interrupt_end_the_statement_on_the_server() {
    let db = server::database();
    let ran = script(&db.url(), &["--timeout", "0.3"], "select 1; select pg_sleep(600)");
    assert_eq!((ran.code, ran.err.as_str()), (5, "pgdeck: the time is up\n"));
    assert_eq!(active(&db), "0");
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), "q.sql", "select pg_sleep(600)");
    for name in ["INT", "TERM", "HUP"] {
        let child = pgdeck(&["run", &path, "-d", &db.url()]).spawn().unwrap();
        until("it runs", || active(&db) == "1");
        signal(&child, name);
        let ran: super::Ran = child.wait_with_output().unwrap().into();
        assert_eq!((ran.code, ran.err.as_str()), (130, "pgdeck: interrupted\n"), "{name}");
        assert_eq!(active(&db), "0");
    }
}

#[test]
fn transactions() {
    let db = server::database();
    let count = || script(&db.url(), &["--format", "tsv"], "select count(*) from t").out;
    db.execute("create table t (x int)");
    let ran =
        script(&db.url(), &["--single-transaction"], "insert into t values (1); insert into t values (1/0);");
    assert_eq!((ran.code, count().as_str()), (1, "count\n0\n"), "{}", ran.err);
    let ran = script(&db.url(), &[], "insert into t values (1); insert into t values (1/0);");
    assert_eq!((ran.code, count().as_str()), (1, "count\n1\n"), "{}", ran.err);
    let ran = script(&db.url(), &["-1"], "insert into t values (2); insert into t values (3);");
    assert_eq!((ran.code, count().as_str()), (0, "count\n3\n"), "{}", ran.err);
    let ran = script(&db.url(), &[], "begin; insert into t values (4);");
    assert_eq!((ran.code, count().as_str()), (0, "count\n3\n"));
    assert!(ran.err.contains("rolled back"), "{}", ran.err);
    for args in [&["--read-only"][..], &["--read-only", "-1"]] {
        let ran = script(&db.url(), args, "insert into t values (5)");
        assert_eq!((ran.code, count().as_str()), (1, "count\n3\n"));
        assert!(ran.err.contains("read-only transaction (25006)"), "{}", ran.err);
    }
    let ran = script(&db.url(), &[], "-- read-only\ninsert into t values (5)");
    assert_eq!(ran.code, 1, "the header asks for it too");
    let joined = script(&db.url(), &["--format", "csv"], "select 1 as a \\; select 2 as b;");
    assert_eq!((joined.code, joined.out.as_str()), (0, "a\n1\nb\n2\n"), "{}", joined.err);
}

#[test]
fn watching_ends_with_an_expectation_or_an_interrupt() {
    let db = server::database();
    db.execute("create sequence s");
    let ran = script(
        &db.url(),
        &["--watch", "0.01", "--fail-if-rows", "--format", "csv"],
        "select n from (select nextval('s') as n) x where n >= 3",
    );
    assert_eq!((ran.code, ran.out.as_str()), (4, "n\nn\nn\n3\n"), "{}", ran.err);
}

#[test]
fn a_dry_run_sends_nothing() {
    let sql = "-- a comment\nselect 1;\ncopy t from stdin;\n1\n\\.\nselect ';' ; select :x;\ncreate function f() returns int \
               begin atomic; select 1; end;\n-- over\n";
    let ran = super::fed(pgdeck(&["run", "-", "--dry-run", "--format", "json"]), sql);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let statements: Vec<String> = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        statements,
        [
            "select 1;",
            "copy t from stdin;",
            "select ';' ;",
            "select :x;",
            "create function f() returns int begin atomic; select 1; end;"
        ]
    );
    let ran = super::fed(pgdeck(&["run", "-", "--dry-run"]), "select 1;\nselect 2");
    assert_eq!((ran.code, ran.out.as_str()), (0, "select 1;\n\nselect 2\n"));
}
