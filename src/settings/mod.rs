//! The user's files: config, themes, history, saved queries, drafts.

pub mod themes;
