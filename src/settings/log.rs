//! The log file: opened for the user alone, written line by line as things happen.

use super::files::make_private;
use std::{fs::OpenOptions, os::unix::fs::OpenOptionsExt, path::Path, sync::Mutex};
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    fmt,
    layer::{Layer, SubscriberExt},
    util::SubscriberInitExt,
};

/// From here on what is told to these targets is added to the file.
///
/// # Errors
/// The file cannot be written; in plain words.
pub fn start(path: &Path, targets: &[&str]) -> Result<(), String> {
    let fault = |e: &dyn std::fmt::Display| format!("the log {} cannot be written: {e}", path.display());
    let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path).map_err(|e| fault(&e))?;
    // One that was there before may be open to others; a pipe or a terminal is what it is.
    if file.metadata().is_ok_and(|m| m.is_file()) {
        make_private(&file).map_err(|e| fault(&e))?;
    }
    let only = Targets::new().with_targets(targets.iter().map(|t| (*t, LevelFilter::INFO)));
    let lines =
        fmt::layer().with_writer(Mutex::new(file)).with_ansi(false).with_target(false).with_level(false);
    tracing_subscriber::registry().with(lines.with_filter(only)).try_init().map_err(|e| fault(&e))
}
