//! Terminal events as ours.

use crate::core::{
    event::{Event, Mouse, MouseKind},
    key::{Chord, Key},
};
use crossterm::event::{self as term, KeyCode, KeyEventKind, KeyModifiers, MouseButton, MouseEventKind};
use std::time::{Duration, Instant};

/// Two presses within this time on one cell are a double click.
const DOUBLE: Duration = Duration::from_millis(400);

/// Turns terminal events into ours; remembers the last click.
#[derive(Debug, Default)]
pub struct Input {
    last: Option<(Instant, u16, u16)>,
}

impl Input {
    /// `None` for what the program does not care about (releases, moves, focus).
    pub fn event(&mut self, event: term::Event, now: Instant) -> Option<Event> {
        match event {
            term::Event::Key(key) if key.kind != KeyEventKind::Release => chord(key).map(Event::Key),
            term::Event::Paste(text) => Some(Event::Paste(text.replace("\r\n", "\n").replace('\r', "\n"))),
            term::Event::Resize(w, h) => Some(Event::Resize(w, h)),
            term::Event::Mouse(mouse) => self.mouse(mouse, now).map(Event::Mouse),
            _ => None,
        }
    }

    fn mouse(&mut self, mouse: term::MouseEvent, now: Instant) -> Option<Mouse> {
        let (x, y) = (mouse.column, mouse.row);
        let kind = match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => {
                let twice = self
                    .last
                    .is_some_and(|(at, lx, ly)| now.duration_since(at) < DOUBLE && (lx, ly) == (x, y));
                self.last = (!twice).then_some((now, x, y));
                if twice { MouseKind::Double } else { MouseKind::Press }
            }
            MouseEventKind::Drag(MouseButton::Left) => MouseKind::Drag,
            MouseEventKind::ScrollUp => MouseKind::ScrollUp,
            MouseEventKind::ScrollDown => MouseKind::ScrollDown,
            _ => return None,
        };
        Some(Mouse { kind, x, y })
    }
}

/// A key press as a chord.
fn chord(key: term::KeyEvent) -> Option<Chord> {
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    let alt = key.modifiers.contains(KeyModifiers::ALT);
    let mut shift = key.modifiers.contains(KeyModifiers::SHIFT);
    let key = match key.code {
        KeyCode::Char(c) => {
            // Terminals send Ctrl+Shift+x in either case; letters with Ctrl are lower case to us.
            let c = if ctrl { c.to_ascii_lowercase() } else { c };
            shift = false;
            Key::Char(c)
        }
        KeyCode::F(n) => Key::F(n),
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Esc,
        KeyCode::Tab if shift => {
            shift = false;
            Key::BackTab
        }
        KeyCode::BackTab => {
            shift = false;
            Key::BackTab
        }
        KeyCode::Tab => Key::Tab,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Delete => Key::Delete,
        KeyCode::Insert => Key::Insert,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        // What a terminal without the newer protocol sends for Ctrl+Space.
        KeyCode::Null => return Some(Chord { key: Key::Char(' '), ctrl: true, alt: false, shift: false }),
        _ => return None,
    };
    Some(Chord { key, ctrl, alt, shift })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::KeyEvent;

    #[test]
    fn keys_of_old_and_new_terminals_are_the_same() {
        for (code, mods, text) in [
            (KeyCode::Char('R'), KeyModifiers::CONTROL, "ctrl-r"),
            (KeyCode::Char('G'), KeyModifiers::SHIFT, "G"),
            (KeyCode::Tab, KeyModifiers::SHIFT, "shift-tab"),
            (KeyCode::BackTab, KeyModifiers::SHIFT, "shift-tab"),
            (KeyCode::Null, KeyModifiers::NONE, "ctrl-space"),
            (KeyCode::Char(' '), KeyModifiers::CONTROL, "ctrl-space"),
            (KeyCode::Enter, KeyModifiers::ALT, "alt-enter"),
        ] {
            let got = chord(KeyEvent::new(code, mods)).map(|c| c.to_string());
            assert_eq!(got.as_deref(), Some(text));
        }
    }
}
