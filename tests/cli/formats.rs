//! Every format on real results.

use super::{script, server};

const SQL: &str = "select 1 as id, null as nothing, '' as empty, 'NULL' as word, 'a,\"b\nc' as text, \
                   1.50 as n, 'NaN'::numeric as nan, true as yes, '{\"b\": 1, \"a\":2}'::json as doc, 2 as id";

#[test]
fn one_result_in_every_format() {
    let db = server::database();
    let run = |format: &str| {
        let ran = script(&db.url(), &["--format", format], SQL);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{format}");
        ran.out
    };
    assert_eq!(
        run("csv"),
        "id,nothing,empty,word,text,n,nan,yes,doc,id\n1,,\"\",NULL,\"a,\"\"b\nc\",1.50,NaN,t,\"{\"\"b\"\": 1, \"\"a\"\":2}\",2\n"
    );
    assert_eq!(
        run("tsv"),
        "id\tnothing\tempty\tword\ttext\tn\tnan\tyes\tdoc\tid\n1\t\\N\t\tNULL\ta,\"b\\nc\t1.50\tNaN\tt\t{\"b\": 1, \"a\":2}\t2\n"
    );
    let object = r#"{"id":1,"nothing":null,"empty":"","word":"NULL","text":"a,\"b\nc","n":1.50,"nan":"NaN","yes":true,"doc":{"b": 1, "a":2},"id_2":2}"#;
    assert_eq!(run("json"), format!("[\n{object}\n]\n"));
    assert_eq!(run("ndjson"), format!("{object}\n"));
    assert!(run("markdown").contains("| 1 | *NULL* |  | NULL | a,\"b<br>c | 1.50 |"));
    let table = run("table");
    assert!(table.starts_with(" id | nothing | empty | word | text"), "{table}");
    assert!(table.ends_with("(1 row)\n\n"), "{table}");
    assert!(
        run("expanded").contains("\nnothing | ∅\nempty   |\nword    | NULL\ntext    | a,\"b\n        | c\n")
    );
}

#[test]
fn several_results_in_order_and_none() {
    let db = server::database();
    let sql = "select 1 as a; create table t (x int); insert into t values (1), (2) returning x; select from t where false;";
    let ran = script(&db.url(), &["--format", "json"], sql);
    assert_eq!((ran.code, ran.out.as_str()), (0, "[\n{\"a\":1}\n]\n[\n{\"x\":1},\n{\"x\":2}\n]\n[]\n"));
    let ran = script(&db.url(), &["--format", "csv"], "create table u (x int); -- nothing to show");
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "", ""));
    let ran = script(&db.url(), &["--format", "csv"], "");
    assert_eq!((ran.code, ran.out.as_str()), (0, ""));
}

#[test]
fn bytes_that_are_not_utf8_are_kept() {
    let db = server::database();
    db.execute(
        "create database raw_bytes_cli encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C' template template0",
    );
    let url = db.url().replace(&db.name, "raw_bytes_cli");
    let ran = script(
        &url,
        &["--format", "csv"],
        "set client_encoding = 'SQL_ASCII'; select convert_from('\\xff41', 'SQL_ASCII') as a",
    );
    db.execute("drop database raw_bytes_cli");
    assert_eq!((ran.code, ran.raw), (0, b"a\n\xffA\n".to_vec()), "{}", ran.err);
}

#[test]
fn notices_and_tags_stay_out_of_the_data() {
    let db = server::database();
    let sql = "do $$ begin raise notice 'hello %', E'\\x1b[2J'; end $$; select 1 as a";
    let ran = script(&db.url(), &["--format", "csv"], sql);
    assert_eq!((ran.code, ran.out.as_str()), (0, "a\n1\n"));
    assert!(ran.err.starts_with("NOTICE: hello ␛[2J\n"), "{}", ran.err);
}

#[test]
fn copy_passes_bytes_both_ways() {
    let db = server::database();
    let sql = "create table t (a int, b text);\ncopy t from stdin;\n1\t:not_a_parameter\n2\t\\N\n\\.\ncopy t to stdout;\n\
               copy (select 'x,y') to stdout (format csv);\nselect count(*) from t;";
    let ran = script(&db.url(), &["--format", "csv"], sql);
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (0, "1\t:not_a_parameter\n2\t\\N\n\"x,y\"\ncount\n2\n"),
        "{}",
        ran.err
    );

    let dir = tempfile::tempdir().unwrap();
    let load = super::file(dir.path(), "load.sql", "copy t from stdin (format csv)");
    let ran = super::fed(super::pgdeck(&["run", &load, "-d", &db.url()]), "3,\"a\nb\"\n4,\n");
    assert_eq!(ran.code, 0, "{}", ran.err);
    let ran = super::fed(super::pgdeck(&["run", &load, "-d", &db.url()]), "not a number,x\n");
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(
        ran.err.contains("invalid input syntax for type integer") && ran.err.contains("COPY t, line 1"),
        "{}",
        ran.err
    );
    assert_eq!(script(&db.url(), &["--format", "csv"], "select count(*) from t").out, "count\n4\n");
}
