//! Health: the server's own figures with thresholds and trends, what to do about them, and where to look next.

mod draw;

use crate::{
    core::{
        command::{Command, Scope},
        event::Mouse,
        pane::{Cx, Pane, PaneKind, Popup, Tell, Tone},
        world::World,
    },
    data::{
        health::{Checkup, Go, Line},
        live::{Probe, Ring},
    },
    views::live::{
        self, Moment,
        list::{Hit, List},
    },
};
use ratatui::{Frame, layout::Rect};
use std::sync::Arc;

const FILTER: &str = "health-filter";

/// What the rows were made of; made anew when it changed.
#[derive(Clone, Debug, Default, PartialEq)]
struct Stamp {
    number: u64,
    at: i64,
    filter: String,
    calls: bool,
    worst: bool,
}

/// The list of lines.
#[derive(Default)]
pub struct Health {
    moment: Moment,
    list: List<String>,
    filter: String,
    /// Only what calls for attention.
    calls: bool,
    /// The worst first, not by section.
    worst: bool,
    wanted: bool,
    stamp: Option<Stamp>,
    lines: Vec<Arc<Line>>,
}

impl Health {
    fn ring<'w>(&self, world: &'w World) -> Option<&'w Ring<Checkup>> {
        Some(&world.server()?.live.checkups)
    }

    fn checkup<'w>(&self, world: &'w World) -> Option<&'w Checkup> {
        self.moment.shown(self.ring(world)?).map(|(checkup, _)| checkup)
    }

    /// Makes the rows, unless they are made.
    fn settle(&mut self, world: &World) {
        let shown = self.ring(world).and_then(|ring| Some((self.moment.number(ring)?, self.checkup(world)?)));
        let Some((number, checkup)) = shown else {
            self.stamp = None;
            self.lines.clear();
            return self.list.settle(vec![]);
        };
        let stamp = Stamp {
            number,
            at: checkup.at,
            filter: self.filter.clone(),
            calls: self.calls,
            worst: self.worst,
        };
        if self.stamp.as_ref() == Some(&stamp) {
            return;
        }
        let needle = self.filter.to_lowercase();
        let wanted = |line: &&Arc<Line>| {
            let text = || format!("{} {} {}", line.section.name(), line.name, line.value).to_lowercase();
            (!self.calls || line.level.calls()) && (needle.is_empty() || text().contains(&needle))
        };
        self.lines = checkup.lines.iter().filter(wanted).cloned().collect();
        if self.worst {
            self.lines.sort_by_key(|line| std::cmp::Reverse(line.level));
        }
        self.list.settle(self.lines.iter().map(|line| line.key.clone()).collect());
        self.stamp = Some(stamp);
    }

    fn chosen(&self) -> Option<&Arc<Line>> {
        let key = self.list.chosen()?;
        self.lines.iter().find(|line| line.key == *key)
    }

    /// Asks to be sampled; the slow part only when somebody looks, not each time the connection comes back.
    fn watch(&self, advice: bool, cx: &mut Cx<'_>) {
        if !self.wanted {
            return;
        }
        let never = self.ring(cx.world).is_none_or(Ring::is_empty);
        for probe in [Probe::Health, Probe::Advice] {
            if (probe == Probe::Health || advice || never)
                && let Some(effect) = live::watch(cx.world, probe)
            {
                cx.ask(effect);
            }
        }
    }

    /// To the sample in which most called for attention, the latest of several.
    fn worst_moment(&mut self, cx: &mut Cx<'_>) {
        let Some(ring) = self.ring(cx.world) else { return };
        let calls = |checkup: &Checkup| {
            let levels = checkup.lines.iter().map(|line| line.level);
            levels.filter(|level| level.calls()).map(|level| level as usize).sum::<usize>()
        };
        match ring.greatest(calls).filter(|(_, calls)| *calls > 0) {
            Some((number, _)) => self.moment.stop_at(number),
            None => cx.toast(Tone::Note, "Nothing called for attention in the samples kept"),
        }
    }

    /// Where to look next.
    fn go(&self, cx: &mut Cx<'_>) {
        match self.chosen().and_then(|line| line.go.clone()) {
            Some(Go::Activity) => cx.tell(Tell::ShowNow(PaneKind::Activity)),
            Some(Go::Locks) => cx.tell(Tell::ShowNow(PaneKind::Locks)),
            Some(Go::Statements) => cx.tell(Tell::ShowNow(PaneKind::Statements)),
            Some(Go::Saved(name)) => {
                cx.tell(Tell::Show(PaneKind::Saved));
                cx.tell(Tell::OpenSaved(name.to_owned()));
            }
            Some(Go::Relation(oid)) => {
                if !cx.world.catalog().is_some_and(|c| c.relations.iter().any(|r| r.oid == oid)) {
                    return cx.toast(
                        Tone::Note,
                        "Its table is not in the tree: F5 in Browse reads the catalog anew",
                    );
                }
                cx.tell(Tell::Show(PaneKind::Browse));
                cx.tell(Tell::OpenRelation(oid));
            }
            None => cx.toast(Tone::Note, "There is no better place to look"),
        }
    }
}

impl Pane for Health {
    fn title(&self, _: &World) -> String {
        "Health".into()
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Live]
    }

    fn probe(&self) -> Option<Probe> {
        Some(Probe::Health)
    }

    fn can(&self, command: Command, _: &World) -> bool {
        match command {
            Command::CancelBackend | Command::TerminateBackend | Command::ToLocks | Command::ExplainIt => {
                false
            }
            Command::MarkMoment | Command::SortBack | Command::WriteSamples | Command::WhoHoldsVacuum => {
                false
            }
            Command::OpenSession | Command::CopyText => self.chosen().is_some(),
            Command::StepToSql => self.chosen().is_some_and(|line| line.sql.is_some()),
            Command::GoToRow => self.chosen().is_some_and(|line| line.go.is_some()),
            _ => true,
        }
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        self.settle(cx.world);
        let Some(ring) = self.ring(cx.world) else { return false };
        if let Some(done) = self.moment.command(command, ring) {
            if let Err(why) = done {
                cx.toast(Tone::Note, why);
            }
            self.settle(cx.world);
            return true;
        }
        match command {
            Command::WorstMoment => self.worst_moment(cx),
            Command::SortBy => self.worst = !self.worst,
            Command::ShowWhich => self.calls = !self.calls,
            Command::Find => cx.popup(Popup::Line {
                question: FILTER,
                title: "Show only lines with".into(),
                text: self.filter.clone(),
                hint: "Part of section, name or value; empty: all".into(),
            }),
            Command::Back if !self.filter.is_empty() => self.filter.clear(),
            Command::OpenSession => {
                if let Some(line) = self.chosen() {
                    cx.popup(Popup::Page { title: line.name.clone(), text: draw::page(line) });
                }
            }
            Command::GoToRow => self.go(cx),
            Command::StepToSql => match self.chosen().and_then(|line| line.sql.clone()) {
                Some(text) => {
                    cx.tell(Tell::Show(PaneKind::Sql));
                    cx.tell(Tell::EditSql { text, run: false });
                }
                None => cx.toast(Tone::Note, "This line has no SQL"),
            },
            Command::CopyText => {
                if let Some(line) = self.chosen() {
                    let (text, said) = match &line.sql {
                        Some(sql) => (sql.clone(), "The SQL is copied"),
                        None => (draw::page(line), "Copied"),
                    };
                    cx.copy(text, said);
                }
            }
            Command::Refresh => self.watch(true, cx),
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

    fn told(&mut self, tell: Tell, cx: &mut Cx<'_>) {
        if let Tell::Chosen { question: FILTER, text, .. } = tell {
            self.filter = text.trim().to_owned();
            self.settle(cx.world);
        }
    }

    fn shown(&mut self, cx: &mut Cx<'_>) {
        // What tables want is read when Health is opened; coming back within the same look shows what was read.
        let first = !self.wanted;
        self.wanted = true;
        self.watch(first, cx);
    }

    fn world_changed(&mut self, cx: &mut Cx<'_>) {
        if self.ring(cx.world).is_none_or(Ring::is_empty) {
            // Another server: what was stopped at is gone.
            self.moment = Moment::default();
        }
        self.stamp = None;
        self.watch(false, cx);
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        self.settle(world);
        self.draw_all(frame, area, world);
    }
}
