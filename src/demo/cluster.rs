//! A private PostgreSQL cluster: own folder, own socket, gone when we are gone.
use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use super::{
    DemoError, Progress,
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
    /// Where a prepared data folder to start from instead of `initdb` may be ([`Cluster::pack`]).
    pub archive: Option<Archive>,
}

/// Archives of prepared data folders, one for each server version and content.
#[derive(Clone, Debug)]
pub struct Archive {
    folder: PathBuf,
    content: u64,
}

impl Archive {
    /// In this folder, for data made from `content`.
    #[must_use]
    pub fn new(folder: &Path, content: &impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        content.hash(&mut hasher);
        Self { folder: folder.to_owned(), content: hasher.finish() }
    }

    /// The file for these binaries.
    #[must_use]
    pub fn path(&self, bins: &Bins) -> PathBuf {
        let mut hasher = DefaultHasher::new();
        (self.content, &bins.version, std::env::consts::ARCH).hash(&mut hasher);
        self.folder.join(format!("demo-{}-{:016x}.tar.gz", bins.major, hasher.finish()))
    }
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
    archive: Option<PathBuf>,
    guard: Child,
    /// The guard stops the server when this closes.
    leash: Option<ChildStdin>,
}

impl Cluster {
    /// Starts a cluster with the newest server that works. `progress` hears what is being done.
    pub fn start(settings: &Settings, progress: Progress) -> Result<Self, DemoError> {
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

    /// With these binaries: as wished, else without the statement statistics, else without the archive.
    fn start_with(settings: &Settings, bins: &Bins, user: RunAs) -> Result<Self, String> {
        let mut launch = Launch::new(settings, bins, user);
        let mut started = launch.go();
        if started.as_ref().is_err_and(|e| e.contains(STATEMENTS)) {
            launch.statements = false;
            started = launch.go();
        }
        if let (Err(_), Some(broken)) = (&started, launch.archive.take_if(|a| a.exists())) {
            let _ = fs::remove_file(&broken);
            started = launch.go();
        }
        started
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

    /// Where the archive of this server's data belongs, if archives are wished.
    #[must_use]
    pub fn archive(&self) -> Option<&Path> {
        self.archive.as_deref()
    }

    /// Stops the server, packs its data folder, starts it again; the archive is at the path given back and goes
    /// with the cluster.
    pub fn pack(&mut self) -> Result<PathBuf, DemoError> {
        let failed = |why: String| DemoError::Start(vec![format!("packing the data folder: {why}")]);
        let before = server_pid(&self.data);
        let leash = self.leash.as_mut().ok_or_else(|| failed("the guard has no input".into()))?;
        leash.write_all(b"pack\n").map_err(|e| failed(e.to_string()))?;
        wait_until_ready(self, before.as_deref()).map_err(failed)?;
        let packed = self.folder.join("packed");
        if packed.exists() { Ok(packed) } else { Err(failed(tail(&self.log()))) }
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

/// How to start, and what may have to be given up.
struct Launch<'a> {
    settings: &'a Settings,
    bins: &'a Bins,
    user: RunAs,
    statements: bool,
    archive: Option<PathBuf>,
}

impl<'a> Launch<'a> {
    fn new(settings: &'a Settings, bins: &'a Bins, user: RunAs) -> Self {
        let archive = settings.archive.as_ref().map(|a| a.path(bins));
        Self { settings, bins, user, statements: true, archive }
    }

    fn go(&self) -> Result<Cluster, String> {
        let folder = short_folder();
        let data = self.settings.data.clone().unwrap_or_else(|| folder.join("data"));
        let port = if self.settings.tcp { free_port()? } else { DEFAULT_PORT };
        let mut command = self.user.command("/bin/sh");
        let archive = self.archive.as_deref().filter(|a| a.exists()).unwrap_or(Path::new(""));
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
        let archive = self.settings.archive.as_ref().map(|a| a.path(&bins));
        let mut cluster = Cluster { folder, data, bins, port, has_statements, archive, guard, leash };
        self.hand_over_files(&mut cluster)?;
        wait_until_ready(&mut cluster, None)?;
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
            // what is old is of no use here and would only make the copy for the next start larger
            ("min_wal_size", "2MB"),
            ("wal_recycle", "off"),
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

/// The first line of `postmaster.pid`.
fn server_pid(data: &Path) -> Option<String> {
    fs::read_to_string(data.join("postmaster.pid")).ok()?.lines().next().map(str::to_owned)
}

/// As `pg_ctl -w` does: the eighth line of `postmaster.pid` says `ready`, the fifth that it is our server; the
/// first is not that of the server that was there `before`.
fn wait_until_ready(cluster: &mut Cluster, before: Option<&str>) -> Result<(), String> {
    let since = Instant::now();
    let pid_file = cluster.data.join("postmaster.pid");
    loop {
        let text = fs::read_to_string(&pid_file).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let ours = lines.get(4).is_some_and(|folder| Path::new(folder) == cluster.folder);
        let new = lines.first().copied() != before;
        if ours && new && lines.get(7).is_some_and(|state| state.trim() == "ready") {
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
