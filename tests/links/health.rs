//! What Health says of real standbys, slots, archiving, long operations and pools: servers that have them, not answers
//! that were made up.

use crate::{
    ask,
    live::Live,
    pooler::{self, Bouncer},
    server,
    standby::{Pair, pair_with},
};
use pgdeck::{
    data::health::{Level, Line},
    demo::cluster::Cluster,
};
use std::{
    os::unix::{fs::MetadataExt, process::CommandExt},
    process::{Child, Command, Stdio},
    sync::Arc,
};
use tokio_postgres::{Client, NoTls};

/// The newest line of this name.
fn line(live: &Live, name: &str) -> Option<Arc<Line>> {
    let server = live.robot.app.world().server()?;
    server.live.checkups.last()?.lines.iter().find(|line| line.name == name).cloned()
}

/// Waits until a line says what it should.
#[track_caller]
fn until(live: &mut Live, name: &str, holds: impl Fn(&Line) -> bool) -> Arc<Line> {
    let mut found = None;
    live.until(|r| {
        let checkup = r.app.world().server().and_then(|s| s.live.checkups.last());
        found = checkup.and_then(|c| c.lines.iter().find(|line| line.name == name && holds(line)).cloned());
        found.is_some()
    });
    found.unwrap_or_else(|| panic!("{name}"))
}

/// A session that does something long.
fn busy(live: &Live, cluster: &Cluster, before: &str, statement: &'static str) -> Client {
    let config: tokio_postgres::Config = cluster.url("postgres").parse().unwrap();
    live.block_on(async {
        let (client, connection) = config.connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute(before).await.unwrap();
        // It runs on while the client is kept; its end with the test is no failure.
        let query = client.simple_query_raw(statement).await.unwrap();
        drop(query);
        client
    })
}

/// A base backup that takes minutes.
struct Backup(Child);

impl Backup {
    fn start(pair: &Pair, folder: &std::path::Path) -> Self {
        let primary = &pair.primary;
        let owner = std::fs::metadata(primary.data()).unwrap();
        std::os::unix::fs::chown(folder, Some(owner.uid()), Some(owner.gid())).unwrap();
        let mut command = Command::new(primary.bins().folder.join("pg_basebackup"));
        if std::fs::metadata("/proc/self").is_ok_and(|m| m.uid() == 0) {
            command.uid(owner.uid()).gid(owner.gid());
        }
        let (host, port) = (primary.folder().display().to_string(), primary.port().to_string());
        command.args(["-h", &host, "-p", &port, "-U", "postgres", "-X", "none", "-c", "fast"]);
        command.args(["--max-rate", "32k", "-D"]).arg(folder.join("copy"));
        Self(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Backup {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn standbys_slots_and_an_archive_that_fails() {
    let archiving = [("archive_mode", "on"), ("archive_command", "false")];
    let Some(pair) = pair_with("-1", &archiving) else { return };
    let make = "select pg_create_physical_replication_slot('left_behind', true)";
    server::execute(&pair.primary, "postgres", make);
    // A file of the log is full, and nobody takes it.
    server::execute(&pair.primary, "postgres", "select txid_current(); select pg_switch_wal()");
    let mut live = Live::at(&pair.primary.url("postgres"), &[], 120, 40);
    live.keys("<alt-8>");
    let archive = until(&mut live, "Archive", |line| line.level == Level::Critical);
    assert!(archive.value.starts_with("FAILS, last success never"), "{archive:?}");
    // How many wait is asked once a minute; F5 asks anew.
    live.keys("<f5>");
    until(&mut live, "To be archived", |line| line.value != "0 files");
    let slot = until(&mut live, "Slot left_behind", |line| line.value.contains("nobody reads it"));
    assert_eq!(slot.level, Level::Warning, "{slot:?}");
    assert_eq!(slot.sql.as_deref(), Some("SELECT pg_drop_replication_slot('left_behind');"));

    // Who receives calls itself after its cluster, or walreceiver.
    let name = ask(&pair.primary, "select 'Standby ' || application_name from pg_stat_replication");
    until(&mut live, &name, |line| line.level == Level::Good && line.value.ends_with(" behind, streaming"));
    server::execute(&pair.standby, "postgres", "select pg_wal_replay_pause()");
    // The receiver is behind when it received and did not replay.
    server::execute(&pair.primary, "postgres", "create table t as select generate_series(1, 100000)");
    let late = until(&mut live, &name, |line| line.value.contains(" MB behind"));
    assert!(late.details.iter().any(|d| d.ends_with("MB not replayed there.")), "{late:?}");

    let mut there = Live::at(&pair.standby.url("postgres"), &[], 120, 40);
    there.keys("<alt-8>");
    let paused = until(&mut there, "Replay on this standby", |line| line.value == "paused");
    assert_eq!(
        (paused.level, paused.sql.as_deref()),
        (Level::Warning, Some("SELECT pg_wal_replay_resume();"))
    );
    until(&mut there, "Receives", |line| line.value.starts_with("streaming from "));
    server::execute(&pair.standby, "postgres", "select pg_wal_replay_resume()");
    until(&mut there, "Replay on this standby", |line| line.value.ends_with(" behind"));
    until(&mut live, &name, |line| line.value.starts_with("0 B behind"));
    // The screen has what the lines say.
    assert!(live.robot.screen().contains("Slot left_behind"), "{}", live.robot.screen());
    server::execute(&pair.primary, "postgres", "select pg_drop_replication_slot('left_behind')");
    live.until(|r| !r.screen().contains("Slot left_behind"));
    assert!(line(&live, "Archive").is_some());
}

#[test]
fn long_operations_say_how_far_they_are() {
    let Some(pair) = pair_with("-1", &[]) else { return };
    let big = "create table big as select g, md5(g::text) from generate_series(1, 200000) g; delete from big where g % 2 = 0";
    server::execute(&pair.primary, "postgres", big);
    server::execute(&pair.primary, "postgres", "create table other as select 1 as g");
    let mut live = Live::at(&pair.primary.url("postgres"), &[], 120, 40);
    let slow = "set vacuum_cost_delay = 100; set vacuum_cost_limit = 1";
    let _vacuum = busy(&live, &pair.primary, slow, "vacuum big");
    let _writer = busy(&live, &pair.primary, "begin; insert into other values (2)", "select 'open'");
    let _index = busy(&live, &pair.primary, "select 1", "create index concurrently on other (g)");
    let folder = tempfile::tempdir().unwrap();
    let _backup = Backup::start(&pair, folder.path());
    live.keys("<alt-8>");
    let vacuum = until(&mut live, "VACUUM big", |line| line.value.ends_with("scanning heap"));
    assert!(vacuum.value.contains(" blocks, "), "{vacuum:?}");
    let index = until(&mut live, "CREATE INDEX CONCURRENTLY other", |line| line.level == Level::Warning);
    assert!(index.value.contains("waiting for writers before build"), "{index:?}");
    assert!(index.details.iter().any(|d| d.contains("waits for 0/1, now for pid ")), "{index:?}");
    let backup = until(&mut live, "BASE BACKUP", |line| line.value.ends_with("streaming database files"));
    assert!(backup.value.contains('%'), "{backup:?}");
    // Of what is over nothing stays.
    drop(_backup);
    live.until(|r| !r.screen().contains("BASE BACKUP"));
}

#[test]
fn the_console_of_a_pool_tells_who_waits_in_it() {
    let cluster = pooler::shop();
    let Some(bouncer) = Bouncer::start(&cluster, "transaction", "extra_float_digits", 1) else { return };
    let console = bouncer.url().replace("dbname=postgres", "dbname=pgbouncer");
    let mut live = Live::begin(&console, &[], 120, 40);
    // One has the only connection in a transaction, the other one waits for it.
    let config: tokio_postgres::Config = bouncer.url().parse().unwrap();
    let _held = live.block_on(async {
        let (client, connection) = config.connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute("begin").await.unwrap();
        client
    });
    live.keys("<alt-8>");
    until(&mut live, "Pool postgres@postgres", |line| line.value == "1 clients active, 0 waiting, 1 servers");
    live.block_on(async {
        let (client, connection) = config.connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        tokio::spawn(async move { client.batch_execute("select 1").await });
    });
    let waits = until(&mut live, "Pool postgres@postgres", |line| line.value.contains(" 1 waiting"));
    assert!(waits.level.calls() && !waits.advice.is_empty(), "{waits:?}");
    until(&mut live, "Longest wait postgres@postgres", |_| true);
    until(&mut live, "Clients", |line| line.value.ends_with(" of 100"));
}
