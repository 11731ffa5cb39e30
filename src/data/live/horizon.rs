//! Who holds vacuum back: whoever may still want to see old row versions.

use super::{Micros, Names, Pulse, Session};
use crate::text::units;
use std::time::Duration;

/// A snapshot or transaction so many transactions old is worth a word: as many as vacuum lets pass before it looks at a
/// table again for freezing (`vacuum_freeze_min_age` is 50 million; a tenth of a million is minutes of a busy server).
const OLD: i64 = 100_000;

/// Whether vacuum heeds the old snapshot of a session. The rules are those of `ComputeXidHorizons` (`procarray.c`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Heed {
    /// It keeps what the snapshot may still want to see.
    #[default]
    Yes,
    /// `VACUUM ANALYZE`: only while it analyses, and whether it does is not known.
    Analyzing,
    /// For rows of catalogs only: `CREATE INDEX CONCURRENTLY` of columns alone (14 and later).
    OfCatalogs,
    /// Not at all: a lazy `VACUUM`.
    No,
}

impl Heed {
    /// All, by their names.
    const ALL: [(&'static str, Self); 4] = [
        ("yes", Self::Yes),
        ("analyzing", Self::Analyzing),
        ("catalogs", Self::OfCatalogs),
        ("no", Self::No),
    ];

    /// Its name among the answers for Health.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, heed)| *heed == self).map_or("yes", |(name, _)| name)
    }

    /// By its name; what is not known counts.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self::ALL.iter().find(|(known, _)| *known == name).map_or(Self::Yes, |(_, heed)| *heed)
    }
}

/// What somebody's old snapshot holds back, seen from the connected database; the worst first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Dead rows of this database.
    #[default]
    Here,
    /// Dead rows of catalogs only.
    Catalogs,
    /// Dead rows of another database, and of the catalogs that all databases share.
    Elsewhere,
    /// Nothing.
    Nowhere,
}

impl Reach {
    /// Of a snapshot that is heeded so. `here`: it is of the connected database, or counts in all of them.
    #[must_use]
    pub fn of(here: bool, heed: Heed) -> Self {
        match heed {
            Heed::No => Self::Nowhere,
            _ if !here => Self::Elsewhere,
            Heed::OfCatalogs => Self::Catalogs,
            Heed::Yes | Heed::Analyzing => Self::Here,
        }
    }

    /// In words, nothing for what is expected.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Here => "",
            Self::Catalogs => "holds back rows of catalogs only",
            Self::Elsewhere => "holds back there and in shared catalogs, not here",
            Self::Nowhere => "a VACUUM: its snapshot holds nothing back",
        }
    }
}

/// Holders that are no sessions, at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Horizon {
    /// The server's clock.
    pub at: Micros,
    /// OID of the connected database.
    pub database: u32,
    /// A standby, whose sessions count for its primary whatever their database.
    pub standby: bool,
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
    /// What it holds back.
    pub reach: Reach,
    /// Age in transactions.
    pub age: i64,
    /// Who.
    pub who: String,
    /// Why it holds, and what ends it.
    pub what: String,
    /// The session, if it is one.
    pub pid: Option<i32>,
}

/// Everybody with an old snapshot: first those who hold back dead rows of this database, the oldest first.
#[must_use]
pub fn holders(pulse: &Pulse, horizon: Option<&Horizon>, names: &Names) -> Vec<Holder> {
    let sessions = pulse.sessions.iter().filter_map(|s| {
        let age = pulse.xmin_age(s)?;
        let (reach, what) = (reach(s, horizon, names), why(s));
        Some(Holder { reach, age, who: who(s, names), what, pid: Some(s.pid) })
    });
    let others = horizon.into_iter().flat_map(|h| &h.others).map(|other| {
        let reach = match &*other.kind {
            "catalog" => Reach::Catalogs,
            // A slot's rows are kept in all databases.
            "prepared" => Reach::of(is_here(other.database, horizon, names), Heed::Yes),
            _ => Reach::Here,
        };
        let (who, what) = other_words(other, names);
        Holder { reach, age: other.age, who, what, pid: other.pid }
    });
    let mut all: Vec<Holder> = sessions.chain(others).collect();
    all.sort_by_key(|h| (h.reach, std::cmp::Reverse(h.age)));
    all
}

/// What a session's snapshot holds back.
#[must_use]
pub fn reach(s: &Session, horizon: Option<&Horizon>, names: &Names) -> Reach {
    Reach::of(is_here(s.database, horizon, names), s.heed)
}

/// Does a snapshot taken in this database count in the connected one? Without a database: a standby's, in all of them.
fn is_here(database: u32, horizon: Option<&Horizon>, names: &Names) -> bool {
    let connected = horizon.map_or(0, |h| h.database);
    let connected = if connected == 0 { names.database } else { connected };
    let everywhere = database == 0 || connected == 0 || horizon.is_some_and(|h| h.standby);
    everywhere || database == connected
}

/// The one that matters for this database, when it is old enough to matter.
#[must_use]
pub fn worst(holders: &[Holder]) -> Option<&Holder> {
    holders.first().filter(|h| h.reach == Reach::Here && h.age >= OLD)
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
    match (s.heed, s.active()) {
        (Heed::No, _) => "a VACUUM, whose snapshot other vacuums do not heed".into(),
        (Heed::Analyzing, _) => "a VACUUM ANALYZE: it holds vacuum back only while it analyses".into(),
        (Heed::OfCatalogs, _) => {
            "it builds an index beside its users: tables are vacuumed all the same".into()
        }
        (Heed::Yes, true) => "a snapshot of its running statement".into(),
        (Heed::Yes, false) => "a snapshot of its transaction".into(),
    }
}

/// All of them as a page, at most so many.
#[must_use]
pub fn page(holders: &[Holder], most: usize) -> String {
    let mut text = String::from(
        "Vacuum keeps every row version that one of these may still want to see. The oldest decides.\n",
    );
    if holders.first().is_none_or(|h| h.reach != Reach::Here) {
        text.push_str("\nNobody holds back dead rows of this database's tables at this moment.\n");
    }
    let mut reach = None;
    for holder in holders.iter().take(most) {
        if reach.replace(holder.reach) != Some(holder.reach) {
            text.push_str(match holder.reach {
                Reach::Here => "\n",
                Reach::Catalogs => "\nThese hold back rows of catalogs only:\n\n",
                Reach::Elsewhere => {
                    "\nIn other databases. They hold back there and in shared catalogs, not here:\n\n"
                }
                Reach::Nowhere => "\nThese hold nothing back:\n\n",
            });
        }
        let (age, who, what) = (age(holder.age), &holder.who, &holder.what);
        text.push_str(&format!("{age:>28}  {who}\n{:>28}  {what}\n", ""));
    }
    text
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

    #[test]
    fn who_holds_nothing_back_here_is_not_the_worst() {
        let session = |pid, database, age: u32, heed| {
            let oldest = Some(1_000_000_u32.wrapping_sub(age));
            let (state, backend_type) = ("active".into(), "client backend".into());
            Arc::new(Session { pid, database, oldest, state, backend_type, heed, ..Session::default() })
        };
        let sessions = vec![
            session(1, 5, 900_000, Heed::No),
            session(2, 6, 800_000, Heed::Yes),
            session(3, 5, 700_000, Heed::OfCatalogs),
            session(4, 5, 200_000, Heed::Analyzing),
            session(5, 0, 300_000, Heed::Yes),
        ];
        let pulse = Pulse { sessions, next: 1_000_000, ..Pulse::default() };
        let prepared = |name: &str, database| Other {
            kind: "prepared".into(),
            name: name.into(),
            database,
            age: 600_000,
            ..Other::default()
        };
        let catalog = Other { kind: "catalog".into(), age: 950_000, database: 6, ..Other::default() };
        let others = vec![prepared("there", 6), catalog];
        let horizon = Horizon { database: 5, others, ..Horizon::default() };
        let names = Names::default();
        let all = holders(&pulse, Some(&horizon), &names);
        let order: Vec<(Reach, i64)> = all.iter().map(|h| (h.reach, h.age)).collect();
        assert_eq!(
            order,
            [
                (Reach::Here, 300_000),
                (Reach::Here, 200_000),
                (Reach::Catalogs, 950_000),
                (Reach::Catalogs, 700_000),
                (Reach::Elsewhere, 800_000),
                (Reach::Elsewhere, 600_000),
                (Reach::Nowhere, 900_000),
            ]
        );
        assert_eq!(worst(&all).and_then(|h| h.pid), Some(5), "a standby counts in all databases");
        assert_eq!(worst(&all[2..]), None);
        let text = page(&all, 99);
        let at = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what} in {text}"));
        assert!(at("pid 5") < at("catalogs only") && at("catalogs only") < at("other databases"));
        assert!(
            at("other databases") < at("prepared transaction there") && at("hold nothing back") < at("pid 1")
        );
        assert!(page(&all[2..], 99).contains("Nobody holds back dead rows of this database"), "{text}");

        let standby = Horizon { standby: true, ..horizon };
        let all = holders(&pulse, Some(&standby), &names);
        assert_eq!(
            all.first().and_then(|h| h.pid),
            Some(2),
            "what a standby keeps, it keeps for all databases"
        );
        let known = Names { database: 6, ..Names::default() };
        assert_eq!(holders(&pulse, None, &known)[0].pid, Some(2), "before slots were asked for");
        let unknown = holders(&pulse, None, &names);
        assert!(unknown.iter().all(|h| h.reach != Reach::Elsewhere), "what is not known counts");
    }
}
