//! Walking pages forward and backward, in any order, over NULLs and duplicates.

use crate::{Row, describe, run, server, session};
use pgdeck::{
    data::catalog::Detail,
    pg::wire::Session,
    sql::{
        filter::{Condition, Filter, Op},
        page::{PageSql, SortBy, View, Way},
    },
};

const TABLE: &str = "
    create type mood as enum ('sad', 'ok', 'happy');
    create table walk (
        a int not null, b int, c text collate \"C\", d timestamptz, e float8, f numeric not null,
        m mood, j jsonb, y bytea, k1 int, \"K 2\" text, long text not null, p char(4), g text[],
        primary key (k1, \"K 2\")
    );
    select setseed(0.4);
    insert into walk
    select (random() * 5)::int,
        case when random() < 0.7 then (random() * 4)::int end,
        case when random() < 0.8 then (array['', 'A', 'a', 'ä', 'NULL', '%'])[1 + (random() * 5)::int] end,
        case when random() < 0.8 then (array['infinity', '-infinity', '2024-02-29 12:00:00.123456+00',
            '2024-02-29 12:00:00.123457+00', '0044-03-15 12:00:00+00 BC']::timestamptz[])[1 + (random() * 4)::int] end,
        case when random() < 0.8 then (array['NaN', 'Infinity', '-0', '0', '0.1', '0.30000000000000004']::float8[])[1 + (random() * 5)::int] end,
        (array['NaN', '1.0', '1.00', '-7', '12345678901234567890.5']::numeric[])[1 + (random() * 4)::int],
        (array['sad', 'ok', 'happy', null]::mood[])[1 + (random() * 3)::int],
        (array['null', '1', '{\"a\": 1.10}', null]::jsonb[])[1 + (random() * 3)::int],
        (array['\\x00', '\\x00ff', null]::bytea[])[1 + (random() * 2)::int],
        g / 7, 'k' || (g % 7),
        repeat((g % 3)::text, 400) || (g % 5), 'ab', array['x', null, (g % 4)::text]
    from generate_series(1, 300) g;
    analyze walk;";

/// The key of each row, in the server's order, by one plain statement.
async fn all(s: &mut Session, view: &View) -> Vec<Row> {
    let by: Vec<String> = (view.sort.iter())
        .map(|b| format!("\"{}\"{}", b.column, if b.descending { " desc" } else { "" }))
        .collect();
    let last = view.sort.last().is_some_and(|b| b.descending);
    let end = if last { "k1 desc, \"K 2\" desc" } else { "k1, \"K 2\"" };
    let by = if by.is_empty() { String::new() } else { format!("{},", by.join(",")) };
    s.ask(&format!("select k1, \"K 2\" from walk order by {by} {end}")).await.expect("rows")
}

/// Reads pages one after the other until there are no more.
async fn walk(s: &mut Session, detail: &Detail, view: &View, way: Way, limit: usize) -> Vec<Row> {
    let sql = PageSql::new(detail, view, 20).expect("a view");
    let shape = sql.shape().clone();
    let pick = |row: &Row, at: &[usize]| -> Row { at.iter().map(|i| row[*i].clone()).collect() };
    let mut page = run(s, sql.edge(way, limit).expect("a page")).await.expect("rows");
    let mut out = vec![];
    while let Some(last) = page.last() {
        out.extend(page.iter().map(|r| pick(r, &shape.key)));
        assert!(out.len() <= 400, "it goes round and round");
        let values = pick(last, &shape.order);
        page = vec![];
        for query in sql.beyond(&values, way, false, limit).expect("statements") {
            assert!(!query.sql.contains("OFFSET") && !query.sql.contains("count("));
            if page.len() < limit {
                page.extend(run(s, query).await.expect("rows"));
            }
        }
    }
    out
}

fn sorts() -> Vec<View> {
    let names = ["a", "b", "c", "d", "e", "f", "m", "j", "y", "long", "p", "g", "k1", "K 2"];
    let by = |c: &str, d: bool| SortBy { column: c.into(), descending: d };
    let mut out = vec![View::default()];
    for (i, one) in names.iter().enumerate() {
        for d in [false, true] {
            out.push(View { sort: vec![by(one, d)], ..View::default() });
            let two = names[(i * 5 + 1) % names.len()];
            let three = names[(i * 3 + 2) % names.len()];
            out.push(View { sort: vec![by(one, d), by(two, !d)], ..View::default() });
            let mut sort = vec![by(one, d), by(two, d)];
            if three != *one && three != two {
                sort.push(by(three, i % 2 == 0));
            }
            out.push(View { sort, ..View::default() });
        }
    }
    out
}

#[tokio::test]
async fn pages_join_to_the_whole_in_any_order() {
    let db = server::database();
    db.execute(TABLE);
    let mut s = session(&db).await;
    let detail = describe(&db, "walk").await;
    for view in sorts() {
        let want = all(&mut s, &view).await;
        assert_eq!(want.len(), 300);
        let forward = walk(&mut s, &detail, &view, Way::Forward, 17).await;
        assert!(forward == want, "forward by {:?}", view.sort);
        let mut backward = walk(&mut s, &detail, &view, Way::Backward, 23).await;
        backward.reverse();
        assert!(backward == want, "backward by {:?}", view.sort);
    }
}

#[tokio::test]
async fn the_sessions_way_of_writing_times_does_not_matter() {
    let db = server::database();
    db.execute(TABLE);
    let detail = describe(&db, "walk").await;
    for style in ["German", "SQL, DMY", "Postgres, MDY"] {
        let mut s = session(&db).await;
        s.ask(&format!("set datestyle = '{style}'; ")).await.expect("set");
        s.ask("set timezone = 'Asia/Kolkata'").await.expect("set");
        for descending in [false, true] {
            let view = View { sort: vec![SortBy { column: "d".into(), descending }], ..View::default() };
            let want = all(&mut s, &view).await;
            assert!(walk(&mut s, &detail, &view, Way::Forward, 11).await == want, "{style}");
        }
    }
}

#[tokio::test]
async fn the_page_from_a_row_on_begins_with_it() {
    let db = server::database();
    db.execute(TABLE);
    let mut s = session(&db).await;
    let detail = describe(&db, "walk").await;
    for view in sorts() {
        let sql = PageSql::new(&detail, &view, 20).expect("a view");
        let shape = sql.shape().clone();
        let first = run(&mut s, sql.edge(Way::Forward, 60).expect("a page")).await.expect("rows");
        let row = &first[41];
        let values: Row = shape.order.iter().map(|i| row[*i].clone()).collect();
        let again = sql.beyond(&values, Way::Forward, true, 10).expect("statements").remove(0);
        let again = run(&mut s, again).await.expect("rows");
        assert_eq!(again[0], *row, "{:?}", view.sort);
    }
}

#[tokio::test]
async fn filters_mean_what_they_say() {
    let db = server::database();
    db.execute(TABLE);
    let mut s = session(&db).await;
    let detail = describe(&db, "walk").await;
    let cases: &[(&str, Op, &[Option<&str>], &str)] = &[
        ("a", Op::Equal, &[Some("3")], "a = 3"),
        ("a", Op::NotEqual, &[Some("3")], "a <> 3"),
        ("b", Op::IsNull, &[], "b is null"),
        ("b", Op::NotNull, &[], "b is not null"),
        ("b", Op::In, &[Some("1"), None, Some("2")], "b in (1, 2) or b is null"),
        ("c", Op::Equal, &[Some("")], "c = ''"),
        ("c", Op::Contains, &[Some("%")], "position('%' in c) > 0"),
        ("c", Op::Contains, &[Some("null")], "c = 'NULL'"),
        ("d", Op::AtLeast, &[Some("2024-02-29 12:00:00.123457+00")], "d >= '2024-02-29 12:00:00.123457+00'"),
        ("e", Op::Equal, &[Some("NaN")], "e = 'NaN'"),
        ("f", Op::Equal, &[Some("1")], "f = 1"),
        ("m", Op::Less, &[Some("happy")], "m < 'happy'"),
        ("j", Op::JsonContains, &[Some("{\"a\": 1.1}")], "j = '{\"a\": 1.1}'"),
        ("y", Op::Equal, &[Some("\\x00ff")], "y = '\\x00ff'"),
        ("p", Op::Equal, &[Some("ab")], "p = 'ab'"),
        ("p", Op::StartsWith, &[Some("ab")], "true"),
        ("g", Op::HasElement, &[Some("3")], "'3' = any(g)"),
        ("g", Op::Equal, &[Some("{x,NULL,1}")], "g = '{x,NULL,1}'"),
        ("K 2", Op::StartsWith, &[Some("k1")], "\"K 2\" = 'k1'"),
        ("a", Op::Contains, &[Some("4")], "a = 4"),
    ];
    for (column, op, values, want) in cases {
        let values = values.iter().map(|v| v.map(str::to_owned)).collect();
        let condition = Condition { column: (*column).into(), op: *op, values };
        let raw = Some("k1 >= 0 -- all; of them )".to_owned());
        let view = View { filter: Filter { conditions: vec![condition], raw }, sort: vec![] };
        let sql = PageSql::new(&detail, &view, 20).expect("a view");
        let got = run(&mut s, sql.count().expect("a count")).await.expect("counted");
        let want = s.ask(&format!("select count(*) from walk where {want}")).await.expect("counted");
        assert_eq!(got, want, "{column} {op:?}");
        // The statement for people says the same.
        let text = sql.statement(None).expect("a statement");
        let inner = text.trim_end_matches(';');
        let by_hand = s.ask(&format!("select count(*) from ({inner}) as t")).await.expect("counted");
        assert_eq!(by_hand, want, "{text}");
        assert_ne!(want, [[Some("0".to_owned())]], "{column} {op:?} tests nothing");
    }
}

#[tokio::test]
async fn a_key_of_a_parent_by_inheritance_is_none() {
    let db = server::database();
    db.execute(
        "create table parent (id int primary key); create table child (primary key (id)) inherits (parent);
         insert into parent values (1); insert into child values (1)",
    );
    // Its children may hold the same key again: pages by it would lose rows.
    assert!(describe(&db, "parent").await.row_key().is_none());
    assert!(describe(&db, "child").await.row_key().is_some());
}
