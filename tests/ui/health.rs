//! Health: answers in, lines with thresholds on the screen, what to do in the editor and on the clipboard.

use crate::{live::gone, robot::Robot};
use pgdeck::{
    core::{effect::Effect, event::Event, ids::ConnId},
    data::{
        catalog::Catalog,
        health::{Part, Table, Trouble, Vitals},
        live::{Names, Probe, Pulse, Sample, Session},
    },
};
use std::{sync::Arc, time::Duration};

const SECOND: i64 = 1_000_000;
/// 2023-11-14 22:13:20 UTC
const NOW: i64 = 1_700_000_000 * SECOND;

/// Names, then rows: `~` is a blank, `-` NULL.
fn part(at: i64, text: &str) -> Part {
    let mut lines = text.split(" / ").map(|line| line.split_whitespace().map(|w| w.replace('~', " ")));
    let columns = lines.next().expect("names").collect();
    let rows = lines.map(|line| line.map(|w| (w != "-").then_some(w)).collect()).collect();
    Part { at, table: Arc::new(Table { columns, rows }), trouble: None }
}

/// The round of this number: five seconds after the one before, with some work done.
fn vitals(n: i64) -> Vitals {
    let at = NOW + n * 5 * SECOND;
    let work = format!(
        "commits rollbacks read hit temp_files temp_bytes deadlocks checksum_failures inserted updated deleted reset \
         / {} {} {} {} 12 {} 3 0 {} 0 0 2023-11-01~08:00:00+00",
        100_000 + n * n * 400,
        500 + n * 90,
        50_000 + n * 1000,
        4_000_000 + n * 90_000,
        n * 1_000_000,
        n * 50,
    );
    let parts = [
        ("server", "version standby started conf_loaded max reserved autovacuum_max role / 15.4 f 864000 864000 100 3 3 ada".to_owned()),
        (
            "connections",
            "database role kind state sessions masked lock_waits oldest_xact oldest_state oldest_query \
             / 5 10 client~backend active 20 0 3 95 3 90 / 5 10 client~backend idle~in~transaction 2 0 0 700 690 - \
             / 5 10 client~backend idle 60 0 0 - 900 -"
                .to_owned(),
        ),
        ("database", work),
        ("checkpoints", "timed requested write_ms sync_ms buffers max_wal_size timeout / 40 60 900000 600 12000 1GB 5min".to_owned()),
        ("wal", format!("position records full_pages buffers_full / {} 9000 800 0", n * 40_000_000)),
        ("archiver", "mode archived last_age failed failed_age last_failed failing / on 77 4000 12 30 0000000100000002000000FE t".to_owned()),
        ("slots", "name kind database active wal_status retained safe xmin_age catalog_xmin_age inactive_for fix / old_copy logical 5 f extended 5000000000 - - 90000 86400 SELECT~pg_drop_replication_slot('old_copy');".to_owned()),
        ("horizon", "kind pid database role name xid_age since state fix / session 105 5 10 shop 12000000 700 idle~in~transaction -".to_owned()),
        ("wraparound", "database here xid_age mxid_age freeze_max mxid_freeze_max / shop t 190000000 1000 200000000 400000000".to_owned()),
        ("prepared", "name database role age fix".to_owned()),
        ("progress", "pid command database relid relation phase done total unit detail / 77 VACUUM 5 100 posts scanning~heap 4000 16000 blocks index~passes~0".to_owned()),
    ];
    let mut parts: std::collections::BTreeMap<&'static str, Part> =
        parts.into_iter().map(|(name, text)| (name, part(at, &text))).collect();
    let refused =
        Trouble { code: "42501".into(), message: "permission denied for function pg_ls_tmpdir".into() };
    parts.insert("temp", Part { trouble: Some(refused), ..Part::default() });
    Vitals { at, took: Duration::from_micros(4200), version: 150_004, parts, ..Vitals::default() }
}

fn advice() -> Vitals {
    let rows = [
        (
            "unused_indexes",
            "schema table index scans size bytes counted_since relid remedy / public posts posts_meta_gin 0 12~MB 12582912 - 100 DROP~INDEX~CONCURRENTLY~public.posts_meta_gin;",
        ),
        (
            "foreign_keys",
            "schema table foreign_key columns references rows_estimated heap relid remedy / public comments comments_parent_id_fkey parent_id comments 250000 90~MB 101 CREATE~INDEX~CONCURRENTLY~ON~comments~(parent_id);",
        ),
        (
            "settings",
            "name value default source set_in changed_by pending_restart description / work_mem 64MB 4096~x~kB configuration~file x user f y",
        ),
    ];
    let parts = rows.into_iter().map(|(name, text)| (name, part(NOW, text))).collect();
    Vitals { at: NOW, version: 150_004, more: true, parts, ..Vitals::default() }
}

fn sample(robot: &mut Robot, sample: Sample) {
    robot.event(Event::Sample(ConnId(0), Box::new(sample)));
}

fn robot(width: u16, height: u16) -> Robot {
    let mut robot = Robot::new(width, height);
    robot.connect(Catalog::default());
    robot.keys("<alt-8>");
    let mut names = Names { database: 5, ..Names::default() };
    names.databases.insert(5, "shop".into());
    names.roles.insert(10, "ada".into());
    sample(&mut robot, Sample::Names(names));
    for n in 0..6 {
        sample(&mut robot, Sample::Health(vitals(n)));
    }
    sample(&mut robot, Sample::Health(advice()));
    robot
}

#[test]
fn a_server_that_wants_something() {
    for (width, height) in [(120, 40), (80, 24)] {
        let mut robot = robot(width, height);
        robot.keys("tj");
        insta::assert_snapshot!(format!("health_{width}x{height}"), robot.screen());
    }
    insta::assert_snapshot!("health_by_section", robot(120, 40).screen());
}

#[test]
fn where_to_look_next_is_shown_as_it_is_now_and_whole() {
    let mut robot = robot(120, 40);
    robot.keys("<alt-5>");
    let old = Session {
        pid: 105,
        database: 5,
        backend_type: "client backend".into(),
        state: "idle in transaction".into(),
        ..Session::default()
    };
    for n in 0..3 {
        let sessions = vec![Arc::new(old.clone())];
        sample(&mut robot, Sample::Pulse(Pulse { at: NOW + n * SECOND, sessions, ..Pulse::default() }));
    }
    robot.keys("/nobody has this\n");
    robot.keys("aa,,");
    assert!(!robot.screen().contains(" 105 "), "{}", robot.screen());
    robot.keys("<alt-8>/idle in transaction\n");
    robot.keys("gd");
    let screen = robot.screen();
    assert!(screen.contains("▌5 Activity") && screen.contains(" 105 "), "{screen}");
    assert!(screen.contains("the filter “nobody has this” is off"), "{screen}");
    assert!(screen.contains("22:13:22 UTC") && !screen.contains("paused"), "{screen}");
}

#[test]
fn the_slow_part_is_asked_when_it_is_opened_and_when_asked_for() {
    let mut robot = Robot::new(120, 40);
    robot.connect(Catalog::default());
    robot.effects.clear();
    let asked = |robot: &mut Robot| {
        let all: Vec<Probe> = robot
            .effects
            .drain(..)
            .filter_map(|e| match e {
                Effect::Watch { probe, every: Some(_), .. } => Some(probe),
                _ => None,
            })
            .collect();
        all
    };
    robot.keys("<alt-8>");
    assert_eq!(asked(&mut robot), [Probe::Health, Probe::Advice]);
    sample(&mut robot, Sample::Health(vitals(0)));
    robot.keys("<alt-1><alt-8>");
    assert_eq!(asked(&mut robot), [Probe::Health], "coming back asks for nothing slow");
    robot.keys("<f5>");
    assert_eq!(asked(&mut robot), [Probe::Health, Probe::Advice]);
}

#[test]
fn sql_is_copied_or_put_into_the_editor_and_never_run() {
    let mut robot = robot(120, 40);
    robot.keys("/unused\n");
    robot.effects.clear();
    robot.keys("y");
    let copied = robot.take(|e| match e {
        Effect::Copy(text) => Some(text.clone()),
        _ => None,
    });
    assert_eq!(copied, "DROP INDEX CONCURRENTLY public.posts_meta_gin;");
    robot.keys("i");
    let screen = robot.screen();
    assert!(screen.contains("DROP INDEX CONCURRENTLY public.posts_meta_gin;"), "{screen}");
    assert!(!robot.effects.iter().any(|e| matches!(e, Effect::Execute { .. })), "{:?}", robot.effects);
}

#[test]
fn the_details_of_a_line_and_only_what_calls() {
    let mut robot = robot(120, 40);
    robot.keys("/connections\n<enter>");
    let screen = robot.screen();
    assert!(screen.contains("82 of 97 (85 %)") && screen.contains("82  ada@shop"), "{screen}");
    robot.keys("<esc><esc>a");
    let screen = robot.screen();
    assert!(screen.contains("FAILS, last success") && !screen.contains("Write-ahead log"), "{screen}");
    assert!(screen.contains("only those"), "{screen}");
    robot.keys("/no such thing\n");
    assert!(robot.screen().contains("No line has this text"), "{}", robot.screen());
    robot.keys("<esc>");
    assert!(robot.screen().contains("FAILS"), "Esc takes the filter away: {}", robot.screen());
}

#[test]
fn pausing_stays_at_its_moment_while_samples_come() {
    let mut robot = robot(120, 40);
    robot.keys("p,");
    let before = robot.screen();
    assert!(before.contains("paused at 22:13:40"), "{before}");
    sample(&mut robot, Sample::Health(vitals(9)));
    let after = robot.screen();
    let lines = |screen: &str| screen.lines().skip(2).take(20).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(lines(&before), lines(&after));
    robot.keys("p");
    assert!(!robot.screen().contains("paused"), "{}", robot.screen());
}

#[test]
fn a_lost_server_keeps_what_was_seen_and_says_since_when() {
    let mut robot = robot(120, 40);
    sample(&mut robot, Sample::Link(Err(gone("server closed the connection"))));
    let screen = robot.screen();
    assert!(screen.contains("no answer for") && screen.contains("82 of 97"), "{screen}");
    sample(&mut robot, Sample::Link(Ok(())));
    sample(&mut robot, Sample::Health(vitals(10)));
    assert!(!robot.screen().contains("no answer"), "{}", robot.screen());
}

#[test]
fn another_server_is_not_paused_where_the_last_one_was() {
    let mut robot = robot(120, 40);
    robot.keys("p,");
    robot.connect_to("elsewhere", Catalog::default());
    sample(&mut robot, Sample::Health(vitals(9)));
    let screen = robot.screen();
    assert!(!screen.contains("paused") && screen.contains("82 of 97"), "{screen}");
}

#[test]
fn small_screens_do_not_break() {
    for (width, height) in [(40, 10), (20, 5), (300, 100)] {
        let mut robot = robot(width, height);
        robot.keys("jGkk<pagedown><pageup>ta/x\n");
        robot.screen();
    }
}

#[test]
fn what_is_critical_below_the_last_line_is_said_until_it_is_seen() {
    let mut robot = robot(80, 24);
    let screen = robot.screen();
    assert!(screen.contains("2 critical") && screen.contains(" more, 1 critical"), "{screen}");
    robot.keys("G");
    assert!(!robot.screen().contains("↓"), "the end: {}", robot.screen());
}
