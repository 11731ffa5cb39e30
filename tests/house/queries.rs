//! Every SQL file of ours says what it is.
use crate::{files, read};

/// What the header of a saved query and of one of our own must say.
const SAVED: &[&str] = &["title:", "description:"];
const OWN: &[&str] = &["what:", "since:", "parameters:", "columns:"];

/// What is missing, a line each.
fn missing(file: &str, text: &str) -> Vec<String> {
    let header: Vec<&str> = text.lines().map_while(|l| l.strip_prefix("--")).map(str::trim).collect();
    let wanted = if file.starts_with("queries/saved/") { SAVED } else { OWN };
    let lacks = wanted.iter().filter(|w| !header.iter().any(|l| l.starts_with(*w)));
    lacks.map(|w| format!("{file}:1: the header lacks a line `-- {w} …`")).collect()
}

#[test]
fn every_query_has_its_header() {
    let wrong: Vec<String> = files("queries", "sql").iter().flat_map(|f| missing(f, &read(f))).collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn a_missing_header_is_seen() {
    assert_eq!(
        missing("queries/saved/x.sql", "-- title: X\nselect 1 -- description: not here"),
        ["queries/saved/x.sql:1: the header lacks a line `-- description: …`"]
    );
    assert_eq!(missing("queries/catalog/x.sql", "select 1").len(), 4);
    assert_eq!(missing("queries/saved/x.sql", "-- title: X\n-- description: Y\nselect 1"), [""; 0]);
}
