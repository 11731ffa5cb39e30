//! Databases whose encoding is not UTF-8, without a screen: what comes out is UTF-8, or the very bytes when that is asked
//! for; what cannot be is said.

use crate::{Ran, fed, pgdeck, server};
use pgdeck::demo::cluster::{Cluster, Settings};

/// What a cluster of any locale can hold: the collation is C.
fn encoded(cluster: &Cluster, name: &str, encoding: &str, fill: &str) -> String {
    let sql = format!(
        "create database {name} template template0 encoding '{encoding}' lc_collate 'C' lc_ctype 'C'"
    );
    server::execute(cluster, "postgres", &sql);
    server::execute(cluster, name, fill);
    cluster.url(name)
}

fn run(url: &str, args: &[&str], sql: impl AsRef<[u8]>) -> Ran {
    let all: Vec<&str> = ["run", "-", "-d", url].into_iter().chain(args.iter().copied()).collect();
    fed(pgdeck(&all), sql)
}

#[test]
fn a_latin1_database_is_read_and_written_in_utf8() {
    let cluster = server::start(Settings::default());
    let fill =
        "create table words (id int primary key, w text); insert into words values (1, 'café'), (2, 'plain')";
    let url = encoded(&cluster, "latin", "LATIN1", fill);
    for (format, want) in [
        ("csv", "id,w\n1,café\n"),
        ("tsv", "id\tw\n1\tcafé\n"),
        ("json", "[\n{\"id\":1,\"w\":\"café\"}\n]\n"),
        ("ndjson", "{\"id\":1,\"w\":\"café\"}\n"),
    ] {
        let ran = run(&url, &["--format", format, "-p", "w=café"], "select * from words where w = :w");
        assert_eq!((ran.code, &*ran.out, &*ran.err), (0, want, ""), "{format}");
    }
    let ran =
        run(&url, &["--format", "csv", "-p", "w=naïve"], "insert into words values (3, :w) returning w");
    assert_eq!((ran.code, &*ran.out), (0, "w\nnaïve\n"), "{}", ran.err);
    let stored = server::ask(
        &cluster,
        "latin",
        "select encode(convert_to(w, 'LATIN1'), 'hex') from words where id = 3",
    );
    assert_eq!(stored, "6e61ef7665");
    // Into a file, and out of COPY.
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("o.csv").display().to_string();
    let ran = run(&url, &["--format", "csv", "--output", &file], "select w from words where id = 1");
    assert_eq!((ran.code, std::fs::read(&file).expect("a file")), (0, "w\ncafé\n".into()), "{}", ran.err);
    let ran = run(&url, &[], "copy (select w from words where id = 1) to stdout");
    assert_eq!((ran.code, &*ran.out), (0, "café\n"), "{}", ran.err);
    // What the database has no sign for.
    for (args, sql) in [(&["-p", "w=日本"][..], "select :w::text"), (&[], "select '日本'")] {
        let ran = run(&url, args, sql);
        assert_eq!(ran.code, 1);
        assert!(ran.err.contains("22P05") && ran.err.contains("has no such character"), "{}", ran.err);
    }
}

#[test]
fn bytes_that_are_no_utf8_are_refused_or_kept_and_never_changed_unsaid() {
    let cluster = server::start(Settings::default());
    let fill = "create table words (id int primary key, w text);
        set client_encoding = 'SQL_ASCII';
        insert into words values (1, E'caf\\xe9'), (2, 'plain')";
    let url = encoded(&cluster, "bytes", "SQL_ASCII", fill);
    let ran = run(&url, &["--format", "csv"], "select w from words where id = 2");
    assert_eq!((ran.code, &*ran.out, &*ran.err), (0, "w\nplain\n", ""));
    let ran = run(&url, &["--format", "csv"], "select w from words order by id");
    assert_eq!(ran.code, 1);
    assert!(
        ran.err.contains("22021") && ran.err.contains("SET client_encoding = 'SQL_ASCII'"),
        "{}",
        ran.err
    );
    let raw = b"set client_encoding = 'SQL_ASCII'; select w from words where id = 1";
    for (format, want) in [
        ("csv", &b"w\ncaf\xe9\n"[..]),
        ("tsv", b"w\ncaf\xe9\n"),
        ("json", "[\n{\"w\":\"caf\u{fffd}\"}\n]\n".as_bytes()),
        ("ndjson", "{\"w\":\"caf\u{fffd}\"}\n".as_bytes()),
    ] {
        let ran = run(&url, &["--format", format], raw);
        assert_eq!((ran.code, &*ran.raw), (0, want), "{format}: {}", ran.err);
        assert_eq!(
            ran.err.contains("1 value is not UTF-8"),
            format.ends_with("json"),
            "{format}: {}",
            ran.err
        );
    }
    // In a format for people the byte is a mark.
    let ran = run(&url, &["--format", "table"], raw);
    assert!(ran.out.contains("caf\u{2039}E9\u{203a}"), "{}", ran.out);
    // A script that is no UTF-8 is not sent.
    let ran = run(&url, &[], b"select 'caf\xe9'");
    assert!(ran.code == 2 && ran.err.contains("iconv"), "{}", ran.err);
}
