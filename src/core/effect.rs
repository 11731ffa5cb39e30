//! All that can be asked for.

use super::{
    event::HistoryEntry,
    ids::{ConnId, JobId, Lane},
};
use crate::data::live::{Micros, Probe, export::Export};

/// A signal to one session of the server, guarded by what was seen of it: a pid may be somebody else's by now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// What to send.
    pub kind: SignalKind,
    /// The session's pid.
    pub pid: i32,
    /// Its `backend_start`.
    pub started: Option<Micros>,
    /// Start of the statement to cancel.
    pub query_start: Option<Micros>,
}

/// What can be sent to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignalKind {
    /// `pg_cancel_backend`: its statement ends, the session and its transaction stay.
    Cancel,
    /// `pg_terminate_backend`: the session ends and its transaction is rolled back.
    Terminate,
}

/// A wish the outside carries out. Answers come as `Event::News` with the same job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Open (or open anew) a connection. `spec`: a conninfo string, URI or profile name; `None`: where one went last,
    /// the start at first.
    Connect {
        /// The identity it will have.
        conn: ConnId,
        /// What was typed after `:c`.
        spec: Option<String>,
    },
    /// Connect elsewhere; the connection that there is stays as it is meanwhile. What becomes of it is told as
    /// `Link::Elsewhere` and `Link::Stayed`; once it is up it waits for `Effect::Settle`.
    Try {
        /// Whose place it is to take.
        conn: ConnId,
        /// As for `Effect::Connect`.
        spec: Option<String>,
    },
    /// Go over to the connection that was tried, or give it up.
    Settle {
        /// Whose place it takes.
        conn: ConnId,
        /// Go over: the present connection is closed.
        go: bool,
    },
    /// The password that `Link::NeedsPassword` asked for. `None` gives up.
    Password {
        /// For which connection.
        conn: ConnId,
        /// Never logged; see `Secret`.
        password: Option<Secret>,
    },
    /// Run statements in order on a lane; the first error ends the job.
    Execute {
        /// Answers carry it.
        job: JobId,
        /// Where.
        lane: Lane,
        /// What.
        statements: Vec<Statement>,
        /// Bytes of row text to send before resting.
        credit: u64,
    },
    /// Run statements in one transaction of their own on the reading session: any failure, and any number of rows
    /// other than the one wanted, rolls all of them back. Answers as for `Execute`; after COMMIT a last `Done` whose
    /// number is that of the statements. `Failed` with that number: COMMIT itself failed. See `WRONG_ROWS` and
    /// `UNKNOWN_OUTCOME` in `core/error`.
    Apply {
        /// Answers carry it.
        job: JobId,
        /// Of which connection.
        conn: ConnId,
        /// What.
        statements: Vec<Checked>,
    },
    /// Run statements in order on a lane and undo what they did: `after` is sent in any case, however far the
    /// statements came, before the last word of the job is told. Answers as for `Execute` without resting.
    Rehearse {
        /// Answers carry it.
        job: JobId,
        /// Where.
        lane: Lane,
        /// What.
        statements: Vec<Statement>,
        /// What puts everything back.
        after: Vec<String>,
        /// What `statements` and `after` are made for: with an open transaction, or with none. In another state
        /// nothing is sent.
        open: bool,
    },
    /// Run a COPY whose data comes from or goes to a file of this machine (psql's `\copy`).
    Transfer {
        /// Answers carry it: as of a job with one statement, without rows.
        job: JobId,
        /// Where.
        lane: Lane,
        /// `COPY … FROM STDIN` or `COPY … TO STDOUT`.
        sql: String,
        /// The file.
        file: CopyFile,
    },
    /// Let a resting stream go on for so many bytes.
    More {
        /// The job that rests.
        job: JobId,
        /// Further bytes.
        credit: u64,
    },
    /// The pane has enough of a stream: end it (a pure read is cancelled, a write is drained).
    Stop {
        /// The job.
        job: JobId,
    },
    /// The user wants it to end: cancel it on the server.
    Cancel {
        /// The job.
        job: JobId,
    },
    /// The cancel did not help: terminate the backend that runs it.
    Terminate {
        /// The job.
        job: JobId,
    },
    /// Read a catalog snapshot.
    LoadCatalog {
        /// Answers carry it.
        job: JobId,
        /// Of which connection.
        conn: ConnId,
    },
    /// Describe one relation by OID.
    Describe {
        /// Answers carry it.
        job: JobId,
        /// Of which connection.
        conn: ConnId,
        /// `pg_class.oid`.
        relation: u32,
    },
    /// Sample something for the live panes every so often, or no more. Answers are `Event::Sample`.
    Watch {
        /// Of which connection.
        conn: ConnId,
        /// What.
        probe: Probe,
        /// How often; none: no more.
        every: Option<std::time::Duration>,
    },
    /// Fetch the whole text of a session's statement. The answer is an `Event::Sample`.
    WholeQuery {
        /// Of which connection.
        conn: ConnId,
        /// The session.
        pid: i32,
        /// Its start.
        started: Option<Micros>,
    },
    /// Write samples to a file as JSON, never over an existing one. Answers with `News::Written`.
    Export {
        /// The answer carries it.
        job: JobId,
        /// Path; `~` is the home folder.
        path: String,
        /// The samples.
        what: Export,
    },
    /// Fetch texts of statements for Statements. The answer is an `Event::Sample`.
    Texts {
        /// Of which connection.
        conn: ConnId,
        /// Their databases and ids.
        ids: Vec<(u32, i64)>,
        /// Whole texts, not only their beginnings.
        whole: bool,
    },
    /// Cancel or terminate a session that was seen. Answers with `News::Signalled`.
    Signal {
        /// The answer carries it.
        job: JobId,
        /// On which server.
        conn: ConnId,
        /// Whom and how.
        signal: Signal,
    },
    /// Look at rows as another role: what only reads runs in a transaction that sets role and settings and is rolled back.
    LookAs {
        /// On which connection.
        conn: ConnId,
        /// As whom; none: as oneself again.
        who: Option<LookAs>,
    },
    /// Put text on the clipboard.
    Copy(String),
    /// Open `$EDITOR` on a text.
    Edit {
        /// Answers carry it.
        job: JobId,
        /// The text.
        text: String,
        /// File name ending with its dot, for the editor's sake.
        suffix: &'static str,
    },
    /// Write a file (atomically, never over an existing one unless `replace`).
    Write {
        /// Answers carry it.
        job: JobId,
        /// Path; `~` is the home folder; a saved query's name for `Place::Saved`.
        path: String,
        /// Contents.
        text: String,
        /// Where the path is relative to.
        place: Place,
        /// Overwrite.
        replace: bool,
    },
    /// Read a file as text.
    Read {
        /// Answers carry it.
        job: JobId,
        /// Path; `~/` is the home folder.
        path: String,
        /// A file with more bytes is refused.
        most: u64,
    },
    /// Find servers to connect to: profiles, services, those of before, and what is found on this machine.
    FindServers {
        /// Answers carry it.
        job: JobId,
        /// Where one was before, the newest first.
        recent: Vec<String>,
    },
    /// Find saved queries in their three places.
    LoadSaved {
        /// Answers carry it.
        job: JobId,
    },
    /// Read the newest history entries containing a text.
    LoadHistory {
        /// Answers carry it.
        job: JobId,
        /// Filter, may be empty.
        like: String,
    },
    /// Append to the history (time is added outside; secrets are removed by the sender).
    Remember(HistoryEntry),
    /// Keep a small text for the next start (drafts, column layouts), or forget it.
    Keep {
        /// Dotted key, e.g. `draft.sql`.
        key: String,
        /// `None` forgets.
        value: Option<String>,
    },
    /// Read a kept text.
    Recall {
        /// Answers carry it.
        job: JobId,
        /// The key.
        key: String,
    },
    /// Clear and draw everything anew.
    Redraw,
    /// Suspend to the shell (`Ctrl+Z`).
    Suspend,
    /// Leave.
    Quit,
}

/// As whom rows are looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LookAs {
    /// `SET LOCAL ROLE`; none: one's own.
    pub role: Option<String>,
    /// `SET LOCAL name = 'value'`.
    pub settings: Vec<(String, String)>,
}

impl LookAs {
    /// `role, name = value; name = value`, as it is typed: settings are separated by `;`.
    ///
    /// # Errors
    /// What is no setting, in plain words.
    pub fn read(role: &str, settings: &str) -> Result<Option<Self>, String> {
        let mut who = Self { role: Some(role.trim().to_owned()).filter(|r| !r.is_empty()), settings: vec![] };
        for part in settings.split(';').map(str::trim).filter(|p| !p.is_empty()) {
            let Some((name, value)) = part.split_once('=') else {
                return Err(format!("\"{part}\" is no setting: write name = value; name = value"));
            };
            let (name, value) = (name.trim(), value.trim());
            let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '$');
            if name.is_empty() || !name.chars().all(plain) {
                return Err(format!("\"{name}\" is no name of a setting (app.current_user_id)"));
            }
            let bare = value.strip_prefix('\'').and_then(|v| v.strip_suffix('\'')).unwrap_or(value);
            who.settings.push((name.to_owned(), bare.to_owned()));
        }
        Ok(Some(who).filter(|w| *w != Self::default()))
    }
}

impl std::fmt::Display for LookAs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.role.as_deref().unwrap_or("oneself"))?;
        for (name, value) in &self.settings {
            write!(f, ", {name} = {value}")?;
        }
        Ok(())
    }
}

/// Where a file goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The path as given, relative to the working directory.
    Path,
    /// The user's saved queries.
    Saved,
    /// The project's saved queries.
    Project,
}

/// The file of a `\copy`. `~/` is the home folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CopyFile {
    /// Its bytes are loaded.
    From(String),
    /// It is written whole, or left as it was.
    To(String),
}

/// One statement to run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement {
    /// The text, sent byte for byte.
    pub sql: String,
    /// Parameters in the server's text form; `None` is NULL.
    pub params: Vec<Option<String>>,
    /// OIDs of the parameters' types; missing or 0: the server infers them.
    pub types: Vec<u32>,
    /// It only reads (by its kind): its stream may be ended early without losing a write.
    pub pure_read: bool,
    /// Send through the simple protocol (several statements joined by psql's `\;`, or a replication command).
    pub simple: bool,
    /// A short read of ours on a guarded lane: no JIT, memory for a bitmap of millions of rows, and the server ends it
    /// after [`SHORT_SECONDS`]. Set for its own transaction only.
    pub short: bool,
}

/// See [`Statement::short`].
pub const SHORT_SECONDS: u64 = 5;

/// A statement that must meet a number of rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// The statement.
    pub statement: Statement,
    /// Rows it must change or return; `None`: any number.
    pub rows: Option<u64>,
}

impl Statement {
    /// A read of ours with its parameters and their types.
    #[must_use]
    pub fn read(sql: impl Into<String>, params: Vec<Option<String>>, types: Vec<u32>) -> Self {
        Self { sql: sql.into(), params, types, pure_read: true, ..Self::default() }
    }
}

/// A password on its way; its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}
