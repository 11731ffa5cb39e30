//! PgBouncer's own figures, by the names of its columns: they differ between its versions.

use super::{Level, Line, Row, Section, View, bytes, count, rate, seconds, share};

pub(super) fn lines(view: &View<'_>) -> Vec<Line> {
    let known = view.known;
    let mut lines = vec![];
    if let Some(row) = known.row("version") {
        lines.push(Line::new(Section::Server, "server", "PgBouncer").value(row.text("version").to_owned()));
    }
    // Its own console is no pool.
    for row in known.rows("pools").filter(|r| r.text("database") != "pgbouncer") {
        pool(&row, &mut lines);
    }
    for row in known.rows("averages").filter(|r| r.text("database") != "pgbouncer") {
        stats(&row, &mut lines);
    }
    let setting =
        |name: &str| known.rows("config").find(|r| r.text("key") == name).and_then(|r| r.number("value"));
    let of_list =
        |name: &str| known.rows("lists").find(|r| r.text("list") == name).and_then(|r| r.number("items"));
    if let (Some(used), Some(most)) = (of_list("used_clients"), setting("max_client_conn")) {
        let part = share(used, most).unwrap_or(0.0);
        lines.push(
            Line::new(Section::Pools, "clients", "Clients").judged("connections", part).value(format!(
                "{} of {}",
                count(used),
                count(most)
            )),
        );
    }
    for row in known.rows("databases").filter(|r| r.text("name") != "pgbouncer") {
        if row.text("paused") == "1" || row.text("disabled") == "1" {
            let what = if row.text("paused") == "1" { "paused" } else { "disabled" };
            lines.push(
                Line::new(
                    Section::Pools,
                    format!("database:{}", row.text("name")),
                    format!("Database {}", row.text("name")),
                )
                .level(Level::Warning)
                .value(what)
                .sql(if what == "paused" {
                    format!("RESUME {};", row.text("name"))
                } else {
                    format!("ENABLE {};", row.text("name"))
                }),
            );
        }
    }
    for (part, name) in [
        ("pools", "Pools"),
        ("averages", "Statistics"),
        ("lists", "Lists"),
        ("config", "Settings"),
        ("databases", "Databases"),
    ] {
        let trouble =
            known.part(part).filter(|p| p.table.columns.is_empty()).and_then(|p| p.trouble.as_ref());
        lines.extend(trouble.map(|trouble| {
            Line::new(Section::Pools, format!("no:{part}"), name)
                .level(Level::Hidden)
                .value("not visible to this user")
                .advice(format!(
                    "PgBouncer says: {}. admin_users or stats_users in its configuration name who may look.",
                    trouble.message
                ))
        }));
    }
    lines
}

fn pool(row: &Row<'_>, lines: &mut Vec<Line>) {
    let name = format!("{}@{}", row.text("user"), row.text("database"));
    let (active, waiting) = (row.number("cl_active").unwrap_or(0.0), row.number("cl_waiting").unwrap_or(0.0));
    let servers: f64 = ["sv_active", "sv_idle", "sv_used", "sv_tested", "sv_login"]
        .into_iter()
        .filter_map(|c| row.number(c))
        .sum();
    let mut line = Line::new(Section::Pools, format!("pool:{name}"), format!("Pool {name}"))
        .judged("pool-waiting", waiting)
        .value(format!(
            "{} clients active, {} waiting, {} servers",
            count(active),
            count(waiting),
            count(servers)
        ))
        .detail(format!(
            "Servers: {} in use, {} idle; mode {}.",
            count(row.number("sv_active").unwrap_or(0.0)),
            count(row.number("sv_idle").unwrap_or(0.0)),
            row.text("pool_mode")
        ));
    if line.level.calls() {
        line = line.advice("Long transactions hold server connections: end them, or raise pool_size as far as the server has room.");
    }
    lines.push(line);
    let wait = row.number("maxwait").unwrap_or(0.0) + row.number("maxwait_us").unwrap_or(0.0) / 1e6;
    if wait > 0.0 || waiting > 0.0 {
        lines.push(
            Line::new(Section::Pools, format!("wait:{name}"), format!("Longest wait {name}"))
                .judged("pool-wait", wait)
                .value(seconds(wait)),
        );
    }
}

fn stats(row: &Row<'_>, lines: &mut Vec<Line>) {
    let database = row.text("database");
    // In SHOW STATS_AVERAGES the names have no prefix; in SHOW STATS, and before 1.8, they have.
    let average = |name: &str| row.number(name).or_else(|| row.number(&format!("avg_{name}")));
    let Some(per_second) = average("xact_count") else { return };
    let mut line = Line::new(Section::Pools, format!("work:{database}"), format!("Work {database}"))
        .figure(Some(per_second))
        .value(format!("{} transactions", rate(per_second)));
    line.details.extend(average("query_count").map(|n| format!("{} queries.", rate(n))));
    for (column, what) in [
        ("xact_time", "A transaction takes"),
        ("query_time", "A query takes"),
        ("wait_time", "A client waits"),
    ] {
        line.details.extend(average(column).map(|us| format!("{what} {} on average.", seconds(us / 1e6))));
    }
    for (column, what) in [("bytes_received", "received"), ("bytes_sent", "sent")] {
        line.details.extend(average(column).map(|n| format!("{}/s {what}.", bytes(n))));
    }
    lines.push(line);
}
