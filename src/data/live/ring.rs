//! Samples in the order they came, bounded by bytes: the oldest go first.

use std::collections::VecDeque;

/// Bytes a ring may hold: an hour and more of samples a second of a server with some hundred mostly idle sessions.
const BUDGET: usize = 32 * 1024 * 1024;

/// Something that knows about how many bytes it holds that the one before it does not hold already.
pub trait Weighed {
    /// Bytes.
    fn weight(&self, before: Option<&Self>) -> usize;
}

/// Samples, oldest first. Each has a number that stays its own however many older ones go.
#[derive(Clone, Debug)]
pub struct Ring<T> {
    samples: VecDeque<(T, usize)>,
    first: u64,
    bytes: usize,
    budget: usize,
}

impl<T> Default for Ring<T> {
    fn default() -> Self {
        Self { samples: VecDeque::new(), first: 0, bytes: 0, budget: BUDGET }
    }
}

impl<T: Weighed> Ring<T> {
    /// A ring that holds so many bytes.
    #[must_use]
    pub fn with_budget(budget: usize) -> Self {
        Self { budget, ..Self::default() }
    }

    /// Adds the newest; the oldest go when the budget is spent. The newest always stays.
    pub fn push(&mut self, sample: T) {
        let weight = sample.weight(self.last());
        self.bytes += weight;
        self.samples.push_back((sample, weight));
        while self.bytes > self.budget && self.samples.len() > 1 {
            if let Some((_, weight)) = self.samples.pop_front() {
                self.bytes -= weight;
                self.first += 1;
            }
        }
    }

    /// Puts a fuller one in the place of the newest.
    pub fn amend(&mut self, sample: T) {
        if let Some((_, weight)) = self.samples.pop_back() {
            self.bytes -= weight;
        }
        self.push(sample);
    }
}

impl<T> Ring<T> {
    /// The newest.
    #[must_use]
    pub fn last(&self) -> Option<&T> {
        self.samples.back().map(|(sample, _)| sample)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// None yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// Numbers of the samples at hand.
    #[must_use]
    pub fn numbers(&self) -> std::ops::Range<u64> {
        self.first..self.first + self.samples.len() as u64
    }

    /// A sample by its number; the oldest at hand when it is gone, the newest when it has not come.
    #[must_use]
    pub fn at(&self, number: u64) -> Option<&T> {
        let place = usize::try_from(number.saturating_sub(self.first)).unwrap_or(usize::MAX);
        self.samples.get(place.min(self.samples.len().saturating_sub(1))).map(|(sample, _)| sample)
    }

    /// All, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.samples.iter().map(|(sample, _)| sample)
    }

    /// Bytes held, as far as it is known.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Weighed for String {
        fn weight(&self, before: Option<&Self>) -> usize {
            if before == Some(self) { 0 } else { self.len() }
        }
    }

    #[test]
    fn the_oldest_go_first_and_numbers_stay() {
        let mut ring = Ring::with_budget(10);
        for text in ["aaaa", "bbbb", "bbbb", "cccc"] {
            ring.push(text.to_owned());
        }
        assert_eq!(ring.bytes(), 8, "a sample that is shared weighs nothing");
        assert_eq!(ring.numbers(), 1..4);
        assert_eq!(ring.at(0).map(String::as_str), Some("bbbb"), "gone: the oldest at hand");
        assert_eq!(ring.at(3).map(String::as_str), Some("cccc"));
        assert_eq!(ring.at(9).map(String::as_str), Some("cccc"), "not come yet: the newest");
        ring.amend("dd".to_owned());
        assert_eq!((ring.bytes(), ring.numbers()), (6, 1..4), "in the place of the newest");
        ring.push("d".repeat(50));
        assert_eq!(ring.len(), 1, "the newest stays whatever it weighs");
        assert!(Ring::<String>::default().at(0).is_none());
    }
}
