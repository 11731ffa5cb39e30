//! The house rules: who may import whom, what every query file says, what the documents promise.
mod arrows;
mod edits;
mod keys;
mod queries;
mod source;

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The folder of the project.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file of the project.
fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// All files below a folder with this ending, as paths from the project's folder.
fn files(folder: &str, ending: &str) -> Vec<String> {
    let mut todo = vec![root().join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = todo.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path: PathBuf = entry.path();
            if path.is_dir() {
                todo.push(path);
            } else if path.extension().is_some_and(|e| e == ending) {
                let short = path.strip_prefix(root()).unwrap_or(&path);
                found.push(short.display().to_string());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn rooms_import_only_what_the_table_allows() {
    let table = arrows::table(&read("ARCHITECTURE.md"));
    assert!(table.len() > 10, "the table of ARCHITECTURE.md was not read: {table:?}");
    let panes: Vec<String> = fs::read_dir(root().join("src/panes"))
        .unwrap()
        .map(|e| e.unwrap().path().file_stem().unwrap_or_default().to_string_lossy().into_owned())
        .filter(|name| name != "mod")
        .collect();
    let sources = files("src", "rs");
    let wrong: Vec<String> =
        sources.iter().flat_map(|file| arrows::violations(file, &read(file), &table, &panes)).collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn every_room_of_the_table_is_there() {
    for room in arrows::table(&read("ARCHITECTURE.md")).keys() {
        let there =
            [format!("src/{room}.rs"), format!("src/{room}/mod.rs")].iter().any(|p| root().join(p).exists());
        assert!(there, "ARCHITECTURE.md speaks of the room {room}, which is not in src/");
    }
}

#[test]
fn files_the_documents_name_exist() {
    for document in ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md"] {
        for (number, line) in read(document).lines().enumerate() {
            for path in arrows::ticked(line).iter().filter(|t| named_file(t)) {
                let there = root().join(path).exists() || root().join("src").join(path).exists();
                assert!(there, "{document}:{}: {path} does not exist", number + 1);
            }
        }
    }
}

/// `core/command.rs`, `tests/house`, `queries/`: a path of the project, not a pattern or somebody's own folder.
fn named_file(text: &str) -> bool {
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
    let ours = ["src/", "tests/", "queries/", "themes/", "assets/", "benches/", "docs/"]
        .iter()
        .any(|p| text.starts_with(p));
    plain && text.contains('/') && (ours || text.ends_with(".rs"))
}

#[test]
fn every_source_file_says_what_it_is_for() {
    for file in files("src", "rs").iter().chain(&files("tests", "rs")) {
        assert!(read(file).starts_with("//!"), "{file}:1: should open with a //! sentence on what it is for");
    }
}
