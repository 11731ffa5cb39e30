//! Conditions as servers print them, and what is read of them.

use super::*;
use proptest::prelude::*;

fn part(text: &str) -> (Kind, String) {
    match read(text, Own { alias: "u" }) {
        Condition::Part(part) => (part.kind, part.key),
        other => panic!("{text} is {other:?}"),
    }
}

#[test]
fn parts() {
    let cases = [
        ("(id = 5)", Kind::Equal, "id"),
        ("(u.id = 5)", Kind::Equal, "id"),
        ("(u.id = o.user_id)", Kind::Equal, "id"),
        ("(o.user_id < u.id)", Kind::Range, "id"),
        ("(5 > id)", Kind::Range, "id"),
        ("(id = ANY ('{1,2}'::integer[]))", Kind::Equal, "id"),
        ("((name)::text = 'x'::text)", Kind::Equal, "name"),
        ("(\"Odd Name\" = 'x'::text)", Kind::Equal, "\"Odd Name\""),
        ("(lower(u.email) = 'a@b'::text)", Kind::Equal, "lower(email)"),
        ("(lower((u.email)::text) = 'a@b'::text)", Kind::Equal, "lower((email)::text)"),
        ("((doc ->> 'lang'::text) = 'fr'::text)", Kind::Equal, "(doc ->> 'lang'::text)"),
        ("((created)::date = '2024-01-01'::date)", Kind::DateOf, "created"),
        ("((score)::numeric > (InitPlan 1).col1)", Kind::CastOf, "score"),
        ("((u.score)::double precision = 1.5)", Kind::CastOf, "score"),
        ("(created >= '2024-01-01 00:00:00'::timestamp without time zone)", Kind::Range, "created"),
        ("(title ~~ 'abc%'::text)", Kind::Prefix, "title"),
        ("(title ~~ '%abc%'::text)", Kind::Like, "title"),
        ("(title ~~* '%abc%'::text)", Kind::Like, "title"),
        ("(title ~~ '%a%'::text)", Kind::Unserved, ""),
        ("(doc @> '{\"a\": 1}'::jsonb)", Kind::JsonbPath, "doc"),
        ("(doc ? 'a'::text)", Kind::Jsonb, "doc"),
        ("(tags @> '{a}'::text[])", Kind::Array, "tags"),
        ("(during && '[1,2)'::int4range)", Kind::Spatial, "during"),
        ("('a'::text = ANY (tags))", Kind::AnyOf, "tags"),
        ("(tsv @@ '''a'''::tsquery)", Kind::Search, "tsv"),
        (
            "(to_tsvector('english'::regconfig, body) @@ '''a'''::tsquery)",
            Kind::Search,
            "to_tsvector('english'::regconfig, body)",
        ),
        ("is_active", Kind::Flag, "is_active"),
        ("(NOT is_active)", Kind::Flag, "is_active"),
        ("(u.deleted_at IS NULL)", Kind::Flag, "deleted_at"),
        ("(x IS DISTINCT FROM 5)", Kind::Unserved, ""),
        ("(id <> 5)", Kind::Unserved, ""),
        ("(id = (SubPlan 1))", Kind::Unserved, ""),
        ("(hashed SubPlan 1)", Kind::Unserved, ""),
        ("(id = (InitPlan 1).col1)", Kind::Equal, "id"),
        ("(id = $0)", Kind::Equal, "id"),
        ("((id + n) = 5)", Kind::Equal, "((id + n))"),
        ("(id = n)", Kind::Unserved, ""),
        ("(o.id = 5)", Kind::Unserved, ""),
        ("(random() < 0.5)", Kind::Unserved, ""),
        ("(id < random())", Kind::Unserved, ""),
        ("(my_function(id) = 5)", Kind::Unserved, ""),
        ("(date_trunc('day'::text, created) = '2024-01-01'::timestamp)", Kind::Unserved, ""),
        ("((id % 10) = 3)", Kind::Equal, "((id % 10))"),
    ];
    for (text, kind, key) in cases {
        let (is, text_of_key) = part(text);
        assert_eq!(is, kind, "{text}");
        // An expression that is no call stands in parentheses of its own.
        assert_eq!(text_of_key.trim_matches(['(', ')']), key.trim_matches(['(', ')']), "{text}");
    }
}

#[test]
fn and_and_or() {
    let Condition::And(parts) = read("((u.a = 1) AND (u.b > 2) AND u.c)", Own { alias: "u" }) else {
        panic!()
    };
    assert_eq!(parts.len(), 3);
    let Condition::Or(parts) = read("((a = 1) OR ((b = 2) AND (c = 3)))", Own { alias: "u" }) else {
        panic!()
    };
    assert!(matches!(&parts[1], Condition::And(inner) if inner.len() == 2));
    let text = "(a = CASE WHEN (b AND c) THEN 'x OR y'::text ELSE '('::text END)";
    assert!(matches!(read(text, Own { alias: "u" }), Condition::Part(_)));
}

#[test]
fn the_text_of_a_part_is_without_alias() {
    let Condition::Part(part) = read("(u.deleted_at IS NULL)", Own { alias: "u" }) else { panic!() };
    assert_eq!(part.text, "deleted_at IS NULL");
    let Condition::Part(part) = read("(\"U x\".\"A\" = 'U x.'::text)", Own { alias: "U x" }) else {
        panic!()
    };
    assert_eq!(part.text, "\"A\" = 'U x.'::text");
}

proptest! {
    #[test]
    fn any_text(text in "[()a-c.=:'\"\\[\\]$<>~@ ANDORISNULL%é]{0,60}") {
        read(&text, Own { alias: "a" });
    }
}
