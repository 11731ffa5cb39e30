//! Read-only that a script cannot switch off.
//!
//! `default_transaction_read_only` is only a default: `SET`, `BEGIN READ WRITE` and `set_config` undo it. A transaction
//! that is read-only and has seen a snapshot stays read-only, the server says so itself. So every statement runs in
//! such a transaction, one of ours where the script has none open. `EXPLAIN ANALYZE CREATE TABLE AS` writes even
//! there; but who writes has a transaction number, and what has one is rolled back, never committed.

use super::{execute::Failure, script::Step};
use crate::{
    core::{error::DbError, event::Tx},
    pg::wire::Session,
    sql::kind::{self, Kind},
};

/// What was opened around a statement.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Around {
    /// Nothing: the script's own transaction, or a statement that can neither read nor write.
    Nothing,
    /// A transaction of ours.
    Ours,
}

/// Before a statement.
pub(super) async fn before(session: &mut Session, step: &Step) -> Result<Around, Failure> {
    if step.is_combined() {
        // between its statements there is no place to stand guard
        return Err(
            refusal("statements joined by \\; cannot be held read-only: end each with ; alone").into()
        );
    }
    match (kind::of(&step.bound.sql), session.tx()) {
        (Kind::TxBegin | Kind::Set | Kind::Savepoint, _) | (_, Tx::Failed) => Ok(Around::Nothing),
        (Kind::TxEnd, Tx::Idle) => Ok(Around::Nothing),
        (Kind::TxEnd, _) => clean(session).await.map(|()| Around::Nothing),
        (_, Tx::Idle) => {
            session.ask("BEGIN READ ONLY").await?;
            session.ask("select 1").await?;
            Ok(Around::Ours)
        }
        _ => lock(session).await.map(|()| Around::Nothing),
    }
}

/// From here on the open transaction cannot become one that writes.
pub(super) async fn lock(session: &mut Session) -> Result<(), Failure> {
    session.ask("SET TRANSACTION READ ONLY").await?;
    session.ask("select 1").await?;
    Ok(())
}

/// After a statement that ended well.
pub(super) async fn after(session: &mut Session, around: Around) -> Result<(), Failure> {
    if around == Around::Nothing {
        return Ok(());
    }
    if session.tx() == Tx::Failed {
        // its reader left and it was broken off
        session.ask("ROLLBACK").await?;
        return Ok(());
    }
    clean(session).await?;
    session.ask("COMMIT").await?;
    Ok(())
}

/// Rolls back, and refuses, when something was written in the open transaction all the same.
pub(super) async fn clean(session: &mut Session) -> Result<(), Failure> {
    let rows = session.ask("select pg_catalog.txid_current_if_assigned()").await?;
    if rows.first().and_then(|r| r.first()).is_some_and(Option::is_some) {
        session.ask("ROLLBACK").await?;
        return Err(refusal("a write in a read-only run was rolled back").into());
    }
    Ok(())
}

/// The error of a server that refuses a write.
fn refusal(message: &str) -> DbError {
    DbError { severity: "ERROR".into(), code: "25006".into(), message: message.into(), ..DbError::default() }
}
