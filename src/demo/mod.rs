//! The throw-away server: find or obtain PostgreSQL, run it privately, fill it, take everything away again.
mod cache;
pub mod cluster;
pub mod error;
pub mod find;
mod user;

pub use error::DemoError;
