//! What strangers wrote, in every place a text can come from: nothing of it reaches the terminal as anything but marks.
//! The proof is on the bytes that the real binary writes, read by a parser that knows nothing of pgdeck.

use crate::{F5, Home, corpus::corpus, server, strict, tty::Tty};
use pgdeck::{
    demo::cluster::{Cluster, Settings},
    sql::quote::{literal, quoted},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    time::{Duration, Instant},
};

/// A name that begins so that it can be found again, and ends as a stranger would have it.
fn name(letter: char, number: usize, value: &str) -> String {
    let mut name = format!("{letter}{number:03}{value}");
    while name.len() > 63 {
        name.pop();
    }
    name
}

/// As a value in a connection string of keywords.
fn word(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

fn fill(cluster: &Cluster, database: &str, values: &[String]) {
    let mut sql = String::from(
        "create table cells (id int primary key, v text, j json); create table idx (a int, b int);
         create table docs (id int primary key, doc jsonb);\n",
    );
    let mut columns = vec![];
    let mut labels = vec![];
    for (n, value) in values.iter().enumerate() {
        let text = literal(&format!("v{n:03}{value}"));
        let key = literal(&format!("k{n:03}{value}"));
        let _ = writeln!(
            sql,
            "insert into cells values ({n}, {text}, json_build_object({key}::text, {text}::text));"
        );
        let _ = writeln!(sql, "create table {} (a int);", quoted(&name('t', n, value)));
        let _ = writeln!(sql, "comment on table {} is {text};", quoted(&name('t', n, value)));
        let _ = writeln!(sql, "create schema {};", quoted(&name('s', n, value)));
        let _ = writeln!(
            sql,
            "create function {}() returns int language sql as 'select 1';",
            quoted(&name('f', n, value))
        );
        let _ = writeln!(sql, "create role {};", quoted(&name('r', n, value)));
        columns.push(format!("{} int default {n}", quoted(&name('c', n, value))));
        labels.push(literal(&name('l', n, value)));
        if n % 8 == 0 {
            let _ = writeln!(sql, "create index {} on idx (a);", quoted(&name('i', n, value)));
            let _ = writeln!(sql, "create domain {} as int;", quoted(&name('d', n, value)));
        }
    }
    let _ =
        writeln!(sql, "insert into docs select 1, jsonb_object_agg(k, v) from cells, json_each(j) x (k, w);");
    let _ = writeln!(sql, "create table cols ({}); insert into cols default values;", columns.join(", "));
    let _ = writeln!(sql, "create type lab as enum ({});", labels.join(", "));
    let _ = writeln!(sql, "create table labels (id serial primary key, l lab);");
    let _ = writeln!(sql, "insert into labels (l) select unnest(enum_range(null::lab));");
    sql.push_str(
        "create function notices() returns void language plpgsql as $$ declare r record; begin
            for r in select id, v from cells order by id loop
                raise notice using message = 'n' || lpad(r.id::text, 3, '0') || r.v, detail = r.v, hint = r.v;
                perform pg_notify('p' || lpad(r.id::text, 3, '0'), left(r.v, 2000));
            end loop; end $$;
        create function trouble(n int) returns void language plpgsql as $$ declare r record; begin
            select string_agg('x' || lpad(id::text, 3, '0') || left(v, 40), ' ') as many, min(left(v, 200)) as one
                into r from cells where id >= n and id < n + 12;
            raise exception using message = r.many, detail = r.many, hint = r.many, column = r.one, constraint = r.one,
                datatype = r.one, table = r.one, schema = r.one, errcode = 'ZZ001';
            end $$;\n",
    );
    server::execute(cluster, database, &sql);
}

/// Tagged texts that were on the screen.
#[derive(Default)]
struct Seen(BTreeMap<char, BTreeSet<u32>>);

impl Seen {
    fn look(&mut self, screen: &str) {
        let chars: Vec<char> = screen.chars().collect();
        for at in 0..chars.len().saturating_sub(3) {
            let number: String = chars[at + 1..at + 4].iter().collect();
            let begins = at == 0 || !chars[at - 1].is_ascii_alphanumeric();
            if chars[at].is_ascii_lowercase() && begins && number.bytes().all(|b| b.is_ascii_digit()) {
                self.0.entry(chars[at]).or_default().insert(number.parse().unwrap_or_default());
            }
        }
    }

    fn count(&self, letter: char) -> usize {
        self.0.get(&letter).map_or(0, BTreeSet::len)
    }
}

struct Tour {
    t: Tty,
    seen: Seen,
}

impl Tour {
    /// Presses keys and looks at what comes of them; keys that change nothing are only waited for a little.
    fn press(&mut self, keys: &str) {
        let before = self.t.screen();
        self.t.send(keys);
        let end = Instant::now() + Duration::from_millis(300);
        while self.t.screen() == before && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(3));
        }
        self.look();
    }

    fn look(&mut self) {
        self.seen.look(&self.t.screen());
    }

    fn see(&mut self, text: &str) {
        self.t.see(text);
        self.look();
    }

    /// The same key until so many of a kind were seen, or it moves nothing any more.
    fn through(&mut self, keys: &str, letter: char, wanted: usize) {
        let mut still = 0;
        for _ in 0..1200 {
            let before = self.t.screen();
            self.press(keys);
            still = if self.t.screen() == before { still + 1 } else { 0 };
            if self.seen.count(letter) >= wanted || still > 6 {
                return;
            }
        }
    }

    /// A statement in the editor, in place of what was there.
    fn run(&mut self, sql: &str) {
        self.t.send("\x1bi").send("\x1b[1;5F").send(&format!("\x1b[200~;\n{sql}\x1b[201~"));
        self.press(F5);
    }
}

const PAGE_DOWN: &str = "\x1b[6~";
const CTRL_P: &str = "\x10";

#[test]
fn the_corpus_is_large_and_each_value_is_there_once() {
    let all = corpus();
    let distinct: BTreeSet<_> = all.iter().collect();
    assert!(all.len() >= 300 && distinct.len() == all.len(), "{}", all.len());
    // The judge finds fault with what it must.
    let bad = all.iter().filter(|v| !strict::faults(v.as_bytes()).is_empty()).count();
    assert!(bad > 280, "{bad}");
    for fine in ["plain žluť 日本 👍🏽", "\x1b[31m\x1b[12;40H\x1b[?25l", "می\u{200c}خواهم", "␛[31m ‹U+202E›"]
    {
        assert_eq!(strict::faults(fine.as_bytes()), Vec::<String>::new());
    }
}

#[test]
fn nothing_that_strangers_wrote_reaches_the_terminal() {
    let values = corpus();
    let all = values.len();
    let cluster = server::start(Settings::default());
    // The database and the user bear such names themselves.
    let (database, user) = ("d\x1b]0;x\x07\u{202e}\u{9b}2J\r\nname", "u\x1b[2J\u{200b}\u{9d}0;y\u{9c}\tme");
    server::execute(&cluster, "postgres", &format!("create database {}", quoted(database)));
    server::execute(&cluster, "postgres", &format!("create role {} superuser login", quoted(user)));
    // A POSIX zone may be called anything.
    let zone = format!("alter role {} set timezone = {}", quoted(user), literal("<\x1b[2J\u{202e}zone>5"));
    server::execute(&cluster, "postgres", &zone);
    fill(&cluster, database, &values);
    let home = Home::new();
    write_files(&home, &values);
    let _others = others(&cluster, database, &values);
    let target = format!(
        "host={} port={} user={} dbname={}",
        cluster.folder().display(),
        cluster.port(),
        word(user),
        word(database)
    );
    let mut tour = Tour { t: home.start(&[&target], 150, 45), seen: Seen::default() };
    tour.see("t000");
    // Browse: the tree, then a table whose cells, and one whose columns are such.
    tour.through(PAGE_DOWN, 't', all);
    tour.press(CTRL_P);
    for letter in ['t', 'f', 'c', 's'] {
        for digits in ["0", "1", "2", "3", "4"] {
            tour.press("\x15");
            tour.press(&format!("{letter}{digits}"));
            for _ in 0..4 {
                tour.press(PAGE_DOWN);
            }
        }
    }
    tour.press("\x1b");
    open(&mut tour, "cells");
    tour.through(PAGE_DOWN, 'v', all);
    // Record view, row by row: keys of JSON too.
    tour.press("gg");
    tour.press("\r");
    for _ in 0..all {
        tour.press("J");
    }
    tour.press("q");
    tour.press("gg");
    for _ in 0..40 {
        tour.press("v");
        tour.press("t");
        tour.press("q");
        tour.press("jjjjjjjjjjj");
    }
    open(&mut tour, "docs");
    tour.press("$");
    tour.press("v");
    tour.press("E");
    tour.through(PAGE_DOWN, 'k', all);
    tour.press("t");
    tour.press(PAGE_DOWN);
    tour.press("q");
    open(&mut tour, "cols");
    tour.through("l", 'c', all);
    tour.press("+");
    tour.press(PAGE_DOWN);
    tour.press("\x1b");
    tour.press("F");
    tour.press(PAGE_DOWN);
    tour.press("\x1b");
    tour.press("\x1b");
    open(&mut tour, "labels");
    tour.through(PAGE_DOWN, 'l', all);
    tour.press("e");
    tour.press(PAGE_DOWN);
    tour.press("\x1b");
    tour.press("\x1b");
    // SQL: rows, notices, NOTIFY, errors, listings, completion, history.
    tour.press("\x1b2");
    tour.see("Statement");
    tour.run("listen p000; select notices()");
    for _ in 0..30 {
        tour.press(PAGE_DOWN);
    }
    for n in (0..all).step_by(12) {
        tour.run(&format!("select trouble({n})"));
        tour.see(&format!("x{n:03}"));
    }
    tour.run("select v, j from cells");
    tour.press("\x1b");
    tour.press(PAGE_DOWN);
    for listing in ["\\dt", "\\df", "\\dn", "\\du", "\\l", "\\di", "\\d cols"] {
        tour.press(":");
        tour.press(&format!("{listing}\r"));
        for _ in 0..12 {
            tour.press(PAGE_DOWN);
        }
    }
    tour.press("\x1b2");
    tour.press("i");
    tour.t.send("\x1b[200~;\nselect * from cols where cols.\x1b[201~");
    tour.press("\x00");
    for _ in 0..30 {
        tour.press("\x1b[B");
    }
    tour.press("\x1b");
    tour.press("\x1b[19~");
    for _ in 0..8 {
        tour.press(PAGE_DOWN);
    }
    tour.press("\x1b");
    // Plan: names and literals as the server prints them.
    tour.press("i");
    tour.t.send("\x1b[200~;\nselect * from cells c join \"t000a\u{1}b\" d on c.id = d.a where v = E'\\x1b[2J\\x1b]0;z\\x07' or v = U&'\\202E\\009B2J'\x1b[201~");
    tour.press("\x1b[18~");
    tour.press("\r");
    tour.press("q");
    tour.press("t");
    tour.press("t");
    // What is live, and the other panes, whatever they show.
    for pane in ['5', '6', '3', '7', '8', '9', '4'] {
        tour.press(&format!("\x1b{pane}"));
        for _ in 0..10 {
            tour.press("j");
        }
        tour.press("\r");
        tour.press(PAGE_DOWN);
        tour.press("\x1b");
    }
    tour.press("\x1b5");
    tour.see("pg_sleep");
    tour.press("?");
    tour.press("\x1b");
    // A server's refusal, and another database's name.
    tour.press(":");
    tour.press("c no\x16\x1bsuch\r");
    tour.press(&format!(":c {}\r", "x\u{202e}y\u{9b}2J"));
    tour.see("does not exist");
    for (letter, what, least) in [
        ('t', "tables", all),
        ('v', "cells", all),
        ('k', "keys", all),
        ('c', "columns", all),
        ('l', "labels of an enum", all),
        ('x', "errors", all * 9 / 10),
        ('n', "notices", 20),
        ('f', "functions", 100),
        ('s', "schemas", 100),
        ('r', "roles", 100),
        ('q', "saved queries", 10),
        ('h', "history", 10),
    ] {
        assert!(
            tour.seen.count(letter) >= least,
            "{what}: only {} were on the screen",
            tour.seen.count(letter)
        );
    }
    tour.t.send("\x11").send("q");
    let raw = tour.t.raw();
    // Nothing came to the last gate either: every widget had cleaned what it drew.
    let text = String::from_utf8_lossy(&raw);
    let forgot = text.find('\u{fffd}').map(|at| text[..at].chars().rev().take(200).collect::<Vec<_>>());
    assert!(forgot.is_none(), "{:?}", forgot.map(|c| c.into_iter().rev().collect::<String>()));
    let faults = strict::faults(&raw);
    assert!(faults.is_empty(), "{} bytes\n{}", raw.len(), faults.join("\n"));
}

fn open(tour: &mut Tour, table: &str) {
    tour.press("\x1b1");
    tour.press(":");
    tour.press(&format!("\\d {table}\r"));
    tour.see("row 1");
}

/// Saved queries with such names, titles and helps, and a history.
fn write_files(home: &Home, values: &[String]) {
    let root = home.0.path().join("pgdeck");
    let (queries, kept) = (root.join("queries"), root.join("kept"));
    std::fs::create_dir_all(&queries).expect("a folder");
    std::fs::create_dir_all(&kept).expect("a folder");
    let mut history = String::new();
    for (n, value) in values.iter().enumerate().filter(|(_, v)| v.len() < 80) {
        let line = value.replace('\n', " ");
        if n % 5 == 0 && !line.contains('/') {
            let text = format!(
                "-- title: q{n:03}{line}\n-- description: {line}\n-- param: a text = x choices({line}|x) {line}\nselect :a"
            );
            std::fs::write(queries.join(format!("q{n:03}{line}.sql")), text).expect("a file");
        }
        let entry = serde_json::json!({
            "at": "2026-01-01 00:00:00", "place": line, "sql": format!("h{n:03}{value}"), "millis": 1, "rows": 1, "failed": line,
        });
        history.push_str(&format!("{entry}\n"));
    }
    std::fs::write(root.join("history.jsonl"), history).expect("a file");
}

/// Sessions of others whose statements hold the whole corpus; they end with the value.
fn others(cluster: &Cluster, database: &str, values: &[String]) -> tokio::runtime::Runtime {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for (n, chunk) in values.chunks(40).enumerate() {
        let mut config = tokio_postgres::Config::new();
        config.host_path(cluster.folder()).port(cluster.port()).user("postgres").dbname(database);
        config.application_name("app\u{1b}[2J");
        let noise = chunk.join(" ").replace("*/", "").replace("/*", "");
        runtime.spawn(async move {
            let (client, connection) = config.connect(tokio_postgres::NoTls).await.expect("connects");
            tokio::spawn(connection);
            // The first holds a lock for which the second waits.
            let sql = match n {
                0 => format!("begin; lock table idx; select pg_sleep(600) /* {noise} */"),
                1 => format!("select pg_sleep(2); lock table idx /* {noise} */"),
                _ => format!("select /* {noise} */ pg_sleep(600)"),
            };
            let _ = client.batch_execute(&sql).await;
        });
    }
    runtime
}
