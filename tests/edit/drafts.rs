//! Drafts that do not fit the database any more, and names of every kind, from the keys to the rows.

use crate::{ask, live::Live, server, shop, staged, update};

#[test]
fn a_draft_of_a_table_and_of_a_column_that_are_gone() {
    let db = shop();
    let changes = [
        update("vanished", "1", "name", "ada", "eva"),
        update("users", "1", "nick", "ada", "eva"),
        update("users", "2", "name", "bob", "ben"),
    ];
    let mut live = Live::new(&db, &changes, 120, 40);
    assert_eq!(staged(&live), 3);
    live.keys("<ctrl-s>").see("this table does not exist any more");
    // Nothing is sent while one of them cannot be; each says why, and is taken out by hand.
    live.keys("<ctrl-s>").settle();
    assert_eq!(ask(&db, "select string_agg(name, ',' order by id) from users"), "ada,bob");
    assert_eq!(staged(&live), 3);
    let at = |live: &mut Live, text: &str| {
        live.keys("gg");
        for _ in 0..6 {
            if live.robot.screen().contains(&format!("SQL of {text}")) {
                return;
            }
            live.keys("j");
        }
        panic!("{text} is not there\n{}", live.robot.screen());
    };
    at(&mut live, "vanished 1");
    live.keys("dd").until(|r| r.app.world().staged().is_some_and(|s| s.len() == 2));
    at(&mut live, "users 1");
    live.see("there is no column \"nick\" in public.users (any more)");
    live.keys("dd").until(|r| r.app.world().staged().is_some_and(|s| s.len() == 1));
    live.keys("<ctrl-s>").see("1 change applied");
    assert_eq!(ask(&db, "select string_agg(name, ',' order by id) from users"), "ada,ben");
}

#[test]
fn odd_names_are_browsed_edited_and_deleted() {
    let db = server::database();
    let long = "n".repeat(63);
    db.execute(&format!(
        r#"create schema "a.b"; create table "a.b"."We""ird Näme; drop" (id int primary key, "select" text, "{long}" jsonb);
           insert into "a.b"."We""ird Näme; drop" values (1, 'one', '{{"a": 1}}'), (2, 'two', null)"#
    ));
    let mut live = Live::new(&db, &[], 120, 40);
    live.keys("<ctrl-p>").keys("näme").see("Näme").keys("<enter>").see("one");
    live.keys("0le<ctrl-u>").keys("it's; drop<enter>").see("1 staged");
    live.keys("le").see("a: 1").keys("je<ctrl-u>2<enter>").keys("<ctrl-s>").see("Staged").keys("q");
    live.keys("jdd").see("Delete 1 row of We\"ird Näme; drop").keys("<enter>").see("2 staged");
    live.keys("<ctrl-s>").see("otherwise all is rolled back").see(r#"UPDATE "a.b"."We""ird Näme; drop""#);
    live.keys("<ctrl-s>").see("2 changes applied");
    assert_eq!(
        ask(&db, r#"select string_agg(w::text, '') from "a.b"."We""ird Näme; drop" w"#),
        r#"(1,"it's; drop","{""a"": 2}")"#
    );
}
