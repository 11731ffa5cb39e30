//! The SQL pane: running, streaming, errors, cancel, transactions, completion, history, saving.

use crate::robot::Robot;
use pgdeck::{
    core::{
        effect::{CopyFile, Effect, Place},
        error::DbError,
        event::{Cut, Event, HistoryEntry, Link, News, Summary, Tx},
        ids::{ConnId, JobId, Lane},
    },
    data::{
        catalog::{Catalog, ColumnInfo, RelKind, Relation},
        rows::{Batch, Column},
    },
};
use std::{sync::Arc, time::Duration};

fn catalog() -> Catalog {
    let mut c = Catalog {
        search_path: vec!["pg_catalog".into(), "public".into()],
        schemas: vec!["public".into()],
        ..Catalog::default()
    };
    for (oid, name, columns) in
        [(1, "posts", &["id", "user_id", "title"][..]), (2, "users", &["id", "email", "username"][..])]
    {
        c.relations.push(Relation {
            oid,
            schema: "public".into(),
            name: name.into(),
            kind: RelKind::Table,
            rows: 10.0,
            bytes: 8192,
            partition_of: 0,
            comment: None,
        });
        let columns: Arc<[ColumnInfo]> = columns
            .iter()
            .map(|n| ColumnInfo { name: (*n).into(), type_name: "text".into(), ..ColumnInfo::default() })
            .collect();
        c.columns.insert(oid, columns);
    }
    c
}

/// A robot in the SQL pane, connected.
fn sql(width: u16, height: u16) -> Robot {
    let mut r = Robot::new(width, height);
    r.connect(catalog()).keys("<alt-2>");
    r
}

fn summary(statement: usize, tag: &str, rows: u64, last: bool) -> Summary {
    Summary {
        statement,
        tag: tag.into(),
        elapsed: Duration::from_millis(12),
        tx: Tx::Idle,
        rows,
        cut: None,
        last,
    }
}

fn rows(from: u64, count: u64) -> Arc<Batch> {
    let mut batch = Batch::new(2);
    for n in from..from + count {
        let (id, title) = (n.to_string(), format!("Post number {n}"));
        batch.push([Some(id.as_bytes()), Some(title.as_bytes())]);
    }
    Arc::new(batch)
}

fn columns() -> Arc<[Column]> {
    let id = Column { type_oid: 20, ..Column::text("id") };
    [id, Column::text("title")].into()
}

/// The first rows of an endless result, at rest.
fn resting(r: &mut Robot) -> JobId {
    r.keys("select * from posts<f5>");
    let (job, ..) = r.execute();
    r.news(job, News::Started(0)).news(job, News::Columns(columns()));
    r.news(job, News::Rows(rows(0, 200))).news(job, News::Resting);
    job
}

fn syntax_error(position: u32) -> Box<DbError> {
    Box::new(DbError {
        severity: "ERROR".into(),
        code: "42703".into(),
        message: "column \"tilte\" does not exist".into(),
        hint: Some("Perhaps you meant to reference the column \"posts.title\".".into()),
        position: Some(position),
        ..DbError::default()
    })
}

#[test]
fn the_statement_at_the_cursor_is_sent_byte_for_byte() {
    let mut r = sql(80, 24);
    r.keys("select  1 ;\n\nSELECT 'ü' -- two\n  ;<up><f5>");
    let (_, lane, statements) = r.execute();
    assert_eq!(lane, Lane::Own(ConnId(0)));
    assert_eq!(statements.len(), 1);
    assert_eq!(statements[0].sql, "SELECT 'ü' -- two\n  ;");
    assert!(statements[0].pure_read);
}

#[test]
fn two_statements_give_two_results() {
    let mut r = sql(80, 24);
    r.keys("select * from posts;\nselect count(*) from users;<f6>");
    let (job, _, statements) = r.execute();
    assert_eq!(statements.len(), 2);
    r.news(job, News::Started(0)).news(job, News::Columns(columns()));
    r.news(job, News::Rows(rows(1, 3))).news(job, News::Done(summary(0, "SELECT 3", 3, false)));
    r.news(job, News::Started(1)).news(job, News::Columns([Column::text("count")].into()));
    let mut one = Batch::new(1);
    one.push([Some(&b"42"[..])]);
    r.news(job, News::Rows(Arc::new(one))).news(job, News::Done(summary(1, "SELECT 1", 1, true)));
    insta::assert_snapshot!("two_results_80x24", r.screen());
    r.keys("<esc>}");
    assert!(r.screen().contains("42"), "{}", r.screen());
    // Each goes into the history.
    for sql in ["select * from posts;", "select count(*) from users;"] {
        let kept = r.take(|e| match e {
            Effect::Remember(h) => Some(h.clone()),
            _ => None,
        });
        assert_eq!(kept.sql, sql);
    }
}

#[test]
fn a_wide_screen_uses_its_room() {
    let mut r = sql(120, 40);
    r.keys("select * from posts<f5>");
    let (job, ..) = r.execute();
    r.news(job, News::Started(0)).news(job, News::Columns(columns()));
    r.news(job, News::Rows(rows(1, 100))).news(job, News::Done(summary(0, "SELECT 100", 100, true)));
    insta::assert_snapshot!("one_result_120x40", r.screen());
}

#[test]
fn an_empty_pane_says_what_to_do() {
    insta::assert_snapshot!("empty_80x24", sql(80, 24).screen());
}

#[test]
fn an_error_is_shown_whole_and_its_place_is_known() {
    let mut r = sql(80, 24);
    r.keys("select 1;\nselect tilte from posts;<f5>");
    let (job, ..) = r.execute();
    r.news(job, News::Started(0)).news(job, News::Failed(0, syntax_error(8), Tx::Idle));
    insta::assert_snapshot!("error_80x24", r.screen());
    let buffer = r.buffer();
    let underlined: String = buffer
        .content
        .iter()
        .filter(|c| c.modifier.contains(ratatui::style::Modifier::UNDERLINED))
        .map(|c| c.symbol())
        .collect();
    assert_eq!(underlined, "tilte");
    // The next typing clears it; the key goes to the place first.
    r.keys("<alt-e>x");
    assert!(r.screen().contains("select xtilte"), "{}", r.screen());
}

#[test]
fn an_error_stops_the_rest_and_says_so() {
    let mut r = sql(80, 24);
    r.keys("select tilte from posts;select 2;select 3<f6>");
    let (job, ..) = r.execute();
    r.news(job, News::Started(0)).news(job, News::Failed(0, syntax_error(8), Tx::Idle));
    assert!(r.screen().contains("2 statements after it not run"), "{}", r.screen());
    r.keys("<f5>");
    r.execute();
}

#[test]
fn cancel_is_asked_once_then_terminate_is_offered() {
    let mut r = sql(80, 24);
    r.keys("select pg_sleep(60)<f5>");
    let (job, ..) = r.execute();
    r.news(job, News::Started(0)).wait(2_000);
    assert!(r.screen().contains("Ctrl+C cancels"), "{}", r.screen());
    r.keys("<ctrl-c>");
    r.take(|e| (*e == Effect::Cancel { job }).then_some(()));
    assert!(r.screen().contains("cancelling"), "{}", r.screen());
    r.keys("<ctrl-c>");
    assert!(r.screen().contains("Terminate"), "{}", r.screen());
    r.keys("<enter>");
    r.take(|e| (*e == Effect::Terminate { job }).then_some(()));
    let cancelled = DbError {
        severity: "ERROR".into(),
        code: "57014".into(),
        message: "canceling statement due to user request".into(),
        ..DbError::default()
    };
    r.news(job, News::Failed(0, Box::new(cancelled), Tx::Idle));
    assert!(r.screen().contains("user request"), "{}", r.screen());
    r.keys("<f5>");
    r.execute();
}

#[test]
fn a_resting_stream_reads_on_when_the_cursor_nears_its_end() {
    let mut r = sql(80, 24);
    let job = resting(&mut r);
    assert!(r.screen().contains("more rows on the server"), "{}", r.screen());
    assert!(!r.effects.iter().any(|e| matches!(e, Effect::More { .. })), "{:?}", r.effects);
    r.keys("<esc>");
    for _ in 0..30 {
        r.keys("]");
    }
    r.take(|e| matches!(e, Effect::More { job: j, .. } if *j == job).then_some(()));
    r.news(job, News::Rows(rows(200, 200))).news(job, News::Resting);
    // To the end: more is asked for until it is there.
    r.keys("G");
    r.take(|e| matches!(e, Effect::More { job: j, .. } if *j == job).then_some(()));
    r.news(job, News::Rows(rows(400, 200))).news(job, News::Resting);
    r.take(|e| matches!(e, Effect::More { job: j, .. } if *j == job).then_some(()));
    r.news(job, News::Rows(rows(600, 100))).news(job, News::Done(summary(0, "SELECT 700", 700, true)));
    let screen = r.screen();
    assert!(screen.contains("Post number 699") && screen.contains("700 rows"), "{screen}");
}

#[test]
fn what_no_longer_fits_the_budget_is_dropped_in_front_and_said() {
    let settings = pgdeck::core::settings::Settings { result_budget: 20_000, ..Default::default() };
    let mut r = Robot::with(settings, vec![Default::default()], 100, 30);
    r.connect(catalog()).keys("<alt-2>");
    let job = resting(&mut r);
    r.keys("<esc>G");
    for n in 1..20 {
        r.news(job, News::Rows(rows(n * 200, 200)));
    }
    r.news(job, News::Done(summary(0, "SELECT 4000", 4_000, true)));
    let screen = r.screen();
    assert!(screen.contains("Post number 3999") && screen.contains("in front dropped"), "{screen}");
}

#[test]
fn a_stream_that_was_ended_says_why_and_what_helps() {
    for (cut, word) in [(Cut::Idle, "resting"), (Cut::Replaced, "next statement")] {
        let mut r = sql(100, 24);
        let job = resting(&mut r);
        let done = Summary { cut: Some(cut), ..summary(0, "SELECT 200", 200, true) };
        r.news(job, News::Done(done));
        let screen = r.screen();
        assert!(screen.contains(word) && screen.contains("run again"), "{screen}");
    }
}

#[test]
fn the_next_statement_may_be_run_while_one_rests_but_not_while_one_runs() {
    let mut r = sql(80, 24);
    let first = resting(&mut r);
    r.keys(";\nselect 2<f5>");
    let (second, _, statements) = r.execute();
    assert_eq!(statements[0].sql, "select 2");
    // The last word of the first does no harm.
    let cut = Summary { cut: Some(Cut::Replaced), ..summary(0, "SELECT 200", 200, true) };
    r.news(first, News::Done(cut));
    r.news(second, News::Started(0));
    r.keys("<f5>");
    assert!(r.screen().contains("still running"), "{}", r.screen());
    assert!(!r.effects.iter().any(|e| matches!(e, Effect::Execute { .. })));
    r.result(second, &["two"], &[&[Some("2")]], "SELECT 1");
    assert!(r.screen().contains("1 row"), "{}", r.screen());
}

#[test]
fn a_stream_is_given_back_when_nobody_wants_it() {
    let mut r = sql(80, 24);
    let job = resting(&mut r);
    r.keys("<ctrl-c>");
    r.take(|e| (*e == Effect::Stop { job }).then_some(()));
}

#[test]
fn of_several_statements_only_the_last_is_read_on() {
    let mut r = sql(100, 24);
    r.keys("select * from posts;select 2<f6>");
    let (job, ..) = r.execute();
    r.news(job, News::Started(0)).news(job, News::Columns(columns())).news(job, News::Rows(rows(0, 100)));
    r.news(job, News::Done(summary(0, "SELECT 2000000", 2_000_000, false)));
    r.news(job, News::Started(1));
    r.done(job, 1, "SELECT 0", 0, true);
    let screen = r.screen();
    assert!(screen.contains("2,000,000 rows") && screen.contains("the first 100 rows are here"), "{screen}");
}

#[test]
fn notices_and_notifications_are_kept_in_order() {
    let mut r = sql(80, 24);
    r.keys("do $$ begin raise notice 'hello'; end $$<f5>");
    let (job, ..) = r.execute();
    let notice =
        DbError { severity: "NOTICE".into(), message: "hello\u{1b}[31m".into(), ..DbError::default() };
    r.news(job, News::Started(0)).news(job, News::Notice(Box::new(notice)));
    r.news(job, News::Notification("jobs".into(), "7".into(), 99));
    r.news(job, News::Done(summary(0, "DO", 0, true)));
    let screen = r.screen();
    let at = |t: &str| screen.find(t).unwrap_or_else(|| panic!("{t} in {screen}"));
    assert!(at("NOTICE: hello") < at("NOTIFY jobs, \"7\"") && at("NOTIFY") < at("DO · "));
    assert!(!screen.contains('\u{1b}'));
}

#[test]
fn the_transaction_menu_begins_and_the_state_is_seen() {
    let mut r = sql(100, 30);
    r.keys("<ctrl-t>");
    insta::assert_snapshot!("transaction_menu_100x30", r.screen());
    r.keys("serializable read only<enter>");
    let (job, _, statements) = r.execute();
    assert_eq!(statements[0].sql, "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE");
    r.news(job, News::Started(0));
    r.news(job, News::Done(Summary { tx: Tx::Open, ..summary(0, "BEGIN", 0, true) }));
    assert!(r.screen().contains("transaction open"), "{}", r.screen());
    r.keys("<ctrl-t>savepoint<enter><enter>");
    let (job, _, statements) = r.execute();
    assert_eq!(statements[0].sql, "SAVEPOINT sp1");
    r.news(job, News::Started(0));
    r.news(job, News::Done(Summary { tx: Tx::Open, ..summary(0, "SAVEPOINT", 0, true) }));
    r.keys("<ctrl-t>rollback to<enter>");
    assert_eq!(r.execute().2[0].sql, "ROLLBACK TO SAVEPOINT sp1");
    // Leaving asks.
    r.keys("<ctrl-q>");
    assert!(r.screen().contains("Roll back and quit"), "{}", r.screen());
}

#[test]
fn tab_completes_after_a_word_and_indents_otherwise() {
    let mut r = sql(80, 24);
    r.keys("<tab>select em<tab> from us<tab>");
    assert!(r.screen().contains("  select email from users"), "{}", r.screen());
    r.keys(" u where u.<tab>");
    insta::assert_snapshot!("completion_80x24", r.screen());
    r.keys("<down><enter>");
    assert!(r.screen().contains("where u.email"), "{}", r.screen());
    // Typing narrows; Esc leaves the list, not the editor.
    r.keys(" and u.<ctrl-space>use<esc>");
    assert!(r.screen().contains("u.use"), "{}", r.screen());
    r.keys("rname");
    assert!(r.screen().contains("u.username"), "{}", r.screen());
}

#[test]
fn the_history_is_searched_and_inserted() {
    let mut r = sql(80, 24);
    r.keys("<f8>");
    let job = r.take(|e| match e {
        Effect::LoadHistory { job, .. } => Some(*job),
        _ => None,
    });
    let entry = |sql: &str| HistoryEntry { sql: sql.into(), rows: Some(3), millis: 12, ..Default::default() };
    r.news(job, News::History([entry("select 1"), entry("select *\nfrom users")].into()));
    r.keys("users<enter>");
    let screen = r.screen();
    assert!(screen.contains("select *") && screen.contains("from users"), "{screen}");
}

#[test]
fn a_password_does_not_get_into_the_history() {
    let mut r = sql(80, 24);
    r.keys("alter role ada password 'geheim'<f5>");
    let (job, _, statements) = r.execute();
    assert!(statements[0].sql.contains("geheim"));
    r.news(job, News::Started(0)).news(job, News::Done(summary(0, "ALTER ROLE", 0, true)));
    let kept = r.take(|e| match e {
        Effect::Remember(h) => Some(h.sql.clone()),
        _ => None,
    });
    assert!(!kept.contains("geheim"), "{kept}");
}

#[test]
fn the_draft_is_kept_after_a_pause_and_recalled() {
    let mut r = sql(80, 24);
    let job = r.take(|e| match e {
        Effect::Recall { job, key } if key.starts_with("draft.sql") => Some(*job),
        _ => None,
    });
    r.news(job, News::Remembered(Some("select 1 -- from last time\n".into())));
    assert!(r.screen().contains("from last time"));
    r.keys("x").wait(500);
    assert!(!r.effects.iter().any(|e| matches!(e, Effect::Keep { .. })));
    r.wait(1_000);
    let kept = r.take(|e| match e {
        Effect::Keep { value, .. } => Some(value.clone()),
        _ => None,
    });
    assert_eq!(kept.as_deref(), Some("xselect 1 -- from last time\n"));
}

#[test]
fn a_text_is_saved_as_a_query_and_never_over_another_unasked() {
    let mut r = sql(80, 24);
    r.keys("select 1<ctrl-s>one-thing<enter>");
    let (job, path, text, replace) = r.take(|e| match e {
        Effect::Write { job, path, text, place: Place::Saved, replace } => {
            Some((*job, path.clone(), text.clone(), *replace))
        }
        _ => None,
    });
    assert_eq!((path.as_str(), replace), ("one-thing", false));
    assert_eq!(text, "-- title: One thing\n\nselect 1\n");
    r.news(job, News::Written(Err("/q/one-thing.sql is there already".into())));
    assert!(r.screen().contains("Replace it"), "{}", r.screen());
    r.keys("<enter>");
    r.take(|e| matches!(e, Effect::Write { replace: true, .. }).then_some(()));
}

#[test]
fn psql_commands_are_taken_or_refused_in_words() {
    let mut r = sql(80, 24);
    r.keys("\\dt<f5>");
    let (job, _, statements) = r.execute();
    assert_eq!(statements.len(), 1);
    r.result(job, &["name"], &[&[Some("users")]], "SELECT 1");
    r.keys("<f6>");
    assert!(r.screen().contains("\\dt"), "{}", r.screen());
    assert!(!r.effects.iter().any(|e| matches!(e, Effect::Execute { .. })));
}

#[test]
fn watching_runs_again_and_keeps_the_cursor() {
    let mut r = sql(80, 24);
    r.keys("select * from posts<f5>");
    let (job, ..) = r.execute();
    r.news(job, News::Started(0)).news(job, News::Columns(columns()));
    r.news(job, News::Rows(rows(1, 30))).news(job, News::Done(summary(0, "SELECT 30", 30, true)));
    r.keys("<esc>jjjW<enter>").wait(100);
    let (job, ..) = r.execute();
    r.news(job, News::Started(0)).news(job, News::Columns(columns()));
    r.news(job, News::Rows(rows(100, 30))).news(job, News::Done(summary(0, "SELECT 30", 30, true)));
    let screen = r.screen();
    assert!(screen.contains("every 2") && screen.contains("Post number 100"), "{screen}");
    assert!(!r.effects.iter().any(|e| matches!(e, Effect::Execute { .. })));
    r.wait(2_100);
    r.execute();
    r.keys("W").wait(10_000);
    assert!(!r.effects.iter().any(|e| matches!(e, Effect::Execute { .. })));
}

#[test]
fn rows_are_copied_in_a_format() {
    let mut r = sql(80, 24);
    r.keys("select * from posts<f5>");
    let (job, ..) = r.execute();
    r.news(job, News::Started(0)).news(job, News::Columns(columns()));
    r.news(job, News::Rows(rows(1, 3))).news(job, News::Done(summary(0, "SELECT 3", 3, true)));
    r.keys("<esc>Vjyj");
    let copied = r.take(|e| match e {
        Effect::Copy(text) => Some(text.clone()),
        _ => None,
    });
    assert!(copied.contains("\"id\": 2") || copied.contains("\"id\":2"), "{copied}");
}

#[test]
fn a_row_and_a_value_open_over_the_result() {
    let mut r = sql(80, 24);
    r.keys("select * from posts<f5>");
    let (job, ..) = r.execute();
    r.result(
        job,
        &["id", "profile"],
        &[&[Some("1"), Some("{\"a\": [1, 2]}")], &[Some("2"), None]],
        "SELECT 2",
    );
    r.keys("<esc><enter>");
    insta::assert_snapshot!("record_80x24", r.screen());
    r.keys("Jjv");
    assert!(r.screen().to_lowercase().contains("null"), "{}", r.screen());
    r.keys("qKv");
    insta::assert_snapshot!("value_80x24", r.screen());
    r.keys("qq");
    assert!(r.screen().contains("2 rows") && !r.screen().contains("Quit"), "{}", r.screen());
}

#[test]
fn parameters_in_the_text_are_asked_for_and_bound() {
    let mut r = sql(80, 24);
    r.keys("select * from posts where id = :id and title <<> ':x'<f5>");
    assert!(r.screen().contains("Parameters"), "{}", r.screen());
    r.keys("7<enter>");
    let (job, _, statements) = r.execute();
    assert_eq!(statements[0].params, [Some("7".to_owned())]);
    assert_eq!(statements[0].sql, "select * from posts where id = $1 and title <> ':x'");
    // The place of an error is the place in the text as typed.
    r.news(job, News::Started(0)).news(job, News::Failed(0, syntax_error(40), Tx::Idle));
    assert!(r.screen().contains("column 41"), "{}", r.screen());
}

#[test]
fn what_the_server_says_between_two_runs_is_shown() {
    let mut r = sql(80, 24);
    r.keys("listen jobs<f5>");
    let (job, ..) = r.execute();
    r.news(job, News::Started(0)).news(job, News::Done(summary(0, "LISTEN", 0, true)));
    r.news(job, News::Notification("jobs".into(), "late".into(), 99));
    assert_eq!(r.screen().matches("NOTIFY jobs, \"late\" from process 99").count(), 2, "{}", r.screen());
}

#[test]
fn a_lost_session_is_said_in_the_messages_to_stay() {
    let mut r = sql(100, 24);
    r.keys("select 1<f5>");
    let (job, ..) = r.execute();
    r.news(job, News::Started(0)).news(job, News::Done(summary(0, "SELECT 1", 1, true)));
    let e = Box::new(DbError::lost("terminated"));
    r.event(Event::Link(ConnId(0), Link::Lost(e, "lost: temporary tables".into())));
    r.keys("<esc>").wait(60_000);
    assert!(r.screen().contains("Connection lost: terminated. lost: temporary tables"), "{}", r.screen());
}

#[test]
fn esc_leaves_the_editor_and_never_the_program() {
    let mut r = sql(80, 24);
    r.keys("select 1<esc><esc><esc><esc>");
    assert!(!r.effects.iter().any(|e| matches!(e, Effect::Quit)));
    assert!(r.screen().contains("q quits"), "{}", r.screen());
    r.keys("q");
    assert!(r.effects.iter().any(|e| matches!(e, Effect::Quit)));
}

#[test]
fn a_copy_goes_from_or_to_a_file() {
    let mut r = sql(80, 24);
    r.keys("\\copy (select 1) to '/tmp/a b.csv' csv<f5>");
    let (job, lane, sql, file) = r.take(|e| match e {
        Effect::Transfer { job, lane, sql, file } => Some((*job, *lane, sql.clone(), file.clone())),
        _ => None,
    });
    assert_eq!(lane, Lane::Own(ConnId(0)));
    assert_eq!(sql, "COPY (select 1) TO STDOUT csv");
    assert_eq!(file, CopyFile::To("/tmp/a b.csv".into()));
    r.news(job, News::Started(0)).news(job, News::Done(summary(0, "COPY 1", 1, true)));
    assert!(r.screen().contains("\\copy to /tmp/a b.csv: COPY 1"), "{}", r.screen());
    r.keys("<esc>:\\copy posts from program 'x'<enter>");
    assert!(r.screen().contains("starts no programs"), "{}", r.screen());
}

#[test]
fn a_line_of_psql_takes_its_argument() {
    let mut r = sql(80, 24);
    r.keys("select 1<f5>");
    let (job, ..) = r.execute();
    r.result(job, &["?column?"], &[&[Some("1")]], "SELECT 1");
    r.keys("<esc>:\\watch 5<enter>").wait(50);
    r.execute();
    assert!(r.screen().contains("every 5.0 s"), "{}", r.screen());
    let mut r = self::sql(80, 24);
    r.keys("select 1<esc>:w /tmp/x.sql<enter>");
    let (path, text) = r.take(|e| match e {
        Effect::Write { path, text, place: Place::Path, replace: false, .. } => {
            Some((path.clone(), text.clone()))
        }
        _ => None,
    });
    assert_eq!((path.as_str(), text.as_str()), ("/tmp/x.sql", "select 1"));
    r.keys(":w one<enter>");
    r.take(|e| matches!(e, Effect::Write { path, place: Place::Saved, .. } if path == "one").then_some(()));
}

#[test]
fn psqls_x_opens_the_record_view_and_closes_it() {
    let mut r = sql(80, 24);
    r.keys("select 1<f5>");
    let (job, ..) = r.execute();
    r.result(job, &["answer", "other"], &[&[Some("1"), Some("2")]], "SELECT 1");
    let grid = r.screen();
    r.keys("<esc>:\\x<enter>");
    let record = r.screen();
    assert_ne!(grid, record);
    assert!(record.lines().any(|l| l.trim_start().starts_with("other") && l.contains('2')), "{record}");
    r.keys(":\\x<enter>");
    assert!(r.screen().lines().any(|l| l.contains("answer") && l.contains("other")), "{}", r.screen());
}

#[test]
fn a_short_question_takes_little_room() {
    let mut r = sql(80, 24);
    r.keys("select 1<f5>");
    let (job, ..) = r.execute();
    let begun = Summary { tx: Tx::Open, ..summary(0, "BEGIN", 0, true) };
    r.news(job, News::Started(0)).news(job, News::Done(begun));
    r.keys("<esc>q");
    let screen = r.screen();
    assert!(screen.contains("Roll back and quit"), "{screen}");
    let bordered = screen.lines().filter(|l| l.contains('│')).count();
    assert!(bordered <= 4, "{screen}");
}

#[test]
fn a_password_does_not_get_into_the_draft_and_its_mark_is_not_sent() {
    let mut r = sql(80, 24);
    r.keys("alter role ada password 'geheim'").wait(1_500);
    let kept = r.take(|e| match e {
        Effect::Keep { key, value } if key == "draft.sql" => value.clone(),
        _ => None,
    });
    assert_eq!(kept, "alter role ada password '***'");
    let mut r = sql(80, 24);
    r.keys("alter role ada password '***'<f5>");
    assert!(!r.effects.iter().any(|e| matches!(e, Effect::Execute { .. })));
    assert!(r.screen().contains("password was left out"), "{}", r.screen());
}

#[test]
fn an_error_at_the_bottom_gives_way_to_a_key_once_it_could_be_read() {
    let mut r = sql(80, 24);
    r.event(Event::Link(ConnId(0), Link::Up(Box::default())));
    let job = r.take(|e| match e {
        Effect::LoadCatalog { job, .. } => Some(*job),
        _ => None,
    });
    r.news(job, News::Failed(0, Box::new(DbError::client("no route")), Tx::Idle));
    r.keys("a");
    assert!(r.screen().contains("✗ no route"), "{}", r.screen());
    r.wait(6_000);
    assert!(r.screen().contains("✗ no route"), "{}", r.screen());
    r.keys("b");
    assert!(!r.screen().contains("✗ no route"), "{}", r.screen());
}

#[test]
fn reading_to_the_end_goes_on_while_help_is_open() {
    let more = |e: &Effect| matches!(e, Effect::More { .. }).then_some(());
    let mut r = sql(80, 24);
    let job = resting(&mut r);
    r.keys("<esc>G").take(more);
    r.keys("?<esc>");
    r.news(job, News::Rows(rows(200, 200))).news(job, News::Resting).take(more);
    // Moving away is another matter.
    r.keys("gg");
    r.news(job, News::Rows(rows(400, 200))).news(job, News::Resting);
    assert!(!r.effects.iter().any(|e| more(e).is_some()));
}
