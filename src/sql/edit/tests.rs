//! The text and the parameters of every kind of change.

use super::*;
use crate::data::{
    catalog::{ForeignKey, Key, Relation},
    edits::{JsonEdit, TableRef},
    json::Json,
};
use std::{collections::HashMap, sync::Arc};

fn info(attnum: i16, name: &str, oid: u32, category: char) -> ColumnInfo {
    ColumnInfo {
        attnum,
        name: name.into(),
        type_oid: oid,
        base_oid: oid,
        category,
        not_null: attnum == 1,
        ..ColumnInfo::default()
    }
}

fn detail(oid: u32, name: &str) -> Detail {
    Detail {
        relation: Relation {
            oid,
            schema: "public".into(),
            name: name.into(),
            kind: RelKind::Table,
            rows: 1.0,
            bytes: 0,
            partition_of: 0,
            comment: None,
        },
        columns: vec![
            info(1, "id", 20, 'N'),
            info(2, "name", 25, 'S'),
            info(3, "price", 1700, 'N'),
            info(4, "doc", 3802, 'U'),
            info(5, "updated_at", 1184, 'D'),
        ],
        keys: vec![Key { name: "pk".into(), primary: true, columns: vec![1] }],
        references: vec![],
        referenced_by: vec![],
        no_delete: false,
    }
}

fn table_ref(oid: u32) -> TableRef {
    TableRef { oid, schema: "public".into(), name: "t".into() }
}

fn text(t: &str) -> Text {
    Some(t.into())
}

fn one(what: What) -> Sent {
    let change = Change { table: table_ref(1), what };
    let mut all = statements(&change, &detail(1, "select")).unwrap();
    assert_eq!(all.len(), 1);
    all.remove(0)
}

#[test]
fn an_update_is_guarded_by_all_that_was_seen() {
    let field = |c: &str, seen: Text, value| Field { column: c.into(), seen, value };
    let sent = one(What::Update {
        key: vec![text("7")],
        fields: vec![
            field("name", None, Value::Text("Ada".into())),
            field("price", text("1.00"), Value::Null),
        ],
        version: vec![("updated_at".into(), text("2026-01-01 00:00:00+00"))],
    });
    assert_eq!(
        sent.query.sql,
        "UPDATE public.\"select\"\nSET name = $1,\n    price = NULL\nWHERE id = $2\n  AND name IS NULL\n  AND \
         format('%s', price) = $3\n  AND updated_at = $4\nRETURNING id, name, price"
    );
    assert_eq!(sent.query.params, [text("Ada"), text("7"), text("1.00"), text("2026-01-01 00:00:00+00")]);
    assert_eq!(sent.query.types, [0, 20, 25, 1184]);
    assert_eq!(sent.rows, Some(1));
}

#[test]
fn a_node_of_a_document_is_the_smallest_change() {
    let json = |t: &str| Json::parse(t.into()).unwrap();
    let edit = JsonEdit::between(
        &json(r#"{"a,b": 1, "t": ["x", "y"], "u": {}}"#),
        &json(r#"{"a,b": 2, "t": ["x"], "u": {"n\"q": null}}"#),
    );
    let sent = one(What::Update {
        key: vec![text("7")],
        fields: vec![Field { column: "doc".into(), seen: None, value: Value::Json(Box::new(edit)) }],
        version: vec![],
    });
    assert_eq!(
        sent.query.sql,
        "UPDATE public.\"select\"\nSET doc = jsonb_set(jsonb_set(doc, $1, $2, true) #- $3, $4, $5, false)\n\
         WHERE id = $6\n  AND (doc #> $7)::text = $8\n  AND jsonb_typeof(doc #> $9) = 'object'\n  AND doc #> $10 IS \
         NULL\n  AND (doc #> $11)::text = $12\nRETURNING id, (doc #> $13)::text, (doc #> $14)::text, (doc #> \
         $15)::text"
    );
    let params: Vec<&str> = sent.query.params.iter().flatten().map(String::as_str).collect();
    assert_eq!(params[0], r#"{"u","n\"q"}"#);
    assert_eq!(params[2..5], [r#"{"t",1}"#, r#"{"a,b"}"#, "2"]);
    assert_eq!(params[6..8], [r#"{"t"}"#, r#"["x", "y"]"#]);
}

#[test]
fn new_rows_and_upserts() {
    let name = ("name".to_owned(), Value::Text("Ada".into()));
    let sent = one(What::Insert { id: 1, fields: vec![], upsert: None });
    assert_eq!(sent.query.sql, "INSERT INTO public.\"select\"\nDEFAULT VALUES\nRETURNING id");
    let upsert = Upsert { target: vec!["id".into()], update: vec!["name".into()] };
    let fields = vec![("id".to_owned(), Value::Default), name.clone()];
    let sent = one(What::Insert { id: 1, fields, upsert: Some(upsert) });
    assert_eq!(
        sent.query.sql,
        "INSERT INTO public.\"select\" (id, name)\nVALUES (DEFAULT, $1)\nON CONFLICT (id) DO UPDATE\nSET name = \
         EXCLUDED.name\nRETURNING id, id, name"
    );
    let nothing = Upsert { target: vec!["id".into()], update: vec![] };
    let sent = one(What::Insert { id: 1, fields: vec![name], upsert: Some(nothing) });
    assert!(sent.query.sql.contains("DO NOTHING") && sent.rows.is_none());
}

#[test]
fn a_delete_returns_what_makes_the_row_again() {
    let what = What::Delete {
        key: vec![text("7")],
        seen: vec![("id".into(), text("7")), ("name".into(), text(""))],
    };
    let sent = one(what.clone());
    assert_eq!(
        sent.query.sql,
        "DELETE FROM public.\"select\"\nWHERE id = $1\n  AND name = $2\nRETURNING id, name, price, doc, \
         to_json(updated_at)#>>'{}'"
    );
    let change = Change { table: table_ref(1), what };
    let row = vec![text("7"), text(""), None, None, None];
    let back = inverse(&change, &detail(1, "t"), &[sent], &[vec![row]]);
    let What::Insert { fields, .. } = &back[0].what else { panic!("{back:?}") };
    assert_eq!(fields[1], ("name".to_owned(), Value::Text(String::new())));
    assert_eq!(fields[2], ("price".to_owned(), Value::Null));
}

#[test]
fn a_filter_is_counted_and_its_old_values_are_read_first() {
    let rows = Where {
        text: "id > 5".into(),
        sql: "WHERE id > $1".into(),
        params: vec![text("5")],
        types: vec![20],
    };
    let set = vec![("name".to_owned(), Value::Text("x".into()))];
    let change = Change { table: table_ref(1), what: What::Bulk { rows, count: 2, set } };
    let all = statements(&change, &detail(1, "t")).unwrap();
    assert_eq!(all[0].query.sql, "SELECT id, name\nFROM public.t\nWHERE id > $1\nFOR UPDATE");
    assert_eq!(all[1].query.sql, "UPDATE public.t\nSET name = $2\nWHERE id > $1");
    assert_eq!(all[1].query.params, [text("5"), text("x")]);
    assert_eq!(all[1].rows, Some(2));
    let answers = [vec![vec![text("6"), text("a")], vec![text("7"), None]], vec![]];
    let back = inverse(&change, &detail(1, "t"), &all, &answers);
    assert_eq!(back.len(), 2);
    let What::Update { key, fields, .. } = &back[1].what else { panic!("{back:?}") };
    assert_eq!((key, &fields[0].seen, &fields[0].value), (&vec![text("7")], &text("x"), &Value::Null));
}

#[test]
fn keys_decide_the_order_only_where_they_must() {
    let (users, mut posts) = (detail(1, "users"), detail(2, "posts"));
    posts.references = vec![ForeignKey { from_oid: 2, to_oid: 1, ..ForeignKey::default() }];
    let details: HashMap<u32, Arc<Detail>> = [(1, Arc::new(users)), (2, Arc::new(posts))].into();
    let new = |oid, id| {
        Arc::new(Change { table: table_ref(oid), what: What::Insert { id, fields: vec![], upsert: None } })
    };
    let gone =
        |oid| Arc::new(Change { table: table_ref(oid), what: What::Delete { key: vec![], seen: vec![] } });
    assert_eq!(order(&[gone(1), gone(2), new(2, 1), new(1, 2)], &details), [1, 3, 2, 0]);
    assert_eq!(order(&[gone(2), new(2, 1), new(2, 2)], &details), [0, 1, 2]);
}

#[test]
fn what_cannot_be_edited_says_why() {
    let mut d = detail(1, "t");
    assert_eq!(why_not(&d, &d.columns[1]), None);
    d.columns[1].generated = true;
    assert!(why_not(&d, &d.columns[1]).is_some_and(|w| w.contains("generated")));
    d.columns[2].no_update = true;
    assert!(why_not(&d, &d.columns[2]).is_some_and(|w| w.contains("GRANT UPDATE (price)")));
    d.keys.clear();
    assert!(why_no_delete(&d).is_some_and(|w| w.contains("no key")));
    d.relation.kind = RelKind::View;
    assert!(why_not_rows(&d).is_some_and(|w| w.contains("view")));
    assert!(why_no_insert(&d).is_some());
    assert_eq!(version_columns(&d)[0].name, "updated_at");
}
