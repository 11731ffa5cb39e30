//! Fold state of a document and the rows visible for it.

use super::Json;
use std::ops::Range;

/// Which nodes are unfolded, and the rows that are visible for it. Separate from the document.
#[derive(Clone, Debug)]
pub struct JsonRows {
    open: Vec<u64>,
    rows: Vec<u32>,
}

impl JsonRows {
    /// The upper levels unfolded as long as they stay readable.
    #[must_use]
    pub fn new(json: &Json) -> Self {
        let mut this = Self { open: vec![0; json.len().div_ceil(64)], rows: vec![] };
        let mut level = vec![0usize];
        let mut shown = 1;
        while !level.is_empty() {
            let children: usize = level.iter().map(|n| json.count(*n)).sum();
            shown += children;
            // The root always opens; deeper levels only while a few screens suffice.
            if shown > 200 && level != [0] {
                break;
            }
            for n in &level {
                this.set(*n, true);
            }
            let below = level.iter().flat_map(|n| json.children(*n));
            level = below.filter(|n| json.count(*n) > 0).take(1_000).collect();
        }
        this.rebuild(json);
        this
    }

    /// Number of visible rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Never true once built.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The node of a visible row.
    #[must_use]
    pub fn node(&self, row: usize) -> Option<usize> {
        self.rows.get(row).map(|n| *n as usize)
    }

    /// The row of a node, or of its nearest visible ancestor.
    #[must_use]
    pub fn row_of(&self, node: usize) -> usize {
        self.rows.partition_point(|n| *n as usize <= node).saturating_sub(1)
    }

    /// Is the node unfolded?
    #[must_use]
    pub fn is_open(&self, node: usize) -> bool {
        self.open.get(node / 64).is_some_and(|w| w >> (node % 64) & 1 == 1)
    }

    fn set(&mut self, node: usize, open: bool) {
        if let Some(w) = self.open.get_mut(node / 64) {
            *w = if open { *w | 1 << (node % 64) } else { *w & !(1 << (node % 64)) };
        }
    }

    /// Folds or unfolds one node.
    pub fn fold(&mut self, json: &Json, node: usize, open: bool) {
        if self.is_open(node) == open || json.count(node) == 0 {
            return;
        }
        self.set(node, open);
        let row = self.row_of(node);
        if self.node(row) != Some(node) {
            return;
        }
        if open {
            let mut below = vec![];
            self.walk(json, node + 1, json.next(node), &mut below);
            self.rows.splice(row + 1..row + 1, below);
        } else {
            let end = self.rows.partition_point(|n| (*n as usize) < json.next(node));
            self.rows.drain(row + 1..end);
        }
    }

    /// Folds or unfolds everything (the root stays open).
    pub fn fold_all(&mut self, json: &Json, open: bool) {
        self.open.fill(if open { u64::MAX } else { 0 });
        self.set(0, true);
        self.rebuild(json);
    }

    /// Unfolds what hides a node and returns its row.
    pub fn reveal(&mut self, json: &Json, node: usize) -> usize {
        let mut above: Vec<usize> = std::iter::successors(json.parent(node), |n| json.parent(*n)).collect();
        above.reverse();
        for n in above {
            self.fold(json, n, true);
        }
        self.row_of(node)
    }

    /// The document was changed: some nodes went and so many came in their place, or (`turned`) the first so many
    /// changed places with the rest. What was folded stays folded; little that came is unfolded.
    pub fn patched(&mut self, json: &Json, gone: Range<usize>, coming: usize, turned: usize) {
        let end = gone.start + coming;
        if turned > 0 {
            let mut bits: Vec<bool> = gone.clone().map(|n| self.is_open(n)).collect();
            bits.rotate_left(turned);
            for (n, open) in gone.clone().zip(bits) {
                self.set(n, open);
            }
            // All that moved stands side by side: its rows are to be seen, or none of them is.
            let from = self.rows.partition_point(|n| (*n as usize) < gone.start);
            let upto = self.rows.partition_point(|n| (*n as usize) < gone.end);
            if from < upto {
                let mut moved = vec![];
                self.walk(json, gone.start, gone.end, &mut moved);
                self.rows.splice(from..upto, moved);
            }
            return;
        }
        let first = coming == 0 || gone.is_empty() || self.is_open(gone.start);
        if gone.len() != coming {
            let old = std::mem::take(&mut self.open);
            self.open = old[..old.len().min(gone.start.div_ceil(64))].to_vec();
            self.open.resize(json.len().div_ceil(64), 0);
            // Bits up to the next whole word one by one, then word by word.
            let bit = |n: usize| old.get(n / 64).is_some_and(|w| w >> (n % 64) & 1 == 1);
            let whole = end.next_multiple_of(64).min(json.len());
            for n in end..whole {
                self.set(n, bit(n - end + gone.end));
            }
            for (word, at) in self.open.iter_mut().zip((0..).step_by(64)).skip(whole / 64) {
                if at < whole {
                    continue;
                }
                let from = at - end + gone.end;
                let (low, high) = (old.get(from / 64).copied(), old.get(from / 64 + 1).copied());
                let low = low.unwrap_or(0) >> (from % 64);
                *word =
                    if from.is_multiple_of(64) { low } else { low | high.unwrap_or(0) << (64 - from % 64) };
            }
        }
        for n in gone.start..end {
            self.set(n, coming <= 200 && json.count(n) > 0);
        }
        if coming > 0 {
            self.set(gone.start, first && json.count(gone.start) > 0);
        }
        let folded = !self.is_open(0);
        self.set(0, true);
        if gone.start == 0 || folded {
            return self.rebuild(json);
        }
        // The rows of all others stay; those behind only have other numbers.
        let from = self.rows.partition_point(|n| (*n as usize) < gone.start);
        let upto = self.rows.partition_point(|n| (*n as usize) < gone.end);
        let more = (coming as u32).wrapping_sub(gone.len() as u32);
        self.rows[upto..].iter_mut().for_each(|n| *n = n.wrapping_add(more));
        let mut came = vec![];
        let shown = |rows: &Self| {
            let mut above = std::iter::successors(json.parent(gone.start), |n| json.parent(*n));
            above.all(|n| rows.is_open(n))
        };
        if coming > 0 && shown(self) {
            self.walk(json, gone.start, end, &mut came);
        }
        self.rows.splice(from..upto, came);
    }

    /// Are these the rows that the folds ask for?
    #[cfg(test)]
    pub(super) fn is_right(&self, json: &Json) -> bool {
        let mut again = self.clone();
        again.rebuild(json);
        again.rows == self.rows
    }

    fn rebuild(&mut self, json: &Json) {
        let mut rows = vec![];
        self.walk(json, 0, json.len(), &mut rows);
        self.rows = rows;
    }

    fn walk(&self, json: &Json, from: usize, end: usize, out: &mut Vec<u32>) {
        let mut at = from;
        while at < end {
            out.push(at as u32);
            at = if self.is_open(at) { at + 1 } else { json.next(at) };
        }
    }
}
