//! A question that is answered by typing a word: a key pressed in haste does not do.

use crate::{
    core::{
        command::{Command, Scope},
        key::Chord,
        pane::{Cx, Pane, Tell},
        world::World,
    },
    text::{clean, width},
    widgets::input::Input,
};
use ratatui::{Frame, layout::Rect, text::Line};

/// The narrowest question, in cells.
const LEAST: usize = 44;

/// See the module's first line.
#[derive(Debug)]
pub struct Typed {
    question: &'static str,
    title: String,
    text: String,
    word: String,
    input: Input,
    /// Something else was typed.
    wrong: bool,
}

impl Typed {
    /// Asks for `word`.
    #[must_use]
    pub fn new(question: &'static str, title: String, text: String, word: String) -> Self {
        Self { question, title, text, word, input: Input::new(""), wrong: false }
    }

    /// Lines above the input, wrapped to so many cells.
    fn wrapped(&self, cells: u16) -> Vec<String> {
        let cells = usize::from(cells.max(1));
        let mut out = vec![];
        for line in self.lines() {
            match width::wrap(&line, cells) {
                parts if parts.is_empty() => out.push(line),
                parts => out.extend(parts.into_iter().map(|at| line[at].trim_end().to_owned())),
            }
        }
        out
    }

    /// Lines above the input.
    fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.text.lines().map(|l| clean::line(l).into_owned()).collect();
        lines.push(String::new());
        let not = if self.wrong { "That is not it. " } else { "" };
        lines.push(format!("{not}Type {} and Enter to go on, Esc leaves:", clean::line(&self.word)));
        lines
    }
}

impl Pane for Typed {
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
            Command::Accept if self.input.text() == self.word => {
                cx.tell(Tell::Answer { question: self.question, button: 0 });
            }
            Command::Accept => self.wrong = true,
            Command::Dismiss | Command::Cancel | Command::Back => {
                cx.tell(Tell::Answer { question: self.question, button: 1 });
            }
            _ => return false,
        }
        true
    }

    fn typed(&mut self, chord: Chord, _: &mut Cx<'_>) {
        self.wrong = false;
        self.input.key(chord);
    }

    fn wants(&self, _: &World, most: (u16, u16)) -> (u16, u16) {
        let cells = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        let wide = self.lines().iter().map(|l| width::width(l)).max().unwrap_or(0).max(LEAST);
        let wide = cells(wide).min(most.0);
        (wide, cells(self.wrapped(wide).len() + 1).min(most.1))
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        let theme = &world.theme;
        let lines = self.wrapped(area.width);
        // What must be typed is in view, whatever must go for it.
        let rows = usize::from(area.height.saturating_sub(1));
        let keep = lines.len().saturating_sub(1).min(rows.saturating_sub(1));
        let shown = lines.iter().take(keep).chain(lines.last());
        for (line, y) in shown.zip(area.y..area.bottom()) {
            let style = if self.wrong && Some(line) == lines.last() { "message.error" } else { "popup" };
            let text = width::clip(line, area.width as usize).into_owned();
            frame.render_widget(Line::styled(text, theme.style(style)), Rect { y, height: 1, ..area });
        }
        let y = area.bottom().saturating_sub(1);
        self.input.draw(frame, Rect { y, height: 1, ..area }, theme, true);
    }
}
