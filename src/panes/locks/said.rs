//! In words: who stands at the head of a queue, and what ending somebody does for the others.

use crate::{
    data::live::{
        Edge, Names, Pulse, Session,
        locks::{LockNode, LockTree, Who},
        words,
    },
    views::live,
};
use std::sync::Arc;

/// Most of a kind that are named.
const NAMED: usize = 3;

/// What ending this one does for the others.
pub(super) fn frees(node: &LockNode) -> String {
    let share = if node.frees_rows { ", unless others share a row's lock with it" } else { "" };
    let (frees, blocks) = (node.frees, node.blocks);
    match frees {
        0 if blocks == 0 => "Nobody waits for it.".into(),
        0 if node.edge.as_ref().is_some_and(|e| matches!(&*e.object.kind, "transactionid" | "tuple")) => {
            format!("{blocks} wait behind it. Ending it lets none of them go on: they wait for the row, too.")
        }
        0 => format!("{blocks} wait behind it, all of them for others, too."),
        _ if frees == blocks => format!("This lets {frees} go on{share}."),
        _ if node.unlisted > 0 => {
            format!("This lets at least {frees} of the {blocks} behind it go on at once{share}.")
        }
        _ => format!(
            "This lets {frees} of the {blocks} behind it go on at once{share}; the others wait for somebody else."
        ),
    }
}

/// Those behind it queue only because it does: nothing else is in their way.
pub(super) fn only_queues(node: &LockNode) -> bool {
    node.only_ahead && node.edge.is_some() && node.frees > 0 && node.frees + node.unlisted == node.blocks
}

/// What somebody who waits for nobody has that others wait for, and for how long.
pub(super) fn root(
    who: &Who,
    called: &str,
    session: Option<&Session>,
    pulse: &Pulse,
    names: &Names,
) -> String {
    let mut has: Vec<String> = vec![];
    for edge in pulse.edges.iter().filter(|e| e.hard && e.blocker() == *who) {
        let one = held(edge, names);
        if !has.contains(&one) {
            has.push(one);
        }
    }
    let more = if has.len() > NAMED { " …" } else { "" };
    has.truncate(NAMED);
    let has = if has.is_empty() { String::new() } else { format!(" has {}{more}", has.join(", ")) };
    let since = match (who, session) {
        (Who::Prepared(gid), _) => pulse.prepared(gid).map(|p| {
            let age = live::age(p.since, pulse.at);
            format!("; prepared {age} ago by {} in {}", names.role(p.owner), names.database(p.database))
        }),
        (_, Some(s)) if s.xact_start.is_some() => {
            Some(format!("; in its transaction for {}", live::age(s.xact_start, pulse.at)))
        }
        (_, Some(s)) if &*s.state == "idle" => Some(
            "; idle and in no transaction: it keeps this until it releases it or its session ends (K)".into(),
        ),
        _ => None,
    };
    format!("{called}{has}{}.", since.unwrap_or_default())
}

/// What the blocker of an edge has.
fn held(edge: &Edge, names: &Names) -> String {
    let object = words::object(&edge.object, names);
    match &*edge.object.kind {
        "transactionid" if edge.object.relation == 0 => "changed what others wait for".into(),
        "transactionid" => format!("locked {object}"),
        "virtualxid" => "an older snapshot".into(),
        _ => format!("{} on {object}", words::short(words::strongest(&edge.held))),
    }
}

/// Those who wait for this one, too, and stand under another one.
pub(super) fn elsewhere(tree: &LockTree, who: &Who) -> Option<String> {
    let others = tree.nodes.iter().filter(|n| n.also.contains(who));
    let mut pids: Vec<String> = others.map(|n| name(&n.who)).collect();
    let more = if pids.len() > NAMED { " …" } else { "" };
    pids.truncate(NAMED);
    (!pids.is_empty()).then(|| format!("Behind it, listed under others: {}{more}.", pids.join(", ")))
}

/// Who waits for each other.
pub(super) fn deadlock(tree: &LockTree) -> Option<String> {
    let circle = tree.nodes.iter().filter(|n| n.cycle).take(NAMED).map(|n| match &n.who {
        Who::Session(pid) => pid.to_string(),
        Who::Prepared(gid) => gid.clone(),
    });
    let circle: Vec<String> = circle.collect();
    (!circle.is_empty()).then(|| format!("deadlock of {}", circle.join(" and ")))
}

/// `pid 4711`.
pub(super) fn name(who: &Who) -> String {
    match who {
        Who::Session(pid) => format!("pid {pid}"),
        Who::Prepared(gid) => format!("prepared transaction {gid}"),
    }
}

/// Everything a line can be found by.
pub(super) fn text(node: &LockNode, session: Option<&Arc<Session>>, names: &Names) -> String {
    let object = node.edge.as_ref().map(|e| words::object(&e.object, names)).unwrap_or_default();
    let session = session.map(|s| {
        let (role, database) = (names.role(s.role), names.database(s.database));
        format!("{role}@{database} {} {} {}", s.application, s.state, s.query)
    });
    format!("{} {object} {}", name(&node.who), session.unwrap_or_default())
}
