//! What each node took: the time and the buffers that are its own, its rows, how far the estimate was off.

use super::Blocks;

/// The figures of a plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// One per node.
    pub nodes: Vec<NodeFigures>,
    /// Levels; a single node is one.
    pub max_depth: usize,
    /// ANALYZE ran.
    pub analyzed: bool,
    /// … and took times.
    pub timed: bool,
    /// The root's time with everything below it, ms.
    pub root_ms: Option<f64>,
    /// The sum of all self times, ms.
    pub sum_self_ms: Option<f64>,
    /// The node with most self time.
    pub slowest: Option<usize>,
    /// The node whose estimate was furthest off.
    pub worst_estimate: Option<usize>,
}

/// The figures of a node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeFigures {
    /// Time with everything below it, summed over loops and processes, ms.
    pub inclusive_ms: Option<f64>,
    /// Half the rounding of the printed average times the loops: `inclusive_ms` may be off by this much.
    pub rounding_ms: f64,
    /// The processes that ran it under its Gather; 1 outside one. A mean over the Gather's loops, so not always whole.
    pub processes: f64,
    /// `inclusive_ms` by the clock on the wall: divided by the processes.
    pub wall_ms: Option<f64>,
    /// The node's own part of `wall_ms`.
    pub self_ms: Option<f64>,
    /// The node's own part of the time of all processes.
    pub self_all_ms: Option<f64>,
    /// Rows over all loops and processes.
    pub rows: Option<f64>,
    /// `Rows Removed by …` over all loops: the name in the JSON format and the number.
    pub removed: Vec<(String, f64)>,
    /// The estimate against the measured, where they can be compared.
    pub misestimate: Option<Misestimate>,
    /// The node's own part of the buffers.
    pub self_blocks: Blocks,
    /// The InitPlans and CTEs whose time this node's inclusive time holds, by node number.
    pub pays_for: Vec<usize>,
    /// For an InitPlan or CTE: the node that pays for it, if one alone does.
    pub paid_by: Option<usize>,
    /// A reader of a CTE with several readers, which share its cost: the CTE's node number.
    pub shares: Option<usize>,
    /// The leader's part, where the workers' figures are printed: inclusive ms and loops.
    pub leader: Option<(f64, f64)>,
}

/// How far an estimate was off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Misestimate {
    /// 1 or more: the larger of estimated and measured rows per loop through the smaller.
    pub factor: f64,
    /// Which way.
    pub direction: Direction,
    /// False where both numbers mean different things (ModifyTable, BitmapAnd, BRIN): the factor is no error.
    pub comparable: bool,
    /// The node was stopped before its end (below a LIMIT, semi join …): fewer rows are no error.
    pub stopped_early: bool,
}

/// Which way an estimate was off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Right.
    Exact,
    /// More rows were expected than came.
    Over,
    /// Fewer rows were expected than came.
    Under,
}
