//! The README's key table is the command table. `PGDECK_BLESS=1 cargo test --test house` writes it anew.
use std::fs;

use pgdeck::core::{
    command::{Scope, TABLE},
    key::{Chord, pretty},
};

use crate::{read, root};

const OPEN: &str = "<!-- keys -->\n";
const CLOSE: &str = "<!-- /keys -->";

/// The table as Markdown: a heading for each place, a row for each command.
fn table() -> String {
    let mut out = String::from("| where | keys | name | what it does |\n|---|---|---|---|\n");
    for scope in Scope::ALL {
        for row in TABLE.iter().filter(|r| r.scopes.first() == Some(&scope)) {
            let keys: Vec<String> = row.keys.iter().map(|k| format!("`{}`", shown(k))).collect();
            let keys = keys.join(" ").replace('|', "\\|");
            let places: Vec<&str> = row.scopes.iter().map(|s| s.title()).collect();
            out.push_str(&format!(
                "| {} | {keys} | `{}` | {} |\n",
                places.join(", "),
                row.name,
                row.help.replace('|', "\\|")
            ));
        }
    }
    out
}

/// `g d` → `g d`, `ctrl-p` → `Ctrl+P`.
fn shown(keys: &str) -> String {
    match Chord::parse_all(keys) {
        Some(chords) => chords.into_iter().map(pretty).collect::<Vec<_>>().join(" "),
        None => keys.to_owned(),
    }
}

/// The text with the table between the marks; `None` without marks.
fn with_table(readme: &str, table: &str) -> Option<String> {
    let (before, rest) = readme.split_once(OPEN)?;
    let (_, after) = rest.split_once(CLOSE)?;
    Some(format!("{before}{OPEN}{table}{CLOSE}{after}"))
}

#[test]
fn the_readme_lists_the_keys_of_the_command_table() {
    let readme = read("README.md");
    let Some(wanted) = with_table(&readme, &table()) else {
        panic!("README.md lacks the marks {OPEN}…{CLOSE}");
    };
    if std::env::var_os("PGDECK_BLESS").is_some() {
        fs::write(root().join("README.md"), &wanted).unwrap();
    } else {
        let first = readme.lines().zip(wanted.lines()).position(|(a, b)| a != b).unwrap_or(0) + 1;
        assert!(
            readme == wanted,
            "README.md:{first}: the key table is not that of src/core/command.rs; write it with PGDECK_BLESS=1 cargo test --test house"
        );
    }
}

#[test]
fn a_changed_table_is_seen() {
    let readme = format!("a\n{OPEN}old\n{CLOSE}\nb\n");
    assert_ne!(with_table(&readme, "new\n"), Some(readme.clone()));
    assert_eq!(with_table(&readme, "old\n"), Some(readme));
    assert_eq!(with_table("no marks", "new"), None);
}
