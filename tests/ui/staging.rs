//! Staging changes in the grid: what each key stages, how it shows, what is kept on disk.

use crate::{
    browse::{open_shop, page},
    robot::Robot,
};
use pgdeck::{
    core::{
        effect::Effect,
        event::{Event, News},
        ids::{ConnId, Lane},
    },
    data::{
        edits::{Change, Value, What},
        rows::Column,
    },
};

fn staged(robot: &Robot) -> Vec<Change> {
    robot
        .app
        .world()
        .staged()
        .map(|s| s.changes().iter().map(|c| (**c).clone()).collect())
        .unwrap_or_default()
}

/// The draft as it was written last.
fn draft(robot: &Robot) -> Option<Option<String>> {
    robot.effects.iter().rev().find_map(|e| match e {
        Effect::Keep { key, value } if key.starts_with("draft.edits.") => Some(value.clone()),
        _ => None,
    })
}

#[test]
fn a_new_row_belongs_to_the_row_above_and_shows_in_place() {
    let mut robot = open_shop(120, 40);
    robot.keys("<tab>o");
    let What::Insert { fields, .. } = &staged(&robot)[0].what else { panic!("no new row") };
    assert_eq!(fields[..], [("user_id".to_owned(), Value::Text("1".into()))]);
    assert!(draft(&robot).flatten().is_some_and(|d| d.contains("posts")));
    insta::assert_snapshot!("new_row_120x40", robot.screen());
    // Down leaves the new rows, up comes back to them.
    robot.keys("ok");
    assert_eq!(staged(&robot).len(), 2);
    robot.keys("jjj").keys("kkkk").keys("dd");
    assert_eq!(staged(&robot).len(), 1);
    robot.keys("u");
    assert_eq!(staged(&robot).len(), 2);
    robot.keys("uu");
    assert!(staged(&robot).is_empty());
    assert_eq!(draft(&robot), Some(None));
    robot.keys("u");
    assert!(robot.screen().contains("nothing staged is left to take back"));
    robot.keys("<ctrl-r>");
    assert_eq!(staged(&robot).len(), 1);
}

#[test]
fn a_row_is_read_whole_before_it_is_duplicated() {
    let mut robot = open_shop(80, 24);
    robot.keys("O");
    let (job, _, statements) = robot.execute();
    assert!(statements[0].sql.contains("WHERE id = $1"), "{}", statements[0].sql);
    let row = vec![Some("1"), Some("ann@example.org"), Some("t"), Some("{\"a\": 1.10}"), None];
    page(&mut robot, job, &[row]);
    let What::Insert { fields, .. } = &staged(&robot)[0].what else { panic!("no new row") };
    assert_eq!(fields[3], ("profile_data".to_owned(), Value::Text("{\"a\": 1.10}".into())));
    assert_eq!(fields[4], ("created_at".to_owned(), Value::Null));
    insta::assert_snapshot!("duplicate_80x24", robot.screen());
}

#[test]
fn pasted_rows_become_new_rows() {
    let mut robot = open_shop(120, 40);
    robot.event(Event::Paste("email\tis_active\nx@y.org\tt\nz@y.org\t\\N\n".into()));
    assert!(robot.screen().contains("2 rows into public.users (email, is_active)"), "{}", robot.screen());
    robot.keys("<enter>");
    let all = staged(&robot);
    assert_eq!(all.len(), 2);
    assert_eq!(all[1].value("is_active"), Some(&Value::Null));
    robot.event(Event::Paste("1\t2\t3\t4\t5\t6\n".into()));
    assert!(robot.screen().contains("6 values"), "{}", robot.screen());
}

#[test]
fn a_change_of_a_filter_counts_its_rows_first() {
    let mut robot = open_shop(120, 40);
    robot.keys("lgb");
    assert!(robot.screen().contains("ALL rows of the table"));
    robot.keys("<enter>").keys("new@example.org<enter>");
    let (job, _, statements) = robot.execute();
    assert!(statements[0].sql.contains("count(*)"));
    page(&mut robot, job, &[vec![Some("5000")]]);
    let What::Bulk { count, set, .. } = &staged(&robot)[0].what else { panic!("nothing staged") };
    assert_eq!((*count, &set[0].1), (5_000, &Value::Text("new@example.org".into())));
}

#[test]
fn the_draft_of_last_time_is_offered() {
    let mut robot = open_shop(120, 40);
    robot.keys("<tab>o");
    let kept = draft(&robot).flatten().expect("a draft");
    let mut robot = Robot::new(120, 40);
    robot.connect(pgdeck::data::catalog::Catalog::default());
    let job = robot.take(|e| match e {
        Effect::Recall { job, key } if key.starts_with("draft.edits.") => Some(*job),
        _ => None,
    });
    robot.news(job, News::Remembered(Some(kept)));
    insta::assert_snapshot!("draft_120x40", robot.screen());
    robot.keys("t");
    assert_eq!(staged(&robot).len(), 1);
    // Leaving asks, and says that the draft is kept.
    robot.keys("<ctrl-q>");
    assert!(robot.screen().contains("1 change is staged and not applied"), "{}", robot.screen());
}

#[test]
fn what_cannot_be_edited_says_why_on_the_spot() {
    let mut robot = open_shop(120, 40);
    robot.keys("gb");
    robot.keys("<esc>");
    let mut gone = crate::browse::users();
    gone.columns[1].generated = true;
    robot.keys("<f5>").describe(gone);
    robot.keys("le");
    assert!(robot.screen().contains("email is generated: the server computes it"), "{}", robot.screen());
}

fn of(table_oid: u32, attnum: i16, name: &str) -> Column {
    Column { table_oid, attnum, ..Column::text(name) }
}

/// A result of `select …` over users, with the focus on it.
fn selected(columns: Vec<Column>, row: &[Option<&str>]) -> Robot {
    let mut robot = open_shop(120, 40);
    robot.keys("<alt-2>").keys("select 1<f5>");
    let (job, ..) = robot.execute();
    robot.typed_result(job, columns, &[row], "SELECT 1");
    robot.keys("<esc>");
    robot
}

#[test]
fn a_result_of_one_keyed_table_is_edited_through_the_reading_session() {
    let columns = vec![of(1, 2, "mail"), of(1, 1, "id"), of(0, 0, "n")];
    let mut robot = selected(columns, &[Some("old@example.org"), Some("7"), Some("1")]);
    robot.keys("e").describe(crate::browse::users());
    let (job, lane, statements) = robot.execute();
    assert_eq!((lane, &statements[0].params[..]), (Lane::Read(ConnId(0)), &[Some("7".to_owned())][..]));
    // The server holds another value by now: that is the one edited, and it is said.
    page(&mut robot, job, &[vec![Some("7"), Some("new@example.org"), Some("t"), None, None]]);
    let screen = robot.screen();
    assert!(screen.contains("another value than this result"), "{screen}");
    robot.keys("<esc>").keys("dd").describe(crate::browse::users());
    let (job, ..) = robot.execute();
    page(&mut robot, job, &[]);
    assert!(robot.screen().contains("A row is not there for the reading session"), "{}", robot.screen());
}

#[test]
fn results_that_cannot_be_edited_say_why() {
    for (columns, why) in [
        (vec![of(1, 2, "mail")], "the key of users (id) is not in the result"),
        (vec![of(1, 2, "mail"), of(1, 1, "id"), of(1, 1, "id2")], "stands in this result more than once"),
        (vec![of(0, 0, "sum"), of(1, 1, "id")], "sum is computed"),
    ] {
        let row = vec![Some("1"); columns.len()];
        let mut robot = selected(columns, &row);
        robot.keys("e");
        if robot.effects.iter().any(|e| matches!(e, Effect::Describe { .. })) {
            robot.describe(crate::browse::users());
        }
        assert!(robot.screen().contains(why), "{why}\n{}", robot.screen());
    }
}

#[test]
fn a_result_of_another_database_is_not_edited_here() {
    let mut robot = selected(vec![of(1, 2, "mail"), of(1, 1, "id")], &[Some("old@example.org"), Some("7")]);
    robot.connect_to("copy", crate::browse::shop()).keys("e");
    assert!(robot.screen().contains("This result came from localhost:5432/shop"), "{}", robot.screen());
    assert!(!robot.effects.iter().any(|e| matches!(e, Effect::Describe { .. })));
}
