//! Results behind the first ones: asked for as one comes near the end of the list.

use super::{
    Search,
    run::{How, MOST_RESULTS},
    tables::Table,
};
use crate::{
    core::pane::Cx,
    data::search::Hit,
    sql::search::{Address, MOST_COMPUTED, Reach, address},
};
use std::collections::HashMap;

/// Results of a table that are listed.
const MOST: usize = 2_000;

impl Search {
    /// Results asked for, of each table.
    pub(super) fn limit(&self) -> usize {
        self.shown.as_ref().map_or(MOST_RESULTS, |s| s.limit)
    }

    /// Asks for more when the cursor comes near the end and there are more.
    pub(super) fn more(&mut self, cx: &mut Cx<'_>) {
        let Some(shown) = &self.shown else { return };
        let current = shown.similar.is_none() && shown.text == self.input.text() && shown.mode == self.mode;
        let near = self.at + 2 * self.page() >= shown.hits.len();
        let idle = self.run.is_none() && self.due.is_none() && self.trouble.is_none();
        if current && near && idle && self.tables.iter().enumerate().any(|(n, t)| self.has_more(n, t)) {
            self.start(How::More, cx);
        }
    }

    /// Are there results of this table that are not listed and may be?
    fn has_more(&self, n: usize, table: &Table) -> bool {
        let Some(shown) = &self.shown else { return false };
        let Some(reach) = shown.outcomes.get(n).and_then(|o| o.reach) else { return false };
        // Without a key the order of equal ranks is another one each time, and so many rows are carried.
        let Some(detail) = table.detail.as_deref().filter(|d| address(d) != Address::None) else {
            return false;
        };
        let computed = reach.is_served() && !table.source.keeper.is_stored();
        let most = if computed { MOST_COMPUTED as usize } else { MOST };
        // Every row read once more for a few results more takes minutes.
        let cheap = reach != Reach::Everything || detail.relation.rows < 50_000.0;
        cheap && shown.limit < most && shown.hits.iter().filter(|h| h.table == n).count() >= shown.limit
    }
}

/// What was fetched for the same rows before.
pub(super) fn keep_fragments(hits: &mut [Hit], known: Vec<Hit>) {
    let mut known: HashMap<_, _> =
        known.into_iter().map(|h| ((h.table, h.key.clone()), (h.marked, h.text))).collect();
    for hit in hits {
        if let Some((marked, text)) = known.remove(&(hit.table, hit.key.clone())) {
            (hit.marked, hit.text) = (marked, text);
        }
    }
}
