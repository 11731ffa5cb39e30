//! Cut values are beginnings of the very text the server prints, for every type.

use crate::{Row, describe, run, server, session};
use pgdeck::sql::page::{self, PageSql, View, Way};

/// The table as this server can have it: not every build reads XML, and then those values are NULL.
fn table(db: &server::Database) -> String {
    let reads_xml = server::ask(
        server::cluster(),
        &db.name,
        "select count(*) from pg_config where name = 'CONFIGURE' and setting like '%libxml%'",
    ) != "0";
    if reads_xml { TABLE.into() } else { TABLE.replace(XML, "null, null") }
}

const XML: &str = "'<?xml version=\"1.0\" encoding=\"UTF-8\"?><a/>', '<a>x</a>'";
const TABLE: &str = "
    create extension if not exists hstore;
    create extension if not exists citext;
    create type addr as (street text, zip int);
    create domain doc as jsonb;
    create table types (
        id int primary key,
        a text, b varchar(10), c char(5), d \"char\", e name, f citext, g bytea, h json, i jsonb, j xml, k xml,
        l int[], m text[], n addr, o addr[], p tsvector, q hstore, r inet, s cidr, t bool, u path, v polygon,
        w bit varying, x doc, y uuid, z numeric, aa interval, ab money, ac int4range, ad timestamptz[], ae jsonpath,
        af point, ag box, ah tsquery, ai addr, aj bytea, ak oidvector, al macaddr8, am bit(3), an xid8, \"left\" text
    );
    insert into types values (
        1, 'plain', 'vär', 'ab', 'x', 'name', 'CiText', '\\x00ff10', '{\"b\":1,  \"a\":2}', '{\"n\":1.10}',
        '<?xml version=\"1.0\" encoding=\"UTF-8\"?><a/>', '<a>x</a>', '[0:1]={1,2}', '{a,\"b c\",NULL}', row('Main, \"St\"', 1),
        array[row('x', 2)::addr], to_tsvector('simple', 'a fat cat'), 'a=>1,b=>NULL', '192.168.0.1', '10.0.0.0/8', true,
        '((0,0),(1,1))', '((0,0),(1,0),(1,1))', '10101', '{\"z\": null}', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '1.500',
        '1 day 02:03:04', 12.5, '[1,5)', '{2024-01-01 00:00+00}', '$.a[*] ? (@ > 1)', '(1,2)', '(1,1),(0,0)', 'a & b',
        row(null, null), '', '1 2', '08:00:2b:01:02:03:04:05', '101', '42', 'L');
    insert into types (id) values (2);
    insert into types (id, a, g, i, m) values (3, repeat('ä', 5000), decode(repeat('ab', 5000), 'hex'),
        jsonb_build_object('k', repeat('x', 5000)), array_fill('e'::text, array[3000]));";

#[tokio::test]
async fn what_is_not_cut_is_the_servers_own_text() {
    let db = server::database();
    db.execute(&table(&db));
    let mut s = session(&db).await;
    let detail = describe(&db, "types").await;
    let view = View::default();
    let sql = PageSql::new(&detail, &view, 200).expect("a view");
    let rows = run(&mut s, sql.edge(Way::Forward, 10).expect("a page")).await.expect("rows");
    let plain = s.ask("select * from types order by id").await.expect("rows");
    let shape = sql.shape();
    for (got, want) in rows[..2].iter().zip(&plain) {
        for (at, column) in detail.columns.iter().enumerate() {
            assert_eq!(got[at], want[at], "{} {}", column.name, column.type_name);
        }
        let key: Row = shape.key.iter().map(|i| got[*i].clone()).collect();
        let whole = run(&mut s, page::row(&detail, &key).expect("a row")).await.expect("rows");
        assert_eq!(whole[..], *std::slice::from_ref(want));
        for (at, column) in detail.columns.iter().enumerate() {
            let one = page::cell(&detail, &column.name, &key, 1 << 20).expect("a cell");
            let one = run(&mut s, one).await.expect("rows");
            assert_eq!(one[0][1], want[at], "{} {}", column.name, column.type_name);
        }
    }
}

#[tokio::test]
async fn long_values_come_as_their_beginning() {
    let db = server::database();
    db.execute(&table(&db));
    let mut s = session(&db).await;
    let detail = describe(&db, "types").await;
    let view = View::default();
    let sql = PageSql::new(&detail, &view, 200).expect("a view");
    let rows = run(&mut s, sql.edge(Way::Backward, 1).expect("a page")).await.expect("rows");
    let plain = s.ask("select * from types where id = 3").await.expect("rows");
    for name in ["a", "g", "i", "m"] {
        let at = detail.columns.iter().position(|c| c.name == name).expect("a column");
        let (got, want) =
            (rows[0][at].as_deref().expect("a value"), plain[0][at].as_deref().expect("a value"));
        let length = if name == "g" { 2 + 2 * 201 } else { 201 };
        assert!(want.starts_with(got) && got.chars().count() == length, "{name}: {}", got.chars().count());
        let size = sql.shape().sizes[at].and_then(|i| rows[0][i].as_deref()).expect("a size");
        assert!(size.parse::<u64>().is_ok_and(|n| n > 20), "{name}: {size}");
        let key = [Some("3".to_owned())];
        let whole =
            run(&mut s, page::cell(&detail, name, &key, 1 << 20).expect("a cell")).await.expect("rows");
        assert_eq!(whole[0][1].as_deref(), Some(want));
        let part = run(&mut s, page::cell(&detail, name, &key, 300).expect("a cell")).await.expect("rows");
        let bytes: usize = part[0][0].as_deref().and_then(|t| t.parse().ok()).expect("a size");
        assert!(bytes >= 5_000, "{name}: {bytes}");
    }
}
