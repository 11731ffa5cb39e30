//! `run --dry-run` gives the statements psql sends, as far as they are known without a server.

use super::{fed, pgdeck};

/// A script and its statements.
const SCRIPTS: &[(&str, &[&str])] = &[
    // What is sent is what was written, empty lines and comments inside included.
    (
        "-- all of it\ncreate table a (\n  n int, -- ;\n\n  m int\n);\n/* and */ drop table a",
        &["create table a (\n  n int, -- ;\n\n  m int\n);", "/* and */ drop table a"],
    ),
    // A variable may hold a part of a statement, or several of them, or a command.
    (
        "\\set fresh 'truncate a; insert into a values (1)'\n:fresh;\ntable a;\n:fresh \\g\n",
        &["truncate a;", "insert into a values (1);", "table a;", "truncate a;", "insert into a values (1) "],
    ),
    (
        "\\set who 'O''Brien'\n\\set t 'My table'\nselect * from :\"t\" where name = :'who' and tag <> ':who';",
        &["select * from \"My table\" where name = 'O''Brien' and tag <> ':who';"],
    ),
    ("\\set send '\\\\g'\nselect 1 :send\nselect 2;", &["select 1 ", "select 2;"]),
    // What a query's result sets, only a run tells; the names stay.
    (
        "select max(id) as top from a \\gset\ndelete from a where id = :top;",
        &["select max(id) as top from a ", "delete from a where id = :top;"],
    ),
    // A command that sends sends the last statement again when there is no new one.
    (
        "select 1;\n\\g\n\\gx\n\\crosstabview\nselect 2 \\g out.txt\n\\r\n\\gset p_\n",
        &["select 1;", "select 1;", "select 1;", "select 1;", "select 2 ", "select 2 "],
    ),
    // A statement that is only described is not run.
    ("select 1 as a \\gdesc\n\\g\n", &["select 1 as a "]),
    // Conditions of the script's own.
    (
        "\\if :{?size}\n\\else\n  \\set size 10\n\\endif\n\\if off\nselect 'never';\n\\elif 1\nselect :size;\n\\endif\n",
        &["select 10;"],
    ),
    // Of a condition that only a run knows both sides are shown, and it ends nothing.
    (
        "select true as skip \\gset\n\\if :skip\n\\quit\n\\endif\nselect 1;",
        &["select true as skip ", "select 1;"],
    ),
    ("select 1;\n\\if true\n\\quit\n\\endif\nselect 2;", &["select 1;"]),
    // \copy is the COPY it stands for, sent where it stands.
    (
        "select 1;\n\\copy a(n,m) from 'a file.csv' csv header\n\\copy (select f(n) from a) to stdout\ntable a;",
        &[
            "select 1;",
            "COPY  a ( n,m ) FROM STDIN csv header",
            "COPY  ( select f ( n ) from a ) TO STDOUT ",
            "table a;",
        ],
    ),
    ("\\copy a from stdin\n1;\n\\.\n\\if false\n\\copy a to stdout\n\\endif\n", &["COPY  a FROM STDIN "]),
    // Joined statements go as one, data lines are none.
    (
        "begin\\; select 1\\; commit;\ncopy a from stdin;\nselect 1;\n\\.\ntable a;",
        &["begin; select 1; commit;", "copy a from stdin;", "table a;"],
    ),
    // Behind an unknown command the line means nothing.
    ("select 1 \\nosuch thing; \\g\n+ 1;", &["select 1 \n+ 1;"]),
];

#[test]
fn a_dry_run_gives_what_psql_sends() {
    for (script, want) in SCRIPTS {
        let ran = fed(pgdeck(&["run", "-", "--dry-run", "--format", "json"]), script);
        assert_eq!(ran.code, 0, "{script}: {}", ran.err);
        let got: Vec<String> = serde_json::from_str(&ran.out).expect("JSON");
        assert_eq!(got, *want, "{script}");
    }
}

#[test]
fn a_command_sends_the_last_statement_again() {
    let db = super::server::database();
    let ran = super::script(
        &db.url(),
        &["--format", "csv"],
        "create sequence s;\nselect nextval('s') as n;\n\\g\n",
    );
    assert_eq!((ran.code, ran.out.as_str()), (0, "n\n1\nn\n2\n"), "{}", ran.err);
    let ran = super::script(&db.url(), &[], "select 1;\nselect oops\n\\g\n\\g\n");
    assert!(ran.code == 1 && ran.err.contains(":2:8"), "{}", ran.err);
}
