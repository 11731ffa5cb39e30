//! A form: labelled input lines with a hint, a list of choices, and an error under each field.

use super::{input::Input, paint};
use crate::{
    core::{
        command::Command,
        key::{Chord, Key},
        theme::Theme,
    },
    text::{clean, width},
};
use ratatui::{Frame, layout::Rect};

/// One field.
#[derive(Clone, Debug, Default)]
pub struct Field {
    /// Its name, at the left.
    pub label: String,
    /// The type or unit, dim behind the label.
    pub hint: String,
    /// What it means, under the line while the field has the focus.
    pub help: String,
    /// What it may be set to; Left and Right (and Space on an empty line) go through them.
    pub choices: Vec<String>,
    /// What is wrong with it, shown under the line.
    pub error: Option<String>,
    /// The text; use `set` to change it.
    pub input: Input,
    /// The value is NULL (no text at all); typing ends it.
    pub null: bool,
}

impl Field {
    /// A field of this label, hint and first text.
    #[must_use]
    pub fn new(label: &str, hint: &str, text: &str) -> Self {
        Self { label: label.into(), hint: hint.into(), input: Input::new(text), ..Self::default() }
    }

    /// The value: `None` is NULL.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        if self.null { None } else { Some(self.input.text()) }
    }

    fn choose(&mut self, forward: bool) {
        let count = self.choices.len();
        let now = self.choices.iter().position(|c| c == self.input.text());
        let next = match now {
            None => 0,
            Some(n) if forward => (n + 1) % count,
            Some(n) => (n + count - 1) % count,
        };
        let text = self.choices[next].clone();
        self.input.set(&text);
        self.null = false;
        self.error = None;
    }
}

/// The state of a form.
#[derive(Clone, Debug, Default)]
pub struct Form {
    /// The fields in order.
    pub fields: Vec<Field>,
    at: usize,
    top: usize,
    lines: Vec<(u16, usize)>,
}

impl Form {
    /// A form of these fields, the first with the focus.
    #[must_use]
    pub fn new(fields: Vec<Field>) -> Self {
        Self { fields, ..Self::default() }
    }

    /// Number of the field with the focus.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// The focus to a field.
    pub fn go(&mut self, field: usize) {
        self.at = field.min(self.fields.len().saturating_sub(1));
    }

    /// The focus to the first field with an error; `false` when there is none.
    pub fn go_error(&mut self) -> bool {
        let wrong = self.fields.iter().position(|f| f.error.is_some());
        if let Some(at) = wrong {
            self.at = at;
        }
        wrong.is_some()
    }

    /// Lines the form needs to show all of itself.
    #[must_use]
    pub fn height(&self) -> u16 {
        self.fields.iter().enumerate().map(|(n, f)| self.field_lines(n, f)).sum()
    }

    fn field_lines(&self, number: usize, field: &Field) -> u16 {
        let below = field.error.is_some() || (number == self.at && !below(field).is_empty());
        1 + u16::from(below)
    }

    /// Moves between fields; `false`: not the form's.
    pub fn command(&mut self, command: Command) -> bool {
        let count = self.fields.len().max(1);
        self.at = match command {
            Command::NextField => (self.at + 1) % count,
            Command::PreviousField => (self.at + count - 1) % count,
            _ => return false,
        };
        true
    }

    /// A key for the field with the focus; true when its value changed.
    pub fn key(&mut self, chord: Chord) -> bool {
        let Some(field) = self.fields.get_mut(self.at) else { return false };
        let plain = !chord.ctrl && !chord.alt;
        if !field.choices.is_empty() && plain {
            let known =
                field.input.text().is_empty() || field.choices.iter().any(|c| c == field.input.text());
            let forward = match chord.key {
                Key::Right if known => Some(true),
                Key::Left if known => Some(false),
                Key::Char(' ') if field.input.text().is_empty() => Some(true),
                _ => None,
            };
            if let Some(forward) = forward {
                field.choose(forward);
                return true;
            }
        }
        let was_null = field.null;
        // Ctrl+N: no value at all, which is another thing than an empty text.
        if chord.key == Key::Char('n') && chord.ctrl {
            field.null = true;
            field.input.clear();
            field.error = None;
            return !was_null;
        }
        let changed = field.input.key(chord);
        if changed {
            field.null = false;
            field.error = None;
        }
        changed
    }

    /// Pasted text for the field with the focus.
    pub fn paste(&mut self, text: &str) {
        if let Some(field) = self.fields.get_mut(self.at) {
            field.input.paste(text);
            field.null = false;
            field.error = None;
        }
    }

    /// The focus to the field at this line of the screen.
    pub fn click(&mut self, y: u16) -> bool {
        let hit = self.lines.iter().find(|(line, _)| *line == y).map(|(_, field)| *field);
        if let Some(field) = hit {
            self.at = field;
        }
        hit.is_some()
    }

    /// Draws the fields that fit, the one with the focus among them.
    pub fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, theme: &Theme, focused: bool) {
        let area = area.intersection(frame.area());
        self.lines.clear();
        self.scroll(area.height);
        let label = self.fields.iter().map(label_width).max().unwrap_or(0);
        let label = (label as u16 + 2).min(area.width / 2);
        let mut y = area.y;
        for number in self.top..self.fields.len() {
            if y >= area.bottom() {
                break;
            }
            self.draw_field(frame, Rect { y, height: 1, ..area }, (number, label), theme, focused);
            y += 1;
            let field = &self.fields[number];
            let (text, name) = match &field.error {
                Some(e) => (format!("✗ {e}"), "input.error"),
                None if number == self.at => (below(field), "text.dim"),
                None => continue,
            };
            if !text.is_empty() && y < area.bottom() {
                let room = area.width.saturating_sub(label);
                paint::put_clipped(frame.buffer_mut(), area.x + label, y, room, &text, theme.style(name));
                y += 1;
            }
        }
    }

    fn draw_field(
        &mut self,
        frame: &mut Frame<'_>,
        area: Rect,
        (number, label): (usize, u16),
        theme: &Theme,
        focused: bool,
    ) {
        let here = focused && number == self.at;
        let field = &self.fields[number];
        self.lines.push((area.y, number));
        let buf = frame.buffer_mut();
        let name = if here { "text.strong" } else { "text" };
        let sign = if here { "▸ " } else { "  " };
        let x = paint::put(buf, area.x, area.y, label, sign, theme.style(name));
        let room = (area.x + label).saturating_sub(x + 1);
        let x = paint::put_clipped(buf, x, area.y, room, &field.label, theme.style(name));
        let room = (area.x + label).saturating_sub(x + 2);
        if !field.hint.is_empty() && room > 2 {
            paint::put_clipped(buf, x + 1, area.y, room, &field.hint, theme.style("text.dim"));
        }
        let place = Rect { x: area.x + label, width: area.width - label, ..area };
        field.input.draw(frame, place, theme, here);
        if field.null {
            let x = place.x + u16::from(here);
            let room = place.right().saturating_sub(x);
            paint::put(frame.buffer_mut(), x, place.y, room, "‹null›", theme.style("grid.cell.null"));
        }
    }

    fn scroll(&mut self, height: u16) {
        self.at = self.at.min(self.fields.len().saturating_sub(1));
        self.top = self.top.min(self.at);
        let needed = |top: usize, form: &Self| -> u16 {
            (top..=form.at).filter_map(|n| Some(form.field_lines(n, form.fields.get(n)?))).sum()
        };
        while self.top < self.at && needed(self.top, self) > height {
            self.top += 1;
        }
    }
}

fn label_width(field: &Field) -> usize {
    let hint = if field.hint.is_empty() { 0 } else { width::width(&clean::line(&field.hint)) + 1 };
    2 + width::width(&clean::line(&field.label)) + hint
}

fn below(field: &Field) -> String {
    let choices = field.choices.join(" · ");
    match (field.help.is_empty(), choices.is_empty()) {
        (true, true) => String::new(),
        (false, true) => field.help.clone(),
        (true, false) => format!("←→ {choices}"),
        (false, false) => format!("{} (←→ {choices})", field.help),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::{Terminal, backend::TestBackend};

    fn screen(form: &mut Form, width: u16, height: u16) -> String {
        let mut t = Terminal::new(TestBackend::new(width, height)).expect("screen");
        t.draw(|f| form.draw(f, f.area(), &Theme::default(), true)).expect("drawn");
        let buf = t.backend().buffer();
        let line = |y| (0..width).map(|x| buf[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
        (0..height).map(line).collect::<Vec<_>>().join("\n")
    }

    fn form() -> Form {
        let mut status = Field::new("status", "text", "open");
        status.choices = vec!["open".into(), "closed".into()];
        let mut since = Field::new("since", "date", "");
        since.help = "first day".into();
        Form::new(vec![status, since, Field::new("limit", "int", "10")])
    }

    fn keys(f: &mut Form, keys: &str) {
        for k in keys.split(' ') {
            f.key(Chord::parse(k).expect(k));
        }
    }

    #[test]
    fn fields_choices_and_errors() {
        let mut f = form();
        f.fields[2].error = Some("not a whole number".into());
        assert_eq!(
            screen(&mut f, 44, 6),
            "▸ status text  open\n               ←→ open · closed\n  since date\n  limit int    10\n               ✗ not a whole number\n"
        );
        keys(&mut f, "right");
        assert_eq!(f.fields[0].value(), Some("closed"));
        keys(&mut f, "right left");
        assert_eq!(f.fields[0].value(), Some("closed"));
        assert!(f.go_error());
        keys(&mut f, "backspace");
        assert_eq!((f.fields[2].value(), f.fields[2].error.as_deref()), (Some("1"), None));
        f.command(Command::NextField);
        assert_eq!(f.at(), 0);
        assert!(f.click(2));
        assert_eq!(f.at(), 1);
    }

    #[test]
    fn null_is_not_empty() {
        let mut f = form();
        f.go(1);
        assert_eq!(f.fields[1].value(), Some(""));
        keys(&mut f, "ctrl-n");
        assert_eq!(f.fields[1].value(), None);
        assert!(screen(&mut f, 44, 6).contains("‹null›"));
        keys(&mut f, "x");
        assert_eq!(f.fields[1].value(), Some("x"));
    }

    #[test]
    fn small_areas_show_the_focus() {
        let mut f = form();
        f.go(2);
        assert!(screen(&mut f, 30, 1).contains("limit"));
        for w in 1..8 {
            screen(&mut f, w, 2);
        }
        Form::default().key(Chord::char('x'));
    }
}
