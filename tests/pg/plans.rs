//! What a real server prints in its four formats is read to one plan.

use crate::{same, server};
use pgdeck::data::plan::{Blocks, Format, Plan, read};

/// Every statement runs once for each format, so nothing may depend on the run: no times, no workers that may or may
/// not start.
const STEADY: &str = "set jit = off; set track_io_timing = off; set max_parallel_workers_per_gather = 0; set work_mem = '64kB'; set hash_mem_multiplier = 1;
    set enable_memoize = on;";

const STATEMENTS: [&str; 16] = [
    "select * from posts where title <> E'it''s\\n  ->  Seq Scan on x  (cost=0.00..1.00 rows=1 width=4)' order by content",
    "select u.id, count(*) from users u left join posts p on p.user_id = u.id group by u.id order by 2 desc limit 3",
    "select user_id, title, count(*) from posts group by grouping sets ((user_id), (title), ()) order by 1, 2",
    "select user_id, count(*) from posts group by rollup (user_id)",
    "with c as materialized (select * from users limit 10) select * from c a join c b on a.id = b.id",
    "with recursive r(n) as (select 1 union all select n + 1 from r where n < 50) select * from r",
    "select (select count(*) from posts p where p.user_id = u.id) from users u where u.id in (select max(id) from users)",
    "select * from users where id = any (array[1, 2, 3]) or email = 'x'",
    "select row_number() over w, sum(id) over w from posts window w as (partition by user_id order by id)",
    "select id from users where id < 100 except all select user_id from posts",
    "select distinct user_id, created_at from posts order by user_id, created_at limit 20",
    "select * from (values (1), (2)) v(a), generate_series(1, 3) g where a > 1",
    "select * from posts tablesample system (50) repeatable (1)",
    "insert into parts select g, 'x' from generate_series(1, 20) g",
    "update parts set b = 'y' where a in (select id from users where id < 5)",
    "select * from parts where a > (select 3) and false",
];

fn only(text: &str, format: Format) -> Plan {
    let mut reading = read(text).unwrap_or_else(|broken| panic!("{broken:?}\n{text}"));
    assert_eq!((reading.format, reading.plans.len(), reading.broken), (format, 1, None), "{text}");
    let mut plan = reading.plans.remove(0);
    // What planning found in the cache is another thing each time.
    plan.planning_blocks = Blocks::default();
    plan
}

#[test]
fn four_formats_are_one_plan() {
    let db = server::database_with_posts();
    // Autovacuum would come for rows that were rolled back, and the next format would see another plan.
    db.execute(
        "create table parts (a int, b text) partition by range (a);
         create table parts_1 partition of parts for values from (0) to (10) with (autovacuum_enabled = off);
         create table parts_2 partition of parts for values from (10) to (100) with (autovacuum_enabled = off);
         create function noted() returns trigger language plpgsql as 'begin return new; end';
         create trigger \"on: it\" after insert on parts for each row execute function noted();
         analyze",
    );
    let version: u32 = server::ask(server::cluster(), &db.name, "show server_version_num").parse().unwrap();
    let sets = if version < 140_000 { STEADY.replace("set enable_memoize = on;", "") } else { STEADY.into() };
    let mut wrong = vec![];
    for statement in STATEMENTS {
        for options in
            ["costs off", "verbose", "analyze, timing off, summary off, buffers, wal, verbose, settings"]
        {
            let explain = |format: &str| {
                // Twice: the first run warms the cache, so that the formats see the same buffers.
                let sql = format!("{sets} begin; explain ({options}, format {format}) {statement};");
                server::rows(server::cluster(), &db.name, &format!("{sql} rollback"));
                server::rows(server::cluster(), &db.name, &format!("{sql} rollback")).join("\n")
            };
            let json = only(&explain("json"), Format::Json);
            assert_eq!(only(&explain("yaml"), Format::Yaml).nodes.len(), json.nodes.len(), "{statement}");
            for (name, format) in [("yaml", Format::Yaml), ("xml", Format::Xml), ("text", Format::Text)] {
                let text = explain(name);
                // Rows that the explained statement itself wrote and rolled back stay behind as dead ones: what it
                // costs to look past them grows from run to run.
                let writes = statement.starts_with("insert") || statement.starts_with("update");
                let differences = same::differences(&json, &only(&text, format), !writes);
                wrong.extend(
                    differences.into_iter().map(|d| format!("{statement} ({options}) as {name}: {d}")),
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
