//! Text for a terminal: how wide it is, making it harmless, fuzzy search, units. Pure; knows no SQL.

pub mod clean;
pub mod fuzzy;
pub mod units;
pub mod width;
