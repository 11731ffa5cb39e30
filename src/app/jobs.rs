//! Which pane asked for what.

use crate::core::{
    effect::Effect,
    event::News,
    ids::{ConnId, JobId, Lane, PaneId},
};
use std::{collections::HashMap, time::Duration};

/// Who asked for a job.
#[derive(Clone, Copy, Debug)]
pub struct Owner {
    /// The pane that gets the answers.
    pub pane: PaneId,
    /// Set when it runs on the user's own session: its answers tell the transaction state.
    pub own: Option<ConnId>,
    /// When it was asked, as `World::now`, while the server has not answered at all.
    pub waits: Option<Duration>,
}

/// All jobs under way.
#[derive(Debug, Default)]
pub struct Jobs(HashMap<JobId, Owner>);

impl Jobs {
    /// Notes a job.
    pub fn add(&mut self, job: JobId, pane: PaneId, effect: &Effect, now: Duration) {
        let own = match effect {
            Effect::Execute { lane: Lane::Own(conn), .. }
            | Effect::Rehearse { lane: Lane::Own(conn), .. }
            | Effect::Transfer { lane: Lane::Own(conn), .. } => Some(*conn),
            _ => None,
        };
        let asks = matches!(
            effect,
            Effect::Execute { .. }
                | Effect::Rehearse { .. }
                | Effect::Apply { .. }
                | Effect::LoadCatalog { .. }
                | Effect::Describe { .. }
        );
        self.0.insert(job, Owner { pane, own, waits: asks.then_some(now) });
    }

    /// The server answered something.
    pub fn answered(&mut self, job: JobId, news: &News) {
        let words = matches!(news, News::Columns(_) | News::Rows(_) | News::Resting | News::Catalog(_));
        if let Some(owner) = self.0.get_mut(&job).filter(|_| words) {
            owner.waits = None;
        }
    }

    /// When the oldest question was asked that has no answer at all.
    pub fn waits_since(&self) -> Option<Duration> {
        self.0.values().filter_map(|owner| owner.waits).min()
    }

    /// Who asked; `None` for a job that ended or was never asked.
    pub fn owner(&self, job: JobId) -> Option<Owner> {
        self.0.get(&job).copied()
    }

    /// The job ended.
    pub fn forget(&mut self, job: JobId) {
        self.0.remove(&job);
    }

    /// Everything a pane asked for is of no interest any more.
    pub fn forget_pane(&mut self, pane: PaneId) {
        self.0.retain(|_, o| o.pane != pane);
    }
}

/// Is this the last word of a job?
pub fn ends(news: &News) -> bool {
    match news {
        News::Done(s) => s.last,
        News::Catalog(c) => c.complete,
        News::Failed(..)
        | News::Detail(_)
        | News::Edited(_)
        | News::Written(_)
        | News::Read(_)
        | News::Saved(..)
        | News::History(_)
        | News::Servers(_)
        | News::Signalled(_)
        | News::Remembered(_) => true,
        News::Started(_)
        | News::Columns(_)
        | News::Rows(_)
        | News::Resting
        | News::Notice(_)
        | News::Notification(..)
        | News::Setting(..) => false,
    }
}
