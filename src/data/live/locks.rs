//! The tree of who waits for whom, made of the edges of one pulse.
//!
//! Roots are those who block and do not wait, prepared transactions, and one node per cycle. A session that waits for
//! several stands under one of them, the one that came first among those who hold the lock, and names the others.

use super::{Edge, Pulse};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Somebody in the tree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// A session by its pid.
    Session(i32),
    /// A prepared transaction by its name.
    Prepared(String),
}

/// A line of the tree.
#[derive(Clone, Debug, PartialEq)]
pub struct LockNode {
    /// Who.
    pub who: Who,
    /// Steps from the root, from 0.
    pub depth: usize,
    /// What it waits for and why, under this parent. A root has none unless it stands in a cycle.
    pub edge: Option<Arc<Edge>>,
    /// Whom it waits for, too.
    pub also: Vec<Who>,
    /// Distinct sessions below it, each once, with those that are only counted.
    pub blocks: usize,
    /// Those of them that are only counted: they stand in a queue behind the ones of it that were asked for.
    pub unlisted: usize,
    /// Sessions that wait for nobody else and go on at once when this one ends or gives up, of those that are listed.
    pub frees: usize,
    /// Some of these wait for a row, which others may have locked as well: the server names one of its holders.
    pub frees_rows: bool,
    /// Nobody below waits for a lock it holds: they only queue behind what it waits for.
    pub only_ahead: bool,
    /// Stands in a cycle of waiting: a deadlock the server has not broken yet.
    pub cycle: bool,
}

/// The tree, in the order it is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LockTree {
    /// Lines; a line's children follow it one deeper.
    pub nodes: Vec<LockNode>,
    /// Who waits for nobody, and one of each cycle.
    pub roots: usize,
    /// Sessions that wait.
    pub waiting: usize,
    /// Waiting sessions that are only counted: their queue is longer than what was asked for.
    pub more: i64,
}

impl LockTree {
    /// Makes the tree of a pulse.
    #[must_use]
    pub fn of(pulse: &Pulse) -> Self {
        let graph = Graph::of(pulse);
        let more = graph.rests.iter().map(|(_, rest)| rest).sum();
        let mut tree = Self { waiting: graph.waits.len(), more, ..Self::default() };
        let mut roots: Vec<Who> =
            graph.blocks.keys().filter(|who| !graph.waits.contains_key(who)).cloned().collect();
        roots.sort_by_cached_key(|who| (std::cmp::Reverse(graph.below(who).len()), who.clone()));
        let mut placed = BTreeSet::new();
        for root in roots {
            tree.place(&graph, root, None, 0, &mut placed);
        }
        // Who is not below a root waits in a cycle, or behind one.
        while let Some(first) = graph.waits.keys().find(|who| !placed.contains(*who)) {
            let cycle = graph.cycle_from(first);
            let root = cycle.into_iter().next().unwrap_or_else(|| first.clone());
            tree.place(&graph, root, None, 0, &mut placed);
        }
        tree.roots = tree.nodes.iter().filter(|n| n.depth == 0).count();
        tree
    }

    /// Puts somebody and everybody below into the tree.
    fn place(
        &mut self,
        graph: &Graph,
        root: Who,
        edge: Option<Arc<Edge>>,
        depth: usize,
        placed: &mut BTreeSet<Who>,
    ) {
        let mut todo = vec![(root, edge, depth)];
        while let Some((who, edge, depth)) = todo.pop() {
            if !placed.insert(who.clone()) {
                continue;
            }
            let parent = edge.as_ref().map(|e| e.blocker());
            let also = graph.waits.get(&who).into_iter().flatten().map(|e| e.blocker());
            let also: Vec<Who> = also.filter(|other| Some(other) != parent.as_ref()).collect();
            let mut children: Vec<(Who, Arc<Edge>)> = graph
                .blocks
                .get(&who)
                .into_iter()
                .flatten()
                .filter(|e| graph.parent_of(e.waiter, placed).is_none_or(|p| p == who))
                .map(|e| (Who::Session(e.waiter), Arc::clone(e)))
                .collect();
            children.sort_by_key(|(_, e)| (e.since.unwrap_or(i64::MAX), e.place, e.waiter));
            // A node in a cycle is a root and waits: it says for whom.
            let own = edge.clone().or_else(|| graph.waits.get(&who).and_then(|w| w.first()).cloned());
            let below = graph.below(&who);
            let rests = graph.rests.iter().filter(|(last, _)| below.contains(last));
            let unlisted = rests.map(|(_, rest)| usize::try_from(*rest).unwrap_or(0)).sum();
            let freed = graph.freed(&who);
            self.nodes.push(LockNode {
                blocks: below.iter().filter(|w| **w != who).count() + unlisted,
                unlisted,
                frees: freed.len(),
                frees_rows: freed.iter().any(|e| &*e.object.kind == "transactionid"),
                only_ahead: graph.blocks.get(&who).is_some_and(|edges| edges.iter().all(|e| !e.hard)),
                cycle: below.contains(&who),
                edge: own,
                also: if edge.is_some() { also } else { also.into_iter().skip(1).collect() },
                depth,
                who,
            });
            todo.extend(children.into_iter().rev().map(|(who, edge)| (who, Some(edge), depth + 1)));
        }
    }
}

/// Queues that are longer than the edges tell: the last one of each that is told of, and how many more there are.
fn rests(pulse: &Pulse) -> Vec<(Who, i64)> {
    let mut queues: BTreeMap<_, (i64, BTreeSet<i32>, (i64, i32))> = BTreeMap::new();
    for edge in &pulse.edges {
        let o = &edge.object;
        // Of a transaction's end the row is each waiter's own: they all stand in one queue.
        let place = (&*o.kind != "transactionid").then_some((o.database, o.relation, o.page, o.tuple));
        let queue = queues.entry((&o.kind, &o.xid, &o.vxid, o.class, o.object, o.part, place)).or_default();
        queue.0 = edge.queue;
        queue.1.insert(edge.worker.unwrap_or(edge.waiter));
        queue.2 = queue.2.max((edge.place, edge.waiter));
    }
    let rest = |(length, told, (_, last)): (i64, BTreeSet<i32>, (i64, i32))| {
        let rest = length - told.len() as i64;
        (rest > 0).then_some((Who::Session(last), rest))
    };
    queues.into_values().filter_map(rest).collect()
}

/// How many sessions wait for another one: those in the tree, and those that are only counted.
#[must_use]
pub fn waiting(pulse: &Pulse) -> usize {
    let sessions: BTreeSet<i32> = pulse.sessions.iter().map(|s| s.pid).collect();
    let waiters: BTreeSet<i32> =
        pulse.edges.iter().filter(|e| stands(e, |pid| sessions.contains(&pid))).map(|e| e.waiter).collect();
    let more: i64 = rests(pulse).iter().map(|(_, rest)| rest).sum();
    waiters.len() + usize::try_from(more).unwrap_or(0)
}

/// An edge between two who are there. Gone since, or a parallel query that waits for itself: no edge. A blocker without a
/// name (pid 0 of a prepared transaction that ended meanwhile) is gone, too.
fn stands(edge: &Edge, there: impl Fn(i32) -> bool) -> bool {
    edge.waiter != edge.blocker && there(edge.waiter) && (edge.prepared.is_some() || there(edge.blocker))
}

struct Graph {
    /// Who waits → its edges, hard ones of the oldest blocker first.
    waits: BTreeMap<Who, Vec<Arc<Edge>>>,
    /// Who blocks → the edges to it.
    blocks: BTreeMap<Who, Vec<Arc<Edge>>>,
    /// See [`rests`].
    rests: Vec<(Who, i64)>,
}

impl Graph {
    fn of(pulse: &Pulse) -> Self {
        let sessions = pulse.by_pid();
        let mut graph = Self { waits: BTreeMap::new(), blocks: BTreeMap::new(), rests: rests(pulse) };
        for edge in &pulse.edges {
            if !stands(edge, |pid| sessions.contains_key(&pid)) {
                continue;
            }
            graph.waits.entry(Who::Session(edge.waiter)).or_default().push(Arc::clone(edge));
            graph.blocks.entry(edge.blocker()).or_default().push(Arc::clone(edge));
        }
        let age = |edge: &Edge| match &edge.prepared {
            Some(prepared) => prepared.since.unwrap_or(0),
            None => sessions.get(&edge.blocker).and_then(|s| s.xact_start.or(s.started)).unwrap_or(i64::MAX),
        };
        for edges in graph.waits.values_mut() {
            edges.sort_by_key(|e| (!e.hard, age(e), e.blocker));
            // Two workers of one query may wait for the same session.
            edges.dedup_by(|a, b| a.blocker() == b.blocker());
        }
        for edges in graph.blocks.values_mut() {
            edges.sort_by_key(|e| (e.waiter, !e.hard));
            edges.dedup_by_key(|e| e.waiter);
        }
        graph
    }

    /// Under whom a waiter is drawn.
    fn parent_of(&self, waiter: i32, placed: &BTreeSet<Who>) -> Option<Who> {
        let edges = self.waits.get(&Who::Session(waiter))?;
        // In a cycle the first choice may be below the waiter itself: then it is placed already as the root.
        if placed.contains(&Who::Session(waiter)) {
            return None;
        }
        edges.first().map(|e| e.blocker())
    }

    /// Everybody who waits for this one, over any number of steps; itself, too, when it stands in a cycle.
    fn below(&self, who: &Who) -> BTreeSet<Who> {
        let mut below = BTreeSet::new();
        let mut todo = vec![who.clone()];
        while let Some(who) = todo.pop() {
            for edge in self.blocks.get(&who).into_iter().flatten() {
                let waiter = Who::Session(edge.waiter);
                if below.insert(waiter.clone()) {
                    todo.push(waiter);
                }
            }
        }
        below
    }

    /// The edges of those who wait for nobody else. Who queues for a row behind somebody that waits for its holder
    /// comes to wait for the holder instead.
    fn freed(&self, who: &Who) -> Vec<&Arc<Edge>> {
        let waits = self.waits.contains_key(who);
        let only = |edge: &&Arc<Edge>| {
            let queues = waits && &*edge.object.kind == "tuple";
            let edges = self.waits.get(&Who::Session(edge.waiter));
            !queues && edges.is_some_and(|edges| edges.iter().all(|e| e.blocker() == *who))
        };
        self.blocks.get(who).into_iter().flatten().filter(only).collect()
    }

    /// The cycle that is met by going from blocker to blocker, its members in order of their pids.
    fn cycle_from(&self, first: &Who) -> Vec<Who> {
        let mut path = vec![first.clone()];
        loop {
            let last = path.last().cloned().unwrap_or_else(|| first.clone());
            let Some(next) = self.waits.get(&last).and_then(|edges| edges.first()).map(|e| e.blocker())
            else {
                return vec![];
            };
            if let Some(at) = path.iter().position(|who| *who == next) {
                let mut cycle = path.split_off(at);
                cycle.sort();
                return cycle;
            }
            path.push(next);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sessions by number, edges `waiter < blocker` (hard) or `waiter ~ blocker` (soft).
    fn pulse(edges: &str) -> Pulse {
        let mut pulse = Pulse::default();
        let session = |pulse: &mut Pulse, pid: i32| {
            if pid != 0 && pulse.session(pid).is_none() {
                let xact_start = Some(i64::from(pid));
                pulse.sessions.push(Arc::new(Session { pid, xact_start, ..Session::default() }));
            }
        };
        for edge in edges.split(", ").filter(|e| !e.is_empty()) {
            let (waiter, rest) = edge.split_once(' ').expect("waiter");
            let (kind, blocker) = rest.split_once(' ').expect("kind");
            let (waiter, gid) = (waiter.parse().expect("a pid"), blocker.strip_prefix("P:"));
            let blocker = blocker.parse().unwrap_or(0);
            session(&mut pulse, waiter);
            session(&mut pulse, blocker);
            pulse.edges.push(Arc::new(Edge {
                waiter,
                blocker,
                hard: kind == "<",
                queue: 1,
                prepared: gid.map(|gid| Prepared { gid: gid.into(), ..Prepared::default() }),
                object: crate::data::live::LockObject { relation: waiter as u32, ..Default::default() },
                ..Edge::default()
            }));
        }
        pulse
    }

    use crate::data::live::{LockObject, Prepared, Session};

    /// `pid(blocks, frees)`, indented by depth, `!` for a cycle, `+n` for others it waits for.
    fn drawn(edges: &str) -> String {
        let tree = LockTree::of(&pulse(edges));
        let line = |n: &LockNode| {
            let who = match &n.who {
                Who::Session(pid) => pid.to_string(),
                Who::Prepared(gid) => gid.clone(),
            };
            let also = if n.also.is_empty() { String::new() } else { format!(" +{}", n.also.len()) };
            let cycle = if n.cycle { "!" } else { "" };
            format!("{}{who}({}, {}){cycle}{also}", "  ".repeat(n.depth), n.blocks, n.frees)
        };
        tree.nodes.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn chains_and_diamonds() {
        assert_eq!(drawn(""), "");
        assert_eq!(drawn("2 < 1, 3 < 2"), "1(2, 1)\n  2(1, 1)\n    3(0, 0)");
        let diamond = "2 < 1, 3 < 1, 4 < 2, 4 < 3";
        assert_eq!(drawn(diamond), "1(3, 2)\n  2(1, 0)\n    4(0, 0) +1\n  3(1, 0)");
    }

    #[test]
    fn who_queues_is_blamed_besides_who_holds() {
        let pile = "2 < 1, 3 ~ 2, 4 ~ 2, 5 ~ 2";
        assert_eq!(drawn(pile), "1(4, 1)\n  2(3, 3)\n    3(0, 0)\n    4(0, 0)\n    5(0, 0)");
    }

    #[test]
    fn who_holds_what_somebody_waits_for_is_not_only_ahead() {
        let only = |edges: &str| -> Vec<bool> {
            LockTree::of(&pulse(edges)).nodes.iter().map(|n| n.only_ahead).collect()
        };
        assert_eq!(only("2 < 1, 3 ~ 2, 4 ~ 2"), [false, true, false, false]);
        assert_eq!(only("2 < 1, 3 ~ 2, 4 < 2"), [false, false, false, false], "it holds something, too");
    }

    #[test]
    fn a_prepared_transaction_is_a_root() {
        assert_eq!(drawn("2 < P:order-17"), "order-17(1, 1)\n  2(0, 0)");
    }

    #[test]
    fn a_cycle_is_its_own_root() {
        assert_eq!(drawn("1 < 2, 2 < 1, 3 < 2"), "1(2, 1)!\n  2(2, 2)!\n    3(0, 0)");
    }

    #[test]
    fn who_is_only_counted_is_counted_once() {
        let mut pulse = pulse("2 < 1, 3 < 1, 4 < 1");
        let set = |pulse: &mut Pulse, kind: &str, queue: i64| {
            for (edge, row) in pulse.edges.iter_mut().zip([7, 7, 8]) {
                let edge = Arc::get_mut(edge).expect("nobody else's");
                edge.queue = queue;
                edge.object = LockObject {
                    kind: kind.into(),
                    xid: "77".into(),
                    relation: 5,
                    tuple: row,
                    ..Default::default()
                };
            }
        };
        set(&mut pulse, "transactionid", 3);
        assert_eq!(
            (LockTree::of(&pulse).more, waiting(&pulse)),
            (0, 3),
            "two rows, one transaction, one queue"
        );
        set(&mut pulse, "tuple", 3);
        assert_eq!((LockTree::of(&pulse).more, waiting(&pulse)), (3, 6), "two rows, two queues");
        set(&mut pulse, "transactionid", 500);
        let tree = LockTree::of(&pulse);
        assert_eq!((tree.waiting, tree.more, waiting(&pulse)), (3, 497, 500));
        pulse.sessions.retain(|s| s.pid != 3);
        assert_eq!(waiting(&pulse), LockTree::of(&pulse).waiting + 497, "gone since");
    }

    #[test]
    fn who_queues_for_a_row_is_freed_by_its_holder_only() {
        let mut pulse = pulse("2 < 1, 3 < 2, 4 < 2, 4 ~ 3");
        for (edge, kind) in pulse.edges.iter_mut().zip(["transactionid", "tuple", "tuple", "tuple"]) {
            Arc::get_mut(edge).expect("nobody else's").object.kind = kind.into();
        }
        let frees = |pulse: &Pulse| -> Vec<(usize, bool)> {
            LockTree::of(pulse).nodes.iter().map(|n| (n.frees, n.frees_rows)).collect()
        };
        // 3 is next when 2 gives up, and then waits for 1.
        assert_eq!(frees(&pulse), [(1, true), (0, false), (0, false), (0, false)]);
        pulse.edges.remove(0);
        assert_eq!(frees(&pulse)[0], (1, false), "its holder is gone: 2 only has to say that it goes on");
    }

    #[test]
    fn who_is_only_counted_waits_behind_the_same() {
        // A queue of ten of which two are told of, behind 2, which waits for 1; 9 has nothing to do with it.
        let mut pulse = pulse("2 < 1, 3 < 2, 4 < 2, 8 < 9");
        for edge in &mut pulse.edges[1..3] {
            let edge = Arc::get_mut(edge).expect("nobody else's");
            (edge.queue, edge.place) = (10, i64::from(edge.waiter));
            edge.object = LockObject { kind: "tuple".into(), relation: 5, ..Default::default() };
        }
        let tree = LockTree::of(&pulse);
        let counted: Vec<_> = tree.nodes.iter().map(|n| (n.who.clone(), n.blocks, n.unlisted)).collect();
        let who = Who::Session;
        assert_eq!(tree.more, 8);
        assert_eq!(counted[..2], [(who(1), 11, 8), (who(2), 10, 8)]);
        assert!(counted[2..].iter().all(|(_, _, unlisted)| *unlisted == 0), "{counted:?}");
    }

    #[test]
    fn several_holders_and_nobody_left_out() {
        assert_eq!(drawn("3 < 1, 3 < 2, 4 ~ 3"), "1(2, 0)\n  3(1, 1) +1\n    4(0, 0)\n2(2, 0)");
        assert_eq!(drawn("5 < 5"), "", "a query that waits for its own worker waits for nobody else");
    }
}
