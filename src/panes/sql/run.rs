//! Running statements: what is sent, where it stands in the text, and how its news is taken in.

use super::{
    Part, Sql,
    actions::changes_catalog,
    messages::whole,
    outcome::{Outcome, Stage, title},
    transaction,
};
use crate::{
    core::{
        effect::{CopyFile, Effect, Statement},
        error::DbError,
        event::{HistoryEntry, News, Summary, Tx},
        ids::{JobId, Lane},
        pane::{Cx, Running, Tone},
    },
    data::rows::Batch,
    sql::{
        kind, params, secrets,
        split::{Span, SplitOptions},
    },
    text::{clean, units},
};
use std::{sync::Arc, time::Duration};

/// Bytes of rows asked for at once: some screens full, so that the first ones are there at once.
const FIRST_CREDIT: u64 = 256 << 10;
/// Bytes asked for when the cursor nears the end.
const MORE_CREDIT: u64 = 1 << 20;
/// Bytes asked for at a time when reading to the end.
const END_CREDIT: u64 = 8 << 20;
/// Results with rows kept of one run.
const MOST_RESULTS: usize = 40;

/// Where a statement of a job came from.
#[derive(Clone, Debug, Default)]
pub(super) struct Sent {
    /// As it stands in the editor.
    pub sql: String,
    /// What became of it when it has parameters: the text that is sent.
    pub bound: Option<params::Bound>,
    /// Its span in the editor when it was sent from there.
    pub span: Option<Span>,
    /// Its name in the tab.
    pub title: String,
    /// One of ours around a rehearsed statement: nothing is said of it.
    pub ours: bool,
}

/// What a run does to the results on the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mode {
    /// They go.
    #[default]
    Fresh,
    /// They stay: a statement of the transaction menu.
    Quiet,
    /// They stay, and what comes is added: the next part of a run.
    Further,
    /// They are replaced one by one as the new ones come, cursor and widths stay: watching.
    Again,
}

/// Statements to run, or those run last.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub statements: Vec<Statement>,
    /// Where each came from.
    pub sent: Vec<Sent>,
    /// On the reading session, which is read-only for good.
    pub reading: bool,
    /// The one statement is a COPY from or to this file.
    pub file: Option<CopyFile>,
}

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Going {
    /// The server works or sends.
    Running,
    /// A cancel was asked for.
    Cancelling,
    /// Rows wait on the server until more are asked for.
    Resting,
}

/// A job under way on the user's own session.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub id: JobId,
    pub going: Going,
    pub since: Duration,
    /// The statement it is at.
    pub at: usize,
    pub sent: Vec<Sent>,
    /// It runs on the reading session.
    pub reading: bool,
    /// Read on to the end.
    pub to_end: bool,
}

/// A notification in words.
fn notification(channel: &str, payload: &str, pid: i32) -> String {
    let payload = if payload.is_empty() { String::new() } else { format!(", \"{payload}\"") };
    format!("NOTIFY {channel}{payload} from process {pid}")
}

/// The bytes of a character position (from 1) in a text; its end when it lies behind it.
fn byte_of(text: &str, position: u32) -> usize {
    text.char_indices().nth(position.saturating_sub(1) as usize).map_or(text.len(), |(at, _)| at)
}

impl Sql {
    /// For the status line.
    pub(super) fn running_now(&self) -> Option<Running> {
        if let Some(editing) = &self.editing {
            return Some(editing.running());
        }
        let job = self.job.as_ref().filter(|j| j.going != Going::Resting)?;
        let name = job.sent.get(job.at).map_or("", |s| if s.ours { "rehearsal" } else { s.title.as_str() });
        let typed = job.sent.iter().filter(|s| !s.ours).count();
        let what = match (job.going, typed) {
            (_, 0) => name.to_owned(),
            (Going::Cancelling, _) => format!("cancelling {name}"),
            (_, 1) => name.to_owned(),
            (_, n) => format!("{name} ({}/{n})", job.at + 1),
        };
        Some(Running { job: job.id, what, since: job.since })
    }

    /// Sends statements; `false`: something else still runs.
    pub(super) fn send(&mut self, run: Run, mode: Mode, cx: &mut Cx<'_>) -> bool {
        if run.statements.is_empty() {
            return false;
        }
        if let Some(r) = self.running_now() {
            cx.toast(Tone::Warning, format!("{} is still running (Ctrl+C cancels it)", r.what));
            return false;
        }
        let run = match self.ask_production(run, mode, cx) {
            Some(run) => run,
            None => return false,
        };
        self.send_allowed(run, mode, cx)
    }

    /// The same, when what had to be asked was answered.
    pub(super) fn send_allowed(&mut self, run: Run, mode: Mode, cx: &mut Cx<'_>) -> bool {
        if mode == Mode::Fresh {
            self.outcomes.clear();
            self.over.clear();
            self.tab = 0;
            self.error = None;
            self.editor.set_error(None);
            self.last_run = Some(run.clone());
        }
        let run = if matches!(mode, Mode::Fresh | Mode::Further) { self.part_of(run, cx) } else { run };
        self.perform(run, mode, cx);
        true
    }

    pub(super) fn perform(&mut self, run: Run, mode: Mode, cx: &mut Cx<'_>) {
        if !matches!(mode, Mode::Quiet | Mode::Further) {
            self.messages.clear();
        }
        // What rests on the same session is ended by the actor, elsewhere it has to be told.
        let old = self.job.take();
        if let Some(old) = old.as_ref().filter(|o| o.reading != run.reading) {
            cx.ask(Effect::Stop { job: old.id });
        }
        // Its last word still comes under its own number.
        self.before = old.or(self.before.take());
        let Run { mut statements, sent, reading, file } = run;
        let conn = cx.world.active;
        let lane = if reading { Lane::Read(conn) } else { Lane::Own(conn) };
        let id = cx.start(|job| match (file, statements.pop()) {
            (Some(file), Some(statement)) => Effect::Transfer { job, lane, sql: statement.sql, file },
            (_, last) => {
                statements.extend(last);
                Effect::Execute { job, lane, statements, credit: FIRST_CREDIT }
            }
        });
        self.mode = mode;
        let since = cx.world.now;
        self.job = Some(Job { id, going: Going::Running, since, at: 0, sent, reading, to_end: false });
        if self.zoomed == Some(Part::Editor) {
            self.zoomed = None;
        }
    }

    /// A statement of the editor as it is sent: byte for byte.
    pub(super) fn prepare(text: &str, base: usize, span: &Span) -> (Statement, Sent) {
        let sql = span.text(&text[base..]).into_owned();
        let mut span = span.clone();
        span.start += base;
        span.end += base;
        for cut in &mut span.cuts {
            *cut = cut.start + base..cut.end + base;
        }
        let statement = Statement {
            pure_read: kind::pure_read(&sql),
            simple: span.combined,
            sql: sql.clone(),
            ..Statement::default()
        };
        let title = title(&sql);
        (statement, Sent { sql, span: Some(span), title, ..Sent::default() })
    }

    /// How statements are told apart in the editor.
    pub(super) fn split_options() -> SplitOptions {
        SplitOptions::default()
    }

    /// News of a job of this pane on the own session; `false`: none of those.
    pub(super) fn run_news(&mut self, id: JobId, news: &News, cx: &mut Cx<'_>) -> bool {
        let current = self.job.as_ref().is_some_and(|j| j.id == id);
        if !current && self.before.as_ref().is_none_or(|j| j.id != id) {
            return false;
        }
        match news {
            News::Started(n) => {
                if let Some(job) = self.job.as_mut().filter(|j| j.id == id) {
                    job.at = *n;
                }
            }
            News::Columns(columns) => {
                let Some(job) = self.job_of(id) else { return true };
                let (at, name) = (job.at, job.sent.get(job.at).map_or(String::new(), |s| s.title.clone()));
                let mut outcome = Outcome::new(id, at, name, columns.clone(), cx.world.settings.column_width);
                outcome.place = cx.world.place();
                self.add_outcome(outcome);
            }
            News::Rows(batch) => self.take_rows(id, batch.clone(), cx.world.settings.result_budget),
            News::Resting => self.rest(id, cx),
            News::Notice(notice) => self.notice(id, notice),
            News::Notification(channel, payload, pid) => {
                self.messages.add(Tone::Note, notification(channel, payload, *pid), None);
            }
            News::Done(summary) => self.done(id, summary, cx),
            News::Failed(n, error, tx) => self.failed(id, *n, error, *tx, cx),
            _ => {}
        }
        true
    }

    /// The server said something between two runs.
    pub(super) fn said(&mut self, news: &News, cx: &mut Cx<'_>) {
        let (tone, text) = match news {
            News::Notification(channel, payload, pid) => (Tone::Note, notification(channel, payload, *pid)),
            News::Notice(notice) => {
                (if notice.severity == "WARNING" { Tone::Warning } else { Tone::Note }, whole(notice, None))
            }
            _ => return,
        };
        cx.toast(tone, clean::line(&text));
        self.messages.add(tone, text, None);
    }

    /// The session is gone: what that means stays to be read.
    pub(super) fn lost(&mut self, text: &str) {
        self.savepoints.clear();
        self.rehearsal = None;
        self.rest = None;
        self.messages.add(Tone::Error, text, None);
        if self.job.is_none() && self.over.is_empty() {
            self.tab = self.outcomes.len();
        }
    }

    fn job_of(&self, id: JobId) -> Option<&Job> {
        self.job.iter().chain(&self.before).find(|j| j.id == id)
    }

    fn outcome_of(&mut self, id: JobId, number: usize) -> Option<&mut Outcome> {
        self.outcomes.iter_mut().rev().find(|o| o.job == id && o.number == number)
    }

    fn add_outcome(&mut self, mut outcome: Outcome) {
        if self.mode == Mode::Again
            && let Some(old) = self.outcomes.iter_mut().find(|o| o.number == outcome.number)
        {
            if old.columns == outcome.columns {
                outcome.grid = std::mem::take(&mut old.grid);
            }
            *old = outcome;
            return;
        }
        if self.outcomes.len() >= MOST_RESULTS {
            let old = self.outcomes.remove(0);
            let text = format!("{}: result dropped, the last {MOST_RESULTS} of a run are kept", old.title);
            self.messages.add(Tone::Warning, text, None);
            self.tab = self.tab.saturating_sub(1);
        }
        self.outcomes.push(outcome);
        if self.outcomes.len() == 1 {
            self.tab = 0;
        }
    }

    fn take_rows(&mut self, id: JobId, batch: Arc<Batch>, budget: u64) {
        let Some(job) = self.job_of(id) else { return };
        let (at, to_end) = (job.at, job.to_end);
        let Some(outcome) = self.outcome_of(id, at) else { return };
        outcome.rows.push(batch);
        outcome.rows.trim(usize::try_from(budget).unwrap_or(usize::MAX));
        if to_end {
            let end = outcome.rows.end();
            outcome.grid.go_row(end.saturating_sub(1));
        }
    }

    /// The credit is used up.
    fn rest(&mut self, id: JobId, cx: &mut Cx<'_>) {
        let Some(job) = self.job.as_mut().filter(|j| j.id == id) else { return };
        if job.to_end {
            return cx.ask(Effect::More { job: id, credit: END_CREDIT });
        }
        job.going = Going::Resting;
        let at = job.at;
        if let Some(o) = self.outcome_of(id, at) {
            o.stage = Stage::Resting;
        }
        self.read_on(cx);
    }

    /// Asks for more rows when the cursor of the resting result nears their end.
    pub(super) fn read_on(&mut self, cx: &mut Cx<'_>) {
        let Some(job) = self.job.as_ref().filter(|j| j.going == Going::Resting) else { return };
        let (id, at) = (job.id, job.at);
        let Some(o) = self.outcomes.iter_mut().find(|o| o.job == id && o.number == at) else { return };
        let (rows, grid) = o.parts();
        if grid.wants(&rows).is_some() {
            self.more(MORE_CREDIT, false, cx);
        }
    }

    /// Reads the result on the screen to its end. `false`: nothing rests there.
    pub(super) fn read_to_end(&mut self, cx: &mut Cx<'_>) -> bool {
        let shown = self.outcomes.get(self.tab).map(|o| (o.job, o.number));
        let Some(job) = self.job.as_mut().filter(|j| shown == Some((j.id, j.at))) else { return false };
        if job.going == Going::Resting {
            self.more(END_CREDIT, true, cx);
        } else {
            job.to_end = true;
        }
        true
    }

    fn more(&mut self, credit: u64, to_end: bool, cx: &mut Cx<'_>) {
        let Some(job) = self.job.as_mut() else { return };
        job.going = Going::Running;
        job.since = cx.world.now;
        job.to_end = to_end;
        let (id, at) = (job.id, job.at);
        cx.ask(Effect::More { job: id, credit });
        if let Some(o) = self.outcome_of(id, at) {
            o.stage = Stage::Running;
        }
    }

    fn notice(&mut self, id: JobId, notice: &DbError) {
        let tone = if notice.severity == "WARNING" { Tone::Warning } else { Tone::Note };
        let at = self.job_of(id).map_or(0, |j| j.at);
        let place = self.place_of(id, at, notice);
        self.messages.add(tone, whole(notice, self.line_column(place)), place);
    }

    fn done(&mut self, id: JobId, summary: &Summary, cx: &mut Cx<'_>) {
        let n = summary.statement;
        let sent = self.job_of(id).and_then(|j| j.sent.get(n)).cloned();
        let current = self.job.as_ref().is_some_and(|j| j.id == id);
        if let Some(sent) = sent.as_ref().filter(|s| !s.ours) {
            let own = self.job_of(id).is_some_and(|j| !j.reading);
            if own && summary.tx != Tx::Gone {
                transaction::follow(&mut self.savepoints, &sent.sql, summary.tx);
            }
            self.remember(sent, summary.elapsed, Some(summary.rows), None, cx);
            let tag = if summary.tag.is_empty() { "empty statement" } else { &summary.tag };
            let mut text = format!("{tag} · {}", units::duration(summary.elapsed));
            if sent.title.starts_with('\\') && sent.span.is_none() {
                text = format!("{}: {text}", sent.title);
            }
            if current && self.mode == Mode::Quiet {
                cx.toast(Tone::Ok, tag);
            }
            if current || summary.cut.is_none() {
                self.messages.add(Tone::Ok, text, None);
            }
            if changes_catalog(&sent.sql) && summary.tx == Tx::Idle {
                cx.tell(crate::core::pane::Tell::ReloadCatalog);
            }
        }
        if let Some(o) = self.outcome_of(id, n) {
            o.stage = Stage::Done(summary.clone());
        }
        if summary.last {
            self.end(id);
            self.watched(cx);
        }
        self.rehearsed(id, summary, cx);
    }

    fn failed(&mut self, id: JobId, n: usize, error: &DbError, tx: Tx, cx: &mut Cx<'_>) {
        let place = self.place_of(id, n, error);
        let sent = self.job_of(id).and_then(|j| j.sent.get(n)).cloned();
        let left = self.left_after(id, n);
        let since = self.job_of(id).map_or(cx.world.now, |j| j.since);
        let own = self.job_of(id).is_some_and(|j| !j.reading);
        if self.sample_failed(id, error, tx, cx) {
            return;
        }
        if own && matches!(tx, Tx::Idle | Tx::Gone) {
            self.savepoints.clear();
            self.rehearsal = None;
        }
        if let Some(sent) = &sent {
            let took = cx.world.now.saturating_sub(since);
            self.remember(sent, took, None, Some(error.code.clone()), cx);
        }
        let mut named = error.clone();
        if let Some(bound) = sent.as_ref().and_then(|s| s.bound.as_ref()) {
            named.context = named.context.map(|c| bound.context(&c));
        }
        let mut text = whole(&named, self.line_column(place));
        if left > 0 {
            text.push_str(&format!(
                "\n{} after it not run",
                units::counted(left as u64, "statement", "statements")
            ));
        }
        let rehearsed = self.rehearsal_failed(id);
        if rehearsed && tx == Tx::Failed {
            text.push_str("\nIt was rehearsed: its transaction is rolled back");
        } else if tx == Tx::Failed {
            text.push_str("\nThe transaction has failed: only a roll back helps (Ctrl+T)");
        }
        if let Some(o) = self.outcome_of(id, n) {
            o.stage = Stage::Failed(Box::new(error.clone()));
        }
        let cancelled = error.is_own_cancel();
        if cancelled {
            let took = units::duration(cx.world.now.saturating_sub(since));
            let kept = self.outcome_of(id, n).map_or(0, |o| o.rows.len());
            let kept = if kept > 0 {
                format!(", {} kept", units::counted(kept, "row", "rows"))
            } else {
                String::new()
            };
            cx.toast(Tone::Warning, format!("Cancelled after {took}{kept}"));
        }
        self.messages.add(if cancelled { Tone::Warning } else { Tone::Error }, text, place);
        if let Some(at) = place {
            self.underline(at);
        }
        self.end(id);
        self.watch = None;
        if rehearsed && tx == Tx::Failed {
            self.run_own("ROLLBACK".into(), cx);
        }
        // What was read before a cancel stays in view; an error is shown.
        if !cancelled || self.outcomes.is_empty() {
            self.over.clear();
            self.tab = self.outcomes.len();
        }
    }

    /// The job has ended.
    fn end(&mut self, id: JobId) {
        if self.job.as_ref().is_some_and(|j| j.id == id) {
            self.job = None;
        } else {
            self.before = None;
        }
        if self.outcomes.is_empty() {
            self.tab = 0; // the messages
        }
    }

    /// Where in the editor an error is, if its statement still stands there.
    fn place_of(&self, id: JobId, n: usize, error: &DbError) -> Option<usize> {
        let sent = self.job_of(id)?.sent.get(n)?;
        let span = sent.span.as_ref()?;
        let at = match &sent.bound {
            Some(bound) => bound.source_position(error.position?),
            None => byte_of(&sent.sql, error.position?),
        };
        let text = self.editor.text();
        let here = text.get(span.start..span.end).is_some_and(|_| span.text(&text) == sent.sql);
        here.then(|| span.source_offset(at))
    }

    fn remember(
        &mut self,
        sent: &Sent,
        elapsed: Duration,
        rows: Option<u64>,
        failed: Option<String>,
        cx: &mut Cx<'_>,
    ) {
        if sent.span.is_none() {
            return; // a saved query or the menu: not typed here
        }
        let sql = secrets::redact(&sent.sql).into_owned();
        let place = cx
            .world
            .server()
            .and_then(|s| s.info.as_ref())
            .map_or(String::new(), |i| format!("{} {}", i.address, i.database));
        cx.ask(Effect::Remember(HistoryEntry {
            at: String::new(),
            place,
            sql,
            millis: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
            rows,
            failed,
        }));
    }

    /// Ctrl+C here: `true` when the pane does it itself.
    pub(super) fn cancel(&mut self, cx: &mut Cx<'_>) -> bool {
        self.watch = None;
        match self.job.as_mut() {
            Some(job) if job.going == Going::Resting => {
                cx.ask(Effect::Stop { job: job.id });
                true
            }
            Some(job) => {
                job.going = Going::Cancelling;
                false // the app sends it, and offers more at the second press
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::byte_of;

    #[test]
    fn positions_count_characters() {
        assert_eq!(byte_of("sélect x", 1), 0);
        assert_eq!(byte_of("sélect x", 3), 3);
        assert_eq!(byte_of("ab", 9), 2);
    }
}
