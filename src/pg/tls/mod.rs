//! TLS as libpq does it: sslmode and its kin, certificates, names, channel binding data.

mod crl;
mod files;
mod key;
mod verify;

use super::{
    der,
    error::{io, not_postgres},
    wire::{Socket, Stream},
};
use crate::core::error::DbError;
use rustls::{
    AlertDescription, CertificateError, ClientConfig, Error, SignatureScheme,
    client::ResolvesClientCert,
    crypto::{hash::HashAlgorithm, ring},
    pki_types::{CertificateDer, ServerName},
    sign::CertifiedKey,
};
use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;
use verify::{Verifier, stamp};

/// Whether TLS is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Never.
    Disable,
    /// Only when the server refuses without.
    Allow,
    /// When the server can.
    Prefer,
    /// Always.
    Require,
}

/// How far the server's certificate is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    Nothing,
    Chain,
    Name,
}

/// TLS settings of a target, read and understood.
#[derive(Clone)]
pub struct Tls {
    /// Whether it is used.
    pub mode: Mode,
    direct: bool,
    check: Check,
    /// A certificate of ours must be asked for (`sslcertmode=require`).
    shown: bool,
    /// What is wrong with a file is told when the server wants TLS, as nobody misses it before.
    config: Option<Result<Arc<ClientConfig>, DbError>>,
}

/// Whom the server's certificate must name.
#[derive(Clone, Debug)]
pub struct Name(ServerName<'static>);

impl Tls {
    /// Reads the `ssl…` parameters. `get` gives a parameter's value by keyword.
    ///
    /// # Errors
    /// A value that is wrong. A file that is missing or unreadable is told by [`Tls::negotiate`].
    pub fn new(get: &dyn Fn(&str) -> Option<String>) -> Result<Self, DbError> {
        let get = |name: &str| get(name).filter(|v| !v.is_empty());
        let system = get("sslrootcert").as_deref() == Some("system");
        let given = get("sslmode").unwrap_or_else(|| if system { "verify-full" } else { "prefer" }.into());
        let (mode, mut check) = match given.as_str() {
            "disable" => (Mode::Disable, Check::Nothing),
            "allow" => (Mode::Allow, Check::Nothing),
            "prefer" => (Mode::Prefer, Check::Nothing),
            "require" => (Mode::Require, Check::Nothing),
            "verify-ca" => (Mode::Require, Check::Chain),
            "verify-full" => (Mode::Require, Check::Name),
            other => return Err(DbError::client(format!("invalid sslmode value: \"{other}\""))),
        };
        if system && check != Check::Name {
            return Err(DbError::client(format!(
                "weak sslmode \"{given}\" may not be used with sslrootcert=system (use \"verify-full\")"
            )));
        }
        let direct = match get("sslnegotiation").as_deref() {
            None | Some("postgres") => false,
            Some("direct") if mode == Mode::Require => true,
            Some("direct") => {
                return Err(DbError::client(format!(
                    "weak sslmode \"{given}\" may not be used with sslnegotiation=direct (use \"require\", \"verify-ca\", or \"verify-full\")"
                )));
            }
            Some(other) => return Err(DbError::client(format!("invalid sslnegotiation value: \"{other}\""))),
        };
        let shown = get("sslcertmode").as_deref() == Some("require");
        if mode == Mode::Disable {
            return Ok(Self { mode, direct, check, shown, config: None });
        }
        let versions = versions(&get)?;
        let roots = files::roots(&get, system, check);
        // With a root file at hand even the weaker modes check the chain, as libpq does.
        if matches!(roots, Ok(Some(_)) | Err(_)) && check == Check::Nothing {
            check = Check::Chain;
        }
        let config = roots.and_then(|roots| config(&get, &versions, check, roots)).map(Arc::new);
        Ok(Self { mode, direct, check, shown, config: Some(config) })
    }

    /// Whether `sslcertmode=require` keeps a connection without TLS from being used.
    #[must_use]
    pub fn wants_certificate_shown(&self) -> bool {
        self.shown
    }

    /// How far the server's certificate is checked, in words.
    #[must_use]
    pub fn checks(&self) -> &'static str {
        match self.check {
            Check::Nothing => "not checked",
            Check::Chain => "signed by a trusted authority, its name not checked",
            Check::Name => "signed by a trusted authority, for this host's name",
        }
    }

    /// The name to check for a host: its `host`, or the address when there is no name.
    ///
    /// # Errors
    /// When the certificate must be checked against a name and there is none.
    pub fn name(&self, host: Option<&str>, address: IpAddr) -> Result<Name, DbError> {
        match host.filter(|h| !h.is_empty()) {
            Some(host) => match ServerName::try_from(host.to_owned()) {
                Ok(name) => Ok(Name(name)),
                Err(_) if self.check != Check::Name => Ok(Name(ServerName::IpAddress(address.into()))),
                Err(_) => Err(DbError::client(format!("\"{host}\" is no name a certificate can carry"))),
            },
            None if self.check == Check::Name => {
                Err(DbError::client("host name must be specified for a verified SSL connection"))
            }
            None => Ok(Name(ServerName::IpAddress(address.into()))),
        }
    }

    /// Asks the server for TLS on a fresh socket and does the handshake. `None`: the server has no TLS.
    ///
    /// # Errors
    /// When the handshake fails or the certificate is not trusted.
    pub async fn negotiate(&self, mut socket: Socket, name: &Name) -> Result<Option<Stream>, DbError> {
        let Some(config) = &self.config else { return Ok(None) };
        if !self.direct {
            let asked = async {
                socket.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]).await?;
                socket.flush().await?;
                socket.read_u8().await
            };
            match asked.await.map_err(|e| hung_up(&e))? {
                b'S' => {
                    // A server waits for us now. Whoever has said more already is another one, or somebody in between
                    // (CVE-2021-23222).
                    let mut said = [b'S'; 512];
                    if let Ok(more @ 1..) = socket.at_hand(&mut said[1..]) {
                        return Err(not_postgres(&said[..=more]));
                    }
                }
                b'N' => return Ok(None),
                // Its text is not shown: nothing vouches for it yet (CVE-2024-10977).
                b'E' => return Err(DbError::lost("the server sent an error when asked for TLS")),
                b => {
                    let mut said = vec![b];
                    said.extend(rest(&mut socket).await);
                    return Err(not_postgres(&said));
                }
            }
        }
        let mut config = config.clone()?;
        let asked = self.shown.then(|| {
            let mut watched = ClientConfig::clone(&config);
            let asked =
                Arc::new(Asked { inner: watched.client_auth_cert_resolver, was: AtomicBool::new(false) });
            watched.client_auth_cert_resolver = Arc::clone(&asked) as Arc<dyn ResolvesClientCert>;
            config = Arc::new(watched);
            asked
        });
        let connector = TlsConnector::from(config);
        let stream = connector.connect(name.0.clone(), socket).await.map_err(|e| failed(&e))?;
        match asked {
            Some(asked) if !asked.was.load(Ordering::Relaxed) => return Err(not_asked()),
            Some(asked) if !asked.inner.has_certs() => {
                return Err(DbError::client(
                    "sslcertmode=require, but there is no client certificate (sslcert, ~/.postgresql/postgresql.crt)",
                ));
            }
            _ => {}
        }
        if self.direct && stream.get_ref().1.alpn_protocol() != Some(b"postgresql") {
            return Err(DbError::client(
                "direct TLS was established without ALPN \"postgresql\": no PostgreSQL 17 or newer (leave sslnegotiation=direct away)",
            ));
        }
        Ok(Some(Stream::Tls(Box::new(stream))))
    }
}

/// What libpq says where `sslcertmode=require` meets a server that does not ask.
#[must_use]
pub fn not_asked() -> DbError {
    DbError {
        hint: Some("sslcertmode=allow sends it only where it is asked for.".into()),
        ..DbError::client("server did not request an SSL certificate (sslcertmode=require)")
    }
}

/// Notes whether the server asked for a certificate.
#[derive(Debug)]
struct Asked {
    inner: Arc<dyn ResolvesClientCert>,
    was: AtomicBool,
}

impl ResolvesClientCert for Asked {
    fn resolve(&self, hints: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.was.store(true, Ordering::Relaxed);
        self.inner.resolve(hints, schemes)
    }

    fn has_certs(&self) -> bool {
        // Else a certificate that is asked for would go unseen.
        true
    }
}

type Get<'a> = &'a dyn Fn(&str) -> Option<String>;

type Versions = Vec<&'static rustls::SupportedProtocolVersion>;

fn config(
    get: Get<'_>,
    versions: &Versions,
    check: Check,
    roots: Option<Vec<CertificateDer<'static>>>,
) -> Result<ClientConfig, DbError> {
    let provider = Arc::new(ring::default_provider());
    let bad = |e: Error| DbError::client(format!("TLS settings cannot be used: {e}"));
    let verifier = Verifier::new(get, check, roots, Arc::clone(&provider))?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .map_err(bad)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match files::identity(get)? {
        Some((chain, key)) => builder
            .with_client_auth_cert(chain, key)
            .map_err(|e| DbError::client(format!("the client certificate cannot be used: {e}")))?,
        None => builder.with_no_client_auth(),
    };
    config.enable_sni = get("sslsni").as_deref() != Some("0");
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    if let Some(path) = get("sslkeylogfile") {
        config.key_log = Arc::new(files::KeyLog::open(&path)?);
    }
    Ok(config)
}

fn versions(get: Get<'_>) -> Result<Versions, DbError> {
    const KNOWN: [&str; 4] = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];
    let bound = |name: &str, default: usize| match get(name) {
        None => Ok(default),
        Some(v) => KNOWN
            .iter()
            .position(|k| k.eq_ignore_ascii_case(&v))
            .ok_or_else(|| DbError::client(format!("invalid {name} value: \"{v}\""))),
    };
    let (least, most) = (bound("ssl_min_protocol_version", 2)?, bound("ssl_max_protocol_version", 3)?);
    if least > most {
        return Err(DbError::client("invalid SSL protocol version range: the minimum is above the maximum"));
    }
    let versions: Vec<_> = [(2, &rustls::version::TLS12), (3, &rustls::version::TLS13)]
        .into_iter()
        .filter_map(|(n, v)| (least..=most).contains(&n).then_some(v))
        .collect();
    if versions.is_empty() {
        return Err(DbError::client(
            "ssl_max_protocol_version is below TLSv1.2, which pgdeck does not speak",
        ));
    }
    Ok(versions)
}

fn hung_up(e: &std::io::Error) -> DbError {
    DbError {
        hint: Some(
            "If it is PostgreSQL, its log says why. Is it the right port, and no proxy or firewall in between?"
                .into(),
        ),
        ..DbError::lost(format!("the server hung up when asked for TLS: {}", io(e)))
    }
}

/// What else has come already of an answer that is none.
async fn rest(socket: &mut Socket) -> Vec<u8> {
    let mut bytes = vec![0; 512];
    let more = tokio::time::timeout(std::time::Duration::from_millis(200), socket.read(&mut bytes)).await;
    bytes.truncate(more.ok().and_then(Result::ok).unwrap_or(0));
    bytes
}

/// What went wrong in the handshake, and what to do.
fn failed(e: &std::io::Error) -> DbError {
    let (text, hint) = explain(e).unwrap_or_else(|| (io(e), None));
    DbError { hint: hint.map(Into::into), ..DbError::client(format!("TLS failed: {text}")) }
}

/// The names a certificate carries, without the library's words for their kinds.
fn names(presented: &[String]) -> String {
    let bare = |name: &String| {
        let inner = name.split_once('(').map_or(name.as_str(), |(_, rest)| rest.trim_end_matches(')'));
        inner.trim_matches('"').to_owned()
    };
    presented.iter().map(bare).collect::<Vec<_>>().join(", ")
}

/// A TLS error for people, with what to do; `None` when it is another one.
pub(in crate::pg) fn explain(e: &std::io::Error) -> Option<(String, Option<&'static str>)> {
    const ROOT: &str = "sslrootcert names the file with the root certificate; sslmode=require connects without checking who answers.";
    const RENEW: &str = "Whoever runs the server has to renew it; until then sslmode=require without a root certificate connects without checking who answers.";
    const NAME: &str = "Connect by the name in the certificate (host), with the address in hostaddr if need be, or check only who signed it: sslmode=verify-ca.";
    const OURS: &str = "Look at sslcert and sslkey; the server's log says more.";
    let day = |seconds: u64| {
        let t = stamp(seconds);
        format!("{}-{}-{} {}:{} UTC", &t[..4], &t[4..6], &t[6..8], &t[8..10], &t[10..12])
    };
    Some(match e.get_ref()?.downcast_ref::<Error>()? {
        Error::InvalidCertificate(problem) => match problem {
            // A bad signature is what a root of the same name with another key gives.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                ("the server's certificate is not signed by a trusted root (sslrootcert)".into(), Some(ROOT))
            }
            CertificateError::NotValidForName => {
                ("the server's certificate is for another host name".into(), Some(NAME))
            }
            CertificateError::NotValidForNameContext { presented, .. } => (
                format!("the server's certificate is for another host name: {}", names(presented)),
                Some(NAME),
            ),
            CertificateError::Expired => ("the server's certificate has expired".into(), Some(RENEW)),
            CertificateError::ExpiredContext { not_after, .. } => (
                format!("the server's certificate has expired: it was good until {}", day(not_after.as_secs())),
                Some(RENEW),
            ),
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => (
                "the server's certificate is not valid yet".into(),
                Some("Is this machine's clock right?"),
            ),
            CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => (
                "the server's certificate is signed by itself and not among the trusted ones (sslrootcert)".into(),
                Some(ROOT),
            ),
            CertificateError::Revoked => (
                "the server's certificate is revoked (sslcrl)".into(),
                Some("Whoever holds it may not be the server: do not go around this."),
            ),
            CertificateError::UnknownRevocationStatus => (
                "there is no certificate revocation list of the authority that signed the server's certificate (sslcrl, sslcrldir)".into(),
                Some("A list of every authority in the chain is needed, or none at all."),
            ),
            other => (format!("the server's certificate cannot be used: {other:?}"), None),
        },
        Error::General(text) if text == crl::OUT_OF_DATE => {
            (text.clone(), Some("Fetch a new one from the authority that signs the certificates."))
        }
        Error::AlertReceived(alert) => match alert {
            AlertDescription::UnknownCA => {
                ("the server does not know who signed the client certificate".into(), Some(OURS))
            }
            AlertDescription::CertificateExpired => {
                ("the server says that the client certificate has expired".into(), Some(OURS))
            }
            AlertDescription::CertificateRevoked => {
                ("the server says that the client certificate is revoked".into(), Some(OURS))
            }
            AlertDescription::CertificateRequired | AlertDescription::BadCertificate => {
                ("the server does not accept the client certificate".into(), Some(OURS))
            }
            AlertDescription::ProtocolVersion => (
                "the server speaks none of the TLS versions allowed here".into(),
                Some("ssl_min_protocol_version and ssl_max_protocol_version say which are; pgdeck speaks TLSv1.2 and TLSv1.3."),
            ),
            AlertDescription::NoApplicationProtocol => (
                "the server does not speak PostgreSQL on TLS (ALPN)".into(),
                Some("Is it the right port?"),
            ),
            AlertDescription::HandshakeFailure => {
                ("the server found no way to do TLS in common with pgdeck".into(), None)
            }
            other => (format!("the server broke TLS off: {other:?}"), None),
        },
        Error::PeerIncompatible(why) => (
            format!("the server cannot do TLS as allowed here: {why:?}"),
            Some("ssl_min_protocol_version and ssl_max_protocol_version say which versions are allowed; pgdeck speaks TLSv1.2 and TLSv1.3."),
        ),
        Error::InvalidMessage(_) => {
            ("what came is not TLS".into(), Some("Is it the right port, and does the server speak TLS?"))
        }
        other => (other.to_string(), None),
    })
}

/// The last day a certificate (DER) is valid, as `YYYY-MM-DD`; `None` when it is malformed.
#[must_use]
pub fn valid_until(certificate: &[u8]) -> Option<String> {
    let until = der::facts(certificate)?.validity.1;
    Some(format!("{}-{}-{}", until.get(..4)?, until.get(4..6)?, until.get(6..8)?))
}

/// The `tls-server-end-point` channel binding of a certificate (RFC 5929): its hash by the algorithm
/// of its signature, SHA-256 in place of MD5 and SHA-1. `None` where no hash is defined or at hand.
#[must_use]
pub fn end_point(certificate: &CertificateDer<'_>) -> Option<Vec<u8>> {
    let algorithm = match der::facts(certificate)?.signature.as_slice() {
        // RSA with MD5, SHA-1, SHA-256; ECDSA with SHA-1, SHA-256
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 4 | 5 | 11]
        | [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01]
        | [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 2] => HashAlgorithm::SHA256,
        // RSA, ECDSA with SHA-384
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 12]
        | [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 3] => HashAlgorithm::SHA384,
        _ => return None,
    };
    let provider = ring::default_provider();
    let hash = provider.cipher_suites.iter().filter_map(|s| s.tls13()).map(|s| s.common.hash_provider);
    let hash = hash.into_iter().find(|h| h.algorithm() == algorithm)?;
    Some(hash.hash(certificate).as_ref().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &'static [(&'static str, &'static str)]) -> Result<Tls, DbError> {
        Tls::new(&move |name| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn modes_and_what_is_refused() {
        assert_eq!(
            with(&[("sslmode", "disable"), ("sslrootcert", "/nonexistent")]).unwrap().mode,
            Mode::Disable
        );
        assert_eq!(
            with(&[("sslmode", "require"), ("sslrootcert", "/nonexistent")]).unwrap().check,
            Check::Nothing
        );
        for (pairs, part) in [
            (&[("sslmode", "sure")][..], "invalid sslmode"),
            (&[("sslmode", "require"), ("sslrootcert", "system")], "weak sslmode"),
            (&[("sslmode", "prefer"), ("sslnegotiation", "direct")], "weak sslmode"),
            (
                &[
                    ("sslmode", "require"),
                    ("ssl_min_protocol_version", "TLSv1"),
                    ("ssl_max_protocol_version", "TLSv1.1"),
                ],
                "TLSv1.2",
            ),
        ] {
            let e = with(pairs).err().unwrap_or_else(|| panic!("{pairs:?} was accepted"));
            assert!(e.message.contains(part), "{pairs:?}: {e}");
        }
        // Files are told only where the server does TLS.
        let missing = with(&[("sslmode", "verify-full"), ("sslrootcert", "/nonexistent")]).unwrap();
        assert!(matches!(missing.config, Some(Err(e)) if e.message.contains("does not exist")));
    }
}
