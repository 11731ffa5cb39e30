//! Samples as JSON, for scripts and for what is exported. The fields are documented in the README: they may become more,
//! but never mean something else.

use super::{
    Edge, Micros, Names, Pulse, Session,
    activity::{Order, sorted},
    locks::{LockNode, LockTree, Who},
    words,
};
use crate::data::civil::civil;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Who waits for whom: every edge by itself, and the trees made of them. `grant`: the statement that would show what is
/// hidden.
#[must_use]
pub fn locks(pulse: &Pulse, names: &Names, grant: &str) -> Value {
    let tree = LockTree::of(pulse);
    let told = Told { pulse, names };
    let mut out = told.head(grant);
    out.insert("waiting".into(), tree.waiting.into());
    out.insert("waiting_not_listed".into(), tree.more.into());
    out.insert("edges".into(), told.edges(&tree).into());
    out.insert("trees".into(), told.trees(&tree).into());
    Value::Object(out)
}

/// The sessions, those that work first, parallel workers below their leader. `all`: the server's own processes, too.
#[must_use]
pub fn activity(pulse: &Pulse, names: &Names, grant: &str, all: bool) -> Value {
    let mut out = Told { pulse, names }.head(grant);
    out.insert("sessions".into(), sessions(pulse, &blockers(pulse), names, all).into());
    Value::Object(out)
}

/// For whom each waiting session waits, each once.
pub(super) fn blockers(pulse: &Pulse) -> BTreeMap<i32, Vec<i32>> {
    let mut blockers: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
    for edge in standing(pulse, &LockTree::of(pulse)) {
        let of = blockers.entry(edge.waiter).or_default();
        if !of.contains(&edge.blocker) {
            of.push(edge.blocker);
        }
    }
    blockers
}

/// The sessions of `activity`. `blockers`: for whom they wait.
pub(super) fn sessions(
    pulse: &Pulse,
    blockers: &BTreeMap<i32, Vec<i32>>,
    names: &Names,
    all: bool,
) -> Vec<Value> {
    let told = Told { pulse, names };
    let row = |n: usize| {
        let session = &pulse.sessions[n];
        let mut row = told.session(session);
        let of = blockers.get(&session.pid).map_or(&[][..], Vec::as_slice);
        row.insert("blocked_by".into(), of.into());
        Value::Object(row)
    };
    sorted(pulse, Order::Work, |s| all || s.is_client()).into_iter().map(row).collect()
}

/// The edges that stand: of those who were still there, and no query that waits for itself.
#[must_use]
pub fn standing<'p>(pulse: &'p Pulse, tree: &LockTree) -> Vec<&'p Edge> {
    let there: BTreeSet<&Who> = tree.nodes.iter().map(|n| &n.who).collect();
    let stands = |e: &&Edge| {
        e.waiter != e.blocker && there.contains(&e.blocker()) && there.contains(&Who::Session(e.waiter))
    };
    pulse.edges.iter().map(|e| &**e).filter(stands).collect()
}

/// `2026-01-31T14:02:31.250000Z`: a moment of the server's clock.
#[must_use]
pub fn moment(at: Micros) -> String {
    let (days, rest) = (at.div_euclid(86_400_000_000), at.rem_euclid(86_400_000_000));
    let (year, month, day) = civil(days);
    let (seconds, micros) = (rest / 1_000_000, rest % 1_000_000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
}

/// Seconds between two moments with three digits; null when one is unknown. Clocks of two moments may differ a little.
fn seconds(since: Option<Micros>, now: Micros) -> Value {
    let Some(since) = since else { return Value::Null };
    let millis = ((now - since).max(0) + 500) / 1000;
    json!(millis as f64 / 1000.0)
}

/// A text, or null when there is none.
fn word(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { text.into() }
}

fn modes(list: &str) -> Vec<&str> {
    list.split(',').filter(|m| !m.is_empty()).collect()
}

fn pid(who: &Who) -> i32 {
    match who {
        Who::Session(pid) => *pid,
        Who::Prepared(_) => 0,
    }
}

fn gid(who: &Who) -> Value {
    match who {
        Who::Session(_) => Value::Null,
        Who::Prepared(gid) => gid.as_str().into(),
    }
}

struct Told<'p> {
    pulse: &'p Pulse,
    names: &'p Names,
}

impl Told<'_> {
    fn head(&self, grant: &str) -> Map<String, Value> {
        let masked = self.pulse.sessions.iter().filter(|s| s.masked).count();
        let hidden = (masked > 0).then(|| {
            json!({
                "sessions": masked,
                "of": self.pulse.sessions.len(),
                "what": "state, waits, times and text",
                "grant": grant,
            })
        });
        let took = self.pulse.took.as_micros() as f64 / 1000.0;
        let mut out = Map::new();
        out.insert("at".into(), moment(self.pulse.at).into());
        out.insert("took_ms".into(), json!(took));
        out.insert("database".into(), word(&self.names.database(self.names.database)));
        out.insert("hidden".into(), hidden.unwrap_or_default());
        out
    }

    /// One a waiting session and a blocker: what several workers of a query wait for stands once, the longest wait.
    fn edges(&self, tree: &LockTree) -> Vec<Value> {
        let mut told: Vec<(&Edge, Vec<i32>)> = vec![];
        for edge in standing(self.pulse, tree) {
            let same =
                |(e, _): &&mut (&Edge, Vec<i32>)| e.waiter == edge.waiter && e.blocker() == edge.blocker();
            match told.iter_mut().find(same) {
                Some((_, workers)) => workers.extend(edge.worker),
                None => told.push((edge, edge.worker.into_iter().collect())),
            }
        }
        told.iter().map(|(edge, workers)| self.edge(edge, workers)).collect()
    }

    fn edge(&self, edge: &Edge, workers: &[i32]) -> Value {
        let object = &edge.object;
        let here = object.database == 0 || object.database == self.names.database;
        let relation = self.names.relations.get(&object.relation).filter(|_| here);
        let row =
            matches!(&*object.kind, "tuple" | "transactionid") && object.page >= 0 && object.relation != 0;
        // Where the server does not tell since when: since it came into its present state, at most.
        let session = self.pulse.session(edge.waiter);
        let since = edge.since.or_else(|| session.and_then(|s| s.state_change));
        let by = match &edge.prepared {
            Some(prepared) => format!("the prepared transaction {}", prepared.gid),
            None => format!("pid {}", edge.blocker),
        };
        json!({
            "pid": edge.waiter,
            "worker_pids": workers,
            "blocked_by": edge.blocker,
            "prepared": gid(&edge.blocker()),
            "kind": if edge.hard { "hard" } else { "soft" },
            "wait_seconds": seconds(since, self.pulse.at),
            "wait_at_most": edge.since.is_none() && since.is_some(),
            "lock_type": &*object.kind,
            "database": word(&self.names.database(object.database)),
            "relation": relation.map(|r| &**r),
            "relation_oid": (object.relation != 0).then_some(object.relation),
            "row": row.then(|| format!("({},{})", object.page, object.tuple)),
            "object": words::object(object, self.names),
            "mode_wanted": &*edge.wanted,
            "mode_held": word(words::strongest(&edge.held)),
            "modes_held": modes(&edge.held),
            "modes_ahead": modes(&edge.ahead),
            "queue_place": edge.place,
            "queue_length": edge.queue,
            "why": words::why(edge, &format!("pid {}", edge.waiter), &by, self.names),
        })
    }

    /// A root and everybody below it.
    fn trees(&self, tree: &LockTree) -> Vec<Value> {
        let starts: Vec<usize> = (0..tree.nodes.len()).filter(|n| tree.nodes[*n].depth == 0).collect();
        let mut trees = vec![];
        for (n, start) in starts.iter().enumerate() {
            let nodes = &tree.nodes[*start..starts.get(n + 1).copied().unwrap_or(tree.nodes.len())];
            let root = &nodes[0];
            let circle: Vec<i32> = nodes.iter().filter(|n| n.cycle).map(|n| pid(&n.who)).collect();
            let mut lines = vec![];
            let mut above: Vec<&Who> = vec![];
            for node in nodes {
                above.truncate(node.depth);
                lines.push(self.node(node, above.last().copied()));
                above.push(&node.who);
            }
            trees.push(json!({
                "root": pid(&root.who),
                "prepared": gid(&root.who),
                "depth": nodes.iter().map(|n| n.depth + 1).max(),
                "blocks": root.blocks,
                "frees": root.frees,
                "cycle": circle,
                "nodes": lines,
            }));
        }
        trees
    }

    fn node(&self, node: &LockNode, parent: Option<&Who>) -> Value {
        let mut out = Map::new();
        out.insert("pid".into(), pid(&node.who).into());
        out.insert("prepared".into(), gid(&node.who));
        out.insert("level".into(), (node.depth + 1).into());
        out.insert("parent".into(), parent.map(pid).into());
        out.insert("also_waits_for".into(), node.also.iter().map(pid).collect());
        out.insert("blocks".into(), node.blocks.into());
        out.insert("frees".into(), node.frees.into());
        out.insert("in_cycle".into(), node.cycle.into());
        match &node.who {
            Who::Session(pid) => {
                if let Some(session) = self.pulse.session(*pid) {
                    out.extend(self.session(session).into_iter().filter(|(name, _)| name != "pid"));
                }
            }
            Who::Prepared(gid) => {
                if let Some(prepared) = self.pulse.prepared(gid) {
                    out.insert("role".into(), word(&self.names.role(prepared.owner)));
                    out.insert("database".into(), word(&self.names.database(prepared.database)));
                    out.insert("transaction_seconds".into(), seconds(prepared.since, self.pulse.at));
                }
            }
        }
        Value::Object(out)
    }

    fn session(&self, s: &Session) -> Map<String, Value> {
        let now = self.pulse.at;
        let since = |at: Option<Micros>| seconds(at, now);
        let in_transaction = s.xact_start.filter(|_| s.active() || s.idle_in_transaction() || !s.is_client());
        let fields = json!({
            "pid": s.pid,
            "leader_pid": s.leader.filter(|leader| *leader != s.pid),
            "backend_type": word(&s.backend_type),
            "role": word(&self.names.role(s.role)),
            "database": word(&self.names.database(s.database)),
            "application": word(&s.application),
            "client": word(&s.client),
            "state": word(&s.state),
            "state_seconds": since(s.state_change),
            "wait_event_type": word(&s.wait_type),
            "wait_event": word(&s.wait_event),
            "transaction_seconds": since(in_transaction),
            // Of an idle session: since its last statement began.
            "query_seconds": since(s.query_start),
            "session_seconds": since(s.started),
            "has_xid": s.has_xid,
            "xmin_age": self.pulse.xmin_age(s),
            "query_id": s.query_id.map(|id| id.to_string()),
            "running": (!s.masked).then(|| s.active()),
            // The server says `Session::MASKED` in its place.
            "query": if s.masked { Value::Null } else { word(&s.query) },
            "query_cut": s.query_cut,
            "hidden": s.masked,
        });
        match fields {
            Value::Object(fields) => fields,
            _ => Map::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::live::{LockObject, Prepared};
    use std::sync::Arc;

    fn session(pid: i32, state: &str, masked: bool) -> Arc<Session> {
        Arc::new(Session {
            pid,
            state: state.into(),
            backend_type: if masked { "".into() } else { "client backend".into() },
            state_change: Some(1_000_000),
            xact_start: (!masked).then_some(500_000),
            masked,
            database: 5,
            query: if masked { Session::MASKED.into() } else { "".into() },
            ..Session::default()
        })
    }

    fn edge(waiter: i32, blocker: i32) -> Edge {
        let object = LockObject {
            kind: "relation".into(),
            database: 5,
            relation: 100,
            page: -1,
            ..LockObject::default()
        };
        Edge { waiter, blocker, wanted: "ShareLock".into(), object, ..Edge::default() }
    }

    fn pulse(edges: Vec<Edge>) -> Pulse {
        Pulse {
            at: 3_500_000,
            sessions: vec![
                session(1, "idle in transaction", false),
                session(2, "active", false),
                session(3, "", true),
            ],
            edges: edges.into_iter().map(Arc::new).collect(),
            ..Pulse::default()
        }
    }

    fn names() -> Names {
        let mut names = Names { database: 5, ..Names::default() };
        names.databases.insert(5, "shop".into());
        names.relations.insert(100, "t1".into());
        names
    }

    #[test]
    fn an_edge_has_every_field_a_script_asks_for() {
        let hard = Edge {
            since: Some(2_000_000),
            hard: true,
            held: "AccessShareLock,RowExclusiveLock".into(),
            ..edge(2, 1)
        };
        let told = locks(&pulse(vec![hard, edge(3, 2)]), &names(), "GRANT x");
        let first = &told["edges"][0];
        assert_eq!((&first["pid"], &first["blocked_by"]), (&json!(2), &json!(1)));
        assert_eq!((&first["wait_seconds"], &first["wait_at_most"]), (&json!(1.5), &json!(false)));
        assert_eq!((&first["lock_type"], &first["relation"]), (&json!("relation"), &json!("t1")));
        assert_eq!(
            (&first["mode_wanted"], &first["mode_held"]),
            (&json!("ShareLock"), &json!("RowExclusiveLock"))
        );
        let soft = &told["edges"][1];
        assert_eq!(
            (&soft["kind"], &soft["mode_held"]),
            (&json!("soft"), &Value::Null),
            "it holds nothing yet"
        );
        assert_eq!(
            (&soft["wait_seconds"], &soft["wait_at_most"]),
            (&json!(2.5), &json!(true)),
            "13 does not tell"
        );
        let tree = &told["trees"][0];
        assert_eq!((&tree["root"], &tree["depth"], &tree["blocks"]), (&json!(1), &json!(3), &json!(2)));
        assert_eq!((&tree["nodes"][2]["parent"], &tree["nodes"][2]["level"]), (&json!(2), &json!(3)));
        assert_eq!(
            told["hidden"],
            json!({"sessions": 1, "of": 3, "what": "state, waits, times and text", "grant": "GRANT x"})
        );
        assert_eq!(told["waiting"], json!(2));
    }

    #[test]
    fn who_is_gone_is_no_edge_and_workers_stand_once() {
        let worker = |pid| Edge { worker: Some(pid), ..edge(2, 1) };
        let told = locks(&pulse(vec![worker(8), worker(9), edge(2, 77), edge(2, 2)]), &names(), "");
        assert_eq!(told["edges"].as_array().map(Vec::len), Some(1), "{told}");
        assert_eq!(told["edges"][0]["worker_pids"], json!([8, 9]));
    }

    #[test]
    fn circles_and_prepared_transactions() {
        let told = locks(&pulse(vec![edge(1, 2), edge(2, 1)]), &names(), "");
        assert_eq!(told["trees"][0]["cycle"], json!([1, 2]));
        let prepared =
            Prepared { gid: "order-17".into(), database: 5, since: Some(0), ..Prepared::default() };
        let told = locks(&pulse(vec![Edge { prepared: Some(prepared), ..edge(2, 0) }]), &names(), "");
        let tree = &told["trees"][0];
        assert_eq!((&tree["root"], &tree["prepared"]), (&json!(0), &json!("order-17")));
        assert_eq!(tree["nodes"][0]["transaction_seconds"], json!(3.5));
        assert_eq!(told["edges"][0]["blocked_by"], json!(0));
    }

    #[test]
    fn a_lock_elsewhere_is_not_named_by_our_catalog() {
        let mut far = edge(2, 1);
        far.object.database = 7;
        let told = locks(&pulse(vec![far]), &names(), "");
        assert_eq!(
            (&told["edges"][0]["relation"], &told["edges"][0]["relation_oid"]),
            (&Value::Null, &json!(100))
        );
    }

    #[test]
    fn sessions_say_what_is_hidden_and_for_whom_they_wait() {
        let told = activity(&pulse(vec![edge(2, 1)]), &names(), "GRANT x", false);
        let sessions = told["sessions"].as_array().expect("sessions");
        assert_eq!(sessions.len(), 3);
        let waits = sessions.iter().find(|s| s["pid"] == 2).expect("the one that waits");
        assert_eq!((&waits["running"], &waits["blocked_by"]), (&json!(true), &json!([1])));
        let masked = sessions.iter().find(|s| s["pid"] == 3).expect("the masked one");
        assert_eq!(
            (&masked["hidden"], &masked["state"], &masked["query"]),
            (&json!(true), &Value::Null, &Value::Null)
        );
    }

    #[test]
    fn moments_of_the_calendar() {
        for (at, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
            (1_709_164_799_250_000, "2024-02-28T23:59:59.250000Z"),
            (1_709_164_800_000_000, "2024-02-29T00:00:00.000000Z"),
            (4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z"),
            (1_798_761_599_999_999, "2026-12-31T23:59:59.999999Z"),
        ] {
            assert_eq!(moment(at), text);
        }
    }
}
