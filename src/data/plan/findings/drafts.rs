//! Findings while they are looked for: which are worth words.
//!
//! Putting a finding into words costs more than finding it. In a plan of a partitioned table the same is found of
//! thousands of nodes, and nobody reads thousands of lines; so a rule asks before it writes.

use super::Draft;
use super::case::{Case, count, ms};

/// What a rule finds.
pub(super) struct Drafts {
    found: Vec<Draft>,
    /// What could save less than this is left out, ms.
    least_ms: f64,
    /// So many are written.
    most: usize,
    /// The nodes a rule asked for, and what each could save.
    asked: Vec<(usize, f64)>,
    /// Only the dearest: what the last of them saves, and how many that save as much are among them.
    last: Option<(f64, usize)>,
    /// By node: a rule before this one said something of it.
    said: Vec<bool>,
}

impl Drafts {
    /// Those that could save `least_ms` or an unknown time, `most` of each rule.
    pub(super) fn new(nodes: usize, least_ms: f64, most: usize) -> Self {
        Self { found: Vec::new(), least_ms, most, asked: Vec::new(), last: None, said: vec![false; nodes] }
    }

    /// Shall a finding about this node that could save so much be put into words?
    pub(super) fn wants(&mut self, node: usize, saves_ms: Option<f64>) -> bool {
        if saves_ms.is_some_and(|saves| saves < self.least_ms) {
            return false;
        }
        if let Some((last, alike)) = &mut self.last {
            let saves = saves_ms.unwrap_or(0.0);
            let among = saves > *last || saves >= *last && *alike > 0;
            *alike -= usize::from(among && saves <= *last);
            return among;
        }
        self.asked.push((node, saves_ms.unwrap_or(0.0)));
        self.found.len() < self.most
    }

    /// Takes a finding.
    pub(super) fn push(&mut self, draft: Draft) {
        if draft.saves_ms.is_none_or(|saves| saves >= self.least_ms) {
            self.found.push(draft);
        }
    }

    /// Has a rule before this one said something of this node?
    pub(super) fn is_said(&self, node: usize) -> bool {
        self.said.get(node).copied().unwrap_or_default()
    }

    /// All that a rule finds; where that is more than is written, those that could save most, and how many others.
    pub(super) fn of(&mut self, find: fn(&Case, &mut Self), case: &Case) -> Vec<Draft> {
        find(case, self);
        let asked = std::mem::take(&mut self.asked);
        let found = std::mem::take(&mut self.found);
        let found = if asked.len() <= self.most { found } else { self.dearest(&asked, find, case) };
        for node in asked.iter().map(|(node, _)| *node).chain(found.iter().filter_map(|draft| draft.node)) {
            if let Some(said) = self.said.get_mut(node) {
                *said = true;
            }
        }
        found
    }

    fn dearest(&mut self, asked: &[(usize, f64)], find: fn(&Case, &mut Self), case: &Case) -> Vec<Draft> {
        let mut saves: Vec<f64> = asked.iter().map(|(_, saves)| *saves).collect();
        saves.sort_by(|a, b| b.total_cmp(a));
        let Some(last) = self.most.checked_sub(1).and_then(|last| saves.get(last)) else { return Vec::new() };
        let above = saves.partition_point(|saves| saves > last);
        self.last = Some((*last, self.most - above));
        find(case, self);
        self.last = None;
        let mut found = std::mem::take(&mut self.found);
        let rest: f64 =
            saves.iter().sum::<f64>() - found.iter().filter_map(|draft| draft.saves_ms).sum::<f64>();
        let others = asked.len() - found.len().min(asked.len());
        found.push(Draft {
            node: None,
            reason: format!(
                "The same holds of {} other nodes, which are not listed{}",
                count(others as f64),
                if rest > 0.0 { format!("; it is about {} there, all together", ms(rest)) } else { String::new() }
            ),
            next_step:
                "What helps those that are listed helps these alike, above all where they are partitions of one table"
                    .into(),
            sql: None,
            saves_ms: None,
        });
        found
    }
}
