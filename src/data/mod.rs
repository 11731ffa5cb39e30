//! Pure meaning: every type here is a value. No IO, no clock; no SQL text but what the findings of a plan
//! advise.

pub mod catalog;
pub mod check;
pub mod civil;
pub mod edits;
pub mod health;
pub mod json;
pub mod live;
pub mod near;
pub mod plan;
pub mod rows;
pub mod saved;
pub mod search;
pub mod types;
pub mod value;
