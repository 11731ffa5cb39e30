//! Fills a fresh server with the demo database.

use super::{DemoError, Progress, cluster::Cluster};
use crate::pg::{
    connect::{self, Options},
    target::{self, Input, Nothing, Target},
};

/// The demo database's name.
pub const DATABASE: &str = "demo";
/// Its tables and rows, in steps.
pub(crate) const SQL: &str = include_str!("../../assets/demo.sql");

/// The target of a database of the cluster. Nothing of the user's environment (`PGSSLMODE`, `PGOPTIONS` …) has a
/// say in it.
pub(crate) fn target(cluster: &Cluster, database: &str) -> Result<Target, DemoError> {
    let input = Input { connection: Some(cluster.url(database)), ..Input::default() };
    target::resolve(&input, &Nothing).map_err(|e| DemoError::Sql(e.message))
}

/// Makes and fills the database, unless it is there and whole; tells whether it did.
pub(crate) async fn fill(cluster: &Cluster, posts: u64, progress: Progress<'_>) -> Result<bool, DemoError> {
    let admin = open(cluster, "postgres").await?;
    let created = admin.sql().batch_execute("create database demo").await;
    if let Err(e) = created.map_err(|e| admin.error(&e)) {
        // a kept one is there already
        if e.code != "42P04" {
            return Err(DemoError::Sql(e.to_string()));
        }
    }
    let client = open(cluster, DATABASE).await?;
    let refused = |e| DemoError::Sql(client.error(&e).to_string());
    let sql = client.sql();
    // everything is one transaction: the last of its objects tells that all are there
    let whole = "do $$ begin if to_regproc('public.search_posts') is null then raise exception 'empty'; end if; end $$";
    if sql.batch_execute(whole).await.is_ok() {
        return Ok(false);
    }
    if cluster.has_statements() {
        sql.batch_execute("create extension if not exists pg_stat_statements").await.map_err(refused)?;
    }
    sql.batch_execute(&format!("begin; set local demo.posts = '{posts}'")).await.map_err(refused)?;
    for (words, step) in steps(SQL) {
        progress(words);
        sql.batch_execute(step).await.map_err(refused)?;
    }
    sql.batch_execute("commit").await.map_err(refused)?;
    Ok(true)
}

/// A client that is us: nothing of the workload, nothing of the user.
pub(crate) async fn open(cluster: &Cluster, database: &str) -> Result<crate::pg::client::Client, DemoError> {
    let options = Options { application_name: "pgdeck demo".into(), ..Options::default() };
    connect::open_client(&target(cluster, database)?, &options)
        .await
        .map_err(|e| DemoError::Sql(e.to_string()))
}

/// The steps of the SQL: what a line `--# words` says, and the text up to the next.
fn steps(sql: &str) -> impl Iterator<Item = (&str, &str)> {
    sql.split("\n--# ").skip(1).map(|step| step.split_once('\n').unwrap_or((step, "")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_are_all_of_it() {
        let names: Vec<&str> = steps(SQL).map(|(words, _)| words).collect();
        assert_eq!(names.first(), Some(&"Tables"));
        assert_eq!(names.last(), Some(&"Statistics"));
        assert!(names.contains(&"Posts") && names.len() > 6, "{names:?}");
        assert_eq!(
            steps("-- head\n--# A b\nselect 1;\n--# C").collect::<Vec<_>>(),
            [("A b", "select 1;"), ("C", "")]
        );
    }
}
