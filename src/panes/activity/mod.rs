//! Activity: all sessions, what they do and wait for, and since when.

mod draw;

use crate::{
    core::{
        command::{Command, Scope},
        effect::{Effect, SignalKind},
        event::{Mouse, MouseKind, News},
        ids::{ConnId, JobId},
        pane::{Cx, Home, Pane, PaneKind, Popup, Running, Tell, Tone},
        world::World,
    },
    data::live::{
        Probe, Pulse, Session,
        activity::{Order, sorted},
    },
    views::live::{
        Moment,
        list::List,
        signal::{Ask, QUESTION, whom},
    },
};
use ratatui::{Frame, layout::Rect};
use std::{sync::Arc, time::Duration};

const FILTER: &str = "activity-filter";
/// How often the server is asked.
const EVERY: Duration = Duration::from_secs(1);

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
    watching: Option<ConnId>,
    asked: Option<Ask>,
    sent: Option<(JobId, Ask, Duration)>,
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

    fn watch(&mut self, cx: &mut Cx<'_>) {
        let conn = cx.world.active;
        let up = cx.world.server().is_some_and(|s| s.info.is_some());
        if up && self.watching != Some(conn) {
            self.watching = Some(conn);
            cx.ask(Effect::Watch { conn, probe: Probe::Pulse, every: Some(EVERY) });
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
        match Ask::new(kind, session, whom(session, cx.world)) {
            Err(why) => cx.toast(Tone::Warning, why),
            Ok(ask) => {
                cx.popup(ask.popup(None));
                self.asked = Some(ask);
            }
        }
    }

    /// The plan of its statement, which is not run: with this session's settings, and only in its own database.
    fn explain(&self, cx: &mut Cx<'_>) {
        let Some(session) = self.session(cx.world) else { return };
        if session.query_cut {
            cx.toast(
                Tone::Warning,
                "The server shows only the beginning of this statement (track_activity_query_size)",
            );
        } else if session.query.is_empty() {
            cx.toast(Tone::Note, "It has run nothing yet");
        } else {
            let home = Home { database: session.database, search_path: None };
            cx.explain(&session.query, home);
        }
    }

    fn send(&mut self, cx: &mut Cx<'_>) {
        let Some(ask) = self.asked.take() else { return };
        let (conn, signal) = (cx.world.active, ask.signal.clone());
        let job = cx.start(|job| Effect::Signal { job, conn, signal });
        self.sent = Some((job, ask, cx.world.now));
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
        match command {
            Command::Pause => self.moment.pause(&server.live.pulses),
            Command::StepBack | Command::StepForward => {
                let by = if command == Command::StepBack { -1 } else { 1 };
                if !self.moment.step(by, &server.live.pulses) {
                    cx.toast(
                        Tone::Note,
                        if by < 0 { "No older sample is kept" } else { "This is the newest sample" },
                    );
                }
            }
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
                self.watching = None;
                self.watch(cx);
            }
            other => return self.list.command(other),
        }
        self.settle(cx.world);
        true
    }

    fn mouse(&mut self, mouse: Mouse, cx: &mut Cx<'_>) {
        self.settle(cx.world);
        match mouse.kind {
            MouseKind::ScrollUp => self.list.wheel(-3),
            MouseKind::ScrollDown => self.list.wheel(3),
            MouseKind::Press => drop(self.list.click(mouse.x, mouse.y)),
            MouseKind::Double => {
                if self.list.click(mouse.x, mouse.y) {
                    self.command(Command::OpenSession, cx);
                }
            }
            MouseKind::Drag => {}
        }
    }

    fn news(&mut self, job: JobId, news: News, cx: &mut Cx<'_>) {
        let Some((_, ask, _)) = self.sent.take_if(|(sent, _, _)| *sent == job) else { return };
        match news {
            News::Signalled(outcome) => {
                let (tone, text) = ask.said(&outcome);
                cx.toast(tone, text);
            }
            News::Failed(_, e, _) => cx.toast(Tone::Error, e.message),
            _ => {}
        }
    }

    fn told(&mut self, tell: Tell, cx: &mut Cx<'_>) {
        match tell {
            Tell::Answer { question: QUESTION, button: 0 } => self.send(cx),
            Tell::Answer { question: QUESTION, .. } => self.asked = None,
            Tell::Chosen { question: QUESTION, text, .. } => {
                if self.asked.as_ref().is_some_and(|ask| ask.confirmed_by(&text)) {
                    self.send(cx);
                } else {
                    self.asked = None;
                    cx.toast(Tone::Note, "Not confirmed: nothing was sent");
                }
            }
            Tell::Chosen { question: FILTER, text, .. } => self.filter = text.trim().to_owned(),
            _ => {}
        }
    }

    fn shown(&mut self, cx: &mut Cx<'_>) {
        self.watch(cx);
    }

    fn world_changed(&mut self, cx: &mut Cx<'_>) {
        if self.watching.is_some_and(|conn| conn != cx.world.active) {
            self.watching = None;
            self.moment = Moment::default();
            self.watch(cx);
        }
    }

    fn running(&self) -> Option<Running> {
        let (job, ask, since) = self.sent.as_ref()?;
        Some(Running { job: *job, what: format!("ending {}", ask.whom), since: *since })
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        self.settle(world);
        self.draw_all(frame, area, world);
    }
}
