//! Statements whose doing is undone: what puts everything back is sent whatever became of them.

use super::{Actor, Job};
use crate::{
    core::{error::DbError, event::Tx},
    pg::wire::Session,
};
use std::time::Duration;
use tokio::time::timeout;

/// How long each statement that puts things back may take; after that the connection is closed, which rolls back too.
const PATIENCE: Duration = Duration::from_secs(30);

impl Actor {
    /// Why the job cannot be begun: the transaction is in another state than the one it was made for.
    pub(super) fn unfit(&self, job: &Job) -> Option<DbError> {
        let open = job.after.as_ref()?.open;
        let said = match (self.session.as_ref().map(Session::tx)?, open) {
            (Tx::Open, true) | (Tx::Idle, false) => return None,
            (Tx::Failed, _) => "the transaction has failed: only a roll back helps (Ctrl+T in SQL)",
            _ => "the transaction is in another state by now: ask again",
        };
        Some(DbError::client(said))
    }

    /// Undoes what the job did so far.
    pub(super) async fn put_back(&mut self, job: &Job) {
        let Some(after) = &job.after else { return };
        for sql in &after.sql {
            let Some(session) = &mut self.session else { return };
            // What it answers is of no interest: a PREPARE that never was cannot be forgotten, for one.
            let answered = timeout(PATIENCE, session.ask(sql)).await;
            if answered.is_err() {
                session.abandon(
                    "a statement that puts things back was not answered, so the connection was closed",
                );
            }
            if session.is_dead() {
                let e = DbError::lost("the connection was lost while things were put back");
                self.lost(e, if after.open { Tx::Open } else { Tx::Idle }).await;
                return;
            }
        }
        // Whatever happened, a transaction that was not open before is not left open.
        if let Some(session) = self.session.as_mut().filter(|s| !after.open && s.tx() != Tx::Idle) {
            let _ = timeout(PATIENCE, session.ask("ROLLBACK")).await;
        }
    }
}
