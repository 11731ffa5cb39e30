//! The popup of staged changes and the one before a delete: list and SQL, apply, conflicts, errors, foresight.

use crate::{
    browse::{open_shop, page, posts, posts_user, shop, users},
    robot::Robot,
};
use pgdeck::{
    core::{
        effect::{Checked, Effect},
        error::{DbError, UNKNOWN_OUTCOME, WRONG_ROWS},
        event::{Event, Link, News, ServerInfo, Tx},
        ids::{ConnId, JobId},
    },
    data::{
        catalog::{Detail, ForeignKey},
        edits::{Change, Field, JsonEdit, RowKey, TableRef, Text, Value, What, Where},
        json::Json,
        rows::{Batch, Column},
    },
};
use std::sync::Arc;

fn table(oid: u32) -> TableRef {
    let name = if oid == 1 { "users" } else { "posts" };
    TableRef { oid, schema: "public".into(), name: name.into() }
}

fn text(t: &str) -> Text {
    Some(t.into())
}

fn key(n: &str) -> RowKey {
    vec![text(n)]
}

fn update(oid: u32, row: &str, fields: &[(&str, &str, &str)]) -> Change {
    let fields = fields
        .iter()
        .map(|(c, seen, value)| Field {
            column: (*c).into(),
            seen: text(seen),
            value: Value::Text((*value).into()),
        })
        .collect();
    Change { table: table(oid), what: What::Update { key: key(row), fields, version: vec![] } }
}

fn some_changes() -> Vec<Change> {
    let new = What::Insert {
        id: 1,
        fields: vec![
            ("user_id".into(), Value::Text("42".into())),
            ("title".into(), Value::Text("On ponds".into())),
        ],
        upsert: None,
    };
    let rows = Where {
        text: "is_active = f".into(),
        sql: "WHERE is_active = $1".into(),
        params: vec![text("f")],
        types: vec![16],
    };
    vec![
        update(1, "42", &[("email", "ada@example.org", "eva@example.org")]),
        Change { table: table(2), what: new },
        Change {
            table: table(1),
            what: What::Delete { key: key("7"), seen: vec![("email".into(), text("bob@example.org"))] },
        },
        Change {
            table: table(1),
            what: What::Bulk { rows, count: 1_200, set: vec![("profile_data".into(), Value::Null)] },
        },
        update(2, "11", &[("title", "On pruning", "On Pruning"), ("user_id", "1", "2")]),
    ]
}

/// The popup over Browse with these changes staged.
fn open_with(changes: &[Change], width: u16, height: u16) -> Robot {
    let mut robot = staged(changes, width, height);
    robot.keys("<ctrl-s>");
    describe_all(&mut robot);
    robot
}

/// They come by the draft of last time.
fn staged(changes: &[Change], width: u16, height: u16) -> Robot {
    let mut robot = Robot::new(width, height);
    robot.connect(shop());
    let job = robot.take(|e| match e {
        Effect::Recall { job, key } if key.starts_with("draft.edits.") => Some(*job),
        _ => None,
    });
    let draft = serde_json::to_string(changes).expect("a draft");
    robot.news(job, News::Remembered(Some(draft))).keys("t");
    // What was said at the bottom goes.
    robot.wait(6_000);
    robot.effects.clear();
    robot
}

fn describe_all(robot: &mut Robot) {
    while let Some((job, oid)) = robot.effects.iter().find_map(|e| match e {
        Effect::Describe { job, relation, .. } => Some((*job, *relation)),
        _ => None,
    }) {
        robot.effects.retain(|e| !matches!(e, Effect::Describe { job: j, .. } if *j == job));
        let detail = if oid == 1 { users() } else { posts() };
        robot.news(job, News::Detail(Some(Arc::new(detail))));
    }
}

fn apply(robot: &mut Robot) -> (JobId, Vec<Checked>) {
    robot.keys("<ctrl-s>").take(|e| match e {
        Effect::Apply { job, statements, .. } => Some((*job, statements.clone())),
        _ => None,
    })
}

fn rows(robot: &mut Robot, job: JobId, rows: &[Vec<Option<&str>>]) {
    let width = rows.first().map_or(1, Vec::len);
    let mut batch = Batch::new(width);
    rows.iter().for_each(|r| batch.push(r.iter().map(|c| c.map(str::as_bytes))));
    let columns: Vec<Column> = (0..width).map(|_| Column::text("")).collect();
    robot.news(job, News::Columns(columns.into())).news(job, News::Rows(Arc::new(batch)));
}

fn fail(robot: &mut Robot, job: JobId, statement: usize, error: DbError) {
    robot.news(job, News::Failed(statement, Box::new(error), Tx::Idle));
}

fn wrong_rows() -> DbError {
    DbError { code: WRONG_ROWS.into(), message: "met 0 rows, wanted 1".into(), ..DbError::default() }
}

fn now(robot: &Robot) -> Vec<Change> {
    robot
        .app
        .world()
        .staged()
        .map(|s| s.changes().iter().map(|c| (**c).clone()).collect())
        .unwrap_or_default()
}

#[test]
fn the_list_and_the_sql_as_it_is_sent() {
    let mut robot = open_with(&some_changes(), 120, 40);
    insta::assert_snapshot!("changes_120x40", robot.screen());
    let mut robot = open_with(&some_changes(), 80, 24);
    robot.keys("jj");
    insta::assert_snapshot!("changes_80x24", robot.screen());
    robot.keys("yy");
    let copied = robot.take(|e| match e {
        Effect::Copy(text) => Some(text.clone()),
        _ => None,
    });
    assert!(copied.starts_with("BEGIN;\n") && copied.ends_with("\nCOMMIT;\n"), "{copied}");
    assert!(copied.contains("SET email = 'eva@example.org'\nWHERE id = '42'"), "{copied}");
}

#[test]
fn one_is_taken_out_and_comes_back() {
    let mut robot = open_with(&some_changes(), 120, 40);
    robot.keys("dd");
    assert_eq!(now(&robot).len(), 4);
    robot.keys("u");
    assert_eq!(now(&robot).len(), 5);
    // The line of one column takes only that column out.
    robot.keys("Gkdd");
    let What::Update { fields, .. } = &now(&robot)[4].what else { panic!("{:?}", now(&robot)) };
    assert_eq!(fields.len(), 1);
}

#[test]
fn applying_shows_its_statement_and_ends_in_what_takes_it_back() {
    let changes =
        [update(1, "42", &[("email", "ada", "Eva ")]), update(1, "43", &[("is_active", "t", "false")])];
    let mut robot = open_with(&changes, 80, 24);
    let (job, statements) = apply(&mut robot);
    assert_eq!(statements.iter().map(|s| s.rows).collect::<Vec<_>>(), [Some(1), Some(1)]);
    robot.news(job, News::Started(0));
    robot.wait(1_200);
    insta::assert_snapshot!("changes_running_80x24", robot.screen());
    robot.keys("<esc>");
    assert!(robot.screen().contains("being applied"), "{}", robot.screen());
    robot.keys("<ctrl-c>").take(|e| matches!(e, Effect::Cancel { job: j } if *j == job).then_some(()));
    // The cancel came too late. A trigger stored another text.
    rows(&mut robot, job, &[vec![Some("42"), Some("eva")]]);
    robot.done(job, 0, "UPDATE 1", 1, false).news(job, News::Started(1));
    rows(&mut robot, job, &[vec![Some("43"), Some("f")]]);
    robot.done(job, 1, "UPDATE 1", 1, false).done(job, 2, "COMMIT", 0, true);
    let screen = robot.screen();
    assert!(screen.contains("2 changes applied (U in Browse"), "{screen}");
    assert!(screen.contains("users 42, email: sent Eva , the server stored eva"), "{screen}");
    assert!(now(&robot).is_empty());
    let back = &robot.app.world().server().expect("a server").inverse;
    assert_eq!(back.len(), 2);
    assert_eq!(back[0].key(), Some(&key("43")));
    let What::Update { fields, .. } = &back[1].what else { panic!("{back:?}") };
    assert_eq!((&fields[0].seen, &fields[0].value), (&text("eva"), &Value::Text("ada".into())));
}

#[test]
fn a_read_only_connection_says_why_nothing_is_written() {
    let mut robot = open_with(&some_changes(), 120, 40);
    let old = robot.app.world().server().and_then(|s| s.info.clone()).expect("connected");
    let held = ServerInfo { held_read_only: true, profile: Some("prod".into()), ..old.clone() };
    robot.event(Event::Link(ConnId(0), Link::Up(Box::new(held))));
    // the mark stays, whatever the session's default is set to
    robot.news(JobId(0), News::Setting("default_transaction_read_only".into(), "off".into()));
    robot.keys("<ctrl-s>");
    assert!(robot.screen().contains("the profile prod is read-only"), "{}", robot.screen());
    robot.keys("<esc>");
    assert!(robot.screen().contains("READ ONLY"), "{}", robot.screen());
    robot.keys("<ctrl-s>");
    let by_default = ServerInfo { read_only: true, ..old };
    robot.event(Event::Link(ConnId(0), Link::Up(Box::new(by_default))));
    robot.keys("<ctrl-s>");
    assert!(robot.screen().contains("read-only here by default"), "{}", robot.screen());
    assert!(!robot.effects.iter().any(|e| matches!(e, Effect::Apply { .. })));
}

#[test]
fn on_production_the_databases_name_is_typed_before_an_apply() {
    let mut robot = open_with(&some_changes(), 80, 24);
    let old = robot.app.world().server().and_then(|s| s.info.clone()).expect("connected");
    let name = old.database.clone();
    robot.event(Event::Link(ConnId(0), Link::Up(Box::new(ServerInfo { production: true, ..old }))));
    let applied = |r: &Robot| r.effects.iter().any(|e| matches!(e, Effect::Apply { .. }));
    robot.keys("<ctrl-s>").keys("y<enter>");
    assert!(robot.screen().contains("That is not it") && !applied(&robot), "{}", robot.screen());
    robot.keys("<esc><ctrl-s>").keys(&name).keys("<enter>");
    assert!(applied(&robot), "{}", robot.screen());
}

#[test]
fn a_conflict_shows_three_sides_and_waits_for_an_answer() {
    let changes = [
        update(1, "42", &[("email", "ada", "eva"), ("is_active", "t", "f")]),
        update(1, "43", &[("email", "x", "y")]),
        Change { table: table(2), what: What::Delete { key: key("11"), seen: vec![] } },
    ];
    for (width, height) in [(120, 40), (80, 24)] {
        let mut robot = open_with(&changes, width, height);
        let (job, _) = apply(&mut robot);
        robot.news(job, News::Started(0));
        fail(&mut robot, job, 0, wrong_rows());
        let (read, _, statements) = robot.execute();
        assert_eq!(statements.len(), 3, "{statements:?}");
        robot.news(read, News::Started(0));
        rows(&mut robot, read, &[vec![Some("42"), Some("bob"), Some("t"), None, None]]);
        robot.done(read, 0, "SELECT 1", 1, false).news(read, News::Started(1));
        rows(&mut robot, read, &[vec![Some("43"), Some("x"), Some("t"), None, None]]);
        robot
            .done(read, 1, "SELECT 1", 1, false)
            .news(read, News::Started(2))
            .done(read, 2, "SELECT 0", 0, true);
        insta::assert_snapshot!(format!("changes_conflict_{width}x{height}"), robot.screen());
        // Without an answer nothing is sent.
        robot.keys("<ctrl-s>");
        assert!(robot.screen().contains("2 conflicts have no answer"), "{}", robot.screen());
        assert!(!robot.effects.iter().any(|e| matches!(e, Effect::Apply { .. })));
        robot.keys("m");
        let What::Update { fields, .. } = &now(&robot)[0].what else { panic!("{:?}", now(&robot)) };
        assert_eq!((&fields[0].seen, &fields[0].value), (&text("bob"), &Value::Text("eva".into())));
        robot.keys("u");
        let What::Update { fields, .. } = &now(&robot)[0].what else { panic!("{:?}", now(&robot)) };
        assert_eq!(fields[0].seen, text("ada"));
        robot.keys("ggm").keys("Gt");
        assert_eq!(now(&robot).len(), 2);
        assert!(robot.screen().contains("Every conflict has an answer"), "{}", robot.screen());
        let (_, statements) = apply(&mut robot);
        assert!(statements[0].statement.params.contains(&text("bob")), "{statements:?}");
    }
}

#[test]
fn paths_of_a_document_conflict_one_by_one() {
    let json = |t: &str| Json::parse(t.into()).expect("JSON");
    let edit =
        JsonEdit::between(&json(r#"{"theme": "light", "n": 1}"#), &json(r#"{"theme": "dark", "n": 2}"#));
    let field = Field { column: "profile_data".into(), seen: None, value: Value::Json(Box::new(edit)) };
    let what = What::Update { key: key("42"), fields: vec![field], version: vec![] };
    let mut robot = open_with(&[Change { table: table(1), what }], 80, 24);
    let (job, _) = apply(&mut robot);
    fail(&mut robot, job, 0, wrong_rows());
    let (read, _, _) = robot.execute();
    let theirs = r#"{"theme": "blue", "n": 1, "new": true}"#;
    page(&mut robot, read, &[vec![Some("42"), Some("a"), Some("t"), Some(theirs), None]]);
    insta::assert_snapshot!("changes_document_80x24", robot.screen());
    robot.keys("m");
    let all = now(&robot);
    let Some(Value::Json(edit)) = all[0].value("profile_data") else { panic!("{all:?}") };
    assert_eq!(edit.shown, r#"{"theme": "dark", "n": 2, "new": true}"#);
}

#[test]
fn a_row_that_is_as_it_was_was_refused_and_a_filter_is_counted_anew() {
    let changes = some_changes();
    let mut robot = open_with(&changes[..1], 120, 40);
    let (job, _) = apply(&mut robot);
    fail(&mut robot, job, 0, wrong_rows());
    let (read, _, _) = robot.execute();
    page(&mut robot, read, &[vec![Some("42"), Some("ada@example.org"), Some("t"), None, None]]);
    assert!(robot.screen().contains("a trigger or row-level security refuses it"), "{}", robot.screen());
    let mut robot = open_with(&changes[3..4], 120, 40);
    let (job, _) = apply(&mut robot);
    fail(&mut robot, job, 0, wrong_rows());
    let (read, _, statements) = robot.execute();
    assert_eq!(statements[0].sql, "SELECT count(*)\nFROM public.users\nWHERE is_active = $1");
    page(&mut robot, read, &[vec![Some("1300")]]);
    assert!(robot.screen().contains("1,200 rows were counted, now there are 1,300"), "{}", robot.screen());
    robot.keys("m");
    assert!(matches!(now(&robot)[0].what, What::Bulk { count: 1_300, .. }));
}

#[test]
fn an_error_points_at_the_column() {
    let mut robot = open_with(&some_changes(), 120, 40);
    let (job, statements) = apply(&mut robot);
    let at =
        statements.iter().position(|s| s.statement.sql.starts_with("UPDATE public.posts")).expect("sent");
    let error = DbError {
        severity: "ERROR".into(),
        code: "23503".into(),
        message: "insert or update on table \"posts\" violates foreign key constraint \"posts_user_id_fkey\""
            .into(),
        detail: Some("Key (user_id)=(2) is not present in table \"users\".".into()),
        schema: Some("public".into()),
        table: Some("posts".into()),
        constraint: Some("posts_user_id_fkey".into()),
        ..DbError::default()
    };
    fail(&mut robot, job, at, error.clone());
    insta::assert_snapshot!("changes_error_120x40", robot.screen());
    assert_eq!(now(&robot).len(), 5);
    // A deferred one comes at COMMIT and names its table; a check's columns are asked for.
    let mut robot = open_with(&some_changes(), 80, 24);
    let (job, statements) = apply(&mut robot);
    let check = DbError { code: "23514".into(), constraint: Some("title_short".into()), ..error };
    fail(&mut robot, job, statements.len(), check);
    let (asked, _, asked_statements) = robot.execute();
    assert_eq!(asked_statements[0].params, [text("2"), text("title_short")]);
    page(&mut robot, asked, &[vec![Some("title")]]);
    insta::assert_snapshot!("changes_commit_80x24", robot.screen());
}

#[test]
fn what_is_known_of_the_outcome_is_said() {
    let unknown = DbError {
        code: UNKNOWN_OUTCOME.into(),
        message: "the connection broke".into(),
        fatal: true,
        ..DbError::default()
    };
    for (error, words) in [
        (unknown, "It is not known whether the changes were written"),
        (DbError::lost("the server closed the connection"), "lost before COMMIT: nothing was written"),
        (DbError { code: "57014".into(), ..DbError::default() }, "Cancelled: nothing was written"),
    ] {
        let mut robot = open_with(&some_changes()[..1], 120, 40);
        let (job, _) = apply(&mut robot);
        fail(&mut robot, job, 0, error);
        assert!(robot.screen().contains(words), "{}", robot.screen());
        assert_eq!(now(&robot).len(), 1);
    }
}

fn referring(oid: u32, name: &str, on_delete: char) -> ForeignKey {
    ForeignKey {
        name: format!("{name}_fkey"),
        from_oid: oid,
        from: ("public".into(), name.into()),
        from_columns: vec!["user_id".into()],
        on_delete,
        ..posts_user()
    }
}

/// Users with posts that cascade, sessions that are set null, orders that block.
fn with_references() -> Detail {
    let mut detail = users();
    detail.referenced_by = vec![posts_user(), referring(8, "sessions", 'n'), referring(9, "orders", 'a')];
    detail
}

fn ask_delete(width: u16, height: u16) -> Robot {
    let mut robot = open_shop(width, height);
    robot.keys("<f5>").describe(with_references());
    robot.effects.clear();
    robot.keys("dd");
    robot
}

#[test]
fn a_delete_is_counted_before_it_is_staged() {
    for (width, height) in [(120, 40), (80, 24)] {
        let mut robot = ask_delete(width, height);
        let (job, _, statements) = robot.execute();
        assert_eq!(
            statements[0].sql,
            "SELECT count(*)\nFROM (SELECT FROM public.posts\nWHERE (user_id) IN (SELECT id FROM public.users WHERE (id) IN \
             (($1)))\nLIMIT 10001) AS referring"
        );
        robot.wait(300);
        page(&mut robot, job, &[vec![Some("12")]]);
        let mut below = posts();
        let comments = ForeignKey {
            from: ("public".into(), "comments".into()),
            from_columns: vec!["post_id".into()],
            to_oid: 2,
            to: ("public".into(), "posts".into()),
            ..posts_user()
        };
        below.referenced_by = vec![comments];
        robot.describe(below);
        let (job, _, statements) = robot.execute();
        assert!(
            statements[0].sql.contains("(post_id) IN (SELECT id FROM public.posts WHERE (user_id)"),
            "{}",
            statements[0].sql
        );
        page(&mut robot, job, &[vec![Some("10001")]]);
        robot.describe(posts());
        let (job, _, _) = robot.execute();
        page(&mut robot, job, &[vec![Some("1")]]);
        let (job, _, _) = robot.execute();
        page(&mut robot, job, &[vec![Some("2")]]);
        insta::assert_snapshot!(format!("delete_{width}x{height}"), robot.screen());
        robot.keys("d");
        assert!(matches!(now(&robot)[0].what, What::Delete { .. }));
    }
}

#[test]
fn a_flag_is_set_instead() {
    let mut robot = ask_delete(120, 40);
    // What counts is ended when it is left.
    robot.keys("s");
    let all = now(&robot);
    assert_eq!(all[0].value("is_active"), Some(&Value::Text("f".into())));
    assert!(robot.effects.iter().any(|e| matches!(e, Effect::Cancel { .. })));
}

#[test]
fn counting_ends_by_itself() {
    let mut robot = ask_delete(120, 40);
    let (job, _, _) = robot.execute();
    robot.wait(6_000).take(|e| matches!(e, Effect::Cancel { job: j } if *j == job).then_some(()));
    fail(&mut robot, job, 0, DbError { code: "57014".into(), ..DbError::default() });
    assert!(robot.screen().contains("not counted in time (its rows go with it)"), "{}", robot.screen());
    robot.execute();
}
