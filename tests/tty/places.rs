//! Going to another database and another server without a restart: the picker, `:c`, and what is asked before.

use crate::{Home, server};
use pgdeck::demo::cluster::Settings;

const ALT_C: &str = "\x1bc";

#[test]
fn databases_and_servers_are_switched_by_the_picker_and_by_name() {
    let (here, there) = (server::database(), server::start(Settings::default()));
    here.execute(
        "create table first_table (id int primary key, w text); insert into first_table values (1, 'one')",
    );
    let near = server::database();
    near.execute("create table near_table (id int primary key)");
    server::execute(&there, "postgres", "create table far_table (id int primary key)");
    let home = Home::new();
    let config = home.0.path().join("pgdeck/config.toml");
    std::fs::create_dir_all(config.parent().expect("a folder")).expect("made");
    let text = format!(
        "[profile.here]\nconnection = {:?}\nlabel = \"our shop\"\ncolour = \"green\"\n\
         [profile.away]\nconnection = {:?}\nlabel = \"their shop\"\nread_only = true\n",
        here.url(),
        there.url("postgres")
    );
    std::fs::write(config, text).expect("written");
    let mut t = home.start(&["here"], 120, 40);
    t.see("our shop").see("first_table");
    // The picker tells them apart; nothing happens when it is left.
    t.send(ALT_C).see("Connect to").see("profile: our shop").see("profile: their shop (read-only)");
    t.send("\x1b").gone("Connect to").see("first_table");
    t.send(ALT_C).see("Connect to").send("away").gone("profile: our shop").send("\r");
    t.see("far_table").see("their shop").see("READ ONLY").gone("first_table").gone("our shop");
    // By name: a profile, then a database of the server of the start.
    t.send(":c here\r").see("first_table").see("our shop").gone("far_table").gone("READ ONLY");
    t.send(&format!(":c {}\r", near.name)).see("near_table").gone("first_table");
    // What is not there is refused by name, and one can go back.
    t.send(":c no_such_db\r").see("database \"no_such_db\" does not exist");
    t.send(":c here\r").see("first_table").gone("does not exist");
    // Staged changes and an open transaction are asked about; staying keeps them.
    t.send(":")
        .see("╭ Command")
        .send("\\d first_table")
        .see("│ \\d first_table")
        .send("\r")
        .see("row 1")
        .send("ldd")
        .see("Delete")
        .send("\r")
        .see("1 staged");
    t.send(":c away\r").see("offered when you come back").send("\t\r").gone("offered when").see("1 staged");
    t.send(":c away\r").see("offered when you come back").send("\r").see("far_table").gone("1 staged");
    t.send(":c here\r").see("first_table").see("staged last time").send("\x1b").gone("staged last time");
    t.send("\x1b2").see("Statement").send("begin").send(crate::F5).see("in transaction");
    t.send("\x1b1").send(":c away\r").see("A transaction is open").send("\x1b[C\r").see("far_table");
    t.gone("in transaction");
}
