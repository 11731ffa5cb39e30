//! The state of a connection that is not there.

use crate::robot::Robot;
use pgdeck::{
    core::{
        effect::Effect,
        error::DbError,
        event::{Event, Link, News, Pooler, ServerInfo, Summary, Tx},
        ids::ConnId,
    },
    data::{catalog::Catalog, live::Sample},
};
use std::time::Duration;

fn link(r: &mut Robot, link: Link) {
    r.event(Event::Link(ConnId(0), link));
}

fn error(message: &str, hint: &str) -> Box<DbError> {
    Box::new(DbError { hint: Some(hint.into()), ..DbError::client(message) })
}

fn refused() -> Box<DbError> {
    error("connection to db:5432 failed: Connection refused", "Is the server running there?")
}

#[test]
fn what_cannot_be_opened_says_why_and_when_it_is_tried_again() {
    for (width, height) in [(120, 40), (80, 24)] {
        let mut r = Robot::new(width, height);
        link(&mut r, Link::Failed(refused()));
        link(&mut r, Link::Retry(Duration::from_secs(4)));
        insta::assert_snapshot!(format!("failed_{width}"), r.screen());
        r.wait(2_500);
        assert!(r.screen().contains("Trying again in 2 s"), "{}", r.screen());
        r.keys("<f5>").take(|e| matches!(e, Effect::Connect { .. }).then_some(()));
        link(&mut r, Link::Connecting("db:5432".into()));
        assert!(r.screen().contains("Trying again now"), "{}", r.screen());
        r.connect(Catalog::default());
        assert!(!r.screen().contains("Not connected"), "{}", r.screen());
    }
}

#[test]
fn what_was_lost_stays_said_while_it_is_tried_again() {
    for (width, height) in [(120, 40), (80, 24)] {
        let mut r = Robot::new(width, height);
        r.connect(Catalog::default());
        let lost = "lost: the open transaction (the server rolls it back), settings (SET)";
        link(
            &mut r,
            Link::Lost(error("db:5432 ended the connection: terminating", "Somebody ended it."), lost.into()),
        );
        link(&mut r, Link::Retry(Duration::from_secs(1)));
        link(&mut r, Link::Connecting("db:5432".into()));
        link(&mut r, Link::Failed(refused()));
        link(&mut r, Link::Retry(Duration::from_secs(2)));
        insta::assert_snapshot!(format!("lost_{width}"), r.screen());
        r.connect(Catalog::default());
        assert!(r.screen().contains("Connected again; lost: the open transaction"), "{}", r.screen());
    }
}

#[test]
fn a_long_reason_leaves_room_for_the_rest() {
    let mut r = Robot::new(80, 24);
    link(&mut r, Link::Failed(error(&"many words ".repeat(200), &"much advice ".repeat(100))));
    let screen = r.screen();
    assert!(screen.contains("F5 tries again") && screen.contains("1 Browse"), "{screen}");
    assert!(screen.matches("many words").count() < 60, "{screen}");
    // What comes from a server is shown, not obeyed.
    link(&mut r, Link::Failed(error("evil \u{1b}[2J\u{7}", "h")));
    assert!(!r.screen().contains('\u{1b}'), "{}", r.screen());
}

#[test]
fn a_standby_and_a_pooler_are_marked() {
    let mut r = Robot::new(120, 40);
    let info = ServerInfo { standby: true, database: "shop".into(), ..ServerInfo::default() };
    link(&mut r, Link::Up(Box::new(info.clone())));
    r.event(Event::Sample(ConnId(0), Box::new(Sample::Standby(true, Some(Duration::from_secs(7))))));
    assert!(r.screen().contains("standby, 7.0 s behind"), "{}", r.screen());
    r.app.take_dirty();
    r.event(Event::Sample(ConnId(0), Box::new(Sample::Standby(true, Some(Duration::from_millis(7_200))))));
    assert!(!r.app.take_dirty(), "nothing new to see");
    link(&mut r, Link::Known(Box::new(ServerInfo { standby: false, pooler: Pooler::Transaction, ..info })));
    let screen = r.screen();
    assert!(screen.contains("promoted") && screen.contains("pooler (transactions)"), "{screen}");
    assert!(!screen.contains("standby,"), "{screen}");
}

#[test]
fn where_else_to_go_is_asked_once_and_not_at_every_try() {
    let mut r = Robot::new(120, 40);
    let asked = |r: &Robot| r.effects.iter().filter(|e| matches!(e, Effect::FindServers { .. })).count();
    link(&mut r, Link::Failed(refused()));
    assert_eq!(asked(&r), 1);
    for _ in 0..3 {
        link(&mut r, Link::Retry(Duration::from_secs(1)));
        link(&mut r, Link::Connecting("db:5432".into()));
        link(&mut r, Link::Failed(refused()));
    }
    assert_eq!(asked(&r), 1);
}

#[test]
fn the_list_that_nobody_asked_for_goes_when_there_is_a_connection() {
    let found = |r: &mut Robot| {
        let job = r.effects.iter().rev().find_map(|e| match e {
            Effect::FindServers { job, .. } => Some(*job),
            _ => None,
        });
        let servers: Vec<_> = (0..12).map(|n| (format!("prod {n}"), "profile".to_owned())).collect();
        r.event(Event::News(job.expect("asked for"), News::Servers(servers.into())));
        r.screen().contains("Connect to")
    };
    let up = || Link::Up(Box::<ServerInfo>::default());
    let mut r = Robot::new(80, 24);
    link(&mut r, Link::Failed(refused()));
    assert!(found(&mut r) && r.screen().contains("Not connected:"), "it hides nothing: {}", r.screen());
    link(&mut r, up());
    assert!(!r.screen().contains("Connect to"), "{}", r.screen());
    // It comes when the connection is there already.
    let mut r = Robot::new(120, 40);
    link(&mut r, Link::Failed(refused()));
    link(&mut r, up());
    assert!(!found(&mut r), "{}", r.screen());
    // Who asks for it has it until the choice.
    r.keys("<alt-c>");
    assert!(found(&mut r));
    link(&mut r, up());
    assert!(r.screen().contains("Connect to"), "{}", r.screen());
    // It takes all keys, but keeps nobody here.
    r.keys("q");
    assert!(r.screen().contains("Connect to") && !r.effects.contains(&Effect::Quit), "{}", r.screen());
    r.keys("<ctrl-q>");
    assert!(r.effects.contains(&Effect::Quit));
}

#[test]
fn a_place_that_means_nothing_is_said_and_nothing_is_left() {
    let mut r = Robot::new(120, 40);
    link(&mut r, Link::Up(Box::<ServerInfo>::default()));
    link(&mut r, Link::Stayed(error("invalid connection option \"nonsense\"", "See --help.")));
    let screen = r.screen();
    assert!(screen.contains("nonsense\". See --help. The connection stays as it is"), "{screen}");
    assert!(!screen.contains("not connected"), "{screen}");
}

#[test]
fn a_catalog_that_comes_late_is_not_taken_for_the_present_one() {
    let mut r = Robot::new(120, 40);
    let at = |database: &str| {
        Link::Up(Box::new(ServerInfo { database: database.into(), ..ServerInfo::default() }))
    };
    let asked = |r: &mut Robot| {
        r.take(|e| match e {
            Effect::LoadCatalog { job, .. } => Some(*job),
            _ => None,
        })
    };
    let of = |schema: &str| {
        let schemas = vec![schema.into()];
        News::Catalog(Catalog { schemas, complete: true, ..Catalog::default() }.into())
    };
    link(&mut r, at("before"));
    let before = asked(&mut r);
    link(&mut r, at("now"));
    let now = asked(&mut r);
    r.news(before, of("schema_of_before"));
    assert!(!r.screen().contains("schema_of_before"), "{}", r.screen());
    r.news(now, of("schema_of_now"));
    assert!(r.screen().contains("schema_of_now"), "{}", r.screen());
    r.news(before, of("schema_of_before"));
    assert!(!r.screen().contains("schema_of_before"), "{}", r.screen());
}

fn summary(tag: &str, tx: Tx) -> News {
    let elapsed = Duration::from_millis(3);
    News::Done(Summary { statement: 0, tag: tag.into(), elapsed, tx, rows: 0, cut: None, last: true })
}

/// Types a line after `:`.
fn line(r: &mut Robot, text: &str) {
    r.keys(&format!(":{text}<enter>"));
}

fn settled(r: &mut Robot) -> Option<bool> {
    let at = r.effects.iter().rposition(|e| matches!(e, Effect::Settle { .. }))?;
    match r.effects.remove(at) {
        Effect::Settle { go, .. } => Some(go),
        _ => None,
    }
}

fn elsewhere(r: &mut Robot, word: Link) {
    link(r, Link::Elsewhere(Box::new(word)));
}

fn shop() -> Box<ServerInfo> {
    Box::new(ServerInfo { database: "shop".into(), address: "db:5432".into(), ..ServerInfo::default() })
}

#[test]
fn another_place_is_tried_and_the_present_one_left_only_when_it_is_there() {
    for size in [(120, 40), (80, 24)] {
        let mut r = Robot::new(size.0, size.1);
        link(&mut r, Link::Up(shop()));
        line(&mut r, "c nosuchdb");
        r.take(|e| matches!(e, Effect::Try { spec: Some(s), .. } if s == "nosuchdb").then_some(()));
        elsewhere(&mut r, Link::Connecting("db:5432 nosuchdb".into()));
        let screen = r.screen();
        assert!(screen.contains("connecting to db:5432 nosuchdb (Ctrl+C stays here)"), "{screen}");
        link(&mut r, Link::Stayed(error("database \"nosuchdb\" does not exist", "There is \"shop\".")));
        let screen = r.screen();
        assert!(screen.contains("does not exist. There is \"shop\". The connection stays"), "{screen}");
        assert!(!screen.contains("connecting to") && screen.contains("shop"), "{screen}");
        assert_eq!(settled(&mut r), Some(false));
        // Reached, and nothing is left behind.
        line(&mut r, "c other");
        elsewhere(&mut r, Link::Up(Box::new(ServerInfo { database: "other".into(), ..*shop() })));
        assert_eq!(settled(&mut r), Some(true));
        // Who goes back on it stays.
        line(&mut r, "c other");
        r.keys("<ctrl-c>");
        assert_eq!(settled(&mut r), Some(false));
        assert!(r.screen().contains("The connection stays as it is"), "{}", r.screen());
        // What comes after that is not gone to.
        elsewhere(&mut r, Link::Up(shop()));
        assert_eq!(settled(&mut r), Some(false));
    }
}

#[test]
fn a_password_for_another_place_can_be_refused() {
    let mut r = Robot::new(120, 40);
    link(&mut r, Link::Up(shop()));
    line(&mut r, "c postgres://eva@else/where");
    elsewhere(&mut r, Link::NeedsPassword("user \"eva\" at else:5432".into(), None));
    assert!(r.screen().contains("eva"), "{}", r.screen());
    // That the present connection came back by itself is no answer.
    link(&mut r, Link::Up(shop()));
    assert!(r.screen().contains("eva"), "{}", r.screen());
    r.keys("<esc>");
    r.take(|e| matches!(e, Effect::Password { password: None, .. }).then_some(()));
    link(&mut r, Link::Stayed(error("no password was given", "")));
    assert_eq!(settled(&mut r), Some(false));
    assert!(!r.screen().contains("Not connected"), "{}", r.screen());
}

#[test]
fn an_open_transaction_is_asked_about_when_the_other_place_is_there() {
    let reached = |r: &mut Robot| {
        link(r, Link::Up(shop()));
        r.keys("<alt-2>begin<f5>");
        let (job, ..) = r.execute();
        r.news(job, summary("BEGIN", Tx::Open));
        r.keys("<alt-1>");
        line(r, "c other");
        let other = ServerInfo { database: "other".into(), ..*shop() };
        elsewhere(r, Link::Up(Box::new(other)));
        let screen = r.screen();
        assert!(screen.contains("Roll back and connect") && !screen.contains("connecting to"), "{screen}");
        assert_eq!(settled(r), None);
    };
    let mut r = Robot::new(80, 24);
    reached(&mut r);
    r.keys("<esc>");
    assert_eq!(settled(&mut r), Some(false));
    let mut r = Robot::new(80, 24);
    reached(&mut r);
    r.keys("c");
    let (job, _, statements) = r.execute();
    assert_eq!(statements[0].sql, "COMMIT");
    r.news(job, summary("COMMIT", Tx::Idle));
    assert_eq!(settled(&mut r), Some(true));
    // What cannot be committed is not left.
    let mut r = Robot::new(80, 24);
    reached(&mut r);
    r.keys("c");
    let (job, ..) = r.execute();
    r.news(job, News::Failed(0, error("deferred constraint", ""), Tx::Idle));
    assert_eq!(settled(&mut r), Some(false));
    assert!(r.screen().contains("deferred constraint"), "{}", r.screen());
}
