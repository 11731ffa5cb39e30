//! All staged changes: list, SQL, apply, conflicts.

mod conflict;
mod draw;
mod fault;
mod list;
mod news;
mod send;
mod settle;

use crate::{
    core::{
        command::{Command, Scope},
        effect::Effect,
        event::{Mouse, MouseKind, News},
        ids::{ConnId, JobId, Lane},
        pane::{Cx, Pane, PaneKind, Popup, Running, Tell, Tone},
        world::World,
    },
    data::edits::{Change, Stage, Staged, Text, Value, What},
    sql::{
        edit::{Sent, script},
        page,
    },
    text::units,
    widgets::textview::TextView,
};
use conflict::{Answer, Conflict, Kind};
use fault::{Details, Fault};
use list::{Line, Planned};
use ratatui::{Frame, layout::Rect};
use send::{Applying, checked, statement};
use std::{collections::HashMap, sync::Arc, time::Duration};

/// Question: which column of a new row?
const COLUMN: &str = "column";
/// Question: another value for a path of a document?
const VALUE: &str = "value";
/// Question: write on production?
const PRODUCTION: &str = "changes-production";

/// Rows read anew after an apply that met another number of rows.
#[derive(Debug)]
struct Reading {
    job: JobId,
    since: Duration,
    list: Vec<Arc<Change>>,
    rows: Vec<Option<Vec<Text>>>,
    at: usize,
    /// The change whose statement met another number.
    failed: Option<Arc<Change>>,
}

/// What goes on.
#[derive(Debug, Default)]
enum Phase {
    #[default]
    Idle,
    Applying(Box<Applying>),
    Reading(Box<Reading>),
    /// Which columns a constraint is about.
    Asking(JobId, Vec<String>),
}

/// See the module's first line.
#[derive(Debug, Default)]
pub struct Changes {
    conn: ConnId,
    staged: Arc<Staged>,
    details: Details,
    describing: HashMap<JobId, u32>,
    plan: Vec<Planned>,
    lines: Vec<Line>,
    at: usize,
    top: usize,
    height: usize,
    phase: Phase,
    fault: Option<Fault>,
    conflicts: Vec<Conflict>,
    /// The three-way view is shown; the line of it.
    settling: bool,
    conflict_at: usize,
    conflict_top: usize,
    /// A value being edited to settle a conflict: which one, its line, and what was staged before.
    editing: Option<(usize, usize, Option<Value>)>,
    /// A path of a document whose value is being typed: of which conflict, its line.
    path: Option<(usize, usize)>,
    /// A new row whose column is being chosen.
    choosing: Option<usize>,
    on_sql: bool,
    sql: TextView,
    /// What `sql` shows.
    sql_of: Option<(usize, Arc<Change>)>,
    list_area: Rect,
}

impl Changes {
    /// Takes over what is staged, and asks for the tables that are not described yet.
    fn look(&mut self, cx: &mut Cx<'_>) {
        let Some(staged) = cx.world.conns.get(&self.conn).map(|s| s.staged.clone()) else { return };
        for change in staged.changes() {
            let relation = change.table.oid;
            if !self.details.contains_key(&relation) && !self.describing.values().any(|r| *r == relation) {
                let conn = self.conn;
                let job = cx.start(|job| Effect::Describe { job, conn, relation });
                self.describing.insert(job, relation);
            }
        }
        self.staged = staged;
        self.replan();
        if let Some((conflict, cell, before)) = self.editing.take() {
            self.edited(conflict, cell, before, cx);
        }
        let staged = self.staged.clone();
        self.conflicts.iter_mut().for_each(|c| c.reopen(&staged));
    }

    fn replan(&mut self) {
        let here = self.planned().map(|(p, f)| (p.change.clone(), f));
        self.plan = list::plan(&self.staged, &self.details);
        self.lines = list::lines(&self.plan);
        self.sql_of = None;
        let again = here.and_then(|(change, field)| {
            let n = self.plan.iter().position(|p| Arc::ptr_eq(&p.change, &change))?;
            let line = field.map_or(Line::Change(n), |f| Line::Field(n, f));
            self.lines.iter().position(|l| *l == line)
        });
        self.at = again.unwrap_or(self.at);
        self.step(0);
    }

    /// The change under the cursor, and the column in it.
    fn planned(&self) -> Option<(&Planned, Option<usize>)> {
        match *self.lines.get(self.at)? {
            Line::Table(n, _) | Line::Change(n) => Some((self.plan.get(n)?, None)),
            Line::Field(n, f) => Some((self.plan.get(n)?, Some(f))),
        }
    }

    /// Moves the cursor; it never stands on the name of a table.
    fn step(&mut self, by: isize) {
        let last = self.lines.len().saturating_sub(1);
        let mut at = self.at.min(last).saturating_add_signed(by).min(last);
        while matches!(self.lines.get(at), Some(Line::Table(..))) {
            at = if by < 0 && at > 0 { at - 1 } else { at + 1 };
        }
        self.at = at;
        if self.sql_of.as_ref().map(|(n, _)| *n) != self.planned().map(|(p, _)| p.number) {
            self.sql_of = None;
        }
    }

    /// Lines of the three-way view: a conflict as a whole, or one of its cells.
    fn conflict_lines(&self) -> Vec<(usize, Option<usize>)> {
        let lines = |(n, c): (usize, &Conflict)| {
            let count = c.cells().len();
            std::iter::once((n, None)).chain((0..count).map(move |i| (n, Some(i)))).collect::<Vec<_>>()
        };
        self.conflicts.iter().enumerate().flat_map(lines).collect()
    }

    /// Conflicts that have no answer yet.
    fn open(&self) -> usize {
        self.conflicts.iter().filter(|c| c.state(None, &self.staged).is_none()).count()
    }

    fn busy(&self) -> bool {
        matches!(self.phase, Phase::Applying(_) | Phase::Reading(_))
    }

    /// Moves in what has the focus; `false`: no movement.
    fn travel(&mut self, command: Command) -> bool {
        if self.on_sql {
            return self.sql.command(command);
        }
        let page = self.height.max(2) as isize - 1;
        let by = match command {
            Command::Up => -1,
            Command::Down => 1,
            Command::HalfUp => -page / 2,
            Command::HalfDown => page / 2,
            Command::PageUp => -page,
            Command::PageDown => page,
            Command::First => isize::MIN / 2,
            Command::Last => isize::MAX / 2,
            _ => return false,
        };
        if self.settling {
            let last = self.conflict_lines().len().saturating_sub(1);
            self.conflict_at = self.conflict_at.min(last).saturating_add_signed(by).min(last);
        } else {
            self.step(by);
        }
        true
    }

    /// Why nothing can be written here.
    fn why_not(&self, world: &World) -> Option<String> {
        let info = world.conns.get(&self.conn)?.info.as_ref()?;
        if info.standby {
            return Some("Not applied: this server is a standby, it takes no writes".into());
        }
        if info.held_read_only {
            return Some(match &info.profile {
                Some(profile) => {
                    format!("Not applied: the profile {profile} is read-only. The changes stay staged")
                }
                None => "Not applied: this connection is read-only. The changes stay staged".into(),
            });
        }
        info.read_only.then(|| {
            "Not applied: transactions are read-only here by default (default_transaction_read_only). The changes stay staged".into()
        })
    }

    /// The question to answer first on a server of production.
    fn production(&self, world: &World) -> Option<Popup> {
        let info = world.conns.get(&self.conn)?.info.as_ref()?;
        let writes: Vec<String> = self
            .plan
            .iter()
            .map(|p| {
                let what = match &p.change.what {
                    What::Insert { .. } => "insert",
                    What::Update { .. } => "update",
                    What::Delete { .. } => "delete",
                    What::Bulk { .. } => "many rows:",
                };
                format!("{what} {}", list::row_name(&p.change))
            })
            .collect();
        Popup::production(PRODUCTION, info, &writes)
    }

    /// `confirmed`: the question of production was answered.
    fn apply(&mut self, confirmed: bool, cx: &mut Cx<'_>) {
        if self.busy() {
            return cx.toast(Tone::Note, "Already under way: Ctrl+C cancels");
        }
        if self.plan.is_empty() {
            return cx.toast(Tone::Note, "Nothing is staged");
        }
        if let Some(why) = self.why_not(cx.world) {
            return cx.toast(Tone::Error, why);
        }
        let open = self.open();
        if open > 0 {
            self.settling = true;
            let open = units::counted(open as u64, "conflict has", "conflicts have");
            return cx.toast(Tone::Warning, format!("{open} no answer: m keeps mine, t takes theirs"));
        }
        match checked(&self.plan) {
            Err((n, why)) => {
                self.at = self.lines.iter().position(|l| *l == Line::Change(n)).unwrap_or(self.at);
                cx.toast(Tone::Error, format!("{}: {why}", list::row_name(&self.plan[n].change)));
            }
            Ok(statements) => {
                if !confirmed && let Some(question) = self.production(cx.world) {
                    return cx.popup(question);
                }
                let conn = self.conn;
                let job = cx.start(|job| Effect::Apply { job, conn, statements });
                let applying = Applying::new(job, cx.world.now, self.plan.clone());
                self.phase = Phase::Applying(Box::new(applying));
                (self.fault, self.settling) = (None, false);
                self.conflicts.clear();
            }
        }
    }

    fn drop_change(&mut self, cx: &mut Cx<'_>) {
        let Some((planned, field)) = self.planned() else { return };
        let oid = planned.change.table.oid;
        let step = match (&planned.change.what, field) {
            (What::Update { key, fields, .. }, Some(f)) => {
                let Some(f) = fields.get(f) else { return };
                Stage::Revert { oid, key: key.clone(), column: f.column.clone() }
            }
            _ => Stage::Drop(planned.number),
        };
        self.fault = None;
        cx.tell(Tell::Stage(step));
    }

    fn go(&self, cx: &mut Cx<'_>) {
        let change = match self.conflict() {
            Some((c, _)) => &c.change,
            None => {
                let Some((planned, _)) = self.planned() else { return };
                &planned.change
            }
        };
        let oid = change.table.oid;
        cx.tell(match change.key() {
            Some(key) => Tell::OpenRow(oid, key.clone()),
            None => Tell::OpenRelation(oid),
        });
        cx.tell(Tell::Close);
    }

    /// The conflict under the cursor, and its line.
    fn conflict(&self) -> Option<(&Conflict, Option<usize>)> {
        if !self.settling {
            return None;
        }
        let (n, cell) = *self.conflict_lines().get(self.conflict_at)?;
        Some((self.conflicts.get(n)?, cell))
    }

    fn copy(&self, cx: &mut Cx<'_>) {
        let sent: Vec<&Sent> = self.plan.iter().filter_map(|p| p.sent.as_ref().ok()).flatten().collect();
        if sent.is_empty() {
            return cx.toast(Tone::Note, "There is no SQL yet");
        }
        let count = units::counted(sent.len() as u64, "statement", "statements");
        cx.copy(script(sent), format!("Copied {count} as a script for psql, values written in"));
    }

    /// Reads the rows of all changes anew, to compare them.
    fn read_again(&mut self, plan: &[Planned], failed: Option<usize>, cx: &mut Cx<'_>) {
        let mut list = vec![];
        let mut statements = vec![];
        for (n, planned) in plan.iter().enumerate() {
            let Some(detail) = self.detail(planned.change.table.oid) else { continue };
            let query = match &planned.change.what {
                What::Update { key, .. } | What::Delete { key, .. } => page::row(&detail, key).ok(),
                What::Bulk { rows, .. } if failed == Some(n) => Some(page::count_of(&detail, rows)),
                What::Insert { .. } | What::Bulk { .. } => None,
            };
            if let Some(query) = query {
                list.push(planned.change.clone());
                statements.push(statement(&query, true));
            }
        }
        let failed = failed.and_then(|n| plan.get(n)).map(|p| p.change.clone());
        if list.is_empty() {
            self.conflicts = failed.iter().map(|c| Conflict::new(c, Kind::Refused)).collect();
            return self.show_conflicts();
        }
        let lane = Lane::Read(self.conn);
        let job = cx.start(|job| Effect::Execute { job, lane, statements, credit: u64::MAX });
        let rows = vec![None; list.len()];
        self.phase =
            Phase::Reading(Box::new(Reading { job, since: cx.world.now, list, rows, at: 0, failed }));
    }

    fn show_conflicts(&mut self) {
        self.settling = !self.conflicts.is_empty();
        (self.conflict_at, self.conflict_top) = (0, 0);
        self.on_sql = false;
    }
}

impl Pane for Changes {
    fn title(&self, _: &World) -> String {
        let all = units::counted(self.plan.len() as u64, "staged change", "staged changes");
        if self.settling {
            return format!(
                "{all} · {} of {} settled",
                self.conflicts.len() - self.open(),
                self.conflicts.len()
            );
        }
        all
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Changes]
    }

    fn can(&self, command: Command, world: &World) -> bool {
        let some = !self.plan.is_empty();
        match command {
            Command::KeepMine | Command::TakeTheirs => self.settling,
            Command::ApplyChanges => some && !self.busy(),
            Command::DropChange => some && !self.busy() && !self.settling,
            Command::EditChange => some && !self.busy(),
            Command::GoToChange | Command::CopyChanges => some,
            Command::UndoStep => world.staged().is_some_and(|s| s.can_undo()) && !self.busy(),
            Command::RedoStep => world.staged().is_some_and(|s| s.can_redo()) && !self.busy(),
            _ => true,
        }
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        if self.travel(command) {
            return true;
        }
        let applying = matches!(self.phase, Phase::Applying(_));
        match command {
            // Its answers would go nowhere.
            Command::Back | Command::GoToChange if applying => {
                cx.toast(Tone::Note, "The changes are being applied: Ctrl+C cancels");
            }
            Command::DropChange | Command::EditChange | Command::UndoStep | Command::RedoStep
                if self.busy() =>
            {
                cx.toast(Tone::Note, "Not while this runs: Ctrl+C cancels");
            }
            Command::Back if self.settling => self.settling = false,
            Command::Back => cx.tell(Tell::Close),
            Command::NextPart | Command::PreviousPart => self.on_sql = !self.on_sql,
            Command::ApplyChanges => self.apply(false, cx),
            Command::DropChange if self.settling => self.settle(Answer::Theirs, cx),
            Command::DropChange => self.drop_change(cx),
            Command::KeepMine => self.settle(Answer::Mine, cx),
            Command::TakeTheirs => self.settle(Answer::Theirs, cx),
            Command::EditChange => self.edit(cx),
            Command::GoToChange => self.go(cx),
            Command::CopyChanges => self.copy(cx),
            Command::UndoStep => cx.tell(Tell::Stage(Stage::Undo)),
            Command::RedoStep => cx.tell(Tell::Stage(Stage::Redo)),
            // Nothing of another pane happens behind these changes while they are written.
            other => match PaneKind::of(other) {
                Some(_) if applying => {}
                Some(kind) => {
                    cx.tell(Tell::Show(kind));
                    cx.tell(Tell::Close);
                }
                None => return false,
            },
        }
        true
    }

    fn mouse(&mut self, mouse: Mouse, cx: &mut Cx<'_>) {
        let _ = cx;
        match mouse.kind {
            MouseKind::ScrollUp => drop(self.travel(Command::Up)),
            MouseKind::ScrollDown => drop(self.travel(Command::Down)),
            MouseKind::Press if self.list_area.contains((mouse.x, mouse.y).into()) => {
                let row = usize::from(mouse.y - self.list_area.y);
                self.on_sql = false;
                if self.settling {
                    self.conflict_at =
                        (self.conflict_top + row).min(self.conflict_lines().len().saturating_sub(1));
                } else {
                    self.at = self.top + row;
                    self.step(0);
                }
            }
            _ => {}
        }
    }

    fn shown(&mut self, cx: &mut Cx<'_>) {
        self.conn = cx.world.active;
        self.sql = TextView::new("");
        self.look(cx);
    }

    fn world_changed(&mut self, cx: &mut Cx<'_>) {
        self.look(cx);
    }

    fn told(&mut self, tell: Tell, cx: &mut Cx<'_>) {
        match tell {
            Tell::Answer { question: PRODUCTION, button: 0 } => self.apply(true, cx),
            Tell::Chosen { question: VALUE, text, .. } => self.value_typed(text, cx),
            Tell::Chosen { question: COLUMN, text, .. } => {
                if let Some(number) = self.choosing.take()
                    && let Some(change) = self.staged.changes().get(number).cloned()
                {
                    self.edit_column(&change, &text, cx);
                }
            }
            _ => {}
        }
    }

    fn news(&mut self, job: JobId, news: News, cx: &mut Cx<'_>) {
        self.heard(job, news, cx);
    }

    fn closed(&mut self, cx: &mut Cx<'_>) {
        if let Phase::Reading(r) = &self.phase {
            cx.ask(Effect::Cancel { job: r.job });
        }
    }

    fn running(&self) -> Option<Running> {
        match &self.phase {
            Phase::Applying(a) => Some(Running { job: a.job, what: a.what(), since: a.since }),
            Phase::Reading(r) => {
                Some(Running { job: r.job, what: "reading the changed rows".into(), since: r.since })
            }
            Phase::Idle | Phase::Asking(..) => None,
        }
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        self.paint(frame.buffer_mut(), area, world);
    }
}
