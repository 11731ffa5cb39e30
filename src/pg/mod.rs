//! The only room that speaks to a server.

pub mod cancel;
pub mod catalog;
pub mod client;
pub mod connect;
mod der;
pub mod error;
pub mod queries;
pub mod socket;
pub mod target;
pub mod tls;
pub mod wire;
