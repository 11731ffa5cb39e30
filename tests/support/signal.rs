//! Signals to programs under test, by the shell: a machine may have no `kill` of its own.

/// Sends a signal by name (`TERM`).
pub fn send(pid: u32, name: &str) {
    let mut shell = std::process::Command::new("/bin/sh");
    let sent = shell.args(["-c", "kill -s \"$0\" \"$1\"", name, &pid.to_string()]).status();
    assert!(sent.is_ok_and(|s| s.success()), "kill -s {name} {pid}");
}
