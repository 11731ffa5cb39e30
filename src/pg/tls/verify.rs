//! Whether the server's certificate is good enough for the sslmode, and whether the server has its key.

use super::{super::der, Check, Get, crl};
use crate::{core::error::DbError, data::civil::civil};
use rustls::{
    CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use std::{net::IpAddr, sync::Arc};

/// Checks as much as sslmode asks for.
#[derive(Debug)]
pub(super) struct Verifier {
    check: Check,
    /// Set when revocation is looked at.
    revoked: Option<Vec<der::Revocations>>,
    roots: Vec<CertificateDer<'static>>,
    chain: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    pub(super) fn new(
        get: Get<'_>,
        check: Check,
        roots: Option<Vec<CertificateDer<'static>>>,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, DbError> {
        let Some(roots) = roots.filter(|_| check != Check::Nothing) else {
            return Ok(Self { check: Check::Nothing, revoked: None, roots: vec![], chain: None, provider });
        };
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(roots.iter().cloned());
        let builder = WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(&provider));
        // A root file may hold nothing but the server's own old-style certificate: then only that one is trusted.
        let chain = match builder.build() {
            Ok(chain) => Some(chain),
            Err(rustls::client::VerifierBuilderError::NoRootAnchors) => None,
            Err(e) => return Err(DbError::client(format!("the root certificates cannot be used: {e}"))),
        };
        Ok(Self { check, revoked: crl::read(get)?, roots, chain, provider })
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

    /// A certificate the TLS library cannot read, such as an old-style one of version 1.
    fn is_odd(&self, certificate: &CertificateDer<'_>) -> bool {
        rustls::server::ParsedCertificate::try_from(certificate).is_err()
    }

    /// The signature checked with the bare key of the certificate.
    fn raw(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let (algorithm, key) = der::facts(certificate).ok_or(CertificateError::BadEncoding)?.key;
        let algorithms = &self.provider.signature_verification_algorithms;
        let of_scheme = algorithms.mapping.iter().filter(|(scheme, _)| *scheme == signed.scheme);
        let fits = of_scheme
            .flat_map(|(_, all)| all.iter())
            .filter(|a| a.public_key_alg_id().as_ref() == algorithm)
            .any(|a| a.verify_signature(&key, message, signed.signature()).is_ok());
        if fits {
            Ok(HandshakeSignatureValid::assertion())
        } else {
            Err(CertificateError::BadSignature.into())
        }
    }

    fn pinned(&self, certificate: &CertificateDer<'_>, now: UnixTime) -> Option<Result<(), Error>> {
        let same = |root: &CertificateDer<'_>| root.as_ref() == certificate.as_ref();
        let facts = der::facts(certificate)?;
        // Only one that signed itself: as in libpq a chain must end somewhere.
        if facts.issuer != facts.subject || !self.roots.iter().any(same) {
            return None;
        }
        let now = stamp(now.as_secs());
        Some(if now < facts.validity.0 {
            Err(CertificateError::NotValidYet.into())
        } else if now > facts.validity.1 {
            Err(CertificateError::Expired.into())
        } else {
            Ok(())
        })
    }
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
pub(super) fn stamp(seconds: u64) -> String {
    let (days, rest) = ((seconds / 86_400) as i64, seconds % 86_400);
    let (year, month, day) = civil(days);
    format!("{year:04}{month:02}{day:02}{:02}{:02}{:02}", rest / 3600, rest / 60 % 60, rest % 60)
}

/// TLS 1.3 has no signatures of the old RSA kind.
fn is_of_13(scheme: SignatureScheme) -> bool {
    !matches!(
        scheme,
        SignatureScheme::RSA_PKCS1_SHA1
            | SignatureScheme::RSA_PKCS1_SHA256
            | SignatureScheme::RSA_PKCS1_SHA384
            | SignatureScheme::RSA_PKCS1_SHA512
    )
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
            Ok(()) => {}
            // The chain was found good before the name was looked at.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.check != Check::Name || self.name_fits(certificate, name) => {}
            Err(e) => return Err(e),
        }
        if let Some(lists) = &self.revoked {
            let shown: Vec<_> = std::iter::once(certificate).chain(intermediates).collect();
            crl::check(lists, &shown, &self.roots, &self.provider, now)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    // The signature proves that the server has the certificate's key. It is checked in every mode: channel binding
    // rests on it, and without it anybody could show somebody else's certificate.

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        match rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms) {
            Err(Error::InvalidCertificate(_)) if self.is_odd(certificate) => {
                self.raw(message, certificate, signed)
            }
            result => result,
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        match rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms) {
            Err(Error::InvalidCertificate(_)) if self.is_odd(certificate) && is_of_13(signed.scheme) => {
                self.raw(message, certificate, signed)
            }
            result => result,
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
