//! A trial of the index that would serve: made in a transaction, the search planned and run with it, all rolled back.
//! hypopg knows no GIN, so it has to be a real one; therefore only on a table where that takes seconds.

use super::{Search, run::statement, tables::Table};
use crate::{
    core::{
        effect::{Effect, Statement},
        error::DbError,
        event::{News, Tx},
        ids::{JobId, Lane},
        pane::{Cx, Popup, Tone},
        world::World,
    },
    data::{
        catalog::RelKind,
        plan::{self, Plan},
        search::{Source, TextIndex},
    },
    sql::{
        page::table as table_sql,
        search::{Reach, TRIAL, Target, create_trial, explain, index_key, run_and_explain, size_of_trial},
    },
    text::units,
};
use std::time::Duration;

/// The question before it.
pub(super) const TRY: &str = "search-try";
/// Rows of a table that an index is tried on: building takes some 0.3 ms a row, and writers wait meanwhile.
const MOST_ROWS: u64 = 100_000;

/// Statements of the job: BEGIN, two limits, the plan before, the index, its size, the plan after.
const BEFORE: usize = 3;
const BUILD: usize = 4;
const SIZE: usize = 5;
const AFTER: usize = 6;

/// A trial under way.
#[derive(Debug)]
pub(super) struct Trial {
    pub job: JobId,
    pub since: Duration,
    /// Number of the table.
    table: usize,
    at: usize,
    got: Vec<(usize, String)>,
    built: Duration,
}

impl Search {
    /// The table whose index is tried: that of the row under the cursor, or the first that none serves.
    fn tried(&self) -> usize {
        let bare = self.tables.iter().position(|t| t.source.index().is_none());
        let chosen = self.chosen().map(|(hit, _)| hit.table);
        chosen.filter(|n| self.tables[*n].source.index().is_none()).or(bare).unwrap_or(0)
    }

    /// May an index be tried?
    pub(super) fn ask_trial(&mut self, cx: &mut Cx<'_>) {
        let at = self.tried();
        let Some(table) = self.tables.get(at) else {
            return cx.toast(Tone::Note, "Choose what is searched first (F3)");
        };
        if self.input.text().trim().is_empty() {
            return cx.toast(Tone::Note, "Type what to search for first: the trial plans that search");
        }
        if let Some(why) = refused(table, cx.world) {
            return cx.toast(Tone::Note, why);
        }
        let text = format!(
            "The index is made on {} in a transaction, this search is planned and run with it, and all of it is rolled back.\n\nWho writes to the table waits meanwhile, for 30 seconds at most. It is not begun when somebody holds the table for longer than a second.",
            table.name
        );
        cx.popup(Popup::Confirm {
            question: TRY,
            title: "Try an index?".into(),
            text,
            buttons: vec!["Try".into(), "Cancel".into()],
        });
    }

    /// Yes.
    pub(super) fn begin_trial(&mut self, cx: &mut Cx<'_>) {
        let at = self.tried();
        let text = self.input.text().to_owned();
        let Some(table) = self.tables.get(at).filter(|t| refused(t, cx.world).is_none()) else { return };
        let Some(before) = table.target(Reach::Everything) else { return };
        let with = Source {
            indexes: vec![TextIndex { name: TRIAL.into(), method: "gin".into(), ..TextIndex::default() }],
            ..table.source.clone()
        };
        let after = Target { source: &with, reach: Reach::Index, ..before.clone() };
        let ask = self.ask(&text, self.page());
        let (make, size) = (create_trial(before.detail, &with), size_of_trial(before.detail));
        let (before, after) = match (before.search(&ask), after.search(&ask)) {
            (Ok(before), Ok(after)) => (before, after),
            (Err(why), _) | (_, Err(why)) => return cx.toast(Tone::Warning, why),
        };
        let plain = |sql: &str| Statement { sql: sql.to_owned(), ..Statement::default() };
        let statements = vec![
            plain("BEGIN"),
            plain("SET LOCAL lock_timeout = '1s'"),
            plain("SET LOCAL statement_timeout = '30s'"),
            statement(explain(&before), false),
            plain(&make),
            plain(&size),
            statement(run_and_explain(&after), false),
        ];
        let lane = Lane::Own(cx.world.active);
        let after = vec!["ROLLBACK".to_owned()];
        let job = cx.start(|job| Effect::Rehearse { job, lane, statements, after, open: false });
        let since = cx.world.now;
        self.trial = Some(Trial { job, since, table: at, at: 0, got: vec![], built: Duration::ZERO });
    }

    /// News of a trial; `false`: of something else.
    pub(super) fn trial_news(&mut self, job: JobId, news: &News, cx: &mut Cx<'_>) -> bool {
        let Some(trial) = self.trial.as_mut().filter(|t| t.job == job) else { return false };
        match news {
            News::Started(n) => trial.at = *n,
            News::Rows(batch) => {
                let text = batch.cell(0, 0).map(String::from_utf8_lossy).unwrap_or_default();
                trial.got.push((trial.at, text.into_owned()));
            }
            News::Done(summary) => {
                if summary.statement == BUILD {
                    trial.built = summary.elapsed;
                }
                if summary.last
                    && let Some(trial) = self.trial.take()
                    && let Some(table) = self.tables.get(trial.table)
                {
                    let title = format!("An index on {}, tried", table.name);
                    cx.popup(Popup::Page { title, text: told(table, &trial) });
                }
            }
            News::Failed(_, error, _) => {
                self.trial = None;
                cx.toast(Tone::Warning, said(error));
            }
            _ => {}
        }
        true
    }
}

/// Why no index is tried here.
fn refused(table: &Table, world: &World) -> Option<String> {
    let info = world.server().and_then(|s| s.info.as_ref());
    let Some(detail) = &table.detail else { return Some("The table is still being described".into()) };
    if let Some(index) = table.source.index() {
        return Some(format!("{} serves already: there is nothing to try", index.name));
    }
    if !matches!(detail.relation.kind, RelKind::Table | RelKind::Partitioned | RelKind::MaterializedView) {
        return Some("A view has no index of its own: try it on the table it reads".into());
    }
    match info {
        None => return Some("Not connected".into()),
        Some(i) if i.held_read_only || i.read_only || i.standby => {
            return Some("Read-only: an index can only be tried where one can be made".into());
        }
        Some(i) if i.production => {
            return Some("This is production: an index is tried on a copy, not here".into());
        }
        Some(_) => {}
    }
    if world.server().is_some_and(|s| s.tx != Tx::Idle) {
        return Some("A transaction is open in SQL: end it first, the trial needs one of its own".into());
    }
    match table.rows() {
        None => Some("Never analysed, so nobody knows how long it would take: ANALYZE it first".into()),
        Some(rows) if rows > MOST_ROWS => Some(format!(
            "~{} rows: writers would wait too long. Try it on a copy; F10 has the statements",
            units::count(rows)
        )),
        Some(_) => None,
    }
}

fn said(error: &DbError) -> String {
    match error.code.as_str() {
        "57014" => "The trial was ended, and nothing of it is left".into(),
        "55P03" => "Somebody holds the table: the trial was not begun".into(),
        _ => format!("The index could not be tried: {}", error.message),
    }
}

/// What came out, as a page.
fn told(table: &Table, trial: &Trial) -> String {
    let answer = |n: usize| trial.got.iter().find(|(at, _)| *at == n).map_or("", |(_, text)| text.as_str());
    let read = |n: usize| plan::read(answer(n)).ok().and_then(|r| r.plans.into_iter().next());
    let (before, after) = (read(BEFORE), read(AFTER));
    let size = answer(SIZE).parse().map(|b| format!(", {}", units::bytes(b))).unwrap_or_default();
    let mut out = format!(
        "The index was made in {}{size}, and rolled back: nothing of it is left.\n",
        units::duration(trial.built)
    );
    for (what, plan) in [("Before", before), ("After", after)] {
        let Some(plan) = plan else { continue };
        let cost = plan.nodes.first().and_then(|n| n.estimate).map_or(0.0, |e| e.total_cost);
        let ran = match plan.execution_ms {
            Some(ms) => format!(", the search ran in {}", units::duration(Duration::from_secs_f64(ms / 1e3))),
            None => ", every row would be read".into(),
        };
        out.push_str(&format!("\n{what}: cost {}{ran}\n\n", units::count(cost as u64)));
        reading(&plan, &mut out);
    }
    let used = read(AFTER).is_some_and(|p| p.nodes.iter().any(|n| n.index.as_deref() == Some(TRIAL)));
    if !used {
        out.push_str("\nThe planner does without it: so small a table is read as fast.\n");
    }
    out.push_str(&format!(
        "\nTo keep it:\n\nCREATE INDEX CONCURRENTLY ON {} USING gin ({});\n\ny copies this page.\n",
        table.detail.as_ref().map(|d| table_sql(d)).unwrap_or_default(),
        index_key(&table.source)
    ));
    out
}

/// The part of a plan that finds the rows.
fn reading(plan: &Plan, out: &mut String) {
    let found = plan.nodes.iter().position(|n| n.subplan.as_deref() == Some("CTE i")).unwrap_or(0);
    let base = plan.nodes.get(found).map_or(0, |n| n.depth);
    for node in &plan.nodes[found..plan.next(found)] {
        let on = node.relation.as_ref().map(|r| format!(" on {r}")).unwrap_or_default();
        let using = node.index.as_ref().map(|i| format!(" on {i}")).unwrap_or_default();
        let rows = match (node.actual, node.estimate) {
            (Some(actual), _) => format!("  {} rows", units::count((actual.rows * actual.loops) as u64)),
            (None, Some(estimate)) => format!("  ~{} rows expected", units::count(estimate.rows as u64)),
            _ => String::new(),
        };
        let indent = "  ".repeat(node.depth - base + 1);
        out.push_str(&format!("{indent}{}{on}{using}{rows}\n", node.heading));
    }
}
