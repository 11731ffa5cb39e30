//! Joins and their conditions, from the foreign keys.

use super::{ItemKind, offer::Offers, words};
use crate::sql::quote::ident;
use std::collections::HashSet;

impl Offers<'_> {
    /// After JOIN: relations that a foreign key links to what is read already, with the condition.
    pub(super) fn joins(&mut self) {
        let near: Vec<_> =
            self.sources.iter().filter(|s| !s.outer && s.at < self.spot.before).cloned().collect();
        let aliased = near.iter().any(|s| s.aliased);
        let taken: HashSet<_> = self.sources.iter().map(|s| s.alias.clone()).collect();
        let catalog = self.catalog;
        for s in near.iter().rev() {
            let Some(oid) = s.oid else { continue };
            for k in &catalog.foreign_keys {
                let sides = [
                    (k.from_oid, &k.from_columns, k.to_oid, &k.to_columns),
                    (k.to_oid, &k.to_columns, k.from_oid, &k.from_columns),
                ];
                for (mine, my_columns, other, other_columns) in sides {
                    if mine != oid {
                        continue;
                    }
                    let Some(r) = catalog.relation(other).filter(|r| r.partition_of == 0) else { continue };
                    let own = taken.contains(&*r.name);
                    let alias = if aliased || own { short(&r.name, &taken) } else { r.name.to_string() };
                    let mut insert = self.relation_name(r);
                    if alias != *r.name {
                        insert = format!("{insert} {}", ident(&alias));
                    }
                    let on = self.case("ON");
                    let both = condition(&alias, other_columns, &s.alias, my_columns, &self.case("AND"));
                    self.push_keyed(
                        &format!("{insert} {on} {both}"),
                        &r.name,
                        ItemKind::Join,
                        "foreign key",
                        5,
                    );
                }
            }
        }
    }

    /// After ON: conditions from the foreign keys between the new relation and the ones before.
    pub(super) fn conditions(&mut self) {
        let near: Vec<_> =
            self.sources.iter().filter(|s| !s.outer && s.at < self.spot.before).cloned().collect();
        let Some((new, old)) = near.split_last() else { return };
        let and = self.case("AND");
        for s in old.iter().rev() {
            for k in &self.catalog.foreign_keys {
                let text = if Some(k.from_oid) == new.oid && Some(k.to_oid) == s.oid {
                    condition(&new.alias, &k.from_columns, &s.alias, &k.to_columns, &and)
                } else if Some(k.to_oid) == new.oid && Some(k.from_oid) == s.oid {
                    condition(&new.alias, &k.to_columns, &s.alias, &k.from_columns, &and)
                } else {
                    continue;
                };
                self.push(&text, ItemKind::Join, "foreign key", 5);
            }
        }
        // Without a key: columns of one name on both sides are a fair guess.
        for s in old.iter().rev() {
            for (name, _) in &new.columns {
                if name != "id" && s.columns.iter().any(|c| c.0 == *name) {
                    let one = [name.clone()];
                    let text = condition(&new.alias, &one, &s.alias, &one, &and);
                    if !self.out.iter().any(|o| o.item.insert == text) {
                        self.push(&text, ItemKind::Join, "same name", 8);
                    }
                }
            }
        }
    }
}

/// `a.x = b.y AND …`
fn condition(a: &str, left: &[String], b: &str, right: &[String], and: &str) -> String {
    left.iter()
        .zip(right)
        .map(|(l, r)| format!("{}.{} = {}.{}", ident(a), ident(l), ident(b), ident(r)))
        .collect::<Vec<_>>()
        .join(&format!(" {and} "))
}

/// An alias nobody has: the first letters of the name's parts, with a number when taken.
fn short(name: &str, taken: &HashSet<String>) -> String {
    let base: String = name
        .split(|c: char| !c.is_alphanumeric())
        .filter_map(|p| p.chars().next())
        .flat_map(char::to_lowercase)
        .collect();
    let base = if base.starts_with(|c: char| c.is_alphabetic()) { base } else { "t".into() };
    let free = |n: &String| !taken.contains(n) && !words::NOT_ALIAS.contains(&n.as_str());
    std::iter::once(base.clone()).chain((2..).map(|n| format!("{base}{n}"))).find(free).unwrap_or(base)
}
