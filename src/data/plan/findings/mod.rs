//! What is wrong with a plan and what to do about it.
//!
//! A rule is one row of `RULES`: its kind and the function that looks for it. Its thresholds are constants beside the
//! function, each with its reason. Several go back to what pev2, pgAdmin, depesz, pgexplain and QuerySense use, which is
//! said where they are; all are measured against a node's own time, not against costs.

mod case;
mod condition;
mod drafts;
mod estimates;
mod index;
mod joins;
mod known;
mod memory;
mod names;
mod parallel;
mod scans;
mod statement;
mod structure;
mod tokens;

use super::{Plan, figures::Figures};
use case::Case;
use drafts::Drafts;
pub use known::{Known, KnownForeignKey, KnownIndex, KnownRelation};
pub use names::name as quoted_name;

/// One finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Its kind's name, as scripts read it: `seq_scan_filter`, `sort_spill`, `misestimate` …
    pub kind: &'static str,
    /// The node it is about; none for the whole statement.
    pub node: Option<usize>,
    /// How much it matters.
    pub severity: Severity,
    /// What was seen, with the figures and the threshold they passed.
    pub reason: String,
    /// One practical thing to do.
    pub next_step: String,
    /// The SQL of it, when it is SQL.
    pub sql: Option<String>,
    /// The time it could save at most, ms: what ranks the findings.
    pub saves_ms: Option<f64>,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Worth mending.
    Warning,
    /// Most of the time goes here.
    Critical,
}

/// A kind of finding.
struct Rule {
    /// Its name, as scripts read it.
    kind: &'static str,
    find: fn(&Case, &mut Drafts),
}

/// A finding without what is the same for all.
struct Draft {
    node: Option<usize>,
    reason: String,
    next_step: String,
    sql: Option<String>,
    saves_ms: Option<f64>,
}

/// Every kind, in the order in which findings of the same weight are shown.
const RULES: [Rule; 29] = [
    Rule { kind: "seq_scan_filter", find: scans::seq_scan_filter },
    Rule { kind: "index_filter", find: scans::index_filter },
    Rule { kind: "index_descents", find: scans::index_descents },
    Rule { kind: "inner_seq_scan", find: joins::inner_seq_scan },
    Rule { kind: "many_loops", find: joins::many_loops },
    Rule { kind: "correlated_subplan", find: joins::correlated_subplan },
    Rule { kind: "misestimate", find: estimates::misestimate },
    Rule { kind: "sort_spill", find: memory::sort_spill },
    Rule { kind: "hash_spill", find: memory::hash_spill },
    Rule { kind: "hashagg_spill", find: memory::hashagg_spill },
    Rule { kind: "temp_files", find: memory::temp_files },
    Rule { kind: "hash_grew", find: memory::hash_grew },
    Rule { kind: "lossy_bitmap", find: memory::lossy_bitmap },
    Rule { kind: "heap_fetches", find: scans::heap_fetches },
    Rule { kind: "workers_missing", find: parallel::workers_missing },
    Rule { kind: "worker_skew", find: parallel::worker_skew },
    Rule { kind: "memoize_misses", find: joins::memoize_misses },
    Rule { kind: "cte_fence", find: structure::cte_fence },
    Rule { kind: "partitions_scanned", find: structure::partitions_scanned },
    Rule { kind: "offset", find: structure::offset },
    Rule { kind: "disabled_node", find: structure::disabled_node },
    Rule { kind: "cold_cache", find: scans::cold_cache },
    Rule { kind: "jit", find: statement::jit },
    Rule { kind: "planning", find: statement::planning },
    Rule { kind: "triggers", find: statement::triggers },
    Rule { kind: "read_writes", find: statement::read_writes },
    Rule { kind: "serialization", find: statement::serialization },
    Rule { kind: "full_page_images", find: statement::full_page_images },
    // Last, because it is only for nodes nothing else was said of.
    Rule { kind: "slow_node", find: slow_node },
];

/// From these shares of the execution on a finding is a warning, and critical: pev2's and depesz's steps are 10, 40 or
/// 50, and 90 %.
const WARNING_SHARE: f64 = 0.1;
const CRITICAL_SHARE: f64 = 0.4;

/// A node with this share of the time is named even when no rule knows why: pev2's and depesz's first step.
const SLOW_SHARE: f64 = 0.1;

/// What could save less than both is not worth a line.
const HIDDEN_SHARE: f64 = 0.02;
const HIDDEN_MS: f64 = 1.0;

/// So many of a kind are put into words; of the others is said how many they are.
const MOST_OF_A_KIND: usize = 200;

/// The findings worth acting on, those that could save most first.
#[must_use]
pub fn findings(plan: &Plan, figures: &Figures, known: &Known) -> Vec<Finding> {
    let total = case::total_ms(plan, figures).unwrap_or(0.0);
    found(plan, figures, known, HIDDEN_MS.min(total * HIDDEN_SHARE), MOST_OF_A_KIND)
}

/// Every finding, also those too small to act on, however many they are.
#[must_use]
pub fn all_findings(plan: &Plan, figures: &Figures, known: &Known) -> Vec<Finding> {
    found(plan, figures, known, 0.0, usize::MAX)
}

/// Findings that could save so much or nobody knows what, so many of a kind.
fn found(plan: &Plan, figures: &Figures, known: &Known, least_ms: f64, most: usize) -> Vec<Finding> {
    if figures.nodes.len() != plan.nodes.len() {
        return Vec::new();
    }
    let case = Case::new(plan, figures, known);
    let mut drafts = Drafts::new(plan.nodes.len(), least_ms, most);
    let mut findings = Vec::new();
    for rule in &RULES {
        findings.extend(drafts.of(rule.find, &case).into_iter().map(|draft| Finding {
            kind: rule.kind,
            node: draft.node,
            severity: case.severity(draft.saves_ms),
            reason: draft.reason,
            next_step: draft.next_step,
            sql: draft.sql,
            saves_ms: draft.saves_ms,
        }));
    }
    // Stable: what could save the same stays in the order of the rules.
    let saves = |finding: &Finding| finding.saves_ms.unwrap_or(0.0);
    findings.sort_by(|a, b| saves(b).total_cmp(&saves(a)));
    findings
}

/// The names of all kinds, for documents and tests.
#[must_use]
pub fn kinds() -> Vec<&'static str> {
    RULES.iter().map(|rule| rule.kind).collect()
}

/// Where the time goes, for nodes no other finding is about.
fn slow_node(case: &Case, out: &mut Drafts) {
    for at in case.ran() {
        let Some(share) = case.self_share(at).filter(|share| *share >= SLOW_SHARE) else { continue };
        let own = case.own(at);
        let saves = case.timed(own);
        if out.is_said(at) || !out.wants(at, saves) {
            continue;
        }
        out.push(Draft {
            node: Some(at),
            reason: format!(
                "{} takes {} itself, {} of the execution (named from {} on)",
                case.label(at),
                case::ms(own),
                case::percent(share),
                case::percent(SLOW_SHARE)
            ),
            next_step: "See its rows, loops and buffers: fewer rows into it, or fewer buffers for each, make it faster"
                .into(),
            sql: None,
            saves_ms: saves,
        });
    }
}

#[cfg(test)]
mod tests;
