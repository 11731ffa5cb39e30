//! Drawing the edit popup.

use super::{Body, Edit, State, kind, kind::Shape};
use crate::{
    core::{command::Command, world::World},
    data::catalog::ColumnInfo,
    text::width,
    widgets::{chrome, editor, paint, syntax},
};
use ratatui::{Frame, layout::Rect};

/// Lines around the value: what it is, what it was, what is wrong, the keys.
const AROUND: u16 = 4;

impl Edit {
    /// Cells and lines it would like.
    pub(super) fn size(&self, most: (u16, u16)) -> (u16, u16) {
        let lines = |n: usize| AROUND + n.min(18) as u16;
        let (w, h) = match &self.body {
            _ if self.picker.is_some() => (90, 20),
            Body::Line(_) => (76, lines(1)),
            Body::Long(_) => (120, 34),
            Body::Choice(c) => (76, lines(c.len())),
            Body::List(l) => (76, lines(l.len() + 1)),
            Body::Special(s) => {
                let (cells, lines) = s.wants();
                (cells.max(44), lines + 1)
            }
        };
        (w.min(most.0), h.min(most.1))
    }

    pub(super) fn paint(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        if area.is_empty() {
            return;
        }
        let theme = &world.theme;
        if let Body::Special(s) = &mut self.body {
            let rows = Rect { height: area.height.saturating_sub(1), ..area };
            s.draw(frame.buffer_mut(), rows, theme);
            if let Some(note) = &self.note {
                let y = area.bottom() - 1;
                let style = theme.style("input.error");
                paint::put_clipped(frame.buffer_mut(), area.x, y, area.width, note, style);
            }
            return;
        }
        // Where there is little room the value comes first, then the keys.
        let below = (area.height.saturating_sub(1)).min(3);
        let above = u16::from(area.height > 4);
        let body = Rect { y: area.y + above, height: area.height - below - above, ..area };
        if above > 0 {
            let text = self.about();
            paint::put_clipped(
                frame.buffer_mut(),
                area.x,
                area.y,
                area.width,
                &text,
                theme.style("text.dim"),
            );
        }
        if let Some(picker) = &mut self.picker {
            picker.draw(frame, body, theme);
        } else {
            self.paint_body(frame, body, world);
        }
        let mut y = body.bottom();
        let mut line = |frame: &mut Frame<'_>, text: &str, name: &str| {
            if y < area.bottom() {
                paint::put_clipped(frame.buffer_mut(), area.x, y, area.width, text, theme.style(name));
            }
            y += 1;
        };
        if below > 2 {
            line(frame, &self.was(), "text.dim");
        }
        if below > 1 {
            let (text, name) = self.message();
            line(frame, &text, name);
        }
        if below > 0 {
            let keys = self.keys(world);
            let rows: Vec<(&str, &str)> = keys.iter().map(|(k, t)| (k.as_str(), *t)).collect();
            let place = Rect { y: area.bottom() - 1, height: 1, ..area };
            chrome::hints(frame.buffer_mut(), place, &rows, theme);
        }
    }

    fn paint_body(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        let theme = &world.theme;
        let instead = match self.state {
            State::Text => None,
            State::Null => Some("‹null›".to_owned()),
            State::Default => Some(self.not_given()),
            State::Now => Some("now()".to_owned()),
        };
        let json = self.shape == Shape::Json;
        let buf = frame.buffer_mut();
        match &mut self.body {
            Body::Line(e) | Body::Long(e) => {
                let area = if e.numbers { area } else { Rect { height: area.height.min(1), ..area } };
                if let Some(text) = instead {
                    paint::fill(buf, area, theme.style("input"));
                    paint::put(buf, area.x, area.y, 1, " ", theme.style("input.cursor"));
                    let room = area.width.saturating_sub(2);
                    paint::put_clipped(buf, area.x + 2, area.y, room, &text, theme.style("grid.cell.null"));
                    return;
                }
                let empty = kind::takes_empty(&self.column);
                e.placeholder = if empty { "‹empty text›".into() } else { String::new() };
                let mut colour: Box<editor::Colour<'_>> = if json {
                    Box::new(|line, _, spans| {
                        let lines = [line.to_owned()];
                        spans.extend(syntax::colour("json", &lines).into_iter().flatten());
                        Default::default()
                    })
                } else {
                    Box::new(editor::plain)
                };
                e.draw(buf, area, theme, true, &mut *colour);
            }
            Body::Choice(c) => c.draw(buf, area, theme),
            Body::List(l) => l.draw(buf, area, theme),
            Body::Special(_) => {}
        }
    }

    /// What stands for a value that is not given.
    fn not_given(&self) -> String {
        if kind::has_default(&self.column) {
            return format!("DEFAULT {}", kind::default_text(&self.column));
        }
        if self.column.not_null { "‹required›".into() } else { "‹not given: null›".into() }
    }

    /// What the column is.
    fn about(&self) -> String {
        let ColumnInfo { type_name, not_null, comment, .. } = &self.column;
        let mut parts = vec![type_name.clone()];
        if *not_null {
            parts.push("NOT NULL".into());
        }
        if kind::has_default(&self.column) {
            parts.push(format!("default {}", kind::default_text(&self.column)));
        }
        if let Some(key) = kind::reference(&self.ask.detail, &self.column) {
            let columns = key.to_columns.join(", ");
            parts.push(format!("→ {}.{}({columns})", key.to.0, key.to.1));
        }
        parts.extend(comment.clone());
        parts.join(" · ")
    }

    /// What it was, when it is something else now.
    fn was(&self) -> String {
        if self.is_new() {
            return String::new();
        }
        let same = match self.state {
            State::Text => self.ask.seen.as_deref().is_some_and(|s| self.holds_text(s)),
            State::Null => self.ask.seen.is_none(),
            State::Default | State::Now => false,
        };
        match &self.ask.seen {
            _ if same => String::new(),
            None => "was: ‹null›".into(),
            Some(s) if s.is_empty() => "was: ‹empty text›".into(),
            Some(s) => format!("was: {}", width::head(s, 400)),
        }
    }

    /// Is this the text, without making a copy of a long one?
    fn holds_text(&self, text: &str) -> bool {
        match &self.body {
            Body::Line(e) | Body::Long(e) => {
                e.len() == text.len() && text.split('\n').eq(e.lines().iter().map(String::as_str))
            }
            _ => self.text() == text,
        }
    }

    fn message(&self) -> (String, &'static str) {
        if let Some(note) = &self.note {
            return (format!("✗ {note}"), "input.error");
        }
        if let Some(problem) = &self.problem {
            return (format!("✗ {}", problem.text), "input.error");
        }
        if !self.also.is_empty() {
            let shown = |t: Option<&str>| t.map_or("‹null›".to_owned(), str::to_owned);
            let each: Vec<String> = (self.also.iter())
                .map(|(name, text)| {
                    let was = self.held(name).map(|w| format!(" (was {})", shown(w.as_deref())));
                    format!("{name} = {}{}", shown(text.as_deref()), was.unwrap_or_default())
                })
                .collect();
            return (format!("with it: {}", each.join(", ")), "text");
        }
        match (&self.body, self.state) {
            (Body::Choice(_) | Body::List(_), State::Default) => {
                (format!("now: {}", self.not_given()), "text.dim")
            }
            (Body::List(_), State::Null) => ("now: ‹null›".into(), "text.dim"),
            _ if self.labels_job.is_some() => ("reading the labels …".into(), "text.dim"),
            _ => (String::new(), "text"),
        }
    }

    /// The keys that do something here.
    fn keys(&self, world: &World) -> Vec<(String, &'static str)> {
        use Command as C;
        let scopes = crate::core::pane::Pane::scopes(self);
        let nullable = !self.column.not_null;
        let referring = kind::reference(&self.ask.detail, &self.column).is_some();
        let wanted: Vec<(C, &'static str)> = if self.picker.is_some() {
            vec![(C::Accept, "take"), (C::Dismiss, "back")]
        } else {
            let mut out = match &self.body {
                Body::Long(_) => vec![(C::TakeLong, "stage"), (C::Leave, "leave")],
                _ => vec![(C::Take, "stage"), (C::Leave, "leave")],
            };
            match &self.body {
                Body::List(_) => out.extend([
                    (C::AddElement, "add"),
                    (C::RemoveElement, "remove"),
                    (C::SetNull, "NULL"),
                    (C::OtherForm, "raw"),
                    (C::ElementUp, "move"),
                ]),
                Body::Choice(_) if nullable => out.extend([(C::SetNull, "NULL"), (C::OtherForm, "raw")]),
                Body::Choice(_) => out.push((C::OtherForm, "raw")),
                _ => {
                    if referring {
                        out.push((C::PickValue, "choose"));
                    }
                    if nullable {
                        out.push((C::SetNull, "NULL"));
                    }
                    if self.shape == Shape::Time {
                        out.extend([(C::StepUp, "step"), (C::WriteNow, "now"), (C::WriteToday, "today")]);
                    }
                    if matches!(self.shape, Shape::Text | Shape::Json | Shape::Bytes | Shape::Array) {
                        out.push((C::EditOutside, "$EDITOR"));
                        out.push((C::OtherForm, "other form"));
                    }
                }
            }
            out
        };
        let key = |c: C| world.keymap.keys_of(&scopes, c).into_iter().find(|k| k.chars().count() > 1);
        wanted.into_iter().filter_map(|(c, text)| Some((key(c)?, text))).collect()
    }
}
