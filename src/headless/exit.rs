//! The exit codes of every subcommand.

use std::process::ExitCode;

/// How a subcommand ended. The numbers are documented in `--help` and the manual page and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// The server refused a statement.
    Refused = 1,
    /// Usage: a bad option, connection string, parameter or saved query; nothing was sent.
    Usage = 2,
    /// No connection, or it was lost.
    NoConnection = 3,
    /// An expectation failed (`--fail-if-rows`, `--fail-if-empty`).
    Unexpected = 4,
    /// The time given was up.
    Timeout = 5,
    /// Interrupted by Ctrl+C or a signal.
    Interrupted = 130,
}

impl Exit {
    /// The number a shell sees.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
