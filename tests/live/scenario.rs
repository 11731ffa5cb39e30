//! Plays a scenario with real sessions, and reads what the watching lane says of it.
//!
//! A line each: `@setup SQL`, `@setupdb DATABASE SQL`, `@conf name=value` (of every session), `@A SQL` (session A, to its end), `@A(db) SQL`
//! (in another database), `@A? SQL` (comes to wait for a lock), `@A& SQL` (runs on), `@waitfor SQL` (until it gives
//! true), `@edges W<-B:hard …` (all of them), `@object W text` (part of what W waits for), `@roots A …`,
//! `@cycle A …`, `@teardown SQL`. `P(gid)` is a prepared transaction, `AV` an autovacuum worker.

use crate::server;
use pgdeck::{
    core::{
        effect::Effect,
        event::{Event, Link},
        ids::ConnId,
    },
    data::live::{
        Live, Probe, Pulse,
        locks::{LockTree, Who},
        words,
    },
    demo::cluster::{Cluster, Settings},
    pg::{
        hub::{EVENTS, Hub},
        server::Plan,
        target::{Input, Nothing, Target, resolve},
    },
    sql::split::{SplitOptions, split},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};
use tokio::{runtime::Runtime, sync::mpsc, task::JoinHandle};
use tokio_postgres::{Client, NoTls, error::SqlState};

/// What never comes is given up after this.
const DEADLINE: Duration = Duration::from_secs(120);
const CONN: ConnId = ConnId(1);

/// A server for scenarios, one after the other: locks of one would be seen by the next beside it.
pub struct Stage {
    cluster: Cluster,
    runtime: Runtime,
    next: u32,
}

/// The tree as it was seen.
pub struct Seen {
    /// `who blocks frees` of each line, indented by its depth, `!` behind one in a cycle.
    pub lines: Vec<String>,
    /// `@object`: who, and a part of what it waits for in words.
    pub wanted_objects: Vec<(String, String)>,
    /// Everybody who waits.
    pub waiters: BTreeSet<String>,
    /// `@roots`
    pub wanted_roots: Option<Vec<String>>,
    /// `@cycle`
    pub cycle: Vec<String>,
    /// `@edges`
    pub wanted_edges: BTreeSet<String>,
    /// What `pgdeck locks --format json` says meanwhile.
    pub told: Told,
}

/// The same from the binary without a screen.
#[derive(Default)]
pub struct Told {
    /// `waiter<-blocker:kind` of `edges`.
    pub edges: BTreeSet<String>,
    /// Who waits, once a line of `trees`.
    pub nodes: Vec<String>,
    /// Roots of `trees`, but for those of circles.
    pub roots: Vec<String>,
    /// Members of circles.
    pub cycle: BTreeSet<String>,
    /// What each waits for, in words.
    pub objects: BTreeMap<String, String>,
}

#[derive(Default)]
struct Script {
    conf: Vec<(String, String)>,
    steps: Vec<(String, String)>,
    edges: BTreeSet<String>,
    objects: Vec<(String, String)>,
    roots: Option<Vec<String>>,
    cycle: Vec<String>,
    teardown: Vec<String>,
}

fn read(text: &str) -> Script {
    // A line that begins with blanks goes on with the one before.
    let mut lines: Vec<String> = vec![];
    for line in text.lines() {
        match (line.starts_with(' '), lines.last_mut()) {
            (true, Some(last)) => last.push_str(&format!("\n{line}")),
            _ if line.starts_with('@') => lines.push(line.to_owned()),
            _ => {}
        }
    }
    let words = |rest: &str| rest.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let mut script = Script::default();
    for line in &lines {
        let (what, rest) = line[1..].split_once(' ').unwrap_or((&line[1..], ""));
        match what {
            "conf" => {
                let (name, value) = rest.split_once('=').expect("name=value");
                script.conf.push((name.trim().into(), value.trim().into()));
            }
            "edges" => script.edges = words(rest).into_iter().filter(|w| w != "none").collect(),
            "object" => {
                let (who, what) = rest.split_once(' ').expect("who and what");
                script.objects.push((who.into(), what.into()));
            }
            "roots" => {
                let mut roots = words(rest);
                roots.sort();
                script.roots = Some(roots);
            }
            "cycle" => script.cycle = words(rest),
            "teardown" => script.teardown.push(rest.into()),
            "expect" | "wait" => {}
            _ => script.steps.push((what.into(), rest.into())),
        }
    }
    script
}

impl Stage {
    pub fn new() -> Self {
        let options = [("max_prepared_transactions", "10"), ("autovacuum_naptime", "1s")];
        let options = options.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let cluster = server::start(Settings { options, ..Settings::default() });
        Self { cluster, runtime: Runtime::new().expect("a runtime"), next: 0 }
    }

    /// Plays a scenario in a database of its own until the wanted edges, and no others, are seen.
    pub fn play(&mut self, name: &str, text: &str) -> Seen {
        self.next += 1;
        let database = format!("scenario_{}", self.next);
        server::execute(&self.cluster, "postgres", &format!("create database {database}"));
        let script = read(text);
        let mut watch = Watch::new(&self.cluster.url(&database), &self.runtime);
        let mut actors =
            Actors { cluster: &self.cluster, runtime: &self.runtime, all: BTreeMap::new(), running: vec![] };
        for (what, sql) in &script.steps {
            actors.step(name, &database, &script.conf, what, sql);
        }
        let deadline = Instant::now() + DEADLINE;
        let live = loop {
            let live = watch.sample(&self.runtime);
            let pulse = live.pulses.last().expect("a pulse");
            let named = script.objects.iter().all(|(who, what)| object(live, pulse, who).contains(what));
            if edges(pulse) == script.edges && named {
                break live;
            }
            let objects: Vec<String> =
                script.objects.iter().map(|(who, _)| object(live, pulse, who)).collect();
            assert!(
                Instant::now() < deadline,
                "{name}: wanted {:?}, seen {:?}; objects wanted {:?}, seen {objects:?}",
                script.edges,
                edges(pulse),
                script.objects
            );
        };
        let mut seen = see(live, &script);
        seen.told = told(&self.cluster.url(&database));
        seen.wanted_edges.clone_from(&script.edges);
        actors.end();
        for sql in &script.teardown {
            server::execute(&self.cluster, &database, sql);
        }
        rollback_prepared(&self.cluster, &database);
        drop(watch);
        seen
    }
}

fn rollback_prepared(cluster: &Cluster, database: &str) {
    let gids =
        "select coalesce(string_agg(format('rollback prepared %L', gid), ';'), '') from pg_prepared_xacts";
    let sql = server::ask(cluster, database, gids);
    if !sql.is_empty() {
        server::execute(cluster, database, &sql);
    }
}

/// Sessions by their letters.
struct Actors<'a> {
    cluster: &'a Cluster,
    runtime: &'a Runtime,
    all: BTreeMap<String, std::sync::Arc<Client>>,
    running: Vec<JoinHandle<()>>,
}

impl Actors<'_> {
    fn step(&mut self, name: &str, database: &str, conf: &[(String, String)], what: &str, sql: &str) {
        match what {
            // One by one: DO with COMMIT is no part of a longer text.
            "setup" => {
                for span in split(sql, &SplitOptions::default()) {
                    server::execute(self.cluster, database, &span.text(sql));
                }
            }
            "setupdb" => {
                let (other, sql) = sql.split_once(' ').expect("database and SQL");
                let exists = format!("select count(*) from pg_database where datname = '{other}'");
                if server::ask(self.cluster, "postgres", &exists) == "0" {
                    server::execute(self.cluster, "postgres", &format!("create database {other}"));
                }
                server::execute(self.cluster, other, sql);
            }
            "waitfor" => self.until(name, database, sql),
            actor => {
                let (actor, mark) = match actor.strip_suffix(['?', '&']) {
                    Some(plain) => (plain, actor.chars().last()),
                    None => (actor, None),
                };
                let (letter, place) = match actor.split_once('(') {
                    Some((letter, place)) => (letter, place.trim_end_matches(')')),
                    None => (actor, database),
                };
                let client = self.client(letter, place, conf);
                let Some(mark) = mark else {
                    let done = self.runtime.block_on(client.batch_execute(sql));
                    // NOWAIT gives up by an error: that is an end, too.
                    let ended =
                        done.as_ref().err().and_then(|e| e.code()) == Some(&SqlState::LOCK_NOT_AVAILABLE);
                    assert!(done.is_ok() || ended, "{name}: {letter}: {done:?}");
                    return;
                };
                let sql = sql.to_owned();
                self.running.push(self.runtime.spawn(async move {
                    // It may be cut off at the end, or be the victim of a deadlock.
                    let _ = client.batch_execute(&sql).await;
                }));
                let waits = if mark == '?' { "wait_event_type = 'Lock'" } else { "state = 'active'" };
                let sql = format!(
                    "select exists (select from pg_stat_activity a where {waits} and (application_name = 'scn:{letter}'
                     or leader_pid in (select pid from pg_stat_activity where application_name = 'scn:{letter}')))"
                );
                self.until(name, database, &sql);
            }
        }
    }

    fn until(&self, name: &str, database: &str, sql: &str) {
        let deadline = Instant::now() + DEADLINE;
        while server::ask(self.cluster, database, sql) != "t" {
            assert!(Instant::now() < deadline, "{name}: never true: {sql}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn client(&mut self, letter: &str, database: &str, conf: &[(String, String)]) -> std::sync::Arc<Client> {
        if let Some(client) = self.all.get(letter) {
            return std::sync::Arc::clone(client);
        }
        let mut config: tokio_postgres::Config = self.cluster.url(database).parse().expect("a URL");
        config.application_name(format!("scn:{letter}"));
        let client = self.runtime.block_on(async {
            let (client, connection) = config.connect(NoTls).await.expect("a session");
            tokio::spawn(connection);
            for (name, value) in conf {
                client.batch_execute(&format!("set {name} = '{value}'")).await.expect("set");
            }
            client
        });
        let client = std::sync::Arc::new(client);
        self.all.insert(letter.into(), std::sync::Arc::clone(&client));
        client
    }

    /// Ends all sessions and waits until the server has.
    fn end(self) {
        let gone = "select count(pg_terminate_backend(pid)) = 0 from pg_stat_activity where application_name like 'scn:%'";
        let deadline = Instant::now() + DEADLINE;
        while server::ask(self.cluster, "postgres", gone) != "t" {
            assert!(Instant::now() < deadline, "sessions do not end");
            std::thread::sleep(Duration::from_millis(20));
        }
        for running in self.running {
            let _ = self.runtime.block_on(running);
        }
    }
}

/// The watching lane of a hub.
struct Watch {
    _hub: Hub,
    events: mpsc::Receiver<Event>,
    live: Live,
}

impl Watch {
    fn new(url: &str, runtime: &Runtime) -> Self {
        let _inside = runtime.enter();
        let (sender, mut events) = mpsc::channel(EVENTS);
        let url = url.to_owned();
        let resolve = move |_: Option<&Target>, _: Option<&str>| {
            let input = Input { connection: Some(url.clone()), ..Input::default() };
            let target = resolve(&input, &Nothing).expect("a target");
            Ok(Plan { target, read_only: false, application_name: "watch".into() })
        };
        let mut hub = Hub::new(sender, Box::new(resolve), Duration::from_secs(600));
        hub.perform(Effect::Connect { conn: CONN, spec: None });
        runtime
            .block_on(async { while !matches!(events.recv().await, Some(Event::Link(_, Link::Up(_)))) {} });
        hub.perform(Effect::Watch {
            conn: CONN,
            probe: Probe::Pulse,
            every: Some(Duration::from_millis(50)),
        });
        Self { _hub: hub, events, live: Live::default() }
    }

    /// All that is known after the next pulse.
    fn sample(&mut self, runtime: &Runtime) -> &Live {
        let before = self.live.pulses.numbers().end;
        runtime.block_on(async {
            while self.live.pulses.numbers().end == before {
                if let Event::Sample(_, sample) = self.events.recv().await.expect("the hub lives") {
                    self.live.take(*sample, Duration::ZERO);
                }
            }
        });
        &self.live
    }
}

fn name(pulse: &Pulse, who: &Who) -> String {
    match who {
        Who::Prepared(gid) => format!("P({gid})"),
        Who::Session(pid) => match pulse.session(*pid) {
            Some(s) if &*s.backend_type == "autovacuum worker" => "AV".into(),
            Some(s) => s.application.strip_prefix("scn:").unwrap_or(&s.application).into(),
            None => format!("gone {pid}"),
        },
    }
}

fn edges(pulse: &Pulse) -> BTreeSet<String> {
    pulse
        .edges
        .iter()
        .map(|e| {
            let blocker =
                e.prepared.as_ref().map_or(Who::Session(e.blocker), |p| Who::Prepared(p.gid.clone()));
            let kind = if e.hard { "hard" } else { "soft" };
            format!("{}<-{}:{kind}", name(pulse, &Who::Session(e.waiter)), name(pulse, &blocker))
        })
        .collect()
}

/// What somebody waits for, in words.
fn object(live: &Live, pulse: &Pulse, who: &str) -> String {
    let edge = pulse.edges.iter().find(|e| name(pulse, &Who::Session(e.waiter)) == who);
    edge.map(|e| words::object(&e.object, &live.names)).unwrap_or_default()
}

fn see(live: &Live, script: &Script) -> Seen {
    let pulse = live.pulses.last().expect("a pulse");
    let tree = LockTree::of(pulse);
    let line = |n: &pgdeck::data::live::locks::LockNode| {
        let cycle = if n.cycle { "!" } else { "" };
        format!("{}{} {} {}{cycle}", "  ".repeat(n.depth), name(pulse, &n.who), n.blocks, n.frees)
    };
    Seen {
        lines: tree.nodes.iter().map(line).collect(),
        wanted_objects: script.objects.clone(),
        waiters: pulse.edges.iter().map(|e| name(pulse, &Who::Session(e.waiter))).collect(),
        wanted_roots: script.roots.clone(),
        cycle: script.cycle.clone(),
        wanted_edges: BTreeSet::new(),
        told: Told::default(),
    }
}

/// Asks the binary.
fn told(url: &str) -> Told {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_pgdeck"));
    command.args(["locks", url, "--format", "json"]).env_clear().env("HOME", "/nonexistent");
    let ran = command.output().expect("the binary runs");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let sample: serde_json::Value = serde_json::from_slice(&ran.stdout).expect("JSON");
    let list = |value: &serde_json::Value| value.as_array().cloned().unwrap_or_default();
    let mut names: BTreeMap<i64, String> = BTreeMap::new();
    let mut told = Told::default();
    for tree in list(&sample["trees"]) {
        for node in list(&tree["nodes"]) {
            let name = match (&node["prepared"], node["backend_type"].as_str()) {
                (serde_json::Value::String(gid), _) => format!("P({gid})"),
                (_, Some("autovacuum worker")) => "AV".into(),
                _ => {
                    let application = node["application"].as_str().unwrap_or_default();
                    application.strip_prefix("scn:").unwrap_or(application).to_owned()
                }
            };
            if node["level"] == 1 && list(&tree["cycle"]).is_empty() {
                told.roots.push(name.clone());
            }
            if node["in_cycle"] == true {
                told.cycle.insert(name.clone());
            }
            names.insert(node["pid"].as_i64().expect("a pid"), name.clone());
            told.nodes.push(name);
        }
    }
    for edge in list(&sample["edges"]) {
        let name =
            |pid: &serde_json::Value| names.get(&pid.as_i64().expect("a pid")).cloned().unwrap_or_default();
        let by = match edge["prepared"].as_str() {
            Some(gid) => format!("P({gid})"),
            None => name(&edge["blocked_by"]),
        };
        let (waiter, kind) = (name(&edge["pid"]), edge["kind"].as_str().expect("a kind"));
        told.edges.insert(format!("{waiter}<-{by}:{kind}"));
        told.objects.insert(waiter, edge["object"].as_str().expect("an object").to_owned());
    }
    told.roots.sort();
    told
}
