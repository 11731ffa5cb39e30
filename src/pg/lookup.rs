//! The actor of the catalog lane: snapshots, descriptions and terminating, several at a time on one client.

use super::{catalog, client::Client, log, queries, server::Server};
use crate::{
    core::{
        error::DbError,
        event::{News, Tx},
        ids::{JobId, Lane},
    },
    data::catalog::Catalog,
};
use std::{collections::VecDeque, future::Future, sync::Arc, time::Duration};
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_postgres::types::Type;

/// Longest time for one of our questions, all its queries together.
const PATIENCE: Duration = Duration::from_secs(120);
/// Nobody asked for so long, so nobody waits to see the first table: the rest of the snapshot may be read.
const QUIET: Duration = Duration::from_millis(100);

/// What the catalog lane can be asked.
#[derive(Debug)]
pub enum Ask {
    /// Open the client now; nothing is told.
    Warm,
    /// Read a snapshot.
    Load(JobId),
    /// Describe a relation.
    Describe(JobId, u32),
    /// End a backend; the job is told when that fails.
    Terminate(JobId, i32),
    /// End.
    Close,
}

/// A snapshot whose first picture was told and whose rest was not read yet.
type Owed = (JobId, Arc<Catalog>);

/// What is left of a question.
enum Left {
    Nothing,
    Rest(Owed),
    /// The client had been lost without anybody noticing; a new one may answer.
    Again(Ask),
}

/// The catalog lane.
pub struct Lookups {
    server: Arc<Server>,
    mailbox: mpsc::UnboundedReceiver<Ask>,
    client: Option<Arc<Client>>,
    /// What is being answered. tokio-postgres queues it on the one connection.
    running: JoinSet<Left>,
    owed: VecDeque<Owed>,
}

impl Lookups {
    /// A lane without a client yet.
    pub fn new(server: Arc<Server>, mailbox: mpsc::UnboundedReceiver<Ask>) -> Self {
        Self { server, mailbox, client: None, running: JoinSet::new(), owed: VecDeque::new() }
    }

    /// Works until it is told to close or nobody can ask any more.
    pub async fn run(mut self) {
        loop {
            let idle = self.running.is_empty();
            tokio::select! {
                biased;
                ask = self.mailbox.recv() => match ask {
                    None => return,
                    Some(Ask::Close) => return self.finish().await,
                    // What keeps it from opening is told to whoever asks next.
                    Some(Ask::Warm) => drop(self.client().await),
                    Some(ask) => self.begin(ask, true).await,
                },
                Some(ended) = self.running.join_next(), if !idle => match ended {
                    Ok(Left::Rest(owed)) => self.owed.push_back(owed),
                    Ok(Left::Again(ask)) => {
                        // It may not know yet that it is closed.
                        self.client = None;
                        self.begin(ask, false).await;
                    }
                    Ok(Left::Nothing) | Err(_) => {}
                },
                () = sleep(QUIET), if idle && !self.owed.is_empty() => self.go_on().await,
            }
        }
    }

    async fn begin(&mut self, ask: Ask, first: bool) {
        let client = match self.client().await {
            Ok(client) => client,
            Err(e) => return refuse(&self.server, &ask, e).await,
        };
        let server = Arc::clone(&self.server);
        self.running.spawn(async move {
            match answer(&server, &client, &ask).await {
                Ok(Some(owed)) => Left::Rest(owed),
                Ok(None) => Left::Nothing,
                Err(e) if first && e.fatal => Left::Again(ask),
                Err(e) => {
                    refuse(&server, &ask, e).await;
                    Left::Nothing
                }
            }
        });
    }

    /// What is being answered is still wanted, unless everything ends.
    async fn finish(&mut self) {
        loop {
            match self.running.join_next().await {
                Some(Ok(Left::Rest(owed))) => self.owed.push_back(owed),
                Some(Ok(Left::Again(ask))) => {
                    self.client = None;
                    self.begin(ask, false).await;
                }
                Some(_) => {}
                None if self.owed.is_empty() || self.server.closing() => return,
                None => self.go_on().await,
            }
        }
    }

    /// Reads the rest of a snapshot.
    async fn go_on(&mut self) {
        let Some((job, picture)) = self.owed.pop_front() else { return };
        let client = match self.client().await {
            Ok(client) => client,
            Err(e) => return refuse(&self.server, &Ask::Load(job), e).await,
        };
        let server = Arc::clone(&self.server);
        self.running.spawn(async move {
            match in_time(catalog::complete(&client, Catalog::clone(&picture))).await {
                Ok(whole) => server.news(job, News::Catalog(Arc::new(whole))).await,
                Err(e) => refuse(&server, &Ask::Load(job), e).await,
            }
            Left::Nothing
        });
    }

    /// The client, opened anew when it was lost.
    async fn client(&mut self) -> Result<Arc<Client>, DbError> {
        if let Some(client) = self.client.as_ref().filter(|c| !c.is_closed()) {
            return Ok(Arc::clone(client));
        }
        let client = Arc::new(self.server.open_client().await.map_err(|e| e.error)?);
        self.client = Some(Arc::clone(&client));
        if !self.server.behind_pooler() {
            // Whom it waits for can be told by its pid; the first question does not wait for this one.
            let (server, client) = (Arc::clone(&self.server), Arc::clone(&client));
            tokio::spawn(async move {
                let pid = client.pid().await.unwrap_or(0);
                server.set_pid(Lane::Catalog(server.conn()), pid);
            });
        }
        Ok(client)
    }
}

async fn answer(server: &Server, client: &Client, ask: &Ask) -> Result<Option<Owed>, DbError> {
    match *ask {
        Ask::Load(job) => {
            let picture = Arc::new(in_time(catalog::picture(client)).await?);
            server.news(job, News::Catalog(Arc::clone(&picture))).await;
            return Ok(Some((job, picture)));
        }
        Ask::Describe(job, relation) => {
            let detail = in_time(catalog::describe(client, relation)).await?;
            server.news(job, News::Detail(detail.map(Arc::new))).await;
        }
        Ask::Terminate(_, pid) => {
            in_time(async {
                log::asked(client.place(), queries::TERMINATE);
                let sent = client.sql().query_typed(queries::TERMINATE, &[(&pid, Type::INT4)]).await;
                sent.map(drop).map_err(|e| client.error(&e))
            })
            .await?;
        }
        Ask::Warm | Ask::Close => {}
    }
    Ok(None)
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
        Ask::Warm | Ask::Close => {}
    }
}
