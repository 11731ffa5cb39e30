//! Locks and Activity: samples in, the tree and the list on the screen, signals out.

use crate::robot::Robot;
use pgdeck::{
    core::{
        effect::{Effect, SignalKind},
        error::DbError,
        event::{Event, News, Signalled},
        ids::ConnId,
    },
    data::{
        catalog::Catalog,
        live::{Edge, LockObject, Names, Prepared, Pulse, Sample, Session},
    },
};
use std::{sync::Arc, time::Duration};

const SECOND: i64 = 1_000_000;
/// 2023-11-14 22:13:20 UTC
const NOW: i64 = 1_700_000_000 * SECOND;

fn session(pid: i32, state: &str, wait: (&str, &str), since: i64, query: &str) -> Session {
    Session {
        pid,
        started: Some(NOW - 3600 * SECOND),
        database: 5,
        role: 10,
        application: "shop".into(),
        client: "10.0.0.7".into(),
        backend_type: "client backend".into(),
        state: state.into(),
        wait_type: wait.0.into(),
        wait_event: wait.1.into(),
        xact_start: (state != "idle").then_some(NOW - since * SECOND),
        query_start: Some(NOW - since * SECOND),
        state_change: Some(NOW - since * SECOND),
        query: query.into(),
        ..Session::default()
    }
}

fn waits(waiter: i32, blocker: i32, hard: bool, wanted: &str, has: &str, since: i64) -> Edge {
    Edge {
        waiter,
        wanted: wanted.into(),
        since: Some(NOW - since * SECOND),
        place: 1,
        queue: 1,
        blocker,
        hard,
        held: if hard { has.into() } else { "".into() },
        ahead: if hard { "".into() } else { has.into() },
        object: LockObject { kind: "relation".into(), database: 5, relation: 100, ..LockObject::default() },
        ..Edge::default()
    }
}

/// A long SELECT, an ALTER TABLE behind it, and two readers that queue behind that.
fn pile() -> Pulse {
    let sessions = [
        session(101, "active", ("", ""), 95, "select count(*) from posts, users"),
        session(102, "active", ("Lock", "relation"), 40, "alter table posts add column x int"),
        session(103, "active", ("Lock", "relation"), 12, "select * from posts where id = 1"),
        session(104, "active", ("Lock", "relation"), 7, "select * from posts where id = 2"),
        session(
            105,
            "idle in transaction",
            ("Client", "ClientRead"),
            300,
            "update users set is_active = true",
        ),
        session(106, "idle", ("Client", "ClientRead"), 3, "commit"),
    ];
    let edges = [
        waits(102, 101, true, "AccessExclusiveLock", "AccessShareLock", 40),
        waits(103, 102, false, "AccessShareLock", "AccessExclusiveLock", 12),
        waits(104, 102, false, "AccessShareLock", "AccessExclusiveLock", 7),
    ];
    Pulse {
        at: NOW,
        took: Duration::from_micros(1200),
        sessions: sessions.into_iter().map(Arc::new).collect(),
        edges: edges.into_iter().map(Arc::new).collect(),
    }
}

fn robot(width: u16, height: u16, keys: &str) -> Robot {
    let mut robot = Robot::new(width, height);
    robot.connect(Catalog::default());
    robot.keys(keys);
    let mut names = Names { database: 5, ..Names::default() };
    names.databases.insert(5, "shop".into());
    names.roles.insert(10, "ada".into());
    names.relations.insert(100, "posts".into());
    sample(&mut robot, Sample::Names(names));
    robot
}

fn sample(robot: &mut Robot, sample: Sample) {
    robot.event(Event::Sample(ConnId(0), Box::new(sample)));
}

#[test]
fn the_pile_behind_a_queued_ddl() {
    for (width, height) in [(120, 40), (80, 24)] {
        let mut robot = robot(width, height, "<alt-6>");
        sample(&mut robot, Sample::Pulse(pile()));
        robot.keys("j");
        insta::assert_snapshot!(format!("locks_{width}x{height}"), robot.screen());
    }
}

#[test]
fn cancelling_who_queues_is_asked_sent_and_verified() {
    let mut robot = robot(120, 40, "<alt-6>");
    sample(&mut robot, Sample::Pulse(pile()));
    robot.keys("jC");
    assert!(robot.screen().contains("This lets 2 go on"), "{}", robot.screen());
    robot.keys("<enter>");
    let (job, signal) = robot.take(|e| match e {
        Effect::Signal { job, signal, .. } => Some((*job, signal.clone())),
        _ => None,
    });
    assert_eq!((signal.kind, signal.pid), (SignalKind::Cancel, 102));
    assert_eq!(signal.query_start, Some(NOW - 40 * SECOND), "that very statement");
    robot.news(job, News::Signalled(Signalled::Done));
    assert!(
        robot.screen().contains("The statement of pid 102 (shop of ada) has ended"),
        "{}",
        robot.screen()
    );
}

#[test]
fn terminating_wants_the_pid_typed() {
    let mut robot = robot(120, 40, "<alt-6>");
    sample(&mut robot, Sample::Pulse(pile()));
    let signals = |robot: &Robot| robot.effects.iter().filter(|e| matches!(e, Effect::Signal { .. })).count();
    robot.keys("Ky\n");
    assert!(robot.screen().contains("That is not it"), "{}", robot.screen());
    assert_eq!(signals(&robot), 0);
    robot.keys("<esc>");
    assert!(!robot.screen().contains("That is not it"), "{}", robot.screen());
    assert_eq!(signals(&robot), 0, "Esc sends nothing");
    robot.keys("K101\n");
    assert_eq!(signals(&robot), 1);
    let job = robot.take(|e| match e {
        Effect::Signal { job, .. } => Some(*job),
        _ => None,
    });
    let refused =
        DbError { code: "42501".into(), ..DbError::client("permission denied to terminate process") };
    robot.news(job, News::Signalled(Signalled::Refused(Box::new(refused))));
    assert!(robot.screen().contains("pg_signal_backend"), "{}", robot.screen());
}

#[test]
fn idle_in_transaction_is_not_cancelled_and_prepared_ones_have_no_session() {
    let mut robot = robot(120, 40, "<alt-5>");
    sample(&mut robot, Sample::Pulse(pile()));
    robot.keys("tggC");
    assert!(robot.screen().contains("no statement to cancel"), "{}", robot.screen());
    let mut pulse = pile();
    let prepared =
        Prepared { gid: "order-17".into(), since: Some(NOW - 500 * SECOND), ..Prepared::default() };
    let edge = Edge { prepared: Some(prepared), ..waits(103, 0, true, "ShareLock", "ExclusiveLock", 5) };
    pulse.edges = vec![Arc::new(edge)];
    robot.keys("<alt-6>");
    sample(&mut robot, Sample::Pulse(pulse));
    robot.keys("ggC");
    assert!(robot.screen().contains("ROLLBACK PREPARED 'order-17';"), "{}", robot.screen());
}

#[test]
fn a_running_statement_is_explained_without_being_run() {
    let mut robot = robot(120, 40, "<alt-5>");
    sample(&mut robot, Sample::Pulse(pile()));
    robot.keys("ggx");
    assert!(robot.screen().contains("▌4 Plan"), "{}", robot.screen());
    let asked = robot.effects.iter().any(|e| {
        format!("{e:?}").contains("select count(*) from posts, users")
            && !format!("{e:?}").contains("ANALYZE")
    });
    assert!(asked, "{:?}", robot.effects);
}

#[test]
fn the_list_of_sessions() {
    for (width, height) in [(120, 40), (80, 24)] {
        let mut robot = robot(width, height, "<alt-5>");
        sample(&mut robot, Sample::Pulse(pile()));
        insta::assert_snapshot!(format!("activity_{width}x{height}"), robot.screen());
    }
    let mut robot = robot(120, 40, "<alt-5>");
    sample(&mut robot, Sample::Pulse(pile()));
    robot.keys("/is_active\n");
    let screen = robot.screen();
    assert!(screen.contains("105") && !screen.contains("ALTER") && !screen.contains(" 104 "), "{screen}");
}

#[test]
fn stepping_back_shows_what_was_and_ending_waits_for_now() {
    let mut robot = robot(120, 40, "<alt-6>");
    sample(&mut robot, Sample::Pulse(pile()));
    for second in 1..4 {
        let calm = Pulse { at: NOW + second * SECOND, edges: vec![], ..pile() };
        sample(&mut robot, Sample::Pulse(calm));
    }
    assert!(robot.screen().contains("No session waits"), "{}", robot.screen());
    robot.keys("w");
    let screen = robot.screen();
    assert!(screen.contains("paused at 22:13:20 UTC, 3 newer") && screen.contains("● 101"), "{screen}");
    robot.keys("K");
    assert!(robot.screen().contains("only what is there now can be ended"), "{}", robot.screen());
    robot.keys("..");
    assert!(robot.screen().contains("paused at 22:13:22 UTC, 1 newer"), "{}", robot.screen());
    robot.keys("p");
    assert!(robot.screen().contains("22:13:23 UTC ·"), "{}", robot.screen());
}

#[test]
fn a_server_that_does_not_answer_leaves_the_last_sample() {
    let mut robot = robot(120, 40, "<alt-6>");
    sample(&mut robot, Sample::Pulse(pile()));
    sample(&mut robot, Sample::Link(Err("sorry, too many clients already".into())));
    robot.wait(3000);
    let screen = robot.screen();
    assert!(screen.contains("no answer for 3.0 s; shown: 22:13:20 UTC (sorry, too many"), "{screen}");
    assert!(screen.contains("● 101"), "{screen}");
}

#[test]
fn a_sample_nobody_looks_at_draws_nothing() {
    let mut robot = robot(120, 40, "<alt-6><alt-1>");
    robot.app.take_dirty();
    sample(&mut robot, Sample::Pulse(pile()));
    assert!(!robot.app.is_dirty());
}

#[test]
fn what_may_not_be_seen_is_said() {
    let mut robot = robot(120, 40, "<alt-5>");
    let mut pulse = pile();
    let masked = Session { pid: 200, masked: true, role: 10, database: 5, ..Session::default() };
    pulse.sessions.push(Arc::new(masked));
    sample(&mut robot, Sample::Pulse(pulse));
    let screen = robot.screen();
    assert!(screen.contains("GRANT pg_read_all_stats TO ada"), "{screen}");
}

/// Takes every wish to sample out of what was asked.
fn watched(robot: &mut Robot) -> usize {
    let before = robot.effects.len();
    robot.effects.retain(|e| !matches!(e, Effect::Watch { .. }));
    before - robot.effects.len()
}

#[test]
fn a_pane_opened_before_the_connection_samples_once_it_is_up() {
    for key in ["<alt-5>", "<alt-6>"] {
        let mut robot = Robot::new(80, 24);
        robot.keys(key);
        assert_eq!(watched(&mut robot), 0, "nothing to ask yet");
        robot.connect(Catalog::default());
        assert!(watched(&mut robot) > 0, "{key}");
        // The same server again, after it was lost: its sessions are new and sample nothing by themselves.
        robot.connect(Catalog::default());
        assert!(watched(&mut robot) > 0, "{key} after the connection came back");
    }
}

#[test]
fn a_pane_never_looked_at_asks_nothing() {
    let mut robot = Robot::new(80, 24);
    robot.connect(Catalog::default());
    assert_eq!(watched(&mut robot), 0);
}

#[test]
fn samples_of_another_server_are_not_shown_as_those_of_this_one() {
    let mut robot = robot(120, 40, "<alt-6>");
    sample(&mut robot, Sample::Pulse(pile()));
    robot.keys(",p");
    robot.connect(Catalog::default());
    assert!(robot.screen().contains("● 101"), "the same server: {}", robot.screen());
    sample(&mut robot, Sample::Pulse(Pulse { at: NOW + SECOND, ..pile() }));
    robot.keys(",");
    robot.connect_to("elsewhere", Catalog::default());
    let screen = robot.screen();
    assert!(!screen.contains("101") && screen.contains("waiting for the first sample"), "{screen}");
    sample(&mut robot, Sample::Pulse(Pulse { at: NOW + 9 * SECOND, edges: vec![], ..pile() }));
    let screen = robot.screen();
    assert!(screen.contains("22:13:29 UTC") && !screen.contains("paused"), "{screen}");
}
