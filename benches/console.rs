//! What the console costs, as ratios to psql in the same run: `cargo bench`.
//!
//! Builds its own server with large tables (some minutes), drives the real binary in a pseudo-terminal, and reads the
//! server's statement log to see what was sent. Prints medians; judges nothing.

#[path = "../tests/support/server.rs"]
mod server;
#[path = "../tests/support/signal.rs"]
mod signal;
#[path = "../tests/support/tty.rs"]
#[allow(dead_code, reason = "the bench uses a part of it")]
mod tty;

use pgdeck::demo::cluster::{Cluster, Settings};
use std::{
    fs,
    process::{Command, Stdio},
    time::{Duration, Instant},
};
use tty::Tty;

const POSTS: u32 = 2_000_000;
const BIG: u32 = 10_000_000;

fn main() {
    // `cargo test --benches` runs this too; it is no test.
    if !std::env::args().any(|a| a == "--bench") {
        return;
    }
    let mut settings = Settings::default();
    settings.options.push(("log_statement".into(), "all".into()));
    settings.options.push(("max_wal_size".into(), "4GB".into()));
    let cluster = server::start(settings);
    let url = cluster.url("postgres");
    eprintln!("building {POSTS} posts and a table of {BIG} rows …");
    psql(&url, &seed());
    start(&url);
    stream(&url);
    browse(&cluster, &url);
    cancel(&url);
    csv(&url);
    let _ = fs::remove_dir_all(std::env::temp_dir().join(format!("pgdeck-bench-{}", std::process::id())));
}

fn seed() -> String {
    format!(
        "create table users (id bigint primary key, username text not null);
         insert into users select g, 'user_' || g from generate_series(1, 1000) g;
         create table posts (id bigint primary key, user_id bigint references users, title text, content text);
         insert into posts select g, 1 + g % 1000, 'Title of post ' || g, repeat('words of the post ', 12) || g
           from generate_series(1, {POSTS}) g;
         create table big (id bigint primary key, a int, b text);
         insert into big select g, g % 97, 'row ' || g from generate_series(1, {BIG}) g;
         vacuum analyze;"
    )
}

fn psql(url: &str, sql: &str) {
    let mut command = Command::new("psql");
    command.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", url, "-c", "set log_statement = 'none'"]);
    for statement in sql.split(';').filter(|s| !s.trim().is_empty()) {
        command.args(["-c", statement]);
    }
    assert!(command.status().is_ok_and(|s| s.success()), "psql runs");
}

fn console(url: &str) -> Tty {
    let home = std::env::temp_dir().join(format!("pgdeck-bench-{}", std::process::id()));
    fs::create_dir_all(&home).expect("a home folder");
    let home = home.display().to_string();
    Tty::start(
        &[url],
        &[("HOME", &home), ("XDG_CONFIG_HOME", &home), ("XDG_DATA_HOME", &home), ("XDG_STATE_HOME", &home)],
        120,
        40,
    )
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn ms(d: Duration) -> f64 {
    d.as_secs_f64() * 1000.0
}

fn timed(f: impl FnOnce()) -> Duration {
    let t = Instant::now();
    f();
    t.elapsed()
}

/// High-water mark of the resident set, MB.
fn peak(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmHWM")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

fn start(url: &str) {
    let (mut ours, mut theirs) = (vec![], vec![]);
    for _ in 0..7 {
        ours.push(timed(|| {
            console(url).see("user_1");
        }));
        theirs.push(timed(|| {
            let mut c = Command::new("psql");
            let c = c.args(["-X", url, "-c", "select 1"]).stdout(Stdio::null());
            assert!(c.status().is_ok_and(|s| s.success()));
        }));
    }
    let (ours, theirs) = (median(ours), median(theirs));
    println!(
        "start to first screen with rows: {:.1} ms; psql -c 'select 1': {:.1} ms; ratio {:.2}",
        ms(ours),
        ms(theirs),
        ms(ours) / ms(theirs)
    );
}

fn stream(url: &str) {
    let mut t = console(url);
    t.see("user_1").send("\x1b2").see("2 SQL").send("select * from posts");
    let first = timed(|| {
        t.send("\x1b[15~").see("Title of post 1");
    });
    // Leave the editor and page down for a while, then go to the very end.
    t.send("\x1b");
    let mut key = vec![];
    for page in 1..=200u32 {
        let _ = page;
        key.push(timed(|| {
            let before = t.screen();
            t.send("]").until("another page", |s| s != before);
        }));
    }
    println!(
        "select * from {POSTS} posts: first rows {:.1} ms; page down {:.1} ms (median of 200); peak {:.0} MB",
        ms(first),
        ms(median(key)),
        peak(t.pid())
    );
    let end = timed(|| {
        t.send("G").see(&format!("Title of post {POSTS}"));
    });
    println!("  to the last row {:.1} s; peak {:.0} MB", end.as_secs_f64(), peak(t.pid()));
}

fn browse(cluster: &Cluster, url: &str) {
    let log = cluster.folder().join("log");
    let from = fs::metadata(&log).map(|m| m.len()).unwrap_or(0) as usize;
    let mut t = console(url);
    t.see("user_1");
    let open = timed(|| {
        t.send(":\\d big\r").see("of ~10 M");
    });
    let mut pages = vec![];
    for _ in 0..100 {
        pages.push(timed(|| {
            let before = t.screen();
            t.send("]").until("another page", |s| s != before);
        }));
    }
    let end = timed(|| {
        t.send("G").see(&format!("row {BIG}"));
    });
    let back = timed(|| {
        t.send("gg")
            .until("the first row", |s| s.contains("row 1 ") || s.contains("row 1\n") || s.contains("row 2"));
    });
    println!(
        "browse {BIG} rows: open {:.1} ms; page down {:.1} ms (median of 100); end {:.1} ms; back {:.1} ms; peak {:.0} MB",
        ms(open),
        ms(median(pages)),
        ms(end),
        ms(back),
        peak(t.pid())
    );
    let text = fs::read(&log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text[from.min(text.len())..]).to_lowercase();
    println!(
        "  the server saw count(*): {}; offset: {}",
        text.contains("count(*)"),
        text.contains(" offset ")
    );
}

fn cancel(url: &str) {
    let mut t = console(url);
    // The table open last comes up again.
    t.see("row 1").send("\x1b2").see("2 SQL").send("select pg_sleep(60)");
    t.send("\x1b[15~").see("Ctrl+C cancels");
    let screen = timed(|| {
        t.send("\x03").until("the cancel", |s| s.contains("57014") || s.contains("cancel"));
        t.gone("Ctrl+C cancels");
    });
    println!("cancel of pg_sleep(60): on the screen after {:.1} ms", ms(screen));
}

fn csv(url: &str) {
    let sql = "select * from big";
    let mut ours = Command::new(env!("CARGO_BIN_EXE_pgdeck"));
    ours.args(["run", "-d", url, "--format", "csv", "-"]).stdin(Stdio::piped()).stdout(Stdio::null());
    let t = Instant::now();
    let mut child = ours.spawn().expect("it starts");
    {
        use std::io::Write;
        child.stdin.take().expect("a pipe").write_all(sql.as_bytes()).expect("written");
    }
    let mut most: f64 = 0.0;
    while child.try_wait().expect("waited").is_none() {
        most = most.max(peak(child.id()));
        std::thread::sleep(Duration::from_millis(20));
    }
    let ours = t.elapsed();
    let theirs = timed(|| {
        let mut c = Command::new("psql");
        let c = c.args(["-X", url, "--csv", "-v", "FETCH_COUNT=1000", "-c", sql]).stdout(Stdio::null());
        assert!(c.status().is_ok_and(|s| s.success()));
    });
    println!(
        "csv of {BIG} rows: {:.1} s, peak {most:.0} MB; psql --csv: {:.1} s; ratio {:.2}",
        ours.as_secs_f64(),
        theirs.as_secs_f64(),
        ours.as_secs_f64() / theirs.as_secs_f64()
    );
}
