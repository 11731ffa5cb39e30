//! Editing values of what is staged, and answers to conflicts.

use super::{
    COLUMN, Changes, VALUE,
    conflict::{Answer, Of},
    list,
};
use crate::{
    core::pane::{Cx, EditAsk, EditTarget, Popup, Tell, Tone},
    data::{
        catalog::Detail,
        edits::{Change, Stage, Value, What},
    },
    views::value::meant,
};
use std::sync::Arc;

/// Longer values are not edited in a line.
const MOST_LINE: usize = 2_000;

fn ask_value(name: String, text: String, hint: String, cx: &mut Cx<'_>) {
    cx.popup(Popup::Line { question: VALUE, title: name, text, hint });
}

impl Changes {
    pub(super) fn edit(&mut self, cx: &mut Cx<'_>) {
        if self.settling {
            return self.edit_conflict(cx);
        }
        let Some((planned, field)) = self.planned() else { return };
        let wrong = self.fault.as_ref().filter(|f| f.change.as_deref() == Some(&*planned.change));
        let wrong = wrong.and_then(|f| f.columns.first()).cloned();
        match &planned.change.what {
            What::Update { fields, .. } => {
                let at = field.or_else(|| fields.iter().position(|f| Some(&f.column) == wrong.as_ref()));
                let Some(f) = fields.get(at.unwrap_or(0)) else { return };
                let column = f.column.clone();
                self.edit_column(&planned.change.clone(), &column, cx);
            }
            What::Insert { .. } if wrong.is_some() => {
                self.edit_column(&planned.change.clone(), &wrong.unwrap_or_default(), cx);
            }
            What::Insert { .. } => {
                let Some(detail) = self.detail(planned.change.table.oid) else { return };
                let name = |c: &str| planned.change.value(c).map(list::value_text).unwrap_or_default();
                let columns = detail.columns.iter().filter(|c| !c.generated);
                let items = columns.map(|c| (c.name.clone(), name(&c.name))).collect();
                let title = format!("Column of {}", list::row_name(&planned.change));
                let number = planned.number;
                self.choosing = Some(number);
                cx.popup(Popup::Pick { question: COLUMN, title, items });
            }
            What::Delete { .. } => {
                cx.toast(Tone::Note, "A row that goes has no value to edit: dd takes this out");
            }
            What::Bulk { .. } => {
                cx.toast(Tone::Note, "dd takes this out; g b in Browse stages another one");
            }
        }
    }

    pub(super) fn detail(&self, oid: u32) -> Option<Arc<Detail>> {
        self.details.get(&oid)?.as_ref().ok().cloned()
    }

    /// Opens the popup of one value.
    pub(super) fn edit_column(&self, change: &Change, name: &str, cx: &mut Cx<'_>) {
        let Some(detail) = self.detail(change.table.oid) else { return };
        let Some(column) = detail.columns.iter().position(|c| c.name == name) else { return };
        let staged = change.value(name).cloned();
        if matches!(staged, Some(Value::Json(_))) {
            return cx.toast(Tone::Note, "A document is edited in its value view: Enter goes to the row");
        }
        let (target, seen) = match &change.what {
            What::Update { key, fields, version } => {
                let seen = fields.iter().find(|f| f.column == name).and_then(|f| f.seen.clone());
                (EditTarget::Row { key: key.clone(), version: version.clone() }, seen)
            }
            What::Insert { id, .. } => (EditTarget::New(*id), None),
            What::Delete { .. } | What::Bulk { .. } => return,
        };
        let ask = EditAsk { conn: self.conn, detail, target, column, seen, staged, special: false };
        cx.popup(Popup::Edit(Box::new(ask)));
    }

    fn edit_conflict(&mut self, cx: &mut Cx<'_>) {
        let Some(&(n, cell)) = self.conflict_lines().get(self.conflict_at) else { return };
        let conflict = &self.conflicts[n];
        let at = cell.unwrap_or(0);
        let (Some((_, now)), Some(cell)) = (conflict.now(&self.staged), conflict.cells().get(at)) else {
            return cx.toast(Tone::Note, "There is no value to edit here: m or t");
        };
        if let Of::Op(_) = cell.of {
            let name = cell.name.clone();
            let Some(value) = conflict.value_at(at) else {
                return cx.toast(Tone::Note, "There is no value to edit here: m or t");
            };
            if value.len() > MOST_LINE {
                let words = "This value is too long for a line: m keeps it, then v in Browse edits it";
                return cx.toast(Tone::Note, words);
            }
            self.path = Some((n, at));
            let value = value.to_owned();
            return ask_value(name, value, "JSON, or a bare word as a string".into(), cx);
        }
        if cell.of != Of::Field {
            return cx.toast(Tone::Note, "Only a changed value is edited here: m or t");
        }
        let (now, column) = (now.clone(), cell.column.clone());
        let before = now.value(&column).cloned();
        self.editing = Some((n, at, before));
        self.edit_column(&now, &column, cx);
    }

    /// Another value for a path of a document was typed: that is an answer.
    pub(super) fn value_typed(&mut self, typed: String, cx: &mut Cx<'_>) {
        let Some((n, at)) = self.path.take() else { return };
        let Some(conflict) = self.conflicts.get_mut(n) else { return };
        match meant(&typed) {
            Ok(value) => {
                conflict.set_value_at(at, value);
                self.give(n, Some(at), Answer::Mine, cx);
            }
            Err(e) => {
                // What was typed stays until it is valid.
                let name = conflict.cells().get(at).map(|c| c.name.clone()).unwrap_or_default();
                self.path = Some((n, at));
                ask_value(name, typed, format!("Not JSON: {e}"), cx);
            }
        }
    }

    /// The value of a conflict was edited: that is an answer.
    pub(super) fn edited(&mut self, conflict: usize, cell: usize, before: Option<Value>, cx: &mut Cx<'_>) {
        let Some(c) = self.conflicts.get(conflict) else { return };
        let Some(column) = c.cells().get(cell).map(|c| c.column.clone()) else { return };
        let value = c.now(&self.staged).and_then(|(_, c)| c.value(&column).cloned());
        if value == before {
            self.editing = Some((conflict, cell, before));
        } else if value.is_some() {
            self.give(conflict, Some(cell), Answer::Mine, cx);
        }
    }

    pub(super) fn settle(&mut self, answer: Answer, cx: &mut Cx<'_>) {
        if !self.settling {
            return cx.toast(Tone::Note, "There is no conflict to settle");
        }
        let Some(&(n, cell)) = self.conflict_lines().get(self.conflict_at) else { return };
        self.give(n, cell, answer, cx);
        // On to the next line that waits for an answer.
        let lines = self.conflict_lines();
        let open = |(n, cell): &(usize, Option<usize>)| {
            self.conflicts.get(*n).is_some_and(|c| c.state(*cell, &self.staged).is_none())
        };
        if let Some(at) = (self.conflict_at + 1..lines.len()).find(|at| open(&lines[*at])) {
            self.conflict_at = at;
        }
    }

    pub(super) fn give(&mut self, conflict: usize, cell: Option<usize>, answer: Answer, cx: &mut Cx<'_>) {
        self.editing = None;
        let staged = self.staged.clone();
        let Some(c) = self.conflicts.get_mut(conflict) else { return };
        match c.answer(cell, answer, &staged) {
            Err(why) => cx.toast(Tone::Warning, why),
            Ok(None) => {}
            Ok(Some(all)) => {
                // The app answers with `world_changed`; what follows here must see it at once.
                let mut next = (*staged).clone();
                if next.stage(Stage::Replace(all.clone())).is_ok() {
                    self.staged = Arc::new(next);
                    self.replan();
                }
                cx.tell(Tell::Stage(Stage::Replace(all)));
            }
        }
    }
}
