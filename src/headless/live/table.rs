//! The same samples for reading: a tree and a list. What is cut here is whole in the JSON.

use crate::{
    data::rows::{Batch, Column},
    format::{self, End},
    text::{units, width},
};
use serde_json::Value;
use std::{
    io::{self, Write},
    time::Duration,
};

/// Characters of a statement.
const STATEMENT: usize = 80;

/// The trees, a line a session.
pub(super) fn locks(sample: &Value, out: &mut dyn Write) -> io::Result<()> {
    let trees = list(sample, "trees");
    if trees.is_empty() {
        return writeln!(out, "No session waits for a lock.");
    }
    let edges = list(sample, "edges");
    let mut rows = vec![];
    for tree in trees {
        for node in list(tree, "nodes") {
            let level = node["level"].as_u64().unwrap_or(1) as usize;
            let parent = if node["parent"].is_null() { None } else { Some(&node["parent"]) };
            let own = |e: &&Value| {
                e["pid"] == node["pid"] && parent.is_none_or(|parent| e["blocked_by"] == *parent)
            };
            let edge = edges.iter().find(own).filter(|_| node["prepared"].is_null());
            let who = match node["prepared"].as_str() {
                Some(gid) => format!("prepared {gid}"),
                None => text(&node["pid"]),
            };
            let circle = if node["in_cycle"] == true { " (deadlock)" } else { "" };
            let of_edge = |name: &str| edge.map_or_else(String::new, |e| text(&e[name]));
            let held = edge.map_or_else(String::new, |e| match e["kind"].as_str() {
                Some("soft") => format!("queued for {}", all(&e["modes_ahead"])),
                _ => all(&e["modes_held"]),
            });
            let at_most = edge.is_some_and(|e| e["wait_at_most"] == true);
            rows.push(vec![
                format!("{}{who}{circle}", "  ".repeat(level.saturating_sub(1))),
                edge.map_or_else(String::new, |e| {
                    format!("{}{}", if at_most { "<= " } else { "" }, age(&e["wait_seconds"]))
                }),
                of_edge("object"),
                of_edge("mode_wanted"),
                held,
                text(&node["blocks"]),
                text(&node["frees"]),
                state(node),
                age(&node["transaction_seconds"]),
                whom(node),
                text(&node["application"]),
                statement(node),
            ]);
        }
    }
    let columns = [
        "who",
        "waits",
        "for",
        "wants",
        "blocker has",
        "blocks",
        "frees",
        "state",
        "in transaction",
        "role@database",
        "application",
        "statement",
    ];
    table(&columns, &rows, out)?;
    match sample["waiting_not_listed"].as_u64() {
        Some(more @ 1..) => writeln!(out, "and {more} more in longer queues"),
        _ => Ok(()),
    }
}

/// The sessions.
pub(super) fn activity(sample: &Value, out: &mut dyn Write) -> io::Result<()> {
    let rows: Vec<Vec<String>> = list(sample, "sessions")
        .iter()
        .map(|s| {
            let worker = if s["leader_pid"].is_null() { "" } else { "  " };
            let waits = [text(&s["wait_event_type"]), text(&s["wait_event"])];
            vec![
                format!("{worker}{}", text(&s["pid"])),
                state(s),
                if s["running"] == true { age(&s["query_seconds"]) } else { age(&s["state_seconds"]) },
                age(&s["transaction_seconds"]),
                waits.iter().filter(|w| !w.is_empty()).cloned().collect::<Vec<_>>().join(" "),
                all(&s["blocked_by"]),
                whom(s),
                text(&s["application"]),
                text(&s["client"]),
                statement(s),
            ]
        })
        .collect();
    let columns = [
        "pid",
        "state",
        "for",
        "in transaction",
        "waits for",
        "blocked by",
        "role@database",
        "application",
        "client",
        "statement",
    ];
    table(&columns, &rows, out)
}

/// What may not be seen, and what would show it.
pub(super) fn hidden(sample: &Value) -> Option<String> {
    let hidden = sample["hidden"].as_object()?;
    Some(format!(
        "{} of {} sessions are shown without {}: {} shows them",
        text(&hidden["sessions"]),
        text(&hidden["of"]),
        text(&hidden["what"]),
        text(&hidden["grant"])
    ))
}

fn table(columns: &[&str], rows: &[Vec<String>], out: &mut dyn Write) -> io::Result<()> {
    let columns: Vec<Column> = columns.iter().map(|name| Column::text(name)).collect();
    let mut batch = Batch::new(columns.len());
    for row in rows {
        batch.push(row.iter().map(|cell| Some(cell.as_bytes())));
    }
    let format = format::find("table").ok_or_else(|| io::Error::other("no such format"))?;
    let mut writer = format.writer().map_err(io::Error::other)?;
    writer.begin(out, &columns)?;
    writer.rows(out, &batch)?;
    writer.end(out, &End { rows: batch.len() as u64, tag: String::new() })
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn all(value: &Value) -> String {
    value.as_array().map_or_else(String::new, |list| list.iter().map(text).collect::<Vec<_>>().join(", "))
}

fn age(seconds: &Value) -> String {
    seconds.as_f64().map_or_else(String::new, |s| match Duration::try_from_secs_f64(s) {
        Ok(age) if s < 1.0 => format!("{} ms", age.as_millis()),
        Ok(age) => units::duration(age),
        Err(_) => String::new(),
    })
}

fn state(session: &Value) -> String {
    match session["state"].as_str() {
        Some(state) => state.to_owned(),
        None if session["hidden"] == true => "not visible".to_owned(),
        None => text(&session["backend_type"]),
    }
}

fn whom(session: &Value) -> String {
    match (session["role"].as_str(), session["database"].as_str()) {
        (None, None) => String::new(),
        (role, database) => format!("{}@{}", role.unwrap_or_default(), database.unwrap_or_default()),
    }
}

fn statement(session: &Value) -> String {
    let whole = session["query"].as_str().unwrap_or_default();
    let text = whole.split_whitespace().collect::<Vec<_>>().join(" ");
    let last = if session["running"] == true || text.is_empty() { "" } else { "last: " };
    format!("{last}{}", width::clip(&text, STATEMENT))
}
