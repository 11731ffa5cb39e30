//! One value to edit, in the form that its type asks for; what comes out is staged.

mod act;
pub mod array;
mod choice;
mod draw;
mod kind;
mod picker;
mod special;
mod time;

use crate::{
    core::{
        command::{Command, Scope},
        effect::{Effect, Statement},
        event::{Mouse, MouseKind, News},
        ids::{JobId, Lane},
        key::{Chord, Key},
        pane::{Cx, EditAsk, EditTarget, Pane, Running, Tell, Tone},
        world::World,
    },
    data::{
        catalog::ColumnInfo,
        edits::{self, Text, Value},
        json::Json,
    },
    widgets::editor::{Edited, Editor},
};
use array::Elements;
use choice::Choice;
use kind::{Problem, Shape};
use picker::Picker;
use ratatui::{Frame, layout::Rect};
use special::Special;
use std::time::Duration;

/// Longer texts open in the editor of many lines.
const LONG: usize = 200;
/// Longer texts are not checked at each key, only when they are staged.
const LIVE: usize = 1 << 20;
/// Question before a changed text is left.
const LEAVE: &str = "edit-leave";
/// Bytes of labels and of the row that are taken.
const CREDIT: u64 = 16 << 20;

/// The form the value is edited in.
#[derive(Debug)]
enum Body {
    Line(Box<Editor>),
    Long(Box<Editor>),
    Choice(Choice),
    List(Box<Elements>),
    Special(Special),
}

/// What the value is, beside a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Text,
    Null,
    Default,
    Now,
}

/// See the module.
#[derive(Debug)]
pub struct Edit {
    ask: EditAsk,
    column: ColumnInfo,
    shape: Shape,
    state: State,
    body: Body,
    /// What it was when it opened.
    start: (State, String),
    /// Labels of the enum, or of the enum in the array.
    labels: Vec<String>,
    labels_job: Option<JobId>,
    picker: Option<Picker>,
    /// The other columns of a foreign key that go with the chosen row.
    also: Vec<(String, Text)>,
    /// The row as it is, for these columns: being read, then read.
    row_job: Option<JobId>,
    row: Option<Vec<Text>>,
    outside: Option<JobId>,
    /// What is wrong with the text as it stands.
    problem: Option<Problem>,
    /// What the last key could not do.
    note: Option<String>,
    /// A doubtful text was shown as such: the next time it is staged.
    insisted: bool,
}

impl Edit {
    /// A popup for what was asked.
    #[must_use]
    pub fn new(ask: EditAsk) -> Self {
        let column = ask.detail.columns.get(ask.column).cloned().unwrap_or_default();
        let shape = Shape::of(&column);
        let given = match (&ask.staged, &ask.target) {
            (Some(value), _) => value.clone(),
            (None, EditTarget::New(_)) => Value::Default,
            (None, EditTarget::Row { .. }) => Value::of(ask.seen.clone()),
        };
        let seen = ask.seen.clone().unwrap_or_default();
        let (state, text) = match given {
            Value::Null => (State::Null, String::new()),
            Value::Default => (State::Default, String::new()),
            Value::Now => (State::Now, String::new()),
            Value::Text(text) => (State::Text, text),
            Value::Json(edit) => (State::Text, edits::apply(&seen, &edit.ops).unwrap_or(seen)),
        };
        // How a jsonb document is spaced is not stored: it opens as people read it.
        let text = match Json::parse(if column.base_oid == act::JSONB { text.clone() } else { String::new() })
        {
            Ok(json) if json.len() > 1 => json.pretty(0),
            _ => text,
        };
        let mut edit = Self {
            body: Body::Line(Box::default()),
            start: (state, text.clone()),
            column,
            shape,
            state,
            ask,
            labels: vec![],
            labels_job: None,
            picker: None,
            also: vec![],
            row_job: None,
            row: None,
            outside: None,
            problem: None,
            note: None,
            insisted: false,
        };
        edit.body = edit.first_body(&text);
        edit
    }

    fn first_body(&self, text: &str) -> Body {
        let now = (self.state == State::Text).then_some(text);
        match self.shape {
            _ if self.ask.special => Body::Special(Special::new(&self.column, self.is_new())),
            Shape::Bool => Body::Choice(Choice::boolean(now, !self.column.not_null)),
            Shape::Array => match Elements::new(text, self.delimiter()) {
                Some(list) => Body::List(Box::new(list)),
                None => self.raw(text),
            },
            _ => self.raw(text),
        }
    }

    /// The text itself, in a line or in an editor.
    fn raw(&self, text: &str) -> Body {
        if self.shape == Shape::Json || text.contains('\n') || text.len() > LONG {
            Body::Long(Box::new(self.editor(text, true)))
        } else {
            Body::Line(Box::new(self.editor(text, false)))
        }
    }

    fn editor(&self, text: &str, long: bool) -> Editor {
        let exact = self.shape != Shape::Json;
        let mut editor = Editor::new(text);
        editor.exact = exact;
        editor.numbers = long;
        if !long {
            editor.go(text.len());
        }
        editor
    }

    /// Of the built-in types only box has another one; for others the server says it.
    fn delimiter(&self) -> char {
        if self.column.base_oid == 1020 { ';' } else { ',' }
    }

    fn is_new(&self) -> bool {
        matches!(self.ask.target, EditTarget::New(_))
    }

    /// The text as it stands.
    fn text(&self) -> String {
        match &self.body {
            Body::Line(e) | Body::Long(e) => e.text(),
            Body::Choice(c) => c.value().unwrap_or_default().to_owned(),
            Body::List(l) => l.text(),
            Body::Special(_) => self.start.1.clone(),
        }
    }

    /// Nothing has been changed since it opened.
    fn unchanged(&self) -> bool {
        self.also.is_empty()
            && self.state == self.start.0
            && (self.state != State::Text || self.text() == self.start.1)
    }

    /// The text changed.
    fn changed(&mut self) {
        self.state = match &self.body {
            Body::Choice(c) if c.value().is_none() => State::Null,
            _ => State::Text,
        };
        self.also.clear();
        self.row_free();
        self.check();
    }

    fn row_free(&mut self) {
        self.note = None;
        self.insisted = false;
    }

    /// Looks what is wrong with the text.
    fn check(&mut self) {
        self.problem = None;
        if self.state == State::Text && !self.unchanged() {
            let text = self.text();
            if text.len() <= LIVE {
                self.problem = self.wrong(&text);
            }
        }
        let at = self.problem.as_ref().and_then(|p| p.at);
        if let Body::Line(e) | Body::Long(e) = &mut self.body {
            e.set_error(at.map(|at| at..at + 1));
        }
    }

    fn wrong(&self, text: &str) -> Option<Problem> {
        if self.shape == Shape::Enum && !self.labels.is_empty() && !self.labels.iter().any(|l| l == text) {
            let text = format!("must be one of {}", self.labels.join(", "));
            return Some(Problem { text, sure: false, at: None });
        }
        kind::problem(self.shape, &self.column, text)
    }

    /// Another text, in the form that fits it.
    fn set_text(&mut self, text: &str) {
        self.body = match &self.body {
            Body::List(l) => match Elements::new(text, l.delimiter()) {
                Some(list) => Body::List(Box::new(list)),
                None => self.raw(text),
            },
            _ => self.raw(text),
        };
        self.changed();
    }

    /// A text into the line it stands in, so that it can be taken back; the cursor stays.
    fn put_text(&mut self, text: &str) {
        if let Body::Line(e) | Body::Long(e) = &mut self.body {
            let (at, end) = (e.offset(), e.len());
            e.replace(0..end, text);
            if at < end {
                e.go(at.min(text.len()));
            }
            self.changed();
        } else {
            self.set_text(text);
        }
    }

    /// Labels are asked for where the type is the user's own.
    fn ask_labels(&mut self, cx: &mut Cx<'_>) {
        let own = self.shape == Shape::Array && self.column.base_oid >= 16_384;
        if (self.shape != Shape::Enum && !own) || self.ask.special {
            return;
        }
        let statement = Statement::read(
            include_str!("../../../queries/browse/enum.sql"),
            vec![Some(self.column.base_oid.to_string())],
            vec![26],
        );
        let lane = Lane::Read(self.ask.conn);
        let statements = vec![statement];
        self.labels_job = Some(cx.start(|job| Effect::Execute { job, lane, statements, credit: CREDIT }));
    }

    fn labels_came(&mut self) {
        let text = self.text();
        if self.shape == Shape::Enum && !self.labels.is_empty() && self.unchanged() {
            let now = (self.state == State::Text).then_some(text.as_str());
            self.body = Body::Choice(Choice::labels(&self.labels, now, !self.column.not_null));
        }
    }

    fn label_news(&mut self, news: &News) {
        match news {
            News::Rows(batch) => {
                for row in 0..batch.len() {
                    let delimiter =
                        batch.cell(row, 0).and_then(|b| b.first()).map_or(',', |b| char::from(*b));
                    // A delimiter of its own: the list was read wrongly.
                    if self.shape == Shape::Array && delimiter != self.delimiter() {
                        self.body = self.raw(&self.start.1);
                    }
                    if let Some(Ok(label)) = batch.cell(row, 1).map(std::str::from_utf8) {
                        self.labels.push(label.to_owned());
                    }
                }
            }
            News::Done(summary) if summary.last => {
                self.labels_job = None;
                self.labels_came();
            }
            News::Failed(_, error, _) => {
                self.labels_job = None;
                self.note = Some(format!("the labels could not be read: {error}"));
            }
            _ => {}
        }
    }

    fn row_news(&mut self, news: &News) {
        match news {
            News::Rows(batch) if !batch.is_empty() => {
                let text = |c: &[u8]| String::from_utf8_lossy(c).into_owned();
                self.row = Some(batch.row(0).map(|c| c.map(text)).collect());
            }
            News::Done(summary) if summary.last => self.row_job = None,
            News::Failed(_, error, _) => {
                self.row_job = None;
                self.note = Some(format!("the row could not be read: {error}"));
            }
            _ => {}
        }
    }

    /// `$EDITOR` came back.
    fn edited(&mut self, text: &str) {
        let sent = self.text();
        let mut text = text;
        // Most editors end the last line; a text that had no line end there keeps none.
        if !sent.ends_with('\n') {
            text = text.strip_suffix('\n').unwrap_or(text);
            if !sent.contains('\r') {
                text = text.strip_suffix('\r').unwrap_or(text);
            }
        }
        if text != sent || self.state != State::Text && !text.is_empty() {
            self.set_text(text);
        }
    }
}

impl Pane for Edit {
    fn title(&self, _: &World) -> String {
        let new = if self.is_new() { " · new row" } else { "" };
        format!("{}.{}{new}", self.ask.detail.relation.name, self.column.name)
    }

    fn scopes(&self) -> Vec<Scope> {
        match &self.body {
            _ if self.picker.is_some() => vec![Scope::List],
            Body::Special(_) => vec![Scope::List],
            Body::Choice(_) | Body::List(_) => vec![Scope::Edit, Scope::List],
            Body::Line(_) | Body::Long(_) => vec![Scope::Edit],
        }
    }

    fn typing(&self) -> bool {
        true
    }

    fn modal(&self) -> bool {
        true
    }

    fn shown(&mut self, cx: &mut Cx<'_>) {
        self.ask_labels(cx);
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        self.note = None;
        if self.picker.is_some() {
            return self.pick_command(command, cx);
        }
        self.do_command(command, cx)
    }

    fn typed(&mut self, chord: Chord, cx: &mut Cx<'_>) {
        self.note = None;
        if let Some(picker) = &mut self.picker {
            return picker.typed(chord, cx.world.now);
        }
        // Where Up and Down are no commands of a list they go to the lines of the text.
        let edited = match &mut self.body {
            Body::Line(_) if matches!(chord.key, Key::Enter | Key::BackTab) => return,
            Body::Line(e) | Body::Long(e) => e.key(chord) == Edited::Text,
            Body::Choice(c) => {
                let before = c.value().map(str::to_owned);
                c.key(chord);
                before.as_deref() != c.value()
            }
            Body::List(l) => {
                if matches!(chord.key, Key::Enter | Key::BackTab) {
                    return;
                }
                let text = l.editor().key(chord) == Edited::Text;
                if text {
                    l.typed();
                }
                text
            }
            Body::Special(s) => {
                if let Some(chosen) = chord.typed().and_then(|c| s.letter(c)) {
                    self.special(chosen, cx);
                }
                return;
            }
        };
        if edited {
            self.changed();
        }
    }

    fn paste(&mut self, text: &str, cx: &mut Cx<'_>) {
        if let Some(picker) = &mut self.picker {
            return picker.paste(text, cx.world.now);
        }
        self.pasted(text);
    }

    fn mouse(&mut self, mouse: Mouse, cx: &mut Cx<'_>) {
        if let Some(picker) = &mut self.picker {
            if picker.mouse(mouse) && mouse.kind == MouseKind::Double {
                self.pick(cx);
            }
            return;
        }
        let pressed = matches!(mouse.kind, MouseKind::Press | MouseKind::Double);
        match &mut self.body {
            Body::Line(e) | Body::Long(e) => match mouse.kind {
                MouseKind::ScrollUp => e.wheel(-3),
                MouseKind::ScrollDown => e.wheel(3),
                MouseKind::Double => drop(e.click_word(mouse.x, mouse.y)),
                kind => drop(e.click(mouse.x, mouse.y, kind == MouseKind::Drag)),
            },
            Body::Choice(c) if pressed => {
                let hit = c.click(mouse.x, mouse.y);
                if hit {
                    self.changed();
                }
            }
            Body::List(l) if pressed => l.click(mouse.x, mouse.y),
            Body::Special(s) if pressed => {
                if s.click(mouse.x, mouse.y)
                    && let Some(chosen) = s.chosen()
                {
                    self.special(chosen, cx);
                }
            }
            _ => {}
        }
    }

    fn news(&mut self, job: JobId, news: News, cx: &mut Cx<'_>) {
        if self.picker.as_mut().is_some_and(|p| p.news(job, &news)) {
            return;
        }
        if self.labels_job == Some(job) {
            return self.label_news(&news);
        }
        if self.row_job == Some(job) {
            return self.row_news(&news);
        }
        if self.outside == Some(job)
            && let News::Edited(result) = news
        {
            self.outside = None;
            match result {
                Ok(text) => self.edited(&text),
                Err(why) => cx.toast(Tone::Error, why),
            }
        }
    }

    fn told(&mut self, tell: Tell, cx: &mut Cx<'_>) {
        match tell {
            Tell::Answer { question: LEAVE, button: 0 } => self.stage(cx),
            Tell::Answer { question: LEAVE, button: 1 } => cx.tell(Tell::Close),
            _ => {}
        }
    }

    fn wants_tick(&self) -> Option<Duration> {
        self.picker.as_ref()?.due()
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        if let Some(picker) = self.picker.as_mut().filter(|p| p.due().is_some_and(|at| at <= cx.world.now)) {
            picker.ask(cx);
        }
    }

    fn running(&self) -> Option<Running> {
        self.picker.as_ref()?.running()
    }

    fn closed(&mut self, cx: &mut Cx<'_>) {
        if let Some(picker) = &mut self.picker {
            picker.stop(cx);
        }
        for job in [self.labels_job, self.row_job].into_iter().flatten() {
            cx.ask(Effect::Stop { job });
        }
    }

    fn holds(&self, _: &World) -> Option<String> {
        let what = format!("{}.{}", self.ask.detail.relation.name, self.column.name);
        (!self.unchanged()).then(|| format!("the value of {what} is being edited and not staged"))
    }

    fn wants(&self, _: &World, most: (u16, u16)) -> (u16, u16) {
        self.size(most)
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        self.paint(frame, area, world);
    }
}
