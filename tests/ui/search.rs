//! Search: results follow the keys, in the order in which they were asked for; every state has its screen.

use crate::{browse, robot::Robot};
use pgdeck::{
    core::{
        effect::{Effect, Statement},
        error::DbError,
        event::{News, Summary, Tx},
        ids::{JobId, Lane},
    },
    data::rows::{Batch, Column},
};
use std::{sync::Arc, time::Duration};

const PLAN: &str = r#"[{"Plan": {"Node Type": "Bitmap Heap Scan", "Relation Name": "posts", "Plans": [
    {"Node Type": "Bitmap Index Scan", "Parent Relationship": "Outer", "Index Name": "posts_search_idx",
     "Index Cond": "(to_tsvector(title) @@ to_tsquery(1))"}]}}]"#;

/// Rows of one statement of a job, and its end.
fn answer(robot: &mut Robot, job: JobId, statement: usize, rows: &[&[Option<&str>]], last: bool) {
    let width = rows.first().map_or(1, |r| r.len());
    let mut batch = Batch::new(width);
    rows.iter().for_each(|row| batch.push(row.iter().map(|c| c.map(str::as_bytes))));
    let columns: Vec<Column> = (0..width).map(|_| Column::text("")).collect();
    robot.news(job, News::Started(statement)).news(job, News::Columns(columns.into()));
    robot.news(job, News::Rows(Arc::new(batch)));
    let elapsed = Duration::from_micros(3400);
    let summary =
        Summary { statement, tag: "SELECT".into(), elapsed, tx: Tx::Idle, rows: 1, cut: None, last };
    robot.news(job, News::Done(summary));
}

/// The next search: its job and what is sent.
fn asked(robot: &mut Robot) -> (JobId, Vec<Statement>) {
    let (job, lane, statements) = robot.execute();
    assert!(matches!(lane, Lane::Read(_)), "Browse's reading session");
    assert!(statements.iter().all(|s| s.short && s.pure_read), "bounded reads");
    (job, statements)
}

/// The pane on the shop, whose posts have an index when `index`.
fn pane(width: u16, height: u16, index: bool) -> Robot {
    let mut robot = Robot::new(width, height);
    robot.connect(browse::shop());
    browse::forget(&mut robot);
    robot.effects.clear();
    robot.keys("<alt-3>");
    let (job, _, statements) = robot.execute();
    assert_eq!(statements.len(), 3);
    browse::forget(&mut robot);
    let vector = "to_tsvector('english'::regconfig, title)";
    let row: &[Option<&str>] = &[
        Some("x"),
        Some("2"),
        Some("posts_search_idx"),
        Some("gin tsvector_ops"),
        Some(vector),
        Some("english"),
        None,
        Some("1679360"),
        Some("t"),
        None,
        None,
    ];
    let other: &[Option<&str>] = &[
        Some("x"),
        Some("2"),
        Some("posts_tags"),
        Some("gin array_ops"),
        Some("tags"),
        None,
        None,
        Some("1"),
        Some("t"),
        None,
        None,
    ];
    let rows = [row, other];
    answer(&mut robot, job, 0, if index { &rows } else { &rows[1..] }, false);
    answer(&mut robot, job, 1, &[&[Some("english"), Some("t")], &[Some("simple"), Some("f")]], false);
    answer(&mut robot, job, 2, &[], true);
    if index {
        robot.describe(browse::posts());
    }
    robot
}

/// Hits of one table as the statement gives them.
fn hits(robot: &mut Robot, job: JobId, titles: &[&str]) {
    some_of(robot, job, titles.len(), titles, false);
}

/// The best of so many hits.
fn some_of(robot: &mut Robot, job: JobId, count: usize, titles: &[&str], last: bool) {
    let count = count.to_string();
    let numbers: Vec<(String, String)> =
        (1..=titles.len()).map(|n| (n.to_string(), format!("0.{}", 90 - n))).collect();
    let rows: Vec<Vec<Option<&str>>> = (titles.iter().zip(&numbers))
        .map(|(title, (n, rank))| {
            vec![
                Some(&*count),
                None,
                Some(n.as_str()),
                Some(rank.as_str()),
                Some(title),
                Some(title),
                Some(""),
                Some(n.as_str()),
            ]
        })
        .collect();
    let marked: Vec<Vec<Option<String>>> = (rows.iter())
        .map(|row| {
            let mut row: Vec<Option<String>> = row.iter().map(|c| c.map(str::to_owned)).collect();
            row[5] = row[4].as_ref().map(|t| t.replace("vacuum", "\u{1}vacuum\u{2}"));
            row
        })
        .collect();
    let marked: Vec<Vec<Option<&str>>> =
        marked.iter().map(|r| r.iter().map(Option::as_deref).collect()).collect();
    let marked: Vec<&[Option<&str>]> = marked.iter().map(Vec::as_slice).collect();
    let nothing: &[&[Option<&str>]] = &[&[Some("0"), None, None, None, None, None, None, None]];
    answer(robot, job, 0, if titles.is_empty() { nothing } else { &marked }, last);
}

/// What was made of the words, the tags within the hits, and the plan.
fn rest(robot: &mut Robot, job: JobId, query: &str, stopped: Option<&str>) {
    answer(robot, job, 1, &[&[Some(query), Some("1"), Some(query), stopped]], false);
    answer(
        robot,
        job,
        2,
        &[&[Some("postgres"), Some("3"), Some("t")], &[Some("sql"), Some("1"), Some("t")]],
        false,
    );
    answer(robot, job, 3, &[&[Some(PLAN)]], true);
}

#[test]
fn results_at_both_sizes() {
    for (width, height) in [(120, 40), (80, 24)] {
        let mut robot = pane(width, height, true);
        insta::assert_snapshot!(format!("search_empty_{width}x{height}"), robot.screen());
        robot.keys("the vacuum");
        // The first key went at once; the others wait for it.
        let (first, _) = asked(&mut robot);
        hits(&mut robot, first, &[]);
        rest(&mut robot, first, "", Some("t"));
        let (job, _) = asked(&mut robot);
        hits(
            &mut robot,
            job,
            &[
                "The vacuum process",
                "Why vacuum still matters when a title is longer than any line that this screen could have for it, even so",
                "\u{1b}[31mvacuum\u{7}",
                "日本語 vacuum",
            ],
        );
        rest(&mut robot, job, "'vacuum':*", Some("the"));
        robot.keys("<tab>j");
        insta::assert_snapshot!(format!("search_results_{width}x{height}"), robot.screen());
    }
}

#[test]
fn an_older_search_is_cancelled_and_its_answer_never_shown() {
    let mut robot = pane(120, 40, true);
    robot.keys("vac");
    let (first, statements) = asked(&mut robot);
    assert_eq!(statements[0].params, [Some("v".to_owned())], "the first key is searched for at once");
    robot.wait(79);
    assert!(!robot.effects.iter().any(|e| matches!(e, Effect::Cancel { .. })), "the typing may go on");
    robot.wait(2);
    let cancelled = robot.take(|e| match e {
        Effect::Cancel { job } => Some(*job),
        _ => None,
    });
    assert_eq!(cancelled, first);
    let (second, statements) = asked(&mut robot);
    assert_eq!(statements[0].params, [Some("vac".to_owned())]);
    assert!(statements[0].sql.contains(":*"), "a beginning of three letters is one");
    // The older one ended before the cancel came.
    hits(&mut robot, first, &["of the first key"]);
    rest(&mut robot, first, "'v'", None);
    assert!(!robot.screen().contains("of the first key"), "{}", robot.screen());
    hits(&mut robot, second, &["vacuum at last"]);
    assert!(robot.screen().contains("vacuum at last"), "{}", robot.screen());
    rest(&mut robot, second, "'vac':*", None);
    assert!(robot.screen().contains("served by posts_search_idx"), "{}", robot.screen());
}

#[test]
fn what_stands_around_the_results_keeps_nobody_waiting() {
    let mut robot = pane(120, 40, true);
    robot.keys("v");
    let (job, _) = asked(&mut robot);
    robot.wait(400);
    assert!(robot.screen().contains("searching for \"v\""), "{}", robot.screen());
    hits(&mut robot, job, &["A vacuum"]);
    let screen = robot.screen();
    assert!(screen.contains("1 hit in 3.4 ms") && !screen.contains("searching for"), "{screen}");
    // Values and plan are still on their way: the next key ends that and is searched for at once.
    robot.keys("a");
    let cancelled = robot.take(|e| match e {
        Effect::Cancel { job } => Some(*job),
        _ => None,
    });
    assert_eq!(cancelled, job);
    assert_eq!(asked(&mut robot).1[0].params, [Some("va".to_owned())]);
}

#[test]
fn better_ranked_results_do_not_come_under_the_cursor() {
    for read in [false, true] {
        let mut robot = pane(120, 40, true);
        robot.keys("v");
        let (job, _) = asked(&mut robot);
        some_of(&mut robot, job, 10_001, &["found first", "and second"], false);
        rest(&mut robot, job, "'v'", None);
        assert!(robot.screen().contains("300 of the first 10,000 found ranked"), "{}", robot.screen());
        let (job, _) = asked(&mut robot);
        robot.keys(if read { "<tab>j" } else { "<tab>" });
        some_of(&mut robot, job, 300, &["last by key", "and the one before"], true);
        let screen = robot.screen();
        assert_eq!(screen.contains("found first"), read, "{screen}");
        assert_eq!(screen.contains("the last 300 by key ranked"), !read, "{screen}");
        assert!(screen.contains("more than 10,000 hits"), "{screen}");
    }
}

#[test]
fn opened_before_the_connection_is_up_it_asks_as_soon_as_it_is() {
    let mut robot = Robot::new(80, 24);
    robot.keys("<alt-3>");
    assert!(!robot.effects.iter().any(|e| matches!(e, Effect::Execute { .. })));
    robot.connect(browse::shop());
    let asked = robot.effects.iter().any(|e| match e {
        Effect::Execute { statements, .. } => statements.iter().any(|s| s.sql.contains("tsvector")),
        _ => false,
    });
    assert!(asked, "{:?}", robot.effects);
}

#[test]
fn without_any_index_nothing_is_searched_before_a_table_is_chosen() {
    let mut robot = pane(80, 24, false);
    robot.keys("vacuum");
    assert!(!robot.effects.iter().any(|e| matches!(e, Effect::Execute { .. })), "{:?}", robot.effects);
    insta::assert_snapshot!("search_nothing_80x24", robot.screen());
}

#[test]
fn an_error_keeps_what_was_found() {
    let mut robot = pane(80, 24, true);
    robot.keys("v");
    let (job, _) = asked(&mut robot);
    hits(&mut robot, job, &["A vacuum"]);
    rest(&mut robot, job, "'v'", None);
    robot.keys("x");
    let (job, _) = asked(&mut robot);
    let error = DbError {
        severity: "ERROR".into(),
        code: "42501".into(),
        message: "permission denied for table posts".into(),
        ..DbError::default()
    };
    robot.news(job, News::Failed(0, Box::new(error), Tx::Idle));
    insta::assert_snapshot!("search_error_80x24", robot.screen());
}

#[test]
fn a_result_opens_in_browse_and_is_copied() {
    let mut robot = pane(120, 40, true);
    robot.keys("v");
    let (job, _) = asked(&mut robot);
    hits(&mut robot, job, &["A vacuum", "another"]);
    rest(&mut robot, job, "'v'", None);
    robot.keys("<enter>y");
    let copied = robot.take(|e| match e {
        Effect::Copy(text) => Some(text.clone()),
        _ => None,
    });
    assert_eq!(copied, "posts 1: A vacuum");
    robot.keys("j<enter>");
    assert!(robot.screen().contains("▌1 Browse"), "{}", robot.screen());
}
