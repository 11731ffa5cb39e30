//! A statement explained on a server: the recipe sent, its answer read, everything put back.

use super::Asked;
use crate::{
    core::{effect::Statement, error::DbError},
    data::plan::{self, Plan, findings::Known},
    headless::{
        exit::Exit,
        run::{End, connected, execute::say, fit, report, stopped},
        stop::Stop,
    },
    pg::{
        cancel::PATIENCE,
        target::Target,
        wire::{Item, Session},
    },
    sql::{
        explain::{Recipe, Sent, Touch, Wish, recipe},
        known,
    },
};
use tokio::time::timeout;

/// Connects, explains, asks what the catalog knows of each plan's relations, closes.
pub(super) async fn plans(asked: &Asked, target: &Target, stop: &Stop) -> Result<Vec<(Plan, Known)>, End> {
    let read_only = asked.wish.read_only || target.read_only;
    let mut session = connected(target, read_only, stop).await?;
    fit::version(&asked.query, &session).map_err(End::usage)?;
    stop.cancels(session.cancel_handle());
    let plans = explained(asked, read_only, &mut session, stop).await;
    let mut known = Vec::new();
    for plan in plans? {
        let facts = facts(&plan, &mut session, stop).await?;
        known.push((plan, facts));
    }
    stop.cancels(None);
    session.close().await;
    Ok(known)
}

/// What the catalog knows; advice is less exact without it, so that it cannot be had is said and no failure.
async fn facts(plan: &Plan, session: &mut Session, stop: &Stop) -> Result<Known, End> {
    let Some(params) = known::parameters(plan) else { return Ok(Known::default()) };
    let question = Statement { sql: known::QUERY.into(), params, pure_read: true, ..Statement::default() };
    match send(session, &question, stop).await {
        Ok(answer) => Ok(known::read(&answer)),
        Err(Fault::Stopped(exit)) => Err(stopped(exit)),
        Err(Fault::Said(e)) => {
            let words = "the catalog cannot be asked about the plan's tables";
            say(&format!("pgdeck: {words}: {}", report::notice(&e)));
            Ok(Known::default())
        }
    }
}

async fn explained(
    asked: &Asked,
    read_only: bool,
    session: &mut Session,
    stop: &Stop,
) -> Result<Vec<Plan>, End> {
    let version = send(session, &Statement { sql: VERSION.into(), ..Statement::default() }, stop).await;
    let version = version.map_err(|fault| ended(asked, &Sent::default(), fault))?;
    let wish = Wish { version: version.parse().unwrap_or(0), read_only, ..asked.wish.clone() };
    let recipe = recipe(&asked.step.bound.sql, &wish).map_err(End::usage)?;
    announce(&recipe);
    let answer = follow(asked, &recipe, session, stop).await;
    for sql in &recipe.after {
        // when one fails, or the session is gone, closing it does the same
        let _ = timeout(PATIENCE, session.ask(sql)).await;
    }
    let text = answer?;
    let unreadable = |e: plan::Broken| {
        End::new(Exit::Refused, format!("the server's plan cannot be read: line {}: {}", e.line, e.message))
    };
    let mut plans = plan::read(&text).map_err(unreadable)?.plans;
    for plan in &mut plans {
        if recipe.generic {
            // What the plan for any values was asked for with, before 16, is no setting of the user's.
            plan.settings.retain(|(name, _)| name != "plan_cache_mode");
        }
        plan.query.get_or_insert_with(|| asked.step.bound.sql.trim().to_owned());
    }
    Ok(plans)
}

const VERSION: &str = "select pg_catalog.current_setting('server_version_num')";

/// Says what will happen, before it does.
fn announce(recipe: &Recipe) {
    let remains = recipe.touch.remains();
    if !remains.is_empty() {
        let what = match recipe.touch {
            Touch::Writes => "is run and rolled back",
            _ => "is run and rolled back; should it write",
        };
        let verb = if recipe.verb.is_empty() { "the statement" } else { &recipe.verb };
        say(&format!("pgdeck: {verb} {what}; a rollback does not undo\n  - {}\n", remains.join("\n  - ")));
    } else if recipe.generic {
        say("pgdeck: the parameters have no values: this is the plan for any values\n");
    }
}

async fn follow(asked: &Asked, recipe: &Recipe, session: &mut Session, stop: &Stop) -> Result<String, End> {
    for sent in &recipe.before {
        let statement = Statement { sql: sent.sql.clone(), ..Statement::default() };
        send(session, &statement, stop).await.map_err(|fault| ended(asked, sent, fault))?;
    }
    let statement = Statement {
        sql: recipe.explain.sql.clone(),
        params: asked.values.as_ref().map(|values| fit::params(&asked.step, values)).unwrap_or_default(),
        simple: recipe.simple,
        ..Statement::default()
    };
    send(session, &statement, stop).await.map_err(|fault| ended(asked, &recipe.explain, fault))
}

/// Why a statement gave no answer.
enum Fault {
    Stopped(Exit),
    Said(Box<DbError>),
}

impl From<DbError> for Fault {
    fn from(e: DbError) -> Self {
        Self::Said(Box::new(e))
    }
}

/// Sends a statement and reads all it answers: the first column of its rows.
async fn send(session: &mut Session, statement: &Statement, stop: &Stop) -> Result<String, Fault> {
    if let Some(exit) = stop.reason() {
        return Err(Fault::Stopped(exit));
    }
    session.start(statement)?;
    let mut lines: Vec<String> = Vec::new();
    let mut failed: Option<DbError> = None;
    loop {
        let item = tokio::select! {
            item = session.next() => item?,
            exit = stop.stopped() => {
                // the watcher has sent the cancel: what still comes is read
                let _ = timeout(PATIENCE, session.finish()).await;
                return Err(Fault::Stopped(exit));
            }
        };
        match item {
            Item::Rows(batch) => {
                let cells = (0..batch.len()).filter_map(|row| batch.row(row).next().flatten());
                lines.extend(cells.map(|cell| String::from_utf8_lossy(cell).into_owned()));
            }
            Item::Notice(notice) => say(&report::notice(&notice)),
            Item::CopyIn => session.copy_fail("no data is given here")?,
            Item::Error(e) => failed = failed.or(Some(e)),
            Item::Ready(_) => break,
            _ => {}
        }
    }
    match (failed, stop.reason()) {
        (Some(e), Some(exit)) if e.is_cancel() => Err(Fault::Stopped(exit)),
        (Some(e), _) => Err(e.into()),
        (None, _) => Ok(lines.join("\n")),
    }
}

/// The end of the run, in the user's words.
fn ended(asked: &Asked, sent: &Sent, fault: Fault) -> End {
    match fault {
        Fault::Stopped(exit) => stopped(exit),
        Fault::Said(e) if e.fatal => {
            End { exit: Exit::NoConnection, text: format!("pgdeck: {}", report::notice(&e)) }
        }
        // the server's own clock and ours run side by side
        Fault::Said(e) if e.is_cancel() && asked.wish.statement_timeout.is_some() => stopped(Exit::Timeout),
        Fault::Said(e) => {
            let at =
                e.position.and_then(|p| sent.source_position(p)).map(|byte| asked.step.source_offset(byte));
            let context = e.context.as_ref().map(|c| asked.step.bound.context(c));
            let e = DbError { context, ..*e };
            let text = report::error(&asked.label, &asked.query.text, asked.step.start(), at, &e);
            End { exit: Exit::Refused, text }
        }
    }
}
