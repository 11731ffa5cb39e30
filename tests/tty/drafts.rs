//! Staged changes and the end of the console: what was staged is there at the next start, and each console has its own.

use crate::{Home, server, tty::Tty};
use server::Database;

const SHOP: &str = "create table notes (id int primary key, words text, doc jsonb);
    insert into notes values (1, 'first', '{\"a\": 1}'), (2, 'second', null), (3, 'third', null)";

fn words(db: &Database) -> String {
    server::ask(server::cluster(), &db.name, "select string_agg(words, ',' order by id) from notes")
}

/// The console on the table, the cursor on the first row's words.
fn open(home: &Home, db: &Database) -> Tty {
    let mut t = home.start(&[&db.url()], 120, 40);
    t.see("notes").send("/").send("notes").see("/notes").send("\r").see("third").see("row 1").send("l");
    t
}

/// Another text in the cell under the cursor.
fn edit(t: &mut Tty, text: &str) {
    t.send("e").see("notes.words").send("\x15").send(text).send("\r").gone("notes.words");
}

#[test]
fn what_was_staged_before_a_kill_is_offered_and_applied() {
    let (db, home) = (server::database(), Home::new());
    db.execute(SHOP);
    let mut t = open(&home, &db);
    edit(&mut t, "changed");
    t.see("1 staged").send("j");
    edit(&mut t, "second too");
    t.see("2 staged").send("jdd").see("Delete").send("\r").see("3 staged");
    // The draft is on disk before the next key is answered, or at least soon: it is waited for, not slept for.
    home.kept(|text| text.matches("\"Update\"").count() == 2 && text.contains("\"Delete\""));
    t.signal("KILL").end();
    assert_eq!(words(&db), "first,second,third");
    let mut t = home.start(&[&db.url()], 80, 24);
    t.see("3 changes were staged last time").see("(notes)").send("t").see("● 3");
    t.send("\x13").see("otherwise all is rolled back").send("\x13").see("3 changes applied");
    assert_eq!(words(&db), "changed,second too");
    t.send("q");
    assert_eq!(t.end(), 0);
    let mut t = home.start(&[&db.url()], 80, 24);
    t.see("second too").send("q");
    assert_eq!(t.end(), 0, "nothing is staged: nothing is asked");
}

#[test]
fn two_consoles_on_one_database_have_a_draft_each() {
    let (db, home) = (server::database(), Home::new());
    db.execute(SHOP);
    let mut one = open(&home, &db);
    edit(&mut one, "of the first");
    one.see("1 staged");
    home.kept(|text| text.contains("of the first"));
    // The second is offered nothing and overwrites nothing.
    let mut two = open(&home, &db);
    two.send("j");
    edit(&mut two, "of the second");
    two.see("1 staged");
    assert!(!two.screen().contains("2 staged"), "{}", two.screen());
    home.kept(|text| text.contains("of the second"));
    home.kept(|text| text.contains("of the first"));
    // The first dies: the third is offered its draft, and not that of the second.
    one.signal("KILL").end();
    let mut three = home.start(&[&db.url()], 120, 40);
    three.see("1 change was staged last time").send("t").see("1 staged");
    three.see("of the first");
    assert!(!three.screen().contains("of the second"), "{}", three.screen());
    // The second leaves by itself, the third is killed: both drafts are offered, one after the other.
    two.send("q").see("staged and not applied").send("\r");
    assert_eq!(two.end(), 0);
    three.signal("KILL").end();
    for _ in 0..2 {
        let mut t = home.start(&[&db.url()], 120, 40);
        t.see("1 change was staged last time").send("t").see("1 staged").send("\x13");
        t.see("otherwise all is rolled back").send("\x13").see("1 change applied").send("q");
        assert_eq!(t.end(), 0);
    }
    assert_eq!(words(&db), "of the first,of the second,third");
}

#[test]
fn a_draft_that_cannot_be_written_is_said_once_and_nothing_is_lost() {
    let (db, home) = (server::database(), Home::new());
    db.execute(SHOP);
    let mut t = open(&home, &db);
    // A file in the folder's place: the rights of the one who runs the tests do not matter.
    let kept = home.0.path().join("pgdeck/kept");
    std::fs::remove_dir_all(&kept).expect("removed");
    std::fs::write(&kept, "in the way").expect("written");
    edit(&mut t, "changed");
    t.see("What is staged cannot be kept as a draft")
        .see("pgdeck/kept: ")
        .see("1 staged")
        .see("draft NOT kept");
    // The next key moves the words aside, the mark stays; the same trouble is not told again.
    t.send("j").gone("cannot be kept as a draft");
    edit(&mut t, "second too");
    t.see("2 staged").see("draft NOT kept").see("second too").see("changed");
    assert!(!t.screen().contains("cannot be kept as a draft"), "{}", t.screen());
    t.send("q").see("LOST by leaving").send("\x1b").gone("LOST by leaving");
    // Once there is a place again the next change writes all of it.
    std::fs::remove_file(&kept).expect("removed");
    t.send("jdd")
        .see("Delete")
        .send("\r")
        .see("3 staged")
        .see("The draft can be written again")
        .gone("NOT kept");
    home.kept(|text| text.contains("changed") && text.contains("second too") && text.contains("\"Delete\""));
    t.signal("KILL").end();
    let mut t = home.start(&[&db.url()], 80, 24);
    t.see("3 changes were staged last time").send("t").see("● 3");
}

#[test]
fn a_text_in_sql_whose_draft_cannot_be_written_is_asked_about() {
    let (db, home) = (server::database(), Home::new());
    std::fs::create_dir_all(home.0.path().join("pgdeck")).expect("made");
    std::fs::write(home.0.path().join("pgdeck/kept"), "in the way").expect("written");
    let mut t = home.start(&[&db.url()], 120, 40);
    t.see(&db.name).see("The draft of last time cannot be read").send("\x1b2").send("select 1 as kept_text");
    t.see("The SQL text cannot be kept as a draft").see("kept_text");
    t.send("\x11").see("The text in SQL is LOST by leaving").send("\r");
    assert_eq!(t.end(), 0);
}

#[test]
fn a_draft_is_offered_on_its_own_database_only() {
    let (one, two, home) = (server::database(), server::database(), Home::new());
    for db in [&one, &two] {
        db.execute(SHOP);
    }
    let mut t = open(&home, &one);
    edit(&mut t, "of the first database");
    t.see("1 staged");
    home.kept(|text| text.contains("of the first database"));
    t.signal("KILL").end();
    // The other one has the same tables, and is offered nothing.
    let mut t = home.start(&[&two.url()], 120, 40);
    t.see(&two.name).see("notes").send("/").send("notes").see("/notes").send("\r").see("third");
    assert!(!t.screen().contains("staged"), "{}", t.screen());
    t.send("q");
    assert_eq!(t.end(), 0, "nothing is staged: nothing is asked");
    // Esc is "Later" and leaves it for the next start.
    for answer in ["\x1b", "t"] {
        let mut t = home.start(&[&one.url()], 120, 40);
        t.see("1 change was staged last time").send(answer);
        if answer == "\x1b" {
            t.gone("staged last time").send("q");
            assert_eq!(t.end(), 0);
        } else {
            t.see("1 staged").see("of the first database");
        }
    }
}
