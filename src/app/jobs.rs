//! Which pane asked for what.

use crate::core::{
    effect::Effect,
    event::News,
    ids::{ConnId, JobId, Lane, PaneId},
};
use std::collections::HashMap;

/// Who asked for a job.
#[derive(Clone, Copy, Debug)]
pub struct Owner {
    /// The pane that gets the answers.
    pub pane: PaneId,
    /// Set when it runs on the user's own session: its answers tell the transaction state.
    pub own: Option<ConnId>,
}

/// All jobs under way.
#[derive(Debug, Default)]
pub struct Jobs(HashMap<JobId, Owner>);

impl Jobs {
    /// Notes a job.
    pub fn add(&mut self, job: JobId, pane: PaneId, effect: &Effect) {
        let own = match effect {
            Effect::Execute { lane: Lane::Own(conn), .. }
            | Effect::Rehearse { lane: Lane::Own(conn), .. }
            | Effect::Transfer { lane: Lane::Own(conn), .. } => Some(*conn),
            _ => None,
        };
        self.0.insert(job, Owner { pane, own });
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
