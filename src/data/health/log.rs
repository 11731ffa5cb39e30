//! Checkpoints, the write-ahead log and its archive, standbys and slots.

use super::{Level, Line, Section, View, bytes, count, percent, seconds, share};

pub(super) fn lines(view: &View<'_>) -> Vec<Line> {
    let mut lines = vec![];
    lines.extend(checkpoints(view));
    lines.extend(wal(view));
    archiver(view, &mut lines);
    replication(view, &mut lines);
    slots(view, &mut lines);
    lines
}

fn checkpoints(view: &View<'_>) -> Option<Line> {
    let row = view.known.row("checkpoints")?;
    let total = |name: &str| row.number(name).unwrap_or(0.0);
    let (timed, requested) = (total("timed"), total("requested"));
    let forced = share(requested, timed + requested);
    // The first ones after a start are asked for by whoever made the database.
    let judged = forced.filter(|_| timed + requested >= 10.0);
    let mut line = Line::new(Section::Log, "checkpoints", "Checkpoints")
        .maybe("checkpoints", judged)
        .value(format!("{} by time, {} asked for", count(timed), count(requested)))
        .detail(format!(
            "max_wal_size is {}, checkpoint_timeout {}.",
            row.text("max_wal_size"),
            row.text("timeout")
        ))
        .details(forced.map(|share| format!("{} were asked for: max_wal_size was full, or CHECKPOINT, a backup or CREATE DATABASE wanted one.", percent(share.round()))));
    if timed + requested > 0.0 {
        let each = (total("write_ms") + total("sync_ms")) / (timed + requested) / 1000.0;
        line = line.detail(format!(
            "One takes {} and writes {} buffers on average.",
            seconds(each),
            count(total("buffers") / (timed + requested))
        ));
    }
    if let Some(own) = row.number("by_backends").filter(|n| *n > 0.0) {
        line = line.detail(format!("{} buffers were written by sessions themselves.", count(own)));
    }
    if line.level.calls() {
        line = line.advice("Raise max_wal_size until checkpoints come by time; recovery after a crash takes longer then.")
            .sql("ALTER SYSTEM SET max_wal_size = '…'; SELECT pg_reload_conf();");
    }
    line.details.extend(view.stale("checkpoints"));
    Some(line)
}

fn wal(view: &View<'_>) -> Option<Line> {
    let row = view.known.row("wal")?;
    let written = view.known.rate("wal", "position");
    let mut line = Line::new(Section::Log, "wal", "Write-ahead log")
        .figure(written)
        .value(written.map_or("…".to_owned(), |n| format!("{}/s", bytes(n))));
    if let (Some(records), Some(pages)) = (row.number("records"), row.number("full_pages")) {
        line =
            line.detail(format!("{} records, {} of them with a whole page.", count(records), count(pages)));
    }
    if let Some(full) = row.number("buffers_full").filter(|n| *n > 0.0) {
        line = line.detail(format!("{} times it was written because wal_buffers was full.", count(full)));
    }
    Some(line)
}

fn archiver(view: &View<'_>, lines: &mut Vec<Line>) {
    let Some(row) = view.known.row("archiver") else { return };
    let line = || Line::new(Section::Log, "archiver", "Archive");
    if row.text("mode") == "off" {
        lines.push(line().value("off").detail(
            "archive_mode is off: there are no backups to a point in time, unless a tool streams the log.",
        ));
        return;
    }
    let failing = row.is("failing");
    let age = row.number("last_age").map_or("never".to_owned(), |s| format!("{} ago", seconds(s)));
    let mut line = line()
        .judged("archiver", f64::from(u8::from(failing)))
        .value(if failing { format!("FAILS, last success {age}") } else { format!("last {age}") })
        .detail(format!(
            "{} archived, {} failures.",
            count(row.number("archived").unwrap_or(0.0)),
            count(row.number("failed").unwrap_or(0.0))
        ));
    if failing {
        line = line
            .level(Level::Critical)
            .detail(format!(
                "Last failure {} ago, with {}.",
                seconds(row.number("failed_age").unwrap_or(0.0)),
                row.text("last_failed")
            ))
            .advice("The server's log says what archive_command answered.");
    }
    lines.push(line);
    let backlog = || Line::new(Section::Log, "archive-backlog", "To be archived");
    match view.row("archive_backlog", backlog) {
        Ok(row) => {
            let ready = row.number("ready").unwrap_or(0.0);
            lines.push(backlog().judged("archive-backlog", ready).value(format!("{} files", count(ready))));
        }
        Err(line) => lines.extend(line),
    }
}

fn replication(view: &View<'_>, lines: &mut Vec<Line>) {
    for row in view.known.rows("replication") {
        let key = format!("standby:{}:{}", row.text("application"), row.text("client"));
        let name = format!("Standby {}", row.text("application"));
        let line = Line::new(Section::Replication, key, name);
        if row.is("hidden") {
            let line = line.level(Level::Hidden).value("not visible to this role");
            lines.push(view.grant(line, "pg_monitor"));
            continue;
        }
        let behind = row.number("replayed");
        let mut line = line.maybe("standby-lag", behind).value(match behind {
            Some(n) => format!("{} behind, {}", bytes(n), row.text("state")),
            None => row.text("state").to_owned(),
        });
        for (column, what) in [
            ("sent", "not sent"),
            ("written", "not written there"),
            ("flushed", "not flushed there"),
            ("replayed", "not replayed there"),
        ] {
            line.details.extend(row.number(column).map(|n| format!("{} {what}.", bytes(n))));
        }
        line.details
            .extend(row.number("replay_lag").map(|s| format!("Replay answers after {}.", seconds(s))));
        line = line.detail(format!("From {}, {}.", row.text("client"), row.text("sync")));
        lines.push(line);
    }
    if let Some(row) = view.known.row("standby") {
        let delay = row.number("delay");
        let mut line = Line::new(Section::Replication, "replay", "Replay on this standby")
            .maybe("replay-delay", delay)
            .value(match delay {
                Some(s) => format!("{} behind", seconds(s)),
                None => "nothing replayed yet".into(),
            })
            .details(row.number("to_replay").map(|n| format!("{} received and not replayed.", bytes(n))));
        if row.is("paused") {
            line = line.level(Level::Warning).value("paused").sql("SELECT pg_wal_replay_resume();");
        }
        lines.push(line);
        let receives = row.text("receiver");
        let from = row.some("from_host").map_or(String::new(), |host| format!(" from {host}"));
        let line = Line::new(Section::Replication, "receiver", "Receives");
        lines.push(if receives.is_empty() {
            line.level(Level::Critical).value("nothing: no receiver runs")
                .advice("primary_conninfo or the primary is wrong, or this standby only reads an archive; the log says more.")
        } else {
            line.level(Level::Good).value(format!("{receives}{from}"))
        });
    }
}

fn slots(view: &View<'_>, lines: &mut Vec<Line>) {
    for row in view.known.rows("slots") {
        let (name, kept) = (row.text("name"), row.number("retained"));
        let mut line = Line::new(Section::Replication, format!("slot:{name}"), format!("Slot {name}"))
            .maybe("slot", kept)
            .detail(format!("A {} slot.", row.text("kind")));
        let state = if row.is("active") { "active" } else { "nobody reads it" };
        line = line.value(format!("keeps {}, {state}", kept.map_or("nothing".into(), bytes)));
        line.details.extend(
            row.number("inactive_for")
                .filter(|_| !row.is("active"))
                .map(|s| format!("Nobody reads it for {}.", seconds(s))),
        );
        line.details
            .extend(row.number("safe").map(|n| format!("{} more, and it loses what it needs.", bytes(n))));
        let ages = [("xmin_age", "rows"), ("catalog_xmin_age", "catalog rows")];
        line.details.extend(ages.into_iter().filter_map(|(column, what)| {
            row.number(column)
                .map(|n| format!("It holds back vacuum of {what} by {} transactions.", count(n)))
        }));
        let lost = row.text("wal_status") == "lost" || row.some("invalid").is_some();
        if lost {
            line = line.level(Level::Critical).value("lost: what its reader needs is gone");
        } else if row.text("wal_status") == "unreserved" {
            line = line.level(Level::Critical).value(format!("about to be lost, {state}"));
        } else if !row.is("active") && line.level == Level::Good {
            line = line.level(Level::Warning);
        }
        if lost || !row.is("active") {
            line = line.advice("When its reader does not come back, drop it.").sql(row.text("fix"));
        }
        lines.push(line);
    }
}
