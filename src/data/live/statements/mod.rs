//! Statements: the counters of `pg_stat_statements`, and what they grew by between two moments.
//!
//! The extension only ever adds up, so what happened lately is a difference. Always the whole set is sampled: an entry
//! that was not there before is really new and counts from zero. An entry that was dropped and made again between two
//! samples counts from zero, too; `since` tells (1.11 and later), or any counter that went down.

mod history;
mod measure;

pub use history::{Change, Figures, Full, History, Interval, Span, TEXTS};
pub use measure::Measure;

use super::Micros;
use std::{sync::Arc, time::Duration};

/// What a statement is known by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// OID of the role that ran it.
    pub role: u32,
    /// OID of the database it ran in.
    pub database: u32,
    /// Sent by a client; `false`: run inside of a function.
    pub top: bool,
    /// `queryid`; `None`: all statements of others that may not be seen, together.
    pub id: Option<i64>,
}

impl Key {
    /// What its text is known by; `None` where no text may be seen.
    #[must_use]
    pub fn text(self) -> Option<(u32, i64)> {
        self.id.map(|id| (self.database, id))
    }
}

/// Counters, or what they grew by. Times in milliseconds, blocks in the server's blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counters {
    /// Runs that ended.
    pub calls: i64,
    /// Rows returned or changed.
    pub rows: i64,
    /// Plans made; 0 without `track_planning`.
    pub plans: i64,
    /// Time of execution.
    pub exec_ms: f64,
    /// Time of planning; 0 without `track_planning`.
    pub plan_ms: f64,
    /// The fastest run.
    pub min_ms: f64,
    /// The slowest run; of a difference only when it fell between the two moments.
    pub max_ms: Option<f64>,
    /// Sum of the squares of the times of execution, from which the deviation is made.
    pub squares: f64,
    /// Shared blocks found in the buffer cache.
    pub hit: i64,
    /// Shared blocks read.
    pub read: i64,
    /// Shared blocks made dirty.
    pub dirtied: i64,
    /// Shared blocks written by the statement itself.
    pub written: i64,
    /// Blocks of temporary tables, read or written.
    pub local: i64,
    /// Blocks of temporary files read.
    pub temp_read: i64,
    /// Blocks of temporary files written.
    pub temp_written: i64,
    /// Time of reading and writing; 0 without `track_io_timing`.
    pub io_ms: f64,
    /// Bytes of WAL.
    pub wal_bytes: f64,
    /// Time of compiling (1.10 and later).
    pub jit_ms: f64,
}

impl Counters {
    /// Applies a pair of functions, of whole numbers and of others, to each counter of both.
    fn zip(&self, other: &Self, whole: fn(i64, i64) -> i64, part: fn(f64, f64) -> f64) -> Self {
        let (a, b) = (self, other);
        Self {
            calls: whole(a.calls, b.calls),
            rows: whole(a.rows, b.rows),
            plans: whole(a.plans, b.plans),
            exec_ms: part(a.exec_ms, b.exec_ms),
            plan_ms: part(a.plan_ms, b.plan_ms),
            min_ms: a.min_ms,
            max_ms: a.max_ms,
            squares: part(a.squares, b.squares),
            hit: whole(a.hit, b.hit),
            read: whole(a.read, b.read),
            dirtied: whole(a.dirtied, b.dirtied),
            written: whole(a.written, b.written),
            local: whole(a.local, b.local),
            temp_read: whole(a.temp_read, b.temp_read),
            temp_written: whole(a.temp_written, b.temp_written),
            io_ms: part(a.io_ms, b.io_ms),
            wal_bytes: part(a.wal_bytes, b.wal_bytes),
            jit_ms: part(a.jit_ms, b.jit_ms),
        }
    }

    /// What was added since `before`. Of rounding nothing below zero is left.
    #[must_use]
    pub fn minus(&self, before: &Self) -> Self {
        let slower = self.max_ms.filter(|max| before.max_ms.is_none_or(|before| *max > before));
        Self { max_ms: slower, ..self.zip(before, i64::saturating_sub, |a, b| (a - b).max(0.0)) }
    }

    /// Both together.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let max = [self.max_ms, other.max_ms].into_iter().flatten().reduce(f64::max);
        Self { max_ms: max, ..self.zip(other, i64::saturating_add, |a, b| a + b) }
    }

    /// Planning and execution.
    #[must_use]
    pub fn time_ms(&self) -> f64 {
        self.exec_ms + self.plan_ms
    }

    /// Mean time of execution; `None` without a run.
    #[must_use]
    pub fn mean_ms(&self) -> Option<f64> {
        (self.calls > 0).then(|| self.exec_ms / self.calls as f64)
    }

    /// Standard deviation of the time of execution; `None` with fewer than two runs.
    #[must_use]
    pub fn deviation_ms(&self) -> Option<f64> {
        let mean = self.mean_ms().filter(|_| self.calls > 1)?;
        Some((self.squares / self.calls as f64 - mean * mean).max(0.0).sqrt())
    }

    /// Share of the shared blocks that were in the buffer cache, 0 to 1; `None` when none was wanted.
    #[must_use]
    pub fn hit_share(&self) -> Option<f64> {
        let all = self.hit + self.read;
        (all > 0).then(|| self.hit as f64 / all as f64)
    }

    /// Did any counter go down? Then the entry was made anew.
    fn below(&self, before: &Self) -> bool {
        let slowest = self.max_ms.unwrap_or(0.0) < before.max_ms.unwrap_or(0.0);
        let fastest = self.min_ms > before.min_ms && before.calls > 0;
        self.calls < before.calls
            || self.rows < before.rows
            || self.exec_ms < before.exec_ms
            || self.hit < before.hit
            || self.read < before.read
            || self.wal_bytes < before.wal_bytes
            || slowest
            || fastest
    }
}

/// A statement's counters at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Entry {
    /// Which statement.
    pub key: Key,
    /// The counters.
    pub counters: Counters,
    /// When the entry was made (1.11 and later).
    pub since: Option<Micros>,
}

impl Entry {
    /// What the counters grew by since `before`. `reset`: all of them began anew.
    #[must_use]
    pub fn grown(&self, before: Option<&Self>, reset: bool) -> Counters {
        match before {
            Some(before) if !reset && !self.anew(before) => self.counters.minus(&before.counters),
            _ => self.counters,
        }
    }

    /// The entry is not the one it was: dropped and made again.
    fn anew(&self, before: &Self) -> bool {
        match (self.since, before.since) {
            (Some(now), Some(then)) => now != then,
            _ => self.counters.below(&before.counters),
        }
    }
}

/// What is known of the extension in this database.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Setup {
    /// The server loaded the library at its start.
    pub loaded: bool,
    /// The extension's schema; `None`: it was not created here.
    pub schema: Option<String>,
    /// The extension's version.
    pub version: String,
    /// This role may call its functions.
    pub may_read: bool,
    /// This role sees the statements of others.
    pub all_texts: bool,
    /// `pg_stat_statements.max`
    pub most: Option<i64>,
    /// `pg_stat_statements.track`
    pub track: String,
    /// `pg_stat_statements.track_planning`
    pub planning: bool,
    /// `track_io_timing`
    pub io_timing: bool,
    /// Bytes of a block.
    pub block: i64,
    /// Its files are on the server.
    pub available: bool,
}

/// What is missing before there can be figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// `CREATE EXTENSION` would find no files.
    Files,
    /// It is not in `shared_preload_libraries`; `true`: nor created in this database.
    Library(bool),
    /// It was not created in this database.
    Extension,
    /// Its version is one that is not read.
    Version,
    /// The role may not call its functions.
    Right,
}

impl Setup {
    /// What is missing; `None`: it can be read.
    #[must_use]
    pub fn lacks(&self) -> Option<Lack> {
        match (&self.schema, self.loaded) {
            (None, _) if !self.available => Some(Lack::Files),
            (schema, false) => Some(Lack::Library(schema.is_none())),
            (None, true) => Some(Lack::Extension),
            _ if !known(&self.version) => Some(Lack::Version),
            _ if !self.may_read => Some(Lack::Right),
            _ => None,
        }
    }
}

/// Is this a version of the extension that is read: 1.8, which came with PostgreSQL 13, or later?
#[must_use]
pub fn known(version: &str) -> bool {
    let minor = version.strip_prefix("1.").and_then(|minor| minor.parse::<u32>().ok());
    minor.is_some_and(|minor| minor >= 8)
}

/// One sample.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statements {
    /// The extension.
    pub setup: Arc<Setup>,
    /// The counters; `None` when something is missing.
    pub taken: Option<Taken>,
}

/// All counters at one moment, in any order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Taken {
    /// The server's clock.
    pub at: Micros,
    /// How long the server took to answer.
    pub took: Duration,
    /// The counters.
    pub entries: Vec<Entry>,
    /// When all was reset last (1.9 and later).
    pub reset: Option<Micros>,
    /// Entries dropped for lack of room since then (1.9 and later).
    pub evicted: Option<i64>,
}

/// Texts by database and query id, or why there are none.
pub type Texts = Result<Vec<((u32, i64), Text)>, String>;

/// A statement's text as it was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The text, with parameters for its constants.
    pub text: Arc<str>,
    /// There is more of it.
    pub cut: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counters(calls: i64, exec_ms: f64, min_ms: f64, max_ms: f64, squares: f64) -> Counters {
        Counters { calls, rows: calls, exec_ms, min_ms, max_ms: Some(max_ms), squares, ..Counters::default() }
    }

    #[test]
    fn what_was_added_in_between() {
        // 1, 2 and 3 ms; then 4 and 8 ms.
        let before = Entry { counters: counters(3, 6.0, 1.0, 3.0, 14.0), ..Entry::default() };
        let now = Entry { counters: counters(5, 18.0, 1.0, 8.0, 94.0), ..Entry::default() };
        let grown = now.grown(Some(&before), false);
        assert_eq!((grown.calls, grown.exec_ms, grown.max_ms), (2, 12.0, Some(8.0)));
        assert_eq!((grown.mean_ms(), grown.deviation_ms()), (Some(6.0), Some(2.0)));
        assert_eq!(now.grown(None, false), now.counters, "a new one counts from zero");
        assert_eq!(now.grown(Some(&before), true), now.counters, "so does every one after a reset");
        let calm = Entry { counters: counters(7, 20.0, 1.0, 8.0, 96.0), ..Entry::default() };
        assert_eq!(calm.grown(Some(&now), false).max_ms, None, "the slowest run was before");
        assert_eq!(Counters::default().mean_ms(), None);
    }

    #[test]
    fn an_entry_made_anew_counts_from_zero() {
        let before = Entry { counters: counters(9, 90.0, 1.0, 30.0, 9.0), ..Entry::default() };
        for (what, now) in [
            ("fewer calls", counters(2, 95.0, 1.0, 30.0, 9.0)),
            ("less time", counters(10, 9.0, 1.0, 30.0, 9.0)),
            ("only the slowest run tells", counters(10, 95.0, 1.0, 29.0, 9.0)),
            ("only the fastest run tells", counters(10, 95.0, 2.0, 30.0, 9.0)),
        ] {
            let now = Entry { counters: now, ..Entry::default() };
            assert_eq!(now.grown(Some(&before), false), now.counters, "{what}");
        }
        // With the time of its making nothing is guessed: min and max may be reset by themselves.
        let (before, now) = (
            Entry { since: Some(5), ..before },
            Entry { counters: counters(10, 95.0, 2.0, 3.0, 9.0), since: Some(5), ..Entry::default() },
        );
        assert_eq!(now.grown(Some(&before), false).calls, 1);
        let anew = Entry { since: Some(6), counters: counters(99, 990.0, 1.0, 30.0, 9.0), ..now };
        assert_eq!(anew.grown(Some(&before), false).calls, 99);
    }

    #[test]
    fn what_is_missing() {
        let setup = Setup {
            loaded: true,
            schema: Some("public".into()),
            version: "1.10".into(),
            may_read: true,
            available: true,
            ..Setup::default()
        };
        assert_eq!(setup.lacks(), None);
        let lacks = |setup: Setup| setup.lacks();
        assert_eq!(lacks(Setup { may_read: false, ..setup.clone() }), Some(Lack::Right));
        assert_eq!(lacks(Setup { version: "1.7".into(), ..setup.clone() }), Some(Lack::Version));
        assert_eq!(lacks(Setup { schema: None, ..setup.clone() }), Some(Lack::Extension));
        assert_eq!(lacks(Setup { loaded: false, ..setup.clone() }), Some(Lack::Library(false)));
        assert_eq!(lacks(Setup { loaded: false, schema: None, ..setup.clone() }), Some(Lack::Library(true)));
        assert_eq!(lacks(Setup { available: false, schema: None, ..setup }), Some(Lack::Files));
    }
}
