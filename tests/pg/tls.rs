//! TLS against real servers with certificates of our own making, and against psql with the same words; passed over
//! where openssl is missing or the server was built without TLS.

use crate::{
    lab::{Lab, PASSPHRASE},
    open, psql, rows, run, server, sql, target, try_open,
};
use pgdeck::{
    demo::cluster::{Cluster, Settings},
    pg::connect::{self, Options},
};
use std::sync::{Arc, OnceLock};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::rustls::{
    self,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

struct Secured {
    cluster: Cluster,
    lab: Lab,
    /// The same with a certificate for another name, and with one that is out of date.
    elsewhere: Cluster,
    expired: Cluster,
}

const HBA: &str = "local all all trust\n\
    hostssl all certified 127.0.0.1/32 cert\n\
    hostssl all secured 127.0.0.1/32 scram-sha-256\n\
    hostnossl all plain 127.0.0.1/32 trust\n\
    hostssl all anyone 127.0.0.1/32 trust\n";

impl Secured {
    fn file(&self, name: &str) -> String {
        self.lab.file(name)
    }

    fn at(&self, host: &str, user: &str, more: &str) -> String {
        at(&self.cluster, host, user, more)
    }
}

fn at(cluster: &Cluster, host: &str, user: &str, more: &str) -> String {
    format!("host={host} hostaddr=127.0.0.1 port={} user={user} dbname=postgres {more}", cluster.port())
}

fn secured() -> Option<&'static Secured> {
    static SERVER: OnceLock<Option<Secured>> = OnceLock::new();
    SERVER.get_or_init(start).as_ref()
}

fn start() -> Option<Secured> {
    let lab = Lab::make()?;
    let one = |certificate: &str| {
        let cluster = lab.server(certificate, HBA, &[])?;
        server::execute(
            &cluster,
            "postgres",
            "set password_encryption = 'scram-sha-256'; create role certified login; create role secured login password 'pw'; create role plain login; create role anyone login",
        );
        Some(cluster)
    };
    Some(Secured { cluster: one("server")?, elsewhere: one("elsewhere")?, expired: one("expired")?, lab })
}

async fn in_tls(connection: &str) -> bool {
    let mut s = open(connection).await;
    let told = rows(
        &run(&mut s, &sql("select ssl::text from pg_stat_ssl where pid = pg_backend_pid()")).await.unwrap(),
    );
    assert_eq!(s.tls().is_some(), told == [[Some("true".to_owned())]], "{connection}");
    s.tls().is_some()
}

async fn version(connection: &str) -> String {
    open(connection).await.tls().expect("TLS")
}

async fn refused(connection: &str, part: &str) {
    let e = try_open(connection).await.map(|_| ()).expect_err(connection);
    assert!(e.error.message.contains(part), "{connection}: {e}");
    assert!(!e.error.message.contains(PASSPHRASE), "{e}");
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
async fn a_certificate_for_another_name_or_out_of_date_says_so() {
    let Some(s) = secured() else { return };
    let full = format!("sslmode=verify-full sslrootcert={}", s.file("ca.crt"));
    let e = try_open(&at(&s.elsewhere, "localhost", "anyone", &full)).await.map(|_| ()).unwrap_err();
    assert!(e.error.message.contains("is for another host name"), "{e}");
    assert!(e.error.message.contains("elsewhere.example"), "{e}");
    assert!(e.error.hint.unwrap().contains("verify-ca"));
    assert!(in_tls(&at(&s.elsewhere, "elsewhere.example", "anyone", &full)).await);
    let e = try_open(&at(&s.expired, "localhost", "anyone", &full)).await.map(|_| ()).unwrap_err();
    assert!(e.error.message.contains("has expired: it was good until 2020-01-02 00:00 UTC"), "{e}");
    assert!(e.error.hint.unwrap().contains("renew"));
    // Who does not check does not mind.
    assert!(in_tls(&at(&s.expired, "localhost", "anyone", "sslmode=require sslrootcert=/nonexistent")).await);
}

#[tokio::test]
async fn revoked_certificates_are_refused() {
    let Some(s) = secured() else { return };
    let with = |more: &str| {
        s.at("localhost", "anyone", &format!("sslmode=verify-ca sslrootcert={} {more}", s.file("ca.crt")))
    };
    let list = |name: &str| with(&format!("sslcrl={}", s.file(name)));
    assert!(in_tls(&list("none.crl")).await);
    assert!(in_tls(&list("missing.crl")).await, "as in libpq one that is not there is not missed");
    refused(&list("revoked.crl"), "is revoked").await;
    refused(&list("first.crl"), "is revoked").await;
    refused(&list("stale.crl"), "out of date").await;
    refused(&list("ca.crt"), "no list in it").await;
    let folder = |name: &str| with(&format!("sslcrldir={}", s.file(name)));
    refused(&folder("crls"), "is revoked").await;
    refused(&folder("empty"), "no certificate revocation list in the folder").await;
    refused(&folder("missing"), "could not read the folder").await;
}

#[tokio::test]
async fn versions_are_bounded() {
    let Some(s) = secured() else { return };
    let with =
        |more: &str| s.at("localhost", "anyone", &format!("sslmode=require sslrootcert=/nonexistent {more}"));
    assert_eq!(version(&with("")).await, "TLSv1.3");
    assert_eq!(version(&with("ssl_max_protocol_version=TLSv1.2")).await, "TLSv1.2");
    assert_eq!(version(&with("ssl_min_protocol_version=tlsv1.3")).await, "TLSv1.3");
    refused(&with("ssl_min_protocol_version=TLSv1 ssl_max_protocol_version=TLSv1.1"), "TLSv1.2").await;
    let old = s.lab.server("server", HBA, &[("ssl_max_protocol_version", "TLSv1.2")]).unwrap();
    let newer = at(
        &old,
        "localhost",
        "postgres",
        "sslmode=require sslrootcert=/nonexistent ssl_min_protocol_version=TLSv1.3",
    );
    let e = try_open(&newer).await.map(|_| ()).unwrap_err();
    assert!(e.error.message.contains("TLS versions") && e.error.hint.is_some(), "{e}");
}

#[tokio::test]
async fn direct_tls_needs_a_server_that_knows_it() {
    let Some(s) = secured() else { return };
    let direct =
        s.at("localhost", "anyone", "sslmode=require sslrootcert=/nonexistent sslnegotiation=direct");
    if s.cluster.bins().major >= 17 {
        assert!(in_tls(&direct).await);
        let mut session = open(&direct).await;
        session.start(&sql("select pg_sleep(600)")).unwrap();
        assert!(session.cancel(|_| ()).await.unwrap_err().is_cancel());
    } else {
        refused(&direct, "TLS failed").await;
    }
}

#[tokio::test]
async fn a_server_that_signed_its_certificate_itself_can_be_trusted() {
    let Some(s) = secured() else { return };
    let cluster = s.lab.server("own", HBA, &[]).unwrap();
    server::execute(&cluster, "postgres", "create role anyone login");
    let own = s.file("own.crt");
    let with = |host: &str, root: &str| {
        at(&cluster, host, "anyone", &format!("sslmode=verify-full sslrootcert={root}"))
    };
    assert!(in_tls(&with("localhost", &own)).await);
    refused(&with("another.example", &own), "another host name").await;
    refused(&with("localhost", &s.file("ca.crt")), "signed by itself").await;
    // One that somebody else signed is no root.
    refused(
        &s.at("localhost", "anyone", &format!("sslmode=verify-ca sslrootcert={}", s.file("server.crt"))),
        "not signed by",
    )
    .await;
    if let Some(psql) = psql::Psql::find(&cluster) {
        psql.same(&[
            with("localhost", &own),
            with("another.example", &own),
            with("localhost", &s.file("ca.crt")),
        ])
        .await;
    }
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
    // Files nobody looks into may be as wrong as they like.
    let broken = "sslcert=/etc/passwd sslkey=/etc/passwd";
    assert!(!in_tls(&format!("{} {broken}", at("prefer"))).await);
    let socket =
        format!("host={} port={} user=postgres dbname=postgres", plain.folder().display(), plain.port());
    assert!(!in_tls(&format!("{socket} sslmode=verify-full sslrootcert=/nonexistent {broken}")).await);
    refused(&format!("{socket} sslcertmode=require"), "did not request an SSL certificate").await;
}

fn client(s: &Secured, crt: &str, key: &str, more: &str) -> String {
    let (ca, crt, key) = (s.file("ca.crt"), s.file(crt), s.file(key));
    s.at(
        "localhost",
        "certified",
        &format!("sslmode=require sslrootcert={ca} sslcert={crt} sslkey={key} {more}"),
    )
}

#[tokio::test]
async fn client_certificates() {
    let Some(s) = secured() else { return };
    assert!(in_tls(&client(s, "client.crt", "client.key", "")).await);
    let e = try_open(&client(s, "none", "none", "")).await.map(|_| ()).unwrap_err();
    assert!(e.error.message.contains("certificate"), "{e}");
    assert!(e.error.hint.is_some_and(|h| h.contains("sslcert")), "what to do");
    refused(&client(s, "client.crt", "client.key", "sslcertmode=disable"), "certificate").await;
    assert!(in_tls(&client(s, "client.crt", "client.key", "sslcertmode=require")).await);
    refused(&client(s, "none", "none", "sslcertmode=require"), "there is no client certificate").await;
    refused(&client(s, "client.crt", "missing.key", ""), "but not private key file").await;
    refused(&client(s, "client.crt", "stranger.key", ""), "cannot be used").await;
    refused(&client(s, "client.crt", "open.key", ""), "access").await;
    refused(&client(s, "stranger.crt", "stranger.key", ""), "client certificate").await;
    for key in ["sealed.key", "old.key"] {
        assert!(in_tls(&client(s, "client.crt", key, &format!("sslpassword='{PASSPHRASE}'"))).await, "{key}");
        refused(&client(s, "client.crt", key, "sslpassword=wrong"), "does not open it").await;
        refused(&client(s, "client.crt", key, ""), "it has a passphrase").await;
    }
}

#[tokio::test]
async fn the_keys_of_a_connection_can_be_logged() {
    let Some(s) = secured() else { return };
    let log = s.file("keys.log");
    assert!(
        in_tls(&s.at(
            "localhost",
            "anyone",
            &format!("sslmode=require sslrootcert=/nonexistent sslkeylogfile={log}")
        ))
        .await
    );
    let text = String::from_utf8(s.lab.read("keys.log")).unwrap();
    assert!(text.lines().any(|l| l.starts_with("SERVER_TRAFFIC_SECRET_0 ")), "{text}");
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(std::fs::metadata(&log).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn channel_binding_is_held_to() {
    let Some(s) = secured() else { return };
    let with =
        |more: &str| s.at("localhost", "secured", &format!("password=pw sslrootcert=/nonexistent {more}"));
    for binding in ["require", "prefer", "disable"] {
        let connection = with(&format!("sslmode=require channel_binding={binding}"));
        assert!(in_tls(&connection).await, "{binding}");
        let client = connect::open_client(&target(&connection), &Options::default()).await.unwrap();
        assert_eq!(client.sql().query_typed("select 1::int4", &[]).await.unwrap().len(), 1);
    }
    refused(&with("sslmode=disable channel_binding=require"), "pg_hba.conf").await;
    refused(
        &s.at("localhost", "anyone", "sslmode=require sslrootcert=/nonexistent channel_binding=require"),
        "channel_binding=require",
    )
    .await;
}

/// Somebody in the middle who shows the server's certificate without having its key.
#[tokio::test]
async fn a_certificate_without_its_key_is_not_believed_in_any_mode() {
    let Some(s) = secured() else { return };
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(&s.lab.read("server.crt")).map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(&s.lab.read("other.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let signing = provider.key_provider.load_private_key(key).unwrap();
    #[derive(Debug)]
    struct Stolen(Arc<rustls::sign::CertifiedKey>);
    impl rustls::server::ResolvesServerCert for Stolen {
        fn resolve(&self, _: rustls::server::ClientHello<'_>) -> Option<Arc<rustls::sign::CertifiedKey>> {
            Some(Arc::clone(&self.0))
        }
    }
    let stolen = Arc::new(Stolen(Arc::new(rustls::sign::CertifiedKey::new(chain, signing))));
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let config = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&stolen) as Arc<dyn rustls::server::ResolvesServerCert>);
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut asked = [0; 8];
                let _ = socket.read_exact(&mut asked).await;
                let _ = socket.write_all(b"S").await;
                let _ = acceptor.accept(socket).await;
            }
        });
        for mode in ["require", "verify-ca"] {
            let root = if mode == "require" { "/nonexistent".into() } else { s.file("ca.crt") };
            let at = format!(
                "host=localhost hostaddr=127.0.0.1 port={port} user=u sslmode={mode} sslrootcert={root} connect_timeout=20"
            );
            let e = try_open(&at).await.map(|_| ()).expect_err(mode);
            assert!(e.error.message.contains("TLS failed"), "{mode} {version:?}: {e}");
        }
    }
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

/// The same words to psql and to us, on each kind of server: let in or not, with TLS or without.
#[tokio::test]
async fn psql_is_let_in_by_the_same_words() {
    let Some(s) = secured() else { return };
    let Some(psql) = psql::Psql::find(&s.cluster) else { return };
    let mut cases = vec![];
    let roots = [s.file("ca.crt"), s.file("other.crt"), "/nonexistent".into(), s.file("server.crt")];
    for cluster in [&s.cluster, &s.elsewhere, &s.expired] {
        for mode in ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] {
            for root in &roots {
                for (user, host) in [("anyone", "localhost"), ("plain", "localhost"), ("anyone", "127.0.0.1")]
                {
                    cases.push(at(cluster, host, user, &format!("sslmode={mode} sslrootcert={root}")));
                }
            }
        }
    }
    for list in ["none.crl", "revoked.crl", "first.crl", "stale.crl", "missing.crl"] {
        for mode in ["require", "verify-ca", "verify-full"] {
            cases.push(s.at(
                "localhost",
                "anyone",
                &format!("sslmode={mode} sslrootcert={} sslcrl={}", roots[0], s.file(list)),
            ));
        }
    }
    for folder in ["crls", "empty"] {
        cases.push(s.at(
            "localhost",
            "anyone",
            &format!("sslmode=verify-ca sslrootcert={} sslcrldir={}", roots[0], s.file(folder)),
        ));
    }
    for (crt, key) in [
        ("client.crt", "client.key"),
        ("client.crt", "sealed.key"),
        ("client.crt", "old.key"),
        ("stranger.crt", "stranger.key"),
        ("client.crt", "missing.key"),
        ("none", "none"),
        ("client.crt", "stranger.key"),
        ("client.crt", "open.key"),
    ] {
        for more in [
            "",
            "sslpassword='open sesame'",
            "sslpassword=wrong",
            "sslcertmode=disable",
            "sslcertmode=require",
        ] {
            cases.push(client(s, crt, key, more));
            cases.push(client(s, crt, key, more).replace("require sslrootcert", "prefer sslrootcert"));
        }
    }
    for more in [
        "channel_binding=require sslmode=require",
        "channel_binding=disable sslmode=require",
        "channel_binding=require sslmode=disable",
        "require_auth=scram-sha-256 sslmode=require",
        "require_auth=md5 sslmode=require",
        "require_auth=!scram-sha-256 sslmode=require",
        "sslmode=verify-full sslrootcert=system",
        "sslmode=require sslsni=0",
        "sslmode=require ssl_max_protocol_version=TLSv1.2",
        "sslmode=require ssl_min_protocol_version=TLSv1.3",
        "sslmode=require sslnegotiation=direct",
    ] {
        for user in ["secured", "anyone"] {
            cases.push(s.at("localhost", user, &format!("password=pw {more}")));
        }
    }
    psql.same(&cases).await;
}
