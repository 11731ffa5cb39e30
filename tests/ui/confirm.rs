//! A server of production: the database's name is typed before a write, and what is rehearsed is decided about.

use crate::robot::Robot;
use pgdeck::{
    core::{
        effect::Effect,
        event::{Event, Link, News, ServerInfo, Summary, Tx},
        ids::{ConnId, JobId},
        settings::Rehearse,
    },
    data::{
        catalog::Catalog,
        rows::{Batch, Column},
    },
};
use std::{sync::Arc, time::Duration};

/// A robot in SQL on a server of production.
fn production(width: u16, height: u16, change: impl FnOnce(&mut ServerInfo)) -> Robot {
    let mut r = Robot::new(width, height);
    r.connect(Catalog::default()).keys("<alt-2>");
    let mut info = r.app.world().server().and_then(|s| s.info.clone()).expect("connected");
    (info.production, info.profile) = (true, Some("prod".into()));
    info.rehearse = Some(Rehearse::Never);
    change(&mut info);
    r.event(Event::Link(ConnId(0), Link::Up(Box::new(info))));
    r.effects.clear();
    r
}

fn sent(r: &Robot) -> Vec<String> {
    let of = |e: &Effect| match e {
        Effect::Execute { statements, .. } => statements.iter().map(|s| s.sql.clone()).collect(),
        _ => vec![],
    };
    r.effects.iter().flat_map(of).collect()
}

/// The screen without the line of tabs, which is not what this is about.
fn below_the_tabs(r: &mut Robot) -> String {
    r.screen().lines().skip(1).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_write_waits_for_the_databases_name() {
    for (width, height) in [(80, 24), (120, 40)] {
        let mut r = production(width, height, |_| ());
        let name = r.app.world().server().and_then(|s| s.info.clone()).expect("info").database;
        r.keys("delete from posts where id = 1<f5>");
        insta::assert_snapshot!(format!("production_{width}x{height}"), below_the_tabs(&mut r));
        for wrong in ["y", "", "yes"] {
            r.keys(wrong).keys("<enter>");
            assert!(sent(&r).is_empty() && r.screen().contains("That is not it"), "{}", r.screen());
            r.keys("<backspace><backspace><backspace>");
        }
        r.keys(&name).keys("<enter>");
        assert_eq!(sent(&r), ["delete from posts where id = 1"]);
    }
}

#[test]
fn leaving_the_question_runs_nothing() {
    let mut r = production(80, 24, |_| ());
    r.keys("truncate posts<f5><esc>");
    assert!(sent(&r).is_empty() && r.screen().contains("Not run"), "{}", r.screen());
}

#[test]
fn reads_are_not_asked_about_and_what_is_not_known_is() {
    for sql in [
        "select 1",
        "select count(*) from posts",
        "explain delete from posts",
        "begin",
        "set work_mem = '1MB'",
        "copy posts(id) to stdout",
        "table posts",
        "listen a",
        "show all",
        "select * from posts for update",
    ] {
        let mut r = production(80, 24, |_| ());
        r.keys(sql).keys("<f5>");
        assert_eq!(sent(&r), [sql], "{}", r.screen());
    }
    for sql in [
        "select mine()",
        "explain analyze delete from posts",
        "explain analyze select mine()",
        "call p()",
        "do $$ $$",
        "execute p",
        "vacuum",
        "frobnicate",
        "copy posts to '/tmp/x'",
        "commit prepared 'x'",
        "select 1; drop table posts",
        "create table x ()",
        "select * into x from posts",
        "with x as (delete from posts returning 1) select * from x",
    ] {
        let mut r = production(80, 24, |_| ());
        r.keys(sql).keys("<f6>");
        assert!(sent(&r).is_empty() && r.screen().contains("This is production"), "{sql}: {}", r.screen());
    }
}

#[test]
fn a_read_only_connection_needs_no_question() {
    let mut r = production(80, 24, |i| i.held_read_only = true);
    r.keys("delete from posts<f5>");
    assert_eq!(sent(&r), ["delete from posts"]);
}

fn done(statement: usize, tag: &str, rows: u64, tx: Tx, last: bool) -> News {
    let elapsed = Duration::from_millis(3);
    News::Done(Summary { statement, tag: tag.into(), elapsed, tx, rows, cut: None, last })
}

fn job(r: &Robot) -> JobId {
    let of = |e: &Effect| match e {
        Effect::Execute { job, .. } => Some(*job),
        _ => None,
    };
    r.effects.iter().rev().find_map(of).expect("something was sent")
}

#[test]
fn a_rehearsal_asks_and_shows_its_age() {
    for (width, height) in [(80, 24), (120, 40)] {
        let mut r = production(width, height, |i| (i.production, i.rehearse) = (false, None));
        r.keys("update posts set title = ''<f5>");
        let all = sent(&r);
        assert_eq!((all[0].as_str(), all[1].as_str()), ("BEGIN", "update posts set title = ''"));
        let id = job(&r);
        for (n, tag) in ["BEGIN", "UPDATE 3", "SAVEPOINT", "SET"].into_iter().enumerate() {
            r.news(id, News::Started(n)).news(id, done(n, tag, 3, Tx::Open, false));
        }
        let mut batch = Batch::new(1);
        batch.push([Some(&b""[..])]);
        r.news(id, News::Started(4)).news(id, News::Columns([Column::text("title")].into()));
        r.news(id, News::Rows(Arc::new(batch))).news(id, done(4, "SELECT 1", 1, Tx::Open, false));
        r.news(id, News::Started(5)).news(id, done(5, "ROLLBACK", 0, Tx::Open, true));
        r.wait(12_000);
        insta::assert_snapshot!(format!("rehearsal_{width}x{height}"), below_the_tabs(&mut r));
        r.effects.clear();
        r.keys("c");
        assert_eq!(sent(&r), ["COMMIT"]);
    }
}

#[test]
fn enter_in_haste_does_not_commit() {
    let always = |i: &mut ServerInfo| (i.production, i.rehearse) = (false, Some(Rehearse::Always));
    let mut r = production(80, 24, always);
    r.keys("delete from posts where id = 1<f5>");
    let id = job(&r);
    r.news(id, News::Started(0)).news(id, done(0, "BEGIN", 0, Tx::Open, false));
    r.news(id, News::Started(1)).news(id, done(1, "DELETE 1", 1, Tx::Open, true));
    let id = job(&r);
    r.news(id, News::Started(0)).news(id, done(0, "SELECT 0", 0, Tx::Idle, true));
    r.effects.clear();
    r.keys("<enter>");
    assert_eq!(sent(&r), ["ROLLBACK"]);
}
