//! Nothing is left behind, whatever ends the program.
use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::server;

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
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
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
    for signal in ["INT", "TERM", "HUP"] {
        let mut running = Running::start();
        let folder = running.folder();
        assert!(!processes(&folder).is_empty());
        running.signal(signal);
        assert!(running.child.wait().unwrap().success(), "{signal}");
        assert!(!folder.exists(), "{signal}");
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

/// What `pgdeck demo` says on standard error on a machine with these programs in its PATH.
fn refusal(bin: &str, programs: &[&str]) -> String {
    let place = tempfile::Builder::new().prefix("pgdeck-cache-").tempdir_in("/tmp").unwrap();
    for name in programs {
        let real = ["/usr/bin", "/bin"].iter().map(|f| Path::new(f).join(name)).find(|p| p.exists()).unwrap();
        std::os::unix::fs::symlink(real, place.path().join(name)).unwrap();
    }
    let out = Command::new(env!("CARGO_BIN_EXE_pgdeck"))
        .args(["demo", "--print-url"])
        .env("PGDECK_PG_BIN", bin)
        .env("PGDECK_CACHE", place.path().join("cache"))
        .env("PATH", place.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(!out.status.success() && out.stdout.is_empty());
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
