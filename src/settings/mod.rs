//! The user's files: config, themes, history, saved queries, drafts.

pub mod config;
pub mod drafts;
pub mod files;
pub mod history;
pub mod kept;
pub mod log;
pub mod paths;
pub mod profiles;
pub mod saved;
pub mod themes;
