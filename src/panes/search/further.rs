//! Fragments of rows further down: of those on the screen that have none yet.

use super::{
    Search,
    run::{CREDIT, statement},
};
use crate::{
    core::{
        effect::Effect,
        event::News,
        ids::{JobId, Lane},
        pane::{Cx, Tone},
    },
    sql::search::{Ask, Reach},
};

/// Fragments of rows further down.
#[derive(Debug)]
pub(super) struct Fetch {
    pub job: JobId,
    /// Numbers of the hits asked for, per statement.
    rows: Vec<Vec<usize>>,
    at: usize,
}

impl Search {
    /// Fetches fragments of rows that are on the screen and have none yet.
    pub(super) fn fetch_fragments(&mut self, cx: &mut Cx<'_>) {
        let Some(shown) = self.shown.as_ref().filter(|_| self.fetch.is_none() && self.run.is_none()) else {
            return;
        };
        let on_screen = shown.hits.iter().enumerate().skip(self.top).take(self.page());
        let missing: Vec<usize> = on_screen.filter(|(_, h)| h.text.is_none()).map(|(n, _)| n).collect();
        if missing.is_empty() {
            return;
        }
        let ask = Ask { mode: shown.mode, ..self.ask(&shown.text, 0) };
        let (mut rows, mut statements) = (vec![], vec![]);
        for (n, table) in self.tables.iter().enumerate() {
            let of: Vec<usize> = missing.iter().copied().filter(|at| shown.hits[*at].table == n).collect();
            let keys: Vec<_> = of.iter().map(|at| shown.hits[*at].key.clone()).collect();
            if let Some(query) = table.target(Reach::Index).and_then(|t| t.fragments(&ask, &keys)) {
                statements.push(statement(query, true));
                rows.push(of);
            }
        }
        if statements.is_empty() {
            return;
        }
        let lane = Lane::Read(cx.world.active);
        let job = cx.start(|job| Effect::Execute { job, lane, statements, credit: CREDIT });
        self.fetch = Some(Fetch { job, rows, at: 0 });
    }

    /// News of fragments; `false`: of something else.
    pub(super) fn fetch_news(&mut self, job: JobId, news: &News, cx: &mut Cx<'_>) -> bool {
        let Some(fetch) = self.fetch.as_mut().filter(|f| f.job == job) else { return false };
        match news {
            News::Started(n) => fetch.at = *n,
            News::Rows(batch) => {
                let (Some(shown), Some(rows)) = (&mut self.shown, fetch.rows.get(fetch.at)) else {
                    return true;
                };
                let text = |row, n| batch.cell(row, n).map(|b| String::from_utf8_lossy(b).into_owned());
                for row in 0..batch.len() {
                    let number = text(row, 0).and_then(|t| t.parse::<usize>().ok());
                    if let Some(hit) = number.and_then(|n| rows.get(n)).and_then(|at| shown.hits.get_mut(*at))
                    {
                        hit.take_marked(text(row, 1).as_deref(), text(row, 2).as_deref());
                    }
                }
            }
            News::Done(summary) if summary.last => {
                // What was not answered is gone or was changed: it is not asked for again.
                if let (Some(fetch), Some(shown)) = (self.fetch.take(), &mut self.shown) {
                    for at in fetch.rows.into_iter().flatten() {
                        if let Some(hit) = shown.hits.get_mut(at) {
                            hit.text.get_or_insert_default();
                        }
                    }
                }
                self.fetch_fragments(cx);
            }
            News::Failed(_, error, _) => {
                self.fetch = None;
                cx.toast(Tone::Warning, format!("Fragments could not be fetched: {}", error.message));
            }
            _ => {}
        }
        true
    }
}
