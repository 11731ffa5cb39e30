//! The plans of this session, newest last, bounded in number and bytes.

use super::{opened::Opened, row};
use crate::text::units;
use std::{sync::Arc, time::Duration};

/// Plans kept at most.
const MOST: usize = 60;
/// Bytes they may take together.
const MOST_BYTES: usize = 64 << 20;

/// See the module's first line.
#[derive(Debug, Default)]
pub(super) struct History {
    plans: Vec<Arc<Opened>>,
    next: u64,
}

impl History {
    /// Keeps a plan; the oldest ones go when there are too many.
    pub fn keep(&mut self, mut opened: Opened) -> Arc<Opened> {
        self.next += 1;
        opened.id = self.next;
        let opened = Arc::new(opened);
        self.plans.push(Arc::clone(&opened));
        let size = |plans: &[Arc<Opened>]| plans.iter().map(|p| p.size()).sum::<usize>();
        while self.plans.len() > 1 && (self.plans.len() > MOST || size(&self.plans) > MOST_BYTES) {
            self.plans.remove(0);
        }
        opened
    }

    /// Takes a plan out.
    pub fn forget(&mut self, id: u64) {
        self.plans.retain(|p| p.id != id);
    }

    /// The same plan, judged anew.
    pub fn replace(&mut self, opened: &Arc<Opened>) {
        if let Some(old) = self.plans.iter_mut().find(|p| p.id == opened.id) {
            *old = Arc::clone(opened);
        }
    }

    /// The newest first.
    pub fn newest(&self) -> Vec<Arc<Opened>> {
        self.plans.iter().rev().cloned().collect()
    }

    /// Those a plan is compared with: of the same statement first, the newest first.
    pub fn others(&self, of: &Opened) -> Vec<Arc<Opened>> {
        let mut out: Vec<_> = self.newest().into_iter().filter(|p| p.id != of.id).collect();
        out.sort_by_key(|p| p.key.is_empty() || p.key != of.key);
        out
    }
}

/// A plan as an item of a list: its statement, and how it went.
pub(super) fn item(opened: &Opened, now: Duration) -> (String, String) {
    let text = match opened.statement() {
        Some(statement) => statement.split_whitespace().collect::<Vec<_>>().join(" "),
        None => opened.plan.nodes.first().map(row::name_text).unwrap_or_default(),
    };
    // In front, because runs of one statement are told apart by it, also where there is no room for the rest.
    let took = opened.total_ms().map_or("expected".into(), |ms| format!("{} ms", row::ms(ms)));
    let ago = units::duration(now.saturating_sub(opened.at));
    let text = crate::text::width::clip(&text, 400).into_owned();
    (format!("{took:>11}  {text}"), format!("{} · {ago} ago", opened.origin.words()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        data::plan::{Node, Plan},
        panes::plan::opened::{Asked, Origin},
    };

    fn opened(text: &str, source: usize) -> Opened {
        let asked = Asked { text: text.into(), ..Asked::default() };
        let plan = Plan { nodes: vec![Node::default()], ..Plan::default() };
        Opened::new(plan, "x".repeat(source), Origin::Explain, Some(asked), Duration::ZERO)
    }

    #[test]
    fn an_item_begins_with_what_it_took() {
        let mut o = opened("select  1", 0);
        assert_eq!(
            item(&o, Duration::from_secs(3)),
            ("   expected  select 1".into(), "EXPLAIN · 3.0 s ago".into())
        );
        o.plan.execution_ms = Some(66.61);
        assert_eq!(item(&o, Duration::ZERO).0, "   66.61 ms  select 1");
    }

    #[test]
    fn bounded_and_the_same_statement_first() {
        let mut h = History::default();
        h.keep(opened("select 1", 0));
        h.keep(opened("select a from b", 0));
        let last = h.keep(opened("select 2", 0));
        assert_eq!(h.others(&last).iter().map(|p| p.id).collect::<Vec<_>>(), [1, 2]);
        for _ in 0..100 {
            h.keep(opened("select a", 0));
        }
        assert_eq!(h.newest().len(), MOST);
        h.keep(opened("select a", MOST_BYTES / 8));
        assert_eq!(h.newest().len(), MOST);
        h.keep(opened("select a", MOST_BYTES / 8));
        assert_eq!(h.newest().len(), 1, "two of them are too much");
        h.keep(opened("select a", MOST_BYTES));
        assert_eq!(h.newest().len(), 1, "one is always kept");
    }
}
