//! Explaining a statement on the server: plain first, measured when asked, always undone.

use super::{
    PlanPane, ask,
    opened::{Asked, Opened, Origin},
};
use crate::{
    core::{
        effect::{Effect, Statement},
        error::DbError,
        event::{News, Tx},
        ids::{JobId, Lane},
        pane::{Cx, Home, Running, Tone},
        world::World,
    },
    data::plan::read,
    sql::{
        explain::{Recipe, Touch, Wish, recipe},
        params, quote,
    },
    text::{clean, units},
};
use std::{sync::Arc, time::Duration};

/// Longest time an ANALYZE waits for a lock.
const LOCK: Duration = Duration::from_secs(10);
/// How long the server lets the transaction be when we do not come back to end it.
const IDLE: Duration = Duration::from_secs(60);

/// What a server says when it cannot tell the type of a parameter from its place: unknown, ambiguous, no such
/// function or operator, and a literal's place (`interval $1`).
const UNTYPED: [&str; 5] = ["42P18", "42P08", "42725", "42883", "42601"];

/// What is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// EXPLAIN; and then, if so, ANALYZE.
    Plain { then: bool },
    /// EXPLAIN ANALYZE.
    Analyze,
    /// The hypothetical indexes that are there are listed, before one is tried.
    Theirs { index: String, schema: String },
    /// The plan without and with an index that does not exist.
    Try(String),
    /// Triggers are read before the question.
    Triggers,
}

/// A job of the pane.
#[derive(Clone, Debug)]
pub(super) struct Going {
    pub job: JobId,
    pub since: Duration,
    pub what: What,
    pub asked: Asked,
    recipe: Option<Recipe>,
    /// Statements whose answers are wanted.
    wanted: Vec<usize>,
    at: usize,
    pub got: Vec<Vec<Option<String>>>,
    /// Ctrl+C was pressed.
    pub cancelled: bool,
    /// Another plan was opened meanwhile, and stays.
    pub left: bool,
}

impl Going {
    pub fn new(job: JobId, what: What, asked: Asked, cx: &Cx<'_>) -> Self {
        let since = cx.world.now;
        let (recipe, wanted, got) = (None, vec![0], vec![]);
        Self { job, since, what, asked, recipe, wanted, at: 0, got, cancelled: false, left: false }
    }

    /// For the line above the view.
    pub fn words(&self, world: &World) -> String {
        let what = match &self.what {
            What::Plain { .. } => "EXPLAIN",
            What::Analyze => "EXPLAIN ANALYZE runs the statement; below is the plan as expected",
            What::Theirs { .. } | What::Try(_) => "trying the index",
            What::Triggers => "reading what the catalog knows",
        };
        match (self.cancelled, world.settings.analyze_seconds) {
            (true, _) => format!("cancelling: {what}"),
            (false, s @ 1..) if self.what == What::Analyze => {
                format!("{what} (ended after {}: analyze_seconds)", units::duration(Duration::from_secs(s)))
            }
            _ => what.into(),
        }
    }
}

/// How a statement is to be explained, from what is known of the session.
fn wish(asked: &Asked, analyze: bool, world: &World) -> Result<Wish, String> {
    let server = world.server().ok_or("Not connected (:c connects)")?;
    let info = server.info.as_ref().ok_or("Not connected (:c connects)")?;
    let held = info.read_only || info.held_read_only;
    if server.tx == Tx::Failed {
        return Err("The transaction has failed: only a roll back helps (Ctrl+T in SQL)".into());
    }
    let most = Duration::from_secs(world.settings.analyze_seconds);
    Ok(Wish {
        analyze,
        values: asked.values.is_some(),
        in_transaction: server.tx == Tx::Open,
        read_only: held,
        search_path: asked.home.as_ref().and_then(|home| home.search_path.clone()),
        statement_timeout: (!most.is_zero()).then_some(most),
        lock_timeout: Some(if most.is_zero() { LOCK } else { LOCK.min(most) }),
        idle_timeout: Some(IDLE),
        ..Wish::plain(info.version_num)
    })
}

impl PlanPane {
    /// For the status line and for cancel.
    pub(super) fn running_now(&self) -> Option<Running> {
        let going = self.going.as_ref()?;
        let what = match &going.what {
            What::Plain { .. } => "EXPLAIN",
            What::Analyze => "EXPLAIN ANALYZE",
            What::Theirs { .. } | What::Try(_) => "EXPLAIN with the index",
            What::Triggers => "reading the catalog",
        };
        Some(Running { job: going.job, what: what.into(), since: going.since })
    }

    /// A statement that comes from another pane is to be explained.
    pub(super) fn told_explain(&mut self, text: &str, analyze: bool, home: Option<Home>, cx: &mut Cx<'_>) {
        let sql = match &home {
            // As a server has it, it knows no `:name`.
            Some(_) => text.to_owned(),
            None => match params::bind(text, &[]) {
                Ok(bound) => bound.sql,
                Err(why) => return self.wrong(clean::line(&why.message).into_owned()),
            },
        };
        // Nobody knows the values of what others sent: first the plan for any.
        let any = home.is_some() && !analyze;
        self.explain(Asked { text: text.to_owned(), sql, values: None, home }, analyze, any, cx);
    }

    /// A statement is to be explained; `any`: with parameters that have no values, without a question.
    pub(super) fn explain(&mut self, asked: Asked, analyze: bool, any: bool, cx: &mut Cx<'_>) {
        if let Some(r) = self.running_now() {
            return cx.toast(Tone::Warning, format!("{} is still running (Ctrl+C cancels it)", r.what));
        }
        (self.trouble, self.note, self.comparison, self.details) = (None, None, None, None);
        let names = if asked.home.is_some() { vec![] } else { params::names(&asked.text) };
        let count = if names.is_empty() { params::numbers(&asked.sql) } else { names.len() };
        if count == 0 || any || asked.values.is_some() {
            return self.start(asked, analyze, cx);
        }
        self.ask_values(asked, names, count, analyze, cx);
    }

    /// What went wrong, shown until the next thing is done.
    pub(super) fn wrong(&mut self, text: String) {
        self.trouble = Some(text);
    }

    /// EXPLAIN, and then ANALYZE if asked.
    pub(super) fn start(&mut self, asked: Asked, analyze: bool, cx: &mut Cx<'_>) {
        self.asked = Some(asked.clone());
        let made = wish(&asked, false, cx.world)
            .and_then(|wish| recipe(&asked.sql, &wish).map_err(|refusal| refusal.to_string()));
        match made {
            // The user's own EXPLAIN ANALYZE has no plain form.
            Ok(made) if made.analyze => self.measure(asked, cx),
            Ok(made) => self.send(made, What::Plain { then: analyze }, asked, cx),
            Err(why) => self.wrong(why),
        }
    }

    /// EXPLAIN ANALYZE: at once when nothing can be written, after a question otherwise.
    pub(super) fn measure(&mut self, asked: Asked, cx: &mut Cx<'_>) {
        let made = wish(&asked, true, cx.world)
            .and_then(|wish| recipe(&asked.sql, &wish).map_err(|refusal| refusal.to_string()));
        match made {
            Ok(made) if made.touch == Touch::Nothing => self.send(made, What::Analyze, asked, cx),
            Ok(made) => self.ask_first(made, asked, cx),
            Err(why) => self.wrong(why),
        }
    }

    /// The user agreed. The transaction may be another one by now, so it is thought over again.
    pub(super) fn agreed(&mut self, asked: Asked, cx: &mut Cx<'_>) {
        let made = wish(&asked, true, cx.world)
            .and_then(|wish| recipe(&asked.sql, &wish).map_err(|refusal| refusal.to_string()));
        match made {
            Ok(made) => self.send(made, What::Analyze, asked, cx),
            Err(why) => self.wrong(why),
        }
    }

    fn send(&mut self, recipe: Recipe, what: What, asked: Asked, cx: &mut Cx<'_>) {
        let mut statements: Vec<Statement> = recipe.before.iter().map(|s| statement(&s.sql)).collect();
        let at = statements.len();
        let params = asked.values.clone().unwrap_or_default();
        let simple = recipe.simple;
        statements.push(Statement { params, simple, ..statement(&recipe.explain.sql) });
        let mut going = self.rehearse(statements, recipe.after.clone(), what, asked, cx);
        going.wanted = vec![at];
        going.recipe = Some(recipe);
        self.going = Some(going);
    }

    fn rehearse(
        &self,
        statements: Vec<Statement>,
        after: Vec<String>,
        what: What,
        asked: Asked,
        cx: &mut Cx<'_>,
    ) -> Going {
        let lane = Lane::Own(cx.world.active);
        let open = cx.world.server().is_some_and(|s| s.tx == Tx::Open);
        let job = cx.start(|job| Effect::Rehearse { job, lane, statements, after, open });
        Going::new(job, what, asked, cx)
    }

    /// The plan of a statement without and with an index that is not there.
    pub(super) fn try_index(&mut self, asked: Asked, index: &str, schema: &str, cx: &mut Cx<'_>) {
        if let Some(r) = self.running_now() {
            return cx.toast(Tone::Warning, format!("{} is still running (Ctrl+C cancels it)", r.what));
        }
        self.trouble = None;
        let made = wish(&asked, false, cx.world)
            .and_then(|wish| recipe(&asked.sql, &wish).map_err(|refusal| refusal.to_string()));
        let made = match made {
            Ok(made) if !made.analyze => made,
            Ok(_) => {
                return self.wrong(
                    "Take the ANALYZE out: an index that is not there can only be planned with".into(),
                );
            }
            Err(why) => return self.wrong(why),
        };
        let schema = quote::ident(schema);
        // It knows no CONCURRENTLY, as nothing is built.
        let index = index.replacen(" CONCURRENTLY", "", 1);
        let mut statements: Vec<Statement> = made.before.iter().map(|s| statement(&s.sql)).collect();
        let at = statements.len();
        statements.push(statement(&format!("SELECT indexrelid FROM {schema}.hypopg()")));
        let after = made.after.clone();
        let mut going = self.rehearse(statements, after, What::Theirs { index, schema }, asked, cx);
        going.wanted = vec![at];
        going.recipe = Some(made);
        self.going = Some(going);
    }

    /// The hypothetical indexes that are there are known: only the one made here is to be dropped.
    fn try_beside(&mut self, going: Going, index: String, schema: &str, cx: &mut Cx<'_>) {
        let Some(made) = going.recipe else { return };
        let asked = going.asked;
        let theirs: Vec<String> =
            going.got.into_iter().filter_map(|cells| cells.into_iter().next()?).collect();
        let params = asked.values.clone().unwrap_or_default();
        let explain = Statement { params, simple: made.simple, ..statement(&made.explain.sql) };
        let mut statements: Vec<Statement> = made.before.iter().map(|s| statement(&s.sql)).collect();
        let first = statements.len();
        statements.push(explain.clone());
        statements.push(Statement {
            params: vec![Some(index.clone())],
            types: vec![25],
            ..statement(&format!("SELECT indexname FROM {schema}.hypopg_create_index($1)"))
        });
        if made.generic && !made.simple {
            // A prepared statement keeps the plan it has.
            statements.push(statement("DISCARD PLANS"));
        }
        let second = statements.len();
        statements.push(explain);
        let mut after = made.after.clone();
        after.push(format!(
            "SELECT {schema}.hypopg_drop_index(indexrelid) FROM {schema}.hypopg() \
             WHERE indexrelid <> ALL ('{{{}}}'::pg_catalog.oid[])",
            theirs.join(",")
        ));
        let mut going = self.rehearse(statements, after, What::Try(index), asked, cx);
        going.wanted = vec![first, second];
        going.recipe = Some(made);
        self.going = Some(going);
    }

    /// News of the pane's job; `false`: of none.
    pub(super) fn run_news(&mut self, job: JobId, news: &News, cx: &mut Cx<'_>) -> bool {
        let Some(going) = self.going.as_mut().filter(|g| g.job == job) else { return false };
        match news {
            News::Started(n) => going.at = *n,
            News::Rows(batch) if going.wanted.contains(&going.at) => {
                let text = |c: &[u8]| String::from_utf8_lossy(c).into_owned();
                for row in 0..batch.len() {
                    going.got.push(batch.row(row).map(|c| c.map(text)).collect());
                }
            }
            News::Done(summary) if summary.last => {
                if let Some(going) = self.going.take() {
                    self.came(going, cx);
                }
            }
            News::Failed(number, error, tx) => {
                if let Some(going) = self.going.take() {
                    self.failed(&going, *number, error, *tx, cx);
                }
            }
            _ => {}
        }
        true
    }

    /// The answers are there.
    fn came(&mut self, going: Going, cx: &mut Cx<'_>) {
        if going.what == What::Triggers {
            return self.ask_now(&going, cx);
        }
        if let What::Theirs { index, schema } = &going.what {
            let (index, schema) = (index.clone(), schema.clone());
            return if going.cancelled {
                self.note = Some("Cancelled.".into())
            } else {
                self.try_beside(going, index, &schema, cx)
            };
        }
        if going.got.is_empty() {
            // Cancelled between its end and ours, or an EXPLAIN that prints nothing.
            return self.wrong("The server sent no plan".into());
        }
        let generic = going.recipe.as_ref().is_some_and(|r| r.generic);
        match going.what {
            What::Plain { then } => {
                let origin = if generic { Origin::Generic } else { Origin::Explain };
                let opened = self.take_plan(&text_of(&going.got), origin, &going, cx);
                self.provisional = opened.filter(|_| then);
                if then && self.provisional.is_some() {
                    self.measure(going.asked, cx);
                    if let Some(next) = &mut self.going {
                        next.left = going.left;
                    }
                }
            }
            What::Analyze => {
                let before = self.provisional.take();
                let opened = self.take_plan(&text_of(&going.got), Origin::Analyze, &going, cx);
                if let (Some(id), Some(_)) = (before, opened) {
                    self.history.forget(id);
                }
            }
            What::Try(index) => self.tried(&going.got, &going.asked, &index, cx),
            What::Triggers | What::Theirs { .. } => {}
        }
    }

    /// Opens the plans of an answer, unless another plan was opened meanwhile; the number of the first one in the
    /// history.
    fn take_plan(&mut self, text: &str, origin: Origin, going: &Going, cx: &mut Cx<'_>) -> Option<u64> {
        match read(text) {
            Ok(reading) => {
                let first = self.take_reading(reading, text, &origin, Some(&going.asked), cx)?;
                let id = first.id;
                match going.what {
                    _ if !going.left => self.open(first, cx),
                    What::Plain { then: true } => {}
                    _ => {
                        cx.toast(Tone::Note, "The plan that was asked for before is there, too: F8 lists it")
                    }
                }
                Some(id)
            }
            Err(broken) => {
                self.wrong(format!("The server's plan cannot be read: {}", broken.message));
                None
            }
        }
    }

    /// With and without the index.
    fn tried(&mut self, got: &[Vec<Option<String>>], asked: &Asked, index: &str, cx: &mut Cx<'_>) {
        let mut plans = vec![];
        for (n, cells) in got.iter().enumerate() {
            let text = cells.first().cloned().flatten().unwrap_or_default();
            let origin = if n == 0 { Origin::Explain } else { Origin::Hypothetical(ask::index_words(index)) };
            let Ok(reading) = read(&text) else { continue };
            plans.extend(self.take_reading(reading, &text, &origin, Some(asked), cx));
        }
        match <[Arc<Opened>; 2]>::try_from(plans) {
            Ok([without, with]) => self.compare(without, with),
            Err(_) => self.wrong("The server's plan cannot be read".into()),
        }
    }

    fn failed(&mut self, going: &Going, number: usize, error: &DbError, tx: Tx, cx: &mut Cx<'_>) {
        if matches!(going.what, What::Triggers) {
            return self.ask_now(going, cx);
        }
        let ran = units::duration(cx.world.now.saturating_sub(going.since));
        let kept = if self.provisional.take().is_some() && !going.left {
            " Below is the plan as expected, without times."
        } else {
            ""
        };
        if error.is_cancel() && going.cancelled {
            self.note = Some(format!("Cancelled after {ran}.{kept}"));
            return;
        }
        if error.is_cancel() && going.what == What::Analyze {
            let of = cx.world.settings.analyze_seconds;
            self.note = Some(format!(
                "Ended after {ran}: {} (the setting analyze_seconds is {of}).{kept}",
                clean::line(&error.message)
            ));
            return;
        }
        let mut text = error.to_string();
        let place = going
            .recipe
            .as_ref()
            .map(|r| r.before.get(number).unwrap_or(&r.explain))
            .and_then(|sent| sent.source_position(error.position?))
            .and_then(|at| place(&going.asked, at));
        if let Some((line, column, word)) = place {
            text.push_str(&format!("\nat line {line}, column {column}: {word}"));
        }
        let more = [("", &error.detail), ("Hint: ", &error.hint)];
        for (lead, said) in more {
            if let Some(said) = said {
                text.push_str(&format!("\n{lead}{said}"));
            }
        }
        let parameters = going.asked.values.is_some() || going.recipe.as_ref().is_some_and(|r| r.generic);
        if parameters && UNTYPED.contains(&error.code.as_str()) {
            text.push_str("\nHint: its parameters have no types here: g s opens it in SQL, where a cast gives one ($1::date).");
        }
        if tx == Tx::Gone {
            text.push_str("\nThe session is gone, and with it whatever it had begun.");
        } else if going.what == What::Analyze {
            text.push_str("\nWhat the statement had done was rolled back.");
        }
        text.push_str(kept);
        self.wrong(text);
    }

    /// Ctrl+C: the app sends it.
    pub(super) fn cancelling(&mut self) {
        if let Some(going) = &mut self.going {
            going.cancelled = true;
        }
    }
}

fn statement(sql: &str) -> Statement {
    Statement { sql: sql.to_owned(), ..Statement::default() }
}

/// The plan of an answer: one text, or a line a row.
fn text_of(got: &[Vec<Option<String>>]) -> String {
    let lines: Vec<&str> = got.iter().filter_map(|cells| cells.first()?.as_deref()).collect();
    lines.join("\n")
}

/// Line, column and word of a byte of what was sent, in the text as the user wrote it.
fn place(asked: &Asked, at: usize) -> Option<(usize, usize, String)> {
    let bound = params::bind(&asked.text, &[]).ok()?;
    let at = bound.source_offset(at).min(asked.text.len());
    let before = asked.text.get(..at)?;
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let rest = asked.text.get(at..)?;
    let word: String = rest.chars().take_while(|c| !c.is_whitespace()).take(40).collect();
    Some((line, column, word))
}
