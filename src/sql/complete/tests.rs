//! Tables of cases: `|` is the cursor.

use super::*;
use crate::data::catalog::{ColumnInfo, ForeignKey, Function, RelKind, Relation, TypeInfo};
use std::sync::Arc;

fn relation(oid: u32, schema: &str, name: &str, kind: RelKind) -> Relation {
    Relation {
        oid,
        schema: schema.into(),
        name: name.into(),
        kind,
        rows: 1.0,
        bytes: 0,
        partition_of: 0,
        comment: None,
    }
}

fn column(name: &str, kind: &str) -> ColumnInfo {
    ColumnInfo { name: name.into(), type_name: kind.into(), ..ColumnInfo::default() }
}

fn catalog() -> Catalog {
    let mut c = Catalog {
        database: "app".into(),
        search_path: vec!["pg_catalog".into(), "public".into()],
        schemas: ["audit", "public", "pg_catalog"].map(Arc::from).to_vec(),
        relations: vec![
            relation(9, "audit", "log", RelKind::Table),
            relation(50, "pg_catalog", "pg_class", RelKind::Table),
            relation(4, "public", "Order Lines", RelKind::Table),
            relation(3, "public", "active_users", RelKind::View),
            relation(2, "public", "posts", RelKind::Table),
            relation(5, "public", "tags", RelKind::Table),
            relation(1, "public", "users", RelKind::Table),
        ],
        complete: true,
        ..Catalog::default()
    };
    let mut add = |oid: u32, columns: &[(&str, &str)]| {
        c.columns.insert(oid, columns.iter().map(|(n, t)| column(n, t)).collect());
    };
    add(1, &[("id", "bigint"), ("email", "text"), ("username", "text"), ("created_at", "timestamptz")]);
    add(2, &[("id", "bigint"), ("user_id", "bigint"), ("title", "text"), ("created_at", "timestamptz")]);
    add(3, &[("id", "bigint"), ("email", "text")]);
    add(4, &[("Line No", "int"), ("select", "text"), ("order_id", "int")]);
    add(9, &[("at", "timestamptz"), ("what", "text")]);
    c.foreign_keys = vec![ForeignKey {
        name: "posts_user_id_fkey".into(),
        from_oid: 2,
        from: ("public".into(), "posts".into()),
        from_columns: vec!["user_id".into()],
        to_oid: 1,
        to: ("public".into(), "users".into()),
        to_columns: vec!["id".into()],
        on_delete: 'c',
    }];
    let function = |schema: &str, name: &str, arguments: &str, result: &str| Function {
        oid: 1,
        schema: schema.into(),
        name: name.into(),
        arguments: arguments.into(),
        result: result.into(),
        kind: 'f',
    };
    c.functions = vec![
        function("pg_catalog", "count", "\"any\"", "bigint"),
        function("pg_catalog", "now", "", "timestamptz"),
        function("pg_catalog", "generate_series", "integer, integer", "SETOF integer"),
        function("public", "user_score", "bigint", "numeric"),
        function("public", "recent_posts", "n integer", "TABLE(id bigint)"),
    ];
    c.types = vec![TypeInfo { oid: 70, schema: "public".into(), name: "mood".into(), kind: 'e' }];
    c
}

fn at(text: &str) -> (Completion, String) {
    let at = text.find('|').expect("a cursor");
    let text = text.replacen('|', "", 1);
    (complete(&text, at, &catalog()), text)
}

fn items(text: &str) -> Vec<String> {
    at(text).0.items.into_iter().map(|i| i.insert).collect()
}

/// The first items are these, in this order.
#[track_caller]
fn first(text: &str, want: &[&str]) {
    let got = items(text);
    assert_eq!(&got[..want.len().min(got.len())], want, "{text}: {got:?}");
}

/// These are offered, and those are not.
#[track_caller]
fn among(text: &str, want: &[&str], not: &[&str]) {
    let got = items(text);
    for w in want {
        assert!(got.iter().any(|g| g == w), "{text}: {w} is missing in {got:?}");
    }
    for n in not {
        assert!(got.iter().all(|g| g != n), "{text}: {n} should not be in {got:?}");
    }
}

/// Nothing fits.
#[track_caller]
fn none(text: &str) {
    assert_eq!(items(text), Vec::<String>::new(), "{text}");
}

#[test]
fn statements_begin() {
    first("sel|", &["select"]);
    first("SEL|", &["SELECT"]);
    first("select 1; up|", &["update"]);
    among("|", &["select", "insert into", "with"], &["where", "users"]);
    first("select 1;\n\nwi|", &["with"]);
}

#[test]
fn relations_after_from() {
    first("select * from us|", &["users"]);
    first("select * from |", &["active_users", "\"Order Lines\"", "posts", "tags", "users"]);
    among(
        "select * from |",
        &["\"Order Lines\"", "audit", "audit.log", "recent_posts("],
        &["email", "where"],
    );
    first("select * from users, po|", &["posts"]);
    first("select * from audit.|", &["log"]);
    first("select * from audit.l|", &["log"]);
    first("update us|", &["users"]);
    first("delete from po|", &["posts"]);
    first("insert into po|", &["posts"]);
    first("select * from \"Ord|", &["\"Order Lines\""]);
    first("select * from (select * from us|", &["users"]);
    first("with u as (select 1) select * from |", &["u", "active_users"]);
    first("truncate po|", &["posts"]);
    first("drop table if exists us|", &["users"]);
    first("alter table |", &["active_users", "\"Order Lines\"", "posts"]);
    first("explain analyze select * from us|", &["users"]);
    first("create index on po|", &["posts"]);
    first("create index posts_title on po|", &["posts"]);
    first("grant select on us|", &["users"]);
    first("\\d us|", &["users"]);
    among("select * from pg_cl|", &["pg_class"], &[]);
}

#[test]
fn columns_of_what_is_read() {
    first("select em| from users", &["email"]);
    first("select | from users", &["id", "email", "username", "created_at"]);
    first("select * from users where em|", &["email"]);
    first("select * from users u where u.|", &["id", "email", "username", "created_at"]);
    first("select u.em| from users u", &["email"]);
    first("select users.| from users", &["id", "email"]);
    first("select public.users.| from public.users", &["id", "email"]);
    first("select * from posts order by ti|", &["title"]);
    first("select * from posts group by |", &["id", "user_id"]);
    first("select count(| from posts", &["id", "user_id", "title"]);
    first("select count(*) as n from posts order by n|", &["n"]);
    first("update users set em|", &["email"]);
    first("update users set email = 'x', us|", &["username"]);
    first("update users set email = lower(us|", &["username"]);
    first("update users set email = us|", &["username"]);
    first("insert into posts (ti|", &["title"]);
    first("insert into posts (id, |", &["id", "user_id", "title"]);
    first("insert into posts (id) values (1) returning ti|", &["title"]);
    first("delete from posts where ti|", &["title"]);
    first("insert into users (id) values (1) on conflict (em|", &["email"]);
    first("insert into users (id) values (1) on conflict (id) do update set em|", &["email"]);
    first("create index on posts (ti|", &["title"]);
    first("alter table users drop column em|", &["email"]);
    first("copy users (em|", &["email"]);
    first("select * from \"Order Lines\" where |", &["\"Line No\"", "\"select\"", "order_id"]);
    first("select * from users where id in (select user_| from posts)", &["user_id"]);
    among(
        "select * from users where id in (select user_id from posts where |)",
        &["title", "users.email"],
        &[],
    );
    // Two tables have the name: it is qualified.
    among(
        "select | from users u join posts p on p.user_id = u.id",
        &["email", "title", "u.id", "p.id", "u.created_at", "p"],
        &["id", "created_at"],
    );
    // No FROM yet: a table's column that begins so.
    first("select usern|", &["username"]);
}

#[test]
fn subqueries_and_with_queries_have_columns() {
    first("select s.| from (select id, title as name from posts) s", &["id", "name"]);
    first("select s.| from (select * from posts) as s", &["id", "user_id", "title"]);
    first("with x as (select id, count(*) from posts group by 1) select x.| from x", &["id", "count"]);
    first("with x(a, b) as (select id, title from posts) select | from x", &["a", "b"]);
    first("with x as (select 1 as one), y as (select * from x) select | from y", &["one"]);
    first("with d as (delete from posts returning id, title) select | from d", &["id", "title"]);
    first("select v.| from (values (1, 2)) v(a, b)", &["a", "b"]);
    first("select | from (values (1, 2)) v", &["column1", "column2"]);
    first("with recursive t as (select id from posts union all select t.| from t) select 1", &["id"]);
    first("select * from users u, lateral (select * from posts where user_id = u.|) p", &["id", "email"]);
}

#[test]
fn joins_by_foreign_key() {
    first("select * from users join |", &["posts on posts.user_id = users.id"]);
    first("select * from posts p join us|", &["users u on u.id = p.user_id", "users"]);
    first("SELECT * FROM users u JOIN |", &["posts p ON p.user_id = u.id"]);
    first("select * from users u join posts p on |", &["p.user_id = u.id"]);
    first("select * from users u join posts p ON p|", &["p.user_id = u.id"]);
    first("select * from posts join tags on |", &["posts", "tags"]);
    first("select * from users join posts using (|", &["id", "created_at"]);
    first("select * from users u join posts p |", &["on", "using"]);
    first("select * from users u |", &["where", "join"]);
}

#[test]
fn key_words_in_the_users_letters() {
    first("select id fr|", &["from"]);
    first("SELECT id |", &["FROM"]);
    first("select * from users WH|", &["WHERE"]);
    first("select * from users where id = 1 or|", &["or", "order by"]);
    first("select * from users order by id de|", &["desc"]);
    first("select * from users order |", &["by"]);
    first("insert into users |", &["values", "select"]);
    first("delete |", &["from"]);
    first("update users |", &["set"]);
    first("select id from users un|", &["union"]);
    first("begin iso|", &["isolation level"]);
    first("create or replace v|", &["view"]);
    first("alter table users ad|", &["add column"]);
    first("drop ta|", &["table"]);
    first("show search|", &["search_path"]);
    first("set search_path to au|", &["audit"]);
    first("select id::ti|", &["timestamptz", "timestamp", "time"]);
    first("select cast(id as te|", &["text"]);
    first("select id::mo|", &["mood", "money"]);
}

#[test]
fn functions_with_their_parenthesis() {
    first("select cou|", &["count("]);
    first("select cou|(id)", &["count"]);
    first("select no|", &["now()"]);
    among("select us| from users", &["username", "user_score("], &[]);
    first("select * from gen|", &["generate_series("]);
}

#[test]
fn nothing_in_strings_comments_and_numbers() {
    none("select 'us|");
    none("select 'us|' from users");
    none("-- us|");
    none("select /* us|");
    none("select 12|");
    none("select $1|");
    among("do $$ begin perform * from us|", &["users"], &[]);
    first("do $$ begin select * from us| end $$", &["users"]);
}

#[test]
fn the_range_is_the_whole_word() {
    for (text, want) in [
        ("select * from us|", "us"),
        ("select * from us|er where", "user"),
        ("select * from \"Or|", "\"Or"),
        ("select * from \"Or|d\" where", "\"Ord\""),
        ("select u.em| from users u", "em"),
        ("select u.|\nfrom users u", ""),
        ("select * from |", ""),
    ] {
        let (c, text) = at(text);
        assert_eq!(&text[c.start..c.end], want, "{text}");
    }
}

#[test]
fn a_statement_without_semicolon_ends_where_the_next_begins() {
    first("select * from users where em|\n\nselect * from posts;", &["email"]);
    among("select * from tags where |\nselect title from posts", &[], &["title"]);
    first("select 1\n\nselect em| from users", &["email"]);
}

#[test]
fn an_empty_catalog_still_gives_key_words() {
    let c = complete("sel", 3, &Catalog::default());
    assert_eq!(c.items[0].insert, "select");
    assert!(
        complete("select * from ", 14, &Catalog::default()).items.iter().all(|i| i.kind == ItemKind::Keyword)
    );
}

#[test]
fn letters_in_order_come_last() {
    among("select crat| from users", &["created_at"], &["email"]);
    first("select at| from users", &["created_at"]);
}

proptest::proptest! {
    #[test]
    fn whatever_the_text_it_answers(text in "[a-z\"'$();., \n|:-]{0,80}", cut in 0usize..100) {
        let c = complete(&text, cut, &catalog());
        proptest::prop_assert!(c.start <= c.end && c.end <= text.len());
        proptest::prop_assert!(text.is_char_boundary(c.start) && text.is_char_boundary(c.end));
    }

    #[test]
    fn cut_anywhere_it_answers(cut in 0usize..300) {
        let text = "with x as (select id, \"Line No\" from \"Order Lines\" where a = $$b$$ and 'ü' < b)\n\
            insert into posts (id, title) select x.id, p.title from x join posts p on p.id = x.id \
            where p.title in ('a', 'b') union select 1, 'c' order by 1 on conflict do nothing returning *";
        let c = complete(text, cut, &catalog());
        proptest::prop_assert!(c.start <= c.end && c.end <= text.len());
    }
}
