//! Health on a real server: every question for every kind of role, locked catalogs, lost and stuck sessions.

use crate::{
    hub::{CONN, Deck},
    open, run, server, sql,
};
use pgdeck::{
    core::effect::Effect,
    data::{
        health::{Checkup, Level, Line},
        live::{
            Live, Probe,
            horizon::{Heed, Reach, holders, worst},
        },
    },
    demo::cluster::{Cluster, Settings},
    pg::queries::health::{ADVICE, EVERY},
};
use std::{sync::Arc, time::Duration};

/// Takes samples until something holds. What never comes fails the test instead of holding up all others.
#[track_caller]
fn until(deck: &mut Deck, live: &mut Live, mut holds: impl FnMut(&Live) -> bool) -> impl Future<Output = ()> {
    let from = std::panic::Location::caller();
    async move {
        let all = async {
            while !holds(live) {
                live.take(deck.sample().await, Duration::ZERO);
            }
        };
        if tokio::time::timeout(Duration::from_secs(300), all).await.is_err() {
            panic!("{from}: never came. Lost: {:?}, failed: {:?}", live.lost, live.failed);
        }
    }
}

fn watch(deck: &mut Deck, probe: Probe) {
    let every = if probe == Probe::Advice { Duration::from_secs(3600) } else { Duration::from_millis(50) };
    deck.hub.perform(Effect::Watch { conn: CONN, probe, every: Some(every) });
}

/// Everything was asked at least once.
fn complete(live: &Live) -> bool {
    EVERY.iter().chain(ADVICE).all(|q| live.vitals.part(q.part).is_some())
}

fn checkup(live: &Live) -> &Checkup {
    live.checkups.last().expect("a checkup")
}

fn as_role(db: &server::Database, role: &str) -> String {
    format!("host={} port={} dbname={} user={role}", db.host(), server::cluster().port(), db.name)
}

#[tokio::test]
async fn no_role_sees_an_error_and_what_it_does_not_see_is_named_with_a_grant() {
    let db = server::database_with_posts();
    let (plain, monitor) = (format!("plain_{}", db.name), format!("monitor_{}", db.name));
    db.execute(&format!(
        "create role {plain} login; create role {monitor} login; grant pg_monitor to {monitor}"
    ));
    // Somebody else's session, for there to be one that is not seen.
    let _other = open(&db.url()).await;
    for (role, may) in [("postgres", "all"), (&*monitor, "most"), (&*plain, "little")] {
        let mut deck = Deck::up(&as_role(&db, role)).await;
        let mut live = Live::default();
        for probe in [Probe::Pulse, Probe::Statements, Probe::Health, Probe::Advice] {
            watch(&mut deck, probe);
        }
        until(&mut deck, &mut live, |live| complete(live) && !live.pulses.is_empty()).await;
        assert!(live.failed.is_empty() && live.lost.is_none(), "{role}: {:?} {:?}", live.failed, live.lost);
        for question in EVERY.iter().chain(ADVICE) {
            let trouble = live.vitals.trouble(question.part);
            let expected = may == "little" && trouble.is_some_and(|t| t.code == "42501");
            assert!(trouble.is_none() || expected, "{role}: {}: {trouble:?}", question.part);
        }
        let hidden: Vec<&Arc<Line>> =
            checkup(&live).lines.iter().filter(|line| line.level == Level::Hidden).collect();
        let keys: Vec<&str> = hidden.iter().map(|line| &*line.key).collect();
        match may {
            "all" => assert!(keys.is_empty(), "{keys:?}"),
            "most" => assert_eq!(keys, ["sight:tables", "sight:sequences"], "{role}"),
            _ => {
                for key in [
                    "temp-now",
                    "hidden-sessions",
                    "sight:tables",
                    "idle-in-transaction",
                    "long-transaction",
                    "autovacuum",
                    "horizon",
                ] {
                    assert!(keys.contains(&key), "{role}: {key} in {keys:?}");
                }
                // The lock table shows it to everybody.
                assert!(
                    checkup(&live).line("lock-waits").is_some_and(|l| l.level != Level::Hidden),
                    "{role}"
                );
            }
        }
        for line in hidden {
            let sql = line.sql.as_deref().unwrap_or_default();
            assert!(sql.starts_with("GRANT pg_") || sql.starts_with("GRANT SELECT"), "{role}: {line:?}");
            assert!(sql.ends_with(&format!("TO {role};")), "{role}: {line:?}");
        }
    }
    drop(db);
    server::execute(server::cluster(), "postgres", &format!("drop role {plain}; drop role {monitor}"));
}

#[tokio::test]
async fn the_advisor_finds_what_there_is_and_its_sql_is_right() {
    let db = server::database();
    db.execute(
        "create table parent (id int primary key);
         create table \"Odd Name\" (id int primary key, parent_id int references parent, a int, b text);
         insert into parent select generate_series(1, 100);
         insert into \"Odd Name\" select g, 1 + g % 100, g, md5(g::text) || md5(g::text) from generate_series(1, 40000) g;
         create index on \"Odd Name\" (a); create index twice on \"Odd Name\" (a); create index on \"Odd Name\" (b);
         create sequence short as smallint; select setval('short', 32000);
         delete from \"Odd Name\" where id % 3 <> 0; analyze;
         update pg_index set indisvalid = false where indexrelid = 'twice'::regclass",
    );
    let mut deck = Deck::up(&db.url()).await;
    let mut live = Live::default();
    watch(&mut deck, Probe::Health);
    watch(&mut deck, Probe::Advice);
    until(&mut deck, &mut live, complete).await;
    let lines = &checkup(&live).lines;
    let sql_of = |start: &str| {
        let line = lines.iter().find(|line| line.name.starts_with(start));
        line.unwrap_or_else(|| panic!("{start} in {lines:#?}")).sql.clone().unwrap_or_default()
    };
    let fixes = [
        ("Invalid index twice", "REINDEX INDEX CONCURRENTLY public.twice;"),
        ("No index for Odd Name_parent_id_fkey", "CREATE INDEX CONCURRENTLY ON \"Odd Name\" (parent_id);"),
        ("Unused index Odd Name_b_idx", "DROP INDEX CONCURRENTLY public.\"Odd Name_b_idx\";"),
        ("Sequence short", "ALTER SEQUENCE public.short AS bigint;"),
        ("Dead rows of Odd Name", "VACUUM (VERBOSE, ANALYZE) public.\"Odd Name\";"),
    ];
    for (line, fix) in fixes {
        assert_eq!(sql_of(line), fix);
        // What is advised can be done.
        server::execute(server::cluster(), &db.name, fix);
    }
}

#[tokio::test]
async fn health_answers_while_catalogs_are_locked() {
    // A server of its own: two of these catalogs are all databases' and keep everybody out.
    let cluster = server::start(Settings::default());
    let url = cluster.url("postgres");
    let mut deck = Deck::up(&url).await;
    let mut live = Live::default();
    watch(&mut deck, Probe::Health);
    watch(&mut deck, Probe::Pulse);
    until(&mut deck, &mut live, |live| live.checkups.len() >= 2 && !live.pulses.is_empty()).await;
    for catalog in ["pg_class", "pg_database", "pg_authid", "pg_attribute"] {
        let mut locker = open(&url).await;
        run(&mut locker, &sql("begin")).await.expect("begun");
        run(&mut locker, &sql(&format!("lock table {catalog} in access exclusive mode")))
            .await
            .expect("locked");
        // Everything is asked anew, as if Health had been opened just now.
        watch(&mut deck, Probe::Health);
        let (pulses, checkups) = (live.pulses.numbers().end, live.checkups.numbers().end);
        until(&mut deck, &mut live, |live| {
            live.pulses.numbers().end >= pulses + 3 && live.checkups.numbers().end >= checkups + 2
        })
        .await;
        assert!(
            live.failed.is_empty() && live.lost.is_none(),
            "{catalog}: {:?} {:?}",
            live.failed,
            live.lost
        );
        for part in ["server", "connections", "database", "wal", "horizon"] {
            assert_eq!(live.vitals.trouble(part), None, "{catalog}: {part}");
        }
        assert!(checkup(&live).line("connections").is_some(), "{catalog}");
        run(&mut locker, &sql("rollback")).await.expect("unlocked");
    }
}

/// The pid of the watching session: of the deck's two sessions the one that asked something else than who is there.
async fn watcher(cluster: &Cluster) -> i32 {
    let sql = "select pid::text from pg_stat_activity where application_name = 'deck' and query not like '%pg_backend_pid()%'";
    for _ in 0..300 {
        if let [pid] = &server::rows(cluster, "postgres", sql)[..] {
            return pid.parse().expect("a pid");
        }
        // the deck lives on this very thread
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("there is no one watching session");
}

/// A process that is stopped until this goes.
struct Stopped(i32);

impl Drop for Stopped {
    fn drop(&mut self) {
        kill("CONT", self.0);
    }
}

fn kill(signal: &str, pid: i32) {
    let done =
        std::process::Command::new("/bin/sh").args(["-c", &format!("kill -s {signal} {pid}")]).status();
    assert!(done.is_ok_and(|s| s.success()), "kill -s {signal} {pid}");
}

#[tokio::test]
async fn it_comes_back_by_itself_and_keeps_its_samples() {
    let settings = Settings {
        options: vec![
            ("max_connections".into(), "10".into()),
            ("superuser_reserved_connections".into(), "2".into()),
        ],
        ..Settings::default()
    };
    let cluster = server::start(settings);
    server::execute(&cluster, "postgres", "create role app login; create role crowd login");
    let as_role = |role| {
        format!("host={} port={} dbname=postgres user={role}", cluster.folder().display(), cluster.port())
    };
    let (url, crowd) = (as_role("app"), as_role("crowd"));
    let mut deck = Deck::up(&url).await;
    let mut live = Live::default();
    watch(&mut deck, Probe::Health);
    until(&mut deck, &mut live, |live| live.checkups.len() >= 2).await;
    let kept = |live: &Live| live.checkups.numbers().start == 0 && live.checkups.len() >= 2;

    // Out of connections: what it had is lost, and nobody is let in.
    let mut others = vec![];
    let mine = "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'app'";
    // Held off until all places are taken, for the deck not to be the quicker one.
    server::execute(&cluster, "postgres", "alter role app connection limit 0");
    server::execute(&cluster, "postgres", mine);
    while others.len() < 8 {
        if let Ok(session) = crate::try_open(&crowd).await {
            others.push(session);
        }
    }
    server::execute(&cluster, "postgres", "alter role app connection limit -1");
    until(&mut deck, &mut live, |live| {
        live.lost
            .as_ref()
            .and_then(|lost| lost.tried.as_deref())
            .is_some_and(|why| why.contains("remaining connection slots") || why.contains("too many clients"))
    })
    .await;
    assert!(kept(&live));
    drop(others);
    let before = live.checkups.numbers().end;
    until(&mut deck, &mut live, |live| live.lost.is_none() && live.checkups.numbers().end > before).await;

    // A session that hangs is left, and a new one asked.
    let stuck = Stopped(watcher(&cluster).await);
    kill("STOP", stuck.0);
    until(&mut deck, &mut live, |live| {
        live.lost.as_ref().is_some_and(|lost| lost.why.contains("did not answer"))
    })
    .await;
    assert!(kept(&live));
    let before = live.checkups.numbers().end;
    until(&mut deck, &mut live, |live| live.lost.is_none() && live.checkups.numbers().end > before).await;
    drop(stuck);

    // One backend that dies takes all with it; what tables want is then looked at anew.
    watch(&mut deck, Probe::Advice);
    let looked_at = |live: &Live| live.vitals.part("bloat").map(|part| part.at);
    until(&mut deck, &mut live, |live| looked_at(live).is_some()).await;
    let looked = looked_at(&live);
    kill("KILL", watcher(&cluster).await);
    until(&mut deck, &mut live, |live| live.lost.is_some()).await;
    let before = live.checkups.numbers().end;
    until(&mut deck, &mut live, |live| live.lost.is_none() && live.checkups.numbers().end > before).await;
    until(&mut deck, &mut live, |live| looked_at(live) > looked).await;
    assert!(kept(&live));
}

#[tokio::test]
async fn neither_a_vacuum_nor_another_database_holds_vacuum_back_here() {
    // A server of its own: nobody else's snapshots, and a clock of transactions that only this moves.
    let cluster = server::start(Settings::default());
    let url = cluster.url("postgres");
    server::execute(&cluster, "postgres", "create database elsewhere");
    let big = "create table big as select g, g::text as t from generate_series(1, 200000) g; delete from big where g % 2 = 0";
    server::execute(&cluster, "postgres", big);
    let mut there = open(&cluster.url("elsewhere")).await;
    for statement in ["begin isolation level repeatable read", "select 1"] {
        run(&mut there, &sql(statement)).await.expect("a snapshot");
    }
    let mut vacuums = open(&url).await;
    for slow in ["set vacuum_cost_delay = 100", "set vacuum_cost_limit = 1"] {
        run(&mut vacuums, &sql(slow)).await.expect("set");
    }
    let (there_pid, vacuum_pid) = (there.pid(), vacuums.pid());
    let vacuum = tokio::spawn(async move { run(&mut vacuums, &sql("vacuum (analyze) big")).await });

    let mut deck = Deck::up(&url).await;
    let mut live = Live::default();
    for probe in [Probe::Pulse, Probe::Horizon, Probe::Health] {
        watch(&mut deck, probe);
    }
    let reaches = |live: &Live| -> Vec<(Option<i32>, Reach)> {
        let Some(pulse) = live.pulses.last() else { return vec![] };
        let all = holders(pulse, live.horizon.as_ref(), &live.names);
        all.iter().map(|h| (h.pid, h.reach)).collect()
    };
    let expected = [(Some(there_pid), Reach::Elsewhere), (Some(vacuum_pid), Reach::Nowhere)];
    until(&mut deck, &mut live, |live| {
        live.horizon.is_some() && reaches(live) == expected && live.vitals.part("horizon").is_some()
    })
    .await;
    let heed = live.pulses.last().and_then(|p| p.session(vacuum_pid)).map(|s| s.heed);
    assert_eq!(heed, Some(Heed::No), "its progress is surer than its text, which speaks of analysing, too");
    watch(&mut deck, Probe::Health);
    until(&mut deck, &mut live, |live| {
        checkup(live).line("horizon").is_some_and(|line| line.details.len() == 4)
    })
    .await;
    let line = checkup(&live).line("horizon").expect("a line").clone();
    assert_eq!((&*line.value, line.level), ("nobody holds vacuum back here", Level::Good));
    let place = |what: &str| line.details.iter().position(|d| d.contains(what));
    assert_eq!(place(&format!("pid {there_pid} ")), Some(1), "{line:?}");
    assert_eq!(place(&format!("pid {vacuum_pid} ")), Some(3), "{line:?}");

    // One of this database counts, and so does the server's own word for it: its rows are kept.
    let mut here = open(&url).await;
    for statement in ["begin isolation level repeatable read", "select 1"] {
        run(&mut here, &sql(statement)).await.expect("a snapshot");
    }
    let here_pid = here.pid();
    until(&mut deck, &mut live, |live| reaches(live).first() == Some(&(Some(here_pid), Reach::Here))).await;
    let pulse = live.pulses.last().expect("a pulse");
    assert_eq!(worst(&holders(pulse, live.horizon.as_ref(), &live.names)), None, "it is young");
    vacuum.abort();
    server::execute(&cluster, "postgres", &format!("select pg_cancel_backend({vacuum_pid})"));

    // The server agrees: a snapshot of another database kept no row, so the table is cut off.
    drop(here);
    for statement in
        ["create table small as select generate_series(1, 100)", "delete from small", "vacuum small"]
    {
        server::execute(&cluster, "postgres", statement);
    }
    let size = server::rows(&cluster, "postgres", "select pg_relation_size('small')::text");
    assert_eq!(size, ["0"]);
    drop(there);
}
