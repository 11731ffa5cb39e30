//! Subcommands without a screen.

pub mod conninfo;
pub mod doctor;
pub mod exit;
pub mod explain;
pub mod live;
pub(crate) mod output;
pub mod password;
pub mod queries;
pub mod run;
pub(crate) mod stop;
