//! The same world without a screen: what is printed to a terminal is as harmless, what goes to a pipe is as it is.

use super::world::{PROFILE, world};
use crate::{Home, strict, tty::Tty};

/// Runs a subcommand in a terminal to its end and judges what it printed.
fn printed(home: &Home, args: &[&str]) -> String {
    let mut t: Tty = home.start(args, 150, 45);
    t.end();
    let raw = t.raw();
    let faults = strict::faults(&raw, strict::Place::Lines);
    assert!(faults.is_empty(), "{args:?}: {} bytes\n{}", raw.len(), faults.join("\n"));
    String::from_utf8_lossy(&raw).into_owned()
}

#[test]
fn nothing_reaches_a_terminal_without_a_screen() {
    let world = world();
    let home = world.home();
    let file = |name: &str, sql: &str| {
        let path = home.0.path().join(name).display().to_string();
        std::fs::write(&path, sql).expect("a file");
        path
    };
    let rows = file("rows.sql", "select id, v, j from cells order by id");
    for format in ["table", "csv", "tsv", "json", "ndjson", "markdown", "expanded"] {
        let out = printed(&home, &["run", &rows, "--profile", PROFILE, "--format", format]);
        let shown = world.values.len()
            - (0..world.values.len()).filter(|n| out.contains(&format!("v{n:03}"))).count();
        assert_eq!(shown, 0, "{format}: not all rows were printed");
    }
    let notices = file("notices.sql", "select hear(); select notices()");
    let out = printed(&home, &["run", &notices, "--profile", PROFILE]);
    assert!(out.contains("n000") && out.contains("n500"), "{out}");
    let columns = file("columns.sql", "select * from cols");
    let out = printed(&home, &["run", &columns, "--on", PROFILE, "--format", "expanded"]);
    assert!(out.contains("c000") && out.contains("c500"));
    for n in [0, 120, 240, 360, 480] {
        let trouble = file("trouble\u{202e}\x1b[2J.sql", &format!("select trouble({n})"));
        let out = printed(&home, &["run", &trouble, "--profile", PROFILE]);
        assert!(out.contains(&format!("x{:03}", n + 1)), "{out}");
    }
    for command in ["locks", "activity"] {
        for format in ["table", "json"] {
            // Who is to wait may not have come to it yet.
            let come = (0..200).any(|_| {
                let out = printed(&home, &[command, "--profile", PROFILE, "--format", format]);
                out.contains("pg_sleep")
            });
            assert!(come, "{command}: nobody works or waits");
        }
    }
    let out = printed(&home, &["queries"]);
    assert!(out.contains("q005"), "{out}");
    // A query whose parameter is not given is refused with all its header says.
    let header = |text: &str| format!("-- title: {text}\n-- param: a int {text}\nselect :a");
    let lacks = file("lacks.sql", &header("\x1b]0;x\x07\u{202e}\u{9b}2J"));
    let out = printed(&home, &["run", &lacks, "--profile", PROFILE]);
    assert!(out.contains("parameter"), "{out}");
    let out = printed(&home, &["run", &lacks, "-p", "a=x\x1b[2J", "--profile", PROFILE]);
    assert!(out.contains("parameter"), "{out}");
    printed(&home, &["conninfo", "--profile", PROFILE]);
    printed(&home, &["doctor", "--profile", PROFILE]);
    let plan =
        file("plan.sql", "select * from cells where v = E'\\x1b[2J\\x1b]0;z\\x07' or v = U&'\\202E\\009B2J'");
    let out = printed(&home, &["explain", &plan, "--profile", PROFILE]);
    assert!(out.contains("cells"), "{out}");
    for nonsense in ["no\x1b[2J\u{202e}such", "host=\x1b]0;x\x07", "postgres://\x1b[2J\u{202e}:1/\u{9b}2J"] {
        printed(&home, &["conninfo", "-d", nonsense]);
        printed(&home, &["run", nonsense]);
        printed(&home, &["run", &rows, "--profile", nonsense]);
    }
}
