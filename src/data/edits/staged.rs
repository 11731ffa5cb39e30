//! All staged changes of one connection, with undo and redo.

use super::{Change, Field, RowKey, Stage, TableRef, Text, Value, What};
use std::{collections::HashMap, sync::Arc};

/// Steps that can be taken back.
const STEPS: usize = 200;

type Changes = Vec<Arc<Change>>;

/// See the module. Changes stand in the order they were staged.
#[derive(Clone, Debug, Default)]
pub struct Staged {
    changes: Changes,
    past: Vec<Changes>,
    future: Vec<Changes>,
    by_row: HashMap<(u32, RowKey), usize>,
    last_id: u64,
}

impl Staged {
    /// The changes in order.
    #[must_use]
    pub fn changes(&self) -> &[Arc<Change>] {
        &self.changes
    }

    /// Nothing is staged.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Number of changes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// There is a step to take back.
    #[must_use]
    pub fn can_undo(&self) -> bool {
        !self.past.is_empty()
    }

    /// There is a step to do again.
    #[must_use]
    pub fn can_redo(&self) -> bool {
        !self.future.is_empty()
    }

    /// The update or delete of a stored row.
    #[must_use]
    pub fn row(&self, oid: u32, key: &RowKey) -> Option<&Arc<Change>> {
        // The map wants an owned key; without changes nobody pays for it.
        if self.by_row.is_empty() {
            return None;
        }
        self.changes.get(*self.by_row.get(&(oid, key.clone()))?)
    }

    /// The new rows of a relation, in order.
    pub fn inserts(&self, oid: u32) -> impl Iterator<Item = (u64, &Arc<Change>)> {
        self.changes.iter().filter(move |c| c.table.oid == oid).filter_map(|c| match c.what {
            What::Insert { id, .. } => Some((id, c)),
            _ => None,
        })
    }

    /// Does a step. `Err`: why it cannot be done; nothing has changed then.
    ///
    /// # Errors
    /// The row is deleted already, there is nothing to take back …
    pub fn stage(&mut self, step: Stage) -> Result<(), &'static str> {
        match step {
            Stage::Undo => return self.travel(true),
            Stage::Redo => return self.travel(false),
            Stage::Applied => {
                *self = Self { last_id: self.last_id, ..Self::default() };
                return Ok(());
            }
            _ => {}
        }
        let before = self.changes.clone();
        if let Err(why) = self.change(step) {
            self.changes = before;
            return Err(why);
        }
        if self.changes != before {
            self.past.push(before);
            if self.past.len() > STEPS {
                self.past.remove(0);
            }
            self.future.clear();
            self.index();
        }
        Ok(())
    }

    fn travel(&mut self, back: bool) -> Result<(), &'static str> {
        let (from, to) =
            if back { (&mut self.past, &mut self.future) } else { (&mut self.future, &mut self.past) };
        let nothing = if back { "nothing staged is left to take back" } else { "nothing was taken back" };
        let there = from.pop().ok_or(nothing)?;
        to.push(std::mem::replace(&mut self.changes, there));
        self.index();
        Ok(())
    }

    fn index(&mut self) {
        let keyed = |(at, c): (usize, &Arc<Change>)| Some(((c.table.oid, c.key()?.clone()), at));
        self.by_row = self.changes.iter().enumerate().filter_map(keyed).collect();
    }

    fn change(&mut self, step: Stage) -> Result<(), &'static str> {
        match step {
            Stage::Set { table, key, field, version } => return self.set(table, key, field, version),
            Stage::Delete { table, rows } => rows.into_iter().for_each(|r| self.delete(&table, r)),
            Stage::Insert { table, rows } => {
                for fields in rows {
                    self.last_id += 1;
                    let what = What::Insert { id: self.last_id, fields, upsert: None };
                    self.push(table.clone(), what);
                }
            }
            Stage::SetNew { id, column, value } => {
                let What::Insert { fields, .. } = self.new_row(id)? else { return Ok(()) };
                let at = fields.iter().position(|(c, _)| *c == column);
                match (value, at) {
                    (Some(value), Some(at)) => fields[at].1 = value,
                    (Some(value), None) => fields.push((column, value)),
                    (None, Some(at)) => drop(fields.remove(at)),
                    (None, None) => {}
                }
            }
            Stage::SetUpsert { id, upsert } => {
                if let What::Insert { upsert: u, .. } = self.new_row(id)? {
                    *u = upsert;
                }
            }
            Stage::Bulk { table, what } => self.push(table, what),
            Stage::Drop(at) if at < self.changes.len() => drop(self.changes.remove(at)),
            Stage::Drop(_) => return Err("there is no such change"),
            Stage::Revert { oid, key, column } => self.revert(oid, &key, &column),
            Stage::Clear => self.changes.clear(),
            Stage::Replace(changes) => {
                let ids = changes.iter().map(|c| match c.what {
                    What::Insert { id, .. } => id,
                    _ => 0,
                });
                self.last_id = ids.fold(self.last_id, u64::max);
                self.changes = changes.into_iter().map(Arc::new).collect();
            }
            Stage::Undo | Stage::Redo | Stage::Applied => {}
        }
        Ok(())
    }

    fn push(&mut self, table: TableRef, what: What) {
        self.changes.push(Arc::new(Change { table, what }));
    }

    fn at(&self, oid: u32, key: &RowKey) -> Option<usize> {
        self.changes.iter().position(|c| c.table.oid == oid && c.key() == Some(key))
    }

    fn new_row(&mut self, wanted: u64) -> Result<&mut What, &'static str> {
        let change =
            self.changes.iter_mut().find(|c| matches!(c.what, What::Insert { id, .. } if id == wanted));
        Ok(&mut Arc::make_mut(change.ok_or("this new row is not staged any more")?).what)
    }

    fn set(
        &mut self,
        table: TableRef,
        key: RowKey,
        field: Field,
        version: Vec<(String, Text)>,
    ) -> Result<(), &'static str> {
        let Some(at) = self.at(table.oid, &key) else {
            if !field.value.is(&field.seen) {
                self.push(table, What::Update { key, fields: vec![field], version });
            }
            return Ok(());
        };
        let What::Update { fields, .. } = &mut Arc::make_mut(&mut self.changes[at]).what else {
            return Err("this row is to be deleted: u takes that back");
        };
        let here = fields.iter().position(|f| f.column == field.column);
        match here {
            // Of a document edited by node nothing is kept as seen: then this step knows.
            Some(i) if [&field.value, &fields[i].value].iter().any(|v| matches!(v, Value::Json(_))) => {
                if field.value.is(&field.seen) {
                    fields.remove(i);
                } else {
                    fields[i] = field;
                }
            }
            // What was seen first is what the server must still hold.
            Some(i) if field.value.is(&fields[i].seen) => drop(fields.remove(i)),
            Some(i) => fields[i].value = field.value,
            None if field.value.is(&field.seen) => {}
            None => fields.push(field),
        }
        if fields.is_empty() {
            self.changes.remove(at);
        }
        Ok(())
    }

    fn delete(&mut self, table: &TableRef, (key, seen): (RowKey, Vec<(String, Text)>)) {
        match self.at(table.oid, &key) {
            Some(at) => Arc::make_mut(&mut self.changes[at]).what = What::Delete { key, seen },
            None => self.push(table.clone(), What::Delete { key, seen }),
        }
    }

    fn revert(&mut self, oid: u32, key: &RowKey, column: &str) {
        let Some(at) = self.at(oid, key) else { return };
        if let What::Update { fields, .. } = &mut Arc::make_mut(&mut self.changes[at]).what {
            fields.retain(|f| f.column != column);
            if fields.is_empty() {
                self.changes.remove(at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> TableRef {
        TableRef { oid: 7, schema: "public".into(), name: "users".into() }
    }

    fn key(n: u32) -> RowKey {
        vec![Some(n.to_string())]
    }

    fn set(staged: &mut Staged, row: u32, column: &str, seen: &str, value: &str) -> Result<(), &'static str> {
        let field =
            Field { column: column.into(), seen: Some(seen.into()), value: Value::Text(value.into()) };
        staged.stage(Stage::Set { table: table(), key: key(row), field, version: vec![] })
    }

    #[test]
    fn changing_back_stages_nothing() {
        let mut s = Staged::default();
        set(&mut s, 1, "name", "Ada", "Ada").unwrap();
        assert!(s.is_empty() && !s.can_undo());
        set(&mut s, 1, "name", "Ada", "Eva").unwrap();
        set(&mut s, 1, "mail", "a", "b").unwrap();
        assert_eq!(s.row(7, &key(1)).and_then(|c| c.value("name")), Some(&Value::Text("Eva".into())));
        // The grid shows the staged value by now, but what counts was seen first.
        set(&mut s, 1, "name", "Eva", "Ada").unwrap();
        assert_eq!(s.row(7, &key(1)).and_then(|c| c.value("name")), None);
        set(&mut s, 1, "mail", "b", "a").unwrap();
        assert!(s.is_empty());
    }

    #[test]
    fn a_document_edited_by_node_and_then_whole_keeps_what_was_seen() {
        use crate::data::{edits::JsonEdit, json::Json};
        let json = |text: &str| Json::parse(text.into()).unwrap();
        let stage = |s: &mut Staged, seen: Text, value| {
            let field = Field { column: "doc".into(), seen, value };
            s.stage(Stage::Set { table: table(), key: key(1), field, version: vec![] }).unwrap();
        };
        let edit = |a: &str, b: &str| Value::Json(Box::new(JsonEdit::between(&json(a), &json(b))));
        let mut s = Staged::default();
        stage(&mut s, None, edit(r#"{"a": 1}"#, r#"{"a": 2}"#));
        stage(&mut s, Some(r#"{"a": 1}"#.into()), Value::Null);
        let field = |s: &Staged| match s.row(7, &key(1)).map(|c| c.what.clone()) {
            Some(What::Update { fields, .. }) => fields.first().cloned(),
            _ => None,
        };
        let f = field(&s).unwrap();
        assert_eq!((f.seen.as_deref(), f.value), (Some(r#"{"a": 1}"#), Value::Null));
        stage(&mut s, None, edit(r#"{"a": 1}"#, r#"{"a": 3}"#));
        assert!(matches!(field(&s).unwrap().value, Value::Json(_)));
        stage(&mut s, None, edit("1", "1"));
        assert!(s.is_empty());
    }

    #[test]
    fn steps_are_taken_back_and_done_again() {
        let mut s = Staged::default();
        set(&mut s, 1, "name", "Ada", "Eva").unwrap();
        s.stage(Stage::Delete { table: table(), rows: vec![(key(1), vec![]), (key(2), vec![])] }).unwrap();
        assert_eq!(s.len(), 2);
        assert_eq!(set(&mut s, 1, "name", "Ada", "Bob"), Err("this row is to be deleted: u takes that back"));
        s.stage(Stage::Undo).unwrap();
        assert_eq!(s.len(), 1);
        assert!(s.row(7, &key(1)).is_some_and(|c| c.value("name").is_some()));
        s.stage(Stage::Undo).unwrap();
        assert!(s.is_empty() && s.stage(Stage::Undo).is_err());
        s.stage(Stage::Redo).unwrap();
        s.stage(Stage::Redo).unwrap();
        assert!(matches!(s.row(7, &key(2)).map(|c| &c.what), Some(What::Delete { .. })));
        s.stage(Stage::Applied).unwrap();
        assert!(s.is_empty() && !s.can_undo() && !s.can_redo());
    }

    #[test]
    fn new_rows_are_edited_by_their_number() {
        let mut s = Staged::default();
        let fields = vec![("name".to_owned(), Value::Text("Ada".into()))];
        s.stage(Stage::Insert { table: table(), rows: vec![fields.clone(), fields] }).unwrap();
        let ids: Vec<u64> = s.inserts(7).map(|(id, _)| id).collect();
        s.stage(Stage::SetNew { id: ids[1], column: "name".into(), value: None }).unwrap();
        s.stage(Stage::SetNew { id: ids[0], column: "age".into(), value: Some(Value::Null) }).unwrap();
        let values: Vec<_> = s.inserts(7).map(|(_, c)| (c.value("name").is_some(), c.value("age"))).collect();
        assert_eq!(values, [(true, Some(&Value::Null)), (false, None)]);
        assert!(s.stage(Stage::SetNew { id: 99, column: "x".into(), value: None }).is_err());
        s.stage(Stage::Drop(0)).unwrap();
        assert_eq!(s.len(), 1);
    }

    #[test]
    fn a_draft_reads_back() {
        let change = Change {
            table: table(),
            what: What::Update {
                key: key(1),
                fields: vec![Field { column: "a".into(), seen: None, value: Value::Text(String::new()) }],
                version: vec![("updated_at".into(), Some("2026".into()))],
            },
        };
        let text = serde_json::to_string(&[&change]).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Change>>(&text).unwrap(), [change]);
    }
}
