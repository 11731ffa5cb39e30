//! Cancelling what runs, so that the request hits nothing else.

use super::{GIVEN_UP, Item, Session, State};
use crate::{core::error::DbError, pg::cancel};
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};
use tokio::sync::Notify;

/// A cancel request is repeated after this time, then less and less often.
const REPEAT: Duration = Duration::from_millis(50);

impl Session {
    /// Cancels what runs and reads until the server is ready again; `see` is shown what still comes.
    /// Afterwards no cancel request is on its way any more: the next statement is safe.
    ///
    /// The request is repeated while the statement goes on: one that arrives before its statement does
    /// hits nothing. When a request does not get through, the session is closed, as the request might
    /// arrive later and hit another statement. So it is when requests do get through and nothing at all comes of them
    /// for [`GIVEN_UP`]: then the line is dead in one direction.
    ///
    /// # Errors
    /// The statement's error (57014 when the cancel hit it), or that the session is lost. `Ok` when
    /// the statement had ended by itself.
    pub async fn cancel(&mut self, see: impl FnMut(&Item)) -> Result<(), DbError> {
        self.cancel_within(GIVEN_UP, see).await
    }

    /// The same, with another time after which silence counts as a dead line.
    ///
    /// # Errors
    /// As of [`Session::cancel`].
    pub async fn cancel_within(
        &mut self,
        patience: Duration,
        mut see: impl FnMut(&Item),
    ) -> Result<(), DbError> {
        if self.state == State::Idle || self.dead.is_some() {
            return self.dead.clone().map_or(Ok(()), Err);
        }
        let Some(handle) = self.cancel.clone() else {
            let e = DbError::lost(format!(
                "{} gave no key to cancel with, so the connection was closed; the statement may still run there",
                self.place
            ));
            return Err(self.die(e));
        };
        let ended = Notify::new();
        let came = AtomicUsize::new(0);
        let watch = async {
            loop {
                let before = came.load(Ordering::Relaxed);
                tokio::time::sleep(patience).await;
                if came.load(Ordering::Relaxed) == before {
                    return;
                }
            }
        };
        let requests = async {
            let mut pause = REPEAT;
            loop {
                handle.cancel().await?;
                if tokio::time::timeout(pause, ended.notified()).await.is_ok() {
                    return Ok(());
                }
                pause = (pause * 2).min(cancel::PATIENCE);
            }
        };
        let result = {
            let reading = async {
                let counted = |item: &Item| {
                    came.fetch_add(1, Ordering::Relaxed);
                    see(item);
                };
                let result = self.finish_seeing(counted).await;
                ended.notify_one();
                result
            };
            tokio::pin!(requests, reading);
            tokio::select! {
                () = watch => Err(DbError::client(format!(
                    "the statement was cancelled, but nothing came back for {} s",
                    patience.as_secs_f64().ceil()
                ))),
                result = &mut reading => requests.await.map(|()| result),
                failed = &mut requests => match failed {
                    Ok(()) => Ok(reading.await),
                    Err(e) => Err(e),
                },
            }
        };
        result.unwrap_or_else(|e: DbError| {
            Err(self.die(DbError::lost(format!(
                "{}; the connection was closed, and the statement may still run on the server",
                e.message
            ))))
        })
    }
}
