//! One session: send a statement, pull what comes of it, item by item.

mod cancel;
mod copy;
mod pump;

use super::{
    around::{Progress, Taken},
    encode::encode,
    message::{self, Message},
    stream::Stream,
};
use crate::core::{effect::Statement, error::DbError, event::Tx};
use crate::data::rows::{Batch, Column};
use crate::pg::{cancel::CancelHandle, guard::Around, log};
use bytes::{Buf, Bytes, BytesMut};
use postgres_protocol::message::frontend;
use std::{
    collections::BTreeMap,
    future::poll_fn,
    io,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::io::AsyncWrite;

/// A batch is handed out when it has so many rows …
const BATCH_ROWS: usize = 256;
/// … or so many bytes of text.
const BATCH_BYTES: usize = 64 << 10;
/// A message of more bytes than this has its own buffer.
const LARGE: usize = 1 << 20;
/// After a cancel request, silence of the session for so long counts as a dead line.
pub const GIVEN_UP: Duration = Duration::from_secs(30);

/// What comes of a statement, in the server's order. `Ready` is the last for each statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// A result with these columns begins.
    Columns(Arc<[Column]>),
    /// Some rows of it: whatever had arrived, at most 64 KiB or 256 rows (one row may be longer).
    Rows(Batch),
    /// A row of so many bytes that it was not kept: see [`Session::keep_at_most`].
    TooLong(u64),
    /// A notice or warning.
    Notice(DbError),
    /// NOTIFY: channel, payload, pid of the sender.
    Notification(String, String, i32),
    /// A run-time parameter changed.
    Setting(String, String),
    /// COPY TO STDOUT: bytes as the server formats them.
    CopyOut(Bytes),
    /// COPY FROM STDIN waits for `copy_data`, `copy_done` or `copy_fail`.
    CopyIn,
    /// One statement ended well: its tag (empty for an empty statement), and the rows it returned or changed.
    Complete {
        /// The command tag.
        tag: String,
        /// The number in the tag, or the rows seen.
        rows: u64,
    },
    /// The statement failed; the session goes on.
    Error(DbError),
    /// The server waits for the next statement.
    Ready(Tx),
}

/// What the session is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    Running,
    CopyOut,
    CopyIn,
}

/// A connected and authenticated session. It is used by one owner at a time.
///
/// Dropping it without [`Session::close`] closes the socket; the server ends the session when it notices.
#[derive(Debug)]
pub struct Session {
    stream: Stream,
    /// Longest row that is kept, in bytes.
    most: usize,
    /// Bytes still to come of a row that is not kept.
    skip: usize,
    inb: BytesMut,
    out: BytesMut,
    unflushed: bool,
    state: State,
    columns: Option<Arc<[Column]>>,
    rows: u64,
    /// What was sent around the statement, and how far it is.
    around: Option<Progress>,
    last_warning: Option<DbError>,
    write_error: Option<io::Error>,
    dead: Option<DbError>,
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) tx: Tx,
    pub(super) pid: i32,
    pub(super) key: Bytes,
    place: String,
    cancel: Option<CancelHandle>,
    pub(super) method: &'static str,
    /// When the statement that runs was queued.
    began: Instant,
}

impl Session {
    /// A session on a connected stream; nothing is sent yet. `place` is how people name the server.
    pub(super) fn new(stream: Stream, place: String) -> Self {
        Self {
            stream,
            most: usize::MAX,
            skip: 0,
            inb: BytesMut::new(),
            out: BytesMut::new(),
            unflushed: false,
            state: State::Running,
            columns: None,
            rows: 0,
            around: None,
            last_warning: None,
            write_error: None,
            dead: None,
            parameters: BTreeMap::new(),
            tx: Tx::Idle,
            pid: 0,
            key: Bytes::new(),
            place,
            cancel: None,
            method: "none",
            began: Instant::now(),
        }
    }

    /// Queues a statement. It is sent, in one write, by the next call of [`Session::next`].
    ///
    /// # Errors
    /// When the session is lost or busy, or the statement cannot be put on the wire (a NUL in it, too long).
    pub fn start(&mut self, statement: &Statement) -> Result<(), DbError> {
        self.start_around(statement, Around::default())
    }

    /// The same with statements of our own around it, of which nothing is given but errors. What they begin and is
    /// left over is rolled back before the session is ready.
    ///
    /// # Errors
    /// As of [`Session::start`].
    pub fn start_around(&mut self, statement: &Statement, around: Around) -> Result<(), DbError> {
        if let Some(dead) = &self.dead {
            return Err(dead.clone());
        }
        if self.state != State::Idle {
            return Err(DbError::client("the session is still busy with another statement"));
        }
        let at = self.out.len();
        encode(statement, &around, &mut self.out).inspect_err(|_| self.out.truncate(at))?;
        log::sent(self.pid, statement, around.before, around.after);
        self.began = Instant::now();
        self.around = (around != Around::default()).then(|| Progress::new(around));
        self.state = State::Running;
        self.columns = None;
        self.rows = 0;
        Ok(())
    }

    /// The next item. While no statement runs it waits for what the server says by itself (notices,
    /// notifications, settings). Dropping the future before it is done loses nothing.
    ///
    /// # Errors
    /// Only when the session is lost (`fatal`): every later call gives the same error.
    pub async fn next(&mut self) -> Result<Item, DbError> {
        loop {
            if let Some(dead) = &self.dead {
                return Err(dead.clone());
            }
            match self.buffered() {
                Ok(Some(item)) => {
                    match &item {
                        Item::Complete { tag, .. } => log::done(self.pid, tag, self.began.elapsed()),
                        Item::Error(e) => log::failed(self.pid, e, self.began.elapsed()),
                        _ => {}
                    }
                    return Ok(item);
                }
                Ok(None) => {}
                Err(e) => return Err(self.die(e)),
            }
            self.fill().await?;
        }
    }

    /// Reads and drops everything until the server is ready again.
    ///
    /// # Errors
    /// The first error of the statement, or that the session is lost.
    pub async fn finish(&mut self) -> Result<(), DbError> {
        self.finish_seeing(|_| ()).await
    }

    /// Reads until the server is ready again; `see` is shown what comes.
    ///
    /// # Errors
    /// The first error of the statement, or that the session is lost.
    pub async fn finish_seeing(&mut self, mut see: impl FnMut(&Item)) -> Result<(), DbError> {
        let mut failed = None;
        while self.state != State::Idle {
            match self.next().await? {
                Item::Error(e) => failed = failed.or(Some(e)),
                Item::CopyIn => self.copy_fail("no data is given here")?,
                item => see(&item),
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Runs a statement and gives its rows' cells as text; for small questions of our own.
    ///
    /// # Errors
    /// The statement's error, or that the session is lost.
    pub async fn ask(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>, DbError> {
        self.start(&Statement { sql: sql.into(), pure_read: true, ..Statement::default() })?;
        let mut rows = vec![];
        loop {
            match self.next().await? {
                Item::Rows(batch) => {
                    for r in 0..batch.len() {
                        rows.push(
                            batch
                                .row(r)
                                .map(|c| c.map(|b| String::from_utf8_lossy(b).into_owned()))
                                .collect(),
                        );
                    }
                }
                Item::Error(e) => {
                    self.finish().await?;
                    return Err(e);
                }
                Item::CopyIn => self.copy_fail("no data is given here")?,
                Item::Ready(_) => return Ok(rows),
                _ => {}
            }
        }
    }

    /// Says goodbye and closes the socket.
    pub async fn close(mut self) {
        frontend::terminate(&mut self.out);
        // The server is told as a courtesy: when it cannot be told, closing the socket does.
        let _ = self.send_down_to(0).await;
        let _ = poll_fn(|cx| Pin::new(&mut self.stream).poll_shutdown(cx)).await;
    }

    /// Gives the session up: it is lost from now on, and dropping it closes the socket.
    pub fn abandon(&mut self, why: &str) {
        self.die(DbError::lost(why));
    }

    /// Transaction state after the last statement.
    #[must_use]
    pub fn tx(&self) -> Tx {
        self.tx
    }

    /// True while no statement runs.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.state == State::Idle && self.dead.is_none()
    }

    /// True once the session is lost.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.dead.is_some()
    }

    /// Rows of more bytes are not read into memory: [`Item::TooLong`] stands for each.
    pub fn keep_at_most(&mut self, bytes: usize) {
        self.most = bytes;
    }

    /// The backend's process id.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// A run-time parameter the server reports (`server_version`, `TimeZone`, …).
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    /// How people name the server: `host:port` or a socket's path.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The TLS protocol version, if there is TLS.
    #[must_use]
    pub fn tls(&self) -> Option<String> {
        self.stream.tls_version()
    }

    /// The TLS cipher suite and the server's certificate (DER), if there is TLS.
    #[must_use]
    pub fn tls_details(&self) -> Option<(String, Vec<u8>)> {
        self.stream.tls_details()
    }

    /// What the server asked for to let us in: `scram-sha-256` (`scram-sha-256-plus` with channel binding), `md5`,
    /// `password`, or `none`, when it knew by other means (trust, peer, a certificate).
    #[must_use]
    pub fn method(&self) -> &'static str {
        self.method
    }

    /// A handle that can cancel what runs here, from anywhere. `None` when the server gave no key.
    #[must_use]
    pub fn cancel_handle(&self) -> Option<CancelHandle> {
        self.cancel.clone()
    }

    /// The way back to the server for cancel requests; the key is added to it.
    pub(in crate::pg) fn set_cancel(&mut self, handle: CancelHandle) {
        self.cancel = (!self.key.is_empty()).then(|| handle.keyed(self.pid, self.key.clone()));
    }

    /// The server's certificate as channel binding data.
    pub(super) fn end_point(&self) -> Option<Vec<u8>> {
        self.stream.end_point()
    }

    /// For the login: where messages to send are put.
    pub(super) fn out(&mut self) -> &mut BytesMut {
        &mut self.out
    }

    /// For the login: the server is ready.
    pub(super) fn logged_in(&mut self, tx: Tx) {
        self.tx = tx;
        self.state = State::Idle;
    }

    /// For the login: the next message, whatever it is.
    pub(super) async fn message(&mut self) -> Result<Message, DbError> {
        loop {
            match self.take_message() {
                Ok(Some(m)) => return Ok(m),
                Ok(None) => {}
                Err(e) => return Err(self.die(e)),
            }
            self.fill().await?;
        }
    }

    /// For the login: bytes received and not yet understood.
    pub(super) fn received(&self) -> &[u8] {
        &self.inb
    }

    fn take_message(&mut self) -> Result<Option<Message>, DbError> {
        let lied = |place: &str, why: String| DbError::lost(format!("{place} broke the protocol: {why}"));
        match message::frame(&mut self.inb) {
            Ok(Some((tag, body))) => {
                if body.len() > LARGE {
                    // The buffer grew for this one message: it goes with it.
                    self.inb = BytesMut::from(&self.inb[..]);
                }
                message::parse(tag, body).map(Some).map_err(|e| lied(&self.place, e))
            }
            Ok(None) => Ok(None),
            Err(e) => Err(lied(&self.place, e)),
        }
    }

    /// What the received bytes give, without waiting.
    fn buffered(&mut self) -> Result<Option<Item>, DbError> {
        loop {
            let passed = self.skip.min(self.inb.len());
            self.inb.advance(passed);
            self.skip -= passed;
            let rows = self.state == State::Running && self.columns.is_some();
            if (rows || self.state == State::CopyOut)
                && let Some(length) = message::long_row(&self.inb, self.most)
            {
                // Its tag is not counted by the length.
                self.skip = length + 1;
                self.rows += 1;
                return Ok(Some(Item::TooLong(length as u64)));
            }
            match message::next_tag(&self.inb) {
                Some(b'D') => return self.take_rows().map(Some),
                Some(b'd') if self.state == State::CopyOut => return self.take_copy().map(Some),
                _ => {}
            }
            let Some(message) = self.take_message()? else { return Ok(None) };
            if let Some(item) = self.understand(message)? {
                return Ok(Some(item));
            }
        }
    }

    fn take_rows(&mut self) -> Result<Item, DbError> {
        let Some(columns) = self.columns.clone().filter(|_| self.state == State::Running) else {
            return Err(self.out_of_place("a row outside of a result"));
        };
        let mut batch = Batch::new(columns.len());
        while message::next_tag(&self.inb) == Some(b'D')
            && batch.len() < BATCH_ROWS
            && batch.text_len() < BATCH_BYTES
        {
            let Some(Message::Row(row)) = self.take_message()? else { break };
            let mut cells = Vec::with_capacity(columns.len());
            if message::cells(&row, columns.len(), &mut cells).is_none() {
                return Err(self.out_of_place("a row that does not fit its columns"));
            }
            batch.push(cells);
        }
        self.rows += batch.len() as u64;
        Ok(Item::Rows(batch))
    }

    fn understand(&mut self, message: Message) -> Result<Option<Item>, DbError> {
        let message = match self.around.as_mut().filter(|_| self.state != State::Idle) {
            None => message,
            Some(around) => match around.take(message) {
                Taken::Give(message) => message,
                Taken::Keep => return Ok(None),
                Taken::RollBack => {
                    frontend::query("ROLLBACK", &mut self.out).map_err(|e| DbError::lost(e.to_string()))?;
                    return Ok(None);
                }
            },
        };
        Ok(Some(match (message, self.state) {
            (Message::Notice(e), _) => {
                // A crashing server says so in a warning before it closes the socket.
                if e.code.starts_with("57P") {
                    self.last_warning = Some(e.clone());
                }
                Item::Notice(e)
            }
            (Message::Notification(channel, payload, pid), _) => Item::Notification(channel, payload, pid),
            (Message::Setting(name, value), _) => {
                self.parameters.insert(name.clone(), value.clone());
                Item::Setting(name, value)
            }
            (Message::Error(e), _) if message::ends_session(&e) => return Err(self.ended_by_server(e)),
            (Message::Quiet, _) => return Ok(None),
            (Message::Error(e), State::Running | State::CopyOut | State::CopyIn) => {
                self.state = State::Running;
                self.columns = None;
                Item::Error(e)
            }
            (Message::Columns(columns), State::Running) => {
                let columns: Arc<[Column]> = columns.into();
                self.columns = Some(Arc::clone(&columns));
                self.rows = 0;
                Item::Columns(columns)
            }
            (Message::Complete(tag), State::Running) => {
                let rows = message::tag_rows(&tag).unwrap_or(self.rows);
                self.columns = None;
                self.rows = 0;
                Item::Complete { tag, rows }
            }
            (Message::Empty, State::Running) => Item::Complete { tag: String::new(), rows: 0 },
            (Message::Suspended, State::Running) => Item::Complete { tag: String::new(), rows: self.rows },
            (Message::CopyOut, State::Running) => {
                self.state = State::CopyOut;
                return Ok(None);
            }
            (Message::CopyDone, State::CopyOut) => {
                self.state = State::Running;
                return Ok(None);
            }
            (Message::CopyIn, State::Running) => {
                self.state = State::CopyIn;
                Item::CopyIn
            }
            (Message::Ready(tx), State::Running) => {
                self.tx = tx;
                self.state = State::Idle;
                self.columns = None;
                self.around = None;
                Item::Ready(tx)
            }
            (Message::CopyBoth, _) => return Err(self.out_of_place("a replication stream")),
            (other, _) => {
                let what = format!("{other:?}");
                let name = what.split(['(', ' ']).next().unwrap_or_default();
                return Err(self.out_of_place(&format!("message {name} where it does not belong")));
            }
        }))
    }

    fn out_of_place(&self, what: &str) -> DbError {
        DbError::lost(format!("{} broke the protocol: {what}", self.place))
    }

    fn ended_by_server(&self, mut e: DbError) -> DbError {
        e.fatal = true;
        e.message = format!("{} ended the connection: {}", self.place, e.message);
        e
    }

    fn closed(&mut self, why: &str) -> DbError {
        match self.last_warning.take() {
            Some(w) => self.ended_by_server(w),
            None => DbError::lost(format!("connection to {} lost: {why}", self.place)),
        }
    }

    fn die(&mut self, e: DbError) -> DbError {
        self.tx = Tx::Gone;
        self.dead = Some(e.clone());
        e
    }
}
