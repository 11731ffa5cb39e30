//! Who the server runs as: PostgreSQL refuses to run as root.
use std::{fs, os::unix::process::CommandExt, process::Command};

use super::DemoError;

/// How a server process is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunAs {
    /// We are an ordinary user: as ourselves.
    Me,
    /// We are root: as this user and group.
    User(u32, u32),
    /// We are root without the right to become somebody else (some containers): inside a user namespace in
    /// which we are nobody.
    Namespace,
}

impl RunAs {
    /// Finds a way that works, by trying it.
    pub fn detect() -> Result<Self, DemoError> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self::Me);
        }
        let (uid, gid) = ordinary_user(&fs::read_to_string("/etc/passwd").unwrap_or_default());
        let ways = [Self::User(uid, gid), Self::Namespace];
        ways.into_iter()
            .find(|way| way.command("/bin/sh").args(["-c", "test \"$(id -u)\" != 0"]).status().is_ok_and(|s| s.success()))
            .ok_or_else(|| {
                DemoError::User(
                    "PostgreSQL does not run as root, and this machine allows neither changing to another user \
                     nor user namespaces (unshare). Run pgdeck as an ordinary user instead."
                        .into(),
                )
            })
    }

    /// A command that will run as that user, with nothing of ours that a server would read.
    pub fn command(self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut c = match self {
            Self::Namespace => {
                let mut c = Command::new("unshare");
                c.args(["--user", "--map-user=65534", "--map-group=65534"]).arg(program);
                c
            }
            Self::Me | Self::User(..) => Command::new(program),
        };
        if let Self::User(uid, gid) = self {
            // std also drops our supplementary groups here, because we are root
            c.gid(gid).uid(uid);
        }
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                c.env_remove(name);
            }
        }
        c.current_dir("/").env("LC_ALL", "C");
        c
    }

    /// Makes a file or folder of ours theirs.
    pub fn give(self, path: &std::path::Path) -> Result<(), DemoError> {
        match self {
            Self::User(uid, gid) => std::os::unix::fs::chown(path, Some(uid), Some(gid))
                .map_err(DemoError::io("change the owner of", path)),
            Self::Me | Self::Namespace => Ok(()),
        }
    }
}

/// The user a server by root runs as: the one made for it, else nobody.
fn ordinary_user(passwd: &str) -> (u32, u32) {
    let find = |name: &str| {
        passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            if fields.next() != Some(name) {
                return None;
            }
            let uid = fields.nth(1)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            (uid != 0).then_some((uid, gid))
        })
    };
    ["postgres", "_postgres", "nobody"].into_iter().find_map(find).unwrap_or((65534, 65534))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_made_for_it_wins() {
        let passwd =
            "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65533::/:/bin/false\npostgres:x:101:104::/:/bin/sh\n";
        assert_eq!(ordinary_user(passwd), (101, 104));
        assert_eq!(ordinary_user("nobody:x:99:98::/:/bin/false"), (99, 98));
        assert_eq!(
            ordinary_user("postgres:x:0:0::/:/bin/sh"),
            (65534, 65534),
            "never root under another name"
        );
        assert_eq!(ordinary_user("postgres:x:-2:-2"), (65534, 65534));
    }
}
