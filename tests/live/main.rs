//! Who waits for whom, made by real sessions: scenarios in, the edges and the tree of the live panes out.

mod scenario;
#[path = "../support/server.rs"]
mod server;

use scenario::{Seen, Stage};
use std::path::Path;

/// Scenarios in the language of `scenario.rs`.
const SCENARIOS: &[(&str, &str)] = &[
    ("nobody waits", include_str!("scenarios/nobody.scn")),
    ("a queue for one row", include_str!("scenarios/row_queue.scn")),
    ("readers behind a queued ALTER TABLE", include_str!("scenarios/ddl.scn")),
    ("a prepared transaction", include_str!("scenarios/prepared.scn")),
    ("advisory locks", include_str!("scenarios/advisory.scn")),
    ("a deadlock not yet broken", include_str!("scenarios/deadlock.scn")),
    ("several holders", include_str!("scenarios/shared.scn")),
    ("a lock in another database", include_str!("scenarios/elsewhere.scn")),
    ("a parallel worker", include_str!("scenarios/worker.scn")),
    ("an index built beside an old snapshot", include_str!("scenarios/snapshot.scn")),
];

#[test]
fn the_tree_of_each_scenario() {
    let mut stage = Stage::new();
    for (name, text) in SCENARIOS {
        let seen = stage.play(name, text);
        check(name, &seen);
    }
}

/// Those of `PGDECK_CASES`, a folder that has `locks/*.scn`.
#[test]
fn the_tree_of_each_recorded_scenario() {
    let Some(cases) = std::env::var_os("PGDECK_CASES") else { return };
    let mut files: Vec<_> = std::fs::read_dir(Path::new(&cases).join("locks"))
        .expect("a folder")
        .map(|entry| entry.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|e| e == "scn"))
        .collect();
    files.sort();
    let mut stage = Stage::new();
    for file in files {
        let name = file.file_name().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).expect("text");
        let seen = stage.play(&name, &text);
        check(&name, &seen);
    }
}

/// What must hold of every tree.
fn check(name: &str, seen: &Seen) {
    let lines = seen.lines.join("\n");
    for waiter in &seen.waiters {
        let times = seen.lines.iter().filter(|l| l.trim_start().starts_with(&format!("{waiter} "))).count();
        assert_eq!(times, 1, "{name}: {waiter} stands once in\n{lines}");
    }
    if let Some(roots) = &seen.wanted_roots {
        let mut found: Vec<_> = seen
            .lines
            .iter()
            .filter(|l| !l.starts_with(' '))
            .map(|l| l.split(' ').next().unwrap_or(""))
            .collect();
        found.sort_unstable();
        assert_eq!(found, *roots, "{name}: roots of\n{lines}");
    }
    for line in &seen.lines {
        let cycle = line.ends_with('!');
        let member =
            line.trim_start().split(' ').next().is_some_and(|who| seen.cycle.iter().any(|c| c == who));
        assert_eq!(cycle, member, "{name}: {line}");
    }
    // The same without a screen.
    let told = &seen.told;
    assert_eq!(told.edges, seen.wanted_edges, "{name}: edges of pgdeck locks");
    for waiter in &seen.waiters {
        let times = told.nodes.iter().filter(|n| *n == waiter).count();
        assert_eq!(times, 1, "{name}: {waiter} stands once in {:?}", told.nodes);
    }
    if let Some(roots) = &seen.wanted_roots {
        assert_eq!(told.roots, *roots, "{name}: roots of pgdeck locks");
    }
    assert_eq!(told.cycle, seen.cycle.iter().cloned().collect(), "{name}: circle of pgdeck locks");
    for (who, what) in &seen.wanted_objects {
        let object = told.objects.get(who).cloned().unwrap_or_default();
        assert!(object.contains(what), "{name}: {who} waits for {object}, not for {what}");
    }
}
