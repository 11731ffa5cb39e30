//! Names for the OIDs in samples.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

/// Names that samples give by OID.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Names {
    /// OID of the connected database.
    pub database: u32,
    /// Databases.
    pub databases: BTreeMap<u32, Arc<str>>,
    /// Roles.
    pub roles: BTreeMap<u32, Arc<str>>,
    /// Relations of the connected database, as they would be written.
    pub relations: BTreeMap<u32, Arc<str>>,
    /// Other objects of the connected database that were waited for: catalog, OID → how people call it.
    pub objects: BTreeMap<(u32, u32), Arc<str>>,
}

impl Names {
    /// Of each kind so many names are kept that the present session of the watcher does not know.
    pub const MOST: usize = 10_000;

    /// Takes in what is known now. What was known stays: samples of before speak of it, too, and a session that is opened
    /// anew asks only for what it sees itself. A new name of the same OID wins; relations of another database are others.
    pub fn learn(&mut self, now: Self) {
        let mut before = std::mem::replace(self, now);
        if self.database == 0 {
            // It could not be asked yet.
            self.database = before.database;
        }
        if self.database != before.database {
            before.relations.clear();
            before.objects.clear();
        }
        keep(&mut self.databases, before.databases);
        keep(&mut self.roles, before.roles);
        keep(&mut self.relations, before.relations);
        keep(&mut self.objects, before.objects);
    }

    /// A database's name, or its number.
    #[must_use]
    pub fn database(&self, oid: u32) -> String {
        name(&self.databases, oid)
    }

    /// A role's name, or its number.
    #[must_use]
    pub fn role(&self, oid: u32) -> String {
        name(&self.roles, oid)
    }
}

fn name(names: &BTreeMap<u32, Arc<str>>, oid: u32) -> String {
    match names.get(&oid) {
        Some(name) => name.to_string(),
        None if oid == 0 => String::new(),
        None => oid.to_string(),
    }
}

/// Adds what is known from before and has no newer name; of too many those with the highest OIDs, which are the youngest.
fn keep<K: Ord>(names: &mut BTreeMap<K, Arc<str>>, before: BTreeMap<K, Arc<str>>) {
    let mut room = Names::MOST;
    for (key, name) in before.into_iter().rev() {
        if let (Entry::Vacant(place), 1..) = (names.entry(key), room) {
            place.insert(name);
            room -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(database: u32, relations: &[(u32, &str)]) -> Names {
        let relations = relations.iter().map(|(oid, name)| (*oid, (*name).into())).collect();
        Names { database, relations, ..Names::default() }
    }

    #[test]
    fn what_was_known_stays_known() {
        let mut known = names(5, &[(100, "posts"), (101, "users")]);
        known.roles.insert(10, "ada".into());
        // A session that was opened anew has asked for roles and databases only.
        let mut anew = names(5, &[]);
        anew.roles.insert(11, "bob".into());
        known.learn(anew);
        known.learn(names(5, &[(101, "people")]));
        let posts: Arc<str> = "posts".into();
        assert_eq!(known.relations, BTreeMap::from([(100, posts), (101, "people".into())]));
        assert_eq!((known.role(10).as_str(), known.role(11).as_str()), ("ada", "bob"));
        // Its catalogs were locked: it knows nothing.
        known.learn(Names::default());
        assert_eq!((known.database, known.relations.len()), (5, 2));
    }

    #[test]
    fn relations_of_another_database_are_others() {
        let mut known = names(5, &[(100, "posts")]);
        known.databases.insert(5, "shop".into());
        known.objects.insert((2615, 9), "pg_namespace sx".into());
        known.learn(names(6, &[(200, "orders")]));
        let left: Vec<u32> = known.relations.keys().copied().collect();
        assert_eq!((left, known.objects.len()), (vec![200], 0));
        assert_eq!(known.database(5), "shop", "databases are the server's");
    }

    #[test]
    fn names_of_before_are_bounded() {
        let mut known = Names::default();
        for n in 0..5_u32 {
            let some = 8_000 * n..8_000 * (n + 1);
            let relations = some.map(|oid| (oid, Arc::from("t"))).collect();
            known.learn(Names { database: 5, relations, ..Names::default() });
        }
        assert_eq!(known.relations.len(), 8_000 + Names::MOST);
        assert!(known.relations.contains_key(&30_000), "the youngest of them");
    }
}
