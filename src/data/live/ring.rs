//! Samples in the order they came, bounded by bytes and by number: the oldest go first.

use std::{collections::VecDeque, sync::Arc};

/// Bytes that so many take on the heap: the common allocators keep a word beside them and give out pieces of whole 16 bytes,
/// 32 at least. Nothing for nothing.
#[must_use]
pub const fn heap(bytes: usize) -> usize {
    const WORD: usize = size_of::<usize>();
    match (bytes + WORD).next_multiple_of(16) {
        _ if bytes == 0 => 0,
        few if few < 32 => 32,
        taken => taken,
    }
}

/// Something that knows about how many bytes it holds that the one before it does not hold already.
pub trait Weighed {
    /// Bytes a ring of such samples may hold.
    const BUDGET: usize;
    /// Samples a ring holds at most, however little they weigh: by number and not by time, since what came before a server
    /// stood still for long is to be kept.
    const MOST: usize;

    /// Bytes on the heap.
    fn weight(&self, before: Option<&Self>) -> usize;
}

/// Samples, oldest first. Each has a number that stays its own however many older ones go.
#[derive(Clone, Debug)]
pub struct Ring<T> {
    samples: VecDeque<(Arc<T>, usize)>,
    first: u64,
    bytes: usize,
    budget: usize,
}

impl<T: Weighed> Default for Ring<T> {
    fn default() -> Self {
        Self::with_budget(T::BUDGET)
    }
}

impl<T: Weighed> Ring<T> {
    /// A ring that holds so many bytes.
    #[must_use]
    pub fn with_budget(budget: usize) -> Self {
        Self { samples: VecDeque::new(), first: 0, bytes: 0, budget }
    }

    /// Adds the newest; the oldest go when the budget is spent or there are many. The newest always stays.
    pub fn push(&mut self, sample: T) {
        let weight = self.each() + sample.weight(self.last());
        self.bytes += weight;
        self.samples.push_back((Arc::new(sample), weight));
        while (self.bytes > self.budget || self.samples.len() > T::MOST) && self.samples.len() > 1 {
            let Some((_, weight)) = self.samples.pop_front() else { return };
            self.bytes -= weight;
            self.first += 1;
            // What the oldest shared with the one that went is its own now.
            let each = self.each();
            if let Some((oldest, weight)) = self.samples.front_mut() {
                self.bytes -= *weight;
                *weight = each + oldest.weight(None);
                self.bytes += *weight;
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
    /// Bytes of a sample itself, of its place in the ring, and of the place that a ring which grows holds in reserve.
    #[must_use]
    pub fn each(&self) -> usize {
        heap(2 * size_of::<usize>() + size_of::<T>()) + 2 * size_of::<(Arc<T>, usize)>()
    }

    /// The newest.
    #[must_use]
    pub fn last(&self) -> Option<&T> {
        self.samples.back().map(|(sample, _)| &**sample)
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
        self.samples.get(place.min(self.samples.len().saturating_sub(1))).map(|(sample, _)| &**sample)
    }

    /// All, oldest first, to be kept by somebody else: they are not copied.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<T>> {
        self.samples.iter().map(|(sample, _)| Arc::clone(sample)).collect()
    }

    /// All, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.samples.iter().map(|(sample, _)| &**sample)
    }

    /// Number and figure of the sample with the greatest figure, the latest of several.
    pub fn greatest<K: Ord>(&self, figure: impl Fn(&T) -> K) -> Option<(u64, K)> {
        let figures = self.iter().map(figure);
        self.numbers().zip(figures).reduce(|most, next| if next.1 >= most.1 { next } else { most })
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
        const BUDGET: usize = 100;
        const MOST: usize = 50;

        fn weight(&self, before: Option<&Self>) -> usize {
            if before == Some(self) { 0 } else { self.len() }
        }
    }

    #[test]
    fn the_oldest_go_first_and_numbers_stay() {
        let each = Ring::<String>::default().each();
        let mut ring = Ring::with_budget(10 + 3 * each);
        for text in ["aaaa", "bbbb", "bbbb", "cccc"] {
            ring.push(text.to_owned());
        }
        assert_eq!(ring.bytes(), 8 + 3 * each, "a sample that is shared weighs nothing");
        assert_eq!(ring.numbers(), 1..4);
        assert_eq!(ring.at(0).map(String::as_str), Some("bbbb"), "gone: the oldest at hand");
        assert_eq!(ring.at(3).map(String::as_str), Some("cccc"));
        assert_eq!(ring.at(9).map(String::as_str), Some("cccc"), "not come yet: the newest");
        assert_eq!(ring.greatest(|text| text == "bbbb"), Some((2, true)), "the latest of several");
        ring.amend("dd".to_owned());
        assert_eq!((ring.bytes(), ring.numbers()), (6 + 3 * each, 1..4), "in the place of the newest");
        ring.push("ddddd".to_owned());
        assert_eq!(
            (ring.bytes(), ring.numbers()),
            (7 + 2 * each, 3..5),
            "what the oldest shared is its own now"
        );
        ring.push("d".repeat(500));
        assert_eq!(ring.len(), 1, "the newest stays whatever it weighs");
        assert!(Ring::<String>::default().at(0).is_none());
    }

    #[test]
    fn however_little_they_weigh_there_are_not_more_than_so_many() {
        let mut ring = Ring::with_budget(usize::MAX);
        for n in 0..200 {
            ring.push(format!("{n}"));
        }
        assert_eq!(ring.numbers(), 150..200);
        let each = ring.each();
        assert_eq!(ring.bytes(), 50 * (3 + each), "those that went weigh nothing any more");
    }
}
