//! Activity: all sessions, what they do and wait for, and since when.

mod draw;

use crate::{
    core::{
        command::{Command, Scope},
        effect::{Effect, SignalKind},
        event::{Mouse, News},
        ids::JobId,
        pane::{Cx, Pane, PaneKind, Popup, Running, Tell, Tone},
        world::World,
    },
    data::live::{
        Probe, Pulse, Session,
        activity::{Order, sorted},
    },
    views::live::{
        self, Moment,
        list::{Hit, List},
        signal::Signals,
    },
};
use ratatui::{Frame, layout::Rect};
use std::sync::Arc;

const FILTER: &str = "activity-filter";

/// Which sessions are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Show {
    /// Of clients, those that do nothing too.
    #[default]
    Clients,
    /// Only those that work or sit in a transaction.
    Busy,
    /// The server's own processes, too.
    All,
}

/// The list of sessions.
#[derive(Default)]
pub struct Activity {
    moment: Moment,
    list: List<(i32, Option<i64>)>,
    order: Order,
    show: Show,
    filter: String,
    wanted: bool,
    signals: Signals,
}

impl Activity {
    fn pulse<'w>(&self, world: &'w World) -> Option<&'w Pulse> {
        self.moment.shown(&world.server()?.live.pulses).map(|(pulse, _)| pulse)
    }

    /// The sessions to show, sorted.
    fn settle(&mut self, world: &World) {
        let Some(pulse) = self.pulse(world) else { return self.list.settle(vec![]) };
        let names = world.server().map(|s| &s.live.names);
        let wanted = |s: &Session| {
            let kind = match self.show {
                Show::All => true,
                Show::Clients => s.is_client(),
                Show::Busy => s.is_client() && (s.active() || s.idle_in_transaction()),
            };
            let text = || {
                let role = names.map(|n| n.role(s.role)).unwrap_or_default();
                let database = names.map(|n| n.database(s.database)).unwrap_or_default();
                format!(
                    "{} {role}@{database} {} {} {} {} {} {}",
                    s.pid, s.application, s.client, s.state, s.wait_type, s.wait_event, s.query
                )
                .to_lowercase()
            };
            kind && (self.filter.is_empty() || text().contains(&self.filter.to_lowercase()))
        };
        let shown = sorted(pulse, self.order, wanted);
        let keys = shown.into_iter().map(|n| (pulse.sessions[n].pid, pulse.sessions[n].started)).collect();
        self.list.settle(keys);
    }

    fn session<'w>(&self, world: &'w World) -> Option<&'w Arc<Session>> {
        let (pid, _) = self.list.chosen()?;
        self.pulse(world)?.session(*pid)
    }

    fn watch(&self, cx: &mut Cx<'_>) {
        if let Some(effect) = live::watch(cx.world, Probe::Pulse).filter(|_| self.wanted) {
            cx.ask(effect);
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
    fn explain(&self, cx: &mut Cx<'_>) {
        let Some(session) = self.session(cx.world) else { return };
        let here = cx.world.server().map_or(0, |s| s.live.names.database);
        if session.query_cut {
            cx.toast(
                Tone::Warning,
                "The server shows only the beginning of this statement (track_activity_query_size)",
            );
        } else if session.database != here {
            cx.toast(Tone::Warning, "It runs in another database: connect there to see its plan");
        } else if session.query.is_empty() {
            cx.toast(Tone::Note, "It has run nothing yet");
        } else {
            cx.tell(Tell::Show(PaneKind::Plan));
            cx.tell(Tell::Explain { text: session.query.to_string(), analyze: false });
        }
    }
}

impl Pane for Activity {
    fn title(&self, _: &World) -> String {
        "Activity".into()
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Live]
    }

    fn live(&self) -> bool {
        true
    }

    fn can(&self, command: Command, world: &World) -> bool {
        match command {
            Command::CancelBackend | Command::TerminateBackend => {
                self.session(world).is_some() && !self.moment.paused()
            }
            Command::OpenSession | Command::ToLocks | Command::CopyText => self.session(world).is_some(),
            Command::ExplainIt => self.session(world).is_some_and(|s| !s.query.is_empty() && !s.query_cut),
            Command::GoToRow | Command::WorstMoment => false,
            _ => true,
        }
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        self.settle(cx.world);
        let Some(server) = cx.world.server() else { return false };
        if let Some(done) = self.moment.command(command, &server.live.pulses) {
            self.settle(cx.world);
            if let Err(why) = done {
                cx.toast(Tone::Note, why);
            }
            return true;
        }
        match command {
            Command::SortBy => self.order = self.order.next(),
            Command::ShowWhich => {
                self.show = match self.show {
                    Show::Clients => Show::Busy,
                    Show::Busy => Show::All,
                    Show::All => Show::Clients,
                };
            }
            Command::Find => cx.popup(Popup::Line {
                question: FILTER,
                title: "Show only sessions with".into(),
                text: self.filter.clone(),
                hint: "Part of pid, role@database, application, client, state, wait or statement; empty: all"
                    .into(),
            }),
            Command::Back if !self.filter.is_empty() => self.filter.clear(),
            Command::CancelBackend => self.signal(SignalKind::Cancel, cx),
            Command::TerminateBackend => self.signal(SignalKind::Terminate, cx),
            Command::OpenSession => {
                if let Some(text) = self.page(cx.world) {
                    cx.popup(Popup::Page { title: "Session".into(), text });
                }
            }
            Command::ToLocks => {
                if let Some(session) = self.session(cx.world) {
                    cx.tell(Tell::Show(PaneKind::Locks));
                    cx.tell(Tell::ShowLocks(session.leader.unwrap_or(session.pid)));
                }
            }
            Command::ExplainIt => self.explain(cx),
            Command::CopyText => {
                cx.ask(Effect::Copy(self.page(cx.world).unwrap_or_default()));
                cx.toast(Tone::Ok, "Copied");
            }
            Command::Refresh => {
                self.wanted = true;
                self.watch(cx);
            }
            other => return self.list.command(other),
        }
        self.settle(cx.world);
        true
    }

    fn mouse(&mut self, mouse: Mouse, cx: &mut Cx<'_>) {
        self.settle(cx.world);
        if self.list.mouse(mouse) == Hit::Open {
            self.command(Command::OpenSession, cx);
        }
    }

    fn news(&mut self, job: JobId, news: News, cx: &mut Cx<'_>) {
        if let Some((tone, text)) = self.signals.news(job, &news) {
            cx.toast(tone, text);
        }
    }

    fn told(&mut self, tell: Tell, cx: &mut Cx<'_>) {
        if let Some(signal) = self.signals.told(&tell) {
            let conn = cx.world.active;
            let job = cx.start(|job| Effect::Signal { job, conn, signal });
            self.signals.sent(job, cx.world.now);
        }
        if let Tell::Chosen { question: FILTER, text, .. } = tell {
            self.filter = text.trim().to_owned();
        }
    }

    fn shown(&mut self, cx: &mut Cx<'_>) {
        if !self.wanted {
            self.wanted = true;
            self.watch(cx);
        }
    }

    fn world_changed(&mut self, cx: &mut Cx<'_>) {
        if cx.world.server().is_some_and(|s| s.live.pulses.is_empty()) {
            // Another server: what was stopped at is gone.
            self.moment = Moment::default();
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
