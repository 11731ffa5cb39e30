//! Cases of what statements do.

use super::*;
use proptest::prelude::*;

#[test]
fn kinds_and_verbs() {
    let cases = [
        ("", Kind::Empty, ""),
        (" -- x\n;", Kind::Empty, ""),
        ("select 1", Kind::Read, "SELECT"),
        ("(select 1) union select 2;", Kind::Read, "SELECT"),
        ("table t", Kind::Read, "TABLE"),
        ("values (1)", Kind::Read, "VALUES"),
        ("show all", Kind::Read, "SHOW"),
        ("with a as (select 1) select * from a for update", Kind::Read, "SELECT"),
        ("with a as (delete from t returning *) select * from a", Kind::Write, "SELECT"),
        ("with a as materialized (update t set x = 1 returning *) table a", Kind::Write, "TABLE"),
        ("with a as (select 1) insert into t select * from a", Kind::Write, "INSERT"),
        ("WITH a AS (select 1) UPDATE t set x = 1", Kind::Write, "UPDATE"),
        ("select * into new from t", Kind::Write, "SELECT"),
        ("select (select 1) into temp new", Kind::Write, "SELECT"),
        ("insert into t values (1)", Kind::Write, "INSERT"),
        ("MERGE into t using s on a when matched then delete", Kind::Write, "MERGE"),
        ("truncate t", Kind::Write, "TRUNCATE"),
        ("do $$ begin end $$", Kind::Write, "DO"),
        ("execute p(1)", Kind::Write, "EXECUTE"),
        ("create or replace temp view v as select 1", Kind::Ddl, "CREATE VIEW"),
        ("create unique index concurrently on t (a)", Kind::Ddl, "CREATE INDEX"),
        ("drop materialized view if exists v", Kind::Ddl, "DROP MATERIALIZED VIEW"),
        ("alter default privileges grant select on tables to x", Kind::Ddl, "ALTER PRIVILEGES"),
        ("create user mapping for x server y", Kind::Ddl, "CREATE USER MAPPING"),
        ("create user x", Kind::Ddl, "CREATE USER"),
        (
            "create function f() returns int begin atomic select 1; select 2; end",
            Kind::Ddl,
            "CREATE FUNCTION",
        ),
        ("comment on table t is 'x'", Kind::Ddl, "COMMENT TABLE"),
        ("grant all on t to x", Kind::Ddl, "GRANT"),
        ("begin isolation level serializable", Kind::TxBegin, "BEGIN"),
        ("start transaction", Kind::TxBegin, "START TRANSACTION"),
        ("commit and chain", Kind::TxEnd, "COMMIT"),
        ("rollback", Kind::TxEnd, "ROLLBACK"),
        ("prepare transaction 'x'", Kind::TxEnd, "PREPARE TRANSACTION"),
        ("rollback prepared 'x'", Kind::TxEnd, "ROLLBACK"),
        ("rollback work to savepoint s", Kind::Savepoint, "ROLLBACK TO"),
        ("rollback to s", Kind::Savepoint, "ROLLBACK TO"),
        ("savepoint s", Kind::Savepoint, "SAVEPOINT"),
        ("set x = 1", Kind::Set, "SET"),
        ("copy t from stdin", Kind::CopyIn, "COPY"),
        ("copy (select a from t) to stdout", Kind::CopyOut, "COPY"),
        ("copy t (a, b) to program 'x'", Kind::CopyOut, "COPY"),
        ("explain select 1", Kind::Explain, "EXPLAIN SELECT"),
        ("explain (costs off, analyze) delete from t", Kind::Explain, "EXPLAIN ANALYZE DELETE"),
        ("explain analyze verbose update t set a = 1 where b", Kind::Explain, "EXPLAIN ANALYZE UPDATE"),
        ("explain explain select 1", Kind::Explain, "EXPLAIN"),
        ("prepare p as select 1", Kind::Utility, "PREPARE"),
        ("vacuum t", Kind::Utility, "VACUUM"),
        ("select 1; delete from t;", Kind::Several, "SELECT"),
    ];
    for (sql, kind, verb) in cases {
        let facts = facts(sql);
        assert_eq!((facts.kind, facts.verb.as_str()), (kind, verb), "{sql}");
    }
}

#[test]
fn only_a_sure_read_is_pure() {
    for sql in [
        "select * from posts",
        "select p.*, count(*) filter (where x > 1) over (partition by a) from posts p join u using (id)",
        "with a(x, y) as (select lower(name), now() from t), b as materialized (values (1)) select * from a as q(i, j)",
        "select cast(a as numeric(10,2)), x::varchar(3), array[1], extract(year from d), coalesce(a, b) from t",
        "select * from generate_series(1, 10) as g(n) where n in (1, 2) and exists (select 1) group by rollup (n)",
        "table posts;",
        "values (1), (2)",
        "show search_path",
        "explain delete from t",
        "select pg_catalog.length(a) from (select b from t) x(a)",
        "explain (analyze) select 1",
        "select \"count\"(*) from t",
    ] {
        assert!(pure_read(sql), "{sql}");
    }
    for sql in [
        "select * from t for update",
        "select * from t for no key update skip locked",
        "select * from t for key share",
        "select nextval('s')",
        "select app.refresh_totals()",
        "select my_function(x) from t",
        "select \"My\"(1)",
        "select * into x from t",
        "with a as (insert into t values (1) returning *) select * from a",
        "select pg_advisory_lock(1)",
        "select set_config('a', 'b', false)",
        "select pg_terminate_backend(1)",
        "fetch all from c",
        "explain analyze select nextval('s')",
        "explain analyze update t set a = 1",
        "execute p",
        "select 1; select 2",
        "update t set a = 1",
        "copy t to stdout",
        "",
    ] {
        assert!(!pure_read(sql), "{sql}");
    }
}

#[test]
fn a_change_without_where_is_noticed() {
    for (sql, want) in [
        ("update t set a = 1", Some(false)),
        ("update t set a = 1 where b", Some(true)),
        ("update t set a = (select b from u where c)", Some(false)),
        ("delete from t using u", Some(false)),
        ("delete from t where current of c;", Some(true)),
        ("explain analyze delete from t", Some(false)),
        ("with d as (delete from t returning a) select * from d where a", Some(false)),
        ("with d as (delete from t where b returning a) update u set c = 1 where true", Some(true)),
        ("with d as (select 1 where true) delete from t", Some(false)),
        ("with d as (delete from t", Some(false)),
        ("update t set a = (select 1) where b) )", Some(true)),
        ("insert into t values (1) on conflict do update set a = 1", None),
        ("select * from t for update", None),
        ("with a as (select 1) select * from a for update", None),
        ("merge into t using u on x when matched then delete", None),
    ] {
        assert_eq!(has_where(sql), want, "{sql}");
        assert_eq!(facts(sql).missing_where, want == Some(false), "{sql}");
    }
}

#[test]
fn what_writes() {
    assert!(!facts("explain delete from t").writes());
    assert!(facts("explain analyze create table x as select 1").writes());
    assert!(facts("select 1 into x").writes());
    assert!(facts("select 1; drop table t").writes());
    assert!(!facts("select 1").writes());
    let locks = facts("select 1 from t for share");
    assert!(locks.locks_rows && !locks.writes());
}

proptest! {
    #[test]
    fn any_text_has_a_kind(words in prop::collection::vec(prop::sample::select(vec![
        "with", "a", "as", "(", ")", "select", "insert", "update", "delete", "for", "where", "explain", "analyze",
        ";", ",", "create", "begin", "atomic", "copy", "from", "to", "'x'", "f", "rollback", "into", "\"",
    ]), 0..20)) {
        let sql = words.join(" ");
        let facts = facts(&sql);
        prop_assert!(!(facts.pure_read && facts.writes()), "{sql}");
        let _ = (has_where(&sql), crate::sql::secrets::redact(&sql));
    }
}
