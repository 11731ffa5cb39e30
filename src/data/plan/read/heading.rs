//! The words a node is headed with in text format, composed of and taken apart into what the other formats say.

use super::super::{Node, Property};

/// Composes the heading from the node's type and properties, as EXPLAIN does for text.
pub(super) fn compose(node: &Node) -> String {
    let mut name = match node.node_type.as_str() {
        "Aggregate" => match node.text("Strategy") {
            Some("Sorted") => "GroupAggregate",
            Some("Hashed") => "HashAggregate",
            Some("Mixed") => "MixedAggregate",
            _ => "Aggregate",
        },
        "SetOp" if node.text("Strategy") == Some("Hashed") => "HashSetOp",
        "ModifyTable" => node.text("Operation").unwrap_or("ModifyTable"),
        other => other,
    }
    .to_owned();
    match node.node_type.as_str() {
        "Nested Loop" | "Hash Join" | "Merge Join" => {
            if let Some(join) = node.text("Join Type").filter(|join| *join != "Inner") {
                name = format!("{} {join} Join", name.trim_end_matches(" Join"));
            }
        }
        "Aggregate" => {
            if let Some(mode) = node.text("Partial Mode").filter(|mode| *mode != "Simple") {
                name = format!("{mode} {name}");
            }
        }
        "SetOp" => {
            if let Some(command) = node.text("Command") {
                name = format!("{name} {command}");
            }
        }
        "Foreign Scan" => {
            if let Some(operation) = node.text("Operation").filter(|operation| *operation != "Select") {
                name = format!("Foreign {operation}");
            }
        }
        "Custom Scan" => {
            if let Some(provider) = node.text("Custom Plan Provider") {
                name = format!("Custom Scan ({provider})");
            }
        }
        _ => {}
    }
    if node.text("Scan Direction") == Some("Backward") {
        name.push_str(" Backward");
    }
    if node.property("Async Capable") == Some(&Property::Bool(true)) {
        name.insert_str(0, "Async ");
    }
    if node.parallel_aware {
        name.insert_str(0, "Parallel ");
    }
    name
}
