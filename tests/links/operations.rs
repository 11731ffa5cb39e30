//! What people do in each pane, done by keys: the same for every kind of connection.

use crate::{ask, live::Live};
use pgdeck::{
    core::event::Tx,
    data::edits::{Change, Field, TableRef, Value, What},
    demo::cluster::Cluster,
};

/// Whether writes are taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Writes {
    Yes,
    Standby,
}

/// A user's name changed, as it is staged.
pub fn change(id: &str, seen: &str, value: &str) -> Change {
    let field = Field { column: "name".into(), seen: Some(seen.into()), value: Value::Text(value.into()) };
    Change {
        table: TableRef { oid: 0, schema: "public".into(), name: "users".into() },
        what: What::Update { key: vec![Some(id.into())], fields: vec![field], version: vec![] },
    }
}

/// Browses, applies an edit, runs SQL with a transaction, cancels, explains, and looks at who is there. `url` leads to
/// a database with `SHOP` in it; `cluster` is the server behind it.
pub fn all(url: &str, cluster: &Cluster, writes: Writes) -> Live {
    let mut live = Live::at(url, &[change("1", "user 1", "edited")], 120, 40);
    edit(&mut live, cluster, writes);
    browse(&mut live);
    statements(&mut live, cluster, writes);
    cancel(&mut live);
    explain(&mut live);
    samples(&mut live);
    assert!(live.failures.is_empty(), "{:?}\n{}", live.failures, live.robot.screen());
    live
}

fn staged(live: &Live) -> usize {
    live.robot.app.world().staged().map_or(0, |s| s.len())
}

fn edit(live: &mut Live, cluster: &Cluster, writes: Writes) {
    assert_eq!(staged(live), 1);
    live.keys("<ctrl-s>");
    if writes == Writes::Standby {
        live.settle().keys("<ctrl-s>").see("this server is a standby");
        live.keys("<esc>").settle();
        assert_eq!(staged(live), 1, "kept");
        live.failures.clear();
        return;
    }
    live.see("otherwise all is rolled back").keys("<ctrl-s>").see("1 change applied");
    assert_eq!(ask(cluster, "select count(*) from users where name = 'edited'"), "1");
    live.keys("<esc>").settle();
}

fn browse(live: &mut Live) {
    live.keys("<alt-1><ctrl-p>").keys("users").see("users").keys("<enter>").see("user 2");
    // The last page, and the first one again.
    live.keys("G").see("user 500").keys("gg").see("user 2 ").settle();
}

/// Another statement in the SQL pane, run.
pub fn run(live: &mut Live, text: &str) {
    live.keys("<alt-2><ctrl-end>\n;\n").keys(text).keys("<f5>");
}

fn tx(live: &Live) -> Tx {
    live.robot.app.world().server().map_or(Tx::Gone, |s| s.tx)
}

fn statements(live: &mut Live, cluster: &Cluster, writes: Writes) {
    run(live, "select count(*) as how_many from posts");
    live.see("how_many").see("2000").settle();
    run(live, "begin");
    live.until(|r| r.app.world().server().is_some_and(|s| s.tx == Tx::Open)).settle();
    if writes == Writes::Standby {
        run(live, "update users set mail = 'x' where id = 3");
        live.see("takes no writes").settle();
        live.failures.clear();
        run(live, "rollback");
    } else {
        run(live, "create temp table mine on commit drop as select 7 as seven");
        live.settle();
        run(live, "set local work_mem = '5MB'");
        live.settle();
        run(live, "select seven, current_setting('work_mem') from mine");
        live.see("5MB").settle();
        run(live, "update users set mail = 'sent' where id = 3");
        live.settle();
        assert_eq!(tx(live), Tx::Open);
        run(live, "commit");
    }
    live.until(|r| r.app.world().server().is_some_and(|s| s.tx == Tx::Idle)).settle();
    if writes == Writes::Yes {
        assert_eq!(ask(cluster, "select mail from users where id = 3"), "sent");
    }
}

fn cancel(live: &mut Live) {
    run(live, "select pg_sleep(600)");
    live.until(|r| r.screen().contains("Ctrl+C cancels"));
    live.keys("<ctrl-c>").settle();
    assert!(live.failures.iter().any(|f| f.contains("57014")), "{:?}", live.failures);
    live.failures.retain(|f| !f.contains("57014"));
    run(live, "select 'still ' || 'here' as after_it");
    live.see("still here").settle();
}

fn explain(live: &mut Live) {
    live.keys("<alt-2><ctrl-end>\n;\n").keys("select count(*) from posts join users on users.id = user_id");
    live.keys("<f7>").see("Aggregate").settle();
    live.keys("<alt-2><f9>").see("Aggregate").settle();
}

fn samples(live: &mut Live) {
    live.keys("<alt-5>");
    live.until(|r| r.app.world().server().is_some_and(|s| s.live.pulses.last().is_some()));
    live.keys("<alt-6>").settle();
    live.keys("<alt-8>");
    live.until(|r| r.app.world().server().is_some_and(|s| s.live.checkups.last().is_some()));
    live.keys("<alt-1>").settle();
}
