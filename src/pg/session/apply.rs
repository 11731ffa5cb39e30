//! Staged changes on the server: all statements in one transaction, each held to the number of rows it must meet.
//!
//! Nothing but the transaction itself is needed of the session, so that it works through a pooler, too. When the
//! connection breaks, what is known is said: before COMMIT nothing was written; afterwards the server is asked.

use super::{Actor, Heard, Job};
use crate::{
    core::{
        effect::Statement,
        error::{DbError, UNKNOWN_OUTCOME, WRONG_ROWS},
        event::{News, Summary, Tx},
        ids::JobId,
    },
    pg::{
        advice::{STANDBY, in_session},
        flow::{Flow, Step},
        guard::{Around, Block},
        server::cancelled_unsent,
        wire::Session,
    },
};
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// How long a server that went away in the middle of COMMIT is looked for: it may be restarting.
const LOOK: Duration = Duration::from_secs(10);
/// How long a COMMIT that goes on without us is waited for.
const GOES_ON: Duration = Duration::from_secs(30);
/// Between two questions, at first and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));
/// How long a ROLLBACK may take; after that the connection is closed, which rolls back as well.
const PATIENCE: Duration = Duration::from_secs(5);

/// Gives NULL where changes can be written; nothing on a standby; otherwise where the default of being read-only
/// comes from.
const MAY_WRITE: &str = "select case when pg_catalog.pg_is_in_recovery() then '' \
    when pg_catalog.current_setting('transaction_read_only') <> 'off' then \
    (select source from pg_catalog.pg_settings where name = 'default_transaction_read_only') end";

/// What ended the transaction before its COMMIT.
struct Trouble {
    /// Number of the statement; that of all statements: COMMIT.
    at: usize,
    error: DbError,
}

/// How the transaction came out.
enum Outcome {
    /// Everything is written.
    Committed,
    /// Nothing is.
    Failed(Trouble),
    /// The connection broke while COMMIT was under way.
    Broken {
        /// The transaction's number.
        xid: u64,
        error: DbError,
    },
}

/// How a wait ended while the mailbox was heard.
enum Waited<T> {
    Ended(T),
    Late,
    Cancelled,
}

/// What the server says of a transaction whose COMMIT nobody answered.
enum Fate {
    Committed,
    Aborted,
    /// Why it is not known.
    Unknown(String),
}

impl Actor {
    /// Runs all statements of a job in one transaction of their own.
    pub(super) async fn apply(&mut self, job: &Job, wanted: &[Option<u64>]) {
        let began = Instant::now();
        if self.server.read_only() {
            let tx = self.session.as_ref().map_or(Tx::Idle, Session::tx);
            return self.failed(job, 0, read_only(self.server.way_out()), tx).await;
        }
        if self.session.is_none()
            && let Err(e) = self.open(Some(job.id)).await
        {
            return self.failed(job, 0, not_written(e), Tx::Gone).await;
        }
        // Taken out, so that what is asked meanwhile can be heard while statements run.
        let Some(mut session) = self.session.take() else { return };
        let outcome = self.transaction(job, wanted, &mut session).await;
        if session.is_dead() {
            let e = match &outcome {
                Outcome::Failed(trouble) => trouble.error.clone(),
                Outcome::Broken { error, .. } => error.clone(),
                Outcome::Committed => DbError::lost("the connection was lost"),
            };
            drop(session);
            self.lost(e, Tx::Open).await;
        } else {
            self.session = Some(session);
        }
        match outcome {
            Outcome::Committed => self.committed(job, began).await,
            Outcome::Failed(Trouble { at, error }) => self.failed(job, at, error, self.tx_now()).await,
            Outcome::Broken { xid, error } => {
                let fate = self.fate(job.id, xid).await;
                self.broken(job, xid, error, fate, began).await;
            }
        }
    }

    fn tx_now(&self) -> Tx {
        self.session.as_ref().map_or(Tx::Gone, Session::tx)
    }

    async fn committed(&mut self, job: &Job, began: Instant) {
        let summary = Summary {
            statement: job.statements.len(),
            tag: "COMMIT".into(),
            elapsed: began.elapsed(),
            tx: Tx::Idle,
            rows: 0,
            cut: None,
            last: true,
        };
        self.server.news(job.id, News::Done(summary)).await;
    }

    /// BEGIN, the statements, COMMIT; whatever fails before COMMIT is rolled back.
    async fn transaction(&mut self, job: &Job, wanted: &[Option<u64>], session: &mut Session) -> Outcome {
        let xid = match self.before_commit(job, wanted, session).await {
            Ok(xid) => xid,
            Err(Trouble { at, error }) => {
                roll_back(session).await;
                let error =
                    if error.fatal || session.is_dead() { not_written(in_session(error)) } else { error };
                return Outcome::Failed(Trouble { at, error });
            }
        };
        let at = job.statements.len();
        let (sent, result) = self.one(job.id, session, &plain("COMMIT"), None).await;
        match result {
            // What was asked too late to be sent is no COMMIT; the same goes for one that could not be queued.
            Err(error) if !sent.sent => {
                roll_back(session).await;
                Outcome::Failed(Trouble { at, error: not_written(error) })
            }
            Err(error) if error.fatal => Outcome::Broken { xid, error },
            Err(error) => {
                roll_back(session).await;
                Outcome::Failed(Trouble { at, error })
            }
            Ok(()) if sent.flow.tag == "COMMIT" => Outcome::Committed,
            Ok(()) => {
                let error = DbError::client(format!(
                    "the server answered COMMIT with {}: nothing was written",
                    sent.flow.tag
                ));
                Outcome::Failed(Trouble { at, error })
            }
        }
    }

    /// Everything up to COMMIT; gives the transaction's number.
    async fn before_commit(
        &mut self,
        job: &Job,
        wanted: &[Option<u64>],
        session: &mut Session,
    ) -> Result<u64, Trouble> {
        if session.tx() != Tx::Idle {
            // Nobody owns a transaction here.
            roll_back(session).await;
        }
        // Not READ WRITE: a default that somebody set for this role or server is to hold.
        let begin = Around { before: &["BEGIN"], block: Block::Begun, ..Around::default() };
        let (sent, begun) = self.one_around(job.id, session, &plain(MAY_WRITE), begin, None).await;
        begun.map_err(|error| Trouble { at: 0, error })?;
        if let Some(why) = sent.first {
            return Err(Trouble { at: 0, error: if why.is_empty() { standby() } else { by_default(&why) } });
        }
        for (at, statement) in job.statements.iter().enumerate() {
            let began = Instant::now();
            let (sent, result) = self.one(job.id, session, statement, Some(at)).await;
            result.map_err(|error| Trouble { at, error })?;
            let met = sent.flow.met();
            if let Some(wanted) = wanted.get(at).copied().flatten()
                && met != wanted
            {
                return Err(Trouble { at, error: wrong_rows(at, met, wanted) });
            }
            let summary = Summary {
                statement: at,
                tag: sent.flow.tag.clone(),
                elapsed: began.elapsed(),
                tx: session.tx(),
                rows: sent.flow.rows(),
                cut: None,
                last: false,
            };
            if session.tx() != Tx::Open {
                let error = DbError::client("the statement ended the transaction: nothing more was sent");
                return Err(Trouble { at, error });
            }
            self.server.news(job.id, News::Done(summary)).await;
        }
        let at = job.statements.len();
        let number = "select pg_catalog.pg_current_xact_id()::pg_catalog.text";
        let (sent, result) = self.one(job.id, session, &plain(number), None).await;
        result.map_err(|error| Trouble { at, error })?;
        sent.first.as_deref().and_then(|t| t.parse().ok()).ok_or_else(|| Trouble {
            at,
            error: DbError::client("the server did not tell the transaction's number: nothing was written"),
        })
    }

    /// Runs one statement to its end; see `one_around`.
    async fn one(
        &mut self,
        job: JobId,
        session: &mut Session,
        statement: &Statement,
        told: Option<usize>,
    ) -> (One, Result<(), DbError>) {
        self.one_around(job, session, statement, Around::default(), told).await
    }

    /// Runs one statement, and what is sent around it, to its end. `told`: it is told as news of the job under this number; of our own ones only
    /// notices are. A cancel that was heard ends it with 57014, however the statement itself ended.
    async fn one_around(
        &mut self,
        job: JobId,
        session: &mut Session,
        statement: &Statement,
        around: Around,
        told: Option<usize>,
    ) -> (One, Result<(), DbError>) {
        let mut one = One { flow: Flow::new(u64::MAX, false), sent: false, first: None };
        // What was asked between two statements counts before anything more is sent.
        while let Ok(ask) = self.mailbox.try_recv() {
            if let Heard::Cancel = self.hear(Some(ask), Some(job), false).await {
                let e = if session.tx() == Tx::Open { cancelled() } else { cancelled_unsent() };
                return (one, Err(e));
            }
        }
        // A row that is deleted is wanted back whole.
        session.keep_at_most(usize::MAX);
        if let Err(e) = session.start_around(statement, around) {
            return (one, Err(e));
        }
        one.sent = true;
        if let Some(number) = told {
            self.server.news(job, News::Started(number)).await;
        }
        let flow = &mut one.flow;
        let mut result = loop {
            let step = tokio::select! {
                biased;
                ask = self.mailbox.recv() => match self.hear(ask, Some(job), false).await {
                    Heard::Cancel => {
                        flow.cancelled = true;
                        break session.cancel_within(self.server.patience, |item| flow.count(item)).await;
                    }
                    // It has all the credit there is, and a write is never cut.
                    Heard::Nothing | Heard::More(_) | Heard::Cut(_) => continue,
                },
                () = sleep_until(flow.deadline()), if flow.deadline_set() => flow.flush(),
                item = session.next() => match item {
                    Ok(item) => flow.take(item),
                    Err(e) => break Err(e),
                },
            };
            for news in step.news {
                match &news {
                    News::Rows(batch) if told.is_none() => {
                        let cell = (!batch.is_empty()).then(|| batch.cell(0, 0)).flatten();
                        one.first = cell.map(|c| String::from_utf8_lossy(c).into_owned());
                    }
                    News::Columns(_) if told.is_none() => {}
                    _ => self.server.news(job, news).await,
                }
            }
            match step.then {
                Step::Go | Step::Rest | Step::TooLong => {}
                Step::NoCopyIn => {
                    // Refused: an error follows by itself.
                    let _ = session.copy_fail("no data can be given here");
                }
                Step::End => break Ok(()),
            }
        };
        for news in flow.flush().news {
            if told.is_some() {
                self.server.news(job, news).await;
            }
        }
        if let Some(e) = flow.error.take() {
            result = result.and(Err(e));
        }
        if !flow.cancelled {
            result = result.map_err(in_session);
        }
        // COMMIT that was quicker than its cancel is a COMMIT.
        if flow.cancelled && result.is_ok() && session.tx() != Tx::Idle {
            result = Err(cancelled());
        }
        (one, result)
    }

    /// Waits for something and hears the mailbox meanwhile.
    async fn meanwhile<T>(&mut self, job: JobId, until: Instant, work: impl Future<Output = T>) -> Waited<T> {
        tokio::pin!(work);
        loop {
            if self.closing {
                return Waited::Cancelled;
            }
            tokio::select! {
                biased;
                ask = self.mailbox.recv() => {
                    if let Heard::Cancel = self.hear(ask, Some(job), false).await {
                        return Waited::Cancelled;
                    }
                }
                done = &mut work => return Waited::Ended(done),
                () = sleep_until(until) => return Waited::Late,
            }
        }
    }

    /// Connects again and asks what became of a transaction.
    async fn fate(&mut self, job: JobId, xid: u64) -> Fate {
        let mut until = Instant::now() + LOOK;
        let mut pause = PAUSE.0;
        let mut why = "the server did not answer".to_owned();
        let mut answered = false;
        loop {
            match self.ask_fate(job, xid, until).await {
                Waited::Ended(Ok(Answer { status: Some(s), .. })) if s == "committed" => {
                    return Fate::Committed;
                }
                Waited::Ended(Ok(Answer { status: Some(s), standby: false })) if s == "aborted" => {
                    return Fate::Aborted;
                }
                Waited::Ended(Ok(Answer { status: Some(s), standby })) => {
                    // Answered at all: from now on it is the transaction that is waited for. A standby may yet hear
                    // how it ended.
                    if !std::mem::replace(&mut answered, true) {
                        until = Instant::now() + GOES_ON;
                    }
                    let what =
                        if standby { "the server is a standby now and says" } else { "the server says" };
                    why = format!("{what}: {s}");
                }
                Waited::Ended(Ok(Answer { status: None, .. })) => {
                    return Fate::Unknown("the server does not remember the transaction".into());
                }
                Waited::Ended(Err(e)) => {
                    // A number from the future: another server, or one that lost its last moments.
                    if e.code == "22023" {
                        return Fate::Unknown(e.message);
                    }
                    why = e.message;
                }
                Waited::Late => return Fate::Unknown(why),
                Waited::Cancelled => {
                    return Fate::Unknown(format!("asking was cancelled; the last answer: {why}"));
                }
            }
            match self.meanwhile(job, until, sleep(pause)).await {
                Waited::Ended(()) => pause = (pause * 2).min(PAUSE.1),
                Waited::Late => return Fate::Unknown(why),
                Waited::Cancelled => {
                    return Fate::Unknown(format!("asking was cancelled; the last answer: {why}"));
                }
            }
        }
    }

    async fn ask_fate(&mut self, job: JobId, xid: u64, until: Instant) -> Waited<Result<Answer, DbError>> {
        let mut session = match self.session.take() {
            Some(session) => session,
            None => {
                let (server, lane) = (self.server.clone(), self.lane);
                match self.meanwhile(job, until, server.open(lane)).await {
                    Waited::Ended(Ok(session)) => session,
                    Waited::Ended(Err(e)) => return Waited::Ended(Err(e.error)),
                    Waited::Late => return Waited::Late,
                    Waited::Cancelled => return Waited::Cancelled,
                }
            }
        };
        let sql = format!(
            "select pg_catalog.pg_xact_status('{xid}'), pg_catalog.pg_is_in_recovery()::pg_catalog.text"
        );
        let asked = self.meanwhile(job, until, session.ask(&sql)).await;
        // One that was left in the middle of an answer is of no use any more.
        if session.is_idle() && !session.is_dead() {
            self.session = Some(session);
        } else {
            self.server.left(self.lane);
        }
        match asked {
            Waited::Ended(Ok(rows)) => {
                let mut row = rows.into_iter().next().unwrap_or_default().into_iter();
                let (status, standby) = (row.next().flatten(), row.next().flatten());
                Waited::Ended(Ok(Answer { status, standby: standby.as_deref() == Some("true") }))
            }
            Waited::Ended(Err(e)) => Waited::Ended(Err(e)),
            Waited::Late => Waited::Late,
            Waited::Cancelled => Waited::Cancelled,
        }
    }

    /// Tells how a transaction ended whose COMMIT nobody answered.
    async fn broken(&mut self, job: &Job, xid: u64, error: DbError, fate: Fate, began: Instant) {
        let at = job.statements.len();
        match fate {
            Fate::Committed => {
                let note = DbError {
                    severity: "WARNING".into(),
                    detail: Some(error.message),
                    ..DbError::client(
                        "The connection broke while COMMIT was under way; the server says that the transaction was committed",
                    )
                };
                self.server.news(job.id, News::Notice(Box::new(note))).await;
                self.committed(job, began).await;
            }
            Fate::Aborted => {
                let e = hinted(
                    error,
                    "The connection broke while COMMIT was under way; the server says that the transaction was rolled back: nothing was written.",
                );
                self.failed(job, at, e, self.tx_now()).await;
            }
            Fate::Unknown(why) => {
                let e = DbError {
                    code: UNKNOWN_OUTCOME.into(),
                    detail: Some(format!("{}\nAsked for its end: {why}", error.message)),
                    hint: Some(format!(
                        "Look before you apply again: select pg_xact_status('{xid}'); says committed, aborted or in progress."
                    )),
                    fatal: self.session.is_none(),
                    ..DbError::client(format!(
                        "The connection broke while COMMIT was under way, and it is not known how transaction {xid} ended: either everything was written or nothing"
                    ))
                };
                self.failed(job, at, e, self.tx_now()).await;
            }
        }
    }
}

/// A statement that was run, or was not even sent.
struct One {
    flow: Flow,
    sent: bool,
    /// First value of the first row of a statement of our own.
    first: Option<String>,
}

/// See `Fate`.
struct Answer {
    status: Option<String>,
    standby: bool,
}

fn plain(sql: &str) -> Statement {
    Statement { sql: sql.into(), ..Statement::default() }
}

/// Ends the transaction. A session that cannot do it is closed by its owner: it is dead then.
async fn roll_back(session: &mut Session) {
    if session.is_dead() || session.tx() == Tx::Idle {
        return;
    }
    let rolled = async {
        session.start(&plain("ROLLBACK"))?;
        session.finish().await
    };
    match timeout(PATIENCE, rolled).await {
        Ok(Ok(())) => {}
        _ => session.abandon("ROLLBACK was not answered, so the connection was closed"),
    }
}

fn hinted(mut e: DbError, hint: &str) -> DbError {
    e.hint = Some(e.hint.map_or_else(|| hint.to_owned(), |h| format!("{h}\n{hint}")));
    e
}

fn not_written(e: DbError) -> DbError {
    hinted(e, "COMMIT had not been sent: nothing was written.")
}

fn wrong_rows(at: usize, met: u64, wanted: u64) -> DbError {
    let rows = |n: u64| match n {
        0 => "no row".to_owned(),
        1 => "1 row".to_owned(),
        n => format!("{n} rows"),
    };
    DbError {
        code: WRONG_ROWS.into(),
        hint: Some("Everything was rolled back: nothing was written.".into()),
        ..DbError::client(format!(
            "statement {} met {}, wanted {}",
            at + 1,
            rows(met),
            if wanted == 1 { "exactly 1".to_owned() } else { rows(wanted) }
        ))
    }
}

fn cancelled() -> DbError {
    DbError {
        severity: "ERROR".into(),
        code: "57014".into(),
        ..DbError::client("cancelled; everything was rolled back")
    }
}

fn read_only(way_out: String) -> DbError {
    DbError { hint: Some(way_out), ..DbError::client("this connection is read-only: nothing was sent") }
}

fn standby() -> DbError {
    DbError {
        hint: Some(STANDBY.into()),
        ..DbError::client("this server is a standby, which takes no changes: nothing was written")
    }
}

/// Somebody wants transactions to be read-only here; `source` is that of the setting.
fn by_default(source: &str) -> DbError {
    let (who, how) = match source {
        "user" => ("for this role", "ALTER ROLE … RESET default_transaction_read_only"),
        "database" => ("for this database", "ALTER DATABASE … RESET default_transaction_read_only"),
        "database user" => (
            "for this role in this database",
            "ALTER ROLE … IN DATABASE … RESET default_transaction_read_only",
        ),
        "client" => ("by the connection's own options", "take default_transaction_read_only out of them"),
        _ => ("by the server's configuration", "connect with options='-c default_transaction_read_only=off'"),
    };
    DbError {
        hint: Some(format!("If that is not meant for you: {how}, then connect anew.")),
        ..DbError::client(format!(
            "transactions are read-only here: default_transaction_read_only is set {who}; nothing was written"
        ))
    }
}
