//! In which order changes are sent so that foreign keys hold: as they were staged, except where a key forbids it.

use crate::data::{
    catalog::Detail,
    edits::{Change, What},
};
use std::{collections::HashMap, sync::Arc};

/// The places of `changes` in the order to be sent. A new row comes before rows that may refer to it, and rows that
/// refer go before the row they referred to. Keys in a circle keep the order of staging: a deferrable key still
/// takes them.
#[must_use]
pub fn order(changes: &[Arc<Change>], details: &HashMap<u32, Arc<Detail>>) -> Vec<usize> {
    let mut left: Vec<usize> = (0..changes.len()).collect();
    let mut out = vec![];
    while !left.is_empty() {
        let free = left.iter().position(|at| {
            let here = &changes[*at];
            !left.iter().any(|other| other != at && must_follow(here, &changes[*other], details))
        });
        // Nobody is free in a circle: the first staged goes.
        out.push(left.remove(free.unwrap_or(0)));
    }
    out
}

/// Must `a` come after `b`?
fn must_follow(a: &Change, b: &Change, details: &HashMap<u32, Arc<Detail>>) -> bool {
    let refers = |from: &Change, to: &Change| {
        details.get(&from.table.oid).is_some_and(|d| d.references.iter().any(|f| f.to_oid == to.table.oid))
    };
    if a.table.oid == b.table.oid {
        return false;
    }
    match (goes(a), goes(b)) {
        // The parent goes after its children went or were turned away.
        (true, _) if refers(b, a) => true,
        // A child comes, or is turned, after its new parent came.
        (false, false) if comes(b) && refers(a, b) => true,
        _ => false,
    }
}

fn goes(change: &Change) -> bool {
    match &change.what {
        What::Delete { .. } => true,
        What::Bulk { set, .. } => set.is_empty(),
        What::Update { .. } | What::Insert { .. } => false,
    }
}

fn comes(change: &Change) -> bool {
    matches!(change.what, What::Insert { .. })
}
