//! What the catalog knows of the relations of a plan, and the findings that stand on it.

use super::{PlanPane, ask::array, opened::Opened};
use crate::{
    core::{
        effect::{Effect, Statement},
        event::News,
        ids::{JobId, Lane},
        pane::Cx,
        world::World,
    },
    data::plan::findings::{Known, KnownForeignKey, KnownIndex, KnownRelation, findings},
    sql::quote::ident,
};
use serde_json::Value;
use std::{collections::BTreeSet, sync::Arc};

/// Relations that are asked about at most.
const MOST: usize = 200;
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
        let names: BTreeSet<String> = opened
            .plan
            .nodes
            .iter()
            .filter_map(|n| Some(format!("{}.{}", ident(n.schema.as_ref()?), ident(n.relation.as_ref()?))))
            .collect();
        if names.is_empty() {
            return;
        }
        let names: Vec<String> = names.into_iter().take(MOST).collect();
        let text = include_str!("../../../queries/plan/known.sql");
        let statements = vec![Statement::read(text, vec![Some(array(&names))], vec![1009])];
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
        let Ok(answer) = serde_json::from_str::<Value>(&looking.got) else { return };
        let mut opened = Opened::clone(&open.plan);
        let known = Known {
            relations: list(&answer["relations"]).map(relation).collect(),
            foreign_keys: list(&answer["foreign_keys"]).map(foreign_key).collect(),
            ..self.server_knows(&opened, world)
        };
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

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn texts(value: &Value) -> Vec<String> {
    list(value).map(text).collect()
}

fn relation(value: &Value) -> KnownRelation {
    KnownRelation {
        schema: text(&value["schema"]),
        name: text(&value["name"]),
        rows: value["rows"].as_f64(),
        last_analyze: value["last_analyze"].as_str().map(str::to_owned),
        changed_since_analyze: value["changed"].as_f64(),
        partition_key: texts(&value["partition_key"]),
        indexes: list(&value["indexes"]).map(index).collect(),
    }
}

fn index(value: &Value) -> KnownIndex {
    KnownIndex {
        name: text(&value["name"]),
        method: text(&value["method"]),
        keys: texts(&value["keys"]),
        predicate: value["predicate"].as_str().map(str::to_owned),
        valid: value["valid"].as_bool().unwrap_or(true),
    }
}

fn foreign_key(value: &Value) -> KnownForeignKey {
    KnownForeignKey {
        name: text(&value["name"]),
        from: (text(&value["from_schema"]), text(&value["from"])),
        columns: texts(&value["columns"]),
        to: (text(&value["to_schema"]), text(&value["to"])),
    }
}
