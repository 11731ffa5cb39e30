//! A form to fill in: each field is checked as far as its type tells before the answer is given.

use crate::{
    core::{
        command::{Command, Scope},
        event::{Mouse, MouseKind},
        key::Chord,
        pane::{Cx, FormField, Pane, Tell},
        world::World,
    },
    data::check,
    text::{clean, width},
    widgets::{
        form::{Field, Form},
        paint,
    },
};
use ratatui::{Frame, layout::Rect};

/// See the module's first line.
#[derive(Debug)]
pub struct FormPopup {
    question: &'static str,
    title: String,
    text: String,
    kinds: Vec<(String, bool)>,
    form: Form,
}

impl FormPopup {
    /// A form of these fields.
    #[must_use]
    pub fn new(question: &'static str, title: String, text: String, fields: Vec<FormField>) -> Self {
        let kinds = fields.iter().map(|f| (f.type_name.clone(), f.only_choices)).collect();
        let fields = fields
            .into_iter()
            .map(|f| {
                let mut field = Field::new(&f.label, &f.type_name, f.value.as_deref().unwrap_or(""));
                field.help = f.help;
                field.choices = f.choices;
                field.null = f.value.is_none();
                field
            })
            .collect();
        Self { question, title, text, kinds, form: Form::new(fields) }
    }

    /// Notes what is wrong at each field; `true` when nothing is.
    fn check(&mut self) -> bool {
        for (field, (type_name, only)) in self.form.fields.iter_mut().zip(&self.kinds) {
            let value = field.value().map(str::to_owned);
            field.error = value.and_then(|v| {
                if *only && !field.choices.contains(&v) {
                    return Some(format!("must be one of {}", field.choices.join(", ")));
                }
                check::value(type_name, &v).err().map(|what| format!("must be {what} (Ctrl+N: NULL)"))
            });
        }
        !self.form.go_error()
    }

    fn lines(&self, cells: u16) -> Vec<String> {
        let text = clean::text(&self.text).into_owned();
        text.lines()
            .flat_map(|l| {
                width::wrap(l, usize::from(cells.max(1)))
                    .into_iter()
                    .map(|r| l[r].to_owned())
                    .collect::<Vec<_>>()
            })
            .collect()
    }
}

impl Pane for FormPopup {
    fn title(&self, _: &World) -> String {
        self.title.clone()
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Form]
    }

    fn typing(&self) -> bool {
        true
    }

    fn modal(&self) -> bool {
        true
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        match command {
            Command::Accept => {
                if self.check() {
                    let values = self.form.fields.iter().map(|f| f.value().map(str::to_owned)).collect();
                    cx.tell(Tell::Filled { question: self.question, values });
                }
            }
            Command::Dismiss | Command::Cancel | Command::Back => cx.tell(Tell::Close),
            other => return self.form.command(other),
        }
        true
    }

    fn typed(&mut self, chord: Chord, _: &mut Cx<'_>) {
        self.form.key(chord);
    }

    fn paste(&mut self, text: &str, _: &mut Cx<'_>) {
        self.form.paste(text);
    }

    fn mouse(&mut self, mouse: Mouse, _: &mut Cx<'_>) {
        if matches!(mouse.kind, MouseKind::Press | MouseKind::Double) {
            self.form.click(mouse.y);
        }
    }

    fn wants(&self, _: &World, most: (u16, u16)) -> (u16, u16) {
        let cells = most.0.min(72);
        let text = self.lines(cells).len();
        let text = if text > 0 { text as u16 + 1 } else { 0 };
        // Room for a help or error line below the fields.
        (cells, (text + self.form.height() + 1).min(most.1))
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        let mut lines = self.lines(area.width);
        // The fields come first where there is little room.
        lines.truncate(usize::from(area.height.saturating_sub(self.form.height() + 2)));
        for (n, line) in lines.iter().enumerate() {
            let y = area.y + n as u16;
            paint::put(frame.buffer_mut(), area.x, y, area.width, line, world.theme.style("text.dim"));
        }
        let above = if lines.is_empty() { 0 } else { lines.len() as u16 + 1 };
        let rest = Rect { y: area.y + above, height: area.height.saturating_sub(above), ..area };
        self.form.draw(frame, rest, &world.theme, true);
    }
}
