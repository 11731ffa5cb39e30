//! The commands the app does itself, when the pane on top did not.

use super::{APP, App};
use crate::core::{
    command::Command,
    effect::Effect,
    event::Link,
    pane::{PaneKind, Popup, Running, Tone},
};

/// Question: terminate the backend?
pub const TERMINATE: &str = "terminate";
/// The line after `:`.
pub const COMMAND_LINE: &str = "command-line";

impl App {
    pub(super) fn own_command(&mut self, command: Command) {
        match command {
            Command::Help => self.open_help(),
            Command::Menu => self.open_menu(),
            Command::GoTo => self.open_palette(),
            Command::CommandLine => self.popup(
                APP,
                Popup::Line {
                    question: COMMAND_LINE,
                    title: "Command".into(),
                    text: String::new(),
                    hint: ":q quit · :c CONNECTION · :theme NAME · \\d TABLE · \\dt \\dv \\df \\dn \\di \\l · any command's name".into(),
                },
            ),
            Command::Cancel => self.cancel(),
            Command::Back if !self.popups.is_empty() => {
                if let Some(top) = self.popups.last() {
                    self.close(top.id);
                }
            }
            Command::Back | Command::Quit => self.quit(),
            Command::Redraw => self.out.push(Effect::Redraw),
            Command::Suspend => self.out.push(Effect::Suspend),
            Command::Connect => self.pick_server(),
            Command::LookAs => self.look_as(),
            Command::Refresh if self.disconnected() => self.reconnect(None),
            Command::Dismiss => {
                if let Some(top) = self.popups.last() {
                    self.close(top.id);
                }
            }
            other => match PaneKind::of(other) {
                Some(kind) => self.show(kind),
                None => self.say(Tone::Note, format!("{}: not here", other.row().help)),
            },
        }
    }

    /// True when the active connection is not up and nothing is trying.
    pub(super) fn disconnected(&self) -> bool {
        self.world.server().is_none_or(|s| {
            matches!(s.link, None | Some(Link::Failed(_) | Link::Lost(..) | Link::NeedsPassword(..)))
        })
    }

    /// Connects the active connection anew, to the same place or another, although nothing is there to be kept.
    pub(super) fn reconnect(&mut self, spec: Option<String>) {
        let conn = self.world.active;
        if let Some(server) = self.world.conns.get_mut(&conn) {
            // A new connection knows nothing of it; where one stays it is taken up again.
            self.going.look = server.look.take();
        }
        self.out.push(Effect::Connect { conn, spec });
    }

    /// What runs, the pane on top first.
    pub(super) fn running(&self) -> Option<Running> {
        let top = self.popups.last().and_then(|p| p.pane.running());
        top.or_else(|| self.slots[self.current].pane.running())
            .or_else(|| self.slots.iter().find_map(|s| s.pane.running()))
    }

    /// First press: cancel. Second press for the same job: offer to terminate its backend.
    fn cancel(&mut self) {
        match self.running() {
            None if self.going.place().is_some() => self.stay(Tone::Note, "Not connected elsewhere"),
            None => self.say(Tone::Note, "Nothing runs here (q goes back or quits)"),
            Some(r) if self.cancelled == Some(r.job) => self.popup(
                APP,
                Popup::Confirm {
                    question: TERMINATE,
                    title: "Still running".into(),
                    text: format!(
                        "The server has not ended it yet: {}.\nTerminating its backend ends the whole session: its transaction, settings and temporary tables are lost.",
                        r.what
                    ),
                    buttons: vec!["Terminate".into(), "Wait".into()],
                },
            ),
            Some(r) => {
                self.cancelled = Some(r.job);
                self.out.push(Effect::Cancel { job: r.job });
            }
        }
    }
}
