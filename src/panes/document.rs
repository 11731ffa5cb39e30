//! A document of a row as a popup: the value view, for rows that are not read by key, such as those of a result and
//! new ones. Its changes are staged as those made in Browse are.

use crate::{
    core::{
        command::{Command, Scope},
        event::{Mouse, MouseKind},
        key::Chord,
        pane::{Cx, DocumentAsk, EditAsk, Pane, PaneKind, Popup, Tell, Tone},
        world::World,
    },
    data::{
        edits::{TableRef, Text, Value},
        json::Step,
        value::Kind,
    },
    panes::value_said,
    sql::quote::{ident, literal},
    views::value::{Done, Home, Question, ValueView},
};
use ratatui::{Frame, layout::Rect};
use std::time::Duration;

/// Question: the text to find.
const FIND: &str = "document-find";
/// What the view asks.
const ASK: &str = "document-ask";

/// See the module.
#[derive(Debug)]
pub struct Document {
    title: String,
    /// The database its row is of.
    place: Option<String>,
    oid: u32,
    jsonb: bool,
    view: ValueView,
    /// Where to go and what to do there, once the document is read.
    begin: Option<(Vec<Step>, Command)>,
    question: Option<Question>,
}

impl Document {
    /// A document of a row that was read whole.
    #[must_use]
    pub fn new(ask: DocumentAsk, world: &World) -> Self {
        let DocumentAsk { ask: EditAsk { detail, target, column, seen, staged, .. }, at, begin } = ask;
        let info = detail.columns.get(column).cloned().unwrap_or_default();
        let r = &detail.relation;
        let schema = if &*r.schema == "public" { String::new() } else { format!("{}.", r.schema) };
        let title = format!("{schema}{}.{}", r.name, info.name);
        let kind = Kind::of(info.base_oid);
        let mut view = ValueView::waiting(title.clone(), info.name, kind, String::new());
        let table = TableRef { oid: r.oid, schema: r.schema.clone(), name: r.name.clone() };
        view.home = Ok(Home { table, row: target });
        view.staged = staged;
        view.begin(seen, String::new());
        let (place, oid, jsonb) = (world.place(), r.oid, kind == Kind::Jsonb);
        Self { title, place, oid, jsonb, view, begin: Some((at, begin)), question: None }
    }

    /// Goes where the cursor was, and does what was asked, when the document is read.
    fn settle(&mut self, cx: &mut Cx<'_>) {
        if self.view.is_parsing() {
            return;
        }
        let Some((at, mut begin)) = self.begin.take() else { return };
        if self.view.is_null() {
            begin = Command::EditNode; // asks how to begin
        }
        self.view.go(&at);
        if begin != Command::OpenValue {
            let done = self.view.command(begin);
            self.done(done, cx);
        }
    }

    fn leave(&mut self, cx: &mut Cx<'_>) {
        let done = if self.view.typing() {
            self.view.command(Command::Back)
        } else {
            self.view.leave().unwrap_or(Done::Close)
        };
        self.done(done, cx);
    }

    fn done(&mut self, done: Done, cx: &mut Cx<'_>) {
        let Some(done) = value_said(done, FIND, cx) else { return };
        match done {
            Done::Yes | Done::No | Done::Copy(..) | Done::AskFind | Done::Say(_) => {}
            Done::Ask { question, title, text, buttons } => {
                self.question = Some(question);
                cx.popup(Popup::Confirm { question: ASK, title, text, buttons });
            }
            Done::Stage { value, seen, close } => {
                self.stage(value, seen, cx);
                if close {
                    cx.tell(Tell::Close);
                }
            }
            Done::Close => cx.tell(Tell::Close),
            Done::Filter(document) => {
                let name = ident(self.view.column());
                let left = if self.jsonb { name } else { format!("{name}::jsonb") };
                cx.tell(Tell::Close);
                cx.tell(Tell::OpenWhere(self.oid, format!("{left} @> {}", literal(&document))));
            }
        }
    }

    fn stage(&self, value: Value, seen: Text, cx: &mut Cx<'_>) {
        let Ok(home) = self.view.home.clone() else { return };
        if self.place != cx.world.place() {
            let words = format!(
                "Not staged: this row is of {}; connect there again (:c)",
                self.place.as_deref().unwrap_or("another connection")
            );
            return cx.toast(Tone::Error, words);
        }
        cx.tell(Tell::Stage(home.stage(self.view.column().to_owned(), seen, value)));
        cx.toast(Tone::Ok, format!("Staged {}: Ctrl+S shows the SQL and applies it", self.title));
    }
}

impl Pane for Document {
    fn title(&self, _: &World) -> String {
        self.title.clone()
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![if self.view.typing() { Scope::Edit } else { Scope::Value }]
    }

    fn typing(&self) -> bool {
        self.view.typing()
    }

    fn can(&self, command: Command, world: &World) -> bool {
        match command {
            Command::StageValue => self.view.is_dirty() || world.staged().is_some_and(|s| !s.is_empty()),
            other => self.view.can(other).unwrap_or(PaneKind::of(other).is_none()),
        }
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        match command {
            Command::Back => self.leave(cx),
            Command::StageValue
                if !self.view.typing()
                    && !self.view.is_dirty()
                    && cx.world.staged().is_some_and(|s| !s.is_empty()) =>
            {
                cx.popup(Popup::Changes);
            }
            Command::NextPart | Command::PreviousPart | Command::Zoom | Command::Refresh
                if !self.view.typing() => {}
            other if PaneKind::of(other).is_some() => {
                cx.toast(Tone::Note, "Leave the document first: Ctrl+S stages it, Esc leaves it");
            }
            other => {
                let done = self.view.command(other);
                let mine = done != Done::No;
                self.done(done, cx);
                return mine;
            }
        }
        true
    }

    fn typed(&mut self, chord: Chord, _: &mut Cx<'_>) {
        self.view.typed(chord);
    }

    fn paste(&mut self, text: &str, _: &mut Cx<'_>) {
        self.view.paste(text);
    }

    fn mouse(&mut self, mouse: Mouse, _: &mut Cx<'_>) {
        match mouse.kind {
            MouseKind::ScrollUp => self.view.wheel(-3),
            MouseKind::ScrollDown => self.view.wheel(3),
            MouseKind::Press | MouseKind::Double => self.view.click(mouse.x, mouse.y),
            MouseKind::Drag => {}
        }
    }

    fn told(&mut self, tell: Tell, cx: &mut Cx<'_>) {
        let done = match tell {
            Tell::Chosen { question: FIND, text, .. } => self.view.find(&text),
            Tell::Answer { question: ASK, button } => match self.question.take() {
                Some(question) => self.view.answer(question, button),
                None => return,
            },
            // What is staged was applied: the row is another one by now.
            Tell::Applied { .. } if !self.view.is_dirty() && !self.view.typing() => Done::Close,
            _ => return,
        };
        self.done(done, cx);
    }

    fn shown(&mut self, cx: &mut Cx<'_>) {
        self.settle(cx);
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        if self.view.wants_step() {
            self.view.step();
        }
        self.settle(cx);
    }

    fn wants_tick(&self) -> Option<Duration> {
        self.view.wants_step().then_some(Duration::ZERO)
    }

    fn holds(&self, _: &World) -> Option<String> {
        (self.view.is_dirty() || self.view.has_draft())
            .then(|| format!("{} was changed in its view, and the change is not staged.", self.title))
    }

    fn wants(&self, _: &World, most: (u16, u16)) -> (u16, u16) {
        most
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        self.view.draw(frame.buffer_mut(), area, &world.theme);
    }
}
