//! `pgdeck locks` and `pgdeck activity` on the command line.

use super::{CONNECTION, Connect, seconds};
use clap::{Args as ClapArgs, ValueEnum};
use std::time::Duration;

/// What both say, behind what one says of itself.
macro_rules! sampled {
    ($own:literal) => {
        concat!(
            $own,
            "\
With --format json a sample is an object on a line of its own; the README lists its fields. What
this role may not see is named with the GRANT that shows it (\"hidden\"; on standard error beside
the table). With --watch a server that goes away is waited for; Ctrl+C ends it.

Exit codes:
  0    done
  1    the server refused the sample
  2    usage: bad option or connection string
  3    no connection
  5    timeout
  130  interrupted"
        )
    };
}

pub(super) const SAMPLED: &str = sampled!("");

pub(super) const LOCKS: &str = sampled!(
    "\
\"edges\" has one entry a waiting session and blocker: pid, blocked_by (0: a prepared transaction,
named in \"prepared\"), wait_seconds, lock_type, relation, mode_wanted, mode_held (null: the blocker
only stands ahead in the queue). \"trees\" has one entry a root blocker: root, depth, blocks, frees
and its nodes.

"
);

/// `pgdeck locks`, and the same of `pgdeck activity`.
#[derive(Clone, Debug, ClapArgs)]
pub struct Sampled {
    /// URI, keyword=value string, profile name or database name; nothing: libpq's defaults
    #[arg(value_name = "CONNECTION")]
    pub(super) connection: Option<String>,
    /// How it is written
    #[arg(short, long, value_enum, default_value_t)]
    pub format: TableOrJson,
    /// Sample again every so many seconds, until interrupted
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub watch: Option<Duration>,
    /// Give up after so many seconds (exit code 5)
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub timeout: Option<Duration>,
    #[command(flatten)]
    pub(super) connect: Connect,
    /// The server's port
    #[arg(short, long, value_name = "PORT", help_heading = CONNECTION)]
    pub(super) port: Option<String>,
}

/// `pgdeck activity`.
#[derive(Clone, Debug, ClapArgs)]
pub struct Activity {
    /// What both have in common.
    #[command(flatten)]
    pub sampled: Sampled,
    /// The server's own processes, too
    #[arg(short, long)]
    pub all: bool,
}

/// A table to read or JSON to process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum TableOrJson {
    /// For reading
    #[default]
    Table,
    /// For programs
    Json,
}
