//! Parameters are bound on the server, checked, and named when they are wrong.

use super::{file, query, script, server};

#[test]
fn values_are_bound_and_never_pasted() {
    let db = server::database();
    db.execute("create table victims (x int); insert into victims values (1)");
    for evil in [
        "'; drop table victims; --",
        "1); drop table victims; --",
        "$1",
        ":x",
        "\\'; drop table victims",
        "a\u{1b}b",
        "",
        "NULL",
        "é漢",
    ] {
        let ran = script(
            &db.url(),
            &["--format", "json", "-p", &format!("x={evil}")],
            "select :x::text as v, (select count(*) from victims) as n",
        );
        assert_eq!(ran.code, 0, "{evil}: {}", ran.err);
        let read: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(read[0]["v"], evil);
        assert_eq!(read[0]["n"].to_string(), "1");
    }
}

#[test]
fn what_looks_like_a_parameter_and_is_none() {
    let db = server::database();
    let sql = "select ':a', \":b\".x as \":c\" /* :d */, $$:e$$, '1'::int, (array[1,2,3])[1:2] -- :f\nfrom (select 1 as x) \":b\"";
    let ran = script(&db.url(), &["--format", "csv"], sql);
    assert_eq!((ran.code, ran.out.lines().nth(1)), (0, Some(":a,1,:e,1,\"{1,2}\"")), "{}", ran.err);
}

#[test]
fn wrong_parameters_are_named_and_nothing_is_sent() {
    let db = server::database();
    db.execute("create type mood as enum ('sad', 'happy')");
    let dir = tempfile::tempdir().unwrap();
    let path = file(
        dir.path(),
        "q.sql",
        "-- param: n int = 1  How many\n-- param: day date = 2024-02-29\n-- param: mood mood = sad\n-- param: who text\n\
         -- param: order text = up choices(up|down)\n\
         create table if not exists sent (x int); select :n, :day, :mood, :who, :order;",
    );
    for (args, what) in [
        (
            &["-p", "who=x", "-p", "lmit=1"][..],
            "there is no parameter \"lmit\": this query takes n, day, mood, who, order",
        ),
        (&[], "parameter \"who\" (text) is missing: give it with --param who=VALUE"),
        (
            &["-p", "who=x", "-p", "n=many"],
            "parameter \"n\" (int: How many) must be a whole number, not \"many\"",
        ),
        (&["-p", "who=x", "-p", "n=99999999999"], "from -2147483648 to 2147483647"),
        (&["-p", "who=x", "-p", "order=left"], "must be one of up, down, not \"left\""),
        (&["-p", "who=x", "-p", "who=y"], "given twice"),
        (&["-p", "who"], "a parameter is NAME=VALUE"),
    ] {
        let ran = query(&db.url(), &path, args);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args:?}: {}", ran.err);
        assert!(ran.err.contains(what), "{args:?}: {}", ran.err);
    }
    assert_eq!(script(&db.url(), &["--format", "csv"], "select to_regclass('sent')").out, "to_regclass\n\n");
    for (args, what) in [
        (
            &["-p", "who=x", "-p", "day=2023-02-29"][..],
            "parameter \"day\" (date): date/time field value out of range",
        ),
        (
            &["-p", "who=x", "-p", "day=soon"],
            "parameter \"day\" (date): invalid input syntax for type date: \"soon\"",
        ),
        (
            &["-p", "who=x", "-p", "mood=meh"],
            "parameter \"mood\" (mood): invalid input value for enum mood: \"meh\"",
        ),
    ] {
        let ran = query(&db.url(), &path, args);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args:?}: {}", ran.err);
        assert!(ran.err.contains(what), "{args:?}: {}", ran.err);
    }
    let ran = query(&db.url(), &path, &["-p", "who=O'Hara", "-p", "mood=happy", "--format", "csv"]);
    assert_eq!(ran.out, "int4,date,mood,text,text\n1,2024-02-29,happy,O'Hara,up\n", "{}", ran.err);
    assert_eq!(ran.code, 0);
}

#[test]
fn undeclared_parameters_are_inferred() {
    let db = server::database();
    let sql = "select x from generate_series(1, 5) x where x > :least";
    assert_eq!(script(&db.url(), &["-p", "least=3", "--format", "csv"], sql).out, "x\n4\n5\n");
    let ran = script(&db.url(), &["-p", "least=three"], sql);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(
        ran.err.contains("parameter \"least\": invalid input syntax for type integer: \"three\""),
        "{}",
        ran.err
    );
    // the value is fine, the statement is not: that is the server's refusal
    let ran = script(&db.url(), &["-p", "n=0"], "select 1 / :n::int");
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains("division by zero"), "{}", ran.err);
}
