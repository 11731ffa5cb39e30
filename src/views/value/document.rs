//! A document being edited: as it was seen, as it is to be, and every step between.

use crate::data::{
    edits::{Comparing, JsonAct, JsonEdit, JsonOp, Shared, Text, Value, apply_to, diff},
    json::{Json, JsonError, JsonRows, Patch, Step},
    value::Kind,
};
use std::{collections::HashMap, sync::Arc};

/// Characters kept of a changed node's old value, for its line.
const SHOWN: usize = 120;
/// Of documents longer than this, work is done between the keys.
const LONG: usize = 2 << 20;
/// Bytes copied at one go.
const PIECE: usize = 8 << 20;
/// More single changes than this at once are made as one.
const MOST_STEPS: usize = 64;

/// How a node differs from what was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It was this.
    Changed(String),
    /// It was not there.
    Added,
    /// Its key was this.
    Renamed(String),
    /// So many of its children are gone.
    Lost(usize),
}

#[derive(Debug)]
enum Base {
    /// Nothing was changed: what is shown was seen.
    Same,
    /// The same, and of a long document the copy for the first change is being made.
    Copying(Box<Json>),
    /// This was seen.
    Was(Arc<Json>),
    /// The cell is NULL.
    Null,
}

/// See the module.
#[derive(Debug)]
pub struct Document {
    /// As it is to be. Shared only with `comparing`, which is given up before a change.
    pub json: Arc<Json>,
    /// What is folded.
    pub rows: JsonRows,
    base: Base,
    /// Steps that can be taken back, each with its number.
    past: Vec<(u64, Vec<Patch>)>,
    last: u64,
    /// The step that was staged last.
    staged: u64,
    /// Something is staged: the document as seen is not what is staged.
    begun: bool,
    marks: HashMap<usize, Mark>,
    /// The marks are those of an earlier state.
    stale: bool,
    /// The marks of this state being found.
    comparing: Option<Comparing>,
    /// What was found for this state.
    shared: Option<Shared>,
}

impl Document {
    /// A document as the server has it.
    #[must_use]
    pub fn new(json: Json) -> Self {
        let rows = JsonRows::new(&json);
        let marks = HashMap::new();
        Self {
            json: Arc::new(json),
            rows,
            base: Base::Same,
            past: vec![],
            last: 0,
            staged: 0,
            begun: false,
            marks,
            stale: false,
            comparing: None,
            shared: None,
        }
    }

    /// An empty document in place of NULL.
    ///
    /// # Errors
    /// Never: `{}` is JSON.
    pub fn empty() -> Result<Self, JsonError> {
        let mut this = Self::new(Json::parse("{}".into())?);
        // It is to be staged even when nothing is put into it.
        (this.base, this.last) = (Base::Null, 1);
        this.past.push((1, vec![]));
        Ok(this)
    }

    /// What is staged is done on the document that was seen.
    ///
    /// # Errors
    /// It does not fit: the document has changed since.
    pub fn take_staged(&mut self, value: &Value) -> Result<(), JsonError> {
        self.keep_base();
        let done = match value {
            Value::Json(edit) => apply_to(self.json_mut(), &[], &edit.ops).map(|_| ()),
            Value::Text(text) => self.json.replacing(0, text).map(|patch| {
                self.json_mut().apply(patch);
            }),
            _ => Ok(()),
        };
        if done.is_err() {
            if let Base::Was(base) = std::mem::replace(&mut self.base, Base::Same) {
                self.json = base;
            }
            return done;
        }
        self.begun = true;
        self.rows = JsonRows::new(&self.json);
        self.mark_soon();
        Ok(())
    }

    fn keep_base(&mut self) {
        self.base = match std::mem::replace(&mut self.base, Base::Same) {
            Base::Same => Base::Was(Arc::new(Json::clone(&self.json))),
            Base::Copying(mut copy) => {
                copy.copy_on(&self.json, usize::MAX);
                Base::Was(Arc::from(copy))
            }
            other => other,
        };
    }

    /// Does the work of a long document that no key should wait for: the copy that the first change needs, and the
    /// marks after a change. True: there is more to do.
    pub fn idle(&mut self, editable: bool) -> bool {
        if self.stale {
            self.mark_on();
            return self.stale;
        }
        if !editable || !self.is_long() {
            return false;
        }
        if matches!(self.base, Base::Same) {
            self.base = Base::Copying(Box::new(self.json.blank_for()));
        }
        let Base::Copying(copy) = &mut self.base else { return false };
        if copy.copy_on(&self.json, PIECE) {
            self.keep_base();
            return false;
        }
        true
    }

    /// Is there something for `idle`?
    #[must_use]
    pub fn wants_idle(&self, editable: bool) -> bool {
        let copy = editable && self.is_long() && matches!(self.base, Base::Same | Base::Copying(_));
        self.stale || copy
    }

    fn is_long(&self) -> bool {
        self.json.text().len() > LONG
    }

    fn json_mut(&mut self) -> &mut Json {
        (self.comparing, self.shared) = (None, None);
        Arc::make_mut(&mut self.json)
    }

    fn patch(&mut self, patch: Patch) -> Patch {
        let (gone, coming, turned) = (patch.gone(), patch.coming(), patch.turned());
        let back = self.json_mut().apply(patch);
        self.rows.patched(&self.json, gone, coming, turned);
        back
    }

    fn stepped(&mut self, back: Vec<Patch>) {
        self.last += 1;
        self.past.push((self.last, back));
        self.mark_soon();
    }

    fn mark_soon(&mut self) {
        (self.comparing, self.shared) = (None, None);
        self.stale = true;
        while self.stale && !self.is_long() {
            self.mark_on();
        }
    }

    /// Number of the step it stands at.
    #[must_use]
    pub fn state(&self) -> u64 {
        self.now()
    }

    /// Is something of it staged?
    #[must_use]
    pub fn is_staged(&self) -> bool {
        self.begun
    }

    /// Does one change.
    pub fn change(&mut self, patch: Patch) {
        self.keep_base();
        let back = self.patch(patch);
        self.stepped(vec![back]);
    }

    /// Puts another value in place of a node so that what is alike in both stays as it is written. False: they mean
    /// the same.
    ///
    /// # Errors
    /// The new one does not fit.
    pub fn merge(&mut self, node: usize, typed: &Json) -> Result<bool, JsonError> {
        let path = self.json.path(node);
        let found = self.json.at(&path) == Some(node);
        let ops: Vec<JsonOp> = if node == 0 {
            diff(&self.json, typed)
        } else {
            diff(&Json::parse(self.json.raw(node).to_owned())?, typed)
        };
        if ops.is_empty() {
            return Ok(false);
        }
        // A key written twice cannot be told by its path.
        if !found || ops.len() > MOST_STEPS {
            let patch = self.json.replacing(node, typed.text())?;
            self.change(patch);
            return Ok(true);
        }
        self.keep_base();
        let mut back = vec![];
        for op in &ops {
            let patch = self.one(&path, op)?;
            back.push(self.patch(patch));
        }
        self.stepped(back);
        Ok(true)
    }

    fn one(&self, under: &[Step], op: &JsonOp) -> Result<Patch, JsonError> {
        crate::data::edits::patch(&self.json, under, op)
    }

    /// Takes the last step back and tells where; `None`: there is none.
    pub fn undo(&mut self) -> Option<usize> {
        if matches!(self.base, Base::Null) && self.past.len() == 1 {
            return None;
        }
        let (_, back) = self.past.pop()?;
        let mut at = 0;
        for patch in back.into_iter().rev() {
            at = patch.gone().start;
            self.patch(patch);
        }
        if self.past.is_empty() && !self.begun && !self.is_long() {
            self.base = Base::Same;
        }
        self.mark_soon();
        Some(at.min(self.json.len() - 1))
    }

    /// Does it differ from what is staged (or, with nothing staged, from what was seen)?
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        self.now() != self.staged
    }

    fn now(&self) -> u64 {
        self.past.last().map_or(0, |(n, _)| *n)
    }

    /// It was staged as it is.
    pub fn was_staged(&mut self) {
        self.staged = self.now();
        self.begun = true;
    }

    /// What the column is to become, and what was seen of it.
    #[must_use]
    pub fn value(&mut self, kind: Kind) -> (Value, Text) {
        let shared = self.shared.take();
        let whole = || Value::Text(self.json.text().to_owned());
        match (&self.base, kind) {
            (Base::Null, _) => (whole(), None),
            (Base::Same | Base::Copying(_), Kind::Jsonb) => (Value::Json(Box::default()), None),
            (Base::Same | Base::Copying(_), _) => (whole(), Some(self.json.text().to_owned())),
            (Base::Was(base), Kind::Jsonb) => {
                let edit = match shared {
                    Some(shared) => shared.between(base, &self.json),
                    None => JsonEdit::between(base, &self.json),
                };
                let replaced = |op: &JsonOp| op.path.is_empty() && matches!(op.act, JsonAct::Set { .. });
                if edit.ops.iter().any(replaced) {
                    (whole(), Some(base.text().to_owned()))
                } else {
                    (Value::Json(Box::new(edit)), None)
                }
            }
            (Base::Was(base), _) => (whole(), Some(base.text().to_owned())),
        }
    }

    /// How a node differs from what was seen.
    #[must_use]
    pub fn mark_of(&self, node: usize) -> Option<&Mark> {
        self.marks.get(&node)
    }

    /// The way back from what is shown to what was seen, put on the nodes it touches: a piece of the work at each call.
    fn mark_on(&mut self) {
        let Base::Was(base) = &self.base else {
            self.marks.clear();
            self.stale = false;
            return;
        };
        let (base, json) = (Arc::clone(base), Arc::clone(&self.json));
        let comparing = self.comparing.get_or_insert_with(|| Comparing::new(base, json));
        let Some((ops, shared)) = comparing.step() else { return };
        (self.comparing, self.shared, self.stale) = (None, Some(shared), false);
        self.marks.clear();
        for (op, node) in ops {
            let mark = match op.act {
                JsonAct::Set { new, .. } => Mark::Changed(new.chars().take(SHOWN).collect()),
                JsonAct::Remove { .. } => Mark::Added,
                JsonAct::Rename { to, .. } => Mark::Renamed(to),
                JsonAct::Add { .. } | JsonAct::Insert { .. } => Mark::Lost(1),
            };
            let there = self.marks.entry(node).or_insert(Mark::Lost(0));
            match (there, mark) {
                (Mark::Lost(n), Mark::Lost(more)) => *n += more,
                (there @ Mark::Lost(_), mark) => *there = mark,
                _ => {}
            }
        }
    }
}
