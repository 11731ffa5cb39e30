//! What vacuum must do and what holds it back, and long operations.

use super::{
    Go, Level, Line, Row, Section, View, bytes, count, in_unit, percent, rules::Unit, seconds, share,
};

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

fn horizon(view: &View<'_>) -> Option<Line> {
    view.known.part("horizon")?;
    let rows: Vec<Row<'_>> = view.known.rows("horizon").collect();
    let line = Line::new(Section::Vacuum, "horizon", "Oldest snapshot");
    let Some(oldest) = rows.first() else {
        return Some(line.judged("horizon", 0.0).value("nobody holds vacuum back"));
    };
    let age = oldest.number("xid_age").unwrap_or(0.0);
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
        format!("{name}{whom}{state}{since}")
    };
    let mut line = line
        .judged("horizon", age)
        .value(format!("{} transactions old, {}", in_unit(Unit::Transactions, age), told(oldest)))
        .details(rows.iter().map(|r| {
            format!("  {:>7}  {}", in_unit(Unit::Transactions, r.number("xid_age").unwrap_or(0.0)), told(r))
        }));
    if line.level.calls() {
        line = line.advice("End it, and vacuum can remove what piled up since.");
    }
    line = match oldest.text("kind") {
        "session" => line.go(Go::Activity),
        _ if line.level.calls() => line.sql(oldest.text("fix")),
        _ => line,
    };
    line.details.extend(view.stale("horizon"));
    Some(line)
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
