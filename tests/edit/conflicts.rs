//! What somebody else did meanwhile: hidden rows, other keys, other parts and the same part of one document.

use crate::{ask, change, live::Live, server, shop, staged, text, update};
use pgdeck::data::{
    edits::{Field, JsonEdit, Value, What},
    json::Json,
};

fn preview(live: &mut Live) {
    live.keys("<ctrl-s>").see("otherwise all is rolled back");
}

#[test]
fn a_row_that_a_policy_hides_by_now_is_as_if_it_were_gone() {
    let db = shop();
    let role = format!("clerk_{}", db.name);
    db.execute(&format!(
        "create role {role} login; grant all on users to {role}; alter table users enable row level security;
         create policy mine on users using (is_active)"
    ));
    let changes = [update("users", "1", "name", "ada", "eva"), update("users", "2", "name", "bob", "ben")];
    let url = format!("host={} port={} user={role} dbname={}", db.host(), server::cluster().port(), db.name);
    let mut live = Live::at(&url, &changes, 120, 40);
    preview(&mut live);
    db.execute("update users set is_active = false where id = 1");
    live.keys("<ctrl-s>").see("no such row any more").see("or a policy hides it");
    assert_eq!(
        ask(&db, "select string_agg(name, ',' order by id) from users"),
        "ada,bob",
        "nothing is written"
    );
    assert_eq!(staged(&live), 2);
    live.keys("t").see("Every conflict has an answer").keys("<ctrl-s>").see("1 change applied");
    assert_eq!(ask(&db, "select string_agg(name, ',' order by id) from users"), "ada,ben");
    drop(live);
    db.execute(&format!("drop owned by {role}; drop role {role}"));
}

#[test]
fn a_row_that_the_change_itself_would_hide_is_refused() {
    let db = shop();
    let role = format!("keeper_{}", db.name);
    db.execute(&format!(
        "create role {role} login; grant all on users to {role}; alter table users enable row level security;
         create policy mine on users using (true) with check (name <> 'eva')"
    ));
    let url = format!("host={} port={} user={role} dbname={}", db.host(), server::cluster().port(), db.name);
    let mut live = Live::at(&url, &[update("users", "1", "name", "ada", "eva")], 120, 40);
    preview(&mut live);
    live.keys("<ctrl-s>").see("new row violates row-level security policy");
    live.see("Nothing was written, everything is still staged");
    assert_eq!((ask(&db, "select name from users where id = 1"), staged(&live)), ("ada".into(), 1));
    drop(live);
    db.execute(&format!("drop owned by {role}; drop role {role}"));
}

#[test]
fn a_row_whose_key_was_changed_meanwhile() {
    let db = shop();
    let changes = [update("users", "2", "name", "bob", "ben"), update("users", "1", "name", "ada", "eva")];
    let mut live = Live::new(&db, &changes, 120, 40);
    preview(&mut live);
    db.execute("update users set id = 7 where id = 2");
    live.keys("<ctrl-s>").see("no such row any more").see("its key changed");
    assert_eq!(ask(&db, "select string_agg(name, ',' order by id) from users"), "ada,bob");
    live.keys("t").see("Every conflict has an answer").keys("<ctrl-s>").see("1 change applied");
    assert_eq!(ask(&db, "select string_agg(id || name, ',' order by id) from users"), "1eva,7bob");
}

#[test]
fn another_row_that_took_the_key_is_not_written_over() {
    let db = shop();
    let mut live = Live::new(&db, &[update("users", "2", "name", "bob", "ben")], 120, 40);
    preview(&mut live);
    db.execute("update users set id = 7 where id = 2; insert into users values (2, 'zoe')");
    live.keys("<ctrl-s>").see("changed meanwhile").see("zoe");
    assert_eq!(ask(&db, "select string_agg(name, ',' order by id) from users"), "ada,zoe,bob");
}

const SEEN: &str = r#"{"theme": "light", "size": 1.50, "tags": ["a"], "n": {"x": 1}}"#;

/// Three paths of one document are edited; meanwhile the server's document becomes `theirs`.
fn documents(after: &str, theirs: &str) -> (server::Database, Live) {
    let db = server::database();
    db.execute(&format!(
        "create table docs (id int primary key, doc jsonb); insert into docs values (1, '{SEEN}')"
    ));
    let parse = |t: &str| Json::parse(t.into()).expect("JSON");
    let edit = JsonEdit::between(&parse(SEEN), &parse(after));
    let field = Field { column: "doc".into(), seen: None, value: Value::Json(Box::new(edit)) };
    let what = What::Update { key: vec![text("1")], fields: vec![field], version: vec![] };
    let mut live = Live::new(&db, &[change("docs", what)], 120, 40);
    preview(&mut live);
    db.execute(&format!("update docs set doc = '{theirs}'"));
    live.keys("<ctrl-s>").see("changed meanwhile");
    assert_eq!(
        ask(&db, "select doc from docs"),
        ask(&db, &format!("select '{theirs}'::jsonb")),
        "nothing is written"
    );
    (db, live)
}

const MINE: &str = r#"{"theme": "dark", "size": 2.50, "tags": ["a"], "n": {"x": 2}}"#;
const THEIRS: &str = r#"{"theme": "sepia", "size": 1.50, "tags": ["a", "b"], "n": {"x": 3}}"#;

#[test]
fn paths_of_one_document_are_kept_taken_and_edited_one_by_one() {
    let (db, mut live) = documents(MINE, THEIRS);
    // What only one of the two changed is no conflict; each path shows before, mine and theirs.
    let line = |live: &mut Live, path: &str| {
        let screen = live.robot.screen();
        screen.lines().find(|l| l.contains(path)).unwrap_or_else(|| panic!("{screen}")).to_owned()
    };
    let theme = line(&mut live, "doc theme");
    assert!(["\"light\"", "\"dark\"", "\"sepia\""].iter().all(|v| theme.contains(v)), "{theme}");
    let x = line(&mut live, "doc n.x");
    assert!(["1", "2", "3"].iter().all(|v| x.contains(v)), "{x}");
    assert!(!live.robot.screen().contains("doc size"), "{}", live.robot.screen());
    // Another value for one path, theirs for the other: which one comes first is read off the screen.
    let lines = live.robot.screen();
    let first_is_theme = lines.find("doc theme") < lines.find("doc n.x");
    live.keys("j");
    let edited = |live: &mut Live| {
        live.keys("e").see("JSON, or a bare word as a string");
        live.keys("<ctrl-u>[1<enter>").see("Not JSON").see("[1");
        live.keys("<ctrl-u>blue<enter>").see("\"blue\"");
    };
    if first_is_theme {
        edited(&mut live);
        live.keys("t");
    } else {
        live.keys("t");
        edited(&mut live);
    }
    live.see("Every conflict has an answer").keys("<ctrl-s>").see("1 change applied");
    let want = r#"select '{"theme": "blue", "size": 2.50, "tags": ["a", "b"], "n": {"x": 3}}'::jsonb"#;
    assert_eq!(ask(&db, "select doc from docs"), ask(&db, want));
}

#[test]
fn all_paths_of_a_document_are_kept_or_all_taken() {
    for (key, want) in [
        ("m", r#"{"theme": "dark", "size": 2.50, "tags": ["a", "b"], "n": {"x": 2}}"#),
        ("t", r#"{"theme": "sepia", "size": 2.50, "tags": ["a", "b"], "n": {"x": 3}}"#),
    ] {
        let (db, mut live) = documents(MINE, THEIRS);
        live.keys(key).see("Every conflict has an answer").keys("<ctrl-s>").see("1 change applied");
        assert_eq!(ask(&db, "select doc from docs"), ask(&db, &format!("select '{want}'::jsonb")), "{key}");
        // And back: what they did stays.
        live.keys("U").see("take the last apply back").keys("<ctrl-s>").see("otherwise all is rolled back");
        live.keys("<ctrl-s>").see("1 change applied");
        assert_eq!(ask(&db, "select doc from docs"), ask(&db, &format!("select '{THEIRS}'::jsonb")), "{key}");
    }
}

#[test]
fn a_conflict_that_arises_while_one_is_settled_is_asked_again() {
    let (db, mut live) = documents(MINE, THEIRS);
    live.keys("m").see("Every conflict has an answer");
    db.execute("update docs set doc = jsonb_set(doc, '{theme}', '\"red\"')");
    live.keys("<ctrl-s>").see("changed meanwhile").see("\"red\"");
    assert_eq!(ask(&db, "select doc ->> 'theme' from docs"), "red");
    live.keys("m").see("Every conflict has an answer").keys("<ctrl-s>").see("1 change applied");
    assert_eq!(ask(&db, "select doc ->> 'theme' from docs"), "dark");
}

const ITEMS: &str =
    r#"{"items": [{"id": 1, "n": 1}, {"id": 2, "n": 1.50}, {"id": 3, "n": 1}], "flags": [false, false]}"#;

/// A document with an array is edited to `after`, and meanwhile on the server by `sql`; what is there after applying,
/// or none when it is a conflict.
fn arrays(after: &str, sql: &str) -> Result<String, Box<(Live, server::Database)>> {
    let db = server::database();
    db.execute(&format!(
        "create table docs (id int primary key, doc jsonb); insert into docs values (1, '{ITEMS}')"
    ));
    let parse = |t: &str| Json::parse(t.into()).expect("JSON");
    let seen = ask(&db, "select doc from docs");
    let edit = JsonEdit::between(&parse(&seen), &parse(after));
    let field = Field { column: "doc".into(), seen: None, value: Value::Json(Box::new(edit)) };
    let what = What::Update { key: vec![text("1")], fields: vec![field], version: vec![] };
    let mut live = Live::new(&db, &[change("docs", what)], 140, 40);
    preview(&mut live);
    db.execute(&format!("update docs set doc = {sql}"));
    let before = ask(&db, "select doc from docs");
    live.keys("<ctrl-s>").until(|r| {
        let screen = r.screen();
        screen.contains("1 change applied") || screen.contains("changed meanwhile")
    });
    let now = ask(&db, "select doc from docs");
    if live.robot.screen().contains("changed meanwhile") {
        assert_eq!(now, before, "nothing is written");
        return Err(Box::new((live, db)));
    }
    // And back: what they did stays.
    live.keys("<esc>U").see("take the last apply back").keys("<ctrl-s>").see("otherwise all is rolled back");
    live.keys("<ctrl-s>").see("1 change applied");
    assert_eq!(ask(&db, "select doc from docs"), before);
    Ok(now)
}

#[test]
fn two_elements_of_one_array_are_changed_by_two() {
    let mine = ITEMS.replace(r#""id": 2, "n": 1.50"#, r#""id": 2, "n": 1e2"#);
    let now = arrays(&mine, "jsonb_set(doc, '{items,0,n}', '7.0')").ok().expect("both survive");
    assert!(now.contains(r#"{"n": 7.0, "id": 1}"#) && now.contains(r#"{"n": 100, "id": 2}"#), "{now}");
    // Another key of the same element: it is shown, and settled by the one who comes second.
    let Err(both) = arrays(&mine, "jsonb_set(doc, '{items,1,id}', '22')") else { panic!("no conflict") };
    let (mut live, _db) = *both;
    live.see("doc items[1].n").see("1.50 (more of items was changed)");
    live.keys("m").see("Every conflict has an answer").keys("<ctrl-s>").see("1 change applied");
    // The element stands elsewhere by now, or the array has another length.
    for sql in [
        "jsonb_insert(doc #- '{items,0}', '{items,1}', '{\"id\": 9}')",
        "doc #- '{items,2}'",
        "jsonb_insert(doc, '{items,0}', '0')",
    ] {
        assert!(arrays(&mine, sql).is_err(), "{sql}");
    }
    // Elements that are alike are not told from each other: the array is one.
    let mine = ITEMS.replace("[false, false]", "[false, true]");
    assert!(arrays(&mine, "jsonb_set(doc, '{flags,0}', 'true')").is_err(), "the array is one");
}
