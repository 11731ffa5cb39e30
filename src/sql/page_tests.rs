//! The statements of browsing, as text; `tests/browse` runs them on a real server.

use super::page::*;
use crate::{
    data::catalog::{ColumnInfo, Detail, Key, RelKind, Relation},
    sql::filter::{Condition, Filter, Op, check_raw},
};

fn column(attnum: i16, name: &str, oid: u32, category: char, not_null: bool) -> ColumnInfo {
    ColumnInfo {
        attnum,
        name: name.into(),
        type_oid: oid,
        base_oid: oid,
        type_name: "t".into(),
        category,
        not_null,
        ..ColumnInfo::default()
    }
}

fn posts(keyed: bool) -> Detail {
    Detail {
        relation: Relation {
            oid: 1,
            schema: "public".into(),
            name: "posts".into(),
            kind: RelKind::Table,
            rows: 5.0,
            bytes: -1,
            partition_of: 0,
            comment: None,
        },
        columns: vec![
            column(1, "id", 20, 'N', true),
            column(2, "Title", 25, 'S', true),
            column(3, "at", 1184, 'D', false),
            column(4, "score", 23, 'N', false),
            column(5, "tags", 1009, 'A', false),
            column(6, "doc", 3802, 'U', false),
            column(7, "raw", 17, 'U', false),
            column(8, "x", 142, 'U', false),
            column(9, "net", 869, 'I', false),
        ],
        keys: if keyed {
            vec![Key { name: "posts_pkey".into(), primary: true, columns: vec![1] }]
        } else {
            vec![]
        },
        references: vec![],
        referenced_by: vec![],
        no_delete: false,
    }
}

fn by(sort: &[(&str, bool)]) -> View {
    let sort = sort.iter().map(|(c, d)| SortBy { column: (*c).into(), descending: *d }).collect();
    View { sort, ..View::default() }
}

fn some(values: &[Option<&str>]) -> Vec<Option<String>> {
    values.iter().map(|v| v.map(str::to_owned)).collect()
}

/// Everything after WHERE, one text per statement.
fn conditions(view: &View, values: &[Option<&str>], way: Way) -> Vec<String> {
    let detail = posts(true);
    let sql = PageSql::new(&detail, view, 10).expect("a view");
    let all = sql.beyond(&some(values), way, false, 5).expect("statements");
    all.iter().map(|q| q.sql.split("WHERE ").nth(1).unwrap_or("").replace('\n', " ")).collect()
}

#[test]
fn wide_values_are_cut_and_helpers_stand_behind() {
    let (detail, view) = (posts(true), by(&[("at", true), ("doc", false)]));
    let sql = PageSql::new(&detail, &view, 10).expect("a view");
    let text = sql.edge(Way::Forward, 5).expect("a page").sql;
    let want = "SELECT id, left(\"Title\"::text, 11) AS \"Title\", at, score, left(tags::text, 11) AS tags, \
                left(doc::text, 11) AS doc, substring(raw from 1 for 11) AS raw, \
                left(CASE WHEN num_nulls(x) = 0 THEN format('%s', x) END, 11) AS x, net, \
                to_json(at)#>>'{}', doc, pg_column_size(\"Title\"), pg_column_size(tags), \
                pg_column_size(doc), pg_column_size(raw), pg_column_size(x)\n\
                FROM public.posts\nORDER BY posts.at DESC, posts.doc, posts.id\nLIMIT 5";
    assert_eq!(text, want);
    let shape = sql.shape();
    assert_eq!((shape.visible, shape.width), (9, 16));
    assert_eq!((shape.order.clone(), shape.key.clone()), (vec![9, 10, 0], vec![0]));
    assert_eq!(shape.sizes[1], Some(11));
    assert_eq!(shape.cut[..2], [None, Some(10)]);
}

#[test]
fn without_a_key_everything_comes_whole() {
    let (detail, view) = (posts(false), View::default());
    let sql = PageSql::new(&detail, &view, 10).expect("a view");
    assert!(!sql.keyed());
    let text = sql.stream().expect("a stream").sql;
    assert_eq!(text, "SELECT id, \"Title\", at, score, tags, doc, raw, x, net\nFROM public.posts");
}

/// Sort, the row's values, direction, the conditions wanted.
type Case<'a> = (&'a [(&'a str, bool)], &'a [Option<&'a str>], Way, &'a [&'a str]);

#[test]
fn what_comes_after_a_row() {
    use Way::{Backward, Forward};
    let cases: &[Case<'_>] = &[
        (&[], &[Some("7")], Forward, &["id > $1 ORDER BY posts.id LIMIT 5"]),
        (&[], &[Some("7")], Backward, &["id < $1 ORDER BY posts.id DESC LIMIT 5"]),
        (
            &[("Title", true)],
            &[Some("a"), Some("7")],
            Forward,
            &["(\"Title\", id) < ($1, $2) ORDER BY posts.\"Title\" DESC, posts.id DESC LIMIT 5"],
        ),
        // The first column may be NULL: NULLs are a stretch of their own.
        (
            &[("score", false)],
            &[Some("3"), Some("7")],
            Forward,
            &[
                "(score, id) > ($1, $2) ORDER BY posts.score, posts.id LIMIT 5",
                "score IS NULL ORDER BY posts.score, posts.id LIMIT 5",
            ],
        ),
        (
            &[("score", false)],
            &[None, Some("7")],
            Backward,
            &[
                "score IS NULL AND id < $1 ORDER BY posts.score DESC, posts.id DESC LIMIT 5",
                "score IS NOT NULL ORDER BY posts.score DESC, posts.id DESC LIMIT 5",
            ],
        ),
        (
            &[("score", true)],
            &[Some("3"), Some("7")],
            Forward,
            &["(score, id) < ($1, $2) ORDER BY posts.score DESC, posts.id DESC LIMIT 5"],
        ),
        // Mixed directions: column by column, with a bound an index can use.
        (
            &[("Title", false), ("id", true)],
            &[Some("a"), Some("7")],
            Forward,
            &[
                "\"Title\" >= $3 AND (\"Title\" > $1 OR (\"Title\" = $4 AND (id < $2))) ORDER BY posts.\"Title\", posts.id DESC LIMIT 5",
            ],
        ),
        // A NULL-able second column.
        (
            &[("Title", false), ("score", false)],
            &[Some("a"), Some("3"), Some("7")],
            Forward,
            &[
                "\"Title\" >= $6 AND (\"Title\" > $1 OR (\"Title\" = $2 AND (score > $3 OR score IS NULL OR (score = $4 AND (id > $5))))) ORDER BY posts.\"Title\", posts.score, posts.id LIMIT 5",
            ],
        ),
    ];
    let unnumbered = |t: &str| t.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    for (sort, values, way, want) in cases {
        let got = conditions(&by(sort), values, *way);
        let got: Vec<_> = got.iter().map(|t| unnumbered(t)).collect();
        let want: Vec<_> = want.iter().map(|t| unnumbered(t)).collect();
        assert_eq!(got, want, "{sort:?}");
    }
}

#[test]
fn filters_bind_their_values() {
    let detail = posts(true);
    let c = |column: &str, op, values: &[Option<&str>]| Condition {
        column: column.into(),
        op,
        values: some(values),
    };
    let view = View {
        filter: Filter {
            conditions: vec![
                Condition::equal("id", Some("1; drop".into())),
                Condition::equal("score", None),
                c("Title", Op::Contains, &[Some("50%_\\")]),
                c("id", Op::Contains, &[Some("1")]),
                c("Title", Op::StartsWith, &[Some("a")]),
                c("score", Op::In, &[Some("1"), None, Some("2")]),
                c("score", Op::In, &[]),
                c("doc", Op::JsonContains, &[Some("{}")]),
                c("tags", Op::HasElement, &[Some("a\"b\\")]),
                c("x", Op::Equal, &[Some("<a/>")]),
            ],
            raw: Some("score > 3 -- why".into()),
        },
        sort: vec![],
    };
    let sql = PageSql::new(&detail, &view, 10).expect("a view");
    let count = sql.count().expect("a count");
    let want = "SELECT count(*)\nFROM public.posts\nWHERE id = $1\n  AND score IS NULL\n  AND \"Title\" ILIKE $2\
        \n  AND id::text ILIKE $3\n  AND \"Title\" LIKE $4\n  AND (score IN ($5, $6) OR score IS NULL)\n  AND false\
        \n  AND doc @> $7\n  AND tags @> $8\n  AND x::text = $9\n  AND (score > 3 -- why\n)";
    assert_eq!(count.sql, want);
    let values: Vec<_> = count.params.iter().map(|p| p.as_deref().unwrap_or("NULL")).collect();
    assert_eq!(
        values,
        ["1; drop", "%50\\%\\_\\\\%", "%1%", "a%", "1", "2", "{}", "{\"a\\\"b\\\\\"}", "<a/>"]
    );
    assert_eq!(count.types, [20, 25, 25, 25, 23, 23, 3802, 1009, 25]);
    let text = sql.statement(Some(10)).expect("a statement");
    assert!(text.contains("id = '1; drop'") && text.contains("E'%50\\\\%"), "{text}");
    assert!(text.ends_with("ORDER BY id\nLIMIT 10;"), "{text}");
}

#[test]
fn a_raw_condition_stays_inside_its_parentheses() {
    for good in ["a = 1", "a in (1, 2)", "a = ';' and b = '$1'", "a = $$;$$", "a > 1 -- ; )", "\"x;\" = 1"] {
        assert_eq!(check_raw(good), Ok(()), "{good}");
    }
    for (bad, word) in
        [("a = 1; drop table t", ";"), ("a = $1", "$1"), ("a) or (b", "did not open"), ("(a", "open")]
    {
        assert!(check_raw(bad).expect_err(bad).contains(word), "{bad}");
    }
}

#[test]
fn missing_columns_are_named() {
    let detail = posts(true);
    assert!(PageSql::new(&detail, &by(&[("gone", false)]), 10).is_err_and(|e| e.contains("\"gone\"")));
    assert!(PageSql::new(&detail, &by(&[("x", false)]), 10).is_err_and(|e| e.contains("sort")));
    let view =
        View { filter: Filter { conditions: vec![Condition::equal("gone", None)], raw: None }, sort: vec![] };
    let sql = PageSql::new(&detail, &view, 10).expect("a view");
    assert!(sql.edge(Way::Forward, 1).is_err_and(|e| e.contains("\"gone\"")));
}

#[test]
fn one_row_and_one_value_by_key() {
    let detail = posts(true);
    let key = some(&[Some("7")]);
    let q = row(&detail, &key).expect("a row");
    assert!(q.sql.ends_with("FROM public.posts\nWHERE id = $1"), "{}", q.sql);
    let q = cell(&detail, "doc", &key, 99).expect("a cell");
    assert_eq!(
        q.sql,
        "SELECT octet_length(v), left(v, 99)\nFROM (SELECT doc::text AS v FROM public.posts WHERE id = $1) AS whole"
    );
    assert!(row(&posts(false), &key).is_err());
}
