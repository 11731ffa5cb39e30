//! All that can come in.

use super::{
    error::DbError,
    ids::{ConnId, JobId},
    key::Chord,
    settings::Rehearse,
};
use crate::data::{
    catalog::{Catalog, Detail},
    live::Sample,
    rows::{Batch, Column},
    saved::SavedQuery,
};
use std::{sync::Arc, time::Duration};

/// One thing that happened outside.
#[derive(Clone, Debug)]
pub enum Event {
    /// A key was pressed.
    Key(Chord),
    /// Bracketed paste.
    Paste(String),
    /// The mouse.
    Mouse(Mouse),
    /// The terminal has another size.
    Resize(u16, u16),
    /// Time passed while something runs; carries nothing, the time comes with every event.
    Tick,
    /// News of a job.
    News(JobId, News),
    /// The state of a connection changed.
    Link(ConnId, Link),
    /// A sample for the live panes.
    Sample(ConnId, Box<Sample>),
    /// A draft cannot be kept, and why; `None`: it can again. Comes once for each reason.
    Draft {
        /// Its key.
        key: String,
        /// What is wrong.
        trouble: Option<String>,
    },
    /// The process is asked to end (SIGTERM, SIGHUP): leave without asking, keep drafts.
    Terminate,
}

/// A mouse event in cells of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mouse {
    /// What happened.
    pub kind: MouseKind,
    /// Column from 0.
    pub x: u16,
    /// Row from 0.
    pub y: u16,
}

/// What the mouse did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MouseKind {
    /// Left button pressed.
    Press,
    /// Left button pressed twice.
    Double,
    /// Moved with the left button down.
    Drag,
    /// Wheel up.
    ScrollUp,
    /// Wheel down.
    ScrollDown,
}

/// What a job has to tell. For one `Effect::Execute` with several statements the order per
/// statement is `Started`, `Columns` (when it returns rows), `Rows`…, `Done`; then the next one.
/// `Failed` ends the job; otherwise the `Done` of the last statement does (`Summary::last`).
#[derive(Clone, Debug)]
pub enum News {
    /// Statement number `0…` of the job was sent.
    Started(usize),
    /// The columns of the statement's result.
    Columns(Arc<[Column]>),
    /// Some rows.
    Rows(Arc<Batch>),
    /// The row credit is used up: the stream rests until `Effect::More`.
    Resting,
    /// A NOTICE, WARNING … of the server.
    Notice(Box<DbError>),
    /// NOTIFY: channel, payload, pid of the sender.
    Notification(String, String, i32),
    /// A run-time parameter of the session changed (`ParameterStatus`).
    Setting(String, String),
    /// One statement ended well.
    Done(Summary),
    /// The job ended with an error. Number of the statement; the error; the transaction after it.
    Failed(usize, Box<DbError>, Tx),
    /// A catalog snapshot (twice: relations first, then whole).
    Catalog(Arc<Catalog>),
    /// A relation described; `None` when it is gone.
    Detail(Option<Arc<Detail>>),
    /// A program outside ended: the text that `$EDITOR` left, or what went wrong.
    Edited(Result<String, String>),
    /// A file was written: its path, or what went wrong.
    Written(Result<String, String>),
    /// A file was read: its text, or what went wrong.
    Read(Result<String, String>),
    /// The saved queries found, with what could not be read.
    Saved(Arc<[SavedQuery]>, Vec<String>),
    /// Servers to connect to: what connects there, and what it is.
    Servers(Arc<[(String, String)]>),
    /// History entries, newest first.
    History(Arc<[HistoryEntry]>),
    /// What became of a signal.
    Signalled(Signalled),
    /// A remembered text (drafts, column layout): the key's value, if there is one.
    Remembered(Option<String>),
}

/// What became of a signal to a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signalled {
    /// It took effect: the statement or the session ended.
    Done,
    /// The session, or the statement in it, was gone before: nothing was sent.
    Gone,
    /// The server did not send it (it warns that the process is no session).
    NotSent,
    /// Sent, but what it was to end is still there after so long.
    Still(Duration),
    /// The server refused.
    Refused(Box<DbError>),
}

/// How a statement ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Number of the statement in the job.
    pub statement: usize,
    /// The command tag (`SELECT 3`, `CREATE TABLE`), empty for an empty statement.
    pub tag: String,
    /// From sending to the end.
    pub elapsed: Duration,
    /// Transaction state afterwards.
    pub tx: Tx,
    /// Rows that the server had sent when it ended (kept or not).
    pub rows: u64,
    /// Why it ended before its natural end, if it did.
    pub cut: Option<Cut>,
    /// No statement follows in this job.
    pub last: bool,
}

/// Why a stream ended early although nothing failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// It rested so long that holding its snapshot would harm the server.
    Idle,
    /// Another statement wanted the session.
    Replaced,
    /// The pane had enough (`Effect::Stop`).
    Enough,
}

/// `ReadyForQuery` status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tx {
    /// No transaction.
    #[default]
    Idle,
    /// In a transaction.
    Open,
    /// In a failed transaction: only ROLLBACK helps.
    Failed,
    /// The session is gone.
    Gone,
}

/// The state of a connection.
#[derive(Clone, Debug)]
pub enum Link {
    /// Trying this host (as shown to people: `host:port` or a socket path).
    Connecting(String),
    /// A password is wanted; the text says for whom and where. The error of the last try, if any.
    NeedsPassword(String, Option<Box<DbError>>),
    /// Connected.
    Up(Box<ServerInfo>),
    /// It could not be opened.
    Failed(Box<DbError>),
    /// Another place could not be reached, or what was typed leads nowhere: the connection that there is was left as
    /// it is.
    Stayed(Box<DbError>),
    /// The word is about the connection that `Effect::Try` asked for. `Up`: it waits for `Effect::Settle`.
    Elsewhere(Box<Link>),
    /// What failed or was lost is tried again by itself after this time; said behind `Failed` or `Lost`.
    Retry(Duration),
    /// More, or something else, is known of the server than at first; nothing was opened anew.
    Known(Box<ServerInfo>),
    /// The session of a lane was lost: why, and what went with it in plain words.
    Lost(Box<DbError>, String),
}

/// Something that shares server connections among clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pooler {
    /// None was seen.
    #[default]
    None,
    /// There is one; each session of ours has had a server connection for itself so far.
    Session,
    /// There is one, and what belongs to a session may be somebody else's after each transaction.
    Transaction,
}

/// What the console knows of a server once connected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerInfo {
    /// `server_version` as reported.
    pub version: String,
    /// `server_version_num`.
    pub version_num: u32,
    /// Where: `host:port` or socket path.
    pub address: String,
    /// Session user.
    pub user: String,
    /// Database.
    pub database: String,
    /// Backend pid of the user's own session.
    pub pid: i32,
    /// TLS protocol version, if TLS is used.
    pub tls: Option<String>,
    /// Superuser.
    pub superuser: bool,
    /// In recovery (a standby).
    pub standby: bool,
    /// What stands between us and the server, as far as it can be seen.
    pub pooler: Pooler,
    /// `default_transaction_read_only` is on: set by the server, the role, the connection or by `SET`.
    pub read_only: bool,
    /// Every statement is held read-only by us, whatever is set.
    pub held_read_only: bool,
    /// The profile is one of production: writes are confirmed by typing the database's name.
    pub production: bool,
    /// Which changes of rows the profile wants rehearsed.
    pub rehearse: Option<Rehearse>,
    /// `TimeZone`.
    pub time_zone: String,
    /// Profile name the connection came from, if any.
    pub profile: Option<String>,
    /// What else the user said of the connection and is no secret (`sslmode` …): keywords and values.
    pub more: Vec<(&'static str, String)>,
    /// What the screen calls that profile instead.
    pub label: Option<String>,
}

/// One line of the SQL history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryEntry {
    /// When, as `YYYY-MM-DD HH:MM:SS` UTC.
    pub at: String,
    /// Server address and database.
    pub place: String,
    /// The statement.
    pub sql: String,
    /// Milliseconds it took.
    pub millis: u64,
    /// Rows returned or affected, if it ended well.
    pub rows: Option<u64>,
    /// SQLSTATE when it failed.
    pub failed: Option<String>,
}
