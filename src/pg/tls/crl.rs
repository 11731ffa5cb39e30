//! Certificate revocation lists, checked as OpenSSL does for libpq: every certificate of the chain needs a list of its
//! signer's that is not out of date. Lists of version 1, which most tools make unless told otherwise, count too.

use super::super::der::{self, Facts, Revocations};
use super::{Get, files, verify::stamp};
use crate::core::error::DbError;
use rustls::{
    CertificateError, Error,
    crypto::CryptoProvider,
    pki_types::{
        CertificateDer, CertificateRevocationListDer, SignatureVerificationAlgorithm, UnixTime,
        pem::PemObject,
    },
};
use std::{fs, path::Path};

/// Reads what `sslcrl` and `sslcrldir` name; `None`: nothing is checked, as neither is given or the file is not there.
///
/// # Errors
/// A file that cannot be read, or a folder without any list.
pub(super) fn read(get: Get<'_>) -> Result<Option<Vec<Revocations>>, DbError> {
    let mut lists = vec![];
    let folder = get("sslcrldir");
    let file = match (get("sslcrl"), &folder) {
        (Some(file), _) => Some(file.into()),
        (None, Some(_)) => None,
        (None, None) => files::default_file("root.crl"),
    };
    let file = file.filter(|path| path.exists());
    let given = file.is_some() || folder.is_some();
    if let Some(path) = file {
        from_file(&path, &mut lists)?;
    }
    if let Some(folder) = folder {
        let before = lists.len();
        let unreadable = |e| {
            DbError::client(format!(
                "could not read the folder of certificate revocation lists \"{folder}\": {e}"
            ))
        };
        for entry in fs::read_dir(&folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.file_name().and_then(|n| n.to_str()).is_some_and(is_hashed) {
                from_file(&path, &mut lists)?;
            }
        }
        if lists.len() == before {
            return Err(DbError::client(format!(
                "no certificate revocation list in the folder \"{folder}\" (sslcrldir): files are found by names such as 9bb9e3c3.r0, which \"openssl rehash\" makes"
            )));
        }
    }
    Ok(given.then_some(lists))
}

/// Whether a file in `sslcrldir` has the name OpenSSL looks for: hash of the signer, `.r`, number.
fn is_hashed(name: &str) -> bool {
    name.split_once(".r").is_some_and(|(hash, number)| {
        hash.len() == 8
            && hash.bytes().all(|b| b.is_ascii_hexdigit())
            && !number.is_empty()
            && number.bytes().all(|b| b.is_ascii_digit())
    })
}

fn from_file(path: &Path, lists: &mut Vec<Revocations>) -> Result<(), DbError> {
    let bad = |why: &str| {
        DbError::client(format!(
            "could not read certificate revocation list file \"{}\": {why}",
            path.display()
        ))
    };
    let pem = files::read(path, "certificate revocation list")?;
    let before = lists.len();
    for list in CertificateRevocationListDer::pem_slice_iter(&pem) {
        let list = list.map_err(|e| bad(&e.to_string()))?;
        lists.push(der::revocations(&list).ok_or_else(|| bad("a list in it is malformed"))?);
    }
    if lists.len() == before { Err(bad("no list in it (PEM is expected)")) } else { Ok(()) }
}

/// Checks the certificates a server showed, its own first; `roots` are those it may rest on.
pub(super) fn check(
    lists: &[Revocations],
    shown: &[&CertificateDer<'_>],
    roots: &[CertificateDer<'_>],
    provider: &CryptoProvider,
    now: UnixTime,
) -> Result<(), Error> {
    let signers: Vec<Facts> =
        shown.iter().copied().chain(roots).filter_map(|certificate| der::facts(certificate)).collect();
    let now = stamp(now.as_secs());
    for certificate in shown {
        if roots.iter().any(|root| root == *certificate) {
            continue; // trusted as it is
        }
        let facts = der::facts(certificate).ok_or(CertificateError::BadEncoding)?;
        let list = lists
            .iter()
            .find(|l| l.issuer == facts.issuer && is_signed(l, &signers, provider))
            .ok_or(CertificateError::UnknownRevocationStatus)?;
        if list.critical {
            return Err(CertificateError::UnhandledCriticalExtension.into());
        }
        if list.serials.contains(&facts.serial) {
            return Err(CertificateError::Revoked.into());
        }
        if list.next.as_ref().is_some_and(|next| *next < now) {
            return Err(Error::General(OUT_OF_DATE.into()));
        }
    }
    Ok(())
}

/// What [`check`] says of a list that should have been replaced.
pub(super) const OUT_OF_DATE: &str = "the certificate revocation list is out of date (sslcrl)";

fn is_signed(list: &Revocations, signers: &[Facts], provider: &CryptoProvider) -> bool {
    let mut named = signers.iter().filter(|s| s.subject == list.issuer);
    named.any(|signer| {
        let fits = |a: &&&dyn SignatureVerificationAlgorithm| {
            a.public_key_alg_id().as_ref() == signer.key.0
                && a.signature_alg_id().as_ref() == list.signature.0
        };
        let all = provider.signature_verification_algorithms.all;
        let signed = |a: &&dyn SignatureVerificationAlgorithm| {
            a.verify_signature(&signer.key.1, &list.signed, &list.signature.1).is_ok()
        };
        all.iter().filter(fits).any(signed)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_lists_in_a_folder() {
        for (name, fits) in [
            ("9bb9e3c3.r0", true),
            ("9bb9e3c3.r12", true),
            ("9bb9e3c3.0", false),
            ("9bb9e3c3.r", false),
            ("root.r0", false),
        ] {
            assert_eq!(is_hashed(name), fits, "{name}");
        }
    }
}
