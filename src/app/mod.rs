//! The program under the loop: `handle(at, Event) -> Vec<Effect>` and `draw`. No IO, no clock.

mod commands;
mod draw;
mod input;
mod jobs;
mod line;
mod link;
mod look;
mod news;
mod pattern;
mod places;
mod popups;
mod quit;
mod silence;
mod staging;
mod trouble;
mod waits;

use crate::core::{
    command::{Command, Scope},
    effect::Effect,
    error::DbError,
    event::{Event, Link},
    ids::{ConnId, PaneId},
    key::Chord,
    keymap::Keymap,
    pane::{Counter, Cx, Pane, PaneKind, Tell, Tone, Wish},
    settings::Settings,
    theme::Theme,
    world::World,
};
use crate::data::live::Sample;
use jobs::Jobs;
use ratatui::layout::Rect;
use std::{collections::BTreeMap, time::Duration};

/// What runs longer than this shows a spinner.
pub const SPINNER_AFTER: Duration = Duration::from_millis(150);
/// How long a toast stays.
const TOAST: Duration = Duration::from_secs(5);
/// The spinner's step.
const STEP: Duration = Duration::from_millis(100);

/// The pane number of the app itself, for its own jobs and questions.
const APP: PaneId = PaneId(0);

/// A pane of the tab line.
struct Slot {
    id: PaneId,
    kind: PaneKind,
    pane: Box<dyn Pane>,
}

/// An error in one line with what to do.
fn with_hint(e: &DbError) -> String {
    match &e.hint {
        Some(hint) => format!("{}. {hint}", e.message),
        None => e.message.clone(),
    }
}

/// A popup and who asked for it.
struct Popped {
    id: PaneId,
    asker: PaneId,
    pane: Box<dyn Pane>,
    size: popups::Size,
    area: Rect,
}

struct Toast {
    tone: Tone,
    text: String,
    until: Duration,
    /// It tells of a connection that was lost: over when there is one again.
    of_link: bool,
}

/// The whole state of the program.
pub struct App {
    world: World,
    slots: Vec<Slot>,
    current: usize,
    popups: Vec<Popped>,
    jobs: Jobs,
    counter: Counter,
    next_pane: u32,
    pending: Vec<Chord>,
    toast: Option<Toast>,
    cancelled: Option<crate::core::ids::JobId>,
    quitting: Option<crate::core::ids::JobId>,
    /// The last reading of the catalog.
    cataloguing: Option<crate::core::ids::JobId>,
    out: Vec<Effect>,
    dirty: bool,
    body: Rect,
    /// Something is said between it and the status line.
    said: bool,
    tabs: Vec<(Rect, PaneKind)>,
    themes: Vec<Theme>,
    drafts: staging::Drafts,
    /// It is looked whom our sessions wait for, on this connection.
    watched: Option<ConnId>,
    roles: look::Roles,
    going: places::Going,
    /// Drafts that cannot be written, and why.
    unkept: BTreeMap<String, String>,
}

impl App {
    /// A program with these settings. `themes` are those one may switch to; the first is in force.
    #[must_use]
    pub fn new(settings: Settings, keymap: Keymap, themes: Vec<Theme>, size: (u16, u16)) -> Self {
        let world = World {
            size,
            theme: themes.first().cloned().unwrap_or_default(),
            keymap,
            settings,
            ..World::default()
        };
        let mut app = Self {
            world,
            slots: vec![],
            current: 0,
            popups: vec![],
            jobs: Jobs::default(),
            counter: Counter::default(),
            next_pane: 1,
            pending: vec![],
            toast: None,
            cancelled: None,
            quitting: None,
            cataloguing: None,
            out: vec![],
            dirty: true,
            body: Rect::default(),
            said: false,
            tabs: vec![],
            themes,
            drafts: staging::Drafts::default(),
            watched: None,
            roles: None,
            going: places::Going::default(),
            unkept: BTreeMap::new(),
        };
        for row in crate::panes::TABLE {
            let id = app.new_id();
            app.slots.push(Slot { id, kind: row.kind, pane: (row.make)() });
        }
        app
    }

    /// The first wishes: connect, find the saved queries, show the first pane.
    pub fn start(&mut self, at: Duration) -> Vec<Effect> {
        self.world.now = at;
        let conn = self.world.active;
        self.world.conns.entry(conn).or_default();
        self.out.push(Effect::Connect { conn, spec: None });
        self.ask_saved();
        self.recall_places();
        self.on_pane(self.current, |pane, cx| pane.shown(cx));
        std::mem::take(&mut self.out)
    }

    /// One event in, wishes out.
    pub fn handle(&mut self, at: Duration, event: Event) -> Vec<Effect> {
        self.world.now = at;
        // A sample that nobody looks at changes nothing on the screen.
        let seen = match &event {
            Event::Sample(_, sample) => {
                matches!(**sample, Sample::Own(_)) || self.slots[self.current].pane.probe().is_some()
            }
            _ => true,
        };
        match event {
            Event::Key(chord) => self.key(chord),
            Event::Paste(text) => self.on_top(|pane, cx| pane.paste(&text, cx)),
            Event::Mouse(mouse) => self.mouse(mouse),
            Event::Resize(w, h) => self.world.size = (w, h),
            Event::Tick => self.tick(),
            Event::News(job, news) => self.news(job, news),
            Event::Link(conn, link) => self.link(conn, link),
            Event::Sample(conn, sample) if matches!(*sample, Sample::Standby(..)) => {
                let Sample::Standby(standby, behind) = *sample else { return vec![] };
                let server = self.world.conns.entry(conn).or_default();
                let behind = behind.filter(|_| standby);
                // Whole seconds are shown: nothing is drawn for less.
                let seconds = |d: Option<Duration>| d.map(|d| d.as_secs());
                let same = seconds(server.behind) == seconds(behind);
                server.behind = behind;
                if same {
                    return std::mem::take(&mut self.out);
                }
                self.dirty = true;
            }
            Event::Sample(conn, sample) => {
                let now = self.world.now;
                self.world.conns.entry(conn).or_default().live.take(*sample, now);
                if seen {
                    self.on_pane(self.current, |pane, cx| pane.sampled(cx));
                }
            }
            Event::Draft { key, trouble } => self.draft_trouble(key, trouble),
            Event::Terminate => self.leave(),
        }
        self.look_for_waits();
        self.dirty |= seen;
        std::mem::take(&mut self.out)
    }

    /// Must the screen be drawn? Asking resets it.
    pub fn take_dirty(&mut self) -> bool {
        std::mem::take(&mut self.dirty)
    }

    /// Must the screen be drawn?
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// The screen was lost: draw everything.
    pub fn redraw(&mut self) {
        self.dirty = true;
    }

    /// A warning from outside.
    pub fn warn(&mut self, text: &str) {
        self.say(Tone::Warning, text);
        self.dirty = true;
    }

    /// When (as time since the start) a `Tick` is wanted; `None`: never, the program is idle.
    #[must_use]
    pub fn next_tick(&self) -> Option<Duration> {
        let now = self.world.now;
        let busy = self.running().map(|r| {
            let shown = r.since + SPINNER_AFTER;
            if now < shown { shown } else { now + STEP }
        });
        let connecting =
            matches!(self.world.server().and_then(|s| s.link.as_ref()), Some(Link::Connecting(_)))
                .then_some(now + STEP)
                .or_else(|| self.going.place().map(|_| now + STEP));
        // The seconds until the next try are shown.
        let counting =
            self.world.server().and_then(|s| s.trouble.as_ref()?.next).filter(|at| *at > now).map(|at| {
                let left = at.saturating_sub(now);
                now + Duration::from_millis(left.subsec_millis().max(20).into())
            });
        let panes = self
            .slots
            .iter()
            .map(|s| s.pane.wants_tick())
            .chain(self.popups.iter().map(|p| p.pane.wants_tick()));
        panes
            .chain([
                busy,
                connecting,
                counting,
                self.waits_tick(),
                self.silence_tick(),
                self.toast.as_ref().map(|t| t.until),
            ])
            .flatten()
            .min()
    }

    /// Everything panes may read; for tests and the loop.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    fn new_id(&mut self) -> PaneId {
        let id = PaneId(self.next_pane);
        self.next_pane += 1;
        id
    }

    // ---- keys -------------------------------------------------------------------------------

    /// Scopes in force, innermost first.
    fn scopes(&self) -> Vec<Scope> {
        let top = self.top_pane();
        let mut scopes = top.scopes();
        if !top.modal() {
            scopes.push(Scope::Global);
        }
        scopes
    }

    fn top_pane(&self) -> &dyn Pane {
        match self.popups.last() {
            Some(p) => &*p.pane,
            None => &*self.slots[self.current].pane,
        }
    }

    fn top_typing(&self) -> bool {
        self.top_pane().typing()
    }

    // ---- calling panes ----------------------------------------------------------------------

    fn on_top(&mut self, f: impl FnOnce(&mut dyn Pane, &mut Cx<'_>)) {
        match self.popups.last() {
            Some(p) => self.on_id(p.id, f),
            None => self.on_pane(self.current, f),
        };
    }

    fn on_pane<R>(&mut self, index: usize, f: impl FnOnce(&mut dyn Pane, &mut Cx<'_>) -> R) -> Option<R> {
        let id = self.slots.get(index)?.id;
        self.on_id(id, f)
    }

    /// Calls a pane or popup with a `Cx` and carries out what it wished.
    fn on_id<R>(&mut self, id: PaneId, f: impl FnOnce(&mut dyn Pane, &mut Cx<'_>) -> R) -> Option<R> {
        let mut wishes = vec![];
        let pane = match self.popups.iter_mut().find(|p| p.id == id) {
            Some(p) => &mut p.pane,
            None => &mut self.slots.iter_mut().find(|s| s.id == id)?.pane,
        };
        let mut cx = Cx::new(&self.world, id, &mut self.counter, &mut wishes);
        let answer = f(&mut **pane, &mut cx);
        self.carry_out(wishes);
        Some(answer)
    }

    fn carry_out(&mut self, wishes: Vec<Wish>) {
        for wish in wishes {
            match wish {
                Wish::Effect(pane, job, effect) => {
                    if let Some(job) = job {
                        self.jobs.add(job, pane, &effect, self.world.now);
                    }
                    self.out.push(effect);
                }
                Wish::Tell(pane, tell) => self.told(pane, tell),
                Wish::Popup(pane, popup) => self.popup(pane, popup),
            }
        }
    }

    // ---- events -----------------------------------------------------------------------------

    fn tick(&mut self) {
        let now = self.world.now;
        if self.toast.as_ref().is_some_and(|t| t.until <= now) {
            self.toast = None;
        }
        let due: Vec<PaneId> = self
            .slots
            .iter()
            .map(|s| (s.id, s.pane.wants_tick()))
            .chain(self.popups.iter().map(|p| (p.id, p.pane.wants_tick())))
            .filter(|(_, at)| at.is_some_and(|at| at <= now))
            .map(|(id, _)| id)
            .collect();
        for id in due {
            self.on_id(id, |pane, cx| pane.tick(cx));
        }
    }

    fn world_changed(&mut self) {
        for at in 0..self.slots.len() {
            self.on_pane(at, |pane, cx| pane.world_changed(cx));
        }
        let popups: Vec<PaneId> = self.popups.iter().map(|p| p.id).collect();
        for id in popups {
            self.on_id(id, |pane, cx| pane.world_changed(cx));
        }
    }

    fn reload_catalog(&mut self) {
        let conn = self.world.active;
        let job = self.own_job(|job| Effect::LoadCatalog { job, conn });
        self.cataloguing = Some(job);
        if let Some(server) = self.world.conns.get_mut(&conn) {
            server.unread = None;
        }
    }

    fn ask_saved(&mut self) {
        self.own_job(|job| Effect::LoadSaved { job });
    }

    /// A job of the app's own.
    fn own_job(&mut self, effect: impl FnOnce(crate::core::ids::JobId) -> Effect) -> crate::core::ids::JobId {
        self.counter.job += 1;
        let job = crate::core::ids::JobId(self.counter.job);
        let effect = effect(job);
        self.jobs.add(job, APP, &effect, self.world.now);
        self.out.push(effect);
        job
    }

    fn say(&mut self, tone: Tone, text: impl Into<String>) {
        // An error stays longer, or until a key moves it aside (see `key`).
        let stay = if tone == Tone::Error { TOAST * 4 } else { TOAST };
        self.toast = Some(Toast { tone, text: text.into(), until: self.world.now + stay, of_link: false });
    }

    fn show(&mut self, kind: PaneKind) {
        if let Some(at) = self.slots.iter().position(|s| s.kind == kind) {
            let (before, next) = (&self.slots[self.current].pane, &self.slots[at].pane);
            // Panes of the same samples show the same moment when one goes from one to the other.
            let same = at != self.current && next.probe().is_some() && next.probe() == before.probe();
            let stop = same.then(|| Tell::StopAt(before.stopped()));
            self.current = at;
            if let Some(stop) = stop {
                self.on_pane(at, |pane, cx| pane.told(stop, cx));
            }
            self.on_pane(at, |pane, cx| pane.shown(cx));
        }
    }

    // ---- words of panes ---------------------------------------------------------------------

    fn told(&mut self, from: PaneId, tell: Tell) {
        match tell {
            Tell::Close => self.close(from),
            Tell::Do(command) => self.command(command),
            Tell::Show(kind) => self.show(kind),
            Tell::OpenRelation(_) | Tell::OpenWhere(..) => self.pass(PaneKind::Browse, tell),
            Tell::EditSql { .. }
            | Tell::InsertSql(_)
            | Tell::RunQuery { .. }
            | Tell::CopyFile(_)
            | Tell::SaveAs(_)
            | Tell::WatchEvery(_) => self.pass(PaneKind::Sql, tell),
            Tell::Lost(_) => self.on_sql(|pane, cx| pane.told(tell, cx)),
            Tell::Explain { .. } => self.pass(PaneKind::Plan, tell),
            Tell::SearchIn { .. } => self.pass(PaneKind::Search, tell),
            Tell::ShowLocks(_) => self.pass(PaneKind::Locks, tell),
            Tell::ShowNow(kind) => self.pass(kind, tell),
            // Said by the app itself, see `show`.
            Tell::StopAt(_) => {}
            Tell::OpenSaved(_) => self.pass(PaneKind::Saved, tell),
            Tell::ReloadSaved => self.ask_saved(),
            Tell::ReloadCatalog => self.reload_catalog(),
            Tell::Toast(tone, text) => self.say(tone, text),
            Tell::Answer { .. } | Tell::Chosen { .. } | Tell::Filled { .. } => self.answer(from, tell),
            Tell::Password(conn, password) => {
                if password.is_none() && !self.going.is_trying() {
                    self.say(Tone::Warning, "Not connected. :c connects, F5 tries again.");
                }
                self.close(from);
                self.out.push(Effect::Password { conn, password });
            }
            Tell::Stage(step) => self.stage(step),
            Tell::Applied { relations, inverse } => self.applied(relations, inverse),
            Tell::OpenRow(..) => self.pass(PaneKind::Browse, tell),
            Tell::CommandLine(line) => self.command_line(&line),
            Tell::QuitNow => self.leave(),
        }
    }

    /// Shows a pane and passes it the word.
    fn pass(&mut self, kind: PaneKind, tell: Tell) {
        self.show(kind);
        self.on_pane(self.current, |pane, cx| pane.told(tell, cx));
    }

    /// Calls the SQL pane without showing it.
    fn on_sql(&mut self, f: impl FnOnce(&mut dyn Pane, &mut Cx<'_>)) {
        if let Some(at) = self.slots.iter().position(|s| s.kind == PaneKind::Sql) {
            self.on_pane(at, f);
        }
    }

    /// Does a command: first the pane on top, then the app.
    fn command(&mut self, command: Command) {
        let id = self.popups.last().map_or(self.slots[self.current].id, |p| p.id);
        if self.on_id(id, |pane, cx| pane.command(command, cx)) != Some(true) {
            self.own_command(command);
        }
    }
}
