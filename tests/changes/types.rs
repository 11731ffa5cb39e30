//! A value edited to itself meets its row and changes nothing, whatever its type.

use crate::{change, describe, plain, send, server, session, set, text};
use pgdeck::{
    data::edits::{Value, What},
    sql::edit::why_not,
};

const TYPES: &str = r#"
    create extension if not exists hstore; create extension if not exists citext; create extension if not exists ltree;
    create extension if not exists cube; create extension if not exists seg; create extension if not exists isn;
    create type colour as enum ('red', 'deep blue'); create type spot as (label text, n int);
    create domain positive as int check (value > 0); create type span as range (subtype = float8);"#;

/// Types and a value of each.
const VALUES: &[(&str, &str)] = &[
    ("int2", "'-7'"),
    ("int4", "'2147483647'"),
    ("int8", "'-9223372036854775808'"),
    ("numeric", "'1.500'"),
    ("numeric", "'NaN'"),
    ("numeric(40,20)", "'0.00000000000000000001'"),
    ("float4", "'0.1'"),
    ("float8", "'-Infinity'"),
    ("float8", "'1e-300'"),
    ("float8", "'-0'"),
    ("money", "'12.50'"),
    ("bool", "'t'"),
    ("char(4)", "'ab'"),
    ("\"char\"", "'x'"),
    ("varchar(9)", "'ü '"),
    ("text", "''"),
    ("text", "'NULL'"),
    ("text", "E'a\\tb\\nc\\x1b\\\\'"),
    ("text", "'👩‍👧 שלום'"),
    ("name", "'nm'"),
    ("citext", "'CiT'"),
    ("bytea", "'\\x00ff27'"),
    ("date", "'infinity'"),
    ("date", "'0044-03-15 BC'"),
    ("date", "'2024-02-29'"),
    ("time", "'24:00:00'"),
    ("timetz", "'01:02:03.4+05:30'"),
    ("timestamp", "'2024-02-29 12:34:56.123456'"),
    ("timestamp", "'-infinity'"),
    ("timestamptz", "'2024-02-29 12:34:56.123456+05:30'"),
    ("timestamptz", "'0044-03-15 12:00+00 BC'"),
    ("interval", "'1 year -2 days 03:04:05.6'"),
    ("uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"),
    ("inet", "'10.1.2.3/8'"),
    ("inet", "'::1'"),
    ("cidr", "'10.0.0.0/8'"),
    ("macaddr", "'08:00:2b:01:02:03'"),
    ("macaddr8", "'08:00:2b:01:02:03:04:05'"),
    ("bit(5)", "'10101'"),
    ("varbit", "'101'"),
    ("json", "'{\"b\":1,  \"a\":[ ]}'"),
    ("json", "'{\"a\":1,\"a\":2}'"),
    ("jsonb", "'{\"n\":1.10,\"m\":12345678901234567890.10}'"),
    ("jsonb", "'null'"),
    ("jsonpath", "'$.a[*] ? (@ > 1)'"),
    ("int[]", "'{1,NULL,3}'"),
    ("int[]", "'[0:1]={7,8}'"),
    ("int[]", "'{}'"),
    ("text[]", "'{a,\"b c\",\"q\\\"\",NULL,\"NULL\"}'"),
    ("int[][]", "'{{1,2},{3,4}}'"),
    ("numeric[]", "'{1.10,2.0}'"),
    ("jsonb[]", "array['{\"a\": 1.0}'::jsonb]"),
    ("bytea[]", "array['\\x01'::bytea]"),
    ("timestamptz[]", "array['2024-01-01 00:00+00'::timestamptz]"),
    ("interval[]", "array['1 day'::interval]"),
    ("colour", "'deep blue'"),
    ("colour[]", "'{red,\"deep blue\"}'"),
    ("spot", "row('a, \"b\"', 1)"),
    ("spot", "row(null, null)"),
    ("spot[]", "array[row('x', 2)::spot]"),
    ("positive", "'5'"),
    ("int4range", "'[1,10)'"),
    ("int4range", "'empty'"),
    ("numrange", "'(1.50,2.5]'"),
    ("tstzrange", "'[2024-01-01 00:00+00,)'"),
    ("daterange", "'[2024-01-01,2024-02-01)'"),
    ("span", "'[1.5,2.5)'"),
    ("tsvector", "to_tsvector('english', 'quick brown foxes')"),
    ("tsquery", "'quick & !fox'"),
    ("point", "'(1,2)'"),
    ("line", "'{1,2,3}'"),
    ("lseg", "'[(1,2),(3,4)]'"),
    ("box", "'(1,2),(3,4)'"),
    ("path", "'[(1,2),(3,4)]'"),
    ("polygon", "'((0,0),(1,0),(1,1))'"),
    ("circle", "'<(1,2),3>'"),
    ("hstore", "'a=>1,b=>NULL'"),
    ("ltree", "'Top.Science'"),
    ("cube", "'(1,2,3)'"),
    ("seg", "'1.5 .. 2.5'"),
    ("isbn", "'978-0-306-40615-7'"),
    ("oid", "'12345'"),
    ("regclass", "'pg_class'"),
    ("regtype", "'int'"),
    ("xid", "'42'"),
    ("xid8", "'42'"),
    ("cid", "'1'"),
    ("tid", "'(0,1)'"),
    ("pg_lsn", "'16/B374D848'"),
    ("txid_snapshot", "'10:20:10,14'"),
    ("oidvector", "'1 2 3'"),
    ("int2vector", "'1 2'"),
];

#[tokio::test]
async fn a_value_edited_to_itself_meets_its_row() {
    let db = server::database();
    let columns: Vec<String> = VALUES.iter().enumerate().map(|(i, (t, _))| format!("c{i} {t}")).collect();
    let values: Vec<&str> = VALUES.iter().map(|(_, v)| *v).collect();
    db.execute(&format!(
        "{TYPES} create table types (id int primary key, {}); insert into types values (1, {}); insert into types (id) values (2)",
        columns.join(", "),
        values.join(", ")
    ));
    let mut s = session(&db).await;
    let d = describe(&db, "types").await;
    let mut wrong = vec![];
    for style in ["ISO, MDY", "SQL, DMY"] {
        plain(&mut s, &format!("set datestyle to '{style}'")).await;
        for id in ["1", "2"] {
            let look = format!("select * from types where id = {id}");
            let row = plain(&mut s, &look).await.remove(0);
            for (at, column) in d.columns.iter().enumerate().skip(1) {
                assert_eq!(why_not(&d, column), None);
                let (seen, kind) = (row[at].clone(), &column.type_name);
                let value = Value::of(seen.clone());
                assert!(value.is(&seen), "staging it stages nothing");
                let what = |seen| What::Update {
                    key: vec![text(id)],
                    fields: vec![set(&column.name, seen, value.clone())],
                    version: vec![],
                };
                plain(&mut s, "begin").await;
                if let Err(e) = send(&mut s, &d, &change(&d, what(seen.clone()))).await {
                    wrong.push(format!("{kind} {seen:?} ({style}): {e}"));
                }
                plain(&mut s, "rollback").await;
                // Something else was seen: it meets nothing.
                let other = if seen.is_none() { row[1].clone().or(text("1")) } else { None };
                if seen.is_some() {
                    plain(&mut s, "begin").await;
                    if send(&mut s, &d, &change(&d, what(other))).await.is_ok() {
                        wrong.push(format!("{kind} {seen:?} was taken for NULL"));
                    }
                    plain(&mut s, "rollback").await;
                }
            }
            // A deleted row comes back as it was.
            let seen = d.columns.iter().map(|c| c.name.clone()).zip(row.clone()).collect();
            match send(&mut s, &d, &change(&d, What::Delete { key: vec![text(id)], seen })).await {
                Ok(back) => {
                    for c in back {
                        if let Err(e) = send(&mut s, &d, &c).await {
                            wrong.push(format!("row {id} ({style}) does not come back: {e}"));
                        }
                    }
                    assert_eq!(plain(&mut s, &look).await, [row], "{style}");
                }
                Err(e) => wrong.push(format!("row {id} ({style}): {e}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
