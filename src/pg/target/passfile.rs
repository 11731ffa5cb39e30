//! The password file (`~/.pgpass`), read as libpq 18 reads it.

use super::env::{Environment, Found, SOCKET_DIRS};
use std::path::Path;

/// What a line is matched against.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Host name, address or socket folder; empty: the default socket.
    pub host: &'a str,
    /// Port.
    pub port: &'a str,
    /// Database.
    pub dbname: &'a str,
    /// User.
    pub user: &'a str,
}

/// Reads a password file. A missing one is no matter; one that is not safe to use gives a warning
/// and counts as missing.
pub fn read(env: &dyn Environment, path: &Path, warnings: &mut Vec<String>) -> Option<Vec<u8>> {
    let shown = path.display();
    match env.file(path) {
        Found::Missing => None,
        Found::NotPlain => {
            warnings.push(format!("WARNING: password file \"{shown}\" is not a plain file"));
            None
        }
        Found::Unreadable(why) => {
            warnings.push(format!("WARNING: password file \"{shown}\" could not be read: {why}"));
            None
        }
        Found::File(mode, _) if mode & 0o077 != 0 => {
            warnings.push(format!(
                "WARNING: password file \"{shown}\" has group or world access; permissions should be u=rw (0600) or less"
            ));
            None
        }
        Found::File(_, bytes) => Some(bytes),
    }
}

/// The password of the first line that matches; it may be empty.
#[must_use]
pub fn password(file: &[u8], wanted: &Wanted<'_>) -> Option<Vec<u8>> {
    if wanted.dbname.is_empty() || wanted.user.is_empty() {
        return None;
    }
    file.split(|b| *b == b'\n').find_map(|line| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() || line[0] == b'#' {
            return None;
        }
        let rest = host(line, wanted.host)?;
        let rest = field(rest, wanted.port.as_bytes())?;
        let rest = field(rest, wanted.dbname.as_bytes())?;
        let rest = field(rest, wanted.user.as_bytes())?;
        Some(unescape(rest))
    })
}

/// The host's field; `localhost` stands for the default sockets as well.
fn host<'a>(line: &'a [u8], host: &str) -> Option<&'a [u8]> {
    if host.is_empty() {
        return field(line, b"localhost");
    }
    let literal = field(line, host.as_bytes());
    if SOCKET_DIRS.contains(&host) { literal.or_else(|| field(line, b"localhost")) } else { literal }
}

/// What follows the first field if the field is `*` or, its backslashes taken off, the token.
fn field<'a>(line: &'a [u8], token: &[u8]) -> Option<&'a [u8]> {
    if let Some(rest) = line.strip_prefix(b"*:") {
        return Some(rest);
    }
    let (mut at, mut token) = (0, token.iter());
    while let Some(mut byte) = line.get(at) {
        let want = token.next();
        if *byte == b':' && want.is_none() {
            return Some(&line[at + 1..]);
        }
        if *byte == b'\\' {
            at += 1;
            byte = line.get(at)?;
        }
        if want != Some(byte) {
            return None;
        }
        at += 1;
    }
    None
}

/// The password's field up to the next bare colon, backslashes taken off.
fn unescape(field: &[u8]) -> Vec<u8> {
    let (mut out, mut bytes) = (vec![], field.iter().peekable());
    while let Some(byte) = bytes.next() {
        match byte {
            b':' => break,
            b'\\' => out.push(*bytes.next().unwrap_or(byte)),
            _ => out.push(*byte),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# comment\n\tlead:*:*:*:no\nh1:5432:d:u:one\r\nh2:*:*:*:\nh2:*:*:*:later\n\
        *:*:test\\:db:test\\\\:es\\:c:rest\n::1:5432:d:u:six\nlocalhost:*:*:*:local\n/tmp:1:*:*:tmp\nh9:1:d:u:end";

    #[test]
    fn lines_match_as_in_libpq() {
        for (host, port, dbname, user, expected) in [
            ("h1", "5432", "d", "u", Some("one")),
            ("h1", "5433", "d", "u", None),
            ("h1", "5432", "x", "u", None),
            // The first match counts, empty or not.
            ("h2", "1", "x", "y", Some("")),
            ("any", "1", "test:db", "test\\", Some("es:c")),
            ("::1", "5432", "d", "u", Some("six")),
            ("lead", "1", "d", "u", None),
            ("", "1", "d", "u", Some("local")),
            ("/tmp", "1", "d", "u", Some("local")),
            ("/other", "1", "d", "u", None),
            ("h9", "1", "d", "u", Some("end")),
            ("h9", "1", "", "u", None),
        ] {
            let got = password(FILE.as_bytes(), &Wanted { host, port, dbname, user });
            assert_eq!(got.as_deref(), expected.map(str::as_bytes), "{host}:{port}:{dbname}:{user}");
        }
    }
}
