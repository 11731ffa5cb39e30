//! Samples kept, as one JSON text: what is written to a file.

use super::{
    Names, Pulse, Session,
    statements::{Counters, History, Interval, Key},
    told,
};
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, sync::Arc};

/// Samples to be written, made into text where it may take its time. Two are the same when they are one.
#[derive(Clone, Debug)]
pub struct Export(Arc<Window>);

#[derive(Debug)]
enum Window {
    Pulses(Vec<Arc<Pulse>>, Names, String),
    Statements(Vec<Arc<Interval>>, Names, BTreeMap<(u32, i64), Arc<str>>),
}

impl PartialEq for Export {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Export {}

impl Export {
    /// Sessions and locks. `grant`: see `told::locks`.
    #[must_use]
    pub fn pulses(pulses: Vec<Arc<Pulse>>, names: Names, grant: String) -> Self {
        Self(Arc::new(Window::Pulses(pulses, names, grant)))
    }

    /// Statements, with the texts that are known.
    #[must_use]
    pub fn statements(history: &History, names: Names) -> Self {
        let intervals = history.intervals.all();
        let keys = intervals.iter().flat_map(|i| i.changes.iter().map(|c| c.key));
        let texts =
            keys.filter_map(|key| Some((key.text()?, Arc::clone(&history.text(key)?.text)))).collect();
        Self(Arc::new(Window::Statements(intervals, names, texts)))
    }

    /// The text, a sample a line, made line by line: no more than one is in memory. Of sessions a sample has those that are
    /// new or changed since the sample before, or wait for others, and the pids of those that ended, so that an hour of
    /// mostly idle sessions stays small.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        let (what, samples) = match &*self.0 {
            Window::Pulses(pulses, ..) => ("pgdeck sessions and locks", pulses.len()),
            Window::Statements(intervals, ..) => ("pgdeck statements", intervals.len()),
        };
        let head = format!("{{\"what\":{},\"version\":1,\"samples\":[\n", json!(what));
        let line = move |n: usize| {
            let comma = if n + 1 < samples { "," } else { "" };
            format!("{}{comma}\n", self.sample(n))
        };
        std::iter::once(head).chain((0..samples).map(line)).chain(std::iter::once("]}\n".into()))
    }

    fn sample(&self, n: usize) -> Value {
        match &*self.0 {
            Window::Pulses(pulses, names, grant) => {
                let none = Pulse::default();
                let before = n.checked_sub(1).map_or(&none, |n| &*pulses[n]);
                sample(before, &pulses[n], names, grant)
            }
            Window::Statements(intervals, names, texts) => interval(&intervals[n], names, texts),
        }
    }
}

fn sample(before: &Pulse, pulse: &Pulse, names: &Names, grant: &str) -> Value {
    let (known, now) = (before.by_pid(), pulse.by_pid());
    let (waited, wait) = (told::blockers(before), told::blockers(pulse));
    let same = |s: &Arc<Session>| {
        known.get(&s.pid).is_some_and(|k| Arc::ptr_eq(k, s)) && waited.get(&s.pid) == wait.get(&s.pid)
    };
    let gone: Vec<i32> = known.keys().filter(|pid| !now.contains_key(pid)).copied().collect();
    let changed = pulse.sessions.iter().filter(|s| !same(s)).cloned().collect();
    let changed = Pulse { sessions: changed, next: pulse.next, at: pulse.at, ..Pulse::default() };
    let mut out = told::locks(pulse, names, grant);
    if let Value::Object(out) = &mut out {
        out.insert("sessions_changed".into(), told::sessions(&changed, &wait, names, true).into());
        out.insert("sessions_ended".into(), gone.into());
    }
    out
}

fn interval(i: &Interval, names: &Names, texts: &BTreeMap<(u32, i64), Arc<str>>) -> Value {
    let ran = i.changes.iter().filter_map(|change| {
        let grown = change.now.as_ref()?.grown(change.before.as_deref(), i.reset);
        let text = change.key.text().and_then(|id| texts.get(&id));
        Some(statement(change.key, &grown, names, text.map(|t| &**t)))
    });
    json!({
        "at": told::moment(i.at),
        "from": i.from.map(told::moment),
        "took_ms": i.took.as_micros() as f64 / 1000.0,
        "reset": i.reset,
        "evicted_since_reset": i.evicted,
        "entries": i.statements,
        "statements": ran.collect::<Vec<_>>(),
    })
}

fn statement(key: Key, c: &Counters, names: &Names, text: Option<&str>) -> Value {
    let mut out = Map::new();
    let fields = json!({
        "role": names.role(key.role),
        "database": names.database(key.database),
        "top_level": key.top,
        "query_id": key.id.map(|id| id.to_string()),
        "query": text,
        "calls": c.calls,
        "rows": c.rows,
        "plans": c.plans,
        "exec_ms": c.exec_ms,
        "plan_ms": c.plan_ms,
        "mean_ms": c.mean_ms(),
        "deviation_ms": c.deviation_ms(),
        "max_ms": c.max_ms,
        "shared_blocks_hit": c.hit,
        "shared_blocks_read": c.read,
        "shared_blocks_dirtied": c.dirtied,
        "shared_blocks_written": c.written,
        "local_blocks": c.local,
        "temp_blocks_read": c.temp_read,
        "temp_blocks_written": c.temp_written,
        "io_ms": c.io_ms,
        "wal_bytes": c.wal_bytes,
        "jit_ms": c.jit_ms,
    });
    if let Value::Object(fields) = fields {
        out.extend(fields);
    }
    Value::Object(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::live::{
        Edge, Live, Sample,
        statements::{Entry, Statements, Taken},
    };
    use std::time::Duration;

    #[test]
    fn what_did_not_change_is_written_once() {
        let session =
            |pid: i32, query: &str| Arc::new(Session { pid, query: query.into(), ..Session::default() });
        let edge = |waiter, blocker| vec![Arc::new(Edge { waiter, blocker, ..Edge::default() })];
        let mut live = Live::default();
        for (at, sessions, edges) in [
            (0, vec![session(1, "a"), session(2, "b")], vec![]),
            (1, vec![session(1, "a"), session(2, "c")], edge(2, 1)),
            (2, vec![session(2, "c"), session(3, "d")], edge(2, 3)),
            (3, vec![session(2, "c"), session(3, "d")], edge(2, 3)),
        ] {
            live.take(Sample::Pulse(Pulse { at, sessions, edges, ..Pulse::default() }), Duration::ZERO);
        }
        let export = Export::pulses(live.pulses.all(), Names::default(), String::new());
        let text: String = export.lines().collect();
        let value: Value = serde_json::from_str(&text).expect("JSON");
        let changed = |n: usize| -> Vec<i64> {
            let sessions = value["samples"][n]["sessions_changed"].as_array().expect("a list");
            let mut pids: Vec<i64> = sessions.iter().filter_map(|s| s["pid"].as_i64()).collect();
            pids.sort_unstable();
            pids
        };
        assert_eq!(
            [changed(0), changed(1), changed(2), changed(3)],
            [vec![1, 2], vec![2], vec![2, 3], vec![]]
        );
        let blocked = |n: usize| &value["samples"][n]["sessions_changed"][0]["blocked_by"];
        assert_eq!(
            (blocked(1), blocked(2)),
            (&json!([1]), &json!([3])),
            "whom it waits for, though it did not change"
        );
        assert_eq!(value["samples"][2]["sessions_ended"], json!([1]));
        assert_eq!(text.lines().count(), 6, "a sample a line");
    }

    #[test]
    fn statements_are_written_as_what_was_added() {
        let mut history = History::default();
        for calls in [5, 7] {
            let key = Key { database: 5, id: Some(9), ..Key::default() };
            let entry = Entry { key, counters: Counters { calls, ..Counters::default() }, since: None };
            let taken = Taken { at: calls, entries: vec![entry], ..Taken::default() };
            history.take(Statements { taken: Some(taken), ..Statements::default() });
        }
        let text: String = Export::statements(&history, Names::default()).lines().collect();
        let value: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(value["samples"][1]["statements"][0]["calls"], json!(2));
        assert_eq!(value["samples"][0]["statements"], json!([]));
    }
}
