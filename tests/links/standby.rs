//! A streaming standby: writes say what it is, conflicts are survived, promotion is noticed. Passed over, with a word,
//! where the server's programs have no `pg_basebackup`.

use crate::{
    SHOP, ask,
    operations::{self, Writes, run},
    server,
};
use pgdeck::demo::cluster::{Cluster, Settings};
use std::{
    fs,
    os::unix::{fs::MetadataExt, process::CommandExt},
    process::Command,
    time::{Duration, Instant},
};
use tempfile::TempDir;

const HBA: &str = "local all all trust\nlocal replication all trust\n";

pub struct Pair {
    pub primary: Cluster,
    pub standby: Cluster,
    _data: TempDir,
}

/// `delay` is how long the standby lets a statement hold up what the primary did; -1 is for ever.
fn pair(delay: &str) -> Option<Pair> {
    pair_with(delay, &[])
}

/// The same with more settings of the primary.
pub fn pair_with(delay: &str, more: &[(&str, &str)]) -> Option<Pair> {
    let on = |pairs: &[(&str, &str)]| pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let primary = server::start(Settings {
        options: on(&[
            &[
                ("wal_level", "replica"),
                ("full_page_writes", "on"),
                ("wal_keep_size", "64MB"),
                // What it removes by itself would end statements on the standby at any moment.
                ("autovacuum", "off"),
            ],
            more,
        ]
        .concat()),
        files: vec![("pg_hba.conf".into(), HBA.into())],
        ..Settings::default()
    });
    server::execute(&primary, "postgres", SHOP);
    let program = primary.bins().folder.join("pg_basebackup");
    if !program.exists() {
        eprintln!("no pg_basebackup beside this server: no standby is tested");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let owner = fs::metadata(primary.data()).unwrap();
    std::os::unix::fs::chown(folder.path(), Some(owner.uid()), Some(owner.gid())).unwrap();
    let data = folder.path().join("data");
    let mut command = Command::new(program);
    if fs::metadata("/proc/self").is_ok_and(|m| m.uid() == 0) {
        command.uid(owner.uid()).gid(owner.gid());
    }
    let port = primary.port().to_string();
    let done = command
        .args(["-h", &primary.folder().display().to_string(), "-p", &port, "-U", "postgres"])
        .args(["-D", &data.display().to_string(), "-R", "-X", "stream", "-c", "fast"])
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let standby = server::start(Settings {
        options: on(&[
            ("hot_standby", "on"),
            ("max_standby_streaming_delay", delay),
            ("wal_receiver_status_interval", "1s"),
        ]),
        data: Some(data),
        ..Settings::default()
    });
    let pair = Pair { primary, standby, _data: folder };
    // A build that was moved may not find the library its receiver needs.
    let since = Instant::now();
    while ask(&pair.standby, "select count(*) from pg_stat_wal_receiver where status = 'streaming'") != "1" {
        let log = pair.standby.log();
        // It found none, or that of another version.
        if log.contains("could not load library") || log.contains("invalid connection string syntax") {
            eprintln!("this server's standby cannot load what it streams with: no standby is tested");
            return None;
        }
        assert!(since.elapsed() < Duration::from_secs(60), "the standby does not stream: {log}");
        std::thread::sleep(Duration::from_millis(20));
    }
    pair.caught_up();
    Some(pair)
}

impl Pair {
    /// Waits until the standby has replayed everything.
    fn caught_up(&self) {
        // Commits that did not wait are not written yet, let alone sent.
        let at = ask(&self.primary, "select pg_current_wal_insert_lsn()");
        let since = Instant::now();
        while ask(&self.standby, &format!("select coalesce(pg_last_wal_replay_lsn() >= '{at}', false)"))
            != "t"
        {
            assert!(since.elapsed() < Duration::from_secs(60), "the standby does not follow");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn url(&self) -> String {
        self.standby.url("postgres")
    }
}

#[test]
fn every_pane_works_on_a_standby_and_writes_say_what_it_is() {
    let Some(pair) = pair("-1") else { return };
    let mut live = operations::all(&pair.url(), &pair.primary, Writes::Standby);
    live.see("standby");
    // Promotion is noticed without anybody's doing.
    assert_eq!(ask(&pair.standby, "select pg_promote()"), "t");
    live.until(|r| r.app.world().server().and_then(|s| s.info.as_ref()).is_some_and(|i| !i.standby));
    live.see("was promoted");
    // The change that was refused is still staged, and is taken now.
    live.keys("<ctrl-s>").see("otherwise all is rolled back").keys("<ctrl-s>").see("1 change applied");
    assert_eq!(ask(&pair.standby, "select name from users where id = 1"), "edited");
}

#[test]
fn a_conflict_with_replay_is_told_in_words_and_survived() {
    let Some(pair) = pair("100ms") else { return };
    let mut live = crate::live::Live::at(&pair.url(), &[], 120, 40);
    run(&mut live, "select count(*), pg_sleep(600) from users");
    // Reading its catalogs, the primary may tidy a page of them, and end it already.
    live.until(|r| ["Ctrl+C cancels", "conflict with recovery"].iter().any(|seen| r.screen().contains(seen)));
    // Rows that the statement may still want to see are removed on the primary.
    server::execute(&pair.primary, "postgres", "delete from posts; delete from users where id > 100");
    server::execute(&pair.primary, "postgres", "vacuum users");
    live.see("conflict with recovery").see("Run it again").settle();
    live.failures.clear();
    run(&mut live, "select 'on ' || 'it goes' as x");
    live.see("on it goes").settle();
}

#[test]
fn a_standby_that_falls_behind_says_how_far() {
    let Some(pair) = pair("-1") else { return };
    let mut live = crate::live::Live::at(&pair.url(), &[], 120, 40);
    // It tells its delay by the last transaction it replayed.
    server::execute(&pair.primary, "postgres", "update users set mail = 'first'");
    pair.caught_up();
    server::execute(&pair.standby, "postgres", "select pg_wal_replay_pause()");
    server::execute(&pair.primary, "postgres", "update users set mail = 'late'");
    live.until(|r| r.screen().contains(" behind"));
    server::execute(&pair.standby, "postgres", "select pg_wal_replay_resume()");
    live.until(|r| !r.screen().contains(" behind"));
}

#[test]
fn of_several_hosts_the_one_that_is_wanted_is_found() {
    let Some(pair) = pair("-1") else { return };
    let both = format!(
        "host={},{} port={},{} user=postgres dbname=postgres",
        pair.standby.folder().display(),
        pair.primary.folder().display(),
        pair.standby.port(),
        pair.primary.port()
    );
    for (attrs, standby) in [
        ("read-write", false),
        ("primary", false),
        ("standby", true),
        ("prefer-standby", true),
        ("read-only", true),
        ("any", true),
    ] {
        let live = crate::live::Live::at(&format!("{both} target_session_attrs={attrs}"), &[], 80, 24);
        let info = live.robot.app.world().server().and_then(|s| s.info.clone()).unwrap();
        assert_eq!(info.standby, standby, "{attrs}");
    }
}
