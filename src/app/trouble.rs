//! The state of a connection that is not there: what happened, what was lost, what is kept, what to do.

use super::App;
use crate::{
    core::{
        command::{Command, Scope},
        event::Link,
    },
    text::{clean, width},
};
use ratatui::{Frame, layout::Rect, text::Line, widgets::Clear};

/// Most lines it takes.
const ROWS: usize = 9;

impl App {
    /// What is said, line by line, with the theme's name of its style; empty while the connection is up.
    pub(super) fn trouble(&self, cells: u16) -> Vec<(String, &'static str)> {
        let Some(server) = self.world.server() else { return vec![] };
        let Some(trouble) = &server.trouble else { return vec![] };
        let asked = matches!(server.link, Some(Link::NeedsPassword(..)));
        let head = if trouble.lost.is_some() { "Connection lost" } else { "Not connected" };
        let mut out = vec![];
        let cells = usize::from(cells.saturating_sub(4)).max(20);
        let mut add = |mark: &str, text: &str, style: &'static str| {
            for line in text.lines() {
                let line = clean::line(line);
                for (n, part) in width::wrap(&line, cells).into_iter().enumerate() {
                    let mark = if n == 0 { mark } else { " " };
                    out.push((format!(" {mark} {}", line[part].trim_start()), style));
                }
            }
        };
        add("✗", &format!("{head}: {}", trouble.error.message), "message.error");
        if let Some(detail) = &trouble.error.detail {
            add(" ", detail, "message.error");
        }
        if let Some(tried) = &trouble.tried {
            // Where it was tried stands above.
            let why = tried.message.rsplit_once(" failed: ").map_or(&*tried.message, |(_, why)| why);
            add("✗", &format!("Tried again: {why}"), "message.error");
        }
        for hint in trouble.error.hint.iter().flat_map(|h| h.lines()) {
            add("→", hint, "message.notice");
        }
        if let Some(lost) = &trouble.lost {
            let mut text = lost.clone();
            if let Some(first) = text.get_mut(..1) {
                first.make_ascii_uppercase();
            }
            add("·", &format!("{text}. Nothing is sent again by itself."), "message.warning");
        }
        let staged = match server.staged.len() {
            0 => String::new(),
            1 => "1 staged change, ".into(),
            n => format!("{n} staged changes, "),
        };
        if trouble.lost.is_some() || !staged.is_empty() {
            add(
                "·",
                &format!("Kept: {staged}what you have typed, and what is on the screen."),
                "message.notice",
            );
        }
        let key = self.world.keymap.keys_of(&[Scope::Global], Command::Refresh);
        let key = key.first().map_or("F5", String::as_str);
        let now = match (&server.link, trouble.next) {
            _ if asked => "The password is asked for.".into(),
            (Some(Link::Connecting(_)), _) => "Trying again now …".into(),
            (_, Some(at)) => {
                let left = at.saturating_sub(self.world.now).as_secs_f64().ceil();
                format!("Trying again in {left:.0} s · {key} tries now · :c connects elsewhere")
            }
            _ => format!("{key} tries again · :c connects elsewhere"),
        };
        add("·", &now, "message.notice");
        // Where there is little room the advice goes first; the last line, what can be done now, stays.
        let most = ROWS.min(usize::from(self.world.size.1 / 3));
        if out.len() > most && trouble.lost.is_some() {
            let mut advice = false;
            out.retain(|(line, _)| {
                advice = line.starts_with(" →") || advice && line.starts_with("   ");
                !advice
            });
        }
        if out.len() > most {
            let last = out.split_off(out.len() - 1);
            out.truncate(most.saturating_sub(1));
            out.extend(last);
        }
        out
    }

    pub(super) fn draw_trouble(&self, frame: &mut Frame<'_>, area: Rect, lines: &[(String, &'static str)]) {
        let theme = &self.world.theme;
        frame.render_widget(Clear, area);
        frame.buffer_mut().set_style(area, theme.style("popup"));
        for (y, (text, style)) in (area.y..area.bottom()).zip(lines) {
            let text = width::clip(text, area.width as usize).into_owned();
            frame.render_widget(Line::styled(text, theme.style(style)), Rect { y, height: 1, ..area });
        }
    }
}
