//! What TLS settings name in files: trusted roots, the client's own certificate and key, the log of keys.

use super::{Check, Get, key};
use crate::core::error::DbError;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use std::{
    fs::{File, OpenOptions},
    io::Write,
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// The certificates to trust; `None`: nothing is checked.
pub(super) fn roots(
    get: Get<'_>,
    system: bool,
    check: Check,
) -> Result<Option<Vec<CertificateDer<'static>>>, DbError> {
    if system {
        let found = rustls_native_certs::load_native_certs();
        if found.certs.is_empty() {
            return Err(DbError::client(
                "sslrootcert=system: no root certificates were found on this system",
            ));
        }
        return Ok(Some(found.certs));
    }
    let path = get("sslrootcert").map(PathBuf::from).or_else(|| default_file("root.crt"));
    let Some(path) = path.filter(|p| p.exists()) else {
        if check == Check::Nothing {
            return Ok(None);
        }
        let path = get("sslrootcert").unwrap_or_else(|| "~/.postgresql/root.crt".into());
        return Err(DbError {
            hint: Some("Put the certificate of the authority that signed the server's there, use the system's trusted roots with sslrootcert=system, or do without the check with sslmode=require.".into()),
            ..DbError::client(format!("root certificate file \"{path}\" does not exist"))
        });
    };
    Ok(Some(certificates(&path, "root certificate")?))
}

/// A certificate with what belongs to it, and its key.
pub(super) type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// The client's certificate; as in libpq one that is not there is not sent: the server says so if it wants one.
pub(super) fn identity(get: Get<'_>) -> Result<Option<Identity>, DbError> {
    if get("sslcertmode").as_deref() == Some("disable") {
        return Ok(None);
    }
    let path = get("sslcert").map(PathBuf::from).or_else(|| default_file("postgresql.crt"));
    let Some(path) = path.filter(|p| p.exists()) else { return Ok(None) };
    let chain = certificates(&path, "certificate")?;
    if let Some(engine) = get("sslkey").filter(|k| k.contains(':') && !Path::new(k).exists()) {
        return Err(DbError::client(format!(
            "sslkey=\"{engine}\" names a key in a hardware engine, which pgdeck cannot use; name a file"
        )));
    }
    let key_path = get("sslkey").map(PathBuf::from).or_else(|| default_file("postgresql.key"));
    let Some(key_path) = key_path.filter(|p| p.exists()) else {
        return Err(DbError::client(format!(
            "certificate present, but not private key file \"{}\"",
            get("sslkey").unwrap_or_else(|| "~/.postgresql/postgresql.key".into())
        )));
    };
    private_enough(&key_path)?;
    let bytes = read(&key_path, "private key")?;
    let key = key::parse(&bytes, get("sslpassword").as_deref()).map_err(|why| {
        DbError::client(format!("could not load private key file \"{}\": {why}", key_path.display()))
    })?;
    Ok(Some((chain, key)))
}

/// As libpq: nobody else may read the key, but a key of root's may be readable by a group.
fn private_enough(path: &Path) -> Result<(), DbError> {
    let shown = path.display();
    let unreadable = |e| DbError::client(format!("could not read private key file \"{shown}\": {e}"));
    let meta = std::fs::metadata(path).map_err(unreadable)?;
    if !meta.is_file() {
        return Err(DbError::client(format!("private key file \"{shown}\" is not a regular file")));
    }
    let forbidden = if meta.uid() == 0 { 0o037 } else { 0o077 };
    if meta.mode() & forbidden != 0 {
        return Err(DbError {
            hint: Some(format!("chmod 600 {shown}")),
            ..DbError::client(format!(
                "private key file \"{shown}\" has group or world access; file must have permissions u=rw (0600) or less if owned by the current user, or permissions u=rw,g=r (0640) or less if owned by root"
            ))
        });
    }
    Ok(())
}

/// A file where libpq looks when none is named.
pub(super) fn default_file(name: &str) -> Option<PathBuf> {
    std::env::home_dir().map(|home| home.join(".postgresql").join(name))
}

pub(super) fn read(path: &Path, what: &str) -> Result<Vec<u8>, DbError> {
    std::fs::read(path)
        .map_err(|e| DbError::client(format!("could not read {what} file \"{}\": {e}", path.display())))
}

fn certificates(path: &Path, what: &str) -> Result<Vec<CertificateDer<'static>>, DbError> {
    let bad =
        |why: String| DbError::client(format!("could not read {what} file \"{}\": {why}", path.display()));
    let pem = read(path, what)?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match all {
        Ok(list) if list.is_empty() => Err(bad("no certificate in it (PEM is expected)".into())),
        Ok(list) => Ok(list),
        Err(e) => Err(bad(e.to_string())),
    }
}

/// `sslkeylogfile`: the keys of all connections, for whoever reads the traffic with a tool such as Wireshark.
#[derive(Debug)]
pub(super) struct KeyLog(Mutex<File>);

impl KeyLog {
    pub(super) fn open(path: &str) -> Result<Self, DbError> {
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path);
        file.map(|f| Self(Mutex::new(f)))
            .map_err(|e| DbError::client(format!("could not open ssl keylog file \"{path}\": {e}")))
    }
}

impl rustls::KeyLog for KeyLog {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let line = format!("{label} {} {}\n", hex(client_random), hex(secret));
        // A log that cannot be written is no reason to lose the connection.
        let _ = self.0.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes());
    }
}
