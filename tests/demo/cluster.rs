//! The private cluster itself.
use std::{
    path::Path,
    time::{Duration, Instant},
};

use pgdeck::demo::{cluster::Settings, find::Look};

use crate::server;

#[test]
fn it_runs_and_is_gone_when_dropped() {
    let cluster = server::start(Settings::default());
    let (folder, guard) = (cluster.folder().to_owned(), cluster.guard_pid());
    server::execute(&cluster, "postgres", "select 1");
    assert!(folder.join(".s.PGSQL.5432").exists());
    drop(cluster);
    assert!(!folder.exists());
    assert!(!Path::new(&format!("/proc/{guard}")).exists());
}

#[test]
fn every_test_has_its_own_database() {
    let (a, b) = (server::database(), server::database());
    a.execute("create table t (i int)");
    b.execute("create table t (i int)");
    assert_ne!(a.url(), b.url());
}

#[test]
fn the_posts_are_there() {
    let db = server::database_with_posts();
    db.execute("do $$ begin assert (select count(*) from posts) = 3000 and (select count(*) from users) = 300; end $$");
    db.execute("do $$ begin assert (select content from posts where id = 75) = ''; end $$");
}

#[test]
fn settings_files_and_tcp_are_taken() {
    let hba = b"local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n".to_vec();
    let settings = Settings {
        options: vec![("log_statement".into(), "all".into())],
        tcp: true,
        files: vec![("pg_hba.conf".into(), hba)],
        ..Settings::default()
    };
    let cluster = server::start(settings);
    server::execute(&cluster, "postgres", "select 'seen in the log'");
    assert!(cluster.log().contains("statement: select 'seen in the log'"));
    assert!(std::net::TcpStream::connect(("127.0.0.1", cluster.port())).is_ok());
}

#[test]
fn a_server_that_cannot_start_says_why_and_leaves_nothing() {
    let look = Look::Folder(server::cluster().bins().folder.clone());
    let before = folders();
    let options = vec![("shared_buffers".into(), "lots".into())];
    let settings = Settings { look, options, ..Settings::default() };
    let error = pgdeck::demo::cluster::Cluster::start(&settings, &mut |_| ()).unwrap_err().to_string();
    assert!(error.contains("shared_buffers"), "{error}");
    // Servers of other tests are just starting: theirs get a pid, ours would stay without one.
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let new: Vec<_> = folders().into_iter().filter(|f| !before.contains(f)).collect();
        let left: Vec<_> = new.iter().filter(|f| !Path::new(f).join("pid").exists()).collect();
        if left.is_empty() {
            break;
        }
        assert!(Instant::now() < deadline, "{left:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Folders of this test program's clusters.
fn folders() -> Vec<String> {
    let mine = format!("pgdeck-{}-", std::process::id());
    let names = std::fs::read_dir("/tmp").unwrap().map(|e| e.unwrap().path().display().to_string());
    names.filter(|n| n.contains(&mine)).collect()
}
