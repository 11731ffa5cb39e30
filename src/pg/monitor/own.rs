//! Whom the console's own sessions wait for.

use super::Monitor;
use crate::{
    core::error::DbError,
    data::live::{Own, Pulse, words},
    pg::client::Client,
};
use std::sync::Arc;

impl Monitor {
    /// What our sessions wait for, and who stands in the way. Sessions are read only when one waits.
    pub(super) async fn own(&mut self, client: &Client) -> Result<Vec<Own>, DbError> {
        let pids = self.server.pids();
        let edges = self.edges(client).await?;
        let edges: Vec<_> = edges.into_iter().filter(|e| pids.contains(&e.waiter)).collect();
        if edges.is_empty() {
            return Ok(vec![]);
        }
        let sessions = self.sessions(client).await?;
        let pulse = Pulse { sessions, edges, ..Pulse::default() };
        if self.unknown(&pulse)
            && let Err(e) = self.name(client, &pulse).await
        {
            tracing::debug!("names: {}", e.message);
        }
        let own = pulse.edges.iter().map(|edge| Own {
            pid: edge.waiter,
            object: words::object(&edge.object, &self.names),
            edge: Arc::clone(edge),
            blocker: pulse.session(edge.blocker).cloned(),
        });
        Ok(own.collect())
    }
}
