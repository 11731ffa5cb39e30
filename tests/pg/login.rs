//! Ways to be let in: methods, passwords, several hosts.

use crate::{hub::Deck, open, rows, run, server, sql, target, try_open};
use pgdeck::{
    core::{
        effect::Secret,
        event::{Event, Link, Tx},
    },
    demo::cluster::{Cluster, Settings},
    pg::{
        connect::{self, Options},
        target::user_name,
    },
};
use std::{sync::OnceLock, time::Duration};
use tokio::net::TcpListener;

/// A cluster that asks for passwords over TCP, each method with its own user.
fn guarded() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| {
        let hba = "local all all trust\n\
                   host all clear 127.0.0.1/32 password\n\
                   host all hashed 127.0.0.1/32 md5\n\
                   host all scram 127.0.0.1/32 scram-sha-256\n\
                   host all once 127.0.0.1/32 scram-sha-256\n\
                   host all open 127.0.0.1/32 trust\n";
        let cluster = server::start(Settings {
            tcp: true,
            files: vec![("pg_hba.conf".into(), hba.into())],
            ..Settings::default()
        });
        server::execute(
            &cluster,
            "postgres",
            "create role clear login password 'p w'; set password_encryption = 'md5'; create role hashed login password 'pw'; \
             set password_encryption = 'scram-sha-256'; create role scram login password 'пароль'; create role open login; \
             create role once login password 'pw'",
        );
        cluster
    })
}

fn tcp(user: &str, more: &str) -> String {
    format!("host=127.0.0.1 port={} user={user} dbname=postgres {more}", guarded().port())
}

#[tokio::test]
async fn every_method_lets_in_with_the_right_password() {
    for (user, password) in [("clear", "p w"), ("hashed", "pw"), ("scram", "пароль"), ("open", "ignored")]
    {
        let mut s = open(&tcp(user, &format!("password='{password}'"))).await;
        assert_eq!(rows(&run(&mut s, &sql("select current_user")).await.unwrap()), [[Some(user.to_owned())]]);
        // the catalog's client takes the same way
        let t = target(&tcp(user, &format!("password='{password}'")));
        let client = connect::open_client(&t, &Options::default()).await.unwrap();
        assert_eq!(client.sql().query_typed("select 1::int4", &[]).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_wrong_password_is_refused_once() {
    let mut d = Deck::new(&tcp("once", "password=wrong"), Duration::from_secs(1), false);
    while !matches!(d.event().await, Event::Link(_, Link::NeedsPassword(..))) {}
    d.hub.shutdown().await;
    let log = std::fs::read_to_string(guarded().folder().join("log")).unwrap();
    assert_eq!(log.matches("password authentication failed for user \"once\"").count(), 1, "{log}");
}

#[tokio::test]
async fn a_missing_and_a_wrong_password_are_asked_for() {
    for user in ["clear", "hashed", "scram"] {
        let e = try_open(&tcp(user, "")).await.map(|_| ()).unwrap_err();
        assert!(e.needs_password && e.error.code.is_empty(), "{user}: {e:?}");
        assert!(e.whom.contains(user) && e.whom.contains("127.0.0.1"), "{e:?}");
        let e = try_open(&tcp(user, "password=wrong")).await.map(|_| ()).unwrap_err();
        assert!(e.needs_password && e.error.is_password(), "{user}: {e:?}");
        assert!(!e.error.message.contains("wrong"), "{e}");
        let client = connect::open_client(&target(&tcp(user, "")), &Options::default()).await.unwrap_err();
        assert!(client.needs_password, "{client:?}");
    }
    let typed = Options { password: Some(Secret("pw".into())), ..Options::default() };
    assert!(connect::open(&target(&tcp("hashed", "password=wrong")), &typed).await.is_ok());
}

#[tokio::test]
async fn require_auth_is_enforced() {
    let e = try_open(&tcp("hashed", "password=pw require_auth=scram-sha-256")).await.map(|_| ()).unwrap_err();
    assert!(e.error.message.contains("require_auth") && !e.needs_password, "{e}");
    let e = try_open(&tcp("open", "require_auth=!none")).await.map(|_| ()).unwrap_err();
    assert!(e.error.message.contains("require_auth"), "{e}");
    assert!(try_open(&tcp("scram", "password=пароль require_auth=scram-sha-256")).await.is_ok());
    let e = try_open(&tcp("scram", "password=пароль channel_binding=require")).await.map(|_| ()).unwrap_err();
    assert!(e.error.message.contains("channel_binding"), "{e}");
}

#[tokio::test]
async fn sessions_start_with_their_settings() {
    let options = Options {
        application_name: "pgdeck test".into(),
        read_only: true,
        settings: vec![("DateStyle".into(), "SQL, DMY".into())],
        ..Options::default()
    };
    let t = target(&tcp("open", "options='-c work_mem=5MB'"));
    let mut s = connect::open(&t, &options).await.unwrap();
    let show = "select current_setting('application_name'), current_setting('datestyle'), current_setting('work_mem'), \
                current_setting('transaction_read_only'), current_setting('client_encoding')";
    let wanted = ["pgdeck test", "SQL, DMY", "5MB", "on", "UTF8"].map(|v| Some(v.to_owned()));
    assert_eq!(rows(&run(&mut s, &sql(show)).await.unwrap())[0], wanted);
    let client = connect::open_client(&t, &options).await.unwrap();
    let row = client.sql().query_typed(show, &[]).await.unwrap().remove(0);
    assert_eq!((0..5).map(|i| row.get::<_, Option<String>>(i)).collect::<Vec<_>>(), wanted);
}

async fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn hosts_are_tried_in_order_until_one_answers() {
    let closed = closed_port().await;
    let port = guarded().port();
    let s = open(&format!("host=127.0.0.1,127.0.0.1 port={closed},{port} user=open dbname=postgres")).await;
    assert!(s.place().ends_with(&port.to_string()), "{}", s.place());
    // an authentication failure is final, as in libpq
    let e = try_open(&format!("host=127.0.0.1,127.0.0.1 port={port},{closed} user=nobody dbname=postgres"))
        .await
        .map(|_| ())
        .unwrap_err();
    assert!(e.error.code == "28000" && !e.error.message.contains(&format!(":{closed}")), "{e}");
    // every host's trouble is told
    let other = closed_port().await;
    let e = try_open(&format!("host=127.0.0.1,127.0.0.1 port={closed},{other} user=u"))
        .await
        .map(|_| ())
        .unwrap_err();
    for place in [closed, other] {
        assert!(e.error.message.contains(&format!("127.0.0.1:{place} failed")), "{e}");
    }
}

#[tokio::test]
async fn target_session_attrs_choose() {
    let port = guarded().port();
    for (attrs, fits) in [
        ("any", true),
        ("read-write", true),
        ("primary", true),
        ("prefer-standby", true),
        ("read-only", false),
        ("standby", false),
    ] {
        let opened = try_open(&tcp("open", &format!("target_session_attrs={attrs}"))).await;
        assert_eq!(opened.is_ok(), fits, "{attrs}: {:?}", opened.map(|s| s.tx()));
    }
    let e = try_open(&tcp("open", "target_session_attrs=standby")).await.map(|_| ()).unwrap_err();
    assert!(
        e.error.message.contains("not in hot standby") && e.error.message.contains(&port.to_string()),
        "{e}"
    );
}

#[tokio::test]
async fn a_missing_socket_and_name_say_so() {
    let e = try_open("host=/nonexistent user=u").await.map(|_| ()).unwrap_err();
    assert!(e.error.message.contains("/nonexistent/.s.PGSQL.5432"), "{e}");
    let e = try_open("host=no.such.host.invalid user=u").await.map(|_| ()).unwrap_err();
    assert!(e.error.message.contains("no.such.host.invalid:5432"), "{e}");
}

#[tokio::test]
async fn the_process_behind_a_socket_must_be_whose_it_should() {
    use std::os::unix::fs::MetadataExt;
    let folder = guarded().folder();
    let owner = user_name(std::fs::metadata(guarded().data()).unwrap().uid()).unwrap();
    let at = format!("host={} port={} user=open dbname=postgres", folder.display(), guarded().port());
    assert!(try_open(&format!("{at} requirepeer={owner}")).await.is_ok());
    let e = try_open(&format!("{at} requirepeer=somebody")).await.map(|_| ()).unwrap_err();
    let told = format!("requirepeer specifies \"somebody\", but actual peer user name is \"{owner}\"");
    assert!(e.error.message.contains(&told), "{e}");
    assert!(try_open(&tcp("open", "requirepeer=somebody")).await.is_ok(), "TCP does not tell");
}

#[tokio::test]
async fn closing_frees_the_backend() {
    let mut watcher = open(&tcp("open", "")).await;
    let s = open(&tcp("open", "application_name=leaves")).await;
    assert_eq!(s.tx(), Tx::Idle);
    s.close().await;
    while !rows(
        &run(&mut watcher, &sql("select 1 from pg_stat_activity where application_name = 'leaves'"))
            .await
            .unwrap(),
    )
    .is_empty()
    {}
}
