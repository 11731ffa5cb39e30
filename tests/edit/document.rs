//! Documents in the value view on a real server.

use crate::{ask, live::Live, robot::Robot, server};
use pgdeck::core::{
    event::{Event, Link, ServerInfo},
    ids::ConnId,
};

/// A document of a megabyte, with prices whose digits count.
const DOCS: &str = "
    create table docs (id int primary key, doc jsonb not null, raw json);
    insert into docs select 1, jsonb_build_object('theme', 'light', 'size', 1.50, 'items',
        (select jsonb_agg(jsonb_build_object('id', g, 'name', 'item ' || g, 'price', 10.00)) from generate_series(1, 20000) g)),
        '{\"b\":  1.0,\"a\": [ ],  \"c\": {\"x\":1e2}}';
    analyze";

#[test]
fn one_node_of_a_megabyte_is_changed() {
    let db = server::database();
    db.execute(DOCS);
    assert!(ask(&db, "select length(doc::text) from docs").parse::<u64>().expect("a length") > 1_000_000);
    let before = ask(&db, "select md5((doc - 'theme' - 'size' #- '{items,19989,price}')::text) from docs");
    let mut live = open(&db);
    live.keys("v").see("theme: \"light\"");
    live.keys("gg/").keys("theme<enter>").see("$.theme");
    live.keys("e<ctrl-u>").keys("dark").see("becomes the string \"dark\"");
    live.keys("<enter>").see("\"dark\"  was \"light\"");
    // Deep in the array: the same, in an element that is folded away.
    live.keys("/").keys("item 19990<enter>").see("name: \"item 19990\"");
    live.keys("j").keys("e<ctrl-u>").keys("10.050<enter>").see("10.050  was 10.00");
    live.keys("<ctrl-s>").until(|r| r.app.world().staged().is_some_and(|s| s.len() == 1));
    // Somebody else changes another key meanwhile.
    db.execute("update docs set doc = jsonb_set(doc, '{size}', '2.50')");
    live.keys("<ctrl-s>").see("jsonb_set").keys("<ctrl-s>").see("1 change applied");
    assert_eq!(
        ask(&db, "select doc ->> 'theme' || (doc ->> 'size') || (doc #>> '{items,19989,price}') from docs"),
        "dark2.5010.050"
    );
    assert_eq!(
        ask(&db, "select md5((doc - 'theme' - 'size' #- '{items,19989,price}')::text) from docs"),
        before
    );
}

#[test]
fn a_json_column_keeps_its_text() {
    let db = server::database();
    db.execute(DOCS);
    let mut live = open(&db);
    live.keys("l").keys("v").see("b: 1.0");
    live.keys("/").keys("x<enter>").keys("e<ctrl-u>7<enter>").see("7  was 1e2");
    live.keys("<ctrl-s>").until(|r| r.app.world().staged().is_some_and(|s| s.len() == 1));
    live.keys("<ctrl-s>").see("otherwise all is rolled back").keys("<ctrl-s>").see("1 change applied");
    assert_eq!(ask(&db, "select raw from docs"), r#"{"b":  1.0,"a": [ ],  "c": {"x":7}}"#);
}

#[test]
fn the_index_that_serves_a_path_is_named() {
    let db = server::database();
    db.execute(DOCS);
    let words = |live: &mut Live| live.robot.screen().split_whitespace().collect::<Vec<_>>().join(" ");
    let mut live = open(&db);
    live.keys("v").see("theme: \"light\"").keys("/").keys("theme<enter>").keys("=");
    live.see("doc @> {\"theme\": \"light\"}").see("No GIN index on doc");
    let said = words(&mut live);
    assert!(
        said.contains("CREATE INDEX CONCURRENTLY ON public.docs USING gin (doc jsonb_path_ops)"),
        "{said}"
    );
    db.execute("create index partly on docs using gin (doc) where id > 5; create index docs_gin on docs using gin (doc jsonb_path_ops)");
    let mut live = open(&db);
    live.keys("v").see("theme: \"light\"").keys("/").keys("theme<enter>").keys("=");
    live.see("The GIN index docs_gin serves this filter");
}

#[test]
fn a_document_of_a_new_row_is_changed_by_node() {
    let db = server::database();
    db.execute("create table docs (id int primary key, doc jsonb, raw json); insert into docs values (1, '{\"a\": 1, \"n\": 1.50}', '{\"b\":  1.0,\"a\": 2}')");
    let mut live = open(&db);
    live.keys("O").see("1 new").keys("0e").keys("<ctrl-u>2<enter>");
    live.keys("le").see("╭ docs.doc").see("n: 1.50").keys("jje<ctrl-u>2.50<enter>").see("n: 2.50");
    // There is no row on the server yet that a filter could find.
    live.keys("=").see("n: 2.50").keys("<ctrl-s>").see("Staged docs.doc").keys("q");
    // What has not begun is typed or pasted as a text.
    live.keys("o").keys("0e").keys("3<enter>").keys("le").see("docs.doc · new row").keys("<esc>");
    live.keys("<ctrl-s>").see("otherwise all is rolled back").keys("<ctrl-s>").see("2 changes applied");
    assert_eq!(
        ask(
            &db,
            "select string_agg(id || coalesce(doc::text, '-') || coalesce(raw::text, '-'), ' ' order by id) from docs"
        ),
        r#"1{"a": 1, "n": 1.50}{"b":  1.0,"a": 2} 2{"a": 1, "n": 2.50}{"b":  1.0,"a": 2} 3--"#
    );
}

/// The table open, the cursor on its document.
fn open(db: &server::Database) -> Live {
    let mut live = Live::new(db, &[], 120, 40);
    live.keys("<ctrl-p>").keys("docs").see("docs").keys("<enter>").see("1.0,\"a\"");
    live.keys("0l");
    live
}

/// A result of the SQL pane, the cursor on its first cell.
fn result(db: &server::Database, sql: &str, first: &str) -> Live {
    let mut live = Live::new(db, &[], 120, 40);
    live.keys("<alt-2>").keys(sql).keys("<f5>").see(first).keys("<esc>");
    live
}

#[test]
fn a_document_in_a_result_opens_the_tree_and_is_changed_by_node() {
    let db = server::database();
    db.execute(DOCS);
    let mut live = result(&db, "select doc, id from docs", "SELECT docs · 1 row");
    // From the value view of the result: the row is read anew, and the tree opens at the node, its line begun.
    live.keys("v").see("theme: \"light\"").keys("/").keys("theme<enter>").see("$.theme");
    live.keys("e").see("docs.doc").see("a string · Enter takes it").keys("<ctrl-u>").keys("dark<enter>");
    live.see("\"dark\"  was \"light\"");
    // What was changed and not staged is asked about.
    live.keys("q").see("is not staged").keys("<esc>").see("was \"light\"");
    live.keys("<ctrl-s>").until(|r| r.app.world().staged().is_some_and(|s| s.len() == 1));
    db.execute("update docs set doc = jsonb_set(doc, '{size}', '2.50')");
    live.keys("<ctrl-s>").see("jsonb_set").keys("<ctrl-s>").see("1 change applied");
    assert_eq!(ask(&db, "select doc ->> 'theme' || (doc ->> 'size') from docs"), "dark2.50");
    // The view closed, since its row is another one now; e from the grid opens it again.
    live.until(|r| !r.screen().contains("╭ docs.doc"));
    live.keys("e").see("╭ docs.doc").see("another value than this result").see("\"dark\"").keys("q");
    live.until(|r| !r.screen().contains("╭ docs.doc"));
}

#[test]
fn what_was_changed_in_a_row_of_another_database_is_not_staged_here() {
    let db = server::database();
    db.execute(
        "create table docs (id int primary key, doc jsonb); insert into docs values (1, '{\"a\": 1}')",
    );
    let mut live = result(&db, "select doc, id from docs", "SELECT docs · 1 row");
    live.keys("e").see("╭ docs.doc").see("a: 1").keys("je<ctrl-u>2<enter>").see("was 1");
    // Meanwhile one is somewhere else, where there may be a table of this name, too.
    let there = |r: &Robot| r.app.world().server().and_then(|s| s.info.clone()).expect("connected");
    let here = there(&live.robot);
    let other = ServerInfo { database: "elsewhere".into(), ..here.clone() };
    live.robot.event(Event::Link(ConnId(0), Link::Up(Box::new(other))));
    live.keys("<ctrl-s>").see(&format!("Not staged: this row is of {}/{}", here.address, here.database));
    assert!(live.robot.app.world().staged().is_none_or(|s| s.is_empty()));
}

#[test]
fn json_and_null_in_a_result() {
    let db = server::database();
    db.execute("create table docs (id int primary key, doc jsonb, raw json); insert into docs values (1, null, '{\"b\":  1.0}')");
    let mut live = result(&db, "select id, doc, raw from docs", "SELECT docs · 1 row");
    live.keys("le").see("This cell is NULL").keys("<enter>").see("╭ docs.doc").keys("a").see("key:");
    live.keys("theme<enter>")
        .keys("dark<enter>")
        .see("theme: \"dark\"")
        .keys("<ctrl-s>")
        .see("Staged docs.doc")
        .keys("q");
    live.keys("le").see("╭ docs.raw").see("b: 1.0").keys("je<ctrl-u>2.0<enter>").keys("<ctrl-s>").keys("q");
    live.until(|r| !r.screen().contains("╭ docs.raw"));
    // What is staged shows in the result, and in its value view.
    live.see("{\"b\":  2.0}").keys("hv").see("theme: \"dark\"").keys("q");
    live.keys("<alt-1>").see("docs").keys("<ctrl-s>").see("otherwise all is rolled back").keys("<ctrl-s>");
    live.until(|r| r.app.world().staged().is_some_and(|s| s.is_empty()));
    assert_eq!(ask(&db, "select doc || raw::text from docs"), "{\"theme\": \"dark\"}{\"b\":  2.0}");
    // C: to NULL again; and = opens the table filtered by the path.
    let mut live = result(&db, "select id, doc, raw from docs", "SELECT docs · 1 row");
    live.keys("lv").see("theme: \"dark\"").keys("j=").see("doc @> '{\"theme\": \"dark\"}'").see("row 1 of 1");
    live.keys("<alt-2>")
        .keys("C")
        .see("NULL")
        .keys("n")
        .until(|r| r.app.world().staged().is_some_and(|s| s.len() == 1));
}
