//! SQL: an editor above, results and messages below, one kept session.

mod actions;
mod copy;
mod draw;
mod edit;
mod keep;
mod messages;
mod outcome;
mod over;
mod popup;
mod rehearse;
mod run;
mod transaction;

use crate::{
    core::{
        command::{Command, Scope},
        effect::Effect,
        event::{Mouse, MouseKind, News, Tx},
        ids::JobId,
        key::{Chord, Key},
        pane::{Cx, Pane, Running, Tell, Tone},
        world::World,
    },
    data::saved::Parameter,
    sql::{complete, split},
    widgets::editor::{Edited, Editor},
};
use edit::Act;
use keep::{Draft, Waiting};
use messages::Messages;
use outcome::Outcome;
use ratatui::{Frame, layout::Rect};
use run::Job;
use std::{collections::HashMap, time::Duration};

/// Bytes of text up to which the current statement is marked while typing.
const MARKED: usize = 64 << 10;

/// The parts of the pane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    /// The text.
    #[default]
    Editor,
    /// Results and messages.
    Results,
}

/// The same statements again and again.
#[derive(Clone, Debug)]
struct Watch {
    every: Duration,
    /// When next; `None` while they run.
    next: Option<Duration>,
}

/// The SQL pane.
#[derive(Default)]
pub struct Sql {
    editor: Editor,
    part: Part,
    zoomed: Option<Part>,
    /// Results with rows, in order; behind them the messages.
    outcomes: Vec<Outcome>,
    messages: Messages,
    /// The tab shown: a result, or `outcomes.len()` for the messages.
    tab: usize,
    job: Option<Job>,
    /// A job that rested when the present one was sent; its last word is still to come.
    before: Option<Job>,
    /// What the present job does to the results on the screen.
    mode: run::Mode,
    /// Where in the text the last error is, and the text's version then.
    error: Option<usize>,
    savepoints: Vec<String>,
    list: Option<popup::List>,
    draft: Draft,
    waiting: Waiting,
    copying: Option<copy::Copying>,
    /// A run whose parameters are being asked for.
    asking: Option<(run::Run, Vec<Parameter>)>,
    /// The values given last, by name.
    values: HashMap<String, Option<String>>,
    /// Views over the result, the last on top.
    over: Vec<over::Over>,
    watch: Option<Watch>,
    last_run: Option<run::Run>,
    editing: Option<edit::Editing>,
    /// A run that waits for the question of production.
    confirming: Option<(run::Run, run::Mode)>,
    rehearsal: Option<rehearse::Rehearsal>,
    /// What is left of a run behind the part that runs.
    rest: Option<run::Run>,
    places: draw::Places,
}

impl Pane for Sql {
    fn title(&self, _: &World) -> String {
        "SQL".into()
    }

    fn scopes(&self) -> Vec<Scope> {
        match (self.part, &self.list) {
            (Part::Editor, Some(_)) => vec![Scope::List, Scope::Editor, Scope::Sql],
            (Part::Editor, None) => vec![Scope::Editor, Scope::Sql],
            (Part::Results, _) if self.on_screen().is_some() => match self.over.last() {
                Some(over::Over::Value(_)) => vec![Scope::Value, Scope::Sql],
                Some(over::Over::Record(_)) => vec![Scope::Record, Scope::Sql],
                None => vec![Scope::Grid, Scope::Sql],
            },
            (Part::Results, _) => vec![Scope::Page, Scope::Sql],
        }
    }

    fn typing(&self) -> bool {
        self.part == Part::Editor
    }

    fn can(&self, command: Command, world: &World) -> bool {
        match command {
            Command::Transaction
            | Command::RunStatement
            | Command::RunAll
            | Command::ExplainPlan
            | Command::AnalyzePlan => world.server().is_some_and(|s| s.info.is_some()),
            Command::NextResult | Command::PreviousResult => !self.outcomes.is_empty(),
            Command::GoToError => self.error.is_some(),
            other => match self.over.last() {
                Some(over::Over::Value(view)) if !over::edits(other) => view.can(other).unwrap_or(true),
                _ => true,
            },
        }
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        if self.list.is_some() && self.list_command(command, cx) {
            return true;
        }
        if self.pane_command(command, cx) {
            return true;
        }
        match self.part {
            Part::Editor => self.editor_command(command, cx),
            Part::Results => self.results_command(command, cx),
        }
    }

    fn typed(&mut self, chord: Chord, cx: &mut Cx<'_>) {
        if self.part == Part::Editor {
            match self.editor.key(chord) {
                Edited::Text => self.text_changed(cx),
                Edited::Moved => {
                    self.list = None;
                    self.mark_current();
                }
                Edited::No => {}
            }
        }
    }

    fn paste(&mut self, text: &str, cx: &mut Cx<'_>) {
        self.part = Part::Editor;
        self.editor.paste(text);
        self.text_changed(cx);
    }

    fn mouse(&mut self, mouse: Mouse, cx: &mut Cx<'_>) {
        self.on_mouse(mouse, cx);
    }

    fn news(&mut self, job: JobId, news: News, cx: &mut Cx<'_>) {
        let columns = matches!(news, News::Columns(_));
        if !self.editing_news(job, &news, cx) && !self.run_news(job, &news, cx) {
            self.kept_news(job, news, cx);
        }
        if columns {
            self.take_staged(cx);
        }
    }

    fn told(&mut self, tell: Tell, cx: &mut Cx<'_>) {
        match tell {
            Tell::EditSql { text, run } => self.edit(&text, run, cx),
            Tell::InsertSql(text) => {
                self.part = Part::Editor;
                self.editor.insert(&text);
                self.text_changed(cx);
            }
            Tell::RunQuery { name, statements, title, read_only, watch } => {
                let title = if title.is_empty() { name } else { title };
                self.run_query(&title, statements, read_only, watch, cx);
            }
            Tell::CopyFile(text) => self.copy_file(&text, cx),
            Tell::SaveAs(name) => {
                self.waiting.keep_text(self.editor.text());
                self.save_as(&name, cx);
            }
            Tell::WatchEvery(text) => self.watch_every(&text, cx),
            Tell::Lost(text) => self.lost(&text),
            Tell::Chosen { question, text, index } => self.chosen(question, &text, index, cx),
            Tell::Filled { values, .. } => self.filled(&values, cx),
            Tell::Answer { question, button } => self.answered(question, button, cx),
            _ => {}
        }
    }

    fn world_changed(&mut self, cx: &mut Cx<'_>) {
        self.take_staged(cx);
    }

    fn shown(&mut self, cx: &mut Cx<'_>) {
        self.recall(cx);
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.keep_draft(cx);
        self.watch_tick(cx);
        self.sample_tick(cx);
        if let Some(o) = self.outcomes.get_mut(self.tab) {
            let (rows, grid) = o.parts();
            if grid.searching() {
                grid.find_step(&rows);
            }
        }
    }

    fn wants_tick(&self) -> Option<Duration> {
        let searching = self.outcomes.get(self.tab).is_some_and(|o| o.grid.searching());
        let watch = self.watch.as_ref().and_then(|w| w.next);
        let sample = self.rehearsal.as_ref().and_then(rehearse::Rehearsal::wants_tick);
        [self.draft.due, watch, sample, searching.then_some(Duration::ZERO)].into_iter().flatten().min()
    }

    fn closed(&mut self, cx: &mut Cx<'_>) {
        self.draft.due = self.draft.due.map(|_| Duration::ZERO);
        self.keep_draft(cx);
        if let Some(job) = &self.job {
            cx.ask(Effect::Stop { job: job.id });
        }
    }

    fn running(&self) -> Option<Running> {
        self.running_now()
    }

    fn holds(&self, world: &World) -> Option<String> {
        let tx = world.server().map_or(Tx::Idle, |s| s.tx);
        (tx == Tx::Open).then(|| "A transaction is open in SQL.".into())
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        self.draw_all(frame, area, world);
    }
}

impl Sql {
    /// The result on the screen, if it is not the messages.
    fn on_screen(&self) -> Option<&Outcome> {
        self.outcomes.get(self.tab)
    }

    /// Commands that mean the same in both parts.
    fn pane_command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        match command {
            Command::RunStatement | Command::Refresh => self.run_statement(cx),
            Command::RunAll => self.run_all(cx),
            Command::ExplainPlan => self.explain(false, cx),
            Command::AnalyzePlan => self.explain(true, cx),
            Command::ExternalEditor => self.open_editor(cx),
            Command::SearchHistory => self.ask_history(cx),
            Command::SaveQuery => self.ask_save(cx),
            Command::Transaction => self.transaction_menu(cx),
            Command::NextResult => self.turn(true),
            Command::PreviousResult => self.turn(false),
            Command::Watch => self.ask_watch(cx),
            Command::GoToError => self.go_to_error(cx),
            Command::EditSql => self.part = Part::Editor,
            Command::EditResult if self.part == Part::Results => self.edit_result(Act::Edit, cx),
            Command::SetSpecial if self.part == Part::Results => self.edit_result(Act::Special, cx),
            Command::DeleteRow if self.part == Part::Results => self.edit_result(Act::Delete, cx),
            Command::InsertRow if self.part == Part::Results => self.edit_result(Act::Insert, cx),
            Command::DuplicateRow if self.part == Part::Results => self.edit_result(Act::Duplicate, cx),
            Command::UndoStep => cx.tell(Tell::Stage(crate::data::edits::Stage::Undo)),
            Command::RedoStep => cx.tell(Tell::Stage(crate::data::edits::Stage::Redo)),
            Command::Cancel => return self.cancel(cx),
            Command::Zoom => {
                self.zoomed = if self.zoomed.is_some() { None } else { Some(self.part) };
            }
            _ => return false,
        }
        true
    }

    fn turn(&mut self, forward: bool) {
        self.over.clear();
        let tabs = self.outcomes.len() + 1;
        self.tab = if forward { (self.tab + 1) % tabs } else { (self.tab + tabs - 1) % tabs };
    }

    fn focus(&mut self, part: Part) {
        self.part = part;
        self.list = None;
        if self.zoomed.is_some() {
            self.zoomed = Some(part);
        }
    }

    fn editor_command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        match command {
            // psql's \x.
            Command::OpenRecord if self.on_screen().is_some() => {
                self.focus(Part::Results);
                self.open_record();
            }
            Command::LeaveEditor | Command::PreviousPart | Command::NextPart => self.focus(Part::Results),
            Command::Complete => self.complete(cx),
            Command::CompleteOrIndent => {
                if self.after_word() {
                    self.complete(cx);
                } else {
                    self.editor.tab = usize::from(cx.world.settings.tab_width.max(1));
                    self.editor.key(Chord::plain(Key::Tab));
                    self.text_changed(cx);
                }
            }
            _ => return false,
        }
        true
    }

    /// A word or a dot stands before the cursor.
    fn after_word(&self) -> bool {
        let at = self.editor.cursor();
        let before = self.editor.lines().get(at.line).and_then(|l| l.get(..at.byte)).unwrap_or("");
        self.editor.selection().is_none()
            && before
                .chars()
                .next_back()
                .is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '"' | '$'))
    }

    /// What fits at the cursor: taken at once when it is one thing, listed otherwise.
    fn complete(&mut self, cx: &mut Cx<'_>) {
        let Some(catalog) = cx.world.catalog() else {
            return cx.toast(Tone::Note, "Nothing to complete yet: the catalog is being read");
        };
        let text = self.editor.text();
        let found = complete::complete(&text, self.editor.offset(), catalog);
        if let [only] = found.items.as_slice() {
            self.editor.replace(found.start..found.end, &only.insert);
            return self.text_changed(cx);
        }
        self.list = popup::List::new(found);
        if self.list.is_none() {
            cx.toast(Tone::Note, "Nothing fits here");
        }
    }

    fn list_command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        let Some(list) = self.list.as_mut() else { return false };
        match command {
            Command::Accept | Command::CompleteOrIndent => self.take_completion(cx),
            Command::Dismiss | Command::LeaveEditor => self.list = None,
            other => return list.command(other),
        }
        true
    }

    fn take_completion(&mut self, cx: &mut Cx<'_>) {
        if let Some(list) = self.list.take()
            && let Some((item, range)) = list.chosen()
        {
            self.editor.replace(range, &item.insert);
            self.text_changed(cx);
        }
    }

    /// After every change of the text or the cursor.
    fn text_changed(&mut self, cx: &mut Cx<'_>) {
        self.draft.touched(&self.editor, cx.world.now);
        self.error = None;
        self.mark_current();
        if self.list.is_some() {
            // The list follows what is typed, and goes away when the word does.
            let typed = self.after_word();
            let catalog = cx.world.catalog().filter(|_| typed);
            self.list = catalog.and_then(|c| {
                let found = complete::complete(&self.editor.text(), self.editor.offset(), c);
                popup::List::new(found)
            });
        }
    }

    fn results_command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        if matches!(command, Command::NextPart | Command::PreviousPart) {
            self.focus(Part::Editor);
            return true;
        }
        if self.on_screen().is_none() {
            return match command {
                Command::CopyCell | Command::CopyRow => {
                    cx.copy(self.messages.text(), "Messages copied");
                    true
                }
                other => self.messages.command(other),
            };
        }
        if !self.over.is_empty() {
            return self.over_command(command, cx);
        }
        if command == Command::Last && self.read_to_end(cx) {
            return true;
        }
        if self.copy_command(command, cx) {
            return true;
        }
        match command {
            Command::OpenRecord => {
                self.stay_here();
                self.open_record();
                return true;
            }
            Command::OpenValue => {
                self.stay_here();
                self.open_value();
                return true;
            }
            _ => {}
        }
        let Some(o) = self.outcomes.get_mut(self.tab) else { return false };
        let (rows, grid) = o.parts();
        if command == Command::Find {
            let text = grid.finding().to_owned();
            self.ask_find(text, cx);
            return true;
        }
        let done = grid.command(command, &rows);
        if done {
            self.stay_here();
            self.read_on(cx);
        }
        done
    }

    /// The cursor was moved: it no longer follows the rows to their end. Help and menus do not move it.
    fn stay_here(&mut self) {
        if let Some(job) = self.job.as_mut() {
            job.to_end = false;
        }
    }

    fn on_mouse(&mut self, mouse: Mouse, cx: &mut Cx<'_>) {
        let at = ratatui::layout::Position { x: mouse.x, y: mouse.y };
        if let Some(list) = self.list.as_mut()
            && matches!(mouse.kind, MouseKind::Press | MouseKind::Double)
        {
            if list.click(mouse.x, mouse.y) {
                self.take_completion(cx);
            } else {
                self.list = None;
            }
            return;
        }
        let wheel = matches!(mouse.kind, MouseKind::ScrollUp | MouseKind::ScrollDown);
        if self.places.editor.contains(at) {
            if !wheel {
                self.focus(Part::Editor);
            }
            self.editor_mouse(mouse);
        } else if let Some(tab) = self.places.tab(at) {
            if !wheel {
                self.focus(Part::Results);
                self.over.clear();
                self.tab = tab;
            }
        } else if self.places.results.contains(at) {
            if !wheel {
                self.focus(Part::Results);
            }
            self.results_mouse(mouse, cx);
        }
    }

    fn editor_mouse(&mut self, mouse: Mouse) {
        match mouse.kind {
            MouseKind::ScrollUp => self.editor.wheel(-3),
            MouseKind::ScrollDown => self.editor.wheel(3),
            MouseKind::Double => {
                self.editor.click_word(mouse.x, mouse.y);
            }
            kind => {
                self.editor.click(mouse.x, mouse.y, kind == MouseKind::Drag);
            }
        }
        self.mark_current();
    }

    /// Marks the lines that F5 would run. A long text is not split at every key.
    fn mark_current(&mut self) {
        let few = self.editor.len() <= MARKED;
        let span = few
            .then(|| split::statement_at(&self.editor.text(), self.editor.offset(), &Self::split_options()))
            .flatten();
        self.editor.set_current(span.map(|s| s.start..s.end));
    }

    fn results_mouse(&mut self, mouse: Mouse, cx: &mut Cx<'_>) {
        if self.over_mouse(mouse) {
            return self.read_on(cx);
        }
        let up = mouse.kind == MouseKind::ScrollUp;
        let Some(o) = self.outcomes.get_mut(self.tab) else {
            if mouse.kind == MouseKind::Double {
                self.go_to_error(cx);
            } else if up || mouse.kind == MouseKind::ScrollDown {
                self.messages.wheel(up);
            }
            return;
        };
        let (rows, grid) = o.parts();
        match mouse.kind {
            MouseKind::ScrollUp => grid.wheel(-3, &rows),
            MouseKind::ScrollDown => grid.wheel(3, &rows),
            MouseKind::Press => {
                grid.click(mouse.x, mouse.y);
            }
            MouseKind::Double => {
                grid.click(mouse.x, mouse.y);
                self.open_record();
            }
            MouseKind::Drag => {}
        }
        self.read_on(cx);
    }
}
