//! Browse on a made-up shop: tree, users with their posts below, record and value view, errors.

use crate::robot::Robot;
use pgdeck::{
    core::{
        effect::Effect,
        error::DbError,
        event::{News, Tx},
        ids::{ConnId, JobId, Lane},
    },
    data::{
        catalog::{Catalog, ColumnInfo, Detail, ForeignKey, Key, RelKind, Relation},
        rows::{Batch, Column},
    },
};
use std::sync::Arc;

fn relation(oid: u32, name: &str, kind: RelKind, rows: f64) -> Relation {
    Relation {
        oid,
        schema: "public".into(),
        name: name.into(),
        kind,
        rows,
        bytes: 3 << 20,
        partition_of: 0,
        comment: None,
    }
}

pub fn posts_user() -> ForeignKey {
    ForeignKey {
        name: "posts_user_id_fkey".into(),
        from_oid: 2,
        from: ("public".into(), "posts".into()),
        from_columns: vec!["user_id".into()],
        to_oid: 1,
        to: ("public".into(), "users".into()),
        to_columns: vec!["id".into()],
        on_delete: 'c',
    }
}

pub fn shop() -> Catalog {
    Catalog {
        database: "shop".into(),
        search_path: vec!["pg_catalog".into(), "public".into()],
        schemas: vec!["public".into(), "pg_catalog".into()],
        relations: vec![
            relation(9, "empty", RelKind::Table, 0.0),
            relation(2, "posts", RelKind::Table, 20_000.0),
            relation(3, "top_posts", RelKind::View, -1.0),
            relation(1, "users", RelKind::Table, 5_000.0),
        ],
        foreign_keys: vec![posts_user()],
        ..Catalog::default()
    }
}

fn column(attnum: i16, name: &str, oid: u32, type_name: &str, category: char, not_null: bool) -> ColumnInfo {
    ColumnInfo {
        attnum,
        name: name.into(),
        type_oid: oid,
        base_oid: oid,
        type_name: type_name.into(),
        category,
        not_null,
        ..ColumnInfo::default()
    }
}

fn id_key(name: &str) -> Vec<Key> {
    vec![Key { name: name.into(), primary: true, columns: vec![1] }]
}

pub fn users() -> Detail {
    Detail {
        relation: relation(1, "users", RelKind::Table, 5_000.0),
        columns: vec![
            column(1, "id", 20, "bigint", 'N', true),
            column(2, "email", 25, "text", 'S', true),
            column(3, "is_active", 16, "boolean", 'B', true),
            column(4, "profile_data", 3802, "jsonb", 'U', false),
            column(5, "created_at", 1184, "timestamp with time zone", 'D', true),
        ],
        keys: id_key("users_pkey"),
        references: vec![],
        referenced_by: vec![posts_user()],
        no_delete: false,
    }
}

pub fn posts() -> Detail {
    Detail {
        relation: relation(2, "posts", RelKind::Table, 20_000.0),
        columns: vec![
            column(1, "id", 20, "bigint", 'N', true),
            column(2, "user_id", 20, "bigint", 'N', false),
            column(3, "title", 25, "text", 'S', true),
            column(4, "tags", 1009, "text[]", 'A', false),
        ],
        keys: id_key("posts_pkey"),
        references: vec![posts_user()],
        referenced_by: vec![],
        no_delete: false,
    }
}

/// Answers every question for a remembered text with nothing.
pub fn forget(robot: &mut Robot) {
    while robot.effects.iter().any(|e| matches!(e, Effect::Recall { .. })) {
        let job = robot.take(|e| match e {
            Effect::Recall { job, .. } => Some(*job),
            _ => None,
        });
        robot.news(job, News::Remembered(None));
    }
}

/// Answers a page of rows: visible cells, helper columns are made up from them.
pub fn page(robot: &mut Robot, job: JobId, rows: &[Vec<Option<&str>>]) {
    let width = rows.first().map_or(1, Vec::len);
    let columns: Vec<Column> = (0..width).map(|_| Column::text("")).collect();
    let mut batch = Batch::new(width);
    for row in rows {
        batch.push(row.iter().map(|c| c.map(str::as_bytes)));
    }
    robot.news(job, News::Started(0)).news(job, News::Columns(columns.into()));
    robot.news(job, News::Rows(Arc::new(batch)));
    robot.done(job, 0, "SELECT", rows.len() as u64, true);
}

const PROFILE: &str = r#"{"bio": "Writes about gardens.", "likes": [3, 17.50], "links": {"home": "https://example.org", "feed": null}}"#;

pub fn user_rows(n: usize) -> Vec<Vec<Option<&'static str>>> {
    let ids = ["1", "2", "3", "4", "5", "6"];
    let emails =
        ["ann@example.org", "bob@example.org", "", "dora@example.org", "NULL", "fay\u{1b}[31m@example.org"];
    (0..n.min(6))
        .map(|i| {
            let doc = (i != 1).then_some(PROFILE);
            let sizes = [Some("20"), Some("120")];
            let mut row = vec![Some(ids[i]), Some(emails[i]), Some(if i == 3 { "f" } else { "t" }), doc];
            row.push(Some("2025-03-01 09:30:00+00"));
            row.extend(sizes);
            row
        })
        .collect()
}

pub fn post_rows(n: usize) -> Vec<Vec<Option<&'static str>>> {
    let titles = ["On pruning", "Winter light", "A pond"];
    let ids = ["11", "12", "13"];
    (0..n.min(3))
        .map(|i| {
            vec![Some(ids[i]), Some("1"), Some(titles[i]), Some("{garden,home}"), Some("12"), Some("30")]
        })
        .collect()
}

/// Users above, posts of the first user below.
pub fn open_shop(width: u16, height: u16) -> Robot {
    let mut robot = Robot::new(width, height);
    robot.connect(shop());
    forget(&mut robot);
    forget(&mut robot);
    robot.describe(users());
    let (job, lane, statements) = robot.execute();
    assert_eq!(lane, Lane::Read(ConnId(0)));
    assert!(statements[0].pure_read && statements[0].sql.contains("FROM public.users"), "{statements:?}");
    page(&mut robot, job, &user_rows(6));
    forget(&mut robot);
    robot.describe(posts());
    let (job, _, statements) = robot.execute();
    assert!(statements[0].sql.contains("WHERE user_id = $1"), "{statements:?}");
    assert_eq!(statements[0].params, [Some("1".to_owned())]);
    page(&mut robot, job, &post_rows(3));
    robot
}

#[test]
fn users_with_their_posts_come_up_by_themselves() {
    insta::assert_snapshot!("browse_120x40", open_shop(120, 40).screen());
    insta::assert_snapshot!("browse_80x24", open_shop(80, 24).screen());
}

#[test]
fn another_database_shows_nothing_of_the_one_before() {
    let mut robot = open_shop(120, 40);
    robot
        .connect_to("copy", Catalog { relations: vec![relation(1, "other", RelKind::Table, 5.0)], ..shop() });
    let screen = robot.screen();
    assert!(screen.contains("other") && !screen.contains("ann@example.org"), "{screen}");
    robot.keys("<tab><backspace>edd<ctrl-s>");
    forget(&mut robot);
    let asked: Vec<_> = robot.effects.iter().filter(|e| matches!(e, Effect::Execute { .. })).collect();
    assert!(asked.is_empty(), "{asked:?}");
    // Lost and found again it is the same database, and the rows stay.
    let mut robot = open_shop(120, 40);
    robot.connect(shop());
    assert!(robot.screen().contains("ann@example.org"));
}

#[test]
fn the_lower_grid_follows_once_the_cursor_rests() {
    let mut robot = open_shop(120, 40);
    robot.keys("jj");
    let asked = |r: &Robot| r.effects.iter().filter(|e| matches!(e, Effect::Execute { .. })).count();
    assert_eq!(asked(&robot), 0, "the cursor has not rested yet");
    robot.wait(100);
    let (job, _, statements) = robot.execute();
    assert_eq!(statements[0].params, [Some("3".to_owned())]);
    // Further on before the answer came: the older one is given up, its late answer ignored.
    robot.keys("j").wait(100);
    let (newer, _, _) = robot.execute();
    assert!(robot.effects.contains(&Effect::Stop { job }));
    page(&mut robot, job, &post_rows(3));
    page(&mut robot, newer, &post_rows(1));
    let screen = robot.screen();
    assert!(screen.contains("On pruning") && !screen.contains("A pond"), "{screen}");
    assert!(screen.contains("user_id = 4"), "{screen}");
}

#[test]
fn record_and_value() {
    let mut robot = open_shop(120, 40);
    robot.keys("\n");
    insta::assert_snapshot!("record_120x40", robot.screen());
    robot.keys("jjjv");
    insta::assert_snapshot!("json_120x40", robot.screen());
    robot.keys("<esc><esc>");
    let screen = robot.screen();
    assert!(screen.contains("On pruning") && !screen.contains("3 keys"), "{screen}");
    let mut robot = open_shop(80, 24);
    robot.keys("$hv");
    insta::assert_snapshot!("json_80x24", robot.screen());
    robot.keys("jjp");
    assert_eq!(robot.take(copied), "$.likes");
    robot.keys("jjP");
    assert_eq!(robot.take(copied), "profile_data->'likes'->>1");
}

fn copied(effect: &Effect) -> Option<String> {
    match effect {
        Effect::Copy(text) => Some(text.clone()),
        _ => None,
    }
}

#[test]
fn copies() {
    let mut robot = open_shop(120, 40);
    robot.keys("wyy");
    assert_eq!(robot.take(copied).trim_end(), "ann@example.org");
    robot.keys("jyj");
    let json = robot.take(copied);
    assert!(
        json.contains("\"email\": \"bob@example.org\"") || json.contains("\"email\":\"bob@example.org\""),
        "{json}"
    );
    assert!(json.contains("null"), "{json}");
}

#[test]
fn sort_filter_and_back() {
    let mut robot = open_shop(120, 40);
    robot.keys("ws");
    let (job, _, statements) = robot.execute();
    assert!(statements[0].sql.contains("ORDER BY users.email, users.id"), "{}", statements[0].sql);
    page(&mut robot, job, &[]);
    robot.keys("X");
    let (job, _, statements) = robot.execute();
    assert!(statements[0].sql.ends_with("ORDER BY users.id\nLIMIT 200"), "{}", statements[0].sql);
    page(&mut robot, job, &user_rows(6));
    let (job, _, _) = robot.execute();
    page(&mut robot, job, &post_rows(3));
    robot.keys("0f");
    let (job, _, statements) = robot.execute();
    assert!(statements[0].sql.contains("WHERE id = $1"), "{}", statements[0].sql);
    page(&mut robot, job, &user_rows(1));
    assert!(robot.screen().contains("id = 1"));
    // A post's user and back: the lower grid keeps its place.
    robot.keys("<tab>jwgd");
    forget(&mut robot);
    robot.describe(users());
    let (job, _, statements) = robot.execute();
    assert_eq!(
        (statements[0].params.clone(), statements[0].sql.contains("id = $1")),
        (vec![Some("1".into())], true)
    );
    page(&mut robot, job, &user_rows(1));
    robot.keys("<backspace>");
    let screen = robot.screen();
    assert!(screen.contains("row 2 of 3"), "{screen}");
}

/// A page of so many users from one number on.
fn users_page(robot: &mut Robot, job: JobId, from: u64, rows: u64) {
    let texts: Vec<String> = (from..from + rows).map(|n| n.to_string()).collect();
    let row = |t: &'static str| vec![Some(t), Some("x@example.org"), Some("t"), None, None, Some("9"), None];
    let rows: Vec<_> = texts.into_iter().map(|t| row(Box::leak(t.into_boxed_str()))).collect();
    page(robot, job, &rows);
}

/// The next page of users asked for, and after which id.
fn asked_users(robot: &mut Robot) -> (JobId, Option<u64>) {
    robot.take(|e| match e {
        Effect::Execute { job, statements, .. } if statements[0].sql.contains("FROM public.users") => {
            let after = statements[0].params.first().cloned().flatten();
            Some((*job, after.and_then(|t| t.parse().ok())))
        }
        _ => None,
    })
}

#[test]
fn rows_that_a_movement_did_not_get_are_owed() {
    let mut robot = open_shop(120, 40);
    robot.keys("ws");
    let (job, _) = asked_users(&mut robot);
    users_page(&mut robot, job, 1, 200);
    let rows = |r: &mut Robot| {
        let screen = r.screen();
        let line = screen.lines().nth(1).expect("a title").to_owned();
        let number =
            line.rsplit_once("row ").expect("a row").1.split(' ').next().expect("a number").to_owned();
        number.replace(',', "").parse::<u64>().expect("a number")
    };
    rows(&mut robot);
    robot.keys("<pagedown>");
    let step = rows(&mut robot) - 1;
    // Far more than is loaded, while the next page is still under way.
    for _ in 1..40 {
        robot.keys("<pagedown>");
    }
    assert_eq!(rows(&mut robot), 200);
    let mut from = 201;
    while from <= 1 + 40 * step {
        let (job, _) = asked_users(&mut robot);
        users_page(&mut robot, job, from, 200);
        from += 200;
    }
    assert_eq!(rows(&mut robot), 1 + 40 * step);
    // The other way forgets what is owed.
    for _ in 0..40 {
        robot.keys("<pagedown>");
    }
    robot.keys("k");
    let at = rows(&mut robot);
    let (job, _) = asked_users(&mut robot);
    users_page(&mut robot, job, from, 200);
    assert_eq!(rows(&mut robot), at);
}

#[test]
fn reading_anew_stays_with_the_row_and_a_wrong_condition_comes_back() {
    let mut robot = open_shop(120, 40);
    robot.keys("ws");
    let (job, _) = asked_users(&mut robot);
    users_page(&mut robot, job, 1, 200);
    robot.screen();
    for _ in 0..30 {
        robot.keys("j");
    }
    robot.screen();
    robot.keys("<f5>").describe(users()).describe(posts());
    let (job, after) = asked_users(&mut robot);
    assert_eq!(after, None, "from the first row on, for that is near");
    // The last ones are gone meanwhile.
    users_page(&mut robot, job, 1, 30);
    let screen = robot.screen();
    assert!(screen.contains("row 30 of 30"), "its row is gone, the nearest is left: {screen}");
    robot.keys("<f5>").describe(users()).describe(posts());
    let (job, _) = asked_users(&mut robot);
    users_page(&mut robot, job, 20, 100);
    assert!(robot.screen().contains("row 11 of 100"), "with its row: {}", robot.screen());
    robot.keys("Fwhere\n");
    robot.keys("id in (1, 2\n");
    let screen = robot.screen();
    assert!(screen.contains("leaves a parenthesis open") && screen.contains("id in (1, 2"), "{screen}");
    robot.keys(")\n");
    let job = asked_users(&mut robot).0;
    let error = DbError { severity: "ERROR".into(), code: "42703".into(), ..DbError::default() };
    robot.news(job, News::Failed(0, Box::new(error), Tx::Idle));
    robot.keys("Fwhere\n");
    assert!(robot.screen().contains("id in (1, 2)"), "{}", robot.screen());
}

#[test]
fn errors_are_shown_in_place_with_a_way_on() {
    let mut robot = Robot::new(80, 24);
    robot.connect(shop());
    forget(&mut robot);
    forget(&mut robot);
    robot.describe(users());
    let (job, _, _) = robot.execute();
    let error = DbError {
        severity: "ERROR".into(),
        code: "42501".into(),
        message: "permission denied for table users".into(),
        ..DbError::default()
    };
    robot.news(job, News::Failed(0, Box::new(error), Tx::Idle));
    insta::assert_snapshot!("browse_error_80x24", robot.screen());
    robot.keys("<f5>");
    robot.describe(users());
    let (job, _, _) = robot.execute();
    page(&mut robot, job, &user_rows(2));
    assert!(robot.screen().contains("bob@example.org"));
}

#[test]
fn an_empty_table_and_a_view() {
    let mut robot = Robot::new(80, 24);
    let mut catalog = shop();
    catalog.foreign_keys.clear();
    robot.connect(catalog);
    forget(&mut robot);
    assert!(robot.screen().contains("Choose a table"));
    robot.keys("/emp\n");
    forget(&mut robot);
    let mut empty = posts();
    empty.relation = relation(9, "empty", RelKind::Table, 0.0);
    robot.describe(empty);
    let (job, _, _) = robot.execute();
    page(&mut robot, job, &[]);
    insta::assert_snapshot!("browse_empty_80x24", robot.screen());
    // A view has no key: a stream with credit, more only when wanted.
    robot.keys("<tab>/top\n");
    forget(&mut robot);
    let mut view = posts();
    view.relation = relation(3, "top_posts", RelKind::View, -1.0);
    view.keys.clear();
    robot.describe(view);
    let (job, _, statements) = robot.execute();
    assert!(!statements[0].sql.contains("LIMIT") && !statements[0].sql.contains("ORDER"), "{statements:?}");
    let mut batch = Batch::new(4);
    for n in 0..300 {
        batch.push([Some(n.to_string().as_bytes()), None, Some(b"title".as_slice()), None]);
    }
    robot.news(job, News::Rows(Arc::new(batch))).news(job, News::Resting);
    assert!(!robot.effects.iter().any(|e| matches!(e, Effect::More { .. })));
    robot.keys("G");
    assert!(robot.effects.iter().any(|e| matches!(e, Effect::More { .. })));
    assert!(robot.screen().contains("no key"), "{}", robot.screen());
}

#[test]
fn no_size_breaks_it() {
    for (width, height) in [(1, 1), (5, 3), (16, 4), (40, 10), (69, 7), (300, 100)] {
        let mut robot = open_shop(width, height);
        robot.screen();
        for keys in ["\n", "v", "<esc><esc>", "<tab>", "z", "<tab>z", "B", "$"] {
            robot.keys(keys).screen();
        }
    }
}

#[test]
fn a_reference_whose_column_is_not_there_opens_nothing() {
    let mut robot = Robot::new(120, 40);
    robot.connect(shop());
    forget(&mut robot);
    robot.describe(users());
    let (job, ..) = robot.execute();
    page(&mut robot, job, &user_rows(6));
    forget(&mut robot);
    // The key was read a moment before its first column went.
    let key = ForeignKey {
        from_columns: vec!["gone".into(), "user_id".into()],
        to_columns: vec!["tenant".into(), "id".into()],
        ..posts_user()
    };
    robot.describe(Detail { references: vec![key], ..posts() });
    let (job, ..) = robot.execute();
    page(&mut robot, job, &post_rows(3));
    robot.effects.clear();
    robot.keys("<tab>lgd");
    assert!(robot.screen().contains("gone is not among the columns"), "{}", robot.screen());
    assert!(!robot.effects.iter().any(|e| matches!(e, Effect::Describe { .. } | Effect::Execute { .. })));
}
