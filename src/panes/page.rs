//! A page to read: help and long messages.

use crate::{
    core::{
        command::{Command, Scope},
        event::{Mouse, MouseKind},
        key::{Chord, Key},
        pane::{Cx, Pane, Popup, Tell, Tone},
        world::World,
    },
    text::{clean, width},
};
use ratatui::{Frame, layout::Rect, text::Line};

/// See the module's first line.
#[derive(Debug)]
pub struct Page {
    title: String,
    /// As it was given: copied as it is.
    text: String,
    lines: Vec<String>,
    top: usize,
    height: usize,
    rows: usize,
    needle: String,
}

const FIND: &str = "find";

impl Page {
    /// A page of this text; what the server wrote in it is made harmless.
    #[must_use]
    pub fn new(title: String, text: String) -> Self {
        let lines = text.lines().map(|l| clean::line(l).into_owned()).collect();
        Self { title, text, lines, top: 0, height: 1, rows: 0, needle: String::new() }
    }

    fn last_top(&self) -> usize {
        self.rows.saturating_sub(self.height)
    }

    fn find(&mut self, back: bool, cx: &mut Cx<'_>) {
        let needle = self.needle.to_lowercase();
        if needle.is_empty() {
            return;
        }
        let n = self.lines.len();
        let hit = (1..=n)
            .map(|step| if back { (self.top + n - step % n) % n } else { (self.top + step) % n })
            .find(|at| self.lines[*at].to_lowercase().contains(&needle));
        match hit {
            Some(at) => self.top = at.min(self.last_top()),
            None => cx.toast(Tone::Note, format!("\"{}\" is not on this page", self.needle)),
        }
    }
}

impl Pane for Page {
    fn title(&self, _: &World) -> String {
        self.title.clone()
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Page]
    }

    fn modal(&self) -> bool {
        true
    }

    fn can(&self, command: Command, _: &World) -> bool {
        !matches!(command, Command::FindNext | Command::FindPrevious) || !self.needle.is_empty()
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        let page = self.height.max(1);
        match command {
            Command::Up => self.top = self.top.saturating_sub(1),
            Command::Down => self.top += 1,
            Command::HalfUp => self.top = self.top.saturating_sub(page / 2),
            Command::HalfDown => self.top += page / 2,
            Command::PageUp => self.top = self.top.saturating_sub(page),
            Command::PageDown => self.top += page,
            Command::First => self.top = 0,
            Command::Last => self.top = usize::MAX,
            Command::Back => cx.tell(Tell::Close),
            Command::FindNext => self.find(false, cx),
            Command::FindPrevious => self.find(true, cx),
            Command::Find => cx.popup(Popup::Line {
                question: FIND,
                title: "Find on this page".into(),
                text: self.needle.clone(),
                hint: "n and N go on".into(),
            }),
            _ => return false,
        }
        self.top = self.top.min(self.last_top());
        true
    }

    fn typed(&mut self, chord: Chord, cx: &mut Cx<'_>) {
        // Who has read it presses what takes things elsewhere.
        if chord == Chord::plain(Key::Enter) {
            cx.tell(Tell::Close);
        } else if chord == Chord::char('y') {
            cx.copy(self.text.clone(), "Copied the text of this page");
        }
    }

    fn told(&mut self, tell: Tell, cx: &mut Cx<'_>) {
        if let Tell::Chosen { question: FIND, text, .. } = tell {
            self.needle = text;
            self.find(false, cx);
        }
    }

    fn mouse(&mut self, mouse: Mouse, _: &mut Cx<'_>) {
        match mouse.kind {
            MouseKind::ScrollUp => self.top = self.top.saturating_sub(3),
            MouseKind::ScrollDown => self.top = (self.top + 3).min(self.last_top()),
            _ => {}
        }
    }

    fn wants(&self, _: &World, most: (u16, u16)) -> (u16, u16) {
        let widest =
            self.lines.iter().map(|l| width::width(l)).max().unwrap_or(0).max(width::width(&self.title));
        let wide = most.0.min(widest as u16 + 2);
        let rows: usize =
            self.lines.iter().map(|l| width::wrap(l, usize::from(wide.max(1))).len().max(1)).sum();
        (wide, u16::try_from(rows).unwrap_or(u16::MAX).min(most.1))
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        let theme = &world.theme;
        let cells = area.width.max(1) as usize;
        let mut rows = 0;
        self.height = area.height as usize;
        for line in &self.lines {
            // Long lines wrap; a heading has no indent.
            for part in width::wrap(line, cells) {
                if rows >= self.top && rows < self.top + self.height {
                    let y = area.y + (rows - self.top) as u16;
                    let hit =
                        !self.needle.is_empty() && line.to_lowercase().contains(&self.needle.to_lowercase());
                    let style = match (hit, line.starts_with(' ')) {
                        (true, _) => theme.style("text.mark"),
                        (_, true) => theme.style("popup"),
                        (_, false) => theme.style("popup.title"),
                    };
                    let text = line[part].to_owned();
                    frame.render_widget(Line::styled(text, style), Rect { y, height: 1, ..area });
                }
                rows += 1;
            }
        }
        self.rows = rows;
        self.top = self.top.min(self.last_top());
    }
}
