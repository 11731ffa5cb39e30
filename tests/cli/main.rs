//! The real binary on a real server, without a screen.

#[path = "../support/server.rs"]
mod server;
#[path = "../support/signal.rs"]
mod signal;

mod cases;
mod doctor;
mod encodings;
mod ends;
mod explain;
mod formats;
mod live;
mod log;
mod output;
mod params;
mod profiles;
mod read_only;
mod saved;
mod splitting;

use std::{
    io::Write,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

/// What a run left.
pub struct Ran {
    /// Exit code.
    pub code: i32,
    /// Standard output, bytes as they are.
    pub raw: Vec<u8>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl From<Output> for Ran {
    fn from(o: Output) -> Self {
        Self {
            code: o.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&o.stdout).into_owned(),
            raw: o.stdout,
            err: String::from_utf8_lossy(&o.stderr).into_owned(),
        }
    }
}

/// The binary with nothing of this machine's user in its environment.
pub fn pgdeck(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pgdeck"));
    command.args(args).env_clear().current_dir("/");
    command.env("HOME", "/nonexistent").env("TZ", "UTC");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs to the end with this on standard input.
pub fn fed(mut command: Command, input: impl AsRef<[u8]>) -> Ran {
    let mut child = command.stdin(Stdio::piped()).spawn().expect("the binary starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.as_ref().to_vec();
    // in a thread: it may print more than a pipe holds before it has read all
    let feeding = std::thread::spawn(move || {
        // who does not read to the end is no failure of the feeder
        let _ = stdin.write_all(&input);
    });
    let ran = child.wait_with_output().expect("the binary ends").into();
    feeding.join().expect("fed");
    ran
}

/// Runs an SQL script on a database.
pub fn script(url: &str, args: &[&str], sql: &str) -> Ran {
    let all: Vec<&str> = ["run", "-", "-d", url].into_iter().chain(args.iter().copied()).collect();
    fed(pgdeck(&all), sql)
}

/// Runs a file or a saved query on a database.
pub fn query(url: &str, name: &str, args: &[&str]) -> Ran {
    let all: Vec<&str> = ["run", name, "-d", url].into_iter().chain(args.iter().copied()).collect();
    pgdeck(&all).output().expect("the binary runs").into()
}

/// A file in a folder.
pub fn file(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).expect("a file");
    path.display().to_string()
}

/// Sends a signal to a child that was started here.
pub fn signal(child: &Child, name: &str) {
    signal::send(child.id(), name);
}

/// Waits until a condition holds; some other process makes it true.
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    for _ in 0..600 {
        if condition() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("never: {what}");
}
