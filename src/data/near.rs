//! How far words are from each other.

/// Characters that must be changed, put in, left out or swapped with their neighbour to get from one to the other.
#[must_use]
pub fn slips(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = vec![];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1; b.len() + 1];
        for (j, y) in b.iter().enumerate() {
            row[j + 1] = (last[j + 1] + 1).min(row[j] + 1).min(last[j] + usize::from(x != y));
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                row[j + 1] = row[j + 1].min(before[j - 1] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

/// The same of texts.
#[must_use]
pub fn distance(a: &str, b: &str) -> usize {
    slips(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn one_slip_of_each_kind() {
        for (a, b, want) in [
            ("", "", 0),
            ("", "abc", 3),
            ("vacuum", "vacuum", 0),
            ("vacum", "vacuum", 1),
            ("vaccuum", "vacuum", 1),
            ("vakum", "vacuum", 2),
            ("vacoum", "vacuum", 1),
            ("vaucum", "vacuum", 1),
            ("avcuum", "vacuum", 1),
            ("größe", "große", 1),
        ] {
            assert_eq!((distance(a, b), distance(b, a)), (want, want), "{a} {b}");
        }
    }
}
