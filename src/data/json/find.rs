//! Finding a text in a document.

use super::{Json, JsonKind};

impl Json {
    /// The next node whose key or scalar value contains the text (whatever the case), after `from` in
    /// document order or before it, round the end.
    #[must_use]
    pub fn find(&self, text: &str, from: usize, backward: bool) -> Option<usize> {
        let needle = text.to_lowercase();
        let n = self.nodes.len();
        // A needle of letters, digits and the like stands in the text as it does in the value.
        let plain = |c: char| c.is_ascii_graphic() && !"\"\\/".contains(c) || c == ' ';
        if !backward && !needle.is_empty() && needle.chars().all(plain) && !self.text.contains("\\u") {
            return self.find_plain(&needle, from);
        }
        let hit = |node: &usize| {
            self.key(*node).is_some_and(|k| contains(&k, &needle))
                || (!matches!(self.kind(*node), JsonKind::Object | JsonKind::Array)
                    && contains(&self.value(*node), &needle))
        };
        let ring = |i: usize| if backward { (from + n - i) % n } else { (from + i) % n };
        (1..=n).map(ring).find(hit)
    }

    /// As `find`, forward, for a text that no escape can stand for: reads the text instead of every node.
    fn find_plain(&self, needle: &str, from: usize) -> Option<usize> {
        let (bytes, first) = (self.text.as_bytes(), needle.as_bytes()[0]);
        let (low, high) = (first.to_ascii_lowercase(), first.to_ascii_uppercase());
        let start = self.nodes.get(from + 1).map_or(bytes.len(), |n| n.start.min(n.key) as usize);
        let mut round = [start..bytes.len(), 0..start].into_iter();
        let mut part = round.next()?;
        loop {
            let Some(at) = bytes[part.clone()].iter().position(|b| *b == low || *b == high) else {
                part = round.next()?;
                continue;
            };
            let at = part.start + at;
            part.start = at + 1;
            let there = bytes.get(at..at + needle.len());
            if !there.is_some_and(|t| t.eq_ignore_ascii_case(needle.as_bytes())) {
                continue;
            }
            // It stands in the last node that begins before it, or in the key of the next one.
            let node = self.nodes.partition_point(|n| (n.start as usize) <= at).saturating_sub(1);
            if let Some(hit) =
                [node, node + 1].into_iter().find(|n| *n < self.len() && self.holds(*n, at, needle))
            {
                return Some(hit);
            }
        }
    }

    /// Does the needle stand in this node's key or scalar, and is this place in there?
    fn holds(&self, node: usize, at: usize, needle: &str) -> bool {
        let (start, end) = self.place(node);
        let scalar = !matches!(self.kind(node), JsonKind::Object | JsonKind::Array);
        if scalar && (start..end).contains(&at) {
            return contains(&self.value(node), needle);
        }
        self.key_place(node).is_some_and(|k| (k..start).contains(&at))
            && self.key(node).is_some_and(|k| contains(&k, needle))
    }
}

fn contains(text: &str, lower_needle: &str) -> bool {
    if !lower_needle.is_ascii() || !text.is_ascii() {
        return text.to_lowercase().contains(lower_needle);
    }
    let needle = lower_needle.as_bytes();
    let Some(first) = needle.first() else { return true };
    let Some(last) = text.len().checked_sub(needle.len()) else { return false };
    let bytes = text.as_bytes();
    (0..=last).any(|at| {
        bytes[at].to_ascii_lowercase() == *first && bytes[at..at + needle.len()].eq_ignore_ascii_case(needle)
    })
}
