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

/// What is said above the status line, line by line, with the theme's names of their styles.
pub(super) struct Said {
    cells: usize,
    lines: Vec<(String, &'static str)>,
}

impl Said {
    pub(super) fn new(cells: u16) -> Self {
        Self { cells: usize::from(cells.saturating_sub(4)).max(20), lines: vec![] }
    }

    /// Adds a text, wrapped.
    pub(super) fn add(&mut self, mark: &str, text: &str, style: &'static str) {
        for line in text.lines() {
            let line = clean::line(line);
            for (n, part) in width::wrap(&line, self.cells).into_iter().enumerate() {
                let mark = if n == 0 { mark } else { " " };
                self.lines.push((format!(" {mark} {}", line[part].trim_start()), style));
            }
        }
    }

    /// Adds that it was tried again in vain: where stands above.
    pub(super) fn add_tried(&mut self, why: &str) {
        let why = why.rsplit_once(" failed: ").map_or(why, |(_, why)| why);
        self.add("✗", &format!("Tried again: {why}"), "message.error");
    }

    /// The lines there is room for. With little of it the advice goes first if `advice_first`; the last line, what can
    /// be done now, stays.
    pub(super) fn fit(self, height: u16, advice_first: bool) -> Vec<(String, &'static str)> {
        let mut lines = self.lines;
        let most = ROWS.min(usize::from(height / 3));
        if lines.len() > most && advice_first {
            let mut advice = false;
            lines.retain(|(line, _)| {
                advice = line.starts_with(" →") || advice && line.starts_with("   ");
                !advice
            });
        }
        if lines.len() > most {
            let last = lines.split_off(lines.len() - 1);
            lines.truncate(most.saturating_sub(1));
            lines.extend(last);
        }
        lines
    }
}

impl App {
    /// What is said, line by line, with the theme's name of its style; empty while the connection is up.
    pub(super) fn trouble(&self, cells: u16) -> Vec<(String, &'static str)> {
        let Some(server) = self.world.server() else { return vec![] };
        let Some(trouble) = &server.trouble else { return self.silence(cells) };
        let asked = matches!(server.link, Some(Link::NeedsPassword(..)));
        let head = if trouble.lost.is_some() { "Connection lost" } else { "Not connected" };
        let mut said = Said::new(cells);
        said.add("✗", &format!("{head}: {}", trouble.error.message), "message.error");
        if let Some(detail) = &trouble.error.detail {
            said.add(" ", detail, "message.error");
        }
        if let Some(tried) = &trouble.tried {
            said.add_tried(&tried.message);
        }
        for hint in trouble.error.hint.iter().flat_map(|h| h.lines()) {
            said.add("→", hint, "message.notice");
        }
        if let Some(lost) = &trouble.lost {
            let mut text = lost.clone();
            if let Some(first) = text.get_mut(..1) {
                first.make_ascii_uppercase();
            }
            said.add("·", &format!("{text}. Nothing is sent again by itself."), "message.warning");
        }
        let staged = match server.staged.len() {
            0 => String::new(),
            1 => "1 staged change, ".into(),
            n => format!("{n} staged changes, "),
        };
        if trouble.lost.is_some() || !staged.is_empty() {
            said.add(
                "·",
                &format!("Kept: {staged}what you have typed, and what is on the screen."),
                "message.notice",
            );
        }
        let key = self.retry_key();
        let now = match (&server.link, trouble.next) {
            _ if asked => "The password is asked for.".into(),
            (Some(Link::Connecting(_)), _) => "Trying again now …".into(),
            (_, Some(at)) => {
                let left = at.saturating_sub(self.world.now).as_secs_f64().ceil();
                format!("Trying again in {left:.0} s · {key} tries now · :c connects elsewhere")
            }
            _ => format!("{key} tries again · :c connects elsewhere"),
        };
        said.add("·", &now, "message.notice");
        said.fit(self.world.size.1, trouble.lost.is_some())
    }

    /// The key that tries again.
    pub(super) fn retry_key(&self) -> String {
        let keys = self.world.keymap.keys_of(&[Scope::Global], Command::Refresh);
        keys.into_iter().next().unwrap_or_else(|| "F5".into())
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
