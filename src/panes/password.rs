//! The password prompt.

use crate::{
    core::{
        command::Command,
        command::Scope,
        effect::Secret,
        ids::ConnId,
        key::{Chord, Key},
        pane::{Cx, Pane, Tell},
        world::World,
    },
    text::{clean, width},
    widgets::input::Input,
};
use ratatui::{Frame, layout::Rect, text::Line};

/// Asks for the password of a connection. Its keys are its own: it must work before anything else does.
#[derive(Debug)]
pub struct Password {
    conn: ConnId,
    prompt: String,
    error: Option<String>,
    input: Input,
}

impl Password {
    /// `prompt` says for whom and where; `error` is what came of the last one.
    #[must_use]
    pub fn new(conn: ConnId, prompt: String, error: Option<String>) -> Self {
        let line = |s: String| clean::line(&s).into_owned();
        Self { conn, prompt: line(prompt), error: error.map(line), input: Input::masked() }
    }

    /// What came of the last one, in lines of this width.
    fn said(&self, cells: u16) -> Vec<String> {
        let Some(error) = &self.error else { return vec![] };
        let parts = width::wrap(error, usize::from(cells).max(10));
        parts.into_iter().map(|part| error[part].trim_start().to_owned()).collect()
    }

    fn give(&mut self, password: Option<Secret>, cx: &mut Cx<'_>) {
        self.input.clear();
        cx.tell(Tell::Password(self.conn, password));
    }
}

impl Pane for Password {
    fn title(&self, _: &World) -> String {
        "Password".into()
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![]
    }

    fn typing(&self) -> bool {
        true
    }

    fn modal(&self) -> bool {
        true
    }

    fn asks_password(&self) -> Option<ConnId> {
        Some(self.conn)
    }

    fn command(&mut self, _: Command, _: &mut Cx<'_>) -> bool {
        true
    }

    fn typed(&mut self, chord: Chord, cx: &mut Cx<'_>) {
        match chord.key {
            Key::Enter => {
                let secret = Secret(self.input.text().to_owned());
                self.give(Some(secret), cx);
            }
            Key::Esc => self.give(None, cx),
            Key::Char('c') if chord.ctrl => self.give(None, cx),
            _ => {
                self.input.key(chord);
            }
        }
    }

    fn paste(&mut self, text: &str, _: &mut Cx<'_>) {
        self.input.paste(text.trim_end_matches('\n'));
    }

    fn wants(&self, _: &World, most: (u16, u16)) -> (u16, u16) {
        let widest = width::width(&self.prompt).max(self.error.as_deref().map_or(0, width::width));
        let cells = most.0.min((widest as u16).clamp(56, 76) + 2);
        (cells, 3 + self.said(cells).len() as u16)
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        let theme = &world.theme;
        let cells = area.width as usize;
        let mut rows = (area.y..area.bottom()).map(|y| Rect { y, height: 1, ..area });
        let mut line = |text: &str, name: &str| {
            if let Some(row) = rows.next() {
                let text = width::clip(text, cells).into_owned();
                frame.render_widget(Line::styled(text, theme.style(name)), row);
            }
        };
        let told = self.said(area.width);
        for part in &told {
            line(part, "message.error");
        }
        line(&self.prompt, "popup");
        line("", "popup");
        line("Enter connects, Esc gives up. It is kept in memory only.", "text.dim");
        let y = area.y + 1 + told.len() as u16;
        if y < area.bottom() {
            self.input.draw(frame, Rect { y, height: 1, ..area }, theme, true);
        }
    }
}
