//! Names much like one that does not exist.

use crate::data::near::distance;

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
