//! Statements: figures of samples in every span, texts fetched when they are looked at, what is missing said.

use crate::robot::Robot;
use pgdeck::{
    core::{
        effect::Effect,
        event::{Event, Link, ServerInfo},
        ids::ConnId,
    },
    data::{
        catalog::Catalog,
        live::{
            Names, Probe, Sample,
            statements::{Counters, Entry, Key, Setup, Statements, Taken, Text},
        },
    },
};
use std::{sync::Arc, time::Duration};

const SECOND: i64 = 1_000_000;
/// 2023-11-14 22:13:20 UTC
const NOW: i64 = 1_700_000_000 * SECOND;

fn setup() -> Setup {
    Setup {
        loaded: true,
        schema: Some("public".into()),
        version: "1.10".into(),
        may_read: true,
        all_texts: true,
        most: Some(5000),
        track: "top".into(),
        block: 8192,
        available: true,
        ..Setup::default()
    }
}

/// A statement that ran so often, each time for so many milliseconds.
fn ran(id: i64, database: u32, calls: i64, each: f64) -> Entry {
    let counters = Counters {
        calls,
        rows: calls * 2,
        exec_ms: calls as f64 * each,
        min_ms: each,
        max_ms: Some(each),
        squares: calls as f64 * each * each,
        hit: calls * 10,
        read: calls,
        ..Counters::default()
    };
    Entry { key: Key { role: 10, database, top: true, id: Some(id) }, counters, since: None }
}

const TEXTS: [(i64, &str); 4] = [
    (1, "select * from posts where user_id = $1 order by created_at desc limit $2"),
    (2, "/* shop */ update users set last_seen = now() where id = $1 and is_active"),
    (3, "select count(*) from far_away"),
    (4, "delete from far_away"),
];

/// Names, and samples five seconds apart: statement 1 runs ten times in each, statement 2 once, 3 not at all.
fn robot(width: u16, height: u16) -> Robot {
    let mut robot = Robot::new(width, height);
    robot.connect(Catalog::default());
    robot.keys("<alt-7>");
    let mut names = Names { database: 5, ..Names::default() };
    names.databases.extend([(5, "shop".into()), (6, "far".into())]);
    names.roles.insert(10, "ada".into());
    tell(&mut robot, Sample::Names(names));
    for n in 0..3 {
        sample(&mut robot, n);
    }
    robot
}

fn tell(robot: &mut Robot, sample: Sample) {
    robot.event(Event::Sample(ConnId(0), Box::new(sample)));
}

fn sample(robot: &mut Robot, n: i64) {
    let entries = vec![ran(1, 5, 100 + 10 * n, 2.0), ran(2, 5, 7 + n, 30.0), ran(3, 6, 900, 50.0)];
    take(robot, NOW + n * 5 * SECOND, entries);
}

fn take(robot: &mut Robot, at: i64, entries: Vec<Entry>) {
    let took = Duration::from_millis(3);
    let reset = Some(NOW - 3600 * SECOND);
    let taken = Taken { at, took, entries, reset, evicted: Some(0) };
    tell(robot, Sample::Statements(Statements { setup: Arc::new(setup()), taken: Some(taken) }));
}

/// The next texts asked for.
fn asked(robot: &mut Robot) -> (Vec<(u32, i64)>, bool) {
    robot.take(|e| match e {
        Effect::Texts { ids, whole, .. } => Some((ids.clone(), *whole)),
        _ => None,
    })
}

fn asks(robot: &Robot) -> usize {
    robot.effects.iter().filter(|e| matches!(e, Effect::Texts { .. })).count()
}

/// Answers with the texts of those that have one.
fn answer(robot: &mut Robot, ids: &[(u32, i64)], cut: bool) {
    let found = ids.iter().filter_map(|id| {
        let (_, text) = TEXTS.iter().find(|(known, _)| *known == id.1)?;
        let text = if cut { &text[..20] } else { *text };
        Some((*id, Text { text: text.into(), cut }))
    });
    let texts = found.collect();
    tell(robot, Sample::Texts(Ok(texts), Duration::from_millis(9)));
}

#[test]
fn what_ran_in_the_last_interval() {
    for (width, height) in [(120, 40), (80, 24)] {
        let mut robot = robot(width, height);
        let (ids, whole) = asked(&mut robot);
        assert!(!whole && !ids.is_empty());
        answer(&mut robot, &[(5, 1), (5, 2)], false);
        insta::assert_snapshot!(format!("statements_{width}x{height}"), robot.screen());
        robot.keys("<enter>");
        insta::assert_snapshot!(format!("statement_{width}x{height}"), robot.screen());
        robot.keys("<esc>");
        assert!(robot.screen().contains("share"), "back in the list: {}", robot.screen());
    }
}

#[test]
fn texts_are_asked_once_and_what_has_none_is_not_asked_again() {
    let mut robot = robot(120, 40);
    let (ids, _) = asked(&mut robot);
    assert_eq!(asks(&robot), 0, "one question at a time");
    sample(&mut robot, 3);
    assert_eq!(asks(&robot), 0, "it is on its way");
    // The first sample showed all three; the server knows two of them.
    assert_eq!(ids, [(5, 1), (5, 2), (6, 3)]);
    answer(&mut robot, &ids[..2], false);
    robot.keys("a");
    sample(&mut robot, 4);
    assert_eq!(asks(&robot), 0, "it has no text for the third");
    assert!(robot.screen().contains("query id 3"), "{}", robot.screen());
    robot.keys("<f5>");
    sample(&mut robot, 5);
    assert_eq!(asked(&mut robot).0, [(6, 3)], "F5 asks anew");
}

#[test]
fn spans_of_time() {
    let mut robot = robot(120, 40);
    let screen = robot.screen();
    assert!(screen.contains("2 statements in the last 5.0 s, 0.01 busy, 2.20 calls/s"), "{screen}");
    robot.keys("a");
    let screen = robot.screen();
    assert!(screen.contains("3 statements since the reset"), "{screen}");
    assert!(screen.contains("45.0 s") && screen.contains("900"), "the one that does not run now: {screen}");
    robot.keys("a");
    robot.effects.clear();
    robot.keys("m");
    assert_eq!(samples_asked(&robot), 1, "the newest sample is seconds old");
    // It is the mark: what ran before it is not counted.
    take(&mut robot, NOW + 12 * SECOND, vec![ran(1, 5, 126, 2.0), ran(2, 5, 10, 30.0), ran(3, 6, 900, 50.0)]);
    let screen = robot.screen();
    assert!(
        screen.contains("Marked 22:13:32 UTC") && screen.contains("Nothing ran in this time"),
        "{screen}"
    );
    let entries = vec![ran(1, 5, 136, 2.0), ran(2, 5, 11, 30.0), ran(3, 6, 900, 50.0)];
    take(&mut robot, NOW + 17 * SECOND, entries);
    let entries = vec![ran(1, 5, 146, 2.0), ran(2, 5, 12, 30.0), ran(3, 6, 900, 50.0)];
    take(&mut robot, NOW + 22 * SECOND, entries);
    let screen = robot.screen();
    assert!(screen.contains("2 statements 10.0 s from the mark"), "{screen}");
    assert!(screen.contains("2.00") && screen.contains("0.20"), "20 and 2 runs in 10 s: {screen}");
    robot.keys(",,,");
    let screen = robot.screen();
    assert!(screen.contains("2.0 s from the mark"), "stepped back behind it: {screen}");
    // While paused the moment shown is marked.
    robot.effects.clear();
    robot.keys("m");
    assert!(robot.screen().contains("Marked 22:13:30 UTC"), "{}", robot.screen());
    assert_eq!(samples_asked(&robot), 0);
    robot.keys("m");
    assert!(robot.screen().contains("The mark is taken away"), "{}", robot.screen());
}

/// How often a sample of statements was asked for.
fn samples_asked(robot: &Robot) -> usize {
    let asked = |e: &&Effect| matches!(e, Effect::Watch { probe: Probe::Statements, every: Some(_), .. });
    robot.effects.iter().filter(asked).count()
}

#[test]
fn a_mark_that_is_asked_for_is_the_next_sample_whoever_looks() {
    let mut robot = robot(120, 40);
    robot.keys("mm");
    assert!(robot.screen().contains("No new mark is set"), "{}", robot.screen());
    sample(&mut robot, 3);
    assert!(!robot.screen().contains("the mark"), "{}", robot.screen());
    robot.keys("m<alt-1>");
    sample(&mut robot, 4);
    sample(&mut robot, 5);
    robot.keys("<alt-7>");
    let screen = robot.screen();
    assert!(screen.contains("Marked 22:13:40 UTC") && screen.contains("5.0 s from the mark"), "{screen}");
}

#[test]
fn sorted_by_any_column_which_is_then_in_sight() {
    let mut robot = robot(80, 24);
    let mut seen = vec![];
    for _ in 0..15 {
        let screen = robot.screen();
        let head = screen.lines().find(|l| l.contains('▾')).expect("a sorted column").to_owned();
        let name =
            head.split('▾').nth(1).and_then(|rest| rest.split("  ").next()).expect("its name").to_owned();
        seen.push(name);
        robot.keys("t");
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 15, "{seen:?}");
    robot.keys("T");
    assert!(robot.screen().contains("▾JIT/s"), "back from the first to the last: {}", robot.screen());
}

#[test]
fn a_filter_looks_through_all_texts() {
    let mut robot = robot(120, 40);
    let (ids, _) = asked(&mut robot);
    answer(&mut robot, &ids, false);
    robot.keys("/IS_ACTIVE\n");
    let screen = robot.screen();
    assert!(
        screen.contains("1 of 2 statements with “IS_ACTIVE”") && screen.contains("update users"),
        "{screen}"
    );
    assert!(!screen.contains("select * from posts"), "{screen}");
    robot.keys("/nothing has this\n");
    assert!(robot.screen().contains("No statement has this"), "{}", robot.screen());
    robot.keys("<esc>");
    assert!(robot.screen().contains("select * from posts"), "{}", robot.screen());
}

#[test]
fn a_filter_looks_through_texts_of_statements_that_come_later() {
    let mut robot = robot(120, 40);
    let (ids, _) = asked(&mut robot);
    answer(&mut robot, &ids, false);
    robot.keys("/far_away\n");
    assert!(robot.screen().contains("0 of 2 statements"), "{}", robot.screen());
    take(&mut robot, NOW + 15 * SECOND, vec![ran(1, 5, 130, 2.0), ran(4, 5, 3, 1.0)]);
    assert_eq!(asked(&mut robot), (vec![(5, 4)], false), "it may be in there");
    answer(&mut robot, &[(5, 4)], false);
    let screen = robot.screen();
    assert!(screen.contains("1 of 2 statements") && screen.contains("delete from far_away"), "{screen}");
}

#[test]
fn texts_that_could_not_be_read_are_asked_for_with_the_next_sample() {
    let mut robot = robot(120, 40);
    let (ids, _) = asked(&mut robot);
    let why = "canceling statement due to statement timeout";
    tell(&mut robot, Sample::Texts(Err(why.into()), Duration::from_secs(5)));
    assert_eq!(asks(&robot), 0, "not again and again");
    assert!(robot.screen().contains(why), "{}", robot.screen());
    sample(&mut robot, 3);
    assert_eq!(asked(&mut robot).0, ids[..2], "the two that ran in this time");
    answer(&mut robot, &ids, false);
    let screen = robot.screen();
    assert!(screen.contains("select * from posts") && !screen.contains(why), "{screen}");
    // A plan that waits for a text says why it does not come.
    take(&mut robot, NOW + 30 * SECOND, vec![ran(4, 5, 900, 1.0)]);
    asked(&mut robot);
    robot.keys("x");
    tell(&mut robot, Sample::Texts(Err(why.into()), Duration::from_secs(5)));
    assert!(robot.screen().contains("Its text cannot be read"), "{}", robot.screen());
}

#[test]
fn a_plan_wants_the_whole_text_and_its_own_database() {
    let mut robot = robot(120, 40);
    let (ids, _) = asked(&mut robot);
    answer(&mut robot, &ids, true);
    robot.keys("x");
    assert_eq!(asked(&mut robot), (vec![(5, 2)], true), "the first in the list, all of it");
    answer(&mut robot, &[(5, 2)], false);
    let screen = robot.screen();
    assert!(screen.contains("▌4 Plan"), "{screen}");
    let asked = robot.effects.iter().any(|e| format!("{e:?}").contains("where id = $1 and is_active"));
    assert!(asked, "the whole text: {:?}", robot.effects);
    robot.keys("<esc><alt-7>a/far\n");
    robot.keys("x");
    assert!(robot.screen().contains("another database"), "{}", robot.screen());
}

#[test]
fn a_reset_evictions_and_hidden_statements_are_said() {
    let mut robot = robot(120, 40);
    let setup = Setup { all_texts: false, ..setup() };
    let hidden = Entry { key: Key { id: None, ..ran(1, 5, 1, 1.0).key }, ..ran(1, 5, 500, 1.0) };
    let taken = Taken {
        at: NOW + 15 * SECOND,
        entries: vec![ran(1, 5, 3, 2.0), hidden],
        reset: Some(NOW + 12 * SECOND),
        evicted: Some(7),
        ..Taken::default()
    };
    tell(&mut robot, Sample::Statements(Statements { setup: Arc::new(setup), taken: Some(taken) }));
    let screen = robot.screen();
    assert!(screen.contains("The counters were reset in this time"), "{screen}");
    assert!(screen.contains("7 evictions for lack of room (pg_stat_statements.max 5000)"), "{screen}");
    assert!(screen.contains("· statements of others"), "{screen}");
    sample(&mut robot, 4);
    assert!(robot.screen().contains("reset"), "back to before: {}", robot.screen());
}

#[test]
fn what_is_missing_is_said_with_the_steps() {
    for (name, setup) in [
        ("library", Setup { loaded: false, schema: None, ..setup() }),
        ("extension", Setup { schema: None, ..setup() }),
        ("right", Setup { may_read: false, schema: Some("Monitor tools".into()), ..setup() }),
        ("version", Setup { version: "1.7".into(), ..setup() }),
        ("files", Setup { schema: None, available: false, ..setup() }),
    ] {
        let mut robot = Robot::new(80, 24);
        robot.connect(Catalog::default());
        robot.keys("<alt-7>");
        tell(&mut robot, Sample::Statements(Statements { setup: Arc::new(setup), taken: None }));
        insta::assert_snapshot!(format!("statements_missing_{name}"), robot.screen());
    }
}

#[test]
fn another_server_takes_mark_and_samples_along() {
    let mut robot = robot(120, 40);
    robot.keys("m,");
    let info = ServerInfo {
        version_num: 150_000,
        address: "b".into(),
        database: "b".into(),
        ..ServerInfo::default()
    };
    robot.event(Event::Link(ConnId(0), Link::Up(Box::new(info))));
    let screen = robot.screen();
    assert!(screen.contains("waiting for the first sample") && !screen.contains("calls/s"), "{screen}");
    sample(&mut robot, 9);
    assert!(!robot.screen().contains("paused") && !robot.screen().contains("Marked"), "{}", robot.screen());
}
