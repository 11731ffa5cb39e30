//! What is asked before and after a write: the question of production, and the rehearsal of a change of rows.
//!
//! A rehearsed statement is sent as it was typed, behind a BEGIN; it is never given a RETURNING. The rows shown are
//! found by the transaction that wrote them: in it for UPDATE and MERGE, as everybody else sees them for DELETE.

use super::{
    Sql,
    run::{Job, Mode, Run, Sent},
};
use crate::{
    core::{
        effect::{Effect, Statement},
        error::DbError,
        event::{Summary, Tx},
        ids::JobId,
        pane::{Cx, Popup, Tone},
        settings::Rehearse,
    },
    sql::{
        kind,
        rehearse::{self, Change},
    },
    text::{clean, units},
};
use std::time::Duration;

pub(super) const PRODUCTION: &str = "sql-production";
pub(super) const DECIDE: &str = "sql-rehearsal";

/// Rows of the sample.
const ROWS: u32 = 20;
/// A sample that takes longer is done without.
const PATIENCE: Duration = Duration::from_secs(2);
const SAVEPOINT: &str = "SAVEPOINT pgdeck_rehearsal";
const BACK: &str = "ROLLBACK TO SAVEPOINT pgdeck_rehearsal";

/// How far a rehearsal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The statement runs.
    Running,
    /// Its rows are looked for.
    Sampling,
    /// The sample failed and its savepoint is gone back to.
    GoingBack,
    /// The question is open, or was put off.
    Asked,
    /// The answer is on its way: COMMIT, or ROLLBACK.
    Ending(bool),
}

/// A change that runs in a transaction of ours until it is decided about.
#[derive(Clone, Debug)]
pub(super) struct Rehearsal {
    change: Change,
    phase: Phase,
    job: JobId,
    /// Which statement of the job is the user's.
    at: usize,
    since: Duration,
    /// Since when rows are looked for, until that is given up.
    sampling: Option<Duration>,
    rows: u64,
    /// Why there is no sample.
    blind: Option<String>,
}

impl Rehearsal {
    /// When a sample that takes too long is given up.
    pub fn wants_tick(&self) -> Option<Duration> {
        self.sampling.filter(|_| self.phase == Phase::Sampling).map(|since| since + PATIENCE)
    }
}

impl Sql {
    // ---- production -------------------------------------------------------------------------

    /// Asks before a write on a server of production, and keeps the run until then. Gives it back when there is
    /// nothing to ask.
    pub(super) fn ask_production(&mut self, run: Run, mode: Mode, cx: &mut Cx<'_>) -> Option<Run> {
        let info = cx.world.server().and_then(|s| s.info.as_ref());
        let writes = |s: &Statement| s.simple || kind::facts(&s.sql).may_write();
        let titles: Vec<String> = run
            .statements
            .iter()
            .zip(&run.sent)
            .filter(|(s, sent)| !run.reading && !sent.ours && writes(s))
            .map(|(_, sent)| clean::line(&sent.title).into_owned())
            .collect();
        let Some(question) = info.and_then(|i| Popup::production(PRODUCTION, i, &titles)) else {
            return Some(run);
        };
        self.confirming = Some((run, mode));
        cx.popup(question);
        None
    }

    pub(super) fn production_answered(&mut self, button: usize, cx: &mut Cx<'_>) {
        let Some((run, mode)) = self.confirming.take() else { return };
        if button != 0 {
            return cx.toast(Tone::Note, "Not run");
        }
        if let Some(r) = self.running_now() {
            return cx.toast(Tone::Warning, format!("{} is still running: not run", r.what));
        }
        self.send_allowed(run, mode, cx);
    }

    // ---- rehearsal --------------------------------------------------------------------------

    /// The part of a run that is sent now: up to a change to rehearse, or that change. The rest is kept.
    pub(super) fn part_of(&mut self, mut run: Run, cx: &Cx<'_>) -> Run {
        if self.rehearsal.is_none() {
            self.rest = None;
        }
        let Some(server) = cx.world.server() else { return run };
        let info = server.info.as_ref();
        let rule = info.and_then(|i| i.rehearse).unwrap_or(cx.world.settings.rehearse);
        let quiet = run.reading || run.file.is_some() || info.is_some_and(|i| i.held_read_only || i.standby);
        if quiet || rule == Rehearse::Never || server.tx != Tx::Idle {
            return run;
        }
        let wanted = |s: &Statement| {
            let change = rehearse::change(&s.sql).filter(|_| !s.simple)?;
            (rule == Rehearse::Always || change.without_where).then_some(change)
        };
        let found = run.statements.iter().enumerate().find_map(|(n, s)| Some((n, wanted(s)?)));
        let Some((at, change)) = found else { return run };
        let keep = if at == 0 { 1 } else { at };
        if run.statements.len() > keep {
            let (statements, sent) = (run.statements.split_off(keep), run.sent.split_off(keep));
            self.rest = Some(Run { statements, sent, reading: false, file: None });
        }
        if at == 0 {
            self.rehearse(&mut run, change, cx.world.now);
        }
        run
    }

    /// Puts what is sent around the change.
    fn rehearse(&mut self, run: &mut Run, change: Change, now: Duration) {
        let ours = |run: &mut Run, sql: &str, title: &str| {
            let pure_read = !title.is_empty();
            run.statements.push(Statement { sql: sql.into(), pure_read, ..Statement::default() });
            run.sent.push(Sent { title: title.into(), ours: true, ..Sent::default() });
        };
        let (mut statements, mut sent) = (std::mem::take(&mut run.statements), std::mem::take(&mut run.sent));
        ours(run, "BEGIN", "");
        run.statements.append(&mut statements);
        run.sent.append(&mut sent);
        if change.verb != "DELETE"
            && let Some(table) = &change.table
        {
            let timeout = format!("SET LOCAL statement_timeout = '{}ms'", PATIENCE.as_millis());
            ours(run, SAVEPOINT, "");
            ours(run, &timeout, "");
            ours(run, &rehearse::written(table, ROWS), &sample_title(&change));
            ours(run, BACK, "");
        }
        self.rehearsal = Some(Rehearsal {
            change,
            phase: Phase::Running,
            job: JobId::default(),
            at: 1,
            since: now,
            sampling: None,
            rows: 0,
            blind: None,
        });
    }

    /// Statements of the run that come behind one of a job.
    pub(super) fn left_after(&self, id: JobId, number: usize) -> usize {
        let of_job = self
            .job
            .iter()
            .find(|j| j.id == id)
            .map_or(0, |j| j.sent.iter().skip(number + 1).filter(|s| !s.ours).count());
        of_job + self.rest.as_ref().map_or(0, |r| r.statements.len())
    }

    /// A statement ended well: the rehearsal goes on, or the run does.
    pub(super) fn rehearsed(&mut self, id: JobId, summary: &Summary, cx: &mut Cx<'_>) {
        let last = summary.last;
        let Some(r) = self.rehearsal.as_mut() else {
            if last && self.job.is_none() {
                self.go_on(cx);
            }
            return;
        };
        if r.phase == Phase::Running && r.job == JobId::default() {
            r.job = id;
        }
        if summary.tx == Tx::Idle && !matches!(r.phase, Phase::Sampling) {
            // COMMIT or ROLLBACK, ours or typed.
            let commit = r.phase == Phase::Ending(true) || summary.tag == "COMMIT";
            let change = r.change.clone();
            self.rehearsal = None;
            if commit {
                return self.go_on(cx);
            }
            let rows = sample_title(&change);
            for o in self.outcomes.iter_mut().filter(|o| o.title == rows) {
                o.title.push_str(", rolled back");
            }
            return self.give_up_rest(cx);
        }
        if r.phase == Phase::Running && summary.statement == r.at {
            r.rows = summary.rows;
        }
        if !last {
            return;
        }
        match r.phase {
            Phase::Running if r.change.verb == "DELETE" => self.sample(cx),
            Phase::Running | Phase::Sampling | Phase::GoingBack => {
                self.ask_rehearsed(cx);
            }
            Phase::Asked | Phase::Ending(_) => {}
        }
    }

    /// Looks for the deleted rows as everybody else still sees them.
    fn sample(&mut self, cx: &mut Cx<'_>) {
        let Some(r) = self.rehearsal.as_mut() else { return };
        let pid = cx.world.server().and_then(|s| s.info.as_ref()).map_or(0, |i| i.pid);
        let Some(table) = r.change.table.clone() else {
            self.ask_rehearsed(cx);
            return;
        };
        r.phase = Phase::Sampling;
        r.sampling = Some(cx.world.now);
        let sent = Sent { title: sample_title(&r.change), ours: true, ..Sent::default() };
        let sql = rehearse::doomed(&table, pid, ROWS);
        let statement = Statement { sql, pure_read: true, ..Statement::default() };
        self.perform(
            Run { statements: vec![statement], sent: vec![sent], reading: true, file: None },
            Mode::Further,
            cx,
        );
        if let (Some(r), Some(job)) = (self.rehearsal.as_mut(), &self.job) {
            r.job = job.id;
        }
    }

    /// A sample that takes too long.
    pub(super) fn sample_tick(&mut self, cx: &mut Cx<'_>) {
        let late = self.rehearsal.as_ref().filter(|r| r.wants_tick().is_some_and(|at| at <= cx.world.now));
        if let (Some(r), Some(Job { id, .. })) = (late, &self.job)
            && r.job == *id
        {
            cx.ask(Effect::Cancel { job: *id });
            // asked once
            if let Some(r) = self.rehearsal.as_mut() {
                r.sampling = None;
            }
        }
    }

    /// The sample failed, which is no failure of the run. `false`: it was something else.
    pub(super) fn sample_failed(&mut self, id: JobId, error: &DbError, tx: Tx, cx: &mut Cx<'_>) -> bool {
        let at = self.job.as_ref().filter(|j| j.id == id).map_or(0, |j| j.at);
        let ours = self.job.as_ref().is_some_and(|j| j.id == id && j.sent.get(at).is_some_and(|s| s.ours));
        let reading = self.job.as_ref().is_some_and(|j| j.reading);
        let Some(r) = self.rehearsal.as_mut() else { return false };
        if !ours || tx == Tx::Gone || (!reading && at <= r.at) {
            return false;
        }
        r.blind.get_or_insert_with(|| {
            if error.is_cancel() { "finding the rows took too long".into() } else { error.message.clone() }
        });
        self.job = None;
        if tx == Tx::Failed {
            r.phase = Phase::GoingBack;
            let sent = Sent { title: String::new(), ours: true, ..Sent::default() };
            let statement = Statement { sql: BACK.into(), ..Statement::default() };
            self.perform(
                Run { statements: vec![statement], sent: vec![sent], reading: false, file: None },
                Mode::Further,
                cx,
            );
        } else {
            self.ask_rehearsed(cx);
        }
        true
    }

    /// A job failed: was it the rehearsed statement itself? Then the rehearsal is over.
    pub(super) fn rehearsal_failed(&mut self, id: JobId) -> bool {
        self.rest = None;
        let of_it = self.job.as_ref().is_some_and(|j| j.id == id && j.sent.first().is_some_and(|s| s.ours));
        let over = self.rehearsal.as_ref().is_some_and(|r| of_it && r.phase == Phase::Running);
        if over {
            self.rehearsal = None;
        }
        over
    }

    /// The question. `false`: nothing is rehearsed.
    pub(super) fn ask_rehearsed(&mut self, cx: &mut Cx<'_>) -> bool {
        let Some(r) = self.rehearsal.as_mut().filter(|r| !matches!(r.phase, Phase::Ending(_))) else {
            return false;
        };
        r.phase = Phase::Asked;
        let what = match &r.change.table {
            Some(table) => format!("{} {}", r.change.verb, clean::line(table)),
            None => r.change.verb.clone(),
        };
        let mut text =
            format!("{what}: {}. Nothing is committed yet.", units::counted(r.rows, "row", "rows"));
        if r.change.without_where && r.change.verb != "MERGE" {
            text.push_str(" It has no WHERE.");
        }
        if let Some(why) = &r.blind {
            text.push_str(&format!("\nNo sample: {}", clean::line(why)));
        }
        cx.popup(Popup::Decide {
            question: DECIDE,
            title: "Rehearsed: commit?".into(),
            text,
            buttons: vec!["Commit".into(), "See the rows".into(), "Roll back".into()],
            since: r.since,
        });
        true
    }

    pub(super) fn decided(&mut self, button: usize, cx: &mut Cx<'_>) {
        if self.rehearsal.is_none() {
            return cx.toast(Tone::Warning, "The transaction is not open any more");
        }
        if button == 1 {
            self.focus(super::Part::Results);
            return cx
                .toast(Tone::Warning, "The transaction stays open and holds its locks: Ctrl+T asks again");
        }
        let commit = button == 0;
        if let Some(r) = self.rehearsal.as_mut() {
            r.phase = Phase::Ending(commit);
        }
        self.run_own(if commit { "COMMIT" } else { "ROLLBACK" }.into(), cx);
    }

    /// The rest of a run whose first part ended well.
    fn go_on(&mut self, cx: &mut Cx<'_>) {
        if let Some(run) = self.rest.take() {
            self.send_allowed(run, Mode::Further, cx);
        }
    }

    fn give_up_rest(&mut self, cx: &mut Cx<'_>) {
        if let Some(rest) = self.rest.take() {
            let left = units::counted(rest.statements.len() as u64, "statement", "statements");
            let text = format!("Rolled back: {left} after it not run");
            cx.toast(Tone::Warning, text.clone());
            self.messages.add(Tone::Warning, text, None);
        }
    }
}

fn sample_title(change: &Change) -> String {
    match change.verb.as_str() {
        "DELETE" => "Rows that go".into(),
        _ => "Rows as they become".into(),
    }
}
