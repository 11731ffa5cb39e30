//! What the catalog knows of the relations of a plan, and the findings that stand on it.

use super::{PlanPane, opened::Opened};
use crate::{
    core::{
        effect::{Effect, Statement},
        event::News,
        ids::{JobId, Lane},
        pane::Cx,
        world::World,
    },
    data::plan::findings::{Known, findings},
    sql::known,
};
use std::sync::Arc;

/// Bytes of the answer at most.
const CREDIT: u64 = 8 << 20;

/// A plan whose relations are being looked up.
#[derive(Debug)]
pub(super) struct Looking {
    job: JobId,
    /// The plan's number.
    plan: u64,
    got: String,
}

impl PlanPane {
    /// What is to be said of a plan by what it tells itself.
    pub(super) fn judge(&self, opened: &mut Opened, world: &World) {
        let known = self.server_knows(opened, world);
        opened.set_findings(findings(&opened.plan, &opened.figures, &known));
    }

    /// What is known without asking; nothing of a plan that may be another server's.
    fn server_knows(&self, opened: &Opened, world: &World) -> Known {
        if opened.asked.is_none() {
            return Known::default();
        }
        let version = world.server().and_then(|s| s.info.as_ref()).map(|i| i.version_num);
        Known { version, hypopg: self.hypopg(world).is_some(), ..Known::default() }
    }

    /// Asks the catalog about the relations of the plan on the screen.
    pub(super) fn look_up(&mut self, cx: &mut Cx<'_>) {
        let Some(opened) = self.open.as_ref().map(|o| &o.plan).filter(|o| o.asked.is_some() && !o.looked_up)
        else {
            return;
        };
        let Some(parameters) = known::parameters(&opened.plan) else { return };
        let statements = vec![Statement::read(known::QUERY, parameters, vec![1009, 1009])];
        let lane = Lane::Read(cx.world.active);
        let job = cx.start(|job| Effect::Execute { job, lane, statements, credit: CREDIT });
        self.looking = Some(Looking { job, plan: opened.id, got: String::new() });
    }

    /// News of what was looked up; `false`: of something else.
    pub(super) fn known_news(&mut self, job: JobId, news: &News, cx: &mut Cx<'_>) -> bool {
        let Some(looking) = self.looking.as_mut().filter(|l| l.job == job) else { return false };
        match news {
            News::Rows(batch) => {
                for row in 0..batch.len() {
                    looking.got.push_str(&String::from_utf8_lossy(batch.cell(row, 0).unwrap_or_default()));
                }
            }
            News::Resting => cx.ask(Effect::Stop { job }),
            News::Done(summary) if summary.last => {
                if let Some(looking) = self.looking.take() {
                    self.looked_up(&looking, cx.world);
                }
            }
            // The findings stay what the plan tells by itself.
            News::Failed(..) => self.looking = None,
            _ => {}
        }
        true
    }

    /// The plan is judged anew with what is known.
    fn looked_up(&mut self, looking: &Looking, world: &World) {
        let Some(open) = self.open.as_ref().filter(|o| o.plan.id == looking.plan) else { return };
        let mut opened = Opened::clone(&open.plan);
        let known = Known { hypopg: self.hypopg(world).is_some(), ..known::read(&looking.got) };
        opened.set_findings(findings(&opened.plan, &opened.figures, &known));
        opened.looked_up = true;
        let opened = Arc::new(opened);
        self.history.replace(&opened);
        if let Some(open) = &mut self.open {
            open.plan = opened;
        }
        self.follow();
    }
}
