//! The text of `?`: every key of this place, from the command table.

use crate::core::{
    command::{Scope, TABLE},
    world::World,
};

/// Keys of these scopes, a heading per scope.
#[must_use]
pub fn text(world: &World, scopes: &[Scope]) -> String {
    let mut out = String::new();
    for scope in scopes {
        let rows: Vec<(String, &str)> = TABLE
            .iter()
            .filter(|r| r.scopes.contains(scope))
            .filter_map(|r| {
                let keys = world.keymap.keys_of(&[*scope], r.command);
                (!keys.is_empty()).then(|| (keys.join("  "), r.help))
            })
            .collect();
        if rows.is_empty() {
            continue;
        }
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(scope.title());
        out.push('\n');
        for (keys, help) in rows {
            out.push_str(&format!("  {keys:<18} {help}\n"));
        }
    }
    out
}
