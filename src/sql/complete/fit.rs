//! How well a name answers to what was typed.

/// How a name answers to what was typed: 0 begins with it, 1 a part of it does, 2 contains it,
/// 3 has its letters in order; `None` not at all.
pub(super) fn fit(name: &str, typed: &str) -> Option<u8> {
    if typed.is_empty() {
        return Some(0);
    }
    let first = typed.chars().next()?;
    if first.is_ascii() && name.is_ascii() {
        // The common case costs no memory: most names do not fit.
        let (n, t) = (name.as_bytes(), typed.as_bytes());
        if n.len() >= t.len() && n[..t.len()].eq_ignore_ascii_case(t) {
            return Some(0);
        }
        if !n.iter().any(|b| b.eq_ignore_ascii_case(&t[0])) {
            return None;
        }
    }
    let all: Vec<char> = name.chars().flat_map(char::to_lowercase).collect();
    let lower: Vec<char> = typed.chars().flat_map(char::to_lowercase).collect();
    if all.starts_with(&lower) {
        return Some(0);
    }
    let found: Vec<usize> = (1..all.len()).filter(|i| all[*i..].starts_with(&lower)).collect();
    if found.iter().any(|i| matches!(all[i - 1], '_' | ' ' | '.' | '-')) {
        return Some(1);
    }
    if !found.is_empty() {
        return Some(2);
    }
    // Letters in order, from the first one on: `cat` for `created_at`, never `dat`.
    if lower.len() < 2 || all.first() != lower.first() {
        return None;
    }
    let mut rest = all.iter();
    lower.iter().all(|c| rest.any(|n| n == c)).then_some(3)
}

#[cfg(test)]
mod tests {
    use super::fit;

    #[test]
    fn from_a_prefix_to_letters_in_order() {
        for (name, typed, want) in [
            ("created_at", "", Some(0)),
            ("created_at", "CRE", Some(0)),
            ("created_at", "at", Some(1)),
            ("created_at", "eat", Some(2)),
            ("created_at", "cat", Some(3)),
            ("created_at", "dat", None),
            ("created_at", "x", None),
            ("Größe", "grö", Some(0)),
        ] {
            assert_eq!(fit(name, typed), want, "{name} {typed}");
        }
    }
}
