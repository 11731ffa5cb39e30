//! Where the data goes: files that are whole or absent, readers that leave, terminals, constant memory.

use super::{file, pgdeck, query, script, server, signal, until};
use std::{
    fs,
    io::{BufRead, BufReader},
    process::Stdio,
};

fn names(dir: &std::path::Path) -> Vec<String> {
    fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn a_file_is_whole_or_as_it_was() {
    let db = server::database();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out.csv");
    let arg = path.display().to_string();
    let ran = script(&db.url(), &["--format", "csv", "--output", &arg], "select 1 as a");
    assert_eq!((ran.code, ran.out.as_str()), (0, ""));
    assert_eq!(fs::read_to_string(&path).unwrap(), "a\n1\n");
    let ran = script(
        &db.url(),
        &["--format", "csv", "--output", &arg],
        "select 1 / (100000 - x) from generate_series(1, 100000) x",
    );
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert_eq!(fs::read_to_string(&path).unwrap(), "a\n1\n");
    let ran = script(&db.url(), &["--output", &arg, "--timeout", "0.2"], "select pg_sleep(60)");
    assert_eq!((ran.code, names(dir.path())), (5, vec!["out.csv".to_owned()]));
    let ran = script(&db.url(), &["--output", "/nonexistent/folder/x"], "select 1");
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("/nonexistent/folder/x"), "{}", ran.err);
}

#[test]
fn an_interrupted_run_leaves_no_file() {
    let db = server::database();
    let dir = tempfile::tempdir().unwrap();
    let sql = file(dir.path(), "q.sql", "select 1; select pg_sleep(60)");
    let out = dir.path().join("out").display().to_string();
    let child = pgdeck(&["run", &sql, "-d", &db.url(), "--output", &out]).spawn().unwrap();
    until("it sleeps", || sleeping(&db) == "1");
    signal(&child, "TERM");
    let ran: super::Ran = child.wait_with_output().unwrap().into();
    assert_eq!((ran.code, names(dir.path())), (130, vec!["q.sql".to_owned()]), "{}", ran.err);
}

fn sleeping(db: &server::Database) -> String {
    let sql = format!(
        "select count(*) from pg_stat_activity where datname = '{}' and state = 'active' and query like '%pg_sleep(60)%' and pid <> pg_backend_pid()",
        db.name
    );
    server::ask(server::cluster(), "postgres", &sql)
}

#[test]
fn a_reader_that_leaves_is_no_error_and_ends_the_statement() {
    let db = server::database();
    let dir = tempfile::tempdir().unwrap();
    let sql = file(dir.path(), "q.sql", "select generate_series(1, 2000000000) as x, repeat('y', 100)");
    let mut child = pgdeck(&["run", &sql, "-d", &db.url(), "--format", "csv"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "x,repeat");
    drop(lines);
    let ran: super::Ran = child.wait_with_output().unwrap().into();
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
}

#[test]
fn a_write_is_finished_although_nobody_reads() {
    let db = server::database();
    db.execute("create table t (x int)");
    let dir = tempfile::tempdir().unwrap();
    let sql = file(
        dir.path(),
        "q.sql",
        "insert into t select x from generate_series(1, 200000) x returning x, repeat('y', 100);\ninsert into t values (0);",
    );
    let mut child = pgdeck(&["run", &sql, "-d", &db.url(), "--format", "csv"]).spawn().unwrap();
    drop(child.stdout.take());
    let ran: super::Ran = child.wait_with_output().unwrap().into();
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert_eq!(script(&db.url(), &["--format", "csv"], "select count(*) from t").out, "count\n200001\n");
}

#[test]
fn rows_come_while_the_statement_runs() {
    let db = server::database();
    let dir = tempfile::tempdir().unwrap();
    let sql = file(
        dir.path(),
        "q.sql",
        "select generate_series(1, 5000) as a union all select 0 from pg_sleep(600)",
    );
    let mut child = pgdeck(&["run", &sql, "-d", &db.url(), "--format", "ndjson"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // the server holds back what does not fill its buffer of 8 kB
    assert_eq!(lines.next().unwrap().unwrap(), "{\"a\":1}");
    signal(&child, "INT");
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
}

#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_the_result() {
    let db = server::database();
    let dir = tempfile::tempdir().unwrap();
    // it waits at the end, so that its memory can be read after everything went through
    let sql = file(
        dir.path(),
        "q.sql",
        "select x, md5(x::text), now() from generate_series(1, 600000) x;\nselect pg_sleep(60)",
    );
    for format in ["csv", "table", "json"] {
        let mut command = pgdeck(&["run", &sql, "-d", &db.url(), "--format", format]);
        let child = command.stdout(Stdio::null()).spawn().unwrap();
        until("all rows went through", || sleeping(&db) == "1");
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let peak =
            status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap().trim().trim_end_matches(" kB");
        signal(&child, "INT");
        assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
        assert!(peak.parse::<u64>().unwrap() < 24_000, "{format}: {peak} kB");
    }
}

#[test]
fn on_several_servers_with_a_column_that_says_which() {
    let (a, b) = (server::database(), server::database());
    a.execute("create table t as select 1 as x");
    b.execute("create table t as select generate_series(2, 3) as x");
    let dir = tempfile::tempdir().unwrap();
    let config = file(
        dir.path(),
        "config.toml",
        &format!(
            "[profile.a]\nconnection = \"{}\"\n[profile.b]\nconnection = \"{}\"\n[profile.down]\nhost = \"/nonexistent\"\n",
            a.url(),
            b.url()
        ),
    );
    let sql = file(dir.path(), "q.sql", "select x from t order by x");
    let run = |args: &[&str]| -> super::Ran {
        let all: Vec<&str> = ["--config", &config, "run", &sql, "--format", "json"]
            .into_iter()
            .chain(args.iter().copied())
            .collect();
        pgdeck(&all).output().unwrap().into()
    };
    let both = "[\n{\"server\":\"a\",\"x\":1},\n{\"server\":\"b\",\"x\":2},\n{\"server\":\"b\",\"x\":3}\n]\n";
    let ran = run(&["--on", "a", "--on", "b"]);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, both, ""));
    let ran = run(&["--on", "a", "--on", "down", "--on", "b"]);
    assert_eq!((ran.code, ran.out.as_str()), (3, both));
    assert!(ran.err.starts_with("down: "), "{}", ran.err);
    assert_eq!(run(&["--on", "nobody"]).code, 2);
    assert_eq!(query(&a.url(), &sql, &["--on", "a"]).code, 2);
}
