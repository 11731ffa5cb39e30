//! The columns: a measure each, per second where the length of the time is known, in all otherwise.

use crate::{
    data::live::statements::{Counters, Measure, Setup},
    text::units,
    views::live::list::Column,
};
use std::time::Duration;

/// What stands for a figure that is not counted.
const NOT_COUNTED: &str = "-";

/// Headings of a measure: per second, and in all.
fn titles(measure: Measure) -> (&'static str, &'static str) {
    match measure {
        Measure::Total => ("time/s", "time"),
        Measure::Calls => ("calls/s", "calls"),
        Measure::Mean => ("mean", "mean"),
        Measure::Deviation => ("± dev", "± dev"),
        Measure::Max => ("slowest", "slowest"),
        Measure::Rows => ("rows/s", "rows"),
        Measure::RowsEach => ("rows/call", "rows/call"),
        Measure::Read => ("read/s", "read"),
        Measure::Hit => ("hit", "hit"),
        Measure::Dirtied => ("dirtied/s", "dirtied"),
        Measure::Temp => ("temp/s", "temp"),
        Measure::Io => ("I/O time/s", "I/O time"),
        Measure::Wal => ("WAL/s", "WAL"),
        Measure::Plan => ("planning/s", "planning"),
        Measure::Jit => ("JIT/s", "JIT"),
    }
}

/// The list's width from which on a measure is shown.
fn from(measure: Measure) -> u16 {
    match measure {
        Measure::Total | Measure::Calls | Measure::Mean => 0,
        Measure::Rows | Measure::Read => 78,
        Measure::Hit => 100,
        Measure::Deviation => 118,
        Measure::Temp | Measure::Wal | Measure::Max => 170,
        Measure::Io | Measure::RowsEach | Measure::Dirtied => 210,
        Measure::Plan | Measure::Jit => 250,
    }
}

/// The share of the whole stands behind the first measure, who ran it and the text behind the last.
const SHARE: usize = 1;
const WHOSE: usize = Measure::ALL.len() + 1;

/// What a column shows.
pub(super) enum Shows {
    Measure(Measure),
    Share,
    Whose,
    Text,
}

/// What column number `n` shows.
pub(super) fn shows(n: usize) -> Shows {
    match n {
        0 => Shows::Measure(Measure::Total),
        SHARE => Shows::Share,
        WHOSE => Shows::Whose,
        n => Measure::ALL.get(n - 1).map_or(Shows::Text, |m| Shows::Measure(*m)),
    }
}

/// The measure of a column, to sort by.
pub(super) fn measure(n: usize) -> Option<Measure> {
    match shows(n) {
        Shows::Measure(measure) => Some(measure),
        Shows::Share => Some(Measure::Total),
        _ => None,
    }
}

/// All columns; the one that is sorted by is shown at any width.
pub(super) fn columns(order: Measure, rates: bool) -> Vec<Column> {
    let mut columns = vec![];
    for measure in Measure::ALL {
        let (rate, all) = titles(measure);
        let cells = match measure {
            Measure::Hit => 6,
            Measure::Total | Measure::Io | Measure::RowsEach | Measure::Plan => 10,
            Measure::Mean | Measure::Deviation | Measure::Max | Measure::Dirtied => 9,
            _ => 8,
        };
        let at_width = if measure == order { 0 } else { from(measure) };
        let column = Column::new(if rates { rate } else { all }, cells, true, at_width);
        columns.push(Column { sorted: measure == order, ..column });
        if measure == Measure::Total {
            columns.push(Column::new("share", 6, true, 0));
        }
    }
    columns.push(Column::new("role@database", 18, false, 140));
    columns.push(Column::new("statement", 0, false, 0));
    columns
}

/// A figure as text. `seconds`: of the time it is of, for a rate.
pub(super) fn figure(measure: Measure, c: &Counters, seconds: Option<f64>, setup: &Setup) -> String {
    let per = |value: f64| value / seconds.unwrap_or(1.0);
    let blocks = |n: i64| bytes(per(n as f64) * setup.block as f64);
    let none = || NOT_COUNTED.to_owned();
    match measure {
        Measure::Total => millis(per(c.time_ms())),
        Measure::Calls => number(per(c.calls as f64), seconds.is_some()),
        Measure::Mean => c.mean_ms().map_or_else(String::new, millis),
        Measure::Deviation => c.deviation_ms().map_or_else(String::new, millis),
        Measure::Max => c.max_ms.map_or_else(String::new, millis),
        Measure::Rows => number(per(c.rows as f64), seconds.is_some()),
        Measure::RowsEach if c.calls > 0 => number(c.rows as f64 / c.calls as f64, true),
        Measure::RowsEach => String::new(),
        Measure::Read => blocks(c.read),
        Measure::Hit => c.hit_share().map_or_else(String::new, percent),
        Measure::Dirtied => blocks(c.dirtied),
        Measure::Temp => blocks(c.temp_read + c.temp_written),
        Measure::Io if !setup.io_timing => none(),
        Measure::Io => millis(per(c.io_ms)),
        Measure::Wal => bytes(per(c.wal_bytes)),
        Measure::Plan if !setup.planning => none(),
        Measure::Plan => millis(per(c.plan_ms)),
        Measure::Jit => millis(per(c.jit_ms)),
    }
}

/// Milliseconds for people; nothing is rounded to zero that is not.
pub(super) fn millis(ms: f64) -> String {
    match ms {
        ms if ms <= 0.0 => "0".into(),
        ms if ms < 0.001 => "< 1 µs".into(),
        ms if ms < 0.1 => format!("{:.0} µs", ms * 1000.0),
        ms => units::duration(Duration::from_secs_f64(ms / 1000.0)),
    }
}

/// A count, or a rate with the digits that say something.
pub(super) fn number(n: f64, rate: bool) -> String {
    match n {
        n if n <= 0.0 => "0".into(),
        n if n >= 999_999.5 => units::about(n as u64).trim_start_matches('~').to_owned(),
        n if !rate || n >= 99.5 => units::count(n.round() as u64),
        n if n < 0.01 => "< 0.01".into(),
        n if n < 9.95 => format!("{n:.2}"),
        n => format!("{n:.1}"),
    }
}

/// `98.3%`, and never 100 when something is missing.
pub(super) fn percent(share: f64) -> String {
    match share * 100.0 {
        p if p <= 0.0 => "0%".into(),
        p if p < 0.1 => "<0.1%".into(),
        p if p >= 100.0 => "100%".into(),
        p if p >= 99.9 => ">99.9%".into(),
        p => format!("{p:.1}%"),
    }
}

fn bytes(n: f64) -> String {
    if n <= 0.0 { "0".into() } else { units::bytes(n.ceil() as u64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_rounded_to_nothing() {
        for (ms, text) in
            [(0.0, "0"), (0.0004, "< 1 µs"), (0.021, "21 µs"), (0.5, "0.5 ms"), (1500.0, "1.5 s")]
        {
            assert_eq!(millis(ms), text);
        }
        for (n, text) in [(0.0, "0"), (0.002, "< 0.01"), (0.25, "0.25"), (12.34, "12.3"), (1234.4, "1,234")] {
            assert_eq!(number(n, true), text);
        }
        assert_eq!(number(3.0, false), "3");
        assert_eq!(
            (number(999_999.0, false), number(1_234_567.0, false)),
            ("999,999".into(), "1.2 M".into())
        );
        for (share, text) in
            [(0.0, "0%"), (0.0001, "<0.1%"), (0.5, "50.0%"), (0.9995, ">99.9%"), (1.0, "100%")]
        {
            assert_eq!(percent(share), text);
        }
    }

    #[test]
    fn every_measure_has_its_column() {
        let columns = columns(Measure::Jit, true);
        for measure in Measure::ALL {
            let at = (0..columns.len()).find(|n| matches!(shows(*n), Shows::Measure(m) if m == measure));
            let column = columns[at.expect("a column")];
            assert_eq!((column.title, column.sorted), (titles(measure).0, measure == Measure::Jit));
        }
        assert_eq!(columns[SHARE].title, "share");
        assert_eq!((columns[WHOSE].title, columns.len()), ("role@database", WHOSE + 2));
    }
}
