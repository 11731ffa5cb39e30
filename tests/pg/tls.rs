//! TLS against a real server with a certificate of its own making; passed over where openssl is missing or the
//! server was built without TLS.

use crate::{open, rows, run, server, sql, target, try_open};
use pgdeck::{
    demo::cluster::{Cluster, Settings},
    pg::connect::{self, Options},
};
use std::{path::Path, process::Command, sync::OnceLock};
use tempfile::TempDir;

struct Secured {
    cluster: Cluster,
    folder: TempDir,
}

impl Secured {
    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn at(&self, host: &str, user: &str, more: &str) -> String {
        let address = "hostaddr=127.0.0.1";
        format!("host={host} {address} port={} user={user} dbname=postgres {more}", self.cluster.port())
    }
}

fn openssl(folder: &Path, args: &[&str]) -> bool {
    Command::new("openssl").args(args).current_dir(folder).output().is_ok_and(|o| o.status.success())
}

fn certificate(folder: &Path, name: &str, subject: &str, names: &str) -> bool {
    let file = |ending: &str| format!("{name}.{ending}");
    std::fs::write(folder.join("ext"), names).is_ok()
        && openssl(
            folder,
            &[
                "req",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-subj",
                subject,
                "-keyout",
                &file("key"),
                "-out",
                &file("csr"),
            ],
        )
        && openssl(
            folder,
            &[
                "x509",
                "-req",
                "-in",
                &file("csr"),
                "-CA",
                "ca.crt",
                "-CAkey",
                "ca.key",
                "-CAcreateserial",
                "-days",
                "2",
                "-extfile",
                "ext",
                "-out",
                &file("crt"),
            ],
        )
}

fn authority(folder: &Path, name: &str) -> bool {
    let (key, crt) = (format!("{name}.key"), format!("{name}.crt"));
    openssl(
        folder,
        &[
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=test authority",
            "-keyout",
            &key,
            "-out",
            &crt,
        ],
    )
}

fn secured() -> Option<&'static Secured> {
    static SERVER: OnceLock<Option<Secured>> = OnceLock::new();
    SERVER.get_or_init(start).as_ref()
}

fn start() -> Option<Secured> {
    let folder = tempfile::tempdir().ok()?;
    let path = folder.path();
    let made = authority(path, "ca")
        && authority(path, "other")
        && certificate(path, "server", "/CN=localhost", "subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        && certificate(path, "client", "/CN=certified", "basicConstraints=CA:FALSE\n");
    if !made {
        return None;
    }
    let read = |name: &str| std::fs::read(path.join(name)).unwrap();
    let hba = "local all all trust\n\
               hostssl all certified 127.0.0.1/32 cert\n\
               hostssl all secured 127.0.0.1/32 scram-sha-256\n\
               hostnossl all plain 127.0.0.1/32 trust\n\
               hostssl all anyone 127.0.0.1/32 trust\n";
    let cluster = match server::try_start(Settings {
        tcp: true,
        options: [
            ("ssl", "on"),
            ("ssl_cert_file", "server.crt"),
            ("ssl_key_file", "server.key"),
            ("ssl_ca_file", "ca.crt"),
        ]
        .map(|(n, v)| (n.to_owned(), v.to_owned()))
        .to_vec(),
        files: vec![
            ("pg_hba.conf".into(), hba.into()),
            ("server.crt".into(), read("server.crt")),
            ("server.key".into(), read("server.key")),
            ("ca.crt".into(), read("ca.crt")),
        ],
        ..Settings::default()
    }) {
        Ok(cluster) => cluster,
        Err(e) if e.contains("SSL is not supported by this build") => return None,
        Err(e) => panic!("no test server: {e}"),
    };
    server::execute(
        &cluster,
        "postgres",
        "create role certified login; create role secured login password 'pw'; create role plain login; create role anyone login",
    );
    Some(Secured { cluster, folder })
}

async fn in_tls(connection: &str) -> bool {
    let mut s = open(connection).await;
    let told = rows(
        &run(&mut s, &sql("select ssl::text from pg_stat_ssl where pid = pg_backend_pid()")).await.unwrap(),
    );
    assert_eq!(s.tls().is_some(), told == [[Some("true".to_owned())]], "{connection}");
    s.tls().is_some()
}

async fn refused(connection: &str, part: &str) {
    let e = try_open(connection).await.map(|_| ()).expect_err(connection);
    assert!(e.error.message.contains(part), "{connection}: {e}");
}

#[tokio::test]
async fn modes_check_as_much_as_they_say() {
    let Some(s) = secured() else { return };
    let (ca, other) = (s.file("ca.crt"), s.file("other.crt"));
    assert!(in_tls(&s.at("localhost", "anyone", "sslmode=require sslrootcert=/nonexistent")).await);
    assert!(in_tls(&s.at("localhost", "anyone", "sslmode=prefer sslrootcert=/nonexistent")).await);
    assert!(
        in_tls(&s.at("localhost", "anyone", "sslmode=allow sslrootcert=/nonexistent")).await,
        "refused without TLS"
    );
    assert!(in_tls(&s.at("localhost", "anyone", &format!("sslmode=verify-full sslrootcert={ca}"))).await);
    assert!(in_tls(&s.at("127.0.0.1", "anyone", &format!("sslmode=verify-full sslrootcert={ca}"))).await);
    assert!(in_tls(&s.at("another.example", "anyone", &format!("sslmode=verify-ca sslrootcert={ca}"))).await);
    assert!(
        !in_tls(&s.at("localhost", "plain", "sslmode=prefer sslrootcert=/nonexistent")).await,
        "refused with TLS"
    );
    assert!(!in_tls(&s.at("localhost", "plain", "sslmode=disable")).await);
    // a root file that fits not: prefer goes plain as libpq does, require does not
    assert!(!in_tls(&s.at("localhost", "plain", &format!("sslmode=prefer sslrootcert={other}"))).await);
    refused(
        &s.at("another.example", "anyone", &format!("sslmode=verify-full sslrootcert={ca}")),
        "another host name",
    )
    .await;
    refused(&s.at("localhost", "anyone", &format!("sslmode=verify-ca sslrootcert={other}")), "not signed by")
        .await;
    refused(&s.at("localhost", "anyone", &format!("sslmode=require sslrootcert={other}")), "not signed by")
        .await;
    refused(&s.at("localhost", "anyone", "sslmode=verify-ca sslrootcert=/nonexistent"), "does not exist")
        .await;
    refused(&s.at("localhost", "plain", "sslmode=require sslrootcert=/nonexistent"), "pg_hba.conf").await;
}

#[tokio::test]
async fn the_servers_own_certificate_can_be_trusted() {
    let Some(s) = secured() else { return };
    let own = s.file("server.crt");
    assert!(in_tls(&s.at("localhost", "anyone", &format!("sslmode=verify-full sslrootcert={own}"))).await);
    refused(
        &s.at("another.example", "anyone", &format!("sslmode=verify-full sslrootcert={own}")),
        "another host name",
    )
    .await;
}

#[tokio::test]
async fn a_server_without_tls_is_seen() {
    let plain = server::start(Settings { tcp: true, ..Settings::default() });
    let at = |mode: &str| {
        format!(
            "host=127.0.0.1 port={} user=postgres dbname=postgres sslrootcert=/nonexistent sslmode={mode}",
            plain.port()
        )
    };
    let e = try_open(&at("require")).await.map(|_| ()).unwrap_err();
    assert!(e.error.message.contains("does not support SSL"), "{e}");
}

#[tokio::test]
async fn client_certificates_and_channel_binding() {
    let Some(s) = secured() else { return };
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(s.folder.path().join("client.key"), std::fs::Permissions::from_mode(0o600))
        .unwrap();
    let with = format!(
        "sslmode=require sslrootcert={} sslcert={} sslkey={}",
        s.file("ca.crt"),
        s.file("client.crt"),
        s.file("client.key")
    );
    assert!(in_tls(&s.at("localhost", "certified", &with)).await);
    refused(
        &s.at("localhost", "certified", "sslmode=require sslrootcert=/nonexistent sslcert=/nonexistent"),
        "certificate",
    )
    .await;
    let bound = s.at(
        "localhost",
        "secured",
        "password=pw sslmode=require sslrootcert=/nonexistent channel_binding=require",
    );
    assert!(in_tls(&bound).await);
    let client = connect::open_client(&target(&bound), &Options::default()).await.unwrap();
    assert_eq!(client.sql().query_typed("select 1::int4", &[]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_cancel_goes_through_tls() {
    let Some(s) = secured() else { return };
    let mut session =
        open(&s.at("localhost", "anyone", &format!("sslmode=verify-full sslrootcert={}", s.file("ca.crt"))))
            .await;
    for round in 0..20 {
        session.start(&sql("select pg_sleep(600)")).unwrap();
        assert!(session.cancel(|_| ()).await.unwrap_err().is_cancel());
        assert_eq!(
            rows(&run(&mut session, &sql(&format!("select {round}"))).await.unwrap()),
            [[Some(round.to_string())]]
        );
    }
}
