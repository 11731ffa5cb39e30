//! Cancelling: it stops the statement it is meant for and never another one.

use crate::{error, open, rows, run, server, sql};
use pgdeck::pg::wire::{Item, Session};

async fn cancelled(s: &mut Session) {
    let ended = s.cancel(|_| ()).await;
    // Too late for its statement is fine: then it must hit nothing at all.
    if let Err(e) = ended {
        assert!(e.is_cancel(), "{e:?}");
    }
}

#[tokio::test]
async fn a_cancel_never_kills_the_next_statement() {
    let database = server::database();
    let mut s = open(&database.url()).await;
    for round in 0..400 {
        // some statements are about to end by themselves when the cancel comes
        let text = match round % 4 {
            0 => "select pg_sleep(600)".to_owned(),
            1 => "select 1".to_owned(),
            2 => "select generate_series(1, 100000000), repeat('x', 1000)".to_owned(),
            _ => "select count(*) from generate_series(1, 2000)".to_owned(),
        };
        s.start(&sql(&text)).unwrap();
        if round % 4 == 2 {
            while !matches!(s.next().await.unwrap(), Item::Rows(_)) {}
        }
        cancelled(&mut s).await;
        let items = run(&mut s, &sql(&format!("select pg_sleep(0.0005), {round}"))).await.unwrap();
        assert_eq!(error(&items), None, "round {round}: the innocent was hit");
        assert_eq!(rows(&items)[0][1], Some(round.to_string()));
    }
}

#[tokio::test]
async fn a_stream_that_nobody_reads_can_be_cancelled() {
    let database = server::database();
    let mut s = open(&database.url()).await;
    s.start(&sql("select generate_series(1, 100000000), repeat('x', 10000)")).unwrap();
    while !matches!(s.next().await.unwrap(), Item::Rows(_)) {}
    cancelled(&mut s).await;
    assert!(s.is_idle());
}
