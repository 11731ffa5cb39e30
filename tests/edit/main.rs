//! Editing on a real server: the whole program, driven by keys, against somebody else at the same rows.

#[path = "../support/cut.rs"]
mod cut;
#[path = "../support/live.rs"]
#[allow(dead_code, reason = "every test program uses its own part of this")]
mod live;
#[path = "../support/robot.rs"]
#[allow(dead_code, reason = "every test program uses its own part of this")]
mod robot;
#[path = "../support/server.rs"]
mod server;

mod conflicts;
mod document;
mod drafts;
mod lost;
mod refused;
mod rehearse;
mod rows;

use live::Live;
use pgdeck::data::edits::{Change, Field, TableRef, Text, Value, What};
use server::Database;

const SHOP: &str = "
    create table users (id int primary key, name text not null, mail text, is_active boolean not null default true);
    create table posts (id int primary key, user_id int references users on delete cascade, title text);
    create table logins (id int primary key, user_id int references users on delete set null);
    create table bills (id int primary key, user_id int references users);
    insert into users values (1, 'ada', 'a@x'), (2, 'bob', 'b@x');
    insert into posts select g, 1, 'post ' || g from generate_series(1, 12) g;
    insert into logins values (1, 1);
    analyze";

fn shop() -> Database {
    let db = server::database();
    db.execute(SHOP);
    db
}

fn ask(db: &Database, sql: &str) -> String {
    server::ask(server::cluster(), &db.name, sql)
}

fn text(t: &str) -> Text {
    Some(t.into())
}

fn change(name: &str, what: What) -> Change {
    Change { table: TableRef { oid: 0, schema: "public".into(), name: name.into() }, what }
}

fn update(table: &str, row: &str, column: &str, seen: &str, value: &str) -> Change {
    let field = Field { column: column.into(), seen: text(seen), value: Value::Text(value.into()) };
    change(table, What::Update { key: vec![text(row)], fields: vec![field], version: vec![] })
}

/// The popup with these changes, its SQL written.
fn preview(db: &Database, changes: &[Change]) -> Live {
    let mut live = Live::new(db, changes, 120, 40);
    live.keys("<ctrl-s>").see("otherwise all is rolled back");
    live
}

fn staged(live: &Live) -> usize {
    live.robot.app.world().staged().map_or(0, |s| s.len())
}

#[test]
fn the_same_column_is_settled_before_anything_is_written() {
    let db = shop();
    let changes = [update("users", "1", "name", "ada", "eva"), update("users", "2", "name", "bob", "ben")];
    let mut live = preview(&db, &changes);
    db.execute("update users set name = 'ann', mail = 'new@x' where id = 1");
    live.keys("<ctrl-s>").see("changed meanwhile");
    live.see("ann");
    assert_eq!(ask(&db, "select string_agg(name, ',' order by id) from users"), "ann,bob");
    live.keys("m").see("Every conflict has an answer");
    live.keys("<ctrl-s>").see("2 changes applied");
    assert_eq!(ask(&db, "select string_agg(name || mail, ',' order by id) from users"), "evanew@x,benb@x");
    assert_eq!(staged(&live), 0);
    // And back again, guarded by what was written.
    live.keys("U").see("take the last apply back");
    live.keys("<ctrl-s>").see("otherwise all is rolled back");
    live.keys("<ctrl-s>").see("2 changes applied");
    assert_eq!(ask(&db, "select string_agg(name || mail, ',' order by id) from users"), "annnew@x,bobb@x");
}

#[test]
fn a_row_that_was_deleted_meanwhile() {
    let db = shop();
    let changes = [update("users", "2", "name", "bob", "ben"), update("users", "1", "name", "ada", "eva")];
    let mut live = preview(&db, &changes);
    db.execute("delete from users where id = 2");
    live.keys("<ctrl-s>").see("no such row any more");
    assert_eq!(ask(&db, "select name from users"), "ada");
    live.keys("t").see("Every conflict has an answer");
    live.keys("<ctrl-s>").see("1 change applied");
    assert_eq!(ask(&db, "select name from users"), "eva");
}

#[test]
fn a_deferred_constraint_fails_at_commit() {
    let db = shop();
    db.execute("alter table posts alter constraint posts_user_id_fkey deferrable initially deferred");
    let mut live = preview(&db, &[update("posts", "3", "user_id", "1", "99")]);
    live.keys("<ctrl-s>").see("At COMMIT: ERROR");
    live.see("Column: user_id").see("Key (user_id)=(99) is not present");
    assert_eq!(staged(&live), 1);
    assert_eq!(ask(&db, "select user_id from posts where id = 3"), "1");
}

#[test]
fn a_check_names_its_columns() {
    let db = shop();
    db.execute("alter table users add constraint short check (length(name) < 5)");
    let mut live = preview(&db, &[update("users", "1", "name", "ada", "augusta")]);
    live.keys("<ctrl-s>").see("violates check constraint").see("Column: name");
    assert_eq!(ask(&db, "select name from users where id = 1"), "ada");
}

#[test]
fn another_value_than_the_one_sent_is_told() {
    let db = shop();
    db.execute(
        "create function low() returns trigger language plpgsql as 'begin new.name := lower(new.name); return new; end';
         create trigger low before update on users for each row execute function low()",
    );
    let mut live = preview(&db, &[update("users", "1", "name", "ada", "EVA")]);
    live.keys("<ctrl-s>").see("users 1, name: sent EVA, the server stored eva");
    assert_eq!(ask(&db, "select name from users where id = 1"), "eva");
}

#[test]
fn what_a_trigger_refuses_is_unchanged() {
    let db = shop();
    db.execute(
        "create function no() returns trigger language plpgsql as 'begin return null; end';
         create trigger no before update on users for each row execute function no()",
    );
    let mut live = preview(&db, &[update("users", "1", "name", "ada", "eva")]);
    live.keys("<ctrl-s>").see("unchanged, but no row was met");
}

#[test]
fn a_deleted_row_comes_back() {
    let db = shop();
    let seen = vec![("name".to_owned(), text("bob"))];
    let mut live = preview(&db, &[change("users", What::Delete { key: vec![text("2")], seen })]);
    live.keys("<ctrl-s>").see("1 change applied");
    assert_eq!(ask(&db, "select count(*) from users"), "1");
    live.see("not what went or changed with it in").keys("<esc>");
    live.keys("U<ctrl-s>").see("INSERT INTO public.users");
    live.keys("<ctrl-s>").until(|r| r.app.world().staged().is_some_and(|s| s.is_empty()));
    assert_eq!(ask(&db, "select users::text from users where id = 2"), "(2,bob,b@x,t)");
}

#[test]
fn a_delete_is_foreseen() {
    let db = shop();
    db.execute("drop table bills; create table bills (id int primary key, user_id int references users); insert into bills values (1, 1)");
    let mut live = Live::new(&db, &[], 120, 40);
    live.keys("<ctrl-p>").keys("users").see("users").keys("<enter>").see("ada");
    live.keys("dd").see("Delete 1 row of users");
    live.see("posts (user_id): 12 rows go with it");
    live.see("logins (user_id): 1 row gets user_id = NULL");
    live.see("bills (user_id): 1 row blocks it");
    live.keys("s").until(|r| r.app.world().staged().is_some_and(|s| s.len() == 1));
    live.keys("<ctrl-s>").see("is_active: t → f");
}
