//! A list to choose from, narrowed by typing.

use crate::{
    core::{
        command::{Command, Scope},
        event::{Mouse, MouseKind},
        key::Chord,
        pane::{Cx, Pane, Tell},
        world::World,
    },
    widgets::finder::{Finder, Item},
};
use ratatui::{Frame, layout::Rect};

/// See the module's first line.
#[derive(Debug)]
pub struct Pick {
    question: &'static str,
    title: String,
    finder: Finder,
}

impl Pick {
    /// Items: text and a dim remark.
    #[must_use]
    pub fn new(question: &'static str, title: String, items: Vec<(String, String)>) -> Self {
        let items = items.into_iter().map(|(text, remark)| Item { text, remark, tag: "" }).collect();
        Self { question, title, finder: Finder::new(items) }
    }

    fn choose(&self, cx: &mut Cx<'_>) {
        if let Some((index, item)) = self.finder.chosen() {
            cx.tell(Tell::Chosen { question: self.question, text: item.text.clone(), index });
        }
    }
}

impl Pane for Pick {
    fn title(&self, _: &World) -> String {
        self.title.clone()
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::List]
    }

    fn typing(&self) -> bool {
        true
    }

    fn modal(&self) -> bool {
        true
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        match command {
            Command::Accept => self.choose(cx),
            Command::Dismiss | Command::Cancel => cx.tell(Tell::Close),
            other => return self.finder.command(other),
        }
        true
    }

    fn typed(&mut self, chord: Chord, _: &mut Cx<'_>) {
        self.finder.key(chord);
    }

    fn paste(&mut self, text: &str, _: &mut Cx<'_>) {
        self.finder.paste(text);
    }

    fn mouse(&mut self, mouse: Mouse, cx: &mut Cx<'_>) {
        if self.finder.mouse(mouse) && matches!(mouse.kind, MouseKind::Press | MouseKind::Double) {
            self.choose(cx);
        }
    }

    fn wants(&self, _: &World, most: (u16, u16)) -> (u16, u16) {
        (most.0.min(90), most.1.min(self.finder.len() as u16 + 2))
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        self.finder.draw(frame, area, &world.theme);
    }
}
