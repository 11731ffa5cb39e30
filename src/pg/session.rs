//! The actor of one session: runs the jobs of its lane one after the other, and hears More, Stop and
//! Cancel while it does.

mod apply;
mod rehearse;
mod transfer;

use super::{
    advice::{in_session, is_recovery_conflict},
    flow::{Flow, MOST_ROW, Step},
    pooling,
    server::{Server, cancelled_unsent, what_was_lost},
    wire::{Item, Session},
};
use crate::core::{
    effect::{CopyFile, Secret, Statement},
    error::DbError,
    event::{Cut, Link, News, Pooler, Summary, Tx},
    ids::{JobId, Lane},
};
use std::{collections::VecDeque, sync::Arc, time::Duration};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until, timeout},
};

/// How often a job behind a pooler looks first which backend it is on.
const LOOKS: u32 = 20;
/// First and longest pause before a session is tried again by itself.
const BACK_OFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// What an actor can be asked.
#[derive(Debug)]
pub enum Ask {
    /// Open the session now and tell how it went.
    Open(Option<Secret>),
    /// Open the session now; nothing is told.
    Warm,
    /// It was tried and is the connection from now on: tell that it is up.
    Settle,
    /// Run a job.
    Execute(Job),
    /// Let a resting stream go on.
    More(JobId, u64),
    /// End a stream.
    Stop(JobId),
    /// Cancel a job.
    Cancel(JobId),
    /// End.
    Close,
}

/// Statements to run in order.
#[derive(Debug, Default)]
pub struct Job {
    /// Answers carry it.
    pub id: JobId,
    /// The statements.
    pub statements: Vec<Statement>,
    /// Bytes of rows to send before resting.
    pub credit: u64,
    /// Set for `Effect::Apply`: all in one transaction, and per statement the rows it must meet.
    pub wanted: Option<Vec<Option<u64>>>,
    /// The one statement is a COPY from or to this file.
    pub file: Option<CopyFile>,
    /// Set for `Effect::Rehearse`: what undoes it.
    pub after: Option<After>,
}

/// What undoes the statements of a job.
#[derive(Clone, Debug)]
pub struct After {
    /// The statements, all of them sent.
    pub sql: Vec<String>,
    /// The job wants an open transaction; otherwise none.
    pub open: bool,
}

/// One session and what waits for it.
pub struct Actor {
    lane: Lane,
    server: Arc<Server>,
    mailbox: mpsc::UnboundedReceiver<Ask>,
    waiting: VecDeque<Job>,
    session: Option<Session>,
    /// What the server says by itself goes to the job that ran last.
    last_job: JobId,
    /// The user's own session is gone or could not be opened: when to try again, and how long to wait after that.
    retry: Option<(Instant, Duration)>,
    /// How often it was looked for the backend behind a pooler.
    looks: u32,
    closing: bool,
}

/// How a statement ended for its job.
enum Ended {
    Next,
    EndOfJob,
}

/// What was heard while a statement runs.
enum Heard {
    Nothing,
    More(u64),
    Cut(Cut),
    Cancel,
}

impl Actor {
    /// An actor without a session yet.
    pub fn new(lane: Lane, server: Arc<Server>, mailbox: mpsc::UnboundedReceiver<Ask>) -> Self {
        Self {
            lane,
            server,
            mailbox,
            waiting: VecDeque::new(),
            session: None,
            last_job: JobId::default(),
            retry: None,
            looks: 0,
            closing: false,
        }
    }

    /// Works until it is told to close or nobody can ask any more.
    pub async fn run(mut self) {
        while !self.closing {
            match self.waiting.pop_front() {
                Some(job) => self.job(job).await,
                None => match self.idle().await {
                    Some(Ask::Open(password)) => self.asked_to_open(password).await,
                    Some(Ask::Settle) => self.settle().await,
                    Some(Ask::Execute(job)) => self.waiting.push_back(job),
                    Some(Ask::Warm) => {
                        if self.session.is_none() {
                            // What keeps it from opening is told to the first job.
                            let _ = self.open(None).await;
                        }
                    }
                    // Nothing runs: these are about jobs that have ended.
                    Some(Ask::More(..) | Ask::Stop(_) | Ask::Cancel(_)) => {}
                    Some(Ask::Close) | None => break,
                },
            }
        }
        self.server.left(self.lane);
        if let Some(session) = self.session.take() {
            // A server that does not take the goodbye in time sees the socket close.
            let _ = timeout(Duration::from_millis(300), session.close()).await;
        }
    }

    /// Waits for something to do; meanwhile reads what the server says by itself.
    async fn idle(&mut self) -> Option<Ask> {
        loop {
            let Some(session) = &mut self.session else {
                let Some((at, _)) = self.retry else { return self.mailbox.recv().await };
                tokio::select! {
                    biased;
                    ask = self.mailbox.recv() => return ask,
                    // What keeps it from opening is told as a state of the link.
                    () = sleep_until(at) => drop(self.open(None).await),
                }
                continue;
            };
            let tx = session.tx();
            let said = tokio::select! {
                biased;
                ask = self.mailbox.recv() => return ask,
                said = session.next() => said,
            };
            match said {
                Ok(item) => self.tell(self.last_job, item).await,
                Err(e) => self.lost(e, tx).await,
            }
        }
    }

    /// Things a server may say at any time.
    async fn tell(&self, job: JobId, item: Item) {
        if let Item::Setting(name, value) = &item {
            self.server.setting(name, value).await;
        }
        if !matches!(self.lane, Lane::Own(_)) {
            return; // sessions of our own, which nobody listens on
        }
        let news = match item {
            Item::Notice(e) => News::Notice(Box::new(e)),
            Item::Notification(channel, payload, pid) => News::Notification(channel, payload, pid),
            Item::Setting(name, value) => News::Setting(name, value),
            _ => return,
        };
        self.server.news(job, news).await;
    }

    /// The session is gone; `tx` is what it was in, when that is known better than by the session.
    async fn lost(&mut self, e: DbError, tx: Tx) {
        self.session = None;
        self.server.left(self.lane);
        if matches!(self.lane, Lane::Own(_)) && !self.closing {
            let lost = what_was_lost(matches!(tx, Tx::Open | Tx::Failed));
            let on_trial = self.server.is_on_trial();
            self.server.link(Link::Lost(Box::new(in_session(e)), lost)).await;
            if !on_trial {
                self.try_again().await;
            }
        }
    }

    /// The session is to be opened again by itself, after a pause that grows.
    async fn try_again(&mut self) {
        let pause = self.retry.map_or(BACK_OFF.0, |(_, next)| next);
        self.retry = Some((Instant::now() + pause, (pause * 2).min(BACK_OFF.1)));
        self.server.link(Link::Retry(pause)).await;
    }

    async fn asked_to_open(&mut self, password: Option<Secret>) {
        if let Some(password) = password {
            self.server.set_password(password);
        }
        if self.session.is_some() {
            return;
        }
        // What keeps it from opening has been told as a state of the link.
        let _ = self.open(None).await;
    }

    async fn settle(&mut self) {
        self.server.settle();
        if self.session.is_some() {
            return self.server.up().await;
        }
        // It was lost while the word was on its way. What keeps it from opening is told as a state of the link.
        let _ = self.open(None).await;
    }

    /// Opens the session. `job`: for which, so that it can be cancelled meanwhile.
    async fn open(&mut self, job: Option<JobId>) -> Result<(), DbError> {
        let own = matches!(self.lane, Lane::Own(_));
        if own {
            self.server.link(Link::Connecting(self.server.title())).await;
        }
        let server = Arc::clone(&self.server);
        let opening = server.open(self.lane);
        tokio::pin!(opening);
        let opened = loop {
            tokio::select! {
                biased;
                ask = self.mailbox.recv() => match self.hear(ask, job, false).await {
                    Heard::Nothing | Heard::More(_) if !self.closing => {}
                    _ => {
                        let e = cancelled_unsent();
                        self.retry = None;
                        if own && !self.closing {
                            self.server.link(Link::Failed(Box::new(e.clone()))).await;
                        }
                        return Err(e);
                    }
                },
                opened = &mut opening => break opened,
            }
        };
        match opened {
            Ok(mut session) => {
                self.retry = None;
                if own {
                    let info = self.server.info(&mut session).await;
                    self.server.link(Link::Up(Box::new(info))).await;
                }
                if own || self.server.behind_pooler() {
                    self.server.look(self.lane, &mut session).await;
                }
                self.session = Some(session);
                Ok(())
            }
            Err(e) => {
                if own {
                    let told = Box::new(e.error.clone());
                    let link = if e.needs_password {
                        let wrong = (!e.error.code.is_empty()).then_some(told);
                        Link::NeedsPassword(e.whom, wrong)
                    } else {
                        Link::Failed(told)
                    };
                    // Where one stays elsewhere, nothing is tried behind one's back.
                    let again = matches!(link, Link::Failed(_)) && e.passing && !self.server.is_on_trial();
                    self.server.link(link).await;
                    if again {
                        self.try_again().await;
                    } else {
                        self.retry = None;
                    }
                }
                Err(e.error)
            }
        }
    }

    async fn job(&mut self, job: Job) {
        self.last_job = job.id;
        // While nothing is sure yet, each statement may show how the pooler shares its connections out.
        if self.server.pooler() == Pooler::Session
            && self.looks < LOOKS
            && let Some(session) = &mut self.session
        {
            self.looks += 1;
            self.server.look(self.lane, session).await;
        }
        if job.statements.is_empty() {
            let nothing = Summary {
                statement: 0,
                tag: String::new(),
                elapsed: Duration::ZERO,
                tx: self.session.as_ref().map_or(Tx::Idle, Session::tx),
                rows: 0,
                cut: None,
                last: true,
            };
            return self.server.news(job.id, News::Done(nothing)).await;
        }
        if let Some(wanted) = &job.wanted {
            return self.apply(&job, wanted).await;
        }
        for number in 0..job.statements.len() {
            if self.session.is_none()
                && let Err(e) = self.open(Some(job.id)).await
            {
                return self.failed(&job, number, e, Tx::Gone).await;
            }
            if let Some(file) = &job.file {
                return self.transfer(&job, file).await;
            }
            if number == 0
                && let Some(e) = self.unfit(&job)
            {
                let tx = self.session.as_ref().map_or(Tx::Gone, Session::tx);
                return self.failed(&job, number, e, tx).await;
            }
            match self.statement(&job, number).await {
                Ended::Next => {}
                Ended::EndOfJob => return,
            }
        }
    }

    async fn failed(&mut self, job: &Job, number: usize, e: DbError, tx: Tx) {
        self.server.news(job.id, News::Failed(number, Box::new(e), tx)).await;
    }

    /// Understands what is asked while something runs (or the session opens) for `job`.
    async fn hear(&mut self, ask: Option<Ask>, job: Option<JobId>, resting: bool) -> Heard {
        match ask {
            None | Some(Ask::Close) => {
                self.closing = true;
                Heard::Cancel
            }
            Some(Ask::Open(password)) => {
                if let Some(password) = password {
                    self.server.set_password(password);
                }
                Heard::Nothing
            }
            Some(Ask::Warm) => Heard::Nothing,
            Some(Ask::Settle) => {
                self.server.settle();
                Heard::Nothing
            }
            Some(Ask::Execute(next)) => {
                self.waiting.push_back(next);
                if resting { Heard::Cut(Cut::Replaced) } else { Heard::Nothing }
            }
            Some(Ask::More(id, credit)) if Some(id) == job => Heard::More(credit),
            Some(Ask::Stop(id)) if Some(id) == job => Heard::Cut(Cut::Enough),
            Some(Ask::Cancel(id)) if Some(id) == job => Heard::Cancel,
            Some(Ask::More(id, credit)) => {
                if let Some(w) = self.waiting.iter_mut().find(|w| w.id == id) {
                    w.credit += credit;
                }
                Heard::Nothing
            }
            Some(Ask::Stop(id) | Ask::Cancel(id)) => {
                if let Some(at) = self.waiting.iter().position(|w| w.id == id) {
                    self.waiting.remove(at);
                    let tx = self.session.as_ref().map_or(Tx::Idle, Session::tx);
                    self.server.news(id, News::Failed(0, Box::new(cancelled_unsent()), tx)).await;
                }
                Heard::Nothing
            }
        }
    }

    /// Runs one statement of a job.
    async fn statement(&mut self, job: &Job, number: usize) -> Ended {
        let (Some(statement), Some(session)) = (job.statements.get(number), &mut self.session) else {
            return Ended::EndOfJob;
        };
        session.keep_at_most(MOST_ROW);
        let before = session.tx();
        let own = matches!(self.lane, Lane::Own(_));
        let started = self
            .server
            .around(self.lane, before, statement)
            .and_then(|around| match self.server.pooler() {
                Pooler::Transaction if own => pooling::check(before, &statement.sql).map(|()| around),
                _ => Ok(around),
            })
            .and_then(|around| session.start_around(statement, around));
        if let Err(e) = started {
            if session.is_dead() {
                self.lost(e.clone(), before).await;
            } else {
                self.put_back(job).await;
            }
            let tx = self.session.as_ref().map_or(Tx::Gone, Session::tx);
            self.failed(job, number, self.server.explain(self.lane, e), tx).await;
            return Ended::EndOfJob;
        }
        self.server.news(job.id, News::Started(number)).await;
        let last = number + 1 == job.statements.len();
        let mut flow = Flow::new(job.credit, statement.pure_read && last);
        let began = Instant::now();
        let mut rest_ends = began;
        let mut end = loop {
            let Some(session) = &mut self.session else { return Ended::EndOfJob };
            let step = tokio::select! {
                biased;
                ask = self.mailbox.recv() => match self.hear(ask, Some(job.id), flow.resting()).await {
                    Heard::Nothing => continue,
                    Heard::More(credit) => flow.more(credit),
                    Heard::Cut(cut) => break self.cut(&mut flow, cut, before).await,
                    Heard::Cancel => break self.cancel(&mut flow).await,
                },
                () = sleep_until(flow.deadline()), if flow.deadline_set() => flow.flush(),
                () = sleep_until(rest_ends), if flow.resting() => break self.cut(&mut flow, Cut::Idle, before).await,
                item = session.next(), if !flow.resting() => match item {
                    Ok(item) => flow.take(item),
                    Err(e) => break Err(e),
                },
            };
            for news in step.news {
                if let News::Setting(name, value) = &news {
                    self.server.setting(name, value).await;
                }
                self.server.news(job.id, news).await;
            }
            match step.then {
                Step::Go => {}
                Step::Rest => rest_ends = Instant::now() + self.server.rest,
                Step::NoCopyIn => {
                    if let Some(session) = &mut self.session {
                        // Refused: an error follows by itself.
                        let _ = session.copy_fail("no data can be given here");
                    }
                }
                Step::TooLong => break self.cut(&mut flow, Cut::Enough, before).await,
                Step::End => break Ok(()),
            }
        };
        for news in flow.flush().news {
            self.server.news(job.id, news).await;
        }
        if let Some(e) = flow.error.take() {
            end = end.and(Err(e));
        }
        let last = last || flow.cancelled || self.closing;
        let fatal = end.as_ref().is_err_and(|e| e.fatal);
        if own
            && self.server.pooler() == Pooler::Transaction
            && let Some(warning) = pooling::warning(before, &statement.sql)
        {
            self.server.news(job.id, News::Notice(Box::new(warning))).await;
        }
        if !fatal && (last || end.is_err()) {
            self.put_back(job).await;
        }
        let tx = self.session.as_ref().map_or(Tx::Gone, Session::tx);
        match end {
            Ok(()) => {
                let summary = Summary {
                    statement: number,
                    tag: std::mem::take(&mut flow.tag),
                    elapsed: began.elapsed(),
                    tx,
                    rows: flow.rows(),
                    cut: flow.cut,
                    last,
                };
                self.server.news(job.id, News::Done(summary)).await;
                if last { Ended::EndOfJob } else { Ended::Next }
            }
            Err(e) if e.fatal => {
                self.lost(e.clone(), before).await;
                self.failed(job, number, unknown_outcome(in_session(e), statement.pure_read), Tx::Gone).await;
                Ended::EndOfJob
            }
            // Our own cancel needs no explanation.
            Err(e) if flow.cancelled && e.is_cancel() => {
                self.failed(job, number, e, tx).await;
                Ended::EndOfJob
            }
            Err(e) => {
                self.failed(job, number, self.server.explain(self.lane, e), tx).await;
                Ended::EndOfJob
            }
        }
    }

    /// The user (or the end of the program) wants the statement to end.
    async fn cancel(&mut self, flow: &mut Flow) -> Result<(), DbError> {
        flow.cancelled = true;
        let Some(session) = &mut self.session else { return Ok(()) };
        if flow.copying_in() {
            return session.finish_seeing(|item| flow.count(item)).await;
        }
        session.cancel_within(self.server.patience, |item| flow.count(item)).await
    }

    /// A stream is ended although nothing failed. A pure read outside a transaction is cancelled;
    /// everything else is read to its end and counted: a cancel would undo a write or break the
    /// user's transaction. The user can still cancel that.
    async fn cut(&mut self, flow: &mut Flow, cut: Cut, before: Tx) -> Result<(), DbError> {
        flow.cut = Some(cut);
        if flow.may_rest() && before == Tx::Idle {
            let Some(session) = &mut self.session else { return Ok(()) };
            return match session.cancel_within(self.server.patience, |item| flow.count(item)).await {
                Err(e) if e.is_cancel() && !e.fatal => Ok(()),
                result => result,
            };
        }
        self.drain(flow).await
    }

    /// Reads to the end of the statement, counting. Hears only a cancel.
    async fn drain(&mut self, flow: &mut Flow) -> Result<(), DbError> {
        let job = self.last_job;
        loop {
            let Some(session) = &mut self.session else { return Ok(()) };
            tokio::select! {
                biased;
                ask = self.mailbox.recv() => {
                    if matches!(self.hear(ask, Some(job), false).await, Heard::Cancel) {
                        return self.cancel(flow).await;
                    }
                }
                item = session.next() => match item? {
                    Item::Ready(_) => return flow.error.take().map_or(Ok(()), Err),
                    Item::CopyIn => session.copy_fail("no data can be given here")?,
                    Item::Error(e) => flow.error = Some(e),
                    item => flow.count(&item),
                },
            }
        }
    }
}

/// Nobody knows what became of a statement whose connection broke. A standby that ended it had nothing written by it.
fn unknown_outcome(mut e: DbError, pure_read: bool) -> DbError {
    if !pure_read && !is_recovery_conflict(&e) {
        let note = "The statement may or may not have completed: look before you run it again.";
        e.hint = Some(e.hint.map_or_else(|| note.to_owned(), |h| format!("{h}\n{note}")));
    }
    e
}
