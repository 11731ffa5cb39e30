//! A private PostgreSQL cluster: own folder, own socket, gone when we are gone.
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use super::{
    DemoError,
    find::{self, Bins, Look},
    user::RunAs,
};

/// Starts the server and guards it; see the file's own words.
const GUARD: &str = include_str!("../../assets/demo-server.sh");
/// How long a start may take; a loaded machine may need many seconds for initdb alone.
const PATIENCE: Duration = Duration::from_secs(120);
/// The library behind the statement statistics; a server without it is started without.
const STATEMENTS: &str = "pg_stat_statements";

/// What the cluster should be like.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Which server binaries.
    pub look: Look,
    /// Further server settings (`-c name=value`); they win over the usual ones.
    pub options: Vec<(String, String)>,
    /// Also listen on 127.0.0.1, on a free port.
    pub tcp: bool,
    /// Files for the data folder, written before the server starts: `pg_hba.conf`, certificates.
    pub files: Vec<(String, Vec<u8>)>,
    /// Keep the data in this folder instead of a temporary one.
    pub data: Option<PathBuf>,
    /// A tar file of a prepared data folder to start from instead of `initdb`.
    pub archive: Option<PathBuf>,
}

/// A running private cluster. Dropping it stops the server and removes its folder; so does the end of this
/// process, whatever ends it.
#[derive(Debug)]
pub struct Cluster {
    folder: PathBuf,
    data: PathBuf,
    bins: Bins,
    port: u16,
    has_statements: bool,
    guard: Child,
    /// The guard stops the server when this closes.
    leash: Option<ChildStdin>,
}

impl Cluster {
    /// Starts a cluster with the newest server that works. `progress` hears what is being done.
    pub fn start(settings: &Settings, progress: &mut dyn FnMut(&str)) -> Result<Self, DemoError> {
        let user = RunAs::detect()?;
        let candidates = find::find(&settings.look, user);
        if candidates.is_empty() {
            return Err(DemoError::NoServer(find::looked(&settings.look)));
        }
        let mut problems = Vec::new();
        for bins in candidates {
            progress(&format!("Starting PostgreSQL {} from {}", bins.major, bins.folder.display()));
            match Self::start_with(settings, &bins, user) {
                Ok(cluster) => return Ok(cluster),
                Err(e) => problems.push(format!("{} ({}): {e}", bins.folder.display(), bins.major)),
            }
        }
        Err(DemoError::Start(problems))
    }

    /// With these binaries: as wished, else without the statement statistics.
    fn start_with(settings: &Settings, bins: &Bins, user: RunAs) -> Result<Self, String> {
        let first = Launch::new(settings, bins, user, true).go();
        match first {
            Err(e) if e.contains(STATEMENTS) => Launch::new(settings, bins, user, false).go(),
            other => other,
        }
    }

    /// The folder with the socket; the value of `host` in a connection string.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The data folder.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The server's binaries and major version.
    #[must_use]
    pub fn bins(&self) -> &Bins {
        &self.bins
    }

    /// The port; also part of the socket's name.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether `pg_stat_statements` is loaded (not created) in this server.
    #[must_use]
    pub fn has_statements(&self) -> bool {
        self.has_statements
    }

    /// A connection URI for a database, as the superuser.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let port = if self.port == DEFAULT_PORT { String::new() } else { format!("&port={}", self.port) };
        format!("postgresql:///{database}?host={}&user=postgres{port}", self.folder.display())
    }

    /// What the server has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read(self.folder.join("log"))
            .map(|b| String::from_utf8_lossy(&b).into_owned())
            .unwrap_or_default()
    }

    /// Process id of the guard; the server is its child.
    #[must_use]
    pub fn guard_pid(&self) -> u32 {
        self.guard.id()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.leash.take());
        // the guard itself turns from asking to killing after some seconds, so this ends
        let _ = self.guard.wait();
    }
}

/// The port in the socket's name when nothing listens on TCP.
const DEFAULT_PORT: u16 = 5432;

/// One attempt to start.
struct Launch<'a> {
    settings: &'a Settings,
    bins: &'a Bins,
    user: RunAs,
    statements: bool,
}

impl<'a> Launch<'a> {
    fn new(settings: &'a Settings, bins: &'a Bins, user: RunAs, statements: bool) -> Self {
        Self { settings, bins, user, statements }
    }

    fn go(&self) -> Result<Cluster, String> {
        let folder = short_folder();
        let data = self.settings.data.clone().unwrap_or_else(|| folder.join("data"));
        let port = if self.settings.tcp { free_port()? } else { DEFAULT_PORT };
        let mut command = self.user.command("/bin/sh");
        let archive = self.settings.archive.as_deref().unwrap_or(Path::new(""));
        command
            .args(["-c", GUARD, "pgdeck-demo"])
            .arg(&folder)
            .arg(&data)
            .arg(&self.bins.folder)
            .arg(archive);
        command.arg(self.initdb_words());
        for (name, value) in self.server_settings(port) {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        // own process group: Ctrl+C in the terminal is ours to answer
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut guard = command.spawn().map_err(|e| format!("/bin/sh: {e}"))?;
        let leash = guard.stdin.take();
        let bins = self.bins.clone();
        let has_statements = self.statements;
        let mut cluster = Cluster { folder, data, bins, port, has_statements, guard, leash };
        self.hand_over_files(&mut cluster)?;
        wait_until_ready(&mut cluster)?;
        Ok(cluster)
    }

    /// Waits for the folder, puts the files there and lets the guard go on.
    fn hand_over_files(&self, cluster: &mut Cluster) -> Result<(), String> {
        let mut line = String::new();
        if let Some(out) = cluster.guard.stdout.take() {
            BufReader::new(out).read_line(&mut line).map_err(|e| e.to_string())?;
        }
        if line.trim() != "made" {
            return Err(last_words(cluster));
        }
        if !self.settings.files.is_empty() {
            self.write_files(&cluster.folder.join("files")).map_err(|e| e.to_string())?;
        }
        let leash = cluster.leash.as_mut().ok_or("the guard has no input")?;
        leash.write_all(b"go\n").map_err(|e| e.to_string())
    }

    fn write_files(&self, folder: &Path) -> Result<(), DemoError> {
        fs::create_dir(folder).map_err(DemoError::io("make", folder))?;
        self.user.give(folder)?;
        for (name, bytes) in &self.settings.files {
            let path = folder.join(name);
            fs::write(&path, bytes).map_err(DemoError::io("write", &path))?;
            // private keys must be closed to others, and the server refuses them otherwise
            let closed = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o600);
            fs::set_permissions(&path, closed).map_err(DemoError::io("close", &path))?;
            self.user.give(&path)?;
        }
        Ok(())
    }

    fn initdb_words(&self) -> String {
        let mut args = vec!["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C"];
        if self.settings.data.is_none() {
            args.push("--no-sync");
        }
        args.push("--wal-segsize=1");
        if self.bins.major >= 14 {
            args.push("--no-instructions");
        }
        args.join(" ")
    }

    fn server_settings(&self, port: u16) -> Vec<(String, String)> {
        let listen = if self.settings.tcp { "127.0.0.1" } else { "" };
        let port = port.to_string();
        let mut all = vec![
            ("listen_addresses", listen),
            ("port", &port),
            ("shared_buffers", "64MB"),
            ("max_connections", "50"),
            ("max_wal_size", "256MB"),
            ("track_io_timing", "on"),
            ("jit", "off"),
            ("autovacuum_naptime", "10s"),
            ("log_lock_waits", "on"),
            ("log_destination", "stderr"),
            ("logging_collector", "off"),
        ];
        if self.settings.data.is_none() {
            // nothing here is worth waiting for a disk
            all.extend([("fsync", "off"), ("synchronous_commit", "off"), ("full_page_writes", "off")]);
        }
        if self.statements {
            all.extend([("shared_preload_libraries", STATEMENTS), ("compute_query_id", "on")]);
        }
        if self.bins.major < 14 {
            all.retain(|(name, _)| *name != "compute_query_id");
        }
        let own = all.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        own.chain(self.settings.options.iter().cloned()).collect()
    }
}

/// As `pg_ctl -w` does: the eighth line of `postmaster.pid` says `ready`, the fifth that it is our server.
fn wait_until_ready(cluster: &mut Cluster) -> Result<(), String> {
    let since = Instant::now();
    let pid_file = cluster.data.join("postmaster.pid");
    loop {
        let text = fs::read_to_string(&pid_file).unwrap_or_default();
        let mut lines = text.lines().skip(4);
        let ours = lines.next().is_some_and(|folder| Path::new(folder) == cluster.folder);
        if ours && lines.nth(2).is_some_and(|state| state.trim() == "ready") {
            return Ok(());
        }
        if cluster.guard.try_wait().map_err(|e| e.to_string())?.is_some() {
            return Err(last_words(cluster));
        }
        if since.elapsed() > PATIENCE {
            return Err(format!("not ready after {} s: {}", PATIENCE.as_secs(), tail(&cluster.log())));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What the guard said before it ended: the end of the server's log.
fn last_words(cluster: &mut Cluster) -> String {
    drop(cluster.leash.take());
    let mut text = String::new();
    if let Some(mut err) = cluster.guard.stderr.take() {
        let _ = err.read_to_string(&mut text);
    }
    if text.trim().is_empty() { "it ended without a word".into() } else { tail(&text) }
}

/// The last lines of a log, in one.
fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    lines[lines.len().saturating_sub(5)..].join("; ")
}

/// A new name for a folder. Short, because a socket's path is limited to about a hundred bytes, hence not
/// `$TMPDIR`, which is long on some systems.
fn short_folder() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    let salt =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.subsec_micros());
    let base = if Path::new("/tmp").is_dir() { PathBuf::from("/tmp") } else { std::env::temp_dir() };
    base.join(format!("pgdeck-{}-{n}-{salt:x}", std::process::id()))
}

/// A port nobody listens on right now.
fn free_port() -> Result<u16, String> {
    let socket = TcpListener::bind(("127.0.0.1", 0)).map_err(|e| format!("127.0.0.1: {e}"))?;
    socket.local_addr().map(|a| a.port()).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_new() {
        let (a, b) = (short_folder(), short_folder());
        assert_ne!(a, b);
        let socket = a.join(".s.PGSQL.65535");
        assert!(socket.as_os_str().len() < 100, "{}", socket.display());
    }

    #[test]
    fn the_end_of_a_log_is_one_line() {
        assert_eq!(tail("a\n\n b \nc\nd\ne\nf\n"), "b; c; d; e; f");
        assert_eq!(tail(""), "");
    }
}
