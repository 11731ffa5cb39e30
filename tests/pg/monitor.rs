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
        Live, Probe, Session,
        locks::{LockTree, Who},
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
    let db = server::database();
    let (mut holder, mut waiter) = (open(&db.url()).await, open(&db.url()).await);
    db.execute("create table hot (id int primary key, v int); insert into hot values (1, 0)");
    for statement in ["begin", "update hot set v = 1"] {
        run(&mut holder, &sql(statement)).await.expect("locked");
    }
    let mut deck = Deck::up(&db.url()).await;
    watch(&mut deck);
    let calm = until(&mut deck, |live| !live.pulses.is_empty() && !live.names.databases.is_empty()).await;
    assert!(calm.pulses.last().is_some_and(|p| p.edges.is_empty()), "nobody waits");
    assert!(session(&calm, holder.pid()).idle_in_transaction());

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
    let seen = until(&mut deck, |live| live.pulses.len() >= 3).await;
    assert!(seen.failed.is_empty(), "{:?}", seen.failed);
    run(&mut locker, &sql("rollback")).await.expect("unlocked");
}
