//! What panes say to each other through the app.

use super::{
    command::Command,
    effect::Secret,
    ids::ConnId,
    pane::{Home, PaneKind},
};
use crate::data::edits::{Change, RowKey, Stage};

/// What a pane tells the app: to do itself, or to pass to another pane by kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Tell {
    /// Close the popup that says so.
    Close,
    /// Do a command as if its key had been pressed in the pane below.
    Do(Command),
    /// Show this pane.
    Show(PaneKind),
    /// Browse: open a relation by OID.
    OpenRelation(u32),
    /// Browse: open a relation by OID with a raw WHERE condition.
    OpenWhere(u32, String),
    /// SQL: put this text into the editor (in a new buffer if the present one has text), and run it if asked.
    EditSql {
        /// The text.
        text: String,
        /// Run it at once.
        run: bool,
    },
    /// SQL: insert at the cursor.
    InsertSql(String),
    /// SQL: run a saved query with parameters as text.
    RunQuery {
        /// Name, for the result's title.
        name: String,
        /// The text with `:name` parameters already turned to `$n`.
        statements: Vec<super::effect::Statement>,
        /// Where the texts stand in the file, for error positions: byte offset per statement.
        title: String,
        /// It only reads: the server is to refuse anything else.
        read_only: bool,
        /// Repeat every so many seconds.
        watch: Option<u64>,
    },
    /// SQL: run a `\copy`; what was typed behind it.
    CopyFile(String),
    /// SQL: save the text under this name, or in this file.
    SaveAs(String),
    /// SQL: run the last run again every so many seconds, as typed.
    WatchEvery(String),
    /// SQL: the user's own session was lost: why, and what went with it.
    Lost(String),
    /// Plan: explain this statement, and run it for that if asked (what it writes is rolled back).
    Explain {
        /// One statement.
        text: String,
        /// Run it and measure.
        analyze: bool,
        /// It is no statement of the user's: where it comes from. See `Cx::explain`.
        home: Option<Home>,
    },
    /// Search: this relation, and only rows that meet a condition.
    SearchIn {
        /// By OID.
        relation: u32,
        /// SQL, its values written out.
        condition: Option<String>,
    },
    /// Locks: show this session by its pid, at the moment shown.
    ShowLocks(i32),
    /// A pane that shows samples: stop at this one, or follow the newest, as the pane of the same samples did that was on
    /// top before.
    StopAt(Option<u64>),
    /// Show a pane of samples at the newest one, with nothing filtered away.
    ShowNow(PaneKind),
    /// Saved: open the form of this query.
    OpenSaved(String),
    /// The saved queries changed on disk: find them again.
    ReloadSaved,
    /// Read the catalog again.
    ReloadCatalog,
    /// A short line at the bottom for a few seconds.
    Toast(Tone, String),
    /// Answer to a question: which button of which asker.
    Answer {
        /// What the asker named the question.
        question: &'static str,
        /// Number of the button, from 0.
        button: usize,
    },
    /// Answer of a line, list or form: what was typed or chosen.
    Chosen {
        /// What the asker named the question.
        question: &'static str,
        /// The text.
        text: String,
        /// Number of the chosen item, where there is one.
        index: usize,
    },
    /// Answer of a form: a value a field, `None` is NULL.
    Filled {
        /// What the asker named the question.
        question: &'static str,
        /// The values in the order of the fields.
        values: Vec<Option<String>>,
    },
    /// Password typed for a connection; `None` gave up.
    Password(ConnId, Option<Secret>),
    /// A line typed after `:`.
    CommandLine(String),
    /// A step of staging changes on the active connection. What cannot be done is said at the bottom.
    Stage(Stage),
    /// The staged changes are applied: nothing is staged any more, and this takes them back.
    Applied {
        /// Relations whose rows are to be read anew, by OID.
        relations: Vec<u32>,
        /// See `Server::inverse`.
        inverse: Vec<Change>,
    },
    /// Browse: go to a row of a relation.
    OpenRow(u32, RowKey),
    /// Leave now, nothing is asked any more.
    QuitNow,
}

/// How a toast sounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Something was done.
    Ok,
    /// For information.
    Note,
    /// Something to mind.
    Warning,
    /// Something failed.
    Error,
}
