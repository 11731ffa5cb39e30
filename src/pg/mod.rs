//! The only room that speaks to a server.

pub mod advice;
pub mod cancel;
pub mod catalog;
pub mod client;
pub mod connect;
mod der;
pub mod error;
mod flow;
pub mod guard;
pub mod hub;
pub mod log;
pub mod lookup;
mod monitor;
mod near;
pub mod outside;
mod pooling;
pub mod queries;
pub mod sampler;
pub mod server;
pub mod session;
pub mod socket;
pub mod target;
pub mod tls;
pub mod wire;
