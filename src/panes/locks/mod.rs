//! Locks: who is stuck behind whom, since when, and what ending somebody would free.

mod draw;

use crate::{
    core::{
        command::{Command, Scope},
        effect::{Effect, SignalKind},
        event::{Mouse, MouseKind, News},
        ids::{ConnId, JobId},
        pane::{Cx, Pane, PaneKind, Popup, Running, Tell, Tone},
        world::World,
    },
    data::live::{
        Edge, Probe, Pulse, Session,
        locks::{LockNode, LockTree, Who},
    },
    views::live::{
        Moment,
        list::List,
        signal::{Ask, QUESTION, whom},
    },
};
use ratatui::{Frame, layout::Rect};
use std::{sync::Arc, time::Duration};

/// How often the server is asked.
const EVERY: Duration = Duration::from_secs(1);

/// The tree of who waits for whom.
#[derive(Default)]
pub struct Locks {
    moment: Moment,
    list: List<Who>,
    /// The tree of the sample it was made of, by its number and server clock.
    tree: (Option<i64>, LockTree),
    watching: Option<ConnId>,
    asked: Option<Ask>,
    sent: Option<(JobId, Ask, Duration)>,
    foot: Rect,
}

impl Locks {
    /// The sample shown.
    fn pulse<'w>(&self, world: &'w World) -> Option<&'w Pulse> {
        self.moment.shown(&world.server()?.live.pulses).map(|(pulse, _)| pulse)
    }

    /// Makes the tree of the sample shown, unless it is made.
    fn settle(&mut self, world: &World) {
        let pulse = self.pulse(world);
        let at = pulse.map(|p| p.at);
        if self.tree.0 == at && at.is_some() {
            return;
        }
        self.tree = (at, pulse.map(LockTree::of).unwrap_or_default());
        self.list.settle(self.tree.1.nodes.iter().map(|n| n.who.clone()).collect());
    }

    fn chosen(&self) -> Option<&LockNode> {
        self.tree.1.nodes.get(self.list.at())
    }

    /// The session under the cursor.
    fn session<'w>(&self, world: &'w World) -> Option<&'w Arc<Session>> {
        match self.chosen()?.who {
            Who::Session(pid) => self.pulse(world)?.session(pid),
            Who::Prepared(_) => None,
        }
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
        let Some(node) = self.chosen() else { return };
        if let Who::Prepared(gid) = &node.who {
            let quoted = crate::sql::quote::literal(gid);
            let text = format!(
                "A prepared transaction has no session to cancel. In its database, as its owner:\nROLLBACK PREPARED {quoted};\nCOMMIT PREPARED {quoted};"
            );
            return cx.popup(Popup::Page { title: format!("Prepared transaction {gid}"), text });
        }
        let Some(session) = self.session(cx.world) else { return };
        match Ask::new(kind, session, whom(session, cx.world)) {
            Err(why) => cx.toast(Tone::Warning, why),
            Ok(ask) => {
                cx.popup(ask.popup(Some(&frees(node))));
                self.asked = Some(ask);
            }
        }
    }

    fn send(&mut self, cx: &mut Cx<'_>) {
        let Some(ask) = self.asked.take() else { return };
        let (conn, signal) = (cx.world.active, ask.signal.clone());
        let job = cx.start(|job| Effect::Signal { job, conn, signal });
        self.sent = Some((job, ask, cx.world.now));
    }
}

/// What ending this one does for the others.
fn frees(node: &LockNode) -> String {
    match (node.frees, node.blocks) {
        (0, 0) => "Nobody waits for it.".into(),
        (0, blocks) => format!("{blocks} wait behind it, all of them for others, too."),
        (frees, blocks) if frees == blocks => format!("This lets {frees} go on."),
        (frees, blocks) => format!(
            "This lets {frees} of the {blocks} behind it go on at once; the others queue behind those."
        ),
    }
}

impl Pane for Locks {
    fn title(&self, world: &World) -> String {
        let waiting = world.server().and_then(|s| s.live.pulses.last()).map_or(0, |p| {
            let mut waiters: Vec<i32> = p.edges.iter().map(|e| e.waiter).collect();
            waiters.sort_unstable();
            waiters.dedup();
            waiters.len()
        });
        if waiting == 0 { "Locks".into() } else { format!("Locks {waiting}") }
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Live]
    }

    fn live(&self) -> bool {
        true
    }

    fn can(&self, command: Command, _: &World) -> bool {
        match command {
            Command::CancelBackend | Command::TerminateBackend => {
                self.chosen().is_some() && !self.moment.paused()
            }
            Command::OpenSession | Command::GoToRow => self.chosen().is_some(),
            Command::SortBy | Command::ShowWhich | Command::Find | Command::ToLocks | Command::ExplainIt => {
                false
            }
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
            Command::WorstMoment => match worst(&server.live.pulses) {
                Some(number) => self.moment.stop_at(number),
                None => cx.toast(Tone::Note, "Nobody waited in the samples kept"),
            },
            Command::CancelBackend => self.signal(SignalKind::Cancel, cx),
            Command::TerminateBackend => self.signal(SignalKind::Terminate, cx),
            Command::OpenSession => {
                if let Some(text) = self.page(cx.world) {
                    cx.popup(Popup::Page { title: "Session".into(), text });
                }
            }
            Command::GoToRow => self.go_to_row(cx),
            Command::CopyText => {
                let text = self.page(cx.world).unwrap_or_default();
                cx.ask(Effect::Copy(text));
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
            MouseKind::Press => {
                self.list.click(mouse.x, mouse.y);
            }
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
            Tell::ShowLocks(pid) => {
                self.moment = Moment::default();
                self.settle(cx.world);
                if !self.list.go(&Who::Session(pid)) {
                    cx.toast(Tone::Note, format!("pid {pid} waits for nobody and nobody waits for it"));
                }
            }
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

/// The sample in which most sessions waited, the latest of several.
fn worst(ring: &crate::data::live::Ring<Pulse>) -> Option<u64> {
    let waits = |pulse: &Pulse| pulse.edges.len();
    let (number, most) = ring.numbers().zip(ring.iter().map(waits)).max_by_key(|(_, waits)| *waits)?;
    (most > 0).then_some(number)
}

impl Locks {
    /// Opens the row that is waited for in Browse.
    fn go_to_row(&mut self, cx: &mut Cx<'_>) {
        let Some(server) = cx.world.server() else { return };
        let Some(edge) = self.chosen().and_then(|n| n.edge.clone()) else {
            return cx.toast(Tone::Note, "It waits for nothing: choose one that waits");
        };
        let object = &edge.object;
        let here = object.database == server.live.names.database;
        let known =
            server.catalog.as_ref().is_some_and(|c| c.relations.iter().any(|r| r.oid == object.relation));
        if object.relation == 0 || !here || !known {
            return cx.toast(Tone::Note, "It waits for no table of this database");
        }
        let tell = match (object.page, object.tuple) {
            (page @ 0.., tuple @ 1..) => {
                Tell::OpenWhere(object.relation, format!("ctid = '({page},{tuple})'"))
            }
            _ => Tell::OpenRelation(object.relation),
        };
        cx.tell(Tell::Show(PaneKind::Browse));
        cx.tell(tell);
    }
}

/// What somebody waits for in an edge, since when: exactly, or at most so long where the server does not tell.
fn waited(edge: &Edge, session: Option<&Arc<Session>>, now: i64) -> String {
    match (edge.since, session) {
        (Some(_), _) => crate::views::live::age(edge.since, now),
        (None, Some(session)) if session.state_change.is_some() => {
            format!("≤ {}", crate::views::live::age(session.state_change, now))
        }
        _ => "?".into(),
    }
}
