//! What a new row does when its key is there already.

use crate::{
    core::{
        command::{Command, Scope},
        pane::{Cx, Pane, Tell},
        world::World,
    },
    data::catalog::Detail,
};
use ratatui::{Frame, layout::Rect};
use std::sync::Arc;

/// See the module's first line.
#[derive(Debug)]
pub struct UpsertPopup {
    detail: Arc<Detail>,
    id: u64,
}

impl UpsertPopup {
    /// For this new row.
    #[must_use]
    pub fn new(detail: Arc<Detail>, id: u64) -> Self {
        Self { detail, id }
    }
}

impl Pane for UpsertPopup {
    fn title(&self, _: &World) -> String {
        format!("{} {}", self.detail.relation.name, self.id)
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Form]
    }

    fn modal(&self) -> bool {
        true
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        match command {
            Command::Dismiss => cx.tell(Tell::Close),
            _ => return false,
        }
        true
    }

    fn draw(&mut self, _: &mut Frame<'_>, _: Rect, _: &World) {}
}
