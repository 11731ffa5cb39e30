//! Samples kept, as one JSON text: what is written to a file.

use super::{
    Names, Pulse,
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
    Pulses(Vec<Pulse>, Names, String),
    Statements(Vec<Interval>, Names, BTreeMap<(u32, i64), Arc<str>>),
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
    pub fn pulses(pulses: Vec<Pulse>, names: Names, grant: String) -> Self {
        Self(Arc::new(Window::Pulses(pulses, names, grant)))
    }

    /// Statements, with the texts that are known.
    #[must_use]
    pub fn statements(history: &History, names: Names) -> Self {
        let intervals: Vec<Interval> = history.intervals.iter().cloned().collect();
        let keys = intervals.iter().flat_map(|i| i.changes.iter().map(|c| c.key));
        let texts =
            keys.filter_map(|key| Some((key.text()?, Arc::clone(&history.text(key)?.text)))).collect();
        Self(Arc::new(Window::Statements(intervals, names, texts)))
    }

    /// The text. Of sessions a sample has those that are new or changed since the sample before, and the pids of those
    /// that ended, so that an hour of mostly idle sessions stays small.
    #[must_use]
    pub fn json(&self) -> String {
        let (what, samples) = match &*self.0 {
            Window::Pulses(pulses, names, grant) => {
                let none = Pulse::default();
                let before = std::iter::once(&none).chain(pulses);
                let samples = before.zip(pulses).map(|(before, pulse)| sample(before, pulse, names, grant));
                ("pgdeck sessions and locks", samples.collect::<Vec<_>>())
            }
            Window::Statements(intervals, names, texts) => {
                let samples = intervals.iter().map(|i| interval(i, names, texts)).collect::<Vec<_>>();
                ("pgdeck statements", samples)
            }
        };
        // A sample a line: to be read by line tools, too.
        let mut text = format!("{{\"what\":{},\"version\":1,\"samples\":[\n", json!(what));
        let lines: Vec<String> = samples.iter().map(Value::to_string).collect();
        text.push_str(&lines.join(",\n"));
        text.push_str("\n]}\n");
        text
    }
}

fn sample(before: &Pulse, pulse: &Pulse, names: &Names, grant: &str) -> Value {
    let known: BTreeMap<i32, _> = before.sessions.iter().map(|s| (s.pid, s)).collect();
    let sessions = pulse.sessions.iter().filter(|s| known.get(&s.pid).is_none_or(|k| !Arc::ptr_eq(k, s)));
    let now: BTreeMap<i32, ()> = pulse.sessions.iter().map(|s| (s.pid, ())).collect();
    let gone: Vec<i32> = known.keys().filter(|pid| !now.contains_key(pid)).copied().collect();
    let changed = Pulse { sessions: sessions.cloned().collect(), edges: vec![], ..pulse.clone() };
    let mut out = told::locks(pulse, names, grant);
    if let (Value::Object(out), Value::Object(mut activity)) =
        (&mut out, told::activity(&changed, names, grant, true))
    {
        out.insert("sessions_changed".into(), activity.remove("sessions").unwrap_or_default());
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
        Live, Sample, Session,
        statements::{Entry, Statements, Taken},
    };
    use std::time::Duration;

    #[test]
    fn what_did_not_change_is_written_once() {
        let session =
            |pid: i32, query: &str| Arc::new(Session { pid, query: query.into(), ..Session::default() });
        let mut live = Live::default();
        for (at, sessions) in [
            (0, vec![session(1, "a"), session(2, "b")]),
            (1, vec![session(1, "a"), session(2, "c")]),
            (2, vec![session(2, "c"), session(3, "d")]),
        ] {
            live.take(Sample::Pulse(Pulse { at, sessions, ..Pulse::default() }), Duration::ZERO);
        }
        let pulses = live.pulses.iter().cloned().collect();
        let text = Export::pulses(pulses, Names::default(), String::new()).json();
        let value: Value = serde_json::from_str(&text).expect("JSON");
        let changed = |n: usize| -> Vec<i64> {
            let sessions = value["samples"][n]["sessions_changed"].as_array().expect("a list");
            let mut pids: Vec<i64> = sessions.iter().filter_map(|s| s["pid"].as_i64()).collect();
            pids.sort_unstable();
            pids
        };
        assert_eq!([changed(0), changed(1), changed(2)], [vec![1, 2], vec![2], vec![3]]);
        assert_eq!(value["samples"][2]["sessions_ended"], json!([1]));
        assert_eq!(text.lines().count(), 5, "a sample a line");
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
        let value: Value =
            serde_json::from_str(&Export::statements(&history, Names::default()).json()).expect("JSON");
        assert_eq!(value["samples"][1]["statements"][0]["calls"], json!(2));
        assert_eq!(value["samples"][0]["statements"], json!([]));
    }
}
