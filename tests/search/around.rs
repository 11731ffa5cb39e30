//! What stands around the results: values to narrow by, filters of Browse, several tables, why, advice, saving.

use crate::{ask, live::Live, search, server, server::Database};
use std::process::Command;

const MATCH: &str = "to_tsvector('english', title || ' ' || content) @@ to_tsquery('vacuum:*')";

/// The console on the posts with the hits for "vacuum".
fn vacuum(db: &Database) -> Live {
    let mut live = search(db);
    live.keys("vacuum").see("served by posts_search_idx").settle();
    live
}

#[test]
fn results_are_narrowed_by_tag() {
    let db = server::database_with_posts();
    let mut live = vacuum(&db);
    let sql = ask(&db, &format!("select count(*) from posts where {MATCH} and 'sql' = any(tags)"));
    let screen = live.robot.screen();
    let beside = |s: &str, tag: &str| {
        let line = s
            .lines()
            .find_map(|l| l.split_once('│').map(|(_, r)| r.trim().to_owned()).filter(|r| r.contains(tag)));
        line.unwrap_or_else(|| panic!("{tag} is not there\n{s}"))
    };
    assert!(beside(&screen, "sql").ends_with(&sql), "{sql}\n{screen}");
    live.keys("<tab><tab>j<enter>").see("only tags has element").settle();
    let tag = beside(&live.robot.screen(), "✓");
    let name = tag.trim_start_matches('✓').split_whitespace().next().expect("a tag").to_owned();
    let count = ask(&db, &format!("select count(*) from posts where {MATCH} and '{name}' = any(tags)"));
    live.see(&format!("{count} hits in"));
    live.keys("X")
        .see(&format!("{} hits in", ask(&db, &format!("select count(*) from posts where {MATCH}"))));
    // Of a document's key, too.
    live.keys("f")
        .see("Count the values of")
        .keys("metadata<enter>")
        .see("Key of metadata")
        .keys("language<enter>");
    live.see("metadata.language").see("en ").settle();
    live.keys("<enter>").see("only metadata @>").settle();
    let first = beside(&live.robot.screen(), "✓");
    let language = first.trim_start_matches('✓').split_whitespace().next().expect("a language").to_owned();
    let count = ask(
        &db,
        &format!("select count(*) from posts where {MATCH} and metadata->>'language' = '{language}'"),
    );
    live.see(&format!("{count} hits in"));
    assert_eq!(live.wrong(), [""; 0]);
}

#[test]
fn what_was_chosen_for_a_table_is_known_when_it_is_searched_again() {
    let db = server::database_with_posts();
    let mut live = vacuum(&db);
    live.keys("<f8>metadata<enter>").see("Key of metadata").keys("language<enter>");
    live.see("metadata.language").settle();
    live.keys("<f3>comments body<enter>").see("comments  body").settle();
    assert!(!live.robot.screen().contains("metadata.language"), "{}", live.robot.screen());
    live.keys("<f3>posts title<enter>").see("posts  title, content").see("metadata.language").settle();
    assert_eq!(live.wrong(), [""; 0]);
}

#[test]
fn a_filter_of_browse_applies() {
    let db = server::database_with_posts();
    let mut live = Live::new(&db, &[], 120, 40);
    // The posts of the first user, below.
    live.see("user_id = 1").settle();
    live.keys("<tab>gf").see("▌3 Search").see("only user_id = '1'").settle();
    let words = "to_tsvector('english', title || ' ' || content) @@ to_tsquery('the | a | notes | start')";
    let count = ask(&db, &format!("select count(*) from posts where user_id = 1 and {words}"));
    live.keys("notes or start ").see(&format!("{count} hit")).settle();
    assert_eq!(live.wrong(), [""; 0]);
}

#[test]
fn several_tables_are_searched_at_once() {
    let db = server::database_with_posts();
    db.execute(
        "create index comments_search on comments using gin (to_tsvector('english', body)); analyze comments",
    );
    let mut live = search(&db);
    live.keys("<f4>").see("or no more").keys("comments body<enter>").see("posts, comments").settle();
    live.keys("spring").see("by index").settle();
    let screen = live.robot.screen();
    let posts = ask(
        &db,
        "select count(*) from posts where to_tsvector('english', title || ' ' || content) @@ to_tsquery('spring:*')",
    );
    let comments = ask(
        &db,
        "select count(*) from comments where to_tsvector('english', body) @@ to_tsquery('spring:*')",
    );
    assert!(
        screen.contains(&format!("posts {posts} hits by index · comments {comments} hits by index")),
        "{screen}"
    );
    live.keys("<f4>").see("✓ comments").keys("✓ comments<enter>").see("posts  title, content");
    assert_eq!(live.wrong(), [""; 0]);
}

#[test]
fn why_a_row_matched_and_a_word_did_not() {
    let db = server::database_with_posts();
    let mut live = search(&db);
    live.keys("the vacuum ").see("served by").settle();
    live.keys("<tab>x").see("Why it matched");
    let screen = live.robot.screen();
    let rows = ask(
        &db,
        "select count(*) from posts where to_tsvector('english', title || ' ' || content) @@ to_tsquery('vacuum')",
    );
    assert!(screen.contains("'vacuum'           at "), "{screen}");
    assert!(screen.contains(&format!("'vacuum' in {rows} rows (english_stem)")), "{screen}");
    assert!(screen.contains("stop word of english_stem: in no document"), "{screen}");
    live.keys("q/<ctrl-u>vacums").see("Did you mean \"vacuum\"? Ctrl+Y takes it").settle();
    live.keys("<f9>").see("What became of the words").see("'vacum' in 0 rows");
    live.keys("q<ctrl-y>").see("▸ vacuum").see("hits in");
    assert_eq!(live.wrong(), [""; 0]);
}

#[test]
fn the_index_that_is_advised_serves() {
    let db = server::database();
    db.execute(
        "create table doc (id int primary key, title text, body text);
         insert into doc select g, 'Title ' || g, 'some words about subject ' || g from generate_series(1, 9000) g;
         analyze",
    );
    let mut live = Live::new(&db, &[], 120, 40);
    live.keys("<alt-3>").see("No index of this database serves");
    live.keys("<f3>doc<enter>").see("no index").keys("subject").see("NO INDEX SERVES").settle();
    live.keys("<f10>")
        .see("No index serves")
        .see("CREATE INDEX CONCURRENTLY ON public.doc")
        .see("a GIN index on ~9,000 rows");
    let screen = live.robot.screen();
    let bare = |l: &str| l.trim_matches(|c| c == '│' || c == ' ').to_owned();
    let lines =
        screen.lines().map(bare).skip_while(|l| !l.contains("CREATE INDEX")).take_while(|l| !l.is_empty());
    let sql = lines.collect::<Vec<_>>().join(" ");
    // Tried, it serves, and nothing of it is left.
    live.keys("q<ctrl-t>").see("Try an index?").keys("<enter>").see("rolled back: nothing of it is left");
    let tried = live.robot.screen();
    assert!(tried.contains("Before: cost") && tried.contains("Seq Scan on doc"), "{tried}");
    assert!(tried.contains("After: cost") && tried.contains("the search ran in"), "{tried}");
    assert!(tried.contains("Bitmap Index Scan on pgdeck_trial"), "{tried}");
    assert_eq!(ask(&db, "select count(*) from pg_class where relname like 'pgdeck%'"), "0");
    db.execute(&sql.replace("CONCURRENTLY ", ""));
    live.keys("q<f5>").see("doc_to_tsvector_idx (gin").settle();
    live.keys("<ctrl-u>8999").see("1 hit in").see("served by doc_to_tsvector_idx");
}

#[test]
fn an_index_is_not_tried_where_writers_would_wait() {
    let db = server::database();
    db.execute(
        "create table doc (id int primary key, body text);
         insert into doc select g, 'subject ' || g from generate_series(1, 100) g; analyze",
    );
    let mut live = Live::new(&db, &[], 120, 40);
    live.keys("<alt-3>").see("No index of this database serves");
    live.keys("<f3>doc<enter>").see("no index").keys("<ctrl-t>").see("Type what to search for first");
    live.keys("subject").see("100 hits").settle();
    // Somebody holds the table.
    let url = db.url();
    let other = live.block_on(async move {
        let (client, connection) =
            tokio_postgres::connect(&url, tokio_postgres::NoTls).await.expect("a connection");
        tokio::spawn(connection);
        client.batch_execute("begin; lock table doc in row exclusive mode").await.expect("locked");
        client
    });
    live.keys("<ctrl-t>").see("Try an index?").keys("<enter>").see("Somebody holds the table");
    live.block_on(other.batch_execute("rollback")).expect("rolled back");
    db.execute("update pg_class set reltuples = 5e6 where relname = 'doc'");
    live.keys("<f5>").settle();
    live.keys("<ctrl-t>").see("~5,000,000 rows: writers would wait too long");
}

#[test]
fn a_saved_search_runs_with_pgdeck_run() {
    let db = server::database_with_posts();
    let mut live = vacuum(&db);
    live.keys("<ctrl-s>").see("Save the search as a query").settle();
    live.robot.keys("<enter>");
    let text = live.robot.take(|e| match e {
        pgdeck::core::effect::Effect::Write { text, .. } => Some(text.clone()),
        _ => None,
    });
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("search.sql");
    std::fs::write(&file, &text).expect("written");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pgdeck"));
        command.arg(db.url()).arg("run").arg(&file).args(arguments).env("HOME", folder.path());
        let out = command.output().expect("run");
        assert!(out.status.success(), "{}\n{text}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8_lossy(&out.stdout).into_owned()
    };
    let rows = run(&["--format", "csv", "-p", "query=vacuum process", "-p", "limit=5"]);
    assert_eq!(rows.lines().count(), 6, "{rows}");
    assert!(rows.lines().next().is_some_and(|l| l == "id,title,rank,fragments"), "{rows}");
    assert!(rows.contains("**vacuum**"), "{rows}");
    assert_eq!(
        run(&["--format", "csv", "-p", "limit=1"]).lines().count(),
        2,
        "what was typed is the default"
    );
}
