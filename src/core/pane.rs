//! What a pane is, and the only way it reaches the rest: `Cx`.

use super::{
    command::{Command, Scope},
    effect::Effect,
    event::{Mouse, News},
    ids::{ConnId, JobId, PaneId},
    key::Chord,
    world::World,
};
use crate::data::live::{Probe, Session};
use ratatui::{Frame, layout::Rect};

pub use super::{
    popup::{DeleteAsk, DocumentAsk, EditAsk, EditTarget, FormField, Popup},
    tell::{Tell, Tone},
};

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
        } else if text == Session::MASKED {
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
