//! Bytes to and from the socket.

use super::Session;
use crate::{core::error::DbError, pg::tls};
use bytes::Buf;
use std::{
    future::poll_fn,
    io,
    pin::{Pin, pin},
    task::Poll,
};
use tokio::io::{AsyncReadExt, AsyncWrite};

/// Read from the socket in pieces of this size.
const READ: usize = 32 << 10;
/// Answers read while COPY data cannot be sent, at most.
const ANSWERS_WAITING: usize = 1 << 20;

impl Session {
    /// Sends what waits and receives some bytes.
    pub(super) async fn fill(&mut self) -> Result<(), DbError> {
        let got = poll_fn(|cx| {
            if let Poll::Ready(Err(e)) = self.poll_send(cx, 0) {
                // The server may have said why before it hung up: read on.
                self.write_error = Some(e);
                self.out.clear();
            }
            self.inb.reserve(READ);
            pin!(self.stream.read_buf(&mut self.inb)).poll(cx)
        })
        .await;
        self.received_some(got)
    }

    fn received_some(&mut self, got: io::Result<usize>) -> Result<(), DbError> {
        let why = match got {
            Ok(0) => match self.write_error.take() {
                Some(e) => e.to_string(),
                None => "the server closed it unexpectedly".into(),
            },
            Ok(_) => return Ok(()),
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => "the server closed it unexpectedly".into(),
            Err(e) => {
                // What the other side says of TLS (of our certificate, mostly) may come as late as this.
                if let Some((text, hint)) = tls::explain(&e) {
                    let lost = DbError::lost(format!("connection to {} lost: {text}", self.place));
                    return Err(self.die(DbError { hint: hint.map(Into::into), ..lost }));
                }
                e.to_string()
            }
        };
        let e = self.closed(&why);
        Err(self.die(e))
    }

    /// Sends until at most `left` bytes wait; receives meanwhile, so that neither side waits for the other.
    pub(super) async fn send_down_to(&mut self, left: usize) -> Result<(), DbError> {
        let got = poll_fn(|cx| {
            loop {
                match self.poll_send(cx, left) {
                    Poll::Ready(Ok(())) => return Poll::Ready(None),
                    Poll::Ready(Err(e)) => {
                        self.write_error = Some(e);
                        self.out.clear();
                        return Poll::Ready(None);
                    }
                    Poll::Pending if self.inb.len() > ANSWERS_WAITING => return Poll::Pending,
                    Poll::Pending => {}
                }
                self.inb.reserve(READ);
                match pin!(self.stream.read_buf(&mut self.inb)).poll(cx) {
                    Poll::Ready(Ok(n)) if n > 0 => {}
                    Poll::Ready(end) => return Poll::Ready(Some(end)),
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await;
        got.map_or(Ok(()), |end| self.received_some(end))
    }

    fn poll_send(&mut self, cx: &mut std::task::Context<'_>, left: usize) -> Poll<io::Result<()>> {
        while self.out.len() > left {
            match Pin::new(&mut self.stream).poll_write(cx, &self.out) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(n)) => self.out.advance(n),
                Poll::Ready(Err(e)) => return Poll::Ready(Err(e)),
                Poll::Pending => return Poll::Pending,
            }
            self.unflushed = true;
        }
        if self.unflushed && self.out.is_empty() {
            match Pin::new(&mut self.stream).poll_flush(cx) {
                Poll::Ready(Ok(())) => self.unflushed = false,
                other => return other,
            }
        }
        Poll::Ready(Ok(()))
    }
}
