//! What is sent for whom.

use super::*;

fn said(sql: &str, wish: &Wish) -> Recipe {
    recipe(sql, wish).unwrap_or_else(|e| panic!("{sql}: {e}"))
}

fn analyze(version: u32) -> Wish {
    Wish { analyze: true, ..Wish::plain(version) }
}

fn before(recipe: &Recipe) -> String {
    recipe.before.iter().map(|s| s.sql.as_str()).collect::<Vec<_>>().join("; ")
}

#[test]
fn options_by_version() {
    for (version, plain, run) in [
        (130_000, "VERBOSE, SETTINGS, SUMMARY", "ANALYZE, VERBOSE, SETTINGS, BUFFERS, WAL"),
        (160_002, "VERBOSE, SETTINGS, SUMMARY", "ANALYZE, VERBOSE, SETTINGS, BUFFERS, WAL"),
        (
            170_000,
            "VERBOSE, SETTINGS, SUMMARY",
            "ANALYZE, VERBOSE, SETTINGS, BUFFERS, WAL, MEMORY, SERIALIZE",
        ),
    ] {
        let sql = "/*+ SeqScan(t) */ select * from t;";
        let want = format!("EXPLAIN ({plain}, FORMAT JSON) {sql}");
        assert_eq!(said(sql, &Wish::plain(version)).explain.sql, want);
        let want = format!("EXPLAIN ({run}, FORMAT JSON) {sql}");
        assert_eq!(said(sql, &analyze(version)).explain.sql, want);
    }
    let quick = Wish { timing: false, ..analyze(180_000) };
    assert_eq!(
        said("delete from t", &quick).explain.sql,
        "EXPLAIN (ANALYZE, VERBOSE, SETTINGS, BUFFERS, WAL, TIMING OFF, MEMORY, FORMAT JSON) delete from t"
    );
}

#[test]
fn an_explain_keeps_its_options() {
    for (sql, want) in [
        (
            "explain (costs off, format yaml) select 1",
            "explain (VERBOSE, SETTINGS, SUMMARY, costs off, format yaml, FORMAT JSON) select 1",
        ),
        (
            "-- slow\nEXPLAIN (ANALYZE, buffers false)\nselect 1;",
            "-- slow\nEXPLAIN (ANALYZE, VERBOSE, SETTINGS, BUFFERS, WAL, ANALYZE, buffers false, FORMAT JSON) select 1;",
        ),
        ("explain verbose select 1", "explain (VERBOSE, SETTINGS, SUMMARY, FORMAT JSON) select 1"),
        (
            "explain analyse verbose select 1",
            "explain (ANALYZE, VERBOSE, SETTINGS, BUFFERS, WAL, FORMAT JSON) select 1",
        ),
        (
            "explain (select 1) union select 2",
            "explain (VERBOSE, SETTINGS, SUMMARY, FORMAT JSON) (select 1) union select 2",
        ),
    ] {
        assert_eq!(said(sql, &Wish::plain(150_000)).explain.sql, want, "{sql}");
    }
    // asked for now, whatever stands there
    let recipe = said("explain (analyze off) select 1", &analyze(150_000));
    assert!(recipe.explain.sql.ends_with("analyze off, ANALYZE, FORMAT JSON) select 1"), "{recipe:?}");
    assert!(recipe.analyze);
    // written there: it runs, so it is rolled back
    let recipe = said("explain analyze delete from t", &Wish::plain(150_000));
    assert_eq!((before(&recipe).as_str(), recipe.after.join("; ").as_str()), ("BEGIN", "ROLLBACK"));
    assert_eq!(recipe.touch, Touch::Writes);
}

#[test]
fn what_runs_is_rolled_back() {
    let limits = Wish {
        statement_timeout: Some(Duration::from_secs(30)),
        lock_timeout: Some(Duration::from_millis(1500)),
        idle_timeout: Some(Duration::ZERO),
        ..analyze(150_000)
    };
    for (sql, wish, want, touch) in [
        ("select 1", analyze(150_000), "BEGIN READ ONLY", Touch::Nothing),
        ("select my_function()", analyze(150_000), "BEGIN", Touch::Perhaps),
        ("select * from t for update", analyze(150_000), "BEGIN", Touch::Perhaps),
        ("with x as (delete from t returning *) table x", analyze(150_000), "BEGIN", Touch::Writes),
        ("create table x as select 1", analyze(150_000), "BEGIN", Touch::Writes),
        ("declare c cursor for select 1", analyze(150_000), "BEGIN", Touch::Perhaps),
        ("execute p(1)", analyze(150_000), "BEGIN", Touch::Writes),
        (
            "update t set a = 1",
            Wish { read_only: true, ..analyze(150_000) },
            "BEGIN READ ONLY",
            Touch::Writes,
        ),
        (
            "update t set a = 1",
            Wish { in_transaction: true, ..analyze(150_000) },
            "SAVEPOINT pgdeck_explain",
            Touch::Writes,
        ),
        // its error would fail the user's transaction
        (
            "delete from t",
            Wish { in_transaction: true, ..Wish::plain(150_000) },
            "SAVEPOINT pgdeck_explain; SET TRANSACTION READ ONLY",
            Touch::Nothing,
        ),
        (
            "table t",
            Wish { in_transaction: true, ..analyze(150_000) },
            "SAVEPOINT pgdeck_explain; SET TRANSACTION READ ONLY",
            Touch::Nothing,
        ),
        (
            "delete from t",
            limits,
            &format!(
                "BEGIN; {}; {}; {}",
                lower("statement_timeout", Duration::from_secs(30)),
                lower("lock_timeout", Duration::from_millis(1500)),
                lower("idle_in_transaction_session_timeout", Duration::from_millis(1)),
            ),
            Touch::Writes,
        ),
    ] {
        let recipe = said(sql, &wish);
        assert_eq!((before(&recipe).as_str(), recipe.touch), (want, touch), "{sql}");
        let after = if wish.in_transaction {
            "ROLLBACK TO SAVEPOINT pgdeck_explain; RELEASE SAVEPOINT pgdeck_explain"
        } else {
            "ROLLBACK"
        };
        assert_eq!(recipe.after.join("; "), after, "{sql}");
        assert_eq!(recipe.touch.remains().is_empty(), touch == Touch::Nothing, "{sql}");
    }
    // what does not run needs nothing around it
    let recipe = said("delete from t", &Wish::plain(150_000));
    assert!(recipe.before.is_empty() && recipe.after.is_empty() && recipe.touch == Touch::Nothing);
}

#[test]
fn parameters_without_values() {
    let sql = "select '$9', $2 from t where a = $1";
    let recipe = said(sql, &Wish::plain(160_000));
    assert_eq!(
        recipe.explain.sql,
        format!("EXPLAIN (VERBOSE, SETTINGS, SUMMARY, GENERIC_PLAN, FORMAT JSON) {sql}")
    );
    assert!(recipe.generic && recipe.simple && recipe.before.is_empty());
    // one statement or two, as the server reads backslashes: never two by the simple protocol
    assert!(
        recipe_error("select $1, 'a\\'' ; drop table t --'", &Wish::plain(160_000)).contains("one by one")
    );
    // nor where the simple protocol would go round what holds a session read-only
    let recipe = said(sql, &Wish { read_only: true, ..Wish::plain(160_000) });
    assert!(!recipe.simple && before(&recipe).contains("PREPARE"));
    let recipe = said(sql, &Wish::plain(150_000));
    assert_eq!(
        before(&recipe),
        format!(
            "BEGIN READ ONLY; SAVEPOINT pgdeck_explain; SET LOCAL plan_cache_mode = force_generic_plan; \
             PREPARE pgdeck_explain AS {sql}"
        )
    );
    let want = "EXPLAIN (VERBOSE, SETTINGS, SUMMARY, FORMAT JSON) EXECUTE pgdeck_explain(NULL, NULL)";
    assert_eq!(recipe.explain.sql, want);
    assert_eq!(
        recipe.after.join("; "),
        "ROLLBACK TO SAVEPOINT pgdeck_explain; DEALLOCATE pgdeck_explain; ROLLBACK"
    );
    let recipe = said(&format!("explain (costs off) {sql}"), &Wish::plain(150_000));
    assert!(recipe.explain.sql.ends_with("costs off, FORMAT JSON) EXECUTE pgdeck_explain(NULL, NULL)"));
    assert!(before(&recipe).ends_with(&format!("AS {sql}")));
    // with values it is the plan for these values
    let recipe = said(sql, &Wish { values: true, ..analyze(150_000) });
    assert!(!recipe.generic && recipe.explain.sql.ends_with(sql));
    let e = recipe_error(sql, &analyze(180_000));
    assert!(e.contains("have no values"), "{e}");
    // `generic_plan` that stands there already
    let recipe = said("explain (generic_plan) select $1", &Wish::plain(170_000));
    assert_eq!(recipe.explain.sql.to_lowercase().matches("generic_plan").count(), 1);
}

fn recipe_error(sql: &str, wish: &Wish) -> String {
    recipe(sql, wish).expect_err(sql).to_string()
}

#[test]
fn what_has_no_plan_says_why() {
    for (sql, why) in [
        ("", "no statement"),
        ("-- nothing\n;", "no statement"),
        ("select 1; select 2", "one by one"),
        ("vacuum t", "VACUUM has no plan: SELECT"),
        ("create index on t (a)", "CREATE INDEX has no plan: explain a query that it shall serve"),
        ("create view v as select 1", "explain the query behind AS"),
        ("create table t (a int)", "CREATE TABLE has no plan: SELECT"),
        ("call p()", "auto_explain"),
        ("do $$ begin end $$", "auto_explain"),
        ("truncate t", "without reading"),
        ("refresh materialized view v", "the view's own query"),
        ("copy (select 1) to stdout", "in its parentheses"),
        ("copy t from stdin", "COPY has no plan: SELECT"),
        ("show work_mem", "SHOW has no plan"),
        ("begin", "BEGIN has no plan"),
        ("set a = 1", "SET has no plan"),
        ("explain explain select 1", "no second EXPLAIN"),
        ("explain (analyze) vacuum", "VACUUM has no plan"),
        ("\u{1}", "has no plan"),
    ] {
        let e = recipe_error(sql, &Wish::plain(150_000));
        assert!(e.contains(why), "{sql}: {e}");
    }
}

#[test]
fn a_table_is_not_made_in_read_only() {
    let wish = Wish { read_only: true, ..analyze(150_000) };
    for sql in [
        "create table x as select 1",
        "create unlogged table if not exists x as (select 1)",
        "create materialized view x as select 1",
        "select 1 into x",
        "create table x as execute p",
    ] {
        let e = recipe_error(sql, &wish);
        assert!(e.contains("even in a read-only transaction"), "{sql}: {e}");
        assert!(
            recipe_error(&format!("explain analyze {sql}"), &Wish { analyze: false, ..wish.clone() })
                .contains("even")
        );
        // without ANALYZE nothing is made
        assert!(recipe(sql, &Wish { analyze: false, ..wish.clone() }).is_ok(), "{sql}");
        assert!(recipe(sql, &Wish { read_only: false, ..wish.clone() }).is_ok(), "{sql}");
    }
}

#[test]
fn positions_are_those_of_the_users_text() {
    for sql in
        ["select é, nope from t", "explain (costs off) select é, nope from t", "explain select é, nope"]
    {
        let at = sql.find("nope").expect("there");
        for wish in [Wish::plain(150_000), analyze(180_000)] {
            let sent = said(sql, &wish).explain;
            let byte = sent.sql.find("nope").expect("there");
            let position = u32::try_from(sent.sql[..byte].chars().count() + 1).expect("short");
            assert_eq!(sent.source_position(position), Some(at), "{}", sent.sql);
            let ours = u32::try_from(sent.sql.find("VERBOSE").expect("there")).expect("short") + 1;
            assert_eq!(sent.source_position(ours), None, "{}", sent.sql);
        }
    }
    let sql = "select nope, $1";
    let prepare = said(sql, &Wish::plain(150_000)).before.pop().expect("PREPARE");
    let position = u32::try_from(prepare.sql.find("nope").expect("there")).expect("short") + 1;
    assert_eq!(prepare.source_position(position), sql.find("nope"));
}
