//! The command line (clap); nothing else reads argv.

mod formats;
mod pages;
mod sampled;

pub use formats::{Format, PlanFormat, TextOrJson};
pub use pages::{completions, man};
pub use sampled::{Activity, Sampled, TableOrJson};

use crate::pg::target::{Input, Profile, Prompt};
use clap::{ArgAction, Args as ClapArgs, CommandFactory, FromArgMatches, Parser, Subcommand};
use std::{ffi::OsString, path::PathBuf, time::Duration};

/// The exit codes, as `--help` and the man page tell them.
const CODES: &str = "\
Exit codes:
  0    done
  1    the server refused a statement
  2    usage: bad option, connection string, parameter or saved query
  3    no connection
  4    an expectation failed (--fail-if-rows, --fail-if-empty)
  5    timeout
  130  interrupted";

/// The heading of the flags that say where to connect.
const CONNECTION: &str = "Connection";

const EXAMPLES: &str = "\
CONNECTION is a URI (postgresql://user@host:port/database), a string of keyword=value
pairs, the name of a profile in the config, or the name of a database. What it leaves open
comes from the PG* variables, the service file and ~/.pgpass, as with psql. A database named
like a command is opened with -d.

Examples:
  pgdeck demo                                  try it on a throw-away server
  pgdeck postgresql://me@db.example.com/shop   open a database
  pgdeck --read-only -h db.example.com shop    the same, and the server refuses writes
  pgdeck run table-sizes --format csv          run a saved query without a screen
  pgdeck explain plan.json --format svg        a picture of a plan, for a ticket
  pgdeck explain slow.sql --analyze -d shop    run a statement, rolled back, and see its time
  pgdeck locks prod --format json --watch 5    who waits for whom, for a script
  pgdeck conninfo service=prod                 see what a connection resolves to
  pgdeck doctor service=prod                   connect and see what works and what is missing";

const EXPLAIN: &str = "\
FILE holds a plan (EXPLAIN in any of its formats, with psql's frame or a log around it) or one
SQL statement, which is explained on the server that the connection options name. With
--analyze it is run, in a transaction that is rolled back; what a rollback does not undo is
said. Parameters (:name, $1) without a value give the plan for any value.

Exit codes:
  0    done
  1    the server refused the statement
  2    usage, a statement that has no plan, or a plan that cannot be read to its end (what
       could be read is written)
  3    no connection
  5    timeout
  130  interrupted";

const DOCTOR: &str = "\
Each line is ok, limited, no, or - (a fact). Below it stands what is missing, and the statement that
would bring it, for somebody who may run it; doctor itself changes nothing. Without a connection it
tells at which step it failed (name lookup, connection, TLS, authentication, database, startup SQL) and
what to do.

Exit codes:
  0    connected, whatever is missing
  2    usage: bad option or connection string
  3    no connection
  5    timeout
  130  interrupted";

/// A terminal console for PostgreSQL.
///
/// Browse and search live databases, run SQL and saved queries, on any server from PostgreSQL 13 on.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "pgdeck",
    version,
    max_term_width = 100,
    disable_help_flag = true,
    disable_help_subcommand = true,
    subcommand_negates_reqs = true,
    after_help = format!("{EXAMPLES}\n\n{CODES}")
)]
pub struct Args {
    /// URI, keyword=value string, profile name or database name; nothing: libpq's defaults
    #[arg(value_name = "CONNECTION")]
    pub connection: Option<String>,
    #[command(flatten)]
    connect: Connect,
    /// The server's port
    #[arg(short, long, value_name = "PORT", help_heading = CONNECTION)]
    port: Option<String>,
    /// Ask the server to refuse every write of this session
    #[arg(long)]
    pub read_only: bool,
    /// Colours: dark, light, high-contrast, ansi16, or a theme of your own
    #[arg(long, value_name = "NAME")]
    pub theme: Option<String>,
    /// The config file to read instead of the usual one
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Add to this file what is sent to servers: statements without the values in them, and how they ended
    #[arg(long, value_name = "FILE", global = true)]
    pub log: Option<PathBuf>,
    /// With --log: values and error messages too (never passwords)
    #[arg(long, global = true, requires = "log")]
    pub log_values: bool,
    /// Print help
    #[arg(short = '?', long, action = ArgAction::Help, global = true)]
    help: Option<bool>,
    /// What to do without the console
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The connection's flags, but for the port (its short form means something else in `run`).
#[derive(Clone, Debug, Default, ClapArgs)]
struct Connect {
    /// Database name, or a connection string or URI
    #[arg(short, long, value_name = "DBNAME", help_heading = CONNECTION)]
    dbname: Option<String>,
    /// Host name, address, or folder of the server's socket
    #[arg(short = 'h', long, value_name = "HOST", help_heading = CONNECTION)]
    host: Option<String>,
    /// User to log in as
    #[arg(short = 'U', long = "username", alias = "user", value_name = "NAME", help_heading = CONNECTION)]
    user: Option<String>,
    /// Ask for the password before connecting
    #[arg(short = 'W', long = "password", conflicts_with = "no_password", help_heading = CONNECTION)]
    password: bool,
    /// Never ask for a password
    #[arg(short = 'w', long = "no-password", help_heading = CONNECTION)]
    no_password: bool,
    /// Service of the service file (pg_service.conf)
    #[arg(long, value_name = "NAME", help_heading = CONNECTION)]
    service: Option<String>,
    /// Profile of the config
    #[arg(long, value_name = "NAME", help_heading = CONNECTION)]
    profile: Option<String>,
}

/// The subcommands.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Open the console on a throw-away PostgreSQL with users and posts
    Demo(Demo),
    /// Run a saved query, a file or standard input, without a screen
    #[command(after_help = CODES)]
    Run(Box<Run>),
    /// Analyse a plan, or explain a statement on a server: self times, wrong estimates, what to do
    #[command(after_help = EXPLAIN)]
    Explain(Box<Explain>),
    /// Who waits for whom for a lock: one sample, or one every so often, for scripts
    #[command(after_help = sampled::LOCKS)]
    Locks(Sampled),
    /// The sessions, what they do and wait for: one sample, or one every so often, for scripts
    #[command(after_help = sampled::SAMPLED)]
    Activity(Activity),
    /// List the saved queries: name, title, parameters, where each comes from
    Queries(Queries),
    /// Print what a connection resolves to and where each setting came from, without connecting
    Conninfo(Conninfo),
    /// Connect and tell what works: TLS, rights, extensions, pooler, and what each pane lacks
    #[command(after_help = DOCTOR)]
    Doctor(Box<Doctor>),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page (pgdeck man | man -l -)
    Man,
}

/// `pgdeck demo`.
#[derive(Clone, Debug, ClapArgs)]
pub struct Demo {
    /// No background work: no slow statements, no lock waits
    #[arg(long)]
    pub quiet: bool,
    /// How many posts to make (20,000 unless given)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    pub rows: Option<u64>,
    /// Keep the server's files in this folder, and start from them when they are there
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
    /// Start the server without a screen, print its URL, and stop at Ctrl+C
    #[arg(long)]
    pub print_url: bool,
    /// Install PostgreSQL without asking when this machine has none
    #[arg(long)]
    pub yes: bool,
    /// Make everything anew, not from the copy that the last start left
    #[arg(long)]
    pub fresh: bool,
}

/// `pgdeck run`.
#[derive(Clone, Debug, ClapArgs)]
pub struct Run {
    /// Name of a saved query, path of an .sql file, or - for standard input
    #[arg(value_name = "NAME|FILE|-")]
    pub query: String,
    /// Value of a parameter; repeat for more
    #[arg(short = 'p', long = "param", value_name = "NAME=VALUE", value_parser = pair)]
    pub params: Vec<(String, String)>,
    /// How rows are written
    #[arg(short, long, value_enum, default_value_t)]
    pub format: Format,
    /// Write to this file, replacing it only when all went well
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Run again every so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds, conflicts_with_all = ["output", "dry_run"])]
    pub watch: Option<Duration>,
    /// Give up after so many seconds (exit code 5)
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub timeout: Option<Duration>,
    /// Ask the server to refuse every write
    #[arg(long)]
    pub read_only: bool,
    /// All statements in one transaction: all or nothing
    #[arg(short = '1', long)]
    pub single_transaction: bool,
    /// Run on this profile; repeat for several servers, a column says which
    #[arg(long, value_name = "PROFILE", conflicts_with_all = ["profile", "dbname", "host", "port", "service"])]
    pub on: Vec<String>,
    /// Exit code 4 when there are rows
    #[arg(long, conflicts_with = "fail_if_empty")]
    pub fail_if_rows: bool,
    /// Exit code 4 when there are no rows
    #[arg(long)]
    pub fail_if_empty: bool,
    /// Print the statements as psql would send them, as far as no server is needed to tell, and send nothing
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    connect: Connect,
    /// The server's port (-p is a parameter here)
    #[arg(long, value_name = "PORT", help_heading = CONNECTION)]
    port: Option<String>,
}

/// `pgdeck explain`.
#[derive(Clone, Debug, ClapArgs)]
pub struct Explain {
    /// A plan or a statement; - or nothing: standard input
    #[arg(value_name = "FILE|-")]
    pub file: Option<String>,
    /// How it is written
    #[arg(short, long, value_enum, default_value_t)]
    pub format: PlanFormat,
    /// Write to this file, replacing it only when all went well
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Run the statement and measure; it is rolled back
    #[arg(long)]
    pub analyze: bool,
    /// With --analyze: count rows and buffers but take no times, which costs less
    #[arg(long, requires = "analyze")]
    pub no_timing: bool,
    /// The plan for any values of the parameters, whatever values they have
    #[arg(long, conflicts_with = "analyze")]
    pub generic: bool,
    /// Value of a parameter, of $1 as 1=VALUE; repeat for more
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = param)]
    pub params: Vec<(String, String)>,
    /// Give up after so many seconds (exit code 5)
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub timeout: Option<Duration>,
    /// Ask the server to refuse every write
    #[arg(long)]
    pub read_only: bool,
    #[command(flatten)]
    connect: Connect,
    /// The server's port
    #[arg(short, long, value_name = "PORT", help_heading = CONNECTION)]
    port: Option<String>,
}

/// `pgdeck queries`.
#[derive(Clone, Debug, ClapArgs)]
pub struct Queries {
    /// How the list is written
    #[arg(short, long, value_enum, default_value_t)]
    pub format: Format,
}

/// `pgdeck conninfo`.
#[derive(Clone, Debug, ClapArgs)]
pub struct Conninfo {
    /// URI, keyword=value string, profile name or database name; nothing: libpq's defaults
    #[arg(value_name = "CONNECTION")]
    connection: Option<String>,
    /// Print passwords as they are
    #[arg(long)]
    pub show_password: bool,
    /// How it is written
    #[arg(short, long, value_enum, default_value_t)]
    pub format: TextOrJson,
    #[command(flatten)]
    connect: Connect,
    /// The server's port
    #[arg(short, long, value_name = "PORT", help_heading = CONNECTION)]
    port: Option<String>,
}

/// `pgdeck doctor`.
#[derive(Clone, Debug, ClapArgs)]
pub struct Doctor {
    /// URI, keyword=value string, profile name or database name; nothing: libpq's defaults
    #[arg(value_name = "CONNECTION")]
    connection: Option<String>,
    /// How it is written
    #[arg(short, long, value_enum, default_value_t)]
    pub format: TableOrJson,
    /// Give up after so many seconds (exit code 5)
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub timeout: Option<Duration>,
    #[command(flatten)]
    connect: Connect,
    /// The server's port
    #[arg(short, long, value_name = "PORT", help_heading = CONNECTION)]
    port: Option<String>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.into(), value.into())),
        _ if text.bytes().all(|b| b.is_ascii_digit()) => {
            Err("a parameter is NAME=VALUE (the port is --port here)".into())
        }
        _ => Err("a parameter is NAME=VALUE".into()),
    }
}

fn param(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.into(), value.into())),
        _ => Err("a parameter is NAME=VALUE".into()),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.parse::<f64>().ok().filter(|n| n.is_finite() && (0.001..=31_536_000.0).contains(n));
    number.map(Duration::from_secs_f64).ok_or_else(|| "a number of seconds, more than 0 (2, 0.5)".into())
}

impl Args {
    /// Reads a command line. A clap error carries its text and exit code (2; 0 for help and version).
    ///
    /// # Errors
    /// The words make no sense, or help or the version was asked for.
    pub fn read(words: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> Result<Self, clap::Error> {
        let mut command = Self::command();
        let matches = command.try_get_matches_from_mut(words)?;
        let args = Self::from_arg_matches(&matches).map_err(|e| e.format(&mut command))?;
        args.contradiction().map_or(Ok(args.clone()), |(kind, text)| Err(command.error(kind, text)))
    }

    /// What clap cannot see: options given before a subcommand that it has no use for.
    fn contradiction(&self) -> Option<(clap::error::ErrorKind, String)> {
        use clap::error::ErrorKind::ArgumentConflict;
        let command = self.command.as_ref()?;
        let name = command.name();
        let place = !self.connect.flags().is_empty() || self.port.is_some() || self.connect.profile.is_some();
        let takes_place = matches!(
            command,
            Command::Run(_)
                | Command::Explain(_)
                | Command::Locks(_)
                | Command::Activity(_)
                | Command::Conninfo(_)
                | Command::Doctor(_)
        );
        if !takes_place && (place || self.connection.is_some()) {
            return Some((ArgumentConflict, format!("\"{name}\" takes no connection")));
        }
        if command.connection().is_some() && self.connection.is_some() {
            return Some((ArgumentConflict, format!("two connections given, before and after \"{name}\"")));
        }
        if let Command::Run(run) = command
            && !run.on.is_empty()
            && (place || self.connection.is_some())
        {
            return Some((
                ArgumentConflict,
                "--on names the servers; no other connection goes with it".into(),
            ));
        }
        if self.theme.is_some() && !matches!(command, Command::Demo(_)) {
            return Some((ArgumentConflict, format!("\"{name}\" has no screen for a --theme")));
        }
        if self.read_only && !matches!(command, Command::Run(_) | Command::Explain(_) | Command::Demo(_)) {
            return Some((ArgumentConflict, format!("\"{name}\" has no use for --read-only")));
        }
        None
    }

    /// All that was said about the connection, before and after a subcommand.
    #[must_use]
    pub fn input(&self, profiles: Vec<Profile>) -> Input {
        let none = (&Connect::default(), &None);
        let (connect, port) = match &self.command {
            Some(Command::Run(run)) => (&run.connect, &run.port),
            Some(Command::Explain(explain)) => (&explain.connect, &explain.port),
            Some(Command::Locks(s) | Command::Activity(Activity { sampled: s, .. })) => (&s.connect, &s.port),
            Some(Command::Conninfo(c)) => (&c.connect, &c.port),
            Some(Command::Doctor(d)) => (&d.connect, &d.port),
            _ => none,
        };
        let own = self.command.as_ref().and_then(|c| c.connection().cloned());
        let mut flags = self.connect.flags();
        flags.extend(self.port.iter().map(|p| ("port".to_owned(), p.clone())));
        let mut later = connect.flags();
        later.extend(port.iter().map(|p| ("port".to_owned(), p.clone())));
        flags.retain(|(name, _)| later.iter().all(|(n, _)| n != name));
        flags.extend(later);
        // As psql does it: a connection string given as database wins over the other flags.
        flags.sort_by_key(|(name, _)| name == "dbname");
        let prompt = match (connect.prompt(), self.connect.prompt()) {
            (Prompt::Needed, before) => before,
            (after, _) => after,
        };
        let profile = connect.profile.clone().or_else(|| self.connect.profile.clone());
        Input { connection: own.or_else(|| self.connection.clone()), flags, profile, profiles, prompt }
    }

    /// Whether writes are to be refused, said before or after the subcommand.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.read_only
            || match &self.command {
                Some(Command::Run(run)) => run.read_only,
                Some(Command::Explain(explain)) => explain.read_only,
                _ => false,
            }
    }
}

impl Connect {
    /// The flags as keywords.
    fn flags(&self) -> Vec<(String, String)> {
        let rows = [
            ("host", &self.host),
            ("user", &self.user),
            ("service", &self.service),
            ("dbname", &self.dbname),
        ];
        rows.into_iter().filter_map(|(k, v)| Some((k.to_owned(), v.clone()?))).collect()
    }

    fn prompt(&self) -> Prompt {
        match (self.password, self.no_password) {
            (true, _) => Prompt::Always,
            (_, true) => Prompt::Never,
            _ => Prompt::Needed,
        }
    }
}

impl Command {
    /// The connection said behind the subcommand.
    fn connection(&self) -> Option<&String> {
        match self {
            Self::Locks(s) | Self::Activity(Activity { sampled: s, .. }) => s.connection.as_ref(),
            Self::Conninfo(c) => c.connection.as_ref(),
            Self::Doctor(d) => d.connection.as_ref(),
            _ => None,
        }
    }

    /// The word on the command line.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Demo(_) => "demo",
            Self::Run(_) => "run",
            Self::Explain(_) => "explain",
            Self::Locks(_) => "locks",
            Self::Activity(_) => "activity",
            Self::Queries(_) => "queries",
            Self::Conninfo(_) => "conninfo",
            Self::Doctor(_) => "doctor",
            Self::Completions { .. } => "completions",
            Self::Man => "man",
        }
    }
}

#[cfg(test)]
mod tests;
