//! Databases as they are met: very wide tables, tables without columns, values too large to be looked at, and encodings
//! other than UTF-8.

use crate::{Home, server, tty::Tty};
use pgdeck::demo::cluster::{Cluster, Settings};

/// The most memory a process ever held, in kB.
fn peak(t: &Tty) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", t.pid())).expect("it runs on Linux");
    let line = status.lines().find(|l| l.starts_with("VmHWM")).expect("a peak");
    line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("a number")
}

fn open(t: &mut Tty, table: &str) {
    command(t, &format!("\\d {table}"));
    t.see(&format!("▌{table}")).see("row 1");
}

/// A command of the command line, which is there before it is typed into.
fn command(t: &mut Tty, line: &str) {
    t.send(":").see("╭ Command").send(line).see(&format!("│ {line}")).send("\r");
}

#[test]
fn wide_empty_and_huge_tables_are_browsed() {
    let db = server::database();
    db.execute(
        "create table nothing (); insert into nothing select from generate_series(1, 3);
         create table huge (id int primary key, v text);
         insert into huge values (1, repeat('x', 300000000)), (2, 'small');
         do $$ begin execute 'create table wide (' || (select string_agg('c' || g || ' int default ' || g, ', ')
             from generate_series(1, 1600) g) || ')'; end $$;
         insert into wide default values",
    );
    let home = Home::new();
    let mut t = home.start(&[&db.url()], 120, 40);
    t.see("huge").see("nothing").see("wide");
    // Three rows without a value each.
    open(&mut t, "nothing");
    t.see("row 1 of 3").send("G").see("row 3 of 3").send("\r").send("q").see("row 3 of 3");
    // The last of the columns in the grid, in the record, and back.
    open(&mut t, "wide");
    t.see("c1 ").send("$").see("c1600").gone("c1 ").send("\r").send("G").see("c1600 integer").send("q");
    t.send("0").see("c1 ").gone("c1600");
    // A page has the beginning of the value; the server keeps the rest until it is asked for.
    open(&mut t, "huge");
    t.see("small").see("xxxx").see("…");
    // SQL that asks for all of it is told that it is too much, and does not take it into memory.
    t.send("\x1b2").send("select v from huge order by id").send("\x1b[15~");
    t.see("row 1 of the result has 286 MB");
    let before = peak(&t);
    #[cfg(target_os = "linux")]
    assert!(before < 150_000, "{before} kB for the first page and a refused row");
    t.send("\x11");
    assert_eq!(t.end(), 0);
}

/// What a cluster of any locale can hold: the collation is C.
fn encoded(cluster: &Cluster, name: &str, encoding: &str, fill: &str) -> String {
    let sql = format!(
        "create database {name} template template0 encoding '{encoding}' lc_collate 'C' lc_ctype 'C'"
    );
    server::execute(cluster, "postgres", &sql);
    server::execute(cluster, name, fill);
    cluster.url(name)
}

#[test]
fn a_latin1_database_is_browsed_filtered_edited_and_refuses_what_it_cannot_hold() {
    let cluster = server::start(Settings::default());
    let fill = "create table words (id int primary key, w text);
        insert into words values (1, 'café'), (2, 'naïve'), (3, 'plain')";
    let url = encoded(&cluster, "latin", "LATIN1", fill);
    let bytes = |id: u8| {
        server::ask(
            &cluster,
            "latin",
            &format!("select encode(convert_to(w, 'LATIN1'), 'hex') from words where id = {id}"),
        )
    };
    assert_eq!(bytes(1), "636166e9");
    let home = Home::new();
    let mut t = home.start(&[&url], 120, 40);
    t.see("▦ words");
    open(&mut t, "words");
    t.see("café").see("naïve").send("l").send("f").gone("naïve").see("café").send("X").see("naïve");
    let edit = |t: &mut Tty, text: &str| {
        t.send("e").see("words.w").send("\x15").send(text).send("\r").gone("words.w").see("1 staged");
        t.send("\x13").see("otherwise all is rolled back").send("\x13");
    };
    edit(&mut t, "über");
    t.see("applied");
    assert_eq!(bytes(1), "fc626572");
    edit(&mut t, "日本");
    t.see("22P05").see("1 staged");
    assert_eq!(bytes(1), "fc626572");
}

#[test]
fn bytes_that_are_not_utf8_are_refused_with_a_way_out() {
    let cluster = server::start(Settings::default());
    let fill = "create table raw (id int primary key, v text);
        insert into raw values (1, convert_from('\\xff41'::bytea, 'SQL_ASCII')), (2, 'žluť')";
    let url = encoded(&cluster, "bytes", "SQL_ASCII", fill);
    let home = Home::new();
    let mut t = home.start(&[&url], 120, 40);
    t.see("▦ raw");
    command(&mut t, "\\d raw");
    t.see("invalid byte sequence").see("What is stored is not UTF-8").see("F5 tries again");
}

#[test]
fn a_catalog_that_cannot_be_read_says_so() {
    let cluster = server::start(Settings::default());
    let url = encoded(&cluster, "bytes", "SQL_ASCII", "create table raw (id int primary key)");
    let home = Home::new();
    // A name that is not UTF-8 hides the whole catalog.
    server::execute(
        &cluster,
        "bytes",
        "do $$ begin execute format('create table %I ()', convert_from('\\x74ff'::bytea, 'SQL_ASCII')); end $$",
    );
    let mut t = home.start(&[&url], 80, 24);
    t.see("The catalog cannot").see("F5 tries again");
}
