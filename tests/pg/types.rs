//! The text of every type is the text psql shows.

use crate::{open, rows, run, server, sql};
use std::process::Command;

const ODD: &str = "select (select relacl from pg_class where relname = 'granted') as acl, '{1,2}'::int[] a, null::int n, ''::text e, \
     '[1,5)'::int4range r, '{[1,3),[5,8)}'::int4multirange m, row(1,'a b')::record rec, 'a1:1 b2:2A'::tsvector v, \
     '0044-03-15 BC'::date d, '1 year 2 mons -3 days'::interval i, 1e-20::float8 f, 'NaN'::numeric nn, 12.5::money mo, \
     '\\xdeadbeef'::bytea b, '{\"a\":1e400}'::jsonb j, '10.1.2.3/8'::inet net, '(1,2)'::point p, b'101' as bit, \
     '16/B374D848'::pg_lsn l, 'pg_class'::regclass rc, now() = now() bo";

fn psql(database: &server::Database, text: &str) -> Option<String> {
    let program = server::cluster().bins().folder.join("psql");
    let out = Command::new(program)
        .args(["-XAtq", "-0", "-z", "-P", "null=\u{1}", "-d"])
        .arg(database.url())
        .args(["-c", text])
        .env("PGCLIENTENCODING", "UTF8")
        .env_remove("PGTZ")
        .output()
        .ok()?;
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    Some(String::from_utf8(out.stdout).unwrap())
}

async fn same_as_psql(database: &server::Database, text: &str) {
    let mut s = open(&database.url()).await;
    let items = run(&mut s, &sql(text)).await.unwrap();
    let ours = rows(&items);
    assert!(!ours.is_empty(), "{items:?}");
    let Some(theirs) = psql(database, text) else { return };
    let mut wanted = theirs.strip_suffix('\0').unwrap_or(&theirs).split('\0');
    for row in ours {
        for (at, cell) in row.iter().enumerate() {
            assert_eq!(cell.as_deref().unwrap_or("\u{1}"), wanted.next().unwrap_or("nothing"), "column {at}");
        }
    }
    assert_eq!(wanted.next(), None);
}

#[tokio::test]
async fn odd_types() {
    let database = server::database();
    database.execute(
        "create table granted (); create role reader_of_types; grant select on granted to reader_of_types",
    );
    // Multiranges came with version 14.
    let old = server::ask(server::cluster(), &database.name, "show server_version_num").as_str() < "140000";
    let odd = if old { ODD.replace("'{[1,3),[5,8)}'::int4multirange m, ", "") } else { ODD.into() };
    same_as_psql(&database, &odd).await;
    database.execute("drop owned by reader_of_types; drop role reader_of_types");
}

#[tokio::test]
async fn the_shared_cases() {
    let Ok(folder) = std::env::var("PGDECK_CASES") else { return };
    let Ok(script) = std::fs::read_to_string(format!("{folder}/types/torture.sql")) else { return };
    let script = script.split("create table emptyt").next().unwrap_or_default();
    let database = server::database();
    database.execute(script);
    same_as_psql(&database, "select * from tt.types").await;
}
