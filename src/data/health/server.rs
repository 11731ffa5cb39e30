//! The server, who is connected, and how it works.

use super::{Go, Level, Line, Row, Section, View, bytes, count, percent, rate, seconds, share};

/// Lines of details that are told of a list.
const MOST: usize = 12;

pub(super) fn lines(view: &View<'_>) -> Vec<Line> {
    let mut lines = vec![];
    lines.extend(server(view));
    connections(view, &mut lines);
    work(view, &mut lines);
    lines
}

fn server(view: &View<'_>) -> Option<Line> {
    let row = view.known.row("server")?;
    let kind = if row.is("standby") { "standby" } else { "primary" };
    let value = format!("{} {kind}, up {}", row.text("version"), seconds(row.number("started")?));
    let line = Line::new(Section::Server, "server", "PostgreSQL").value(value);
    let loaded = seconds(row.number("conf_loaded").unwrap_or(0.0));
    let mut line = line.detail(format!("Its configuration was read {loaded} ago."));
    if row.number("started")? < 600.0 {
        // A restart nobody planned is what one wants to know first.
        line = line.level(Level::Warning).advice(
            "It was started a short while ago: its caches are cold, and its log says why it stopped.",
        );
    }
    line.details.extend(view.stale("server"));
    Some(line)
}

fn connections(view: &View<'_>, lines: &mut Vec<Line>) {
    let rows: Vec<Row<'_>> = view.known.rows("connections").collect();
    let Some(server) = view.known.row("server") else { return };
    if rows.is_empty() {
        return;
    }
    // Where the kind may not be seen, a session with a database is a client's.
    let client = |r: &&Row<'_>| match r.text("kind") {
        "" => r.count("database") != 0,
        kind => kind == "client backend",
    };
    let clients: Vec<&Row<'_>> = rows.iter().filter(client).collect();
    let sum = |wanted: &dyn Fn(&Row<'_>) -> bool| -> f64 {
        clients.iter().filter(|r| wanted(r)).filter_map(|r| r.number("sessions")).sum()
    };
    let (all, max) = (sum(&|_| true), server.number("max").unwrap_or(0.0));
    let reserved = server.number("reserved").unwrap_or(0.0);
    let free = (max - reserved).max(1.0);
    let used = 100.0 * all / free;
    let mut line = Line::new(Section::Connections, "connections", "Connections")
        .judged("connections", used)
        .value(format!("{} of {} ({})", count(all), count(free), percent(used.round())))
        .detail(format!("max_connections is {}, of which {} are reserved.", count(max), count(reserved)))
        .go(Go::Saved("connections"));
    line.details.extend(grouped("state", &clients, &|r| match r.text("state") {
        "" => "not visible".to_owned(),
        state => state.to_owned(),
    }));
    line.details.extend(grouped("role@database", &clients, &|r| view.whom(r)));
    line.details.extend(view.stale("connections"));
    if line.level.calls() {
        line = line.advice("Who holds them stands above. A pool before the server serves many clients with few connections; raising max_connections needs a restart and memory.");
    }
    lines.push(line);

    let masked = sum(&|r| r.count("masked") > 0);
    let at_least = if masked > 0.0 { "≥ " } else { "" };
    let oldest = |column: &str, wanted: &dyn Fn(&Row<'_>) -> bool| {
        clients.iter().filter(|r| wanted(r)).filter_map(|r| r.number(column)).reduce(f64::max)
    };
    let idle = |r: &Row<'_>| r.text("state").starts_with("idle in transaction");
    let since = oldest("oldest_state", &idle);
    let idle_line = match since {
        Some(since) => Line::new(Section::Connections, "idle-in-transaction", "Idle in transaction")
            .judged("idle-in-transaction", since)
            .value(format!("{at_least}{} for up to {}", count(sum(&idle)), seconds(since)))
            .advice("Activity shows which (t sorts by transaction); K there ends one.")
            .go(Go::Activity),
        None => Line::new(Section::Connections, "idle-in-transaction", "Idle in transaction")
            .judged("idle-in-transaction", 0.0)
            .value("0"),
    };
    lines.push(view.partly(idle_line, masked));
    let longest = oldest("oldest_xact", &|r| r.text("state") != "idle");
    let long = Line::new(Section::Connections, "long-transaction", "Longest transaction")
        .judged("long-transaction", longest.unwrap_or(0.0))
        .value(longest.map_or("none".to_owned(), |s| format!("{at_least}{}", seconds(s))))
        .details(
            oldest("oldest_query", &|_| true)
                .map(|s| format!("The longest statement runs for {}.", seconds(s))),
        )
        .go(Go::Activity);
    lines.push(view.partly(long, masked));
    let seen: f64 = clients.iter().filter_map(|r| r.number("lock_waits")).sum();
    // Whose wait events may not be seen stand in the lock table all the same.
    let told = clients.iter().find_map(|r| r.number("waiting")).filter(|_| masked > 0.0);
    let waits = told.map_or(seen, |told| told.max(seen));
    let line = Line::new(Section::Connections, "lock-waits", "Waiting for a lock")
        .judged("lock-waits", waits)
        .value(count(waits))
        .go(Go::Locks);
    lines.push(if told.is_some() { line } else { view.partly(line, masked) });
    if masked > 0.0 {
        let line = Line::new(Section::Connections, "hidden-sessions", "Not visible")
            .level(Level::Hidden)
            .value(format!("state and times of {} of {} sessions", count(masked), count(all)));
        lines.push(view.grant(line, "pg_read_all_stats"));
    }
}

/// Sessions by something, the most first.
fn grouped(what: &str, rows: &[&Row<'_>], by: &dyn Fn(&Row<'_>) -> String) -> Vec<String> {
    let mut groups: Vec<(String, u64)> = vec![];
    for row in rows {
        let name = by(row);
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, n)) => *n += row.count("sessions"),
            None => groups.push((name, row.count("sessions"))),
        }
    }
    groups.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let more = groups.len().saturating_sub(MOST);
    let mut lines = vec![format!("By {what}:")];
    lines.extend(groups.into_iter().take(MOST).map(|(name, n)| format!("  {n:>5}  {name}")));
    if more > 0 {
        lines.push(format!("         and {more} more"));
    }
    lines
}

fn work(view: &View<'_>, lines: &mut Vec<Line>) {
    let known = view.known;
    let Some(row) = known.row("database") else { return };
    let total = |name: &str| row.number(name).unwrap_or(0.0);
    let since = match row.some("reset") {
        Some(reset) => format!("since {}", reset.get(..19).unwrap_or(reset)),
        None => "since the server began to count".to_owned(),
    };
    let (commits, rollbacks) = (known.rate("database", "commits"), known.rate("database", "rollbacks"));
    let per_second = commits.zip(rollbacks).map(|(c, r)| c + r);
    let mut line = Line::new(Section::Work, "transactions", "Transactions")
        .figure(per_second)
        .value(per_second.map_or("…".to_owned(), rate))
        .detail(format!(
            "{} committed, {} rolled back in this database {since}.",
            count(total("commits")),
            count(total("rollbacks"))
        ))
        .go(Go::Statements);
    for (name, what) in [("inserted", "inserted"), ("updated", "updated"), ("deleted", "deleted")] {
        line.details.extend(known.rate("database", name).map(|n| format!("Rows {what}: {}.", rate(n))));
    }
    line.details.extend(view.stale("database"));
    lines.push(line);

    // A few transactions say nothing: one rolled back of two is half of all.
    let grown = known.grew("database", "rollbacks").zip(known.grew("database", "commits"));
    let rolled_back = match grown {
        Some(((r, _), (c, _))) if r + c >= 20.0 => share(r, r + c),
        Some(_) => Some(0.0),
        None => None,
    };
    lines.push(
        Line::new(Section::Work, "rollbacks", "Rolled back")
            .maybe("rollbacks", rolled_back)
            .value(rolled_back.map_or("…".to_owned(), percent))
            .details(
                share(total("rollbacks"), total("commits") + total("rollbacks"))
                    .map(|all| format!("{} {since}.", percent(all))),
            ),
    );

    let hit = known.grew("database", "hit").zip(known.grew("database", "read"));
    // Fewer blocks than a small table has say nothing.
    let ratio = match hit {
        Some(((hit, _), (read, _))) if hit + read >= 1000.0 => share(hit, hit + read),
        Some(_) => Some(100.0),
        None => None,
    };
    let overall = share(total("hit"), total("hit") + total("read"));
    lines.push(
        Line::new(Section::Work, "cache-hit", "Cache hit")
            .maybe("cache-hit", ratio)
            .value(ratio.or(overall).map_or("…".to_owned(), percent))
            .details(overall.map(|all| format!("{} {since}.", percent(all))))
            .details(
                known
                    .rate("database", "read")
                    .map(|n| format!("{} blocks are read from outside the cache.", rate(n))),
            )
            .go(Go::Saved("cache-hit")),
    );

    let temp = known.rate("database", "temp_bytes");
    lines.push(
        Line::new(Section::Work, "temp-files", "Temporary files")
            .maybe("temp-files", temp)
            .value(temp.map_or("…".to_owned(), |n| format!("{}/s", bytes(n))))
            .detail(format!(
                "{} files with {} {since}.",
                count(total("temp_files")),
                bytes(total("temp_bytes"))
            ))
            .go(Go::Statements),
    );
    let now = || Line::new(Section::Work, "temp-now", "Temporary files now");
    match view.row("temp", now) {
        Ok(row) => lines.push(now().judged("temp-now", row.number("bytes").unwrap_or(0.0)).value(format!(
            "{} in {}",
            bytes(row.number("bytes").unwrap_or(0.0)),
            files(row.number("files").unwrap_or(0.0))
        ))),
        Err(line) => lines.extend(line),
    }
    let deadlocks = known.grew("database", "deadlocks").map(|(n, _)| n);
    lines.push(Line::new(Section::Work, "deadlocks", "Deadlocks").maybe("deadlocks", deadlocks).value(
        format!("{} now, {} {since}", deadlocks.map_or("…".to_owned(), count), count(total("deadlocks"))),
    ));
    let broken = total("checksum_failures");
    if broken > 0.0 {
        lines.push(
            Line::new(Section::Work, "checksums", "Damaged pages")
                .level(Level::Critical)
                .value(format!("{} {since}", count(broken)))
                .advice("Pages failed their checksum: suspect the disk, take a base backup of what can be read, and fail over."),
        );
    }
    if let Some(lost) =
        ["abandoned", "fatal", "killed"].into_iter().map(|n| row.number(n)).sum::<Option<f64>>()
    {
        lines.push(
            Line::new(Section::Work, "lost-sessions", "Sessions lost")
                .figure(Some(lost))
                .value(count(lost))
                .detail(format!(
                    "{} by clients that went away, {} by errors of the server, {} terminated, {since}.",
                    count(total("abandoned")),
                    count(total("fatal")),
                    count(total("killed"))
                )),
        );
    }
}

fn files(n: f64) -> String {
    if n == 1.0 { "1 file".into() } else { format!("{} files", count(n)) }
}
