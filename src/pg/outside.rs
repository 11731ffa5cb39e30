//! Programs of the user's that a connection needs: the command that gives a password, and `ssh`.

use super::target::{Host, HostKind, Target};
use crate::core::{effect::Secret, error::DbError};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::AsyncReadExt,
    process::{Child, Command},
    sync::Mutex,
    time::{sleep, timeout},
};

/// How long the password command may take: somebody may have to touch a key.
const COMMAND: Duration = Duration::from_secs(60);
/// How long a tunnel may take to stand; somebody may be asked for a passphrase.
const TUNNEL: Duration = Duration::from_secs(60);

/// What a profile wants to be run, and what came of it; shared by all sessions of a connection.
#[derive(Clone, Default)]
pub struct Outside {
    /// A shell command whose first line of output is the password.
    pub password_command: Option<String>,
    /// Where `ssh` goes, as in `ssh DESTINATION`.
    pub ssh: Option<String>,
    /// SQL that every session begins with.
    pub startup: Option<String>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// The terminal is taken: `ssh` fails rather than ask there.
    quiet: AtomicBool,
    password: Mutex<Option<Secret>>,
    tunnel: Mutex<Option<Tunnel>>,
}

impl std::fmt::Debug for Outside {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outside").field("ssh", &self.ssh).finish_non_exhaustive()
    }
}

impl Outside {
    /// For a profile.
    #[must_use]
    pub fn new(password_command: Option<String>, ssh: Option<String>, startup: Option<String>) -> Self {
        Self { password_command, ssh, startup, shared: Arc::default() }
    }

    /// From now on `ssh` asks nothing: the terminal has a screen on it.
    pub fn ask_nothing(&self) {
        self.shared.quiet.store(true, Ordering::Relaxed);
    }

    /// The password the command gives; asked once, and again when `refused` is the one that was given before.
    ///
    /// # Errors
    /// The command failed, said nothing, or took too long.
    pub async fn password(&self, refused: Option<&Secret>) -> Result<Option<Secret>, DbError> {
        let Some(command) = &self.password_command else { return Ok(None) };
        let mut kept = self.shared.password.lock().await;
        if let Some(password) = kept.as_ref().filter(|p| Some(*p) != refused) {
            return Ok(Some(password.clone()));
        }
        let password = ask(command).await?;
        *kept = Some(password.clone());
        Ok(Some(password))
    }

    /// The socket of the tunnel to a host, which is opened when there is none.
    ///
    /// # Errors
    /// `ssh` failed: in its own words.
    pub async fn way(&self, target: &Target, host: usize) -> Result<Option<PathBuf>, DbError> {
        let Some(destination) = &self.ssh else { return Ok(None) };
        let mut kept = self.shared.tunnel.lock().await;
        if kept.as_mut().is_none_or(|t| !t.stands()) {
            *kept = None;
            *kept = Some(
                Tunnel::open(destination, &target.hosts, self.shared.quiet.load(Ordering::Relaxed)).await?,
            );
        }
        Ok(kept.as_ref().and_then(|t| t.sockets.get(&host).cloned()))
    }
}

async fn ask(command: &str) -> Result<Secret, DbError> {
    let fault = |why: String| DbError::client(format!("the password command failed: {why}"));
    let child = Command::new("/bin/sh")
        .args(["-c", command])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|e| fault(e.to_string()))?;
    let ended = timeout(COMMAND, child.wait_with_output()).await;
    let out = match ended {
        Ok(out) => out.map_err(|e| fault(e.to_string()))?,
        Err(_) => return Err(fault(format!("it took longer than {} s", COMMAND.as_secs()))),
    };
    if !out.status.success() {
        // What it printed may be half a password: only what it complained is told.
        let said = String::from_utf8_lossy(&out.stderr).trim().to_owned();
        return Err(fault(if said.is_empty() { out.status.to_string() } else { said }));
    }
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    match text.lines().next().filter(|l| !l.is_empty()) {
        Some(line) => Ok(Secret(line.to_owned())),
        None => Err(fault("it printed nothing".into())),
    }
}

/// A running `ssh` that forwards a private socket to each host.
struct Tunnel {
    child: Child,
    /// While this is open the tunnel stands; it closes with us, however we end.
    _leash: tokio::process::ChildStdin,
    folder: PathBuf,
    sockets: HashMap<usize, PathBuf>,
}

/// Runs its arguments but the first and ends them when its standard input closes. They keep the terminal, for `ssh` to
/// ask what it has to ask. The first is the folder of the sockets, which goes with them however we ended; so the shell
/// itself says nothing, as nobody may be left to hear it.
const LEASH: &str = r#"folder=$1
shift
exec 3<&0
"$@" </dev/null 3<&- &
child=$!
( while read -r _ <&3; do :; done; kill "$child" 2>/dev/null ) </dev/null >/dev/null 2>&1 &
watcher=$!
exec 2>/dev/null 3<&-
wait "$child"
code=$?
kill "$watcher" 2>/dev/null
rm -f "$folder"/*
rmdir "$folder" 2>/dev/null
exit "$code""#;

impl Tunnel {
    async fn open(destination: &str, hosts: &[Host], quiet: bool) -> Result<Self, DbError> {
        let fault = |why: &str| refused(destination, why);
        if destination.starts_with('-') || destination.trim().is_empty() {
            return Err(fault("that is no destination"));
        }
        let folder = private_folder().map_err(|e| fault(&e.to_string()))?;
        let mut sockets = HashMap::new();
        let mut arguments = vec![];
        for (n, host) in hosts.iter().enumerate() {
            let socket = folder.join(n.to_string());
            let Some(far) = far_end(host) else { continue };
            arguments.extend(["-L".to_owned(), format!("{}:{far}", socket.display())]);
            sockets.insert(n, socket);
        }
        let spawned = Command::new("/bin/sh")
            .args(["-c", LEASH, "pgdeck-ssh"])
            .arg(&folder)
            .args(["ssh", "-N", "-T"])
            .args(["-o", "ExitOnForwardFailure=yes", "-o", "StreamLocalBindUnlink=yes"])
            .args(["-o", "ServerAliveInterval=15", "-o", "ControlMaster=no", "-o", "ControlPath=none"])
            .args(["-o", if quiet { "BatchMode=yes" } else { "BatchMode=no" }])
            .args(&arguments)
            .args(["--", destination])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        let mut child = spawned.map_err(|e| fault(&e.to_string()))?;
        let Some(leash) = child.stdin.take() else { return Err(fault("no pipe")) };
        let mut tunnel = Self { child, _leash: leash, folder, sockets };
        tunnel.wait().await.map_err(|why| fault(&why))?;
        Ok(tunnel)
    }

    /// Until every socket is there, or `ssh` has ended.
    async fn wait(&mut self) -> Result<(), String> {
        let mut errors = self.child.stderr.take();
        let there = async {
            while !self.sockets.values().all(|s| s.exists()) {
                if let Ok(Some(status)) = self.child.try_wait() {
                    return Err(status.to_string());
                }
                sleep(Duration::from_millis(20)).await;
            }
            Ok(())
        };
        let ended = timeout(TUNNEL, there).await;
        let ended = ended.unwrap_or_else(|_| Err(format!("it did not stand within {} s", TUNNEL.as_secs())));
        let Err(status) = ended else {
            // What it says later must not fill the pipe.
            if let Some(mut errors) = errors {
                tokio::spawn(async move { tokio::io::copy(&mut errors, &mut tokio::io::sink()).await });
            }
            return Ok(());
        };
        let _ = self.child.start_kill();
        let mut said = vec![];
        if let Some(errors) = &mut errors {
            // Its last words; a child of its own may hold the pipe open.
            let _ = timeout(Duration::from_secs(1), errors.take(4096).read_to_end(&mut said)).await;
        }
        let said = String::from_utf8_lossy(&said).trim().to_owned();
        Err(if said.is_empty() { status } else { said })
    }

    fn stands(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        for socket in self.sockets.values() {
            let _ = std::fs::remove_file(socket);
        }
        let _ = std::fs::remove_dir(&self.folder);
    }
}

/// What `ssh` said: its last words, which tell most, and as detail what it said before, without the frame around it.
fn refused(destination: &str, why: &str) -> DbError {
    let mut lines: Vec<&str> = why.lines().map(str::trim_end).filter(|l| !l.is_empty()).collect();
    let last = lines.pop().unwrap_or(why);
    let before: Vec<&str> =
        lines.iter().map(|l| l.trim_matches('@').trim()).filter(|l| !l.is_empty()).collect();
    DbError {
        detail: (!before.is_empty()).then(|| before.join("\n")),
        ..DbError::client(format!(
            "the SSH tunnel through {destination} failed: {}",
            last.trim_end_matches('.')
        ))
    }
}

/// Where `ssh` is to go on to from its destination.
fn far_end(host: &Host) -> Option<String> {
    if host.kind == HostKind::Socket {
        return host.socket_path().filter(|p| !p.starts_with('@'));
    }
    let name = host.hostaddr.as_deref().filter(|a| !a.is_empty()).or(host.host.as_deref())?;
    let port = host.port_number().unwrap_or(5432);
    Some(if name.contains(':') { format!("[{name}]:{port}") } else { format!("{name}:{port}") })
}

/// A folder for the sockets that nobody else can enter; short, as the paths of sockets are bounded.
fn private_folder() -> std::io::Result<PathBuf> {
    use std::os::unix::fs::DirBuilderExt;
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let own = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|d| d.is_dir());
    let base = own.unwrap_or_else(|| Path::new("/tmp").into());
    loop {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = base.join(format!("pgdeck-ssh-{}-{number}", std::process::id()));
        match std::fs::DirBuilder::new().mode(0o700).create(&folder) {
            Ok(()) => return Ok(folder),
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(e),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::refused;

    #[test]
    fn the_last_words_of_ssh_come_first() {
        let e = refused(
            "db",
            "@@@@@@@\n@  WARNING: CHANGED!  @\n@@@@@@@\nThe key is\nHost key verification failed.\n",
        );
        assert_eq!(e.message, "the SSH tunnel through db failed: Host key verification failed");
        assert_eq!(e.detail.as_deref(), Some("WARNING: CHANGED!\nThe key is"));
        let e = refused("db", "exit status: 255");
        assert_eq!((e.message.ends_with("exit status: 255"), e.detail), (true, None));
    }
}
