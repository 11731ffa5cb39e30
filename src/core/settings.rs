//! The settings panes may read: plain values, read from the user's config by `settings/config`.

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
    /// Spaces a Tab inserts in the SQL editor.
    pub tab_width: u8,
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
            tab_width: 2,
        }
    }
}
