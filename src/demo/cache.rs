//! The folder where fetched server binaries and the prepared demo database wait for the next start.
use std::{
    env, fs,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use super::DemoError;

/// The cache folder. A server started by root runs as somebody else, who cannot look into root's home.
pub(crate) fn folder() -> Option<PathBuf> {
    if let Some(v) = env::var_os("PGDECK_CACHE").filter(|v| !v.is_empty()) {
        return Some(PathBuf::from(v));
    }
    if rustix::process::geteuid().is_root() {
        let parent = if Path::new("/var/cache").is_dir() { "/var/cache" } else { "/var/tmp" };
        return Some(Path::new(parent).join("pgdeck"));
    }
    directories::ProjectDirs::from("", "", "pgdeck").map(|d| d.cache_dir().to_owned())
}

/// Makes the folder and those above it, open to be read by the server's user.
pub(crate) fn make(folder: &Path) -> Result<(), DemoError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o755);
    builder.create(folder).map_err(DemoError::io("make", folder))?;
    // the mask of the user may have closed them
    for made in [self::folder().as_deref().filter(|f| folder.starts_with(f)), Some(folder)]
        .into_iter()
        .flatten()
        .filter(|f| f.exists())
    {
        fs::set_permissions(made, fs::Permissions::from_mode(0o755)).map_err(DemoError::io("open", made))?;
    }
    Ok(())
}

/// Where fetched servers are kept, one folder each.
pub(crate) fn servers() -> Option<PathBuf> {
    folder().map(|f| f.join("postgresql"))
}

/// What is in the cache is run, so it must be nobody else's.
pub(crate) fn ours(folder: &Path) -> bool {
    fs::metadata(folder)
        .is_ok_and(|m| m.uid() == rustix::process::geteuid().as_raw() && m.mode() & 0o022 == 0)
}

/// Every folder below `root` (a few levels down) that holds a `postgres`.
pub(crate) fn bin_folders(root: &Path) -> Vec<PathBuf> {
    if !ours(root) || !root.parent().is_some_and(ours) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut todo = vec![(root.to_owned(), 0)];
    while let Some((folder, depth)) = todo.pop() {
        if folder.join("postgres").is_file() {
            found.push(folder);
            continue;
        }
        if depth < 5 {
            let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
            let whole = |e: &fs::DirEntry| e.file_type().is_ok_and(|t| t.is_dir()) && !is_part(e);
            todo.extend(entries.filter(whole).map(|e| (e.path(), depth + 1)));
        }
    }
    found.sort();
    found
}

/// What is being put into the cache and is not whole yet: `NAME.part-PID`.
const PART: &str = ".part-";

/// The name under which this process puts something into the cache.
pub(crate) fn part(done: &Path) -> PathBuf {
    let mut name = done.as_os_str().to_owned();
    name.push(format!("{PART}{}", std::process::id()));
    name.into()
}

fn is_part(entry: &fs::DirEntry) -> bool {
    entry.file_name().to_string_lossy().contains(PART)
}

/// Removes what somebody who was killed left unfinished. Only while holding the [`lock`]: others may be at it.
pub(crate) fn remove_parts(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten().filter(is_part) {
        // what cannot be removed is in nobody's way
        let _ = fs::remove_dir_all(entry.path()).or_else(|_| fs::remove_file(entry.path()));
    }
}

/// Removes the prepared data folders from the cache.
pub(crate) fn remove_archives(folder: &Path) -> Result<(), DemoError> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("demo-") && name.ends_with(".tar.gz") {
            fs::remove_file(entry.path()).map_err(DemoError::io("remove", &entry.path()))?;
        }
    }
    Ok(())
}

/// Puts a packed data folder into the cache, in place of the ones that were there.
pub(crate) fn store(packed: &Path, archive: &Path) -> Result<(), DemoError> {
    let folder = archive.parent().unwrap_or(Path::new("/"));
    let _lock = lock(folder)?;
    remove_parts(folder);
    remove_archives(folder)?;
    // whole or not at all: another pgdeck may start meanwhile
    let part = part(archive);
    let copied = fs::copy(packed, &part).map_err(DemoError::io("write", &part)).and_then(|_| {
        let readable = fs::Permissions::from_mode(0o644);
        fs::set_permissions(&part, readable).map_err(DemoError::io("open", &part))?;
        fs::rename(&part, archive).map_err(DemoError::io("write", archive))
    });
    if copied.is_err() {
        let _ = fs::remove_file(&part);
    }
    let _ = fs::remove_file(packed);
    copied
}

/// Held while something is put into the cache; given back when dropped, also by the end of the process. It is the
/// folder itself that is locked, so that no file is left for it.
pub(crate) fn lock(folder: &Path) -> Result<fs::File, DemoError> {
    make(folder)?;
    let file = fs::File::open(folder).map_err(DemoError::io("open", folder))?;
    let locked = rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive);
    locked.map_err(|e| DemoError::io("lock", folder)(e.into()))?;
    Ok(file)
}
