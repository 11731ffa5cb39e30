//! Leaving: asks when something would be lost.

use super::{APP, App};
use crate::core::{
    effect::{Effect, Statement},
    event::Tx,
    ids::Lane,
    pane::Popup,
};

/// The question's name.
pub const QUESTION: &str = "quit";
/// The question's name when a transaction is open.
pub const QUESTION_TX: &str = "quit-transaction";

impl App {
    /// Leaves at once when nothing would be lost, otherwise asks.
    pub(super) fn quit(&mut self) {
        self.keep_unkept();
        let popups = self.popups.iter().filter_map(|p| p.pane.holds(&self.world));
        let held = self.slots.iter().filter_map(|s| s.pane.holds(&self.world)).chain(popups);
        let held: Vec<String> = held.chain(self.staged_text()).chain(self.unkept_text()).collect();
        let tx = self.world.server().map_or(Tx::Idle, |s| s.tx);
        let mut text = held.join("\n");
        match tx {
            Tx::Open => {
                if !text.to_lowercase().contains("transaction") {
                    text = format!("A transaction is open.\n{text}").trim_end().to_owned();
                }
                self.popup(
                    APP,
                    Popup::Confirm {
                        question: QUESTION_TX,
                        title: "Quit".into(),
                        text,
                        buttons: vec!["Commit and quit".into(), "Roll back and quit".into(), "Stay".into()],
                    },
                );
            }
            _ if text.is_empty() => self.leave(),
            _ => self.popup(
                APP,
                Popup::Confirm {
                    question: QUESTION,
                    title: "Quit".into(),
                    text,
                    buttons: vec!["Quit".into(), "Stay".into()],
                },
            ),
        }
    }

    /// The answer to the question with a transaction open.
    pub(super) fn quit_answer(&mut self, button: usize) {
        let conn = self.world.active;
        let sql = match button {
            0 => "COMMIT",
            1 => "ROLLBACK",
            _ => return,
        };
        let statements = vec![Statement { sql: sql.into(), ..Statement::default() }];
        let job = self.own_job(|job| Effect::Execute { job, lane: Lane::Own(conn), statements, credit: 0 });
        self.quitting = Some(job);
    }

    /// Leaves without asking: panes free what they hold.
    pub(super) fn leave(&mut self) {
        for at in 0..self.slots.len() {
            self.on_pane(at, |pane, cx| pane.closed(cx));
        }
        self.out.push(Effect::Quit);
    }
}
