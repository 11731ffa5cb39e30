//! `$EDITOR` on a text, with the screen handed over and taken back.

use std::{
    env, fs,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    process::Command,
};

/// The editor's command line: `$VISUAL`, `$EDITOR`, or `vi`.
fn command() -> String {
    ["VISUAL", "EDITOR"]
        .iter()
        .find_map(|n| env::var(n).ok().filter(|v| !v.trim().is_empty()))
        .unwrap_or_else(|| "vi".into())
}

/// Runs the editor on a private temporary file and returns what it left. The screen must have been left.
///
/// # Errors
/// In plain words; the text of the file is never lost silently: its path is in the message.
pub fn edit(text: &str, suffix: &str) -> Result<String, String> {
    let folder = env::temp_dir().join(format!("pgdeck-edit-{}", std::process::id()));
    let say = |e: io::Error| format!("cannot make a temporary file in {}: {e}", folder.display());
    fs::DirBuilder::new().mode(0o700).recursive(true).create(&folder).map_err(say)?;
    let path = folder.join(format!("text{suffix}"));
    let written = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&path)
        .and_then(|mut f| f.write_all(text.as_bytes()));
    written.map_err(say)?;
    let command = command();
    // As git does: the variable may hold options, so a shell splits it.
    let status =
        Command::new("/bin/sh").arg("-c").arg(format!("{command} \"$1\"")).arg(&command).arg(&path).status();
    let outcome = match status {
        Err(e) => Err(format!("cannot start {command}: {e}")),
        Ok(s) if !s.success() => Err(format!("{command} ended with {s}: the text is unchanged")),
        Ok(_) => fs::read_to_string(&path).map_err(|e| format!("cannot read {} back: {e}", path.display())),
    };
    let _ = fs::remove_dir_all(&folder);
    outcome
}
