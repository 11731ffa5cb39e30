//! The last step: a login on a stream, by a session of our own or by tokio-postgres, and what a session begins with.

use super::Opened;
use crate::{
    core::{effect::Statement, error::DbError},
    pg::{
        cancel::CancelHandle,
        client::{self, Client},
        log, pooling,
        wire::{Login, LoginError, Session, Stream},
    },
};

/// Why one try failed, and what that means for the next.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Something stands against it here: try the next.
    Next(DbError),
    /// Not to be reached just now: try the next, and later again.
    Away(DbError),
    /// The server is there but is not what `target_session_attrs` wants: try the next host.
    NotThis(DbError),
    /// The server refused in its own words: as libpq, no other host is tried.
    Refused(DbError),
    /// It wants a password and there is none.
    NoPassword,
    /// We are in, and the profile's SQL failed: nobody else is asked, and not in another way.
    Startup(DbError),
}

impl From<LoginError> for Trouble {
    fn from(e: LoginError) -> Self {
        match e {
            LoginError::NoPassword => Self::NoPassword,
            // "Cannot connect now" (starting up, shutting down): another host may.
            LoginError::Refused(e) if e.code == "57P03" => Self::Away(e),
            LoginError::Refused(e) => Self::Refused(e),
            LoginError::Broken(e) if e.fatal => Self::Away(e),
            LoginError::Broken(e) => Self::Next(e),
        }
    }
}

/// What is opened at the end of the way.
pub(super) trait Door: Sync {
    type Inside: Send;

    /// Logs in on a connected stream.
    fn enter(
        &self,
        stream: Stream,
        login: &Login,
        way: CancelHandle,
        host: usize,
    ) -> impl Future<Output = Result<Self::Inside, Trouble>> + Send;
}

pub(super) struct WireDoor {
    pub attrs: String,
    pub startup: Option<String>,
}

/// The profile's SQL, in one go.
async fn begin(session: &mut Session, startup: &Option<String>) -> Result<(), Trouble> {
    let Some(sql) = startup else { return Ok(()) };
    if let Some(refusal) = pooling::startup(sql) {
        // A pooler invents the number it gives a client for its backend; its own console answers no such question.
        let rows = session.ask("select pg_catalog.pg_backend_pid()").await.unwrap_or_default();
        let backend = rows.first().and_then(|r| r.first()?.as_ref()?.parse::<i32>().ok());
        if backend.is_some_and(|pid| pid != session.pid()) {
            return Err(Trouble::Startup(refusal));
        }
    }
    let statement = Statement { sql: sql.clone(), simple: true, ..Statement::default() };
    log::sent(session.pid(), &statement, &[], &[]);
    let done = match session.start(&statement) {
        Ok(()) => session.finish().await,
        Err(e) => Err(e),
    };
    done.map_err(startup_failed)
}

fn startup_failed(e: DbError) -> Trouble {
    Trouble::Startup(DbError { message: format!("the profile's startup SQL failed: {}", e.message), ..e })
}

impl Door for WireDoor {
    type Inside = Opened;

    async fn enter(
        &self,
        stream: Stream,
        login: &Login,
        way: CancelHandle,
        host: usize,
    ) -> Result<Opened, Trouble> {
        let mut session = login.enter(stream).await?;
        session.set_cancel(way);
        let tls = session.tls();
        log::opened(&login.place, &login.user, session.pid(), tls.as_deref(), session.method());
        begin(&mut session, &self.startup).await?;
        check_attrs(&mut session, &self.attrs).await?;
        Ok(Opened { session, host })
    }
}

pub(super) struct ClientDoor {
    pub startup: Option<String>,
}

impl Door for ClientDoor {
    type Inside = Client;

    async fn enter(
        &self,
        stream: Stream,
        login: &Login,
        _: CancelHandle,
        _: usize,
    ) -> Result<Client, Trouble> {
        let client = client::enter(stream, login).await?;
        log::opened_for_questions(&login.place, &login.user);
        if let Some(sql) = &self.startup {
            log::asked(&login.place, sql);
            client.sql().batch_execute(sql).await.map_err(|e| startup_failed(client.error(&e)))?;
        }
        Ok(client)
    }
}

async fn check_attrs(session: &mut Session, attrs: &str) -> Result<(), Trouble> {
    let standby = match attrs {
        "any" => return Ok(()),
        _ => is(session, "in_hot_standby", "select pg_catalog.pg_is_in_recovery()::text").await?,
    };
    let read_only = match attrs {
        "read-write" | "read-only" if !standby => {
            is(session, "default_transaction_read_only", "show default_transaction_read_only").await?
        }
        _ => standby,
    };
    let (fits, what) = match attrs {
        "read-write" => (!read_only, "session is read-only"),
        "read-only" => (read_only, "session is not read-only"),
        "primary" => (!standby, "server is in hot standby mode"),
        "standby" => (standby, "server is not in hot standby mode"),
        _ => (true, ""),
    };
    if fits { Ok(()) } else { Err(Trouble::NotThis(DbError::client(what))) }
}

/// A yes-or-no setting the server reports from version 14 on, or by asking.
async fn is(session: &mut Session, parameter: &str, sql: &str) -> Result<bool, Trouble> {
    if let Some(value) = session.parameter(parameter) {
        return Ok(value == "on");
    }
    let rows = session.ask(sql).await.map_err(Trouble::Away)?;
    Ok(matches!(rows.first().and_then(|r| r.first()), Some(Some(v)) if v == "on" || v == "true"))
}
