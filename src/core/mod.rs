//! The words every room speaks. Imports only `data`; names no room above it.

pub mod command;
pub mod effect;
pub mod error;
pub mod event;
pub mod ids;
pub mod key;
pub mod keymap;
pub mod pane;
pub mod popup;
pub mod settings;
pub mod tell;
pub mod theme;
pub mod world;
