//! Fuzzy search over names: the best matches first, equals in their given order.

use nucleo_matcher::{
    Config, Matcher, Utf32Str,
    pattern::{AtomKind, CaseMatching, Normalization, Pattern},
};
use std::fmt;

/// One match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Number of the item.
    pub index: usize,
    /// Higher is better.
    pub score: u32,
}

/// The matcher with its scratch memory; keep one per list.
#[derive(Clone)]
pub struct Fuzzy {
    matcher: Matcher,
    chars: Vec<char>,
    typed: String,
    pattern: Pattern,
}

impl fmt::Debug for Fuzzy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fuzzy").field("typed", &self.typed).finish_non_exhaustive()
    }
}

impl Default for Fuzzy {
    fn default() -> Self {
        Self {
            matcher: Matcher::new(Config::DEFAULT),
            chars: vec![],
            typed: String::new(),
            pattern: pattern(""),
        }
    }
}

fn pattern(typed: &str) -> Pattern {
    Pattern::new(typed, CaseMatching::Smart, Normalization::Smart, AtomKind::Fuzzy)
}

impl Fuzzy {
    /// Sets what is looked for: words in any order, capitals only match capitals.
    pub fn look_for(&mut self, typed: &str) {
        if self.typed != typed {
            typed.clone_into(&mut self.typed);
            self.pattern = pattern(typed);
        }
    }

    /// True when everything matches.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pattern.atoms.is_empty()
    }

    /// The score of one text, if it matches.
    pub fn score(&mut self, text: &str) -> Option<u32> {
        self.pattern.score(Utf32Str::new(text, &mut self.chars), &mut self.matcher)
    }

    /// All that match, the best first; of equal ones the shorter, then the earlier.
    pub fn best<'a>(&mut self, items: impl IntoIterator<Item = &'a str>) -> Vec<Hit> {
        let mut hits: Vec<(Hit, usize)> = items
            .into_iter()
            .enumerate()
            .filter_map(|(index, text)| Some((Hit { index, score: self.score(text)? }, text.len())))
            .collect();
        if !self.is_empty() {
            hits.sort_by_key(|(h, len)| (std::cmp::Reverse(h.score), *len, h.index));
        }
        hits.into_iter().map(|(h, _)| h).collect()
    }

    /// Which graphemes of a text matched, ascending; for the few that are drawn.
    pub fn positions(&mut self, text: &str) -> Vec<u32> {
        let mut out = vec![];
        if !self.is_empty() {
            let found =
                self.pattern.indices(Utf32Str::new(text, &mut self.chars), &mut self.matcher, &mut out);
            if found.is_none() {
                return vec![];
            }
            out.sort_unstable();
            out.dedup();
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(typed: &str, items: &[&'static str]) -> Vec<&'static str> {
        let mut f = Fuzzy::default();
        f.look_for(typed);
        f.best(items.iter().copied()).into_iter().map(|h| items[h.index]).collect()
    }

    #[test]
    fn the_best_come_first_and_order_is_stable() {
        let items = ["public.posts", "public.users", "audit.users_old", "posts"];
        assert_eq!(best("", &items), items);
        assert_eq!(best("posts", &items)[0], "posts");
        assert_eq!(best("pu us", &items)[0], "public.users");
        assert_eq!(best("users", &["b.users", "a.users"]), ["b.users", "a.users"]);
        assert!(best("zzz", &items).is_empty());
        assert_eq!(best("$x^", &["a$x^", "x"]), ["a$x^"], "signs are only themselves");
    }

    #[test]
    fn positions_count_graphemes() {
        let mut f = Fuzzy::default();
        f.look_for("st");
        assert_eq!(f.positions("pošst"), [3, 4]);
        assert!(f.positions("nothing").is_empty());
    }
}
