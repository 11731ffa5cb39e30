//! EVERY THRESHOLD OF HEALTH, one row: from when on a figure is worth a look or calls for somebody, and why.

/// How bad a line is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Within its threshold.
    #[default]
    Good,
    /// Only told: it has no threshold, or nothing to compare with yet.
    Plain,
    /// It cannot be seen, and the line says what would show it.
    Hidden,
    /// Worth a look.
    Warning,
    /// Calls for somebody now.
    Critical,
}

impl Level {
    /// The mark in front of a line; colour is never the only carrier of meaning.
    #[must_use]
    pub fn mark(self) -> &'static str {
        match self {
            Self::Good => "✓",
            Self::Plain => "·",
            Self::Hidden => "?",
            Self::Warning => "!",
            Self::Critical => "‼",
        }
    }

    /// Worth somebody's attention.
    #[must_use]
    pub fn calls(self) -> bool {
        self >= Self::Warning
    }
}

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Percent.
    Percent,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// Bytes a second.
    Rate,
    /// Things.
    Count,
    /// Transactions.
    Transactions,
}

/// One threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// Whose.
    pub id: &'static str,
    /// A warning from here on.
    pub warning: f64,
    /// Critical from here on.
    pub critical: f64,
    /// It is the low figures that are bad.
    pub low: bool,
    /// What is counted.
    pub unit: Unit,
    /// Why just there.
    pub reason: &'static str,
}

const fn high(id: &'static str, warning: f64, critical: f64, unit: Unit, reason: &'static str) -> Rule {
    Rule { id, warning, critical, low: false, unit, reason }
}

const GB: f64 = 1_073_741_824.0;
/// Never critical.
const NEVER: f64 = f64::INFINITY;

/// All of them.
pub const RULES: &[Rule] = &[
    high(
        "connections",
        80.0,
        95.0,
        Unit::Percent,
        "at the limit nobody is let in any more but superusers; a burst of new sessions needs the last fifth",
    ),
    high(
        "idle-in-transaction",
        60.0,
        600.0,
        Unit::Seconds,
        "it keeps its locks, and dead rows stay, until it ends; nobody thinks for minutes inside a transaction. idle_in_transaction_session_timeout ends such sessions",
    ),
    high(
        "long-transaction",
        300.0,
        3600.0,
        Unit::Seconds,
        "what it could still see cannot be vacuumed, in every table of its database; after an hour busy tables have grown",
    ),
    high(
        "lock-waits",
        1.0,
        10.0,
        Unit::Count,
        "a queue for a lock grows by itself: each that waits makes others wait",
    ),
    Rule {
        id: "cache-hit",
        warning: 90.0,
        critical: 0.0,
        low: true,
        unit: Unit::Percent,
        reason: "below it each tenth block is asked of the operating system; a report over old data does that, too. Where it stays low shared_buffers or an index is missing",
    },
    high(
        "rollbacks",
        10.0,
        NEVER,
        Unit::Percent,
        "a tenth of all work is thrown away: errors, retries, or a pool that begins transactions it does not need",
    ),
    high(
        "deadlocks",
        0.1,
        NEVER,
        Unit::Count,
        "the server ended a transaction to break a circle; the application must lock in one order",
    ),
    high(
        "temp-files",
        10.0 * 1_048_576.0,
        200.0 * 1_048_576.0,
        Unit::Rate,
        "sorts and hashes that do not fit work_mem are written to disk; at such a rate it is worth finding the statement",
    ),
    high(
        "temp-now",
        10.0 * GB,
        100.0 * GB,
        Unit::Bytes,
        "they fill the disk of the data; temp_file_limit stops a single statement",
    ),
    high(
        "checkpoints",
        30.0,
        NEVER,
        Unit::Percent,
        "checkpoints that come because max_wal_size is full write every changed page once more into the log; most should come by time",
    ),
    high(
        "archiver",
        0.5,
        NEVER,
        Unit::Count,
        "what cannot be archived is kept: backups end there, and the disk of the log fills until the server stops",
    ),
    high(
        "archive-backlog",
        10.0,
        100.0,
        Unit::Count,
        "each is 16 MB of log that only this server has; the archive falls behind",
    ),
    high(
        "standby-lag",
        64.0 * 1_048_576.0,
        GB,
        Unit::Bytes,
        "what is not replayed there is what its readers miss and a failover waits for",
    ),
    high(
        "replay-delay",
        30.0,
        300.0,
        Unit::Seconds,
        "readers here see the past; replay may be held up by one of their statements",
    ),
    high(
        "slot",
        GB,
        10.0 * GB,
        Unit::Bytes,
        "what a slot keeps is never removed, even when its reader never comes back; max_slot_wal_keep_size limits it",
    ),
    high(
        "wraparound",
        40.0,
        75.0,
        Unit::Percent,
        "at 100 % the server takes no more writes. Autovacuum freezes from autovacuum_freeze_max_age on (usually 10 %); well beyond it, it does not get through",
    ),
    high(
        "multixact",
        40.0,
        75.0,
        Unit::Percent,
        "ids of rows that several transactions lock; the same limit as for transaction ids",
    ),
    high(
        "horizon",
        10_000_000.0,
        100_000_000.0,
        Unit::Transactions,
        "so many transactions ended since, and none of the rows they left dead in this database can be removed",
    ),
    high(
        "prepared",
        60.0,
        3600.0,
        Unit::Seconds,
        "it keeps its locks over restarts, too; a transaction manager that lives ends it in seconds",
    ),
    high(
        "autovacuum",
        100.0,
        NEVER,
        Unit::Percent,
        "all workers are busy: tables that need vacuum wait. autovacuum_max_workers and the cost limit set the pace",
    ),
    high(
        "dead-rows",
        120.0,
        300.0,
        Unit::Percent,
        "beyond its threshold autovacuum should have come: it is off for the table, behind, or held back by the horizon",
    ),
    high(
        "sequence",
        75.0,
        95.0,
        Unit::Percent,
        "at its end every insert fails; changing the column's type rewrites the table, which wants time to plan",
    ),
    high(
        "bloat",
        50.0,
        NEVER,
        Unit::Percent,
        "an estimate from statistics: half of it is room that reads pass through. Room that is used again is no harm",
    ),
    high(
        "pool-waiting",
        1.0,
        20.0,
        Unit::Count,
        "clients wait because every server connection of the pool is in use",
    ),
    high(
        "pool-wait",
        1.0,
        10.0,
        Unit::Seconds,
        "the oldest client in the queue; what it waits for is added to each of its statements",
    ),
];

/// The rule of a line.
#[must_use]
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|r| r.id == id)
}

impl Rule {
    /// How bad a figure is.
    #[must_use]
    pub fn judge(&self, figure: f64) -> Level {
        let beyond = |limit: f64| if self.low { figure < limit } else { figure >= limit };
        if beyond(self.critical) {
            Level::Critical
        } else if beyond(self.warning) {
            Level::Warning
        } else {
            Level::Good
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_threshold_has_a_reason_and_its_two_limits_in_order() {
        for (n, rule) in RULES.iter().enumerate() {
            assert!(rule.reason.len() > 20, "{}", rule.id);
            assert!(RULES[..n].iter().all(|r| r.id != rule.id), "{} twice", rule.id);
            let worse = if rule.low { rule.critical < rule.warning } else { rule.critical > rule.warning };
            assert!(worse, "{}: the critical limit lies behind the other", rule.id);
        }
    }

    #[test]
    fn the_limits_themselves_count() {
        let rule = rule("connections").expect("a rule");
        for (figure, level) in
            [(79.9, Level::Good), (80.0, Level::Warning), (94.9, Level::Warning), (95.0, Level::Critical)]
        {
            assert_eq!(rule.judge(figure), level, "{figure}");
        }
        let hit = self::rule("cache-hit").expect("a rule");
        assert_eq!(
            (hit.judge(90.0), hit.judge(89.9), hit.judge(0.0)),
            (Level::Good, Level::Warning, Level::Warning)
        );
        assert!(self::rule("no such").is_none());
    }
}
