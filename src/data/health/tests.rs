//! Lines are made of answers: each kind good, bad, and not to be seen.

use super::{vitals::testing::known, *};

fn checkup(version: u32, rounds: &[&[(&'static str, &str)]]) -> Checkup {
    let mut names = Names::default();
    names.databases.insert(5, "shop".into());
    names.roles.insert(10, "app".into());
    Checkup::of(&known(version, rounds), &names, 0, Duration::ZERO)
}

fn line(checkup: &Checkup, key: &str) -> Line {
    let keys: Vec<&str> = checkup.lines.iter().map(|l| &*l.key).collect();
    checkup.line(key).unwrap_or_else(|| panic!("{key} in {keys:?}")).as_ref().clone()
}

const SERVER: (&str, &str) =
    ("server", "version standby started max reserved autovacuum_max role / 15.4 f 86400 100 3 3 \"a\"");

#[test]
fn connections_are_counted_against_what_plain_roles_get() {
    let rows = "database role kind state sessions masked lock_waits oldest_xact oldest_state oldest_query \
         / 5 10 client~backend active 70 0 2 400 3 2 \
         / 5 10 client~backend idle~in~transaction 10 0 0 90 61 - \
         / 0 0 checkpointer - 1 0 0 - - - \
         / 0 0 autovacuum~worker - 3 0 0 9000 - -";
    let checkup = checkup(150_000, &[&[SERVER, ("connections", rows)]]);
    let all = line(&checkup, "connections");
    assert_eq!((&*all.value, all.level), ("80 of 97 (82 %)", Level::Warning));
    assert!(all.details.iter().any(|d| d == "     80  app@shop"), "{:?}", all.details);
    assert!(all.details.iter().any(|d| d == "     10  idle in transaction"), "{:?}", all.details);
    let idle = line(&checkup, "idle-in-transaction");
    assert_eq!((&*idle.value, idle.level), ("10 for up to 1 min 01 s", Level::Warning));
    assert_eq!(line(&checkup, "long-transaction").level, Level::Warning);
    let waits = line(&checkup, "lock-waits");
    assert_eq!((&*waits.value, waits.level, waits.go), ("2", Level::Warning, Some(Go::Locks)));
    assert_eq!(
        (&*line(&checkup, "autovacuum").value, line(&checkup, "autovacuum").level),
        ("3 of 3 work", Level::Warning)
    );
}

#[test]
fn what_is_masked_is_said_with_the_grant_and_counts_are_at_least() {
    let rows = "database role kind state sessions masked lock_waits oldest_xact oldest_state oldest_query \
         / 5 10 - - 7 7 0 - - - / 0 0 - - 5 5 0 - - - / 5 10 client~backend active 1 0 0 1 1 1";
    let checkup = checkup(150_000, &[&[SERVER, ("connections", rows)]]);
    assert_eq!(
        line(&checkup, "connections").value,
        "8 of 97 (8 %)",
        "a session without a database is the server's own"
    );
    let hidden = line(&checkup, "hidden-sessions");
    assert_eq!((&*hidden.value, hidden.level), ("state and times of 7 of 8 sessions", Level::Hidden));
    assert_eq!(hidden.sql.as_deref(), Some("GRANT pg_read_all_stats TO \"a\";"));
    assert_eq!(line(&checkup, "long-transaction").value, "≥ 1.0 s; 7 not visible");
    for key in ["idle-in-transaction", "long-transaction", "lock-waits", "autovacuum"] {
        let line = line(&checkup, key);
        assert_eq!(
            (line.level, line.sql.as_deref(), line.figure),
            (Level::Hidden, Some("GRANT pg_read_all_stats TO \"a\";"), None),
            "{key} is not known to be good"
        );
    }
}

#[test]
fn what_may_not_be_seen_is_never_called_good() {
    let of = |rows: &str| {
        let names = "database role kind state sessions masked lock_waits oldest_xact oldest_state oldest_query waiting";
        let horizon = ("horizon", "kind pid xid_age / session 7 50");
        checkup(150_000, &[&[SERVER, ("connections", &format!("{names} {rows}")), horizon]])
    };
    let waits = |checkup: &Checkup| {
        let line = line(checkup, "lock-waits");
        (line.value, line.level)
    };
    let masked = of("/ 5 10 - - 7 7 0 - - - 5");
    assert_eq!(waits(&masked), ("5".into(), Level::Warning), "the lock table hides nothing");
    assert_eq!(waits(&of("/ 5 10 - - 7 7 0 - - - 0")), ("0".into(), Level::Good));
    assert_eq!(waits(&of("/ 5 10 - - 7 7 0 - - - -")), ("not visible to this role".into(), Level::Hidden));
    let oldest = line(&masked, "horizon");
    assert_eq!(oldest.level, Level::Hidden);
    assert!(
        oldest.value.contains("50 transactions old") && oldest.value.contains("7 not visible"),
        "{oldest:?}"
    );
    // What is bad is bad whatever else there is.
    let bad = of("/ 5 10 - - 7 7 0 - - - 0 / 5 10 client~backend idle~in~transaction 1 0 0 9000 9000 - 0");
    assert_eq!(line(&bad, "idle-in-transaction").level, Level::Critical);
    assert_eq!(line(&bad, "long-transaction").level, Level::Critical);
    let all = of("/ 5 10 client~backend active 7 0 2 - - - 0");
    assert_eq!(waits(&all), ("2".into(), Level::Warning));
    assert_eq!(line(&all, "autovacuum").level, Level::Good);
}

#[test]
fn what_a_role_may_not_ask_is_one_line_with_its_grant() {
    let mut known = known(150_000, &[&[SERVER, ("database", "commits rollbacks / 1 1")]]);
    let refused = Part {
        trouble: Some(Trouble { code: "42501".into(), message: "permission denied".into() }),
        ..Part::default()
    };
    let mut vitals = Vitals::default();
    for part in ["temp", "bloat"] {
        vitals.parts.insert(part, refused.clone());
    }
    known.take(vitals);
    let checkup = Checkup::of(&known, &Names::default(), 0, Duration::ZERO);
    for key in ["temp-now", "bloat"] {
        let line = line(&checkup, key);
        assert_eq!((&*line.value, line.level), ("not visible to this role", Level::Hidden), "{key}");
        assert_eq!(line.sql.as_deref(), Some("GRANT pg_monitor TO \"a\";"), "{key}");
    }
}

#[test]
fn rates_want_two_samples_and_shares_want_enough() {
    let first = "commits rollbacks read hit temp_bytes temp_files deadlocks / 100 0 0 0 0 0 0";
    let one = checkup(150_000, &[&[("database", first)]]);
    assert_eq!((&*line(&one, "transactions").value, line(&one, "transactions").figure), ("…", None));
    let few = "commits rollbacks read hit temp_bytes temp_files deadlocks / 101 1 9 1 0 0 0";
    let two = checkup(150_000, &[&[("database", first)], &[("database", few)]]);
    assert_eq!(line(&two, "rollbacks").level, Level::Good, "one of two says nothing");
    assert_eq!(line(&two, "cache-hit").level, Level::Good, "ten blocks say nothing");
    let many = "commits rollbacks read hit temp_bytes temp_files deadlocks / 180 20 2000 8000 2147483648 3 1";
    let three = checkup(150_000, &[&[("database", first)], &[("database", many)]]);
    assert_eq!(line(&three, "transactions").value, "10/s");
    assert_eq!(
        (&*line(&three, "rollbacks").value, line(&three, "rollbacks").level),
        ("20 %", Level::Warning)
    );
    assert_eq!(
        (&*line(&three, "cache-hit").value, line(&three, "cache-hit").level),
        ("80 %", Level::Warning)
    );
    assert_eq!(line(&three, "temp-files").level, Level::Critical);
    assert_eq!(line(&three, "deadlocks").level, Level::Warning);
}

#[test]
fn checkpoints_archive_and_wal() {
    let of = |timed: &str, archiver: &str| {
        let points = format!(
            "timed requested write_ms sync_ms buffers max_wal_size timeout / {timed} 10000 0 600 1GB 5min"
        );
        checkup(150_000, &[&[("checkpoints", &points), ("archiver", archiver)]])
    };
    let calm = of("50 3", "mode archived last_age failed failing / off 0 - 0 f");
    assert_eq!(line(&calm, "checkpoints").level, Level::Good);
    assert_eq!(line(&calm, "archiver").value, "off");
    let forced =
        of("50 50", "mode archived last_age failed failed_age last_failed failing / on 5 3600 2 60 0001 t");
    assert_eq!(line(&forced, "checkpoints").level, Level::Warning);
    let failing = line(&forced, "archiver");
    assert_eq!((&*failing.value, failing.level), ("FAILS, last success 1 h 00 min ago", Level::Critical));
    let young = of("1 3", "mode archived last_age failed failing / on 5 9 0 f");
    assert_eq!(line(&young, "checkpoints").level, Level::Plain, "the first ones are asked for by the start");
}

#[test]
fn slots_say_what_they_keep_and_who_is_gone() {
    let slots = "name kind database active wal_status retained safe xmin_age catalog_xmin_age inactive_for invalid fix \
         / a physical 0 t reserved 1000 - - - - - drop~a \
         / b logical 5 f extended 2147483648 500 - 40 7200 - drop~b \
         / c physical 0 f lost - - - - - wal_removed drop~c";
    let checkup = checkup(170_000, &[&[("slots", slots)]]);
    assert_eq!(line(&checkup, "slot:a").level, Level::Good);
    let b = line(&checkup, "slot:b");
    assert_eq!(
        (&*b.value, b.level, b.sql.as_deref()),
        ("keeps 2 GB, nobody reads it", Level::Warning, Some("drop b"))
    );
    assert!(b.details.iter().any(|d| d == "Nobody reads it for 2 h 00 min."), "{:?}", b.details);
    assert_eq!(line(&checkup, "slot:c").level, Level::Critical);
}

#[test]
fn a_standby_tells_its_delay_and_a_lost_primary() {
    let of = |row: &str| {
        let text = format!("received to_replay delay paused receiver from_host / {row}");
        checkup(150_000, &[&[("standby", &text)]])
    };
    let calm = of("0/1 0 0 f streaming db1");
    assert_eq!(line(&calm, "replay").level, Level::Good);
    assert_eq!(line(&calm, "receiver").value, "streaming from db1");
    let behind = of("0/1 5000 400 t - -");
    assert_eq!((&*line(&behind, "replay").value, line(&behind, "replay").level), ("paused", Level::Warning));
    assert_eq!(line(&behind, "receiver").level, Level::Critical);
}

#[test]
fn ids_run_out_long_before_they_are_used_up() {
    let of = |age: &str| {
        let rows = format!(
            "database xid_age mxid_age freeze_max mxid_freeze_max / shop {age} 5 200000000 400000000"
        );
        let tables = "schema table relid xid_age mxid_age remedy / public posts 9 1 1 VACUUM";
        checkup(150_000, &[&[("wraparound", &rows), ("frozen", tables)]])
    };
    assert_eq!(line(&of("190000000"), "wraparound").level, Level::Good, "below where autovacuum freezes");
    assert_eq!(line(&of("900000000"), "wraparound").level, Level::Warning);
    let late = line(&of("1900000000"), "wraparound");
    assert_eq!((late.level, late.sql.as_deref()), (Level::Critical, Some("VACUUM")));
    assert_eq!(line(&of("1900000000"), "multixact").level, Level::Good);
}

#[test]
fn whoever_holds_back_vacuum_is_named() {
    let rows = "kind pid database role name xid_age since state fix / slot 0 0 0 old 200000000 - inactive drop~it \
         / session 7 5 10 psql 50 9 active -";
    let held = line(&checkup(150_000, &[&[("horizon", rows)]]), "horizon");
    assert_eq!((held.level, held.sql.as_deref()), (Level::Critical, Some("drop it")));
    assert!(held.value.contains("slot old"), "{}", held.value);
    assert!(
        held.details.iter().any(|d| d.contains("pid 7 psql of app@shop, active, for 9.0 s")),
        "{:?}",
        held.details
    );
    let none = line(&checkup(150_000, &[&[("horizon", "kind pid")]]), "horizon");
    assert_eq!((&*none.value, none.level), ("nobody holds vacuum back here", Level::Good));
}

#[test]
fn other_databases_and_vacuums_hold_nothing_back_here() {
    let of = |rows: &str| {
        let names = "kind pid database role name xid_age since state fix here heed";
        line(&checkup(150_000, &[&[("horizon", &format!("{names} {rows}"))]]), "horizon")
    };
    let calm = of("/ session 7 6 10 psql 300000000 9 idle~in~transaction - f yes \
         / session 8 5 10 psql 200000000 9 active - t no / session 9 5 10 app 20 9 active - t analyzing");
    assert_eq!((calm.level, calm.figure), (Level::Good, Some(20.0)));
    assert!(
        calm.value.contains("pid 9 app of app@shop, active, for 9.0 s (VACUUM ANALYZE"),
        "{}",
        calm.value
    );
    let at = |what: &str| calm.details.iter().position(|d| d.contains(what)).expect(what);
    assert!(at("In other databases") < at("pid 7") && at("VACUUMs, which hold nothing") < at("pid 8"));
    let nobody = of("/ session 8 5 10 psql 200000000 9 active - t no");
    assert_eq!((&*nobody.value, nobody.level), ("nobody holds vacuum back here", Level::Good));

    // Of catalogs it is worth a look, and never more.
    let slot = of("/ slot~(catalogs~only) 0 6 0 old 300000000 - inactive drop~it t yes");
    assert_eq!((slot.level, slot.sql.as_deref()), (Level::Warning, Some("drop it")));
    assert!(slot.value.contains("rows of catalogs only"), "{}", slot.value);
    assert_eq!(of("/ slot~(catalogs~only) 0 6 0 old 20000000 - active drop~it t yes").level, Level::Good);
}

#[test]
fn progress_tells_how_far_and_for_whom_it_waits() {
    let rows = "pid command database relid relation phase done total unit detail \
         / 7 VACUUM 5 9 posts scanning~heap 50 200 blocks - \
         / 8 CREATE~INDEX 5 9 posts waiting~for~writers~before~build 0 0 blocks waits \
         / 9 COPY 6 77 - copying 1048576 - bytes rows";
    let checkup = checkup(150_000, &[&[("progress", rows)]]);
    let vacuum = line(&checkup, "progress:7:VACUUM");
    assert_eq!((&*vacuum.value, vacuum.figure), ("25 % of 200 blocks, scanning heap", Some(25.0)));
    let index = line(&checkup, "progress:8:CREATE INDEX");
    assert_eq!((index.level, index.go), (Level::Warning, Some(Go::Locks)));
    assert_eq!(
        line(&checkup, "progress:9:COPY").name,
        "COPY relation 77 of 6",
        "another database's names are not known"
    );
    assert_eq!(line(&checkup, "progress:9:COPY").value, "1 MB, copying");
}

#[test]
fn advice_has_its_sql_and_small_things_are_left_out() {
    let unused = "schema table index scans size bytes counted_since relid remedy \
         / public t big 0 8~MB 8388608 - 9 DROP~big / public t small 0 8~kB 8192 - 9 DROP~small";
    let bloat = "kind name relid bytes wasted percent remedy / table t 9 100000000 60000000 60.0 VACUUM~FULL";
    let sequences = "schema sequence feeds column_type last_value last_possible used_percent cycle relid remedy \
         / public s t.id integer 2100000000 2147483647 97.8 f 9 ALTER / public r - - 9 10 90 t - -";
    let dead = "schema table dead_rows dead_percent of_threshold_percent autovacuum relid remedy \
         / public t 900 40 400 t 9 VACUUM~t / public u 5 1 10 t 10 VACUUM~u / public off 5 1 - f 11 VACUUM~off";
    let checkup = checkup(
        150_000,
        &[&[
            ("unused_indexes", unused),
            ("bloat", bloat),
            ("sequences", sequences),
            ("dead_rows", dead),
            ("invalid_indexes", "index"),
        ]],
    );
    let big = line(&checkup, "unused_indexes:public:t:big");
    assert_eq!((big.sql.as_deref(), big.go), (Some("DROP big"), Some(Go::Relation(9))));
    assert!(checkup.line("unused_indexes:public:t:small").is_none());
    assert_eq!(line(&checkup, "bloat:::t").level, Level::Warning);
    assert_eq!(line(&checkup, "sequences:public::s").level, Level::Critical);
    assert_eq!(line(&checkup, "sequences:public::r").level, Level::Good, "it begins anew");
    assert_eq!(line(&checkup, "dead_rows:public:t:t").level, Level::Critical);
    assert_eq!(line(&checkup, "dead_rows:public:off:off").level, Level::Warning);
    assert!(checkup.line("dead_rows:public:u:u").is_none());
    assert_eq!(
        (&*line(&checkup, "invalid_indexes").value, line(&checkup, "invalid_indexes").level),
        ("nothing to do", Level::Good)
    );
}

#[test]
fn of_very_many_the_first_are_told_and_the_rest_counted() {
    let mut text = "schema table index size relation other_index definition bytes relid remedy".to_owned();
    for n in 0..25 {
        text.push_str(&format!(" / public t i{n} 8~kB same j{n} d 8192 9 DROP~{n}"));
    }
    let checkup = checkup(150_000, &[&[("duplicate_indexes", &text)]]);
    let told = checkup.lines.iter().filter(|l| l.name.starts_with("Duplicate")).count();
    assert_eq!(told, 20);
    let more = line(&checkup, "duplicate_indexes:more");
    assert_eq!((&*more.value, more.go), ("5", Some(Go::Saved("duplicate-indexes"))));
}

#[test]
fn settings_that_lose_data_are_critical() {
    let risks = "name value unit source pending why fix / fsync off - configuration~file f it~corrupts ALTER / work_mem 4 kB x t - -";
    let changed =
        "name value default source set_in changed_by pending_restart description / a 1 2 file - - t x";
    let checkup = checkup(150_000, &[&[("risks", risks), ("settings", changed)]]);
    assert_eq!(line(&checkup, "setting:fsync").level, Level::Critical);
    assert_eq!(line(&checkup, "setting:work_mem").level, Level::Warning);
    let all = line(&checkup, "settings");
    assert_eq!(
        (&*all.value, &*all.details[0]),
        ("1 differ from their default", "  a = 1  (default 2; file, waits for a restart)")
    );
}

#[test]
fn a_pooler_tells_of_its_pools() {
    let pools = "database user cl_active cl_waiting sv_active sv_idle maxwait maxwait_us pool_mode \
         / pgbouncer pgbouncer 1 0 0 0 0 0 statement / shop app 40 25 20 0 3 500000 transaction";
    let averages = "database xact_count query_count xact_time / shop 120 300 4000";
    let lists = "list items / used_clients 65";
    let config = "key value / max_client_conn 100";
    let checkup =
        checkup(10_018, &[&[("pools", pools), ("averages", averages), ("lists", lists), ("config", config)]]);
    let pool = line(&checkup, "pool:app@shop");
    assert_eq!((&*pool.value, pool.level), ("40 clients active, 25 waiting, 20 servers", Level::Critical));
    assert_eq!(
        (&*line(&checkup, "wait:app@shop").value, line(&checkup, "wait:app@shop").level),
        ("3.5 s", Level::Warning)
    );
    let work = line(&checkup, "work:shop");
    assert_eq!((&*work.value, work.figure), ("120/s transactions", Some(120.0)));
    assert!(work.details.iter().any(|d| d == "A transaction takes 4 ms on average."), "{:?}", work.details);
    assert_eq!(line(&checkup, "clients").value, "65 of 100");
    assert!(checkup.line("pool:pgbouncer@pgbouncer").is_none(), "its console is no pool");
    assert!(checkup.line("connections").is_none());
}

#[test]
fn what_did_not_change_is_kept_once() {
    let one = checkup(150_000, &[&[("archiver", "mode / off")]]);
    let two = checkup(150_000, &[&[("archiver", "mode / off")]]).sharing(&one);
    assert!(Arc::ptr_eq(&one.lines[0], &two.lines[0]));
    assert!(two.weight(Some(&one)) < one.weight(None));
}

#[test]
fn advice_says_when_it_was_looked_at() {
    let none = "schema table index";
    // Rounds are ten seconds apart: the older of two parts counts.
    let of = checkup(150_000, &[&[("bloat", none)], &[("invalid_indexes", none)]]);
    assert_eq!(line(&of, "looked-at").value, "00:00:10 UTC, F5 looks anew");
    assert_eq!(line(&of, "looked-at").level, Level::Plain);
    assert!(checkup(150_000, &[&[SERVER]]).line("looked-at").is_none());
}
