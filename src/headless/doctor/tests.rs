//! The rules of `judge` and `panes`, on facts made up.

use super::{
    facts::{Extension, Facts, Pooler, TlsFacts},
    judge::{Section, State, judge},
};

fn good() -> Facts {
    let server = [
        ("version", "17.2"),
        ("version_num", "170002"),
        ("session_user", "ann"),
        ("current_user", "ann"),
        ("encoding", "UTF8"),
        ("standby", "f"),
        ("connections", "3"),
        ("max_connections", "100"),
    ];
    let rights = ["pg_monitor", "pg_read_all_stats", "pg_signal_backend", "pg_read_all_data", "superuser"];
    let settings = [
        ("track_activities", "on"),
        ("track_counts", "on"),
        ("track_io_timing", "on"),
        ("compute_query_id", "auto"),
        ("log_lock_waits", "on"),
        ("track_activity_query_size", "16kB"),
        ("pg_stat_statements.max", "5000"),
        ("auto_explain.log_min_duration", "1s"),
        ("shared_preload_libraries", "pg_stat_statements,auto_explain"),
    ];
    let extension = |name: &str| Extension {
        name: name.into(),
        installed: Some("1.0".into()),
        available: Some("1.0".into()),
        schema: Some("public".into()),
        reachable: true,
    };
    let all = ["pg_stat_statements", "pg_trgm", "unaccent", "hypopg", "pgstattuple", "pg_buffercache"];
    let reach =
        [("relations", "9"), ("readable", "9"), ("writable", "9"), ("keyless", "0"), ("row_security", "0")];
    Facts {
        place: "db:5432".into(),
        tls: Some(TlsFacts {
            version: "TLSv1.3".into(),
            cipher: "TLS13_AES_256_GCM_SHA384".into(),
            checked: "signed by a trusted authority, for this host's name",
            until: Some("2030-01-01".into()),
        }),
        method: "scram-sha-256-plus".into(),
        server: server.into_iter().map(|(n, v)| (n, v.to_owned())).collect(),
        rights: rights.into_iter().map(|n| (n.to_owned(), (n != "superuser", n != "superuser"))).collect(),
        settings: settings.into_iter().map(|(n, v)| (n.to_owned(), Some(v.to_owned()))).collect(),
        extensions: all.into_iter().map(extension).collect(),
        reach: reach.into_iter().map(|(n, v)| (n, v.to_owned())).collect(),
        ..Facts::default()
    }
}

/// Everything that is missing, as `what it is about: statement or note`.
fn lacks(facts: &Facts) -> Vec<String> {
    let findings = judge(facts).into_iter().flat_map(|s: Section| s.findings);
    let lines = findings.flat_map(|f| {
        f.lacks
            .into_iter()
            .map(move |l| format!("{}: {}", f.what, l.statement.or(l.note).unwrap_or_default()))
    });
    lines.collect()
}

#[test]
fn where_all_is_well_nothing_is_missing() {
    let facts = good();
    assert_eq!(lacks(&facts), Vec::<String>::new());
    let bad = |s: &Section| s.findings.iter().any(|f| f.state > State::Fact);
    assert!(!judge(&facts).iter().any(bad));
}

#[test]
fn what_is_missing_names_the_statement_that_brings_it() {
    let change = |f: &dyn Fn(&mut Facts)| {
        let mut facts = good();
        f(&mut facts);
        lacks(&facts)
    };
    let without = |right: &'static str| {
        change(&|f| {
            f.rights.insert(right.into(), (false, false));
        })
    };
    assert_eq!(
        without("pg_signal_backend"),
        ["Activity: GRANT pg_signal_backend TO ann;", "Locks: GRANT pg_signal_backend TO ann;"]
    );
    assert_eq!(without("pg_monitor"), ["Health: GRANT pg_monitor TO ann;"]);
    // Either of the two lets one see the others.
    assert_eq!(without("pg_read_all_stats"), Vec::<String>::new());
    let blind = change(&|f| {
        for right in ["pg_monitor", "pg_read_all_stats"] {
            f.rights.insert(right.into(), (false, false));
        }
        f.server.insert("current_user", "Ann O'Neil".into());
    });
    assert!(blind.contains(&"Locks: GRANT pg_read_all_stats TO \"Ann O'Neil\";".to_owned()), "{blind:?}");
    // A superuser needs none of them.
    let superuser = change(&|f| {
        f.rights.values_mut().for_each(|r| *r = (false, false));
        f.rights.insert("superuser".into(), (true, true));
    });
    assert_eq!(superuser, Vec::<String>::new());
    let asleep = change(&|f| {
        f.rights.insert("pg_monitor".into(), (true, false));
    });
    assert!(asleep.contains(&"not inherited: ALTER ROLE ann INHERIT;".to_owned()), "{asleep:?}");
}

#[test]
fn pg_stat_statements_needs_its_library_and_its_extension() {
    let mut facts = good();
    facts.settings.insert("pg_stat_statements.max".into(), None);
    facts.settings.insert("shared_preload_libraries".into(), Some("auto_explain".into()));
    facts.extensions[0].installed = None;
    let said = lacks(&facts);
    let preload =
        "Statements: ALTER SYSTEM SET shared_preload_libraries = 'auto_explain', 'pg_stat_statements';";
    assert!(said.contains(&preload.to_owned()), "{said:?}");
    assert!(said.contains(&"Statements: CREATE EXTENSION pg_stat_statements;".to_owned()), "{said:?}");
    let sections = judge(&facts);
    let pane =
        |name: &str| sections.iter().flat_map(|s| &s.findings).find(|f| f.what == name).map(|f| f.state);
    assert_eq!((pane("Statements"), pane("Locks")), (Some(State::No), Some(State::Good)));
    // What is loaded already is hidden from most: then nobody can write the whole list.
    facts.settings.insert("shared_preload_libraries".into(), None);
    assert!(!lacks(&facts).iter().any(|l| l.contains("ALTER SYSTEM SET shared_preload")));
}

#[test]
fn server_and_way_are_told() {
    let said = |f: &dyn Fn(&mut Facts)| {
        let mut facts = good();
        f(&mut facts);
        lacks(&facts).join("\n")
    };
    let standby = said(&|f| drop(f.server.insert("standby", "t".into())));
    assert!(standby.contains("Browse: this is a standby"), "{standby}");
    let pooled = said(&|f| f.pooler = Pooler::Transaction);
    assert!(pooled.contains("SQL: the pooler is in transaction mode"), "{pooled}");
    let open = said(&|f| f.tls = None);
    assert!(open.contains("TLS: ssl = on"), "{open}");
    assert_eq!(said(&|f| (f.tls, f.local) = (None, true)), "");
    let ascii = said(&|f| drop(f.server.insert("encoding", "SQL_ASCII".into())));
    assert!(ascii.contains("encoding: exports hold the true bytes"), "{ascii}");
    let cut = said(&|f| drop(f.settings.insert("track_activity_query_size".into(), Some("1kB".into()))));
    assert!(cut.contains("track_activity_query_size = '16kB'"), "{cut}");
    let unread = said(&|f| {
        f.reach.insert("readable", "7".into());
        f.reach.insert("first_unreadable", "Hidden".into());
    });
    assert!(unread.contains("GRANT pg_read_all_data TO ann;"), "{unread}");
    let old = said(&|f| {
        f.reach.insert("readable", "7".into());
        f.reach.insert("first_unreadable", "Hidden".into());
        f.rights.remove("pg_read_all_data");
    });
    assert!(old.contains("GRANT SELECT ON ALL TABLES IN SCHEMA \"Hidden\" TO ann;"), "{old}");
}
