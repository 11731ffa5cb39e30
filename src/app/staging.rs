//! Staged changes of the active connection: steps, the draft on disk, and the draft of last time.

use super::{APP, App};
use crate::{
    core::{
        effect::Effect,
        ids::{ConnId, JobId},
        pane::{PaneKind, Popup, Tell, Tone},
    },
    data::edits::{Change, Stage},
    text::{clean, units},
};
use std::sync::Arc;

/// What the keys of these drafts begin with.
const EDITS: &str = "draft.edits.";
/// Question: take up the draft of last time?
pub const DRAFT: &str = "draft";

/// A draft of last time that was found and not yet answered for.
#[derive(Debug, Default)]
pub struct Drafts {
    /// Being recalled: the job, and for which connection.
    pub asked: Option<(JobId, ConnId)>,
    /// Found, waiting for the answer; kept with what is staged while the answer is "later".
    found: Vec<Change>,
}

impl App {
    /// Does a step and keeps the draft.
    pub(super) fn stage(&mut self, step: Stage) {
        let Some(server) = self.world.conns.get_mut(&self.world.active) else { return };
        if let Err(why) = Arc::make_mut(&mut server.staged).stage(step) {
            return self.say(Tone::Note, why);
        }
        self.keep_draft();
        self.world_changed();
    }

    /// Everything was applied.
    pub(super) fn applied(&mut self, relations: Vec<u32>, inverse: Vec<Change>) {
        if let Some(server) = self.world.conns.get_mut(&self.world.active) {
            server.inverse = inverse.clone();
        }
        self.stage(Stage::Applied);
        for at in 0..self.slots.len() {
            let tell = Tell::Applied { relations: relations.clone(), inverse: vec![] };
            self.on_pane(at, |pane, cx| pane.told(tell, cx));
        }
        let popups: Vec<_> = self.popups.iter().map(|p| p.id).collect();
        for id in popups {
            let tell = Tell::Applied { relations: relations.clone(), inverse: vec![] };
            self.on_id(id, |pane, cx| pane.told(tell, cx));
        }
    }

    fn draft_key(&self) -> Option<String> {
        Some(format!("{EDITS}{}", self.world.place()?))
    }

    fn keep_draft(&mut self) {
        let (Some(key), Some(staged)) = (self.draft_key(), self.world.staged()) else { return };
        let changes: Vec<&Change> =
            self.drafts.found.iter().chain(staged.changes().iter().map(|c| &**c)).collect();
        let value = if changes.is_empty() { None } else { serde_json::to_string(&changes).ok() };
        self.out.push(Effect::Keep { key, value });
    }

    /// A draft cannot be written, or can again.
    pub(super) fn draft_trouble(&mut self, key: String, trouble: Option<String>) {
        let edits = key.starts_with(EDITS);
        let Some(why) = trouble else {
            self.unkept.remove(&key);
            return self.say(Tone::Ok, "The draft can be written again, and is");
        };
        let (what, then) = if edits {
            ("What is staged", "It is all here, but a crash would lose it; the next change tries again")
        } else {
            ("The SQL text", "It is all here, but a crash would lose it; the next key tries again")
        };
        let why = clean::line(&why).into_owned();
        self.say(Tone::Error, format!("{what} cannot be kept as a draft: {why}. {then}."));
        self.unkept.insert(key, why);
    }

    /// The text of SQL that is lost by leaving.
    pub(super) fn unkept_text(&self) -> Option<String> {
        let (_, why) = self.unkept.iter().find(|(k, _)| !k.starts_with(EDITS))?;
        Some(format!("The text in SQL is LOST by leaving: its draft cannot be written ({why})."))
    }

    /// Before leaving: the draft that could not be written is tried once more.
    pub(super) fn keep_unkept(&mut self) {
        if self.unkept.keys().any(|k| k.starts_with(EDITS)) {
            self.keep_draft();
        }
    }

    /// The connection is up: asks for what was staged last time.
    pub(super) fn recall_draft(&mut self, conn: ConnId) {
        let empty = self.world.staged().is_none_or(|s| s.is_empty());
        if let Some(key) = self.draft_key().filter(|_| empty) {
            let job = self.own_job(|job| Effect::Recall { job, key });
            self.drafts.asked = Some((job, conn));
        }
    }

    /// The draft of last time came.
    pub(super) fn draft_came(&mut self, text: Option<String>) {
        let Some((_, conn)) = self.drafts.asked.take() else { return };
        let Some(text) = text else { return };
        let found: Vec<Change> = match serde_json::from_str(&text) {
            Ok(found) => found,
            Err(_) => {
                return self
                    .say(Tone::Warning, "The draft of staged changes cannot be read; it is left as it is");
            }
        };
        if found.is_empty() || conn != self.world.active {
            return;
        }
        let mut tables: Vec<&str> = found.iter().map(|c| &*c.table.name).collect();
        tables.dedup();
        tables.truncate(5);
        let text = format!(
            "{} staged last time and not applied ({}). {} guarded by what was seen then.",
            units::counted(found.len() as u64, "change was", "changes were"),
            tables.join(", "),
            if found.len() == 1 { "It is" } else { "They are" },
        );
        self.drafts.found = found;
        let buttons = vec!["Take them up".into(), "Throw them away".into(), "Later".into()];
        self.popup(APP, Popup::Confirm { question: DRAFT, title: "Staged changes".into(), text, buttons });
    }

    /// What to do with the draft.
    pub(super) fn draft_answer(&mut self, button: usize) {
        if button > 1 {
            return;
        }
        let found = std::mem::take(&mut self.drafts.found);
        match button {
            0 => {
                let found = self.found_again(found);
                self.stage(Stage::Replace(found));
                self.show(PaneKind::Browse);
                self.say(Tone::Ok, "Staged again: Ctrl+S in Browse shows the SQL");
            }
            _ => self.keep_draft(),
        }
    }

    /// Tables may have been made anew since: their names find them.
    fn found_again(&self, mut changes: Vec<Change>) -> Vec<Change> {
        let Some(catalog) = self.world.catalog() else { return changes };
        for change in &mut changes {
            let table = &mut change.table;
            if let Some(now) = catalog.find(Some(&table.schema), &table.name) {
                table.oid = now.oid;
            }
        }
        changes
    }

    /// What leaving would leave undone, in plain words.
    pub(super) fn staged_text(&self) -> Option<String> {
        let count = self.world.conns.values().map(|s| s.staged.len()).sum::<usize>() as u64;
        (count > 0).then(|| {
            let changes = units::counted(count, "change is", "changes are");
            match self.unkept.iter().find(|(k, _)| k.starts_with(EDITS)) {
                Some((_, why)) => {
                    format!("{changes} staged and not applied, and LOST by leaving: the draft cannot be written ({why}).")
                }
                None => {
                    format!("{changes} staged and not applied. The draft is kept and offered at the next start.")
                }
            }
        })
    }
}
