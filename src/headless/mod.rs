//! Subcommands without a screen.

pub mod conninfo;
