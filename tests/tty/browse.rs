//! Browsing a large table: far down, to the end and back, and what the server was asked meanwhile.

use crate::{F5, Home, server, tty::Tty};
use pgdeck::demo::cluster::{Cluster, Settings};

/// 100,000 rows of some 300 bytes: more than a quarter of the buffers, so that scans may join each other.
const FILL: &str = "create table far (id int primary key, words text not null);
    insert into far select g, repeat('word ' || g || ' ', 25) from generate_series(1, 100000) g;
    create table mark (sign text); insert into mark values ('old ');
    create view far_view as select id, (select sign from mark) || words as words from far;
    analyze far;";

/// The number after `row ` at the end of the first line.
fn row(screen: &str) -> Option<u64> {
    let rest = screen.lines().nth(1)?.rsplit_once("row ")?.1;
    let digits: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == ',').collect();
    digits.replace(',', "").parse().ok()
}

/// What a cell of the cursor's line says: the id of the row.
fn id(screen: &str) -> Option<u64> {
    let cursor = |l: &&str| l.contains("│▸");
    let line = screen.lines().find(cursor)?.rsplit_once('▸')?.1;
    line.split_whitespace().next()?.parse().ok()
}

/// Statements for the table since some length of the log, one a line.
fn asked(cluster: &Cluster, since: usize) -> Vec<String> {
    let log = cluster.log();
    let entries = log[since..].split("LOG:  execute");
    entries.filter(|e| e.contains("public.far")).map(|e| e.to_lowercase().replace('\n', " ")).collect()
}

fn open(t: &mut Tty, table: &str) {
    t.send("/").send(table).see(&format!("/{table}")).send("\r").see("row 1");
}

#[test]
fn a_large_table_is_paged_by_key_without_offset_and_count() {
    let logged = vec![("log_statement".to_owned(), "all".to_owned())];
    let cluster = server::start(Settings { options: logged, ..Settings::default() });
    server::execute(&cluster, "postgres", FILL);
    let (home, since) = (Home::new(), cluster.log().len());
    let mut t = home.start(&[&cluster.url("postgres")], 120, 40);
    t.see("far_view");
    open(&mut t, "far");
    // Every page counts, also those pressed while rows were still on their way.
    let full = |s: &str| s.contains("of ~100 k") && s.lines().nth(37).is_some_and(|l| l.contains(" word "));
    let before = t.until("a full page", full).screen();
    let page = before.lines().skip(5).filter(|l| l.contains(" word ")).count() as u64;
    t.send(&"\x1b[6~".repeat(100));
    let goal = 100 * page + 1;
    t.until(&format!("row {goal}"), |s| row(s) == Some(goal) && id(s) == Some(goal));
    t.send("G").until("the last row", |s| s.contains("row −1") && id(s) == Some(100_000));
    t.send(&"\x1b[5~".repeat(20));
    t.until("rows before the last ones", |s| id(s) == Some(100_000 - 20 * page));
    t.send(F5).until("the same row", |s| id(s) == Some(100_000 - 20 * page));
    t.send("gg").until("the first row", |s| row(s) == Some(1) && id(s) == Some(1));
    let statements = asked(&cluster, since);
    assert!(statements.iter().filter(|s| s.contains("limit 200")).count() > 15, "{statements:#?}");
    let bad = |s: &&String| s.contains("offset") || s.contains("count(");
    assert_eq!(statements.iter().find(bad), None);
    t.send("#").see("of 100,000");
    assert!(asked(&cluster, since).iter().any(|s| s.contains("count(*)")), "only when asked for");
    t.send("q");
    assert_eq!(t.end(), 0);
}

#[test]
fn what_has_no_key_is_read_anew_in_the_same_order() {
    let cluster = server::start(Settings::default());
    server::execute(&cluster, "postgres", FILL);
    let home = Home::new();
    let mut t = home.start(&[&cluster.url("postgres")], 120, 40);
    t.see("far_view");
    open(&mut t, "far_view");
    t.see("no key").send(&"\x1b[6~".repeat(100));
    // A page is 33 rows: the last of the keys is to be answered before the next one is pressed.
    t.until("far down", |s| row(s) == Some(3_301) && id(s) == Some(3_301));
    // Another scan stands in the middle of the table now: this one must not join it there.
    let at = id(&t.screen());
    server::execute(&cluster, "postgres", "update mark set sign = 'new '");
    t.send(F5).until("its place in new rows", |s| s.contains("new word") && row(s) == at && id(s) == at);
    t.send("gg").until("the first row", |s| row(s) == Some(1) && id(s) == Some(1));
    t.send("G").until("the last row", |s| row(s) == Some(100_000) && id(s) == Some(100_000));
    t.send("k").send(F5).until("its place", |s| row(s) == Some(99_999) && id(s) == Some(99_999));
    t.send("q");
    assert_eq!(t.end(), 0);
}
