//! `pgdeck doctor`: connects and tells what works, and what is missing for each pane with what would bring it.

mod facts;
mod judge;
mod panes;
mod print;
#[cfg(test)]
mod tests;

use super::{
    exit::Exit,
    run::{Unopened, execute::say, tried, wire},
    stop::Stop,
};
use crate::pg::{connect::ConnectError, target::Target};
use std::io;

/// What was asked for.
pub struct Options {
    /// Where.
    pub target: Target,
    /// JSON instead of text.
    pub json: bool,
    /// Give up after so long.
    pub timeout: Option<std::time::Duration>,
}

/// Looks and tells.
///
/// # Errors
/// A connection string that makes no sense; in plain words.
pub fn doctor(options: &Options, out: &mut dyn io::Write) -> Result<Exit, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|e| e.to_string())?;
    let ended = runtime.block_on(look(options, out));
    // a name look-up that hangs must not hold up the end
    runtime.shutdown_background();
    ended
}

async fn look(options: &Options, out: &mut dyn io::Write) -> Result<Exit, String> {
    let stop = Stop::listen(options.timeout);
    let target = &options.target;
    let mut session = match tried(target, &stop, wire(target, false)).await {
        Ok(session) => session,
        Err(Unopened::Usage(text)) => return Err(text),
        Err(Unopened::Stopped(exit)) => return Ok(stopped(exit)),
        Err(Unopened::Failed(e)) => {
            return written(print::failed(&e, target, options.json, out), Exit::NoConnection);
        }
    };
    stop.cancels(session.cancel_handle());
    let gathered = tokio::select! {
        gathered = facts::gather(&mut session, target) => gathered,
        exit = stop.stopped() => return Ok(stopped(exit)),
    };
    stop.cancels(None);
    match gathered {
        Ok(facts) => {
            session.close().await;
            written(print::found(&facts, &judge::judge(&facts), target, options.json, out), Exit::Done)
        }
        Err(error) => {
            let e = ConnectError {
                error,
                needs_password: false,
                wants_password: false,
                whom: String::new(),
                passing: false,
                tries: vec![],
            };
            written(print::failed(&e, target, options.json, out), Exit::NoConnection)
        }
    }
}

fn stopped(exit: Exit) -> Exit {
    say(if exit == Exit::Timeout { "pgdeck: the time is up\n" } else { "pgdeck: interrupted\n" });
    exit
}

/// A reader that has gone is no error.
fn written(result: io::Result<()>, exit: Exit) -> Result<Exit, String> {
    match result {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(exit),
        other => other.map(|()| exit).map_err(|e| format!("the output cannot be written: {e}")),
    }
}
