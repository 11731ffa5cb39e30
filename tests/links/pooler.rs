//! Behind PgBouncer; passed over, with a word, where there is none.

use crate::{
    SHOP, ask,
    live::Live,
    operations::{self, Writes, run},
    server,
};
use pgdeck::{
    core::event::Pooler,
    demo::cluster::{Cluster, Settings},
};
use std::{
    fs,
    net::{TcpListener, TcpStream},
    os::unix::{fs::MetadataExt, process::CommandExt},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Settings a session starts with that a pool is often told to let pass unheard.
const LENIENT: &str =
    "extra_float_digits, options, default_transaction_read_only, statement_timeout, synchronize_seqscans";

pub struct Bouncer {
    child: Child,
    port: u16,
    _folder: TempDir,
}

impl Bouncer {
    pub fn start(cluster: &Cluster, mode: &str, ignored: &str, size: usize) -> Option<Self> {
        let places = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/opt/homebrew/bin/pgbouncer"];
        let Some(program) = places.iter().map(PathBuf::from).find(|p| p.exists()) else {
            eprintln!("no pgbouncer on this machine: nothing is tested behind one");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let owner = fs::metadata(cluster.data()).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = format!(
            "[databases]\n* = host={} port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
             auth_type = trust\nauth_file = {users}\npool_mode = {mode}\nmax_client_conn = 100\ndefault_pool_size = {size}\n\
             ignore_startup_parameters = {ignored}\nadmin_users = postgres\nlogfile = {log}\n",
            cluster.folder().display(),
            cluster.port(),
            users = at.join("users").display(),
            log = at.join("log").display(),
        );
        fs::write(at.join("ini"), config).unwrap();
        fs::write(at.join("users"), "\"postgres\" \"\"\n").unwrap();
        for path in [at.to_path_buf(), at.join("ini"), at.join("users")] {
            std::os::unix::fs::chown(path, Some(owner.uid()), Some(owner.gid())).unwrap();
        }
        let mut command = Command::new(program);
        // It refuses to be root, as the server does.
        if fs::metadata(at).unwrap().uid() == owner.uid() && owner.uid() != 0 && is_root() {
            command.uid(owner.uid()).gid(owner.gid());
        }
        let child = command
            .arg("-q")
            .arg(at.join("ini"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let bouncer = Self { child, port, _folder: folder };
        let since = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(since.elapsed() < Duration::from_secs(60), "pgbouncer never listened");
            std::thread::sleep(Duration::from_millis(10));
        }
        Some(bouncer)
    }

    pub fn url(&self) -> String {
        format!("host=127.0.0.1 port={} user=postgres dbname=postgres sslmode=disable", self.port)
    }
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|m| m.uid() == 0)
}

pub fn shop() -> Cluster {
    let cluster = server::start(Settings::default());
    server::execute(&cluster, "postgres", SHOP);
    cluster
}

fn pooler(live: &Live) -> Pooler {
    live.robot.app.world().server().and_then(|s| s.info.as_ref()).map_or(Pooler::None, |i| i.pooler)
}

/// What our sessions left on the connections of the pool: prepared statements and settings that others would meet.
fn left(bouncer: &Bouncer) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut config = tokio_postgres::Config::new();
        config.host("127.0.0.1").port(bouncer.port).user("postgres").dbname("postgres");
        let mut all = vec![];
        // Both connections of the pool at once: each holds one.
        let mut held = vec![];
        for _ in 0..2 {
            let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            client.batch_execute("begin").await.unwrap();
            held.push(client);
        }
        for client in &held {
            let sql = "select 'statement ' || name from pg_prepared_statements union all \
                       select 'setting ' || name from pg_settings where source = 'session' and name not in \
                       ('DateStyle', 'TimeZone', 'client_encoding', 'application_name', 'standard_conforming_strings')";
            for message in client.simple_query(sql).await.unwrap() {
                if let tokio_postgres::SimpleQueryMessage::Row(row) = message {
                    all.push(row.get(0).unwrap_or_default().to_owned());
                }
            }
        }
        all.join(", ")
    })
}

#[test]
fn in_transaction_mode_every_pane_works_and_nothing_is_left_for_others() {
    let cluster = shop();
    let Some(bouncer) = Bouncer::start(&cluster, "transaction", "extra_float_digits", 2) else { return };
    let mut live = operations::all(&bouncer.url(), &cluster, Writes::Yes);
    assert_eq!(pooler(&live), Pooler::Transaction);
    live.see("pooler (transactions)");
    // What cannot be kept is not sent, and says why.
    for text in
        ["set search_path = elsewhere", "prepare p as select 1", "listen jobs", "create temp table t (a int)"]
    {
        run(&mut live, text);
        live.see("not sent: a pooler in transaction mode").settle();
    }
    live.failures.clear();
    run(&mut live, "select 'on ' || 'it goes' as x");
    live.see("on it goes").settle();
    drop(live);
    assert_eq!(left(&bouncer), "");
    let since = Instant::now();
    while ask(&cluster, "select count(*) from pg_stat_activity where state like 'idle in%'") != "0" {
        assert!(since.elapsed() < Duration::from_secs(60), "a transaction is left open");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// What a profile begins with would be somebody else's next.
#[test]
fn startup_sql_that_would_stay_is_not_sent() {
    let cluster = shop();
    let Some(bouncer) = Bouncer::start(&cluster, "transaction", LENIENT, 2) else { return };
    let folder = tempfile::tempdir().unwrap();
    let run = |startup: &str| {
        let config = folder.path().join("c.toml");
        let text = format!("[profile.p]\nconnection = \"{}\"\nstartup = \"{startup}\"\n", bouncer.url());
        fs::write(&config, text).unwrap();
        let sql = folder.path().join("q.sql");
        fs::write(&sql, "select 'in'").unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_pgdeck"));
        command.arg("--config").arg(config).arg("run").arg(sql).args(["--profile", "p", "-w"]);
        let out = command.env("HOME", folder.path()).output().unwrap();
        (out.status.code(), String::from_utf8_lossy(&out.stderr).into_owned())
    };
    let (code, said) = run("select 1; set work_mem = '3MB'");
    assert!(code == Some(3) && said.contains("a pooler stands in between, so this setting"), "{said}");
    assert_eq!(run("set timezone = 'UTC'").0, Some(0));
    assert_eq!(left(&bouncer), "");
}

#[test]
fn a_pool_that_hears_no_settings_is_seen_all_the_same() {
    let cluster = shop();
    let Some(bouncer) = Bouncer::start(&cluster, "transaction", LENIENT, 2) else { return };
    let live = operations::all(&bouncer.url(), &cluster, Writes::Yes);
    assert_eq!(pooler(&live), Pooler::Transaction);
    drop(live);
    assert_eq!(left(&bouncer), "");
}

#[test]
fn in_session_mode_a_session_keeps_what_it_has() {
    let cluster = shop();
    let Some(bouncer) = Bouncer::start(&cluster, "session", "extra_float_digits", 10) else { return };
    let mut live = operations::all(&bouncer.url(), &cluster, Writes::Yes);
    assert_eq!(pooler(&live), Pooler::Session);
    run(&mut live, "set work_mem = '7MB'");
    live.settle();
    run(&mut live, "create temp table kept as select current_setting('work_mem') as is_kept");
    live.settle();
    run(&mut live, "select is_kept from kept");
    live.see("7MB").settle();
    assert!(live.failures.is_empty(), "{:?}", live.failures);
}
