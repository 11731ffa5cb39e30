//! Typing while the server is slow.

use crate::{ask, search, server};

/// Every document takes its time to be ranked.
fn slow() -> server::Database {
    let db = server::database();
    db.execute(
        "create function vector(t text) returns tsvector language plpgsql immutable as $$ begin
             perform pg_sleep(coalesce(current_setting('slow.wait', true), '0')::float);
             return to_tsvector('english', t);
         end $$;
         create table doc (id int primary key, body text);
         insert into doc select g, 'alphabet soup number ' || g from generate_series(1, 100) g;
         create index doc_words on doc using gin (vector(body));
         analyze",
    );
    db.execute(&format!("alter database {} set slow.wait = '0.02'", db.name));
    db
}

#[test]
fn typing_fast_leaves_one_search_on_the_server_and_the_last_one_is_shown() {
    let db = slow();
    let mut live = search(&db);
    live.see("doc  body").settle();
    let running =
        "select count(*) from pg_stat_activity where datname = current_database() and state = 'active'
        and query like '%pgdeck_r%' and pid <> pg_backend_pid()";
    let seen = |db: &server::Database| ask(db, running).parse::<u32>().expect("a number");
    let mut most = 0;
    for key in "alphabet soup n".chars() {
        live.keys(&key.to_string());
        // Some keys come while the search before is under way, some after the pause in which it is cancelled.
        for _ in 0..4 {
            most = most.max(seen(&db));
            let mut events = 0;
            live.until(|_| {
                events += 1;
                events > 2
            });
        }
    }
    assert_eq!(most, 1, "one search at a time, and the test saw it");
    live.keys("<ctrl-u>soup").see("'soup':*").settle();
    let screen = live.robot.screen();
    assert!(screen.contains("100 hits"), "{screen}");
    assert!(
        live.failures.iter().any(|f| f.contains("canceling statement due to user request")),
        "{:?}",
        live.failures
    );
    assert!(live.failures.iter().all(|f| f.contains("cancel")), "{:?}", live.failures);
    assert_eq!(seen(&db), 0);
}

#[test]
fn a_search_that_takes_too_long_is_ended_by_the_server_and_by_the_user() {
    let db = slow();
    db.execute(&format!("alter database {} set slow.wait = '0.2'", db.name));
    let mut live = search(&db);
    live.keys("soup").see("the time a search may take unasked").settle();
    live.keys("!").until(|r| r.screen().contains("searching for"));
    live.keys("<ctrl-c>").see("Cancelled after");
}
