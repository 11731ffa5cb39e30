//! Samples without a console: the watching lane by itself, for scripts.

use super::{
    connect::ConnectError,
    monitor::{Ask, Monitor},
    server::{Plan, Routes, Server},
};
use crate::{
    core::{
        effect::Secret,
        event::{Event, ServerInfo},
        ids::{ConnId, Lane},
    },
    data::live::{Probe, Sample},
};
use std::{sync::Arc, time::Duration};
use tokio::sync::{mpsc, watch};

const CONN: ConnId = ConnId(0);
/// Samples that may wait to be read.
const AHEAD: usize = 4;

/// A watching lane. It ends when this is dropped.
pub struct Sampler {
    /// What is known of the server.
    pub info: ServerInfo,
    samples: mpsc::Receiver<Event>,
    mailbox: mpsc::UnboundedSender<Ask>,
    /// Held: while it is open the lane speaks.
    _closing: watch::Sender<bool>,
}

impl Sampler {
    /// Connects. A first session looks who answers, as all conditions of the connection are kept there, and ends; then
    /// the lane opens its own: never two at a time.
    ///
    /// # Errors
    /// No connection, or a password is missing.
    pub async fn open(plan: Plan, password: Option<Secret>) -> Result<Self, ConnectError> {
        let (events, samples) = mpsc::channel(AHEAD);
        let (closing, closed) = watch::channel(false);
        let server = Server::new(CONN, plan, Duration::ZERO, events, closed, Routes::default());
        if let Some(password) = password {
            server.set_password(password);
        }
        let lane = Lane::Own(CONN);
        let mut first = server.open(lane).await?;
        let info = server.info(&mut first).await;
        first.close().await;
        server.set_pid(lane, 0);
        let (mailbox, asks) = mpsc::unbounded_channel();
        tokio::spawn(Monitor::new(Arc::new(server), asks).run());
        Ok(Self { info, samples, mailbox, _closing: closing })
    }

    /// Samples this so often, the first one at once.
    pub fn every(&self, probe: Probe, every: Duration) {
        // The lane ends only with its mailbox.
        let _ = self.mailbox.send(Ask::Every(probe, Some(every)));
    }

    /// The next sample; `None`: there will be none.
    pub async fn next(&mut self) -> Option<Sample> {
        loop {
            if let Event::Sample(_, sample) = self.samples.recv().await? {
                return Some(*sample);
            }
        }
    }
}
