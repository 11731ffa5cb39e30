//! TLS as libpq does it: sslmode and its kin, certificates, names, channel binding data.

use super::{
    der,
    wire::{Socket, Stream},
};
use crate::core::error::DbError;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, hash::HashAlgorithm, ring},
    pki_types::{
        CertificateDer, CertificateRevocationListDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject,
    },
};
use std::{
    net::IpAddr,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;

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
    config: Option<Arc<ClientConfig>>,
}

/// Whom the server's certificate must name.
#[derive(Clone, Debug)]
pub struct Name(ServerName<'static>);

impl Tls {
    /// Reads the `ssl…` parameters. `get` gives a parameter's value by keyword.
    ///
    /// # Errors
    /// A value that is wrong or asks for what is not supported, or a file that is missing or unreadable.
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
        if mode == Mode::Disable {
            return Ok(Self { mode, direct, check, config: None });
        }
        refuse_unsupported(&get)?;
        let roots = roots(&get, system, check)?;
        // With a root file at hand even the weaker modes check the chain, as libpq does.
        if roots.is_some() && check == Check::Nothing {
            check = Check::Chain;
        }
        let config = Some(Arc::new(config(&get, direct, check, roots)?));
        Ok(Self { mode, direct, check, config })
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
            match asked
                .await
                .map_err(|e| DbError::lost(format!("the server hung up when asked for TLS: {e}")))?
            {
                b'S' => {}
                b'N' => return Ok(None),
                // Its text is not shown: nothing vouches for it yet (CVE-2024-10977).
                b'E' => return Err(DbError::lost("the server sent an error when asked for TLS")),
                b => {
                    return Err(DbError::lost(format!(
                        "the server answered 0x{b:02x} when asked for TLS: not PostgreSQL?"
                    )));
                }
            }
        }
        let connector = TlsConnector::from(Arc::clone(config));
        let stream = connector
            .connect(name.0.clone(), socket)
            .await
            .map_err(|e| DbError::client(format!("TLS failed: {}", explain(&e))))?;
        if self.direct && stream.get_ref().1.alpn_protocol() != Some(b"postgresql") {
            return Err(DbError::client(
                "direct TLS was established without ALPN \"postgresql\": no PostgreSQL 17 or newer (leave sslnegotiation=direct away)",
            ));
        }
        Ok(Some(Stream::Tls(Box::new(stream))))
    }
}

type Get<'a> = &'a dyn Fn(&str) -> Option<String>;

fn refuse_unsupported(get: Get<'_>) -> Result<(), DbError> {
    let no = |name: &str, why: &str| Err(DbError::client(format!("{name} is not supported{why}")));
    if get("sslcrldir").is_some() {
        return no("sslcrldir", ": give one file with sslcrl");
    }
    if get("sslkeylogfile").is_some() {
        return no("sslkeylogfile", "");
    }
    if get("sslcertmode").as_deref() == Some("require") {
        return no("sslcertmode=require", ": use allow");
    }
    Ok(())
}

/// The certificates to trust; `None`: nothing is checked.
fn roots(get: Get<'_>, system: bool, check: Check) -> Result<Option<Vec<CertificateDer<'static>>>, DbError> {
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
        return Err(DbError::client(format!(
            "root certificate file \"{path}\" does not exist\nEither provide the file, use the system's trusted roots with sslrootcert=system, or change sslmode to disable server certificate verification."
        )));
    };
    let certificates = certificates(&path, "root certificate")?;
    Ok(Some(certificates))
}

fn config(
    get: Get<'_>,
    direct: bool,
    check: Check,
    roots: Option<Vec<CertificateDer<'static>>>,
) -> Result<ClientConfig, DbError> {
    let provider = Arc::new(ring::default_provider());
    let bad = |e: Error| DbError::client(format!("TLS settings cannot be used: {e}"));
    let verifier = Verifier::new(get, check, roots, Arc::clone(&provider))?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions(get)?)
        .map_err(bad)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match client_certificate(get)? {
        Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(bad)?,
        None => builder.with_no_client_auth(),
    };
    config.enable_sni = get("sslsni").as_deref() != Some("0");
    if direct {
        config.alpn_protocols = vec![b"postgresql".to_vec()];
    }
    Ok(config)
}

fn versions(get: Get<'_>) -> Result<Vec<&'static rustls::SupportedProtocolVersion>, DbError> {
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

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn client_certificate(get: Get<'_>) -> Result<Option<Identity>, DbError> {
    if get("sslcertmode").as_deref() == Some("disable") {
        return Ok(None);
    }
    // As libpq: a certificate that is not there is not sent; the server says so if it wants one.
    let path = get("sslcert").map(PathBuf::from).or_else(|| default_file("postgresql.crt"));
    let Some(path) = path.filter(|p| p.exists()) else { return Ok(None) };
    let chain = certificates(&path, "certificate")?;
    let key_path = get("sslkey").map(PathBuf::from).or_else(|| default_file("postgresql.key"));
    let Some(key_path) = key_path.filter(|p| p.exists()) else {
        return Err(DbError::client(format!(
            "certificate present, but not private key file \"{}\"",
            get("sslkey").unwrap_or_else(|| "~/.postgresql/postgresql.key".into())
        )));
    };
    private_enough(&key_path)?;
    let pem = read(&key_path, "private key")?;
    if String::from_utf8_lossy(&pem).contains("ENCRYPTED") {
        return Err(DbError::client(format!(
            "private key file \"{}\" is encrypted, which is not supported (nor is sslpassword): store it decrypted, readable by you alone",
            key_path.display()
        )));
    }
    let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|e| {
        DbError::client(format!("could not read private key file \"{}\": {e}", key_path.display()))
    })?;
    Ok(Some((chain, key)))
}

/// As libpq: nobody else may read the key, but a key of root's may be readable by a group.
fn private_enough(path: &Path) -> Result<(), DbError> {
    let unreadable =
        |e| DbError::client(format!("could not read private key file \"{}\": {e}", path.display()));
    let meta = std::fs::metadata(path).map_err(unreadable)?;
    let forbidden = if meta.uid() == 0 { 0o037 } else { 0o077 };
    if meta.mode() & forbidden != 0 {
        return Err(DbError::client(format!(
            "private key file \"{}\" has group or world access; file must have permissions u=rw (0600) or less if owned by the current user, or permissions u=rw,g=r (0640) or less if owned by root",
            path.display()
        )));
    }
    Ok(())
}

fn default_file(name: &str) -> Option<PathBuf> {
    std::env::home_dir().map(|home| home.join(".postgresql").join(name))
}

fn read(path: &Path, what: &str) -> Result<Vec<u8>, DbError> {
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

/// Checks as much as sslmode asks for.
#[derive(Debug)]
struct Verifier {
    check: Check,
    roots: Vec<CertificateDer<'static>>,
    chain: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    fn new(
        get: Get<'_>,
        check: Check,
        roots: Option<Vec<CertificateDer<'static>>>,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, DbError> {
        let Some(roots) = roots.filter(|_| check != Check::Nothing) else {
            return Ok(Self { check: Check::Nothing, roots: vec![], chain: None, provider });
        };
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(roots.iter().cloned());
        let builder = WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(&provider));
        // A root file may hold nothing but the server's own old-style certificate: then only that one is trusted.
        let chain = match builder.with_crls(revoked(get)?).build() {
            Ok(chain) => Some(chain),
            Err(rustls::client::VerifierBuilderError::NoRootAnchors) => None,
            Err(e) => {
                return Err(DbError::client(format!("the certificate revocation list cannot be used: {e}")));
            }
        };
        Ok(Self { check, roots, chain, provider })
    }

    fn name_fits(&self, certificate: &CertificateDer<'_>, name: &ServerName<'_>) -> bool {
        let Some(facts) = der::facts(certificate) else { return false };
        let ServerName::DnsName(name) = name else {
            let ServerName::IpAddress(ip) = name else { return false };
            let ip = IpAddr::from(*ip).to_string();
            return !facts.alternative_names && facts.common_names.contains(&ip);
        };
        // As libpq: the common name counts only when there are no alternative names.
        !facts.alternative_names && facts.common_names.iter().any(|cn| name_matches(cn, name.as_ref()))
    }

    fn pinned(&self, certificate: &CertificateDer<'_>, now: UnixTime) -> Option<Result<(), Error>> {
        let same = |root: &CertificateDer<'_>| root.as_ref() == certificate.as_ref();
        if !self.roots.iter().any(same) {
            return None;
        }
        let now = stamp(now.as_secs());
        let valid = der::facts(certificate).map(|f| {
            if now < f.validity.0 {
                Err(CertificateError::NotValidYet.into())
            } else if now > f.validity.1 {
                Err(CertificateError::Expired.into())
            } else {
                Ok(())
            }
        });
        Some(valid.unwrap_or(Err(CertificateError::BadEncoding.into())))
    }
}

fn revoked(get: Get<'_>) -> Result<Vec<CertificateRevocationListDer<'static>>, DbError> {
    let given = get("sslcrl").map(PathBuf::from);
    let Some(path) = given.or_else(|| default_file("root.crl").filter(|p| p.exists())) else {
        return Ok(vec![]);
    };
    let pem = read(&path, "certificate revocation list")?;
    CertificateRevocationListDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>().map_err(|e| {
        DbError::client(format!(
            "could not read certificate revocation list file \"{}\": {e}",
            path.display()
        ))
    })
}

/// A name against a certificate's: a `*` stands for one whole leftmost label.
fn name_matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(domain) => name
            .split_once('.')
            .is_some_and(|(first, rest)| !first.is_empty() && rest.eq_ignore_ascii_case(domain)),
        None => pattern.eq_ignore_ascii_case(name),
    }
}

/// Seconds since 1970 as `YYYYMMDDHHMMSS` (civil calendar, UTC).
fn stamp(seconds: u64) -> String {
    let (days, rest) = ((seconds / 86_400) as i64, seconds % 86_400);
    // Days since 0000-03-01, in eras of 400 years.
    let z = days + 719_468;
    let (era, day_of_era) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    format!("{year:04}{month:02}{day:02}{:02}{:02}{:02}", rest / 3600, rest / 60 % 60, rest % 60)
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.check == Check::Nothing {
            return Ok(ServerCertVerified::assertion());
        }
        let wrong_name = || Error::InvalidCertificate(CertificateError::NotValidForName);
        let result = match (self.pinned(certificate, now), &self.chain) {
            (Some(pinned), _) => {
                pinned?;
                let parsed = rustls::server::ParsedCertificate::try_from(certificate);
                parsed.and_then(|c| rustls::client::verify_server_name(&c, name))
            }
            (None, Some(chain)) => {
                chain.verify_server_cert(certificate, intermediates, name, ocsp, now).map(drop)
            }
            (None, None) => Err(CertificateError::UnknownIssuer.into()),
        };
        match result {
            Ok(()) => Ok(ServerCertVerified::assertion()),
            // The chain was found good before the name was looked at.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => match self.check {
                Check::Name if !self.name_fits(certificate, name) => Err(wrong_name()),
                _ => Ok(ServerCertVerified::assertion()),
            },
            Err(e) => Err(e),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if self.check == Check::Nothing {
            // A certificate nobody vouches for proves nothing, and old-style (v1) ones could not be read.
            return Ok(HandshakeSignatureValid::assertion());
        }
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if self.check == Check::Nothing {
            return Ok(HandshakeSignatureValid::assertion());
        }
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// What went wrong in the handshake, for people.
fn explain(e: &std::io::Error) -> String {
    let inner = e.get_ref().and_then(|e| e.downcast_ref::<Error>());
    match inner {
        // A bad signature is what a root of the same name with another key gives.
        Some(Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature)) => {
            "the server's certificate is not signed by a trusted root (sslrootcert)".into()
        }
        Some(Error::InvalidCertificate(CertificateError::NotValidForName)) => {
            "the server's certificate is for another host name".into()
        }
        Some(Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        )) => "the server's certificate has expired".into(),
        Some(Error::InvalidCertificate(CertificateError::Revoked)) => {
            "the server's certificate is revoked".into()
        }
        Some(e) => e.to_string(),
        None => e.to_string(),
    }
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
            (&[("sslmode", "verify-full"), ("sslrootcert", "/nonexistent")][..], "does not exist"),
            (&[("sslmode", "sure")], "invalid sslmode"),
            (&[("sslmode", "require"), ("sslrootcert", "system")], "weak sslmode"),
            (&[("sslmode", "prefer"), ("sslnegotiation", "direct")], "weak sslmode"),
            (&[("sslmode", "require"), ("sslcrldir", "/x")], "sslcrldir"),
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
    }

    #[test]
    fn names_with_a_star() {
        for (pattern, name, fits) in [
            ("db.example", "DB.example", true),
            ("*.example", "db.example", true),
            ("*.example", "a.db.example", false),
            ("*.example", "example", false),
            ("db.example", "dbx.example", false),
        ] {
            assert_eq!(name_matches(pattern, name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn seconds_as_a_stamp() {
        assert_eq!(stamp(0), "19700101000000");
        assert_eq!(stamp(951_782_400), "20000229000000");
        assert_eq!(stamp(1_735_787_045), "20250102030405");
    }
}
