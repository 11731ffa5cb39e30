//! Search on a million posts with an expression index, as ratios: `cargo bench --bench search`. Prints; judges nothing.
//!
//! The pane's side is from the last key of a line to the frame with its results, through the app and a real hub, with
//! what was typed before it on the screen already. The other side is what psql's `\timing` says, in the same run and by
//! turns, of the best SQL written by hand: a capped count, and then the rank of the last 300 hits with the fragments of
//! one page; the last hits are found by walking the key or by sorting all hits, whichever is faster for this word. Of a
//! phrase the pane counts 1,000 hits and ranks 300 of those; by hand 10,000 are counted and the last ones ranked.
//! `PGDECK_BENCH_URL` takes a database that has the demo's million posts already; building one takes some minutes.

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
const VECTOR: &str = "to_tsvector('english', title || ' ' || content)";

/// What is typed, its last key, and the same as SQL.
struct Line {
    what: &'static str,
    typed: &'static str,
    query: &'static str,
}

const LINES: [Line; 6] = [
    Line { what: "a rare word", typed: "misread ", query: "to_tsquery('english', 'misread')" },
    Line { what: "two words", typed: "vacuum porto ", query: "to_tsquery('english', 'vacuum & porto')" },
    Line { what: "a word", typed: "vacuum ", query: "to_tsquery('english', 'vacuum')" },
    Line {
        what: "a phrase",
        typed: "\"vacuum process\"",
        query: "to_tsquery('english', 'vacuum <-> process')",
    },
    Line { what: "a beginning", typed: "vacu", query: "to_tsquery('english', 'vacu:*')" },
    Line { what: "a frequent word", typed: "start ", query: "to_tsquery('english', 'start')" },
];

fn main() {
    // `cargo test --benches` runs this too; it is no test.
    if !std::env::args().any(|a| a == "--bench") {
        return;
    }
    let url = std::env::var("PGDECK_BENCH_URL").unwrap_or_else(|_| {
        eprintln!("building 1,000,000 posts …");
        let cluster = server::cluster();
        server::execute(cluster, "postgres", "create database million");
        let sql =
            format!("begin; set demo.posts = '1000000';\n{}; commit;", include_str!("../assets/demo.sql"));
        server::execute(cluster, "million", &sql);
        server::execute(cluster, "million", "vacuum analyze posts");
        cluster.url("million")
    });
    let mut live = Live::at(&url, &[], 120, 40);
    live.keys("<alt-3>").see("posts  title, content").settle();
    println!(
        "{:<22}{:>9}{:>15}{:>26}{:>7}{:>15}",
        "", "hits", "key to frame", "by hand: count + page", "ratio", "at rest after"
    );
    for line in &LINES {
        let (mut keyed, mut rest, mut counts, mut walked, mut sorted) =
            (vec![], vec![], vec![], vec![], vec![]);
        let mut hits = String::new();
        for _ in 0..RUNS {
            let (first, last) = pressed(&mut live, line.typed, &mut hits);
            keyed.push(first);
            rest.push(last);
            let by_hand = [counted(line.query), page(line.query, true, 12), page(line.query, false, 12)];
            for (times, time) in
                [&mut counts, &mut walked, &mut sorted].into_iter().zip(timed(&url, &by_hand))
            {
                times.push(time);
            }
        }
        let best = median(walked).min(median(sorted));
        told(line.what, &hits, median(keyed), (median(counts), best), median(rest));
    }
    headlines(&url);
    without(&url, &mut live);
}

/// Fragments: for no row, one page, and all that are ranked.
fn headlines(url: &str) {
    let of = |rows: usize| {
        let sql = [page("to_tsquery('english', 'vacuum')", false, rows)];
        median((0..RUNS).flat_map(|_| timed(url, &sql)).collect())
    };
    let (none, one, all) = (of(0), of(12), of(300));
    println!(
        "fragments of one page (12 rows) {} ms, of all 300 ranked rows {} ms",
        millis(one.saturating_sub(none)),
        millis(all.saturating_sub(none))
    );
}

/// The same table without its index: the last rows by key are looked at.
fn without(url: &str, live: &mut Live) {
    live.keys("<f3>posts title, content<down><enter>").see("english · no index").settle();
    let sample = format!(
        "select id, r from (select id, case when {VECTOR} @@ q then ts_rank({VECTOR}, q, 32) end r
           from (select * from posts order by id desc limit 2001) p, to_tsquery('english', 'vacuum') q) s
         where r is not null order by r desc limit 200;"
    );
    let (mut keyed, mut rest, mut best, mut hits) = (vec![], vec![], vec![], String::new());
    for _ in 0..RUNS {
        let (first, last) = pressed(live, "vacuum ", &mut hits);
        keyed.push(first);
        rest.push(last);
        best.extend(timed(url, std::slice::from_ref(&sample)));
    }
    told("no index, 2,000 rows", &hits, median(keyed), (Duration::ZERO, median(best)), median(rest));
}

fn told(what: &str, hits: &str, keyed: Duration, (count, page): (Duration, Duration), rest: Duration) {
    println!(
        "{what:<22}{hits:>9}{:>12} ms{:>23} ms{:>7.2}{:>12} ms",
        millis(keyed),
        format!("{} + {}", millis(count), millis(page)),
        keyed.as_secs_f64() / (count + page).as_secs_f64(),
        millis(rest)
    );
}

/// From the last key to the frame with results, and until nothing more is under way. What comes before the key is on the screen
/// by then.
fn pressed(live: &mut Live, typed: &str, hits: &mut String) -> (Duration, Duration) {
    let (before, last) = typed.split_at(typed.len() - 1);
    live.keys("<ctrl-u>").see("Type to search").settle();
    live.keys(before).settle();
    // What the server made of the words: told behind the results, so it is not there when they are.
    let words = |screen: &str| screen.lines().nth(3).unwrap_or_default().to_owned();
    let old = words(&live.robot.screen());
    let pressed = Instant::now();
    live.keys(last).until(|r| {
        let screen = r.screen();
        let outcome = screen.lines().nth(4).unwrap_or_default();
        let came = words(&screen) != old && outcome.contains("hit");
        if came {
            *hits = outcome.split(" hit").next().unwrap_or_default().trim().replace("more than ", "> ");
        }
        came
    });
    let first = pressed.elapsed();
    live.settle();
    (first, pressed.elapsed())
}

fn millis(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1e3)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn counted(q: &str) -> String {
    format!("select count(*) from (select 1 from posts where {VECTOR} @@ {q} limit 10001) s;")
}

/// The last 300 hits by key, ranked; fragments of so many.
fn page(q: &str, walk: bool, rows: usize) -> String {
    let last = format!("select id from posts where {VECTOR} @@ {q}");
    let (i, k) = if walk {
        (format!("{last} order by id desc limit 300"), "select id from i".to_owned())
    } else {
        (last, "select id from i order by id desc limit 300".to_owned())
    };
    format!(
        "with i as materialized ({i}), k as materialized ({k}),
         h as materialized (select p.id, ts_rank({VECTOR}, {q}, 33) r from k join posts p using (id)
            order by r desc, p.id limit {})
         select h.id, h.r, p.title, case when n <= {rows} then ts_headline('english', p.content, {q}, 'MaxFragments=2') end
         from (select *, row_number() over (order by r desc, id) n from h) h join posts p using (id) order by r desc, id;",
        rows.max(200)
    )
}

/// The server's times, by psql's `\timing`, connected and with its dictionaries read before.
fn timed(url: &str, statements: &[String]) -> Vec<Duration> {
    let mut child = Command::new("psql");
    child.args(["-X", "-q", "-A", "-t", url, "-c", "set jit = off", "-c", "set work_mem = '64MB'"]);
    child.args(["-c", "select to_tsvector('english', 'a word')", "-c", "\\timing on"]);
    for statement in statements {
        child.args(["-c", &statement.replace('\n', " ")]);
    }
    let out = child.stdin(Stdio::null()).output().expect("psql");
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let millis =
        text.lines().filter_map(|l| l.strip_prefix("Time: ")?.split_whitespace().next()?.parse::<f64>().ok());
    millis.map(|ms| Duration::from_secs_f64(ms / 1e3)).collect()
}
