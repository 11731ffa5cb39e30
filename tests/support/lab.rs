//! Certificates, good and bad, made by openssl for one test program. `None` where openssl is missing.
#![allow(dead_code, reason = "every test program uses its own part of this")]

use crate::server;
use pgdeck::demo::cluster::{Cluster, Settings};
use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};
use tempfile::TempDir;

/// The passphrase of the sealed keys.
pub const PASSPHRASE: &str = "open sesame";

/// A folder of certificates.
pub struct Lab {
    folder: TempDir,
}

impl Lab {
    /// Makes them: two authorities, servers' certificates that are good, for another name and out of date, a client's
    /// with its key plain and sealed, revocation lists.
    pub fn make() -> Option<Self> {
        let folder = tempfile::tempdir().ok()?;
        let at = folder.path();
        let local = "subjectAltName=DNS:localhost,IP:127.0.0.1\n";
        let made = authority(at, "ca")
            && authority(at, "other")
            && certificate(at, "ca", "server", "/CN=localhost", local, "2")
            && certificate(
                at,
                "ca",
                "elsewhere",
                "/CN=elsewhere.example",
                "subjectAltName=DNS:elsewhere.example\n",
                "2",
            )
            && certificate(at, "ca", "client", "/CN=certified", "basicConstraints=CA:FALSE\n", "2")
            && certificate(at, "other", "stranger", "/CN=certified", "basicConstraints=CA:FALSE\n", "2")
            && own(at, "own", local)
            && lists(at)
            && seal(at, "sealed.key", &["pkcs8", "-topk8", "-in", "client.key"])
            && seal(at, "old.key", &["rsa", "-traditional", "-aes256", "-in", "client.key"]);
        for name in ["client.key", "stranger.key", "sealed.key", "old.key"] {
            fs::set_permissions(at.join(name), fs::Permissions::from_mode(0o600)).ok()?;
        }
        fs::copy(at.join("client.key"), at.join("open.key")).ok()?;
        fs::set_permissions(at.join("open.key"), fs::Permissions::from_mode(0o644)).ok()?;
        made.then_some(Self { folder })
    }

    /// Path of a file.
    pub fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Contents of a file.
    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.folder.path().join(name)).expect("made")
    }

    /// A server on TCP with one of the certificates. `None` where the server was built without TLS.
    pub fn server(&self, certificate: &str, hba: &str, more: &[(&str, &str)]) -> Option<Cluster> {
        let options = [
            ("ssl", "on"),
            ("ssl_cert_file", "server.crt"),
            ("ssl_key_file", "server.key"),
            ("ssl_ca_file", "ca.crt"),
        ];
        let all = options.iter().chain(more).map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        let settings = Settings {
            tcp: true,
            options: all.collect(),
            files: vec![
                ("pg_hba.conf".into(), hba.into()),
                ("server.crt".into(), self.read(&format!("{certificate}.crt"))),
                ("server.key".into(), self.read(&format!("{certificate}.key"))),
                ("ca.crt".into(), self.read("ca.crt")),
            ],
            ..Settings::default()
        };
        match server::try_start(settings) {
            Ok(cluster) => Some(cluster),
            Err(e) if e.contains("SSL is not supported by this build") => None,
            Err(e) => panic!("no test server: {e}"),
        }
    }
}

fn openssl(at: &Path, args: &[&str]) -> bool {
    let out = Command::new("openssl").args(args).current_dir(at).output();
    let Ok(out) = out else { return false };
    assert!(out.status.success(), "openssl {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    true
}

fn authority(at: &Path, name: &str) -> bool {
    let (key, crt) = (format!("{name}.key"), format!("{name}.crt"));
    let new = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test authority"];
    openssl(at, &[&new[..], &["-keyout", &key, "-out", &crt]].concat())
}

fn certificate(at: &Path, by: &str, name: &str, subject: &str, ext: &str, days: &str) -> bool {
    let file = |ending: &str| format!("{name}.{ending}");
    let (key, csr, crt) = (file("key"), file("csr"), file("crt"));
    let (ca, ca_key) = (format!("{by}.crt"), format!("{by}.key"));
    fs::write(at.join("ext"), ext).expect("written");
    openssl(at, &["req", "-newkey", "rsa:2048", "-nodes", "-subj", subject, "-keyout", &key, "-out", &csr])
        && openssl(
            at,
            &[
                "x509",
                "-req",
                "-in",
                &csr,
                "-CA",
                &ca,
                "-CAkey",
                &ca_key,
                "-CAcreateserial",
                "-days",
                days,
                "-extfile",
                "ext",
                "-out",
                &crt,
            ],
        )
}

/// One that nobody but itself vouches for.
fn own(at: &Path, name: &str, names: &str) -> bool {
    let (key, crt) = (format!("{name}.key"), format!("{name}.crt"));
    let new = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"];
    openssl(at, &[&new[..], &["-addext", names.trim_end(), "-keyout", &key, "-out", &crt]].concat())
}

fn seal(at: &Path, out: &str, args: &[&str]) -> bool {
    let pass = format!("pass:{PASSPHRASE}");
    openssl(at, &[args, &["-passout", &pass, "-out", out]].concat())
}

/// The certificate that is out of date, and the lists: `none.crl` names nobody, `revoked.crl` the server, `first.crl` too, in version 1; `stale.crl` is out of date. The
/// folder `crls` holds `revoked.crl` under the name OpenSSL looks for, `empty` nothing.
fn lists(at: &Path) -> bool {
    let config = |number: &str| {
        format!(
            "[ca]\ndefault_ca=x\n[x]\ndatabase=index.txt\nnew_certs_dir=.\ncertificate=ca.crt\nprivate_key=ca.key\n\
             default_md=sha256\ndefault_crl_days=2\nserial=serial\npolicy=p\n{number}[p]\ncommonName=supplied\n"
        )
    };
    for (name, text) in [
        ("two.cnf", config("crlnumber=crlnumber\n")),
        ("one.cnf", config("")),
        ("index.txt", String::new()),
        ("index.txt.attr", "unique_subject = no\n".into()),
        ("crlnumber", "01\n".into()),
        ("serial", "1000\n".into()),
    ] {
        fs::write(at.join(name), text).expect("written");
    }
    let list = |config: &str, out: &str, more: &[&str]| {
        openssl(at, &[&["ca", "-config", config, "-gencrl", "-out", out], more].concat())
    };
    let old = ["-crl_lastupdate", "20200101000000Z", "-crl_nextupdate", "20200102000000Z"];
    fs::write(at.join("ext"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n").expect("written");
    let new = ["req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", "expired.key"];
    let past = ["-startdate", "20200101000000Z", "-enddate", "20200102000000Z", "-extfile", "ext"];
    let sign = ["ca", "-config", "two.cnf", "-batch", "-notext", "-in", "expired.csr", "-out", "expired.crt"];
    let made = openssl(at, &[&new[..], &["-out", "expired.csr"]].concat())
        && openssl(at, &[&sign[..], &past].concat())
        && list("two.cnf", "none.crl", &[])
        && list("two.cnf", "stale.crl", &old)
        && openssl(at, &["ca", "-config", "two.cnf", "-revoke", "server.crt"])
        && list("two.cnf", "revoked.crl", &[])
        && list("one.cnf", "first.crl", &[]);
    if !made {
        return false;
    }
    for name in ["crls", "empty"] {
        fs::create_dir(at.join(name)).expect("made");
    }
    let hash = Command::new("openssl")
        .args(["crl", "-in", "revoked.crl", "-noout", "-hash"])
        .current_dir(at)
        .output();
    let hash = String::from_utf8_lossy(&hash.expect("openssl").stdout).trim().to_owned();
    fs::copy(at.join("revoked.crl"), at.join("crls").join(format!("{hash}.r0"))).expect("copied");
    true
}
