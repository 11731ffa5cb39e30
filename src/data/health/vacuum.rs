//! What vacuum must do and what holds it back, and long operations.

use super::{
    Go, Level, Line, Row, Section, View, bytes, count, in_unit, percent,
    rules::{Unit, rule},
    seconds, share,
};
use crate::data::live::horizon::{Heed, Reach};

/// Where transaction ids run out, and a little before that the server stops taking writes.
const IDS: f64 = 2_147_483_648.0 - 3_000_000.0;

pub(super) fn lines(view: &View<'_>) -> Vec<Line> {
    let mut lines = vec![];
    for (key, name, column, limit) in [
        ("wraparound", "Transaction ids used", "xid_age", "freeze_max"),
        ("multixact", "Multixact ids used", "mxid_age", "mxid_freeze_max"),
    ] {
        lines.extend(wraparound(view, key, name, column, limit));
    }
    lines.extend(horizon(view));
    lines.extend(prepared(view));
    lines.extend(workers(view));
    lines.extend(view.known.rows("progress").map(|row| progress(view, &row)));
    lines
}

fn wraparound(
    view: &View<'_>,
    key: &'static str,
    name: &'static str,
    column: &str,
    limit: &str,
) -> Option<Line> {
    let rows: Vec<Row<'_>> = view.known.rows("wraparound").collect();
    let worst = rows.iter().filter_map(|r| r.number(column)).reduce(f64::max)?;
    let used = 100.0 * worst / IDS;
    let mut line = Line::new(Section::Vacuum, key, name)
        .judged(key, used)
        .value(format!("{} ({})", percent((used * 10.0).round() / 10.0), in_unit(Unit::Transactions, worst)))
        .details(
            rows.first()
                .and_then(|r| r.number(limit))
                .map(|n| format!("Autovacuum freezes from {} on.", in_unit(Unit::Transactions, n))),
        )
        .details(rows.iter().take(8).map(|r| {
            format!(
                "  {:>7}  {}",
                in_unit(Unit::Transactions, r.number(column).unwrap_or(0.0)),
                r.text("database")
            )
        }));
    let tables: Vec<Row<'_>> = view.known.rows("frozen").collect();
    if !tables.is_empty() {
        line = line.detail("The oldest tables of this database:");
        line = line.details(tables.iter().take(8).map(|r| {
            format!(
                "  {:>7}  {}.{}",
                in_unit(Unit::Transactions, r.number(column).unwrap_or(0.0)),
                r.text("schema"),
                r.text("table")
            )
        }));
    }
    if line.level.calls() {
        line = line
            .advice("End what holds back the horizon (below), then vacuum the oldest tables; autovacuum_vacuum_cost_limit lets it work faster.")
            .sql(tables.first().map_or("", |r| r.text("remedy")));
    }
    line.details.extend(view.stale("wraparound"));
    Some(line)
}

/// Who holds back dead rows of this database. What others hold back is told below, and does not count: the rule speaks
/// of all rows.
fn horizon(view: &View<'_>) -> Option<Line> {
    view.known.part("horizon")?;
    let mut rows: Vec<(Reach, Row<'_>)> = view.known.rows("horizon").map(|r| (reach(&r), r)).collect();
    rows.sort_by_key(|(reach, _)| *reach);
    let line = Line::new(Section::Vacuum, "horizon", "Oldest snapshot");
    let age = |r: &Row<'_>| r.number("xid_age").unwrap_or(0.0);
    let told = |r: &Row<'_>| {
        let name = match (r.text("kind"), r.count("pid")) {
            ("session", pid) => format!("pid {pid} {}", r.text("name")).trim_end().to_owned(),
            (kind, _) => format!("{kind} {}", r.text("name")),
        };
        let since = r.number("since").map_or(String::new(), |s| format!(", for {}", seconds(s)));
        let state = r.some("state").map_or(String::new(), |s| format!(", {s}"));
        let whom = match view.whom(r) {
            whom if whom.is_empty() => String::new(),
            whom => format!(" of {whom}"),
        };
        let only = match Heed::named(r.text("heed")) {
            Heed::Analyzing => " (VACUUM ANALYZE: only while it analyses)",
            _ => "",
        };
        format!("{name}{whom}{state}{since}{only}")
    };
    let here = rows.first().filter(|(reach, _)| *reach == Reach::Here).map(|(_, r)| r);
    let mut line = match here {
        Some(oldest) => line.judged("horizon", age(oldest)).value(format!(
            "{} transactions old, {}",
            in_unit(Unit::Transactions, age(oldest)),
            told(oldest)
        )),
        None => line.judged("horizon", 0.0).value("nobody holds vacuum back here"),
    };
    if line.level.calls() {
        line = line.advice("End it, and vacuum can remove what piled up since.");
    }
    line = match here {
        Some(oldest) if oldest.text("kind") == "session" => line.go(Go::Activity),
        Some(oldest) if line.level.calls() => line.sql(oldest.text("fix")),
        _ => line,
    };
    let mut last = Reach::Here;
    for (reach, row) in &rows {
        if std::mem::replace(&mut last, *reach) != *reach {
            line = line.detail(match reach {
                Reach::Elsewhere => "In other databases: they hold back there and in shared catalogs.",
                Reach::Catalogs => "These hold back rows of catalogs only:",
                Reach::Here | Reach::Nowhere => "These are VACUUMs, which hold nothing back:",
            });
        }
        line = line.detail(format!("  {:>7}  {}", in_unit(Unit::Transactions, age(row)), told(row)));
    }
    // Catalogs are rows of this database, too, but not those the rule speaks of.
    let catalogs = rows.iter().find(|(reach, _)| *reach == Reach::Catalogs).map(|(_, r)| r);
    if let Some(oldest) = catalogs.filter(|r| line.level == Level::Good && grave(age(r))) {
        line = line
            .level(Level::Warning)
            .value(format!(
                "{} transactions old, rows of catalogs only: {}",
                in_unit(Unit::Transactions, age(oldest)),
                told(oldest)
            ))
            .sql(oldest.text("fix"));
    }
    line.details.extend(view.stale("horizon"));
    Some(line)
}

/// So old that it would call for somebody.
fn grave(age: f64) -> bool {
    rule("horizon").is_some_and(|rule| rule.judge(age) == Level::Critical)
}

/// What a row of the horizon holds back.
fn reach(row: &Row<'_>) -> Reach {
    match row.text("kind") {
        "slot (catalogs only)" => Reach::Catalogs,
        // What is not known counts.
        _ => Reach::of(row.text("here") != "f", Heed::named(row.text("heed"))),
    }
}

fn prepared(view: &View<'_>) -> Option<Line> {
    view.known.part("prepared")?;
    let rows: Vec<Row<'_>> = view.known.rows("prepared").collect();
    let line = Line::new(Section::Vacuum, "prepared", "Prepared transactions");
    let Some(oldest) = rows.first() else { return Some(line.judged("prepared", 0.0).value("none")) };
    let age = oldest.number("age").unwrap_or(0.0);
    let line = line
        .judged("prepared", age)
        .value(format!("{}, the oldest for {}", count(rows.len() as f64), seconds(age)))
        .details(rows.iter().take(10).map(|r| {
            format!("  {}  {}  {}", seconds(r.number("age").unwrap_or(0.0)), r.text("name"), view.whom(r))
        }))
        .advice("Whoever prepared it must end it, in its own database; when nobody knows of it any more:")
        .sql(oldest.text("fix"));
    Some(line)
}

fn workers(view: &View<'_>) -> Option<Line> {
    let most = view.known.row("server")?.number("autovacuum_max")?;
    let rows = view.known.rows("connections").filter(|r| r.text("kind") == "autovacuum worker");
    let busy: f64 = rows.filter_map(|r| r.number("sessions")).sum();
    let used = share(busy, most)?;
    Some(
        Line::new(Section::Vacuum, "autovacuum", "Autovacuum workers")
            .judged("autovacuum", used)
            .value(format!("{} of {} work", count(busy), count(most)))
            .go(Go::Saved("dead-tuples")),
    )
}

fn progress(view: &View<'_>, row: &Row<'_>) -> Line {
    let (done, total) = (row.number("done").unwrap_or(0.0), row.number("total").filter(|n| *n > 0.0));
    let relation = match (row.some("relation"), row.count("relid")) {
        (Some(name), _) => format!(" {name}"),
        (None, 0) => String::new(),
        (None, oid) => format!(" relation {oid} of {}", view.names.database(row.count("database") as u32)),
    };
    let share = total.and_then(|total| share(done, total));
    let amount = |n: f64| {
        if row.text("unit") == "bytes" { bytes(n) } else { format!("{} {}", count(n), row.text("unit")) }
    };
    let mut line = Line::new(
        Section::Progress,
        format!("progress:{}:{}", row.text("pid"), row.text("command")),
        format!("{}{relation}", row.text("command")),
    )
    .figure(share)
    .value(match share {
        Some(share) => format!(
            "{} of {}, {}",
            percent((share * 10.0).round() / 10.0),
            amount(total.unwrap_or(0.0)),
            row.text("phase")
        ),
        None => format!("{}, {}", amount(done), row.text("phase")),
    })
    .detail(format!("pid {}: {}", row.text("pid"), row.text("detail")))
    .go(Go::Activity);
    if row.text("phase").starts_with("waiting for") {
        line = line
            .level(Level::Warning)
            .advice("It waits for transactions that are older; Locks shows for which.")
            .go(Go::Locks);
    }
    line
}
