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
        live::{Edge, Gone, LockObject, Names, Own, Prepared, Probe, Pulse, Sample, Session, WholeQuery},
    },
};
use std::{sync::Arc, time::Duration};

const SECOND: i64 = 1_000_000;
/// 2023-11-14 22:13:20 UTC
const NOW: i64 = 1_700_000_000 * SECOND;
/// The transaction id that comes next.
const NEXT: u32 = 5_000_000;

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
        next: NEXT,
        ..Pulse::default()
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

/// The watching session is gone, to be opened anew in eight seconds.
pub fn gone(why: &str) -> Gone {
    Gone { why: why.into(), hint: None, pause: Duration::from_secs(8) }
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
    // The letter that a button shows presses it.
    robot.keys("jC");
    assert!(robot.screen().contains("Leave it (l)"), "{}", robot.screen());
    robot.keys("l");
    assert!(!robot.screen().contains("Leave it"), "{}", robot.screen());
    // On a narrow screen the question is there whole, on more lines.
    let mut narrow = self::robot(80, 24, "<alt-6>");
    sample(&mut narrow, Sample::Pulse(pile()));
    narrow.keys("K");
    let screen = narrow.screen();
    assert!(screen.contains("rolled back.") && screen.contains("Type 101 and Enter"), "{screen}");
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
    robot.keys("ggjx");
    assert!(robot.screen().contains("▌4 Plan"), "{}", robot.screen());
    let asked = robot.effects.iter().any(|e| {
        format!("{e:?}").contains("select count(*) from posts, users")
            && !format!("{e:?}").contains("ANALYZE")
    });
    assert!(asked, "{:?}", robot.effects);
}

#[test]
fn a_statement_with_parameters_of_others_is_planned_for_any_values() {
    let mut robot = robot(120, 40, "<alt-5>");
    let mut pulse = pile();
    let theirs = session(101, "active", ("", ""), 95, "select * from posts where id = $1 and a[1:b]");
    let mut other = theirs.clone();
    other.database = 6;
    pulse.sessions = [Arc::new(other)].into();
    sample(&mut robot, Sample::Pulse(pulse.clone()));
    robot.keys("ggjx");
    let screen = robot.screen();
    assert!(screen.contains("another database") && screen.contains("▌5 Activity"), "{screen}");
    pulse.sessions = [Arc::new(theirs)].into();
    pulse.at += SECOND;
    sample(&mut robot, Sample::Pulse(pulse));
    robot.keys("x");
    let (_, statements, ..) = robot.rehearse();
    let sent = format!("{statements:?}");
    assert!(
        sent.contains("PREPARE pgdeck_explain AS select * from posts where id = $1 and a[1:b]"),
        "{sent}"
    );
    assert!(!robot.screen().contains("Parameters"), "{}", robot.screen());
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
fn the_worst_moment_is_when_most_sessions_waited() {
    let mut robot = robot(120, 40, "<alt-6>");
    // Three wait, each for one.
    sample(&mut robot, Sample::Pulse(pile()));
    // One waits for four.
    let edges = [101, 103, 104, 105].map(|pid| waits(102, pid, true, "ShareLock", "RowExclusiveLock", 3));
    let edges = edges.into_iter().map(Arc::new).collect();
    sample(&mut robot, Sample::Pulse(Pulse { at: NOW + SECOND, edges, ..pile() }));
    assert!(robot.screen().contains("▌6 Locks 1"), "{}", robot.screen());
    sample(&mut robot, Sample::Pulse(Pulse { at: NOW + 2 * SECOND, edges: vec![], ..pile() }));
    let screen = robot.screen();
    assert!(screen.contains("At 22:13:20 UTC 3 waited, the most in the samples kept"), "{screen}");
    robot.keys("w");
    assert!(robot.screen().contains("paused at 22:13:20 UTC"), "{}", robot.screen());
    // 400 more in the queue, which are only counted.
    let mut long = pile();
    long.at += 3 * SECOND;
    let edge = Edge { queue: 402, ..waits(103, 102, false, "AccessShareLock", "AccessExclusiveLock", 12) };
    long.edges = vec![Arc::new(edge)];
    sample(&mut robot, Sample::Pulse(long));
    robot.keys("pw");
    let screen = robot.screen();
    assert!(screen.contains("paused at 22:13:23 UTC") && screen.contains("402 waiting"), "{screen}");
}

#[test]
fn those_behind_are_free_at_once_only_where_all_just_queue() {
    let free = "Those behind it do not conflict";
    let mut robot = robot(120, 40, "<alt-6>");
    sample(&mut robot, Sample::Pulse(pile()));
    robot.keys("j");
    assert!(robot.screen().contains(free), "{}", robot.screen());
    let mut pulse = pile();
    pulse.at += SECOND;
    pulse.edges[2] = Arc::new(waits(104, 102, true, "AccessShareLock", "AccessExclusiveLock", 7));
    sample(&mut robot, Sample::Pulse(pulse));
    assert!(!robot.screen().contains(free), "102 holds what 104 wants: {}", robot.screen());
}

#[test]
fn a_server_that_does_not_answer_leaves_the_last_sample() {
    let mut robot = robot(120, 40, "<alt-6>");
    sample(&mut robot, Sample::Pulse(pile()));
    sample(&mut robot, Sample::Link(Err(gone("terminating connection due to administrator command"))));
    let full = "connection to db:5432 failed: sorry, too many clients already";
    let advised = Gone { hint: Some("Raise max_connections.".into()), ..gone(full) };
    robot.wait(1000);
    sample(&mut robot, Sample::Link(Err(advised)));
    robot.wait(2000);
    let screen = robot.screen();
    for part in [
        "no answer for 3 s · shown: 22:13:20 UTC",
        "● 101",
        "✗ No session to watch with: terminating connection due to administrator command",
        "✗ Tried again: sorry, too many clients already",
        "→ Raise max_connections.",
        "Trying again in 6 s · F5 tries now",
    ] {
        assert!(screen.contains(part), "{part}\n{screen}");
    }
    // The seconds go on though nothing comes.
    robot.app.take_dirty();
    let at = robot.app.next_tick().expect("a tick");
    assert_eq!(at.as_secs(), robot.at.as_secs() + 1);
    robot.wait(1000);
    assert!(robot.screen().contains("no answer for 4 s") && robot.screen().contains("again in 5 s"));
    // F5 asks at once; other panes have their sessions and say nothing of it.
    robot.keys("<f5>");
    let again = |e: &Effect| matches!(e, Effect::Watch { probe: Probe::Pulse, .. }).then_some(());
    robot.take(again);
    robot.keys("<alt-1>");
    assert!(!robot.screen().contains("to watch with"), "{}", robot.screen());
    assert_eq!(robot.app.next_tick(), None, "nothing to count where it is not shown");
}

#[test]
fn what_a_root_has_is_said_and_a_line_is_found() {
    let mut robot = robot(120, 40, "<alt-6>");
    sample(&mut robot, Sample::Pulse(pile()));
    let said = "pid 101 (shop of ada) has AccessShare on posts; in its transaction for 1 min 35 s.";
    assert!(robot.screen().contains(said), "{}", robot.screen());
    robot.keys("/id = 2\n");
    assert!(robot.screen().contains("▌    └ 104"), "{}", robot.screen());
    robot.keys("/<ctrl-u>posts\n");
    assert!(robot.screen().contains("▌● 101"), "round to the first: {}", robot.screen());
    robot.keys("/<ctrl-u>nothing\n");
    assert!(robot.screen().contains("Nobody in this tree has \"nothing\""), "{}", robot.screen());
}

#[test]
fn a_prepared_transaction_says_whose_it_is_and_since_when() {
    let mut robot = robot(120, 40, "<alt-6>");
    let mut pulse = pile();
    let prepared =
        Prepared { gid: "order-17".into(), owner: 10, database: 5, since: Some(NOW - 60 * SECOND) };
    pulse.edges = vec![Arc::new(Edge {
        prepared: Some(prepared),
        ..waits(102, 0, true, "ShareLock", "ExclusiveLock", 4)
    })];
    sample(&mut robot, Sample::Pulse(pulse));
    let screen = robot.screen();
    for part in [
        "● prepared",
        "1 min 00 s PREPARE TRANSACTION 'order-17'",
        "; prepared 1 min 00 s ago by ada in shop.",
    ] {
        assert!(screen.contains(part), "{part}\n{screen}");
    }
    robot.keys("K");
    assert!(robot.screen().contains("In shop, as ada or a superuser:"), "{}", robot.screen());
}

#[test]
fn an_answer_that_is_late_is_said_before_it_is_given_up() {
    let mut robot = robot(80, 24, "<alt-5>");
    sample(&mut robot, Sample::Pulse(pile()));
    robot.wait(3900);
    assert!(!robot.screen().contains("no answer"), "{}", robot.screen());
    robot.app.take_dirty();
    robot.wait(100);
    assert!(robot.app.is_dirty() && robot.screen().contains("no answer for 4 s"), "{}", robot.screen());
    sample(&mut robot, Sample::Pulse(Pulse { at: NOW + 5 * SECOND, ..pile() }));
    assert!(!robot.screen().contains("no answer"), "{}", robot.screen());
}

#[test]
fn a_sample_nobody_looks_at_draws_nothing() {
    let mut robot = robot(120, 40, "<alt-6><alt-1>");
    robot.app.take_dirty();
    sample(&mut robot, Sample::Pulse(pile()));
    assert!(!robot.app.is_dirty());
}

#[test]
fn sessions_that_are_not_seen_are_not_said_to_do_nothing() {
    for (width, height) in [(120, 40), (80, 24)] {
        let mut robot = Robot::new(width, height);
        robot.connect(Catalog::default());
        robot.keys("<alt-5>");
        let hidden = |pid| Session { pid, masked: true, role: 10, database: 5, ..Session::default() };
        let edge = Arc::new(Edge { waiter: 201, blocker: 200, ..Edge::default() });
        let sessions = [200, 201].map(|pid| Arc::new(hidden(pid))).to_vec();
        let pulse = Pulse { at: 5, sessions, edges: vec![edge], ..Pulse::default() };
        sample(&mut robot, Sample::Pulse(pulse));
        let screen = robot.screen();
        assert!(screen.contains("2 sessions, 0 active, 2 not visible (1 wait for a lock)"), "{screen}");
        assert!(screen.contains("? What 2 of the sessions do is not visible"), "{screen}");
    }
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

#[test]
fn a_session_opened_anew_forgets_no_name_of_samples_kept() {
    let mut robot = robot(120, 40, "<alt-6>");
    sample(&mut robot, Sample::Pulse(pile()));
    sample(&mut robot, Sample::Link(Err(gone("terminating connection due to administrator command"))));
    sample(&mut robot, Sample::Link(Ok(())));
    // It knows databases and roles by now, and nobody waits any more.
    sample(&mut robot, Sample::Names(Names { database: 5, ..Names::default() }));
    sample(&mut robot, Sample::Pulse(Pulse { at: NOW + SECOND, edges: vec![], ..pile() }));
    robot.keys(",");
    let screen = robot.screen();
    assert!(screen.contains("paused at 22:13:20 UTC") && screen.contains(" posts "), "{screen}");
    assert!(!screen.contains("relation 100"), "{screen}");
    robot.keys("e\n");
    let export = robot.take(|e| match e {
        Effect::Export { what, .. } => Some(what.clone()),
        _ => None,
    });
    let value: serde_json::Value = serde_json::from_str(&export.lines().collect::<String>()).expect("JSON");
    let edge = &value["samples"][0]["edges"][0];
    assert!(edge.to_string().contains("posts"), "{edge}");
}

/// A second later: 104 has given up, 107 came to wait.
fn later() -> Pulse {
    let mut pulse = pile();
    pulse.at += SECOND;
    pulse.sessions.retain(|s| s.pid != 104);
    let waiter = session(107, "active", ("Lock", "relation"), 1, "select * from posts where id = 3");
    pulse.sessions.push(Arc::new(waiter));
    pulse.edges.retain(|e| e.waiter != 104);
    pulse.edges.push(Arc::new(waits(107, 102, false, "AccessShareLock", "AccessExclusiveLock", 1)));
    pulse
}

#[test]
fn what_changed_since_a_marked_moment() {
    let mut robot = robot(120, 40, "<alt-6>");
    sample(&mut robot, Sample::Pulse(pile()));
    robot.keys("m");
    sample(&mut robot, Sample::Pulse(later()));
    let screen = robot.screen();
    assert!(screen.contains("when 3 waited: 1 came (+), 1 out of it: pid 104"), "{screen}");
    assert!(screen.contains("+    └ 107") && !screen.contains("+    └ 103"), "{screen}");
    robot.keys("<alt-5>m");
    sample(&mut robot, Sample::Pulse(Pulse { at: NOW + 2 * SECOND, ..pile() }));
    let screen = robot.screen();
    assert!(screen.contains("+1 −1"), "{screen}");
    assert!(screen.contains("+104") && screen.contains("=101"), "came, and runs the same still: {screen}");
    robot.keys("m");
    robot.keys("m");
    assert!(robot.screen().contains("The mark is taken away"), "{}", robot.screen());
}

#[test]
fn a_moment_goes_along_from_activity_to_locks_and_back() {
    let mut robot = robot(120, 40, "<alt-5>");
    sample(&mut robot, Sample::Pulse(pile()));
    sample(&mut robot, Sample::Pulse(Pulse { at: NOW + SECOND, edges: vec![], ..pile() }));
    sample(&mut robot, Sample::Pulse(Pulse { at: NOW + 2 * SECOND, edges: vec![], ..pile() }));
    robot.keys("/alter\n");
    robot.keys(",,l");
    let screen = robot.screen();
    assert!(screen.contains("▌6 Locks") && screen.contains("paused at 22:13:20 UTC, 2 newer"), "{screen}");
    assert!(screen.contains("▌  └ 102"), "the cursor is on whom one came for: {screen}");
    robot.keys(".<alt-5>");
    let screen = robot.screen();
    assert!(screen.contains("▌5 Activity") && screen.contains("paused at 22:13:21 UTC, 1 newer"), "{screen}");
    robot.keys("l");
    let screen = robot.screen();
    assert!(screen.contains("At this moment pid 102 waits for nobody"), "{screen}");
    // Following goes along as well.
    robot.keys("p<alt-5>");
    assert!(!robot.screen().contains("paused"), "{}", robot.screen());
    // By way of a pane of other samples each stays as it was left.
    robot.keys(",<alt-8><alt-6>");
    assert!(!robot.screen().contains("paused"), "{}", robot.screen());
}

#[test]
fn before_the_mark_nothing_is_told_backwards() {
    for (key, words) in
        [("<alt-6>", "This moment is before the mark at 22:13:21 UTC"), ("<alt-5>", " · before the mark ")]
    {
        // 104 is there no more when the mark is set: it did not come since.
        let mut robot = robot(120, 40, key);
        sample(&mut robot, Sample::Pulse(pile()));
        sample(&mut robot, Sample::Pulse(later()));
        robot.keys("m,");
        let screen = robot.screen();
        assert!(screen.contains("paused at 22:13:20 UTC") && screen.contains("104"), "{screen}");
        assert!(screen.contains(words), "{screen}");
        for sign in ["+104", "+    └ 104", "came (+)", "=101", "+1 −1"] {
            assert!(!screen.contains(sign), "{sign}: {screen}");
        }
        robot.keys(".");
        assert!(!robot.screen().contains("before the mark"), "{}", robot.screen());
    }
}

#[test]
fn the_samples_kept_are_written_to_a_file() {
    for (key, what) in [("<alt-5>", "sessions"), ("<alt-6>", "locks")] {
        let mut robot = robot(120, 40, key);
        sample(&mut robot, Sample::Pulse(pile()));
        sample(&mut robot, Sample::Pulse(later()));
        robot.keys("e");
        let screen = robot.screen();
        assert!(screen.contains(&format!("pgdeck-{what}-20231114221321.json")), "{screen}");
        robot.keys("\n");
        let (job, path, export) = robot.take(|e| match e {
            Effect::Export { job, path, what } => Some((*job, path.clone(), what.clone())),
            _ => None,
        });
        assert!(path.ends_with(".json"));
        let value: serde_json::Value =
            serde_json::from_str(&export.lines().collect::<String>()).expect("JSON");
        assert_eq!(value["samples"][0]["edges"][0]["blocked_by"], serde_json::json!(101));
        let ended = &value["samples"][1]["sessions_ended"];
        assert_eq!(*ended, serde_json::json!([104]));
        robot.news(job, News::Written(Ok(path)));
        assert!(robot.screen().contains("Written: pgdeck-"), "{}", robot.screen());
    }
}

#[test]
fn a_session_in_full() {
    let mut pulse = pile();
    let mut long = session(108, "active", ("", ""), 9, "select 'the beginning', x from t");
    (long.query_cut, long.oldest) = (true, Some(NEXT - 1_234_567));
    pulse.sessions.push(Arc::new(long.clone()));
    let mut robot = robot(120, 40, "<alt-5>");
    sample(&mut robot, Sample::Pulse(pulse.clone()));
    assert!(
        robot.screen().contains("Vacuum is held back 1,234,567 transactions by pid 108"),
        "{}",
        robot.screen()
    );
    robot.keys("/108\n<enter>");
    let asked = |e: &Effect| match e {
        Effect::WholeQuery { pid, .. } => Some(*pid),
        _ => None,
    };
    assert_eq!(robot.take(asked), 108);
    assert!(robot.screen().contains("is being fetched"), "{}", robot.screen());
    let whole = WholeQuery {
        pid: 108,
        started: long.started,
        query_start: long.query_start,
        text: "select 'the beginning', x from t where the_end".into(),
    };
    sample(&mut robot, Sample::Query(Ok(whole)));
    let screen = robot.screen();
    assert!(screen.contains("where the_end") && screen.contains("pid              108"), "{screen}");
    robot.keys("x");
    assert!(robot.screen().contains("▌4 Plan"), "{}", robot.screen());
    robot.keys("<alt-5>v");
    assert!(
        robot.screen().contains("Who holds vacuum back") && robot.screen().contains("its running"),
        "{}",
        robot.screen()
    );
    robot.keys("<esc><esc>");
    pulse.sessions.retain(|s| s.pid != 108);
    pulse.at += SECOND;
    (long.query_cut, long.query_lost) = (true, true);
    pulse.sessions.push(Arc::new(long));
    sample(&mut robot, Sample::Pulse(pulse));
    robot.keys("<enter>");
    assert!(robot.screen().contains("The server keeps only this beginning"), "{}", robot.screen());
    robot.keys("x");
    assert!(robot.screen().contains("keeps only the beginning"), "{}", robot.screen());
}

#[test]
fn a_session_of_the_tree_in_full_is_of_a_moment() {
    let mut robot = robot(120, 40, "<alt-6>");
    let mut pulse = pile();
    pulse.edges = vec![Arc::new(waits(102, 105, true, "AccessExclusiveLock", "RowExclusiveLock", 40))];
    sample(&mut robot, Sample::Pulse(pulse));
    robot.keys("<enter>");
    sample(&mut robot, Sample::Pulse(Pulse { at: NOW + 9 * SECOND, edges: vec![], ..pile() }));
    let screen = robot.screen();
    assert!(screen.contains("As it was at 22:13:20 UTC") && screen.contains("pid 105"), "{screen}");
    assert!(screen.contains("as at 2023-11-14T22:13:20"), "in what is copied, too: {screen}");
    assert!(
        screen.contains("last statement began 5 min 00 s ago, ended 5 min 00 s ago"),
        "it is idle in its transaction: {screen}"
    );
}

#[test]
fn sessions_are_filtered_and_sorted() {
    let mut robot = robot(120, 40, "<alt-5>");
    sample(&mut robot, Sample::Pulse(pile()));
    robot.keys("/active -alter\n");
    let screen = robot.screen();
    assert!(screen.contains(" 103 ") && !screen.contains(" 102 ") && !screen.contains(" 106 "), "{screen}");
    robot.keys("<esc>aa");
    let screen = robot.screen();
    assert!(screen.contains("only idle in or long in transaction"), "{screen}");
    assert!(screen.contains(" 105 ") && screen.contains(" 101 ") && !screen.contains(" 103 "), "{screen}");
    robot.keys("a");
    let mut orders = vec![];
    for _ in 0..7 {
        let screen = robot.screen();
        let by = screen.split("· by ").nth(1).and_then(|rest| rest.split(" ·").next()).expect("an order");
        orders.push(by.to_owned());
        robot.keys("t");
    }
    orders.sort();
    orders.dedup();
    assert_eq!(orders.len(), 7, "{orders:?}");
    robot.keys("T");
    assert!(robot.screen().contains("▾"), "{}", robot.screen());
}

#[test]
fn what_we_wait_for_is_said_when_the_server_does_not_answer() {
    let mut robot = Robot::new(120, 40);
    robot.connect(Catalog::default());
    robot.keys("<alt-2>select 1<f5>");
    let own = |e: &Effect| match e {
        Effect::Watch { probe: Probe::Own, every, .. } => Some(every.is_some()),
        _ => None,
    };
    robot.wait(900);
    assert!(!robot.effects.iter().any(|e| own(e).is_some()), "not yet");
    robot.wait(300);
    assert!(robot.take(own), "whom do we wait for?");
    let blocker = session(900, "idle in transaction", ("Client", "ClientRead"), 60, "lock table pg_class");
    let mut edge = waits(4711, 900, true, "AccessShareLock", "AccessExclusiveLock", 2);
    edge.object.relation = 1259;
    let wait =
        Own { pid: 4711, object: "pg_class".into(), edge: Arc::new(edge), blocker: Some(Arc::new(blocker)) };
    sample(&mut robot, Sample::Own(vec![wait]));
    let screen = robot.screen();
    let text = "Waits for pid 900 (shop of 10), which is idle in its transaction and holds AccessExclusive on pg_class";
    assert!(screen.contains(text), "{screen}");
    let (job, ..) = robot.execute();
    robot.done(job, 0, "SELECT 1", 1, true);
    assert!(!robot.take(own), "no more");
    assert!(!robot.screen().contains("Waits for"), "{}", robot.screen());
}
