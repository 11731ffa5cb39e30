//! What a new row does when its key is there already.

use crate::{
    core::{
        command::{Command, Scope},
        event::{Mouse, MouseKind},
        key::{Chord, Key},
        pane::{Cx, Pane, Tell},
        world::World,
    },
    data::{
        catalog::Detail,
        edits::{Stage, Upsert, What},
    },
    widgets::{chrome, paint},
};
use ratatui::{Frame, layout::Rect};
use std::sync::Arc;

/// A line of the popup.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Row {
    /// Plain insert: the server refuses a row whose key is there.
    Plain,
    /// The key with this number in `targets` may be there.
    Target(usize),
    /// Then nothing is done.
    Nothing,
    /// Then the column with this number in `given` is updated.
    Update(usize),
}

/// See the module's first line.
#[derive(Debug)]
pub struct UpsertPopup {
    detail: Arc<Detail>,
    id: u64,
    /// Unique keys: name, whether it is the primary key, columns.
    targets: Vec<(String, bool, Vec<String>)>,
    /// `None`: plain insert.
    target: Option<usize>,
    /// Columns given in the new row, and whether each is updated.
    given: Vec<(String, bool)>,
    nothing: bool,
    at: usize,
    area: Rect,
}

impl UpsertPopup {
    /// For this new row.
    #[must_use]
    pub fn new(detail: Arc<Detail>, id: u64) -> Self {
        let name = |a: &i16| detail.column(*a).map(|c| c.name.clone());
        let columns = |k: &crate::data::catalog::Key| k.columns.iter().map(name).collect::<Option<Vec<_>>>();
        let targets = (detail.keys.iter())
            .filter_map(|k| Some((k.name.clone(), k.primary, columns(k).filter(|c| !c.is_empty())?)))
            .collect();
        let area = Rect::default();
        Self { detail, id, targets, target: None, given: vec![], nothing: false, at: 0, area }
    }

    /// Takes over what is staged for the row.
    fn read(&mut self, world: &World) {
        let Some(staged) = world.staged() else { return };
        let change = staged.inserts(self.detail.relation.oid).find(|(id, _)| *id == self.id);
        let Some(What::Insert { fields, upsert, .. }) = change.map(|(_, c)| &c.what) else { return };
        let target = upsert.as_ref().map(|u| &u.target);
        self.target = target.and_then(|t| self.targets.iter().position(|(_, _, c)| c == t));
        self.nothing = upsert.as_ref().is_some_and(|u| u.update.is_empty());
        self.given = fields.iter().map(|(c, _)| (c.clone(), true)).collect();
        match upsert.as_ref().filter(|u| !u.update.is_empty()) {
            Some(u) => self.given.iter_mut().for_each(|(c, on)| *on = u.update.contains(c)),
            None => self.all_but_target(),
        }
        self.at = self.rows().iter().position(|r| self.is_on(r)).unwrap_or(0);
    }

    fn all_but_target(&mut self) {
        let target = self.target.and_then(|t| self.targets.get(t)).map(|t| t.2.clone()).unwrap_or_default();
        self.given.iter_mut().for_each(|(c, on)| *on = !target.contains(c));
    }

    fn rows(&self) -> Vec<Row> {
        let mut rows = vec![Row::Plain];
        rows.extend((0..self.targets.len()).map(Row::Target));
        if let Some(target) = self.target {
            rows.push(Row::Nothing);
            let key = &self.targets[target].2;
            rows.extend((0..self.given.len()).filter(|n| !key.contains(&self.given[*n].0)).map(Row::Update));
        }
        rows
    }

    fn is_on(&self, row: &Row) -> bool {
        match row {
            Row::Plain => self.target.is_none(),
            Row::Target(n) => self.target == Some(*n),
            Row::Nothing => self.nothing,
            Row::Update(n) => !self.nothing && self.given[*n].1,
        }
    }

    fn toggle(&mut self) {
        let rows = self.rows();
        match rows.get(self.at) {
            Some(Row::Plain) => self.target = None,
            Some(Row::Target(n)) if self.target != Some(*n) => {
                self.target = Some(*n);
                self.all_but_target();
            }
            Some(Row::Nothing) => self.nothing = !self.nothing,
            Some(Row::Update(n)) => {
                let on = self.nothing || !self.given[*n].1;
                self.nothing = false;
                self.given[*n].1 = on;
            }
            Some(Row::Target(_)) | None => {}
        }
    }

    /// What is staged.
    fn upsert(&self) -> Option<Upsert> {
        let target = self.targets.get(self.target?)?.2.clone();
        let update = (self.given.iter())
            .filter(|(c, on)| *on && !self.nothing && !target.contains(c))
            .map(|(c, _)| c.clone())
            .collect();
        Some(Upsert { target, update })
    }

    /// A key whose columns are not given can only be there by a default.
    fn missing(&self) -> Option<String> {
        let target = &self.targets.get(self.target?)?.2;
        if self.given.iter().all(|(c, _)| target.contains(c)) {
            return Some("Nothing to update yet: fill the row in, g u then offers its columns".into());
        }
        let missing: Vec<&str> =
            target.iter().filter(|c| !self.given.iter().any(|(g, _)| g == *c)).map(String::as_str).collect();
        (!missing.is_empty())
            .then(|| format!("not given in the new row: {} (its default is taken)", missing.join(", ")))
    }

    /// What will happen, in words of SQL.
    fn summary(&self) -> String {
        match self.upsert() {
            None => "INSERT: a row whose key is there is refused".into(),
            Some(u) if u.update.is_empty() => format!("ON CONFLICT ({}) DO NOTHING", u.target.join(", ")),
            Some(u) => {
                format!("ON CONFLICT ({}) DO UPDATE SET {}", u.target.join(", "), u.update.join(", "))
            }
        }
    }

    fn label(&self, row: &Row) -> String {
        let mark = match (row, self.is_on(row)) {
            (Row::Plain | Row::Target(_), true) => "(•)",
            (Row::Plain | Row::Target(_), false) => "( )",
            (_, true) => "[x]",
            (_, false) => "[ ]",
        };
        match row {
            Row::Plain => format!("{mark} plain insert"),
            Row::Target(n) => {
                let (name, primary, columns) = &self.targets[*n];
                let what = if *primary { "primary key" } else { "unique" };
                format!("{mark} if ({}) is there  {what} {name}", columns.join(", "))
            }
            Row::Nothing => format!("    {mark} do nothing"),
            Row::Update(n) => format!("    {mark} update {}", self.given[*n].0),
        }
    }
}

impl Pane for UpsertPopup {
    fn title(&self, _: &World) -> String {
        format!("New row in {}: its key is there already", self.detail.relation.name)
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Form]
    }

    fn modal(&self) -> bool {
        true
    }

    fn shown(&mut self, cx: &mut Cx<'_>) {
        self.read(cx.world);
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        let count = self.rows().len();
        match command {
            Command::Accept => {
                cx.tell(Tell::Stage(Stage::SetUpsert { id: self.id, upsert: self.upsert() }));
                cx.tell(Tell::Close);
            }
            Command::Dismiss => cx.tell(Tell::Close),
            Command::NextField => self.at = (self.at + 1) % count,
            Command::PreviousField => self.at = (self.at + count - 1) % count,
            _ => return false,
        }
        true
    }

    fn typed(&mut self, chord: Chord, _: &mut Cx<'_>) {
        if matches!(chord.key, Key::Char(' ' | 'x') | Key::Right | Key::Left) {
            self.toggle();
        }
    }

    fn mouse(&mut self, mouse: Mouse, _: &mut Cx<'_>) {
        let pressed = matches!(mouse.kind, MouseKind::Press | MouseKind::Double);
        if pressed && self.area.contains((mouse.x, mouse.y).into()) {
            let at = self.top() + usize::from(mouse.y - self.area.y);
            if at < self.rows().len() {
                self.at = at;
                self.toggle();
            }
        }
    }

    fn wants(&self, _: &World, most: (u16, u16)) -> (u16, u16) {
        (most.0.min(76), most.1.min(self.rows().len().min(40) as u16 + 4))
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        let theme = &world.theme;
        let below = area.height.saturating_sub(1).min(3);
        self.area = Rect { height: area.height - below, ..area };
        let (rows, top) = (self.rows(), self.top());
        let buf = frame.buffer_mut();
        for (n, row) in rows.iter().enumerate().skip(top).take(usize::from(self.area.height)) {
            let line = Rect { y: area.y + (n - top) as u16, height: 1, ..area };
            let here = n == self.at;
            let style = theme.style(if here { "list.cursor" } else { "popup" });
            if here {
                paint::fill(buf, line, style);
            }
            let x = paint::put(buf, line.x, line.y, line.width, if here { "▸ " } else { "  " }, style);
            paint::put_clipped(buf, x, line.y, line.right().saturating_sub(x), &self.label(row), style);
        }
        let y = self.area.bottom();
        if below > 2 {
            paint::put_clipped(buf, area.x, y, area.width, &self.summary(), theme.style("text.strong"));
        }
        if below > 1 {
            let (text, name) = match self.missing() {
                Some(text) => (text, "message.warning"),
                None if self.targets.is_empty() => {
                    ("this table has no key that could be there already".into(), "text.dim")
                }
                None => (String::new(), "text"),
            };
            paint::put_clipped(buf, area.x, y + 1, area.width, &text, theme.style(name));
        }
        if below > 0 {
            let place = Rect { y: area.bottom() - 1, height: 1, ..area };
            let keys = [("Space", "choose"), ("Enter", "stage"), ("Esc", "leave")];
            chrome::hints(buf, place, &keys, theme);
        }
    }
}

impl UpsertPopup {
    fn top(&self) -> usize {
        (self.at + 1).saturating_sub(usize::from(self.area.height.max(1)))
    }
}
