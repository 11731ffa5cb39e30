//! Reading a table: the description first, then pages by key as the cursor moves, or one stream.

use super::{
    kept::{self, Kept},
    table::{Count, Table, Trouble},
    window::{Anchor, Window, reversed},
};
use crate::{
    core::{
        effect::{Effect, Statement},
        error::DbError,
        event::{Cut, News, Summary},
        ids::{JobId, Lane},
        pane::{Cx, Tone},
    },
    data::rows::Batch,
    sql::{
        filter::{Condition, Query},
        page::{Shape, Way, key_columns},
    },
};
use std::{collections::VecDeque, sync::Arc, time::Duration};

/// Rows of a page.
const PAGE: usize = 200;
/// Bytes of a page, when its rows are long: then it is shorter.
const PAGE_BYTES: u64 = 8 << 20;
/// Bytes a stream sends ahead.
pub(super) const STREAM_BYTES: u64 = 512 << 10;
/// Rows above the screen that are read anew with it.
const ABOVE: u64 = 20;

/// What a page under way is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// The first page of a view.
    First,
    /// The last page, read upside down.
    Last,
    /// What follows the window.
    After,
    /// What precedes the window.
    Before,
    /// The same rows anew, from the one of this number on.
    Again(u64),
    /// All rows as a stream; so many are already known and passed over.
    Stream(u64),
}

/// A page (or a stream) under way.
#[derive(Clone, Debug)]
pub struct Fetch {
    /// Its present job.
    pub job: JobId,
    /// What for.
    pub goal: Goal,
    /// Since when.
    pub since: Duration,
    /// A stream that waits until more is wanted.
    pub resting: bool,
    /// A stream from its beginning, of which no row has come yet.
    fresh: bool,
    /// The cursor keeps its place in the rows read anew.
    stay: bool,
    shape: Shape,
    rows: Batch,
    rest: VecDeque<Query>,
}

/// A statement of ours for the server.
#[must_use]
pub fn statement(query: Query) -> Statement {
    Statement::read(query.sql, query.params, query.types)
}

impl Table {
    /// Asks for the description, and for what is remembered of the table.
    pub fn open(&mut self, cx: &mut Cx<'_>) {
        self.describe(cx);
        let key = self.keep_key(cx);
        self.recalling = Some(cx.start(|job| Effect::Recall { job, key }));
    }

    fn keep_key(&self, cx: &Cx<'_>) -> String {
        kept::key(cx.world, &self.name)
    }

    fn describe(&mut self, cx: &mut Cx<'_>) {
        let (conn, relation) = (self.conn, self.oid);
        let job = cx.start(|job| Effect::Describe { job, conn, relation });
        self.describing = Some((job, cx.world.now));
    }

    /// Keeps columns, filter and sort for the next time, when they changed.
    pub fn keep(&mut self, cx: &mut Cx<'_>) {
        if self.detail.is_none() || self.recalling.is_some() {
            return;
        }
        let now = self.to_keep();
        if now != self.kept {
            self.kept = now;
            self.keep_now(cx);
        }
    }

    /// Keeps what is to be remembered, changed or not.
    pub fn keep_now(&self, cx: &mut Cx<'_>) {
        let key = self.keep_key(cx);
        cx.ask(Effect::Keep { key, value: self.kept.text() });
    }

    /// Describes and reads anew, staying where the cursor is.
    pub fn refresh(&mut self, cx: &mut Cx<'_>) {
        self.trouble = None;
        self.count = match self.count {
            Count::Known(_) => Count::Unasked,
            other => other,
        };
        self.describe(cx);
    }

    /// Another filter or sort: from its first row.
    pub fn reload(&mut self, cx: &mut Cx<'_>) {
        self.forget_count(cx);
        self.begin(Goal::First, cx);
    }

    fn forget_count(&mut self, cx: &mut Cx<'_>) {
        if let Count::Running(job, _) = self.count {
            cx.ask(Effect::Stop { job });
        }
        self.count = Count::Unasked;
    }

    /// Ends what runs for this table.
    pub fn stop(&mut self, cx: &mut Cx<'_>) {
        if let Some(f) = self.fetch.take() {
            cx.ask(Effect::Stop { job: f.job });
        }
        if let Count::Running(..) = self.count {
            self.forget_count(cx);
        }
        self.owed = 0;
    }

    /// Starts a page; an older one under way is given up.
    pub fn begin(&mut self, goal: Goal, cx: &mut Cx<'_>) {
        if let Some(old) = self.fetch.take() {
            cx.ask(Effect::Stop { job: old.job });
        }
        if !matches!(goal, Goal::After | Goal::Before) {
            self.owed = 0;
        }
        let stay = matches!(goal, Goal::Again(_));
        let goal = match goal {
            Goal::Before | Goal::Last if !self.keyed => return,
            Goal::After if !self.keyed => Goal::Stream(self.window.end()),
            Goal::First | Goal::Again(_) if !self.keyed => Goal::Stream(0),
            other => other,
        };
        match self.queries(goal) {
            Ok((queries, shape)) => {
                let rows = Batch::new(shape.width);
                self.send((goal, stay), shape, rows, queries, cx);
            }
            Err(what) => self.fail("reading rows", DbError::client(what), cx),
        }
    }

    fn queries(&self, goal: Goal) -> Result<(VecDeque<Query>, Shape), String> {
        let edge = |row: u64| {
            self.window.texts(row, &self.shape.order).ok_or_else(|| "the row is not here any more".to_owned())
        };
        self.with_sql(|sql| {
            let queries = match goal {
                Goal::First => VecDeque::from([sql.edge(Way::Forward, PAGE)?]),
                Goal::Last => VecDeque::from([sql.edge(Way::Backward, PAGE)?]),
                Goal::Stream(_) => VecDeque::from([sql.stream()?]),
                Goal::After => {
                    let values = edge(self.window.end().saturating_sub(1))?;
                    sql.beyond(&values, Way::Forward, false, PAGE)?.into()
                }
                Goal::Before => sql.beyond(&edge(self.window.first())?, Way::Backward, false, PAGE)?.into(),
                Goal::Again(0) if self.window.anchor == Anchor::Start => {
                    VecDeque::from([sql.edge(Way::Forward, PAGE)?])
                }
                Goal::Again(row) => sql.beyond(&edge(row)?, Way::Forward, true, PAGE)?.into(),
            };
            Ok((queries, sql.shape().clone()))
        })
    }

    fn send(
        &mut self,
        (goal, stay): (Goal, bool),
        shape: Shape,
        rows: Batch,
        mut queries: VecDeque<Query>,
        cx: &mut Cx<'_>,
    ) {
        let Some(query) = queries.pop_front() else { return };
        let lane = self.lane();
        let credit = if matches!(goal, Goal::Stream(_)) { STREAM_BYTES } else { PAGE_BYTES };
        let job = cx.start(|job| Effect::Execute { job, lane, statements: vec![statement(query)], credit });
        let since = cx.world.now;
        let fresh = goal == Goal::Stream(0);
        self.fetch =
            Some(Fetch { job, goal, since, resting: false, fresh, stay, shape, rows, rest: queries });
    }

    /// Counts exactly.
    pub fn count_rows(&mut self, cx: &mut Cx<'_>) {
        match self.with_sql(|sql| sql.count()) {
            Ok(query) => {
                let lane = Lane::Aside(self.conn);
                let statements = vec![statement(query)];
                let job = cx.start(|job| Effect::Execute { job, lane, statements, credit: 1 << 16 });
                self.count = Count::Running(job, cx.world.now);
            }
            Err(what) => cx.toast(Tone::Error, what),
        }
    }

    /// Does this table wait for the job?
    #[must_use]
    pub fn owns(&self, job: JobId) -> bool {
        self.describing.is_some_and(|(j, _)| j == job)
            || self.recalling == Some(job)
            || self.fetch.as_ref().is_some_and(|f| f.job == job)
            || matches!(self.count, Count::Running(j, _) if j == job)
    }

    /// An answer to one of its jobs.
    pub fn news(&mut self, job: JobId, news: News, cx: &mut Cx<'_>) {
        if self.describing.is_some_and(|(j, _)| j == job) {
            self.described(news, cx);
        } else if self.recalling == Some(job) {
            self.recalled(news, cx);
        } else if self.fetch.as_ref().is_some_and(|f| f.job == job) {
            self.page_news(news, cx);
        } else {
            self.count_news(news, cx);
        }
    }

    fn described(&mut self, news: News, cx: &mut Cx<'_>) {
        match news {
            News::Detail(Some(detail)) => {
                self.describing = None;
                self.name = format!("{}.{}", detail.relation.schema, detail.relation.name);
                let first_time = self.detail.is_none();
                let same = self
                    .detail
                    .as_ref()
                    .is_some_and(|d| d.columns == detail.columns && d.keys == detail.keys);
                self.keyed = !key_columns(&detail).is_empty();
                if let Some(key) = self.to_key.take() {
                    let columns = key_columns(&detail).into_iter().map(|at| &detail.columns[at].name);
                    self.view.filter.conditions =
                        columns.zip(key).map(|(c, v)| Condition::equal(c, v)).collect();
                }
                if !first_time && !same {
                    // Columns are told apart by number here and by name in what is kept.
                    self.kept = self.to_keep();
                    self.clear_marks();
                }
                self.detail = Some(detail);
                if first_time {
                    self.ready(cx);
                } else {
                    if !same {
                        self.restore_layout();
                        self.stale.get_or_insert(cx.world.now);
                    }
                    self.read_again(same, cx);
                }
            }
            News::Detail(None) => {
                self.describing = None;
                let gone = format!("{} does not exist any more", self.name);
                self.fail("describing it", DbError::client(gone), cx);
            }
            News::Failed(_, error, _) => {
                self.describing = None;
                self.fail("describing it", *error, cx);
            }
            _ => {}
        }
    }

    fn recalled(&mut self, news: News, cx: &mut Cx<'_>) {
        match news {
            News::Remembered(text) => self.kept = Kept::read(text.as_deref()),
            News::Failed(_, error, _) => {
                cx.toast(Tone::Warning, format!("What was remembered of {} is lost: {error}", self.name));
            }
            _ => return,
        }
        self.recalling = None;
        self.ready(cx);
    }

    /// Description and memory are both here: reads the first page.
    fn ready(&mut self, cx: &mut Cx<'_>) {
        if self.detail.is_none() || self.recalling.is_some() {
            return;
        }
        if !self.given && self.view == Default::default() {
            self.view = self.kept.view();
        }
        if !self.given && self.queries(Goal::First).is_err() {
            // What was remembered does not fit the table any more.
            self.view = Default::default();
        }
        self.restore_layout();
        self.begin(Goal::First, cx);
    }

    fn read_again(&mut self, same_columns: bool, cx: &mut Cx<'_>) {
        // Somebody went to an end meanwhile: that is where they want to be.
        if let Some(goal @ (Goal::First | Goal::Last)) = self.fetch.as_ref().map(|f| f.goal) {
            return self.begin(goal, cx);
        }
        if same_columns && self.view == self.good && self.window.find(self.grid.row()).is_some() {
            // The page on the screen, and a little above it.
            let top = self.grid.top().min(self.grid.row());
            let from = top.saturating_sub(ABOVE).max(self.window.first());
            return self.begin(Goal::Again(from), cx);
        }
        self.begin(Goal::First, cx);
    }

    fn page_news(&mut self, news: News, cx: &mut Cx<'_>) {
        let Some(fetch) = &mut self.fetch else { return };
        match news {
            News::Rows(batch) => {
                if let Goal::Stream(known) = fetch.goal {
                    let skip = known.min(batch.len() as u64);
                    fetch.goal = Goal::Stream(known - skip);
                    if std::mem::take(&mut fetch.fresh) {
                        let stay = fetch.stay;
                        self.shape = fetch.shape.clone();
                        self.restart(stay);
                    }
                    self.stream_rows(&batch, skip as usize, cx);
                } else {
                    for row in 0..batch.len() {
                        fetch.rows.push(batch.row(row));
                    }
                }
            }
            News::Resting => match fetch.goal {
                Goal::Stream(_) => {
                    fetch.resting = true;
                    self.look_ahead(cx);
                }
                // Long rows: what came is a page too.
                _ => cx.ask(Effect::Stop { job: fetch.job }),
            },
            News::Done(summary) => self.page_done(&summary, cx),
            News::Failed(_, error, _) => {
                self.fetch = None;
                self.fail("reading rows", *error, cx);
            }
            _ => {}
        }
    }

    fn page_done(&mut self, summary: &Summary, cx: &mut Cx<'_>) {
        let Some(mut fetch) = self.fetch.take() else { return };
        if let Goal::Stream(_) = fetch.goal {
            self.stream_done(fetch.fresh, summary.cut, cx);
            return;
        }
        if summary.cut == Some(Cut::Replaced) && fetch.rows.is_empty() {
            return; // another read wanted the session first; the next movement asks anew
        }
        let short = fetch.rows.len() < PAGE && summary.cut.is_none();
        if short && !fetch.rest.is_empty() {
            let rest = std::mem::take(&mut fetch.rest);
            return self.send((fetch.goal, fetch.stay), fetch.shape, fetch.rows, rest, cx);
        }
        self.shape = fetch.shape;
        self.take_page(fetch.goal, fetch.rows, short, cx);
    }

    fn take_page(&mut self, goal: Goal, rows: Batch, short: bool, cx: &mut Cx<'_>) {
        self.trouble = None;
        self.stale = None;
        match goal {
            Goal::First => {
                self.window = Window::from_start();
                self.window.push_back(Arc::new(rows));
                self.window.at_end = short;
                self.new_rows(0);
            }
            Goal::Last => {
                let total = match self.count {
                    Count::Known(n) => Some(n),
                    _ => self.window.total(),
                };
                self.window = Window::from_end(Arc::new(reversed(&rows)), total);
                if short {
                    self.window.number_from_start();
                }
                let last = self.window.end().saturating_sub(1);
                self.new_rows(last);
            }
            Goal::After => {
                self.window.push_back(Arc::new(rows));
                self.window.at_end = short;
                self.window.trim(self.grid.row());
                self.mark_again();
            }
            Goal::Before => {
                self.take_before(&rows, short);
                self.mark_again();
            }
            Goal::Again(number) if rows.is_empty() && number > 0 => {
                // Everything from there on is gone: the last rows are what is left.
                return self.begin(Goal::Last, cx);
            }
            Goal::Again(number) => {
                let key = self.key_of(self.grid.row());
                let marks = self.marks_before();
                self.window = match (number, self.window.anchor) {
                    (0, Anchor::Start) => Window::from_start(),
                    _ => Window::at(&self.window, number),
                };
                self.window.push_back(Arc::new(rows));
                self.window.at_end = short;
                self.stay_with(key);
                self.marks_after(marks, number);
            }
            Goal::Stream(_) => {}
        }
        self.now_good();
        self.pay(cx);
    }

    /// Rows of the wanted view are here.
    fn now_good(&mut self) {
        self.good = self.view.clone();
        self.draft = None;
    }

    fn take_before(&mut self, rows: &Batch, short: bool) {
        let grown = self.window.push_front(Arc::new(reversed(rows)));
        self.grid.shift(grown as i64);
        if short && (self.window.anchor == Anchor::Unknown || self.window.first() > 0) {
            let sunk = self.window.number_from_start();
            self.grid.shift(-(sunk as i64));
        }
        self.window.at_start = short;
        self.window.trim(self.grid.row());
    }

    fn new_rows(&mut self, cursor: u64) {
        self.grid.reset_rows(self.window.first());
        self.grid.go_row(cursor);
        // Rows that are not shown any more must not be changed or deleted with those that are.
        if self.view.filter != self.good.filter {
            self.marked.clear();
        }
        self.mark_again();
    }

    /// After reading anew: the cursor goes with its row, wherever that stands now, else to the nearest one left.
    fn stay_with(&mut self, key: Option<Vec<Option<String>>>) {
        let (at, rows) = (self.grid.row(), self.window.first()..self.window.end());
        let same = |row: &u64| key.is_some() && self.key_of(*row) == key;
        let to = if same(&at) { None } else { rows.clone().find(same) };
        let to = to.unwrap_or_else(|| at.clamp(rows.start, rows.end.saturating_sub(1).max(rows.start)));
        self.grid.shift(to as i64 - at as i64);
    }

    /// A stream's first word: what was on the screen gives way. `stay`: the cursor goes back to its row once
    /// that has come.
    fn restart(&mut self, stay: bool) {
        let row = self.grid.row();
        self.window = Window::from_start();
        self.new_rows(0);
        if stay {
            self.owed = row as i64;
        }
        self.now_good();
        self.stale = None;
        self.trouble = None;
    }

    fn stream_rows(&mut self, batch: &Arc<Batch>, skip: usize, cx: &mut Cx<'_>) {
        if skip == 0 {
            self.window.push_back(Arc::clone(batch));
        } else if skip < batch.len() {
            let mut rest = Batch::new(batch.width());
            (skip..batch.len()).for_each(|row| rest.push(batch.row(row)));
            self.window.push_back(Arc::new(rest));
        }
        let budget = usize::try_from(cx.world.settings.result_budget).unwrap_or(usize::MAX);
        if self.to_end {
            self.grid.go_row(self.window.end().saturating_sub(1));
        }
        self.window.trim_to(self.grid.row(), u64::MAX, budget);
        self.pay(cx);
    }

    fn stream_done(&mut self, fresh: bool, cut: Option<Cut>, cx: &mut Cx<'_>) {
        if cut.is_none() {
            if fresh {
                self.restart(false);
            }
            self.window.at_end = true;
            self.to_end = false;
        }
        self.pay(cx);
    }

    fn count_news(&mut self, news: News, cx: &mut Cx<'_>) {
        match news {
            News::Rows(batch) => {
                let text = batch.cell(0, 0).and_then(|b| std::str::from_utf8(b).ok());
                if let Some(n) = text.and_then(|t| t.parse().ok()) {
                    self.count = Count::Known(n);
                }
            }
            News::Failed(_, error, _) => {
                self.count = Count::Unasked;
                cx.toast(Tone::Error, format!("Counting: {error}"));
            }
            News::Done(_) => self.count = Count::Unasked,
            _ => {}
        }
    }

    /// Shows what went wrong and goes back to the view whose rows are on the screen.
    pub fn fail(&mut self, doing: &'static str, error: DbError, cx: &mut Cx<'_>) {
        self.owed = 0;
        self.to_end = false;
        let wanted_other = self.view != self.good && self.stale.is_none();
        if error.is_own_cancel() {
            cx.toast(Tone::Note, "Cancelled");
        }
        if wanted_other && !self.window.is_empty() {
            if !error.is_own_cancel() {
                cx.toast(Tone::Error, format!("{error}"));
            }
            self.view = self.good.clone();
            return;
        }
        self.trouble = Some(Trouble { doing, error });
    }
}
