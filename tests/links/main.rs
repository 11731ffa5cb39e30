//! The whole program on servers as they are met outside: behind poolers, inside TLS, on standbys, and going away.

#[path = "../support/lab.rs"]
mod lab;
#[path = "../support/live.rs"]
#[allow(dead_code, reason = "every test program uses its own part of this")]
mod live;
#[path = "../support/proxy.rs"]
mod proxy;
#[path = "../support/robot.rs"]
#[allow(dead_code, reason = "every test program uses its own part of this")]
mod robot;
#[path = "../support/server.rs"]
mod server;
#[path = "../support/signal.rs"]
mod signal;
#[path = "../support/tty.rs"]
#[allow(dead_code, reason = "every test program uses its own part of this")]
mod tty;

mod health;
mod lost;
mod operations;
mod pooler;
mod standby;
mod tunnel;

use pgdeck::demo::cluster::Cluster;

/// What every operation works on.
const SHOP: &str = "
    create table users (id int primary key, name text not null, mail text);
    create table posts (id int primary key, user_id int references users, title text);
    insert into users select g, 'user ' || g, null from generate_series(1, 500) g;
    insert into posts select g, 1 + g % 500, 'post ' || g from generate_series(1, 2000) g;
    analyze";

/// The first value of the first row, asked of the server itself.
fn ask(cluster: &Cluster, sql: &str) -> String {
    server::ask(cluster, "postgres", sql)
}
