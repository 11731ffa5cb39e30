//! `\copy`: the data of a COPY comes from or goes to a file of the machine the console runs on.

use super::{Actor, Heard, Job};
use crate::{
    core::{
        effect::CopyFile,
        error::DbError,
        event::{News, Summary, Tx},
    },
    pg::wire::{Item, Session},
};
use std::{
    io,
    path::{Path, PathBuf},
};
use tokio::{
    fs::{self, File, OpenOptions},
    io::{AsyncReadExt, AsyncWriteExt},
    time::Instant,
};

/// Bytes read from the file at a time.
const PIECE: usize = 64 << 10;

/// The file, open.
enum End {
    From(File),
    To(Pending),
}

/// A file being written: it takes its place only when all of it is there.
struct Pending {
    file: File,
    /// Where it is written, when that is not yet its place.
    part: Option<PathBuf>,
    place: PathBuf,
}

/// What has come of it so far.
#[derive(Default)]
struct State {
    tag: String,
    rows: u64,
    error: Option<DbError>,
    /// The server asked for data or sent some.
    copied: bool,
}

impl Actor {
    /// Runs a job whose one statement is a COPY from or to a file.
    pub(super) async fn transfer(&mut self, job: &Job, file: &CopyFile) {
        // Taken out, so that what is asked meanwhile can be heard while data is on its way.
        let (Some(statement), Some(mut session)) = (job.statements.first(), self.session.take()) else {
            return;
        };
        let (began, before) = (Instant::now(), session.tx());
        let end = match End::open(file).await {
            Ok(end) => end,
            Err(e) => {
                self.session = Some(session);
                return self.failed(job, 0, e, before).await;
            }
        };
        let mut state = State::default();
        let started = self
            .server
            .around(self.lane, before, statement)
            .and_then(|around| session.start_around(statement, around));
        let result = match started {
            Ok(()) => {
                self.server.news(job.id, News::Started(0)).await;
                self.copy(job, &mut session, end, &mut state).await
            }
            Err(e) => Err(e),
        };
        let tx = session.tx();
        if session.is_dead() {
            let e = result.err().unwrap_or_else(|| DbError::lost("the connection was lost"));
            self.lost(e.clone(), before).await;
            return self.failed(job, 0, super::unknown_outcome(e, false), Tx::Gone).await;
        }
        self.session = Some(session);
        match result {
            Err(e) => self.failed(job, 0, self.server.explain(self.lane, e), tx).await,
            Ok(()) => {
                let summary = Summary {
                    statement: 0,
                    tag: state.tag,
                    elapsed: began.elapsed(),
                    tx,
                    rows: state.rows,
                    cut: None,
                    last: true,
                };
                self.server.news(job.id, News::Done(summary)).await;
            }
        }
    }

    /// Moves the data until the server is ready again.
    async fn copy(
        &mut self,
        job: &Job,
        session: &mut Session,
        mut end: End,
        state: &mut State,
    ) -> Result<(), DbError> {
        // It goes to a file and not into memory.
        session.keep_at_most(usize::MAX);
        let moved = self.move_data(job, session, &mut end, state).await;
        let result = match (moved, state.error.take()) {
            (Err(e), _) | (Ok(()), Some(e)) => Err(e),
            (Ok(()), None) if !state.copied => {
                Err(DbError::client("the statement was run, but it copied nothing: is it a COPY?"))
            }
            (Ok(()), None) => Ok(()),
        };
        match end {
            End::From(_) => result,
            End::To(pending) => pending.finish(result).await,
        }
    }

    async fn move_data(
        &mut self,
        job: &Job,
        session: &mut Session,
        end: &mut End,
        state: &mut State,
    ) -> Result<(), DbError> {
        loop {
            let item = tokio::select! {
                biased;
                ask = self.mailbox.recv() => match self.hear(ask, Some(job.id), false).await {
                    Heard::Cancel => return self.stop(session, state).await,
                    _ => continue,
                },
                item = session.next() => item?,
            };
            match (item, &mut *end) {
                (Item::CopyIn, End::From(file)) => {
                    state.copied = true;
                    self.load(job, session, file, state).await?;
                    if session.is_idle() {
                        return Ok(());
                    }
                }
                (Item::CopyIn, End::To(_)) => session.copy_fail("the file is to be written, not read")?,
                (Item::CopyOut(bytes), End::To(pending)) => {
                    state.copied = true;
                    if state.error.is_none()
                        && let Err(e) = pending.file.write_all(&bytes).await
                    {
                        // A disk that is full: nothing of the rest is of use.
                        let e = cannot("write", &pending.place, &e);
                        let _ = session.cancel_within(self.server.patience, |_| ()).await;
                        return Err(e);
                    }
                }
                (Item::Complete { tag, rows }, _) => {
                    state.tag = tag;
                    state.rows = rows;
                }
                (Item::Error(e), _) => state.error = state.error.take().or(Some(e)),
                (Item::Notice(e), _) => self.server.news(job.id, News::Notice(Box::new(e))).await,
                (Item::Ready(_), _) => return Ok(()),
                _ => {}
            }
        }
    }

    /// Sends the file. When the server stops it early, what it says is still to be read.
    async fn load(
        &mut self,
        job: &Job,
        session: &mut Session,
        file: &mut File,
        state: &mut State,
    ) -> Result<(), DbError> {
        let mut piece = vec![0; PIECE];
        loop {
            let got = match file.read(&mut piece).await {
                Ok(0) => return session.copy_done(),
                Ok(got) => got,
                Err(e) => return session.copy_fail(&format!("the file cannot be read: {e}")),
            };
            let stopped = {
                let sending = session.copy_data(&piece[..got]);
                tokio::pin!(sending);
                loop {
                    tokio::select! {
                        biased;
                        ask = self.mailbox.recv() => {
                            if matches!(self.hear(ask, Some(job.id), false).await, Heard::Cancel) {
                                break None;
                            }
                        }
                        sent = &mut sending => break Some(sent),
                    }
                }
            };
            match stopped {
                Some(Ok(())) => {}
                Some(Err(e)) if e.fatal => return Err(e),
                Some(Err(_)) => return Ok(()),
                None => return self.stop(session, state).await,
            }
        }
    }

    /// The user cancelled. A server that waits for data hears no cancel request: it is told in the
    /// data's stream, too.
    async fn stop(&mut self, session: &mut Session, state: &mut State) -> Result<(), DbError> {
        // Refused where no data is waited for.
        let _ = session.copy_fail("cancelled by the user");
        session
            .cancel_within(self.server.patience, |item| {
                if let Item::Complete { tag, rows } = item {
                    state.tag.clone_from(tag);
                    state.rows = *rows;
                }
            })
            .await
    }
}

impl End {
    async fn open(file: &CopyFile) -> Result<Self, DbError> {
        match file {
            CopyFile::From(name) => {
                let path = at_home(name);
                let is_folder = fs::metadata(&path).await.is_ok_and(|m| m.is_dir());
                let opened = if is_folder {
                    Err(io::Error::from(io::ErrorKind::IsADirectory))
                } else {
                    File::open(&path).await
                };
                opened.map(Self::From).map_err(|e| cannot("read", &path, &e))
            }
            CopyFile::To(name) => {
                let path = at_home(name);
                Pending::create(path.clone()).await.map(Self::To).map_err(|e| cannot("write", &path, &e))
            }
        }
    }
}

impl Pending {
    async fn create(place: PathBuf) -> io::Result<Self> {
        let device = match fs::metadata(&place).await {
            Ok(m) if m.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            Ok(m) => !m.is_file(),
            Err(_) => false,
        };
        if device {
            let file = OpenOptions::new().write(true).open(&place).await?;
            return Ok(Self { file, part: None, place });
        }
        // A link stays a link: the file behind it is replaced.
        let place = fs::canonicalize(&place).await.unwrap_or(place);
        let name = place.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy().into_owned();
        let part = place.with_file_name(format!(".{name}.{}.part", std::process::id()));
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(&part).await?;
        Ok(Self { file, part: Some(part), place })
    }

    /// Puts the file in its place when all went well, and removes it otherwise.
    async fn finish(mut self, result: Result<(), DbError>) -> Result<(), DbError> {
        let written = match result {
            Ok(()) => self.put().await.map_err(|e| cannot("write", &self.place, &e)),
            Err(e) => Err(e),
        };
        if written.is_err()
            && let Some(part) = &self.part
        {
            // What cannot be removed is only left over.
            let _ = fs::remove_file(part).await;
        }
        written
    }

    async fn put(&mut self) -> io::Result<()> {
        self.file.flush().await?;
        let Some(part) = &self.part else { return Ok(()) };
        self.file.sync_data().await?;
        if let Ok(old) = fs::metadata(&self.place).await {
            fs::set_permissions(part, old.permissions()).await?;
        }
        fs::rename(part, &self.place).await
    }
}

fn cannot(what: &str, path: &Path, e: &io::Error) -> DbError {
    DbError::client(format!("cannot {what} {}: {e}", path.display()))
}

/// `~/` is the home folder.
fn at_home(name: &str) -> PathBuf {
    match (name.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(name),
    }
}
