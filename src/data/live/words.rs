//! Locks in plain words: what is locked, what the modes mean, why two of them cannot go together.

use super::{Edge, LockObject, Names};

/// What a lock is on, as people would say it.
#[must_use]
pub fn object(object: &LockObject, names: &Names) -> String {
    let relation = || relation(object, names);
    match &*object.kind {
        "relation" => relation(),
        "extend" => format!("extending {}", relation()),
        "page" => format!("page {} of {}", object.page, relation()),
        "tuple" => format!("row ({},{}) of {}", object.page, object.tuple, relation()),
        // The transaction of whoever holds a row: the waiter's own tuple lock tells which.
        "transactionid" if object.relation != 0 && object.page >= 0 => {
            format!("row ({},{}) of {}", object.page, object.tuple, relation())
        }
        "transactionid" => format!("the end of transaction {}", object.xid),
        "virtualxid" => format!("virtual transaction {}", object.vxid),
        "spectoken" => format!("an insert of transaction {} in progress", object.xid),
        "advisory" => advisory(object, names),
        "frozenid" => "the frozen transaction id of the database".into(),
        "object" => {
            let known = names.objects.get(&(object.class, object.object)).filter(|_| here(object, names));
            let known = known.map(ToString::to_string);
            known.unwrap_or_else(|| format!("object {} of catalog {}", object.object, object.class))
                + &elsewhere(object, names)
        }
        other => other.to_owned(),
    }
}

/// A lock's database is ours, or that of things all databases share.
fn here(object: &LockObject, names: &Names) -> bool {
    object.database == 0 || object.database == names.database
}

fn elsewhere(object: &LockObject, names: &Names) -> String {
    if here(object, names) {
        String::new()
    } else {
        format!(" of database {}", names.database(object.database))
    }
}

fn relation(object: &LockObject, names: &Names) -> String {
    match names.relations.get(&object.relation).filter(|_| here(object, names)) {
        Some(name) => name.to_string(),
        None => match catalog(object.relation) {
            // Its name cannot be asked while it is locked.
            Some(name) => format!("{name}{}", elsewhere(object, names)),
            None => format!("relation {}{}", object.relation, elsewhere(object, names)),
        },
    }
}

/// Catalogs by their OIDs, which are fixed: those that every statement needs.
fn catalog(oid: u32) -> Option<&'static str> {
    Some(match oid {
        1213 => "pg_tablespace",
        1247 => "pg_type",
        1249 => "pg_attribute",
        1255 => "pg_proc",
        1259 => "pg_class",
        1260 => "pg_authid",
        1261 => "pg_auth_members",
        1262 => "pg_database",
        2604 => "pg_attrdef",
        2606 => "pg_constraint",
        2608 => "pg_depend",
        2610 => "pg_index",
        2615 => "pg_namespace",
        2619 => "pg_statistic",
        3079 => "pg_extension",
        _ => return None,
    })
}

/// An advisory key as it was given: one bigint, or two integers.
fn advisory(object: &LockObject, names: &Names) -> String {
    let (high, low) = (object.class, object.object);
    let key = if object.part == 2 {
        format!("({},{})", high.cast_signed(), low.cast_signed())
    } else {
        (u64::from(high) << 32 | u64::from(low)).cast_signed().to_string()
    };
    format!("advisory lock {key}{}", elsewhere(object, names))
}

/// What takes a lock of this mode, in a word or two.
#[must_use]
pub fn mode(mode: &str) -> &'static str {
    match mode {
        "AccessShareLock" => "read",
        "RowShareLock" => "SELECT FOR UPDATE",
        "RowExclusiveLock" => "write rows",
        "ShareUpdateExclusiveLock" => "VACUUM, ANALYZE, CREATE INDEX CONCURRENTLY",
        "ShareLock" => "CREATE INDEX",
        "ShareRowExclusiveLock" => "CREATE TRIGGER, some ALTER TABLE",
        "ExclusiveLock" => "everything but reading",
        "AccessExclusiveLock" => "everything: ALTER TABLE, DROP, TRUNCATE, VACUUM FULL",
        _ => "an unknown mode",
    }
}

/// The strongest of several modes, as `pg_locks` writes them with commas between.
#[must_use]
pub fn strongest(modes: &str) -> &str {
    const ORDER: [&str; 8] = [
        "AccessShareLock",
        "RowShareLock",
        "RowExclusiveLock",
        "ShareUpdateExclusiveLock",
        "ShareLock",
        "ShareRowExclusiveLock",
        "ExclusiveLock",
        "AccessExclusiveLock",
    ];
    let rank = |mode: &str| ORDER.iter().position(|m| *m == mode);
    modes.split(',').max_by_key(|mode| rank(mode)).unwrap_or(modes)
}

/// A mode without the word Lock, which every one has.
#[must_use]
pub fn short(mode: &str) -> &str {
    mode.strip_suffix("Lock").unwrap_or(mode)
}

/// Why the waiter waits for the blocker, in one sentence. `waiter` and `blocker` as they shall be called.
#[must_use]
pub fn why(edge: &Edge, waiter: &str, blocker: &str, names: &Names) -> String {
    let what = object(&edge.object, names);
    let wanted = short(&edge.wanted);
    match &*edge.object.kind {
        "transactionid" => {
            let row = if edge.object.relation == 0 { String::new() } else { format!(" It is about {what}.") };
            format!(
                "{waiter} waits until the transaction of {blocker} ends: it changed or locked the same row.{row}"
            )
        }
        "virtualxid" => format!(
            "{waiter} waits until the transaction of {blocker} ends: its snapshot is older than what {waiter} builds."
        ),
        "advisory" if edge.hard => format!("{waiter} waits for {what}, which {blocker} holds."),
        "advisory" => {
            format!("{waiter} waits for {what}, which {blocker}, ahead in the queue, waits for, too.")
        }
        "tuple" if edge.hard => format!("{waiter} queues for {what}: {blocker} is next in line for it."),
        _ if edge.hard => {
            let held = strongest(&edge.held);
            format!(
                "{waiter} wants {wanted} ({}) on {what}; {blocker} holds {} ({}): they exclude each other.",
                mode(&edge.wanted),
                short(held),
                mode(held)
            )
        }
        _ => {
            let ahead = strongest(&edge.ahead);
            format!(
                "{waiter} wants {wanted} on {what} and queues behind {blocker}, which holds nothing yet but waits there for {} ({}).",
                short(ahead),
                mode(ahead)
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let mut names = Names { database: 5, ..Names::default() };
        names.databases.insert(7, "far".into());
        names.relations.insert(100, "t1".into());
        names.objects.insert((2615, 9), "pg_namespace sx".into());
        names
    }

    fn lock(kind: &str) -> LockObject {
        LockObject {
            kind: kind.into(),
            database: 5,
            relation: 100,
            page: 0,
            tuple: 3,
            ..LockObject::default()
        }
    }

    #[test]
    fn objects_in_words() {
        let names = names();
        for (lock, text) in [
            (lock("relation"), "t1"),
            (lock("tuple"), "row (0,3) of t1"),
            (lock("transactionid"), "row (0,3) of t1"),
            (
                LockObject { relation: 0, page: -1, xid: "77".into(), ..lock("transactionid") },
                "the end of transaction 77",
            ),
            (LockObject { relation: 0, vxid: "3/7".into(), ..lock("virtualxid") }, "virtual transaction 3/7"),
            (
                LockObject { relation: 0, class: 1, object: 1, part: 1, ..lock("advisory") },
                "advisory lock 4294967297",
            ),
            (
                LockObject { relation: 0, class: u32::MAX - 6, object: 5, part: 2, ..lock("advisory") },
                "advisory lock (-7,5)",
            ),
            (
                LockObject { relation: 0, class: u32::MAX, object: u32::MAX, part: 1, ..lock("advisory") },
                "advisory lock -1",
            ),
            (LockObject { database: 7, ..lock("relation") }, "relation 100 of database far"),
            (LockObject { relation: 0, class: 2615, object: 9, ..lock("object") }, "pg_namespace sx"),
            (LockObject { relation: 1259, ..lock("relation") }, "pg_class"),
            (LockObject { relation: 999, ..lock("relation") }, "relation 999"),
        ] {
            assert_eq!(object(&lock, &names), text);
        }
    }

    #[test]
    fn who_holds_an_advisory_lock_does_not_ask_for_it() {
        let object = LockObject { relation: 0, object: 7, part: 1, ..lock("advisory") };
        let say = |hard| why(&Edge { hard, object: object.clone(), ..Edge::default() }, "12", "13", &names());
        assert_eq!(say(true), "12 waits for advisory lock 7, which 13 holds.");
        assert_eq!(say(false), "12 waits for advisory lock 7, which 13, ahead in the queue, waits for, too.");
    }

    #[test]
    fn the_strongest_mode_explains() {
        assert_eq!(strongest("AccessShareLock,ShareLock,RowShareLock"), "ShareLock");
        assert_eq!(strongest(""), "");
        let edge = Edge {
            wanted: "AccessShareLock".into(),
            ahead: "AccessExclusiveLock".into(),
            object: lock("relation"),
            ..Edge::default()
        };
        let why = why(&edge, "12", "13", &names());
        assert!(why.contains("queues behind 13") && why.contains("AccessExclusive"), "{why}");
    }
}
