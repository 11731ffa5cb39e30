//! What can go wrong on the way to a throw-away server, said so that the reader knows what to do.
use std::path::{Path, PathBuf};

/// Why there is no throw-away server.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// No server binaries on this machine.
    #[error("no PostgreSQL server (13 or newer) was found on this machine\n{0}")]
    NoServer(String),
    /// Every candidate failed to start; one line for each.
    #[error("no PostgreSQL server could be started\n{}", .0.join("\n"))]
    Start(Vec<String>),
    /// A file or folder could not be made or read.
    #[error("cannot {doing} {path}: {source}", path = .path.display())]
    Io {
        /// "make", "read" …
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The machine does not let us start a server as an ordinary user.
    #[error("{0}")]
    User(String),
    /// Fetching the server binaries failed.
    #[error("{0}")]
    Obtain(String),
    /// The folder of `--keep` cannot be used.
    #[error("{0}")]
    Keep(String),
    /// The server runs, but filling or asking it failed.
    #[error("the demo server refused a statement: {0}")]
    Sql(String),
}

impl DemoError {
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }
}
