//! Keys and the mouse: to the popup on top, the pane in front, or a command.

use super::{App, TOAST};
use crate::core::{
    command::{Command, Scope},
    event::Mouse,
    key::{Chord, Key},
    keymap::Hit,
    pane::Tone,
};
use ratatui::layout::Rect;

impl App {
    pub(super) fn key(&mut self, chord: Chord) {
        let now = self.world.now;
        // An error that could be read gives way to the next key.
        self.toast.take_if(|t| t.tone == Tone::Error && now + TOAST * 3 >= t.until);
        if self.pending.is_empty() && self.top_typing() && chord.typed().is_some() {
            return self.on_top(|pane, cx| pane.typed(chord, cx));
        }
        let scopes = self.scopes();
        if !self.pending.is_empty() && chord.key == Key::Esc {
            self.pending.clear();
            return;
        }
        self.pending.push(chord);
        match self.world.keymap.look(&scopes, &self.pending) {
            Hit::Command(command) => {
                self.pending.clear();
                // Esc leaves things; a key too many must not leave the program.
                let leaving = matches!(command, Command::Back | Command::Clear)
                    && chord.key == Key::Esc
                    && self.popups.is_empty();
                if !leaving {
                    return self.command(command);
                }
                let at = self.current;
                let mut done = |command| self.on_pane(at, |pane, cx| pane.command(command, cx)) == Some(true);
                // Where there is nothing to clear, Esc leaves.
                if !done(command) && (command == Command::Back || !done(Command::Back)) {
                    self.say(Tone::Note, "Nothing to go back from (q quits)");
                }
            }
            Hit::Prefix => {}
            Hit::None if self.pending.len() == 1 => {
                self.pending.clear();
                // A list takes all keys for itself, but keeps nobody in the program.
                let list = scopes.contains(&Scope::List);
                if list && self.world.keymap.look(&[Scope::Global], &[chord]) == Hit::Command(Command::Quit) {
                    return self.quit();
                }
                self.on_top(|pane, cx| pane.typed(chord, cx));
            }
            Hit::None => {
                let keys: Vec<_> = self.pending.drain(..).map(crate::core::key::pretty).collect();
                self.say(Tone::Note, format!("{} means nothing here (? shows the keys)", keys.join(" ")));
            }
        }
    }

    pub(super) fn mouse(&mut self, mouse: Mouse) {
        let inside = |r: Rect| r.contains(ratatui::layout::Position { x: mouse.x, y: mouse.y });
        if let Some(top) = self.popups.last() {
            let (id, area) = (top.id, top.area);
            if inside(area) {
                self.on_id(id, |pane, cx| pane.mouse(mouse, cx));
            }
            return;
        }
        if mouse.kind == crate::core::event::MouseKind::Press
            && let Some((_, kind)) = self.tabs.iter().find(|(r, _)| inside(*r))
        {
            return self.show(*kind);
        }
        if inside(self.body) {
            self.on_pane(self.current, |pane, cx| pane.mouse(mouse, cx));
        }
    }
}
