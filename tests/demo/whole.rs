//! The whole demo: filled, busy, kept, started again.
use pgdeck::demo::{self, Options, obtain::Install};

use crate::server;

fn options() -> Options {
    Options { posts: 2_000, quiet: true, install: Install::Yes, look: server::chosen(), ..Options::default() }
}

fn start(options: &Options) -> demo::Demo {
    demo::start(options, &mut |words| eprintln!("{words}")).unwrap()
}

fn count(demo: &demo::Demo, sql: &str) -> String {
    server::ask(demo.cluster(), demo::DATABASE, sql)
}

#[test]
fn kept_data_is_found_again() {
    let folder = tempfile::Builder::new().prefix("pgdeck-kept-").tempdir_in("/tmp").unwrap();
    let folder = folder.path().join("mine");
    let options = Options { keep: Some(folder.clone()), ..options() };
    let first = start(&options);
    assert_eq!(count(&first, "select count(*) from posts"), "2000");
    count(&first, "delete from posts where id > 1500 returning 1");
    drop(first);
    assert!(folder.join("data/PG_VERSION").exists());
    let second = start(&options);
    assert_eq!(count(&second, "select count(*) from posts"), "1500");
}

#[test]
fn a_foreign_folder_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mine.txt"), "x").unwrap();
    let options = Options { keep: Some(folder.path().into()), ..options() };
    let error = demo::start(&options, &mut |_| ()).unwrap_err().to_string();
    assert!(error.contains("not empty"), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn the_second_start_has_the_same_rows() {
    let sql = "select md5(string_agg(p::text, '' order by id)) from posts p";
    let cache = tempfile::Builder::new().prefix("pgdeck-cache-").tempdir_in("/tmp").unwrap();
    let options = Options { posts: 1_000, cache: Some(cache.path().into()), ..options() };
    let files = || std::fs::read_dir(cache.path()).unwrap().count();
    let rows = || count(&start(&options), sql);
    let first = rows();
    assert_eq!(files(), 1, "the copy for the next start");
    assert_eq!(first, rows());
    // a spoilt copy costs time, not the demo
    let copy = std::fs::read_dir(cache.path()).unwrap().next().unwrap().unwrap().path();
    std::fs::write(&copy, "not an archive").unwrap();
    assert_eq!(first, rows());
}

#[test]
fn the_workload_makes_lock_waits_and_slow_statements() {
    let demo = start(&Options { quiet: false, ..options() });
    let waiting = "select count(*) from pg_stat_activity where application_name like 'demo: %' \
                   and cardinality(pg_blocking_pids(pid)) > 0";
    while count(&demo, waiting) == "0" {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert_ne!(count(&demo, "select count(*) from pg_stat_statements"), "0");
}
