//! Plans on a real server: the whole program, driven by keys. What ANALYZE runs leaves nothing behind.

#[path = "../support/live.rs"]
#[allow(dead_code, reason = "every test program uses its own part of this")]
mod live;
#[path = "../support/robot.rs"]
#[allow(dead_code, reason = "every test program uses its own part of this")]
mod robot;
#[path = "../support/server.rs"]
mod server;

use live::Live;
use pgdeck::core::event::Tx;
use server::Database;

const BLOG: &str = "
    create table users (id int primary key, name text not null);
    create table posts (id int primary key, user_id int not null references users on delete cascade, title text);
    create function note() returns trigger language plpgsql as $$ begin return old; end $$;
    create trigger noted before delete on posts for each row execute function note();
    create sequence s;
    insert into users select g, 'user ' || g from generate_series(1, 500) g;
    insert into posts select g, g % 500 + 1, 'post ' || g from generate_series(1, 20000) g;
    analyze";

fn blog() -> Database {
    let db = server::database();
    db.execute(BLOG);
    db
}

fn ask(db: &Database, sql: &str) -> String {
    server::ask(server::cluster(), &db.name, sql)
}

/// The program in its SQL pane with this text, the cursor at its end.
fn sql(db: &Database, text: &str) -> Live {
    let mut live = Live::new(db, &[], 120, 40);
    live.keys("<alt-2>").keys(text);
    live
}

/// Another text in the SQL pane.
fn type_anew(live: &mut Live, text: &str) {
    live.keys("<alt-2><ctrl-end>\n;\n").keys(text);
}

fn tx(live: &Live) -> Tx {
    live.robot.app.world().server().map_or(Tx::Gone, |s| s.tx)
}

#[test]
fn analyze_of_a_delete_leaves_the_rows() {
    let db = blog();
    let mut live = sql(&db, "delete from users where id <<= 10");
    live.keys("<f9>").see("A rollback does not undo");
    let asked = live.robot.screen();
    assert!(asked.contains("It is expected to change ~1"), "{asked}");
    assert!(asked.contains("posts_user_id_fkey on users: foreign key"), "{asked}");
    assert_eq!(ask(&db, "select count(*) from users"), "500", "nothing is run before the answer");
    live.keys("r").see("EXPLAIN ANALYZE").see("Trigger of the constraint posts_user");
    let screen = live.robot.screen();
    assert!(screen.contains("Delete users"), "{screen}");
    assert_eq!(ask(&db, "select count(*) || ' ' || (select count(*) from posts) from users"), "500 20000");
    assert_eq!(tx(&live), Tx::Idle);
    // A trigger of one's own is named.
    type_anew(&mut live, "delete from posts where id = 3");
    live.keys("<f9>").see("noted on posts: before each row calls note");
    live.keys("n").see("Not run");
}

#[test]
fn within_a_transaction_only_the_explained_statement_is_undone() {
    let db = blog();
    let mut live = sql(&db, "begin");
    live.keys("<f5>").until(|r| r.app.world().server().is_some_and(|s| s.tx == Tx::Open)).settle();
    type_anew(&mut live, "insert into users values (1000, 'mine')");
    live.keys("<f5>").see("INSERT 0 1");
    type_anew(&mut live, "create temp table mine as select 1 as a");
    live.keys("<f5>").see("SELECT 1 ·");
    // An error of EXPLAIN does not end the transaction.
    type_anew(&mut live, "select * from nowhere");
    live.keys("<f7>").see("does not exist");
    assert_eq!(tx(&live), Tx::Open);
    // The session's own temporary table is seen.
    type_anew(&mut live, "select * from mine");
    live.keys("<f7>").see("Seq Scan mine");
    type_anew(&mut live, "delete from users where id = 1000");
    live.keys("<f9>").see("A rollback does not undo").keys("r").see("EXPLAIN ANALYZE");
    live.see("Delete users");
    assert_eq!(tx(&live), Tx::Open);
    type_anew(&mut live, "commit");
    live.keys("<f5>").until(|r| r.app.world().server().is_some_and(|s| s.tx == Tx::Idle));
    assert_eq!(ask(&db, "select name from users where id = 1000"), "mine");
}

#[test]
fn a_cancelled_run_leaves_the_session_as_it_was() {
    let db = blog();
    let mut live = sql(&db, "select nextval('s'), pg_sleep(600)");
    live.keys("<f9>").see("It cannot be known that it only reads").keys("r").see("runs the statement");
    live.keys("<ctrl-c>").see("Cancelled after");
    assert!(live.robot.screen().contains("Result"), "the plan as expected stays: {}", live.robot.screen());
    assert_eq!(tx(&live), Tx::Idle);
    assert_eq!(
        ask(
            &db,
            "select count(*) from pg_stat_activity where state like 'idle in%' and datname = current_database()"
        ),
        "0"
    );
    type_anew(&mut live, "select 'still here'");
    live.keys("<f5>").see("1 SELECT · 1 row");
    // A function that writes behind a harmless name is refused by the server, not guessed at.
    db.execute(
        "create function hidden() returns int language sql as 'insert into users values (9999, ''x''); select 1';
         create view harmless as select hidden() as a",
    );
    type_anew(&mut live, "select * from harmless");
    live.keys("<f9>").see("read-only transaction");
    assert_eq!(ask(&db, "select count(*) from users where id = 9999"), "0");
    assert_eq!(tx(&live), Tx::Idle);
}

#[test]
fn parameters_have_values_or_none() {
    let db = blog();
    let mut live = sql(&db, "select * from posts where id = :which");
    live.keys("<f7>").see("The statement has parameters: which").keys("p").see("EXPLAIN for any values");
    live.see("Index Scan posts");
    live.keys("<f9>").see("Parameters").keys("17<enter>").see("EXPLAIN ANALYZE").see("Index Scan posts");
    // Once more with the same value, without a question.
    live.keys("<f9>").until(|r| !r.screen().contains("Plan…"));
    assert!(!live.robot.screen().contains("Parameters"), "{}", live.robot.screen());
    assert_eq!(tx(&live), Tx::Idle);
    // Nothing prepared stays behind in the session.
    type_anew(&mut live, "select count(*) || ' prepared' from pg_prepared_statements");
    live.keys("<f5>").see("0 prepared").settle();
}

#[test]
fn the_missing_index_is_named_made_and_makes_the_difference_that_the_comparison_shows() {
    let db = blog();
    db.execute(
        "insert into posts select g, g % 500 + 1, repeat('post ', 20) from generate_series(20001, 200000) g;
        alter table posts set (parallel_workers = 0); analyze posts",
    );
    let mut live = sql(&db, "select title from posts where user_id = 42");
    live.keys("<f9>")
        .see("EXPLAIN ANALYZE")
        .see("Seq Scan posts")
        .see("finding")
        .see("CREATE INDEX CONCURRENTLY");
    // Into the SQL pane it goes, and is not run.
    live.keys("<tab>i").see("▌2 SQL");
    assert!(live.robot.screen().contains("CREATE INDEX CONCURRENTLY"), "{}", live.robot.screen());
    assert_eq!(ask(&db, "select count(*) from pg_indexes where tablename = 'posts'"), "1");
    live.keys("<f5>").see("CREATE INDEX · ");
    assert_eq!(ask(&db, "select count(*) from pg_indexes where tablename = 'posts'"), "2");
    db.execute("analyze posts");
    live.keys("<alt-4><f9>").see("Index").until(|r| {
        let s = r.screen();
        s.contains("EXPLAIN ANALYZE") && !s.contains("Plan…") && !s.contains("Seq Scan posts")
    });
    assert!(!live.robot.screen().contains("CREATE INDEX"), "{}", live.robot.screen());
    live.keys("d<enter>").see("Comparison");
    let screen = live.robot.screen();
    assert!(
        screen.contains("before: EXPLAIN ANALYZE") && screen.contains("after: EXPLAIN ANALYZE"),
        "{screen}"
    );
    assert!(screen.contains("Seq Scan posts") && screen.contains("Index"), "{screen}");
    assert!(screen.contains("× less"), "{screen}");
}

#[test]
fn a_read_only_connection_plans_for_any_values_and_for_given_ones() {
    let db = blog();
    let mut live = Live::read_only(&db, 120, 40);
    live.keys("<alt-2>select * from posts where id = $1");
    live.keys("<f7>").see("The statement has parameters").keys("p").see("EXPLAIN for any values");
    live.see("Index Scan posts");
    live.keys("<f9>").see("Parameters").keys("17<enter>").see("▌Tree").see("EXPLAIN ANALYZE");
    // In a transaction of the user's too, and nothing of ours stays in it.
    type_anew(&mut live, "begin");
    live.keys("<f5>").until(|r| r.app.world().server().is_some_and(|s| s.tx == Tx::Open)).settle();
    type_anew(&mut live, "select * from users where id = $1");
    live.keys("<f7>").see("The statement has parameters").keys("p").see("Index Scan users");
    assert_eq!(tx(&live), Tx::Open);
    type_anew(&mut live, "select count(*) || ' prepared' from pg_prepared_statements");
    live.keys("<f5>").see("0 prepared").settle();
    // What would write is planned, and not run.
    type_anew(&mut live, "delete from posts where id = $1");
    live.keys("<f7>").see("The statement has parameters").keys("p").see("Delete posts");
    assert_eq!(ask(&db, "select count(*) from posts"), "20000");
    assert!(live.failures.is_empty(), "{:?}", live.failures);
}

#[test]
fn a_parameter_whose_type_cannot_be_told_is_said_and_its_statement_kept() {
    let db = blog();
    let mut live = sql(&db, "select date_trunc('day', $1)");
    live.keys("<f7>").see("The statement has parameters").keys("p").see("where a cast gives one");
    live.keys("gs").see("▌2 SQL").see("select date_trunc('day', $1)");
}

/// A database with hypopg; none where the test server has no such extension.
fn with_hypopg() -> Option<Database> {
    let db = blog();
    let there = ask(&db, "select count(*) from pg_available_extensions where name = 'hypopg'");
    if there == "0" {
        eprintln!("skipped: the test server has no hypopg");
        return None;
    }
    db.execute(
        "create extension hypopg;
        insert into posts select g, g % 500 + 1, repeat('post ', 20) from generate_series(20001, 200000) g;
        alter table posts set (parallel_workers = 0); analyze posts",
    );
    Some(db)
}

/// Hypothetical indexes of the user's session.
fn hypothetical(live: &mut Live) -> String {
    type_anew(
        live,
        "select 'left: ' || coalesce(string_agg(indrelid::regclass::text, ','), '-') from hypopg()",
    );
    live.keys("<f5>").see("left: ").settle();
    let screen = live.robot.screen();
    screen.rsplit("left: ").next().unwrap().split_whitespace().next().unwrap().to_owned()
}

#[test]
fn an_index_is_tried_and_only_that_one_is_taken_away() {
    let Some(db) = with_hypopg() else { return };
    let mut live = sql(&db, "select hypopg_create_index('create index on users (name)')");
    live.keys("<f5>").see("1 SELECT · 1 row");
    for in_transaction in [false, true] {
        if in_transaction {
            type_anew(&mut live, "begin");
            live.keys("<f5>").until(|r| r.app.world().server().is_some_and(|s| s.tx == Tx::Open)).settle();
        }
        type_anew(&mut live, "select title from posts where user_id = 42");
        live.keys("<f9>").until(|r| {
            let s = r.screen();
            !s.contains("Plan…") && s.contains("EXPLAIN ANALYZE") && s.contains("CREATE INDEX CONCURRENTLY")
        });
        live.keys("<tab>x").see("Comparison").see("(user_id) is not there");
        let screen = live.robot.screen();
        assert!(screen.contains("Seq Scan on posts became"), "{screen}");
        live.keys("<esc>");
        assert_eq!(hypothetical(&mut live), "users");
        assert_eq!(tx(&live), if in_transaction { Tx::Open } else { Tx::Idle });
    }
    assert!(live.failures.is_empty(), "{:?}", live.failures);
    // It writes nothing, so a read-only connection can try one too.
    let mut live = Live::read_only(&db, 120, 40);
    live.keys("<alt-2>select title from posts where user_id = 42<f9>").see("CREATE INDEX CONCURRENTLY");
    live.keys("<tab>x").see("(user_id) is not there");
    assert_eq!(hypothetical(&mut live), "-");
}

#[test]
fn an_index_that_was_tried_goes_after_an_error_and_a_cancel_too() {
    let Some(db) = with_hypopg() else { return };
    // Called while the statement is planned, it meets the second of the two plans only.
    db.execute(
        "create function meets() returns int language plpgsql immutable as $$ begin
            perform from hypopg() where indrelid = 'posts'::regclass;
            if found and exists (select from pg_class where relname = 'fails') then raise 'met one'; end if;
            if found then perform pg_sleep(600); end if;
            return 42;
        end $$;",
    );
    for fails in [false, true] {
        if fails {
            db.execute("create table fails ()");
        }
        let mut live = sql(&db, "select hypopg_create_index('create index on users (name)')");
        live.keys("<f5>").see("1 SELECT · 1 row");
        type_anew(&mut live, "select title from posts where user_id = meets()");
        live.keys("<f9>").see("It cannot be known").keys("r").see("CREATE INDEX CONCURRENTLY");
        live.keys("<tab>x");
        if fails {
            live.see("met one");
        } else {
            let sleeping = "select count(*) from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()";
            live.until(|_| ask(&db, sleeping) == "1");
            live.keys("<ctrl-c>").see("Cancelled after");
        }
        assert_eq!(hypothetical(&mut live), "users");
        assert_eq!(tx(&live), Tx::Idle);
    }
}
