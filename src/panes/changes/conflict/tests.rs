//! What settles a conflict.

use super::*;
use crate::data::edits::{Stage, TableRef};

fn staged(fields: Vec<Field>, version: Vec<(String, Text)>) -> Staged {
    let table = TableRef { oid: 7, schema: "public".into(), name: "users".into() };
    let what = What::Update { key: vec![Some("1".into())], fields, version };
    let mut s = Staged::default();
    s.stage(Stage::Replace(vec![Change { table, what }])).unwrap();
    s
}

fn field(column: &str, seen: &str, value: &str) -> Field {
    Field { column: column.into(), seen: Some(seen.into()), value: Value::Text(value.into()) }
}

fn row(cells: &[(&str, &str)]) -> Option<Vec<(String, Text)>> {
    Some(cells.iter().map(|(c, t)| ((*c).to_owned(), Some((*t).to_owned()))).collect())
}

fn conflict(s: &Staged, theirs: Option<Vec<(String, Text)>>) -> Option<Conflict> {
    Conflict::of_row(&s.changes()[0], &["id".to_owned()], theirs)
}

#[test]
fn mine_is_guarded_by_what_is_there_now_and_undo_opens_it_again() {
    let mut s = staged(
        vec![field("name", "ada", "eva"), field("mail", "a", "b")],
        vec![("updated_at".into(), Some("1".into()))],
    );
    let mut c =
        conflict(&s, row(&[("name", "bob"), ("mail", "a"), ("updated_at", "2")])).expect("it differs");
    assert_eq!(c.cells().len(), 2, "{:?}", c.cells());
    assert_eq!(c.state(None, &s), None);
    let next = c.answer(Some(0), Answer::Mine, &s).unwrap().expect("a step");
    let What::Update { fields, version, .. } = &next[0].what else { panic!("{next:?}") };
    assert_eq!((fields[0].seen.as_deref(), fields[1].seen.as_deref()), (Some("bob"), Some("a")));
    assert_eq!(version[0].1.as_deref(), Some("2"));
    s.stage(Stage::Replace(next)).unwrap();
    assert_eq!(c.state(None, &s), Some(Answer::Mine));
    s.stage(Stage::Undo).unwrap();
    assert_eq!(c.state(Some(0), &s), None);
}

#[test]
fn theirs_drops_the_field_and_then_the_change() {
    let mut s = staged(vec![field("name", "ada", "eva"), field("mail", "a", "b")], vec![]);
    let mut c = conflict(&s, row(&[("name", "bob"), ("mail", "x")])).expect("it differs");
    let next = c.answer(Some(0), Answer::Theirs, &s).unwrap().expect("a step");
    s.stage(Stage::Replace(next)).unwrap();
    assert_eq!((c.state(Some(0), &s), c.state(Some(1), &s)), (Some(Answer::Theirs), None));
    let next = c.answer(None, Answer::Theirs, &s).unwrap().expect("a step");
    assert!(next.is_empty());
}

#[test]
fn a_row_as_it_was_is_no_conflict_and_one_that_is_gone_is() {
    let s = staged(vec![field("name", "ada", "eva")], vec![]);
    assert!(conflict(&s, row(&[("name", "ada")])).is_none());
    let mut gone = conflict(&s, None).expect("gone");
    let next = gone.answer(None, Answer::Mine, &s).unwrap().expect("a step");
    assert!(matches!(&next[0].what, What::Insert { fields, .. } if fields.len() == 2), "{next:?}");
}

#[test]
fn paths_of_a_document_are_settled_one_by_one() {
    let json = |t: &str| Json::parse(t.into()).unwrap();
    let edit = JsonEdit::between(
        &json(r#"{"a": 1, "b": {"x": 1}, "c": 1}"#),
        &json(r#"{"a": 2, "b": {"x": 2}, "c": 2}"#),
    );
    let value = Value::Json(Box::new(edit));
    let s = staged(vec![Field { column: "doc".into(), seen: None, value }], vec![]);
    let mut c = conflict(&s, row(&[("doc", r#"{"a": 9, "b": {"x": 8}, "c": 1}"#)])).expect("it differs");
    // The last operation comes first; c is as it was and is kept without being asked.
    assert_eq!(c.cells().iter().map(|c| &*c.name).collect::<Vec<_>>(), ["doc b.x", "doc a"]);
    assert!(c.answer(Some(0), Answer::Theirs, &s).unwrap().is_none());
    assert_eq!((c.state(Some(0), &s), c.state(Some(1), &s)), (Some(Answer::Theirs), None));
    let next = c.answer(Some(1), Answer::Mine, &s).unwrap().expect("a step");
    let Value::Json(edit) = next[0].value("doc").unwrap() else { panic!("{next:?}") };
    assert_eq!(edit.shown, r#"{"a": 2, "b": {"x": 8}, "c": 2}"#);
    // A path that is gone cannot be kept, and says so.
    let mut gone = conflict(&s, row(&[("doc", r#"{"a": 1, "b": 7, "c": 1}"#)])).expect("it differs");
    let why = gone.answer(None, Answer::Mine, &s).unwrap_err();
    assert!(why.contains("no place b.x"), "{why}");
    assert_eq!(gone.state(None, &s), None);
}
