//! What the keys of the edit popup do, and what it stages.

use super::{
    Body, CREDIT, Choice, Edit, Elements, LEAVE, LIVE, State, kind, kind::Shape, picker::Picker, time,
};
use crate::{
    core::{
        command::Command,
        effect::{Effect, Statement},
        ids::Lane,
        key::{Chord, Key},
        pane::{Cx, EditTarget, Popup, Tell},
    },
    data::{
        edits::{Field, JsonEdit, Stage, TableRef, Text, Value},
        json::Json,
    },
    sql::page,
};
use std::sync::Arc;

/// `jsonb`: changed by node.
pub(super) const JSONB: u32 = 3802;

impl Edit {
    /// Commands while no rows are chosen from.
    pub(super) fn do_command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        match command {
            Command::Take if matches!(self.body, Body::Long(_)) => {
                if let Body::Long(e) = &mut self.body {
                    e.key(Chord::plain(Key::Enter));
                }
                self.changed();
            }
            Command::Take | Command::TakeLong => self.stage(cx),
            Command::Accept => {
                if let Body::Special(s) = &self.body
                    && let Some(chosen) = s.chosen()
                {
                    self.special(chosen, cx);
                }
            }
            Command::Leave | Command::Dismiss => self.leave(cx),
            Command::SetNull => self.set_null(),
            Command::EditOutside => {
                let (text, suffix) = (self.text(), kind::suffix(self.shape, &self.column));
                self.outside = Some(cx.start(|job| Effect::Edit { job, text, suffix }));
            }
            Command::PickValue => self.pick_value(cx),
            Command::OtherForm => self.other_form(),
            Command::StepUp | Command::StepDown => self.step(command == Command::StepUp),
            Command::WriteNow | Command::WriteToday => self.write_word(command == Command::WriteNow),
            Command::AddElement if matches!(self.body, Body::Line(_) | Body::Long(_)) => self.pasted("\n"),
            other => return self.list_command(other),
        }
        true
    }

    fn list_command(&mut self, command: Command) -> bool {
        let mine = match &mut self.body {
            Body::List(l) => {
                let before = l.text();
                let mine = l.command(command);
                if l.text() != before {
                    self.changed();
                }
                mine
            }
            Body::Choice(c) => {
                let mine = c.command(command);
                if mine {
                    self.changed();
                }
                mine
            }
            Body::Special(s) => s.command(command),
            Body::Line(_) | Body::Long(_) => false,
        };
        let only_lists =
            [Command::AddElement, Command::RemoveElement, Command::ElementUp, Command::ElementDown];
        if !mine && only_lists.contains(&command) {
            self.note = Some("this value is not edited as a list".into());
            return true;
        }
        mine
    }

    fn leave(&mut self, cx: &mut Cx<'_>) {
        // A choice is made again in a key or two; what was typed is not.
        if self.unchanged() || matches!(self.body, Body::Choice(_) | Body::Special(_)) {
            return cx.tell(Tell::Close);
        }
        cx.popup(Popup::Confirm {
            question: LEAVE,
            title: "Not staged".into(),
            text: format!("{} was changed and is not staged.", self.column.name),
            buttons: vec!["Stage it".into(), "Throw it away".into(), "Go on editing".into()],
        });
    }

    /// Ctrl+N: no value; once more: the text again.
    fn set_null(&mut self) {
        if let Body::List(l) = &mut self.body
            && !l.is_empty()
        {
            l.set(None);
            return self.changed();
        }
        if self.state == State::Null {
            if !matches!(self.body, Body::Choice(_)) {
                self.state = State::Text;
            }
        } else if self.column.not_null {
            self.note = Some(format!("{} is NOT NULL: it must have a value", self.column.name));
            return;
        } else {
            self.state = State::Null;
            if let Body::Choice(c) = &mut self.body {
                c.set(None);
            }
        }
        self.also.clear();
        self.row_free();
        self.check();
    }

    /// Pasted text, or a line break typed on purpose.
    pub(super) fn pasted(&mut self, text: &str) {
        let one_line = matches!(self.shape, Shape::Number | Shape::Time | Shape::Bool | Shape::Enum);
        let text = if one_line { text.trim_end_matches(['\n', '\r']) } else { text };
        match &mut self.body {
            Body::Long(e) => e.paste(text),
            Body::Line(e) => {
                e.paste(text);
                let (whole, at) = (e.text(), e.offset());
                if whole.contains('\n') {
                    let mut long = self.editor(&whole, true);
                    long.go(at);
                    self.body = Body::Long(Box::new(long));
                }
            }
            Body::List(l) => {
                l.editor().paste(text);
                l.typed();
            }
            Body::Choice(c) => {
                c.set(Some(text));
            }
            Body::Special(_) => return,
        }
        self.changed();
    }

    fn other_form(&mut self) {
        let text = self.text();
        let body = match &self.body {
            Body::Line(_) | Body::Long(_) if self.shape == Shape::Bool => {
                let now = (self.state == State::Text).then_some(text.as_str());
                let now = if matches!(now, Some("t" | "f")) { now } else { None };
                Some(Body::Choice(Choice::boolean(now, !self.column.not_null)))
            }
            Body::Line(_) | Body::Long(_) if self.shape == Shape::Enum && !self.labels.is_empty() => {
                let now = (self.state == State::Text).then_some(text.as_str());
                Some(Body::Choice(Choice::labels(&self.labels, now, !self.column.not_null)))
            }
            Body::Line(_) | Body::Long(_) if self.shape == Shape::Array => {
                Elements::new(&text, self.delimiter()).map(|l| Body::List(Box::new(l)))
            }
            Body::Line(_) => Some(Body::Long(Box::new(self.editor(&text, true)))),
            Body::Long(_) if !text.contains('\n') => Some(Body::Line(Box::new(self.editor(&text, false)))),
            Body::List(_) | Body::Choice(_) => Some(self.raw(&text)),
            Body::Long(_) | Body::Special(_) => None,
        };
        match body {
            Some(body) => self.body = body,
            None if self.shape == Shape::Array => {
                self.note = Some("not a list of one dimension: it stays as text".into());
            }
            None => self.note = Some("a text of several lines does not fit in one".into()),
        }
        self.check();
    }

    fn step(&mut self, up: bool) {
        let at = match &self.body {
            Body::Line(e) | Body::Long(e) if self.shape == Shape::Time => e.offset(),
            _ => {
                self.note = Some("only dates and times are stepped".into());
                return;
            }
        };
        let text = self.text();
        match time::step(&text, at, up).filter(|_| self.state == State::Text) {
            Some(text) => self.put_text(&text),
            None => self.note = Some("only a date or time like 2026-03-01 12:30 is stepped".into()),
        }
    }

    fn write_word(&mut self, now: bool) {
        if self.shape != Shape::Time {
            self.note = Some("only for dates and times".into());
        } else if now {
            self.put_text("now");
        } else if matches!(self.column.base_oid, 1083 | 1266) {
            self.note = Some("today is a date; this is a time of day".into());
        } else {
            self.put_text("today");
        }
    }

    // ---- choosing ---------------------------------------------------------------------------

    fn pick_value(&mut self, cx: &mut Cx<'_>) {
        match &mut self.body {
            Body::Choice(c) => {
                c.command(Command::ListDown);
                return self.changed();
            }
            Body::List(l) if !self.labels.is_empty() => {
                let now = l.editor().text();
                let next = self.labels.iter().position(|x| *x == now).map_or(0, |n| n + 1);
                l.set(Some(self.labels[next % self.labels.len()].clone()));
                return self.changed();
            }
            _ => {}
        }
        if let Some(key) = kind::reference(&self.ask.detail, &self.column) {
            let columns = cx.world.catalog().and_then(|c| c.columns.get(&key.to_oid).cloned());
            let columns = columns.unwrap_or_else(|| Arc::from([]));
            let mut picker = Picker::new(self.ask.conn, key.clone(), columns, &self.column.name);
            if key.from_columns.len() > 1 {
                self.read_row(cx);
            }
            picker.ask(cx);
            self.picker = Some(picker);
            return;
        }
        if matches!(self.shape, Shape::Bool | Shape::Enum) {
            return self.other_form();
        }
        match &mut self.body {
            Body::Long(e) if e.exact => e.insert("\t"),
            Body::Long(e) => {
                e.key(Chord::plain(Key::Tab));
            }
            _ => {
                self.note = Some(format!("{} refers to no other table", self.column.name));
                return;
            }
        }
        self.changed();
    }

    /// A key of several columns changes them all: what they hold now guards the change.
    fn read_row(&mut self, cx: &mut Cx<'_>) {
        let EditTarget::Row { key, .. } = &self.ask.target else { return };
        if self.row.is_some() || self.row_job.is_some() {
            return;
        }
        let Ok(q) = page::row(&self.ask.detail, key) else { return };
        let statement = Statement::read(q.sql, q.params, q.types);
        let lane = Lane::Read(self.ask.conn);
        let statements = vec![statement];
        self.row_job = Some(cx.start(|job| Effect::Execute { job, lane, statements, credit: CREDIT }));
    }

    /// Commands while rows are chosen from.
    pub(super) fn pick_command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        match command {
            Command::Accept => self.pick(cx),
            Command::Dismiss => self.close_picker(cx),
            other => return self.picker.as_mut().is_some_and(|p| p.command(other)),
        }
        true
    }

    fn close_picker(&mut self, cx: &mut Cx<'_>) {
        if let Some(mut picker) = self.picker.take() {
            picker.stop(cx);
        }
    }

    /// Takes the chosen row's key.
    pub(super) fn pick(&mut self, cx: &mut Cx<'_>) {
        let Some(chosen) = self.picker.as_ref().and_then(Picker::chosen) else { return };
        if chosen.len() > 1 && !self.is_new() && self.row.is_none() {
            self.note = Some("the row is still being read: once more in a moment".into());
            return;
        }
        self.close_picker(cx);
        let (mine, others): (Vec<_>, Vec<_>) = chosen.into_iter().partition(|(c, _)| *c == self.column.name);
        if let Some((_, Some(text))) = mine.into_iter().next() {
            self.put_text(&text);
        }
        let other = |(name, text): &(String, Text)| self.held(name).as_ref() != Some(text);
        self.also = others.into_iter().filter(other).collect();
    }

    /// What another column of the row holds, where it is known.
    pub(super) fn held(&self, name: &str) -> Option<Text> {
        let at = self.ask.detail.columns.iter().position(|c| c.name == name)?;
        self.row.as_ref()?.get(at).cloned()
    }

    // ---- staging ----------------------------------------------------------------------------

    /// A line of the menu was chosen.
    pub(super) fn special(&mut self, chosen: Result<Value, String>, cx: &mut Cx<'_>) {
        match chosen {
            Ok(value) => {
                self.send(value, cx);
                cx.tell(Tell::Close);
            }
            Err(why) => self.note = Some(why),
        }
    }

    /// Stages the value and closes; what surely is none stays, with the reason.
    pub(super) fn stage(&mut self, cx: &mut Cx<'_>) {
        if self.unchanged() {
            return cx.tell(Tell::Close);
        }
        if self.state == State::Null && self.column.not_null {
            self.note = Some(format!("{} is NOT NULL: it must have a value", self.column.name));
            return;
        }
        let text = self.text();
        if text.len() > LIVE {
            self.problem = if self.state == State::Text { self.wrong(&text) } else { None };
        }
        if let Some(problem) = &self.problem {
            if let (Some(at), Body::Line(e) | Body::Long(e)) = (problem.at, &mut self.body) {
                e.go(at);
                e.set_error(Some(at..at + 1));
            }
            if problem.sure {
                self.note = Some(problem.text.clone());
                return;
            }
            if !self.insisted {
                self.insisted = true;
                self.note = Some(format!("{}; once more stages it all the same", problem.text));
                return;
            }
        }
        let value = match self.state {
            State::Text => self.typed_value(text),
            State::Null => Value::Null,
            State::Default => Value::Default,
            State::Now => Value::Now,
        };
        self.send(value, cx);
        let table = self.table();
        for (column, text) in std::mem::take(&mut self.also) {
            let value = Value::of(text);
            cx.tell(Tell::Stage(match &self.ask.target {
                EditTarget::New(id) => Stage::SetNew { id: *id, column, value: Some(value) },
                EditTarget::Row { key, version } => {
                    let seen = self.held(&column).flatten();
                    let field = Field { column, seen, value };
                    Stage::Set { table: table.clone(), key: key.clone(), field, version: version.clone() }
                }
            }));
        }
        cx.tell(Tell::Close);
    }

    /// A changed jsonb document is the smallest change, so that others may change other parts of it.
    fn typed_value(&self, text: String) -> Value {
        let stored = matches!(self.ask.target, EditTarget::Row { .. });
        if self.column.base_oid == JSONB
            && stored
            && let Some(Ok(seen)) = self.ask.seen.clone().map(Json::parse)
            && let Ok(new) = Json::parse(text.clone())
        {
            return Value::Json(Box::new(JsonEdit::between(&seen, &new)));
        }
        Value::Text(text)
    }

    fn table(&self) -> TableRef {
        let r = &self.ask.detail.relation;
        TableRef { oid: r.oid, schema: r.schema.clone(), name: r.name.clone() }
    }

    fn send(&self, value: Value, cx: &mut Cx<'_>) {
        let column = self.column.name.clone();
        let step = match &self.ask.target {
            EditTarget::New(id) => {
                let value = Some(value).filter(|v| *v != Value::Default);
                Stage::SetNew { id: *id, column, value }
            }
            EditTarget::Row { key, version } => {
                let seen = if matches!(value, Value::Json(_)) { None } else { self.ask.seen.clone() };
                let field = Field { column, seen, value };
                Stage::Set { table: self.table(), key: key.clone(), field, version: version.clone() }
            }
        };
        cx.tell(Tell::Stage(step));
    }
}
