//! What the samples of live panes are counted as taking, against what the process takes: a program of its own, since it
//! looks at the whole of its memory. Needs Linux's `/proc`; elsewhere it says so and looks at the count alone.

use pgdeck::data::{
    health::{Checkup, Line},
    live::{
        Edge, Live, LockObject, Pulse, Sample, Session, Weighed,
        statements::{Counters, Entry, Interval, Key, Statements, Taken},
    },
};
use std::{sync::Arc, time::Duration};

/// Bytes of memory the process has in use.
fn resident() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse::<usize>().ok().map(|kilobytes| kilobytes << 10)
}

/// Sessions a second apart: some work and change all the time, some wait for the first, the rest does nothing.
fn pulse(second: i64, sessions: i32) -> Pulse {
    let one = |pid: i32| {
        let busy = pid % 4 == 0;
        let turn = if busy { second } else { 0 };
        let session = Session {
            pid,
            started: Some(i64::from(pid)),
            application: format!("service {}", pid % 7).as_str().into(),
            client: format!("10.0.0.{}", pid % 250).as_str().into(),
            backend_type: "client backend".into(),
            state: if (turn + i64::from(pid)) % 3 == 0 { "active" } else { "idle in transaction" }.into(),
            wait_type: "Client".into(),
            wait_event: "ClientRead".into(),
            query_start: Some(turn),
            query: format!(
                "select {turn} + {pid} from orders where {}",
                "x = 1 and ".repeat(turn as usize % 40)
            )
            .as_str()
            .into(),
            ..Session::default()
        };
        Arc::new(session)
    };
    let edge = |waiter: i32| {
        let object = LockObject {
            kind: "transactionid".into(),
            xid: second.to_string().as_str().into(),
            ..LockObject::default()
        };
        Arc::new(Edge {
            waiter,
            blocker: 1,
            queue: 1,
            held: "ExclusiveLock".into(),
            object,
            ..Edge::default()
        })
    };
    let edges = (2..sessions / 10).map(edge).collect();
    Pulse { at: second, sessions: (1..=sessions).map(one).collect(), edges, ..Pulse::default() }
}

fn statements(second: i64, entries: i64) -> Statements {
    let one = |id: i64| {
        let calls = if id % 2 == 0 { second } else { 0 };
        let key = Key { role: 10, database: 5, top: true, id: Some(id) };
        Entry { key, counters: Counters { calls, ..Counters::default() }, since: None }
    };
    let taken = Taken { at: second, entries: (0..entries).map(one).collect(), ..Taken::default() };
    Statements { taken: Some(taken), ..Statements::default() }
}

fn checkup(second: i64) -> Checkup {
    let one = |n: i64| {
        let value = if n % 2 == 0 { second } else { 0 };
        let line = Line {
            key: format!("line {n}"),
            name: format!("the name of line {n}"),
            value: format!("{value} transactions"),
            details: (0..n % 5).map(|detail| format!("detail {detail} of {value}")).collect(),
            advice: "what to do, in a sentence or two, as long as such sentences are".into(),
            ..Line::default()
        };
        Arc::new(line)
    };
    Checkup { at: second, lines: (0..80).map(one).collect(), ..Checkup::default() }
}

#[test]
fn what_is_counted_is_what_is_taken_and_the_budget_holds() {
    let mut live = Live::default();
    // What the allocator keeps of the first samples' making is no part of what is held.
    for second in 0..3 {
        live.take(Sample::Pulse(pulse(second, 100)), Duration::ZERO);
        live.take(Sample::Statements(statements(second, 3000)), Duration::ZERO);
    }
    let held = |live: &Live| live.pulses.bytes() + live.statements.bytes() + live.checkups.bytes();
    let (counted, taken) = (held(&live), resident());
    let full = |live: &Live| {
        live.pulses.numbers().start > 0
            && live.statements.intervals.numbers().start > 0
            && live.checkups.numbers().start > 0
    };
    let mut sizes = vec![];
    let mut second = 3;
    while !full(&live) || sizes.len() < 20 {
        second += 1;
        live.take(Sample::Pulse(pulse(second, 100)), Duration::ZERO);
        if live.statements.intervals.numbers().start == 0 || second % 5 == 0 {
            live.take(Sample::Statements(statements(second, 3000)), Duration::ZERO);
        }
        let checkup = match live.checkups.last() {
            Some(last) => checkup(second).sharing(last),
            None => checkup(second),
        };
        live.checkups.push(checkup);
        if full(&live) && second % 100 == 0 {
            sizes.push((
                held(&live) - counted,
                resident().zip(taken).map(|(now, then)| now.saturating_sub(then)),
            ));
        }
        assert!(second < 100_000, "the rings never fill");
    }
    let intervals = &live.statements.intervals;
    for (bytes, budget, samples, most) in [
        (live.pulses.bytes(), Pulse::BUDGET, live.pulses.len(), Pulse::MOST),
        (intervals.bytes(), Interval::BUDGET, intervals.len(), Interval::MOST),
        (live.checkups.bytes(), Checkup::BUDGET, live.checkups.len(), Checkup::MOST),
    ] {
        assert!(bytes <= budget && samples <= most, "{bytes} of {budget}, {samples} of {most}");
        assert!(bytes > budget / 10 * 9 || samples == most, "{bytes} of {budget}, {samples} of {most}");
    }
    assert!(held(&live) <= Live::BUDGET, "{} of {}", held(&live), Live::BUDGET);
    println!("counted and taken, in bytes: {sizes:?}");
    let (Some((counted, Some(taken))), Some((_, Some(middle)))) = (sizes.last(), sizes.get(sizes.len() / 2))
    else {
        println!("no /proc here: only the count was looked at");
        return;
    };
    // What the allocator cannot give back lies between: no more than a fifth.
    assert!(*taken < counted + counted / 5, "counted {counted}, taken {taken}");
    assert!(*taken > counted / 10 * 8, "counted {counted}, taken {taken}");
    // It gives out the gaps between what is kept for a while before all of them are used again.
    assert!(*taken < middle + (2 << 20), "it grows on: {sizes:?}");
}
