//! What each pane can do here, and what it lacks.

use super::{
    facts::{Facts, Pooler},
    judge::{Finding, Lack, State, loaded, preload},
};
use crate::sql::quote::{ident, qualified};

/// Every pane, in the order of the tab line.
pub fn all(facts: &Facts) -> Vec<Finding> {
    vec![
        browse(facts),
        sql(facts),
        search(facts),
        plan(facts),
        others("Activity", "sessions of others show neither statement nor address", facts),
        others("Locks", "waiting sessions of others show no statement", facts),
        statements(facts),
        health(facts),
        Finding::new("Saved queries", State::Good, "works"),
    ]
}

fn me(facts: &Facts) -> String {
    ident(facts.server("current_user"))
}

fn works(pane: &str, says: impl Into<String>) -> Finding {
    Finding::new(pane, State::Good, says)
}

fn browse(facts: &Facts) -> Finding {
    let (all, readable, writable) =
        (facts.count("relations"), facts.count("readable"), facts.count("writable"));
    let mut line =
        works("Browse", format!("{readable} of {all} tables and views can be read, {writable} changed"));
    if readable < all {
        let schema = facts.reach.get("first_unreadable").map_or("public", String::as_str);
        let grant = if facts.knows("pg_read_all_data") {
            format!("GRANT pg_read_all_data TO {};", me(facts))
        } else {
            let tables = qualified("", schema);
            format!(
                "GRANT USAGE ON SCHEMA {tables} TO {0}; GRANT SELECT ON ALL TABLES IN SCHEMA {tables} TO {0};",
                me(facts)
            )
        };
        line = line.lacking(Lack::by(format!("{} tables cannot be read", all - readable), grant));
    }
    if facts.server("standby") == "t" {
        line =
            line.lacking(Lack::noted("nothing can be edited", "this is a standby: connect to the primary"));
    } else if facts.setting("default_transaction_read_only") == Some("on") {
        line = line.lacking(
            Lack::by(
                "nothing can be edited",
                format!("ALTER ROLE {} RESET default_transaction_read_only;", me(facts)),
            )
            .and("or wherever default_transaction_read_only was set (Health, settings)"),
        );
    }
    let keyless = facts.count("keyless");
    if keyless > 0 {
        line = line.lacking(Lack::noted(
            format!(
                "{keyless} tables without a key: they are read as a stream, and their rows cannot be edited"
            ),
            "ALTER TABLE … ADD PRIMARY KEY (…)",
        ));
    }
    let policies = facts.count("row_security");
    if policies > 0 {
        line = line.lacking(Lack::noted(
            format!("{policies} tables show only the rows their policies allow"),
            "row-level security; a role with BYPASSRLS sees all",
        ));
    }
    line
}

fn sql(facts: &Facts) -> Finding {
    let line = works("SQL", "works");
    match facts.pooler {
        Pooler::Transaction => line.lacking(Lack::noted(
            "SET, temporary tables, LISTEN and prepared statements end with the transaction",
            "the pooler is in transaction mode",
        )),
        _ => line,
    }
}

fn extension<'a>(facts: &'a Facts, name: &str) -> (bool, Option<&'a str>) {
    let found = facts.extensions.iter().find(|e| e.name == name);
    (found.is_some_and(|e| e.installed.is_some()), found.and_then(|e| e.available.as_deref()))
}

/// An extension a pane would like to have.
fn wish(line: Finding, facts: &Facts, name: &str, what: &str) -> Finding {
    match extension(facts, name) {
        (true, _) => line,
        (false, Some(_)) => line.lacking(Lack::by(what, format!("CREATE EXTENSION {name};"))),
        (false, None) => line.lacking(Lack::noted(
            what,
            format!("the server has no package with {name}; then CREATE EXTENSION {name};"),
        )),
    }
}

fn search(facts: &Facts) -> Finding {
    let line = works("Search", "full text works");
    let line = wish(line, facts, "pg_trgm", "no search that forgives typos");
    wish(line, facts, "unaccent", "accents count in a search")
}

fn plan(facts: &Facts) -> Finding {
    let mut line = works("Plan", "EXPLAIN works");
    if facts.version() < 160_000 {
        line = line.lacking(Lack::noted(
            "statements with parameters ($1) of others are explained in a roundabout way",
            "GENERIC_PLAN comes with PostgreSQL 16",
        ));
    }
    if facts.setting("track_io_timing") == Some("off") {
        let set = if facts.has("superuser") {
            "SET track_io_timing = on;"
        } else {
            "ALTER SYSTEM SET track_io_timing = on;"
        };
        line = line.lacking(Lack::by("no I/O times", set));
    }
    wish(line, facts, "hypopg", "an index cannot be tried without making it")
}

/// What both live panes need to see other people's sessions and to end them.
fn others(pane: &str, blind: &str, facts: &Facts) -> Finding {
    let mut line = works(pane, "works");
    let sees = ["pg_read_all_stats", "pg_monitor"].iter().any(|r| facts.has(r));
    if !sees {
        line = line.lacking(Lack::by(blind, format!("GRANT pg_read_all_stats TO {};", me(facts))));
    }
    if !facts.has("pg_signal_backend") {
        line = line.lacking(
            Lack::by(
                "only sessions of this role can be cancelled or terminated",
                format!("GRANT pg_signal_backend TO {};", me(facts)),
            )
            .and("those of superusers stay out of reach"),
        );
    }
    if facts.setting("track_activities") == Some("off") {
        line = line.lacking(Lack::by("no statements at all", "ALTER SYSTEM SET track_activities = on;"));
    }
    line
}

fn statements(facts: &Facts) -> Finding {
    let name = "pg_stat_statements";
    let (installed, available) = extension(facts, name);
    let works_at_all = installed && loaded(facts);
    let mut line = Finding::new(
        "Statements",
        if works_at_all { State::Good } else { State::No },
        if works_at_all { "works" } else { "does not work: pg_stat_statements is missing" },
    );
    if !loaded(facts) {
        line = line.lacking(preload(facts, name, "its library is not loaded"));
    }
    if !installed {
        let lack = Lack::by("it is not installed in this database", format!("CREATE EXTENSION {name};"));
        line = line.lacking(if available.is_none() {
            lack.and("its package (contrib) is not on the server")
        } else {
            lack
        });
    }
    if !["pg_read_all_stats", "pg_monitor"].iter().any(|r| facts.has(r)) {
        let grant = format!("GRANT pg_read_all_stats TO {};", me(facts));
        line = line.lacking(Lack::by("texts of other roles' statements are hidden", grant));
    }
    if facts.setting("track_io_timing") == Some("off") {
        line = line.lacking(
            Lack::by("no I/O times", "ALTER SYSTEM SET track_io_timing = on;")
                .and("then: SELECT pg_reload_conf();"),
        );
    }
    line
}

fn health(facts: &Facts) -> Finding {
    let line = works("Health", "works");
    if facts.has("pg_monitor") {
        return line;
    }
    line.lacking(Lack::by(
        "replication, WAL files, the archive and some settings are hidden",
        format!("GRANT pg_monitor TO {};", me(facts)),
    ))
}
