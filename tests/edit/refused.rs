//! What cannot be edited says why on the spot, by what the server tells of it.

use crate::{live::Live, server, staged};

/// Opens a relation and asks to edit a column.
fn edit(live: &mut Live, relation: &str, seen: &str, keys: &str) {
    live.keys("<alt-1><ctrl-p>").keys(relation).keys("<enter>").see(seen);
    live.keys(keys);
}

#[test]
fn each_reason_is_its_own() {
    let db = server::database();
    db.execute(
        "create table loose (a text); insert into loose values ('loose row');
         create table made (id int primary key, a int, twice int generated always as (a * 2) stored);
         insert into made values (77, 21);
         create view seen_through as select id, a as through from made;
         create materialized view kept_copy as select id, a as copied from made",
    );
    let mut live = Live::new(&db, &[], 120, 40);
    edit(&mut live, "loose", "loose row", "e");
    live.see("no primary key");
    edit(&mut live, "made", "twice", "$e");
    live.see("wice is generated");
    edit(&mut live, "seen_through", "seen_through  no key", "");
    live.see("row 1 of 1").keys("$e").see("is a view: edit the table it reads");
    edit(&mut live, "kept_copy", "kept_copy  no key", "");
    live.see("row 1 of 1").keys("$e").see("is a materialized view: its rows cannot be edited");
    assert_eq!(staged(&live), 0);
}

#[test]
fn a_column_one_may_only_read() {
    let db = server::database();
    db.execute(
        "create table half (id int primary key, mine text, theirs text); insert into half values (1, 'm', 'their text');
         create role half_writer login; grant select, update (mine) on half to half_writer;
         grant usage on schema public to half_writer",
    );
    let url = db.url().replace("user=postgres", "user=half_writer");
    let mut live = Live::at(&url, &[], 120, 40);
    edit(&mut live, "half", "their text", "$e");
    live.see("GRANT UPDATE (theirs)");
    assert_eq!(staged(&live), 0);
    drop(live);
    db.execute("drop owned by half_writer; drop role half_writer");
}
