//! A question with buttons.

use crate::core::{
    command::{Command, Scope},
    event::{Mouse, MouseKind},
    key::{Chord, Key},
    pane::{Cx, Pane, Tell},
    world::World,
};
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span, Text},
    widgets::{Paragraph, Wrap},
};

/// See the module's first line.
#[derive(Debug)]
pub struct Confirm {
    question: &'static str,
    title: String,
    text: String,
    buttons: Vec<String>,
    at: usize,
    places: Vec<Rect>,
}

impl Confirm {
    /// The last button is the harmless way out and the answer of Esc.
    #[must_use]
    pub fn new(question: &'static str, title: String, text: String, buttons: Vec<String>) -> Self {
        Self { question, title, text, buttons, at: 0, places: vec![] }
    }

    fn answer(&self, button: usize, cx: &mut Cx<'_>) {
        cx.tell(Tell::Answer { question: self.question, button });
    }

    /// The letter that presses a button: its first one that no earlier button has.
    fn letter(&self, button: usize) -> Option<char> {
        let mut taken = vec![];
        for (n, text) in self.buttons.iter().enumerate() {
            let c =
                text.chars().flat_map(char::to_lowercase).find(|c| c.is_alphanumeric() && !taken.contains(c));
            if n == button {
                return c;
            }
            taken.extend(c);
        }
        None
    }
}

impl Pane for Confirm {
    fn title(&self, _: &World) -> String {
        self.title.clone()
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Confirm]
    }

    fn modal(&self) -> bool {
        true
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        let n = self.buttons.len().max(1);
        match command {
            Command::Accept => self.answer(self.at, cx),
            Command::Dismiss | Command::Back => self.answer(n - 1, cx),
            Command::NextButton => self.at = (self.at + 1) % n,
            Command::PreviousButton => self.at = (self.at + n - 1) % n,
            _ => return false,
        }
        true
    }

    fn typed(&mut self, chord: Chord, cx: &mut Cx<'_>) {
        if let Some(c) = chord.typed()
            && let Some(n) = (0..self.buttons.len()).find(|n| self.letter(*n) == Some(c.to_ascii_lowercase()))
        {
            self.answer(n, cx);
        } else if chord == Chord::plain(Key::Char('q')) {
            self.answer(self.buttons.len().saturating_sub(1), cx);
        }
    }

    fn mouse(&mut self, mouse: Mouse, cx: &mut Cx<'_>) {
        let at = ratatui::layout::Position { x: mouse.x, y: mouse.y };
        if mouse.kind == MouseKind::Press
            && let Some(n) = self.places.iter().position(|r| r.contains(at))
        {
            self.answer(n, cx);
        }
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        let theme = &world.theme;
        let text: Text<'_> =
            self.text.lines().map(|l| Line::raw(crate::text::clean::line(l).into_owned())).collect();
        let body = Rect { height: area.height.saturating_sub(2), ..area };
        frame
            .render_widget(Paragraph::new(text).wrap(Wrap { trim: false }).style(theme.style("popup")), body);
        let y = area.bottom().saturating_sub(1);
        let mut x = area.x;
        self.places.clear();
        for (n, button) in self.buttons.iter().enumerate() {
            let label = match self.letter(n) {
                Some(c) => format!(" {button} ({c}) "),
                None => format!(" {button} "),
            };
            let width = u16::try_from(crate::text::width::width(&label))
                .unwrap_or(u16::MAX)
                .min(area.right().saturating_sub(x));
            let place = Rect { x, y, width, height: 1 };
            let style = if n == self.at { theme.style("button.active") } else { theme.style("button") };
            let mark = if n == self.at { label.replacen(' ', "▸", 1) } else { label };
            frame.render_widget(Line::from(Span::styled(mark, style)), place);
            self.places.push(place);
            x = x.saturating_add(width + 1);
        }
    }
}
