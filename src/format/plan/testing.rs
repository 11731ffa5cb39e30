//! Small plans for the tests of the formats.

use super::*;
use crate::data::plan::{figures, read};

/// A plan as the server prints it, with its figures and these findings.
pub fn with<T>(json: &str, findings: &[Finding], see: impl Fn(&[Analysis<'_>]) -> T) -> T {
    let reading = read(json).expect("a plan");
    let figures: Vec<Figures> = reading.plans.iter().map(figures::figures).collect();
    let all: Vec<Analysis<'_>> = reading
        .plans
        .iter()
        .zip(&figures)
        .map(|(plan, figures)| Analysis { plan, figures, findings })
        .collect();
    see(&all)
}
