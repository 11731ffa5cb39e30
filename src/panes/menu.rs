//! The Space menu: what can be done here, each with its key. The next key does it.

use crate::{
    core::{
        command::{Command, Scope, TABLE},
        key::Chord,
        pane::{Cx, Pane, Tell},
        world::World,
    },
    text::width,
};
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

/// See the module's first line.
#[derive(Debug)]
pub struct Menu {
    scopes: Vec<Scope>,
    rows: Vec<(String, &'static str, Command)>,
    pending: Vec<Chord>,
}

/// Moving about needs no menu.
const PLAIN: &[Command] = &[
    Command::Up,
    Command::Down,
    Command::Left,
    Command::Right,
    Command::HalfUp,
    Command::HalfDown,
    Command::PageUp,
    Command::PageDown,
    Command::NextColumn,
    Command::PreviousColumn,
    Command::Menu,
    Command::Redraw,
    Command::Suspend,
];

impl Menu {
    /// The commands of these scopes that can be done now.
    #[must_use]
    pub fn new(world: &World, scopes: &[Scope], can: impl Fn(Command) -> bool) -> Self {
        let mut rows = vec![];
        for row in TABLE {
            if PLAIN.contains(&row.command)
                || !row.scopes.iter().any(|s| scopes.contains(s))
                || !can(row.command)
            {
                continue;
            }
            if let Some(key) = world.keymap.keys_of(scopes, row.command).into_iter().next() {
                rows.push((key, row.help, row.command));
            }
        }
        // What belongs to this place first, what holds everywhere last.
        rows.sort_by_key(|(_, _, c)| c.row().scopes.iter().all(|s| *s == Scope::Global));
        Self { scopes: scopes.to_vec(), rows, pending: vec![] }
    }

    fn visible(&self, world: &World) -> Vec<(String, &'static str)> {
        if self.pending.is_empty() {
            return self.rows.iter().map(|(k, h, _)| (k.clone(), *h)).collect();
        }
        let follow = world.keymap.following(&self.scopes, &self.pending);
        follow.into_iter().map(|(k, c)| (k, c.row().help)).collect()
    }
}

impl Pane for Menu {
    fn title(&self, _: &World) -> String {
        match self.pending.as_slice() {
            [] => "What can be done here: press its key".into(),
            keys => keys.iter().map(|k| crate::core::key::pretty(*k)).collect::<Vec<_>>().join(" ") + " …",
        }
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![]
    }

    fn modal(&self) -> bool {
        true
    }

    fn command(&mut self, _: Command, cx: &mut Cx<'_>) -> bool {
        cx.tell(Tell::Close);
        false
    }

    fn typed(&mut self, chord: Chord, cx: &mut Cx<'_>) {
        if chord.key == crate::core::key::Key::Esc || (chord == Chord::char(' ') && self.pending.is_empty()) {
            return cx.tell(Tell::Close);
        }
        self.pending.push(chord);
        match cx.world.keymap.look(&self.scopes, &self.pending) {
            crate::core::keymap::Hit::Command(command) => {
                cx.tell(Tell::Close);
                cx.tell(Tell::Do(command));
            }
            crate::core::keymap::Hit::Prefix => {}
            crate::core::keymap::Hit::None => cx.tell(Tell::Close),
        }
    }

    fn wants(&self, world: &World, most: (u16, u16)) -> (u16, u16) {
        let columns = columns(most.0);
        (most.0, most.1.min(self.visible(world).len().div_ceil(columns) as u16))
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        let rows = self.visible(world);
        let columns = columns(area.width);
        let per = rows.len().div_ceil(columns).max(1).max(area.height as usize);
        let cells = area.width as usize / columns;
        for (n, (key, help)) in rows.iter().enumerate() {
            let (column, y) = (n / per, n % per);
            if column >= columns || y >= area.height as usize {
                continue;
            }
            let line = Line::from(vec![
                Span::styled(width::left(key, 9), world.theme.style("key")),
                Span::styled(
                    width::clip(help, cells.saturating_sub(11)).into_owned(),
                    world.theme.style("popup"),
                ),
            ]);
            let place = Rect {
                x: area.x + (column * cells) as u16,
                y: area.y + y as u16,
                width: cells as u16,
                height: 1,
            };
            frame.render_widget(line, place);
        }
    }
}

fn columns(cells: u16) -> usize {
    (cells as usize / 46).clamp(1, 4)
}
