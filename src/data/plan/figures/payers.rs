//! Who waited for whom: the self times and buffers, with exactly one payer for each InitPlan and CTE.
//!
//! An InitPlan is computed once, inside the first node that asks for its value, and listed at the top of its query
//! level, which is seldom that node. A CTE is computed while its readers read. So neither is taken off where it is
//! listed, but off the node whose time holds it; where several could, the one with time enough.

use super::{NodeFigures, Shape};
use crate::data::plan::{Blocks, Plan, Relationship};
use mentions::Mentions;
use std::cell::Cell;

mod ctes;
mod mentions;

/// What is left of each node while others' parts are taken off; below zero where something is not where it seems.
pub(super) struct Ledger {
    ms: Vec<f64>,
    /// How much rounding may be in `ms`.
    rounding: Vec<f64>,
    blocks: Vec<[i64; 16]>,
    timed: bool,
}

/// From this on an InitPlan's time says who paid it; less is lost in everybody's noise.
const TELLING_MS: f64 = 0.1;

/// Fills in self times, buffers and payers.
pub(super) fn settle(plan: &Plan, shape: &Shape, nodes: &mut [NodeFigures]) {
    let mut ledger = Ledger::open(plan, shape, nodes);
    let extra = plan.nodes.iter().any(|node| !node.relationship.is_input());
    if extra {
        let mentions = Mentions::of(plan);
        let readers = ctes::readers(plan, shape);
        ctes::one_reader(plan, nodes, &readers, &mut ledger);
        shared_subplans(plan, shape, &mentions, &mut ledger);
        init_plans(plan, shape, nodes, &mentions, &mut ledger);
        ctes::several_readers(plan, nodes, &readers, &mut ledger);
    }
    workers_end(plan, shape, &mut ledger);
    for (at, figures) in nodes.iter_mut().enumerate() {
        figures.self_blocks = blocks_of(ledger.blocks[at]);
        if figures.wall_ms.is_some() {
            let own = ledger.ms[at].max(0.0);
            figures.self_ms = Some(own);
            figures.self_all_ms = Some(own * figures.processes);
        }
    }
}

impl Ledger {
    /// What is left of each node when its inputs and SubPlans are taken off.
    fn open(plan: &Plan, shape: &Shape, nodes: &[NodeFigures]) -> Self {
        let wall = |at: usize| nodes[at].wall_ms.unwrap_or(0.0);
        let mut ledger = Self {
            ms: (0..nodes.len()).map(wall).collect(),
            rounding: nodes.iter().map(|node| node.rounding_ms / node.processes).collect(),
            blocks: plan.nodes.iter().map(|node| counters(&node.blocks)).collect(),
            timed: nodes.iter().any(|node| node.inclusive_ms.is_some()),
        };
        for at in 0..nodes.len() {
            for &child in shape.children(at) {
                if matches!(plan.nodes[child].relationship, Relationship::InitPlan | Relationship::Cte) {
                    continue;
                }
                ledger.ms[at] -= wall(child);
                ledger.rounding[at] += nodes[child].rounding_ms / nodes[child].processes;
                subtract(&mut ledger.blocks[at], &counters(&plan.nodes[child].blocks));
            }
        }
        ledger
    }

    /// Is so much left of this node, but for rounding? Rounding may explain a little of it, never most of it.
    fn holds(&self, at: usize, ms: f64, blocks: &[i64; 16]) -> bool {
        let slack = self.rounding[at].min(ms / 2.0) + 0.001;
        self.ms[at] + slack >= ms
            && self.blocks[at].iter().zip(blocks).take(COUNTERS).all(|(left, part)| left >= part)
    }

    fn take(&mut self, at: usize, ms: f64, blocks: &[i64; 16]) {
        self.ms[at] -= ms;
        subtract(&mut self.blocks[at], blocks);
    }
}

/// The InitPlans, the dearest first, because it fits in fewest places.
fn init_plans(
    plan: &Plan,
    shape: &Shape,
    nodes: &mut [NodeFigures],
    mentions: &Mentions,
    ledger: &mut Ledger,
) {
    let mut all: Vec<usize> = (0..plan.nodes.len())
        .filter(|at| plan.nodes[*at].relationship == Relationship::InitPlan && ran(plan, *at))
        .collect();
    let cost = |at: usize| nodes[at].wall_ms.unwrap_or(0.0);
    all.sort_by(|a, b| cost(*b).total_cmp(&cost(*a)));
    let costs: Vec<f64> = all.iter().map(|at| cost(*at)).collect();
    let budget = Cell::new(BUDGET);
    for (init, ms) in all.into_iter().zip(costs) {
        let Some(listed) = plan.nodes[init].parent else { continue };
        let blocks = counters(&plan.nodes[init].blocks);
        // With TIMING OFF there is nothing to pay, and nothing that tells who did.
        if nodes[init].wall_ms.is_none() && blocks.iter().all(|count| *count == 0) {
            continue;
        }
        let seek = Init { init, listed, ms, blocks, budget: &budget };
        let Some(payer) = payer(plan, shape, mentions, ledger, seek) else { continue };
        ledger.take(payer, ms, &blocks);
        nodes[payer].pays_for.push(init);
        nodes[init].paid_by = Some(payer);
    }
    for node in nodes {
        node.pays_for.sort_unstable();
    }
}

/// How many candidates are looked at for all InitPlans of a plan together. Real plans need thousands; a made one with
/// ten thousand InitPlans and as many candidates for each must not take seconds.
const BUDGET: usize = 1_000_000;

/// An InitPlan that looks for its payer.
struct Init<'a> {
    init: usize,
    /// The node that lists it: the top of its query level, in whose subtree the payer is.
    listed: usize,
    ms: f64,
    blocks: [i64; 16],
    budget: &'a Cell<usize>,
}

fn payer(plan: &Plan, shape: &Shape, mentions: &Mentions, ledger: &Ledger, seek: Init) -> Option<usize> {
    let Init { init, listed, ms, blocks, budget } = seek;
    let possible =
        |at: &usize| shape.within(*at, listed) && !shape.within(*at, init) && ledger.holds(*at, ms, &blocks);
    let most = |some: &mut dyn Iterator<Item = usize>| {
        let within_budget = some.take_while(|_| {
            let left = budget.get();
            budget.set(left.saturating_sub(1));
            left > 0
        });
        within_budget.filter(|at| possible(at)).fold(None, |best: Option<usize>, at| match best {
            Some(best) if ledger.ms[best] >= ledger.ms[at] => Some(best),
            _ => Some(at),
        })
    };
    let mentioning = || mentions.of_subplan(plan.nodes[init].subplan.as_deref().unwrap_or_default());
    // Parameters that workers will need are computed by the leader before it starts them.
    if let Some(gather) = most(&mut mentioning().filter_map(|at| mentions.gather_above(at))) {
        return Some(gather);
    }
    // These do no work of their own, so what is left of them can only be this: pruning at run time, and LIMIT and
    // OFFSET, whose expressions are not printed.
    if ms >= TELLING_MS {
        let pruned = most(&mut mentioning().filter_map(|at| mentions.append_above(at)));
        let limit = || most(&mut mentions.limits_between(listed, shape.end(listed)));
        if let Some(idle) = pruned.or_else(limit) {
            return Some(idle);
        }
    }
    most(&mut mentioning())
        .or_else(|| possible(&listed).then_some(listed))
        // A target list, which is printed only with VERBOSE.
        .or_else(|| most(&mut (listed..shape.end(listed))))
}

/// A SubPlan that two nodes use is printed below the first of them only, though the other one may have run it.
fn shared_subplans(plan: &Plan, shape: &Shape, mentions: &Mentions, ledger: &mut Ledger) {
    for at in 0..plan.nodes.len() {
        if plan.nodes[at].relationship != Relationship::SubPlan || !ran(plan, at) {
            continue;
        }
        let Some(listed) = plan.nodes[at].parent else { continue };
        let (ms, blocks) = (ledger_cost(plan, at, ledger), counters(&plan.nodes[at].blocks));
        if ms < TELLING_MS || ledger.ms[listed] + ledger.rounding[listed] + 0.001 >= 0.0 {
            continue;
        }
        let other = mentions
            .of_subplan(plan.nodes[at].subplan.as_deref().unwrap_or_default())
            .find(|other| *other != listed && !shape.within(*other, at) && ledger.holds(*other, ms, &blocks));
        if let Some(other) = other {
            ledger.take(other, ms, &blocks);
            ledger.ms[listed] += ms;
            add(&mut ledger.blocks[listed], &blocks);
        }
    }
}

/// The whole time of a node outside a Gather.
fn ledger_cost(plan: &Plan, at: usize, ledger: &Ledger) -> f64 {
    let actual = plan.nodes[at].actual.unwrap_or_default();
    if ledger.timed { actual.total_ms.unwrap_or(0.0) * actual.loops } else { 0.0 }
}

/// Servers before 13 timed the wait for ending workers in the Gather and in the node that ended it, not in those
/// between: a Gather then took longer than its parent, and the difference is in an ancestor's time.
fn workers_end(plan: &Plan, shape: &Shape, ledger: &mut Ledger) {
    for at in 0..plan.nodes.len() {
        if !shape.is_gather(at) || !plan.nodes[at].relationship.is_input() {
            continue;
        }
        let Some(parent) = plan.nodes[at].parent else { continue };
        let missing = -ledger.ms[parent];
        if missing <= ledger.rounding[parent] + 0.001 {
            continue;
        }
        let mut above = plan.nodes[parent].parent;
        while let Some(ancestor) = above {
            if ledger.ms[ancestor] + ledger.rounding[ancestor] + 0.001 >= missing {
                ledger.ms[ancestor] -= missing;
                ledger.ms[parent] = 0.0;
                break;
            }
            above = plan.nodes[ancestor].parent;
        }
    }
}

fn ran(plan: &Plan, at: usize) -> bool {
    plan.nodes[at].actual.is_some_and(|actual| actual.loops > 0.0)
}

/// Of the sixteen numbers of `Blocks` the first ten count blocks, the others are µs.
const COUNTERS: usize = 10;

fn counters(blocks: &Blocks) -> [i64; 16] {
    let mut all = [0; 16];
    for (to, (_, from)) in all.iter_mut().zip(blocks.counters()) {
        *to = from as i64;
    }
    let times = [
        blocks.shared_read_ms,
        blocks.shared_write_ms,
        blocks.local_read_ms,
        blocks.local_write_ms,
        blocks.temp_read_ms,
        blocks.temp_write_ms,
    ];
    for (to, from) in all[COUNTERS..].iter_mut().zip(times) {
        *to = (from * 1000.0).round() as i64;
    }
    all
}

fn blocks_of(all: [i64; 16]) -> Blocks {
    let mut blocks = Blocks::default();
    for ((name, _), number) in Blocks::default().counters().iter().zip(all) {
        if let Some(counter) = blocks.counter_mut(name) {
            *counter = u64::try_from(number).unwrap_or(0);
        }
    }
    let ms = |at: usize| all[COUNTERS + at].max(0) as f64 / 1000.0;
    blocks.shared_read_ms = ms(0);
    blocks.shared_write_ms = ms(1);
    blocks.local_read_ms = ms(2);
    blocks.local_write_ms = ms(3);
    blocks.temp_read_ms = ms(4);
    blocks.temp_write_ms = ms(5);
    blocks
}

fn subtract(from: &mut [i64; 16], part: &[i64; 16]) {
    for (from, part) in from.iter_mut().zip(part) {
        *from = from.saturating_sub(*part);
    }
}

fn add(to: &mut [i64; 16], part: &[i64; 16]) {
    for (to, part) in to.iter_mut().zip(part) {
        *to = to.saturating_add(*part);
    }
}
