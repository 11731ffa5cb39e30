//! Plans as they are pasted, and whatever else: the cases, what their formats say of each other, and broken texts.

#[path = "../support/same.rs"]
mod same;

mod broken;
mod cases;
mod export;
