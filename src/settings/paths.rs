//! Where the user's files are.

use directories::ProjectDirs;
use std::path::{Path, PathBuf};

/// The places of the user's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The config file.
    pub config: PathBuf,
    /// The user's themes.
    pub themes: PathBuf,
    /// The user's saved queries.
    pub queries: PathBuf,
    /// The history of statements.
    pub history: PathBuf,
    /// Drafts, column layouts and the like.
    pub kept: PathBuf,
}

impl Paths {
    /// The usual places of this system; `None` when there is no home folder.
    #[must_use]
    pub fn find() -> Option<Self> {
        let dirs = ProjectDirs::from("", "", "pgdeck")?;
        let state = dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir());
        Some(Self::at(dirs.config_dir(), state))
    }

    /// With the user's own files in one folder and what pgdeck remembers in another.
    #[must_use]
    pub fn at(config: &Path, state: &Path) -> Self {
        Self {
            config: config.join("config.toml"),
            themes: config.join("themes"),
            queries: config.join("queries"),
            history: state.join("history.jsonl"),
            kept: state.join("kept"),
        }
    }
}
