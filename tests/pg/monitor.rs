//! The watching lane: samples, names, signals that hit nobody else.

use crate::{
    hub::{CONN, Deck},
    open, run, server, sql,
};
use pgdeck::{
    core::{
        effect::{Effect, Signal, SignalKind},
        event::{News, Signalled},
        ids::JobId,
    },
    data::live::{
        Live, Probe, Sample, Session,
        locks::{LockTree, Who},
        statements::{Key, Lack, Span},
    },
    pg::wire::Item,
};
use std::{sync::Arc, time::Duration};

/// Takes samples until something holds.
async fn until(deck: &mut Deck, mut holds: impl FnMut(&Live) -> bool) -> Live {
    let mut live = Live::default();
    loop {
        live.take(deck.sample().await, Duration::ZERO);
        if holds(&live) {
            return live;
        }
    }
}

fn watch(deck: &mut Deck) {
    let every = Some(Duration::from_millis(50));
    deck.hub.perform(Effect::Watch { conn: CONN, probe: Probe::Pulse, every });
}

fn session(live: &Live, pid: i32) -> Arc<Session> {
    Arc::clone(live.pulses.last().and_then(|p| p.session(pid)).expect("a session"))
}

async fn signal(deck: &mut Deck, job: u64, kind: SignalKind, seen: &Session) -> Signalled {
    let signal = Signal { kind, pid: seen.pid, started: seen.started, query_start: seen.query_start };
    deck.hub.perform(Effect::Signal { job: JobId(job), conn: CONN, signal });
    match deck.news(job).await {
        News::Signalled(outcome) => outcome,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn who_waits_and_for_whom() {
    // On a server of its own: all its waiting sessions are seen.
    let cluster = server::start(Default::default());
    let url = cluster.url("postgres");
    let (mut holder, mut waiter) = (open(&url).await, open(&url).await);
    let hot = "create table hot (id int primary key, v int); insert into hot values (1, 0)";
    server::execute(&cluster, "postgres", hot);
    for statement in ["begin", "update hot set v = 1"] {
        run(&mut holder, &sql(statement)).await.expect("locked");
    }
    let mut deck = Deck::up(&url).await;
    watch(&mut deck);
    let calm = until(&mut deck, |live| !live.pulses.is_empty() && !live.names.databases.is_empty()).await;
    assert!(calm.pulses.last().is_some_and(|p| p.edges.is_empty()), "nobody waits");
    assert!(session(&calm, holder.pid()).idle_in_transaction());
    // It holds no snapshot now, but its transaction wrote: vacuum keeps what is newer than that.
    for _ in 0..3 {
        server::execute(&cluster, "postgres", "select txid_current()");
    }
    let age = |live: &Live, pid: i32| live.pulses.last().and_then(|p| p.xmin_age(p.session(pid)?));
    let old = until(&mut deck, |live| age(live, holder.pid()) >= Some(4)).await;
    assert_eq!(session(&old, holder.pid()), session(&calm, holder.pid()), "older, and yet the same");

    let waiting = waiter.pid();
    let update = tokio::spawn(async move { run(&mut waiter, &sql("update hot set v = 2")).await });
    let live = until(&mut deck, |live| {
        live.pulses.last().is_some_and(|p| !p.edges.is_empty()) && !live.names.relations.is_empty()
    })
    .await;
    let pulse = live.pulses.last().expect("a pulse");
    let edge = &pulse.edges[0];
    assert_eq!((edge.waiter, edge.blocker, edge.hard), (waiting, holder.pid(), true));
    assert_eq!((edge.object.page, edge.object.tuple), (0, 1), "the very row");
    assert_eq!(live.names.relations.get(&edge.object.relation).map(|n| &**n), Some("hot"));
    let tree = LockTree::of(pulse);
    assert_eq!(tree.nodes[0].who, Who::Session(holder.pid()));
    assert_eq!((tree.nodes[0].blocks, tree.nodes[0].frees, tree.waiting), (1, 1, 1));

    // Who is idle in its transaction runs nothing that could be cancelled.
    let idle = session(&live, holder.pid());
    let mut other = (*session(&live, waiting)).clone();
    other.started = other.started.map(|at| at - 1);
    assert_eq!(
        signal(&mut deck, 1, SignalKind::Terminate, &other).await,
        Signalled::Gone,
        "another session by this pid"
    );
    let seen = session(&live, waiting);
    assert_eq!(signal(&mut deck, 2, SignalKind::Cancel, &seen).await, Signalled::Done);
    let items = update.await.expect("ran").expect("read");
    assert!(items.iter().any(|i| matches!(i, Item::Error(e) if e.code == "57014")), "{items:?}");
    assert_eq!(
        signal(&mut deck, 3, SignalKind::Cancel, &seen).await,
        Signalled::Gone,
        "a statement that ended"
    );
    assert_eq!(signal(&mut deck, 4, SignalKind::Terminate, &idle).await, Signalled::Done);
    until(&mut deck, |live| live.pulses.last().is_some_and(|p| p.session(idle.pid).is_none())).await;

    // A watching session that is opened anew has nobody to ask names for: what waited before keeps its own.
    let (hot, mut live) = (edge.object.relation, live.clone());
    let watching = "select pg_terminate_backend(pid) from pg_stat_activity \
        where query like '%clock_timestamp%' and pid <> pg_backend_pid()";
    server::execute(&cluster, "postgres", watching);
    let (mut gone, mut anew) = (false, false);
    while !anew {
        let sample = deck.sample().await;
        gone |= matches!(sample, Sample::Link(Err(_)));
        anew = gone && matches!(&sample, Sample::Names(names) if names.relations.is_empty());
        live.take(sample, Duration::ZERO);
    }
    assert_eq!(live.names.relations.get(&hot).map(|n| &**n), Some("hot"));
}

#[tokio::test]
async fn a_sample_asked_for_again_comes_at_once() {
    let db = server::database();
    let mut deck = Deck::up(&db.url()).await;
    for _ in 0..3 {
        // Otherwise the next one would come in an hour.
        let every = Some(Duration::from_secs(3600));
        deck.hub.perform(Effect::Watch { conn: CONN, probe: Probe::Statements, every });
        while !matches!(deck.sample().await, Sample::Statements(_)) {}
    }
}

#[tokio::test]
async fn what_an_idle_session_is_known_by_is_never_stale() {
    // On a server of its own: its settings change.
    let cluster = server::start(Default::default());
    let url = cluster.url("postgres");
    // Nothing of this one comes from its connection string, so that a setting of the server may rename it.
    let config: tokio_postgres::Config = url.parse().expect("a URL");
    let (nameless, connection) = config.connect(tokio_postgres::NoTls).await.expect("a session");
    tokio::spawn(connection);
    nameless.batch_execute("select 'first'").await.expect("it runs");
    let pid = nameless.query_one("select pg_backend_pid()", &[]).await.expect("it runs").get::<_, i32>(0);
    nameless.batch_execute("select 'first'").await.expect("it runs");
    let mut other = open(&url).await;
    run(&mut other, &sql("select 'other'")).await.expect("it runs");

    let mut deck = Deck::up(&url).await;
    watch(&mut deck);
    // Idle for longer than a session is read whole: from then on the samples only say that it is the same.
    const LONG: i64 = 1_500_000;
    let mut settled = 0;
    let known = until(&mut deck, |live| {
        let idle = |p: &pgdeck::data::live::Pulse| {
            let sessions = [pid, other.pid()].map(|pid| p.session(pid).cloned());
            sessions.iter().flatten().filter(|s| s.state_change.is_some_and(|at| p.at - at > LONG)).count()
                == 2
        };
        settled += u32::from(live.pulses.last().is_some_and(idle));
        settled >= 3
    })
    .await;
    // Somebody who has never seen them reads the same.
    let mut fresh = Deck::up(&url).await;
    watch(&mut fresh);
    let whole = until(&mut fresh, |live| !live.pulses.is_empty()).await;
    for pid in [pid, other.pid()] {
        assert_eq!(session(&known, pid), session(&whole, pid));
    }
    assert_eq!(&*session(&known, pid).query, "select 'first'");

    // What the configuration says now an idle session learns with its next statement.
    for change in ["alter system set application_name = 'renamed'", "select pg_reload_conf()"] {
        server::execute(&cluster, "postgres", change);
    }
    // The server tells its sessions when it gets to it.
    while nameless.query_one("show application_name", &[]).await.expect("it runs").get::<_, &str>(0)
        != "renamed"
    {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    nameless.batch_execute("select 'second'").await.expect("it runs");
    until(&mut deck, |live| {
        let seen = live.pulses.last().and_then(|p| p.session(pid));
        seen.is_some_and(|s| (&*s.application, &*s.query) == ("renamed", "select 'second'"))
    })
    .await;
    // A transaction that is begun and waits is no session that did nothing.
    nameless.batch_execute("begin").await.expect("begun");
    until(&mut deck, |live| {
        live.pulses.last().and_then(|p| p.session(pid)).is_some_and(|s| s.idle_in_transaction())
    })
    .await;
    drop(nameless);
    until(&mut deck, |live| live.pulses.last().is_some_and(|p| p.session(pid).is_none())).await;
}

#[tokio::test]
async fn it_answers_while_catalogs_are_locked() {
    let db = server::database();
    let mut deck = Deck::up(&db.url()).await;
    watch(&mut deck);
    until(&mut deck, |live| !live.pulses.is_empty()).await;
    let mut locker = open(&db.url()).await;
    run(&mut locker, &sql("begin")).await.expect("begun");
    run(&mut locker, &sql("lock table pg_class, pg_attribute, pg_index")).await.expect("locked");
    // Samples from before the lock may still be under way.
    let (pid, mut locked) = (locker.pid(), 0);
    let seen = until(&mut deck, |live| {
        let holds = |s: &Arc<Session>| s.idle_in_transaction() && s.query.starts_with("lock table");
        locked += u32::from(live.pulses.last().and_then(|p| p.session(pid)).is_some_and(holds));
        locked >= 3
    })
    .await;
    assert!(seen.failed.is_empty(), "{:?}", seen.failed);
    run(&mut locker, &sql("rollback")).await.expect("unlocked");
}

/// A server that counts statements: the one all tests share may not.
fn counting() -> &'static pgdeck::demo::cluster::Cluster {
    static CLUSTER: std::sync::OnceLock<pgdeck::demo::cluster::Cluster> = std::sync::OnceLock::new();
    CLUSTER.get_or_init(|| {
        let options = [
            ("shared_preload_libraries", "pg_stat_statements"),
            ("compute_query_id", "on"),
            ("pg_stat_statements.max", "200"),
            ("track_io_timing", "on"),
            ("max_prepared_transactions", "5"),
        ];
        let has_query_id = server::cluster().bins().major >= 14;
        let options = options.into_iter().filter(|(name, _)| has_query_id || *name != "compute_query_id");
        let options = options.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        server::start(pgdeck::demo::cluster::Settings { options, ..Default::default() })
    })
}

fn watch_statements(deck: &mut Deck) {
    let every = Some(Duration::from_millis(50));
    deck.hub.perform(Effect::Watch { conn: CONN, probe: Probe::Statements, every });
}

/// The text of a row's statement.
fn text(live: &Live, key: Key) -> String {
    live.statements.text(key).map(|t| t.text.to_string()).unwrap_or_default()
}

#[tokio::test]
async fn statements_are_counted_between_samples() {
    let cluster = counting();
    server::execute(cluster, "postgres", "create database counted");
    server::execute(
        cluster,
        "counted",
        "create schema \"Monitor tools\"; create extension pg_stat_statements schema \"Monitor tools\"",
    );
    let url = cluster.url("counted");
    let mut worker = open(&url).await;
    let mut deck = Deck::up(&url).await;
    watch_statements(&mut deck);
    let first = until(&mut deck, |live| !live.statements.intervals.is_empty()).await;
    assert_eq!(first.failed, Default::default());
    let mark = first.statements.at(0);
    for n in 0..3 {
        run(&mut worker, &sql(&format!("select {n} as counted_here, pg_sleep(0.01)"))).await.expect("ran");
    }
    let mut live = first;
    let ran = |live: &Live| {
        let number = live.statements.intervals.numbers().end - 1;
        let figures = live.statements.figures(number, Span::Mark, Some(&mark));
        figures.rows.iter().find(|(_, c)| c.calls == 3 && c.rows == 3 && c.exec_ms > 29.0).copied()
    };
    while ran(&live).is_none() {
        live.take(deck.sample().await, Duration::ZERO);
    }
    let (key, counters) = ran(&live).expect("the statement");
    assert!(counters.max_ms.is_some() && counters.deviation_ms().is_some_and(|d| d < counters.exec_ms));
    let ids = vec![key.text().expect("its id")];
    for whole in [false, true] {
        deck.hub.perform(Effect::Texts { conn: CONN, ids: ids.clone(), whole });
        let before = live.statements.texts_came;
        while live.statements.texts_came == before {
            live.take(deck.sample().await, Duration::ZERO);
        }
        assert_eq!(text(&live, key), "select $1 as counted_here, pg_sleep($2)");
    }
    // A reset is told by the server from 14 on, and by smaller counters before.
    run(&mut worker, &sql("select \"Monitor tools\".pg_stat_statements_reset()")).await.expect("reset");
    run(&mut worker, &sql("select 9 as counted_here, pg_sleep(0.01)")).await.expect("ran");
    let once = |live: &Live| {
        let number = live.statements.intervals.numbers().end - 1;
        let rows = live.statements.figures(number, Span::Reset, None).rows;
        rows.iter().any(|(k, c)| *k == key && c.calls == 1)
    };
    while !once(&live) {
        live.take(deck.sample().await, Duration::ZERO);
    }
    let number = live.statements.intervals.numbers().end - 1;
    let since = live.statements.figures(number, Span::Mark, Some(&mark));
    let row = since.rows.iter().find(|(k, _)| *k == key);
    assert_eq!(row.map(|(_, c)| c.calls), Some(1), "counted from zero, not below it");
    // The extension goes while it is watched: said, and found again when it is back.
    run(&mut worker, &sql("drop extension pg_stat_statements")).await.expect("dropped");
    let lacks = |live: &Live| live.statements.setup.as_ref().and_then(|s| s.lacks());
    while lacks(&live) != Some(Lack::Extension) {
        live.take(deck.sample().await, Duration::ZERO);
    }
    run(&mut worker, &sql("create extension pg_stat_statements")).await.expect("created");
    while lacks(&live).is_some() {
        live.take(deck.sample().await, Duration::ZERO);
    }
}

#[tokio::test]
async fn statements_of_others_are_one_row_without_the_right() {
    let cluster = counting();
    server::execute(cluster, "postgres", "create database hidden");
    server::execute(cluster, "postgres", "create role plain login");
    server::execute(cluster, "hidden", "create extension pg_stat_statements; select 'of somebody else'");
    let url = cluster.url("hidden").replace("user=postgres", "user=plain");
    let mut own = open(&url).await;
    run(&mut own, &sql("select 'of its own' as mine")).await.expect("ran");
    let mut deck = Deck::up(&url).await;
    watch_statements(&mut deck);
    // Another test of this server may just have reset all.
    let of_others = |live: &Live| {
        let rows = live.statements.figures(0, Span::Reset, None).rows;
        rows.iter().any(|(key, _)| key.id.is_none())
    };
    let live = until(&mut deck, |live| !live.statements.intervals.is_empty() && of_others(live)).await;
    let setup = live.statements.setup.clone().expect("looked for");
    assert!(setup.may_read && !setup.all_texts && setup.lacks().is_none());
    let rows = live.statements.figures(0, Span::Reset, None).rows;
    assert!(rows.iter().any(|(key, _)| key.id.is_some()), "its own");
    let mut hidden: Vec<_> =
        rows.iter().filter(|(key, _)| key.id.is_none()).map(|(k, _)| (k.role, k.database, k.top)).collect();
    let all = hidden.len();
    hidden.dedup();
    assert!(all > 0 && hidden.len() == all, "one row for each role and database");
    server::execute(cluster, "hidden", "revoke execute on all functions in schema public from public");
    let mut deck = Deck::up(&url).await;
    watch_statements(&mut deck);
    let live = until(&mut deck, |live| live.statements.setup.is_some()).await;
    assert_eq!(live.statements.setup.as_ref().and_then(|s| s.lacks()), Some(Lack::Right));
}

#[tokio::test]
async fn a_server_that_does_not_count_says_so() {
    let db = server::database();
    let mut deck = Deck::up(&db.url()).await;
    watch_statements(&mut deck);
    let live = until(&mut deck, |live| live.statements.setup.is_some()).await;
    let lack = live.statements.setup.as_ref().and_then(|s| s.lacks());
    assert!(matches!(lack, Some(Lack::Library(_) | Lack::Extension | Lack::Files)), "{lack:?}");
    assert!(live.statements.intervals.is_empty());
}

#[tokio::test]
async fn whom_our_own_sessions_wait_for() {
    let db = server::database();
    let mut deck = Deck::up(&db.url()).await;
    let every = Some(Duration::from_millis(50));
    deck.hub.perform(Effect::Watch { conn: CONN, probe: Probe::Own, every });
    let own = |live: &Live| live.own.clone();
    let mut answered = 0;
    // The catalog's session is there before the catalog is locked.
    deck.hub.perform(Effect::LoadCatalog { job: JobId(1), conn: CONN });
    while !matches!(deck.news(1).await, News::Catalog(c) if c.complete) {}
    let mut locker = open(&db.url()).await;
    run(&mut locker, &sql("begin")).await.expect("begun");
    run(&mut locker, &sql("lock table pg_class in access exclusive mode")).await.expect("locked");
    deck.hub.perform(Effect::LoadCatalog { job: JobId(2), conn: CONN });
    let live = until(&mut deck, |live| !own(live).is_empty()).await;
    let wait = &live.own[0];
    assert_eq!((wait.edge.blocker, wait.edge.hard, wait.object.as_str()), (locker.pid(), true, "pg_class"));
    assert!(wait.blocker.as_ref().is_some_and(|s| s.idle_in_transaction()));
    run(&mut locker, &sql("rollback")).await.expect("unlocked");
    until(&mut deck, |live| {
        answered += 1;
        answered > 1 && live.own.is_empty()
    })
    .await;
}

#[tokio::test]
async fn the_whole_text_of_a_statement_and_what_holds_vacuum_back() {
    let cluster = counting();
    server::execute(cluster, "postgres", "create database horizon");
    server::execute(cluster, "horizon", "create table t (v int)");
    let url = cluster.url("horizon");
    let (mut worker, mut preparer) = (open(&url).await, open(&url).await);
    let mut deck = Deck::up(&url).await;
    watch(&mut deck);
    for statement in ["begin", "insert into t values (1)", "prepare transaction 'kept'"] {
        run(&mut preparer, &sql(statement)).await.expect("prepared");
    }
    let text = format!("select pg_sleep(60) /* {} the end */", "x".repeat(900));
    let pid = worker.pid();
    let sleep = text.clone();
    let sleeping = tokio::spawn(async move { run(&mut worker, &sql(&sleep)).await });
    let live = until(&mut deck, |live| {
        live.pulses.last().and_then(|p| p.session(pid)).is_some_and(|s| s.query.contains("pg_sleep"))
    })
    .await;
    let seen = session(&live, pid);
    assert!(!seen.query_lost && !seen.query_cut);
    deck.hub.perform(Effect::WholeQuery { conn: CONN, pid, started: seen.started });
    let live = until(&mut deck, |live| live.query.is_some()).await;
    let whole = live.query.expect("a text");
    assert_eq!((&*whole.text, whole.query_start), (text.as_str(), seen.query_start));
    let every = Some(Duration::from_millis(50));
    deck.hub.perform(Effect::Watch { conn: CONN, probe: Probe::Horizon, every });
    let live = until(&mut deck, |live| live.horizon.is_some()).await;
    let horizon = live.horizon.expect("a horizon");
    assert!(
        horizon.others.iter().any(|o| o.kind == "prepared" && o.name == "kept" && o.age >= 0),
        "{horizon:?}"
    );
    assert_eq!(signal(&mut deck, 7, SignalKind::Terminate, &seen).await, Signalled::Done);
    let _ = sleeping.await;
    run(&mut preparer, &sql("rollback prepared 'kept'")).await.expect("rolled back");
}
