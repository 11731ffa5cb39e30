//! Search on a million posts with an expression index, as ratios: `cargo bench --bench search`. Prints; judges nothing.
//!
//! From the key (a pasted line) to the results on the screen, against the server's own time for the best SQL written by hand in the
//! same run: a capped count, and then the rank of the last 300 hits with the fragments of one page. `PGDECK_BENCH_URL`
//! takes a database that has the demo's million posts already; building one takes some minutes.

#[path = "../tests/support/live.rs"]
#[allow(dead_code, reason = "the bench uses a part of it")]
mod live;
#[path = "../tests/support/robot.rs"]
#[allow(dead_code, reason = "the bench uses a part of it")]
mod robot;
#[path = "../tests/support/server.rs"]
mod server;

use live::Live;
use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

const RUNS: usize = 5;

fn main() {
    // `cargo test --benches` runs this too; it is no test.
    if !std::env::args().any(|a| a == "--bench") {
        return;
    }
    let url = std::env::var("PGDECK_BENCH_URL").unwrap_or_else(|_| {
        eprintln!("building 1,000,000 posts …");
        let cluster = server::cluster();
        server::execute(cluster, "postgres", "create database million");
        let sql = format!("set demo.posts = '1000000';\n{}", include_str!("../assets/demo.sql"));
        server::execute(cluster, "million", &sql);
        cluster.url("million")
    });
    let mut live = Live::at(&url, &[], 120, 40);
    live.keys("<alt-3>").see("posts  title, content").settle();
    for (what, line) in [
        ("rare", "donaudampfschiffdonaudampfschiff"),
        ("2 %", "vacuum "),
        ("two words", "vacuum process "),
        ("a phrase", "\"vacuum process\""),
        ("a third", "start "),
    ] {
        let mut keyed = vec![];
        for _ in 0..RUNS {
            live.keys("<ctrl-u>").see("Type to search").settle();
            let asked = Instant::now();
            // Pasted: nothing was shown before, so the first results are those of the whole line.
            live.robot.event(pgdeck::core::event::Event::Paste(line.to_owned()));
            live.keys("").until(|r| {
                // One frame is drawn for every look.
                let screen = r.screen();
                screen.contains("hit") && !screen.contains("searching for")
            });
            keyed.push(asked.elapsed());
            live.settle();
        }
        let best: Vec<Duration> = (0..RUNS).map(|_| by_hand(&url, line)).collect();
        let (keyed, best) = (median(keyed), median(best));
        println!(
            "{what:<10} key to results {:>7.1} ms, the server for SQL by hand {:>7.1} ms: {:.2}",
            keyed.as_secs_f64() * 1e3,
            best.as_secs_f64() * 1e3,
            keyed.as_secs_f64() / best.as_secs_f64()
        );
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// The server's time, by psql's `\timing`, connected before.
fn by_hand(url: &str, line: &str) -> Duration {
    let (v, q) = (
        "to_tsvector('english', title || ' ' || content)",
        format!("websearch_to_tsquery('english', '{}')", line.trim().replace('\'', "''")),
    );
    let count = format!("select count(*) from (select 1 from posts where {v} @@ {q} limit 10001) s;");
    let page = format!(
        "with i as materialized (select id from posts where {v} @@ {q}), c as materialized (select * from i limit 10001),
         h as materialized (select p.id, ts_rank({v}, {q}, 33) r from (select id from c order by id desc limit 300) k
            join posts p using (id) order by r desc, p.id limit 200)
         select h.id, h.r, p.title, ts_headline('english', p.content, {q}, 'MaxFragments=2')
         from (select * from h limit 12) h join posts p using (id) order by r desc;"
    );
    let mut child = Command::new("psql");
    child.args(["-X", "-q", url, "-c", "set jit = off", "-c", "set work_mem = '64MB'", "-c", "\\timing on"]);
    child.args(["-c", &count.replace('\n', " "), "-c", &page.replace('\n', " ")]);
    let out = child.stdin(Stdio::null()).output().expect("psql");
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let millis =
        text.lines().filter_map(|l| l.strip_prefix("Time: ")?.split_whitespace().next()?.parse::<f64>().ok());
    Duration::from_secs_f64(millis.sum::<f64>() / 1e3)
}
