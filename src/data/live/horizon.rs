//! Who holds vacuum back: whoever may still want to see old row versions.

use super::{Micros, Names, Pulse, Session};
use crate::text::units;
use std::time::Duration;

/// A snapshot or transaction so many transactions old is worth a word: as many as vacuum lets pass before it looks at a
/// table again for freezing (`vacuum_freeze_min_age` is 50 million; a tenth of a million is minutes of a busy server).
const OLD: i64 = 100_000;

/// Holders that are no sessions, at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Horizon {
    /// The server's clock.
    pub at: Micros,
    /// How long the server took to answer.
    pub took: Duration,
    /// Slots and prepared transactions.
    pub others: Vec<Other>,
}

/// A slot or a prepared transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Other {
    /// `slot`, `catalog` (a slot that keeps rows of the catalog only) or `prepared`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The process that uses a slot.
    pub pid: Option<i32>,
    /// OID of a prepared transaction's owner.
    pub role: u32,
    /// OID of its database.
    pub database: u32,
    /// Somebody uses the slot.
    pub active: bool,
    /// Age in transactions.
    pub age: i64,
    /// Since when a transaction is prepared.
    pub since: Option<Micros>,
}

/// Somebody who holds vacuum back, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Age in transactions.
    pub age: i64,
    /// Who.
    pub who: String,
    /// Why it holds, and what ends it.
    pub what: String,
    /// The session, if it is one.
    pub pid: Option<i32>,
}

/// Everybody who holds vacuum back, the oldest first.
#[must_use]
pub fn holders(pulse: &Pulse, horizon: Option<&Horizon>, names: &Names) -> Vec<Holder> {
    let sessions = pulse.sessions.iter().filter_map(|s| {
        let age = pulse.xmin_age(s)?;
        Some(Holder { age, who: who(s, names), what: why(s), pid: Some(s.pid) })
    });
    let others = horizon.into_iter().flat_map(|h| &h.others).map(|other| {
        let (who, what) = other_words(other, names);
        Holder { age: other.age, who, what, pid: other.pid }
    });
    let mut all: Vec<Holder> = sessions.chain(others).collect();
    all.sort_by_key(|h| std::cmp::Reverse(h.age));
    all
}

/// The one that matters, when it is old enough to matter.
#[must_use]
pub fn worst(holders: &[Holder]) -> Option<&Holder> {
    holders.first().filter(|h| h.age >= OLD)
}

fn who(s: &Session, names: &Names) -> String {
    let kind = if s.is_client() { String::new() } else { format!("{}, ", s.backend_type) };
    format!("pid {} ({kind}{}@{})", s.pid, names.role(s.role), names.database(s.database))
}

fn why(s: &Session) -> String {
    if &*s.backend_type == "walsender" {
        return "a standby with hot_standby_feedback: a statement there has an old snapshot".into();
    }
    if s.idle_in_transaction() {
        return "idle in its transaction: it ends with COMMIT, ROLLBACK, or K".into();
    }
    if s.masked {
        return "what it does may not be seen".into();
    }
    format!("a snapshot of its {}", if s.active() { "running statement" } else { "transaction" })
}

fn other_words(other: &Other, names: &Names) -> (String, String) {
    let name = &other.name;
    let used = if other.active { "in use" } else { "used by nobody" };
    match &*other.kind {
        "prepared" => {
            let quoted = name.replace('\'', "''");
            (
                format!(
                    "prepared transaction {name} of {}@{}",
                    names.role(other.role),
                    names.database(other.database)
                ),
                format!("it ends with COMMIT PREPARED or ROLLBACK PREPARED '{quoted}'"),
            )
        }
        kind => {
            let quoted = name.replace('\'', "''");
            let only = if kind == "catalog" { " for rows of the catalog only" } else { "" };
            (
                format!("replication slot {name}, {used}"),
                format!(
                    "it waits for its reader{only}; select pg_drop_replication_slot('{quoted}') gives it up"
                ),
            )
        }
    }
}

/// `1,234,567 transactions`.
#[must_use]
pub fn age(n: i64) -> String {
    units::counted(u64::try_from(n).unwrap_or(0), "transaction", "transactions")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn the_oldest_first_whatever_it_is() {
        let session = |pid, age: u32, state: &str| {
            Arc::new(Session {
                pid,
                oldest: (age > 0).then_some(1_000_u32.wrapping_sub(age)),
                state: state.into(),
                backend_type: "client backend".into(),
                ..Session::default()
            })
        };
        let sessions =
            vec![session(1, 10, "active"), session(2, 0, "idle"), session(3, 500, "idle in transaction")];
        let pulse = Pulse { sessions, next: 1_000, ..Pulse::default() };
        let slot = Other { kind: "slot".into(), name: "it's".into(), age: 900_000, ..Other::default() };
        let prepared =
            Other { kind: "prepared".into(), name: "order-17".into(), age: 90, ..Other::default() };
        let horizon = Horizon { others: vec![slot, prepared], ..Horizon::default() };
        let all = holders(&pulse, Some(&horizon), &Names::default());
        let ages: Vec<i64> = all.iter().map(|h| h.age).collect();
        assert_eq!(ages, [900_000, 500, 90, 10]);
        assert!(
            all[0].what.contains("pg_drop_replication_slot('it''s')")
                && all[0].who.contains("used by nobody")
        );
        assert!(all[1].what.contains("idle in its transaction"));
        assert_eq!(worst(&all).map(|h| h.age), Some(900_000));
        assert_eq!(worst(&all[1..]), None, "young ones are normal");
    }
}
