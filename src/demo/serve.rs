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
    let told = writeln!(io::stdout(), "{}", demo.url()).and_then(|()| io::stdout().flush());
    if told.is_ok() {
        eprintln!("Press Ctrl+C to stop the server and remove it.");
        block_on(interrupted())?;
    }
    drop(demo);
    Ok(())
}

async fn interrupted() -> Result<(), DemoError> {
    let on = |kind| signal(kind).map_err(|e| DemoError::Sql(e.to_string()));
    let (mut int, mut term, mut hup) =
        (on(SignalKind::interrupt())?, on(SignalKind::terminate())?, on(SignalKind::hangup())?);
    tokio::select! {
        _ = int.recv() => (),
        _ = term.recv() => (),
        _ = hup.recv() => (),
    }
    Ok(())
}
