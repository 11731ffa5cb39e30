//! A read-only connection writes nothing, whatever is typed: each way round it leaves the database as it was.

use crate::hub::{CONN, Deck, ENDLESS, OWN, READ, count, done, failed, read};
use crate::{open, rows, run, server, sql};
use pgdeck::{
    core::{
        effect::{Checked, CopyFile, Effect, Statement},
        error::DbError,
        event::{Cut, News, Tx},
        ids::{JobId, Lane},
    },
    pg::wire::Session,
    sql::split::{self, SplitOptions},
};
use std::time::Duration;

/// What the database holds before anybody tries: things that write when they are called.
const SETTING: &str = "
create table t (x int);
insert into t values (1), (2);
create index i on t (x);
create sequence s;
create function writes() returns int language sql as 'insert into t values (9) returning x';
create function makes() returns int language plpgsql as $$
    begin execute 'explain analyze create table made as select 1'; return 1; end $$;
create function opens() returns text language sql as
    $$ select set_config('default_transaction_read_only', 'off', false) $$;
create procedure commits() language plpgsql as $$
    begin
        commit;
        set default_transaction_read_only = off;
        commit;
        insert into t values (9);
    end $$;
create view v as select makes() as m;
create function hidden() returns int language plpgsql as $$
    begin
        begin
            perform set_config('transaction_read_only', 'off', true);
            insert into t values (9);
        exception when others then null;
        end;
        set transaction read write;
        insert into t values (9);
        return 1;
    end $$;
";

/// Ways round it: statements typed one after the other, each of them run whatever became of the one before.
const ATTEMPTS: &[&str] = &[
    // plain ones
    "insert into t values (9)",
    "with a as (insert into t values (9) returning x) select * from a",
    "select writes()",
    "create temp table z (x int); insert into z values (1)",
    "truncate t",
    "select * into made from t",
    "create table made as select 1",
    "merge into t using (values (9)) v(x) on t.x = v.x when not matched then insert values (v.x)",
    "copy t from stdin",
    "copy t from program 'echo 9'",
    "alter role postgres set default_transaction_read_only = off",
    "alter database postgres set default_transaction_read_only = off",
    "comment on table t is 'changed'",
    "select nextval('s')",
    "select setval('s', 9)",
    "grant select on t to public",
    "do $$ begin insert into t values (9); end $$",
    // the default is only a default
    "set default_transaction_read_only = off; insert into t values (9)",
    "set session default_transaction_read_only to off; begin; insert into t values (9); commit",
    "set transaction_read_only = off; insert into t values (9)",
    "set session characteristics as transaction read write; insert into t values (9)",
    "select set_config('default_transaction_read_only', 'off', false); insert into t values (9)",
    "select opens(); insert into t values (9)",
    "select set_config('transaction_read_only', 'off', false), writes()",
    "update pg_settings set setting = 'off' where name = 'default_transaction_read_only'; insert into t values (9)",
    "reset all; insert into t values (9)",
    "reset default_transaction_read_only; insert into t values (9)",
    "discard all; insert into t values (9)",
    "set session authorization default; insert into t values (9)",
    // transactions of one's own
    "begin read write; insert into t values (9); commit",
    "start transaction read write; insert into t values (9); commit",
    "begin isolation level serializable read write; insert into t values (9); commit",
    "begin; set transaction read write; insert into t values (9); commit",
    "begin; set local transaction_read_only = off; insert into t values (9); end",
    "begin; commit and chain; set transaction read write; insert into t values (9); commit",
    "begin; rollback and chain; set transaction read write; insert into t values (9); commit",
    "begin read write; savepoint a; select 1; rollback to a; insert into t values (9); commit",
    "begin read write; savepoint a; set transaction read write; insert into t values (9); release a; commit",
    "rollback; begin read write; insert into t values (9); commit",
    "commit; set transaction read write; insert into t values (9)",
    "begin; select 1/0; rollback; insert into t values (9)",
    "begin; select 1/0; rollback and chain; set transaction read write; insert into t values (9); commit",
    "begin; prepare transaction 'gone'; insert into t values (9)",
    "prepare transaction 'gone'",
    "commit prepared 'theirs'",
    "rollback prepared 'theirs'",
    "select 1 \\; commit \\; begin read write \\; insert into t values (9) \\; commit;",
    "begin\\; commit\\; insert into t values (9);",
    // code on the server
    "call commits()",
    "begin; call commits(); commit",
    "do $$ begin commit; set default_transaction_read_only = off; commit; insert into t values (9); end $$",
    "do $$ begin set transaction read write; insert into t values (9); end $$",
    "do $$ begin rollback; perform set_config('transaction_read_only', 'off', false); insert into t values (9); end $$",
    "select hidden()",
    "prepare p as insert into t values (9); execute p",
    "set default_transaction_read_only = off; prepare p as insert into t values (9); begin read write; execute p; commit",
    // what ignores READ ONLY
    "explain analyze create table made as select 1",
    "explain (analyze) create materialized view made as select 1",
    "explain analyze select * into made from t",
    "begin; explain analyze create table made as select 1; commit",
    "begin; explain analyze create table made as select 1; end",
    "begin; savepoint a; explain analyze create table made as select 1; release a; commit and chain; commit",
    "do $$ begin execute 'explain analyze create table made as select 1'; end $$",
    "select makes()",
    "select * from v",
    "explain analyze select makes()",
    "begin; select makes(); commit",
    "begin; select makes(); set work_mem = '1MB'; commit",
    "copy (select makes()) to stdout",
    "copy (select * from v) to stdout",
    // cursors that run at COMMIT
    "declare c cursor with hold for select makes()",
    "begin; declare c cursor with hold for select makes(); commit",
    "do $$ begin execute 'declare c cursor with hold for select makes()'; end $$",
    "begin; do $$ begin execute 'declare c cursor with hold for select makes()'; end $$; commit",
    "begin; declare c cursor for select makes(); fetch c; commit",
    // large objects, which knew no READ ONLY before version 16
    "select lo_create(4711)",
    "select lo_from_bytea(4712, 'x')",
    "select lo_unlink(4710)",
    "select lo_put(4710, 0, 'changed')",
    "begin; select lowrite(lo_open(4710, 131072), 'changed'); commit",
    "do $$ begin perform lo_put(4710, 0, 'changed'); end $$",
    "select lo_import('/etc/hostname', 4713)",
    // what no transaction holds back
    "select lo_export(4710, '/tmp/pgdeck-read-only-test')",
    "do $$ begin perform lo_export(4710, '/tmp/pgdeck-read-only-test'); end $$",
    "select pg_create_physical_replication_slot('left_behind', true)",
    "select pg_logical_emit_message(false, 'a', 'b')",
    "select * from dblink('dbname=postgres', 'create table there ()') d(a text)",
    "select pg_catalog . lo_export /* */ (4710, '/tmp/pgdeck-read-only-test')",
    // what wants to be outside of a transaction, or writes files
    "alter system set work_mem = '5MB'",
    "create database other",
    "drop database other",
    "create index concurrently j on t (x)",
    "reindex table t",
    "cluster t using i",
    "vacuum full t",
    "copy t to '/tmp/pgdeck-read-only-test'",
    "copy (select 1) to program 'touch /tmp/pgdeck-read-only-test'",
    "copy t /* to stdout */ to '/tmp/pgdeck-read-only-test'",
    // texts that look like something else
    "-- \rinsert into t values (9) /*\nset work_mem = '1MB' -- */",
    "/* begin */ insert into t values (9)",
    "set standard_conforming_strings = off; copy (select 'x\\') to stdout; insert into t values (9); select '\\' || 'y') to stdout",
    "set standard_conforming_strings = off; select set_config('standard_conforming_strings', 'on', false); copy (select 'x\\') to stdout; begin read write; insert into t values (9); commit; select '') to stdout",
    "lock table t; insert into t values (9)",
    "listen a; notify a; insert into t values (9)",
    "set role postgres; insert into t values (9)",
];

/// A text of all that the database holds.
const STATE: &str = "select md5(concat_ws('|',
    (select string_agg(x::text, ',' order by x) from t),
    (select concat(last_value, is_called) from s),
    (select string_agg(concat(relname, relnamespace, relkind, relacl, relfilenode), ',' order by oid)
       from pg_class where relnamespace <> 'pg_toast'::regnamespace and relname <> 'pg_stats'),
    (select string_agg(concat(oid, proname), ',' order by oid) from pg_proc),
    (select string_agg(concat(oid, typname), ',' order by oid) from pg_type),
    (select string_agg(concat(d.*), ',' order by objoid, classoid) from pg_description d where classoid = 'pg_class'::regclass and objoid >= 16384),
    (select string_agg(concat(s.*), ',' order by setdatabase, setrole) from pg_db_role_setting s),
    (select string_agg(concat(oid, lomowner), ',' order by oid) from pg_largeobject_metadata),
    (select string_agg(concat(loid, pageno, data), ',' order by loid, pageno) from pg_largeobject),
    (select string_agg(gid, ',' order by gid) from pg_prepared_xacts),
    (select string_agg(datname, ',' order by datname) from pg_database where datname not like 't%'),
    (select string_agg(slot_name::text, ',' order by slot_name) from pg_replication_slots),
    (select string_agg(rolname, ',' order by rolname) from pg_roles),
    (select string_agg(concat(name, setting), ',') from pg_file_settings),
    (select string_agg(nspname, ',' order by nspname) from pg_namespace where nspname !~ '^pg_(toast_)?temp')
))";

async fn state(session: &mut Session) -> String {
    rows(&run(session, &sql(STATE)).await.unwrap())[0][0].clone().unwrap()
}

/// Statements as the SQL pane sends them.
fn statements(text: &str) -> Vec<Statement> {
    split::split(text, &SplitOptions::default())
        .iter()
        .map(|s| Statement { simple: s.combined, ..sql(&s.text(text)) })
        .collect()
}

/// Connects read-only, runs every statement as a job of its own, and gives the errors.
async fn attempt(db: &server::Database, text: &str, lane: Lane) -> Vec<String> {
    let mut d = Deck::new(&db.url(), Duration::from_secs(600), true);
    d.until_up().await;
    let mut errors = vec![];
    for (n, statement) in statements(text).into_iter().enumerate() {
        d.execute(n as u64 + 1, lane, &[statement], 1000);
        if let Some(News::Failed(_, e, _)) = d.all(n as u64 + 1).await.last() {
            errors.push(e.message.clone());
        }
    }
    d.hub.shutdown().await;
    errors
}

#[tokio::test]
async fn nothing_that_is_typed_writes() {
    let db = server::database();
    db.execute(SETTING);
    let mut w = open(&db.url()).await;
    for text in ["select lo_from_bytea(4710, 'seen')", "begin", "create table theirs ()"] {
        run(&mut w, &sql(text)).await.unwrap();
    }
    let _ = run(&mut w, &sql("prepare transaction 'theirs'")).await;
    let _ = run(&mut w, &sql("rollback")).await;
    let mut before = state(&mut w).await;
    let mut wrote = vec![];
    for lane in [OWN, READ] {
        for text in ATTEMPTS {
            let errors = attempt(&db, text, lane).await;
            let after = state(&mut w).await;
            if after != before {
                wrote.push(format!("{lane:?}: {text}\n    {errors:?}"));
                before = after;
            } else if errors.is_empty() && !text.starts_with("/*") {
                wrote.push(format!("{lane:?}: {text}\n    nobody said no"));
            }
        }
    }
    let file = std::path::Path::new("/tmp/pgdeck-read-only-test");
    if file.exists() {
        wrote.push("a file on the server".into());
    }
    assert!(wrote.is_empty(), "{} of {}:\n{}", wrote.len(), 2 * ATTEMPTS.len(), wrote.join("\n"));
}

/// A read-only deck on a database with something in it.
async fn deck(db: &server::Database) -> Deck {
    db.execute(SETTING);
    let mut d = Deck::new(&db.url(), Duration::from_secs(600), true);
    d.until_up().await;
    d
}

fn cells(all: &[News]) -> Vec<String> {
    let mut out = vec![];
    for news in all {
        if let News::Rows(b) = news {
            out.extend(
                (0..b.len()).map(|r| String::from_utf8_lossy(b.cell(r, 0).unwrap_or(b"NULL")).into_owned()),
            );
        }
    }
    out
}

#[tokio::test]
async fn reading_is_as_it_ever_was() {
    let db = server::database();
    let mut d = deck(&db).await;
    // one session, statement after statement: what each answers, and the transaction after it
    for (n, (text, answer, tag, tx)) in [
        ("select x from t order by x", "1,2", "SELECT 2", Tx::Idle),
        ("set work_mem = '7MB'", "", "SET", Tx::Idle),
        ("show work_mem", "7MB", "SHOW", Tx::Idle),
        ("show transaction_read_only", "on", "SHOW", Tx::Idle),
        ("explain (costs off) select 1", "Result", "EXPLAIN", Tx::Idle),
        (
            "explain (analyze, costs off, timing off, summary off) select 1",
            "Result (actual rows=1",
            "EXPLAIN",
            Tx::Idle,
        ),
        ("prepare p as select x from t where x = 2", "", "PREPARE", Tx::Idle),
        ("execute p", "2", "SELECT 1", Tx::Idle),
        ("deallocate p", "", "DEALLOCATE", Tx::Idle),
        ("listen a", "", "LISTEN", Tx::Idle),
        ("copy (select x from t order by x) to stdout", "1,2", "COPY 2", Tx::Idle),
        ("do $$ begin perform 1; end $$", "", "DO", Tx::Idle),
        ("", "", "", Tx::Idle),
        ("begin", "", "BEGIN", Tx::Open),
        ("set transaction isolation level repeatable read", "", "SET", Tx::Open),
        ("show transaction_isolation", "repeatable read", "SHOW", Tx::Open),
        ("declare c cursor for select x from t order by x", "", "DECLARE CURSOR", Tx::Open),
        ("fetch 1 from c", "1", "FETCH 1", Tx::Open),
        ("savepoint a", "", "SAVEPOINT", Tx::Open),
        ("fetch 1 from c", "2", "FETCH 1", Tx::Open),
        ("rollback to a", "", "ROLLBACK", Tx::Open),
        ("close c", "", "CLOSE CURSOR", Tx::Open),
        ("commit and chain", "", "COMMIT", Tx::Open),
        ("select count(*) from t", "2", "SELECT 1", Tx::Open),
        ("rollback", "", "ROLLBACK", Tx::Idle),
        ("begin isolation level serializable read only deferrable", "", "BEGIN", Tx::Open),
        ("select 1", "1", "SELECT 1", Tx::Open),
        ("end", "", "COMMIT", Tx::Idle),
        ("start transaction", "", "START TRANSACTION", Tx::Open),
        ("abort", "", "ROLLBACK", Tx::Idle),
        ("discard all", "", "DISCARD ALL", Tx::Idle),
        ("show work_mem", "4MB", "SHOW", Tx::Idle),
        ("select current_setting('default_transaction_read_only')", "on", "SELECT 1", Tx::Idle),
    ]
    .into_iter()
    .enumerate()
    {
        let job = n as u64 + 1;
        d.execute(job, OWN, &[sql(text)], 10_000);
        let all = d.all(job).await;
        let end = done(&all);
        assert_eq!((end.tag.as_str(), end.tx), (tag, tx), "{text}");
        assert!(cells(&all).join(",").starts_with(answer), "{text}: {:?}", cells(&all));
        // BEGIN in front of the user's BEGIN is nobody's business
        assert!(!all.iter().any(|n| matches!(n, News::Notice(_))), "{text}: {all:?}");
    }
    d.hub.shutdown().await;
}

#[tokio::test]
async fn an_error_leaves_no_transaction_and_a_refusal_says_the_way_out() {
    let db = server::database();
    let mut d = deck(&db).await;
    for (n, (text, code, hint)) in [
        ("select 1/0", "22012", ""),
        ("selec", "42601", ""),
        ("begin nonsense", "42601", ""),
        ("insert into t values (1)", "25006", "without --read-only"),
        ("vacuum t", "25001", "without --read-only"),
        ("call commits()", "2D000", "without --read-only"),
        ("explain analyze create table made as select 1", "25006", "without --read-only"),
        ("copy t from stdin", "25006", "without --read-only"),
        ("savepoint a", "25P01", "BEGIN first"),
    ]
    .into_iter()
    .enumerate()
    {
        let job = n as u64 + 1;
        d.execute(job, OWN, &[sql(text)], 10_000);
        let all = d.all(job).await;
        let (_, e, tx) = failed(&all);
        assert_eq!((e.code.as_str(), tx), (code, Tx::Idle), "{text}: {e:?}");
        assert!(e.hint.clone().unwrap_or_default().contains(hint), "{text}: {e:?}");
    }
    // inside a transaction of the user's it is theirs to end
    d.execute(90, OWN, &[sql("begin"), sql("insert into t values (1)")], 1000);
    assert_eq!(failed(&d.all(90).await).2, Tx::Failed);
    d.execute(91, OWN, &[sql("rollback"), sql("select 1")], 1000);
    assert_eq!(count(&d.all(91).await), 1);
    d.hub.shutdown().await;
}

#[tokio::test]
async fn a_guarded_stream_rests_is_cancelled_and_cut() {
    let db = server::database();
    let mut d = deck(&db).await;
    d.execute(1, OWN, &[read(ENDLESS)], 1000);
    d.until_resting(1).await;
    d.hub.perform(Effect::Cancel { job: JobId(1) });
    let all = d.all(1).await;
    assert!(failed(&all).1.is_cancel() && failed(&all).2 == Tx::Idle, "{all:?}");
    d.execute(2, OWN, &[read(ENDLESS)], 1000);
    d.until_resting(2).await;
    d.execute(3, OWN, &[read("select 1")], 1000);
    assert_eq!(done(&d.all(2).await).cut, Some(Cut::Replaced));
    assert_eq!(done(&d.all(3).await).tx, Tx::Idle);
    for round in 10..40 {
        d.execute(round, READ, &[read("select pg_sleep(10)")], 1000);
        while !matches!(d.news(round).await, News::Started(_)) {}
        d.hub.perform(Effect::Cancel { job: JobId(round) });
        assert!(failed(&d.all(round).await).1.is_cancel());
        d.execute(round + 100, READ, &[read("select 1")], 1000);
        assert_eq!(done(&d.all(round + 100).await).tx, Tx::Idle);
    }
    d.hub.shutdown().await;
}

#[tokio::test]
async fn a_file_is_written_by_copy_and_never_loaded() {
    let db = server::database();
    let mut d = deck(&db).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out").display().to_string();
    let transfer = |d: &mut Deck, job, text: &str, file| {
        d.hub.perform(Effect::Transfer { job: JobId(job), lane: OWN, sql: text.into(), file });
    };
    transfer(&mut d, 1, "COPY (select x from t order by x) TO STDOUT", CopyFile::To(file.clone()));
    assert_eq!(done(&d.all(1).await).tag, "COPY 2");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "1\n2\n");
    transfer(&mut d, 2, "COPY t FROM STDIN", CopyFile::From(file));
    let all = d.all(2).await;
    let (_, e, tx) = failed(&all);
    assert_eq!((e.code.as_str(), tx), ("25006", Tx::Idle), "{e:?}");
    d.hub.shutdown().await;
}

/// What applying one change says when somebody wants transactions to be read-only.
async fn apply_refused(url: &str) -> DbError {
    let mut d = Deck::up(url).await;
    let statement = sql("update t set x = 5 where x = 1");
    d.hub.perform(Effect::Apply {
        job: JobId(1),
        conn: CONN,
        statements: vec![Checked { statement, rows: Some(1) }],
    });
    let all = d.all(1).await;
    let (_, e, tx) = failed(&all);
    assert_eq!(tx, Tx::Idle, "{all:?}");
    d.hub.shutdown().await;
    e.clone()
}

#[tokio::test]
async fn applying_respects_a_default_that_somebody_set() {
    let db = server::database();
    db.execute(SETTING);
    let mut w = open(&db.url()).await;
    let name = rows(&run(&mut w, &sql("select current_database()")).await.unwrap())[0][0].clone().unwrap();
    let role = format!("only_reads_{name}");
    db.execute(&format!("create role {role} login superuser"));
    let as_role =
        db.url().replace("postgres@", &format!("{role}@")).replace("user=postgres", &format!("user={role}"));
    for (set, url, who) in [
        (
            format!("alter role {role} set default_transaction_read_only = on"),
            as_role.clone(),
            "for this role",
        ),
        (format!("alter role {role} reset default_transaction_read_only"), String::new(), ""),
        (
            format!("alter role {role} in database {name} set default_transaction_read_only = on"),
            as_role.clone(),
            "for this role in this database",
        ),
        (format!("alter role {role} in database {name} reset all"), String::new(), ""),
        (
            format!("alter database {name} set default_transaction_read_only = on"),
            db.url(),
            "for this database",
        ),
        (format!("alter database {name} reset default_transaction_read_only"), String::new(), ""),
        (
            "select 1".into(),
            format!("{}&options=-c%20default_transaction_read_only%3Don", db.url()),
            "by the connection's own options",
        ),
    ] {
        run(&mut w, &sql("set default_transaction_read_only = off")).await.unwrap();
        run(&mut w, &sql(&set)).await.unwrap();
        if !who.is_empty() {
            let e = apply_refused(&url).await;
            assert!(e.message.contains(&format!("set {who};")) && e.hint.is_some(), "{set}: {e:?}");
        }
    }
    assert_eq!(rows(&run(&mut w, &sql("select sum(x) from t")).await.unwrap())[0][0].as_deref(), Some("3"));
    run(&mut w, &sql(&format!("drop role {role}"))).await.unwrap();
}
