//! The actor of the catalog lane: snapshots, descriptions and terminating, several at a time on one client.

use super::{catalog, client::Client, queries, server::Server};
use crate::core::{
    error::DbError,
    event::{News, Tx},
    ids::JobId,
};
use std::{future::Future, sync::Arc, time::Duration};
use tokio::{sync::mpsc, task::JoinSet, time::timeout};
use tokio_postgres::types::Type;

/// Longest time for one of our questions, all its queries together.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the catalog lane can be asked.
#[derive(Debug)]
pub enum Ask {
    /// Read a snapshot.
    Load(JobId),
    /// Describe a relation.
    Describe(JobId, u32),
    /// End a backend; the job is told when that fails.
    Terminate(JobId, i32),
    /// End.
    Close,
}

/// The catalog lane.
pub struct Lookups {
    server: Arc<Server>,
    mailbox: mpsc::UnboundedReceiver<Ask>,
    client: Option<Arc<Client>>,
    /// What is being answered. tokio-postgres queues it on the one connection.
    running: JoinSet<()>,
}

impl Lookups {
    /// A lane without a client yet.
    pub fn new(server: Arc<Server>, mailbox: mpsc::UnboundedReceiver<Ask>) -> Self {
        Self { server, mailbox, client: None, running: JoinSet::new() }
    }

    /// Works until it is told to close or nobody can ask any more.
    pub async fn run(mut self) {
        while let Some(ask) = self.mailbox.recv().await {
            while self.running.try_join_next().is_some() {}
            if matches!(ask, Ask::Close) {
                // What is being answered is still wanted.
                while self.running.join_next().await.is_some() {}
                return;
            }
            let client = match self.client().await {
                Ok(client) => client,
                Err(e) => {
                    refuse(&self.server, &ask, e).await;
                    continue;
                }
            };
            let server = Arc::clone(&self.server);
            self.running.spawn(async move {
                if let Err(e) = answer(&server, &client, &ask).await {
                    refuse(&server, &ask, e).await;
                }
            });
        }
    }

    /// The client, opened anew when it was lost.
    async fn client(&mut self) -> Result<Arc<Client>, DbError> {
        if let Some(client) = self.client.as_ref().filter(|c| !c.is_closed()) {
            return Ok(Arc::clone(client));
        }
        let client = Arc::new(self.server.open_client().await.map_err(|e| e.error)?);
        self.client = Some(Arc::clone(&client));
        Ok(client)
    }
}

async fn answer(server: &Server, client: &Client, ask: &Ask) -> Result<(), DbError> {
    match *ask {
        Ask::Load(job) => load(server, client, job).await,
        Ask::Describe(job, relation) => {
            let detail = in_time(catalog::describe(client, relation)).await?;
            server.news(job, News::Detail(detail.map(Arc::new))).await;
            Ok(())
        }
        Ask::Terminate(_, pid) => {
            in_time(async {
                let sent = client.sql().query_typed(queries::TERMINATE, &[(&pid, Type::INT4)]).await;
                sent.map(drop).map_err(|e| client.error(&e))
            })
            .await
        }
        Ask::Close => Ok(()),
    }
}

/// Passes the snapshots on as they come: the first one must not wait for the second.
async fn load(server: &Server, client: &Client, job: JobId) -> Result<(), DbError> {
    let (sender, mut snapshots) = mpsc::unbounded_channel();
    let reading = async move {
        in_time(catalog::load(client, |snapshot| {
            // The receiver below lives until this sender is gone.
            let _ = sender.send(snapshot);
        }))
        .await
    };
    let telling = async {
        while let Some(snapshot) = snapshots.recv().await {
            server.news(job, News::Catalog(snapshot)).await;
        }
    };
    tokio::join!(reading, telling).0
}

async fn in_time<T>(work: impl Future<Output = Result<T, DbError>>) -> Result<T, DbError> {
    timeout(PATIENCE, work).await.unwrap_or_else(|_| {
        Err(DbError::client(format!("the server did not answer within {} s", PATIENCE.as_secs())))
    })
}

async fn refuse(server: &Server, ask: &Ask, e: DbError) {
    match *ask {
        Ask::Load(job) | Ask::Describe(job, _) => {
            server.news(job, News::Failed(0, Box::new(e), Tx::Idle)).await;
        }
        Ask::Terminate(job, _) => server.news(job, News::Notice(Box::new(e))).await,
        Ask::Close => {}
    }
}
