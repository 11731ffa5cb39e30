//! All staged changes: list, SQL, apply, conflicts.

use crate::core::{
    command::{Command, Scope},
    pane::{Cx, Pane, Tell},
    world::World,
};
use ratatui::{Frame, layout::Rect};

/// See the module's first line.
#[derive(Debug, Default)]
pub struct Changes {}

impl Pane for Changes {
    fn title(&self, _: &World) -> String {
        "Staged changes".into()
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Changes]
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        match command {
            Command::Back => cx.tell(Tell::Close),
            _ => return false,
        }
        true
    }

    fn draw(&mut self, _: &mut Frame<'_>, _: Rect, _: &World) {}
}
