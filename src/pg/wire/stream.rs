//! The bytes to and from a server: TCP or a Unix socket, plain or inside TLS.

use super::super::tls;
use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, UnixStream},
};
use tokio_rustls::client::TlsStream;

/// A connected socket.
#[derive(Debug)]
pub enum Socket {
    /// TCP.
    Tcp(TcpStream),
    /// A Unix-domain socket, by path or abstract name.
    Unix(UnixStream),
}

impl Socket {
    /// What has been received already, without waiting.
    ///
    /// # Errors
    /// Nothing has, or the socket is broken.
    pub fn at_hand(&self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(s) => s.try_read(bytes),
            Self::Unix(s) => s.try_read(bytes),
        }
    }
}

/// A socket, with TLS around it or not.
#[derive(Debug)]
pub enum Stream {
    /// As it is.
    Plain(Socket),
    /// Inside TLS.
    Tls(Box<TlsStream<Socket>>),
}

impl Stream {
    /// The TLS protocol version, if there is TLS.
    #[must_use]
    pub fn tls_version(&self) -> Option<String> {
        match self {
            Self::Plain(_) => None,
            Self::Tls(s) => {
                let version = s.get_ref().1.protocol_version()?;
                // TLSv1_3, as rustls calls it
                version.as_str().map(|v| v.replace('_', "."))
            }
        }
    }

    /// The cipher suite and the server's certificate (DER), if there is TLS.
    #[must_use]
    pub fn tls_details(&self) -> Option<(String, Vec<u8>)> {
        let Self::Tls(s) = self else { return None };
        let (_, tls) = s.get_ref();
        let cipher =
            tls.negotiated_cipher_suite().and_then(|c| c.suite().as_str()).unwrap_or("unknown cipher");
        let certificate = tls.peer_certificates().and_then(|c| c.first());
        Some((cipher.to_owned(), certificate.map(|c| c.to_vec()).unwrap_or_default()))
    }

    /// The `tls-server-end-point` binding data (RFC 5929): a hash of the server's certificate.
    #[must_use]
    pub fn end_point(&self) -> Option<Vec<u8>> {
        match self {
            Self::Plain(_) => None,
            Self::Tls(s) => tls::end_point(s.get_ref().1.peer_certificates()?.first()?),
        }
    }
}

macro_rules! each {
    ($self:ident, $s:ident => $do:expr) => {
        match $self.get_mut() {
            Self::Tcp($s) => $do,
            Self::Unix($s) => $do,
        }
    };
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        each!(self, s => Pin::new(s).poll_read(cx, buf))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        each!(self, s => Pin::new(s).poll_write(cx, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, s => Pin::new(s).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, s => Pin::new(s).poll_shutdown(cx))
    }
}

macro_rules! either {
    ($self:ident, $s:ident => $do:expr) => {
        match $self.get_mut() {
            Self::Plain($s) => $do,
            Self::Tls($s) => $do,
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        either!(self, s => Pin::new(s).poll_read(cx, buf))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        either!(self, s => Pin::new(s).poll_write(cx, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, s => Pin::new(s).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, s => Pin::new(s).poll_shutdown(cx))
    }
}
