//! Who may know whom: the table of ARCHITECTURE.md and the rules below it.
use std::collections::BTreeMap;

use crate::source::{Path, paths};

/// Room → the rooms it may import; `None` is "everything".
pub type Table = BTreeMap<String, Option<Vec<String>>>;

/// Reads the table whose head is `| room | is | may import |`.
pub fn table(architecture: &str) -> Table {
    let rows = architecture.lines().skip_while(|l| !l.starts_with("| room |")).skip(2);
    let mut table = Table::new();
    for row in rows.take_while(|l| l.starts_with('|')) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
        let allowed = match cells[2].trim() {
            "everything" => None,
            cell => Some(ticked(cell)),
        };
        for room in ticked(cells[0]) {
            table.insert(room, allowed.clone());
        }
    }
    table
}

/// The words between backticks.
pub fn ticked(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// What only some rooms may name: the beginning or the end of a path, and the rooms.
const RESERVED: &[(&[&str], &[&str])] = &[
    (&["tokio"], &["pg", "tui", "headless", "demo"]),
    (&["tokio_postgres"], &["pg"]),
    (&["postgres_protocol"], &["pg"]),
    (&["tokio_rustls"], &["pg"]),
    (&["Instant", "now"], &["tui", "pg", "headless", "demo"]),
    (&["SystemTime", "now"], &["tui", "pg", "headless", "demo"]),
    (&["EventStream"], &["tui"]),
    (&["event", "read"], &["tui"]),
    (&["event", "poll"], &["tui"]),
];

/// Everything wrong with one file of `src/`, a line each.
pub fn violations(file: &str, text: &str, table: &Table, panes: &[String]) -> Vec<String> {
    let module = module(file);
    let room = module.first().map_or("main", String::as_str);
    if room == "lib" {
        return Vec::new();
    }
    let Some(allowed) = table.get(room) else {
        return vec![format!("{file}:1: the room {room} is not in the table of ARCHITECTURE.md")];
    };
    let mut found = Vec::new();
    for path in paths(text) {
        let mut say = |what: String| found.push(format!("{file}:{}: {what}", path.line));
        if let Some(reserved) = reserved(&path.parts, room) {
            say(format!("{room} may not use {reserved}"));
        }
        let Some(full) = absolute(&path, &module) else { continue };
        let Some(to) = full.first() else { continue };
        let known = table.contains_key(to) && to != room;
        if known && allowed.as_ref().is_some_and(|a| !a.contains(to)) {
            say(format!("{room} may not import {to}"));
        }
        if room == "panes" && to == "panes" {
            let (mine, other) = (module.get(1), full.get(1));
            if mine.is_some() && other.is_some_and(|o| panes.contains(o)) && mine != other {
                say(format!("the pane {} may not import the pane {}", name(mine), name(other)));
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

fn name(part: Option<&String>) -> &str {
    part.map_or("", String::as_str)
}

fn reserved(parts: &[String], room: &str) -> Option<String> {
    let is = |names: &[&str]| {
        let first = parts.first().is_some_and(|p| p == names[0]) && names.len() == 1 && parts.len() > 1;
        let last =
            names.len() > 1 && parts.ends_with(&names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
        let inner = names == ["EventStream"] && parts.iter().any(|p| p == "EventStream");
        first || last || inner
    };
    let hit = RESERVED.iter().find(|(names, rooms)| is(names) && !rooms.contains(&room))?;
    Some(hit.0.join("::"))
}

/// `src/panes/browse/mod.rs` → `panes::browse`.
fn module(file: &str) -> Vec<String> {
    let inner = file.trim_start_matches("src/").trim_end_matches(".rs");
    let mut parts: Vec<String> = inner.split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|p| p == "mod") {
        parts.pop();
    }
    parts
}

/// A path from the crate's root; `None` when it does not lead into this crate.
fn absolute(path: &Path, module: &[String]) -> Option<Vec<String>> {
    let mut parts = path.parts.iter().map(String::as_str).peekable();
    let mut full: Vec<String> = match parts.next()? {
        "crate" | "pgdeck" => Vec::new(),
        "super" => {
            let mut up = 1;
            while parts.next_if_eq(&"super").is_some() {
                up += 1;
            }
            // modules written inside the file come first
            module[..module.len().checked_sub(usize::saturating_sub(up, path.depth))?].to_vec()
        }
        _ => return None,
    };
    full.extend(parts.map(str::to_owned));
    Some(full)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(file: &str, text: &str) -> Vec<String> {
        let table = table(include_str!("../../ARCHITECTURE.md"));
        let panes = ["browse", "help", "line"].map(str::to_owned);
        violations(file, text, &table, &panes)
    }

    #[test]
    fn planted_violations_are_seen() {
        for (file, text, want) in [
            ("src/panes/bad.rs", "use crate::pg::connect;", "src/panes/bad.rs:1: panes may not import pg"),
            (
                "src/panes/bad.rs",
                "fn f() {\n crate::pg::x()\n}",
                "src/panes/bad.rs:2: panes may not import pg",
            ),
            (
                "src/core/key.rs",
                "use crate::{data::X, widgets::Y};",
                "src/core/key.rs:1: core may not import widgets",
            ),
            ("src/text/mod.rs", "use super::sql::lex;", "src/text/mod.rs:1: text may not import sql"),
            ("src/pg/a/b.rs", "use super::super::super::panes;", "src/pg/a/b.rs:1: pg may not import panes"),
            (
                "src/panes/help.rs",
                "use super::browse::Browse;",
                "src/panes/help.rs:1: the pane help may not import the pane browse",
            ),
            (
                "src/panes/browse/keys.rs",
                "use crate::panes::line;",
                "src/panes/browse/keys.rs:1: the pane browse may not import the pane line",
            ),
            ("src/app/mod.rs", "use tokio::sync::mpsc;", "src/app/mod.rs:1: app may not use tokio"),
            (
                "src/demo/fill.rs",
                "fn f(c: &tokio_postgres::Client) {}",
                "src/demo/fill.rs:1: demo may not use tokio_postgres",
            ),
            (
                "src/format/csv.rs",
                "use postgres_protocol::x;",
                "src/format/csv.rs:1: format may not use postgres_protocol",
            ),
            (
                "src/app/mod.rs",
                "let now = std::time::Instant::now();",
                "src/app/mod.rs:1: app may not use Instant::now",
            ),
            (
                "src/settings/history.rs",
                "SystemTime::now()",
                "src/settings/history.rs:1: settings may not use SystemTime::now",
            ),
            (
                "src/widgets/input.rs",
                "crossterm::event::read()",
                "src/widgets/input.rs:1: widgets may not use event::read",
            ),
            (
                "src/app/mod.rs",
                "use crossterm::event::{Key, EventStream};",
                "src/app/mod.rs:1: app may not use EventStream",
            ),
            (
                "src/cellar/mod.rs",
                "",
                "src/cellar/mod.rs:1: the room cellar is not in the table of ARCHITECTURE.md",
            ),
        ] {
            assert_eq!(wrong(file, text), [want], "{text}");
        }
    }

    #[test]
    fn what_is_allowed_is_not_blamed() {
        for (file, text) in [
            (
                "src/panes/help.rs",
                "use crate::{core::key, widgets::list};\n#[cfg(test)]\nmod tests { use super::line; use super::super::browse_helper; }",
            ),
            ("src/panes/browse/mod.rs", "mod keys; use keys::X; use super::helper; use self::line::Y;"),
            ("src/panes/mod.rs", "pub mod browse; use browse::Browse; use self::help::Help;"),
            ("src/pg/session.rs", "use tokio::time::Instant; fn f() { Instant::now(); }"),
            ("src/app/mod.rs", "// tokio::spawn\nlet s = \"crate::pg::x\"; use std::time::Instant;"),
            ("src/main.rs", "use pgdeck::{tui, demo, pg::x};"),
            ("src/core/pane.rs", "use ratatui::layout::Rect; use crate::core::key::Key;"),
        ] {
            assert_eq!(wrong(file, text), [""; 0], "{text}");
        }
    }
}
