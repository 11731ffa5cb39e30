//! Every kind of change in ARCHITECTURE's table, conflicts, names and keys.

use crate::{change, describe, key_of, plain, send, server, session, set, text, there_and_back, update};
use pgdeck::data::{
    edits::{JsonEdit, Upsert, Value, What, Where},
    json::Json,
};

fn json(before: &str, after: &str) -> Value {
    let parse = |t: &str| Json::parse(t.into()).expect("a document");
    Value::Json(Box::new(JsonEdit::between(&parse(before), &parse(after))))
}

#[tokio::test]
async fn each_kind_is_done_and_taken_back() {
    let db = server::database();
    db.execute(
        r#"create table t (id int primary key, name text default 'nobody', at timestamptz, doc jsonb, raw json, n numeric);
        insert into t values (1, 'Ada', null, '{"a": 1.10, "b,c": {"x": [1, 2, 3]}}', '{"z":1,  "a":2}', 1.00),
            (2, 'Bob', null, null, null, null), (3, '', null, 'null', 'null', 'NaN')"#,
    );
    let mut s = session(&db).await;
    let d = describe(&db, "t").await;
    let names = "select id, name from t order by id";
    let one = |v| update(&["1"], vec![set("name", text("Ada"), v)]);
    there_and_back(&mut s, &d, one(Value::Text("Eva".into())), names, "1|Eva; 2|Bob; 3|").await;
    there_and_back(&mut s, &d, one(Value::Text(String::new())), names, "1|; 2|Bob; 3|").await;
    there_and_back(&mut s, &d, one(Value::Null), names, "1|-; 2|Bob; 3|").await;
    there_and_back(&mut s, &d, one(Value::Default), names, "1|nobody; 2|Bob; 3|").await;
    let now = update(&["1"], vec![set("at", None, Value::Now)]);
    there_and_back(&mut s, &d, now, "select at is null from t where id = 1", "f").await;
    let key = update(&["1"], vec![set("id", text("1"), Value::Text("9".into()))]);
    there_and_back(&mut s, &d, key, names, "2|Bob; 3|; 9|Ada").await;
    let n = update(&["1"], vec![set("n", text("1.00"), Value::Text("1.0".into()))]);
    there_and_back(&mut s, &d, n, "select n from t where id = 1", "1.0").await;
    let raw =
        update(&["1"], vec![set("raw", text("{\"z\":1,  \"a\":2}"), Value::Text("{\"a\":  5}".into()))]);
    there_and_back(&mut s, &d, raw, "select raw from t where id = 1", "{\"a\":  5}").await;
    // by node: set, add, remove, rename, insert, take out, move, several at once, whole
    let doc = r#"{"a": 1.10, "b,c": {"x": [1, 2, 3]}}"#;
    for after in [
        r#"{"a": 1.1, "b,c": {"x": [1, 2, 3]}}"#,
        r#"{"a": 1.10, "c": null, "b,c": {"x": [1, 2, 3]}}"#,
        r#"{"b,c": {"x": [1, 2, 3]}}"#,
        r#"{"z": 1.10, "b,c": {"x": [1, 2, 3]}}"#,
        r#"{"a": 1.10, "b,c": {"x": [1, 9, 2, 3]}}"#,
        r#"{"a": 1.10, "b,c": {"x": [2, 3]}}"#,
        r#"{"a": 1.10, "b,c": {"x": [3, 1, 2]}}"#,
        r#"{"z": 2, "b,c": {"q": "\"\\", "x": [{"NULL": []}, 3]}}"#,
        "[]",
    ] {
        let what = update(&["1"], vec![set("doc", None, json(doc, after))]);
        let look = "select doc from t where id = 1";
        let want = plain(&mut s, &format!("select '{after}'::jsonb")).await[0][0].clone().expect("text");
        there_and_back(&mut s, &d, what, look, &want).await;
    }
    // SQL NULL and JSON null
    let what = update(&["3"], vec![set("doc", text("null"), Value::Null)]);
    there_and_back(&mut s, &d, what, "select doc is null from t where id = 3", "t").await;
    let what = update(&["3"], vec![set("doc", None, json("null", "{}"))]);
    there_and_back(&mut s, &d, what, "select doc from t where id = 3", "{}").await;
    // rows
    let fields = vec![("id".into(), Value::Text("7".into())), ("name".into(), Value::Default)];
    let new = What::Insert { id: 1, fields, upsert: None };
    there_and_back(&mut s, &d, new, names, "1|Ada; 2|Bob; 3|; 7|nobody").await;
    let gone = What::Delete {
        key: vec![text("1")],
        seen: vec![("name".into(), text("Ada")), ("n".into(), text("1.00"))],
    };
    there_and_back(
        &mut s,
        &d,
        gone,
        "select id, name, doc, raw, n from t order by id",
        "2|Bob|-|-|-; 3||null|null|NaN",
    )
    .await;
    // rows of a filter
    let rows = Where {
        text: "id > 1".into(),
        sql: "WHERE id > $1".into(),
        params: vec![text("1")],
        types: vec![23],
    };
    let all = |set| What::Bulk { rows: rows.clone(), count: 2, set };
    there_and_back(&mut s, &d, all(vec![("name".into(), Value::Text("x".into()))]), names, "1|Ada; 2|x; 3|x")
        .await;
    there_and_back(&mut s, &d, all(vec![("name".into(), Value::Null)]), names, "1|Ada; 2|-; 3|-").await;
    there_and_back(&mut s, &d, all(vec![]), names, "1|Ada").await;
    // insert or update
    let fields = vec![("id".into(), Value::Text("1".into())), ("name".into(), Value::Text("Eva".into()))];
    let upsert = |update: &[&str]| {
        Some(Upsert { target: vec!["id".into()], update: update.iter().map(|c| (*c).into()).collect() })
    };
    let what = |u: &[&str]| change(&d, What::Insert { id: 1, fields: fields.clone(), upsert: upsert(u) });
    send(&mut s, &d, &what(&[])).await.expect("nothing is done");
    assert_eq!(plain(&mut s, names).await[0][1], text("Ada"));
    send(&mut s, &d, &what(&["name"])).await.expect("updated");
    assert_eq!(plain(&mut s, names).await[0][1], text("Eva"));
}

#[tokio::test]
async fn two_sessions_lose_nothing_of_each_other() {
    let db = server::database();
    db.execute(
        r#"create table t (id int primary key, a text, b text, doc jsonb, updated_at int);
        insert into t values (1, 'a', 'b', '{"x": 1, "y": 1.0, "l": [1, 2]}', 1)"#,
    );
    let (mut s, mut other) = (session(&db).await, session(&db).await);
    let d = describe(&db, "t").await;
    let by = |c: &str, seen: &str, v: &str| {
        change(&d, update(&["1"], vec![set(c, text(seen), Value::Text(v.into()))]))
    };
    send(&mut s, &d, &by("a", "a", "mine")).await.expect("first");
    send(&mut other, &d, &by("b", "b", "theirs")).await.expect("another column");
    assert_eq!(plain(&mut s, "select a, b from t").await[0], [text("mine"), text("theirs")]);
    let late = send(&mut other, &d, &by("a", "a", "late")).await.expect_err("the same column");
    assert!(late.contains("0 rows"), "{late}");
    let doc = r#"{"x": 1, "y": 1.0, "l": [1, 2]}"#;
    let node = |after: &str| change(&d, update(&["1"], vec![set("doc", None, json(doc, after))]));
    send(&mut s, &d, &node(r#"{"x": 2, "y": 1.0, "l": [1, 2]}"#)).await.expect("first key");
    send(&mut other, &d, &node(r#"{"x": 1, "y": 1.00, "l": [1, 2]}"#)).await.expect("another key");
    assert_eq!(plain(&mut s, "select doc from t").await[0][0], text(r#"{"l": [1, 2], "x": 2, "y": 1.00}"#));
    for (after, what) in [
        (r#"{"x": 3, "y": 1.0, "l": [1, 2]}"#, "the same key"),
        (r#"{"x": 1, "y": 1, "l": [1, 2]}"#, "equal, but written otherwise"),
        (r#"{"y": 1.0, "l": [1, 2]}"#, "removed what was changed"),
        (r#"{"q": 1, "y": 1.0, "l": [1, 2]}"#, "renamed what was changed"),
    ] {
        assert!(send(&mut other, &d, &node(after)).await.is_err_and(|e| e.contains("0 rows")), "{what}");
    }
    plain(&mut s, "update t set doc = '{\"l\": [0, 1, 2]}'").await;
    for after in [
        r#"{"x": 1, "y": 1.0, "l": [1, 5]}"#,
        r#"{"x": 1, "y": 1.0, "l": [1]}"#,
        r#"{"x": 1, "y": 1.0, "l": [1, 2, 3]}"#,
    ] {
        assert!(send(&mut other, &d, &node(after)).await.is_err_and(|e| e.contains("0 rows")), "{after}");
    }
    // the version column tells of any change
    let mut what = update(&["1"], vec![set("a", text("mine"), Value::Null)]);
    if let What::Update { version, .. } = &mut what {
        version.push(("updated_at".into(), text("0")));
    }
    assert!(send(&mut s, &d, &change(&d, what)).await.is_err());
    let gone = What::Delete { key: vec![text("1")], seen: vec![("b".into(), text("b"))] };
    assert!(send(&mut s, &d, &change(&d, gone)).await.is_err());
}

#[tokio::test]
async fn names_and_keys_of_every_kind() {
    let db = server::database();
    let long = "ä".repeat(31) + "z";
    db.execute(&format!(
        r#"create schema "a.b";
        create table "a.b"."We""ird Näme; drop" ("a b" int, "select" text, "{long}" text, "$1" date, primary key ("a b", "select", "$1"));
        insert into "a.b"."We""ird Näme; drop" values (1, 'it''s "x" \', 'v', '2024-02-01'), (1, '', 'w', '2024-02-01');
        create table times (d date, at timestamptz, ts timestamp, v text, primary key (d, at, ts));
        insert into times values ('2024-02-01', '2024-02-03 04:05:06.123456+05:30', '0044-03-15 12:00 BC', 'v'),
            ('infinity', '-infinity', 'infinity', 'i')"#
    ));
    let mut s = session(&db).await;
    let name = r#""a.b"."We""ird Näme; drop""#;
    let d = describe(&db, name).await;
    plain(&mut s, "set datestyle to 'SQL, DMY'").await;
    plain(&mut s, "set timezone to 'Asia/Kolkata'").await;
    let look = format!(r#"select "select", "{long}" from {name} order by "select""#);
    let key = key_of(&mut s, &d, name, r#""select" <> ''"#).await;
    let what = |c: &str, seen: &str, v: &str| What::Update {
        key: key.clone(),
        fields: vec![set(c, text(seen), Value::Text(v.into()))],
        version: vec![],
    };
    there_and_back(&mut s, &d, what(&long, "v", "new"), &look, r#"|w; it's "x" \|new"#).await;
    there_and_back(&mut s, &d, what("select", r#"it's "x" \"#, "sel"), &look, "|w; sel|v").await;
    let day = format!(r#"select "$1" from {name} where "select" <> ''"#);
    there_and_back(&mut s, &d, what("$1", "01/02/2024", "03/02/2024"), &day, "03/02/2024").await;
    let gone = What::Delete {
        key: key.clone(),
        seen: vec![(long.clone(), text("v")), ("$1".into(), text("01/02/2024"))],
    };
    there_and_back(&mut s, &d, gone, &look, "|w").await;
    let d = describe(&db, "times").await;
    for (condition, seen) in [("v = 'v'", "v"), ("v = 'i'", "i")] {
        let key = key_of(&mut s, &d, "times", condition).await;
        let row = plain(&mut s, &format!("select d, at, ts from times where {condition}")).await.remove(0);
        let what = |c: &str, seen: &str, v: &str| What::Update {
            key: key.clone(),
            fields: vec![set(c, text(seen), Value::Text(v.into()))],
            version: vec![],
        };
        there_and_back(&mut s, &d, what("v", seen, "new"), "select v from times where v = 'new'", "new")
            .await;
        let (at, day) = (row[1].clone().expect("at"), row[0].clone().expect("d"));
        let look = "select d from times where d = '2024-06-05'";
        there_and_back(&mut s, &d, what("d", &day, "05/06/2024"), look, "05/06/2024").await;
        // "IST" is read as Israel's time: the guard compares texts, and what would be read wrongly is not written back.
        let late = change(&d, what("at", &at, "05/06/2024 01:02:03+05:30"));
        let back = send(&mut s, &d, &late).await.expect("met");
        assert_eq!(back.is_empty(), !at.ends_with("infinity"), "{at}: {back:?}");
        let at_is = format!("select at at time zone 'UTC' from times where {condition}");
        assert_eq!(plain(&mut s, &at_is).await[0][0], text("04/06/2024 19:32:03"));
        // A deleted row comes back with its very time.
        let key = key_of(&mut s, &d, "times", condition).await;
        let gone = What::Delete { key, seen: vec![("at".into(), text("05/06/2024 01:02:03 IST"))] };
        there_and_back(&mut s, &d, gone, &at_is, "").await;
    }
}
