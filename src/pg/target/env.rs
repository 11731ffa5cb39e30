//! What resolving a connection needs from the outside: variables, files, the user. Tests bring their own.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

/// A file as somebody who looks for it finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// There is none.
    Missing,
    /// There is something, but not a plain file.
    NotPlain,
    /// A file that cannot be read, and why.
    Unreadable(String),
    /// Its permission bits and its bytes.
    File(u32, Vec<u8>),
}

/// The outside, as far as it matters for a connection.
pub trait Environment {
    /// An environment variable; set to nothing is still set.
    fn var(&self, name: &str) -> Option<String>;

    /// A file's permissions and contents.
    fn file(&self, path: &Path) -> Found;

    /// Whether there is anything at this path.
    fn exists(&self, path: &Path) -> bool;

    /// The name of the operating system's user.
    ///
    /// # Errors
    /// Why it could not be found out.
    fn user(&self) -> Result<String, String>;

    /// The user's home folder.
    fn home(&self) -> Option<PathBuf>;
}

/// An environment that says nothing: a connection means only what it says itself.
#[derive(Clone, Copy, Debug)]
pub struct Nothing;

impl Environment for Nothing {
    fn var(&self, _: &str) -> Option<String> {
        None
    }

    fn file(&self, _: &Path) -> Found {
        Found::Missing
    }

    fn exists(&self, _: &Path) -> bool {
        false
    }

    fn user(&self) -> Result<String, String> {
        Ok("postgres".into())
    }

    fn home(&self) -> Option<PathBuf> {
        None
    }
}

/// Where the server packages put their sockets; the first that is there is the default.
pub const SOCKET_DIRS: [&str; 2] = ["/var/run/postgresql", "/tmp"];

/// The folder of the server's socket when no host is named: where the socket of this port is,
/// else the first of the usual folders that exists.
#[must_use]
pub fn socket_dir(env: &dyn Environment, port: &str) -> String {
    let socket = |dir: &&str| env.exists(Path::new(&format!("{dir}/.s.PGSQL.{port}")));
    let folder = |dir: &&str| env.exists(Path::new(dir));
    let dir = SOCKET_DIRS.iter().find(|d| socket(d)).or_else(|| SOCKET_DIRS.iter().find(|d| folder(d)));
    (*dir.unwrap_or(&SOCKET_DIRS[1])).into()
}

/// The machine pgdeck runs on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Machine;

impl Environment for Machine {
    fn var(&self, name: &str) -> Option<String> {
        // One that is not UTF-8 must not count as unset: that would be another server.
        std::env::var_os(name).map(|v| v.to_string_lossy().into_owned())
    }

    fn file(&self, path: &Path) -> Found {
        let meta = match fs::metadata(path) {
            Ok(meta) => meta,
            Err(e) if e.kind() == io::ErrorKind::PermissionDenied => return Found::Unreadable(e.to_string()),
            Err(_) => return Found::Missing,
        };
        if !meta.is_file() {
            return Found::NotPlain;
        }
        match fs::read(path) {
            Ok(bytes) => Found::File(meta.permissions().mode() & 0o7777, bytes),
            Err(e) => Found::Unreadable(e.to_string()),
        }
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    fn user(&self) -> Result<String, String> {
        user_name(rustix::process::geteuid().as_raw())
    }

    fn home(&self) -> Option<PathBuf> {
        let home = std::env::var_os("HOME").filter(|h| !h.is_empty()).map(PathBuf::from);
        home.or_else(|| passwd(rustix::process::geteuid().as_raw()).map(|row| row.1.into()))
    }
}

/// The name of one of the system's users.
///
/// # Errors
/// There is none of this number.
pub fn user_name(uid: u32) -> Result<String, String> {
    if let Some(row) = passwd(uid) {
        return Ok(row.0);
    }
    // Users of a directory service are not in the file; `id` asks the system's resolver.
    let told =
        Command::new("id").args(["-un", &uid.to_string()]).output().ok().filter(|o| o.status.success());
    let name = told.map(|o| String::from_utf8_lossy(&o.stdout).trim().to_owned());
    name.filter(|n| !n.is_empty()).ok_or_else(|| format!("local user with ID {uid} does not exist"))
}

/// Name and home folder of a user in the system's user file.
fn passwd(uid: u32) -> Option<(String, String)> {
    let text = fs::read_to_string("/etc/passwd").ok()?;
    text.lines().find_map(|line| {
        let fields: Vec<_> = line.split(':').collect();
        match fields[..] {
            [name, _, id, _, _, home, ..] if id.parse() == Ok(uid) => Some((name.into(), home.into())),
            _ => None,
        }
    })
}

#[cfg(test)]
pub mod fake {
    //! A made-up machine for tests.

    use super::{Environment, Found};
    use std::{
        collections::BTreeMap,
        path::{Path, PathBuf},
    };

    /// A machine of the test's own making; its user is `osuser`, its home `/home/osuser`.
    #[derive(Default)]
    pub struct Fake {
        /// Environment variables.
        pub vars: BTreeMap<String, String>,
        /// Files by path; a folder is `Found::NotPlain`.
        pub files: BTreeMap<PathBuf, Found>,
    }

    impl Fake {
        /// With a variable.
        pub fn var(mut self, name: &str, value: &str) -> Self {
            self.vars.insert(name.into(), value.into());
            self
        }

        /// With a file.
        pub fn file(mut self, path: &str, mode: u32, text: &str) -> Self {
            self.files.insert(path.into(), Found::File(mode, text.into()));
            self
        }
    }

    impl Environment for Fake {
        fn var(&self, name: &str) -> Option<String> {
            self.vars.get(name).cloned()
        }
        fn file(&self, path: &Path) -> Found {
            self.files.get(path).cloned().unwrap_or(Found::Missing)
        }
        fn exists(&self, path: &Path) -> bool {
            self.files.contains_key(path)
        }
        fn user(&self) -> Result<String, String> {
            Ok("osuser".into())
        }
        fn home(&self) -> Option<PathBuf> {
            Some("/home/osuser".into())
        }
    }
}
