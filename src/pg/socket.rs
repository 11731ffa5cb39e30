//! Where a server listens, and a socket to it.

use super::wire::Socket;
use socket2::{SockRef, TcpKeepalive};
use std::{io, net::SocketAddr, os::unix::net, path::PathBuf, time::Duration};
use tokio::net::{TcpSocket, UnixStream};

/// An address to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// TCP.
    Tcp(SocketAddr),
    /// Path of a Unix-domain socket.
    Unix(PathBuf),
    /// The near end of a tunnel to a host that is spoken to as over TCP.
    Tunnel(PathBuf),
    /// A name in Linux's abstract socket space (without the `@`).
    Abstract(String),
}

/// How TCP watches over a silent connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keepalive {
    /// Send probes at all.
    pub on: bool,
    /// Silence before the first probe.
    pub idle: Option<Duration>,
    /// Between probes.
    pub interval: Option<Duration>,
    /// Probes without an answer before the connection is given up.
    pub count: Option<u32>,
    /// Unacknowledged data may wait so long.
    pub user_timeout: Option<Duration>,
}

/// Connects.
///
/// # Errors
/// As the operating system has it.
pub async fn connect(address: &Address, keepalive: Keepalive) -> io::Result<Socket> {
    match address {
        Address::Tcp(address) => {
            let socket = if address.is_ipv6() { TcpSocket::new_v6()? } else { TcpSocket::new_v4()? };
            tune(&socket, keepalive);
            let stream = socket.connect(*address).await?;
            stream.set_nodelay(true)?;
            Ok(Socket::Tcp(stream))
        }
        Address::Unix(path) | Address::Tunnel(path) => Ok(Socket::Unix(UnixStream::connect(path).await?)),
        Address::Abstract(name) => abstract_socket(name.clone()).await,
    }
}

#[cfg(target_os = "linux")]
async fn abstract_socket(name: String) -> io::Result<Socket> {
    use std::os::linux::net::SocketAddrExt;
    let connected = tokio::task::spawn_blocking(move || {
        let stream = net::UnixStream::connect_addr(&net::SocketAddr::from_abstract_name(name)?)?;
        stream.set_nonblocking(true)?;
        Ok::<_, io::Error>(stream)
    });
    Ok(Socket::Unix(UnixStream::from_std(connected.await.map_err(io::Error::other)??)?))
}

#[cfg(not(target_os = "linux"))]
async fn abstract_socket(_: String) -> io::Result<Socket> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "abstract sockets exist on Linux only"))
}

/// Fine tuning: what the system refuses is left at its default, as a console must not fail for that.
fn tune(socket: &TcpSocket, keepalive: Keepalive) {
    let socket = SockRef::from(socket);
    if keepalive.on {
        let mut wanted = TcpKeepalive::new();
        if let Some(idle) = keepalive.idle {
            wanted = wanted.with_time(idle);
        }
        if let Some(interval) = keepalive.interval {
            wanted = wanted.with_interval(interval);
        }
        if let Some(count) = keepalive.count {
            wanted = wanted.with_retries(count);
        }
        let _ = socket.set_tcp_keepalive(&wanted);
    }
    #[cfg(target_os = "linux")]
    let _ = socket.set_tcp_user_timeout(keepalive.user_timeout);
}
