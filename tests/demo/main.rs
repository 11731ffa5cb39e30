//! The throw-away server on a real machine: it starts, works, and leaves nothing behind.
#[path = "../support/server.rs"]
mod server;
#[path = "../support/signal.rs"]
mod signal;

mod cluster;
mod life;
mod whole;
