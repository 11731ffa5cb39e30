//! Findings on plans of a real server: for every kind one plan that has it and one that almost has it.

#[path = "../support/server.rs"]
mod server;

use pgdeck::data::plan::{
    figures::figures,
    findings::{Finding, Known, all_findings, kinds},
    read,
};
use server::Database;

/// A plan that has the finding and one that just misses it. `set` holds for both, `before` runs once.
struct Case {
    kind: &'static str,
    /// The first server version that can make such a plan.
    since: u32,
    set: &'static str,
    fires: &'static str,
    /// Part of the SQL or of the next step.
    advice: &'static str,
    near_set: &'static str,
    near: &'static str,
}

const CASE: Case = Case { kind: "", since: 13, set: "", fires: "", advice: "", near_set: "", near: "" };

const TABLES: &[&str] = &[
    "create table people as select g as id, g % 1000 as n, 'city ' || g % 50 as city, md5(g::text) as note
     from generate_series(1, 60000) g",
    "alter table people add primary key (id)",
    "create table small as select g as v from generate_series(1, 300) g",
    "create table pair as select g % 100 as a, g % 100 as b from generate_series(1, 20000) g",
    "create table wide as select g as id, g % 4 as k, repeat(md5(g::text), 45) as filler from generate_series(1, 12000) g",
    "create index on wide (k)",
    "create table skip as select g % 30 as k, g / 30 as n from generate_series(1, 30000) g",
    "create index on skip (k, n)",
    "create table raw (id int) with (autovacuum_enabled = off)",
    "create index on raw (id)",
    "insert into raw select generate_series(1, 5000)",
    "create table rows_in_blocks (id int, filler text)",
    "alter table rows_in_blocks alter column filler set storage plain",
    "insert into rows_in_blocks select g, repeat('x', 5000) from generate_series(1, 12) g",
    "create table one_block as select generate_series(1, 8) as id",
    "create table keyed as select g as id, g as k, g % 10 as tens from generate_series(1, 5000) g",
    "alter table keyed alter column k set (n_distinct = 5)",
    "create table parts (k int, n int) partition by list (k)",
    "do $$ begin for i in 1..12 loop execute format('create table part_%s partition of parts for values in (%s)', i, i); \
     end loop; end $$",
    "insert into parts select g % 12 + 1, g from generate_series(1, 12000) g",
    "create table parent (id int primary key)",
    "create table child (id int primary key, parent_id int references parent on delete cascade)",
    "insert into parent select generate_series(1, 2000)",
    "insert into child select g, g from generate_series(1, 2000) g",
    "create table watched (id int)",
    "create function nothing() returns trigger language plpgsql as $$ begin return null; end $$",
    "create trigger watcher after insert on watched for each statement execute function nothing()",
    "create function untold() returns setof int language plpgsql rows 100 as
     $$ begin return query select generate_series(1, 60000); end $$",
    "create function told() returns setof int language plpgsql rows 60000 as
     $$ begin return query select generate_series(1, 60000); end $$",
];

/// What is there for one plan only, so that nothing has touched it.
const FRESH: &[&str] = &[
    "create table cold with (autovacuum_enabled = off) as select g as id,
     (select string_agg(md5((g * i)::text), '') from generate_series(1, 50) i) as filler from generate_series(1, 30000) g",
    "create table unhinted with (autovacuum_enabled = off) as select g as id, repeat(md5(g::text), 10) as filler
     from generate_series(1, 5000) g",
    // The server keeps the place of an asynchronous commit for 32 transactions together, and sets no hint bits before the
    // last of them is on disk: others may commit among them, until these are used up.
    "do $$ begin for i in 1..40 loop perform pg_current_xact_id(); commit; end loop; end $$",
    "checkpoint",
];

const CASES: &[Case] = &[
    Case {
        kind: "seq_scan_filter",
        fires: "select * from people where note = 'none' and city = 'city 1'",
        advice: "CREATE INDEX CONCURRENTLY ON public.people USING btree (note, city);",
        near: "select * from people where n < 900",
        ..CASE
    },
    Case {
        kind: "index_filter",
        set: "set enable_seqscan = off; set enable_bitmapscan = off",
        fires: "select * from people where id < 3000 and n = 5",
        advice: "btree (n, id)",
        near: "select * from people where id < 900 and n = 5",
        ..CASE
    },
    Case {
        kind: "index_descents",
        since: 18,
        set: "set enable_seqscan = off; set enable_bitmapscan = off",
        fires: "select * from skip where n = 5",
        advice: "btree (n)",
        near: "select * from skip where k = 1 and n = 5",
        ..CASE
    },
    Case {
        kind: "inner_seq_scan",
        since: 14,
        set: "set enable_hashjoin = off; set enable_mergejoin = off; set enable_material = off; set enable_memoize = off",
        fires: "select count(*) from small a join small b on a.v = b.v",
        advice: "USING btree (v);",
        near: "select count(*) from (select * from small limit 90) a join small b on a.v = b.v",
        ..CASE
    },
    Case {
        kind: "many_loops",
        since: 14,
        set: "set enable_hashjoin = off; set enable_mergejoin = off; set enable_material = off; set enable_memoize = off",
        fires: "select count(b.note) from people a join people b on b.id = a.n + a.id where a.id < 12000",
        advice: "hash join",
        near: "select count(b.note) from people a join people b on b.id = a.n + a.id where a.id < 9000",
        ..CASE
    },
    Case {
        kind: "correlated_subplan",
        fires: "select id, (select count(*) from small where v < p.n) from people p where id < 2000",
        advice: "LATERAL",
        near: "select id, (select count(*) from small where v < p.n) from people p where id < 900",
        ..CASE
    },
    Case {
        kind: "misestimate",
        fires: "select * from pair where a = 5 and b = 5",
        advice: "CREATE STATISTICS pair_a_b ON a, b FROM public.pair;",
        near: "select * from pair where a = 5",
        ..CASE
    },
    Case {
        kind: "sort_spill",
        set: "set work_mem = '64kB'",
        fires: "select * from people order by note",
        advice: "SET LOCAL work_mem = '16MB';",
        near_set: "set work_mem = '16MB'",
        near: "select * from people order by note",
        ..CASE
    },
    Case {
        kind: "hash_spill",
        set: "set work_mem = '64kB'; set enable_mergejoin = off; set enable_nestloop = off",
        fires: "select count(b.note) from people a join people b on a.note = b.note",
        advice: "SET LOCAL work_mem = ",
        near_set: "set work_mem = '64MB'",
        near: "select count(b.note) from people a join people b on a.note = b.note",
        ..CASE
    },
    Case {
        kind: "hash_grew",
        set: "set work_mem = '64kB'; set enable_mergejoin = off; set enable_nestloop = off",
        fires: "select count(*) from people p join untold() u on p.id = u",
        advice: "estimate",
        near: "select count(*) from people p join told() u on p.id = u",
        ..CASE
    },
    Case {
        kind: "hashagg_spill",
        set: "set work_mem = '64kB'; set enable_sort = off",
        fires: "select note, count(*) from people group by note",
        advice: "SET LOCAL work_mem = ",
        near_set: "set work_mem = '64MB'",
        near: "select note, count(*) from people group by note",
        ..CASE
    },
    Case {
        kind: "temp_files",
        set: "set work_mem = '64kB'",
        fires: "with c as materialized (select note from people) select count(*) from c",
        advice: "SET LOCAL work_mem = '8MB';",
        near_set: "set work_mem = '8MB'",
        near: "with c as materialized (select note from people) select count(*) from c",
        ..CASE
    },
    Case {
        kind: "lossy_bitmap",
        set: "set work_mem = '64kB'; set enable_seqscan = off; set enable_indexscan = off",
        fires: "select count(filler) from wide where k = 3",
        advice: "SET LOCAL work_mem = ",
        near_set: "set work_mem = '4MB'",
        near: "select count(filler) from wide where k = 3",
        ..CASE
    },
    Case {
        kind: "heap_fetches",
        set: "set enable_seqscan = off; set enable_bitmapscan = off",
        fires: "select count(*) from raw where id > 0",
        advice: "VACUUM (ANALYZE) public.raw;",
        near: "select count(*) from raw where id < 900",
        ..CASE
    },
    Case {
        kind: "memoize_misses",
        since: 14,
        set: "set enable_hashjoin = off; set enable_mergejoin = off; set enable_material = off",
        fires: "select count(p.note) from keyed k join people p on p.id = k.k",
        advice: "enable_memoize",
        near: "select count(p.note) from keyed k join people p on p.id = k.tens + 1",
        ..CASE
    },
    Case {
        kind: "cte_fence",
        fires: "with c as materialized (select * from people) select * from c where n = 5",
        advice: "NOT MATERIALIZED",
        near: "with c as materialized (select * from people) select * from c where n < 600",
        ..CASE
    },
    Case {
        kind: "partitions_scanned",
        fires: "select * from parts where k + 0 = 3",
        advice: "partition key",
        near: "select * from parts where k = 3",
        ..CASE
    },
    Case {
        kind: "offset",
        set: "set enable_seqscan = off",
        fires: "select * from people order by id offset 5000 limit 10",
        advice: "OFFSET",
        near: "select * from people order by id offset 900 limit 10",
        ..CASE
    },
    Case {
        kind: "disabled_node",
        set: "set enable_seqscan = off",
        fires: "select * from small",
        advice: "RESET enable_seqscan;",
        near_set: "reset enable_seqscan; set enable_indexscan = off",
        near: "select * from small",
        ..CASE
    },
    Case {
        kind: "planning",
        set: "set geqo = off; set join_collapse_limit = 20",
        fires: "select 1 from small a join small b using (v) join small c using (v) join small d using (v)
                join small e using (v) join small f using (v) join small g using (v) join small h using (v)
                join small i using (v) limit 0",
        advice: "Prepare",
        near: "select 1 from small a join small b using (v) limit 0",
        ..CASE
    },
    Case {
        kind: "triggers",
        fires: "delete from parent",
        advice: "referencing columns",
        // The language is loaded at its first use.
        near_set: "do 'begin end'",
        near: "insert into watched select generate_series(1, 50000)",
        ..CASE
    },
    Case {
        kind: "serialization",
        since: 17,
        fires: "select * from people",
        advice: "columns",
        near: "select count(*) from people",
        ..CASE
    },
    Case {
        kind: "slow_node",
        fires: "select count(*) from people",
        advice: "rows",
        // Something else is said of the node already.
        near: "select * from people where note = 'none'",
        ..CASE
    },
    Case {
        kind: "cold_cache",
        fires: "select count(filler) from cold",
        advice: "again",
        near: "select count(*) from people",
        ..CASE
    },
    Case {
        kind: "read_writes",
        fires: "select count(*) from unhinted",
        advice: "VACUUM public.unhinted;",
        near: "select count(*) from people",
        ..CASE
    },
];

fn version(db: &Database) -> u32 {
    let number = server::ask(server::cluster(), &db.name, "show server_version_num");
    number.parse::<u32>().unwrap() / 10_000
}

fn database() -> Database {
    let db = server::database();
    for sql in TABLES.iter().chain(&["vacuum analyze"]).chain(FRESH) {
        // raw has no map of visible pages, on purpose.
        match *sql {
            "vacuum analyze" => {
                for table in [
                    "people",
                    "small",
                    "pair",
                    "wide",
                    "skip",
                    "keyed",
                    "parts",
                    "parent",
                    "child",
                    "rows_in_blocks",
                ] {
                    db.execute(&format!("vacuum analyze {table}"));
                }
                db.execute("analyze raw");
            }
            sql => db.execute(sql),
        }
    }
    db
}

fn explain(db: &Database, set: &str, statement: &str, parallel: u32) -> String {
    let serialize = if version(db) >= 17 { ", serialize text" } else { "" };
    let sql = format!(
        "set max_parallel_workers_per_gather = {parallel}; {set}; begin;
         explain (analyze, buffers, verbose, settings, wal{serialize}, format json) {statement}; rollback"
    );
    server::ask(server::cluster(), &db.name, &sql)
}

fn found(text: &str) -> Vec<Finding> {
    let reading = read(text).unwrap_or_else(|broken| panic!("{broken:?}\n{text}"));
    let plan = &reading.plans[0];
    all_findings(plan, &figures(plan), &Known::default())
}

fn of_kind(findings: &[Finding], kind: &str) -> Vec<Finding> {
    findings.iter().filter(|finding| finding.kind == kind).cloned().collect()
}

#[test]
fn every_kind_is_found_and_its_near_miss_is_not() {
    let db = database();
    let version = version(&db);
    let mut wrong = vec![];
    for case in CASES.iter().filter(|case| case.since <= version) {
        let text = explain(&db, case.set, case.fires, 0);
        let is = of_kind(&found(&text), case.kind);
        let says = |finding: &Finding| {
            format!(
                "{}\n{}\n{}",
                finding.reason,
                finding.next_step,
                finding.sql.as_deref().unwrap_or_default()
            )
        };
        if !is.iter().any(|finding| says(finding).contains(case.advice)) {
            let all: Vec<_> = found(&text).iter().map(says).collect();
            wrong.push(format!(
                "{} is not found, or without {}: {is:?}\n{}\n{text}",
                case.kind,
                case.advice,
                all.join("\n")
            ));
        }
        let set = format!("{}; {}", case.set, case.near_set);
        let text = explain(&db, &set, case.near, 0);
        // Serialization is measured everywhere, and small plans have some slow node.
        let is = of_kind(&found(&text), case.kind);
        if !is.is_empty() {
            wrong.push(format!("{} is found where it nearly is: {is:?}\n{text}", case.kind));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), CASES.len(), wrong.join("\n\n"));
}

/// The indexes of the database's own schema.
fn indexes(db: &Database) -> Vec<String> {
    let sql = "select indexname::text from pg_indexes where schemaname = 'public' order by 1";
    server::rows(server::cluster(), &db.name, sql)
}

#[test]
fn what_is_advised_can_be_run_and_an_index_that_is_advised_is_used() {
    let db = database();
    let version = version(&db);
    let (mut run, mut used, mut wrong) = (0, 0, vec![]);
    for case in CASES.iter().filter(|case| case.since <= version) {
        let text = explain(&db, case.set, case.fires, 0);
        for sql in of_kind(&found(&text), case.kind).into_iter().filter_map(|finding| finding.sql) {
            run += 1;
            let before = indexes(&db);
            // What holds for a transaction needs one; what makes an index beside others must be in none.
            let local = sql.contains("SET LOCAL");
            let sent = if local { format!("begin; {sql} rollback") } else { sql.clone() };
            if let Err(e) = server::try_execute(server::cluster(), &db.name, &sent) {
                wrong.push(format!("{}: {e}: {sql}", case.kind));
                continue;
            }
            let new: Vec<_> = indexes(&db).into_iter().filter(|name| !before.contains(name)).collect();
            if !sql.starts_with("CREATE INDEX") {
                assert!(new.is_empty(), "{sql}");
                continue;
            }
            used += 1;
            let text = explain(&db, case.set, case.fires, 0);
            let is_used = new.len() == 1 && text.contains(&format!("\"Index Name\": \"{}\"", new[0]));
            if !is_used {
                wrong.push(format!("{}: {new:?} of {sql} is not used:\n{text}", case.kind));
            }
            if !of_kind(&found(&text), case.kind).is_empty() {
                wrong.push(format!("{}: the same is found with {sql}:\n{text}", case.kind));
            }
            new.iter().for_each(|name| db.execute(&format!("drop index {name}")));
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n\n"));
    // One of them needs a setting that 13 does not have.
    let most = if version < 14 { 2 } else { 3 };
    assert!(run >= 10 && used >= most, "{run} advised, {used} indexes");
}

const PARALLEL: &str =
    "set parallel_setup_cost = 0; set parallel_tuple_cost = 0; set min_parallel_table_scan_size = 0;
    set cpu_operator_cost = 100";

#[test]
fn workers() {
    let db = database();
    // No other test of this program asks for workers, so two are to be had.
    let all = "select count(*) from rows_in_blocks where pg_sleep(0.03) is not null";
    let missing = explain(&db, &format!("{PARALLEL}; set max_parallel_workers = 0"), all, 2);
    assert_eq!(of_kind(&found(&missing), "workers_missing").len(), 1, "{missing}");
    let there = explain(&db, PARALLEL, all, 2);
    assert!(of_kind(&found(&there), "workers_missing").is_empty(), "{there}");
    assert!(of_kind(&found(&there), "worker_skew").is_empty(), "{there}");
    let skewed = explain(&db, PARALLEL, "select count(*) from one_block where pg_sleep(0.03) is not null", 2);
    assert_eq!(of_kind(&found(&skewed), "worker_skew").len(), 1, "{skewed}");
}

/// Plans of servers that were set up for it: with a just-in-time compiler, and with whole pages in the log.
#[test]
fn kept_plans() {
    for (kind, advice, fires, near) in [
        ("jit", "SET LOCAL jit = off;", include_str!("kept/jit.json"), include_str!("kept/jit_near.json")),
        (
            "full_page_images",
            "checkpoint",
            include_str!("kept/images.json"),
            include_str!("kept/images_near.json"),
        ),
    ] {
        let is = of_kind(&found(fires), kind);
        assert_eq!(is.len(), 1, "{kind}");
        assert!(format!("{} {:?}", is[0].next_step, is[0].sql).contains(advice), "{is:?}");
        assert!(of_kind(&found(near), kind).is_empty(), "{kind}");
    }
}

#[test]
fn every_kind_has_a_case() {
    let elsewhere = ["workers_missing", "worker_skew", "jit", "full_page_images"];
    for kind in kinds() {
        let here = CASES.iter().filter(|case| case.kind == kind).count();
        assert_eq!(here + elsewhere.iter().filter(|other| **other == kind).count(), 1, "{kind}");
    }
}
