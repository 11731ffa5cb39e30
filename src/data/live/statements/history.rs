//! Samples of statements, kept as what changed from each to the next.

use super::{Counters, Entry, Key, Setup, Statements, Taken, Text, Texts};
use crate::data::live::{Micros, Probe, Ring, Sampled, Weighed, heap, kept};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// Bytes of texts that are kept.
pub const TEXTS: usize = 8 << 20;
/// Bytes of an entry that is shared, with its two counters.
const ENTRY: usize = heap(size_of::<Entry>() + 2 * size_of::<usize>());

/// All counters at one moment, in the order of their keys.
#[derive(Clone, Debug, Default)]
pub struct Full {
    /// The server's clock.
    pub at: Micros,
    /// The counters; those that did not change are the same as in the samples around.
    pub entries: Vec<Arc<Entry>>,
    /// When all was reset last, where the server tells.
    pub reset: Option<Micros>,
    /// Entries dropped since then, where the server tells.
    pub evicted: Option<i64>,
}

/// A statement that ran, came or went between two samples.
#[derive(Clone, Debug)]
pub struct Change {
    /// Its key.
    pub key: Key,
    /// Before; `None`: it was not there.
    pub before: Option<Arc<Entry>>,
    /// After; `None`: it is gone.
    pub now: Option<Arc<Entry>>,
}

/// From one sample to the next.
#[derive(Clone, Debug, Default)]
pub struct Interval {
    /// When the sample before was taken; `None`: there is none.
    pub from: Option<Micros>,
    /// When it was taken.
    pub at: Micros,
    /// How long the server took to answer.
    pub took: Duration,
    /// What changed, in the order of the keys.
    pub changes: Vec<Change>,
    /// All counters began anew.
    pub reset: bool,
    /// The last reset, where the server tells.
    pub reset_at: Option<Micros>,
    /// Entries dropped since the last reset, where the server tells.
    pub evicted: Option<i64>,
    /// Statements known.
    pub statements: usize,
}

impl Sampled for Interval {
    fn at(&self) -> Micros {
        self.at
    }

    fn took(&self) -> Duration {
        self.took
    }
}

impl Weighed for Interval {
    const BUDGET: usize = 16 << 20;
    const MOST: usize = kept(Probe::Statements);

    // What a change holds beside its own entry is the one before, which is another change's, or stands for the newest one.
    fn weight(&self, _: Option<&Self>) -> usize {
        heap(self.changes.capacity() * size_of::<Change>()) + self.changes.len() * ENTRY
    }
}

/// Which time the figures are of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Span {
    /// From the sample before to the one shown.
    #[default]
    Interval,
    /// From the marked moment to the one shown.
    Mark,
    /// Since the counters began.
    Reset,
}

/// What statements did in a span of time.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Each that did anything.
    pub rows: Vec<(Key, Counters)>,
    /// All that were sent by clients, together: what a function ran is in the time of its caller.
    pub total: Counters,
    /// Begin, where it is known.
    pub from: Option<Micros>,
    /// End.
    pub at: Micros,
    /// All counters began anew in between.
    pub reset: bool,
    /// Entries dropped in between: what they did is missing.
    pub evicted: i64,
}

impl Figures {
    fn new(from: Option<Micros>, at: Micros, rows: Vec<(Key, Counters)>) -> Self {
        let top = rows.iter().filter(|(key, _)| key.top);
        let total = top.fold(Counters::default(), |sum, (_, counters)| sum.plus(counters));
        Self { rows, total, from, at, ..Self::default() }
    }

    /// Seconds of the span, where they are known.
    #[must_use]
    pub fn seconds(&self) -> Option<f64> {
        self.from.map(|from| (self.at - from) as f64 / 1e6).filter(|seconds| *seconds > 0.0)
    }
}

/// The newest sample whole, and how it came to be.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// From sample to sample, oldest first.
    pub intervals: Ring<Interval>,
    /// The extension, once it was looked for.
    pub setup: Option<Arc<Setup>>,
    last: Full,
    texts: BTreeMap<(u32, i64), Text>,
    bytes: usize,
    /// Why texts could not be read last time.
    pub no_texts: Option<String>,
    /// Goes up whenever texts came.
    pub texts_came: u64,
}

impl History {
    /// Takes a sample in.
    pub fn take(&mut self, sample: Statements) {
        self.setup = Some(sample.setup);
        let Some(taken) = sample.taken else { return };
        let Taken { at, took, entries, reset, evicted } = taken;
        let from = (!self.intervals.is_empty()).then_some(self.last.at);
        let before = std::mem::take(&mut self.last.entries);
        let entries = ordered(entries);
        // The first reset time that is told is no reset.
        let was_reset = from.is_some() && reset != self.last.reset && self.last.reset.is_some();
        let mut changes = vec![];
        let mut full = Vec::with_capacity(entries.len());
        join(&before, &entries, |key, before, now: Option<&Entry>| {
            let now = now.map(|now| match before {
                Some(before) if **before == *now => Arc::clone(before),
                _ => Arc::new(*now),
            });
            full.extend(now.clone());
            let same = matches!((before, &now), (Some(a), Some(b)) if Arc::ptr_eq(a, b));
            if from.is_some() && !same {
                changes.push(Change { key, before: before.cloned(), now });
            }
        });
        changes.shrink_to_fit();
        let statements = full.len();
        self.last = Full { at, entries: full, reset, evicted };
        let reset_at = reset;
        self.intervals.push(Interval {
            from,
            at,
            took,
            changes,
            reset: was_reset,
            reset_at,
            evicted,
            statements,
        });
    }

    /// Takes texts in, or why there are none. When they are too many all that were known go; what does not fit even then is
    /// left out.
    pub fn take_texts(&mut self, texts: Texts) {
        self.texts_came += 1;
        let texts = match texts {
            Ok(texts) => texts,
            Err(why) => {
                self.no_texts = Some(why);
                return;
            }
        };
        self.no_texts = None;
        // Its place in the map is taken for twice its size: nodes are half full at worst.
        let place = 2 * size_of::<((u32, i64), Text)>();
        let size = |text: &Text| heap(2 * size_of::<usize>() + text.text.len()) + place;
        let more: usize = texts.iter().map(|(_, text)| size(text)).sum();
        if self.bytes + more > TEXTS {
            self.texts.clear();
            self.bytes = 0;
        }
        for (key, text) in texts {
            if self.bytes + size(&text) > TEXTS {
                break;
            }
            self.bytes += size(&text);
            if let Some(before) = self.texts.insert(key, text) {
                self.bytes -= size(&before);
            }
        }
    }

    /// A statement's text, as far as it was fetched.
    #[must_use]
    pub fn text(&self, key: Key) -> Option<&Text> {
        self.texts.get(&key.text()?)
    }

    /// All counters as they were at a sample.
    #[must_use]
    pub fn at(&self, number: u64) -> Full {
        let numbers = self.intervals.numbers();
        let Some(shown) = self.intervals.at(number) else { return Full::default() };
        let mut undone: BTreeMap<Key, Option<Arc<Entry>>> = BTreeMap::new();
        for later in (number + 1..numbers.end).rev().filter_map(|n| self.intervals.at(n)) {
            undone.extend(later.changes.iter().map(|c| (c.key, c.before.clone())));
        }
        let (at, reset, evicted) = (shown.at, shown.reset_at, shown.evicted);
        if undone.is_empty() {
            return Full { at, entries: self.last.entries.clone(), reset, evicted };
        }
        let mut entries: BTreeMap<Key, Arc<Entry>> =
            self.last.entries.iter().map(|e| (e.key, Arc::clone(e))).collect();
        for (key, before) in undone {
            match before {
                Some(before) => drop(entries.insert(key, before)),
                None => drop(entries.remove(&key)),
            }
        }
        Full { at, entries: entries.into_values().collect(), reset, evicted }
    }

    /// What statements did in a span that ends with a sample. `mark`: all counters at the marked moment.
    #[must_use]
    pub fn figures(&self, number: u64, span: Span, mark: Option<&Full>) -> Figures {
        let Some(shown) = self.intervals.at(number) else { return Figures::default() };
        match (span, mark) {
            (Span::Interval, _) => {
                let grown = |c: &Change| {
                    let now = c.now.as_ref()?;
                    Some((c.key, now.grown(c.before.as_deref(), shown.reset)))
                };
                let rows = shown.changes.iter().filter_map(grown).collect();
                let before = number.checked_sub(1).filter(|n| self.intervals.numbers().contains(n));
                let before = before.and_then(|n| self.intervals.at(n)?.evicted);
                let evicted = evictions(before, shown.evicted, shown.reset);
                Figures { reset: shown.reset, evicted, ..Figures::new(shown.from, shown.at, rows) }
            }
            (Span::Mark, Some(mark)) => {
                let now = self.at(number);
                // A mark that lies after the sample shown is compared the other way round.
                let (first, second) = if mark.at <= now.at { (mark, &now) } else { (&now, mark) };
                let reset = first.reset.is_some() && first.reset != second.reset;
                let mut rows = vec![];
                join(&first.entries, &second.entries, |key, before, now: Option<&Arc<Entry>>| {
                    if let Some(now) = now.filter(|now| before.is_none_or(|b| !Arc::ptr_eq(b, now))) {
                        let grown = now.grown(before.map(|b| &**b), reset);
                        rows.extend(
                            (grown != Counters { min_ms: grown.min_ms, ..Counters::default() })
                                .then_some((key, grown)),
                        );
                    }
                });
                let evicted = evictions(first.evicted, second.evicted, reset);
                Figures { reset, evicted, ..Figures::new(Some(first.at), second.at, rows) }
            }
            _ => {
                let now = self.at(number);
                let rows = now.entries.iter().map(|e| (e.key, e.counters)).collect();
                let evicted = now.evicted.unwrap_or(0);
                Figures { evicted, ..Figures::new(now.reset, now.at, rows) }
            }
        }
    }

    /// What a statement did in each of the last intervals up to a sample, oldest first: seconds, and what was added.
    #[must_use]
    pub fn series(&self, key: Key, number: u64, most: usize) -> Vec<(f64, Counters)> {
        let first = self.intervals.numbers().start.max((number + 1).saturating_sub(most as u64));
        let one = |n| {
            let interval = self.intervals.at(n)?;
            let seconds = (interval.at - interval.from?) as f64 / 1e6;
            let change = interval.changes.binary_search_by_key(&key, |c| c.key).ok();
            let grown = change
                .map(|at| &interval.changes[at])
                .and_then(|c| Some(c.now.as_ref()?.grown(c.before.as_deref(), interval.reset)));
            Some((seconds, grown.unwrap_or_default()))
        };
        (first..=number).filter_map(one).collect()
    }

    /// Bytes held by samples and texts, as far as it is known.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let each = ENTRY + size_of::<Arc<Entry>>();
        self.intervals.bytes() + self.bytes + self.last.entries.len() * each
    }
}

/// Entries dropped between two samples.
fn evictions(before: Option<i64>, now: Option<i64>, reset: bool) -> i64 {
    match (before, now) {
        (Some(before), Some(now)) if !reset => (now - before).max(0),
        (_, Some(now)) if reset => now,
        _ => 0,
    }
}

/// In the order of the keys, those with the same key together: statements that may not be seen have one for all.
fn ordered(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort_unstable_by_key(|e| e.key);
    entries.dedup_by(|more, sum| {
        let same = more.key == sum.key;
        if same {
            sum.counters = sum.counters.plus(&more.counters);
        }
        same
    });
    entries
}

/// Goes through two sets in the order of their keys, and says for each key what is in either.
fn join<T: Keyed>(
    before: &[Arc<Entry>],
    now: &[T],
    mut both: impl FnMut(Key, Option<&Arc<Entry>>, Option<&T>),
) {
    let (mut a, mut b) = (before.iter().peekable(), now.iter().peekable());
    loop {
        let key = match (a.peek(), b.peek()) {
            (Some(a), Some(b)) => a.key.min(b.key()),
            (Some(a), None) => a.key,
            (None, Some(b)) => b.key(),
            (None, None) => return,
        };
        both(key, a.next_if(|e| e.key == key), b.next_if(|e| e.key() == key));
    }
}

trait Keyed {
    fn key(&self) -> Key;
}

impl Keyed for Entry {
    fn key(&self) -> Key {
        self.key
    }
}

impl Keyed for Arc<Entry> {
    fn key(&self) -> Key {
        self.key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: i64, calls: i64) -> Entry {
        let key = Key { role: 10, database: 5, top: true, id: (id > 0).then_some(id) };
        let exec_ms = calls as f64 * 2.0;
        let max_ms = Some(2.0);
        Entry {
            key,
            counters: Counters { calls, exec_ms, min_ms: 2.0, max_ms, ..Counters::default() },
            since: None,
        }
    }

    /// Samples a second apart, each a list of statements and their calls.
    fn history(samples: &[&[(i64, i64)]]) -> History {
        let mut history = History::default();
        for (n, sample) in samples.iter().enumerate() {
            let entries = sample.iter().map(|(id, calls)| entry(*id, *calls)).collect();
            let taken = Taken {
                at: n as i64 * 1_000_000,
                entries,
                evicted: Some(n as i64),
                reset: Some(-5),
                ..Taken::default()
            };
            history.take(Statements { taken: Some(taken), ..Statements::default() });
        }
        history
    }

    fn calls(figures: &Figures) -> Vec<(i64, i64)> {
        figures.rows.iter().map(|(key, c)| (key.id.unwrap_or(0), c.calls)).collect()
    }

    #[test]
    fn each_interval_has_what_ran_in_it() {
        let h = history(&[&[(1, 5), (2, 7)], &[(2, 9), (1, 5)], &[(1, 6), (2, 9), (3, 4)]]);
        let shown = |n, span| h.figures(n, span, None);
        assert_eq!(
            calls(&shown(0, Span::Interval)),
            [],
            "nothing is known of the time before the first sample"
        );
        assert_eq!(shown(0, Span::Interval).seconds(), None);
        assert_eq!(calls(&shown(1, Span::Interval)), [(2, 2)]);
        assert_eq!(calls(&shown(2, Span::Interval)), [(1, 1), (3, 4)]);
        assert_eq!((shown(2, Span::Interval).seconds(), shown(2, Span::Interval).evicted), (Some(1.0), 1));
        assert_eq!(shown(2, Span::Interval).total.calls, 5);
        assert_eq!(calls(&shown(0, Span::Reset)), [(1, 5), (2, 7)], "as it was");
        assert_eq!(calls(&shown(1, Span::Reset)), [(1, 5), (2, 9)]);
        assert_eq!(calls(&shown(2, Span::Reset)), [(1, 6), (2, 9), (3, 4)]);
        let key = entry(1, 0).key;
        let series: Vec<i64> = h.series(key, 2, 9).iter().map(|(_, c)| c.calls).collect();
        assert_eq!(series, [0, 1]);
    }

    #[test]
    fn since_a_marked_moment_both_ways() {
        let h = history(&[&[(1, 5), (2, 7)], &[(1, 6), (2, 9)], &[(1, 6), (2, 10)]]);
        let mark = h.at(0);
        assert_eq!(calls(&h.figures(2, Span::Mark, Some(&mark))), [(1, 1), (2, 3)]);
        let last = h.at(2);
        assert_eq!(calls(&h.figures(1, Span::Mark, Some(&last))), [(2, 1)], "stepped back behind the mark");
        assert_eq!(h.figures(1, Span::Mark, Some(&last)).seconds(), Some(1.0));
    }

    #[test]
    fn a_reset_and_an_eviction_count_from_zero() {
        let mut h = history(&[&[(1, 5), (2, 7)], &[(1, 3)]]);
        assert_eq!(calls(&h.figures(1, Span::Interval, None)), [(1, 3)], "it was dropped and came again");
        let taken = Taken {
            at: 9_000_000,
            entries: vec![entry(1, 4)],
            reset: Some(0),
            evicted: Some(0),
            ..Taken::default()
        };
        h.take(Statements { taken: Some(taken), ..Statements::default() });
        let figures = h.figures(2, Span::Interval, None);
        assert!(figures.reset);
        assert_eq!(calls(&figures), [(1, 4)], "more than before, and yet all of it since the reset");
    }

    #[test]
    fn what_may_not_be_seen_is_one_row_a_role() {
        let h = history(&[&[(0, 5), (0, 7), (2, 1)]]);
        assert_eq!(calls(&h.figures(0, Span::Reset, None)), [(0, 12), (2, 1)]);
    }

    #[test]
    fn memory_is_bounded() {
        let mut h = History::default();
        for n in 0..40_i64 {
            let entries = (1..=20_000).map(|id| entry(id, n + 1)).collect();
            let taken = Taken { at: n, entries, ..Taken::default() };
            h.take(Statements { taken: Some(taken), ..Statements::default() });
        }
        assert!(
            h.intervals.len() < 40 && h.intervals.bytes() <= Interval::BUDGET,
            "{} kept",
            h.intervals.len()
        );
        assert_eq!(h.at(0).entries.len(), 20_000, "the oldest at hand");
        for id in 0..40_i64 {
            let text = Text { text: "x".repeat(1 << 20).into(), cut: false };
            h.take_texts(Ok(vec![((5, id), text)]));
            assert!(h.bytes <= TEXTS);
        }
        let more = |id| ((5, id), Text { text: "x".repeat(1 << 20).into(), cut: false });
        let mut known = h.clone();
        known.take_texts(Ok((100..140).map(more).collect()));
        assert!(known.bytes <= TEXTS && known.texts.len() > 5, "as many as fit: {}", known.texts.len());
        assert!(h.text(entry(39, 0).key).is_some() && h.text(entry(1, 0).key).is_none());
    }
}
