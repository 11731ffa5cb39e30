//! Search on a real server: the whole program, driven by keys, and the SQL it sends.

#[path = "../support/live.rs"]
#[allow(dead_code, reason = "every test program uses its own part of this")]
mod live;
#[path = "../support/robot.rs"]
#[allow(dead_code, reason = "every test program uses its own part of this")]
mod robot;
#[path = "../support/server.rs"]
mod server;
#[path = "../support/session.rs"]
#[allow(dead_code, reason = "every test program uses its own part of this")]
mod session;

mod around;
mod forms;
mod marks;
mod typing;
mod whatever;

use live::Live;
use server::Database;

fn ask(db: &Database, sql: &str) -> String {
    server::ask(server::cluster(), &db.name, sql)
}

/// The program in its Search pane.
fn search(db: &Database) -> Live {
    let mut live = Live::new(db, &[], 120, 40);
    live.keys("<alt-3>").see("Type to search");
    live
}

#[test]
fn posts_about_a_subject_are_found_by_the_index_and_opened() {
    let db = server::database_with_posts();
    let mut live = search(&db);
    live.see("posts  title, content · english · posts_search_idx (gin");
    live.keys("vacuum proc").see("served by posts_search_idx").settle();
    let screen = live.robot.screen();
    assert!(screen.contains("'vacuum' & 'proc':*"), "{screen}");
    let count = ask(
        &db,
        "select count(*) from posts where to_tsvector('english', title || ' ' || content) @@ to_tsquery('vacuum & proc:*')",
    );
    assert!(screen.contains(&format!("{count} hits in")), "{count}\n{screen}");
    // The first result's key stands at the right of its title.
    let first = screen
        .lines()
        .nth(5)
        .and_then(|l| l.split('│').next()?.split_whitespace().last())
        .expect("a key")
        .to_owned();
    live.keys("<enter><enter>").see("▌1 Browse").settle();
    let title = ask(&db, &format!("select title from posts where id = {first}"));
    let screen = live.robot.screen();
    assert!(screen.contains(&first) && screen.contains(&title[..20]), "{first} {title}\n{screen}");
    assert_eq!(live.wrong(), [""; 0]);
}

#[test]
fn columns_kept_by_triggers_and_generated_ones_are_searched_with_their_configuration() {
    let db = server::database();
    db.execute(
        "create table film (film_id int primary key, title text, description text, fulltext tsvector);
         create trigger kept before insert or update on film for each row
            execute function tsvector_update_trigger(fulltext, 'pg_catalog.german', title, description);
         create index film_fulltext on film using gist (fulltext);
         insert into film select g, 'Haus ' || g, 'alte Häuser am See, Nummer ' || g from generate_series(1, 400) g;
         create table page (a int, b int, head text, body text, primary key (a, b),
            v tsvector generated always as (setweight(to_tsvector('simple', coalesce(head, '')), 'A')
                || setweight(to_tsvector('simple', coalesce(body, '')), 'B')) stored);
         create index page_v on page using gin (v);
         insert into page select g, g + 1, 'Seite ' || g, 'Häuser ' || g from generate_series(1, 100) g;
         analyze",
    );
    let mut live = search(&db);
    live.see("film  title, description · german · film_fulltext (gist");
    // German knows the plural; the planner reads so small a table if it likes.
    live.keys("häuser ").see("400 hits").settle();
    assert!(live.robot.screen().contains("'haus'"), "{}", live.robot.screen());
    live.keys("<f3>page<enter>").see("page  head, body · simple · page_v (gin").see("100 hits").settle();
    let screen = live.robot.screen();
    assert!(screen.contains("'häuser'") && screen.contains("Seite 1 "), "{screen}");
    live.keys("<tab><down><enter>").see("▌1 Browse");
}

#[test]
fn a_partial_index_serves_with_its_condition() {
    let db = server::database();
    db.execute(
        "create table note (id int primary key, live bool, body text);
         insert into note select g, g % 2 = 0, 'word ' || g from generate_series(1, 5000) g;
         create index note_live on note using gin (to_tsvector('english', body)) where live;
         analyze",
    );
    let mut live = Live::new(&db, &[], 120, 40);
    live.keys("<alt-3>").see("No index of this database serves");
    live.keys("<f3>note<enter>").see("partial").keys("4000").see("1 hit in").see("served by note_live");
    live.keys("<ctrl-u>4001").see("0 hits in");
    live.see("only rows that meet live");
}

#[test]
fn without_an_index_a_bounded_number_of_rows_is_read_until_all_are_asked_for() {
    let db = server::database();
    db.execute(
        "create table plain (id int primary key, body text);
         insert into plain select g, case when g = 5 then 'needle' else 'hay ' || g end from generate_series(1, 6000) g;
         analyze",
    );
    let mut live = Live::new(&db, &[], 120, 40);
    live.keys("<alt-3>").see("No index of this database serves");
    live.keys("<f3>plain<enter>").see("no index").keys("needle");
    live.see("0 hits").see("NO INDEX SERVES: only 2,000 of ~6,000 rows were read, F6 reads all");
    live.keys("<f6>").see("~6,000 rows, about").keys("<enter>").see("1 hit in").see("every row was read");
    // What is smaller than the bound is simply read.
    db.execute("delete from plain where id > 1000");
    live.keys("<backspace>").see("1 hit in").see("no index: all 1,000 rows were read");
}

#[test]
fn negations_alone_are_no_work_for_an_index() {
    let db = server::database_with_posts();
    let mut live = search(&db);
    live.keys("-vacuum").see("NO INDEX SERVES NEGATIONS ALONE: only 2,000 of ~3,000 rows were read");
    let screen = live.robot.screen();
    assert!(screen.contains("!'vacuum'"), "{screen}");
}

#[test]
fn what_is_dropped_or_forbidden_is_said() {
    let db = server::database_with_posts();
    let mut live = search(&db);
    live.keys("vacuum").see("served by").settle();
    db.execute("alter table posts rename to articles");
    live.keys(" x").see("It was changed or dropped since: F5 looks again");
    live.keys("<f5>").settle();
    db.execute("alter table articles rename to posts");
    live.keys("<backspace>").see("served by posts_search_idx");
}
