//! What the edit popup asks a real server, and what it gives it.

use crate::{describe, run, server, session};
use pgdeck::{
    data::catalog::ForeignKey,
    panes::edit::array,
    sql::{filter::Query, pick},
};

const ENUM: &str = include_str!("../../queries/browse/enum.sql");

fn labels_of(oid: String) -> Query {
    let mut query = Query::default();
    query.sql = ENUM.into();
    query.params = vec![Some(oid)];
    query.types = vec![26];
    query
}

#[tokio::test]
async fn labels_of_an_enum_and_of_an_array_of_it() {
    let db = server::database();
    db.execute(
        "create type mood as enum ('sad', 'so so', 'happy'); create domain d as mood;
         create table t (id int primary key, m mood, d d, ms mood[], b box[])",
    );
    let detail = describe(&db, "t").await;
    let mut s = session(&db).await;
    for (column, want) in [("m", 3), ("d", 3), ("ms", 3), ("b", 1)] {
        let info = detail.columns.iter().find(|c| c.name == column).expect(column);
        let rows = run(&mut s, labels_of(info.base_oid.to_string())).await.expect("labels");
        assert_eq!(rows.len(), want, "{column}");
        let (delimiter, label) = if column == "b" { (";", None) } else { (",", Some("sad")) };
        assert_eq!((rows[0][0].as_deref(), rows[0][1].as_deref()), (Some(delimiter), label), "{column}");
    }
}

#[tokio::test]
async fn rows_are_found_by_key_then_by_beginning_then_anywhere() {
    let db = server::database();
    db.execute(
        "create schema \"a.b\"; create table \"a.b\".\"We\"\"ird\" (id bigint primary key, \"select\" text);
         insert into \"a.b\".\"We\"\"ird\" values (1, 'x 50% off'), (2, 'ann'), (5, 'has ann in it'), (50, null), (7, 'ANNA')",
    );
    let detail = describe(&db, "\"a.b\".\"We\"\"ird\"").await;
    let key = ForeignKey {
        to: ("a.b".into(), "We\"ird".into()),
        from_columns: vec!["r".into()],
        to_columns: vec!["id".into()],
        ..ForeignKey::default()
    };
    let mut s = session(&db).await;
    for (typed, want) in [
        ("", "1 2 5 7 50"),
        ("5", "5 5 50 1"),
        ("ann", "2 7 5"),
        ("50%", "1"),
        ("';drop", ""),
        ("99999999999999999999", ""),
    ] {
        let q = pick::candidates(&key, &detail.columns, 0, typed, 50);
        let rows = run(&mut s, q).await.unwrap_or_else(|e| panic!("{typed}: {e}"));
        let ids: Vec<&str> = rows.iter().filter_map(|r| r[0].as_deref()).collect();
        assert_eq!(ids.join(" "), want, "{typed}");
    }
}

#[tokio::test]
async fn array_literals_are_those_of_the_server() {
    let db = server::database();
    let mut s = session(&db).await;
    let texts = [
        "", "a", "NULL", "null", "a b", " a", "\"", "\\", "{", "}", ",", ";", "a\nb", "\t", "\u{b}", "\u{c}",
        "\r", "é", "'", "\u{a0}",
    ];
    let mut elements: Vec<Option<String>> = texts.iter().map(|t| Some((*t).to_owned())).collect();
    elements.push(None);
    for chunk in [&elements[..], &elements[3..4], &elements[20..], &[]] {
        let mine = array::assemble(chunk, ',');
        let mut query = Query::default();
        query.sql = "select $1::text[]".into();
        query.params = vec![Some(mine.clone())];
        query.types = vec![1009];
        let rows = run(&mut s, query).await.expect("an array");
        assert_eq!(rows[0][0].as_deref(), Some(&*mine));
        assert_eq!(array::parse(&mine, ',').as_deref(), Some(chunk));
    }
}
