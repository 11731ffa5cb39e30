//! Column names made unique, for formats where a name can stand only once.

use std::collections::HashSet;

/// The names in order; a repeated one gets `_2`, `_3` …, never one that another column already has.
#[must_use]
pub fn unique<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let names: Vec<&str> = names.into_iter().collect();
    let given: HashSet<&str> = names.iter().copied().collect();
    let mut used: HashSet<String> = HashSet::with_capacity(names.len());
    names
        .into_iter()
        .map(|name| {
            let mut candidate = name.to_owned();
            let mut n = 1;
            while used.contains(&candidate) || n > 1 && given.contains(candidate.as_str()) {
                n += 1;
                candidate = format!("{name}_{n}");
            }
            used.insert(candidate.clone());
            candidate
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::unique;

    #[test]
    fn repeated_names_are_numbered_around_existing_ones() {
        for (given, expected) in [
            (&["a", "b"][..], &["a", "b"][..]),
            (&["a", "a", "a"], &["a", "a_2", "a_3"]),
            (&["a", "a", "a_2"], &["a", "a_3", "a_2"]),
            (&["a_2", "a", "a"], &["a_2", "a", "a_3"]),
            (&["?column?", "?column?"], &["?column?", "?column?_2"]),
            (&["", ""], &["", "_2"]),
            (&["a", "a", "a_2", "a_2"], &["a", "a_3", "a_2", "a_2_2"]),
        ] {
            assert_eq!(unique(given.iter().copied()), expected);
        }
    }
}
