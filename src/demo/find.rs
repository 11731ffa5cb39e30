//! Finds PostgreSQL server binaries on this machine.
use std::{
    env, fs,
    path::{Path, PathBuf},
};

use super::user::RunAs;

/// The oldest major version a demo runs on.
pub const OLDEST: u32 = 13;

/// A folder with `postgres` and `initdb` that the server's user can run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bins {
    /// The folder, symbolic links resolved.
    pub folder: PathBuf,
    /// Major version, e.g. 15.
    pub major: u32,
    /// What the server says of itself: `postgres (PostgreSQL) 15.18 (Debian …)`.
    pub version: String,
}

/// Where to look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Look {
    /// Everywhere; `PGDECK_PG_BIN` overrides (a folder, or `none` for
    /// nothing but what pgdeck fetched itself).
    #[default]
    Everywhere,
    /// Only in this folder.
    Folder(PathBuf),
    /// Everywhere, but only this major version.
    Major(u32),
    /// In the usual places, whatever `PGDECK_PG_BIN` says.
    Installed,
}

/// Parents of installed versions, and what follows below each of their folders.
const PARENTS: &[(&str, &str)] = &[
    ("/usr/lib/postgresql", "bin"),            // Debian, Ubuntu
    ("/usr", "bin"),                           // /usr/pgsql-17/bin: the PostgreSQL project's RPMs
    ("/usr/libexec", ""),                      // Alpine: /usr/libexec/postgresql17
    ("/opt/homebrew/opt", "bin"),              // Homebrew
    ("/usr/local/opt", "bin"),                 // Homebrew on Intel
    ("/home/linuxbrew/.linuxbrew/opt", "bin"), // Homebrew on Linux
    ("/Applications/Postgres.app/Contents/Versions", "bin"),
    ("/Library/PostgreSQL", "bin"), // the EDB installer
    ("/opt/local/lib", "bin"),      // MacPorts: postgresql17/bin
    ("/usr/local", "bin"),          // from source: /usr/local/pgsql/bin
    ("/opt", "bin"),
];

/// All usable server binaries, newest first.
pub(crate) fn find(look: &Look, user: RunAs) -> Vec<Bins> {
    let folders = match look {
        Look::Folder(folder) => vec![folder.clone()],
        Look::Installed => usual_folders(),
        Look::Everywhere | Look::Major(_) => match env::var_os("PGDECK_PG_BIN") {
            Some(v) if v == "none" => fetched_folders(),
            Some(v) if !v.is_empty() => vec![PathBuf::from(v)],
            _ => usual_folders(),
        },
    };
    let mut found: Vec<Bins> = Vec::new();
    for folder in folders.iter().filter_map(|f| real_folder(f)) {
        if found.iter().any(|b| b.folder == folder) {
            continue;
        }
        // asked as the user the server will run as: a folder that is closed to it is passed over
        let Some(version) = version_of(&folder, user) else { continue };
        let Some(major) = parse_version(&version) else { continue };
        if major >= OLDEST && !matches!(look, Look::Major(m) if *m != major) {
            found.push(Bins { folder, major, version });
        }
    }
    found.sort_by_key(|b| std::cmp::Reverse(b.major));
    found
}

/// Whether the user named a folder, so that no other server is wanted.
pub(crate) fn folder_is_given() -> bool {
    env::var_os("PGDECK_PG_BIN").is_some_and(|v| !v.is_empty() && v != "none")
}

/// For the error when nothing was found: where was looked.
pub(crate) fn looked(look: &Look) -> String {
    match look {
        Look::Folder(folder) => format!("looked in {}", folder.display()),
        Look::Major(major) => {
            format!("looked for version {major} in PATH, the usual folders and pgdeck's own cache")
        }
        Look::Everywhere | Look::Installed => match env::var("PGDECK_PG_BIN") {
            Ok(v) if folder_is_given() => {
                format!("PGDECK_PG_BIN={v} is the only folder looked in; it should hold initdb and postgres")
            }
            _ => "looked in PATH, the usual folders and pgdeck's own cache".into(),
        },
    }
}

/// Folders that may hold server binaries, from `PATH` and the usual places.
fn usual_folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect();
    for (parent, tail) in PARENTS {
        folders.extend(below(Path::new(parent), tail));
    }
    folders.extend(fetched_folders());
    folders
}

/// Folders of servers that were fetched into our cache.
fn fetched_folders() -> Vec<PathBuf> {
    super::cache::servers().map(|cache| super::cache::bin_folders(&cache)).unwrap_or_default()
}

/// The folders `parent/*/tail`, where the middle part speaks of PostgreSQL (or the parent does).
fn below(parent: &Path, tail: &str) -> Vec<PathBuf> {
    let speaks =
        |p: &str| p.to_ascii_lowercase().contains("postgres") || p.to_ascii_lowercase().starts_with("pgsql");
    let all = speaks(&parent.to_string_lossy());
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    entries.filter(|e| all || speaks(&e.file_name().to_string_lossy())).map(|e| e.path().join(tail)).collect()
}

/// Follows the links of `folder/postgres` (distributions link it into `/usr/local/bin` and the like); the
/// server finds its own libraries and shared files only from the real place.
fn real_folder(folder: &Path) -> Option<PathBuf> {
    let real = fs::canonicalize(folder.join("postgres")).ok()?;
    let real = real.parent()?;
    real.join("initdb").is_file().then(|| real.to_owned())
}

/// What `folder/postgres` says of itself; `None` when it cannot be run.
fn version_of(folder: &Path, user: RunAs) -> Option<String> {
    let out = user.command(folder.join("postgres")).arg("--version").output().ok()?;
    out.status.success().then(|| String::from_utf8_lossy(&out.stdout).trim().to_owned())
}

/// `postgres (PostgreSQL) 15.18 (Debian 15.18-1)`, `postgres (PostgreSQL) 18beta1` → the major version.
fn parse_version(text: &str) -> Option<u32> {
    let number = text.split_once("(PostgreSQL)")?.1.trim_start();
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        for (text, want) in [
            ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", Some(15)),
            ("postgres (PostgreSQL) 18beta1", Some(18)),
            ("postgres (PostgreSQL) 9.6.24", Some(9)),
            ("something else 15", None),
            ("", None),
        ] {
            assert_eq!(parse_version(text), want, "{text:?}");
        }
    }
}
