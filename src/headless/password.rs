//! Asking for a password on the terminal, whatever standard input and output are used for.

use crate::{
    pg::target::{Prompt, Target},
    text::clean,
};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::{
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, Write},
};

/// Asks, unless the user forbade it (`-w`) or there is no terminal. `None`: nothing was given.
#[must_use]
pub fn ask(target: &Target, whom: &str) -> Option<String> {
    if target.prompt == Prompt::Never {
        return None;
    }
    let mut terminal = OpenOptions::new().read(true).write(true).open("/dev/tty").ok()?;
    write!(terminal, "Password for {}: ", clean::line(whom)).ok()?;
    let line = {
        let _quiet = Quiet::on(&terminal)?;
        let mut line = String::new();
        BufReader::new(terminal.try_clone().ok()?).read_line(&mut line).ok()?;
        line
    };
    writeln!(terminal).ok()?;
    let password = line.strip_suffix('\n').unwrap_or(&line);
    (!password.is_empty()).then(|| password.to_owned())
}

/// The terminal without echo; as it was before when dropped.
struct Quiet {
    terminal: File,
    before: Termios,
}

impl Quiet {
    fn on(terminal: &File) -> Option<Self> {
        let before = tcgetattr(terminal).ok()?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        tcsetattr(terminal, OptionalActions::Flush, &quiet).ok()?;
        Some(Self { terminal: terminal.try_clone().ok()?, before })
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        let _ = tcsetattr(&self.terminal, OptionalActions::Flush, &self.before);
    }
}
