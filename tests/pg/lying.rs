//! Servers that lie, stall or break off: every one gives an error with its address, none hangs or panics.

use crate::{sql, try_open};
use pgdeck::pg::wire::{Item, Session};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

const WELCOME: &[u8] = b"R\0\0\0\x08\0\0\0\0K\0\0\0\x0c\0\0\0\x07\0\0\0\x09Z\0\0\0\x05I";

/// A server that reads one packet, says one thing, reads another, says another thing, and then hangs up or waits.
async fn liar(first: &'static [u8], second: &'static [u8], hang_up: bool) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let Ok((mut socket, _)) = listener.accept().await else { return };
        let mut bytes = [0; 4096];
        for say in [first, second] {
            if hang_up && say.is_empty() && !first.is_empty() && first != WELCOME {
                break;
            }
            let _ = socket.read(&mut bytes).await;
            let _ = socket.write_all(say).await;
            if hang_up && say.is_empty() {
                break;
            }
        }
        if !hang_up {
            std::future::pending::<()>().await;
        }
    });
    port
}

fn url(port: u16) -> String {
    format!("host=127.0.0.1 port={port} user=u dbname=d sslmode=disable connect_timeout=2")
}

#[tokio::test]
async fn nonsense_during_login() {
    let cases: &[(&[u8], &str)] = &[
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "not PostgreSQL but a web server"),
        (b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "not PostgreSQL but an SSH server"),
        (b"J\0\0\0\x0a8.0.36\0\0\0", "not PostgreSQL but a MySQL or MariaDB server"),
        (b"-ERR unknown command\r\n", "not PostgreSQL but a Redis server"),
        (b"", "closed it unexpectedly"),
        (b"R", "closed it unexpectedly"),
        (b"R\x7f\xff\xff\xff", "impossible length"),
        (b"R\0\0\0\x08\0\0\0\x63", "authentication method 99"),
        (b"R\0\0\0\x08\0\0\0\x07", "GSSAPI"),
        (b"R\0\0\0\x0a\0\0\0\x05ab", "md5 salt"),
        (b"R\0\0\0\x0f\0\0\0\x0aWRONG\0\0", "SASL WRONG"),
        (b"R\0\0\0\x06\0\0", "malformed"),
        (b"D\0\0\0\x06\0\0", "message Row"),
        (b"Z\0\0\0\x05I", "message Ready"),
        (b"Efork failed: no more memory\n\0", "fork failed: no more memory"),
        (b"E\0\0\0\x1dSFATAL\0C53300\0Mtoo many\0\0\0\0", "too many"),
        (b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05Q", "malformed"),
        (b"\0\0\0\0\0\0", "does not speak PostgreSQL's protocol"),
    ];
    for (say, part) in cases {
        let port = liar(say, b"", true).await;
        let e = try_open(&url(port)).await.map(|_| ()).expect_err(part);
        assert!(e.error.message.contains(part), "{}: {e}", say.escape_ascii());
        assert!(e.error.message.contains(&format!("127.0.0.1:{port}")), "{e}");
    }
}

#[tokio::test]
async fn a_silent_server_is_given_up() {
    for say in [&b""[..], b"R\0\0\0\x08\0\0\0\0", b"R\0\0"] {
        let port = liar(say, b"", false).await;
        let e = try_open(&url(port)).await.map(|_| ()).expect_err("silence");
        assert!(e.error.message.contains("connect_timeout"), "{e}");
    }
}

#[tokio::test]
async fn a_server_that_asks_for_tls_and_stalls_is_given_up() {
    let port = liar(b"S", b"", false).await;
    let e = try_open(&url(port).replace("disable", "require")).await.map(|_| ()).expect_err("stall");
    assert!(e.error.message.contains("connect_timeout"), "{e}");
    let port = liar(b"HTTP", b"", true).await;
    let e = try_open(&url(port).replace("disable", "require")).await.map(|_| ()).expect_err("http");
    assert!(e.error.message.contains("does not speak PostgreSQL's protocol: \"HTTP\""), "{e}");
    // The first letter of this one is that of a yes.
    let port = liar(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", b"", true).await;
    let e = try_open(&url(port).replace("disable", "require")).await.map(|_| ()).expect_err("ssh");
    assert!(e.error.message.contains("not PostgreSQL but an SSH server"), "{e}");
}

async fn drain(s: &mut Session) -> pgdeck::core::error::DbError {
    loop {
        match s.next().await {
            Ok(Item::Ready(_)) => panic!("the lie was believed"),
            Ok(_) => {}
            Err(e) => return e,
        }
    }
}

#[tokio::test]
async fn nonsense_in_an_answer_ends_the_session() {
    let cases: &[(&[u8], &str)] = &[
        (b"D\0\0\0\x0b\0\x01\0\0\0\x01a", "outside of a result"),
        (
            b"T\0\0\0\x1a\0\x01a\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0D\0\0\0\x06\0\x02",
            "does not fit",
        ),
        (b"T\0\0\0\x08\0\x05ab", "malformed"),
        (
            b"T\0\0\0\x1a\0\x01a\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0D\x7f\xff\xff\xff",
            "impossible length",
        ),
        (b"D\x3f\xff\xff\xff\0\x01", "closed it unexpectedly"),
        (b"R\0\0\0\x08\0\0\0\0", "does not belong"),
        (b"W\0\0\0\x07\0\0\0", "replication"),
        (b"c\0\0\0\x04", "does not belong"),
        (b"C\0\0\0\x08SELE", "malformed"),
        (b"S\0\0\0\x06a\0", "malformed"),
        (b"x\0\0\0\x04", "no PostgreSQL message"),
        (b"", "closed it unexpectedly"),
        (b"N\0\0\0\x35SWARNING\0C57P02\0Mterminating because of a crash\0\0", "because of a crash"),
    ];
    for (say, part) in cases {
        let port = liar(WELCOME, say, true).await;
        let mut s = try_open(&url(port)).await.unwrap_or_else(|e| panic!("{part}: {e}"));
        s.start(&sql("select 1")).unwrap();
        let e = drain(&mut s).await;
        assert!(e.fatal && e.message.contains(part), "{}: {e}", say.escape_ascii());
        assert!(e.message.contains(&format!("127.0.0.1:{port}")), "{e}");
        assert_eq!(s.next().await.unwrap_err(), e, "the loss is final");
    }
}

#[tokio::test]
async fn an_answer_nobody_asked_for_is_not_believed() {
    let port = liar(WELCOME, b"", false).await;
    let mut s = try_open(&url(port)).await.unwrap();
    drop(s.start(&sql("select 1")));
    assert!(s.start(&sql("select 2")).unwrap_err().message.contains("busy"));
}
