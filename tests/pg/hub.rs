//! The hub and its actors: jobs, credit and rest, cancel, loss, passwords, catalog, goodbye.

use crate::{open, rows, run, server, sql, try_target};
use pgdeck::{
    core::{
        effect::{Effect, Statement},
        error::DbError,
        event::{Cut, Event, Link, News, Summary, Tx},
        ids::{ConnId, JobId, Lane},
    },
    data::live::Sample,
    pg::{
        hub::{EVENTS, Hub},
        server::Plan,
        target::Target,
        wire::Session,
    },
};
use std::time::Duration;
use tokio::sync::mpsc;

pub const CONN: ConnId = ConnId(1);
pub const OWN: Lane = Lane::Own(CONN);
pub const READ: Lane = Lane::Read(CONN);

/// A hub on a database, and what it says.
pub struct Deck {
    pub hub: Hub,
    events: mpsc::Receiver<Event>,
    links: Vec<Link>,
}

impl Deck {
    pub fn new(url: &str, rest: Duration, read_only: bool) -> Self {
        let (sender, events) = mpsc::channel(EVENTS);
        let url = url.to_owned();
        let resolve = move |_: Option<&Target>, spec: Option<&str>| {
            let target = try_target(spec.unwrap_or(&url))?;
            Ok(Plan { target, read_only, application_name: "deck".into() })
        };
        let mut hub = Hub::new(sender, Box::new(resolve), rest);
        hub.perform(Effect::Connect { conn: CONN, spec: None });
        Self { hub, events, links: vec![] }
    }

    pub async fn up(url: &str) -> Self {
        let mut deck = Self::new(url, Duration::from_secs(600), false);
        deck.until_up().await;
        deck
    }

    pub async fn until_up(&mut self) {
        loop {
            match self.event().await {
                Event::Link(_, Link::Up(_)) => return,
                Event::Link(_, Link::Connecting(_) | Link::Lost(..) | Link::Retry(_) | Link::Known(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    pub async fn until_up_again(&mut self) {
        while !matches!(self.event().await, Event::Link(_, Link::Up(_))) {}
    }

    pub async fn event(&mut self) -> Event {
        // What never comes fails its test instead of holding up all others.
        let event = tokio::time::timeout(Duration::from_secs(300), self.events.recv()).await;
        let event = event.expect("the hub fell silent").expect("the hub went away");
        if let Event::Link(_, link) = &event {
            self.links.push(link.clone());
        }
        event
    }

    pub fn execute(&mut self, job: u64, lane: Lane, statements: &[Statement], credit: u64) {
        self.hub.perform(Effect::Execute { job: JobId(job), lane, statements: statements.to_vec(), credit });
    }

    /// The next news of a job; other jobs' news are dropped.
    pub async fn news(&mut self, job: u64) -> News {
        loop {
            if let Event::News(id, news) = self.event().await
                && id == JobId(job)
            {
                return news;
            }
        }
    }

    /// The next sample; everything else is dropped.
    pub async fn sample(&mut self) -> Sample {
        loop {
            if let Event::Sample(_, sample) = self.event().await {
                return *sample;
            }
        }
    }

    /// Everything of a job up to its end.
    pub async fn all(&mut self, job: u64) -> Vec<News> {
        let mut all = vec![];
        loop {
            let news = self.news(job).await;
            let end = matches!(&news, News::Failed(..)) || matches!(&news, News::Done(s) if s.last);
            all.push(news);
            if end {
                return all;
            }
        }
    }

    pub async fn until_resting(&mut self, job: u64) -> usize {
        let mut seen = 0;
        loop {
            match self.news(job).await {
                News::Rows(b) => seen += b.len(),
                News::Resting => return seen,
                News::Started(_) | News::Columns(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

pub fn read(text: &str) -> Statement {
    Statement { pure_read: true, ..sql(text) }
}

pub fn count(all: &[News]) -> usize {
    all.iter().map(|n| if let News::Rows(b) = n { b.len() } else { 0 }).sum()
}

pub fn done(all: &[News]) -> &Summary {
    match all.last() {
        Some(News::Done(s)) => s,
        other => panic!("{other:?}"),
    }
}

pub fn failed(all: &[News]) -> (usize, &DbError, Tx) {
    match all.last() {
        Some(News::Failed(n, e, tx)) => (*n, e, *tx),
        other => panic!("{other:?}"),
    }
}

async fn watcher(db: &server::Database) -> Session {
    open(&db.url()).await
}

/// Backends of the deck that run something.
async fn busy(watcher: &mut Session) -> usize {
    let text = "select pid from pg_stat_activity where application_name = 'deck' and state = 'active' and datname = current_database()";
    rows(&run(watcher, &sql(text)).await.unwrap()).len()
}

pub const ENDLESS: &str = "select generate_series(1, 1000000000) g, repeat('x', 100)";

#[tokio::test]
async fn statements_in_order_with_tags_rows_and_transaction() {
    let db = server::database();
    let mut d = Deck::up(&db.url()).await;
    let list = [
        sql("create table t (id int)"),
        sql("begin"),
        sql("insert into t values (1), (2)"),
        read("select * from t"),
    ];
    d.execute(1, OWN, &list, 1 << 20);
    let all = d.all(1).await;
    let ends: Vec<_> = all
        .iter()
        .filter_map(|n| {
            if let News::Done(s) = n {
                Some((s.statement, s.tag.as_str(), s.tx, s.rows, s.last))
            } else {
                None
            }
        })
        .collect();
    assert_eq!(
        ends,
        [
            (0, "CREATE TABLE", Tx::Idle, 0, false),
            (1, "BEGIN", Tx::Open, 0, false),
            (2, "INSERT 0 2", Tx::Open, 2, false),
            (3, "SELECT 2", Tx::Open, 2, true),
        ]
    );
    assert_eq!(count(&all), 2);
    d.execute(2, OWN, &[sql("select 1"), sql("select 1/0"), sql("drop table t")], 1 << 20);
    let all = d.all(2).await;
    let (number, e, tx) = failed(&all);
    assert_eq!((number, e.code.as_str(), tx), (1, "22012", Tx::Failed));
    d.hub.shutdown().await;
}

#[tokio::test]
async fn a_stream_rests_goes_on_and_is_stopped() {
    let db = server::database();
    let mut d = Deck::up(&db.url()).await;
    let mut w = watcher(&db).await;
    d.execute(1, READ, &[read(ENDLESS)], 100_000);
    let first = d.until_resting(1).await;
    assert!((900..5_000).contains(&first), "{first} rows for 100,000 bytes");
    assert_eq!(busy(&mut w).await, 1);
    d.hub.perform(Effect::More { job: JobId(1), credit: 100_000 });
    assert!(d.until_resting(1).await > 500);
    d.hub.perform(Effect::Stop { job: JobId(1) });
    let all = d.all(1).await;
    assert_eq!((done(&all).cut, done(&all).tx), (Some(Cut::Enough), Tx::Idle));
    assert_eq!(busy(&mut w).await, 0);
    d.hub.shutdown().await;
}

#[tokio::test]
async fn a_stream_that_rests_too_long_frees_its_backend() {
    let db = server::database();
    let mut d = Deck::new(&db.url(), Duration::from_millis(200), false);
    d.until_up().await;
    d.execute(1, READ, &[read(ENDLESS)], 1000);
    d.until_resting(1).await;
    let all = d.all(1).await;
    assert_eq!(done(&all).cut, Some(Cut::Idle));
    assert_eq!(busy(&mut watcher(&db).await).await, 0);
    d.hub.shutdown().await;
}

#[tokio::test]
async fn another_statement_replaces_a_resting_one() {
    let db = server::database();
    let mut d = Deck::up(&db.url()).await;
    d.execute(1, READ, &[read(ENDLESS)], 1000);
    d.until_resting(1).await;
    d.execute(2, READ, &[read("select 42")], 1000);
    let all = d.all(1).await;
    assert_eq!(done(&all).cut, Some(Cut::Replaced));
    assert_eq!(count(&d.all(2).await), 1);
    d.hub.shutdown().await;
}

#[tokio::test]
async fn a_transaction_survives_the_end_of_a_resting_stream() {
    let db = server::database();
    let mut d = Deck::up(&db.url()).await;
    d.execute(1, OWN, &[sql("begin"), read("select generate_series(1, 50000), repeat('x', 100)")], 1000);
    while !matches!(d.news(1).await, News::Resting) {}
    d.execute(2, OWN, &[sql("select 1")], 1000);
    let all = d.all(1).await;
    assert_eq!((done(&all).cut, done(&all).tx, done(&all).rows), (Some(Cut::Replaced), Tx::Open, 50_000));
    assert_eq!(done(&d.all(2).await).tx, Tx::Open);
    d.hub.shutdown().await;
}

#[tokio::test]
async fn writes_are_never_cut() {
    let db = server::database();
    let mut d = Deck::up(&db.url()).await;
    let insert = sql("insert into w select generate_series(1, 30000) returning id, repeat('x', 100)");
    d.execute(1, OWN, &[sql("create table w (id int)"), insert, sql("select count(*) from w")], 1000);
    let all = d.all(1).await;
    let written = all.iter().find_map(|n| match n {
        News::Done(s) if s.statement == 1 => Some((s.tag.clone(), s.rows, s.cut)),
        _ => None,
    });
    assert_eq!(written, Some(("INSERT 0 30000".into(), 30_000, None)));
    assert!(count(&all) < 5_000);
    d.hub.shutdown().await;
}

#[tokio::test]
async fn cancel_stops_the_server_and_the_rest_of_the_job() {
    let db = server::database();
    let mut d = Deck::up(&db.url()).await;
    let mut w = watcher(&db).await;
    for round in 1..40 {
        d.execute(round, OWN, &[sql("select pg_sleep(600)"), sql("create table never ()")], 1000);
        assert!(matches!(d.news(round).await, News::Started(0)));
        d.hub.perform(Effect::Cancel { job: JobId(round) });
        let all = d.all(round).await;
        assert_eq!((failed(&all).0, failed(&all).1.is_cancel(), failed(&all).2), (0, true, Tx::Idle));
        d.execute(1000 + round, OWN, &[sql("select pg_sleep(0.001)")], 1000);
        assert_eq!(done(&d.all(1000 + round).await).tag, "SELECT 1");
    }
    assert_eq!(busy(&mut w).await, 0);
    // one that waits behind another is simply never sent
    d.execute(1, OWN, &[sql("select pg_sleep(600)")], 1000);
    d.execute(2, OWN, &[sql("create table never ()")], 1000);
    d.hub.perform(Effect::Cancel { job: JobId(2) });
    assert!(failed(&d.all(2).await).1.is_cancel());
    d.hub.perform(Effect::Cancel { job: JobId(1) });
    assert!(failed(&d.all(1).await).1.is_cancel());
    let made = run(&mut w, &sql("select 1 from pg_class where relname = 'never'")).await.unwrap();
    assert!(rows(&made).is_empty());
    d.hub.shutdown().await;
}

#[tokio::test]
async fn a_full_channel_stops_the_server() {
    let db = server::database();
    let mut d = Deck::up(&db.url()).await;
    let mut w = watcher(&db).await;
    d.execute(1, READ, &[read(ENDLESS)], u64::MAX);
    // nobody reads the events: the backend comes to wait for its client
    let waits = "select 1 from pg_stat_activity where application_name = 'deck' and wait_event = 'ClientWrite' and datname = current_database()";
    while rows(&run(&mut w, &sql(waits)).await.unwrap()).is_empty() {}
    d.hub.perform(Effect::Cancel { job: JobId(1) });
    let all = d.all(1).await;
    assert!(failed(&all).1.is_cancel());
    assert!(count(&all) < 200_000, "{} rows had gathered", count(&all));
    d.hub.shutdown().await;
}

#[tokio::test]
async fn reading_lanes_cannot_write_and_read_only_holds_for_all() {
    let db = server::database();
    let mut d = Deck::up(&db.url()).await;
    d.execute(1, READ, &[sql("create table no ()")], 1000);
    assert_eq!(failed(&d.all(1).await).1.code, "25006");
    d.hub.shutdown().await;
    let mut d = Deck::new(&db.url(), Duration::from_secs(600), true);
    d.until_up().await;
    let Some(Link::Up(info)) = d.links.last() else { panic!("{:?}", d.links) };
    assert!(info.read_only && info.version_num >= 130_000 && info.pid > 0 && !info.standby, "{info:?}");
    d.execute(1, OWN, &[sql("create table no ()")], 1000);
    assert_eq!(failed(&d.all(1).await).1.code, "25006");
    d.hub.shutdown().await;
}

#[tokio::test]
async fn copy_is_shown_or_refused_clearly() {
    let db = server::database();
    let mut d = Deck::up(&db.url()).await;
    d.execute(
        1,
        OWN,
        &[sql("create table c (id int)"), sql("copy (values (1,'a'),(2,'b')) to stdout")],
        1000,
    );
    let all = d.all(1).await;
    let text: Vec<_> = all
        .iter()
        .filter_map(|n| if let News::Rows(b) = n { Some(b) } else { None })
        .flat_map(|b| (0..b.len()).map(|r| String::from_utf8_lossy(b.cell(r, 0).unwrap()).into_owned()))
        .collect();
    assert_eq!(text, ["1\ta", "2\tb"]);
    d.execute(2, OWN, &[sql("copy c from stdin")], 1000);
    let all = d.all(2).await;
    let (_, e, tx) = failed(&all);
    assert!(
        !e.is_cancel() && e.hint.as_deref().is_some_and(|h| h.contains("\\copy")) && tx == Tx::Idle,
        "{e:?}"
    );
    d.execute(3, OWN, &[sql("select 1")], 1000);
    assert_eq!(count(&d.all(3).await), 1);
    d.hub.shutdown().await;
}

#[tokio::test]
async fn notices_and_notifications_arrive_also_while_idle() {
    let db = server::database();
    let mut d = Deck::up(&db.url()).await;
    d.execute(1, OWN, &[sql("listen news"), sql("do $$ begin raise warning 'careful'; end $$")], 1000);
    let all = d.all(1).await;
    assert!(all.iter().any(|n| matches!(n, News::Notice(e) if e.message == "careful")), "{all:?}");
    run(&mut watcher(&db).await, &sql("notify news, 'hello'")).await.unwrap();
    loop {
        if let News::Notification(channel, payload, _) = d.news(1).await {
            assert_eq!((channel.as_str(), payload.as_str()), ("news", "hello"));
            break;
        }
    }
    d.hub.shutdown().await;
}

#[tokio::test]
async fn a_lost_session_is_told_and_opened_anew() {
    let db = server::database();
    let mut d = Deck::up(&db.url()).await;
    let mut w = watcher(&db).await;
    let kill = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'deck' and datname = current_database()";
    d.execute(1, OWN, &[sql("begin"), sql("select 1")], 1000);
    d.all(1).await;
    // while idle in a transaction
    run(&mut w, &sql(kill)).await.unwrap();
    let lost = loop {
        if let Event::Link(_, Link::Lost(e, what)) = d.event().await {
            break (e, what);
        }
    };
    assert!(lost.0.code == "57P01" && lost.1.contains("transaction"), "{lost:?}");
    // the next statement opens a new session and does not replay anything
    d.execute(2, OWN, &[sql("select 1")], 1000);
    assert_eq!(done(&d.all(2).await).tx, Tx::Idle);
    // while a write runs
    d.execute(3, OWN, &[sql("select pg_sleep(600)")], 1000);
    assert!(matches!(d.news(3).await, News::Started(0)));
    d.hub.perform(Effect::Terminate { job: JobId(3) });
    let all = d.all(3).await;
    let (_, e, tx) = failed(&all);
    assert!(
        e.fatal && tx == Tx::Gone && e.hint.as_deref().is_some_and(|h| h.contains("may or may not")),
        "{e:?}"
    );
    let last = &d.links[d.links.len() - 2..];
    assert!(matches!(last, [Link::Lost(..), Link::Retry(_)]), "{:?}", d.links);
    d.hub.shutdown().await;
}

#[tokio::test]
async fn the_catalog_comes_in_two_steps_and_relations_are_described() {
    let db = server::database_with_posts();
    let mut d = Deck::up(&db.url()).await;
    d.hub.perform(Effect::LoadCatalog { job: JobId(1), conn: CONN });
    let News::Catalog(outline) = d.news(1).await else { panic!("no outline") };
    assert!(!outline.complete && outline.find(None, "users").is_some());
    let News::Catalog(whole) = d.news(1).await else { panic!("no catalog") };
    let posts = whole.find(Some("public"), "posts").map(|r| r.oid).expect("posts");
    assert!(whole.complete && whole.columns.contains_key(&posts) && !whole.foreign_keys.is_empty());
    d.hub.perform(Effect::Describe { job: JobId(2), conn: CONN, relation: posts });
    let News::Detail(Some(detail)) = d.news(2).await else { panic!("no detail") };
    assert!(detail.row_key().is_some_and(|k| k.primary));
    assert_eq!(detail.references.iter().map(|f| f.to.1.as_str()).collect::<Vec<_>>(), ["users"]);
    d.hub.perform(Effect::Describe { job: JobId(3), conn: CONN, relation: 1 });
    assert!(matches!(d.news(3).await, News::Detail(None)));
    d.hub.shutdown().await;
}

#[tokio::test]
async fn what_somebody_waits_for_comes_before_the_rest_of_the_catalog() {
    let db = server::database_with_posts();
    let mut d = Deck::up(&db.url()).await;
    let ask = "select 'posts'::regclass::oid::text";
    d.execute(1, READ, &[read(ask)], 1000);
    let all = d.all(1).await;
    let News::Rows(batch) = &all[2] else { panic!("{all:?}") };
    let posts = String::from_utf8_lossy(batch.cell(0, 0).unwrap()).parse().unwrap();
    d.hub.perform(Effect::LoadCatalog { job: JobId(2), conn: CONN });
    d.hub.perform(Effect::Describe { job: JobId(3), conn: CONN, relation: posts });
    let mut told = vec![];
    while told.len() < 3 {
        match d.event().await {
            Event::News(_, News::Catalog(c)) if c.complete => told.push("whole"),
            Event::News(_, News::Catalog(_)) => told.push("outline"),
            Event::News(_, News::Detail(_)) => told.push("posts"),
            _ => {}
        }
    }
    assert_eq!(told, ["outline", "posts", "whole"]);
    d.hub.shutdown().await;
}

#[tokio::test]
async fn the_end_leaves_nothing_running() {
    let db = server::database();
    let mut d = Deck::up(&db.url()).await;
    let mut w = watcher(&db).await;
    d.execute(1, OWN, &[sql("select pg_sleep(600)")], 1000);
    d.execute(2, READ, &[read(ENDLESS)], u64::MAX);
    while !matches!(d.news(2).await, News::Rows(_)) {}
    d.hub.shutdown().await;
    let left =
        "select 1 from pg_stat_activity where application_name = 'deck' and datname = current_database()";
    while !rows(&run(&mut w, &sql(left)).await.unwrap()).is_empty() {}
}

#[tokio::test]
async fn a_lost_session_comes_back_by_itself_with_growing_pauses() {
    let db = server::database();
    let socket = format!("{}/.s.PGSQL.{}", db.host(), server::cluster().port());
    let proxy = crate::proxy::Proxy::start(socket).await;
    let url = format!("host=127.0.0.1 port={} user=postgres dbname={} sslmode=disable", proxy.port, db.name);
    let mut d = Deck::up(&url).await;
    d.execute(1, OWN, &[sql("begin"), sql("create table t (a int)")], 1000);
    d.all(1).await;
    proxy.refuse(true);
    proxy.fault(Some(crate::proxy::Fault { place: crate::proxy::Place::Up(0), how: crate::proxy::How::Cut }));
    d.execute(2, OWN, &[sql("insert into t values (1)")], 1000);
    let mut pauses = vec![];
    let mut lost = None;
    while pauses.len() < 3 {
        match d.event().await {
            Event::Link(_, Link::Lost(_, what)) => lost = Some(what),
            Event::Link(_, Link::Retry(pause)) => pauses.push(pause.as_secs()),
            Event::Link(_, Link::Failed(e)) => assert!(!e.message.is_empty()),
            _ => {}
        }
    }
    assert_eq!(pauses, [1, 2, 4]);
    assert!(lost.is_some_and(|l| l.contains("the open transaction")));
    proxy.refuse(false);
    d.until_up_again().await;
    // Nothing was sent again.
    d.execute(3, OWN, &[sql("select to_regclass('t')::text is null")], 1000);
    let all = d.all(3).await;
    let News::Rows(batch) = &all[2] else { panic!("{all:?}") };
    assert_eq!(batch.cell(0, 0), Some(&b"t"[..]));
    d.hub.shutdown().await;
}

#[tokio::test]
async fn what_no_time_helps_is_not_tried_again() {
    let db = server::database();
    let mut d = Deck::new(&db.url().replace(&db.name, "nowhere"), Duration::from_secs(1), false);
    let e = loop {
        if let Event::Link(_, Link::Failed(e)) = d.event().await {
            break e;
        }
    };
    assert_eq!(e.code, "3D000");
    d.execute(1, OWN, &[sql("select 1")], 1);
    assert!(failed(&d.all(1).await).1.message.contains("does not exist"));
    assert!(!d.links.iter().any(|l| matches!(l, Link::Retry(_))), "{:?}", d.links);
    d.hub.shutdown().await;
    // One that may be meant is named.
    let near = format!("{}x", db.name);
    let mut d = Deck::new(&db.url().replace(&db.name, &near), Duration::from_secs(1), false);
    let e = loop {
        if let Event::Link(_, Link::Failed(e)) = d.event().await {
            break e;
        }
    };
    assert!(e.hint.as_ref().is_some_and(|h| h.contains(&format!("\"{}\"", db.name))), "{e:?}");
    d.hub.shutdown().await;
}

#[tokio::test]
async fn what_cannot_be_reached_says_so() {
    let mut d = Deck::new("host=/nonexistent user=u", Duration::from_secs(1), false);
    assert!(matches!(d.event().await, Event::Link(CONN, Link::Connecting(_))));
    let Event::Link(_, Link::Failed(e)) = d.event().await else { panic!("no failure") };
    assert!(e.message.contains("/nonexistent"), "{e}");
    d.execute(1, READ, &[sql("select 1")], 1);
    assert!(failed(&d.all(1).await).1.message.contains("/nonexistent"));
    d.hub.perform(Effect::Execute {
        job: JobId(2),
        lane: Lane::Own(ConnId(9)),
        statements: vec![sql("select 1")],
        credit: 1,
    });
    assert!(failed(&d.all(2).await).1.message.contains("not connected"));
    d.hub.shutdown().await;
}

#[tokio::test]
async fn what_leads_nowhere_leaves_the_connection_as_it_is() {
    let db = server::database();
    let mut d = Deck::up(&db.url()).await;
    d.execute(1, OWN, &[sql("create temp table mine as select 1 as a")], 1);
    d.all(1).await;
    d.hub.perform(Effect::Connect { conn: CONN, spec: Some("host=db nonsense=1".into()) });
    let stayed = loop {
        if let Event::Link(_, link) = d.event().await {
            break link;
        }
    };
    assert!(matches!(&stayed, Link::Stayed(e) if e.message.contains("nonsense")), "{stayed:?}");
    d.execute(2, OWN, &[sql("select a from mine")], 10);
    assert!(d.all(2).await.iter().any(|n| matches!(n, News::Rows(_))));
    d.hub.shutdown().await;
}

/// The next word about another place that is tried.
async fn elsewhere(d: &mut Deck) -> Link {
    loop {
        match d.event().await {
            Event::Link(_, link @ (Link::Stayed(_) | Link::Elsewhere(_))) if !matches!(&link, Link::Elsewhere(l) if matches!(**l, Link::Connecting(_))) =>
            {
                return link;
            }
            Event::Link(_, link) => assert!(matches!(link, Link::Elsewhere(_)), "{link:?}"),
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_place_that_refuses_leaves_the_connection_its_transaction_and_its_tables() {
    let db = server::database();
    let mut d = Deck::up(&db.url()).await;
    d.execute(1, OWN, &[sql("begin"), sql("create temp table mine as select 1 as a")], 1);
    d.all(1).await;
    let nowhere = db.url().replace(&db.name, "nosuchdb");
    d.hub.perform(Effect::Try { conn: CONN, spec: Some(nowhere) });
    let stayed = elsewhere(&mut d).await;
    assert!(matches!(&stayed, Link::Stayed(e) if e.code == "3D000"), "{stayed:?}");
    // A word about what is not there goes nowhere.
    d.hub.perform(Effect::Settle { conn: CONN, go: true });
    d.hub.perform(Effect::Settle { conn: CONN, go: false });
    d.execute(2, OWN, &[sql("select a from mine")], 10);
    let all = d.all(2).await;
    assert!(all.iter().any(|n| matches!(n, News::Rows(_))), "{all:?}");
    assert_eq!(done(&all).tx, Tx::Open);
    d.hub.shutdown().await;
}

#[tokio::test]
async fn another_place_is_gone_to_when_it_was_reached_and_at_most_four_sessions_are_open() {
    let (db, other) = (server::database(), server::database());
    let mut watcher = watcher(&db).await;
    let mut d = Deck::up(&db.url()).await;
    // All four places are taken.
    d.hub.perform(Effect::LoadCatalog { job: JobId(1), conn: CONN });
    while !matches!(d.news(1).await, News::Catalog(c) if c.complete) {}
    d.execute(2, READ, &[sql("select 1")], 10);
    d.all(2).await;
    d.execute(3, OWN, &[sql("begin"), sql("create table made (a int)")], 1);
    d.all(3).await;
    // Other tests have sessions on the same server.
    let sessions = format!(
        "select count(*)::text from pg_stat_activity where application_name = 'deck' and datname in ('{}', '{}')",
        db.name, other.name
    );
    d.hub.perform(Effect::Try { conn: CONN, spec: Some(other.url()) });
    let there = elsewhere(&mut d).await;
    assert!(matches!(&there, Link::Elsewhere(l) if matches!(**l, Link::Up(_))), "{there:?}");
    let open: u32 = watcher.ask(&sessions).await.unwrap()[0][0].as_ref().unwrap().parse().unwrap();
    assert!((2..=4).contains(&open), "{open} sessions");
    // Until it is gone to, everything is where it was; the catalog comes back for it.
    d.execute(4, OWN, &[sql("insert into made values (1)"), sql("commit")], 1);
    assert_eq!(done(&d.all(4).await).tx, Tx::Idle);
    d.hub.perform(Effect::Settle { conn: CONN, go: true });
    d.until_up_again().await;
    d.execute(5, OWN, &[sql("select current_database()::text")], 10);
    let all = d.all(5).await;
    let row = all.iter().find_map(|n| match n {
        News::Rows(batch) => batch.cell(0, 0).map(<[u8]>::to_vec),
        _ => None,
    });
    assert_eq!(row.as_deref(), Some(other.name.as_bytes()));
    d.hub.perform(Effect::LoadCatalog { job: JobId(6), conn: CONN });
    while !matches!(d.news(6).await, News::Catalog(c) if c.complete) {}
    // The old sessions end.
    let left = format!("{sessions} and datname = '{}'", db.name);
    while watcher.ask(&left).await.unwrap()[0][0].as_deref() != Some("0") {}
    d.hub.shutdown().await;
}

#[tokio::test]
async fn a_place_that_was_given_up_is_closed() {
    let (db, other) = (server::database(), server::database());
    let mut watcher = watcher(&db).await;
    let mut d = Deck::up(&db.url()).await;
    d.hub.perform(Effect::Try { conn: CONN, spec: Some(other.url()) });
    let there = elsewhere(&mut d).await;
    assert!(matches!(there, Link::Elsewhere(_)), "{there:?}");
    d.hub.perform(Effect::Settle { conn: CONN, go: false });
    let left = format!(
        "select count(*)::text from pg_stat_activity where application_name = 'deck' and datname = '{}'",
        other.name
    );
    while watcher.ask(&left).await.unwrap()[0][0].as_deref() != Some("0") {}
    d.execute(1, OWN, &[sql("select 1")], 10);
    assert!(d.all(1).await.iter().any(|n| matches!(n, News::Rows(_))));
    d.hub.perform(Effect::LoadCatalog { job: JobId(2), conn: CONN });
    while !matches!(d.news(2).await, News::Catalog(c) if c.complete) {}
    d.hub.shutdown().await;
}

#[tokio::test]
async fn a_row_too_long_to_be_kept_is_not_read_and_its_statement_says_so() {
    let db = server::database();
    db.execute("create table kept (v text)");
    let mut d = Deck::up(&db.url()).await;
    let long = "repeat('x', 300000000)";
    // A read is cancelled; the rows before it are there.
    d.execute(
        1,
        OWN,
        &[read(&format!("select 'first' union all select {long} union all select 'last'"))],
        1 << 30,
    );
    let all = d.all(1).await;
    assert_eq!(count(&all), 1);
    let (_, e, tx) = failed(&all);
    assert!(
        e.message.contains("row 2 of the result has 286 MB") && !e.message.contains("carried out"),
        "{e}"
    );
    assert!(e.hint.as_ref().is_some_and(|h| h.contains("left(column, 1000)")));
    assert_eq!(tx, Tx::Idle);
    // COPY sends its rows as they are, in one piece each.
    for (job, how) in [(6, ""), (7, " (format binary)")] {
        let copy = format!("copy (select 'first' union all select {long}) to stdout{how}");
        d.execute(job, OWN, &[sql(&copy)], 1 << 30);
        let all = d.all(job).await;
        let (_, e, tx) = failed(&all);
        assert!(e.message.contains("of the result has 286 MB"), "{how}: {e}");
        assert_eq!(tx, Tx::Idle);
    }
    // What cannot be cancelled without harm is read past, and it is said that it was done.
    d.execute(
        2,
        OWN,
        &[sql(&format!("insert into kept values ({long}) returning v")), sql("select 1")],
        1000,
    );
    let all = d.all(2).await;
    assert!(failed(&all).1.message.contains("The statement was carried out all the same"), "{all:?}");
    d.execute(3, OWN, &[sql("begin"), sql("select length(v)::text from kept")], 1000);
    let all = d.all(3).await;
    assert!(
        all.iter().any(|n| matches!(n, News::Rows(b) if b.cell(0, 0) == Some(&b"300000000"[..]))),
        "{all:?}"
    );
    d.execute(4, OWN, &[read("select v from kept")], 1000);
    assert_eq!(failed(&d.all(4).await).2, Tx::Open);
    d.execute(5, OWN, &[sql("select 5"), sql("commit")], 1000);
    assert_eq!(done(&d.all(5).await).tx, Tx::Idle);
    d.hub.shutdown().await;
}
