//! A line of text to type.

use crate::{
    core::{
        command::{Command, Scope},
        key::Chord,
        pane::{Cx, Pane, Tell},
        world::World,
    },
    widgets::input::Input,
};
use ratatui::{Frame, layout::Rect};

/// See the module's first line.
#[derive(Debug)]
pub struct Line {
    question: &'static str,
    title: String,
    hint: String,
    input: Input,
}

impl Line {
    /// A line that begins with `text`.
    #[must_use]
    pub fn new(question: &'static str, title: String, text: String, hint: String) -> Self {
        Self { question, title, hint, input: Input::new(&text) }
    }
}

impl Pane for Line {
    fn title(&self, _: &World) -> String {
        self.title.clone()
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Line]
    }

    fn typing(&self) -> bool {
        true
    }

    fn modal(&self) -> bool {
        true
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        match command {
            Command::Accept => {
                cx.tell(Tell::Chosen {
                    question: self.question,
                    text: self.input.text().to_owned(),
                    index: 0,
                });
            }
            Command::Dismiss | Command::Cancel | Command::Back => cx.tell(Tell::Close),
            _ => return false,
        }
        true
    }

    fn typed(&mut self, chord: Chord, _: &mut Cx<'_>) {
        self.input.key(chord);
    }

    fn paste(&mut self, text: &str, _: &mut Cx<'_>) {
        self.input.paste(text);
    }

    fn wants(&self, _: &World, most: (u16, u16)) -> (u16, u16) {
        (most.0, 1 + u16::from(!self.hint.is_empty()))
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        self.input.draw(frame, Rect { height: 1, ..area }, &world.theme, true);
        if area.height > 1 {
            let text = crate::text::width::clip(&self.hint, area.width as usize).into_owned();
            let hint = ratatui::text::Line::styled(text, world.theme.style("text.dim"));
            frame.render_widget(hint, Rect { y: area.y + 1, height: 1, ..area });
        }
    }
}
