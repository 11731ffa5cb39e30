//! The README's pictures are what the program draws of its demo today: real server, real sessions, real drawing.
//! `PGDECK_BLESS=1 cargo test --test picture` draws it anew.

#[path = "support/robot.rs"]
#[allow(dead_code, reason = "every test program uses its own part of this")]
mod robot;
#[path = "support/server.rs"]
mod server;
#[path = "support/svg.rs"]
mod svg;

use pgdeck::{
    app::App,
    core::{
        effect::Effect,
        event::{Event, Link, News},
        ids::{ConnId, JobId},
        key::Chord,
        keymap::Keymap,
        settings::Settings,
    },
    data::{
        catalog::{Catalog, RelKind},
        live::{Edge, LockObject, Names, Pulse, Sample, Session},
        rows::Batch,
    },
    demo::{self, Options, obtain::Install},
    pg::{
        hub::{EVENTS, Hub},
        server::Plan,
        target::Target,
    },
    settings::themes::{self, Colours},
};
use ratatui::{Terminal, backend::TestBackend, buffer::Buffer};
use std::{
    collections::HashSet,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};

/// The console as the loop runs it, on a screen in memory.
struct Deck {
    app: App,
    hub: Hub,
    events: mpsc::Receiver<Event>,
    screen: Terminal<TestBackend>,
    began: Instant,
    /// Jobs a server has not answered yet.
    waiting: HashSet<JobId>,
}

impl Deck {
    fn new(demo: &demo::Demo, width: u16, height: u16) -> Self {
        let (sender, events) = mpsc::channel(EVENTS);
        let target = demo.target().clone();
        let plan = move |_: Option<&Target>, _: Option<&str>| {
            Ok(Plan { target: target.clone(), read_only: false, application_name: "pgdeck".into() })
        };
        let theme = themes::load("dark", Path::new("/nonexistent"), Colours::True).unwrap();
        let app = App::new(Settings::default(), Keymap::builtin(), vec![theme], (width, height));
        let screen = Terminal::new(TestBackend::new(width, height)).unwrap();
        let hub = Hub::new(sender, Box::new(plan), Duration::from_secs(600));
        Self { app, hub, events, screen, began: Instant::now(), waiting: HashSet::new() }
    }

    fn perform(&mut self, wishes: Vec<Effect>) {
        let mut wishes = std::collections::VecDeque::from(wishes);
        while let Some(wish) = wishes.pop_front() {
            match wish {
                // nobody has used this program before
                Effect::Recall { job, .. } => {
                    wishes.extend(self.handle(Event::News(job, News::Remembered(None))));
                }
                other => {
                    if let Effect::Execute { job, .. }
                    | Effect::LoadCatalog { job, .. }
                    | Effect::Describe { job, .. } = &other
                    {
                        self.waiting.insert(*job);
                    }
                    if let Effect::Stop { job } | Effect::Cancel { job } = &other {
                        self.waiting.remove(job);
                    }
                    self.hub.perform(other);
                }
            }
        }
    }

    fn handle(&mut self, event: Event) -> Vec<Effect> {
        self.app.handle(self.began.elapsed(), event)
    }

    fn take(&mut self, event: Event) {
        let event = like_everywhere(event);
        if let Event::News(job, news) = &event {
            let ended = match news {
                News::Catalog(c) => c.complete,
                News::Done(summary) => summary.last,
                News::Detail(_) | News::Failed(..) | News::Resting => true,
                _ => false,
            };
            if ended {
                self.waiting.remove(job);
            }
        }
        let wishes = self.handle(event);
        self.perform(wishes);
    }

    /// Goes on until every question is answered and nothing is put off.
    async fn settle(&mut self) {
        while !self.waiting.is_empty() || self.app.next_tick().is_some() {
            let tick = self.app.next_tick().map(|at| at.saturating_sub(self.began.elapsed()));
            tokio::select! {
                event = timeout(Duration::from_secs(120), self.events.recv()) => {
                    self.take(event.expect("the server answers").expect("the hub is there"));
                }
                () = sleep(tick.unwrap_or(Duration::MAX)), if tick.is_some() => self.take(Event::Tick),
            }
        }
    }

    async fn keys(&mut self, keys: &[&str]) {
        for key in keys {
            // A frame tells panes how much they show, and so what they need.
            self.draw();
            self.take(Event::Key(Chord::parse(key).unwrap()));
            self.settle().await;
        }
    }

    fn draw(&mut self) -> Buffer {
        self.screen.draw(|frame| self.app.draw(frame)).unwrap();
        self.screen.backend().buffer().clone()
    }
}

/// Takes out what differs from machine to machine: names of this start, and what belongs to the server's version.
fn like_everywhere(event: Event) -> Event {
    match event {
        Event::Link(conn, Link::Up(mut info)) => {
            info.address = "/tmp/pgdeck-demo".into();
            info.version = "18".into();
            info.time_zone = "UTC".into();
            Event::Link(conn, Link::Up(info))
        }
        Event::News(job, News::Catalog(catalog)) => {
            let mut catalog = Catalog::clone(&catalog);
            catalog.relations.retain(|r| {
                !["pg_catalog", "information_schema"].contains(&&*r.schema)
                    && !r.name.starts_with("pg_stat_statements")
            });
            catalog.functions.retain(|f| !f.name.starts_with("pg_stat_statements"));
            for view in catalog.relations.iter_mut().filter(|r| r.kind == RelKind::MaterializedView) {
                view.bytes = -1;
            }
            Event::News(job, News::Catalog(Arc::new(catalog)))
        }
        Event::News(job, News::Done(mut summary)) => {
            summary.elapsed = Duration::from_micros(8600);
            Event::News(job, News::Done(summary))
        }
        // How large an index is depends on how it was built.
        Event::News(job, News::Rows(batch)) if batch.width() == INDEX_COLUMNS => {
            let mut same = Batch::new(batch.width());
            for row in 0..batch.len() {
                let index = batch.cell(row, 0) == Some(b"x");
                let cells = batch.row(row).enumerate();
                same.push(
                    cells.map(|(n, c)| if index && n == INDEX_BYTES { Some(&b"1679360"[..]) } else { c }),
                );
            }
            Event::News(job, News::Rows(Arc::new(same)))
        }
        other => other,
    }
}

/// Columns of `queries/search/sources.sql`, and the one of an index's size.
const INDEX_COLUMNS: usize = 11;
const INDEX_BYTES: usize = 7;

/// The console on its demo, after these keys.
async fn picture(demo: &demo::Demo, height: u16, keys: &[&str]) -> String {
    let mut deck = Deck::new(demo, 120, height);
    let wishes = deck.app.start(Duration::ZERO);
    deck.perform(wishes);
    loop {
        let event = deck.events.recv().await.unwrap();
        let up = matches!(event, Event::Link(_, Link::Up(_)));
        deck.take(event);
        if up {
            break;
        }
    }
    deck.settle().await;
    deck.keys(keys).await;
    let buffer = deck.draw();
    deck.hub.shutdown().await;
    svg::svg(&buffer, &svg::Picture { title: Some("pgdeck demo"), ..svg::Picture::default() })
}

/// The picture of this name in `assets` is what was drawn; `PGDECK_BLESS` makes it so.
fn is_kept(name: &str, drawn: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").join(name);
    if std::env::var_os("PGDECK_BLESS").is_some() {
        std::fs::write(&path, drawn).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let line = kept.lines().zip(drawn.lines()).position(|(a, b)| a != b);
    assert!(
        kept == drawn,
        "assets/{name} is not what the program draws (line {:?}); look at what PGDECK_BLESS=1 cargo test --test picture draws",
        line.map(|n| (n + 1, drawn.lines().nth(n)))
    );
}

#[test]
fn the_pictures_in_the_readme_are_what_the_program_draws() {
    let options = Options {
        quiet: true,
        install: Install::Yes,
        look: server::chosen(),
        cache: None,
        ..Options::default()
    };
    let demo = demo::start(&options, &mut |words| eprintln!("{words}")).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let line = "vacuum plan".chars().map(|c| if c == ' ' { "space".to_owned() } else { c.to_string() });
    let typed: Vec<String> =
        std::iter::once("alt-3".to_owned()).chain(line).chain(["enter".to_owned()]).collect();
    let typed: Vec<&str> = typed.iter().map(String::as_str).collect();
    for (name, height, keys) in [("screen.svg", 36, &["j", "j"][..]), ("search.svg", 26, &typed)] {
        let drawn = runtime.block_on(picture(&demo, height, keys));
        is_kept(name, &drawn);
    }
}

/// The plan was measured on the demo once, since times differ from run to run; the picture is drawn anew.
#[test]
fn the_plan_in_the_readme_is_what_the_program_draws() {
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    let plan = assets.join("plan.json");
    let made = std::process::Command::new(env!("CARGO_BIN_EXE_pgdeck"))
        .args(["explain", "--format", "svg"])
        .arg(plan)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let drawn = String::from_utf8(made.stdout).unwrap();
    is_kept("plan.svg", &drawn);
}

/// Two plans of one statement, measured on the demo before and after an index: the tree of the first one and both beside
/// each other, drawn anew.
#[test]
fn the_plan_pane_in_the_readme_is_what_the_program_draws() {
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    let theme = themes::load("dark", Path::new("/nonexistent"), Colours::True).unwrap();
    let mut app = App::new(Settings::default(), Keymap::builtin(), vec![theme], (120, 30));
    let mut screen = Terminal::new(TestBackend::new(120, 30)).unwrap();
    app.start(Duration::ZERO);
    let mut take = |events: Vec<Event>| {
        for event in events {
            app.handle(Duration::ZERO, event);
        }
        screen.draw(|frame| app.draw(frame)).unwrap();
        let picture = svg::Picture { title: Some("pgdeck"), ..svg::Picture::default() };
        svg::svg(screen.backend().buffer(), &picture)
    };
    let key = |key: &str| Event::Key(Chord::parse(key).unwrap());
    let plan = |name: &str| Event::Paste(std::fs::read_to_string(assets.join(name)).unwrap());
    let tree = take(vec![key("alt-4"), plan("plan.json")]);
    let both = take(vec![plan("plan-after.json"), key("d"), key("enter")]);
    for (name, drawn) in [("plan-tree.svg", tree), ("plan-compare.svg", both)] {
        is_kept(name, &drawn);
    }
}

/// A DDL that queues behind a long statement, with others behind it: always the same sample, so always the same picture.
#[test]
fn the_locks_in_the_readme_are_what_the_program_draws() {
    const NOW: i64 = 1_700_000_000_000_000;
    let since = |seconds: i64| Some(NOW - seconds * 1_000_000);
    let session = |pid: i32, role: u32, application: &str, waits: bool, seconds: i64, query: &str| {
        Arc::new(Session {
            pid,
            started: since(3600),
            database: 5,
            role,
            application: application.into(),
            client: "10.0.0.7".into(),
            backend_type: "client backend".into(),
            state: "active".into(),
            wait_type: if waits { "Lock" } else { "IO" }.into(),
            wait_event: if waits { "relation" } else { "DataFileRead" }.into(),
            xact_start: since(seconds),
            query_start: since(seconds),
            state_change: since(seconds),
            query: query.into(),
            ..Session::default()
        })
    };
    let edge = |waiter: i32, blocker: i32, wanted: &str, held: &str, ahead: &str, seconds: i64| {
        Arc::new(Edge {
            waiter,
            blocker,
            wanted: wanted.into(),
            since: since(seconds),
            place: 1,
            queue: 1,
            hard: !held.is_empty(),
            held: held.into(),
            ahead: ahead.into(),
            object: LockObject {
                kind: "relation".into(),
                database: 5,
                relation: 100,
                ..LockObject::default()
            },
            ..Edge::default()
        })
    };
    let (share, all) = ("AccessShareLock", "AccessExclusiveLock");
    let reads = "select id, title from posts where user_id = 7 order by created_at desc limit 20";
    let pulse = Pulse {
        at: NOW,
        took: Duration::from_micros(1200),
        next: 5_000_000,
        sessions: vec![
            session(
                4711,
                10,
                "reports",
                false,
                95,
                "select date_trunc('week', created_at), count(*) from posts group by 1",
            ),
            session(4802, 11, "migration", true, 40, "alter table posts add column summary text"),
            session(4733, 12, "shop", true, 38, reads),
            session(4735, 12, "shop", true, 31, reads),
            session(4790, 12, "shop", true, 12, "update posts set views = views + 1 where id = 42"),
        ],
        edges: vec![
            edge(4802, 4711, all, share, "", 40),
            edge(4733, 4802, share, "", all, 38),
            edge(4735, 4802, share, "", all, 31),
            edge(4790, 4802, "RowExclusiveLock", "", all, 12),
        ],
        ..Pulse::default()
    };
    let mut names = Names { database: 5, ..Names::default() };
    names.databases.insert(5, "shop".into());
    names.roles.extend([(10, "ada".into()), (11, "deploy".into()), (12, "web".into())]);
    names.relations.insert(100, "posts".into());
    let theme = themes::load("dark", Path::new("/nonexistent"), Colours::True).unwrap();
    let mut robot = robot::Robot::with(Settings::default(), vec![theme], 120, 24);
    robot.connect(Catalog::default()).keys("<alt-6>");
    for sample in [Sample::Names(names), Sample::Pulse(pulse)] {
        robot.event(Event::Sample(ConnId(0), Box::new(sample)));
    }
    robot.keys("j");
    let picture = svg::Picture { title: Some("pgdeck"), ..svg::Picture::default() };
    let drawn = svg::svg(&robot.buffer(), &picture);
    is_kept("locks.svg", &drawn);
}
