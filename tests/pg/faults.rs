//! Everything that can break between us and a server, at every state of a statement: no panic, no hang, and never a
//! wrong report of success or of failure. `PGDECK_FAULT_RUNS` says how many runs, `PGDECK_FAULT_SEED` which ones.

use crate::{
    hub::CONN,
    proxy::{Fault, How, Place, Proxy},
    server, sql, target,
};
use pgdeck::{
    core::{
        effect::{Checked, Effect, Statement},
        error::UNKNOWN_OUTCOME,
        event::{Event, Link, News},
        ids::JobId,
    },
    demo::cluster::{Cluster, Settings},
    pg::{
        connect::{self, Options},
        hub::{EVENTS, Hub},
        server::Plan,
        target::Target,
        wire::{Item, Session},
    },
};
use std::time::Duration;
use tokio::{sync::mpsc, time::timeout};

/// What takes longer than this hangs. It is far above every time that is stated anywhere.
const HANGS: Duration = Duration::from_secs(90);
/// After a cancel, silence for so long is a dead line.
const PATIENCE: Duration = Duration::from_millis(400);

/// A small generator of numbers: the same seed, the same runs.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below.max(1) as u64) as usize
    }
}

/// The states of a statement.
#[derive(Clone, Copy, Debug)]
enum State {
    Login,
    Before,
    Sent,
    FirstRow,
    Middle,
    Commit,
}

const STATES: [State; 6] =
    [State::Login, State::Before, State::Sent, State::FirstRow, State::Middle, State::Commit];

/// What breaks: the line in four ways, or the backend itself.
#[derive(Clone, Copy, Debug)]
enum Break {
    Line(How),
    Backend,
}

const BREAKS: [Break; 5] = [
    Break::Line(How::Cut),
    Break::Line(How::Silence),
    Break::Line(How::Garble),
    Break::Line(How::Delay(Duration::from_millis(60))),
    Break::Backend,
];

/// How often a break came to what, for whoever runs many (`--nocapture`).
#[derive(Default)]
struct Tally(std::collections::BTreeMap<(String, String), u32>);

impl Tally {
    fn count(&mut self, how: Break, outcome: &str) {
        *self.0.entry((format!("{how:?}"), outcome.to_owned())).or_default() += 1;
    }

    fn print(&self) {
        for ((how, outcome), n) in &self.0 {
            eprintln!("{n:5}  {how}: {outcome}");
        }
    }
}

fn number(name: &str, or: u64) -> u64 {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(or)
}

struct Field {
    cluster: Cluster,
    proxy: Proxy,
}

impl Field {
    async fn new() -> Self {
        // What was committed survives a crash of the server, if not one of the machine.
        let options = vec![("synchronous_commit".to_owned(), "on".to_owned())];
        let cluster = server::start(Settings { options, ..Settings::default() });
        server::execute(
            &cluster,
            "postgres",
            "create table kept (id bigint primary key, note text); create table pair (id bigint, half int)",
        );
        let socket = format!("{}/.s.PGSQL.{}", cluster.folder().display(), cluster.port());
        Self { proxy: Proxy::start(socket).await, cluster }
    }

    fn url(&self) -> String {
        format!(
            "host=127.0.0.1 port={} user=postgres dbname=postgres sslmode=disable connect_timeout=2",
            self.proxy.port
        )
    }

    /// Asks the server itself, which may just be coming back.
    async fn ask(&self, sql: &str) -> String {
        let at = format!(
            "host={} port={} user=postgres dbname=postgres",
            self.cluster.folder().display(),
            self.cluster.port()
        );
        loop {
            if let Ok(mut s) = connect::open(&target(&at), &Options::default()).await
                && let Ok(rows) = s.ask(sql).await
            {
                return rows[0][0].clone().unwrap_or_default();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Sessions of ours on the server are gone: nothing of a lost one is still under way.
    async fn quiet(&self) {
        let others = "select count(pg_terminate_backend(pid))::text from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()";
        while self.ask(others).await != "0" {}
    }

    fn place(&self, state: State, dice: &mut Dice) -> Place {
        match state {
            State::Login => Place::Down(dice.roll(420)),
            State::Before => Place::Up(0),
            State::Sent => Place::Down(0),
            State::FirstRow => Place::Down(1 + dice.roll(180)),
            State::Middle => Place::Down(200 + dice.roll(150_000)),
            State::Commit => Place::Commit(dice.roll(2) == 1),
        }
    }

    async fn kill_a_backend(&self) {
        let sql =
            "select coalesce(max(pid), 0)::text from pg_stat_activity where application_name = 'faults'";
        let pid = self.ask(sql).await;
        if pid != "0" {
            let _ = std::process::Command::new("kill").args(["-9", &pid]).status();
        }
    }
}

fn options() -> Options {
    Options { application_name: "faults".into(), ..Options::default() }
}

/// Runs a statement to its end; what does not end is cancelled as a user would. Gives the rows of a success.
async fn to_the_end(s: &mut Session, statement: &Statement) -> Option<u64> {
    s.start(statement).ok()?;
    let run = async {
        let mut rows = 0;
        let mut failed = false;
        loop {
            match s.next().await {
                Ok(Item::Rows(batch)) => rows += batch.len() as u64,
                Ok(Item::Error(_)) => failed = true,
                Ok(Item::Ready(_)) => return (!failed).then_some(rows),
                Ok(_) => {}
                Err(e) => {
                    assert!(e.fatal && !e.message.is_empty(), "{e:?}");
                    return None;
                }
            }
        }
    };
    match timeout(Duration::from_millis(700), run).await {
        Ok(ended) => ended,
        Err(_) => {
            let _ = s.cancel_within(PATIENCE, |_| ()).await;
            None
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_survives_every_fault_and_tells_no_lies() {
    let field = Field::new().await;
    let seed = number("PGDECK_FAULT_SEED", 20_261_129).max(1);
    let mut dice = Dice(seed);
    let mut broken = 0;
    let mut tally = Tally::default();
    for run in 0..number("PGDECK_FAULT_RUNS", 60) {
        let state = STATES[run as usize % STATES.len()];
        let how = BREAKS[run as usize / STATES.len() % BREAKS.len()];
        let what = format!("seed {seed}, run {run}: {how:?} at {state:?}");
        let one = async {
            let place = field.place(state, &mut dice);
            field.proxy.fault(None);
            let fault = match how {
                Break::Line(how) => Some(Fault { place, how }),
                Break::Backend => None,
            };
            if matches!(state, State::Login) {
                field.proxy.fault(fault);
            }
            let Ok(mut s) = connect::open(&target(&field.url()), &options()).await else {
                broken += 1;
                tally.count(how, "no login");
                return;
            };
            if !matches!(state, State::Login) {
                field.proxy.fault(fault);
            }
            if let (Break::Backend, false) = (how, matches!(state, State::Middle)) {
                field.kill_a_backend().await;
            }
            let reads = matches!(state, State::FirstRow | State::Middle);
            if reads {
                let stream = sql("select g, repeat('x', 20) from generate_series(1, 8000) g");
                let mut ended = None;
                if let Break::Backend = how {
                    s.start(&stream).unwrap();
                    let _ = s.next().await;
                    field.kill_a_backend().await;
                    while let Ok(item) = s.next().await {
                        if let Item::Ready(_) = item {
                            break;
                        }
                    }
                } else {
                    ended = to_the_end(&mut s, &stream).await;
                }
                tally.count(how, if ended.is_some() { "read" } else { "not read to its end" });
                if let Some(rows) = ended
                    && how_is_honest(how)
                {
                    assert_eq!(rows, 8000, "{what}: a success without all its rows");
                }
            } else {
                let insert = format!("insert into kept values ({run}, repeat('n', 40))");
                let ended = match state {
                    State::Commit => {
                        let _ = to_the_end(&mut s, &sql("BEGIN")).await;
                        let inserted = to_the_end(&mut s, &sql(&insert)).await;
                        let ended = to_the_end(&mut s, &sql("COMMIT")).await;
                        inserted.and(ended)
                    }
                    _ => to_the_end(&mut s, &sql(&insert)).await,
                };
                if s.is_dead() {
                    broken += 1;
                }
                tally.count(how, if ended.is_some() { "written" } else { "not told as written" });
                if ended.is_some() && how_is_honest(how) {
                    let there = field.ask(&format!("select count(*)::text from kept where id = {run}")).await;
                    assert_eq!(there, "1", "{what}: reported as done");
                }
            }
            // Lost or not, the next session works.
            field.proxy.fault(None);
            if !s.is_dead() && s.is_idle() {
                let _ = s.ask("rollback").await;
            }
        };
        assert!(timeout(HANGS, one).await.is_ok(), "{what}: hangs");
        assert_eq!(field.ask("select 1::text").await, "1", "{what}");
    }
    tally.print();
    assert!(broken > 0, "no fault came about");
}

/// Changed bytes may be changed values: nobody without TLS can see that.
fn how_is_honest(how: Break) -> bool {
    !matches!(how, Break::Line(How::Garble))
}

struct Hubbed {
    hub: Hub,
    events: mpsc::Receiver<Event>,
}

impl Hubbed {
    fn new(url: &str) -> Self {
        let (sender, events) = mpsc::channel(EVENTS);
        let url = url.to_owned();
        let resolve = move |_: Option<&Target>, _: Option<&str>| {
            Ok(Plan { target: target(&url), read_only: false, application_name: "faults".into() })
        };
        let mut hub = Hub::new(sender, Box::new(resolve), Duration::from_secs(600)).patience(PATIENCE);
        hub.perform(Effect::Connect { conn: CONN, spec: None });
        Self { hub, events }
    }

    async fn event(&mut self) -> Event {
        self.events.recv().await.expect("the hub went away")
    }
}

/// What an apply came to.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Written,
    NotWritten,
    Unknown,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_apply_says_what_became_of_it_whatever_breaks() {
    let field = Field::new().await;
    let seed = number("PGDECK_FAULT_SEED", 20_261_129).max(1) + 1;
    let mut dice = Dice(seed);
    let mut seen = [0; 3];
    let mut tally = Tally::default();
    for run in 0..number("PGDECK_FAULT_RUNS", 60) {
        let state = STATES[1 + run as usize % (STATES.len() - 1)];
        let how = BREAKS[run as usize / (STATES.len() - 1) % BREAKS.len()];
        let what = format!("seed {seed}, run {run}: {how:?} at {state:?}");
        let one = async {
            field.proxy.fault(None);
            let mut deck = Hubbed::new(&field.url());
            while !matches!(deck.event().await, Event::Link(_, Link::Up(_))) {}
            let insert = |half: u8| Checked {
                statement: sql(&format!("insert into pair values ({run}, {half})")),
                rows: Some(1),
            };
            // The session is opened by something harmless, so that the fault meets the changes.
            deck.hub.perform(Effect::Execute {
                job: JobId(1),
                lane: pgdeck::core::ids::Lane::Read(CONN),
                statements: vec![sql("select 1")],
                credit: 1000,
            });
            loop {
                match deck.event().await {
                    Event::News(JobId(1), News::Done(s)) if s.last => break,
                    Event::News(JobId(1), News::Failed(_, e, _)) => panic!("{what}: {e}"),
                    _ => {}
                }
            }
            let place = match state {
                State::Middle => Place::Up(dice.roll(700)),
                other => field.place(other, &mut dice),
            };
            if let Break::Line(how) = how {
                field.proxy.fault(Some(Fault { place, how }));
            }
            deck.hub.perform(Effect::Apply {
                job: JobId(2),
                conn: CONN,
                statements: vec![insert(1), insert(2)],
            });
            if let Break::Backend = how {
                if dice.roll(2) == 0 {
                    while !matches!(deck.event().await, Event::News(JobId(2), _)) {}
                }
                field.kill_a_backend().await;
            }
            let told = loop {
                // A user who has waited long enough presses Ctrl+C.
                let Ok(event) = timeout(Duration::from_millis(1500), deck.event()).await else {
                    deck.hub.perform(Effect::Cancel { job: JobId(2) });
                    continue;
                };
                match event {
                    Event::News(JobId(2), News::Done(s)) if s.last => break Told::Written,
                    Event::News(JobId(2), News::Failed(_, e, _)) if e.code == UNKNOWN_OUTCOME => {
                        break Told::Unknown;
                    }
                    Event::News(JobId(2), News::Failed(..)) => break Told::NotWritten,
                    _ => {}
                }
            };
            deck.hub.shutdown().await;
            told
        };
        let Ok(told) = timeout(HANGS, one).await else { panic!("{what}: hangs") };
        tally.count(how, &format!("{told:?}"));
        field.proxy.fault(None);
        field.quiet().await;
        let there = field.ask(&format!("select count(*)::text from pair where id = {run}")).await;
        seen[match told {
            Told::Written => 0,
            Told::NotWritten => 1,
            Told::Unknown => 2,
        }] += 1;
        if !how_is_honest(how) {
            assert!(["0", "1", "2"].contains(&there.as_str()), "{what}");
            continue;
        }
        match told {
            Told::Written => assert_eq!(there, "2", "{what}: reported as written"),
            Told::NotWritten => assert_eq!(there, "0", "{what}: reported as not written"),
            Told::Unknown => assert!(there == "0" || there == "2", "{what}: half of it: {there}"),
        }
    }
    tally.print();
    assert!(seen[0] > 0 && seen[1] > 0, "{seen:?}");
}

/// The whole server is killed, which takes its folder with it: what runs ends, what comes next says why.
#[tokio::test]
async fn a_killed_server_ends_what_runs() {
    let field = Field::new().await;
    let mut s = connect::open(&target(&field.url()), &options()).await.unwrap();
    s.start(&sql("select g, repeat('x', 1000) from generate_series(1, 100000000) g")).unwrap();
    while !matches!(s.next().await.unwrap(), Item::Rows(_)) {}
    let pid = std::fs::read_to_string(field.cluster.data().join("postmaster.pid")).unwrap();
    let pid = pid.lines().next().unwrap().to_owned();
    assert!(std::process::Command::new("kill").args(["-9", &pid]).status().unwrap().success());
    let ended = async {
        loop {
            if let Err(e) = s.next().await {
                return e;
            }
        }
    };
    let e = timeout(HANGS, ended).await.expect("it ends");
    assert!(e.fatal && e.message.contains("127.0.0.1"), "{e:?}");
    let e = connect::open(&target(&field.url()), &options()).await.map(|_| ()).unwrap_err();
    assert!(e.passing && !e.needs_password, "{e:?}");
}
