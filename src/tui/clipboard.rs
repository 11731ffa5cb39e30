//! The clipboard: OSC 52 through the terminal, which works over SSH, and the desktop's own tool where there is one.

use crossterm::{clipboard::CopyToClipboard, execute};
use std::{
    env,
    io::{self, Write},
    process::{Command, Stdio},
};

/// Some terminals drop longer OSC 52 sequences without a word.
const OSC52_LIMIT: usize = 74_994;

/// Copies a text. Returns a warning when it may not have arrived.
pub fn copy(text: &str) -> Option<String> {
    let tool = desktop_tool().and_then(|t| run(&t, text).ok());
    let osc = send(text);
    if tool.is_some() {
        None
    } else if osc.is_err() {
        Some("could not write to the terminal".into())
    } else if text.len() > OSC52_LIMIT * 3 / 4 {
        Some(format!("{} KB is more than some terminals take", text.len() / 1024))
    } else {
        None
    }
}

fn send(text: &str) -> io::Result<()> {
    let mut out = io::stdout();
    if env::var_os("TMUX").is_some() {
        // tmux passes OSC 52 on when `set-clipboard` is on; wrapped it arrives with `allow-passthrough` too.
        let inner = osc52(text);
        write!(out, "\x1bPtmux;{}\x1b\\", inner.replace('\x1b', "\x1b\x1b"))?;
    }
    execute!(out, CopyToClipboard::to_clipboard_from(text))
}

fn osc52(text: &str) -> String {
    let mut s = String::new();
    let _ = crossterm::Command::write_ansi(&CopyToClipboard::to_clipboard_from(text), &mut s);
    s
}

/// The desktop's tool, when a desktop is there and we are not at the far end of SSH.
fn desktop_tool() -> Option<Vec<&'static str>> {
    if env::var_os("SSH_CONNECTION").is_some() {
        return None;
    }
    if cfg!(target_os = "macos") {
        return Some(vec!["pbcopy"]);
    }
    if env::var_os("WAYLAND_DISPLAY").is_some() {
        return Some(vec!["wl-copy"]);
    }
    env::var_os("DISPLAY").map(|_| vec!["xclip", "-selection", "clipboard"])
}

fn run(tool: &[&str], text: &str) -> io::Result<()> {
    let mut child = Command::new(tool[0])
        .args(&tool[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    if let Some(mut pipe) = child.stdin.take() {
        pipe.write_all(text.as_bytes())?;
    }
    match child.wait()?.success() {
        true => Ok(()),
        false => Err(io::Error::other("clipboard tool failed")),
    }
}
