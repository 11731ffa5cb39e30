//! A cancel request that can never hit the next, innocent statement.
//!
//! Nobody answers a cancel request; the server closes the socket once it has read it. So the socket
//! is kept open until then (poolers forget a request whose socket is closed at once), and the owner
//! of the session reads it to ReadyForQuery before it sends anything else.

use super::{
    socket::{self, Address, Keepalive},
    tls::{self, Tls},
    wire::{Socket, Stream},
};
use crate::core::error::DbError;
use bytes::{BufMut, Bytes, BytesMut};
use std::{io, sync::Arc, time::Duration};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// How long a cancel request may take. After that its session must be closed, not used again.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// The way to a server for cancel requests of one session.
#[derive(Clone)]
pub struct CancelHandle {
    address: Address,
    keepalive: Keepalive,
    /// Set when the session itself is inside TLS: then the request is, too.
    tls: Option<(Arc<Tls>, tls::Name)>,
    place: String,
    pid: i32,
    key: Bytes,
}

impl std::fmt::Debug for CancelHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CancelHandle")
            .field("place", &self.place)
            .field("pid", &self.pid)
            .finish_non_exhaustive()
    }
}

impl CancelHandle {
    /// A way to a server; see [`Self::keyed`].
    #[must_use]
    pub fn new(
        address: Address,
        keepalive: Keepalive,
        tls: Option<(Arc<Tls>, tls::Name)>,
        place: String,
    ) -> Self {
        Self { address, keepalive, tls, place, pid: 0, key: Bytes::new() }
    }

    /// The same way with a session's own key.
    #[must_use]
    pub fn keyed(&self, pid: i32, key: Bytes) -> Self {
        Self { pid, key, ..self.clone() }
    }

    /// The backend it cancels.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Asks the server to cancel what the session runs, and waits until the server has taken note.
    /// Read the session to ReadyForQuery afterwards (and meanwhile: the server may be waiting for a reader).
    ///
    /// # Errors
    /// When the server could not be reached or did not take note in time. The request may still
    /// arrive later: close the session then.
    pub async fn cancel(&self) -> Result<(), DbError> {
        match tokio::time::timeout(PATIENCE, self.request()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(e)) => {
                Err(DbError::client(format!("the cancel request did not reach {}: {e}", self.place)))
            }
            Err(_) => Err(DbError::client(format!(
                "{} did not take the cancel request within {} s",
                self.place,
                PATIENCE.as_secs()
            ))),
        }
    }

    async fn request(&self) -> io::Result<()> {
        let socket = socket::connect(&self.address, self.keepalive).await?;
        let mut stream = self.dress(socket).await?;
        let mut request = BytesMut::new();
        request.put_u32(12 + self.key.len() as u32);
        request.put_u32(80_877_102);
        request.put_i32(self.pid);
        request.put_slice(&self.key);
        stream.write_all(&request).await?;
        stream.flush().await?;
        // Only the server's end of file says that it has read the request; a reset says the same.
        let mut bytes = [0; 64];
        while matches!(stream.read(&mut bytes).await, Ok(n) if n > 0) {}
        Ok(())
    }

    async fn dress(&self, socket: Socket) -> io::Result<Stream> {
        match &self.tls {
            None => Ok(Stream::Plain(socket)),
            Some((tls, name)) => match tls.negotiate(socket, name).await {
                Ok(Some(stream)) => Ok(stream),
                Ok(None) => Err(io::Error::other("the server refuses TLS for it")),
                Err(e) => Err(io::Error::other(e.message)),
            },
        }
    }
}
