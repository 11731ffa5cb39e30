//! The whole program driven by a robot: no terminal, no server, no clock.

#[path = "../support/robot.rs"]
#[allow(dead_code, reason = "every test program uses its own part of this")]
mod robot;

mod browse;
mod changes;
mod confirm;
mod document;
mod edit;
mod frame;
mod health;
mod live;
mod plan;
mod saved;
mod search;
mod sql;
mod staging;
mod statements;
mod trouble;
