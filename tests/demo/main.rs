//! The throw-away server on a real machine: it starts, works, and leaves nothing behind.
#[path = "../support/server.rs"]
mod server;

mod cluster;
mod life;
mod whole;
