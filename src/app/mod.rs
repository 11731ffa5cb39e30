//! The program under the loop: `handle(at, Event) -> Vec<Effect>` and `draw`. No IO, no clock.

mod commands;
mod draw;
mod jobs;
mod line;
mod look;
mod places;
mod popups;
mod quit;
mod staging;
mod trouble;
mod waits;

use crate::core::{
    command::{Command, Scope},
    effect::Effect,
    error::DbError,
    event::{Event, Link, Mouse, News, Tx},
    ids::{ConnId, PaneId},
    key::{Chord, Key},
    keymap::{Hit, Keymap},
    pane::{Counter, Cx, Pane, PaneKind, Tell, Tone, Wish},
    settings::Settings,
    theme::Theme,
    world::{Trouble, World},
};
use crate::data::live::{Live, Sample};
use jobs::Jobs;
use ratatui::layout::Rect;
use std::{collections::BTreeMap, sync::Arc, time::Duration};

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
                matches!(**sample, Sample::Own(_)) || self.slots[self.current].pane.live()
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
                .then_some(now + STEP);
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
            .chain([busy, connecting, counting, self.waits_tick(), self.toast.as_ref().map(|t| t.until)])
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

    fn key(&mut self, chord: Chord) {
        let now = self.world.now;
        // An error that could be read gives way to the next key.
        self.toast.take_if(|t| t.tone == Tone::Error && now + TOAST * 3 >= t.until);
        if self.pending.is_empty() && self.top_typing() && chord.typed().is_some() {
            return self.on_top(|pane, cx| pane.typed(chord, cx));
        }
        let scopes = self.scopes();
        if !self.pending.is_empty() && chord.key == Key::Esc {
            self.pending.clear();
            return;
        }
        self.pending.push(chord);
        match self.world.keymap.look(&scopes, &self.pending) {
            Hit::Command(command) => {
                self.pending.clear();
                // Esc leaves things; a key too many must not leave the program.
                let leaving = matches!(command, Command::Back | Command::Clear)
                    && chord.key == Key::Esc
                    && self.popups.is_empty();
                if !leaving {
                    return self.command(command);
                }
                let at = self.current;
                let mut done = |command| self.on_pane(at, |pane, cx| pane.command(command, cx)) == Some(true);
                // Where there is nothing to clear, Esc leaves.
                if !done(command) && (command == Command::Back || !done(Command::Back)) {
                    self.say(Tone::Note, "Nothing to go back from (q quits)");
                }
            }
            Hit::Prefix => {}
            Hit::None if self.pending.len() == 1 => {
                self.pending.clear();
                self.on_top(|pane, cx| pane.typed(chord, cx));
            }
            Hit::None => {
                let keys: Vec<_> = self.pending.drain(..).map(crate::core::key::pretty).collect();
                self.say(Tone::Note, format!("{} means nothing here (? shows the keys)", keys.join(" ")));
            }
        }
    }

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

    fn news(&mut self, job: crate::core::ids::JobId, news: News) {
        let Some(owner) = self.jobs.owner(job) else {
            // Between two runs the server speaks under the number of the last one.
            if matches!(news, News::Notification(..) | News::Notice(_)) {
                self.on_sql(|pane, cx| pane.news(job, news, cx));
            }
            return;
        };
        if let Some(conn) = owner.own
            && let Some(server) = self.world.conns.get_mut(&conn)
        {
            match &news {
                News::Done(s) => server.tx = s.tx,
                News::Failed(_, _, tx) => server.tx = *tx,
                News::Setting(name, value) => {
                    if let Some(info) = server.info.as_mut() {
                        match name.as_str() {
                            "TimeZone" => info.time_zone.clone_from(value),
                            "in_hot_standby" => info.standby = value == "on",
                            "default_transaction_read_only" => info.read_only = value == "on",
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        self.jobs.answered(job, &news);
        if jobs::ends(&news) {
            self.jobs.forget(job);
            if self.cancelled == Some(job) {
                self.cancelled = None;
            }
        }
        if owner.pane == APP {
            self.own_news(job, news);
        } else {
            self.on_id(owner.pane, |pane, cx| pane.news(job, news, cx));
        }
    }

    fn own_news(&mut self, job: crate::core::ids::JobId, news: News) {
        if self.roles_came(job, &news) {
            return;
        }
        match &news {
            News::Servers(found) if self.servers_came(job, found) => return,
            News::Remembered(text) if self.places_came(job, text.as_deref()) => return,
            News::Done(s) if s.last && self.left(job, true) => return,
            News::Failed(..) => drop(self.left(job, false)),
            _ => {}
        }
        match news {
            News::Remembered(text) if self.drafts.asked.is_some_and(|(j, _)| j == job) => {
                self.draft_came(text)
            }
            News::Catalog(catalog) => {
                if let Some(server) = self.world.conns.get_mut(&self.world.active) {
                    server.catalog = Some(catalog);
                }
                self.world_changed();
            }
            News::Saved(found, problems) => {
                self.world.saved = Some(found);
                if let Some(first) = problems.first() {
                    let more = if problems.len() > 1 {
                        format!(" (and {} more)", problems.len() - 1)
                    } else {
                        String::new()
                    };
                    self.say(Tone::Warning, format!("{first}{more}"));
                }
                self.world_changed();
            }
            News::Done(s) if s.last && self.quitting == Some(job) => self.leave(),
            News::Failed(_, error, _) => {
                self.quitting = None;
                if self.cataloguing == Some(job)
                    && let Some(server) = self.world.conns.get_mut(&self.world.active)
                {
                    server.unread = Some((*error).clone());
                }
                self.say(Tone::Error, crate::text::clean::line(&error.to_string()).into_owned());
            }
            _ => {}
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

    fn link(&mut self, conn: ConnId, link: Link) {
        let server = self.world.conns.entry(conn).or_default();
        match &link {
            Link::Up(info) => {
                let same = server
                    .info
                    .as_ref()
                    .is_some_and(|i| i.database == info.database && i.address == info.address);
                let there = (**info).clone();
                server.info = Some(there.clone());
                let before = server.trouble.take();
                server.behind = None;
                server.tx = Tx::Idle;
                if !same {
                    server.catalog = None;
                }
                server.link = Some(link);
                if !same {
                    // Samples, too, are of the other place.
                    server.live = Live::default();
                    server.staged = Arc::default();
                    server.inverse.clear();
                    // The file of the other place still holds it.
                    self.drafts = staging::Drafts::default();
                }
                self.been(&there);
                if let Some(lost) = before.and_then(|t| t.lost) {
                    self.say(Tone::Warning, format!("Connected again; {lost}. Nothing was sent again"));
                }
                self.close_password(conn);
                self.reload_catalog();
                if !same {
                    self.recall_draft(conn);
                }
                return self.world_changed();
            }
            Link::NeedsPassword(prompt, error) => {
                let (prompt, error) = (prompt.clone(), error.as_ref().map(|e| with_hint(e)));
                server.link = Some(link);
                return self.ask_password(conn, prompt, error);
            }
            Link::Failed(error) => {
                // What is tried again by itself asks no second time.
                let first = server.info.is_none() && server.trouble.is_none();
                let error = (**error).clone();
                match &mut server.trouble {
                    // Why it was lost stays said.
                    Some(t) if t.lost.is_some() => (t.tried, t.next) = (Some(error), None),
                    _ => server.trouble = Some(Trouble { error, lost: None, tried: None, next: None }),
                }
                server.link = Some(link);
                if first && self.popups.is_empty() {
                    // Nowhere yet: where else?
                    self.pick_server();
                }
            }
            Link::Lost(error, lost) => {
                server.tx = Tx::Idle;
                let text = format!("Connection lost: {}. {lost}", error.message);
                server.trouble = Some(Trouble {
                    error: (**error).clone(),
                    lost: Some(lost.clone()),
                    tried: None,
                    next: None,
                });
                server.link = Some(link);
                self.on_sql(|pane, cx| pane.told(Tell::Lost(text), cx));
            }
            Link::Connecting(_) => server.link = Some(link),
            Link::Retry(after) => {
                if let Some(trouble) = &mut server.trouble {
                    trouble.next = Some(self.world.now + *after);
                }
            }
            Link::Known(info) => {
                let was = server.info.as_ref().is_some_and(|i| i.standby);
                // Settings of the session are known better here.
                if let Some(now) = &mut server.info {
                    (now.standby, now.pooler) = (info.standby, info.pooler);
                }
                if was && !info.standby {
                    server.behind = None;
                    self.say(Tone::Ok, "The standby was promoted: this server takes writes now");
                }
            }
        }
        self.world_changed();
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

    fn mouse(&mut self, mouse: Mouse) {
        let inside = |r: Rect| r.contains(ratatui::layout::Position { x: mouse.x, y: mouse.y });
        if let Some(top) = self.popups.last() {
            let (id, area) = (top.id, top.area);
            if inside(area) {
                self.on_id(id, |pane, cx| pane.mouse(mouse, cx));
            }
            return;
        }
        if mouse.kind == crate::core::event::MouseKind::Press
            && let Some((_, kind)) = self.tabs.iter().find(|(r, _)| inside(*r))
        {
            return self.show(*kind);
        }
        if inside(self.body) {
            self.on_pane(self.current, |pane, cx| pane.mouse(mouse, cx));
        }
    }

    fn say(&mut self, tone: Tone, text: impl Into<String>) {
        // An error stays longer, or until a key moves it aside (see `key`).
        let stay = if tone == Tone::Error { TOAST * 4 } else { TOAST };
        self.toast = Some(Toast { tone, text: text.into(), until: self.world.now + stay });
    }

    fn show(&mut self, kind: PaneKind) {
        if let Some(at) = self.slots.iter().position(|s| s.kind == kind) {
            self.current = at;
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
            Tell::OpenSaved(_) => self.pass(PaneKind::Saved, tell),
            Tell::ReloadSaved => self.ask_saved(),
            Tell::ReloadCatalog => self.reload_catalog(),
            Tell::Toast(tone, text) => self.say(tone, text),
            Tell::Answer { .. } | Tell::Chosen { .. } | Tell::Filled { .. } => self.answer(from, tell),
            Tell::Password(conn, password) => {
                if password.is_none() {
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
