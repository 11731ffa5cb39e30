//! Sessions counted for Health from those a pulse has just read: reading them all is most of what Health costs the server.

use super::Monitor;
use crate::data::{
    health::Table,
    live::{Micros, Session, horizon::Heed},
};
use std::{collections::BTreeMap, time::Duration};

/// What a pulse read so long ago is the present: two of them are a second apart.
const FRESH: Duration = Duration::from_millis(1500);

/// The columns of `queries/health/connections.sql`.
const COLUMNS: [&str; 10] = [
    "database",
    "role",
    "kind",
    "state",
    "sessions",
    "masked",
    "lock_waits",
    "oldest_xact",
    "oldest_state",
    "oldest_query",
];

impl Monitor {
    /// What `queries/health/connections.sql` would answer, where the sessions were read just now. `now`: the server's clock.
    pub(super) fn crowd(&self, now: Micros) -> Option<Table> {
        self.read.filter(|at| at.elapsed() < FRESH)?;
        Some(crowd(self.known.values(), now))
    }
}

#[derive(Default)]
struct Group {
    sessions: usize,
    masked: usize,
    lock_waits: usize,
    xact: Option<Micros>,
    state: Option<Micros>,
    query: Option<Micros>,
}

fn crowd<'s>(sessions: impl Iterator<Item = &'s Session>, now: Micros) -> Table {
    let mut groups: BTreeMap<(u32, u32, &str, &str), Group> = BTreeMap::new();
    let older = |oldest: &mut Option<Micros>, at: Option<Micros>| {
        *oldest = [*oldest, at].into_iter().flatten().min();
    };
    for s in sessions {
        let group = groups.entry((s.database, s.role, &s.backend_type, &s.state)).or_default();
        group.sessions += 1;
        group.masked += usize::from(s.masked);
        group.lock_waits += usize::from(&*s.wait_type == "Lock");
        // Others vacuum what a lazy VACUUM could still see.
        older(&mut group.xact, s.xact_start.filter(|_| s.heed != Heed::No));
        older(&mut group.state, s.state_change);
        older(&mut group.query, s.query_start.filter(|_| &*s.state == "active"));
    }
    let age = |since: Option<Micros>| since.map(|at| (now.saturating_sub(at) as f64 / 1e6).to_string());
    let row = |((database, role, kind, state), group): ((u32, u32, &str, &str), Group)| {
        let counts = [group.sessions, group.masked, group.lock_waits].map(|n| Some(n.to_string()));
        let [sessions, masked, lock_waits] = counts;
        let ages = [group.xact, group.state, group.query].map(age);
        let [xact, state_since, query] = ages;
        let place = [database.to_string(), role.to_string(), kind.to_owned(), state.to_owned()].map(Some);
        let [database, role, kind, state] = place;
        vec![database, role, kind, state, sessions, masked, lock_waits, xact, state_since, query]
    };
    let columns = COLUMNS.map(str::to_owned).to_vec();
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, group)| std::cmp::Reverse(group.sessions));
    Table { columns, rows: groups.into_iter().map(row).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_are_counted_as_the_query_counts_them() {
        let session = |state: &str, wait: &str, at: Micros| Session {
            database: 5,
            role: 10,
            backend_type: "client backend".into(),
            state: state.into(),
            wait_type: wait.into(),
            query_start: Some(at),
            state_change: Some(at),
            xact_start: (state != "idle").then_some(at),
            ..Session::default()
        };
        let hidden = Session { database: 5, role: 11, masked: true, ..Session::default() };
        let vacuum = Session { heed: Heed::No, ..session("active", "", 2_500_000) };
        let vacuum = Session { xact_start: Some(500_000), ..vacuum };
        let all = [
            vacuum,
            session("active", "Lock", 3_000_000),
            session("idle", "Client", 2_000_000),
            session("active", "", 1_500_000),
            hidden,
        ];
        let table = crowd(all.iter(), 4_000_000);
        let rows: Vec<Vec<&str>> = table
            .rows
            .iter()
            .map(|row| row.iter().map(|cell| cell.as_deref().unwrap_or("NULL")).collect())
            .collect();
        assert_eq!(
            rows,
            [
                ["5", "10", "client backend", "active", "3", "0", "1", "2.5", "2.5", "2.5"],
                ["5", "10", "client backend", "idle", "1", "0", "0", "NULL", "2", "NULL"],
                ["5", "11", "", "", "1", "1", "0", "NULL", "NULL", "NULL"],
            ]
        );
        let columns =
            crate::pg::queries::health::CONNECTIONS.lines().find(|line| line.starts_with("-- columns: "));
        assert_eq!(columns, Some(format!("-- columns: {}", COLUMNS.join(", ")).as_str()));
    }
}
