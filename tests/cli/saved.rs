//! The saved queries that ship, on a real server, and the three places they come from.

use super::{file, pgdeck, query, server};

/// Values for the parameters without a default.
const VALUES: &[(&str, &[&str])] =
    &[("posts-by-tag", &["-p", "tag=postgres"]), ("recent-posts-of-user", &["-p", "user=nobody"])];

fn names() -> Vec<String> {
    let ran: super::Ran = pgdeck(&["queries", "--format", "ndjson"]).output().unwrap().into();
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    ran.out
        .lines()
        .map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap()["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_built_in_query_runs() {
    let db = server::database_with_posts();
    if server::cluster().has_statements() {
        db.execute("create extension if not exists pg_stat_statements");
    }
    let names = names();
    assert!(names.len() >= 12, "{names:?}");
    for name in &names {
        let args = VALUES.iter().find(|(n, _)| n == name).map_or(&[][..], |(_, v)| v);
        let ran = query(&db.url(), name, &[args, &["--format", "json"]].concat());
        if name == "slow-statements" && !server::cluster().has_statements() {
            assert_eq!(ran.code, 1, "{}", ran.err);
            continue;
        }
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{name}");
        serde_json::from_str::<Vec<serde_json::Value>>(&ran.out).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
}

#[test]
fn they_find_what_they_are_for() {
    let db = server::database_with_posts();
    db.execute(
        "create table parent (id int primary key); create table child (p int references parent, q int);
         create index one on child (q); create index two on child (q); create index three on child (q, p);
         create table few (id smallserial); select setval('few_id_seq', 32000);
         create table dead (x int) with (autovacuum_enabled = off); insert into dead select generate_series(1, 1000);
         delete from dead; analyze",
    );
    let run = |name: &str, args: &[&str]| {
        let ran = query(&db.url(), name, &[args, &["--format", "json"]].concat());
        assert_eq!(ran.code, 0, "{name}: {}", ran.err);
        serde_json::from_str::<Vec<serde_json::Value>>(&ran.out).unwrap()
    };
    let users = run("users-with-most-posts", &["-p", "limit=3"]);
    assert_eq!(users.len(), 3);
    let count = |row: &serde_json::Value| row["posts"].to_string().parse::<u64>().unwrap();
    assert!(count(&users[0]) >= count(&users[2]) && count(&users[2]) > 0);
    let missing = run("missing-fk-indexes", &[]);
    assert!(missing.iter().any(|r| r["remedy"] == "CREATE INDEX CONCURRENTLY ON child (p);"), "{missing:?}");
    let duplicate = run("duplicate-indexes", &[]);
    let of = |index: &str| {
        duplicate.iter().filter(|r| r["index"] == index).map(|r| r["other_index"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(of("one"), ["three"], "the older of two equal ones is kept");
    assert_eq!(of("two").len(), 2);
    assert!(of("three").is_empty());
    let ending = run("sequences-near-end", &[]);
    assert!(
        ending.iter().any(|r| r["sequence"] == "few_id_seq" && r["column_type"] == "smallint"),
        "{ending:?}"
    );
    assert!(run("unused-indexes", &[]).iter().any(|r| r["index"] == "one"));
    assert!(run("table-sizes", &[]).iter().any(|r| r["table"] == "posts"));
    assert!(run("settings-changed", &[]).iter().any(|r| r["name"] == "max_connections"));
    assert!(!run("connections", &[]).is_empty());
}

#[test]
fn who_blocks_whom() {
    let db = server::database();
    db.execute("create table t (x int)");
    let dir = tempfile::tempdir().unwrap();
    let hold = file(dir.path(), "hold.sql", "begin; lock table t; select pg_sleep(600)");
    let wait = file(dir.path(), "wait.sql", "select * from t");
    let holder = pgdeck(&["run", &hold, "-d", &db.url()]).spawn().unwrap();
    let count = |condition: &str| {
        let sql =
            format!("select count(*) from pg_stat_activity where datname = '{}' and {condition}", db.name);
        server::ask(server::cluster(), "postgres", &sql)
    };
    super::until("it holds the lock", || count("query like '%pg_sleep%' and state = 'active'") == "1");
    let waiter = pgdeck(&["run", &wait, "-d", &db.url()]).spawn().unwrap();
    super::until("it waits", || count("wait_event_type = 'Lock'") == "1");
    let ran = query(&db.url(), "blocking-sessions", &["--format", "json"]);
    let rows: Vec<serde_json::Value> = serde_json::from_str(&ran.out).unwrap();
    let own: Vec<_> = rows.iter().filter(|r| r["blocked_query"] == "select * from t").collect();
    super::signal(&holder, "INT");
    assert_eq!(holder.wait_with_output().unwrap().status.code(), Some(130));
    assert_eq!(waiter.wait_with_output().unwrap().status.code(), Some(0));
    assert_eq!(own.len(), 1, "{rows:?}");
    assert_eq!((own[0]["wants"].as_str(), own[0]["on"].as_str()), (Some("AccessShareLock"), Some("t")));
    assert!(own[0]["blocker_query"].as_str().unwrap().contains("pg_sleep"), "{own:?}");
}

#[test]
fn the_user_and_the_project_hide_what_ships() {
    let db = server::database();
    let home = tempfile::tempdir().unwrap();
    let project = tempfile::tempdir().unwrap();
    let user_queries = home.path().join(".config/pgdeck/queries");
    let project_queries = project.path().join(".pgdeck/queries");
    std::fs::create_dir_all(&user_queries).unwrap();
    std::fs::create_dir_all(&project_queries).unwrap();
    std::fs::create_dir_all(project.path().join("deep/er")).unwrap();
    file(&user_queries, "table-sizes.sql", "select 'user' as who");
    file(&user_queries, "other.sql", "select 'user' as who");
    file(&project_queries, "other.sql", "select 'project' as who");
    let run = |name: &str| -> super::Ran {
        let mut command = pgdeck(&["run", name, "-d", &db.url(), "--format", "csv"]);
        command.env("HOME", home.path()).current_dir(project.path().join("deep/er")).output().unwrap().into()
    };
    assert_eq!(run("table-sizes").out, "who\nuser\n");
    assert_eq!(run("other").out, "who\nproject\n");
}

#[test]
fn pages_for_people() {
    let ran: super::Ran = pgdeck(&["man"]).output().unwrap().into();
    assert_eq!(ran.code, 0);
    assert!(ran.out.contains(".TH") && ran.out.contains("130"), "{}", ran.out);
    for shell in ["bash", "zsh", "fish"] {
        let ran: super::Ran = pgdeck(&["completions", shell]).output().unwrap().into();
        assert_eq!(ran.code, 0);
        assert!(ran.out.contains("pgdeck"));
    }
    let ran: super::Ran = pgdeck(&["queries"]).output().unwrap().into();
    assert!(ran.out.contains("table-sizes") && ran.out.contains("limit int = 50"), "{}", ran.out);
}
