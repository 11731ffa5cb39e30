//! COPY's data, both ways.

use super::{BATCH_BYTES, Item, Session, State};
use crate::{
    core::error::DbError,
    pg::wire::message::{self, Message},
};
use bytes::{BufMut, BytesMut};
use postgres_protocol::message::frontend;

/// COPY data waiting to be sent above which `copy_data` waits.
const COPY_WAITING: usize = 256 << 10;

impl Session {
    /// Sends a piece of COPY data; waits while the server does not take it.
    ///
    /// # Errors
    /// When no COPY FROM STDIN waits for data any more (read on with [`Session::next`]: the server has
    /// said why), or the session is lost.
    pub async fn copy_data(&mut self, data: &[u8]) -> Result<(), DbError> {
        self.expect_copy_in()?;
        for piece in data.chunks(BATCH_BYTES) {
            self.out.put_u8(b'd');
            self.out.put_u32(piece.len() as u32 + 4);
            self.out.put_slice(piece);
            self.send_down_to(COPY_WAITING).await?;
        }
        if message::next_tag(&self.inb) == Some(b'E') {
            self.state = State::Running;
            return Err(DbError::client("the server stopped the COPY"));
        }
        Ok(())
    }

    /// Ends the COPY data well.
    ///
    /// # Errors
    /// When no COPY FROM STDIN waits for data.
    pub fn copy_done(&mut self) -> Result<(), DbError> {
        self.expect_copy_in()?;
        frontend::copy_done(&mut self.out);
        self.state = State::Running;
        Ok(())
    }

    /// Ends the COPY with an error; the server repeats the reason in its own.
    ///
    /// # Errors
    /// When no COPY FROM STDIN waits for data.
    pub fn copy_fail(&mut self, reason: &str) -> Result<(), DbError> {
        self.expect_copy_in()?;
        frontend::copy_fail(&reason.replace('\0', ""), &mut self.out)
            .map_err(|e| DbError::client(e.to_string()))?;
        self.state = State::Running;
        Ok(())
    }

    fn expect_copy_in(&self) -> Result<(), DbError> {
        if let Some(dead) = &self.dead {
            return Err(dead.clone());
        }
        if self.state != State::CopyIn {
            return Err(DbError::client("no COPY FROM STDIN waits for data"));
        }
        Ok(())
    }

    pub(super) fn take_copy(&mut self) -> Result<Item, DbError> {
        let mut all = BytesMut::new();
        while message::next_tag(&self.inb) == Some(b'd') && all.len() < BATCH_BYTES {
            let Some(Message::CopyData(data)) = self.take_message()? else { break };
            all.extend_from_slice(&data);
        }
        Ok(Item::CopyOut(all.freeze()))
    }
}
