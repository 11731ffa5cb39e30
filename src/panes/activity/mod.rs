//! Activity: all sessions, what they do and wait for, and since when.

mod choose;
mod draw;

use crate::{
    core::{
        command::{Command, Scope},
        effect::{Effect, SignalKind},
        event::{Mouse, News},
        ids::JobId,
        pane::{Cx, Home, Pane, PaneKind, Popup, Running, Tell, Tone},
        world::World,
    },
    data::live::{
        Live, Probe, Pulse, Session,
        activity::{Class, Order, sorted},
        horizon::{self, Holder},
    },
    views::live::{
        self, Moment,
        export::Exports,
        list::{Hit, List},
        session::Opened,
        signal::Signals,
    },
};
use choose::{Filter, Show};
use ratatui::{Frame, layout::Rect};
use std::sync::Arc;

const FILTER: &str = "activity-filter";

/// What the rows were made of; made anew when it changed.
#[derive(Clone, Debug, Default, PartialEq)]
struct Stamp {
    at: i64,
    order: Order,
    show: Show,
    filter: String,
    /// Names may come after the sample.
    names: usize,
    horizon: i64,
}

/// A session by pid and start: pids come again.
type Id = (i32, Option<i64>);

/// The list of sessions.
#[derive(Default)]
pub struct Activity {
    moment: Moment,
    list: List<Id>,
    order: Order,
    show: Show,
    filter: String,
    wanted: bool,
    signals: Signals,
    exports: Exports,
    mark: Option<Pulse>,
    open: Option<Opened>,
    /// To be explained once its whole text is there.
    explain: Option<Id>,
    stamp: Option<Stamp>,
    /// Places in the pulse of the rows shown.
    rows: Vec<usize>,
    /// Who holds vacuum back the most.
    holder: Option<Holder>,
}

impl Activity {
    fn live<'w>(&self, world: &'w World) -> Option<&'w Live> {
        Some(&world.server()?.live)
    }

    fn pulse<'w>(&self, world: &'w World) -> Option<&'w Pulse> {
        self.moment.shown(&self.live(world)?.pulses).map(|(pulse, _)| pulse)
    }

    /// The sessions to show, sorted; made anew only when something changed.
    fn settle(&mut self, world: &World) {
        let (Some(pulse), Some(live)) = (self.pulse(world), self.live(world)) else {
            (self.stamp, self.rows, self.holder) = (None, vec![], None);
            return self.list.settle(vec![]);
        };
        let names = &live.names;
        let stamp = Stamp {
            at: pulse.at,
            order: self.order,
            show: self.show,
            filter: self.filter.clone(),
            names: names.roles.len() + names.databases.len(),
            horizon: live.horizon.as_ref().map_or(0, |h| h.at),
        };
        if self.stamp.as_ref() == Some(&stamp) {
            return;
        }
        let filter = Filter::new(&self.filter);
        let now = pulse.at;
        let wanted = |s: &Session| self.show.wants(s, now) && filter.wants(s, names);
        self.rows = sorted(pulse, self.order, wanted);
        let keys = self.rows.iter().map(|n| (pulse.sessions[*n].pid, pulse.sessions[*n].started)).collect();
        self.list.settle(keys);
        let holders = horizon::holders(pulse, live.horizon.as_ref(), names);
        self.holder = horizon::worst(&holders).cloned();
        if let Some(open) = &mut self.open {
            open.settle(pulse, live);
        }
        self.stamp = Some(stamp);
    }

    fn session<'w>(&self, world: &'w World) -> Option<&'w Arc<Session>> {
        self.pulse(world)?.sessions.get(*self.rows.get(self.list.at())?)
    }

    fn watch(&self, cx: &mut Cx<'_>) {
        for probe in [Probe::Pulse, Probe::Horizon] {
            if let Some(effect) = live::watch(cx.world, probe).filter(|_| self.wanted) {
                cx.ask(effect);
            }
        }
    }

    fn signal(&mut self, kind: SignalKind, cx: &mut Cx<'_>) {
        if self.moment.paused() {
            return cx.toast(Tone::Warning, "Paused: p follows again; only what is there now can be ended");
        }
        let Some(mut session) = self.session(cx.world) else { return };
        // A worker's statement is its leader's.
        let leader = session.leader.and_then(|pid| self.pulse(cx.world)?.session(pid));
        session = leader.unwrap_or(session);
        match self.signals.ask(kind, session, None, cx.world) {
            Err(why) => cx.toast(Tone::Warning, why),
            Ok(question) => cx.popup(question),
        }
    }

    /// The plan of its statement, which is not run: with this session's settings, and only in its own database.
    fn explain(&mut self, cx: &mut Cx<'_>) {
        let (Some(live), Some(pulse)) = (self.live(cx.world), self.pulse(cx.world)) else { return };
        let asked = self.explain.take();
        let session = match asked {
            Some((pid, started)) => pulse.session(pid).filter(|s| s.started == started),
            None => self.session(cx.world),
        };
        let Some(session) = session else { return };
        let fetched = live.query.as_ref().filter(|q| {
            (q.pid, q.started, q.query_start) == (session.pid, session.started, session.query_start)
        });
        let text = fetched.map_or(&session.query, |q| &q.text);
        if session.query_lost {
            cx.toast(
                Tone::Warning,
                "The server keeps only the beginning of this statement (track_activity_query_size)",
            );
        } else if session.masked {
            cx.toast(Tone::Warning, "Its statement may not be seen by this role");
        } else if text.is_empty() {
            cx.toast(Tone::Note, "It has run nothing yet");
        } else if session.query_cut && fetched.is_none() {
            match asked {
                // It was fetched, and is another one by now.
                Some(_) => cx.toast(Tone::Note, "Its statement ended before the whole text was read"),
                None => {
                    let (pid, started) = (session.pid, session.started);
                    self.explain = Some((pid, started));
                    cx.ask(Effect::WholeQuery { conn: cx.world.active, pid, started });
                }
            }
        } else {
            let home = Home { database: session.database, search_path: None };
            cx.explain(text, home);
        }
    }

    fn open(&mut self, cx: &mut Cx<'_>) {
        let (Some(session), Some(pulse), Some(live)) =
            (self.session(cx.world), self.pulse(cx.world), self.live(cx.world))
        else {
            return;
        };
        let opened = Opened::new(session, pulse, live);
        if let Some((pid, started)) = opened.lacks(pulse, live) {
            cx.ask(Effect::WholeQuery { conn: cx.world.active, pid, started });
        }
        self.open = Some(opened);
    }

    /// Marks the moment shown; the same one again takes the mark away.
    fn mark(&mut self, cx: &mut Cx<'_>) {
        let Some(pulse) = self.pulse(cx.world) else { return };
        if self.mark.take_if(|mark| mark.at == pulse.at).is_some() {
            return cx.toast(Tone::Note, "The mark is taken away");
        }
        let at = live::clock(pulse.at);
        self.mark = Some(pulse.clone());
        cx.toast(
            Tone::Ok,
            format!("Marked {at}: + is a session that came since, = runs the same statement still"),
        );
    }

    /// Who holds vacuum back, oldest first, as a page.
    fn horizon(&self, cx: &mut Cx<'_>) {
        let (Some(pulse), Some(live)) = (self.pulse(cx.world), self.live(cx.world)) else { return };
        let holders = horizon::holders(pulse, live.horizon.as_ref(), &live.names);
        let text = horizon::page(&holders, 200);
        cx.popup(Popup::Page { title: "Who holds vacuum back".into(), text });
    }

    /// The sample in which most sessions worked and waited for a lock.
    fn worst(&mut self, cx: &mut Cx<'_>) {
        let Some(live) = self.live(cx.world) else { return };
        let waits = |p: &Pulse| (p.profile[Class::Lock as usize], p.profile.iter().sum::<usize>());
        match live.pulses.greatest(waits).filter(|(_, (_, working))| *working > 0) {
            Some((number, _)) => self.moment.stop_at(number),
            None => cx.toast(Tone::Note, "Nobody worked in the samples kept"),
        }
    }

    fn export(&self, cx: &mut Cx<'_>) {
        let Some(live) = self.live(cx.world) else { return };
        let at = live.pulses.last().map_or(0, |p| p.at);
        cx.popup(self.exports.ask("sessions", at, live::export_hint(&live.pulses)));
    }

    fn copy(&self, cx: &mut Cx<'_>) {
        let (Some(session), Some(pulse), Some(live)) =
            (self.session(cx.world), self.pulse(cx.world), self.live(cx.world))
        else {
            return;
        };
        let words = match &self.open {
            Some(open) => open.words(),
            None => Opened::new(session, pulse, live).words(),
        };
        cx.copy(words, "Copied");
    }
}

impl Pane for Activity {
    fn title(&self, _: &World) -> String {
        "Activity".into()
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Live]
    }

    fn probe(&self) -> Option<Probe> {
        Some(Probe::Pulse)
    }

    fn can(&self, command: Command, world: &World) -> bool {
        match command {
            Command::CancelBackend | Command::TerminateBackend => {
                self.session(world).is_some() && !self.moment.paused()
            }
            Command::OpenSession | Command::ToLocks | Command::CopyText | Command::ExplainIt => {
                self.session(world).is_some()
            }
            Command::GoToRow | Command::StepToSql => false,
            _ => true,
        }
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        self.settle(cx.world);
        let Some(live) = self.live(cx.world) else { return false };
        if let Some(done) = self.moment.command(command, &live.pulses) {
            self.settle(cx.world);
            if let Err(why) = done {
                cx.toast(Tone::Note, why);
            }
            return true;
        }
        match command {
            Command::SortBy => self.order = self.order.step(false),
            Command::SortBack => self.order = self.order.step(true),
            Command::ShowWhich => self.show = self.show.next(),
            Command::Find => cx.popup(Popup::Line {
                question: FILTER,
                title: "Show only sessions with".into(),
                text: self.filter.clone(),
                hint: "Words of pid, role@database, application, client, state, wait or statement; -word: without it".into(),
            }),
            Command::Back if self.open.is_some() => self.open = None,
            Command::Back if !self.filter.is_empty() => self.filter.clear(),
            Command::WorstMoment => self.worst(cx),
            Command::MarkMoment => self.mark(cx),
            Command::WriteSamples => self.export(cx),
            Command::WhoHoldsVacuum => self.horizon(cx),
            Command::CancelBackend => self.signal(SignalKind::Cancel, cx),
            Command::TerminateBackend => self.signal(SignalKind::Terminate, cx),
            Command::OpenSession if self.open.is_none() => self.open(cx),
            Command::ToLocks => {
                if let Some(session) = self.session(cx.world) {
                    let pid = session.leader.unwrap_or(session.pid);
                    cx.tell(Tell::Show(PaneKind::Locks));
                    cx.tell(Tell::ShowLocks(pid));
                }
            }
            Command::ExplainIt => self.explain(cx),
            Command::CopyText => self.copy(cx),
            Command::Refresh => {
                self.wanted = true;
                self.watch(cx);
            }
            other => {
                return match &mut self.open {
                    Some(open) => open.command(other),
                    None => self.list.command(other),
                };
            }
        }
        self.settle(cx.world);
        true
    }

    fn mouse(&mut self, mouse: Mouse, cx: &mut Cx<'_>) {
        self.settle(cx.world);
        if let Some(open) = &mut self.open {
            return open.mouse(mouse);
        }
        match self.list.mouse(mouse) {
            Hit::Open => drop(self.command(Command::OpenSession, cx)),
            Hit::Column(column) => {
                self.order = draw::order(column).unwrap_or(self.order);
                self.settle(cx.world);
            }
            Hit::Moved => {}
        }
    }

    fn stopped(&self) -> Option<u64> {
        self.moment.stopped()
    }

    fn news(&mut self, job: JobId, news: News, cx: &mut Cx<'_>) {
        if let Some((tone, text)) = self.signals.news(job, &news).or_else(|| self.exports.news(job, &news)) {
            cx.toast(tone, text);
        }
    }

    fn told(&mut self, tell: Tell, cx: &mut Cx<'_>) {
        if let Some(signal) = self.signals.told(&tell) {
            let conn = cx.world.active;
            let job = cx.start(|job| Effect::Signal { job, conn, signal });
            self.signals.sent(job, cx.world.now);
        }
        if let Some(path) = self.exports.told(&tell)
            && let Some(what) = live::export(cx.world)
        {
            let job = cx.start(|job| Effect::Export { job, path, what });
            self.exports.started(job);
        }
        match tell {
            Tell::Chosen { question: FILTER, text, .. } => self.filter = text.trim().to_owned(),
            Tell::StopAt(number) => self.moment = Moment::of(number),
            Tell::ShowNow(_) => {
                (self.moment, self.open) = (Moment::default(), None);
                if matches!(self.show, Show::Busy | Show::Holding) {
                    self.show = Show::Clients;
                }
                if !self.filter.is_empty() {
                    let filter = std::mem::take(&mut self.filter);
                    cx.toast(Tone::Note, format!("All sessions are shown: the filter “{filter}” is off"));
                }
            }
            _ => {}
        }
    }

    fn sampled(&mut self, cx: &mut Cx<'_>) {
        self.settle(cx.world);
        let (Some(pulse), Some(live)) = (self.pulse(cx.world), self.live(cx.world)) else { return };
        if let Some(open) = &mut self.open {
            // The whole text may have come without a pulse.
            open.settle(pulse, live);
        }
        if self.explain.is_some_and(|(pid, _)| live.query.as_ref().is_some_and(|q| q.pid == pid)) {
            self.explain(cx);
        }
    }

    fn shown(&mut self, cx: &mut Cx<'_>) {
        if !self.wanted {
            self.wanted = true;
            self.watch(cx);
        }
    }

    fn world_changed(&mut self, cx: &mut Cx<'_>) {
        if self.live(cx.world).is_some_and(|live| live.pulses.is_empty()) {
            // Another server: what was stopped at, marked or opened is gone.
            (self.moment, self.mark, self.open, self.explain) = (Moment::default(), None, None, None);
        }
        self.watch(cx);
    }

    fn running(&self) -> Option<Running> {
        self.signals.running()
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        self.settle(world);
        self.draw_all(frame, area, world);
    }
}
