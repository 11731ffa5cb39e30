//! A client's private key: PEM or DER, with a passphrase (`sslpassword`) or without.

use aes::cipher::{BlockDecryptMut, KeyIvInit, block_padding::Pkcs7};
use md5::{Digest, Md5};
use pkcs8::EncryptedPrivateKeyInfo;
use rustls::pki_types::{
    PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer,
    pem::{PemObject, SectionKind},
};

const NEEDED: &str = "it has a passphrase: give it with sslpassword";
const WRONG: &str = "the passphrase (sslpassword) does not open it";

/// Reads a key.
///
/// # Errors
/// What is wrong with it or with the passphrase.
pub(super) fn parse(bytes: &[u8], passphrase: Option<&str>) -> Result<PrivateKeyDer<'static>, String> {
    let text = String::from_utf8_lossy(bytes);
    if !text.contains("-----BEGIN ") {
        return der(bytes);
    }
    if let Some(sealed) = section(&text, "ENCRYPTED PRIVATE KEY") {
        let passphrase = passphrase.ok_or(NEEDED)?;
        let sealed = base64(&sealed)?;
        let info = EncryptedPrivateKeyInfo::try_from(sealed.as_slice())
            .map_err(|e| format!("its encryption is not understood: {e}"))?;
        let open = info.decrypt(passphrase).map_err(|_| WRONG.to_owned())?;
        return Ok(PrivatePkcs8KeyDer::from(open.as_bytes().to_vec()).into());
    }
    for (label, kind) in
        [("RSA PRIVATE KEY", SectionKind::RsaPrivateKey), ("EC PRIVATE KEY", SectionKind::EcPrivateKey)]
    {
        if let Some(body) = section(&text, label).filter(|body| body.contains("DEK-Info:")) {
            return traditional(&body, passphrase.ok_or(NEEDED)?, kind);
        }
    }
    PrivateKeyDer::from_pem_slice(bytes).map_err(|e| e.to_string())
}

/// A key in DER, of whichever kind.
fn der(bytes: &[u8]) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::try_from(bytes.to_vec())
        .map_err(|_| "no private key in it (PEM or DER is expected)".into())
}

/// What stands between the lines that begin and end a section.
fn section(text: &str, label: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    Some(body.into())
}

/// OpenSSL's older way: a header names cipher and salt, the key is MD5 of passphrase and salt, again and again.
fn traditional(body: &str, passphrase: &str, kind: SectionKind) -> Result<PrivateKeyDer<'static>, String> {
    let body = body.replace('\r', "");
    let (head, data) = body.trim_start().split_once("\n\n").ok_or("its header has no end")?;
    let info = head.lines().find_map(|l| l.strip_prefix("DEK-Info:")).unwrap_or_default();
    let (cipher, iv) = info.trim().split_once(',').ok_or("its header names no cipher")?;
    let iv = unhex(iv.trim()).filter(|iv| iv.len() >= 8).ok_or("its header has a malformed salt")?;
    let data = base64(data)?;
    let (pass, salt) = (passphrase.as_bytes(), &iv[..8]);
    let open = match cipher {
        "AES-128-CBC" => decrypt::<cbc::Decryptor<aes::Aes128>>(&derive(pass, salt, 16), &iv, &data),
        "AES-192-CBC" => decrypt::<cbc::Decryptor<aes::Aes192>>(&derive(pass, salt, 24), &iv, &data),
        "AES-256-CBC" => decrypt::<cbc::Decryptor<aes::Aes256>>(&derive(pass, salt, 32), &iv, &data),
        "DES-EDE3-CBC" => decrypt::<cbc::Decryptor<des::TdesEde3>>(&derive(pass, salt, 24), &iv, &data),
        other => {
            return Err(format!(
                "it is encrypted with {other}, which pgdeck cannot read; \"openssl pkcs8 -topk8\" makes a key it can"
            ));
        }
    };
    let open = open.ok_or(WRONG)?;
    let key: PrivateKeyDer<'static> = match kind {
        SectionKind::EcPrivateKey => PrivateSec1KeyDer::from(open).into(),
        _ => PrivatePkcs1KeyDer::from(open).into(),
    };
    Ok(key)
}

fn decrypt<D: BlockDecryptMut + KeyIvInit>(key: &[u8], iv: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let open = D::new_from_slices(key, iv).ok()?.decrypt_padded_vec_mut::<Pkcs7>(data).ok()?;
    // With a wrong passphrase the padding fits by chance once in 256 times.
    (open.first() == Some(&0x30)).then_some(open)
}

/// The key of OpenSSL's `EVP_BytesToKey` with MD5 and one round.
fn derive(passphrase: &[u8], salt: &[u8], length: usize) -> Vec<u8> {
    let mut key: Vec<u8> = vec![];
    let mut last: Vec<u8> = vec![];
    while key.len() < length {
        let mut hash = Md5::new();
        hash.update(&last);
        hash.update(passphrase);
        hash.update(salt);
        last = hash.finalize().to_vec();
        key.extend_from_slice(&last);
    }
    key.truncate(length);
    key
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).map(|d| d as u8)).collect();
    digits.map(|d| d.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

fn base64(text: &str) -> Result<Vec<u8>, String> {
    let (mut out, mut held, mut bits) = (vec![], 0u32, 0);
    for byte in text.bytes().filter(|b| !b.is_ascii_whitespace()) {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => break,
            _ => return Err("it is not base64".into()),
        };
        held = held << 6 | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((held >> bits) as u8);
            held &= (1 << bits) - 1;
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    /// Made by openssl: passed over where there is none.
    fn made(args: &[&str]) -> Option<Vec<u8>> {
        let out = Command::new("openssl").args(args).output().ok().filter(|o| o.status.success())?;
        Some(out.stdout)
    }

    #[test]
    fn keys_of_every_kind_open_with_their_passphrase_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let plain = folder.path().join("plain.key");
        let path = plain.display().to_string();
        let Some(key) = made(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]) else {
            return;
        };
        std::fs::write(&plain, &key).expect("written");
        let open = |bytes: &[u8], pass| parse(bytes, pass).map(|k| k.secret_der().to_vec());
        let pkcs8 = open(&key, None).expect("plain");
        for cipher in ["-aes-256-cbc", "-aes-128-cbc", "-des3"] {
            let sealed =
                made(&["pkcs8", "-topk8", "-in", &path, "-v2", &cipher[1..], "-passout", "pass:open sesame"]);
            let sealed = sealed.expect(cipher);
            assert_eq!(open(&sealed, Some("open sesame")), Ok(pkcs8.clone()), "{cipher}");
            assert_eq!(open(&sealed, Some("wrong")), Err(WRONG.into()), "{cipher}");
            assert_eq!(open(&sealed, None), Err(NEEDED.into()), "{cipher}");
        }
        let pkcs1 = made(&["rsa", "-in", &path, "-traditional"]).expect("pkcs1");
        let pkcs1 = open(&pkcs1, None).expect("pkcs1");
        for cipher in ["-aes256", "-aes192", "-aes128", "-des3"] {
            let args = ["rsa", "-in", &path, "-traditional", cipher, "-passout", "pass:open sesame"];
            let sealed = made(&args).expect(cipher);
            assert_eq!(open(&sealed, Some("open sesame")), Ok(pkcs1.clone()), "{cipher}");
            assert_eq!(open(&sealed, Some("wrong")), Err(WRONG.into()), "{cipher}");
            assert_eq!(open(&sealed, None), Err(NEEDED.into()), "{cipher}");
        }
        if let Some(camellia) =
            made(&["rsa", "-in", &path, "-traditional", "-camellia128", "-passout", "pass:x"])
        {
            assert!(open(&camellia, Some("x")).expect_err("unknown").contains("CAMELLIA-128-CBC"));
        }
        let der = made(&["pkcs8", "-topk8", "-nocrypt", "-in", &path, "-outform", "DER"]).expect("DER");
        assert_eq!(open(&der, None), Ok(pkcs8));
        assert!(open(b"nonsense", None).is_err());
    }
}
