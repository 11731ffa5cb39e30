//! ARCHITECTURE's statements of edits are those that `sql/edit` writes. `PGDECK_BLESS=1 cargo test --test house` writes
//! them anew.
use std::fs;

use pgdeck::{
    data::{
        catalog::{ColumnInfo, Detail, Key, RelKind, Relation},
        edits::{Change, Field, JsonEdit, TableRef, Text, Upsert, Value, What, Where},
        json::Json,
    },
    sql::{
        edit::{Sent, statements},
        filter::{Condition, Filter, Op},
        page::rows_of,
    },
};

use crate::{read, root};

const OPEN: &str = "<!-- edits -->\n";
const CLOSE: &str = "<!-- /edits -->";

fn column(attnum: i16, name: &str, oid: u32, category: char) -> ColumnInfo {
    let name = name.into();
    ColumnInfo {
        attnum,
        name,
        type_oid: oid,
        base_oid: oid,
        category,
        not_null: attnum == 1,
        ..ColumnInfo::default()
    }
}

/// `users (id bigint primary key, name text, price numeric, profile jsonb, raw json, updated_at timestamptz)`.
fn users() -> Detail {
    Detail {
        relation: Relation {
            oid: 1,
            schema: "public".into(),
            name: "users".into(),
            kind: RelKind::Table,
            rows: 1.0,
            bytes: 0,
            partition_of: 0,
            comment: None,
        },
        columns: vec![
            column(1, "id", 20, 'N'),
            column(2, "name", 25, 'S'),
            column(3, "price", 1700, 'N'),
            column(4, "profile", 3802, 'U'),
            column(5, "raw", 114, 'U'),
            column(6, "updated_at", 1184, 'D'),
        ],
        keys: vec![Key { name: "users_pkey".into(), primary: true, columns: vec![1] }],
        references: vec![],
        referenced_by: vec![],
        no_delete: false,
    }
}

fn text(t: &str) -> Text {
    Some(t.into())
}

fn field(column: &str, seen: Text, value: Value) -> Field {
    Field { column: column.into(), seen, value }
}

fn update(fields: Vec<Field>) -> What {
    What::Update { key: vec![text("7")], fields, version: vec![] }
}

/// An edit of the document `profile`.
fn document(seen: &str, new: &str) -> What {
    let parse = |t: &str| Json::parse(t.into()).expect("JSON");
    let edit = JsonEdit::between(&parse(seen), &parse(new));
    update(vec![field("profile", None, Value::Json(Box::new(edit)))])
}

fn insert(fields: &[(&str, Value)], upsert: Option<Upsert>) -> What {
    let fields = fields.iter().map(|(c, v)| ((*c).to_owned(), v.clone())).collect();
    What::Insert { id: 1, fields, upsert }
}

/// All rows of the filter `price < 10`.
fn cheap(set: Vec<(String, Value)>) -> What {
    let condition = Condition { column: "price".into(), op: Op::Less, values: vec![text("10")] };
    let filter = Filter { conditions: vec![condition], ..Filter::default() };
    let rows: Where = rows_of(&users(), &filter).expect("a filter");
    What::Bulk { rows, count: 3, set }
}

/// Every edit of the table in ARCHITECTURE.md.
fn examples() -> Vec<(&'static str, What)> {
    let eva = || Value::Text("Eva".into());
    let versioned = What::Update {
        key: vec![text("7")],
        fields: vec![field("name", text("Ada"), eva())],
        version: vec![("updated_at".into(), text("2026-01-01 00:00:00+00"))],
    };
    let long = format!("[{}]", (0..20_000).map(|n| n.to_string()).collect::<Vec<_>>().join(", "));
    let longer = long.replace("[0, 1, 2", "[0, 1, 9, 2");
    vec![
        ("a value, in a table with a column that tells of any change", versioned),
        (
            "a value whose type prints equal values unlike (1.0 and 1.00), and one that was NULL",
            update(vec![
                field("price", text("1.00"), Value::Text("2.50".into())),
                field("name", None, eva()),
            ]),
        ),
        (
            "NULL, DEFAULT, now()",
            update(vec![
                field("name", text("Ada"), Value::Null),
                field("price", text("1.00"), Value::Default),
                field("updated_at", text("2026-01-01 00:00:00+00"), Value::Now),
            ]),
        ),
        ("a node of a document", document(r#"{"theme": "light", "n": 1}"#, r#"{"theme": "dark", "n": 1}"#)),
        ("a new key", document(r#"{"a": {}}"#, r#"{"a": {"b": 1}}"#)),
        ("a removed node", document(r#"{"a": 1, "b": 2}"#, r#"{"a": 1}"#)),
        ("a renamed key", document(r#"{"a": {"b": [1]}}"#, r#"{"a": {"c": [1]}}"#)),
        ("an element added to an array", document(r#"{"t": ["x", "y"]}"#, r#"{"t": ["x", "z", "y"]}"#)),
        ("an element removed", document(r#"{"t": ["x", "y"]}"#, r#"{"t": ["y"]}"#)),
        ("an element moved", document(r#"{"t": ["x", "y", "z"]}"#, r#"{"t": ["z", "x", "y"]}"#)),
        ("an element added to a long array", document(&long, &longer)),
        (
            "several changes of one document",
            document(r#"{"a": 1, "b": {"c": 2}, "d": 3}"#, r#"{"a": 2, "b": {"c": 2, "e": true}}"#),
        ),
        (
            "a json document (not jsonb)",
            update(vec![field("raw", text("{\"a\":  1}"), Value::Text("{\"a\":  2}".into()))]),
        ),
        ("a document in place of NULL", update(vec![field("profile", None, Value::Text("{}".into()))])),
        ("a new row", insert(&[("name", eva()), ("price", Value::Default)], None)),
        ("a new row of nothing but defaults", insert(&[], None)),
        (
            "a new row or an update",
            insert(
                &[("id", Value::Text("7".into())), ("name", eva())],
                Some(Upsert { target: vec!["id".into()], update: vec!["name".into()] }),
            ),
        ),
        (
            "a new row or nothing",
            insert(
                &[("id", Value::Text("7".into())), ("name", eva())],
                Some(Upsert { target: vec!["id".into()], update: vec![] }),
            ),
        ),
        (
            "a deleted row",
            What::Delete {
                key: vec![text("7")],
                seen: vec![
                    ("name".into(), text("Ada")),
                    ("price".into(), text("1.00")),
                    ("raw".into(), None),
                ],
            },
        ),
        ("all rows of a filter changed", cheap(vec![("name".into(), eva())])),
        ("all rows of a filter deleted", cheap(vec![])),
    ]
}

/// Parameters as the preview shows them, cut.
fn parameters(sent: &Sent) -> String {
    let cut = |t: &str| {
        let short: String = t.chars().take(40).collect();
        if short.len() < t.len() { format!("'{short}…'") } else { format!("'{t}'") }
    };
    let value = |(n, p): (usize, &Text)| format!("${} = {}", n + 1, p.as_deref().map_or("NULL".into(), cut));
    sent.query.params.iter().enumerate().map(value).collect::<Vec<_>>().join(", ")
}

fn shown() -> String {
    let (detail, mut out) = (users(), String::from("```sql\n"));
    for (n, (what_for, what)) in examples().into_iter().enumerate() {
        let change =
            Change { table: TableRef { oid: 1, schema: "public".into(), name: "users".into() }, what };
        let gap = if n > 0 { "\n" } else { "" };
        out.push_str(&format!("{gap}-- {what_for}\n"));
        for sent in statements(&change, &detail).expect("it can be written") {
            let rows = match sent.rows {
                Some(1) => "exactly one row".into(),
                Some(n) => format!("exactly {n} rows"),
                None => "any number of rows".into(),
            };
            out.push_str(&format!("{};\n", sent.query.sql));
            if !sent.query.params.is_empty() {
                out.push_str(&format!("-- {}\n", parameters(&sent)));
            }
            out.push_str(&format!("-- must meet {rows}\n"));
        }
    }
    out + "```\n"
}

/// The text with the statements between the marks; `None` without marks.
fn with_statements(document: &str, shown: &str) -> Option<String> {
    let (before, rest) = document.split_once(OPEN)?;
    let (_, after) = rest.split_once(CLOSE)?;
    Some(format!("{before}{OPEN}{shown}{CLOSE}{after}"))
}

#[test]
fn the_statements_of_edits_are_those_that_are_sent() {
    let document = read("ARCHITECTURE.md");
    let Some(wanted) = with_statements(&document, &shown()) else {
        panic!("ARCHITECTURE.md lacks the marks {OPEN}…{CLOSE}");
    };
    if std::env::var_os("PGDECK_BLESS").is_some() {
        fs::write(root().join("ARCHITECTURE.md"), &wanted).expect("written");
    } else {
        let first = document.lines().zip(wanted.lines()).position(|(a, b)| a != b).unwrap_or(0) + 1;
        assert!(
            document == wanted,
            "ARCHITECTURE.md:{first}: the statements are not those of src/sql/edit; write them with PGDECK_BLESS=1 cargo test --test house"
        );
    }
}
