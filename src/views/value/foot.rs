//! The path of the node under the cursor. Its place in an array of millions takes a while to count: that is done in
//! pieces between the keys, or from a place that was counted before.

use crate::data::json::{Json, Step, path_of};

/// In arrays up to this length elements are counted at once.
const SHORT: usize = 10_000;
/// Elements counted at one go.
const PIECE: usize = 100_000;

/// A step from the root to the node.
#[derive(Debug)]
enum Level {
    Known(Step),
    /// Being counted: the array, its element, the sibling reached and how many stand before that.
    Counting {
        array: usize,
        element: usize,
        at: usize,
        count: usize,
    },
}

/// See the module.
#[derive(Debug, Default)]
pub struct Foot {
    /// Of which node, in which state of the document.
    of: Option<(usize, u64)>,
    levels: Vec<Level>,
    /// Places that were counted in this state: array, element, number.
    near: Vec<(usize, usize, usize)>,
    state: u64,
}

impl Foot {
    /// The path of a node; `[…]` stands for a number that is still being counted. `state` tells one state of the
    /// document from another.
    pub fn path(&mut self, json: &Json, node: usize, state: u64) -> String {
        if self.state != state {
            self.near.clear();
            self.state = state;
        }
        if self.of != Some((node, state)) {
            self.of = Some((node, state));
            let above = std::iter::successors(Some(node), |n| json.parent(*n));
            let mut levels: Vec<Level> = above.filter_map(|n| self.level(json, n)).collect();
            levels.reverse();
            self.levels = levels;
        }
        self.text()
    }

    fn level(&mut self, json: &Json, node: usize) -> Option<Level> {
        let array = json.parent(node)?;
        if let Some(key) = json.key(node) {
            return Some(Level::Known(Step::Key(key.into_owned())));
        }
        if json.count(array) <= SHORT {
            let index = json.children(array).take_while(|c| *c < node).count();
            return Some(Level::Known(Step::Index(index)));
        }
        let (mut at, mut count) = (array + 1, 0);
        if let Some((_, near, index)) = self.near.iter().find(|(a, ..)| *a == array).copied() {
            if near <= node {
                (at, count) = (near, index);
            } else if let Some(between) = few(json, node, near) {
                return Some(self.known(array, node, index - between));
            }
        }
        if let Some(between) = few(json, at, node) {
            return Some(self.known(array, node, count + between));
        }
        Some(Level::Counting { array, element: node, at, count })
    }

    fn known(&mut self, array: usize, element: usize, index: usize) -> Level {
        self.near.retain(|(a, ..)| *a != array);
        self.near.push((array, element, index));
        Level::Known(Step::Index(index))
    }

    /// Is something still being counted?
    #[must_use]
    pub fn wants_step(&self) -> bool {
        self.levels.iter().any(|l| matches!(l, Level::Counting { .. }))
    }

    /// Counts on, a piece of the work. Nothing is done on another state of the document than the one that was drawn.
    pub fn step(&mut self, json: &Json, state: u64) {
        let Some(number) = self.levels.iter().position(|l| matches!(l, Level::Counting { .. })) else {
            return;
        };
        if self.of.is_none_or(|(_, of)| of != state) {
            self.levels.clear();
            self.of = None;
            return;
        }
        let Level::Counting { array, element, at, count } = &mut self.levels[number] else { return };
        for _ in 0..PIECE {
            if *at >= *element {
                break;
            }
            (*at, *count) = (json.next(*at), *count + 1);
        }
        if *at >= *element {
            let (array, element, count) = (*array, *element, *count);
            self.levels[number] = self.known(array, element, count);
        }
    }

    fn text(&self) -> String {
        let mut out = String::from("$");
        for level in &self.levels {
            match level {
                Level::Known(step) => path_of(std::slice::from_ref(step), &mut out),
                Level::Counting { .. } => out.push_str("[…]"),
            }
        }
        out
    }
}

/// How many siblings stand between two, when these are few.
fn few(json: &Json, from: usize, to: usize) -> Option<usize> {
    let mut at = from;
    for count in 0..=SHORT {
        if at >= to {
            return Some(count);
        }
        at = json.next(at);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_arrays_are_counted_in_pieces_and_from_what_is_known() {
        let text = format!("{{\"a\": [{}, {{\"b c\": [1, 2]}}]}}", vec!["[0]"; 250_000].join(", "));
        let json = Json::parse(text).expect("a document");
        let mut foot = Foot::default();
        let last = json.len() - 1;
        assert_eq!(foot.path(&json, last, 1), "$.a[…].\"b c\"[1]");
        let mut steps = 0;
        while foot.wants_step() {
            foot.step(&json, 1);
            steps += 1;
        }
        assert!(steps > 1, "{steps}");
        assert_eq!(foot.path(&json, last, 1), json.path_text(last));
        // Near what was counted nothing is counted again, on both sides; far from it, in pieces.
        for back in [3, 2_000, 9_000, 5] {
            let node = json.len() - back * 2;
            assert_eq!(foot.path(&json, node, 1), json.path_text(node));
            assert!(!foot.wants_step());
        }
        let middle = json.len() / 2;
        assert!(foot.path(&json, middle, 1).contains("[…]"));
        // Another state: what is under way is given up.
        foot.step(&json, 2);
        assert!(!foot.wants_step());
        assert!(foot.path(&json, middle, 2).contains("[…]"));
    }
}
