//! pgdeck: a terminal console for PostgreSQL. The rooms, from the ground up; see ARCHITECTURE.md.
pub mod app;
pub mod args;
pub mod core;
pub mod data;
pub mod demo;
pub mod format;
pub mod headless;
pub mod panes;
pub mod pg;
pub mod settings;
pub mod sql;
pub mod text;
pub mod tui;
pub mod views;
pub mod widgets;
