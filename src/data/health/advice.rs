//! What tables, indexes, sequences and settings want, with the SQL that does it.

use super::{Go, Level, Line, Row, Section, View, bytes, count, percent};
use crate::text::units;

/// Lines of one kind; what is more is counted.
const MOST: usize = 20;
/// Smaller than this, an index nobody uses is not worth a line.
const SMALL: f64 = 1_048_576.0;

pub(super) fn lines(view: &View<'_>) -> Vec<Line> {
    let mut lines: Vec<Line> = looked_at(view).into_iter().collect();
    invalid(view, &mut lines);
    sequences(view, &mut lines);
    foreign_keys(view, &mut lines);
    duplicates(view, &mut lines);
    unused(view, &mut lines);
    bloat(view, &mut lines);
    dead_rows(view, &mut lines);
    sight(view, &mut lines);
    settings(view, &mut lines);
    for (part, name) in [
        ("invalid_indexes", "Invalid indexes"),
        ("sequences", "Sequences"),
        ("foreign_keys", "Foreign keys without an index"),
        ("duplicate_indexes", "Duplicate indexes"),
        ("unused_indexes", "Unused indexes"),
        ("bloat", "Bloat"),
        ("dead_rows", "Dead rows"),
    ] {
        let Some(known) = view.known.part(part) else { continue };
        let has = lines.iter().any(|l: &Line| l.key.starts_with(&format!("{part}:")));
        let line = Line::new(Section::Advice, part, name);
        match &known.trouble {
            Some(trouble) if known.table.columns.is_empty() => lines.push(view.hidden(line, trouble)),
            _ if has => {}
            _ => lines.push(line.level(Level::Good).value("nothing to do")),
        }
    }
    lines
}

/// Since when all of this is not known any better: it is asked for seldom.
fn looked_at(view: &View<'_>) -> Option<Line> {
    let parts =
        ["invalid_indexes", "foreign_keys", "unused_indexes", "duplicate_indexes", "dead_rows", "bloat"];
    let at = parts
        .iter()
        .filter_map(|part| view.known.part(part))
        .map(|part| part.at)
        .filter(|at| *at > 0)
        .min()?;
    Some(
        Line::new(Section::Advice, "looked-at", "Looked at")
            .value(format!("{}, F5 looks anew", units::clock(at)))
            .detail("It reads all catalogs, so it is asked when Health is opened, on F5, and when the connection was lost."),
    )
}

fn named(row: &Row<'_>, column: &str) -> String {
    match row.text("schema") {
        "" | "public" => row.text(column).to_owned(),
        schema => format!("{schema}.{}", row.text(column)),
    }
}

/// A line a row, the first so many; the last says how many more there are.
fn each(
    view: &View<'_>,
    part: &'static str,
    saved: Option<&'static str>,
    lines: &mut Vec<Line>,
    wanted: impl Fn(&Row<'_>) -> bool,
    line: impl Fn(&Row<'_>, Line) -> Line,
) {
    let rows: Vec<Row<'_>> = view.known.rows(part).filter(|r| wanted(r)).collect();
    for row in rows.iter().take(MOST) {
        let name =
            ["index", "sequence", "foreign_key", "name", "table"].into_iter().find_map(|c| row.some(c));
        let key = format!("{part}:{}:{}:{}", row.text("schema"), row.text("table"), name.unwrap_or_default());
        let mut made = line(row, Line::new(Section::Advice, key, ""));
        if made.go.is_none() && row.count("relid") > 0 {
            made = made.go(Go::Relation(row.count("relid") as u32));
        }
        lines.push(made);
    }
    if rows.len() > MOST {
        let more = Line::new(Section::Advice, format!("{part}:more"), "and more of these")
            .value(count((rows.len() - MOST) as f64));
        lines.push(match saved {
            Some(saved) => more.go(Go::Saved(saved)),
            None => more,
        });
    }
}

fn invalid(view: &View<'_>, lines: &mut Vec<Line>) {
    each(
        view,
        "invalid_indexes",
        None,
        lines,
        |_| true,
        |row, line| {
            Line { name: format!("Invalid index {}", named(row, "index")), ..line }
            .level(Level::Critical)
            .value(format!("{}, on {}", bytes(row.number("bytes").unwrap_or(0.0)), row.text("table")))
            .detail("Building it failed or was interrupted. No query uses it, but every write keeps it up, and a unique one still refuses rows.")
            .advice("Build it anew, or drop what an interrupted REINDEX CONCURRENTLY left:")
            .sql(row.text("remedy"))
        },
    );
}

fn sequences(view: &View<'_>, lines: &mut Vec<Line>) {
    each(
        view,
        "sequences",
        Some("sequences-near-end"),
        lines,
        |_| true,
        |row, line| {
            let used = row.number("used_percent").unwrap_or(0.0);
            let line = Line { name: format!("Sequence {}", named(row, "sequence")), ..line }
                .judged("sequence", used)
                .value(format!(
                    "{} used, at {}",
                    percent(used),
                    count(row.number("last_value").unwrap_or(0.0))
                ))
                .details(
                    row.some("feeds")
                        .map(|feeds| format!("It feeds {feeds}, which is {}.", row.text("column_type"))),
                )
                .detail(format!("It ends at {}.", count(row.number("last_possible").unwrap_or(0.0))));
            let line = if row.is("cycle") {
                line.level(Level::Good).detail("It begins anew at its end (CYCLE).")
            } else {
                line
            };
            line.advice("Widen it before it ends; the table is locked and written anew meanwhile.")
                .sql(row.text("remedy"))
        },
    );
}

fn foreign_keys(view: &View<'_>, lines: &mut Vec<Line>) {
    each(
        view,
        "foreign_keys",
        Some("missing-fk-indexes"),
        lines,
        |_| true,
        |row, line| {
            let rows = row.number("rows_estimated").unwrap_or(0.0);
            let line = Line { name: format!("No index for {}", row.text("foreign_key")), ..line }
                .value(format!("{} ({}), ~{} rows", named(row, "table"), row.text("columns"), count(rows)))
                .detail(format!(
                    "Deleting a row of {} or changing its key reads all of {}.",
                    row.text("references"),
                    named(row, "table")
                ))
                .advice("Unless the referenced rows never go:")
                .sql(row.text("remedy"));
            // A small table is read in a moment.
            if rows >= 10_000.0 { line.level(Level::Warning) } else { line }
        },
    );
}

fn duplicates(view: &View<'_>, lines: &mut Vec<Line>) {
    each(
        view,
        "duplicate_indexes",
        Some("duplicate-indexes"),
        lines,
        |_| true,
        |row, line| {
            Line { name: format!("Duplicate index {}", named(row, "index")), ..line }
                .level(Level::Warning)
                .value(format!("{}, {} {}", row.text("size"), row.text("relation"), row.text("other_index")))
                .detail(row.text("definition").to_owned())
                .advice("Every write keeps both up; the other one serves the same queries:")
                .sql(row.text("remedy"))
        },
    );
}

fn unused(view: &View<'_>, lines: &mut Vec<Line>) {
    let large = |row: &Row<'_>| row.number("bytes").unwrap_or(0.0) >= SMALL;
    each(view, "unused_indexes", Some("unused-indexes"), lines, large, |row, line| {
        let since =
            row.some("counted_since").map_or("the server began to count", |s| s.get(..19).unwrap_or(s));
        Line { name: format!("Unused index {}", named(row, "index")), ..line }
            .value(format!("{}, no scan since {since}", row.text("size")))
            .detail(format!("Of {}. It backs no constraint and no foreign key.", named(row, "table")))
            .detail("Standbys count their own scans, and a yearly report is a use, too: look there before it goes.")
            .advice("When nothing needs it:")
            .sql(row.text("remedy"))
    });
}

fn bloat(view: &View<'_>, lines: &mut Vec<Line>) {
    each(
        view,
        "bloat",
        None,
        lines,
        |_| true,
        |row, line| {
            let line = Line { name: format!("Bloat of {} {}", row.text("kind"), row.text("name")), ..line }
                .judged("bloat", row.number("percent").unwrap_or(0.0))
                .value(format!(
                    "~{} of {} (~{})",
                    bytes(row.number("wasted").unwrap_or(0.0)),
                    bytes(row.number("bytes").unwrap_or(0.0)),
                    percent(row.number("percent").unwrap_or(0.0).round())
                ))
                .detail("An estimate from the planner's statistics; pgstattuple measures.");
            let full = row.text("kind") == "table";
            let words = if full {
                "VACUUM FULL gives the room back but locks the table for as long as it takes; pg_repack does not."
            } else {
                "Built anew beside the old one, without a lock on writes:"
            };
            line.advice(words).sql(row.text("remedy"))
        },
    );
}

fn dead_rows(view: &View<'_>, lines: &mut Vec<Line>) {
    let over =
        |row: &Row<'_>| !row.is("autovacuum") || row.number("of_threshold_percent").unwrap_or(0.0) >= 120.0;
    each(view, "dead_rows", Some("dead-tuples"), lines, over, |row, line| {
        let line = Line { name: format!("Dead rows of {}", named(row, "table")), ..line }
            .value(format!(
                "{} ({})",
                count(row.number("dead_rows").unwrap_or(0.0)),
                percent(row.number("dead_percent").unwrap_or(0.0))
            ))
            .details(
                row.some("last_vacuum").map(|at| format!("Last vacuumed {}.", at.get(..19).unwrap_or(at))),
            )
            .advice("The horizon (above) says whether vacuum may remove them:")
            .sql(row.text("remedy"));
        match row.number("of_threshold_percent").filter(|_| row.is("autovacuum")) {
            Some(of) => line
                .judged("dead-rows", of)
                .detail(format!("{} of autovacuum's threshold.", percent(of.round()))),
            None => line.level(Level::Warning).detail("Autovacuum is off for it."),
        }
    });
}

fn sight(view: &View<'_>, lines: &mut Vec<Line>) {
    let Some(row) = view.known.row("sight") else { return };
    let (tables, sequences) = (row.count("tables"), row.count("sequences"));
    if tables > 0 {
        let line = Line::new(Section::Advice, "sight:tables", "Not visible")
            .level(Level::Hidden)
            .value(format!("statistics of the columns of {tables} tables: no estimate of their bloat"));
        let grant = if view.known.version >= 140_000 {
            "pg_read_all_data"
        } else {
            "SELECT ON ALL TABLES IN SCHEMA …"
        };
        lines.push(view.grant(line, grant));
    }
    if sequences > 0 {
        let line = Line::new(Section::Advice, "sight:sequences", "Not visible")
            .level(Level::Hidden)
            .value(format!("how far {sequences} sequences are"));
        let grant = if view.known.version >= 140_000 {
            "pg_read_all_data"
        } else {
            "SELECT ON ALL SEQUENCES IN SCHEMA …"
        };
        lines.push(view.grant(line, grant));
    }
}

fn settings(view: &View<'_>, lines: &mut Vec<Line>) {
    for row in view.known.rows("risks") {
        let (name, value) = (row.text("name"), row.text("value"));
        let line = Line::new(Section::Settings, format!("setting:{name}"), name.to_owned());
        lines.push(match row.some("why") {
            Some(why) => line
                .level(Level::Critical)
                .value(format!("{value}: {why}"))
                .detail(format!("Set by: {}.", row.text("source")))
                .advice(if row.some("fix").is_some() { "" } else { "It is to be changed where it was set." })
                .sql(row.text("fix")),
            None => line
                .level(Level::Warning)
                .value(format!("{value}{} until the restart it waits for", row.text("unit")))
                .advice("The configuration says otherwise already; the new value holds after a restart."),
        });
    }
    let changed: Vec<Row<'_>> = view.known.rows("settings").collect();
    if let Some(part) = view.known.part("settings") {
        if part.table.columns.is_empty() {
            let line = Line::new(Section::Settings, "settings", "Settings");
            lines.extend(part.trouble.as_ref().map(|trouble| view.hidden(line, trouble)));
            return;
        }
        lines.push(
            Line::new(Section::Settings, "settings", "Changed settings")
                .value(format!("{} differ from their default", changed.len()))
                .details(changed.iter().map(|row| {
                    let pending = if row.is("pending_restart") { ", waits for a restart" } else { "" };
                    let usual = if row.text("default").is_empty() { "''" } else { row.text("default") };
                    format!(
                        "  {} = {}  (default {usual}; {}{pending})",
                        row.text("name"),
                        row.text("value"),
                        row.text("source")
                    )
                }))
                .go(Go::Saved("settings-changed")),
        );
    }
}
