//! Names much like one that does not exist.

/// The names that somebody may have meant, best first; with few names in all, all of them.
#[must_use]
pub fn near<'a>(wanted: &str, names: &[&'a str]) -> Vec<&'a str> {
    const FEW: usize = 5;
    let low = wanted.to_lowercase();
    let mut close: Vec<(usize, &str)> = names
        .iter()
        .filter_map(|name| {
            let other = name.to_lowercase();
            let far = distance(&low, &other);
            let part = low.chars().count() > 2 && (other.contains(&low) || low.contains(&other));
            (far <= 2.max(low.chars().count() / 4) || part).then_some((far, *name))
        })
        .collect();
    close.sort();
    if close.is_empty() && names.len() <= FEW {
        return names.to_vec();
    }
    close.into_iter().map(|(_, name)| name).take(FEW).collect()
}

/// How many characters must be changed, put in, left out or swapped with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut least = (rows[i][j] + usize::from(x != y)).min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i - 1] == *y && *x == b[j - 1] {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_may_be_meant() {
        let all = ["postgres", "shop", "shop_test", "Warehouse", "crm", "hr"];
        assert_eq!(near("shpo", &all), ["shop"]);
        assert_eq!(near("SHOP", &all), ["shop", "shop_test"]);
        assert_eq!(near("warehose", &all), ["Warehouse"]);
        assert_eq!(near("nothing like", &all), [""; 0]);
        assert_eq!(near("nothing like", &all[..2]), ["postgres", "shop"]);
        assert_eq!(near("", &all[..1]), ["postgres"]);
    }
}
