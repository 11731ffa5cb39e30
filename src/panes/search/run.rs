//! Running a search: at once when nothing runs, else when the typing has paused; the older one is cancelled.

use super::{
    Search, Shown, Trouble,
    facets::{self, Value},
    more::keep_fragments,
    tables::Table,
};
use crate::{
    core::{
        effect::{Effect, Statement},
        error::DbError,
        event::{News, Summary},
        ids::{JobId, Lane},
        pane::{Cx, Popup, Tone},
    },
    data::{
        catalog::RelKind,
        plan,
        search::{Hit, Hits, Mode, Words},
    },
    sql::{
        filter::Query,
        search::{Address, Ask, BEFORE_KEY, MOST_COUNTED, Reach, Target, address, explain, walks, words},
    },
    text::units,
};
use std::{collections::VecDeque, time::Duration};

/// How long the typing must pause while a search runs.
const PAUSE: Duration = Duration::from_millis(80);
/// Results of one search.
pub(super) const MOST_RESULTS: usize = 200;
/// Bytes of an answer.
pub(super) const CREDIT: u64 = 64 << 20;
/// The question before every row is read.
pub(super) const ALL: &str = "search-all";

/// What a statement of the job is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Hits of a table.
    Hits(usize),
    /// What became of the words.
    Words,
    /// Values beside the results.
    Facet,
    /// The plan of a table's search.
    Plan(usize),
}

/// What served a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Served {
    /// These indexes.
    Indexes(Vec<String>),
    /// The indexes of so many partitions, and so many others were read.
    Partitions(usize, usize),
    /// None: rows were read.
    Scan,
}

/// How the search of one table went.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcome {
    pub count: u64,
    pub read: Option<u64>,
    pub took: Duration,
    pub reach: Option<Reach>,
    pub served: Option<Served>,
    /// Hits as the planner estimates them.
    pub estimate: Option<f64>,
    /// Hits that were counted at most.
    counted: Option<u64>,
}

impl Outcome {
    /// Hits that are counted at most.
    pub fn most(&self) -> u64 {
        self.counted.unwrap_or(MOST_COUNTED)
    }

    /// There are more hits than were counted.
    pub fn is_capped(&self) -> bool {
        self.reach.is_some_and(Reach::is_served) && self.count > self.most()
    }
}

/// How far a search goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// Bounded.
    Bounded,
    /// More hits than are counted: the last ones by key are ranked.
    Newest,
    /// Every row.
    Everything,
    /// The same again, with more results.
    More,
    /// Nothing matched: rows with similar words.
    Similar,
}

/// A search under way.
#[derive(Debug)]
pub(super) struct Run {
    pub job: JobId,
    pub since: Duration,
    pub text: String,
    pub mode: Mode,
    pub how: How,
    pub limit: usize,
    facets: Vec<Value>,
    steps: VecDeque<Step>,
    hits: Vec<Hits>,
    outcomes: Vec<Outcome>,
    words: Option<Words>,
}

impl Run {
    /// The results are still to come: not only what stands around them, nor better ones for the same line.
    pub fn is_awaited(&self) -> bool {
        let hits = self.steps.iter().any(|s| matches!(s, Step::Hits(_)));
        hits && matches!(self.how, How::Bounded | How::Everything)
    }
}

pub(super) fn statement(query: Query, short: bool) -> Statement {
    Statement { short, ..Statement::read(query.sql, query.params, query.types) }
}

impl Search {
    /// The line, the tables or how it is searched are others now.
    pub(super) fn changed(&mut self, cx: &mut Cx<'_>) {
        self.due = None;
        if self.run.as_ref().is_some_and(Run::is_awaited) {
            self.due = Some(cx.world.now + PAUSE);
        } else {
            self.start(How::Bounded, cx);
        }
    }

    /// Ends what runs and searches.
    pub(super) fn start(&mut self, how: How, cx: &mut Cx<'_>) {
        (self.due, self.sample_due) = (None, None);
        self.stop(cx);
        let text = self.input.text().to_owned();
        if text.trim().is_empty() {
            return self.forget_results();
        }
        if self.tables.is_empty() || self.tables.iter().any(|t| t.detail.is_none() || t.describing.is_some())
        {
            return; // begun when they are described
        }
        let everything = how == How::Everything;
        let known = |n: usize| self.shown.as_ref()?.outcomes.get(n)?.reach;
        let reach = |n: usize, table: &Table| match table.reach() {
            _ if everything => Reach::Everything,
            reach if matches!(how, How::More | How::Similar) => known(n).unwrap_or(reach),
            Reach::Index if self.unservable(&text) => table.sample(),
            Reach::Index if how == How::Newest && self.is_capped(n) => self.newest(n, table),
            reach => reach,
        };
        let reaches: Vec<Reach> = self.tables.iter().enumerate().map(|(n, t)| reach(n, t)).collect();
        let everything = everything || reaches.contains(&Reach::Everything);
        let limit = if how == How::More { self.limit() + MOST_RESULTS } else { MOST_RESULTS };
        let page = if how == How::More { 0 } else { self.page() };
        let ask = Ask { limit, ..self.ask(&text, page) };
        let (mut steps, mut statements, mut after) = (VecDeque::new(), vec![], vec![]);
        if let (Some(first), How::Bounded | How::Everything) = (self.tables.first(), how) {
            after.push((Step::Words, statement(words(&ask, &first.configs()), true)));
        }
        for (n, (table, reach)) in self.tables.iter().zip(&reaches).enumerate() {
            let Some(target) = table.target(*reach) else { continue };
            let wanted = match (how, self.alike()) {
                (How::Similar, Some(alike)) => {
                    // No index of the vector serves this, nor does its condition hold.
                    Target { reach: Reach::Everything, ..target.clone() }.similar(&ask, &alike)
                }
                (How::Similar, None) => Ok(None),
                _ => target.search(&ask).map(Some),
            };
            let query = match wanted {
                Ok(Some(query)) => query,
                Ok(None) => return,
                Err(why) => {
                    self.trouble = Some(Trouble::new(&table.name, &DbError::client(why)));
                    return;
                }
            };
            if matches!(how, How::Bounded | How::Everything) {
                let facet = table.facet.as_ref().filter(|_| self.tables.len() == 1);
                if let Some(query) = facet.and_then(|f| target.facet(&ask, f).ok()) {
                    after.push((Step::Facet, statement(query, !everything)));
                }
                after.push((Step::Plan(n), statement(explain(&query), !everything)));
            }
            steps.push_back(Step::Hits(n));
            statements.push(statement(query, !everything));
        }
        for (step, statement) in after {
            steps.push_back(step);
            statements.push(statement);
        }
        let follows = matches!(how, How::Newest | How::More | How::Similar);
        let before = self.shown.as_ref().filter(|_| follows).map(|s| s.outcomes.clone());
        let outcome = |(n, reach): (usize, &Reach)| {
            let known = before.as_ref().and_then(|b| b.get(n)).cloned().unwrap_or_default();
            Outcome { reach: Some(*reach), ..known }
        };
        let outcomes = reaches.iter().enumerate().map(outcome).collect();
        let hits = vec![Hits::default(); self.tables.len()];
        let conn = cx.world.active;
        // A long one leaves Browse its session.
        let lane = if everything { Lane::Aside(conn) } else { Lane::Read(conn) };
        let job = cx.start(|job| Effect::Execute { job, lane, statements, credit: CREDIT });
        let (mode, since) = (self.mode, cx.world.now);
        let facets = vec![];
        self.run =
            Some(Run { job, since, text, mode, how, limit, facets, steps, hits, outcomes, words: None });
    }

    /// More hits than are counted were found in this table for this very line.
    fn is_capped(&self, table: usize) -> bool {
        let current = self.shown.as_ref().filter(|s| s.text == self.input.text() && s.mode == self.mode);
        let outcome = current.and_then(|s| s.outcomes.get(table));
        let keyed =
            self.tables.get(table).and_then(|t| t.detail.as_deref()).map(address) == Some(Address::Key);
        // Where every hit has to be looked up, the last ones are too dear.
        let cheap = |o: &Outcome| o.most() == MOST_COUNTED;
        keyed && outcome.is_some_and(|o| o.reach == Some(Reach::Index) && o.is_capped() && cheap(o))
    }

    /// How the last hits of this table are found.
    fn newest(&self, n: usize, table: &Table) -> Reach {
        let outcome = self.shown.as_ref().and_then(|s| s.outcomes.get(n));
        let hits = outcome.map_or(0.0, |o| o.estimate.unwrap_or(0.0).max(o.count as f64));
        let rows = table.rows().unwrap_or(0) as f64;
        Reach::Newest { walk: walks(hits, rows, table.source.keeper.is_stored()) }
    }

    /// What is asked of every table.
    pub(super) fn ask<'a>(&'a self, text: &'a str, page: usize) -> Ask<'a> {
        Ask {
            text,
            mode: self.mode,
            ranking: &self.ranking,
            limit: MOST_RESULTS,
            offset: 0,
            page,
            words: (usize::from(self.cells()) / 6).clamp(8, 30),
        }
    }

    /// The server said of this very line that no index can serve it.
    fn unservable(&self, text: &str) -> bool {
        self.shown.as_ref().is_some_and(|s| {
            s.text == text
                && s.mode == self.mode
                && s.words.as_ref().is_some_and(|w| w.nodes > 0 && !w.servable)
        })
    }

    /// Cancels what runs on the server.
    pub(super) fn stop(&mut self, cx: &mut Cx<'_>) {
        let jobs = [
            self.run.take().map(|r| r.job),
            self.fetch.take().map(|f| f.job),
            self.inquiry.take().map(|i| i.job),
        ];
        for job in jobs.into_iter().flatten() {
            cx.ask(Effect::Cancel { job });
        }
    }

    /// News of a search; `false`: of something else.
    pub(super) fn run_news(&mut self, job: JobId, news: &News, cx: &mut Cx<'_>) -> bool {
        let Some(run) = self.run.as_mut().filter(|r| r.job == job) else { return false };
        match news {
            News::Rows(batch) => match run.steps.front() {
                Some(Step::Hits(n)) => run.hits[*n].take(batch, *n, BEFORE_KEY),
                Some(Step::Words) => run.words = Some(Words::read(batch)),
                Some(Step::Facet) => run.facets.extend(facets::values(batch)),
                Some(Step::Plan(n)) => {
                    let text = batch.cell(0, 0).map(String::from_utf8_lossy).unwrap_or_default();
                    let table = self.tables.get(*n);
                    let (served, estimate) = table.map(|t| planned(&text, t)).unwrap_or_default();
                    (run.outcomes[*n].served, run.outcomes[*n].estimate) = (served, estimate);
                }
                None => {}
            },
            News::Done(summary) => self.step_done(summary, cx),
            News::Failed(_, error, _) => self.failed(error, cx),
            _ => {}
        }
        true
    }

    fn step_done(&mut self, summary: &Summary, cx: &mut Cx<'_>) {
        let Some(run) = &mut self.run else { return };
        let step = run.steps.pop_front();
        if let Some(Step::Hits(n)) = step {
            let outcome = &mut run.outcomes[n];
            if matches!(outcome.reach, Some(Reach::Newest { .. })) {
                // Only these were counted; how many there are is known from before.
                outcome.took += if run.how == How::Newest { summary.elapsed } else { Duration::ZERO };
            } else if !matches!(run.how, How::More | How::Similar) {
                outcome.took = summary.elapsed;
                (outcome.count, outcome.read) = (run.hits[n].count, run.hits[n].read);
                match outcome.reach {
                    // One row more is read, to know whether there are more.
                    Some(Reach::Sample(most)) => outcome.count = outcome.count.min(most),
                    Some(Reach::Index) => outcome.counted = outcome.read.take(),
                    _ => {}
                }
            }
        }
        let hits_left = run.steps.iter().any(|s| matches!(s, Step::Hits(_)));
        if matches!(step, Some(Step::Hits(_))) && !hits_left {
            self.show();
        } else if let (Some(run), Some(shown)) = (&self.run, &mut self.shown)
            && !hits_left
        {
            if matches!(run.how, How::Bounded | How::Everything) {
                shown.words.clone_from(&run.words);
                shown.facets.clone_from(&run.facets);
            }
            shown.outcomes.clone_from(&run.outcomes);
            self.find_meant();
        }
        if summary.last {
            self.run = None;
            let again = self.shown.as_ref().is_some_and(|s| {
                let unservable = s.words.as_ref().is_some_and(|w| w.nodes > 0 && !w.servable);
                unservable && s.outcomes.iter().any(|o| o.reach == Some(Reach::Index))
            });
            if again || self.due.is_some() {
                self.start(How::Bounded, cx);
            } else if self.at == 0 && (0..self.tables.len()).any(|n| self.is_capped(n)) {
                self.start(How::Newest, cx);
            } else {
                self.fetch_fragments(cx);
                self.nothing_found(cx);
                self.more(cx);
            }
        }
    }

    /// The hits are there: the list is another one.
    fn show(&mut self) {
        let Some(run) = &mut self.run else { return };
        if run.how == How::Newest && self.at > 0 {
            return; // somebody reads the list already
        }
        let mut hits: Vec<Hit> = run.hits.iter_mut().flat_map(|h| std::mem::take(&mut h.rows)).collect();
        if self.tables.len() > 1 {
            hits.sort_by(|a, b| b.rank.total_cmp(&a.rank));
        }
        let kept = self.shown.as_ref().filter(|s| s.text == run.text && s.mode == run.mode);
        let words = run.words.clone().or_else(|| kept.and_then(|s| s.words.clone()));
        let facets = kept.map(|s| s.facets.clone()).unwrap_or_default();
        let more = run.how == How::More;
        if more {
            let known = self.shown.as_mut().map(|s| std::mem::take(&mut s.hits)).unwrap_or_default();
            keep_fragments(&mut hits, known);
        }
        let counted = run.hits.iter().map(|h| h.count).sum();
        let similar = (run.how == How::Similar).then_some(counted);
        let best = hits.iter().map(|h| h.rank).fold(f32::MIN_POSITIVE, f32::max);
        self.shown = Some(Shown {
            best,
            limit: run.limit,
            similar,
            meant: vec![],
            text: run.text.clone(),
            mode: run.mode,
            hits,
            outcomes: run.outcomes.clone(),
            words,
            facets,
        });
        self.trouble = None;
        if !more {
            (self.at, self.top) = (0, 0);
        }
        self.find_meant();
    }

    fn failed(&mut self, error: &DbError, cx: &mut Cx<'_>) {
        let Some(run) = self.run.take() else { return };
        if run.how == How::Similar && self.due.is_none() && !error.fatal {
            if let Some(shown) = &mut self.shown {
                shown.similar = Some(0);
            }
            return self.nothing_found(cx);
        }
        if matches!(run.how, How::Newest | How::More) && self.due.is_none() && !error.fatal {
            // Nobody asked for it: what was found first stays.
            if run.how == How::More && !error.is_own_cancel() {
                cx.toast(Tone::Warning, format!("More results could not be fetched: {}", error.message));
            }
            return;
        }
        if self.due.is_some() {
            return self.start(How::Bounded, cx);
        }
        let after = units::duration(cx.world.now.saturating_sub(run.since));
        let what = if error.is_own_cancel() {
            format!("Cancelled after {after}")
        } else if error.is_cancel() {
            format!(
                "Ended after {after}, the time a search may take unasked; F6 lets it take as long as it takes"
            )
        } else if run.mode == Mode::Raw && error.code == "42601" {
            "This is no tsquery".into()
        } else {
            "The search failed".into()
        };
        let mut trouble = Trouble::new(&what, error);
        trouble.quiet = error.is_cancel();
        trouble.syntax = (run.mode == Mode::Raw && error.code == "42601").then_some(run.text);
        self.trouble = Some(trouble);
    }

    /// Is every row to be read?
    pub(super) fn ask_all(&mut self, cx: &mut Cx<'_>) {
        if self.input.text().trim().is_empty() {
            return cx.toast(Tone::Note, "Type what to search for first");
        }
        let mut text = String::from(
            "Every row is read, on a session of its own and without a time limit.\nCtrl+C ends it; Browse goes on meanwhile.\n",
        );
        for (n, table) in self.tables.iter().enumerate() {
            let outcome = self.shown.as_ref().and_then(|s| s.outcomes.get(n));
            text.push_str(&format!("\n{}: {}", table.name, estimate(table, outcome)));
        }
        cx.popup(Popup::Confirm {
            question: ALL,
            title: "Search every row?".into(),
            text,
            buttons: vec!["Search".into(), "Cancel".into()],
        });
    }
}

/// How long reading every row of a table might take.
fn estimate(table: &Table, outcome: Option<&Outcome>) -> String {
    let Some(rows) = table.rows() else { return "nobody knows how many rows (never analysed)".into() };
    let known = outcome.and_then(|o| Some((o.read.filter(|r| *r > 0)?, o.took)));
    match known {
        Some((read, took)) => {
            let all = took.mul_f64(rows as f64 / read as f64);
            format!("~{} rows, about {} by what was read so far", units::count(rows), units::duration(all))
        }
        None => format!("~{} rows", units::count(rows)),
    }
}

/// What of the plan reads the table, and the hits it expects.
fn planned(text: &str, table: &Table) -> (Option<Served>, Option<f64>) {
    let Ok(reading) = plan::read(text) else { return (None, None) };
    let Some(plan) = reading.plans.first() else { return (None, None) };
    let searches = |n: &&plan::Node, what: &str| n.text(what).is_some_and(|c| c.contains("@@"));
    let mut indexes: Vec<&str> = vec![];
    for node in plan.nodes.iter().filter(|n| searches(n, "Index Cond")) {
        indexes.extend(node.index.as_deref().filter(|i| !indexes.contains(i)));
    }
    let parted = table.detail.as_ref().is_some_and(|d| d.relation.kind == RelKind::Partitioned);
    let served = if indexes.is_empty() {
        Served::Scan
    } else if parted {
        let read = plan.nodes.iter().filter(|n| n.node_type == "Seq Scan" && searches(n, "Filter")).count();
        Served::Partitions(indexes.len(), read)
    } else {
        Served::Indexes(indexes.into_iter().map(str::to_owned).collect())
    };
    let hits = plan.nodes.iter().find(|n| n.subplan.as_deref() == Some("CTE i"));
    (Some(served), hits.and_then(|n| n.estimate).map(|e| e.rows))
}

/// `407 hits`, `more than 10,000 hits`.
pub(super) fn counted(outcome: &Outcome) -> String {
    if outcome.is_capped() {
        format!("more than {} hits", units::count(outcome.most()))
    } else {
        units::counted(outcome.count, "hit", "hits")
    }
}
