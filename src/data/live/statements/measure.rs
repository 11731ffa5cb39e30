//! What a statement can be measured by: the columns of the list, and what it is sorted by.

use super::Counters;

/// A figure of a statement in a span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Measure {
    /// Time of planning and execution.
    #[default]
    Total,
    /// Runs.
    Calls,
    /// Mean time of a run.
    Mean,
    /// Standard deviation of the time of a run.
    Deviation,
    /// The slowest run.
    Max,
    /// Rows.
    Rows,
    /// Rows of a run.
    RowsEach,
    /// Blocks read from outside of the buffer cache.
    Read,
    /// Share of blocks found in the buffer cache; the smallest comes first.
    Hit,
    /// Blocks made dirty.
    Dirtied,
    /// Blocks of temporary files.
    Temp,
    /// Time of reading and writing.
    Io,
    /// Bytes of WAL.
    Wal,
    /// Time of planning.
    Plan,
    /// Time of compiling.
    Jit,
}

impl Measure {
    /// All, in the order of the columns.
    pub const ALL: [Self; 15] = [
        Self::Total,
        Self::Calls,
        Self::Mean,
        Self::Deviation,
        Self::Max,
        Self::Rows,
        Self::RowsEach,
        Self::Read,
        Self::Hit,
        Self::Dirtied,
        Self::Temp,
        Self::Io,
        Self::Wal,
        Self::Plan,
        Self::Jit,
    ];

    /// The next one to sort by, or the one before.
    #[must_use]
    pub fn step(self, back: bool) -> Self {
        let at = Self::ALL.iter().position(|m| *m == self).unwrap_or(0);
        let by = if back { Self::ALL.len() - 1 } else { 1 };
        Self::ALL[(at + by) % Self::ALL.len()]
    }

    /// What rows are sorted by, the greatest first.
    #[must_use]
    pub fn rank(self, c: &Counters) -> f64 {
        match self {
            Self::Total => c.time_ms(),
            Self::Calls => c.calls as f64,
            Self::Mean => c.mean_ms().unwrap_or(-1.0),
            Self::Deviation => c.deviation_ms().unwrap_or(-1.0),
            Self::Max => c.max_ms.unwrap_or(-1.0),
            Self::Rows => c.rows as f64,
            Self::RowsEach if c.calls > 0 => c.rows as f64 / c.calls as f64,
            Self::RowsEach => -1.0,
            Self::Read => c.read as f64,
            Self::Hit => c.hit_share().map_or(-2.0, |share| -share),
            Self::Dirtied => c.dirtied as f64,
            Self::Temp => (c.temp_read + c.temp_written) as f64,
            Self::Io => c.io_ms,
            Self::Wal => c.wal_bytes,
            Self::Plan => c.plan_ms,
            Self::Jit => c.jit_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_measure_is_met_going_either_way() {
        let mut measure = Measure::default();
        for expected in Measure::ALL.iter().skip(1).chain([&Measure::Total]) {
            measure = measure.step(false);
            assert_eq!(measure, *expected);
        }
        assert_eq!(Measure::Total.step(true), Measure::Jit);
    }

    #[test]
    fn the_worst_hit_share_comes_first_and_no_reads_last() {
        let ranks = [(0, 10), (9, 1), (10, 0), (0, 0)]
            .map(|(hit, read)| Measure::Hit.rank(&Counters { hit, read, ..Counters::default() }));
        assert!(ranks.is_sorted_by(|a, b| a > b), "{ranks:?}");
    }
}
