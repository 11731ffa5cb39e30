//! One value to edit.

use crate::core::{
    command::{Command, Scope},
    pane::{Cx, EditAsk, Pane, Tell},
    world::World,
};
use ratatui::{Frame, layout::Rect};

/// See the module's first line.
#[derive(Debug)]
pub struct Edit {
    ask: EditAsk,
}

impl Edit {
    /// A popup for what was asked.
    #[must_use]
    pub fn new(ask: EditAsk) -> Self {
        Self { ask }
    }
}

impl Pane for Edit {
    fn title(&self, _: &World) -> String {
        self.ask.detail.relation.name.to_string()
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Edit]
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
