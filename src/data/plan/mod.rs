//! A plan as EXPLAIN printed it, whatever the format and the server's version, and what it means.
//!
//! `read` makes `Plan`s of a text, `figures` computes what each node took, `findings` says what to do about it,
//! `compare` lays two plans side by side. A plan is flat: its nodes stand in one vector in the order they were printed,
//! each with its parent's number, so that neither depth nor size needs recursion.

mod blocks;
pub mod compare;
pub mod figures;
pub mod findings;
mod read;

pub use blocks::Blocks;
pub use read::read;

/// Everything a text held: several plans when rules made several of one statement or a log was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// The format it was in.
    pub format: Format,
    /// The plans, in order; statements without one (`"Notify"`, utility statements) are left out.
    pub plans: Vec<Plan>,
    /// Where reading ended before the text did: the plans hold what came before.
    pub broken: Option<Broken>,
}

/// The formats of EXPLAIN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// `FORMAT TEXT`
    #[default]
    Text,
    /// `FORMAT JSON`
    Json,
    /// `FORMAT YAML`
    Yaml,
    /// `FORMAT XML`
    Xml,
}

/// Where and why a text could not be read (on).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Line from 1.
    pub line: usize,
    /// Column in characters from 1.
    pub column: usize,
    /// What is wrong, in plain words.
    pub message: String,
}

/// One statement's plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// The nodes in the order EXPLAIN prints them; the first one is the root. Never empty once read.
    pub nodes: Vec<Node>,
    /// The statement, where the text tells it (auto_explain, or put there by whoever ran EXPLAIN).
    pub query: Option<String>,
    /// `Query Identifier`.
    pub query_id: Option<String>,
    /// Buffers were printed, be they zero: the text format leaves zeros out, so there only what is not zero tells.
    pub buffers: bool,
    /// `Planning Time`, ms.
    pub planning_ms: Option<f64>,
    /// Buffers used by planning.
    pub planning_blocks: Blocks,
    /// `Execution Time` (`Total runtime` before 9.4), ms.
    pub execution_ms: Option<f64>,
    /// Triggers that fired, those of constraints too.
    pub triggers: Vec<Trigger>,
    /// Just-in-time compilation, summed over leader and workers.
    pub jit: Option<Jit>,
    /// `SERIALIZE` (17 and later).
    pub serialization: Option<Serialization>,
    /// Planner settings that are not the default (`SETTINGS`).
    pub settings: Vec<(String, String)>,
    /// Whatever else was said of the statement, as printed (`Planning.Memory Used`, `Query Parameters` …).
    pub other: Vec<(String, Property)>,
}

/// How a node hangs on its parent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Relationship {
    /// The root, or an ordinary input: Outer, Inner, Member, Subquery, child of a custom scan.
    #[default]
    Outer,
    /// The inner side of a join.
    Inner,
    /// A member of an Append, Merge Append, BitmapAnd, BitmapOr, or of a ModifyTable before 14.
    Member,
    /// The query below a Subquery Scan.
    Subquery,
    /// Evaluated once, by whoever needs its value first; listed at the top of its query level.
    InitPlan,
    /// A `WITH` query: listed as an InitPlan, read by CTE Scans.
    Cte,
    /// Evaluated for each row of the node that lists it, or once into a hash table.
    SubPlan,
    /// A child of a custom scan.
    Custom,
}

impl Relationship {
    /// Is the time of such a node part of its parent's time at the place where it is listed?
    #[must_use]
    pub fn is_input(self) -> bool {
        !matches!(self, Self::InitPlan | Self::Cte | Self::SubPlan)
    }
}

/// One plan node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    /// Number of the parent in `Plan::nodes`.
    pub parent: Option<usize>,
    /// Nodes above it, from 0.
    pub depth: usize,
    /// How it hangs on its parent.
    pub relationship: Relationship,
    /// `Subplan Name` as printed: `InitPlan 1 (returns $0)`, `CTE x`, `SubPlan 2`.
    pub subplan: Option<String>,
    /// `Node Type` as in JSON, without join type, strategy or partial mode: `Hash Join`, `Aggregate`, `ModifyTable`.
    pub node_type: String,
    /// The node as text format heads it, without relation and index: `Parallel Hash Left Join`, `Partial HashAggregate`,
    /// `Insert`.
    pub heading: String,
    /// `Relation Name`.
    pub relation: Option<String>,
    /// `Schema`.
    pub schema: Option<String>,
    /// `Alias`.
    pub alias: Option<String>,
    /// `Index Name`.
    pub index: Option<String>,
    /// `CTE Name` of a CTE Scan or a WorkTable Scan.
    pub cte: Option<String>,
    /// `Parallel Aware`.
    pub parallel_aware: bool,
    /// Estimates; none with `COSTS OFF`.
    pub estimate: Option<Estimate>,
    /// What was measured; none without ANALYZE, and for a node that was never executed see `never_executed`.
    pub actual: Option<Actual>,
    /// ANALYZE ran and never came to this node.
    pub never_executed: bool,
    /// The buffers of the node and everything below it, over all loops and processes.
    pub blocks: Blocks,
    /// Per-worker figures (VERBOSE), and spills of workers (always).
    pub workers: Vec<Worker>,
    /// Everything else, in order, under the names of the JSON format (`Filter`, `Sort Key`, `Hash Batches` …), also when
    /// read from text.
    pub properties: Vec<(String, Property)>,
}

/// The planner's estimate, per loop.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Estimate {
    /// `Startup Cost`
    pub startup_cost: f64,
    /// `Total Cost`
    pub total_cost: f64,
    /// `Plan Rows`
    pub rows: f64,
    /// `Plan Width`, bytes.
    pub width: u64,
}

/// What ANALYZE measured: averages per loop, as printed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Actual {
    /// `Actual Startup Time`, ms; none with `TIMING OFF`.
    pub startup_ms: Option<f64>,
    /// `Actual Total Time`, ms; none with `TIMING OFF`.
    pub total_ms: Option<f64>,
    /// `Actual Rows`: with two decimals since 18.
    pub rows: f64,
    /// `Actual Loops`
    pub loops: f64,
}

/// A parallel worker's share of a node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Worker {
    /// `Worker Number`
    pub number: u64,
    /// Its own figures, not included in nobody's: the node's are the sum over leader and workers.
    pub actual: Option<Actual>,
    /// Its buffers.
    pub blocks: Blocks,
    /// The rest: `Sort Method`, `Sort Space Used`, `Disk Usage` …
    pub properties: Vec<(String, Property)>,
}

/// A trigger that fired.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trigger {
    /// `Trigger Name`, may be missing for a constraint.
    pub name: Option<String>,
    /// `Constraint Name`
    pub constraint: Option<String>,
    /// `Relation`
    pub relation: Option<String>,
    /// `Time`, ms over all calls; none with `TIMING OFF`.
    pub ms: Option<f64>,
    /// `Calls`
    pub calls: f64,
}

/// Just-in-time compilation; its times are sums over leader and workers, ms.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Jit {
    /// `Functions`
    pub functions: f64,
    /// `Generation` (in total)
    pub generation_ms: Option<f64>,
    /// `Inlining`
    pub inlining_ms: Option<f64>,
    /// `Optimization`
    pub optimization_ms: Option<f64>,
    /// `Emission`
    pub emission_ms: Option<f64>,
    /// `Total`
    pub total_ms: Option<f64>,
    /// The options that were on (`Inlining`, `Optimization`, `Expressions`, `Deforming`).
    pub options: Vec<(String, bool)>,
}

/// What sending the rows would take (`SERIALIZE`, 17 and later).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Serialization {
    /// `Time`, ms.
    pub ms: Option<f64>,
    /// `Output Volume`, kB.
    pub kilobytes: f64,
    /// `Format`: `text` or `binary`.
    pub format: String,
    /// Its buffers (detoasting).
    pub blocks: Blocks,
}

/// A property as printed.
#[derive(Clone, Debug, PartialEq)]
pub enum Property {
    /// A number as printed.
    Number(f64),
    /// `true`/`false`.
    Bool(bool),
    /// A text.
    Text(String),
    /// A list (`Sort Key`, `Output`).
    List(Vec<String>),
    /// Groups of properties (`Full-sort Groups`, `Grouping Sets`): their parts as JSON text.
    Group(Vec<(String, Property)>),
}

impl Property {
    /// The number, if it is one.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The text, if it is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl Node {
    /// A property by its name in the JSON format.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&Property> {
        find(&self.properties, name)
    }

    /// A property that is a number.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        self.property(name).and_then(Property::number)
    }

    /// A property that is a text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.property(name).and_then(Property::text)
    }
}

impl Worker {
    /// A property by its name in the JSON format.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&Property> {
        find(&self.properties, name)
    }
}

fn find<'a>(properties: &'a [(String, Property)], name: &str) -> Option<&'a Property> {
    properties.iter().find(|(key, _)| key == name).map(|(_, property)| property)
}

impl Plan {
    /// Direct children of a node, inputs and subplans alike, in order.
    pub fn children(&self, node: usize) -> impl Iterator<Item = usize> + '_ {
        // Children follow their parent and the subtree of a node is contiguous.
        let depth = self.nodes.get(node).map_or(usize::MAX, |node| node.depth + 1);
        (node + 1..self.nodes.len())
            .take_while(move |child| self.nodes[*child].depth >= depth)
            .filter(move |child| self.nodes[*child].depth == depth)
    }

    /// The first node behind this one's subtree.
    #[must_use]
    pub fn next(&self, node: usize) -> usize {
        let Some(depth) = self.nodes.get(node).map(|node| node.depth) else { return self.nodes.len() };
        (node + 1..self.nodes.len())
            .find(|other| self.nodes[*other].depth <= depth)
            .unwrap_or(self.nodes.len())
    }

    /// Was it run?
    #[must_use]
    pub fn analyzed(&self) -> bool {
        self.nodes.iter().any(|node| node.actual.is_some() || node.never_executed)
    }
}
