//! What the server answered: parts, each a small table of texts that was asked for by itself and may fail by itself.

use crate::data::live::Micros;
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// Rows as the server prints them, by the names of their columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Rows; `None` is NULL.
    pub rows: Vec<Vec<Option<String>>>,
}

impl Table {
    /// Its rows.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|cells| Row { columns: &self.columns, cells })
    }

    /// Bytes, about.
    #[must_use]
    pub fn weight(&self) -> usize {
        let cell = |c: &Option<String>| 24 + c.as_ref().map_or(0, String::len);
        self.rows.iter().map(|row| row.iter().map(cell).sum::<usize>()).sum()
    }
}

/// A row of a table. A column that is not there is like one without a value: other versions have other columns.
#[derive(Clone, Copy, Debug)]
pub struct Row<'t> {
    columns: &'t [String],
    cells: &'t [Option<String>],
}

impl<'t> Row<'t> {
    /// A value as text, nothing for NULL.
    #[must_use]
    pub fn text(&self, name: &str) -> &'t str {
        self.some(name).unwrap_or_default()
    }

    /// A value as text.
    #[must_use]
    pub fn some(&self, name: &str) -> Option<&'t str> {
        let at = self.columns.iter().position(|c| c == name)?;
        self.cells.get(at)?.as_deref()
    }

    /// A value as a number.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        self.some(name)?.parse().ok()
    }

    /// A value as a number that is not negative, for OIDs and counts.
    #[must_use]
    pub fn count(&self, name: &str) -> u64 {
        self.number(name).map_or(0, |n| n.max(0.0) as u64)
    }

    /// A boolean.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        matches!(self.some(name), Some("t" | "true" | "on"))
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trouble {
    /// SQLSTATE.
    pub code: String,
    /// In the server's words.
    pub message: String,
}

impl Trouble {
    /// A right is missing, or the server cannot do this at all: asking again helps only when something changed.
    #[must_use]
    pub fn lasts(&self) -> bool {
        matches!(&*self.code, "42501" | "0A000" | "42883" | "42P01" | "42703" | "08P01")
    }
}

/// The last answer to one question.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Part {
    /// When it was answered, by the server's clock.
    pub at: Micros,
    /// The answer.
    pub table: Arc<Table>,
    /// Why there was none the last time it was asked; the answer is then an older one, or empty.
    pub trouble: Option<Trouble>,
}

/// One round of questions: those whose time had come.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Vitals {
    /// The server's clock.
    pub at: Micros,
    /// How long the server took.
    pub took: Duration,
    /// `server_version_num`.
    pub version: u32,
    /// A part of the advisor's, which belongs to the round before.
    pub more: bool,
    /// Answers by the name of the question.
    pub parts: BTreeMap<&'static str, Part>,
}

/// The newest answers, and those before: rates are made of both.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// `server_version_num`.
    pub version: u32,
    now: BTreeMap<&'static str, Part>,
    before: BTreeMap<&'static str, Part>,
}

impl Known {
    /// Takes a round in. A question that failed keeps its answer of before.
    pub fn take(&mut self, vitals: Vitals) {
        self.version = vitals.version;
        for (name, part) in vitals.parts {
            let old = self.now.remove(name);
            match (part.trouble.is_some(), old) {
                (true, Some(old)) => {
                    self.now.insert(name, Part { trouble: part.trouble, ..old });
                }
                (_, old) => {
                    if let Some(old) = old {
                        self.before.insert(name, old);
                    }
                    self.now.insert(name, part);
                }
            }
        }
    }

    /// Nothing was ever answered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.now.is_empty()
    }

    /// A part.
    #[must_use]
    pub fn part(&self, name: &str) -> Option<&Part> {
        self.now.get(name)
    }

    /// Rows of a part.
    pub fn rows(&self, name: &str) -> impl Iterator<Item = Row<'_>> {
        self.now.get(name).into_iter().flat_map(|part| part.table.rows())
    }

    /// The only row of a part.
    #[must_use]
    pub fn row(&self, name: &str) -> Option<Row<'_>> {
        self.rows(name).next()
    }

    /// Why a part has no answer.
    #[must_use]
    pub fn trouble(&self, name: &str) -> Option<&Trouble> {
        self.now.get(name)?.trouble.as_ref()
    }

    /// By how much a counter of a part with one row grew since the answer before, and in how many seconds. `None` before
    /// there are two, and when it was reset meanwhile.
    #[must_use]
    pub fn grew(&self, part: &str, column: &str) -> Option<(f64, f64)> {
        let (now, before) = (self.now.get(part)?, self.before.get(part)?);
        let value = |part: &Part| part.table.rows().next().and_then(|row| row.number(column));
        let (grown, seconds) = (value(now)? - value(before)?, (now.at - before.at) as f64 / 1e6);
        (grown >= 0.0 && seconds > 0.0).then_some((grown, seconds))
    }

    /// The same a second.
    #[must_use]
    pub fn rate(&self, part: &str, column: &str) -> Option<f64> {
        self.grew(part, column).map(|(grown, seconds)| grown / seconds)
    }
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;

    /// A part of the form `a b / 1 2 / 3 -`: names, then rows; `-` is NULL, `~` a blank.
    pub fn part(at: Micros, text: &str) -> Part {
        let mut lines = text.split(" / ").map(|line| line.split_whitespace().map(|w| w.replace('~', " ")));
        let columns = lines.next().expect("names").collect();
        let rows = lines.map(|line| line.map(|w| (w != "-").then_some(w)).collect()).collect();
        Part { at, table: Arc::new(Table { columns, rows }), trouble: None }
    }

    /// Everything known after rounds that gave these parts.
    pub fn known(version: u32, rounds: &[&[(&'static str, &str)]]) -> Known {
        let mut known = Known::default();
        for (n, round) in rounds.iter().enumerate() {
            let at = (n as i64 + 1) * 10_000_000;
            let parts = round.iter().map(|(name, text)| (*name, part(at, text))).collect();
            known.take(Vitals { at, version, parts, ..Vitals::default() });
        }
        known
    }
}

#[cfg(test)]
mod tests {
    use super::{testing::*, *};

    #[test]
    fn rates_are_made_of_two_answers() {
        let known = known(150_000, &[&[("a", "x / 10")], &[("a", "x / 60")]]);
        assert_eq!(known.rate("a", "x"), Some(5.0));
        assert_eq!(known.rate("a", "y"), None);
        assert_eq!(known.rate("b", "x"), None);
    }

    #[test]
    fn a_reset_is_no_negative_rate() {
        assert_eq!(known(0, &[&[("a", "x / 10")], &[("a", "x / 3")]]).rate("a", "x"), None);
        assert_eq!(known(0, &[&[("a", "x / 10")]]).rate("a", "x"), None, "there is nothing before");
    }

    #[test]
    fn what_fails_keeps_its_last_answer_and_when_it_was() {
        let mut known = known(0, &[&[("a", "x / 10")]]);
        let trouble = Trouble { code: "55P03".into(), message: "locked".into() };
        let failed = Part { trouble: Some(trouble.clone()), ..Part::default() };
        known.take(Vitals { parts: [("a", failed)].into(), ..Vitals::default() });
        assert_eq!(known.row("a").and_then(|r| r.number("x")), Some(10.0));
        assert_eq!((known.trouble("a"), known.part("a").map(|p| p.at)), (Some(&trouble), Some(10_000_000)));
        assert!(!trouble.lasts() && Trouble { code: "42501".into(), ..trouble }.lasts());
        known.take(Vitals { parts: [("a", part(30_000_000, "x / 40"))].into(), ..Vitals::default() });
        assert_eq!((known.rate("a", "x"), known.trouble("a")), (Some(1.5), None));
    }
}
