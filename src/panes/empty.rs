//! A pane with nothing in it.

use crate::core::{
    command::{Command, Scope},
    pane::{Cx, Pane},
    world::World,
};
use ratatui::{Frame, layout::Rect};

/// A title and nothing else.
#[derive(Debug)]
pub struct Empty(pub &'static str);

impl Pane for Empty {
    fn title(&self, _: &World) -> String {
        self.0.into()
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![]
    }

    fn command(&mut self, _: Command, _: &mut Cx<'_>) -> bool {
        false
    }

    fn draw(&mut self, _: &mut Frame<'_>, _: Rect, _: &World) {}
}
