//! Locks: who is stuck behind whom, since when, and what ending somebody would free.

mod draw;
mod said;

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
        Edge, Probe, Pulse, Session,
        locks::{LockNode, LockTree, Who},
    },
    views::live::{
        self, Moment,
        export::Exports,
        list::{Hit, List},
        signal::Signals,
    },
};
use ratatui::{Frame, layout::Rect};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::Arc,
};

/// The question's name.
const FIND: &str = "locks-find";

/// The tree of who waits for whom.
#[derive(Default)]
pub struct Locks {
    moment: Moment,
    list: List<Who>,
    /// The tree of the sample it was made of, by its number and server clock.
    tree: (Option<i64>, LockTree),
    wanted: bool,
    signals: Signals,
    exports: Exports,
    /// Of each line of the tree its session's place in the sample.
    places: Vec<Option<usize>>,
    /// The sample in which most waited and how many, of the samples with these numbers.
    worst: (Range<u64>, Option<(u64, usize)>),
    /// The tree of a moment to compare with, and when that was.
    mark: Option<(i64, LockTree)>,
    /// What changed since the mark: who came, and what is said of it.
    since: Option<(BTreeSet<Who>, String)>,
    foot: Rect,
    /// What was looked for last.
    find: String,
}

impl Locks {
    /// The sample shown.
    fn pulse<'w>(&self, world: &'w World) -> Option<&'w Pulse> {
        self.moment.shown(&world.server()?.live.pulses).map(|(pulse, _)| pulse)
    }

    /// Makes the tree of the sample shown, unless it is made.
    fn settle(&mut self, world: &World) {
        let Some(ring) = world.server().map(|s| &s.live.pulses) else { return };
        if self.worst.0 != ring.numbers() {
            let most = ring.greatest(|pulse| pulse.waiting).filter(|(_, waiting)| *waiting > 0);
            self.worst = (ring.numbers(), most);
        }
        let pulse = self.pulse(world);
        let at = pulse.map(|p| p.at);
        if self.tree.0 == at && at.is_some() {
            return;
        }
        let tree = pulse.map(LockTree::of).unwrap_or_default();
        let sessions = pulse.map(|p| &*p.sessions).unwrap_or_default();
        let places: BTreeMap<i32, usize> = sessions.iter().zip(0..).map(|(s, n)| (s.pid, n)).collect();
        let place = |node: &LockNode| match node.who {
            Who::Session(pid) => places.get(&pid).copied(),
            Who::Prepared(_) => None,
        };
        self.places = tree.nodes.iter().map(place).collect();
        self.list.settle(tree.nodes.iter().map(|n| n.who.clone()).collect());
        self.tree = (at, tree);
        self.compare();
    }

    /// Says what changed since the mark; of a moment before it nothing came or ended since.
    fn compare(&mut self) {
        self.since = self.mark.as_ref().map(|(mark, then)| match self.tree.0 {
            Some(at) if at < *mark => {
                let mark = live::clock(*mark);
                let words =
                    format!("This moment is before the mark at {mark}: what changed since shows behind it");
                (BTreeSet::new(), words)
            }
            _ => draw::since(*mark, then, &self.tree.1),
        });
    }

    fn chosen(&self) -> Option<&LockNode> {
        self.tree.1.nodes.get(self.list.at())
    }

    /// The session under the cursor.
    fn session<'w>(&self, world: &'w World) -> Option<&'w Arc<Session>> {
        let place = self.places.get(self.list.at()).copied()??;
        self.pulse(world)?.sessions.get(place)
    }

    /// Marks the moment shown; the same one again takes the mark away.
    fn mark(&mut self, cx: &mut Cx<'_>) {
        let Some(at) = self.tree.0 else { return };
        if self.mark.take_if(|(mark, _)| *mark == at).is_some() {
            self.compare();
            return cx.toast(Tone::Note, "The mark is taken away");
        }
        self.mark = Some((at, self.tree.1.clone()));
        self.compare();
        let at = live::clock(at);
        cx.toast(Tone::Ok, format!("Marked {at}: + is who came since; below stands who is out of it"));
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
        let Some(node) = self.chosen() else { return };
        if let Who::Prepared(gid) = &node.who {
            let quoted = crate::sql::quote::literal(gid);
            let names = cx.world.server().map(|s| &s.live.names);
            let prepared = self.pulse(cx.world).and_then(|pulse| pulse.prepared(gid)).zip(names);
            let (database, owner) = prepared
                .map_or(("its database".into(), "its owner".into()), |(p, names)| {
                    (names.database(p.database), names.role(p.owner))
                });
            let text = format!(
                "A prepared transaction has no session to cancel. In {database}, as {owner} or a superuser:\nROLLBACK PREPARED {quoted};\nCOMMIT PREPARED {quoted};"
            );
            return cx.popup(Popup::Page { title: format!("Prepared transaction {gid}"), text });
        }
        let frees = said::frees(node);
        let Some(session) = self.session(cx.world) else { return };
        match self.signals.ask(kind, session, Some(&frees), cx.world) {
            Err(why) => cx.toast(Tone::Warning, why),
            Ok(question) => cx.popup(question),
        }
    }
}

impl Pane for Locks {
    fn title(&self, world: &World) -> String {
        let waiting = world.server().and_then(|s| s.live.pulses.last()).map_or(0, |p| p.waiting);
        if waiting == 0 { "Locks".into() } else { format!("Locks {waiting}") }
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Live]
    }

    fn probe(&self) -> Option<Probe> {
        Some(Probe::Pulse)
    }

    fn can(&self, command: Command, _: &World) -> bool {
        match command {
            Command::CancelBackend | Command::TerminateBackend => {
                self.chosen().is_some() && !self.moment.paused()
            }
            Command::OpenSession | Command::GoToRow => self.chosen().is_some(),
            Command::SortBy
            | Command::SortBack
            | Command::WhoHoldsVacuum
            | Command::StepToSql
            | Command::ShowWhich
            | Command::ToLocks
            | Command::ExplainIt => false,
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
            Command::WorstMoment => match self.worst.1 {
                Some((number, _)) => self.moment.stop_at(number),
                None => cx.toast(Tone::Note, "Nobody waited in the samples kept"),
            },
            Command::MarkMoment => self.mark(cx),
            Command::Find => cx.popup(Popup::Line {
                question: FIND,
                title: "Go to the next one with".into(),
                text: self.find.clone(),
                hint: "A part of pid, role@database, application, what is waited for, or statement".into(),
            }),
            Command::WriteSamples => {
                let at = server.live.pulses.last().map_or(0, |p| p.at);
                cx.popup(self.exports.ask("locks", at, live::export_hint(&server.live.pulses)));
            }
            Command::CancelBackend => self.signal(SignalKind::Cancel, cx),
            Command::TerminateBackend => self.signal(SignalKind::Terminate, cx),
            Command::OpenSession => {
                if let (Some(text), Some(at)) = (self.page(cx.world), self.tree.0) {
                    let title = format!("As it was at {}", live::clock(at));
                    cx.popup(Popup::Page { title, text });
                }
            }
            Command::GoToRow => self.go_to_row(cx),
            Command::CopyText => {
                let text = self.page(cx.world).unwrap_or_default();
                cx.copy(text, "Copied");
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
        if let Tell::Chosen { question: FIND, text, .. } = &tell {
            self.find.clone_from(text);
            self.find(cx);
        }
        match tell {
            Tell::StopAt(number) => self.moment = Moment::of(number),
            Tell::ShowNow(_) => self.moment = Moment::default(),
            Tell::ShowLocks(pid) => {
                self.settle(cx.world);
                if !self.list.go(&Who::Session(pid)) {
                    let then = if self.moment.paused() { "At this moment " } else { "" };
                    cx.toast(Tone::Note, format!("{then}pid {pid} waits for nobody and nobody waits for it"));
                }
            }
            _ => {}
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
            (self.moment, self.mark, self.since) = (Moment::default(), None, None);
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

impl Locks {
    /// The cursor to the next line with what is looked for.
    fn find(&mut self, cx: &mut Cx<'_>) {
        self.settle(cx.world);
        let (Some(pulse), Some(server)) = (self.pulse(cx.world), cx.world.server()) else { return };
        let (nodes, wanted) = (&self.tree.1.nodes, self.find.to_lowercase());
        let has = |n: &usize| {
            let session = self.places.get(*n).copied().flatten().and_then(|place| pulse.sessions.get(place));
            said::text(&nodes[*n], session, &server.live.names).to_lowercase().contains(&wanted)
        };
        let from = self.list.at() + 1;
        let found = (from..nodes.len()).chain(0..from.min(nodes.len())).find(has);
        match found.map(|n| nodes[n].who.clone()) {
            Some(who) => drop(self.list.go(&who)),
            None => cx.toast(Tone::Note, format!("Nobody in this tree has \"{}\"", self.find)),
        }
    }

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
        (Some(_), _) => live::age(edge.since, now),
        (None, Some(session)) if session.state_change.is_some() => {
            format!("≤ {}", live::age(session.state_change, now))
        }
        _ => "?".into(),
    }
}
