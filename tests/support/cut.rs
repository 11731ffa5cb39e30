//! A wire to the test server that can be cut at COMMIT.
#![allow(dead_code, reason = "every test program uses its own part of this")]

use crate::server::{Database, cluster};
use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UnixStream},
};

/// Passes everything on.
pub const PASS: u8 = 0;
/// COMMIT reaches the server, its answer does not come back; later connections pass.
pub const CUT: u8 = 1;
/// The same, and nobody gets through any more.
pub const CUT_FOR_GOOD: u8 = 2;
/// The line breaks before COMMIT reaches the server.
pub const SWALLOW: u8 = 3;

/// A wire to the test server that can be cut; gives its port.
pub async fn wire(db: &Database, mode: Arc<AtomicU8>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let socket = format!("{}/.s.PGSQL.{}", db.host(), cluster().port());
    tokio::spawn(async move {
        let mut cut = false;
        while let Ok((client, _)) = listener.accept().await {
            cut |= mode.load(Ordering::SeqCst) == CUT_FOR_GOOD + 10;
            if cut {
                continue;
            }
            let Ok(server) = UnixStream::connect(&socket).await else { return };
            tokio::spawn(pass(client, server, Arc::clone(&mode)));
        }
    });
    port
}

async fn pass(mut client: TcpStream, mut server: UnixStream, mode: Arc<AtomicU8>) {
    let (mut up, mut down) = ([0; 16384], [0; 16384]);
    loop {
        tokio::select! {
            n = client.read(&mut up) => {
                let Ok(n @ 1..) = n else { return };
                let m = mode.load(Ordering::SeqCst);
                let commit = up[..n].windows(7).any(|w| w == b"COMMIT\0");
                if commit && m == SWALLOW {
                    mode.store(PASS, Ordering::SeqCst);
                    return;
                }
                if server.write_all(&up[..n]).await.is_err() {
                    return;
                }
                if commit && (m == CUT || m == CUT_FOR_GOOD) {
                    mode.store(if m == CUT { PASS } else { CUT_FOR_GOOD + 10 }, Ordering::SeqCst);
                    // The client's side first: it must not learn anything.
                    drop(client);
                    while matches!(server.read(&mut down).await, Ok(1..)) {}
                    return;
                }
            }
            n = server.read(&mut down) => {
                let Ok(n @ 1..) = n else { return };
                if client.write_all(&down[..n]).await.is_err() {
                    return;
                }
            }
        }
    }
}
