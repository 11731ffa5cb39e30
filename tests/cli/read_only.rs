//! `--read-only` holds whatever the script says: the server refuses, or what was written is rolled back.

use super::{script, server};

/// Ways to write that a default for new transactions does not stop.
const WRITES: &[&str] = &[
    "insert into t values (1)",
    "with a as (insert into t values (1) returning x) select * from a",
    "select writes()",
    "set transaction_read_only = off; insert into t values (1)",
    "set default_transaction_read_only = off; insert into t values (1)",
    "set session characteristics as transaction read write; insert into t values (1)",
    "select set_config('default_transaction_read_only', 'off', false); insert into t values (1)",
    "begin read write; insert into t values (1); commit",
    "begin; set transaction read write; insert into t values (1); commit",
    "begin; commit and chain; set transaction read write; insert into t values (1); commit",
    "commit; begin read write; insert into t values (1); commit",
    "select 1 \\; commit \\; begin read write \\; insert into t values (1) \\; commit;",
    "do $$ begin commit; set default_transaction_read_only = off; commit; insert into t values (1); end $$",
    "explain analyze create table made as select 1",
    "begin; explain analyze create table made as select 1; commit",
    "do $$ begin execute 'explain analyze create table made as select 1'; end $$",
    "copy t from stdin;\n1\n\\.\n",
    "declare c cursor with hold for select makes()",
    "do $$ begin execute 'declare c cursor with hold for select makes()'; end $$",
    "begin; do $$ begin execute 'declare c cursor with hold for select makes()'; end $$; commit",
    "copy (select makes()) to stdout",
    "copy t to program 'cat'",
    "prepare transaction 'x'",
    "commit prepared 'x'",
    "select lo_create(4711)",
    "set standard_conforming_strings = off; select set_config('standard_conforming_strings', 'on', false); copy (select 'x\\') to stdout; begin read write; insert into t values (9); commit; select '') to stdout",
];

#[test]
fn nothing_a_script_says_makes_a_read_only_run_write() {
    let db = server::database();
    db.execute(
        "create table t (x int);
        create function writes() returns int language sql as 'insert into t values (1) returning x';
        create function makes() returns int language plpgsql as
            $$ begin execute 'explain analyze create table made as select 1'; return 1; end $$",
    );
    let state = "select (select count(*) from t) + (select count(*) from pg_largeobject_metadata) as n, to_regclass('made') as made";
    for sql in WRITES {
        for more in [&["--read-only"][..], &["--read-only", "--single-transaction"]] {
            let ran = script(&db.url(), more, sql);
            assert_ne!(ran.code, 0, "{sql} with {more:?}: {}", ran.err);
            let left = script(&db.url(), &["--format", "csv"], state);
            assert_eq!(left.out, "n,made\n0,\n", "{sql} with {more:?}");
        }
    }
}

#[test]
fn reading_goes_on_as_ever() {
    let db = server::database();
    let sql = "set datestyle = german; begin isolation level serializable; set transaction deferrable; select 1 as a; commit; select '2024-02-01'::date as d";
    let ran = script(&db.url(), &["--read-only", "--format", "csv"], sql);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "a\n1\nd\n01.02.2024\n", ""));
}
