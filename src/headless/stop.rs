//! What ends a run from outside: Ctrl+C, a signal, or the time given.

use crate::{headless::exit::Exit, pg::cancel::CancelHandle};
use std::{
    future::pending,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
    time::{Instant, sleep, sleep_until},
};

/// How long the run may take to end in good order once it is stopped.
const GRACE: Duration = Duration::from_secs(8);

/// A file that must not stay behind when the process has to be ended the hard way.
static UNFINISHED: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Names the file to remove should the process be ended the hard way; `None`: there is none any more.
pub(crate) fn remove_when_killed(path: Option<PathBuf>) {
    *UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner) = path;
}

/// Watches for what stops the run. A thread of its own does the watching, so that it works while the run waits for
/// whoever reads its output.
#[derive(Clone)]
pub(crate) struct Stop {
    why: watch::Receiver<Option<Exit>>,
    running: Arc<Mutex<Option<CancelHandle>>>,
}

impl Stop {
    /// Begins to watch. Must be called inside a runtime with a worker thread.
    pub(crate) fn listen(timeout: Option<Duration>) -> Self {
        let (tell, why) = watch::channel(None);
        let stop = Self { why, running: Arc::default() };
        let running = Arc::clone(&stop.running);
        tokio::spawn(async move {
            let exit = first_reason(timeout).await;
            // the run reads it when it looks next; it never starts a statement after that
            let _ = tell.send(Some(exit));
            let handle = running.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let cancel = async {
                if let Some(handle) = handle {
                    // when the request does not arrive the closing socket says the same, only later
                    let _ = handle.cancel().await;
                }
                sleep(GRACE).await;
            };
            tokio::select! {
                () = cancel => {}
                _ = signals() => {}
            }
            end_now(exit);
        });
        stop
    }

    /// Why the run is to end, if it is.
    pub(crate) fn reason(&self) -> Option<Exit> {
        *self.why.borrow()
    }

    /// Waits until the run is to end.
    pub(crate) async fn stopped(&self) -> Exit {
        let mut why = self.why.clone();
        match why.wait_for(Option::is_some).await.map(|w| *w) {
            Ok(Some(exit)) => exit,
            // the watcher is gone only when the runtime is
            _ => pending().await,
        }
    }

    /// What a stop cancels on the server from now on.
    pub(crate) fn cancels(&self, handle: Option<CancelHandle>) {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = handle;
    }
}

async fn first_reason(timeout: Option<Duration>) -> Exit {
    let deadline = timeout.and_then(|t| Instant::now().checked_add(t));
    let time_is_up = async {
        match deadline {
            Some(at) => sleep_until(at).await,
            None => pending().await,
        }
    };
    tokio::select! {
        () = signals() => Exit::Interrupted,
        () = time_is_up => Exit::Timeout,
    }
}

/// Waits for Ctrl+C, SIGTERM or the terminal closing.
async fn signals() {
    let next = |kind: SignalKind| async move {
        match signal(kind) {
            Ok(mut s) => {
                let s: &mut Signal = &mut s;
                s.recv().await;
            }
            Err(_) => pending().await,
        }
    };
    tokio::select! {
        () = next(SignalKind::interrupt()) => {}
        () = next(SignalKind::terminate()) => {}
        () = next(SignalKind::hangup()) => {}
    }
}

/// The run is stuck, in all likelihood in a write nobody reads, or the user insists.
fn end_now(exit: Exit) {
    if let Some(path) = UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).take() {
        let _ = std::fs::remove_file(path);
    }
    std::process::exit(exit.code().into());
}
