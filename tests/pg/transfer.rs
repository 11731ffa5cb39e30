//! `\copy` through the hub: files out and in, errors, cancel.

use super::hub::{Deck, OWN};
use crate::server;
use pgdeck::core::{
    effect::{CopyFile, Effect},
    error::DbError,
    event::{News, Summary, Tx},
    ids::JobId,
};
use std::{fs, time::Duration};

async fn transfer(deck: &mut Deck, job: u64, sql: &str, file: CopyFile) -> Result<Summary, Box<DbError>> {
    deck.hub.perform(Effect::Transfer { job: JobId(job), lane: OWN, sql: sql.into(), file });
    end(deck, job).await
}

async fn end(deck: &mut Deck, job: u64) -> Result<Summary, Box<DbError>> {
    match deck.all(job).await.pop() {
        Some(News::Done(summary)) => Ok(summary),
        Some(News::Failed(_, e, _)) => Err(e),
        other => panic!("{other:?}"),
    }
}

fn names(dir: &tempfile::TempDir) -> Vec<String> {
    let all = fs::read_dir(dir.path()).expect("folder");
    all.map(|e| e.expect("entry").file_name().to_string_lossy().into_owned()).collect()
}

#[tokio::test]
async fn rows_go_to_a_file_and_back() {
    let db = server::database();
    let mut deck = Deck::up(&db.url()).await;
    let dir = tempfile::tempdir().expect("folder");
    let path = dir.path().join("n.txt");
    let file = path.display().to_string();
    let many = "copy (select n, repeat('ü', 50) from generate_series(1, 50000) n) to stdout";
    let done = transfer(&mut deck, 1, many, CopyFile::To(file.clone())).await.expect("written");
    assert_eq!((done.tag.as_str(), done.rows, done.tx), ("COPY 50000", 50_000, Tx::Idle));
    let text = fs::read_to_string(&path).expect("read");
    assert_eq!(text.lines().count(), 50_000);
    assert!(text.ends_with(&format!("50000\t{}\n", "ü".repeat(50))));
    assert_eq!(names(&dir), ["n.txt"]);

    db.execute("create table t (n int primary key, x text)");
    let done =
        transfer(&mut deck, 2, "copy t from stdin", CopyFile::From(file.clone())).await.expect("loaded");
    assert_eq!(done.tag, "COPY 50000");
    // The same again: the server stops it, and the session goes on.
    let e = transfer(&mut deck, 3, "copy t from stdin", CopyFile::From(file)).await.expect_err("keys");
    assert_eq!(e.code, "23505");
    deck.execute(4, OWN, &[crate::sql("select count(*), sum(length(x)) from t")], 1 << 20);
    let all = deck.all(4).await;
    let row = all.iter().find_map(|n| if let News::Rows(b) = n { Some(b.clone()) } else { None });
    let row = row.expect("a row");
    assert_eq!((row.cell(0, 0), row.cell(0, 1)), (Some(&b"50000"[..]), Some(&b"2500000"[..])));
    deck.hub.shutdown().await;
}

#[tokio::test]
async fn a_failure_leaves_the_file_as_it_was() {
    let db = server::database();
    let mut deck = Deck::up(&db.url()).await;
    let dir = tempfile::tempdir().expect("folder");
    let path = dir.path().join("kept.txt");
    fs::write(&path, "before").expect("written");
    let file = CopyFile::To(path.display().to_string());
    let broken = "copy (select 1 / (5000 - n) from generate_series(1, 9000) n) to stdout";
    let e = transfer(&mut deck, 1, broken, file.clone()).await.expect_err("division");
    assert_eq!(e.code, "22012");
    assert_eq!(fs::read_to_string(&path).expect("there"), "before");
    assert_eq!(names(&dir), ["kept.txt"]);
    let e = transfer(&mut deck, 2, "copy nothing to stdout", file).await.expect_err("no table");
    assert_eq!(e.code, "42P01");
    let nowhere = CopyFile::From(dir.path().join("missing").display().to_string());
    let e = transfer(&mut deck, 3, "copy nothing from stdin", nowhere).await.expect_err("no file");
    assert!(e.message.starts_with("cannot read") && e.code.is_empty(), "{e}");
    let e = transfer(&mut deck, 4, "select 1", CopyFile::To(path.display().to_string())).await;
    assert!(e.expect_err("no copy").message.contains("is it a COPY?"));
    assert_eq!(fs::read_to_string(&path).expect("there"), "before");
    deck.hub.shutdown().await;
}

#[tokio::test]
async fn a_cancel_ends_both_directions() {
    let db = server::database();
    db.execute("create table t (n int)");
    let mut deck = Deck::up(&db.url()).await;
    let dir = tempfile::tempdir().expect("folder");
    let endless = "copy (select n from generate_series(1, 2000000000) n) to stdout";
    let file = CopyFile::To(dir.path().join("out").display().to_string());
    deck.hub.perform(Effect::Transfer { job: JobId(1), lane: OWN, sql: endless.into(), file });
    assert!(matches!(deck.news(1).await, News::Started(0)));
    tokio::time::sleep(Duration::from_millis(100)).await;
    deck.hub.perform(Effect::Cancel { job: JobId(1) });
    assert!(end(&mut deck, 1).await.expect_err("cancelled").is_cancel());
    assert!(names(&dir).is_empty());

    // A file without an end.
    let zero = CopyFile::From("/dev/zero".into());
    let sql = "copy t from stdin (format csv, delimiter 'x')".to_owned();
    deck.hub.perform(Effect::Transfer { job: JobId(2), lane: OWN, sql, file: zero });
    assert!(matches!(deck.news(2).await, News::Started(0)));
    deck.hub.perform(Effect::Cancel { job: JobId(2) });
    end(&mut deck, 2).await.expect_err("cancelled or refused");
    deck.execute(3, OWN, &[crate::sql("select count(*) from t")], 1 << 20);
    assert_eq!(end(&mut deck, 3).await.expect("the session goes on").tx, Tx::Idle);
    deck.hub.shutdown().await;
}
