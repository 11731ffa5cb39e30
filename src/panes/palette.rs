//! Go to anything: tables, columns, functions, saved queries, panes, commands, themes.

use crate::{
    core::{
        command::{Command, Scope, TABLE},
        event::{Mouse, MouseKind},
        key::Chord,
        pane::{Cx, Pane, PaneKind, Tell},
        world::World,
    },
    data::catalog::is_system,
    widgets::finder::{Finder, Item},
};
use ratatui::{Frame, layout::Rect};

/// Beyond this many columns, columns are left out: the list must answer each key at once.
const MOST_COLUMNS: usize = 60_000;

/// What an item stands for.
#[derive(Debug, Clone)]
enum Goal {
    Relation(u32),
    Function(String),
    Saved(String),
    Command(Command),
    Line(String),
}

/// See the module's first line.
#[derive(Debug)]
pub struct Palette {
    finder: Finder,
    goals: Vec<Goal>,
    themes: Vec<String>,
}

impl Palette {
    /// `themes` are the names one may switch to. Items are gathered when it is shown.
    #[must_use]
    pub fn new(themes: Vec<String>) -> Self {
        Self { finder: Finder::new(vec![]), goals: vec![], themes }
    }

    fn gather(&mut self, world: &World) {
        let mut items = vec![];
        let mut goals = vec![];
        let mut add = |tag, text: String, remark: String, goal| {
            items.push(Item { text, remark, tag });
            goals.push(goal);
        };
        for (_, command, name) in PaneKind::TABLE {
            add("pane", name.into(), String::new(), Goal::Command(command));
        }
        if let Some(catalog) = world.catalog() {
            let mut relations: Vec<_> = catalog.relations.iter().collect();
            relations.sort_by_key(|r| (is_system(&r.schema), r.partition_of != 0));
            for r in &relations {
                let text = if catalog.search_path.iter().any(|s| **s == *r.schema) {
                    r.name.to_string()
                } else {
                    format!("{}.{}", r.schema, r.name)
                };
                let remark = r.comment.as_deref().unwrap_or_default().to_owned();
                add(r.kind.noun(), text, remark, Goal::Relation(r.oid));
            }
            let count: usize = catalog.columns.values().map(|c| c.len()).sum();
            if count <= MOST_COLUMNS {
                for r in relations.iter().filter(|r| !is_system(&r.schema)) {
                    for c in catalog.columns.get(&r.oid).into_iter().flat_map(|c| c.iter()) {
                        add(
                            "column",
                            format!("{}.{}", r.name, c.name),
                            c.type_name.clone(),
                            Goal::Relation(r.oid),
                        );
                    }
                }
            }
            for f in catalog.functions.iter().filter(|f| !is_system(&f.schema)) {
                add(
                    "function",
                    format!("{}({})", f.name, f.arguments),
                    f.result.clone(),
                    Goal::Function(f.name.to_string()),
                );
            }
        }
        for q in world.saved.iter().flat_map(|s| s.iter()) {
            add("saved", q.name.clone(), q.title.clone(), Goal::Saved(q.name.clone()));
        }
        for name in &self.themes {
            add("theme", format!("theme {name}"), String::new(), Goal::Line(format!("theme {name}")));
        }
        for row in TABLE.iter().filter(|r| offered(r.scopes)) {
            add("command", row.name.into(), row.help.into(), Goal::Command(row.command));
        }
        self.finder.set(items);
        self.goals = goals;
    }

    fn choose(&self, cx: &mut Cx<'_>) {
        let Some((index, _)) = self.finder.chosen() else { return };
        let Some(goal) = self.goals.get(index).cloned() else { return };
        cx.tell(Tell::Close);
        match goal {
            Goal::Relation(oid) => cx.tell(Tell::OpenRelation(oid)),
            Goal::Function(name) => cx.tell(Tell::InsertSql(format!("{name}("))),
            Goal::Saved(name) => cx.tell(Tell::OpenSaved(name)),
            Goal::Command(command) => cx.tell(Tell::Do(command)),
            Goal::Line(line) => cx.tell(Tell::CommandLine(line)),
        }
    }
}

/// Commands of popups make no sense from the palette.
fn offered(scopes: &[Scope]) -> bool {
    scopes
        .iter()
        .any(|s| !matches!(s, Scope::List | Scope::Line | Scope::Confirm | Scope::Form | Scope::Page))
}

impl Pane for Palette {
    fn title(&self, _: &World) -> String {
        "Go to".into()
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::List]
    }

    fn typing(&self) -> bool {
        true
    }

    fn modal(&self) -> bool {
        true
    }

    fn shown(&mut self, cx: &mut Cx<'_>) {
        self.gather(cx.world);
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        match command {
            Command::Accept => self.choose(cx),
            Command::Dismiss | Command::Cancel | Command::GoTo => cx.tell(Tell::Close),
            other => return self.finder.command(other),
        }
        true
    }

    fn typed(&mut self, chord: Chord, _: &mut Cx<'_>) {
        self.finder.key(chord);
    }

    fn paste(&mut self, text: &str, _: &mut Cx<'_>) {
        self.finder.paste(text);
    }

    fn mouse(&mut self, mouse: Mouse, cx: &mut Cx<'_>) {
        if self.finder.mouse(mouse) && matches!(mouse.kind, MouseKind::Press | MouseKind::Double) {
            self.choose(cx);
        }
    }

    fn wants(&self, _: &World, most: (u16, u16)) -> (u16, u16) {
        (most.0.min(100), most.1.min(30))
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, world: &World) {
        self.finder.draw(frame, area, &world.theme);
    }
}
