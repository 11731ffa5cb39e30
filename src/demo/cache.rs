//! The folder where fetched server binaries and the prepared demo database wait for the next start.
use std::{
    env, fs,
    path::{Path, PathBuf},
};

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

/// Where fetched servers are kept, one folder each.
pub(crate) fn servers() -> Option<PathBuf> {
    folder().map(|f| f.join("postgresql"))
}

/// Every folder below `root` (four levels) that holds a `postgres`.
pub(crate) fn bin_folders(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut todo = vec![(root.to_owned(), 0)];
    while let Some((folder, depth)) = todo.pop() {
        if folder.join("postgres").is_file() {
            found.push(folder);
            continue;
        }
        if depth < 5 {
            let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
            todo.extend(
                entries.filter(|e| e.file_type().is_ok_and(|t| t.is_dir())).map(|e| (e.path(), depth + 1)),
            );
        }
    }
    found.sort();
    found
}
