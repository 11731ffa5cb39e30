//! A question with buttons.

use crate::{
    core::{
        command::{Command, Scope},
        event::{Mouse, MouseKind},
        key::{Chord, Key},
        pane::{Cx, Pane, Tell},
        world::World,
    },
    text::{clean, units, width},
};
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span, Text},
    widgets::{Paragraph, Wrap},
};
use std::time::Duration;

/// The narrowest question, in cells.
const LEAST: usize = 36;

/// See the module's first line.
#[derive(Debug)]
pub struct Confirm {
    question: &'static str,
    title: String,
    text: String,
    buttons: Vec<String>,
    at: usize,
    /// Since when a transaction is open: its age is a line below the text.
    since: Option<Duration>,
    /// When the age is drawn anew.
    next: Duration,
    places: Vec<Rect>,
}

impl Confirm {
    /// The last button is the harmless way out and the answer of Esc.
    #[must_use]
    pub fn new(question: &'static str, title: String, text: String, buttons: Vec<String>) -> Self {
        // With more than one way to act, Enter pressed in haste does nothing.
        let at = if buttons.len() > 2 { buttons.len() - 1 } else { 0 };
        Self { question, title, text, buttons, at, since: None, next: Duration::ZERO, places: vec![] }
    }

    /// A transaction is open since then.
    #[must_use]
    pub fn since(mut self, since: Duration) -> Self {
        self.since = Some(since);
        self
    }

    /// The text, and the age of the transaction.
    fn whole(&self, world: &World) -> String {
        match self.since {
            None => self.text.clone(),
            Some(since) => {
                let age = world.now.saturating_sub(since).as_secs();
                let age = units::duration(Duration::from_secs(age));
                format!("{}\nThe transaction is open for {age} and holds its locks.", self.text)
            }
        }
    }

    fn answer(&self, button: usize, cx: &mut Cx<'_>) {
        cx.tell(Tell::Answer { question: self.question, button });
    }

    /// A button as it is shown.
    fn label(&self, n: usize) -> String {
        let button = self.buttons.get(n).map_or("", String::as_str);
        match self.letter(n) {
            Some(c) => format!(" {button} ({c}) "),
            None => format!(" {button} "),
        }
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

    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.next = cx.world.now + Duration::from_secs(1);
    }

    fn wants_tick(&self) -> Option<Duration> {
        self.since.map(|_| self.next)
    }

    fn wants(&self, world: &World, most: (u16, u16)) -> (u16, u16) {
        let cells = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        let buttons: usize = (0..self.buttons.len()).map(|n| width::width(&self.label(n)) + 1).sum();
        let text = self.whole(world);
        let lines: Vec<_> = text.lines().map(clean::line).collect();
        let text = lines.iter().map(|l| width::width(l)).max().unwrap_or(0);
        let wide = cells(buttons.max(text).max(LEAST)).min(most.0);
        let high: usize = lines.iter().map(|l| width::wrap(l, wide.max(1) as usize).len().max(1)).sum();
        (wide, cells(high + 2).min(most.1))
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        let theme = &world.theme;
        let text = self.whole(world);
        let text: Text<'_> = text.lines().map(|l| Line::raw(clean::line(l).into_owned())).collect();
        let body = Rect { height: area.height.saturating_sub(2), ..area };
        frame
            .render_widget(Paragraph::new(text).wrap(Wrap { trim: false }).style(theme.style("popup")), body);
        let y = area.bottom().saturating_sub(1);
        let mut x = area.x;
        self.places.clear();
        for n in 0..self.buttons.len() {
            let label = self.label(n);
            let width =
                u16::try_from(width::width(&label)).unwrap_or(u16::MAX).min(area.right().saturating_sub(x));
            let place = Rect { x, y, width, height: 1 };
            let style = if n == self.at { theme.style("button.active") } else { theme.style("button") };
            let mark = if n == self.at { label.replacen(' ', "▸", 1) } else { label };
            frame.render_widget(Line::from(Span::styled(mark, style)), place);
            self.places.push(place);
            x = x.saturating_add(width + 1);
        }
    }
}
