//! The settings panes may read: plain values, read from the user's config by `settings/config`.

use ratatui::style::Color;
use std::collections::BTreeMap;

/// What the user can choose. Defaults are those of `assets/config.toml`.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Theme name.
    pub theme: String,
    /// Bytes of result text kept per result.
    pub result_budget: u64,
    /// Seconds a stream may rest before it is ended.
    pub rest_seconds: u64,
    /// Characters of a wide value a grid cell fetches.
    pub cell_prefix: u32,
    /// Widest column on screen, in cells.
    pub column_width: u16,
    /// Mouse on.
    pub mouse: bool,
    /// Show `Space` menu and footer hints.
    pub hints: bool,
    /// Entries kept in the history file.
    pub history_size: usize,
    /// Keys: scope name → key sequence → command name.
    pub keys: BTreeMap<String, BTreeMap<String, String>>,
    /// Seconds EXPLAIN ANALYZE may run; 0: as long as it takes.
    pub analyze_seconds: u64,
    /// Spaces a Tab inserts in the SQL editor.
    pub tab_width: u8,
    /// Which changes of rows are rehearsed, unless a profile says otherwise.
    pub rehearse: Rehearse,
}

/// Which UPDATE, DELETE and MERGE outside of a transaction run in one that is asked about before COMMIT.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rehearse {
    /// All.
    Always,
    /// Those without a WHERE, and MERGE, which has none.
    #[default]
    WithoutWhere,
    /// None.
    Never,
}

impl Rehearse {
    /// By its word in the config.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        match word {
            "always" => Some(Self::Always),
            "without-where" => Some(Self::WithoutWhere),
            "never" => Some(Self::Never),
            _ => None,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: "dark".into(),
            result_budget: 64 << 20,
            rest_seconds: 60,
            cell_prefix: 256,
            column_width: 40,
            mouse: true,
            hints: true,
            history_size: 10_000,
            keys: BTreeMap::new(),
            analyze_seconds: 60,
            tab_width: 2,
            rehearse: Rehearse::default(),
        }
    }
}

/// A named connection of the config.
#[derive(Clone, Default, PartialEq)]
pub struct Profile {
    /// The `NAME` of `[profile.NAME]`.
    pub name: String,
    /// A connection string or URI.
    pub connection: Option<String>,
    /// Connection keywords and values; they go over the connection string's.
    pub params: Vec<(String, String)>,
    /// What the screen calls it.
    pub label: Option<String>,
    /// The colour the screen marks it with.
    pub colour: Option<Color>,
    /// The server is asked to refuse writes.
    pub read_only: bool,
    /// Writes are confirmed by typing the database's name.
    pub production: bool,
    /// Which changes of rows are rehearsed.
    pub rehearse: Option<Rehearse>,
    /// A shell command that prints the password.
    pub password_command: Option<String>,
    /// Where `ssh` goes for a tunnel.
    pub ssh: Option<String>,
    /// SQL that every session begins with.
    pub startup: Option<String>,
    /// What is wrong with it in the config: connecting by it is refused with this text.
    pub problem: Option<String>,
}

impl std::fmt::Debug for Profile {
    /// Nothing that could hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Profile")
            .field("name", &self.name)
            .field("read_only", &self.read_only)
            .field("problem", &self.problem)
            .finish_non_exhaustive()
    }
}
