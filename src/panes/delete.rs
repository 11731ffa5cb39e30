//! Rows to delete, and what goes with them.

use crate::core::{
    command::{Command, Scope},
    pane::{Cx, DeleteAsk, Pane, Tell},
    world::World,
};
use ratatui::{Frame, layout::Rect};

/// See the module's first line.
#[derive(Debug)]
pub struct Delete {
    ask: DeleteAsk,
}

impl Delete {
    /// A popup for what was asked.
    #[must_use]
    pub fn new(ask: DeleteAsk) -> Self {
        Self { ask }
    }
}

impl Pane for Delete {
    fn title(&self, _: &World) -> String {
        self.ask.detail.relation.name.to_string()
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Confirm]
    }

    fn modal(&self) -> bool {
        true
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        match command {
            Command::Leave | Command::Dismiss => cx.tell(Tell::Close),
            _ => return false,
        }
        true
    }

    fn draw(&mut self, _: &mut Frame<'_>, _: Rect, _: &World) {}
}
