//! What watching costs the server: `cargo bench --bench live`.
//!
//! CPU time of the watching backend, from `/proc/PID/schedstat`, so on Linux and on the same machine. 500 sessions are
//! opened; the four live panes sample at their default rates. Where `pg_activity` is in the PATH (or named by
//! `PGDECK_PEER`) it watches the same sessions afterwards, for comparison. Prints figures; judges nothing.

#[path = "../tests/support/server.rs"]
mod server;

use pgdeck::{
    core::{
        effect::Effect,
        event::{Event, Link},
        ids::ConnId,
    },
    data::live::{Live, Probe, Sample},
    demo::cluster::{Cluster, Settings},
    pg::{
        hub::{EVENTS, Hub},
        server::Plan,
        target::{Input, Nothing, Target, resolve},
    },
};
use std::{
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{runtime::Runtime, sync::mpsc, task::JoinSet};
use tokio_postgres::{Client, NoTls};

const SESSIONS: usize = 500;
const CONN: ConnId = ConnId(1);
/// How long the default rates are looked at.
const WINDOW: Duration = Duration::from_secs(30);
/// Samples of which the cost of one is the mean.
const SAMPLES: usize = 60;

fn main() {
    // `cargo test --benches` runs this too; it is no test.
    if !std::env::args().any(|a| a == "--bench") {
        return;
    }
    let options = [
        ("max_connections", "600"),
        ("shared_preload_libraries", "pg_stat_statements"),
        ("max_locks_per_transaction", "128"),
    ];
    let options = options.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let cluster = server::start(Settings { options, ..Settings::default() });
    server::execute(&cluster, "postgres", "create extension if not exists pg_stat_statements");
    server::execute(
        &cluster,
        "postgres",
        "create role plain login; create table hot (id int primary key, v int); insert into hot select generate_series(1, 100), 0",
    );
    let runtime = Runtime::new().expect("a runtime");
    // The hub spawns whenever something is asked of it.
    let _inside = runtime.enter();
    println!("PostgreSQL {}, {SESSIONS} sessions", server::ask(&cluster, "postgres", "show server_version"));
    for (name, scene) in [("idle", Scene::Idle), ("working", Scene::Working)] {
        let crowd = Crowd::gather(&cluster, &runtime, scene);
        for (role, who) in [("postgres", "superuser"), ("plain", "a role without rights")] {
            let ours = default_rates(&cluster, &runtime, role);
            let peer = peer(&cluster, role);
            println!(
                "{name}, {who}: four panes at their default rates {ours:.1} ms of CPU a second; pg_activity {peer}"
            );
        }
        drop(crowd);
        calm(&cluster);
    }
    for (name, scene) in
        [("nobody waits", Scene::Idle), ("hot row", Scene::HotRow), ("DDL pile-up", Scene::Pile)]
    {
        let crowd = Crowd::gather(&cluster, &runtime, scene);
        let (cost, waiting) = one_sample(&cluster, &runtime);
        println!("{name}: {waiting} wait; a sample of sessions and locks {cost:.1} ms of CPU");
        drop(crowd);
        calm(&cluster);
    }
}

/// What the sessions do.
#[derive(Clone, Copy, PartialEq)]
enum Scene {
    Idle,
    /// One in ten runs short statements.
    Working,
    /// All but one wait for one row.
    HotRow,
    /// All but two wait behind a queued ALTER TABLE.
    Pile,
}

struct Crowd {
    _clients: Vec<Arc<Client>>,
    tasks: JoinSet<()>,
}

impl Crowd {
    fn gather(cluster: &Cluster, runtime: &Runtime, scene: Scene) -> Self {
        let config: tokio_postgres::Config = cluster.url("postgres").parse().expect("a URL");
        let mut crowd = Self { _clients: vec![], tasks: JoinSet::new() };
        for n in 0..SESSIONS {
            let (client, connection) = runtime.block_on(config.connect(NoTls)).expect("a session");
            runtime.spawn(connection);
            let client = Arc::new(client);
            crowd._clients.push(Arc::clone(&client));
            let sql = match (scene, n) {
                (Scene::Working, n) if n % 10 == 0 => {
                    let work = async move {
                        loop {
                            let _ =
                                client.batch_execute("select count(*) from hot; select pg_sleep(0.2)").await;
                        }
                    };
                    crowd.tasks.spawn_on(work, runtime.handle());
                    continue;
                }
                (Scene::Idle | Scene::Working, _) => {
                    runtime.block_on(client.batch_execute("select 1")).expect("it runs");
                    continue;
                }
                (Scene::HotRow, 0) => "begin; update hot set v = 1 where id = 1",
                (Scene::HotRow, _) => "update hot set v = 2 where id = 1",
                (Scene::Pile, 0) => "begin; select count(*) from hot",
                (Scene::Pile, 1) => "alter table hot add column more int",
                (Scene::Pile, _) => "select count(*) from hot",
            };
            if n == 0 {
                runtime.block_on(client.batch_execute(sql)).expect("locked");
                continue;
            }
            crowd.tasks.spawn_on(
                async move {
                    let _ = client.batch_execute(sql).await;
                },
                runtime.handle(),
            );
        }
        if matches!(scene, Scene::HotRow | Scene::Pile) {
            let waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'";
            until(|| {
                server::ask(cluster, "postgres", waiting).parse::<usize>().is_ok_and(|n| n >= SESSIONS - 3)
            });
        }
        crowd
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.tasks.abort_all();
    }
}

fn until(mut holds: impl FnMut() -> bool) {
    while !holds() {
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Ends all sessions but the one that asks, and waits until they are gone.
fn calm(cluster: &Cluster) {
    let gone = "select count(pg_terminate_backend(pid)) = 0 from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()";
    until(|| server::ask(cluster, "postgres", gone) == "t");
}

/// A hub whose watching lane samples, and what it gives.
struct Watch {
    hub: Hub,
    events: mpsc::Receiver<Event>,
    live: Live,
}

impl Watch {
    fn new(cluster: &Cluster, runtime: &Runtime, role: &str) -> Self {
        let (sender, mut events) = mpsc::channel(EVENTS);
        let url = cluster.url("postgres").replace("user=postgres", &format!("user={role}"));
        let resolve = move |_: Option<&Target>, _: Option<&str>| {
            let input = Input { connection: Some(url.clone()), ..Input::default() };
            let target = resolve(&input, &Nothing).expect("a target");
            Ok(Plan { target, read_only: false, application_name: "bench".into() })
        };
        let mut hub = Hub::new(sender, Box::new(resolve), Duration::from_secs(600));
        hub.perform(Effect::Connect { conn: CONN, spec: None });
        runtime
            .block_on(async { while !matches!(events.recv().await, Some(Event::Link(_, Link::Up(_)))) {} });
        Self { hub, events, live: Live::default() }
    }

    fn every(&mut self, probe: Probe, every: Duration) {
        self.hub.perform(Effect::Watch { conn: CONN, probe, every: Some(every) });
    }

    /// Takes samples for so long, or until so many pulses came.
    fn take(&mut self, runtime: &Runtime, time: Duration, pulses: usize) {
        let (begun, mut seen) = (Instant::now(), 0);
        runtime.block_on(async {
            while seen < pulses {
                let left = time.saturating_sub(begun.elapsed());
                let Ok(event) = tokio::time::timeout(left, self.events.recv()).await else { return };
                if let Event::Sample(_, sample) = event.expect("the hub lives") {
                    seen += usize::from(matches!(*sample, Sample::Pulse(_)));
                    assert!(!matches!(*sample, Sample::Failed(..) | Sample::Link(Err(_))), "{sample:?}");
                    self.live.take(*sample, Duration::ZERO);
                }
            }
        });
    }
}

/// CPU time a process has used.
fn cpu(pid: &str) -> Duration {
    let text = std::fs::read_to_string(format!("/proc/{pid}/schedstat")).unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0))
}

/// The backend of an application that asked last.
fn backend(cluster: &Cluster, application: &str) -> Option<String> {
    let sql = format!(
        "select pid from pg_stat_activity where application_name = '{application}' order by query_start desc nulls last limit 1"
    );
    server::rows(cluster, "postgres", &sql).into_iter().next()
}

/// Milliseconds of CPU a second, all four panes open.
fn default_rates(cluster: &Cluster, runtime: &Runtime, role: &str) -> f64 {
    let mut watch = Watch::new(cluster, runtime, role);
    for probe in [Probe::Pulse, Probe::Statements, Probe::Health, Probe::Advice] {
        watch.every(probe, probe.every());
    }
    // The advisor's questions and the first plans are no default rate.
    watch.take(runtime, Duration::from_secs(12), usize::MAX);
    let pid = backend(cluster, "bench").expect("the watching backend");
    let (before, begun) = (cpu(&pid), Instant::now());
    watch.take(runtime, WINDOW, usize::MAX);
    (cpu(&pid) - before).as_secs_f64() * 1000.0 / begun.elapsed().as_secs_f64()
}

/// Milliseconds of CPU of one pulse, and how many waited.
fn one_sample(cluster: &Cluster, runtime: &Runtime) -> (f64, usize) {
    let mut watch = Watch::new(cluster, runtime, "postgres");
    watch.every(Probe::Pulse, Duration::from_millis(20));
    watch.take(runtime, Duration::from_secs(60), 5);
    let pid = backend(cluster, "bench").expect("the watching backend");
    let before = cpu(&pid);
    watch.take(runtime, Duration::from_secs(120), SAMPLES);
    let cost = (cpu(&pid) - before).as_secs_f64() * 1000.0 / SAMPLES as f64;
    let pulse = watch.live.pulses.last().expect("a pulse");
    let waiting = pulse.sessions.iter().filter(|s| &*s.wait_type == "Lock").count();
    (cost, waiting)
}

/// What pg_activity costs at its own default rate, in words.
fn peer(cluster: &Cluster, role: &str) -> String {
    let program = std::env::var("PGDECK_PEER").unwrap_or_else(|_| "pg_activity".into());
    let line = format!(
        "stty cols 200 rows 50; exec {program} -h {} -p {} -U {role} -d postgres",
        cluster.folder().display(),
        cluster.port()
    );
    // It draws only on a terminal; script(1) gives it one.
    let mut command = Command::new("script");
    command.args(["-qec", &line, "/dev/null"]).env("TERM", "xterm-256color");
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else { return "not measured: no script(1)".into() };
    std::thread::sleep(Duration::from_secs(8));
    let told = match backend(cluster, "pg_activity") {
        Some(pid) => {
            let (before, begun) = (cpu(&pid), Instant::now());
            std::thread::sleep(WINDOW);
            let used = cpu(&pid).saturating_sub(before).as_secs_f64() * 1000.0;
            format!("{:.1}", used / begun.elapsed().as_secs_f64())
        }
        None => "not measured: it is not in the PATH".into(),
    };
    end(&mut child);
    told
}

fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}
