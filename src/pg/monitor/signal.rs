//! Cancel and terminate: sent only to whom was seen, and watched until they took effect.

use super::{Monitor, q};
use crate::{
    core::{
        effect::{Signal, SignalKind},
        error::DbError,
        event::{News, Signalled},
        ids::JobId,
    },
    pg::client::Client,
};
use std::time::Duration;
use tokio::time::Instant;
use tokio_postgres::types::{ToSql, Type};

/// How long a signal may take to be seen.
const EFFECT: Duration = Duration::from_secs(5);

/// The watching session is gone, which is when somebody may have to be ended to make room for it.
fn unsent(signal: &Signal) -> DbError {
    let function = match signal.kind {
        SignalKind::Cancel => "pg_cancel_backend",
        SignalKind::Terminate => "pg_terminate_backend",
    };
    let hint = format!("SQL has a session of its own: SELECT {function}({});", signal.pid);
    DbError {
        hint: Some(hint),
        ..DbError::client("there is no session to send it with, so nothing was sent")
    }
}

impl Monitor {
    /// Sends a signal and looks what became of it.
    pub(super) async fn signal(&mut self, job: JobId, signal: &Signal) {
        let outcome = match self.client().await {
            Some(client) => self.try_signal(&client, signal).await,
            None => Err(unsent(signal)),
        };
        let news = match outcome {
            Ok(outcome) => News::Signalled(outcome),
            Err(e) => News::Signalled(Signalled::Refused(Box::new(e))),
        };
        self.server.news(job, news).await;
    }

    async fn try_signal(&mut self, client: &Client, signal: &Signal) -> Result<Signalled, DbError> {
        let who: [(&(dyn ToSql + Sync), Type); 2] =
            [(&signal.pid, Type::INT4), (&signal.started, Type::INT8)];
        let rows = match signal.kind {
            SignalKind::Cancel => {
                let [pid, started] = who.clone();
                let args = [pid, started, (&signal.query_start as &(dyn ToSql + Sync), Type::INT8)];
                self.rows(client, q::CANCEL, &args).await?
            }
            SignalKind::Terminate => self.rows(client, q::TERMINATE, &who).await?,
        };
        match rows.first().map(|row| row.get::<_, bool>("sent")) {
            None => return Ok(Signalled::Gone),
            Some(false) => return Ok(Signalled::NotSent),
            Some(true) => {}
        }
        let until = Instant::now() + EFFECT;
        while Instant::now() < until {
            let row = self.rows(client, q::STILL, &who).await?.into_iter().next();
            let ended = match (&row, signal.kind) {
                (None, _) => true,
                (Some(_), SignalKind::Terminate) => false,
                (Some(row), SignalKind::Cancel) => {
                    row.get::<_, &str>("state") != "active"
                        || row.get::<_, Option<i64>>("query_start") != signal.query_start
                }
            };
            if ended {
                return Ok(Signalled::Done);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(Signalled::Still(EFFECT))
    }
}
