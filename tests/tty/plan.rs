//! A plan through the real binary: from SQL by one key, measured, pasted.

use crate::{Home, server};

#[test]
fn a_statement_goes_to_plan_by_one_key_and_a_plan_can_be_pasted() {
    let db = server::database();
    db.execute("create table posts (id int primary key, title text); insert into posts select g from generate_series(1, 5000) g; analyze");
    let home = Home::new();
    let mut t = home.start(&[&db.url()], 120, 40);
    t.see("posts");
    t.send("\x1b2").see("Statement").send("select count(*) from posts").see("count(*)");
    t.send("\x1b[20~").see("EXPLAIN ANALYZE").see("Seq Scan posts").see("execution");
    // A write asks, and is undone.
    t.send("\x1b2").see("Statement").send(";delete from posts").see("delete");
    t.send("\x1b[20~").see("A rollback does not undo").send("r");
    // The plan as it was expected comes first.
    t.until("Delete posts, measured", |s| s.contains("Delete posts") && s.contains("ms · planning"));
    assert_eq!(server::ask(server::cluster(), &db.name, "select count(*) from posts"), "5000");
    // Bracketed paste.
    let plan = r#"[{"Plan": {"Node Type": "Function Scan", "Alias": "pasted_here", "Startup Cost": 0.0, "Total Cost": 10.0, "Plan Rows": 1, "Plan Width": 4}}]"#;
    t.send(&format!("\x1b[200~{plan}\x1b[201~")).see("pasted_here").see("pasted");
    t.send("q");
    assert_eq!(t.end(), 0);
}
