//! One statement on one session: its results into the output, its notices to standard error.

use super::{report, script::Step};
use crate::{
    core::{effect::Statement, error::DbError},
    data::rows::{Batch, Column},
    format::{End, Writer},
    headless::{exit::Exit, output::Output, stop::Stop},
    pg::{
        cancel::PATIENCE,
        guard::{self, Around},
        wire::{Item, Session},
    },
    text::clean,
};
use std::{
    io::{self, IsTerminal, Write},
    sync::Arc,
};
use tokio::{io::AsyncReadExt, time::timeout};

/// Why a statement did not end well.
#[derive(Debug)]
pub(in crate::headless) enum Failure {
    /// The server refused it.
    Refused(Box<DbError>),
    /// The session is lost.
    Lost(Box<DbError>),
    /// The user or the clock stopped the run.
    Stopped(Exit),
    /// The output cannot be written.
    Output(io::Error),
}

impl From<io::Error> for Failure {
    fn from(e: io::Error) -> Self {
        Self::Output(e)
    }
}

impl From<DbError> for Failure {
    fn from(e: DbError) -> Self {
        if e.fatal { Self::Lost(Box::new(e)) } else { Self::Refused(Box::new(e)) }
    }
}

/// Results on their way into one format. With a server's name every row has it in front, and the same result of
/// several servers is written as one.
pub(in crate::headless) struct Results {
    writer: Box<dyn Writer>,
    server: Option<String>,
    /// Columns of the result that is open, with the number it has on its server.
    open: Option<(Vec<Column>, usize)>,
    /// Results begun on this server.
    count: usize,
    /// Rows of the open result.
    rows: u64,
    /// Rows of all results.
    pub total: u64,
    /// The tag of the last result.
    tag: String,
}

impl Results {
    /// Into this writer.
    pub fn new(writer: Box<dyn Writer>) -> Self {
        Self { writer, server: None, open: None, count: 0, rows: 0, total: 0, tag: String::new() }
    }

    /// What follows comes from this server.
    pub fn on_server(&mut self, name: Option<&str>) {
        self.server = name.map(str::to_owned);
        self.count = 0;
    }

    fn begin(&mut self, out: &mut Output, columns: &[Column]) -> io::Result<()> {
        self.count += 1;
        let columns: Vec<Column> = match self.server {
            Some(_) => std::iter::once(Column::text("server")).chain(columns.iter().cloned()).collect(),
            None => columns.to_vec(),
        };
        if let Some((open, number)) = &self.open
            && self.server.is_some()
            && *number == self.count
            && alike(open, &columns)
        {
            return Ok(());
        }
        self.close(out)?;
        self.writer.begin(out, &columns)?;
        self.open = Some((columns, self.count));
        Ok(())
    }

    fn rows(&mut self, out: &mut Output, batch: &Batch) -> io::Result<()> {
        self.rows += batch.len() as u64;
        self.total += batch.len() as u64;
        if out.is_gone() {
            return Ok(());
        }
        match &self.server {
            None => self.writer.rows(out, batch),
            Some(name) => {
                let mut labelled = Batch::new(batch.width() + 1);
                for row in 0..batch.len() {
                    labelled.push(std::iter::once(Some(name.as_bytes())).chain(batch.row(row)));
                }
                self.writer.rows(out, &labelled)
            }
        }
    }

    /// The result is over on this server; on a single one that is its end.
    fn over(&mut self, out: &mut Output, tag: String) -> io::Result<()> {
        self.tag = tag;
        if self.server.is_none() { self.close(out) } else { Ok(()) }
    }

    /// What is to be said of values that are not written as they are.
    pub fn remark(&self) -> Option<String> {
        let n = self.writer.replaced();
        let values = if n == 1 { "1 value is".to_owned() } else { format!("{n} values are") };
        (n > 0).then(|| {
            format!(
                "{values} not UTF-8, which JSON must be: U+FFFD stands for the bytes (csv and tsv keep them)"
            )
        })
    }

    /// Ends the open result, if any.
    pub fn close(&mut self, out: &mut Output) -> io::Result<()> {
        if self.open.take().is_none() {
            return Ok(());
        }
        let end = End { rows: std::mem::take(&mut self.rows), tag: std::mem::take(&mut self.tag) };
        self.writer.end(out, &end)
    }
}

/// Same names and types: rows of one can follow rows of the other.
fn alike(a: &[Column], b: &[Column]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.name == b.name && a.type_oid == b.type_oid)
}

/// Where COPY FROM STDIN gets its data.
pub(in crate::headless) struct Input<'a> {
    /// The script, whose data lines come first.
    pub source: &'a str,
    /// Standard input is free to be read (the script itself did not come from there).
    pub stdin: bool,
}

/// Runs a statement to its end. A `breakable` one is broken off when nobody reads its rows any more.
#[allow(clippy::too_many_arguments, reason = "a statement, where it goes, and what may stop it")]
pub(in crate::headless) async fn run(
    session: &mut Session,
    step: &Step,
    params: Vec<Option<String>>,
    read_only: bool,
    input: &Input<'_>,
    results: &mut Results,
    out: &mut Output,
    stop: &Stop,
    breakable: bool,
) -> Result<(), Failure> {
    let statement =
        Statement { sql: step.bound.sql.clone(), params, simple: step.is_combined(), ..Statement::default() };
    if let Some(exit) = stop.reason() {
        return Err(Failure::Stopped(exit));
    }
    let around = if read_only { guard::around(session.tx(), &statement)? } else { Around::default() };
    session.start_around(&statement, around)?;
    let mut blocks = step.copy_data().iter();
    let mut failed = None;
    let mut columns: Option<Arc<[Column]>> = None;
    loop {
        let item = next(session, out, stop).await?;
        let written = match item {
            Item::Columns(c) => {
                let begun = results.begin(out, &c);
                columns = Some(c);
                begun
            }
            Item::Rows(batch) => results.rows(out, &batch),
            Item::CopyOut(bytes) => out.write_all(&bytes),
            Item::Complete { tag, .. } => match columns.take() {
                Some(_) => results.over(out, tag),
                None => {
                    narrate(&tag);
                    Ok(())
                }
            },
            Item::CopyIn => {
                let block = blocks.next().map(|r| &input.source[r.clone()]);
                copy_in(session, block, input.stdin, stop).await?;
                Ok(())
            }
            Item::Notice(n) => {
                say(&report::notice(&n));
                Ok(())
            }
            Item::Notification(channel, payload, pid) => {
                let (channel, payload) = (clean::line(&channel), clean::line(&payload));
                say(&format!("NOTIFY \"{channel}\" from {pid}: \"{payload}\"\n"));
                Ok(())
            }
            // Without a screen every row is wanted, and none is left out.
            Item::TooLong(_) | Item::Setting(..) => Ok(()),
            Item::Error(e) => {
                failed = failed.or(Some(e));
                Ok(())
            }
            Item::Ready(_) => break,
        };
        if let Err(e) = written {
            abandon(session).await;
            return Err(e.into());
        }
        if out.is_gone() && breakable {
            abandon(session).await;
            return Ok(());
        }
    }
    match (failed, stop.reason()) {
        (Some(e), Some(exit)) if e.is_cancel() => Err(Failure::Stopped(exit)),
        (Some(e), _) => Err(e.into()),
        (None, _) => Ok(()),
    }
}

/// The next item. Output is let out whenever the server makes us wait.
async fn next(session: &mut Session, out: &mut Output, stop: &Stop) -> Result<Item, Failure> {
    if let Some(exit) = stop.reason() {
        return drained(session, exit).await;
    }
    let ready = tokio::select! {
        biased;
        item = session.next() => Some(item),
        () = std::future::ready(()) => None,
    };
    if let Some(item) = ready {
        return item.map_err(Failure::from);
    }
    if let Err(e) = out.flush() {
        abandon(session).await;
        return Err(e.into());
    }
    tokio::select! {
        item = session.next() => item.map_err(Failure::from),
        exit = stop.stopped() => drained(session, exit).await,
    }
}

/// The watcher has sent the cancel: reads what still comes of the statement.
async fn drained(session: &mut Session, exit: Exit) -> Result<Item, Failure> {
    // whether it ends as cancelled, well, or not in time: the run is over
    let _ = timeout(PATIENCE, session.finish()).await;
    Err(Failure::Stopped(exit))
}

/// Nobody can take the rest: cancels the statement and reads to its end.
pub(in crate::headless) async fn abandon(session: &mut Session) {
    let handle = session.cancel_handle();
    let cancel = async {
        if let Some(handle) = handle {
            // if it does not arrive, closing the socket ends the statement later
            let _ = handle.cancel().await;
        }
    };
    let _ = timeout(PATIENCE, async { tokio::join!(cancel, session.finish()) }).await;
}

/// Sends the data of a COPY: the script's own lines, or standard input.
async fn copy_in(
    session: &mut Session,
    block: Option<&str>,
    stdin: bool,
    stop: &Stop,
) -> Result<(), Failure> {
    if let Some(lines) = block {
        return finish_copy(session, lines.as_bytes()).await;
    }
    if !stdin {
        session.copy_fail("there are no data lines behind the COPY in the script")?;
        return Ok(());
    }
    let mut stdin = tokio::io::stdin();
    let mut piece = vec![0; 64 << 10];
    loop {
        let read = tokio::select! {
            read = stdin.read(&mut piece) => read,
            exit = stop.stopped() => {
                session.copy_fail("interrupted")?;
                return drained(session, exit).await.map(|_| ());
            }
        };
        match read {
            Ok(0) => return finish_copy(session, &[]).await,
            Ok(n) => {
                if stopped_by_server(session.copy_data(&piece[..n]).await)? {
                    return Ok(());
                }
            }
            Err(e) => {
                session.copy_fail(&format!("standard input cannot be read: {e}"))?;
                return Ok(());
            }
        }
    }
}

async fn finish_copy(session: &mut Session, last: &[u8]) -> Result<(), Failure> {
    if !last.is_empty() && stopped_by_server(session.copy_data(last).await)? {
        return Ok(());
    }
    match session.copy_done() {
        Err(e) if e.fatal => Err(e.into()),
        // the server has ended the COPY meanwhile: what it says comes next
        _ => Ok(()),
    }
}

/// True when the server does not want more data: its reason is the next item.
fn stopped_by_server(sent: Result<(), DbError>) -> Result<bool, Failure> {
    match sent {
        Ok(()) => Ok(false),
        Err(e) if e.fatal => Err(e.into()),
        Err(_) => Ok(true),
    }
}

/// Text for people, who may have gone.
pub(in crate::headless) fn say(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Tells what a statement without rows did, to somebody who watches.
fn narrate(tag: &str) {
    if !tag.is_empty() && io::stderr().is_terminal() {
        say(&format!("{tag}\n"));
    }
}
