//! The Plan pane: plans of statements, of files and of what is pasted; writes only after a question; comparison.

use crate::robot::Robot;
use pgdeck::{
    core::{
        effect::{Effect, Statement},
        error::DbError,
        event::{Event, Mouse, MouseKind, News, Summary, Tx},
        ids::{ConnId, JobId, Lane},
    },
    data::{
        catalog::Catalog,
        rows::{Batch, Column},
    },
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// A node as EXPLAIN ANALYZE prints it: type, ms, rows, loops, expected rows, and the rest.
fn node(kind: &str, ms: f64, rows: f64, loops: f64, expected: f64, more: Value) -> Value {
    let mut node = json!({
        "Node Type": kind, "Parallel Aware": false, "Startup Cost": 0.0, "Total Cost": ms * 10.0,
        "Plan Rows": expected, "Plan Width": 8, "Actual Startup Time": 0.0, "Actual Total Time": ms,
        "Actual Rows": rows, "Actual Loops": loops, "Shared Hit Blocks": rows as u64 / 10,
    });
    let (node_map, more) = (node.as_object_mut().expect("a map"), more.as_object().expect("a map").clone());
    node_map.extend(more);
    node
}

fn scan(relation: &str, more: Value) -> Value {
    let mut out = json!({ "Relation Name": relation, "Schema": "public", "Alias": relation });
    out.as_object_mut().expect("a map").extend(more.as_object().expect("a map").clone());
    out
}

/// Users with their posts: the sequential scan of posts costs nearly all.
fn slow() -> String {
    let filter = json!({
        "Parent Relationship": "Outer", "Filter": "(posts.user_id = 42)", "Rows Removed by Filter": 199_910,
        "Output": ["posts.id", "posts.title"],
    });
    of_posts(node("Seq Scan", 780.5, 90.0, 1.0, 1.0, scan("posts", filter)), 785.0, 800.0)
}

/// The same with an index.
fn fast() -> String {
    let index = json!({
        "Parent Relationship": "Outer", "Index Cond": "(posts.user_id = 42)", "Index Name": "posts_user_id_idx",
    });
    of_posts(node("Index Scan", 0.5, 90.0, 1.0, 88.0, scan("posts", index)), 3.0, 5.0)
}

fn of_posts(posts: Value, joined: f64, all: f64) -> String {
    let users = json!({ "Parent Relationship": "Inner", "Index Name": "users_pkey", "Index Cond": "(users.id = 42)" });
    let users = node("Index Scan", 0.02, 1.0, 90.0, 1.0, scan("users", users));
    let join = json!({ "Parent Relationship": "Outer", "Join Type": "Left", "Plans": [posts, users] });
    let join = node("Nested Loop", joined, 90.0, 1.0, 1.0, join);
    let mut cheap = vec![];
    for n in 0..10 {
        let below = json!({ "Parent Relationship": "Outer", "Plans": [
            node("Seq Scan", 0.01, 1.0, 1.0, 1.0, scan(&format!("part_{n}"), json!({ "Parent Relationship": "Outer" }))),
        ]});
        cheap.push(node("Sort", 0.02, 1.0, 1.0, 1.0, below));
    }
    let never = json!({ "Parent Relationship": "Member", "Index Name": "part_x_key" });
    cheap.push(node("Index Scan", 0.0, 0.0, 0.0, 5.0, scan("part_x", never)));
    let append =
        node("Append", 0.3, 10.0, 1.0, 10.0, json!({ "Parent Relationship": "Inner", "Plans": cheap }));
    let root = node(
        "Hash Join",
        all - 1.0,
        90.0,
        1.0,
        900.0,
        json!({ "Join Type": "Inner", "Plans": [join, append] }),
    );
    let plan = json!([{ "Plan": root, "Planning Time": 0.35, "Triggers": [], "Execution Time": all,
        "Settings": { "jit": "off" } }]);
    serde_json::to_string_pretty(&plan).expect("JSON")
}

const SELECT: &str = "select * from users left join posts on posts.user_id = users.id where users.id = 42";

/// A robot in the SQL pane, connected, with this text.
fn sql(width: u16, height: u16, text: &str) -> Robot {
    let mut r = Robot::new(width, height);
    r.connect(Catalog::default()).keys("<alt-2>").keys(text);
    r
}

/// Answers a job whose statement number `at` gives a plan.
fn answer(r: &mut Robot, (job, statements): (JobId, Vec<Statement>), plan: &str) {
    let at = statements.iter().position(|s| s.sql.starts_with("EXPLAIN")).expect("an EXPLAIN");
    for n in 0..statements.len() {
        r.news(job, News::Started(n));
        if n == at {
            let mut batch = Batch::new(1);
            batch.push([Some(plan.as_bytes())]);
            r.news(job, News::Columns([Column::text("QUERY PLAN")].into()));
            r.news(job, News::Rows(Arc::new(batch)));
        }
        r.done(job, n, "EXPLAIN", 1, n + 1 == statements.len());
    }
}

/// The slow plan, measured.
fn measured(width: u16, height: u16) -> Robot {
    let mut r = sql(width, height, SELECT);
    r.keys("<f9>");
    let (job, statements, ..) = r.rehearse();
    answer(&mut r, (job, statements), &slow());
    let (job, statements, ..) = r.rehearse();
    answer(&mut r, (job, statements), &slow());
    r
}

fn failed(r: &mut Robot, job: JobId, statement: usize, error: DbError) {
    r.news(job, News::Started(statement));
    r.news(job, News::Failed(statement, Box::new(error), Tx::Idle));
}

#[test]
fn nothing_yet() {
    for (name, width, height) in [("small", 80, 24), ("large", 120, 40)] {
        let mut r = sql(width, height, "");
        r.keys("<alt-4>");
        insta::assert_snapshot!(format!("plan_empty_{name}"), r.screen());
    }
    let mut r = sql(40, 10, "");
    r.keys("<alt-4>");
    assert!(r.screen().contains("needs"), "{}", r.screen());
}

#[test]
fn a_read_is_measured_at_once_and_in_a_transaction_of_its_own() {
    let mut r = sql(120, 40, SELECT);
    r.keys("<f9>");
    let (job, plain, after, open) = r.rehearse();
    assert!(plain.iter().all(|s| !s.sql.contains("ANALYZE")), "{plain:?}");
    assert!(after.is_empty() && !open);
    answer(&mut r, (job, plain), &slow());
    let (_, statements, after, open) = r.rehearse();
    let texts: Vec<&str> = statements.iter().map(|s| s.sql.as_str()).collect();
    assert_eq!(texts[0], "BEGIN READ ONLY");
    let limits = |t: &&str| t.contains("statement_timeout") && t.contains("NOT BETWEEN 1 AND 60000");
    assert!(texts.iter().any(limits), "{texts:?}");
    let explain = texts.last().expect("an EXPLAIN");
    assert!(explain.starts_with("EXPLAIN (ANALYZE") && explain.ends_with(SELECT), "{explain}");
    assert_eq!(after, ["ROLLBACK"]);
    assert!(!open);
}

#[test]
fn a_plan_that_comes_late_does_not_replace_what_was_opened_meanwhile() {
    let mut r = sql(120, 40, SELECT);
    r.keys("<f9>");
    let (job, plain, ..) = r.rehearse();
    answer(&mut r, (job, plain), &slow());
    let (job, statements, ..) = r.rehearse();
    r.event(Event::Paste(
        json!([{ "Plan": scan("pasted_here", json!({ "Node Type": "Seq Scan" })) }]).to_string(),
    ));
    assert!(r.screen().contains("Seq Scan pasted_here"), "{}", r.screen());
    answer(&mut r, (job, statements), &slow());
    let screen = r.screen();
    assert!(screen.contains("Seq Scan pasted_here") && screen.contains("F8 lists it"), "{screen}");
    r.keys("<f8>");
    assert!(r.screen().contains("ANALYZE"), "{}", r.screen());
    // The next one is opened again.
    r.keys("<esc><alt-2><f7>");
    let (job, plain, ..) = r.rehearse();
    answer(&mut r, (job, plain), &slow());
    assert!(!r.screen().contains("pasted_here"), "{}", r.screen());
}

#[test]
fn tree_tables_timeline_and_details() {
    for (name, width, height) in [("small", 80, 24), ("large", 120, 40)] {
        let mut r = measured(width, height);
        insta::assert_snapshot!(format!("plan_tree_{name}"), r.screen());
        r.keys("<enter>");
        insta::assert_snapshot!(format!("plan_details_{name}"), r.screen());
        r.keys("<esc>t");
        insta::assert_snapshot!(format!("plan_kinds_{name}"), r.screen());
        r.keys("t");
        insta::assert_snapshot!(format!("plan_relations_{name}"), r.screen());
        r.keys("t");
        insta::assert_snapshot!(format!("plan_timeline_{name}"), r.screen());
        // From the timeline to the node.
        r.keys("gg<enter>");
        assert!(r.screen().contains("▌Tree"), "{}", r.screen());
    }
}

#[test]
fn folding_and_finding() {
    let mut r = measured(120, 40);
    assert!(r.screen().contains("+21 folded"), "{}", r.screen());
    assert!(!r.screen().contains("part_3"));
    r.keys("/part_3<enter>");
    assert!(r.screen().contains("▸   │ └ Seq Scan part_3"), "{}", r.screen());
    r.keys("C");
    assert!(r.screen().contains("▸ └ ▸ Append  +21 folded"), "the root stays open: {}", r.screen());
    r.keys("E");
    assert!(r.screen().contains("part_9") && r.screen().contains("never"), "{}", r.screen());
    r.keys("c");
    assert!(r.screen().contains("+21 folded"), "{}", r.screen());
    r.keys("/nowhere<enter>");
    assert!(r.screen().contains("stands in no node"));
    // The mouse: a double click opens the details.
    r.event(Event::Mouse(Mouse { kind: MouseKind::Double, x: 8, y: 4 }));
    assert!(r.screen().contains("▌Details"), "{}", r.screen());
}

#[test]
fn a_write_is_run_only_after_a_question_that_says_what_stays() {
    let mut r = sql(100, 36, "select 1; delete from posts where id << 50");
    r.keys("<f9>");
    let (job, plain, ..) = r.rehearse();
    assert!(
        plain[0].sql.ends_with("delete from posts where id < 50"),
        "the statement at the cursor: {plain:?}"
    );
    let below =
        node("Seq Scan", 1.0, 49.0, 1.0, 49.0, scan("posts", json!({ "Parent Relationship": "Outer" })));
    let delete = node(
        "ModifyTable",
        2.0,
        0.0,
        1.0,
        0.0,
        scan("posts", json!({ "Operation": "Delete", "Plans": [below] })),
    );
    let plan = json!([{ "Plan": delete }]).to_string();
    answer(&mut r, (job, plain), &plan);
    let (_, lane, asked) = r.execute();
    assert_eq!((lane, asked[0].params.len()), (Lane::Read(ConnId(0)), 2), "what is known of the relation");
    let (job, lane, asked) = r.execute();
    assert_eq!(lane, Lane::Read(ConnId(0)));
    assert_eq!(asked[0].params, [Some("{\"public.posts\"}".into()), Some("8".into())]);
    r.result(
        job,
        &["relation", "trigger", "what"],
        &[&[Some("posts"), Some("log\x1b"), Some("after each row calls log")]],
        "SELECT 1",
    );
    insta::assert_snapshot!("plan_write_asks", r.screen());
    assert!(r.effects.iter().all(|e| !matches!(e, Effect::Rehearse { .. })), "nothing is run yet");
    r.keys("n");
    assert!(r.screen().contains("Not run: this is the plan as expected"), "{}", r.screen());
    // Once more, and yes; meanwhile a transaction was begun.
    r.keys("<f9>");
    let (job, plain, ..) = r.rehearse();
    answer(&mut r, (job, plain), &plan);
    r.execute();
    let (job, ..) = r.execute();
    failed(&mut r, job, 0, DbError::client("no triggers to be had"));
    r.keys("r");
    let (job, statements, after, open) = r.rehearse();
    assert_eq!((statements[0].sql.as_str(), open), ("BEGIN", false));
    assert_eq!(after, ["ROLLBACK"]);
    // Cancelled: the plan as expected stays.
    r.wait(3000).keys("<ctrl-c>");
    r.take(|e| matches!(e, Effect::Cancel { .. }).then_some(()));
    let cancel =
        DbError { code: "57014".into(), message: "canceling statement".into(), ..DbError::default() };
    failed(&mut r, job, 3, cancel);
    let screen = r.screen();
    assert!(screen.contains("Cancelled after 3.0 s. Below is the plan as expected"), "{screen}");
    assert!(screen.contains("Delete posts"), "{screen}");
}

#[test]
fn in_a_transaction_a_savepoint_is_returned_to() {
    let mut r = sql(100, 30, "begin");
    r.keys("<f5>");
    let (job, ..) = r.execute();
    let summary = Summary {
        statement: 0,
        tag: "BEGIN".into(),
        elapsed: Duration::ZERO,
        tx: Tx::Open,
        rows: 0,
        cut: None,
        last: true,
    };
    r.news(job, News::Done(summary));
    r.keys(";select 1<f7>");
    let (_, statements, after, open) = r.rehearse();
    assert!(open);
    assert!(statements[0].sql.starts_with("SAVEPOINT "), "{statements:?}");
    assert!(after[0].starts_with("ROLLBACK TO SAVEPOINT ") && after[1].starts_with("RELEASE "), "{after:?}");
}

#[test]
fn parameters_get_values_or_the_plan_for_any() {
    let mut r = sql(100, 30, "select * from posts where user_id = :who and id > :least");
    r.keys("<f7>");
    assert!(r.screen().contains("The statement has parameters: who, least"), "{}", r.screen());
    r.keys("g");
    r.keys("42<tab>7<enter>");
    let (_, statements, ..) = r.rehearse();
    let explain = statements.last().expect("a statement");
    assert!(explain.sql.ends_with("where user_id = $1 and id > $2"), "{}", explain.sql);
    assert_eq!(explain.params, [Some("42".into()), Some("7".into())]);
    // Any values, on 15: by PREPARE.
    let mut r = sql(100, 30, "select * from posts where user_id = $1");
    r.keys("<f7>p");
    let (_, statements, after, _) = r.rehearse();
    assert!(statements.iter().any(|s| s.sql.starts_with("PREPARE ")), "{statements:?}");
    assert!(after.iter().any(|s| s.starts_with("DEALLOCATE")), "{after:?}");
}

#[test]
fn errors_and_broken_plans() {
    let mut r = sql(80, 24, "select *\nfrom nowhere");
    r.keys("<f7>");
    let (job, statements, ..) = r.rehearse();
    let position = statements[0].sql.find("nowhere").expect("there") as u32 + 1;
    let error = DbError {
        severity: "ERROR".into(),
        code: "42P01".into(),
        message: "relation \"nowhere\" does not exist".into(),
        hint: Some("Look\x1b[31m again".into()),
        position: Some(position),
        ..DbError::default()
    };
    failed(&mut r, job, 0, error);
    let screen = r.screen();
    assert!(screen.contains("at line 2, column 6: nowhere"), "{screen}");
    insta::assert_snapshot!("plan_error", screen);
    // A text cut off: what came before the break is shown.
    let plan = slow();
    r.event(Event::Paste(plan[..plan.len() / 2].into()));
    insta::assert_snapshot!("plan_broken", r.screen());
    r.event(Event::Paste("this is no plan".into()));
    assert!(r.screen().contains("No plan in what was pasted"), "{}", r.screen());
    // What has no plan says so.
    let mut r = sql(80, 24, "vacuum");
    r.keys("<f7>");
    assert!(r.screen().contains("VACUUM has no plan"), "{}", r.screen());
}

#[test]
fn files_are_opened_and_written() {
    let mut r = sql(100, 30, "");
    r.keys("<alt-4>oplan.json<enter>");
    let (job, path) = r.take(|e| match e {
        Effect::Read { job, path, .. } => Some((*job, path.clone())),
        _ => None,
    });
    assert_eq!(path, "plan.json");
    r.news(job, News::Read(Err("cannot read plan.json: no".into())));
    assert!(r.screen().contains("cannot read plan.json"), "{}", r.screen());
    r.keys("o<enter>");
    let job = r.take(|e| match e {
        Effect::Read { job, .. } => Some(*job),
        _ => None,
    });
    r.news(job, News::Read(Ok(slow())));
    assert!(r.screen().contains("plan.json") && r.screen().contains("Seq Scan posts"), "{}", r.screen());
    r.keys("<f9>");
    assert!(r.screen().contains("does not tell its statement"), "{}", r.screen());
    r.keys("yj");
    r.take(|e| matches!(e, Effect::Copy(text) if text == &slow()).then_some(()));
    r.keys("w<ctrl-u>plan.json<enter>");
    let job = r.take(|e| match e {
        Effect::Write { job, path, replace: false, .. } if path == "plan.json" => Some(*job),
        _ => None,
    });
    r.news(job, News::Written(Err("plan.json is there already".into()))).keys("w");
    r.take(|e| matches!(e, Effect::Write { replace: true, .. }).then_some(()));
}

/// What came as text, or with others in one text, goes out as JSON that other tools read.
#[test]
fn each_plan_is_copied_and_written_as_json_of_its_own() {
    let mut r = sql(100, 30, "");
    let two = "Seq Scan on a  (cost=0.00..1.00 rows=1 width=4)\n  Filter: (x = 1)\n\n\
               Sort  (cost=0.00..2.00 rows=1 width=4)\n  Sort Key: x\n  ->  Seq Scan on b  (cost=0.00..1.00 rows=1 width=4)\n";
    r.keys("<alt-4>").event(Event::Paste(two.into()));
    for (other, node, relation) in [("", "Seq Scan", "\"a\""), ("<f8><enter>", "Sort", "\"b\"")] {
        r.keys(other).keys("yj");
        let text = r.take(|e| match e {
            Effect::Copy(text) => Some(text.clone()),
            _ => None,
        });
        let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!((json.as_array().map(Vec::len), &json[0]["Plan"]["Node Type"]), (Some(1), &node.into()));
        assert!(text.contains(relation), "{text}");
    }
    r.keys("w<ctrl-u>plan.xml<enter>");
    assert!(r.screen().contains("did not come as xml"), "{}", r.screen());
    assert!(r.effects.iter().all(|e| !matches!(e, Effect::Write { .. })), "{:?}", r.effects);
}

#[test]
fn two_plans_of_a_statement_are_compared() {
    for (name, width, height) in [("small", 80, 24), ("large", 120, 40)] {
        let mut r = measured(width, height);
        r.wait(2000).keys("<f9>");
        let (job, statements, ..) = r.rehearse();
        answer(&mut r, (job, statements), &slow());
        let (job, statements, ..) = r.rehearse();
        answer(&mut r, (job, statements), &fast());
        r.keys("d");
        let screen = r.screen();
        let same = screen.lines().filter(|line| line.contains("▸ =  ") && line.contains("  select")).count();
        assert_eq!(same, 1, "the plan without times gave way: {screen}");
        r.keys("<enter>");
        insta::assert_snapshot!(format!("plan_compare_{name}"), r.screen());
        r.keys("T");
        assert!(r.screen().contains("160× more"), "{}", r.screen());
        r.keys("<esc>");
        assert!(r.screen().contains("▌Tree"), "{}", r.screen());
    }
}

#[test]
fn a_plan_of_many_nodes_is_shown_without_laying_all_out() {
    // A chain deeper than any screen, and many children.
    let mut inner = node("Result", 0.1, 1.0, 1.0, 1.0, json!({}));
    for n in 0..120 {
        let more = json!({ "Plans": [inner], "Parent Relationship": "Outer" });
        inner = node("Materialize", 0.1 + f64::from(n), 1.0, 1.0, 1.0, more);
    }
    let plan = json!([{ "Plan": inner, "Execution Time": 130.0 }]).to_string();
    let mut r = sql(80, 24, "");
    r.keys("<alt-4>").event(Event::Paste(plan)).keys("EG");
    let screen = r.screen();
    assert!(screen.contains("‹120›") && screen.contains("Result"), "{screen}");
    r.keys("kkkkk<enter>");
    assert!(r.screen().contains("▌Details"), "{}", r.screen());
}
