//! `pgdeck locks` and `pgdeck activity`: one sample for a script, or one every so often. Who waits for whom in each
//! scenario is in `tests/live`.

use super::{Ran, pgdeck, server, signal, until};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, Stdio},
};

fn run(args: &[&str]) -> Ran {
    pgdeck(args).output().expect("the binary runs").into()
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {}{}", ran.out, ran.err))
}

/// Two sessions, one waiting for the other, as processes of the binary itself.
struct Queue(Vec<Child>);

impl Queue {
    fn new(db: &server::Database) -> Self {
        db.execute("create table hot (id int primary key, v int); insert into hot values (1, 0)");
        let holds = "begin; update hot set v = 1; select pg_sleep(600)";
        let mut queue = Self(vec![script(db, holds)]);
        until("the first one holds the row", || asleep(db) == "1");
        queue.0.push(script(db, "update hot set v = 2"));
        until("the second one waits", || waiting(db) == "1");
        queue
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn script(db: &server::Database, sql: &str) -> Child {
    let mut command = pgdeck(&["run", "-", "-d", &db.url()]);
    let mut child = command.stdin(Stdio::piped()).spawn().expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(sql.as_bytes()).expect("read");
    child
}

fn waiting(db: &server::Database) -> String {
    let sql = format!(
        "select count(*) from pg_stat_activity where datname = '{}' and wait_event_type = 'Lock'",
        db.name
    );
    server::ask(server::cluster(), "postgres", &sql)
}

fn asleep(db: &server::Database) -> String {
    let sql = format!(
        "select count(*) from pg_stat_activity where datname = '{}' and wait_event = 'PgSleep'",
        db.name
    );
    server::ask(server::cluster(), "postgres", &sql)
}

#[test]
fn one_sample_of_who_waits_for_whom() {
    let db = server::database();
    let calm = run(&["locks", "-d", &db.url()]);
    // Other tests of this program may wait for each other just now; nobody does here.
    assert_eq!((calm.code, calm.err.as_str()), (0, ""), "{}", calm.out);
    let _queue = Queue::new(&db);
    let ran = run(&["locks", &db.url(), "--format", "json"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let told = json(&ran);
    assert_eq!(told["database"], *db.name, "{told}");
    let edges = told["edges"].as_array().expect("edges");
    let edge = edges.iter().find(|e| e["database"] == *db.name).expect("our edge");
    let (pid, by) = (&edge["pid"], &edge["blocked_by"]);
    assert_eq!(
        (&edge["lock_type"], &edge["relation"], &edge["row"], &edge["mode_wanted"], &edge["mode_held"]),
        (
            &"transactionid".into(),
            &"hot".into(),
            &"(0,1)".into(),
            &"ShareLock".into(),
            &"ExclusiveLock".into()
        )
    );
    assert!(edge["wait_seconds"].as_f64().is_some_and(|s| s >= 0.0), "{edge}");
    let trees = told["trees"].as_array().expect("trees");
    let tree = trees.iter().find(|t| t["root"] == *by).expect("its tree");
    assert_eq!((&tree["depth"], &tree["blocks"], &tree["nodes"][1]["pid"]), (&2.into(), &1.into(), pid));
    let table = run(&["-d", &db.url(), "locks"]);
    assert_eq!(table.code, 0, "{}", table.err);
    assert!(table.out.lines().any(|l| l.starts_with(&format!(" {by} "))), "{}", table.out);
    assert!(table.out.lines().any(|l| l.starts_with(&format!("   {pid} "))), "below it: {}", table.out);
    assert!(table.out.contains("row (0,1) of hot"), "{}", table.out);

    let ran = run(&["activity", &db.url(), "--format", "json"]);
    let told = json(&ran);
    let sessions = told["sessions"].as_array().expect("sessions");
    let waiter = sessions.iter().find(|s| s["pid"] == *pid).expect("the waiter");
    assert_eq!((&waiter["blocked_by"][0], &waiter["query"]), (by, &"update hot set v = 2".into()));
    assert!(
        !sessions.iter().any(|s| s["query"].as_str().is_some_and(|q| q.contains("pg_stat_get_activity"))),
        "{told}"
    );
    assert!(sessions.iter().all(|s| s["backend_type"] == "client backend"), "{told}");
    let all = json(&run(&["activity", &db.url(), "--format", "json", "--all"]));
    let all = all["sessions"].as_array().expect("sessions");
    assert!(all.iter().any(|s| s["backend_type"] == "checkpointer"), "{all:?}");
    let table = run(&["activity", "-d", &db.url()]);
    assert!(table.out.contains("update hot set v = 2") && table.code == 0, "{}{}", table.out, table.err);
}

#[test]
fn what_a_role_may_not_see_is_named_with_the_grant() {
    let db = server::database();
    let role = format!("plain {}", db.name);
    server::execute(server::cluster(), "postgres", &format!("create role \"{role}\" login"));
    let _queue = Queue::new(&db);
    let at = format!("host={} port={} dbname={} user='{role}'", db.host(), server::cluster().port(), db.name);
    let told = json(&run(&["locks", &at, "--format", "json"]));
    let edges = told["edges"].as_array().expect("edges");
    assert!(edges.iter().any(|e| e["relation"] == "hot"), "who waits for whom is seen by everybody: {told}");
    assert_eq!(told["hidden"]["grant"], format!("GRANT pg_read_all_stats TO \"{role}\"").as_str(), "{told}");
    let sessions = json(&run(&["activity", &at, "--format", "json"]));
    let sessions = sessions["sessions"].as_array().expect("sessions");
    assert!(sessions.iter().any(|s| s["hidden"] == true && s["query"] == Value::Null), "{sessions:?}");
    let table = run(&["activity", &at]);
    assert!(table.out.contains("not visible"), "{}", table.out);
    assert!(table.err.contains("GRANT pg_read_all_stats TO \"plain"), "{}", table.err);
    drop(db);
    server::execute(server::cluster(), "postgres", &format!("drop role \"{role}\""));
}

#[test]
fn watching_ends_by_an_interrupt_and_by_a_reader_that_goes() {
    let db = server::database();
    for (name, command) in [("INT", "locks"), ("TERM", "activity")] {
        let args = [command, &db.url(), "--format", "json", "--watch", "0.05"];
        let mut child = pgdeck(&args).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        for _ in 0..3 {
            let mut line = String::new();
            lines.read_line(&mut line).unwrap();
            let told: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
            assert!(told["at"].is_string(), "a sample a line");
        }
        signal(&child, name);
        let (mut rest, mut err) = (String::new(), String::new());
        lines.read_to_string(&mut rest).unwrap();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(130), ""), "{name}");
        assert!(rest.is_empty() || rest.ends_with('\n'), "whole lines: {rest}");
    }
    for format in ["json", "table"] {
        let args = ["activity", &db.url(), "--format", format, "--watch", "0.05"];
        let mut child = pgdeck(&args).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        lines.read_line(&mut String::new()).unwrap();
        drop(lines);
        let ran: Ran = child.wait_with_output().unwrap().into();
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{format}");
    }
}

#[test]
fn a_server_that_goes_away_is_waited_for_while_watching() {
    let cluster = server::start(Default::default());
    let args = ["locks", &cluster.url("postgres"), "--format", "json", "--watch", "0.05"];
    let mut child = pgdeck(&args).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    lines.read_line(&mut String::new()).unwrap();
    server::execute(
        &cluster,
        "postgres",
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pgdeck'",
    );
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    err.read_line(&mut said).unwrap();
    assert!(said.starts_with("pgdeck: no sample, trying again: "), "{said}");
    said.clear();
    err.read_line(&mut said).unwrap();
    assert_eq!(said, "pgdeck: samples come again\n");
    signal(&child, "INT");
    lines.read_to_end(&mut vec![]).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn usage_and_no_connection() {
    for command in ["locks", "activity"] {
        let ran = run(&[command, "host=/nonexistent user=x dbname=y"]);
        assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{}", ran.err);
        assert!(ran.err.contains("/nonexistent"), "{}", ran.err);
        for args in [&["--format", "csv"][..], &["--watch", "0"], &["a", "b"], &["host=a nonsense=b"]] {
            let all: Vec<&str> = [command].into_iter().chain(args.iter().copied()).collect();
            assert_eq!(run(&all).code, 2, "{all:?}");
        }
    }
    let help = run(&["locks", "--help"]);
    for field in ["blocked_by", "wait_seconds", "mode_held", "130"] {
        assert!(help.out.contains(field), "{field}: {}", help.out);
    }
    for (args, word) in
        [(&["man"][..], "PGDECK LOCKS"), (&["completions", "bash"], "pgdeck__subcmd__activity")]
    {
        let ran = run(args);
        assert!(ran.out.contains(word), "{word}");
    }
}

#[test]
fn a_time_limit_is_kept() {
    let db = server::database();
    let ran = run(&["locks", &db.url(), "--watch", "0.05", "--timeout", "0.5", "--format", "json"]);
    assert_eq!((ran.code, ran.err.as_str()), (5, "pgdeck: the time is up\n"), "{}", ran.out);
}
