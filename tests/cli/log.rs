//! `--log`: what it holds and what it does not.

use crate::{Ran, fed, pgdeck, server};
use std::os::unix::fs::PermissionsExt;

fn run(url: &str, args: &[&str], sql: &str) -> Ran {
    let all: Vec<&str> = ["run", "-", "-d", url].into_iter().chain(args.iter().copied()).collect();
    fed(pgdeck(&all), sql)
}

#[test]
fn statements_are_logged_without_their_values() {
    let db = server::database();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("log");
    // One that others could read before is made private.
    std::fs::write(&file, "before\n").expect("a file");
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).expect("open to all");
    let name = file.display().to_string();
    let sql = "create temp table t (a int, b text);\ninsert into t values (471108154, 'tulip') -- daffodil\n;\n\
        select a / :zero from t where b = :flower;\n";
    let ran = run(&db.url(), &["--log", &name, "-p", "zero=0", "-p", "flower=tulip"], sql);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let log = std::fs::read_to_string(&file).expect("a log");
    assert!(log.starts_with("before\n") && log.contains("opened"), "{log}");
    assert!(log.contains("insert into t values (?, ?)") && log.contains("done \"INSERT 0 1\""), "{log}");
    assert!(log.contains("failed 22012"), "{log}");
    for value in ["471108154", "tulip", "daffodil", "division"] {
        assert!(!log.contains(value), "{value}: {log}");
    }
    let mode = std::fs::metadata(&file).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    run(&db.url(), &["--log", &name, "--log-values", "-p", "zero=0", "-p", "flower=tulip"], sql);
    let log = std::fs::read_to_string(&file).expect("a log");
    for value in ["471108154", "with [Some(\"0\"), Some(\"tulip\")]", "division by zero"] {
        assert!(log.contains(value), "{value}: {log}");
    }
}

#[test]
fn passwords_are_never_logged_and_a_log_that_cannot_be_written_is_said() {
    let db = server::database();
    let folder = tempfile::tempdir().expect("a folder");
    let name = folder.path().join("log").display().to_string();
    let sql = "create role r_log password 'trillian'; drop role r_log; alter role none password 'trillian';";
    run(&db.url(), &["--log", &name, "--log-values"], sql);
    let log = std::fs::read_to_string(&name).expect("a log");
    assert!(log.contains("create role r_log password '***'") && !log.contains("trillian"), "{log}");
    // The same where a secret is a parameter, or joined to a connection string; what is none is there.
    let sql = "create temp table users (id int, password text);
        insert into users (id, password) values (:id, :pw);
        update users set password = :pw where id = :id;
        select 'host=h password=' || :pw, :line::text, set_config('app.password', :pw, false);
        do $$ begin perform format('alter role x password %L', 'trillian'), 'host=h password=' || 'trillian'; end $$;";
    let log = folder.path().join("params").display().to_string();
    let params = ["-p", "id=471108154", "-p", "pw=trillian", "-p", "line=postgres://u:trillian@h/d"];
    let more: Vec<&str> = ["--log", &log, "--log-values"].into_iter().chain(params).collect();
    let ran = run(&db.url(), &more, sql);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let log = std::fs::read_to_string(&log).expect("a log");
    assert!(log.contains("471108154") && log.contains("***") && !log.contains("trillian"), "{log}");
    let ran = run(&db.url(), &["--log", "/nonexistent/x/log"], "select 1");
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("/nonexistent/x/log"), "{}", ran.err);
    assert_eq!(run(&db.url(), &["--log-values"], "select 1").code, 2);
}
