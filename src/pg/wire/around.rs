//! How far the server is in what was sent around a statement: which of its answers are the user's.

use super::message::{self, Message};
use crate::core::event::Tx;
use crate::pg::guard::{self, Around, Block};

/// A ROLLBACK is sent again when a late cancel has hit it, so often at most.
const TRIES: usize = 20;

/// See the module's first line.
#[derive(Debug)]
pub(super) struct Progress {
    around: Around,
    /// Statements that have ended.
    ended: usize,
    /// How often ROLLBACK was sent.
    rolled: usize,
}

/// What to do about a message.
#[allow(clippy::large_enum_variant, reason = "it is taken apart at once")]
pub(super) enum Taken {
    /// It is the user's.
    Give(Message),
    /// It is about a statement of ours.
    Keep,
    /// Something is left over: send ROLLBACK and go on reading.
    RollBack,
}

impl Progress {
    pub fn new(around: Around) -> Self {
        Self { around, ended: 0, rolled: 0 }
    }

    /// It is about a statement of ours.
    fn is_ours(&self) -> bool {
        self.rolled > 0 || self.ended != self.around.before.len() + self.around.within.len()
    }

    pub fn take(&mut self, message: Message) -> Taken {
        match message {
            Message::Complete(_) | Message::Empty => {
                let ours = self.is_ours();
                self.ended += 1;
                if ours { Taken::Keep } else { Taken::Give(message) }
            }
            // The user's BEGIN finds the one that was sent before it.
            Message::Notice(e) if self.around.block == Block::Begun && e.code == "25001" => Taken::Keep,
            Message::Error(e) if self.rolled > 0 && !message::ends_session(&e) => Taken::Keep,
            Message::Error(e) if self.is_ours() => Taken::Give(Message::Error(guard::translate(e))),
            Message::Ready(tx) if self.is_left(tx) && self.rolled < TRIES => {
                self.rolled += 1;
                Taken::RollBack
            }
            other => Taken::Give(other),
        }
    }

    fn is_left(&self, tx: Tx) -> bool {
        match self.around.block {
            Block::Theirs => false,
            Block::Ours => tx != Tx::Idle,
            Block::Begun => tx == Tx::Failed,
        }
    }
}
