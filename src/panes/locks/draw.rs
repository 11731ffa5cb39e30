//! Drawing: the tree, and in words below it why the chosen one waits and what ending it would do.

use super::{Locks, said, said::name, waited};
use crate::{
    core::world::World,
    data::live::{
        Names, Probe, Pulse, Session,
        locks::{LockNode, LockTree, Who},
        told, words,
    },
    views::live::{self, list::Column, signal::whom},
    widgets::paint,
};
use ratatui::{Frame, layout::Rect};
use std::{collections::BTreeSet, sync::Arc};

/// The columns of a list this wide: names are the first to get more room.
fn columns(width: u16) -> [Column; 9] {
    let (who, object) = if width >= 110 { (20, 26) } else { (17, 20) };
    [
        Column::new("who", who, false, 0),
        Column::new("blocks", 6, true, 0),
        Column::new("waits", 11, true, 0),
        Column::new("wants ← has", 36, false, 160),
        Column::new("for", object, false, 0),
        Column::new("in transaction", 14, true, 110),
        Column::new("state", 19, false, 180),
        Column::new("role@database", 18, false, 140),
        Column::new("statement", 0, false, 70),
    ]
}

impl Locks {
    pub(super) fn draw_all(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        let theme = &world.theme;
        let buf = frame.buffer_mut();
        if area.height < 4 {
            return;
        }
        let Some(server) = world.server() else { return };
        let pulses = (Probe::Pulse, &server.live.pulses);
        live::head(buf, Rect { height: 1, ..area }, &self.summary(), self.moment, pulses, world);
        let names = &server.live.names;
        let Some(pulse) = self.pulse(world) else { return };
        let below = (area.height / 3).clamp(3, 12);
        let list = Rect { y: area.y + 1, height: area.height - 1 - below, ..area };
        self.foot = Rect { y: list.bottom(), height: below, ..area };
        if self.tree.1.nodes.is_empty() {
            let then = self.moment.paused() || server.live.silent(Probe::Pulse, world.now).is_some();
            let text =
                if then { "No session waited for a lock then." } else { "No session waits for a lock." };
            paint::put_clipped(buf, area.x + 1, area.y + 2, area.width - 2, text, theme.style("message.ok"));
            let worst =
                self.worst.1.and_then(|(number, most)| Some((server.live.pulses.at(number)?.at, most)));
            if let Some((at, most)) = worst {
                let when = live::clock(at);
                let text =
                    format!("At {when} {most} waited, the most in the samples kept: w shows that moment.");
                paint::put_clipped(
                    buf,
                    area.x + 1,
                    area.y + 3,
                    area.width - 2,
                    &text,
                    theme.style("text.dim"),
                );
            }
        } else {
            let (tree, places, since) = (&self.tree.1, &self.places, &self.since);
            self.list.draw(buf, list, &columns(list.width), theme, |line, _, column| {
                let Some(node) = tree.nodes.get(line) else { return (String::new(), "text") };
                let session = places.get(line).copied().flatten().and_then(|n| pulse.sessions.get(n));
                let (text, style) = cell(node, column, session, pulse, names);
                let came = column == 0 && since.as_ref().is_some_and(|(came, _)| came.contains(&node.who));
                if came { (format!("+{text}"), style) } else { (text, style) }
            });
        }
        paint::rule(buf, self.foot, theme.style("border"));
        let lines = self.words(world, pulse, names);
        let foot = Rect { y: self.foot.y + 1, height: self.foot.height - 1, ..self.foot };
        live::foot(buf, foot, &lines, theme);
    }

    /// The first thing to know.
    fn summary(&self) -> String {
        let tree = &self.tree.1;
        let all = tree.waiting + usize::try_from(tree.more).unwrap_or(0);
        let shown = if tree.more > 0 { format!(" ({} of them shown)", tree.waiting) } else { String::new() };
        match tree.nodes.first() {
            None => "Locks".into(),
            Some(first) => {
                let who = name(&first.who);
                let deadlock = said::deadlock(tree).map(|d| format!(" · {d}")).unwrap_or_default();
                let others = match tree.roots - 1 {
                    0 => String::new(),
                    1 => " (1 more root)".into(),
                    n => format!(" ({n} more roots)"),
                };
                format!("{all} waiting{shown}{deadlock} · {who} blocks {}{others}", first.blocks)
            }
        }
    }

    /// Why, since when, and what can be done.
    fn words(&self, world: &World, pulse: &Pulse, names: &Names) -> Vec<(String, &'static str)> {
        let mut lines = vec![];
        if let Some(node) = self.chosen() {
            let who = match self.session(world) {
                Some(session) => whom(session, world),
                None => name(&node.who),
            };
            if node.cycle {
                lines.push((
                    format!("{who} stands in a deadlock: a circle of sessions that wait for each other. The server breaks it after deadlock_timeout by cancelling one."),
                    "message.error",
                ));
            }
            if let Some(edge) = &node.edge {
                let blocker = match &edge.prepared {
                    Some(prepared) => format!("prepared transaction {}", prepared.gid),
                    None => pulse.session(edge.blocker).map_or(edge.blocker.to_string(), |s| whom(s, world)),
                };
                lines.push((words::why(edge, &who, &blocker, names), "text"));
                if !node.also.is_empty() {
                    let others: Vec<String> = node.also.iter().map(name).collect();
                    lines.push((format!("It also waits for {}.", others.join(", ")), "text"));
                }
                // For the end of a transaction all wait alike.
                if edge.queue > 1 && !matches!(&*edge.object.kind, "transactionid" | "virtualxid") {
                    lines
                        .push((format!("Place {} of {} in this queue.", edge.place, edge.queue), "text.dim"));
                }
            }
            if node.edge.is_none() {
                let session = self.session(world).map(|s| &**s);
                lines.push((said::root(&node.who, &who, session, pulse, names), "text"));
            }
            if let Some(session) = self.session(world) {
                if session.idle_in_transaction() {
                    let since = live::age(session.state_change, pulse.at);
                    lines.push((
                        format!("It does nothing for {since} with its transaction open: what it locked stays locked until it commits, rolls back, or is terminated (K)."),
                        "message.warning",
                    ));
                }
                if session.backend_type.starts_with("autovacuum")
                    && session.query.contains("to prevent wraparound")
                {
                    lines.push((
                        "An autovacuum to prevent wraparound does not give way; cancelled, it starts again."
                            .into(),
                        "message.warning",
                    ));
                }
            }
            if node.blocks > 0 {
                let ahead = if said::only_queues(node) {
                    " Those behind it do not conflict with who blocks it: cancelling it frees them at once."
                } else {
                    ""
                };
                lines.push((format!("{}{ahead}", said::frees(node)), "text.strong"));
                lines.extend(said::elsewhere(&self.tree.1, &node.who).map(|text| (text, "text")));
            }
            if let Some(text) = self.statement(world) {
                lines.push((text, "text.dim"));
            }
        }
        let role = world.server().and_then(|s| s.info.as_ref()).map_or("this role", |i| i.user.as_str());
        lines.extend(self.since.iter().map(|(_, text)| (text.clone(), "message.notice")));
        lines.extend(live::hidden(pulse, role).map(|text| (text, "message.warning")));
        lines
    }

    fn statement(&self, world: &World) -> Option<String> {
        let session = self.session(world).filter(|s| !s.masked)?;
        let text = session.query.split_whitespace().collect::<Vec<_>>().join(" ");
        let what = if session.active() { "" } else { "last statement, the lock may be an earlier one's: " };
        (!text.is_empty()).then(|| format!("{what}{text}"))
    }

    /// Everything about the chosen one, to read and to copy.
    pub(super) fn page(&self, world: &World) -> Option<String> {
        let (pulse, node) = (self.pulse(world)?, self.chosen()?);
        let names = &world.server()?.live.names;
        let mut text = String::new();
        for (line, _) in self.words(world, pulse, names) {
            text.push_str(&line);
            text.push('\n');
        }
        text.push_str(&format!("\nas at {}", told::moment(pulse.at)));
        if let Some(session) = self.session(world) {
            let (ran, how_long) = live::statement(session, pulse.at);
            text.push_str(&format!(
                "\npid {}\nrole {}\ndatabase {}\napplication {}\nclient {}\nstate {}\nwait {} {}\ntransaction for {}\n{ran} {how_long}\nsession for {}\n\n{}\n",
                session.pid,
                names.role(session.role),
                names.database(session.database),
                session.application,
                session.client,
                session.state,
                session.wait_type,
                session.wait_event,
                live::age(session.xact_start, pulse.at),
                live::age(session.started, pulse.at),
                session.query,
            ));
        } else if let Who::Prepared(gid) = &node.who {
            text.push_str(&format!("\nprepared transaction {gid}\n"));
        }
        Some(text)
    }
}

/// What changed since a tree: who came, and who is out of it in words.
pub(super) fn since(at: i64, then: &LockTree, now: &LockTree) -> (BTreeSet<Who>, String) {
    let who = |tree: &LockTree| -> BTreeSet<Who> { tree.nodes.iter().map(|n| n.who.clone()).collect() };
    let (before, there) = (who(then), who(now));
    let came: BTreeSet<Who> = there.difference(&before).cloned().collect();
    let gone: Vec<&LockNode> = then.nodes.iter().filter(|n| !there.contains(&n.who)).collect();
    let list: Vec<String> = gone
        .iter()
        .take(5)
        .map(|n| match n.blocks {
            0 => name(&n.who),
            blocks => format!("{} (blocked {blocks})", name(&n.who)),
        })
        .collect();
    let more = if gone.len() > 5 { " …" } else { "" };
    let out = if gone.is_empty() { "nobody".into() } else { format!("{}{more}", list.join(", ")) };
    let words = format!(
        "Since {}, when {} waited: {} came (+), {} out of it: {out}",
        live::clock(at),
        then.waiting,
        came.len(),
        gone.len()
    );
    (came, words)
}

fn cell(
    node: &LockNode,
    column: usize,
    session: Option<&Arc<Session>>,
    pulse: &Pulse,
    names: &Names,
) -> (String, &'static str) {
    let (edge, now) = (node.edge.as_deref(), pulse.at);
    let prepared = match &node.who {
        Who::Prepared(gid) if matches!(column, 5 | 7) => pulse.prepared(gid),
        _ => None,
    };
    match column {
        0 => {
            let sign = match (node.depth, node.cycle) {
                (_, true) => "↻ ",
                (0, _) => "● ",
                _ => "└ ",
            };
            let who = match &node.who {
                Who::Session(pid) => pid.to_string(),
                Who::Prepared(_) => "prepared".into(),
            };
            let style = if node.cycle {
                "message.error"
            } else if node.depth == 0 {
                "text.strong"
            } else {
                "text"
            };
            (format!("{}{sign}{who}", "  ".repeat(node.depth)), style)
        }
        1 if node.blocks > 0 => (node.blocks.to_string(), "message.warning"),
        2 => (edge.map(|e| waited(e, session, now)).unwrap_or_default(), "grid.cell.time"),
        3 => {
            let text = edge.map(|e| {
                let has = if e.hard { words::strongest(&e.held) } else { words::strongest(&e.ahead) };
                let sign = if e.hard { "←" } else { "⋯" };
                format!("{} {sign} {}", words::short(&e.wanted), words::short(has))
            });
            (text.unwrap_or_default(), "text")
        }
        4 => (edge.map(|e| words::object(&e.object, names)).unwrap_or_default(), "text"),
        5 => {
            let since = prepared.map_or(session.and_then(|s| s.xact_start), |p| p.since);
            (live::age(since, now), "grid.cell.time")
        }
        6 => session.map_or((String::new(), "text"), |s| {
            let style = if s.idle_in_transaction() { "message.warning" } else { "text.dim" };
            (s.state.to_string(), style)
        }),
        7 => {
            let who = prepared.map(|p| (p.owner, p.database)).or(session.map(|s| (s.role, s.database)));
            let text =
                who.map(|(role, database)| format!("{}@{}", names.role(role), names.database(database)));
            (text.unwrap_or_default(), "text.dim")
        }
        8 => session.map_or((of_prepared(&node.who), "text"), |s| {
            let text = s.query.split_whitespace().take(60).collect::<Vec<_>>().join(" ");
            if s.active() || s.masked { (text, "text") } else { (format!("(last) {text}"), "text.dim") }
        }),
        _ => (String::new(), "text"),
    }
}

fn of_prepared(who: &Who) -> String {
    match who {
        Who::Session(_) => String::new(),
        Who::Prepared(gid) => format!("PREPARE TRANSACTION {}", crate::sql::quote::literal(gid)),
    }
}
