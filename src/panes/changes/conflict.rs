//! A change that met another row than the one that was seen: before, mine and theirs side by side, and what settles it.
//!
//! An answer becomes staged changes at once, as one step that can be taken back; what is still open is read off the
//! staged changes, so that undo opens it again.

use crate::data::{
    edits::{Change, Field, JsonAct, JsonEdit, JsonOp, Staged, Text, Value, What, apply, path_text},
    json::{Json, JsonKind, Step},
};

use super::list::{text, value_text};

/// What somebody decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Mine is sent, guarded by what is there now.
    Mine,
    /// Mine is dropped.
    Theirs,
}

/// What a line of the three-way view is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Of {
    /// A changed column.
    Field,
    /// A column that tells whether the row was changed.
    Version,
    /// A column of a row to be deleted.
    Seen,
    /// An operation inside a document, by its number.
    Op(usize),
}

/// One column, or one path of a document, that differs.
#[derive(Clone, Debug)]
pub struct Cell {
    /// The column.
    pub column: String,
    /// What it is about.
    pub of: Of,
    /// For people: the column, with the path in it.
    pub name: String,
    /// What was seen.
    pub before: String,
    /// What it is to become.
    pub mine: String,
    /// What is there now.
    pub theirs: String,
    /// An answer that is not staged yet (a document is, when all its paths have one), or was for a path.
    answer: Option<Answer>,
    /// Of a path: another value than the one that was staged.
    other: Option<String>,
}

/// Why the statement met no row.
#[derive(Clone, Debug)]
pub enum Kind {
    /// It was changed meanwhile: the row as it is, by column.
    Changed {
        /// All columns.
        theirs: Vec<(String, Text)>,
        /// What differs.
        cells: Vec<Cell>,
    },
    /// No row has this key; the names of its columns.
    Gone(Vec<String>),
    /// It is as it was seen.
    Refused,
    /// A filter meets another number of rows.
    Count(u64),
}

/// A change that cannot be sent as it is.
#[derive(Clone, Debug)]
pub struct Conflict {
    /// The change as it was sent.
    pub change: Change,
    /// Why not.
    pub kind: Kind,
    /// Of a refused change.
    tried: Option<Answer>,
}

impl Conflict {
    /// A row was read anew after another number of rows was met; `None`: it is as it was seen.
    #[must_use]
    pub fn of_row(change: &Change, key: &[String], theirs: Option<Vec<(String, Text)>>) -> Option<Self> {
        let Some(theirs) = theirs else { return Some(Self::new(change, Kind::Gone(key.to_vec()))) };
        let cells = cells(change, &theirs);
        (!cells.is_empty()).then(|| Self::new(change, Kind::Changed { theirs, cells }))
    }

    /// Of another kind.
    #[must_use]
    pub fn new(change: &Change, kind: Kind) -> Self {
        Self { change: change.clone(), kind, tried: None }
    }

    /// The change as it is staged now, and its number.
    #[must_use]
    pub fn now<'a>(&self, staged: &'a Staged) -> Option<(usize, &'a Change)> {
        let same = |c: &Change| match (&c.what, &self.change.what) {
            (What::Bulk { rows, set, .. }, What::Bulk { rows: r, set: s, .. }) => rows == r && set == s,
            (What::Insert { id, .. }, What::Insert { id: mine, .. }) => id == mine,
            _ => c.key().is_some() && c.key() == self.change.key(),
        };
        let all = staged.changes().iter().enumerate();
        all.map(|(n, c)| (n, &**c)).find(|(_, c)| c.table.oid == self.change.table.oid && same(c))
    }

    /// What differs, where a row differs.
    #[must_use]
    pub fn cells(&self) -> &[Cell] {
        match &self.kind {
            Kind::Changed { cells, .. } => cells,
            _ => &[],
        }
    }

    /// How a line stands: `None` is open.
    #[must_use]
    pub fn state(&self, cell: Option<usize>, staged: &Staged) -> Option<Answer> {
        let now = self.now(staged);
        let Some((_, now)) = now else { return Some(Answer::Theirs) };
        let (theirs, cells) = match &self.kind {
            Kind::Changed { theirs, cells } => (theirs, cells),
            Kind::Gone(_) => return None,
            Kind::Refused => return self.tried,
            Kind::Count(n) => {
                let taken = matches!(&now.what, What::Bulk { count, .. } if count == n);
                return taken.then_some(Answer::Mine);
            }
        };
        let Some(cell) = cell else {
            let mut states = (0..cells.len()).map(|c| self.state(Some(c), staged));
            let first = states.next().flatten()?;
            return states.try_fold(first, |all, s| s.map(|s| if s == Answer::Mine { s } else { all }));
        };
        let cell = cells.get(cell)?;
        let is = value_of(theirs, &cell.column);
        let settled = |seen: &Text| (seen == is).then_some(Answer::Mine);
        match (&cell.of, &now.what) {
            (Of::Field, What::Update { fields, .. }) => match field(fields, &cell.column) {
                Some(f) => settled(&f.seen),
                None => Some(Answer::Theirs),
            },
            (Of::Op(_), What::Update { fields, .. }) => match field(fields, &cell.column) {
                Some(f) if f.value == self.field(&cell.column)?.value => cell.answer,
                Some(_) => Some(cell.answer.unwrap_or(Answer::Mine)),
                None => Some(Answer::Theirs),
            },
            (Of::Version, What::Update { version: seen, .. }) | (Of::Seen, What::Delete { seen, .. }) => {
                seen.iter().find(|(c, _)| *c == cell.column).map_or(Some(Answer::Mine), |(_, s)| settled(s))
            }
            _ => Some(Answer::Theirs),
        }
    }

    fn field(&self, column: &str) -> Option<&Field> {
        match &self.change.what {
            What::Update { fields, .. } => field(fields, column),
            _ => None,
        }
    }

    /// A step was taken back: answers that were given for it are open again.
    pub fn reopen(&mut self, staged: &Staged) {
        let same = self.now(staged).is_some_and(|(_, c)| *c == self.change);
        if let Kind::Changed { cells, .. } = &mut self.kind
            && same
            && cells.iter().all(|c| c.answer.is_some() || !matches!(c.of, Of::Op(_)))
        {
            cells.iter_mut().for_each(|c| c.answer = None);
        }
    }

    /// What a path of a document is to become, where that is a value.
    #[must_use]
    pub fn value_at(&self, cell: usize) -> Option<&str> {
        let cell = self.cells().get(cell)?;
        let Of::Op(n) = cell.of else { return None };
        let Value::Json(edit) = &self.field(&cell.column)?.value else { return None };
        match &edit.ops.get(n)?.act {
            JsonAct::Set { new, .. } | JsonAct::Add { new } | JsonAct::Insert { new } => {
                Some(cell.other.as_deref().unwrap_or(new))
            }
            JsonAct::Remove { .. } | JsonAct::Rename { .. } => None,
        }
    }

    /// Another value for a path of a document; what becomes of it is for `answer`.
    pub fn set_value_at(&mut self, cell: usize, value: String) {
        if let Kind::Changed { cells, .. } = &mut self.kind
            && let Some(cell) = cells.get_mut(cell)
        {
            cell.mine = text(&Some(value.clone()));
            cell.other = Some(value);
        }
    }

    /// Gives an answer to one line, or to all that are open. What is then to be staged; `None`: nothing yet.
    ///
    /// # Errors
    /// Mine cannot be done on what is there now.
    pub fn answer(
        &mut self,
        cell: Option<usize>,
        answer: Answer,
        staged: &Staged,
    ) -> Result<Option<Vec<Change>>, String> {
        let Some((number, now)) = self.now(staged) else { return Ok(None) };
        let mut now = now.clone();
        let wanted: Vec<usize> = match cell {
            Some(at) => vec![at],
            None => (0..self.cells().len()).filter(|c| self.state(Some(*c), staged).is_none()).collect(),
        };
        let next = match (&mut self.kind, answer) {
            (Kind::Changed { theirs, cells }, _) => {
                let whole = matches!(now.what, What::Delete { .. });
                if whole && answer == Answer::Theirs {
                    None
                } else {
                    let before = cells.clone();
                    settle(&self.change, &mut now, theirs, cells, &wanted, answer).inspect_err(|_| {
                        cells.clone_from(&before);
                    })?;
                    let empty = matches!(&now.what, What::Update { fields, .. } if fields.is_empty());
                    (!empty).then_some(now)
                }
            }
            (Kind::Gone(key), Answer::Mine) => again(&now, key)?,
            (Kind::Refused, Answer::Mine) => {
                self.tried = Some(answer);
                return Ok(None);
            }
            (Kind::Count(n), Answer::Mine) => {
                if let What::Bulk { count, .. } = &mut now.what {
                    *count = *n;
                }
                Some(now)
            }
            (Kind::Gone(_) | Kind::Refused | Kind::Count(_), Answer::Theirs) => None,
        };
        let mut all: Vec<Change> = staged.changes().iter().map(|c| (**c).clone()).collect();
        if next.as_ref() == all.get(number) {
            return Ok(None);
        }
        match next {
            Some(mut next) => {
                if let What::Insert { id, .. } = &mut next.what {
                    *id = 1 + all.iter().map(new_id).max().unwrap_or(0);
                }
                all[number] = next;
            }
            None => drop(all.remove(number)),
        }
        Ok(Some(all))
    }
}

fn new_id(change: &Change) -> u64 {
    match change.what {
        What::Insert { id, .. } => id,
        _ => 0,
    }
}

fn field<'a>(fields: &'a [Field], column: &str) -> Option<&'a Field> {
    fields.iter().find(|f| f.column == column)
}

fn value_of<'a>(row: &'a [(String, Text)], column: &str) -> &'a Text {
    row.iter().find(|(c, _)| c == column).map_or(&None, |(_, t)| t)
}

/// What differs between what was seen and what is there.
fn cells(change: &Change, theirs: &[(String, Text)]) -> Vec<Cell> {
    let plain = |column: &str, of: Of, before: &Text, mine: String| {
        let now = value_of(theirs, column);
        (now != before && theirs.iter().any(|(c, _)| c == column)).then(|| Cell {
            column: column.to_owned(),
            of,
            name: column.to_owned(),
            before: text(before),
            mine,
            theirs: text(now),
            answer: None,
            other: None,
        })
    };
    match &change.what {
        What::Update { fields, version, .. } => {
            let mut out = vec![];
            for f in fields {
                match &f.value {
                    Value::Json(edit) => out.extend(ops(f, edit, value_of(theirs, &f.column))),
                    value => out.extend(plain(&f.column, Of::Field, &f.seen, value_text(value))),
                }
            }
            let version = version.iter().filter(|(c, _)| field(fields, c).is_none());
            out.extend(version.filter_map(|(c, seen)| plain(c, Of::Version, seen, String::new())));
            out
        }
        What::Delete { seen, .. } => {
            seen.iter().filter_map(|(c, seen)| plain(c, Of::Seen, seen, "deleted".into())).collect()
        }
        What::Insert { .. } | What::Bulk { .. } => vec![],
    }
}

/// The operations of a document whose guards do not hold on theirs.
fn ops(field: &Field, edit: &JsonEdit, theirs: &Text) -> Vec<Cell> {
    let json = theirs.clone().and_then(|t| Json::parse(t).ok());
    let at = |path: &[Step]| Some(json.as_ref()?.raw(json.as_ref()?.at(path)?).to_owned());
    let held = |op: &JsonOp| {
        let arrays =
            edit.arrays.iter().filter(|a| op.path.starts_with(&a.path) && op.path.len() > a.path.len());
        let mut covered = false;
        for array in arrays {
            match &array.text {
                Some(text) if at(&array.path).as_ref() != Some(text) => return false,
                Some(_) => covered = true,
                None => {
                    let node = json.as_ref().and_then(|j| Some(j.count(j.at(&array.path)?)));
                    if node != Some(array.count) {
                        return false;
                    }
                    let path = &op.path[..=array.path.len()];
                    let known = array.elements.iter().find(|(i, _)| path.last() == Some(&Step::Index(*i)));
                    if let Some((_, text)) = known {
                        if at(path).as_ref() != Some(text) {
                            return false;
                        }
                        covered = true;
                    }
                }
            }
        }
        covered
            || match &op.act {
                JsonAct::Set { old, .. } | JsonAct::Remove { old } => at(&op.path).as_ref() == Some(old),
                JsonAct::Rename { to, old } => {
                    let mut renamed = op.path.clone();
                    renamed.pop();
                    renamed.push(Step::Key(to.clone()));
                    at(&op.path).as_ref() == Some(old) && at(&renamed).is_none()
                }
                JsonAct::Add { .. } => {
                    let above = &op.path[..op.path.len().saturating_sub(1)];
                    let object = json.as_ref().and_then(|j| Some(j.kind(j.at(above)?)));
                    object == Some(JsonKind::Object) && at(&op.path).is_none()
                }
                JsonAct::Insert { .. } => true,
            }
    };
    let nothing = || "nothing".to_owned();
    let open = edit.ops.iter().enumerate().filter(|(_, op)| !held(op));
    open.map(|(n, op)| {
        let (before, mine) = match &op.act {
            JsonAct::Set { old, new } => (old.clone(), new.clone()),
            JsonAct::Remove { old } => (old.clone(), "removed".into()),
            JsonAct::Rename { old, to } => (old.clone(), format!("named {to}")),
            JsonAct::Add { new } | JsonAct::Insert { new } => (nothing(), new.clone()),
        };
        // The place is as it was: then something around it is not.
        let there = at(&op.path);
        let around = op
            .path
            .iter()
            .rposition(|s| matches!(s, Step::Index(_)))
            .filter(|_| there.as_ref() == Some(&before) || matches!(op.act, JsonAct::Insert { .. }));
        let mut theirs = there.map_or_else(nothing, |t| text(&Some(t)));
        if let Some(depth) = around {
            theirs.push_str(&format!(" (more of {} was changed)", path_text(&op.path[..depth])));
        }
        Cell {
            column: field.column.clone(),
            of: Of::Op(n),
            name: format!("{} {}", field.column, path_text(&op.path)),
            before: text(&Some(before)),
            mine: text(&Some(mine)),
            theirs,
            answer: None,
            other: None,
        }
    })
    .collect()
}

/// Puts answers into a change of a stored row.
fn settle(
    sent: &Change,
    now: &mut Change,
    theirs: &[(String, Text)],
    cells: &mut [Cell],
    wanted: &[usize],
    answer: Answer,
) -> Result<(), String> {
    for at in wanted {
        let Some(cell) = cells.get_mut(*at) else { continue };
        cell.answer = Some(answer);
        let is = value_of(theirs, &cell.column);
        match (&cell.of, &mut now.what) {
            (Of::Field, What::Update { fields, .. }) => {
                if answer == Answer::Theirs {
                    fields.retain(|f| f.column != cell.column);
                } else if let Some(f) = fields.iter_mut().find(|f| f.column == cell.column) {
                    f.seen.clone_from(is);
                }
                // They wrote the same meanwhile: nothing is left to change.
                fields.retain(|f| f.column != cell.column || !f.value.is(&f.seen));
            }
            (Of::Version, What::Update { fields, .. }) if answer == Answer::Theirs => fields.clear(),
            (Of::Version, What::Update { version: seen, .. }) | (Of::Seen, What::Delete { seen, .. }) => {
                if let Some((_, s)) = seen.iter_mut().find(|(c, _)| *c == cell.column) {
                    s.clone_from(is);
                }
            }
            _ => {}
        }
    }
    let What::Update { fields, version, .. } = &mut now.what else { return Ok(()) };
    documents(sent, fields, theirs, cells)?;
    // Who has seen and settled every changed column has seen the row as it is.
    let open = cells.iter().any(|c| match c.of {
        Of::Field => field(fields, &c.column).is_some_and(|f| f.seen != *value_of(theirs, &c.column)),
        Of::Op(_) => c.answer.is_none(),
        Of::Version | Of::Seen => false,
    });
    let edited = cells.iter().any(|c| matches!(c.of, Of::Field | Of::Op(_)));
    if edited && !open {
        for (column, seen) in version.iter_mut() {
            if theirs.iter().any(|(c, _)| c == column) {
                seen.clone_from(value_of(theirs, column));
            }
        }
    }
    Ok(())
}

/// Documents all of whose paths have an answer: what is kept is done anew on the document that is there.
fn documents(
    sent: &Change,
    fields: &mut Vec<Field>,
    theirs: &[(String, Text)],
    cells: &[Cell],
) -> Result<(), String> {
    let What::Update { fields: first, .. } = &sent.what else { return Ok(()) };
    for old in first {
        let Value::Json(edit) = &old.value else { continue };
        let mine: Vec<&Cell> =
            cells.iter().filter(|c| c.column == old.column && matches!(c.of, Of::Op(_))).collect();
        let waits = field(fields, &old.column).is_some_and(|f| f.value == old.value);
        if mine.is_empty() || !waits || mine.iter().any(|c| c.answer.is_none()) {
            continue;
        }
        let dropped = |n: usize| mine.iter().any(|c| c.of == Of::Op(n) && c.answer == Some(Answer::Theirs));
        let other = |n: usize| mine.iter().find(|c| c.of == Of::Op(n)).and_then(|c| c.other.as_ref());
        let all = edit.ops.iter().enumerate().filter(|(n, _)| !dropped(*n));
        let kept: Vec<JsonOp> = all.map(|(n, op)| with_value(op, other(n))).collect();
        let document = value_of(theirs, &old.column).clone();
        let next = if kept.is_empty() {
            None
        } else {
            let document = document.ok_or_else(|| format!("{} is NULL by now: take theirs", old.column))?;
            let merged = apply(&document, &kept)
                .map_err(|e| format!("{}: {} any more: take theirs there", old.column, e.message))?;
            let parse = |t: String| Json::parse(t).map_err(|e| format!("{}: {e}", old.column));
            let edit = JsonEdit::between(&parse(document)?, &parse(merged)?);
            (!edit.is_empty()).then(|| Value::Json(Box::new(edit)))
        };
        match next {
            Some(value) => {
                if let Some(f) = fields.iter_mut().find(|f| f.column == old.column) {
                    f.value = value;
                }
            }
            None => fields.retain(|f| f.column != old.column),
        }
    }
    Ok(())
}

/// The operation, with another value where one was given.
fn with_value(op: &JsonOp, other: Option<&String>) -> JsonOp {
    let mut op = op.clone();
    if let (Some(other), JsonAct::Set { new, .. } | JsonAct::Add { new } | JsonAct::Insert { new }) =
        (other, &mut op.act)
    {
        new.clone_from(other);
    }
    op
}

/// A row that is gone, made again of what is known of it; nothing for a row that was to go.
fn again(change: &Change, names: &[String]) -> Result<Option<Change>, String> {
    let What::Update { key, fields, .. } = &change.what else { return Ok(None) };
    let unchanged = names.iter().zip(key).filter(|(n, _)| field(fields, n).is_none());
    let mut known: Vec<(String, Value)> =
        unchanged.map(|(n, text)| (n.clone(), Value::of(text.clone()))).collect();
    for f in fields {
        if matches!(f.value, Value::Json(_)) {
            return Err(format!("of {} only the changed parts are known: take theirs", f.column));
        }
        known.push((f.column.clone(), f.value.clone()));
    }
    let what = What::Insert { id: 0, fields: known, upsert: None };
    Ok(Some(Change { table: change.table.clone(), what }))
}

#[cfg(test)]
mod tests;
