//! `pgdeck demo --print-url`: the server without a screen, until somebody interrupts.
use std::io::{self, Write};

use tokio::signal::unix::{SignalKind, signal};

use super::{DemoError, Options, block_on, start};

/// Starts a demo, prints its URL on standard output and keeps it until SIGINT, SIGTERM or SIGHUP. Progress goes
/// to standard error.
///
/// # Errors
/// See [`start`].
pub fn serve(options: &Options) -> Result<(), DemoError> {
    let demo = start(options, &mut |words| eprintln!("{words}"))?;
    block_on(tell_and_wait(&demo.url()))?;
    drop(demo);
    Ok(())
}

/// Prints the URL and waits for a signal; who reads the URL may send one at once.
async fn tell_and_wait(url: &str) -> Result<(), DemoError> {
    let on = |kind| signal(kind).map_err(|e| DemoError::Sql(e.to_string()));
    let (mut int, mut term, mut hup) =
        (on(SignalKind::interrupt())?, on(SignalKind::terminate())?, on(SignalKind::hangup())?);
    if writeln!(io::stdout(), "{url}").and_then(|()| io::stdout().flush()).is_err() {
        // nobody listens any more
        return Ok(());
    }
    eprintln!("Press Ctrl+C to stop the server and remove it.");
    tokio::select! {
        _ = int.recv() => (),
        _ = term.recv() => (),
        _ = hup.recv() => (),
    }
    Ok(())
}
