//! Subcommands without a screen.

pub mod conninfo;
pub mod exit;
pub mod password;
pub mod queries;
pub mod run;
