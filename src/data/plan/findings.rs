//! What is wrong with a plan and what to do about it.

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
