//! What a pane is, and the only way it reaches the rest: `Cx`.

use super::{
    command::{Command, Scope},
    effect::{Effect, Secret},
    event::{Mouse, News, ServerInfo},
    ids::{ConnId, JobId, PaneId},
    key::Chord,
    world::World,
};
use crate::data::{
    catalog::Detail,
    edits::{Change, RowKey, Stage, Text, Value},
    json::Step,
    live::Probe,
};
use ratatui::{Frame, layout::Rect};
use std::sync::Arc;

/// A room of the screen: owns its state, its commands and its drawing.
pub trait Pane {
    /// Title for the tab or the popup's border.
    fn title(&self, world: &World) -> String;

    /// Scopes in force now, innermost first; `Global` is added by the app unless `modal`.
    fn scopes(&self) -> Vec<Scope>;

    /// True while plain characters are text (an editor or input line has the focus).
    fn typing(&self) -> bool {
        false
    }

    /// For a pane that shows samples, of what: it is drawn anew when one comes, and when none does.
    fn probe(&self) -> Option<Probe> {
        None
    }

    /// True for popups that take every key (questions, input lines): global keys other than
    /// cancel, redraw and suspend do not reach through.
    fn modal(&self) -> bool {
        false
    }

    /// The password prompt says for which connection it asks, so that the app can withdraw it.
    fn asks_password(&self) -> Option<ConnId> {
        None
    }

    /// Can this command be done now? Menus and hints show only what can.
    fn can(&self, command: Command, world: &World) -> bool {
        let _ = (command, world);
        true
    }

    /// Does a command. `false`: not mine, the app does it or says that it cannot be done here.
    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool;

    /// A key that is no command (text being typed).
    fn typed(&mut self, chord: Chord, cx: &mut Cx<'_>) {
        let _ = (chord, cx);
    }

    /// Pasted text.
    fn paste(&mut self, text: &str, cx: &mut Cx<'_>) {
        let _ = (text, cx);
    }

    /// The mouse, in screen cells; only events inside the pane's last area come here.
    fn mouse(&mut self, mouse: Mouse, cx: &mut Cx<'_>) {
        let _ = (mouse, cx);
    }

    /// An answer to something this pane asked.
    fn news(&mut self, job: JobId, news: News, cx: &mut Cx<'_>) {
        let _ = (job, news, cx);
    }

    /// Of a pane that shows samples, the number of the one it is stopped at; `None`: it follows the newest.
    fn stopped(&self) -> Option<u64> {
        None
    }

    /// A word from another pane, routed by the app.
    fn told(&mut self, tell: Tell, cx: &mut Cx<'_>) {
        let _ = (tell, cx);
    }

    /// The pane is shown (first and every later time).
    fn shown(&mut self, cx: &mut Cx<'_>) {
        let _ = cx;
    }

    /// The connection came up, or its catalog was replaced.
    fn world_changed(&mut self, cx: &mut Cx<'_>) {
        let _ = cx;
    }

    /// A sample came while this pane, which shows samples, is looked at.
    fn sampled(&mut self, cx: &mut Cx<'_>) {
        let _ = cx;
    }

    /// The pane goes away: free what it holds on the server.
    fn closed(&mut self, cx: &mut Cx<'_>) {
        let _ = cx;
    }

    /// Time passed (see `wants_tick`).
    fn tick(&mut self, cx: &mut Cx<'_>) {
        let _ = cx;
    }

    /// The moment (as `World::now`) at which this pane wants a `tick`, for debounced work. What
    /// `running` says is animated without it.
    fn wants_tick(&self) -> Option<std::time::Duration> {
        None
    }

    /// The job `Cancel` would cancel, when something runs here.
    fn running(&self) -> Option<Running> {
        None
    }

    /// What would be lost by leaving now, in plain words.
    fn holds(&self, world: &World) -> Option<String> {
        let _ = world;
        None
    }

    /// As a popup: the cells (width, height) it would like inside its border, given the most it may have.
    fn wants(&self, world: &World, most: (u16, u16)) -> (u16, u16) {
        let _ = world;
        most
    }

    /// Draws into the area. Must not depend on anything but the pane's state and the world.
    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World);
}

/// What runs in a pane, for the status line and for cancel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// The job.
    pub job: JobId,
    /// A word on what it does.
    pub what: String,
    /// When it began, as `World::now`.
    pub since: std::time::Duration,
}

/// The panes of the tab line; number = the key `Alt+n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PaneKind {
    /// Tables and rows.
    Browse = 1,
    /// The SQL editor.
    Sql = 2,
    /// Full-text search.
    Search = 3,
    /// Plans of statements.
    Plan = 4,
    /// Sessions of the server.
    Activity = 5,
    /// Who waits for whom.
    Locks = 6,
    /// What statements cost.
    Statements = 7,
    /// The server's own figures.
    Health = 8,
    /// Saved queries.
    Saved = 9,
}

impl PaneKind {
    /// Every pane in the order of the tab line, with the command that goes there and its name.
    pub const TABLE: [(Self, Command, &'static str); 9] = [
        (Self::Browse, Command::PaneBrowse, "Browse"),
        (Self::Sql, Command::PaneSql, "SQL"),
        (Self::Search, Command::PaneSearch, "Search"),
        (Self::Plan, Command::PanePlan, "Plan"),
        (Self::Activity, Command::PaneActivity, "Activity"),
        (Self::Locks, Command::PaneLocks, "Locks"),
        (Self::Statements, Command::PaneStatements, "Statements"),
        (Self::Health, Command::PaneHealth, "Health"),
        (Self::Saved, Command::PaneSaved, "Saved queries"),
    ];

    /// The pane a command goes to.
    #[must_use]
    pub fn of(command: Command) -> Option<Self> {
        Self::TABLE.into_iter().find(|(_, to, _)| *to == command).map(|(kind, _, _)| kind)
    }
}

/// Where a statement comes from that another session sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Home {
    /// `pg_database.oid`; 0: not known, taken for this one.
    pub database: u32,
    /// The `search_path` it has there, where that is known; otherwise this session's is taken.
    pub search_path: Option<String>,
}

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

/// A popup a pane may ask for. The answer comes back to the asking pane by `told`.
#[derive(Clone, Debug, PartialEq)]
pub enum Popup {
    /// A question with buttons. Answer: `Tell::Answer`; Esc answers with the last button.
    Confirm {
        /// Name of the question, comes back with the answer.
        question: &'static str,
        /// Title.
        title: String,
        /// The text, may have several lines.
        text: String,
        /// Buttons, the default first, the harmless way out last.
        buttons: Vec<String>,
    },
    /// The same at the bottom, while something is open on the server: since when is shown.
    Decide {
        /// Name of the question.
        question: &'static str,
        /// Title.
        title: String,
        /// The text, may have several lines.
        text: String,
        /// Buttons, the harmless way out last.
        buttons: Vec<String>,
        /// When it was opened, as `World::now`.
        since: std::time::Duration,
    },
    /// A word that must be typed to go on. Answer: `Tell::Answer` with button 0 when it was, 1 for Esc.
    Typed {
        /// Name of the question.
        question: &'static str,
        /// Title.
        title: String,
        /// What it is about, may have several lines.
        text: String,
        /// The word.
        word: String,
    },
    /// A line of text. Answer: `Tell::Chosen`; Esc gives no answer.
    Line {
        /// Name of the question.
        question: &'static str,
        /// Title.
        title: String,
        /// Text to begin with.
        text: String,
        /// A hint under the line.
        hint: String,
    },
    /// A list with fuzzy search. Answer: `Tell::Chosen`.
    Pick {
        /// Name of the question.
        question: &'static str,
        /// Title.
        title: String,
        /// Items: text and a dim remark.
        items: Vec<(String, String)>,
    },
    /// Fields to fill in. Answer: `Tell::Filled`; Esc gives no answer.
    Form {
        /// Name of the question.
        question: &'static str,
        /// Title.
        title: String,
        /// A text above the fields, may be empty.
        text: String,
        /// The fields.
        fields: Vec<FormField>,
    },
    /// One value to edit: the popup stages it by itself. Nothing is answered.
    Edit(Box<EditAsk>),
    /// A document to edit by node: the popup stages it by itself. Nothing is answered.
    Document(Box<DocumentAsk>),
    /// Rows to delete: shows what goes with them, and stages it. Nothing is answered.
    Delete(Box<DeleteAsk>),
    /// What a new row does when its key is there already. Nothing is answered.
    Upsert {
        /// The relation.
        detail: Arc<Detail>,
        /// The new row.
        id: u64,
    },
    /// All staged changes: list, SQL, apply, conflicts. Nothing is answered.
    Changes,
    /// A page to read.
    Page {
        /// Title.
        title: String,
        /// Text.
        text: String,
    },
}

/// Lines of what is written in the question of production.
const MOST_WRITES: usize = 6;

impl Popup {
    /// The question before something is written on a server of production; `None`: it is none, or takes no writes.
    #[must_use]
    pub fn production(question: &'static str, info: &ServerInfo, writes: &[String]) -> Option<Self> {
        if !info.production || info.held_read_only || info.standby || writes.is_empty() {
            return None;
        }
        let name = info.profile.as_deref().map(|p| format!(" ({p})")).unwrap_or_default();
        let mut text = format!("This is production{name}: {} on {}\n", info.database, info.address);
        for write in writes.iter().take(MOST_WRITES) {
            text.push_str(&format!("\n  {write}"));
        }
        if writes.len() > MOST_WRITES {
            text.push_str(&format!("\n  and {} more", writes.len() - MOST_WRITES));
        }
        let (title, word) = ("Write on production?".to_owned(), info.database.clone());
        Some(Self::Typed { question, title, text, word })
    }
}

/// Which row a value to edit belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditTarget {
    /// A stored row: its key, and the columns that tell whether it was changed, as seen.
    Row {
        /// The key.
        key: RowKey,
        /// See `What::Update::version`.
        version: Vec<(String, Text)>,
    },
    /// A new row, by its number.
    New(u64),
}

/// One value to edit.
#[derive(Clone, Debug, PartialEq)]
pub struct EditAsk {
    /// Of which connection.
    pub conn: ConnId,
    /// The relation.
    pub detail: Arc<Detail>,
    /// The row.
    pub target: EditTarget,
    /// The column, as a position in `detail.columns`.
    pub column: usize,
    /// What the server holds as far as it was seen (`None`: NULL; nothing for a new row).
    pub seen: Text,
    /// What is staged for it already.
    pub staged: Option<Value>,
    /// Only the menu of NULL, empty, DEFAULT and now().
    pub special: bool,
}

/// A document to edit by node.
#[derive(Clone, Debug, PartialEq)]
pub struct DocumentAsk {
    /// Which value.
    pub ask: EditAsk,
    /// The node to begin at; when there is none, the whole.
    pub at: Vec<Step>,
    /// The command of the value view to begin with; `OpenValue`: only show it.
    pub begin: Command,
}

/// Rows to delete.
#[derive(Clone, Debug, PartialEq)]
pub struct DeleteAsk {
    /// Of which connection.
    pub conn: ConnId,
    /// The relation.
    pub detail: Arc<Detail>,
    /// Per row its key, and all columns that were seen whole.
    pub rows: Vec<(RowKey, Vec<(String, Text)>)>,
}

/// A field of `Popup::Form`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FormField {
    /// Its name.
    pub label: String,
    /// SQL type name, which says what is checked; may be empty.
    pub type_name: String,
    /// What it means.
    pub help: String,
    /// What stands in it at first; `None` is NULL.
    pub value: Option<String>,
    /// What one may choose from.
    pub choices: Vec<String>,
    /// Nothing but the choices will do.
    pub only_choices: bool,
}

/// Gives out job and pane numbers.
#[derive(Clone, Debug, Default)]
pub struct Counter {
    /// The last job number given.
    pub job: u64,
}

/// A pane's way to the rest: read the world, ask for effects, tell the app.
pub struct Cx<'a> {
    /// Read-only view of everything shared.
    pub world: &'a World,
    /// The pane that speaks.
    pub pane: PaneId,
    counter: &'a mut Counter,
    wishes: &'a mut Vec<Wish>,
}

/// What came out of a pane during one call, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    /// An effect; answers to the job go to the pane.
    Effect(PaneId, Option<JobId>, Effect),
    /// A word.
    Tell(PaneId, Tell),
    /// A popup.
    Popup(PaneId, Popup),
}

impl<'a> Cx<'a> {
    /// For the app and for tests.
    pub fn new(world: &'a World, pane: PaneId, counter: &'a mut Counter, wishes: &'a mut Vec<Wish>) -> Self {
        Self { world, pane, counter, wishes }
    }

    /// Asks for work that answers: the effect is made with a new job id, which is returned.
    pub fn start(&mut self, effect: impl FnOnce(JobId) -> Effect) -> JobId {
        self.counter.job += 1;
        let job = JobId(self.counter.job);
        self.wishes.push(Wish::Effect(self.pane, Some(job), effect(job)));
        job
    }

    /// Asks for something that gives no answer (or belongs to a job already started).
    pub fn ask(&mut self, effect: Effect) {
        self.wishes.push(Wish::Effect(self.pane, None, effect));
    }

    /// Tells the app.
    pub fn tell(&mut self, tell: Tell) {
        self.wishes.push(Wish::Tell(self.pane, tell));
    }

    /// Copies a text, and says what it was.
    pub fn copy(&mut self, text: impl Into<String>, said: impl Into<String>) {
        self.ask(Effect::Copy(text.into()));
        self.toast(Tone::Ok, said);
    }

    /// A short line at the bottom.
    pub fn toast(&mut self, tone: Tone, text: impl Into<String>) {
        self.tell(Tell::Toast(tone, text.into()));
    }

    /// Shows the plan of a statement that another session sent (Activity, statistics of statements), without running
    /// it: the plan for any values where it has parameters (`$1`), since theirs are not known. The text must be whole.
    /// Where that cannot be done, says why.
    pub fn explain(&mut self, text: &str, home: Home) {
        let here = self.world.server().map_or(0, |s| s.live.names.database);
        if text.trim().is_empty() {
            self.toast(Tone::Note, "There is no statement");
        } else if text == "<insufficient privilege>" {
            let who = "its own role and to members of pg_read_all_stats";
            self.toast(Tone::Warning, format!("The server shows the text of this statement only to {who}"));
        } else if ![0, here].contains(&home.database) && here != 0 {
            self.toast(Tone::Warning, "It runs in another database: connect there (:c) to see its plan");
        } else {
            self.tell(Tell::Explain { text: text.to_owned(), analyze: false, home: Some(home) });
        }
    }

    /// Opens a popup; its answer comes to this pane.
    pub fn popup(&mut self, popup: Popup) {
        self.wishes.push(Wish::Popup(self.pane, popup));
    }
}
