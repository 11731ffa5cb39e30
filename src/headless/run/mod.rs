//! `pgdeck run`: a saved query, a file or standard input, without a screen.
//!
//! Standard output is data, standard error is narration. Results go out as they come, whatever their size. The first
//! statement that fails ends the run.

pub(super) mod execute;
mod find;
pub(super) mod fit;
pub(super) mod report;
pub(super) mod script;
pub(super) mod values;

use crate::{
    core::{
        effect::{Secret, Statement},
        error::DbError,
        event::Tx,
    },
    data::saved::{Origin, SavedQuery},
    format::Format,
    headless::{exit::Exit, output::Output, password, stop::Stop},
    pg::{
        advice::in_session,
        connect::{self, ConnectError},
        guard,
        target::Target,
        wire::Session,
    },
};
use execute::{Failure, Input, Results, say};
use script::{Script, Step};
use std::{
    io::{self, Write},
    path::PathBuf,
    time::Duration,
};

use values::Value;

/// What `pgdeck run` was asked to do.
#[derive(Clone)]
pub struct Options {
    /// Name of a saved query, path of a file, or `-` for standard input.
    pub query: String,
    /// Values of parameters.
    pub params: Vec<(String, String)>,
    /// How rows are written.
    pub format: &'static Format,
    /// Write to this file instead of standard output.
    pub output: Option<PathBuf>,
    /// Run again every so often.
    pub watch: Option<Duration>,
    /// Give up after so long.
    pub timeout: Option<Duration>,
    /// The server shall refuse every write.
    pub read_only: bool,
    /// All statements in one transaction.
    pub single_transaction: bool,
    /// Fail when there are rows.
    pub fail_if_rows: bool,
    /// Fail when there are none.
    pub fail_if_empty: bool,
    /// Print the statements and send nothing.
    pub dry_run: bool,
    /// The folders with saved queries, the later hiding the earlier.
    pub places: Vec<(Origin, PathBuf)>,
    /// Where to run.
    pub servers: Vec<Server>,
}

/// A server to run on.
#[derive(Clone)]
pub struct Server {
    /// What the column `server` says; `None`: there is only one and no such column.
    pub name: Option<String>,
    /// The connection.
    pub target: Target,
}

/// A run that ended before its natural end: the exit code, and what to tell on standard error.
pub(super) struct End {
    pub(super) exit: Exit,
    pub(super) text: String,
}

impl End {
    pub(super) fn new(exit: Exit, text: impl std::fmt::Display) -> Self {
        Self { exit, text: format!("pgdeck: {text}\n") }
    }

    pub(super) fn usage(text: impl std::fmt::Display) -> Self {
        Self::new(Exit::Usage, text)
    }
}

/// Runs and says how it ended. Everything worth knowing has been said on standard error.
#[must_use]
pub fn run(options: &Options) -> Exit {
    let ended =
        prepare(options).and_then(|run| if options.dry_run { dry_run(&run) } else { on_servers(&run) });
    match ended {
        Ok(exit) => exit,
        Err(end) => {
            say(&end.text);
            end.exit
        }
    }
}

/// Everything known before connecting.
struct Run<'a> {
    options: &'a Options,
    query: SavedQuery,
    /// Names the query in errors.
    label: String,
    script: Script,
    values: Vec<Value>,
}

fn prepare(options: &Options) -> Result<Run<'_>, End> {
    let (query, label) = find::query(&options.query, &options.places).map_err(End::usage)?;
    if options.dry_run {
        return Ok(Run { options, query, label, script: Script::default(), values: Vec::new() });
    }
    let script = script::prepare(&query, &label).map_err(End::usage)?;
    let values = values::assign(&query.parameters, &options.params).map_err(End::usage)?;
    for warning in &script.warnings {
        say(&format!("pgdeck: {warning}\n"));
    }
    Ok(Run { options, query, label, script, values })
}

fn open_output(options: &Options) -> Result<Output, End> {
    match &options.output {
        None => Ok(Output::stdout()),
        Some(path) => Output::file(path).map_err(End::usage),
    }
}

/// The statements as they would be sent, with nothing sent.
fn dry_run(run: &Run<'_>) -> Result<Exit, End> {
    let statements = script::statements(&run.query.text);
    let text = match run.options.format.name {
        "json" => serde_json::to_string_pretty(&statements).map(|t| t + "\n").map_err(End::usage)?,
        "ndjson" => statements.iter().map(|s| format!("{}\n", serde_json::Value::from(s.as_str()))).collect(),
        _ => statements.iter().map(|s| format!("{}\n", s.trim_end())).collect::<Vec<_>>().join("\n"),
    };
    let mut out = open_output(run.options)?;
    out.write_all(text.as_bytes()).and_then(|()| out.finish()).map_err(unwritten)?;
    Ok(Exit::Done)
}

pub(super) fn unwritten(e: io::Error) -> End {
    End::usage(format!("the output cannot be written: {e}"))
}

fn on_servers(run: &Run<'_>) -> Result<Exit, End> {
    // one thread runs statements and may wait for a reader of the output; the other watches for signals and time
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|e| End::new(Exit::NoConnection, e))?;
    let ended = runtime.block_on(whole(run));
    // somebody may still be typing on standard input: do not wait for that
    runtime.shutdown_background();
    ended
}

async fn whole(run: &Run<'_>) -> Result<Exit, End> {
    let stop = Stop::listen(run.options.timeout);
    let mut out = open_output(run.options)?;
    let writer = run.options.format.writer().map_err(End::usage)?;
    let mut results = Results::new(writer);
    let mut worst = Exit::Done;
    let mut sessions = Vec::new();
    for server in &run.options.servers {
        match open(run, server, &stop).await {
            Ok(session) => sessions.push((server, session)),
            Err(end) if run.options.servers.len() > 1 && stop.reason().is_none() => {
                // the other servers are asked all the same
                say(&named(server.name.as_deref(), end.text));
                worst = worst.max(end.exit);
            }
            Err(end) => return Err(end),
        }
    }
    loop {
        let exit = once(run, &mut sessions, &mut results, &mut out, &stop).await?;
        worst = worst.max(exit);
        let again = run.options.watch.filter(|_| worst == Exit::Done && !out.is_gone());
        let Some(pause) = again else { break };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            exit = stop.stopped() => { worst = exit; break }
        }
    }
    for (_, session) in sessions {
        session.close().await;
    }
    if matches!(worst, Exit::Done | Exit::Unexpected) {
        out.finish().map_err(unwritten)?;
    }
    Ok(worst)
}

/// One round over all servers. The file of `--output` is kept only when it says `Done` or `Unexpected`.
async fn once(
    run: &Run<'_>,
    sessions: &mut [(&Server, Session)],
    results: &mut Results,
    out: &mut Output,
    stop: &Stop,
) -> Result<Exit, End> {
    let mut worst = Exit::Done;
    results.total = 0;
    for (server, session) in sessions.iter_mut() {
        let name = server.name.as_deref();
        results.on_server(name);
        if let Err(end) = on_server(run, server, session, results, out, stop).await {
            if name.is_none() || stop.reason().is_some() || matches!(end.exit, Exit::Usage) {
                // rows that came before the failure are not held back
                let _ = out.flush();
                return Err(end);
            }
            say(&named(name, end.text));
            worst = worst.max(end.exit);
        }
    }
    results.close(out).and_then(|()| out.flush()).map_err(unwritten)?;
    if let Some(remark) = results.remark() {
        say(&format!("pgdeck: {remark}\n"));
    }
    Ok(worst.max(expectation(run.options, results.total)))
}

fn expectation(options: &Options, rows: u64) -> Exit {
    if options.fail_if_rows && rows > 0 {
        say(&format!("pgdeck: {rows} {} found, none expected\n", if rows == 1 { "row" } else { "rows" }));
    } else if options.fail_if_empty && rows == 0 {
        say("pgdeck: no rows found, some expected\n");
    } else {
        return Exit::Done;
    }
    Exit::Unexpected
}

/// With the server's name in front, when there are several.
fn named(server: Option<&str>, text: String) -> String {
    match server {
        Some(name) => format!("{}: {text}", crate::text::clean::line(name)),
        None => text,
    }
}

/// Said on the command line, in the query's header or in the profile.
fn is_read_only(run: &Run<'_>, server: &Server) -> bool {
    run.options.read_only || run.query.read_only || server.target.read_only
}

async fn open(run: &Run<'_>, server: &Server, stop: &Stop) -> Result<Session, End> {
    let session = connected(&server.target, is_read_only(run, server), stop).await?;
    fit::version(&run.query, &session).map_err(End::usage)?;
    Ok(session)
}

/// Connects, asking for a password where one is wanted and somebody is there.
pub(super) async fn connected(target: &Target, read_only: bool, stop: &Stop) -> Result<Session, End> {
    tried(target, stop, wire(target, read_only)).await.map_err(End::from)
}

/// The same for any way to open: it is given the password that was typed, if one was.
pub(super) async fn opened<T>(
    target: &Target,
    stop: &Stop,
    open: impl AsyncFn(Option<Secret>) -> Result<T, ConnectError>,
) -> Result<T, End> {
    tried(target, stop, open).await.map_err(End::from)
}

/// Opens a session for statements.
pub(in crate::headless) fn wire(
    target: &Target,
    read_only: bool,
) -> impl AsyncFn(Option<Secret>) -> Result<Session, ConnectError> {
    async move |password| {
        let options = connect::Options {
            application_name: "pgdeck".into(),
            read_only,
            password,
            ..connect::Options::default()
        };
        connect::open(target, &options).await
    }
}

/// Why there is no session.
pub(in crate::headless) enum Unopened {
    /// What was asked for makes no sense.
    Usage(String),
    /// It was stopped.
    Stopped(Exit),
    /// The way there failed.
    Failed(Box<ConnectError>),
}

impl From<Unopened> for End {
    fn from(why: Unopened) -> Self {
        match why {
            Unopened::Usage(text) => Self::usage(text),
            Unopened::Stopped(exit) => stopped(exit),
            Unopened::Failed(e) => unconnected(&e),
        }
    }
}

/// The same, with all that is known of a failure.
pub(in crate::headless) async fn tried<T>(
    target: &Target,
    stop: &Stop,
    open: impl AsyncFn(Option<Secret>) -> Result<T, ConnectError>,
) -> Result<T, Unopened> {
    for warning in target.warnings.iter().cloned().chain(target.unheeded().map(|w| format!("pgdeck: {w}"))) {
        say(&format!("{}\n", crate::text::clean::line(&warning)));
    }
    target.check().map_err(|e| Unopened::Usage(crate::text::clean::line(&e.message).into_owned()))?;
    let mut typed = None;
    loop {
        let opened = tokio::select! {
            opened = open(typed.clone()) => opened,
            exit = stop.stopped() => return Err(Unopened::Stopped(exit)),
        };
        match opened {
            Ok(opened) => return Ok(opened),
            Err(e) if e.needs_password && typed.is_none() => {
                let Some(password) = password::ask(target, &e.whom) else {
                    return Err(Unopened::Failed(Box::new(e)));
                };
                typed = Some(Secret(password));
            }
            Err(e) => return Err(Unopened::Failed(Box::new(e))),
        }
    }
}

/// How to write after all.
const WAY_OUT: &str = "The run is read-only: by --read-only, by the query's header or by the profile.";

fn unconnected(e: &ConnectError) -> End {
    End { exit: Exit::NoConnection, text: format!("pgdeck: {}", report::notice(&e.error)) }
}

pub(super) fn stopped(exit: Exit) -> End {
    End::new(exit, if exit == Exit::Timeout { "the time is up" } else { "interrupted" })
}

/// All statements on one server.
async fn on_server(
    run: &Run<'_>,
    server: &Server,
    session: &mut Session,
    results: &mut Results,
    out: &mut Output,
    stop: &Stop,
) -> Result<(), End> {
    stop.cancels(session.cancel_handle());
    let ended = all(run, is_read_only(run, server), session, results, out, stop).await;
    stop.cancels(None);
    if ended.is_ok() && session.tx() != Tx::Idle {
        say("pgdeck: WARNING: the script ends inside a transaction, which is rolled back\n");
        undo(session).await;
    }
    ended
}

async fn all(
    run: &Run<'_>,
    read_only: bool,
    session: &mut Session,
    results: &mut Results,
    out: &mut Output,
    stop: &Stop,
) -> Result<(), End> {
    if run.options.single_transaction {
        frame(session, "BEGIN", read_only).await?;
    }
    let input = Input { source: &run.query.text, stdin: run.options.query != "-" };
    for (i, step) in run.script.steps.iter().enumerate() {
        if out.is_gone() && run.script.steps[i..].iter().all(fit::only_reads) {
            break;
        }
        let params = fit::params(step, &run.values);
        // inside a transaction a cancel would lose what was written before
        let breakable = session.tx() == Tx::Idle && fit::only_reads(step);
        let ended =
            execute::run(session, step, params, read_only, &input, results, out, stop, breakable).await;
        if let Err(mut failure) = ended {
            if let Failure::Refused(e) = &mut failure
                && read_only
            {
                **e = guard::explain(std::mem::take(&mut **e), WAY_OUT);
            }
            return Err(explain(run, session, step, failure).await);
        }
    }
    if run.options.single_transaction {
        frame(session, "COMMIT", read_only).await?;
    }
    Ok(())
}

/// BEGIN and COMMIT of `--single-transaction`.
async fn frame(session: &mut Session, sql: &str, read_only: bool) -> Result<(), End> {
    let statement = Statement { sql: sql.into(), ..Statement::default() };
    let ended = async {
        let around =
            if read_only { guard::around(session.tx(), &statement)? } else { guard::Around::default() };
        session.start_around(&statement, around)?;
        session.finish().await
    };
    ended.await.map_err(|e: DbError| End {
        exit: if e.fatal { Exit::NoConnection } else { Exit::Refused },
        text: format!("pgdeck: {sql}: {}", report::notice(&e)),
    })
}

/// Ends an open transaction; when it cannot be, closing the session does.
async fn undo(session: &mut Session) {
    let _ = session.ask("ROLLBACK").await;
}

async fn explain(run: &Run<'_>, session: &mut Session, step: &Step, failure: Failure) -> End {
    match failure {
        Failure::Stopped(exit) => stopped(exit),
        Failure::Output(e) => unwritten(e),
        Failure::Lost(e) => {
            End { exit: Exit::NoConnection, text: format!("pgdeck: {}", report::notice(&in_session(*e))) }
        }
        Failure::Refused(e) => {
            let e = in_session(*e);
            if let Some(text) = fit::blame(session, step, &run.query.parameters, &run.values, &e).await {
                return End::usage(text);
            }
            End { exit: Exit::Refused, text: refused(run, step, &e) }
        }
    }
}

fn refused(run: &Run<'_>, step: &Step, e: &DbError) -> String {
    let at = e.position.map(|p| step.source_position(p));
    let named = DbError { context: e.context.as_ref().map(|c| step.bound.context(c)), ..e.clone() };
    let mut text = report::error(&run.label, &run.query.text, step.start(), at, &named);
    if matches!(&*e.code, "42P02" | "08P01") && !step.bound.names.is_empty() {
        text.push_str("HINT: this kind of statement takes no parameters; queries and INSERT, UPDATE, DELETE and MERGE do\n");
    }
    text
}
